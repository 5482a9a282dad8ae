"""Sums of integers and bools on all threads: the Python side of ``code.integer_sums``. NumPy takes one thread, and converts in pieces."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import llvm
from .iteration import Array, Axes, reduced_shape

LARGE = 1 << 16  # elements that NumPy takes longer for than code takes to load
SMALL = 1 << 10  # and those below which it is as fast
_CHUNK = 1 << 15  # elements of a thread's chunk
_INT64 = np.dtype(np.int64)
#: By the bytes of an element: what a lane adds up in, how many lanes make a vector, and how many elements each may add.
_PARTS = {1: ("i16", 32, 128), 2: ("i32", 16, 1 << 15), 4: ("i64", 8, 1 << 40), 8: ("i64", 8, 1 << 40)}


def total(a: Array, axes: Axes, keepdims: bool) -> Array | None:
    """``np.add.reduce`` of integers or bools in int64; None where NumPy is to do it."""
    if a.size < SMALL or not llvm.patience.over_or_large(a.size, 1, LARGE):
        return None
    run = _summer(a, axes, keepdims)
    return None if run is None else run(a)


def planned(a: Array, axes: Axes, keepdims: bool) -> Callable[[Array], Array | None] | None:
    """A function that does it for arrays of this shape and dtype; None where NumPy is to do it."""
    return _summer(a, axes, keepdims) if llvm.patience.ready and a.size >= SMALL else None


def _summer(a: Array, axes: Axes, keepdims: bool) -> Callable[[Array], Array | None] | None:
    """The same without the questions of size; None where the axes are not neighbours or the array is not contiguous."""
    if not a.flags.c_contiguous or not axes or axes[-1] - axes[0] != len(axes) - 1:
        return None
    n = math.prod(a.shape[axes[0] : axes[-1] + 1])
    width = math.prod(a.shape[axes[-1] + 1 :])
    code = _code("rows" if width == 1 else "columns", a.dtype)
    if code is None:
        return None
    shape, read_as = reduced_shape(a, axes, keepdims), np.dtype(np.uint8) if a.dtype.kind == "b" else a.dtype
    outer = a.size // (n * width)
    parts: tuple[int, ...]
    sizes: tuple[int, ...]
    if width == 1:
        share = n if outer > 1 else _CHUNK
        parts, sizes = (outer, -(-n // share)), (share, a.size)
        units, grain = parts[0] * parts[1], max(1, _CHUNK // share)
    else:
        from .code.integer_sums import BLOCK

        share = n if outer * width > _CHUNK else max(1, _CHUNK // width)
        parts, sizes = (outer, -(-n // share), width), (n, width, share)
        units, grain = math.prod(parts[:2]) * -(-width // BLOCK), max(1, _CHUNK // (share * min(width, BLOCK)))

    def summed(a: Array) -> Array | None:
        out = np.empty(parts, _INT64)
        if not code(units, grain, out, a if a.dtype is read_as else a.view(read_as), *sizes):
            return None
        return (np.add.reduce(out, axis=1) if parts[1] > 1 else out).reshape(shape)

    return summed


@functools.cache
def _code(name: str, dtype: np.dtype[Any]) -> Any:
    from . import words
    from .code import integer_sums
    from .kernel import compiled

    part, lanes, run = _PARTS[dtype.itemsize]
    element = {"b": "u8", "u": f"u{8 * dtype.itemsize}", "i": f"i{8 * dtype.itemsize}"}[dtype.kind]
    if not hasattr(words, element):
        return None
    kinds = {"T": getattr(words, element), "PART": getattr(words, part)}
    return compiled(getattr(integer_sums, name), **kinds, LANES=lanes, RUN=run)
