"""Elementwise loops where one array is broadcast to the shape of the other: row after row of the larger, no copy of the smaller.

The larger array is cut into rows of ``n`` elements. In each the smaller has a line of as many elements or one, and which of its
lines or elements it is changes with the row: ``row // every % period``. That is a bias (one line for all rows), what was reduced with
``keepdim`` (an element for each row), a number for each channel, a mask for all heads; other patterns are NumPy's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import kernel, words
from .code import functions
from .elementwise import recorded
from .ir import Loop
from .iteration import get_threads
from .loops import GRAIN, LANES, body, element
from .memory import empty
from .narrow_symbols import of_words
from .source import from_text

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

SHORTEST = 16  # elements of a row: shorter ones are no work for vectors


class Pattern(NamedTuple):
    """How the smaller array lies in the larger: see above."""

    rows: int
    n: int
    line: bool  # whether a row has a line of it, not a single element
    every: int
    period: int


@functools.lru_cache(1024)
def pattern(large: Shape, small: Shape) -> Pattern | None:
    """The pattern of a shape that is broadcast to another; None if it is no such pattern.

    >>> pattern((64, 100), (100,))
    Pattern(rows=64, n=100, line=True, every=1, period=1)
    >>> pattern((8, 3, 32, 32), (3, 1, 1))
    Pattern(rows=24, n=1024, line=False, every=1, period=3)
    """
    if len(small) > len(large):
        return None
    small = (1,) * (len(large) - len(small)) + small
    dims = [(m, m == s) for m, s in zip(large, small, strict=True) if m != 1]
    if any([s != 1 and s != m for m, s in zip(large, small, strict=True)]) or not dims:
        return None
    runs: list[tuple[int, bool]] = []  # neighbours that are alike, the innermost first
    for size, same in reversed(dims):
        if runs and runs[-1][1] == same:
            runs[-1] = (runs[-1][0] * size, same)
        else:
            runs.append((size, same))
    n, line = runs[0]
    outer = runs[1:]
    every = outer.pop(0)[0] if len(outer) > 1 and not outer[0][1] else 1
    period = outer.pop(0)[0] if outer and outer[0][1] else 1
    if len(outer) > 1 or n < SHORTEST:
        return None
    return Pattern(math.prod(large) // n, n, line, every, period)


def spread(key: Any, function: Callable[..., Any], a: Array, b: Array, out: Array | None = None) -> Array | None:
    """``function(a, b)`` of contiguous arrays of one dtype, one of which is broadcast to the other's shape; None if NumPy is to do it.

    ``key`` says which function it is; ``out`` may be the larger of the two.
    """
    return _spread(key, function, a, b, ("array", "array"), (), out) if a.dtype is b.dtype else None


def masked(key: Any, function: Callable[..., Any], operands: Any, out: Array | None = None) -> Array | None:
    """``function(*operands)`` of an array, a mask that is broadcast to it, and numbers; None if NumPy is to do it."""
    arrays: list[Array] = []
    numbers: list[float] = []
    kinds: list[str] = []
    for x in operands:
        if x.__class__ is np.ndarray and x.ndim:
            arrays.append(x)
            kinds.append("mask" if x.dtype.kind == "b" else "array")
        elif x is None:
            return None
        else:
            numbers.append(float(x))
            kinds.append("number")
    if (
        len(arrays) != 2
        or kinds.count("mask") != 1
        or (arrays[0].size > arrays[1].size) != (arrays[1].dtype.kind == "b")
    ):
        return None
    return _spread(key, function, arrays[0], arrays[1], tuple(kinds), tuple(numbers), out)


def _spread(
    key: Any,
    function: Callable[..., Any],
    a: Array,
    b: Array,
    kinds: tuple[str, ...],
    numbers: tuple[float, ...],
    out: Array | None,
) -> Array | None:
    swapped = a.size < b.size
    large, small = (b, a) if swapped else (a, b)
    found = pattern(large.shape, small.shape)
    if found is None:
        return None
    run = _loop(key, function, large.dtype, found.line, swapped, kinds)
    if run is None:
        return None
    if out is None:
        out = empty(large.shape, large.dtype)
    grain = max(GRAIN // found.n, found.rows // (4 * get_threads()), 1)  # a few long runs for each thread
    return out if run(found.rows, grain, out, large, small, found.n, found.every, found.period, *numbers) else None


_loops: dict[Any, Any] = {}


def _loop(key: Any, function: Callable[..., Any], dtype: Any, line: bool, swapped: bool, kinds: tuple[str, ...]) -> Any:
    known = key, dtype, line, swapped, kinds
    if known not in _loops:
        loop = recorded(function, dtype, list(kinds))
        made = None if loop is None or loop.parted or len(loop.stores) > 1 else _compiled(loop, line, swapped)
        _loops[known] = of_words(made, dtype) if made is not None and loop is not None and loop.narrow else made
    return _loops[known]


def _compiled(loop: Loop, line: bool, swapped: bool) -> Any:
    names = {**vars(words), "T": getattr(words, loop.kind), "functions": functions}
    return kernel.compiled(from_text(written(loop, line, swapped), names))


def written(loop: Loop, line: bool, swapped: bool) -> str:
    """The loop as a kernel of rows. Its arrays are the result and two operands, the larger of which is the second if ``swapped``."""
    lanes = LANES[loop.kind]
    small = 1 if swapped else 2
    of = [element(loop, i) for i in (0, 3 - small, small)]
    numbers = "".join([f", n{i}: T" for i in range(loop.numbers)])

    def loads(left: str) -> Callable[[int, int], str]:
        part = f"load(part, i, {lanes}{left})" if line else "part[0]"
        return lambda array, _: part if array == small else f"load(row, i, {lanes}{left})"

    stored = "store(to, i, {1}{0})"
    return "\n".join([
        f"def loop(start, stop, out: write[{of[0]}], large: read[{of[1]}], small: read[{of[2]}], "
        f"n: i64, every: i64, period: i64{numbers}):",
        f"    whole = n // {lanes} * {lanes}",
        "    left = n - whole",
        "    for unit in range(start, stop):",
        "        to = out + unit * n",
        "        row = large + unit * n",
        "        part = small + 0",
        "        if period > 1:  # a division takes as long as some dozens of elements",
        f"            part = small + unit // every % period{' * n' if line else ''}",
        f"        for i in range(0, whole, {lanes}):",
        *body(loop, lanes, loads(""), lambda _, value: stored.format("", value), indent=12),
        "        if left > 0:",
        "            i = whole + 0",
        *body(loop, lanes, loads(", left"), lambda _, value: stored.format(", left", value), indent=12),
    ])  # fmt: skip
