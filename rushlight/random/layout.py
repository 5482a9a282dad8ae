"""In which order a tensor's elements consume the stream: the order of memory, not of indices.

PyTorch's in-place samplers walk a tensor with its dimensions sorted by stride, largest outermost. So a transposed
matrix gets the same numbers in the same memory cells as the matrix it was made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from rushlight.kernels.strides import element_strides, empty_like_strides

Array = np.ndarray[Any, Any]


def memory_order(a: Array) -> list[int]:
    """The dimensions of ``a`` from the outermost in memory to the innermost."""
    strides = empty_like_strides(a.shape, element_strides(a))
    return sorted(range(a.ndim), key=strides.__getitem__, reverse=True)


def memory_order_view(a: Array) -> Array:
    """``a`` transposed so that its C order is the order of memory."""
    return a if a.flags.c_contiguous else a.transpose(memory_order(a))


def fill_in_memory_order(a: Array, fill: Callable[[Array], None]) -> None:
    """Let ``fill`` write a contiguous 1-d array that stands for the elements of ``a`` in the order of memory."""
    if a.size == 0:
        return
    view = memory_order_view(a)
    if view.flags.c_contiguous:
        fill(view.reshape(-1))
        return
    flat = np.empty(a.size, a.dtype)
    fill(flat)
    view[...] = flat.reshape(view.shape)


def real_view(a: Array) -> Array:
    """A complex array as its real and imaginary parts, one more dimension of size 2 at the end; shares memory."""
    real = a.real
    return as_strided(real, (*a.shape, 2), (*a.strides, real.itemsize))


def empty_like_dense(a: Array) -> Array:
    """Uninitialised, of ``a``'s shape and dtype, without gaps, its dimensions nested in memory as those of ``a``."""
    if a.flags.c_contiguous:
        return np.empty(a.shape, a.dtype)
    order = memory_order(a)
    out = np.empty([a.shape[d] for d in order], a.dtype)
    return out.transpose(np.argsort(order))
