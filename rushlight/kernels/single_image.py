"""Convolutions of one small image, which PyTorch hands to its BLAS: the windows as columns of a matrix, times the weight.

Their digits are those of ``gemm``: the bias is what the product is added to, and what overlaps is added up tap by tap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import gemm
from .blocks import F32
from .windows import Sizes, fold_into, inner

Array = np.ndarray[Any, Any]

SMALL = 20480  # elements of an input that PyTorch takes for small; it does not count the last of three dimensions


def is_one(shape: Sizes, kernel: Sizes, groups: int) -> bool:
    """Whether PyTorch takes an input for one small image."""
    return shape[0] == 1 == groups and math.prod(shape[:4]) <= SMALL and (len(kernel) == 1 or min(kernel[-2:]) <= 3)


def _columns(
    size: Sizes, weight_shape: Sizes, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Callable[[Array], Array]:
    """What makes the columns of an image of spatial sizes ``size``: (channels * kernel, out)."""
    _, channels, *kernel = weight_shape
    whole = channels, *[n + 2 * p for n, p in zip(size, padding, strict=True)]
    inside = slice(None), *[slice(p, p + n) for n, p in zip(size, padding, strict=True)]
    plane, *steps = [4 * s for s in np.empty(whole, np.int8).strides]
    of_taps = [s * d for s, d in zip(steps, dilation, strict=True)]
    of_places = [s * d for s, d in zip(steps, stride, strict=True)]
    strides = (plane, *of_taps, *of_places)
    shape, flat = (channels, *kernel, *out), (channels * math.prod(kernel), math.prod(out))

    def columns(x: Array) -> Array:
        if any(padding):
            image = np.zeros(whole, F32)
            image[inside] = x[0]
        else:
            image = np.ascontiguousarray(x)
        return np.ndarray(shape, F32, image, 0, strides).reshape(flat)  # as_strided takes ten times as long

    return columns


def planned(
    size: Sizes, weight_shape: Sizes, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Callable[[Array, Array, Array | None], Array | None]:
    """The convolution of an image of spatial sizes ``size``: ``run(x, weight, bias)``. It gives None where there is no product."""
    columns = _columns(size, weight_shape, out, stride, padding, dilation)
    rows = weight_shape[0]

    def run(x: Array, weight: Array, bias: Array | None) -> Array | None:
        w, cols = weight.reshape(rows, -1), columns(x)
        result = gemm.product(w, cols) if bias is None else gemm.added(bias.reshape(rows, 1), w, cols)
        return None if result is None else result.reshape(1, rows, *out)

    return run


def planned_input(
    size: Sizes, weight_shape: Sizes, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Callable[[Array, Array], Array | None]:
    """The gradient of the input: ``run(g, weight)``."""
    rows, channels, *kernel = weight_shape
    whole = 1, channels, *[n + 2 * p for n, p in zip(size, padding, strict=True)]

    def run(g: Array, weight: Array) -> Array | None:
        cols = gemm.product(weight.reshape(rows, -1).T, g.reshape(rows, -1))
        if cols is None:
            return None
        total = np.zeros(whole, F32)
        fold_into(total, cols.reshape(1, channels, *kernel, *out), kernel, out, stride, dilation)
        return np.ascontiguousarray(inner(total, padding, size))

    return run


def planned_weight(
    size: Sizes, weight_shape: Sizes, out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Callable[[Array, Array], Array | None]:
    """The gradient of the weight: ``run(x, g)``."""
    columns = _columns(size, weight_shape, out, stride, padding, dilation)
    rows = weight_shape[0]

    def run(x: Array, g: Array) -> Array | None:
        total = gemm.product(g.reshape(rows, -1), columns(x).T)
        return None if total is None else total.reshape(weight_shape)

    return run
