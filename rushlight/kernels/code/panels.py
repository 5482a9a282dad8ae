"""Products by tiles whose right factor is packed: panels of two vectors of columns, one row of the factor after another.

A few rows by a panel stay in registers along the inner size: each element is one chain of fused multiply-adds, as in PyTorch's BLAS
for up to 192 terms.
"""

from __future__ import annotations

from ..registers import lanes
from ..words import f32, fma, i64, load, minimum, select, shuffle, splat, store, unroll

W = lanes()
PANEL = 2 * W
MOST_ROWS = 6  # of a tile


def add_products(R, sums, a, between, count, panel, k, V=2, W=W):
    """Add to ``R`` rows by a panel of sums: ``count`` rows of ``a``, ``between`` apart, times k rows of a panel of V vectors of W."""
    rows = [a + minimum(i64(r), count - 1) * between for r in range(R)]
    p = panel + 0
    for i in range(k):
        vectors = [load(p, v * W, W) for v in range(V)]
        for r in unroll(R):
            factor = splat(rows[r][i], W)
            for v in unroll(V):
                sums[V * r + v] = fma(factor, vectors[v], sums[V * r + v])
        p = p + V * W


def terms_of_a_chain(inner):
    """How long the chains of a product are in PyTorch's BLAS: up to 384 terms are halved, else there are 192 in each."""
    longer = inner // 2 if inner < 384 else i64(192)
    return inner if inner <= 192 else longer


def height(rest):
    """Rows of the next tile: six, or five or four if the last tiles are whole then. Fewer than four leave units idle."""
    fives = (rest == 5) or (rest == 9) or (rest == 10) or ((rest >= 13) and (rest <= 15))
    return select((rest <= 4) or (rest == 7) or (rest == 8), i64(4), select(fives, i64(5), i64(6)))


def add_turned_products(R, sums, a, between, count, panel, k):
    """The same for ``R`` columns of ``a``, whose k rows are ``between`` apart; ``count`` columns are there."""
    columns = [a + minimum(i64(r), count - 1) for r in range(R)]
    p = panel + 0
    at = i64(0)
    for _ in range(k):
        first, second = load(p, 0, W), load(p, W, W)
        for r in unroll(R):
            factor = splat(columns[r][at], W)
            sums[2 * r] = fma(factor, first, sums[2 * r])
            sums[2 * r + 1] = fma(factor, second, sums[2 * r + 1])
        p = p + PANEL
        at += between


def turned(x):
    """Eight vectors of eight: the columns of the square become its rows."""
    pairs = [shuffle(x[i // 2 * 2], x[i // 2 * 2 + 1], PAIRS[i % 2]) for i in range(8)]
    fours = [shuffle(pairs[FIRST[i]], pairs[FIRST[i] + 2], FOURS[i % 2]) for i in range(8)]
    return [shuffle(fours[i % 4], fours[i % 4 + 4], HALVES[i // 4]) for i in range(8)]


PAIRS = (0, 8, 1, 9, 4, 12, 5, 13), (2, 10, 3, 11, 6, 14, 7, 15)
FIRST = 0, 0, 1, 1, 4, 4, 5, 5
FOURS = (0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15)
HALVES = (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)


def pack(room, x, rows, between, columns, factor):
    """Panels of columns of a matrix whose rows are ``between`` apart, times a number; columns that are not there are 0."""
    for column in range(0, columns, W):
        left = columns - column
        to = room + (column // PANEL * (PANEL * rows) + column % PANEL)
        for i in range(rows):
            store(to, i * PANEL, load(x, i * between + column, W, left) * factor)
    if (columns - 1) % PANEL < W:
        to = room + (columns // PANEL * (PANEL * rows) + W)
        for i in range(rows):
            store(to, i * PANEL, splat(f32(0), W))


def pack_turned(room, x, rows, between, columns, factor):
    """Panels of rows of the same matrix: its transpose's columns. Rows that are not there are the last one again."""
    whole = columns // 8 * 8
    for row in range(0, (rows + PANEL - 1) // PANEL * PANEL, 8):
        to = room + (row // PANEL * (PANEL * columns) + row % PANEL)
        for i in range(0, whole, 8):
            square = turned([load(x, minimum(row + r, rows - 1) * between + i, 8) * factor for r in range(8)])
            for r in unroll(8):
                store(to, (i + r) * PANEL, square[r])
        for i in range(whole, columns):
            for r in range(8):
                to[i * PANEL + r] = x[minimum(row + r, rows - 1) * between + i] * factor
