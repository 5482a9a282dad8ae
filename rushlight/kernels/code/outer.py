"""The products of all pairs of elements of two vectors: a line of the result for each of the first."""

from __future__ import annotations

from typing import Any

from ..words import f32, i64, load, read, splat, store, unroll, write

T: Any = f32
L = 8


def lines(start, stop, out: write[T], a: read[T], b: read[T], n: i64):
    whole = n // (4 * L) * (4 * L)
    for row in range(start, stop):
        factor = splat(a[row], L)
        to = out + row * n
        for j in range(0, whole, 4 * L):
            for v in unroll(4):
                store(to, j + v * L, factor * load(b, j + v * L, L))
        for j in range(whole, n, L):
            store(to, j, factor * load(b, j, L, n - j), n - j)
