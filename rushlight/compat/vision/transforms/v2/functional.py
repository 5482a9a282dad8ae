"""``torchvision.transforms.v2.functional``: what transforms do, to pictures, masks and boxes alike."""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight as torch
from rushlight import Tensor
from rushlight.nn.functional import interpolate

from ... import tv_tensors
from ...ops.boxes import box_convert
from ...tv_tensors import BoundingBoxes, Image, Mask
from .. import functional as F
from ..functional import (  # noqa: F401 - the same for pictures, which is what they are for
    InterpolationMode,
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    erase,
    gaussian_blur,
    get_dimensions,
    invert,
    pil_to_tensor,
    posterize,
    rgb_to_grayscale,
    solarize,
    to_grayscale,
    to_pil_image,
    to_tensor,
)

_SMOOTH = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)


def to_image(inpt: Any) -> Any:
    """A picture of Pillow's, an array (H, W, C) or a tensor as an ``Image``."""
    if isinstance(inpt, np.ndarray):
        a = inpt[:, :, None] if inpt.ndim == 2 else inpt
        return Image(torch.from_numpy(np.moveaxis(a, -1, 0)).contiguous())
    if isinstance(inpt, Tensor):
        return Image(inpt)
    return Image(pil_to_tensor(inpt))


def to_dtype_image(image: Any, dtype: Any = torch.float32, scale: bool = False) -> Any:
    """A picture in another type; with ``scale``, integers as floats from 0 to 1 and back."""
    if scale and not image.is_floating_point() and dtype.is_floating_point:
        return image.to(dtype).mul_(1.0 / F._functional_tensor._max_value(image.dtype))
    return F._functional_tensor.convert_image_dtype(image, dtype) if scale else image.to(dtype)


def to_dtype(inpt: Any, dtype: Any = torch.float32, scale: bool = False) -> Any:
    """A tensor in another type; only pictures are scaled."""
    plain = _plain(inpt)
    kept = isinstance(inpt, (Mask, BoundingBoxes))
    return _like(plain.to(dtype) if kept else to_dtype_image(plain, dtype, scale), inpt)


def convert_image_dtype(image: Any, dtype: Any = torch.float32) -> Any:
    """``to_dtype(image, dtype, scale=True)``."""
    return to_dtype(image, dtype, scale=True)


