"""Rows in order on all threads: the Python side of ``code.sorting``. NumPy's stable sort compares, with one thread."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from . import copies, llvm, memory
from .iteration import Array
from .places import bounds

LARGE = 1 << 15  # elements that NumPy takes longer for than code takes to load
_CHUNK = 1 << 15  # elements whose rows share scratch memory
_INT64 = np.dtype(np.int64)
_KINDS = frozenset("fdqlihbB?")


def ordered(x: Array, axis: int, descending: bool) -> tuple[Array, Array] | None:
    """The values along an axis in order, and the places they had, both laid out as ``x`` is; equal ones keep their order, NaN is the
    largest. None where NumPy is to do it."""
    if x.dtype.char not in _KINDS or not x.size or not llvm.patience.over_or_large(x.size, 2, LARGE):
        return None
    moved = np.moveaxis(x, axis, -1)
    run = _of_rows(moved, descending)
    if run is None:
        return None
    found = run(moved if moved.flags.c_contiguous else copies.contiguous(moved))
    if found is None or (axis == x.ndim - 1 and x.flags.c_contiguous):
        return found
    values, indices = np.empty_like(x), np.empty_like(x, _INT64)
    copies.assign(values, np.moveaxis(found[0], -1, axis))
    copies.assign(indices, np.moveaxis(found[1], -1, axis))
    return values, indices


def for_numpy(x: Array) -> Array:
    """Numbers in the order of these, which NumPy sorts as PyTorch does: of bfloat16 it does not put NaN last."""
    return x.astype(np.float32) if x.dtype.kind == "V" else x


def planned(x: Array, descending: bool) -> Any:
    """A function that does it for the last axis of C-contiguous arrays like this one; None where NumPy is to do it."""
    return _of_rows(x, descending) if llvm.patience.ready and x.dtype.char in _KINDS and x.size else None


def _of_rows(x: Array, descending: bool) -> Callable[[Array], tuple[Array, Array] | None] | None:
    n, run = x.shape[-1], _code(x.dtype, descending)
    if run is None or n >= 1 << 31:
        return None
    count, grain, dtype = x.size // n, max(1, _CHUNK // n), x.dtype
    make, make_indices = memory.maker(x.shape, dtype), memory.maker(x.shape, _INT64)
    make_scratch = memory.maker(-(-count // grain) * n * (2 if dtype.itemsize == 8 else 1), _INT64)
    is_bool = dtype.kind == "b"

    def sorted_rows(x: Array) -> tuple[Array, Array] | None:
        values, indices = make(), make_indices()
        given = (values.view(np.uint8), x.view(np.uint8)) if is_bool else (values, x)
        done = run(count, grain, given[0], indices, make_scratch(), given[1], n, grain)
        return (values, indices) if done else None

    return sorted_rows


def first(x: Array, k: int, largest: bool, in_order: bool) -> Array | None:
    """The places of the first ``k`` of each row, equal ones in the order that ``topk_order`` says; None where Python is to find them."""
    rows, n = x.shape
    if (
        x.dtype.char not in _KINDS
        or not 0 < k <= n
        or n >= 1 << 31
        or not llvm.patience.over_or_large(x.size, 100, LARGE)
    ):
        return None
    keys = _short_keys(x)
    run = _code(keys.dtype, largest, "partial_sorting", "first")
    if run is None:
        return None
    grain = max(1, _CHUNK // n)
    places, scratch = np.empty((rows, k), np.int64), memory.empty(-(-rows // grain) * n, _INT64)
    return places if run(rows, grain, places, scratch, keys, n, k, int(in_order), grain) else None


def _short_keys(x: Array) -> Array:
    """Numbers of at most 4 bytes in the order of those of ``x``, equal where they are."""
    if x.itemsize < 8:
        return np.ascontiguousarray(x.view(np.uint8) if x.dtype.kind == "b" else x)
    if x.dtype.kind == "i":
        low, high = bounds(x)
        if -(1 << 31) <= low and high < 1 << 31:
            keys = copies.converted(x, np.dtype(np.int32))
            return x.astype(np.int32) if keys is None else keys
    values, ranks = np.unique(x, return_inverse=True)
    return ranks.reshape(x.shape).astype(np.uint32)


@functools.cache
def _code(dtype: np.dtype[Any], descending: bool, module: str = "sorting", name: str = "") -> Any:
    from . import code, kernel, words

    size = dtype.itemsize
    kind = getattr(words, "u8" if dtype.kind == "b" else f"{dtype.kind}{8 * size}")
    bound = dict(T=kind, DESCENDING=descending) if size == 8 else dict(T=kind, BYTES=size, DESCENDING=descending)
    function = getattr(importlib.import_module(f"{code.__name__}.{module}"), name or ("long" if size == 8 else "short"))
    return kernel.compiled(function, **bound)
