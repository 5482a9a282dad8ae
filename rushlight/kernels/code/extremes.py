"""The largest or smallest number of each row, or down columns with its place; NaN if there is one."""

from __future__ import annotations

from ..words import extract, f32, i64, load, minimum, read, select, splat, unroll, write

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


def first_maxima(start, stop, values: write[T], places: write[i64], x: read[T], n: i64, inner: i64, block: i64):
    """The largest down the columns of each matrix of n rows, and the first row that has it; NaN if there is one."""
    down_columns(1, start, stop, values, places, x, n, inner, block)


def first_minima(start, stop, values: write[T], places: write[i64], x: read[T], n: i64, inner: i64, block: i64):
    down_columns(-1, start, stop, values, places, x, n, inner, block)


def down_columns(sign, start, stop, values, places, x, n, inner, block):
    blocks = (inner + block - 1) // block
    for unit in range(start, stop):
        outer = unit // blocks
        column = (unit - outer * blocks) * block
        width = minimum(inner - column, block)
        whole = width // LANES * LANES
        to, where = values + (outer * inner + column), places + (outer * inner + column)
        at = x + (outer * n * inner + column)
        for i in range(width):
            to[i] = at[i]
            where[i] = i64(0)
        for row in range(1, n):
            at = at + inner
            for i in range(0, whole, LANES):
                v, best = load(at, i, LANES), load(to, i, LANES)
                better = comes_before(v, best, sign)
                to[i] = select(better, v, best)
                where[i] = select(better, splat(row, LANES), load(where, i, LANES))
            for i in range(whole, width):
                one = at[i]
                if comes_before(one, to[i], sign):
                    to[i] = one
                    where[i] = row


def comes_before(v, best, sign):
    """Whether a number takes the place of the best before it; of NaN the first one does."""
    larger = v > best if sign == 1 else v < best
    return larger or ((v != v) and (best == best))
