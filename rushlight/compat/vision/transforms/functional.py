"""``torchvision.transforms.functional``: what transforms do, to pictures of Pillow's and to tensors (..., C, H, W).

Arrays (H, W) or (H, W, C), which our data sets give where Pillow is not installed, are transformed as tensors are and stay arrays.
"""

from __future__ import annotations

import enum
import math
import numbers
import sys
import warnings
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import Tensor

from . import _functional_pil, _functional_tensor


class InterpolationMode(enum.Enum):
    """How a picture is made larger or smaller."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


#: Pillow's numbers for them.
pil_modes_mapping: Any = {mode: _functional_pil.MODES[mode.value] for mode in InterpolationMode}
_FROM_NUMBER = {number: mode for mode, number in reversed(pil_modes_mapping.items())}


def _mode(interpolation: Any) -> str:
    if isinstance(interpolation, int):
        return _FROM_NUMBER[interpolation].value
    if not isinstance(interpolation, InterpolationMode):
        raise TypeError(
            "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant"
        )
    return interpolation.value


# --- kinds of pictures --------------------------------------------------------------------------------------------------
def _array(picture: Any) -> np.ndarray[Any, Any]:
    """An array as (H, W, C)."""
    if picture.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {picture.ndim} dimensions.")
    return picture[:, :, None] if picture.ndim == 2 else picture


def _apply(name: str, img: Any, *args: Any, **kwargs: Any) -> Any:
    """A transform of the kind that a picture needs."""
    if isinstance(img, Tensor):
        _functional_tensor.check(img)
        return getattr(_functional_tensor, name)(img, *args, **kwargs)
    if isinstance(img, np.ndarray):
        x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(_array(img), -1, 0)))
        made = np.ascontiguousarray(np.moveaxis(getattr(_functional_tensor, name)(x, *args, **kwargs).numpy(), 0, -1))
        return made[:, :, 0] if made.shape[2] == 1 and (img.ndim == 2 or name == "rgb_to_grayscale") else made
    _functional_pil.check(img)
    return getattr(_functional_pil, name)(img, *args, **kwargs)


def get_dimensions(img: Any) -> list[int]:
    """Channels, height, width."""
    if isinstance(img, Tensor):
        return _functional_tensor.get_dimensions(img)
    if isinstance(img, np.ndarray):
        height, width, channels = _array(img).shape
        return [channels, height, width]
    return _functional_pil.get_dimensions(img)


def get_image_size(img: Any) -> list[int]:
    """Width and height."""
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img: Any) -> int:
    """The number of channels."""
    return get_dimensions(img)[0]


def to_tensor(pic: Any) -> Any:
    """A picture or array (H, W, C) as a float tensor (C, H, W): bytes from 0 to 1, other types as they are."""
    if isinstance(pic, np.ndarray):
        x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(_array(pic), -1, 0)))
    elif _functional_pil.is_picture(pic):
        kind = {"I": np.int32, "I;16": np.int16, "I;16B": np.int16, "F": np.float32}.get(pic.mode, np.uint8)
        x = torch.from_numpy(np.array(pic, kind))
        x = 255 * x if pic.mode == "1" else x
        x = x.view(pic.size[1], pic.size[0], len(pic.getbands())).permute((2, 0, 1)).contiguous()
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    return x.to(dtype=torch.get_default_dtype()).div(255) if x.dtype is torch.uint8 else x


def pil_to_tensor(pic: Any) -> Any:
    """A picture as a tensor (C, H, W) of its own type."""
    if isinstance(pic, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(_array(pic), -1, 0)))
    if not _functional_pil.is_picture(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return torch.from_numpy(np.array(pic)).view(pic.size[1], pic.size[0], len(pic.getbands())).permute((2, 0, 1))


_MODES = {
    1: {"uint8": "L", "int16": "I;16" if sys.byteorder == "little" else "I;16B", "int32": "I", "float32": "F"},
    2: ("LA",),
    3: ("RGB", "YCbCr", "HSV"),
    4: ("RGBA", "CMYK", "RGBX"),
}


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A tensor (C, H, W) or array (H, W, C) as a picture of Pillow's; floats from 0 to 1 become bytes, unless ``mode`` is "F"."""
    if isinstance(pic, Tensor):
        pic = (pic.permute((1, 2, 0)) if pic.ndim == 3 else pic).numpy(force=True)
    elif not isinstance(pic, np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    a = _array(pic)
    channels = a.shape[2]
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    if np.issubdtype(a.dtype, np.floating) and mode != "F":
        a = (a * 255).astype(np.uint8)
    known: Any = _MODES[channels]
    if channels == 1:
        a, expected = a[:, :, 0], known.get(a.dtype.name)
        if mode is not None and mode != expected:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {a.dtype}. Should be {expected}")
        mode = expected
    else:
        if mode is not None and mode not in known:
            raise ValueError(f"Only modes {list(known)} are supported for {channels}D inputs")
        mode = known[0] if mode is None and a.dtype == np.uint8 else mode
    if mode is None:
        raise TypeError(f"Input type {a.dtype} is not supported")
    return _functional_pil.from_array(a, mode)


def convert_image_dtype(image: Any, dtype: Any = torch.float32) -> Any:
    """Integers as floats from 0 to 1, and back."""
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    return _functional_tensor.convert_image_dtype(image, dtype)


def normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """``(x - mean) / std`` of each channel of a float tensor."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    return _functional_tensor.normalize(tensor, mean, std, inplace)


# --- sizes and places ---------------------------------------------------------------------------------------------------
def resized(image_size: tuple[int, int], size: Any, max_size: int | None = None) -> list[int]:
    """Height and width for a size (H, W) or the length of the shorter side."""
    if not isinstance(size, int) and len(size) == 2:
        return list(size)
    wanted = size if isinstance(size, int) else size[0]
    height, width = image_size
    short, long = sorted((height, width))
    new_short, new_long = wanted, int(wanted * long / short)
    if max_size is not None:
        if max_size <= wanted:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = {size}"
            )
        if new_long > max_size:
            new_short, new_long = int(max_size * new_short / new_long), max_size
    return [new_long, new_short] if width <= height else [new_short, new_long]


def resize(
    img: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:  # fmt: skip
    """To a size (H, W), or so that the shorter side has a length and the longer not more than ``max_size``."""
    mode = _mode(interpolation)
    if isinstance(size, (list, tuple)):
        if len(size) not in (1, 2):
            raise ValueError(
                f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list"
            )
        if max_size is not None and len(size) != 1:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, i.e. size should be an int or a "
                "sequence of length 1 in torchscript mode."
            )
    _, height, width = get_dimensions(img)
    new = resized((height, width), size, max_size)
    if [height, width] == new:
        return img
    if antialias is False and _functional_pil.is_picture(img):
        warnings.warn(
            "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.", stacklevel=2
        )
    return _apply("resize", img, new, mode, antialias)


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Borders of a value, or by "edge", "reflect" or "symmetric": one width, (left and right, top and bottom), or all four."""
    if not isinstance(padding, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if fill is not None and not isinstance(fill, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    p = [padding] * 4 if isinstance(padding, numbers.Number) else list(padding)  # type: ignore[list-item]
    if len(p) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(p)} element tuple")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    p = p if len(p) == 4 else [p[0], p[-1]] * 2
    if not _functional_pil.is_picture(img) and isinstance(fill, (tuple, list)):
        raise TypeError("Got inappropriate fill arg")
    return _apply("pad", img, p, fill, padding_mode)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of a picture that begins at ``(top, left)``; zeros where it reaches beyond."""
    return _apply("crop", img, top, left, height, width)


def _two(size: Any) -> tuple[int, int]:
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    size = tuple(size) * (2 if len(size) == 1 else 1)
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return size


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle (H, W), with zeros around what is smaller."""
    wanted = _two(output_size)
    _, height, width = get_dimensions(img)
    lack = max(wanted[1] - width, 0), max(wanted[0] - height, 0)
    if any(lack):
        img = pad(img, [lack[0] // 2, lack[1] // 2, (lack[0] + 1) // 2, (lack[1] + 1) // 2])
        _, height, width = get_dimensions(img)
        if wanted == (height, width):
            return img
    top, left = int(round((height - wanted[0]) / 2.0)), int(round((width - wanted[1]) / 2.0))
    return crop(img, top, left, *wanted)


def resized_crop(
    img: Any, top: int, left: int, height: int, width: int, size: Any, interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:  # fmt: skip
    """A part of a picture, then its size changed."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle."""
    h, w = _two(size)
    _, height, width = get_dimensions(img)
    if w > width or h > height:
        raise ValueError(f"Requested crop size {(h, w)} is bigger than input size {(height, width)}")
    corners = ((0, 0), (0, width - w), (height - h, 0), (height - h, width - w))
    return (*(crop(img, top, left, h, w) for top, left in corners), center_crop(img, [h, w]))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """``five_crop`` of a picture and of its mirror image."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def hflip(img: Any) -> Any:
    """Left and right change places."""
    return _apply("hflip", img)


def vflip(img: Any) -> Any:
    """Top and bottom change places."""
    return _apply("vflip", img)


# --- geometry -----------------------------------------------------------------------------------------------------------
def _inverse_matrix(center: Any, angle: float, translate: Any, scale: float, shear: Any) -> list[float]:
    """From places of the result to places of the picture, (2, 3), for a rotation, shear and scale about a center, then a move."""
    turn, sx, sy = (math.radians(v) for v in (angle, *shear))
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(turn - sy) / math.cos(sy)
    b = -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)
    m = [v / scale for v in (d, -b, 0.0, -c, a, 0.0)]
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty)
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty)
    return [m[0], m[1], m[2] + cx, m[3], m[4], m[5] + cy]


def _from_middle(img: Any, center: Any) -> list[float]:
    if center is None:
        return [0.0, 0.0]
    _, height, width = get_dimensions(img)
    return [1.0 * (c - s * 0.5) for c, s in zip(center, (width, height), strict=True)]


def rotate(
    img: Any, angle: float, interpolation: Any = InterpolationMode.NEAREST, expand: bool = False, center: Any = None,
    fill: Any = None,
) -> Any:  # fmt: skip
    """A picture turned by degrees, against the clock, about its middle or ``center`` (x, y)."""
    mode = _mode(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    if _functional_pil.is_picture(img):
        return _functional_pil.rotate(img, angle, mode, expand, center, fill)
    matrix = _inverse_matrix(_from_middle(img, center), -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    return _apply("rotate", img, matrix, mode, expand, fill)


def affine(
    img: Any, angle: float, translate: Any, scale: float, shear: Any, interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None, center: Any = None,
) -> Any:  # fmt: skip
    """A picture turned by degrees with the clock, moved by pixels, scaled, and sheared by degrees."""
    mode = _mode(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (numbers.Number, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    shear = [shear, 0.0] if isinstance(shear, numbers.Number) else list(shear) * (2 if len(shear) == 1 else 1)
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if _functional_pil.is_picture(img):
        _, height, width = get_dimensions(img)
        center = [width * 0.5, height * 0.5] if center is None else center
    else:
        center = _from_middle(img, center)
    return _apply("affine", img, _inverse_matrix(center, float(angle), translate, scale, shear), mode, fill)


def _perspective_coefficients(startpoints: Any, endpoints: Any) -> list[float]:
    """The eight numbers that take the end points to the start points."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    a = torch.tensor(rows, dtype=torch.float32).to(torch.float64)
    b = torch.tensor(startpoints, dtype=torch.float64).view(8)
    return torch.linalg.lstsq(a, b, driver="gels").solution.to(torch.float32).tolist()


def perspective(
    img: Any, startpoints: Any, endpoints: Any, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None
) -> Any:
    """A picture seen from elsewhere: four corners (x, y) go to four others."""
    return _apply("perspective", img, _perspective_coefficients(startpoints, endpoints), _mode(interpolation), fill)


def elastic_transform(
    img: Any, displacement: Any, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None
) -> Any:
    """A picture whose places are moved by ``displacement`` (1, H, W, 2), in units of half its size."""
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    x = img if isinstance(img, Tensor) else pil_to_tensor(img)
    shape = (1, *x.shape[-2:], 2)
    if shape != tuple(displacement.shape):
        raise ValueError(f"Argument displacement shape should be {shape}, but given {displacement.shape}")
    made = _functional_tensor.elastic_transform(x, displacement, _mode(interpolation), fill)
    return made if isinstance(img, Tensor) else to_pil_image(made, mode=img.mode)


# --- colours ------------------------------------------------------------------------------------------------------------
def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """``0.2989 R + 0.587 G + 0.114 B``, as one channel or three alike."""
    return _apply("rgb_to_grayscale", img, num_output_channels)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """``rgb_to_grayscale`` of a picture of Pillow's."""
    return _apply("rgb_to_grayscale", img, num_output_channels)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0: black, 1: as it is, 2: twice as bright."""
    return _apply("adjust_brightness", img, brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0: gray, 1: as it is, 2: twice the contrast."""
    return _apply("adjust_contrast", img, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0: black and white, 1: as it is, 2: twice the colour."""
    return _apply("adjust_saturation", img, saturation_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Colours turned by a part of the circle, from -0.5 to 0.5."""
    if not (-0.5 <= hue_factor <= 0.5):
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return _apply("adjust_hue", img, hue_factor)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """``gain * x ** gamma`` of values from 0 to 1."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _apply("adjust_gamma", img, gamma, gain)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """0: blurred, 1: as it is, 2: sharper."""
    return _apply("adjust_sharpness", img, sharpness_factor)


def gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """Each pixel the weighted mean of those around it; sizes and deviations are (x, y)."""
    if not isinstance(kernel_size, (int, list, tuple)):
        raise TypeError(f"kernel_size should be int or a sequence of integers. Got {type(kernel_size)}")
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}")
    if any(size % 2 == 0 or size < 0 for size in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is not None and not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    if sigma is None:
        sigmas = [size * 0.15 + 0.35 for size in sizes]
    else:
        sigmas = [float(sigma)] * 2 if isinstance(sigma, (int, float)) else list(sigma) * (2 if len(sigma) == 1 else 1)
    if len(sigmas) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(sigmas)}")
    if any(each <= 0.0 for each in sigmas):
        raise ValueError(f"sigma should have positive values. Got {sigmas}")
    if isinstance(img, (Tensor, np.ndarray)):
        return _apply("gaussian_blur", img, sizes, sigmas)
    if not _functional_pil.is_picture(img):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
    return to_pil_image(_functional_tensor.gaussian_blur(pil_to_tensor(img), sizes, sigmas), mode=img.mode)


def invert(img: Any) -> Any:
    """Black and white exchanged, and all between."""
    return _apply("invert", img)


def posterize(img: Any, bits: int) -> Any:
    """The first bits of each byte."""
    if not (0 <= bits <= 8):
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    return _apply("posterize", img, bits)


def solarize(img: Any, threshold: float) -> Any:
    """Values from a threshold on inverted."""
    return _apply("solarize", img, threshold)


def autocontrast(img: Any) -> Any:
    """Each channel stretched to the whole range."""
    return _apply("autocontrast", img)


def equalize(img: Any) -> Any:
    """Each channel changed so that all values are about as frequent."""
    return _apply("equalize", img)


def erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    """A rectangle of a tensor filled with a value."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    return _functional_tensor.erase(img, i, j, h, w, v, inplace)
