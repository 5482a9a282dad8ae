"""How PyTorch's CPU kernels walk a reduction: which dimensions, in which order, cut among how many threads.

Reduced dimensions come first, sorted by the input's strides (smallest innermost); kept dimensions follow in the order
of the contiguous output, last one innermost. Neighbours that one stride can describe are merged. From `GRAIN` elements
on and with more than one thread, a full reduction is cut into equal ranges of the walk, and a partial one along its
outermost kept dimension that is long enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Axes = tuple[int, ...]

GRAIN = 32768  # elements below which PyTorch never splits a reduction among threads
COLUMN_BYTES = 128  # a thread's share of contiguous columns is rounded to whole groups of this many bytes

_HALF = {"e", "E"}  # float16 and ml_dtypes.bfloat16, by dtype.char


def default_threads() -> int:
    """OMP_NUM_THREADS if it is a positive number, else the number of CPUs this process may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


_threads = default_threads()
_plans: dict[tuple[object, ...], Plan] = {}
_dependents: list[dict[Any, Any]] = [_plans]
_followers: list[Callable[[int], object]] = []


def set_threads(n: int) -> None:
    """Reduce as `n` threads of PyTorch would: it changes digits of reductions of 32768 and more elements. Kernels use as many."""
    global _threads
    if n < 1:
        raise ValueError(f"set_threads: expected a positive number of threads, got {n}")
    _threads = n
    for cache in _dependents:
        cache.clear()
    for follow in _followers:
        follow(n)


def when_set(follow: Callable[[int], object]) -> None:
    """Have a function called with each new number of threads."""
    _followers.append(follow)


def get_threads() -> int:
    """The number of threads whose order of operations is followed."""
    return _threads


def forget_with_threads(cache: dict[Any, Any]) -> None:
    """Have `cache` cleared whenever the number of threads changes."""
    _dependents.append(cache)


def is_half(dtype: np.dtype[Any]) -> bool:
    """True for float16 and bfloat16, which accumulate in float32."""
    return dtype.itemsize == 2 and dtype.char in _HALF


def reduced_shape(a: Array, axes: Axes, keepdims: bool) -> Axes:
    """The shape of a reduction of `a` over `axes`."""
    return tuple(1 if i in axes else n for i, n in enumerate(a.shape) if keepdims or i not in axes)


