"""Slices and elements by index as native code: the Python side of ``code.places``.

Every function answers None or False, with nothing done, where NumPy is to do it: for the first small work, for element types and layouts
that are rare, and for indices that are not there, for which the callers have words of their own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import llvm
from .memory import maker

Array = np.ndarray[Any, Any]

LARGE = 50_000  # elements that NumPy takes 0.3 ms or more to add at places
_CHUNK = 1 << 15  # elements, 10 to 20 us
_LANES = 32  # inner places of which the code makes one vector

_kernels: dict[Any, Any] = {}


def wanted(n: int) -> bool:
    """Whether native code is to handle so many elements."""
    return llvm.patience.over_or_large(n, 2, LARGE)


def take(x: Array, index: Array, dim: int, from_end: bool = False) -> Array | None:
    """``x`` with the slices at ``index`` (of any shape) along ``dim``; negative indices count from the end if they may."""
    if not (x.flags.c_contiguous and index.size and x.size):
        return None
    outer, n, inner = _three(x.shape, dim)
    if not wanted(outer * index.size * inner):
        return None
    out = np.empty((*x.shape[:dim], *index.shape, *x.shape[dim + 1 :]), x.dtype)
    kind, m = _plain(x.dtype), index.size
    if kind is None:
        return None
    bad = np.zeros(1, np.int64)
    run = _kernel("take_slices", kind)
    units, grain = (outer, max(1, _CHUNK // m)) if inner == 1 else (outer * m, max(1, _CHUNK // inner))
    done = run(units, grain, *_viewed(kind, out, x), _long(index), bad, n, m, inner, n if from_end else 0)
    return out if _checked(done, bad, False) else None


def planned_take(x: Array, index: Array, dim: int) -> Any:
    """``take`` for arrays like these; it gives None where an index is not there."""
    kind = _plain(x.dtype)
    if not (llvm.patience.ready and x.flags.c_contiguous and index.size and x.size) or kind is None:
        return None
    outer, n, inner = _three(x.shape, dim)
    shape, m, run = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :]), index.size, _kernel("take_slices", kind)
    units, grain = (outer, max(1, _CHUNK // m)) if inner == 1 else (outer * m, max(1, _CHUNK // inner))
    return _planned(run, kind, x.dtype, shape, index, (units, grain), (n, m, inner, 0))


def _planned(run: Any, kind: Any, dtype: Any, shape: Any, index: Array, work: Any, sizes: Any) -> Any:
    """A function of an array and an index that makes an array of elements of the first."""
    make, plain = maker(shape, dtype), index.dtype == np.int64 and index.flags.c_contiguous

    def taken(x: Array, index: Array) -> Array | None:
        out, bad = make(), np.zeros(1, np.int64)
        done = run(*work, *_viewed(kind, out, x), index if plain else _long(index), bad, *sizes)
        return out if done and not bad[0] else None

    return taken


def add_slices(out: Array, x: Array, index: Array, dim: int, skip: int = -1, from_end: bool = False) -> bool:
    """Add to ``out``, an array of the caller's own, slices of ``x`` at ``index`` along ``dim``: ``x`` has the shape of ``index`` there.

    Raises:
        IndexError: for an index that is not there, which the caller should have seen; ``out`` is then half done.
    """
    if out.dtype.char not in "fdql" or x.dtype != out.dtype or not (index.size and out.size):
        return False
    if x.shape != (*out.shape[:dim], *index.shape, *out.shape[dim + 1 :]):
        return False
    outer, n, inner = _three(out.shape, dim)
    if not out.flags.c_contiguous or not wanted(outer * index.size * inner):
        return False
    bad = np.zeros(1, np.int64)
    units, grain, block = _blocks(outer, index.size, inner)
    x, index = np.ascontiguousarray(x), _long(index)
    run = _kernel("add_slices", out.dtype)
    return _checked(
        run(units, grain, out, x, index, bad, n, index.size, inner, block, skip, n if from_end else 0), bad, True
    )


def gather(x: Array, index: Array, dim: int) -> Array | None:
    """``np.take_along_axis`` for an index of the shape of ``x`` but for ``dim``."""
    if not (x.flags.c_contiguous and index.size) or not _fits(x, index, dim) or not wanted(index.size):
        return None
    out = np.empty(index.shape, x.dtype)
    return out if _by_elements("gather", _plain(x.dtype), out, x, index, x.shape, dim, False) else None


def planned_gather(x: Array, index: Array, dim: int) -> Any:
    """``gather`` for arrays like these; it gives None where an index is not there."""
    kind = _plain(x.dtype)
    ready = llvm.patience.ready and x.flags.c_contiguous and index.size and _fits(x, index, dim)
    if not ready or kind is None:
        return None
    (outer, n, inner), m = _three(x.shape, dim), index.shape[dim]
    units, grain, block = _blocks(outer, m, inner)
    return _planned(_kernel("gather", kind), kind, x.dtype, index.shape, index, (units, grain), (n, m, inner, block))


def scatter(out: Array, x: Array, index: Array, dim: int, add: bool) -> bool:
    """Write or add elements of ``x`` by index along ``dim`` into ``out``, an array of the caller's own.

    Raises:
        IndexError: for an index that is not there, which the caller should have seen; ``out`` is then half done.
    """
    if (
        x.__class__ is not np.ndarray
        or x.shape != index.shape
        or x.dtype != out.dtype
        or not index.size
        or not out.flags.c_contiguous
    ):
        return False
    if (add and out.dtype.char not in "fdql") or not _fits(out, index, dim) or not wanted(index.size):
        return False
    kind = out.dtype if add else _plain(out.dtype)
    x = np.ascontiguousarray(x)
    return _by_elements("scatter_add" if add else "scatter", kind, out, x, index, out.shape, dim, True)


def bounds(index: Array) -> tuple[int, int]:
    """The least and the largest of an index that has elements."""
    share = _CHUNK >> 2
    if index.size >= share and index.dtype == np.int64 and index.flags.c_contiguous and wanted(index.size):
        count = -(-index.size // share)
        least, most = np.empty(count, np.int64), np.empty(count, np.int64)
        if _kernel("bounds", np.dtype(np.float32))(count, 1, least, most, index, share, index.size):
            return int(least.min()), int(most.max())
    return int(index.min()), int(index.max())


def _by_elements(
    name: str, kind: Any, out: Array, x: Array, index: Array, shape: tuple[int, ...], dim: int, must: bool
) -> bool:
    if kind is None:
        return False
    bad = np.zeros(1, np.int64)
    outer, n, inner = _three(shape, dim)
    m = index.shape[dim]
    units, grain, block = _blocks(outer, m, inner)
    run = _kernel(name, kind)
    return _checked(run(units, grain, *_viewed(kind, out, x), _long(index), bad, n, m, inner, block), bad, must)


def _three(shape: tuple[int, ...], dim: int) -> tuple[int, int, int]:
    """The sizes before, at and after a dimension."""
    return math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])


def _fits(x: Array, index: Array, dim: int) -> bool:
    return x.shape[:dim] == index.shape[:dim] and x.shape[dim + 1 :] == index.shape[dim + 1 :] and x.ndim == index.ndim


def _plain(dtype: Any) -> Any:
    """A type of the same size to copy elements by."""
    return {4: np.dtype(np.int32), 8: np.dtype(np.int64), 1: np.dtype(np.uint8)}.get(dtype.itemsize)


def _blocks(outer: int, m: int, inner: int) -> tuple[int, int, int]:
    """Units of work, how many of them a thread takes at a time, and the inner places of a unit."""
    block = inner
    if outer == 1 and m * inner > _CHUNK and inner > _LANES:
        block = -(-inner // (2 * _LANES)) * _LANES  # half of them
    return outer * -(-inner // block), max(1, _CHUNK // (m * block)), block


def _checked(done: bool, bad: Array, must: bool) -> bool:
    if bad[0] and must:
        raise IndexError("index out of range in self\n\nAn index changed after it had been checked.")
    return done and not bad[0]


def _viewed(kind: Any, *arrays: Array) -> tuple[Array, ...]:
    return tuple([x if x.dtype is kind else x.view(kind) for x in arrays])


def _long(index: Array) -> Array:
    return np.ascontiguousarray(index, np.int64)


def _kernel(name: str, dtype: Any) -> Any:
    key = name, dtype
    run = _kernels.get(key)
    if run is None:
        from . import kernel, words
        from .code import places

        types = {"f4": words.f32, "f8": words.f64, "i8": words.i64, "i4": words.i32, "u1": words.u8}
        run = _kernels[key] = kernel.compiled(getattr(places, name), T=types[dtype.str[1:]])
    return run
