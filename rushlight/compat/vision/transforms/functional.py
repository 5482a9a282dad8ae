"""``torchvision.transforms.functional``: the transforms as functions of a picture."""

from __future__ import annotations

from typing import Any

from . import (
    CenterCrop,
    ConvertImageDtype,
    Grayscale,
    InterpolationMode,
    Normalize,
    Pad,
    PILToTensor,
    Resize,
    ToPILImage,
    ToTensor,
    _like,
    _tensor,
)

__all__ = [
    "InterpolationMode", "center_crop", "convert_image_dtype", "crop", "get_image_size", "hflip", "normalize", "pad", "pil_to_tensor",
    "resize", "resized_crop", "rgb_to_grayscale", "to_grayscale", "to_pil_image", "to_tensor", "vflip",
]  # fmt: skip


def to_tensor(pic: Any) -> Any:
    """``ToTensor()(pic)``."""
    return ToTensor()(pic)


def pil_to_tensor(pic: Any) -> Any:
    """``PILToTensor()(pic)``."""
    return PILToTensor()(pic)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """``ToPILImage(mode)(pic)``."""
    return ToPILImage(mode)(pic)


def convert_image_dtype(image: Any, dtype: Any) -> Any:
    """``ConvertImageDtype(dtype)(image)``."""
    return ConvertImageDtype(dtype)(image)


def normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """``Normalize(mean, std, inplace)(tensor)``."""
    return Normalize(mean, std, inplace)(tensor)


def resize(img: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: int | None = None,
           antialias: bool = True) -> Any:  # fmt: skip
    """``Resize(size, interpolation, max_size, antialias)(img)``."""
    return Resize(size, getattr(interpolation, "value", interpolation), max_size, antialias)(img)


def center_crop(img: Any, output_size: Any) -> Any:
    """``CenterCrop(output_size)(img)``."""
    return CenterCrop(output_size)(img)


def pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """``Pad(padding, fill, padding_mode)(img)``."""
    return Pad(padding, fill, padding_mode)(img)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """``Grayscale(num_output_channels)(img)``."""
    return Grayscale(num_output_channels)(img)


rgb_to_grayscale = to_grayscale


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of a picture that begins at ``(top, left)``; zeros where it reaches beyond."""
    x = _tensor(img)
    rows, columns = x.shape[-2:]
    beyond = [max(-left, 0), max(-top, 0), max(left + width - columns, 0), max(top + height - rows, 0)]
    x = x[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    return _like(img, Pad(beyond)(x) if any(beyond) else x)


def resized_crop(img: Any, top: int, left: int, height: int, width: int, size: Any,
                 interpolation: Any = InterpolationMode.BILINEAR, antialias: bool = True) -> Any:  # fmt: skip
    """A part of a picture, then its size changed."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img: Any) -> Any:
    """Left and right change places."""
    return _like(img, _tensor(img).flip(-1))


def vflip(img: Any) -> Any:
    """Top and bottom change places."""
    return _like(img, _tensor(img).flip(-2))


def get_image_size(img: Any) -> list[int]:
    """Width and height."""
    height, width = _tensor(img).shape[-2:]
    return [width, height]
