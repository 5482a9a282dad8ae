"""The first k of rows in the order in which the C++ standard library's partial sort leaves them, which is PyTorch's among equal values: the
steps of ``kernels.topk_order``, one by one.

Elements are words of a key (``sorting.short_key``), by which alone they are compared, and a place.
"""

from __future__ import annotations

from ..words import f32, i64, read, stack, write
from .sorting import short_key

T = f32  # bound when a kernel is compiled
BYTES = 4  # of an element
DESCENDING = False
SMALL = 16  # ranges up to this long are left to the insertion sort
FEW = 64  # PyTorch sorts partially if there are this many times more values than wanted


def first(start, stop, places: write[i64], scratch: write[i64], x: read[T], n: i64, k: i64, in_order: i64, grain: i64):
    """The places of the first ``k`` of each row; without ``in_order`` as the selection leaves them."""
    words = scratch + start // grain * n
    for row in range(start, stop):
        for i in range(n):
            words[i] = (i64(short_key(x[row * n + i], BYTES, DESCENDING)) << 32) | i
        if k * FEW <= n:
            sort_partially(words, k, n)
        else:
            select(words, k - 1, n)
            if in_order == 1:
                sort(words, k - 1)
        for i in range(k):
            places[row * k + i] = words[i] & 0xFFFFFFFF


def before(a, b):
    return ((a >> 32) & 0xFFFFFFFF) < ((b >> 32) & 0xFFFFFFFF)


def swap(words, i, j):
    one = words[i]
    words[i] = words[j]
    words[j] = one


# -- heaps: the word that comes last is at the top --------------------------------------------------------------------------
def sift(heap, start, size, value):
    """Move the hole down to a leaf, along the children that come last, then ``value`` up from there."""
    hole = i64(0) + start
    child = 2 * hole + 2
    while child <= size:
        larger = child + 0
        if child == size:
            larger -= 1
        else:
            if before(heap[child], heap[child - 1]):
                larger -= 1
        heap[hole] = heap[larger]
        hole = larger + 0
        child = 2 * hole + 2
    rising = i64(1)
    while (hole > start) and (rising == 1):
        parent = (hole - 1) // 2
        if before(heap[parent], value):
            heap[hole] = heap[parent]
            hole = parent + 0
        else:
            rising = 0
    heap[hole] = value


def select_by_heap(heap, size, count):
    """Gather the first ``size`` of ``count`` words in a heap where they begin."""
    parent = (size - 2) // 2
    while parent >= 0:
        value = heap[parent]
        sift(heap, parent, size, value)
        parent -= 1
    for i in range(size, count):
        if before(heap[i], heap[0]):
            value = heap[i]
            heap[i] = heap[0]
            sift(heap, i64(0), size, value)


def sort_partially(heap, size, count):
    select_by_heap(heap, size, count)
    end = size - 1
    while end > 0:
        value = heap[end]
        heap[end] = heap[0]
        sift(heap, i64(0), end, value)
        end -= 1


# -- quickselect and quicksort ----------------------------------------------------------------------------------------------
def depth_limit(count):
    depth = i64(0)
    left = count >> 1
    while left > 0:
        depth += 2
        left = left >> 1
    return depth


def partition(words, first, last):
    """Hoare's partition around the median of the second, the middle and the last: where the right part begins."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    median = a + 0
    if before(words[a], words[b]):
        if before(words[b], words[c]):
            median = b
        else:
            if before(words[a], words[c]):
                median = c
    else:
        if not before(words[a], words[c]):
            median = b
            if before(words[b], words[c]):
                median = c
    swap(words, first, median)
    pivot = words[first]
    low, high = first + 1, last + 0
    apart = i64(1)
    while apart == 1:
        while before(words[low], pivot):
            low += 1
        high -= 1
        while before(pivot, words[high]):
            high -= 1
        if low < high:
            swap(words, low, high)
            low += 1
        else:
            apart = 0
    return low


def insert(words, first, last):
    """The closing insertion sort: it never moves a word past an equal one."""
    for i in range(first + 1, last):
        value = words[i]
        j = i + 0
        while (j > first) and before(value, words[j - 1 if j > first else first]):
            words[j] = words[j - 1]
            j -= 1
        words[j] = value


def select(words, place, count):
    """Bring what belongs at a place there, what comes first before it."""
    first, last = i64(0), count + 0
    depth = depth_limit(count)
    going = i64(1)
    while (last - first > 3) and (going == 1):
        if depth == 0:
            select_by_heap(words + first, place + 1 - first, last - first)
            swap(words, first, place)
            going = 0
        else:
            depth -= 1
            cut = partition(words, first, last)
            if cut <= place:
                first = cut + 0
            else:
                last = cut + 0
    if going == 1:
        insert(words, first, last)


def sort(words, count):
    """Quicksort down to short ranges, which wait on a stack, then insertion."""
    pending = stack(i64, 3 * 64)
    waiting = i64(0)
    if count > 0:
        pending[0], pending[1], pending[2] = i64(0), count + 0, depth_limit(count)
        waiting = 1
    while waiting > 0:
        waiting -= 1
        first, last, depth = pending[3 * waiting], pending[3 * waiting + 1], pending[3 * waiting + 2]
        if last - first > SMALL:
            if depth == 0:
                sort_partially(words + first, last - first, last - first)
            else:
                cut = partition(words, first, last)
                pending[3 * waiting], pending[3 * waiting + 1], pending[3 * waiting + 2] = first, cut, depth - 1
                waiting += 1
                pending[3 * waiting], pending[3 * waiting + 1], pending[3 * waiting + 2] = cut, last, depth - 1
                waiting += 1
    insert(words, i64(0), count)
