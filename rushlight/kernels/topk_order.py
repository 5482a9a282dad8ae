"""Which of several equal values ``topk`` returns, and in which order.

Where all values differ there is one answer and any sort finds it. Among equal values PyTorch's answer is what the C++
standard library's partial sort leaves of (value, index) pairs that it compares by value alone, so it depends on that
library's algorithms. They are followed here (libstdc++): quickselect and quicksort with a median of three, falling
back to heaps (Musser, "Introspective sorting and selection algorithms", 1997), with an insertion sort for the short
ends.

Values are replaced by *ranks*: integers, equal for equal values, smaller for what comes first. ``ranks`` and
``order`` (the indices) are permuted together, in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import sorting
from .along import taken_along

Array = np.ndarray[Any, Any]

_SMALL = 16  # ranges up to this long are left to the insertion sort
_ROWS = 3  # from here on rows are done at once
_FEW = 64  # PyTorch sorts partially if there are this many times more values than wanted


def topk_indices(values: Array, k: int, largest: bool = True, sorted: bool = True) -> Array:
    """Indices (int64) of the ``k`` largest (or smallest) of a 1-d array; NaN counts as the largest.

    ``sorted=False`` returns them in the order that the selection leaves, which is PyTorch's too.

    >>> topk_indices(np.array([3.0, 1.0, 3.0, 2.0]), 2)
    array([0, 2])

    Raises:
        RuntimeError: if k is negative or more than there are.
    """
    n = values.shape[0]
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: k = {k}, but there are {n} values")
    if k == 0:
        return np.empty(0, np.int64)
    if values.dtype.itemsize == 2 and values.dtype.kind not in "iu":
        values = values.astype(np.float32)  # exact, and sorts faster
    if sorted or k * _FEW <= n:
        unique = _order_without_ties(values, k, largest)
        if unique is not None:
            return unique
    return _rows_with_ties(values[None], k, largest, sorted)[0]


def topk_rows(values: Array, k: int, largest: bool = True, sorted: bool = True) -> Array:
    """``topk_indices`` of each row of a 2-d array: those without ties all at once."""
    rows, n = values.shape
    if values.dtype.char != "d":  # whose keys are too long
        found = sorting.first(values, k, largest, sorted)
        if found is not None:
            return found
    if rows < _ROWS or not 0 < k <= n or not (sorted or k * _FEW <= n):
        return np.array([topk_indices(row, k, largest, sorted) for row in values], np.int64).reshape(rows, k)
    wide = values.astype(np.float32) if values.dtype.itemsize == 2 and values.dtype.kind not in "iu" else values
    order, ranked = _first_ones(wide, k, largest)
    tied = (ranked[:, 1:] == ranked[:, :-1]).any(1) | (ranked != ranked).any(1)
    out = order[:, :k].astype(np.int64)
    if tied.any():
        out[tied] = _rows_with_ties(wide[tied], k, largest, sorted)
    return out


def _rows_with_ties(values: Array, k: int, largest: bool, sort_them: bool) -> Array:
    found = sorting.first(values, k, largest, sort_them)
    if found is not None:
        return found
    return np.array([_order_with_ties(row, k, largest, sort_them) for row in values], np.int64).reshape(-1, k)


def _first_ones(values: Array, k: int, largest: bool) -> tuple[Array, Array]:
    """Places and values of the first k and one more of each row, to see a tie at the border."""
    n = values.shape[1]
    count = min(k + 1, n)
    border = n - count if largest else count - 1
    chosen = np.argpartition(values, border, axis=1)
    chosen = chosen[:, border:] if largest else chosen[:, :count]
    picked = taken_along(values, chosen, 1)
    places = np.argsort(picked, axis=1)
    if largest:
        places = places[:, ::-1]
    return taken_along(chosen, places, 1), taken_along(picked, places, 1)


def _order_without_ties(values: Array, k: int, largest: bool) -> Array | None:
    """The answer by an ordinary sort, or None if equal values leave a choice."""
    n = values.shape[0]
    count = min(k + 1, n)  # one more, to see a tie at the border
    border = n - count if largest else count - 1
    chosen = np.argpartition(values, border)
    chosen = chosen[border:] if largest else chosen[:count]
    order = chosen[np.argsort(values[chosen])]
    if largest:
        order = order[::-1]
    ranked = values[order]
    if (ranked[1:] == ranked[:-1]).any() or (ranked != ranked).any():
        return None
    return order[:k].astype(np.int64)


def _order_with_ties(values: Array, k: int, largest: bool, sort_them: bool) -> Array:
    _, ranks, counts = np.unique(values, return_inverse=True, return_counts=True)
    tied = counts[ranks] > 1
    if largest:
        ranks = len(counts) - 1 - ranks
    n = len(ranks)
    order = np.arange(n)
    if k * _FEW <= n:
        _partial_sort(ranks, order, 0, k, n)
    else:
        _select(ranks, order, k - 1)
        if sort_them:
            _sort(ranks[: k - 1], order[: k - 1], tied)
    return order[:k]


# -- quickselect and quicksort ------------------------------------------------------------------------------------
def _depth_limit(n: int) -> int:
    return 2 * (n.bit_length() - 1)


def _select(ranks: Array, order: Array, nth: int) -> None:
    """Bring what belongs at place ``nth`` there, what comes first before it."""
    first, last = 0, len(ranks)
    depth = _depth_limit(last)
    while last - first > 3:
        if depth == 0:
            _heap_select(ranks, order, first, nth + 1, last)
            _swap(ranks, order, first, nth)
            return
        depth -= 1
        cut = _partition(ranks, order, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _stable_sort(ranks[first:last], order[first:last])


def _sort(ranks: Array, order: Array, tied: Array) -> None:
    """Quicksort down to short ranges. A range without ties has one order, which the closing sort finds as well."""
    n = len(ranks)
    pending = [(0, n, _depth_limit(n))] if n else []
    while pending:
        first, last, depth = pending.pop()
        if last - first <= _SMALL or not tied[order[first:last]].any():
            continue
        if depth == 0:
            _partial_sort(ranks, order, first, last, last)
            continue
        cut = _partition(ranks, order, first, last)
        pending += ((first, cut, depth - 1), (cut, last, depth - 1))
    _stable_sort(ranks, order)


def _stable_sort(ranks: Array, order: Array) -> None:
    """The closing insertion sort: it never moves a pair past an equal one."""
    places = np.argsort(ranks, kind="stable")
    ranks[:] = ranks[places]
    order[:] = order[places]


def _partition(ranks: Array, order: Array, first: int, last: int) -> int:
    """Hoare's partition around the median of the second, the middle and the last: where the right part begins.

    One pointer runs up to what does not come before the pivot, one down to what does not come after it, these two
    change places, and so on until the pointers meet. Where they stop is known beforehand, so all changes happen at
    once.
    """
    _median_to_first(ranks, order, first, first + 1, first + (last - first) // 2, last - 1)
    pivot = ranks[first]
    rest, rest_order = ranks[first + 1 : last], order[first + 1 : last]
    up = np.flatnonzero(rest >= pivot)
    down = np.flatnonzero(rest <= pivot)[::-1]
    both = min(len(up), len(down))
    pairs = int(np.count_nonzero(up[:both] < down[:both]))
    left, right = up[:pairs], down[:pairs]
    for array in (rest, rest_order):
        array[left], array[right] = array[right], array[left]
    # The upward pointer stops next at its own stop or at what it last sent to the right.
    stops = [int(up[pairs])] if pairs < len(up) else []
    if pairs:
        stops.append(int(right[-1]))
    return first + 1 + min(stops)


def _median_to_first(ranks: Array, order: Array, first: int, a: int, b: int, c: int) -> None:
    x, y, z = ranks[a], ranks[b], ranks[c]
    if x < y:
        median = b if y < z else c if x < z else a
    else:
        median = a if x < z else c if y < z else b
    _swap(ranks, order, first, median)


def _swap(ranks: Array, order: Array, i: int, j: int) -> None:
    for array in (ranks, order):
        array[i], array[j] = array[j], array[i]


# -- heaps: the pair that comes last is at the top --------------------------------------------------------------------
def _partial_sort(ranks: Array, order: Array, first: int, middle: int, last: int) -> None:
    """Sort what belongs into ``first:middle`` there."""
    heap = _heap_select(ranks, order, first, middle, last)
    for end in range(len(heap) - 1, 0, -1):
        value = heap[end]
        heap[end] = heap[0]
        _sift(heap, 0, end, value)
    _write(ranks, order, first, heap)


def _heap_select(ranks: Array, order: Array, first: int, middle: int, last: int) -> list[tuple[int, int]]:
    """Gather what belongs into ``first:middle`` in a heap there; the heap is also returned, as (rank, index) pairs."""
    heap = list(zip(ranks[first:middle].tolist(), order[first:middle].tolist(), strict=True))
    for parent in range((len(heap) - 2) // 2, -1, -1):
        _sift(heap, parent, len(heap), heap[parent])
    start, length = middle, _FEW
    while start < last:
        piece = ranks[start : min(start + length, last)]
        for i in (np.flatnonzero(piece < heap[0][0]) + start).tolist():
            if ranks[i] < heap[0][0]:
                value = (int(ranks[i]), int(order[i]))
                ranks[i], order[i] = heap[0]
                _sift(heap, 0, len(heap), value)
        start += length
        length *= 2
    _write(ranks, order, first, heap)
    return heap


def _write(ranks: Array, order: Array, first: int, heap: list[tuple[int, int]]) -> None:
    ranks[first : first + len(heap)], order[first : first + len(heap)] = np.array(heap).T


def _sift(heap: list[tuple[int, int]], hole: int, size: int, value: tuple[int, int]) -> None:
    """Move the hole down to a leaf, along the children that come last, then ``value`` up from there (Floyd)."""
    top = hole
    while (child := 2 * hole + 2) <= size:
        if child == size or heap[child][0] < heap[child - 1][0]:
            child -= 1
        heap[hole] = heap[child]
        hole = child
    while hole > top and heap[(hole - 1) // 2][0] < value[0]:
        heap[hole] = heap[(hole - 1) // 2]
        hole = (hole - 1) // 2
    heap[hole] = value
