"""Reductions of contiguous rows, planned for arrays of one shape: the Python side of ``code.rows``.

Each function gives one of arrays like the one it was given; None where NumPy is to do the work, of which that function gives None too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .iteration import GRAIN, Array, Axes, reduced_shape
from .llvm import has, patience
from .memory import maker
from .summation import VECTOR_BYTES

Planned = Callable[[Array], Any] | None

_CHUNK = 1 << 13  # elements of a thread's chunk
MOST = 1 << 15  # elements of which the recurrence takes less than NumPy's passes over all of them


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
    name: str, a: Array, axes: Axes, keepdims: bool, numbers: tuple[float, ...] = (), **bindings: Any
) -> Planned:
    found = _rows(a, axes)
    run = None if found is None else _code(name, a.dtype, **bindings)
    if found is None or run is None:
        return None
    count, n = found
    make, grain = maker(reduced_shape(a, axes, keepdims), a.dtype), max(1, _CHUNK // n)

    def reduced(a: Array) -> Array | None:
        out = make()
        return out if run(count, grain, out, a, n, *numbers) else None

    return reduced


def norm(a: Array, axes: Axes, keepdims: bool) -> Planned:
    """``norm.norm`` for p = 2."""
    return _planned("squares", a, axes, keepdims)


def prod(a: Array, axes: Axes, keepdims: bool) -> Planned:
    """``reduce.prod`` of as many as one thread multiplies."""
    return _planned("products", a, axes, keepdims) if a.size < GRAIN else None


def spread(a: Array, axes: Axes, keepdims: bool, correction: float, root: bool) -> Planned:
    """``moments.var``, or ``moments.std``."""
    found = _rows(a, axes)
    if found is None or a.size > MOST:
        return None
    count, n = found
    degrees = float(max(0.0, n - correction))
    if count > 1 or n == 1:
        return _planned("spread", a, axes, keepdims, (degrees,), ROOT=root)
    from .summation import planned as sums

    mean, run = sums(a, axes, False, float(n)), _code("around", a.dtype, ROOT=root)
    if mean is None or run is None:
        return None
    make = maker(reduced_shape(a, axes, keepdims), a.dtype)

    def around(a: Array) -> Array | None:
        middle, out = mean(a), make()
        return out if middle is not None and run(1, 1, out, a, middle, n, degrees) else None

    return around


def first(a: Array, axis: int, k: int, largest: bool) -> Planned:
    """The ``k`` largest or smallest of each row in order, and their places; None if equal ones leave a choice."""
    from .code.rows import KEPT

    found = _rows(a, (axis,))
    if found is None or not 0 < k <= min(found[1], KEPT):
        return None
    run = _code("first", a.dtype, SIGN=1 if largest else -1)
    if run is None:
        return None
    (count, n), shape = found, (*a.shape[:-1], k)
    make, grain = maker(shape, a.dtype), max(1, _CHUNK // n)

    def found_first(a: Array) -> tuple[Array, Array] | None:
        values, places, tied = make(), np.empty(shape, np.int64), np.zeros(1, np.int64)
        return (values, places) if run(count, grain, values, places, tied, a, n, k) and not tied[0] else None

    return found_first