class Plan:
    """How one (shape, strides, axes, itemsize) is walked. `sizes` and `strides` list the innermost dimension first.

    The first `reduced` of them are reduced. `shares` > 0 asks for a full reduction in that many ranges; `cuts` are
    the ranges of dimension 1 that threads sum separately where that matters.
    """

    rows: int

    __slots__ = ("order", "reduced", "sizes", "strides", "shares", "cuts", "rows")

    def __init__(self, shape: Axes, strides: Axes, axes: Axes, itemsize: int, threads: int) -> None:
        order = _iteration_order(shape, strides, axes)
        self.order: tuple[int, ...] = tuple(reversed(order)) + tuple(i for i, n in enumerate(shape) if n == 1)
        runs = _merge([(shape[i], strides[i], i in axes) for i in order])
        self.sizes: list[int] = [size for size, _, _ in runs]
        self.strides: list[int] = [stride for _, stride, _ in runs]
        self.reduced: int = sum(is_reduced for _, _, is_reduced in runs)
        numel = 1
        for size in self.sizes:
            numel *= size
        self.rows = 1  # reduced rows per output
        for size in self.sizes[1 : self.reduced]:
            self.rows *= size
        parallel = threads > 1 and numel >= GRAIN and self.reduced > 0
        full = self.reduced == len(runs)
        self.shares: int = min(threads, -(-numel // GRAIN)) if parallel and full else 0
        self.cuts: Any = _column_cuts(self, threads, itemsize) if parallel and not full else ()

    def two_dims(self) -> tuple[int, int, int, int]:
        """Size and stride of the innermost dimension, then of the next (1 and 0 where there is none)."""
        sizes, strides = [*self.sizes[:2], 1, 1], [*self.strides[:2], 0, 0]
        return sizes[0], strides[0], sizes[1], strides[1]

    def arrange(self, a: Array) -> Array:
        """`a` as [outer, d1, d0] in the order of the walk: a view where the outer dimensions merge."""
        d0, _, d1, _ = self.two_dims()
        return a.transpose(self.order).reshape(-1, d1, d0)

    def pieces(self, begin: int, end: int) -> Iterator[tuple[slice, slice, slice]]:
        """Rectangles of an arranged array, in order, that make up positions begin..end of the walk."""
        d0, _, d1, _ = self.two_dims()
        while begin < end:
            outer, at = divmod(begin, d0 * d1)
            row, col = divmod(at, d0)
            n0 = min(d0 - col, end - begin)
            n1 = min(d1 - row, (end - begin) // d0) if n0 == d0 else 1
            yield slice(outer, outer + 1), slice(row, row + n1), slice(col, col + n0)
            begin += n0 * n1

    def ranges(self) -> list[tuple[int, int]]:
        """The ranges of the walk that threads reduce, in order (one range without threads)."""
        numel = self.rows * self.sizes[0]
        share = -(-numel // max(1, self.shares))
        return [(at, min(at + share, numel)) for at in range(0, numel, share)]


def _iteration_order(shape: Axes, strides: Axes, axes: Axes) -> list[int]:
    """Dimensions longer than 1, innermost first: reduced ones by input stride, then kept ones from last to first."""
    order = [i for i in reversed(axes) if shape[i] != 1]
    for i in range(1, len(order)):  # insertion sort, in which a stride of 0 compares as "cannot tell"
        at = i
        for j in range(i - 1, -1, -1):
            left, right = order[j], order[at]
            if strides[left] == 0 or strides[right] == 0:
                continue
            if strides[left] < strides[right]:
                break
            if strides[left] > strides[right] or shape[left] > shape[right]:
                order[j], order[at] = right, left
                at = j
    return order + [i for i in reversed(range(len(shape))) if shape[i] != 1 and i not in axes]


def _merge(dims: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    """Merge neighbouring (size, stride, reduced) dimensions that a single stride describes."""
    runs: list[tuple[int, int, bool]] = []
    for size, stride, reduced in dims:
        if runs and runs[-1][2] == reduced and runs[-1][0] * runs[-1][1] == stride:
            runs[-1] = (runs[-1][0] * size, runs[-1][1], reduced)
        else:
            runs.append((size, stride, reduced))
    return runs


def _column_cuts(plan: Plan, threads: int, itemsize: int) -> tuple[tuple[int, int], ...]:
    """Ranges of `d1` that different threads sum, or () where the split does not touch `d1`."""
    last = len(plan.sizes) - 1
    split = last
    for dim in range(last, plan.reduced - 1, -1):
        if plan.sizes[dim] >= threads:
            split = dim
            break
        if plan.sizes[dim] > plan.sizes[split]:
            split = dim
    if split != 1:
        return ()
    size = plan.sizes[1]
    chunk = -(-size // min(threads, size))
    cuts = []
    for begin in range(0, size, chunk):
        end = min(begin + chunk, size)
        if plan.strides[1] == itemsize:
            unit = COLUMN_BYTES // itemsize
            begin -= begin % unit
            end -= end % unit if end != size else 0
        if begin < end:
            cuts.append((begin, end))
    return tuple(cuts)


def plan_for(a: Array, axes: Axes) -> Plan:
    """The (cached) plan to reduce `a`, which has elements, over `axes` (ascending)."""
    key = (a.shape, a.strides, axes, a.itemsize)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) > 4096:
            _plans.clear()
        plan = _plans[key] = Plan(a.shape, a.strides, axes, a.itemsize, _threads)
    return plan
