"""Grids of images, and images as files."""

from __future__ import annotations

import math
import os
import struct
import zlib
from typing import Any

import numpy as np

from ...autograd.mode import no_grad
from ...tensor import Tensor, wrap


def make_grid(
    tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False, value_range: tuple[float, float] | None = None,
    scale_each: bool = False, pad_value: float = 0.0, **options: Any,
) -> Any:  # fmt: skip
    """Images (N, C, H, W), or a list of them, as one image with ``nrow`` in a row and borders between.

    ``normalize`` brings values to 0 to 1 by ``value_range`` or their own extremes, of all or of each image (``scale_each``).
    """
    if not isinstance(tensor, Tensor) and not (isinstance(tensor, list) and all(isinstance(t, Tensor) for t in tensor)):
        wrong = (
            next((type(t) for t in tensor if not isinstance(t, Tensor)), list)
            if isinstance(tensor, list)
            else type(tensor)
        )
        inside = "a list containing " if isinstance(tensor, list) else ""
        raise TypeError(f"tensor or list of tensors expected, got {inside}{wrong}")
    a = np.stack([t._a for t in tensor]) if isinstance(tensor, list) else tensor._a
    a = a[None] if a.ndim == 2 else a
    if a.ndim == 3:
        a = np.repeat(a, 3, axis=0)[None] if a.shape[0] == 1 else a[None]
    if a.shape[1] == 1:
        a = np.repeat(a, 3, axis=1)
    if normalize:
        a = a.copy()
        for part in a if scale_each else [a]:
            low, high = value_range if value_range is not None else (float(part.min()), float(part.max()))
            np.clip(part, low, high, out=part)
            part -= np.asarray(low, part.dtype)
            part /= np.asarray(max(high - low, 1e-5), part.dtype)
    if a.shape[0] == 1:
        return wrap(a[0])
    across = min(nrow, a.shape[0])
    down = math.ceil(a.shape[0] / across)
    height, width = a.shape[2] + padding, a.shape[3] + padding
    grid = np.full((a.shape[1], height * down + padding, width * across + padding), pad_value, a.dtype)
    for i, image in enumerate(a):
        top, left = i // across * height + padding, i % across * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = image
    return wrap(grid)


def save_image(tensor: Any, fp: Any, format: str | None = None, **options: Any) -> None:
    """Write images with values from 0 to 1, as a grid, to a PNG file; other formats need Pillow."""
    with no_grad():
        grid: Any = make_grid(tensor, **options)
        pixels = grid.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).to(_bytes()).numpy()
    name = (format or (os.path.splitext(str(fp))[1][1:] if isinstance(fp, (str, os.PathLike)) else "png")).lower()
    if name != "png":
        from PIL import Image

        Image.fromarray(pixels).save(fp, format=format)
        return
    content = png(np.ascontiguousarray(pixels))
    if isinstance(fp, (str, os.PathLike)):
        with open(fp, "wb") as file:
            file.write(content)
    else:
        fp.write(content)


def _bytes() -> Any:
    from ...types import uint8

    return uint8


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    """An (H, W, 3) picture of bytes as a PNG file (ISO/IEC 15948): header, one compressed block of unfiltered rows, end."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, channels = pixels.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def __getattr__(name: str) -> Any:
    if name in ("draw_bounding_boxes", "draw_keypoints", "draw_segmentation_masks"):
        from . import drawing

        return getattr(drawing, name)
    if name == "flow_to_image":
        raise NotImplementedError("Rushlight's stand-in for torchvision has no utils.flow_to_image.")
    raise AttributeError(f"module 'torchvision.utils' has no attribute '{name}'")
