"""The largest or smallest number of each row; NaN if there is one."""

from __future__ import annotations

from ..words import extract, f32, i64, load, minimum, read, select, unroll, write

T = f32  # bound when a kernel is made
LANES, ROWS = 8, 4


def maxima(start, stop, out: write[T], x: read[T], n: i64):
    of_rows(larger, start, stop, out, x, n)


def minima(start, stop, out: write[T], x: read[T], n: i64):
    of_rows(smaller, start, stop, out, x, n)


def larger(v, best):
    return select((v > best) or (v != v), v, best)


def smaller(v, best):
    return select((v < best) or (v != v), v, best)


def of_rows(better, start, stop, out, x, n):
    if n < LANES:
        for row in range(start, stop):
            best = x[row * n]
            for i in range(1, n):
                best = better(x[row * n + i], best)
            out[row] = best
    else:
        for row in range(start, stop):
            out[row] = of_row(better, x + row * n, n)


def of_row(better, x, n):
    """Four vectors side by side; the last of each may lie over the one before it."""
    last = n - LANES
    best = [load(x, minimum(LANES * r, last), LANES) for r in range(ROWS)]
    for i in range(ROWS * LANES, n, ROWS * LANES):
        for r in unroll(ROWS):
            best[r] = better(load(x, minimum(i + LANES * r, last), LANES), best[r])
    lanes = better(better(best[0], best[1]), better(best[2], best[3]))
    found = extract(lanes, 0)
    for lane in unroll(1, LANES):
        found = better(extract(lanes, lane), found)
    return found