def normalize(inpt: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """``(x - mean) / std`` of each channel of a picture."""
    return (
        inpt if isinstance(inpt, (Mask, BoundingBoxes)) else _like(F.normalize(_plain(inpt), mean, std, inplace), inpt)
    )


# --- kinds --------------------------------------------------------------------------------------------------------------
def _plain(inpt: Any) -> Any:
    return inpt.as_subclass(Tensor) if isinstance(inpt, tv_tensors.TVTensor) else inpt


def _like(out: Any, inpt: Any, **facts: Any) -> Any:
    if not isinstance(inpt, tv_tensors.TVTensor):
        return out
    if isinstance(out, (tuple, list)):
        return type(out)(_like(each, inpt, **facts) for each in out)
    return tv_tensors.wrap(out, like=inpt, **facts)


def _corners(boxes: Any) -> Any:
    return box_convert(_plain(boxes), boxes.format.value.lower(), "xyxy")


def _boxes(corners: Any, like: Any, canvas: Any = None) -> Any:
    """Corners as boxes of the form of others, on a canvas, cut off at its edges."""
    canvas = like.canvas_size if canvas is None else tuple(canvas)
    x, y = corners[:, 0::2].clamp(0, canvas[1]), corners[:, 1::2].clamp(0, canvas[0])
    corners = torch.stack([x, y], dim=2).reshape(-1, 4).to(like.dtype)
    return _like(box_convert(corners, "xyxy", like.format.value.lower()), like, canvas_size=canvas)


def get_size(inpt: Any) -> list[int]:
    """Height and width."""
    return list(inpt.canvas_size) if isinstance(inpt, BoundingBoxes) else get_dimensions(_plain(inpt))[1:]


def convert_bounding_box_format(
    inpt: Any, old_format: Any = None, new_format: Any = None, inplace: bool = False
) -> Any:
    """Boxes in another form."""
    new = new_format if isinstance(new_format, str) else new_format.value
    old = old_format if old_format is not None else inpt.format
    old = old if isinstance(old, str) else old.value
    return _like(box_convert(_plain(inpt), old.lower(), new.lower()), inpt, format=new)


def clamp_bounding_boxes(inpt: Any) -> Any:
    """Boxes cut off at the edges of their canvas."""
    return _boxes(_corners(inpt), inpt)


# --- places -------------------------------------------------------------------------------------------------------------
def horizontal_flip(inpt: Any) -> Any:
    """Left and right change places."""
    if isinstance(inpt, BoundingBoxes):
        c, width = _corners(inpt), inpt.canvas_size[1]
        return _boxes(torch.stack([width - c[:, 2], c[:, 1], width - c[:, 0], c[:, 3]], dim=1), inpt)
    return _like(F.hflip(_plain(inpt)), inpt)


def vertical_flip(inpt: Any) -> Any:
    """Top and bottom change places."""
    if isinstance(inpt, BoundingBoxes):
        c, height = _corners(inpt), inpt.canvas_size[0]
        return _boxes(torch.stack([c[:, 0], height - c[:, 3], c[:, 2], height - c[:, 1]], dim=1), inpt)
    return _like(F.vflip(_plain(inpt)), inpt)


hflip, vflip = horizontal_flip, vertical_flip


def crop(inpt: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part that begins at ``(top, left)``."""
    if isinstance(inpt, BoundingBoxes):
        moved = _corners(inpt) - torch.tensor([left, top, left, top], dtype=inpt.dtype)
        return _boxes(moved, inpt, (height, width))
    return _like(F.crop(_plain(inpt), top, left, height, width), inpt)


def center_crop(inpt: Any, output_size: Any) -> Any:
    """The middle (H, W)."""
    if isinstance(inpt, BoundingBoxes):
        (h, w), (height, width) = F._two(output_size), inpt.canvas_size
        return crop(inpt, int(round((height - h) / 2.0)), int(round((width - w) / 2.0)), h, w)
    return _like(F.center_crop(_plain(inpt), output_size), inpt)


def resize(
    inpt: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:  # fmt: skip
    """To a size (H, W), or so that the shorter side has a length; masks without mixing."""
    height, width = get_size(inpt)
    new = F.resized((height, width), size, max_size)
    if isinstance(inpt, BoundingBoxes):
        ratio = torch.tensor([new[1] / width, new[0] / height] * 2)
        return _boxes(_corners(inpt) * ratio, inpt, new)
    interpolation = InterpolationMode(interpolation) if isinstance(interpolation, str) else interpolation
    if isinstance(inpt, Mask):
        x = _plain(inpt)
        x = F.resize(x if x.ndim > 2 else x[None], new, InterpolationMode.NEAREST)
        return _like(x if inpt.ndim > 2 else x[0], inpt)
    x = _plain(inpt)
    if isinstance(x, Tensor) and x.dtype is torch.uint8 and interpolation in _SMOOTH and new != [height, width]:
        # Bytes as they are, where v1 computes in float32: a pixel may differ by one.
        batch = x if x.ndim > 3 else x.unsqueeze(0)
        made = interpolate(batch, size=new, mode=interpolation.value, align_corners=False, antialias=bool(antialias))
        return _like(made if x.ndim > 3 else made.squeeze(0), inpt)
    return _like(F.resize(x, new, interpolation, antialias=antialias), inpt)


def resized_crop(
    inpt: Any, top: int, left: int, height: int, width: int, size: Any, interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:  # fmt: skip
    """A part, then its size changed."""
    return resize(crop(inpt, top, left, height, width), size, interpolation, antialias=antialias)


def pad(inpt: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Borders: one width, (left and right, top and bottom), or all four."""
    if isinstance(inpt, BoundingBoxes):
        p = [padding] * 4 if isinstance(padding, int) else list(padding)
        left, top, right, bottom = p if len(p) == 4 else [p[0], p[-1]] * 2
        height, width = inpt.canvas_size
        moved = _corners(inpt) + torch.tensor([left, top, left, top], dtype=inpt.dtype)
        return _boxes(moved, inpt, (height + top + bottom, width + left + right))
    x = _plain(inpt)
    flat = isinstance(inpt, Mask) and x.ndim == 2
    made = F.pad(x[None] if flat else x, padding, fill, padding_mode)
    return _like(made[0] if flat else made, inpt)
