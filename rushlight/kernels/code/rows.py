"""Reductions of rows whose order PyTorch's CPU kernels fix element by element: variance, 2-norm, product; and the first k of a row."""

from __future__ import annotations

from typing import Any

from ..words import (
    all_lanes,
    extract,
    f32,
    f64,
    fma,
    gather,
    i64,
    iota,
    load,
    minimum,
    read,
    splat,
    sqrt,
    stack,
    sum_lanes,
    u8,
    unroll,
    write,
)

T: Any = f32  # bound when a kernel is compiled, like V
V = 8  # elements of a vector of 32 bytes
UNROLL = 4
LANES = 4  # float64 numbers of a vector
ROOT = False
ORDERED = False
INF = float("inf")


def spread(start, stop, out: write[T], x: read[T], length: i64, degrees: f64):
    """The variance of each row by Welford's recurrence in float64, rounded once; with ``ROOT`` the standard deviation.

    Each step waits for the one before it and for a division, so that two vectors of rows go along together.
    """
    row = i64(0) + start
    while row + 2 * LANES <= stop:
        spread_of_lanes(out + row, x + row * length, length, degrees, LANES, 2, ROOT)
        row += 2 * LANES
    while row < stop:
        spread_of_lanes(out + row, x + row * length, length, degrees, 1, 1, ROOT)
        row += 1


def spread_of_lanes(out, x, length, degrees, lanes, count, root):
    places = i64(iota(lanes)) * length if lanes > 1 else i64(0)
    middle = [splat(f64(0), lanes) for _ in range(count)]
    squares = [splat(f64(0), lanes) for _ in range(count)]
    for i in range(length):
        number = f64(i + 1)
        for j in unroll(count):
            v = f64(gather(x + (j * lanes * length + i), places))
            delta = v - middle[j]
            middle[j] = middle[j] + delta / splat(number, lanes)
            squares[j] = squares[j] + delta * (v - middle[j])
    for j in unroll(count):
        found = squares[j] / splat(degrees, lanes)
        out[j * lanes] = out.type.to(sqrt(found) if root else found)


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


def products(start, stop, out: write[T], x: read[T], length: i64, end: i64):
    """The product of each row: groups of four vectors condensed as (0 1) (2 3), lanes in order, then the numbers beyond them.

    The last row ends with the array, after ``end`` numbers.
    """
    for row in range(start, stop):
        at = x + row * length
        n = minimum(length, end - row * length)
        full = n // (UNROLL * V) * (UNROLL * V)
        total = T(1)
        if full > 0:
            v = [splat(T(1), V) for _ in range(UNROLL)]
            for i in range(0, full, UNROLL * V):
                for j in unroll(UNROLL):
                    v[j] = v[j] * load(at, i + j * V, V)
            lanes = (v[0] * v[1]) * (v[2] * v[3])
            for lane in unroll(V):
                total = total * extract(lanes, lane)
        for i in range(full, n):
            total = total * at[i]
        out[row] = total


def squares_around(start, stop, out: write[f64], x: read[T], middle: read[T], share: i64, end: i64):
    """For each share of the elements the sum of the squares of their distances from a mean, in float64: one after another where
    ``ORDERED``, else in lanes."""
    for piece in range(start, stop):
        at = x + piece * share
        n = minimum(share, end - piece * share)
        total = f64(0)
        whole = i64(0)
        if not ORDERED:
            whole = n // (4 * LANES) * (4 * LANES)
            sums = [splat(f64(0), LANES) for _ in range(4)]
            for i in range(0, whole, 4 * LANES):
                for j in unroll(4):
                    delta = f64(load(at, i + j * LANES, LANES)) - f64(middle[0])
                    sums[j] = sums[j] + delta * delta
            total = sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]))
        for i in range(whole, n):
            one = f64(at[i]) - f64(middle[0])
            total = total + one * one
        out[piece] = total


def around(start, stop, out: write[T], x: read[T], middle: read[T], length: i64, degrees: f64):
    """The variance of all elements about a mean that is given, added up in float64; with ``ROOT`` the standard deviation."""
    total = f64(0)
    for i in range(length):
        delta = f64(x[i]) - f64(middle[0])
        total = total + delta * delta
    found = total / degrees
    out[0] = T(sqrt(found) if ROOT else found)


KEPT = 32  # that ``first`` finds
WIDE = 32  # elements that are looked at together
SIGN = 1


def first(start, stop, values: write[T], places: write[i64], tied: write[u8], x: read[T], length: i64, k: i64):
    """The ``k`` largest of each row (the smallest if ``SIGN`` is -1), in order, with their places; ``k`` is at most ``KEPT``.

    ``tied`` is 1 for a row in which equal values among the first k + 1, or a NaN, leave a choice, which another makes then.
    """
    best = stack(T, KEPT + 2)  # the first k + 1 so far, after what comes before everything
    where = stack(i64, KEPT + 2)
    kept = minimum(k + 1, length)
    best[0] = T(INF)
    for row in range(start, stop):
        at = x + row * length
        choice = u8(0)
        for i in range(kept):
            v = at[i] * T(SIGN)
            if v != v:
                choice = u8(1)
            insert(best, where, i, v, i)
        whole = kept + (length - kept) // WIDE * WIDE
        for i in range(kept, whole, WIDE):
            if not all_lanes(load(at, i, WIDE) * T(SIGN) <= splat(best[kept], WIDE)):
                for j in range(i, i + WIDE):
                    choice = choice | consider(best, where, kept, at[j] * T(SIGN), j)
        for i in range(whole, length):
            choice = choice | consider(best, where, kept, at[i] * T(SIGN), i)
        for j in range(1, kept):
            if best[j] == best[j + 1]:
                choice = u8(1)
        tied[row] = choice
        for j in range(k):
            places[row * k + j] = where[j + 1]
            values[row * k + j] = best[j + 1] * T(SIGN)


def consider(best, where, kept, v, place):
    """A number beyond the first: 1 if it is NaN."""
    if v > best[kept]:
        insert(best, where, kept - 1, v, place)
    return u8(v != v)


def insert(best, where, count, v, place):
    """Put a number among the ``count`` that are kept, which are in order."""
    j = i64(0) + count
    while v > best[j]:
        best[j + 1] = best[j]
        where[j + 1] = where[j]
        j -= 1
    best[j + 1] = v
    where[j + 1] = place
