"""Regions of features as grids of one size: by interpolation (He et al. 2017), or the largest of each part (Girshick 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight as torch
from rushlight import Tensor, nn


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value) * (2 if len(value) == 1 else 1)  # type: ignore[return-value]


def as_rois(boxes: Any) -> Any:
    """Boxes as (K, 5), the number of the picture first: from that, or from a list of (L, 4) for each picture."""
    if isinstance(boxes, (list, tuple)):
        for each in boxes:
            torch._assert(
                each.size(1) == 4, "The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]"
            )
        numbers = torch.cat([torch.full_like(each[:, :1], i) for i, each in enumerate(boxes)], dim=0)
        return torch.cat([numbers, torch.cat(list(boxes), dim=0)], dim=1)
    torch._assert(isinstance(boxes, Tensor), "boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")
    torch._assert(boxes.size(1) == 5, "The boxes tensor shape is not correct as Tensor[K, 5]")
    return boxes


def _near(at: Any, length: int) -> tuple[Any, Any, Any, Any, Any]:
    """The cells below and above places, their weights, and which places lie within a cell of the picture."""
    inside = (at >= -1.0) & (at <= length)
    at = np.maximum(at, at.dtype.type(0))
    low = np.minimum(at.astype(np.int64), length - 1)
    high = np.minimum(low + 1, length - 1)
    at = np.where(low >= length - 1, low.astype(at.dtype), at)
    part = at - low.astype(at.dtype)
    return low, high, 1 - part, part, inside


def roi_align(
    input: Any,
    boxes: Any,
    output_size: Any,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Any:
    """Regions of (N, C, H, W) as (K, C, *output_size): each number is the mean of interpolated samples.

    ``boxes`` are in the picture's coordinates, of which the features are ``spatial_scale``. ``sampling_ratio`` squared samples are taken
    (-1: about one for each cell); ``aligned`` takes the middles of cells as their places.
    """
    rois = as_rois(boxes).detach().numpy()
    down, across = _pair(output_size)
    batch, channels, height, width = input.shape
    if not len(rois):
        return input.new_zeros((0, channels, down, across))
    kind = rois.dtype.type
    start = rois[:, 1:3] * kind(spatial_scale) - kind(0.5 if aligned else 0.0)
    size = rois[:, 3:5] * kind(spatial_scale) - kind(0.5 if aligned else 0.0) - start
    size = size if aligned else np.maximum(size, kind(1))
    bins = size / np.array([across, down], rois.dtype)
    grids = np.full(bins.shape, sampling_ratio) if sampling_ratio > 0 else np.ceil(bins).astype(np.int64)
    rows = input.permute(0, 2, 3, 1).reshape(batch * height * width, channels)
    made: list[Any] = [None] * len(rois)
    for grid in {tuple(g) for g in grids.tolist()}:
        own = np.nonzero((grids == grid).all(axis=1))[0]
        samples = _samples(
            rows, rois[own, 0].astype(np.int64), start[own], bins[own], grid, (down, across), (height, width)
        )
        total = input.new_zeros((len(own) * down * across, channels))
        for sample in samples:
            total = total + sample
        total = (total / max(int(grid[0]) * int(grid[1]), 1)).reshape(len(own), down, across, channels)
        for i, each in zip(own, total.unbind(0), strict=True):
            made[i] = each
    return torch.stack(made).permute(0, 3, 1, 2).contiguous()


def _samples(
    rows: Any, number: Any, start: Any, bins: Any, grid: Any, out: tuple[int, int], size: tuple[int, int]
) -> Any:
    """The samples of each number of the result, one array after another: (regions * down * across, C)."""
    kind = start.dtype.type
    axes = []
    for axis in (1, 0):  # y, x
        steps = np.arange(out[1 - axis], dtype=start.dtype)[None] * bins[:, axis, None]
        offsets = [(kind(i) + kind(0.5)) * bins[:, axis] / kind(grid[axis]) for i in range(int(grid[axis]))]
        axes.append([_near(start[:, axis, None] + steps + offset[:, None], size[1 - axis]) for offset in offsets])
    first = (number * size[0] * size[1])[:, None, None]
    for y_low, y_high, y_rest, y_part, y_in in axes[0]:
        for x_low, x_high, x_rest, x_part, x_in in axes[1]:
            inside = y_in[:, :, None] & x_in[:, None, :]
            total = None
            for y, wy in ((y_low, y_rest), (y_high, y_part)):
                for x, wx in ((x_low, x_rest), (x_high, x_part)):
                    weight = np.where(inside, wy[:, :, None] * wx[:, None, :], kind(0)).reshape(-1, 1)
                    place = (first + y[:, :, None] * size[1] + x[:, None, :]).reshape(-1)
                    part = torch.from_numpy(weight).to(rows.dtype) * rows.index_select(0, torch.from_numpy(place))
                    total = part if total is None else total + part
            yield total


def roi_pool(input: Any, boxes: Any, output_size: Any, spatial_scale: float = 1.0) -> Any:
    """Regions of (N, C, H, W) as (K, C, *output_size): each number is the largest of a part, 0 where that is empty."""
    rois = as_rois(boxes).detach().numpy()
    down, across = _pair(output_size)
    _, channels, height, width = input.shape
    if not len(rois):
        return input.new_zeros((0, channels, down, across))
    values = input.detach().numpy()
    place = np.zeros((len(rois), channels, down, across), np.int64)
    empty = np.zeros((len(rois), 1, down, across), bool)
    for k, roi in enumerate(rois):
        x1, y1, x2, y2 = (
            int(np.floor(v + 0.5)) if v >= 0 else -int(np.floor(0.5 - v))
            for v in roi[1:] * roi.dtype.type(spatial_scale)
        )
        high, wide = (np.float32(max(b - a + 1, 1)) / np.float32(n) for a, b, n in ((y1, y2, down), (x1, x2, across)))
        picture = int(roi[0]) * channels * height * width + np.arange(channels) * height * width
        for i, j in np.ndindex(down, across):
            top, bottom = (min(max(int(v) + y1, 0), height) for v in (np.floor(i * high), np.ceil((i + 1) * high)))
            left, right = (min(max(int(v) + x1, 0), width) for v in (np.floor(j * wide), np.ceil((j + 1) * wide)))
            if bottom <= top or right <= left:
                empty[k, 0, i, j] = True
                continue
            best = values[int(roi[0]), :, top:bottom, left:right].reshape(channels, -1).argmax(axis=1)
            place[k, :, i, j] = picture + (top + best // (right - left)) * width + left + best % (right - left)
    taken = input.reshape(-1).index_select(0, torch.from_numpy(place.reshape(-1))).reshape(place.shape)
    return taken.masked_fill(torch.from_numpy(empty), 0) if empty.any() else taken


class RoIAlign(nn.Module):
    """``roi_align`` as a module."""

    output_size: Any
    spatial_scale: float
    sampling_ratio: int
    aligned: bool

    def __init__(self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False):
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio, self.aligned = sampling_ratio, aligned

    def forward(self, input: Any, rois: Any) -> Any:
        """The regions of features."""
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio}, aligned={self.aligned})"
        )


class RoIPool(nn.Module):
    """``roi_pool`` as a module."""

    output_size: Any
    spatial_scale: float

    def __init__(self, output_size: Any, spatial_scale: float):
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, input: Any, rois: Any) -> Any:
        """The regions of features."""
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale})"
