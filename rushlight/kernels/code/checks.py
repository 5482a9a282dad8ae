"""What is asked before an elementwise kernel runs, and into which chunks its work is cut."""

from __future__ import annotations

from ..cpython import DIMS, ND
from ..words import address, i32, i64, maximum, pointer
from .pool import WORKERS


def elements(array):
    """How many elements an ndarray has, given its struct as 64-bit words."""
    dims = pointer(i64, array[DIMS // 8])
    size = i64(1)
    for i in range(i64(pointer(i32, array)[ND // 4])):
        size *= dims[i]
    return size


def apart(a, b, size, a_item, b_item):
    """Whether two arrays of ``size`` elements of so many bytes begin at one place or do not overlap."""
    away = address(a) - address(b)
    return (away == 0) or (away >= size * b_item) or (away <= 0 - size * a_item)


def chunk(pool, size, least):
    """How many elements a chunk of an elementwise kernel has: a whole number of vectors, whatever they hold."""
    return maximum(size // (4 * (pool[WORKERS] + 1)) & ~63, i64(least))
