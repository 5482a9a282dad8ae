"""softmax and log_softmax with the digits of PyTorch's CPU kernels, up to its exp and log (within 1 ulp there).

The order of the sums is PyTorch's: along a contiguous last dimension of at least V numbers, V lanes of a 32-byte vector
accumulate side by side, the left-over numbers go to the first lanes, and the lanes are added as a tree (halves upon
halves); shorter rows and other dimensions add one after another. exp and log are correctly rounded here and to about
0.6 ulp in PyTorch, so one element in ten may differ in the last bit.
"""

from __future__ import annotations

import numpy as np

from .iteration import Array, is_half
from .reduce import amax, rounded
from .summation import VECTOR_BYTES, in_order, in_order_last


def softmax(a: Array, axis: int) -> Array:
    """exp(a - m) / sum(exp(a - m)) along `axis`, m the maximum. Along the last axis PyTorch multiplies by 1 / sum."""
    if a.size == 0 or a.ndim == 0:
        return np.ones_like(a)
    x = a.astype(np.float32) if is_half(a.dtype) else a
    with np.errstate(all="ignore"):
        exponentials = rounded(np.exp, x - amax(x, (axis,), True))
        total = _sum(exponentials, axis)
        out = exponentials * (x.dtype.type(1) / total) if axis == a.ndim - 1 else exponentials / total
    return out.astype(a.dtype, copy=False)


def log_softmax(a: Array, axis: int) -> Array:
    """(a - m) - log(sum(exp(a - m))) along `axis`, m the maximum."""
    if a.size == 0 or a.ndim == 0:
        return np.zeros_like(a)
    x = a.astype(np.float32) if is_half(a.dtype) else a
    with np.errstate(all="ignore"):
        difference = x - amax(x, (axis,), True)
        total = _sum(rounded(np.exp, difference), axis)
        return (difference - rounded(np.log, total)).astype(a.dtype, copy=False)


def _sum(x: Array, axis: int) -> Array:
    """Sum of `x` over `axis`, kept with size 1."""
    shape = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
    rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    lanes = VECTOR_BYTES // x.itemsize
    if axis < x.ndim - 1 or rows.shape[1] < lanes:
        return in_order_last(rows).reshape(shape)
    n = rows.shape[1]
    full = n // lanes * lanes
    total = in_order(rows[:, :full].reshape(-1, full // lanes, lanes))
    if full < n:
        total = total.copy()
        total[:, : n - full] += rows[:, full:]
    while lanes > 1:
        lanes //= 2
        total = total[:, :lanes] + total[:, lanes:]
    return total.reshape(shape)
