"""Sums of any dtype over any axes, dispatched: floats in PyTorch's order, integers and bools by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from .summation import float_sum

Array = np.ndarray[Any, Any]


def sum_axes(a: Array, axes: tuple[int, ...], keepdims: bool, dtype: np.dtype[Any]) -> Array:
    """Sum over ``axes`` (ascending, non-negative) in ``dtype``; the accumulation order for floats is PyTorch's."""
    if dtype.kind in "biu":
        out = np.add.reduce(a, axis=axes, dtype=dtype, keepdims=keepdims)
        return np.asarray(out)
    if a.dtype is not dtype:
        a = a.astype(dtype)
    if a.size <= 4 and len(axes) == a.ndim:
        # up to four elements every order is one after another
        out = np.asarray(np.add.reduce(a, axis=None, dtype=dtype)) if a.size else np.zeros((), dtype)
    else:
        out = float_sum(a, axes)
    if keepdims:
        out = out.reshape([1 if i in axes else n for i, n in enumerate(a.shape)])
    return out
