"""Which of several equal values ``topk`` returns, and in which order.

PyTorch's answer is what the C++ standard library's partial sort makes of (value, index) pairs compared by value alone, so
it depends on that library's algorithms. They are followed here step by step (libstdc++): introselect with a median of three
(Musser, "Introspective sorting and selection algorithms", 1997), introsort with a final insertion sort, and heap select.
Without equal values there is only one answer, and an ordinary sort gives it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Any, int]
Before = Callable[[Pair, Pair], bool]

_SMALL = 16  # ranges up to this long are left to the insertion sort


def topk_indices(values: Array, k: int, largest: bool = True, sorted: bool = True) -> Array:
    """Indices (int64) of the ``k`` largest (or smallest) of a 1-d array; NaN counts as the largest.

    ``sorted=False`` returns them in whatever order the selection leaves, which is PyTorch's too.

    Raises:
        RuntimeError: if k is negative or more than there are.
    """
    n = values.shape[0]
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: k = {k}, but there are {n} values")
    if k == 0:
        return np.empty(0, np.int64)
    if sorted or k * 64 <= n:
        unique = _unique_order(values, k, largest)
        if unique is not None:
            return unique
    return _emulated(values, k, largest, sorted)


def _unique_order(values: Array, k: int, largest: bool) -> Array | None:
    """The answer by an ordinary sort, or None if equal values leave a choice."""
    if values.dtype.kind not in "fiu":
        return None
    n = values.shape[0]
    first = min(k + 1, n)  # one more, to see a tie at the border
    if first * 8 < n:
        where = np.argpartition(values, n - first)[n - first :] if largest else np.argpartition(values, first - 1)[:first]
        order = where[np.argsort(values[where])]
    else:
        order = np.argsort(values)
        order = order[n - first :] if largest else order[:first]
    if largest:
        order = order[::-1]
    chosen = values[order]
    if (chosen[1:] == chosen[:-1]).any() or (chosen != chosen).any():
        return None
    return order[:k].astype(np.int64)


def _emulated(values: Array, k: int, largest: bool, sort_them: bool) -> Array:
    data: list[Pair] = list(zip(values.tolist(), range(values.shape[0]), strict=True))
    n = len(data)
    before = _greater if largest else _less
    if k * 64 <= n:
        _partial_sort(data, k, before)
    else:
        _nth_element(data, k - 1, before)
        if sort_them:
            _sort(data, 0, k - 1, before)
    return np.array([index for _, index in data[:k]], np.int64)


def _greater(a: Pair, b: Pair) -> bool:
    x, y = a[0], b[0]
    return bool((x != x and y == y) or x > y)


def _less(a: Pair, b: Pair) -> bool:
    x, y = a[0], b[0]
    return bool((x == x and y != y) or x < y)


# -- the library's algorithms, on data[first:last] ----------------------------------------------------------------
def _nth_element(data: list[Pair], nth: int, before: Before) -> None:
    first, last = 0, len(data)
    depth = 2 * (last.bit_length() - 1)
    while last - first > 3:
        if depth == 0:
            _heap_select(data, first, nth + 1, last, before)
            data[first], data[nth] = data[nth], data[first]
            return
        depth -= 1
        cut = _partition_around_median(data, first, last, before)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(data, first, last, before)


def _sort(data: list[Pair], first: int, last: int, before: Before) -> None:
    if first == last:
        return
    _intro_sort(data, first, last, 2 * ((last - first).bit_length() - 1), before)
    if last - first > _SMALL:
        _insertion_sort(data, first, first + _SMALL, before)
        for i in range(first + _SMALL, last):
            _insert_unguarded(data, i, before)
    else:
        _insertion_sort(data, first, last, before)


def _intro_sort(data: list[Pair], first: int, last: int, depth: int, before: Before) -> None:
    while last - first > _SMALL:
        if depth == 0:
            _partial_sort_range(data, first, last, last, before)
            return
        depth -= 1
        cut = _partition_around_median(data, first, last, before)
        _intro_sort(data, cut, last, depth, before)  # at most 2 log2 n deep
        last = cut


def _partition_around_median(data: list[Pair], first: int, last: int, before: Before) -> int:
    _median_to_first(data, first, first + 1, first + (last - first) // 2, last - 1, before)
    pivot = data[first]
    low, high = first + 1, last
    while True:
        while before(data[low], pivot):
            low += 1
        high -= 1
        while before(pivot, data[high]):
            high -= 1
        if low >= high:
            return low
        data[low], data[high] = data[high], data[low]
        low += 1


def _median_to_first(data: list[Pair], to: int, a: int, b: int, c: int, before: Before) -> None:
    if before(data[a], data[b]):
        median = b if before(data[b], data[c]) else c if before(data[a], data[c]) else a
    else:
        median = a if before(data[a], data[c]) else c if before(data[b], data[c]) else b
    data[to], data[median] = data[median], data[to]


def _insertion_sort(data: list[Pair], first: int, last: int, before: Before) -> None:
    for i in range(first + 1, last):
        if before(data[i], data[first]):
            data.insert(first, data.pop(i))
        else:
            _insert_unguarded(data, i, before)


def _insert_unguarded(data: list[Pair], i: int, before: Before) -> None:
    value = data[i]
    while before(value, data[i - 1]):
        data[i] = data[i - 1]
        i -= 1
    data[i] = value


def _partial_sort(data: list[Pair], k: int, before: Before) -> None:
    _partial_sort_range(data, 0, k, len(data), before)


def _partial_sort_range(data: list[Pair], first: int, middle: int, last: int, before: Before) -> None:
    _heap_select(data, first, middle, last, before)
    while middle - first > 1:
        middle -= 1
        value = data[middle]
        data[middle] = data[first]
        _sift(data, first, 0, middle - first, value, before)


def _heap_select(data: list[Pair], first: int, middle: int, last: int, before: Before) -> None:
    size = middle - first
    for parent in range((size - 2) // 2, -1, -1):
        _sift(data, first, parent, size, data[first + parent], before)
    for i in range(middle, last):
        if before(data[i], data[first]):
            value = data[i]
            data[i] = data[first]
            _sift(data, first, 0, size, value, before)


def _sift(data: list[Pair], first: int, hole: int, size: int, value: Pair, before: Before) -> None:
    """Move the hole down to a leaf along the children that come last, then ``value`` up from there (Floyd)."""
    top, child = hole, hole
    while child < (size - 1) // 2:
        child = 2 * (child + 1)
        if before(data[first + child], data[first + child - 1]):
            child -= 1
        data[first + hole] = data[first + child]
        hole = child
    if size % 2 == 0 and child == (size - 2) // 2:
        child = 2 * child + 1
        data[first + hole] = data[first + child]
        hole = child
    parent = (hole - 1) // 2
    while hole > top and before(data[first + parent], value):
        data[first + hole] = data[first + parent]
        hole = parent
        parent = (hole - 1) // 2
    data[first + hole] = value
