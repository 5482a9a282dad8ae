"""Pictures of Pillow: what each transform does to one. Pillow is imported when the first picture arrives."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

#: How Pillow numbers the ways to resample.
MODES = {"nearest": 0, "nearest-exact": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
AFFINE, PERSPECTIVE = 0, 2


def is_picture(img: Any) -> bool:
    """Whether it is a picture of Pillow's."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(img, pillow.Image)


def check(img: Any) -> None:
    """Refuse what is no picture."""
    if not is_picture(img):
        raise TypeError(f"img should be PIL Image. Got {type(img)}")


def from_array(array: Any, mode: str | None = None) -> Any:
    """A picture of Pillow's from an array (H, W) or (H, W, C), of the mode that its type and channels have or ``mode``."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(array))
    if mode is None or image.mode == mode:
        return image
    # Bytes as they are, under another name of their meaning (HSV for RGB).
    return Image.frombytes(mode, image.size, np.ascontiguousarray(array).tobytes())


def get_dimensions(img: Any) -> list[int]:
    """Channels, height, width."""
    if not is_picture(img):
        raise TypeError(f"Unexpected type {type(img)}")
    return [len(img.getbands()), img.size[1], img.size[0]]


def hflip(img: Any) -> Any:
    return img.transpose(0)


def vflip(img: Any) -> Any:
    return img.transpose(1)


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    return img.crop((left, top, left + width, top + height))


def resize(img: Any, size: list[int], interpolation: str, antialias: Any = True) -> Any:
    return img.resize((size[1], size[0]), MODES[interpolation])


def _filled(fill: Any, img: Any) -> Any:
    channels = len(img.getbands())
    fill = 0 if fill is None else fill
    if isinstance(fill, (int, float)) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, (list, tuple)):
        if len(fill) not in (1, channels):
            raise ValueError(
                f"The number of elements in 'fill' does not match the number of channels of the image ({len(fill)} != {channels})"
            )
        fill = tuple(fill) * (channels if len(fill) == 1 else 1)
    if img.mode == "F":
        return fill
    return tuple(int(v) for v in fill) if isinstance(fill, tuple) else int(fill)


def pad(img: Any, padding: list[int], fill: Any = 0, padding_mode: str = "constant") -> Any:
    """``padding``: left, top, right, bottom."""
    from PIL import Image, ImageOps

    palette = img.getpalette() if img.mode == "P" else None
    if padding_mode == "constant":
        made = ImageOps.expand(img, border=tuple(padding), fill=_filled(fill, img))
    else:
        left, top, right, bottom = padding
        if min(padding) < 0:
            img = img.crop((-min(left, 0), -min(top, 0), img.width + min(right, 0), img.height + min(bottom, 0)))
        left, top, right, bottom = (max(v, 0) for v in padding)
        array = np.asarray(img)
        widths = [(top, bottom), (left, right), (0, 0)][: array.ndim]
        made = Image.fromarray(np.pad(array, widths, mode=padding_mode))  # type: ignore[call-overload]
    if palette is not None:
        made.putpalette(palette)
    return made


def affine(img: Any, matrix: list[float], interpolation: str, fill: Any = None) -> Any:
    return img.transform(img.size, AFFINE, matrix, MODES[interpolation], fillcolor=_filled(fill, img))


def rotate(img: Any, angle: float, interpolation: str, expand: bool, center: Any, fill: Any) -> Any:
    return img.rotate(angle, MODES[interpolation], expand, center, fillcolor=_filled(fill, img))


def perspective(img: Any, coefficients: list[float], interpolation: str, fill: Any = None) -> Any:
    return img.transform(img.size, PERSPECTIVE, coefficients, MODES[interpolation], fillcolor=_filled(fill, img))


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = img.convert("L")
    return gray if num_output_channels == 1 else from_array(np.dstack([np.array(gray, np.uint8)] * 3))


def _enhanced(kind: str, img: Any, factor: float) -> Any:
    from PIL import ImageEnhance

    return getattr(ImageEnhance, kind)(img).enhance(factor)


def adjust_brightness(img: Any, factor: float) -> Any:
    return _enhanced("Brightness", img, factor)


def adjust_contrast(img: Any, factor: float) -> Any:
    return _enhanced("Contrast", img, factor)


def adjust_saturation(img: Any, factor: float) -> Any:
    return _enhanced("Color", img, factor)


def adjust_sharpness(img: Any, factor: float) -> Any:
    return _enhanced("Sharpness", img, factor)


def adjust_hue(img: Any, factor: float) -> Any:
    from PIL import Image

    if img.mode in {"L", "1", "I", "F"}:
        return img
    h, s, v = img.convert("HSV").split()
    turned = np.array(h, np.uint8) + np.int32(factor * 255).astype(np.uint8)
    return Image.merge("HSV", (from_array(turned), s, v)).convert(img.mode)


def adjust_gamma(img: Any, gamma: float, gain: float = 1.0) -> Any:
    table = [int((255 + 1 - 1e-3) * gain * pow(value / 255.0, gamma)) for value in range(256)] * 3
    return img.convert("RGB").point(table).convert(img.mode)


def _operation(name: str, img: Any, *args: Any) -> Any:
    from PIL import ImageOps

    return getattr(ImageOps, name)(img, *args)


def invert(img: Any) -> Any:
    return _operation("invert", img)


def posterize(img: Any, bits: int) -> Any:
    return _operation("posterize", img, bits)


def solarize(img: Any, threshold: float) -> Any:
    return _operation("solarize", img, threshold)


def autocontrast(img: Any) -> Any:
    return _operation("autocontrast", img)


def equalize(img: Any) -> Any:
    return _operation("equalize", img)
