"""Reductions of contiguous rows, planned for arrays of one shape: the Python side of ``code.rows``.

Each function gives one of arrays like the one it was given; None where NumPy is to do the work, of which that function gives None too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .iteration import Array, Axes, plan_for, reduced_shape
from .llvm import has, patience
from .memory import maker
from .moments import finish, share_of_squares
from .summation import VECTOR_BYTES

Planned = Callable[[Array], Any] | None

_CHUNK = 1 << 13  # elements of a thread's chunk
MOST = 1 << 15  # elements that one thread adds up at once


def _rows(a: Array, axes: Axes) -> tuple[int, int] | None:
    """How many rows there are, and of how many elements; None if the axes are not the last of contiguous real numbers."""
    split = a.ndim - len(axes)
    fits = a.size and a.dtype.char in "fd" and a.flags.c_contiguous and axes == tuple(range(split, a.ndim))
    if not fits or not axes or not patience.ready or not has("fma"):
        return None
    n = math.prod(a.shape[split:])
    return a.size // n, n


def _code(name: str, dtype: np.dtype[Any], **bindings: Any) -> Any:
    from . import words
    from .code import rows
    from .kernel import compiled

    return compiled(
        getattr(rows, name),
        T=words.f32 if dtype.char == "f" else words.f64,
        V=VECTOR_BYTES // dtype.itemsize,
        **bindings,
    )


def _planned(
    name: str, a: Array, axes: Axes, keepdims: bool, numbers: tuple[float, ...] = (), together: int = 1, **bindings: Any
) -> Planned:
    """One kernel that does it, ``together`` rows at a time."""
    found = _rows(a, axes)
    run = None if found is None else _code(name, a.dtype, **bindings)
    if found is None or run is None:
        return None
    count, n = found
    make, grain = maker(reduced_shape(a, axes, keepdims), a.dtype), max(1, _CHUNK // (n * together)) * together

    def reduced(a: Array) -> Array | None:
        out = make()
        return out if run(count, grain, out, a, n, *numbers) else None

    return reduced


def norm(a: Array, axes: Axes, keepdims: bool) -> Planned:
    """``norm.norm`` for p = 2."""
    return _planned("squares", a, axes, keepdims)


def prod(a: Array, axes: Axes, keepdims: bool) -> Planned:
    """``reduce.prod``."""
    found = _rows(a, axes)
    if found is None or found[0] > 1 or not plan_for(a, axes).shares:
        return _planned("products", a, axes, keepdims, (a.size,))
    run, ranges, shape = _code("products", a.dtype), plan_for(a, axes).ranges(), reduced_shape(a, axes, keepdims)
    count, share, dtype = len(ranges), ranges[0][1], a.dtype

    def shared(a: Array) -> Array | None:
        parts = np.empty(count, dtype)  # a thread's each
        if not run(count, 1, parts, a, share, a.size):
            return None
        return np.multiply.accumulate(parts)[-1:].reshape(shape).copy()

    return None if run is None else shared


def spread(a: Array, axes: Axes, keepdims: bool, correction: float, root: bool) -> Planned:
    """``moments.var``, or ``moments.std``."""
    found = _rows(a, axes)
    if found is None:
        return None
    count, n = found
    degrees = float(max(0.0, n - correction))
    if count > 1 or n == 1:
        return _planned("spread", a, axes, keepdims, (degrees,), 8, ROOT=root)
    from .summation import planned as sums

    mean = sums(a, axes, False, float(n))
    if mean is None:
        return None
    shape, dtype = reduced_shape(a, axes, keepdims), a.dtype
    if n <= MOST:
        run, make = _code("around", dtype, ROOT=root), maker(shape, dtype)

        def around(a: Array) -> Array | None:
            middle, out = mean(a), make()
            return out if middle is not None and run(1, 1, out, a, middle, n, degrees) else None

        return None if run is None else around
    ordered = dtype.char == "d"
    run, share = _code("squares_around", dtype, ORDERED=ordered), share_of_squares(n) if ordered else _CHUNK
    count = -(-n // share)

    def shared(a: Array) -> Array | None:
        middle, parts = mean(a), np.empty(count)
        if middle is None or not run(count, 1, parts, a, middle, share, n):
            return None
        return finish(np.add.accumulate(parts)[-1:].reshape(shape), degrees, root, dtype)

    return None if run is None else shared


def first(a: Array, axis: int, k: int, largest: bool) -> Planned:
    """The ``k`` largest or smallest of each row in order, and their places."""
    from .code.rows import KEPT
    from .topk_order import topk_rows

    found = _rows(a, (axis,))
    if found is None or not 0 < k <= min(found[1], KEPT):
        return None
    run = _code("first", a.dtype, SIGN=1 if largest else -1)
    if run is None:
        return None
    (count, n), shape = found, (*a.shape[:-1], k)
    make, grain = maker(shape, a.dtype), max(1, _CHUNK // n)

    def found_first(a: Array) -> tuple[Array, Array] | None:
        values, places, tied = make(), np.empty(shape, np.int64), np.empty(count, np.uint8)
        if not run(count, grain, values, places, tied, a, n, k):
            return None
        if tied.any():  # equal values leave a choice
            which = np.flatnonzero(tied)
            among = a.reshape(count, n)[which]
            chosen = topk_rows(among, k, largest)
            places.reshape(count, k)[which], values.reshape(count, k)[which] = (
                chosen,
                np.take_along_axis(among, chosen, 1),
            )
        return values, places

    return found_first
