"""``torchvision.io``: pictures as files and as tensors of bytes (C, H, W), by Pillow."""

from __future__ import annotations

import io
from enum import Enum
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import Tensor

from ..transforms.functional import pil_to_tensor, to_pil_image

__all__ = [
    "ImageReadMode", "decode_image", "decode_jpeg", "decode_png", "encode_jpeg", "encode_png", "read_file", "read_image",
    "write_file", "write_jpeg", "write_png",
]  # fmt: skip


class ImageReadMode(Enum):
    """Which channels a picture is given."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


_PILLOW = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("Pillow reads and writes pictures, and is not installed: pip install pillow.") from None
    return Image


def read_file(path: Any) -> Any:
    """The bytes of a file."""
    with open(path, "rb") as file:
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8).copy())


def write_file(filename: Any, data: Any) -> None:
    """Bytes as a file."""
    with open(filename, "wb") as file:
        file.write(data.numpy().tobytes())


def decode_image(input: Any, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Any:
    """A picture from the bytes of its file, or from the file itself."""
    image = _pillow()
    mode = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    source = io.BytesIO(input.numpy().tobytes()) if isinstance(input, Tensor) else input
    with image.open(source) as picture:
        if apply_exif_orientation:
            from PIL import ImageOps

            picture = ImageOps.exif_transpose(picture)
        if mode is not ImageReadMode.UNCHANGED:
            picture = picture.convert(_PILLOW[mode.value])
        elif picture.mode in ("P", "1"):
            picture = picture.convert("RGB" if picture.mode == "P" else "L")
        return pil_to_tensor(picture).contiguous()


def read_image(path: Any, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Any:
    """A picture from its file."""
    return decode_image(path if isinstance(path, str) else str(path), mode, apply_exif_orientation)


def decode_png(input: Any, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Any:
    """``decode_image``."""
    return decode_image(input, mode, apply_exif_orientation)


def decode_jpeg(
    input: Any, mode: Any = ImageReadMode.UNCHANGED, device: Any = "cpu", apply_exif_orientation: bool = False
) -> Any:
    """``decode_image``, of a tensor or of each of a list."""
    if isinstance(input, list):
        return [decode_image(each, mode, apply_exif_orientation) for each in input]
    return decode_image(input, mode, apply_exif_orientation)


def _encoded(input: Any, kind: str, **options: Any) -> Any:
    _pillow()
    if input.dtype is not torch.uint8:
        raise RuntimeError(f"Input tensor dtype should be uint8, got {input.dtype}")
    out = io.BytesIO()
    to_pil_image(input).save(out, kind, **options)
    return torch.from_numpy(np.frombuffer(out.getvalue(), np.uint8).copy())


def encode_png(input: Any, compression_level: int = 6) -> Any:
    """The bytes of a PNG file of a picture."""
    return _encoded(input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Any, quality: int = 75) -> Any:
    """The bytes of a JPEG file of a picture."""
    return _encoded(input, "JPEG", quality=quality)


def write_png(input: Any, filename: Any, compression_level: int = 6) -> None:
    """A picture as a PNG file."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Any, filename: Any, quality: int = 75) -> None:
    """A picture as a JPEG file."""
    write_file(filename, encode_jpeg(input, quality))


def __getattr__(name: str) -> Any:
    if name in ("VideoReader", "read_video", "read_video_timestamps", "write_video", "decode_gif", "decode_webp"):
        raise NotImplementedError(f"Rushlight's stand-in for torchvision has no io.{name}.")
    raise AttributeError(f"module 'torchvision.io' has no attribute '{name}'")
