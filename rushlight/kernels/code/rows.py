"""Reductions of rows whose order PyTorch's CPU kernels fix element by element: variance, 2-norm, product; and the first k of a row."""

from __future__ import annotations

from typing import Any

from ..words import extract, f32, f64, fma, i64, load, minimum, read, splat, sqrt, stack, unroll, write

T: Any = f32  # bound when a kernel is compiled, like V
V = 8  # elements of a vector of 32 bytes
UNROLL = 4
ROOT = False
INF = float("inf")


def spread(start, stop, out: write[T], x: read[T], length: i64, degrees: f64):
    """The variance of each row by Welford's recurrence in float64, rounded once; with ``ROOT`` the standard deviation."""
    for row in range(start, stop):
        at = x + row * length
        middle = f64(0)
        squares = f64(0)
        for i in range(length):
            v = f64(at[i])
            delta = v - middle
            middle = middle + delta / f64(i + 1)
            squares = squares + delta * (v - middle)
        found = squares / degrees
        out[row] = T(sqrt(found) if ROOT else found)


def squares(start, stop, out: write[T], x: read[T], length: i64):
    """The 2-norm of each row: whole vectors lane by lane, the lanes in order, then the numbers beyond them, the last few fused."""
    for row in range(start, stop):
        at = x + row * length
        full = length // V * V
        total = T(0)
        if full > 0:
            lanes = splat(T(0), V)
            for i in range(0, full, V):
                v = load(at, i, V)
                lanes = lanes + v * v
            for lane in unroll(V):
                total = total + extract(lanes, lane)
        fused = full + (length - full) // 4 * 4
        for i in range(full, fused):
            total = total + at[i] * at[i]
        for i in range(fused, length):
            total = fma(at[i], at[i], total)
        out[row] = sqrt(total)


def products(start, stop, out: write[T], x: read[T], length: i64):
    """The product of each row: groups of four vectors condensed as (0 1) (2 3), lanes in order, then the numbers beyond them."""
    for row in range(start, stop):
        at = x + row * length
        full = length // (UNROLL * V) * (UNROLL * V)
        total = T(1)
        if full > 0:
            v = [splat(T(1), V) for _ in range(UNROLL)]
            for i in range(0, full, UNROLL * V):
                for j in unroll(UNROLL):
                    v[j] = v[j] * load(at, i + j * V, V)
            lanes = (v[0] * v[1]) * (v[2] * v[3])
            for lane in unroll(V):
                total = total * extract(lanes, lane)
        for i in range(full, length):
            total = total * at[i]
        out[row] = total


def around(start, stop, out: write[T], x: read[T], middle: read[T], length: i64, degrees: f64):
    """The variance of all elements about a mean that is given, added up in float64; with ``ROOT`` the standard deviation."""
    total = f64(0)
    for i in range(length):
        delta = f64(x[i]) - f64(middle[0])
        total = total + delta * delta
    found = total / degrees
    out[0] = T(sqrt(found) if ROOT else found)


KEPT = 32  # that ``first`` finds
SIGN = 1


def first(start, stop, values: write[T], places: write[i64], tied: write[i64], x: read[T], length: i64, k: i64):
    """The ``k`` largest of each row (the smallest if ``SIGN`` is -1), in order, with their places; ``k`` is at most ``KEPT``.

    ``tied[0]`` becomes 1 if equal values among the first k + 1, or a NaN, leave a choice, which another makes then.
    """
    best = stack(T, KEPT + 2)  # the first k + 1 so far, after what comes before everything
    where = stack(i64, KEPT + 2)
    kept = minimum(k + 1, length)
    best[0] = T(INF)
    for row in range(start, stop):
        at = x + row * length
        for i in range(length):
            v = at[i] * T(SIGN)
            if v != v:
                tied[0] = i64(1)
            if (i < kept) or (v > best[kept]):
                j = minimum(i, kept - 1)
                while v > best[j]:
                    best[j + 1] = best[j]
                    where[j + 1] = where[j]
                    j -= 1
                best[j + 1] = v
                where[j + 1] = i
        for j in range(1, kept):
            if best[j] == best[j + 1]:
                tied[0] = i64(1)
        for j in range(k):
            places[row * k + j] = where[j + 1]
            values[row * k + j] = best[j + 1] * T(SIGN)
