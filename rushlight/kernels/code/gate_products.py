"""Products of float32 matrices as oneDNN's small ones add, of which recurrent layers consist (``kernels.gate_products``).

Vectors run along the weights' side, rows of the other factor are broadcast. An element is one chain of fused operations, or two whose
terms take turns, fused or rounded twice: which of the three depends on the rows and columns that its matrix has left over.
"""

from __future__ import annotations

from ..language import separate
from ..words import extract, f32, fma, i64, load, minimum, read, shuffle, splat, stack, store, unroll, write
from .panels import MOST_ROWS, PANEL, W, height, turned

#: How a row's sums are made, and what becomes of what is there already.
ONE_CHAIN, TWO_CHAINS, TWO_ROUNDED = 0, 1, 2
REPLACE, ADD, GO_ON = 0, 1, 2
MOST_TERMS = 256  # of a block


def take(FUSED, R, V, sums, rows, at, p):
    """One term more for each of the sums."""
    vectors = [load(p, v * W, W) for v in range(V)]
    for r in unroll(R):
        factor = splat(rows[r][at], W)
        for v in unroll(V):
            if FUSED:
                sums[V * r + v] = fma(factor, vectors[v], sums[V * r + v])
            else:
                sums[V * r + v] = factor * vectors[v] + sums[V * r + v]


def tile(MODE, R, V, to, width, left, rows, a, between, along, panel, k, how):
    """``rows`` of R rows times V vectors of a panel. A row's terms are ``along`` apart, rows ``between``; ``left`` columns are there."""
    given = [a + minimum(i64(r), rows - 1) * between for r in range(R)]
    sums = [splat(f32(0), W)] * (R * V)
    if how == GO_ON:
        for r in unroll(R):
            for v in unroll(V):
                sums[V * r + v] = load(to + minimum(i64(r), rows - 1) * width, v * W, W, left - v * W)
    p, at = panel + 0, i64(0)
    if MODE == ONE_CHAIN:
        for _ in range(k):
            take(True, R, V, sums, given, at, p)
            p = p + PANEL
            at += along
    else:
        others = [splat(f32(0), W)] * (R * V)
        for _ in range(k // 2):
            take(MODE == TWO_CHAINS, R, V, sums, given, at, p)
            take(MODE == TWO_CHAINS, R, V, others, given, at + along, p + PANEL)
            p = p + 2 * PANEL
            at += 2 * along
        for i in unroll(R * V):
            sums[i] = sums[i] + others[i]
        if k % 2 == 1:
            take(MODE == TWO_CHAINS, R, V, sums, given, at, p)
    for r in unroll(R):
        if r < rows:
            for v in unroll(V):
                put_sum(to + (r * width + v * W), sums[V * r + v], left - v * W, how)


def put_sum(to, value, left, how):
    if left >= W:
        if how == ADD:
            store(to, 0, load(to, 0, W) + value)
        else:
            store(to, 0, value)
    elif left > 0:
        if how == ADD:
            store(to, 0, load(to, 0, W, left) + value, left)
        else:
            store(to, 0, value, left)


@separate
def add_panel(
    start: i64, stop: i64, to: write[f32], width: i64, left: i64, a: read[f32], between: i64, along: i64, panel: read[f32], k: i64,
    plan: read[i64], how: i64, odd: i64,
):  # fmt: skip
    """Rows ``start`` to ``stop`` times a panel. ``plan``: for each row its mode, and where rows of that mode end, times 4.

    ``odd``: which of the panel's vectors, 1 or 2, always has two chains; 0 for none.
    """
    row = start + 0
    while row < stop:
        mode, rest = plan[row] & 3, minimum(plan[row] >> 2, stop) - row
        here, there = a + row * between, to + row * width
        done = rest + 0
        if mode == TWO_CHAINS:
            tile(TWO_CHAINS, 3, 2, there, width, left, rest, here, between, along, panel, k, how)
        elif mode == TWO_ROUNDED:
            tile(TWO_ROUNDED, 2, 2, there, width, left, rest, here, between, along, panel, k, how)
        elif odd > 0:
            done = minimum(i64(4), rest)
            if odd == 2:
                tile(ONE_CHAIN, 4, 1, there, width, left, done, here, between, along, panel, k, how)
            at = (odd - 1) * W
            tile(TWO_CHAINS, 4, 1, there + at, width, left - at, done, here, between, along, panel + at, k, how)
        else:
            R_here = height(rest)
            done = minimum(R_here, rest)
            for R in unroll(4, MOST_ROWS + 1):
                if R_here == R:
                    tile(ONE_CHAIN, R, 2, there, width, left, done, here, between, along, panel, k, how)
        row += done


def add_panels(start, stop, to, width, a, inner, panels, plan, cuts, blocks, how, tail):
    """Rows ``start`` to ``stop`` of ``a``, ``inner`` long, times all panels; the terms in ``blocks``, between ``cuts``.

    ``tail``: the last vector has two chains in all rows.
    """
    for panel in range((width + PANEL - 1) // PANEL):
        left = width - panel * PANEL
        odd = i64(0)
        if (tail == 1) and (left <= PANEL):
            odd = i64(2) if left > W else i64(1)
        for block in range(blocks):
            k = cuts[block]
            next_how = i64(ADD) if (block > 0) and (how == REPLACE) else how + 0
            at, p = to + panel * PANEL, panels + (panel * inner + k) * PANEL
            add_panel(start, stop, at, width, left, a + k, inner, 1, p, cuts[block + 1] - k, plan, next_how, odd)


def products(
    start, stop, to: write[f32], a: read[f32], panels: read[f32], plan: read[i64], cuts: read[i64], width: i64, inner: i64, blocks: i64,
    how: i64, tail: i64,
):  # fmt: skip
    add_panels(start, stop, to, width, a, inner, panels, plan, cuts, blocks, how, tail)


def products_of_column(start, stop, to: write[f32], a: read[f32], w: read[f32], inner: i64):
    """Rows of ``a`` times one column: eight sums, in blocks of 512 terms, whose last terms are added apart."""
    for row in range(start, stop):
        own = a + row * inner
        total = f32(0)
        for first in range(0, inner, 512):
            end = minimum(first + 512, inner)
            i = first + 0
            sums = splat(f32(0), 8)
            while i + 16 <= end:
                sums = fma(load(w, i, 8), load(own, i, 8), sums)
                sums = fma(load(w, i + 8, 8), load(own, i + 8, 8), sums)
                i += 16
            if i > first:
                total = total + pairs(sums)
            for count in unroll(8, 3, -4):
                if end - i >= count:
                    total = total + pairs(load(w, i, 8, count) * load(own, i, 8, count))
                    i += count
        to[row] = total


def pairs(x):
    """The sum of eight lanes: neighbours, then those four apart, then the rest."""
    twos = shuffle(x, x, (0, 2, 4, 6)) + shuffle(x, x, (1, 3, 5, 7))
    return (extract(twos, 0) + extract(twos, 2)) + (extract(twos, 1) + extract(twos, 3))


def gradients(
    start, stop, to: write[f32], sums: write[f32], to_bias: write[f32], slopes: read[f32], x: read[f32], plan: read[i64],
    cuts: read[i64], width: i64, columns: i64, blocks: i64, how: i64, tail: i64, last: i64, steps: i64, batch: i64,
):  # fmt: skip
    """``slopes.T @ x`` by panels of slopes, into ``sums`` (panel, column of x, PANEL); the last time they are turned, into ``to``.

    ``to_bias`` gets sums of slopes over ``steps`` times ``batch`` rows, the last step first.
    """
    room = stack(f32, MOST_TERMS * PANEL)
    for panel in range(start, stop):
        column = panel * PANEL
        left, own = width - column, sums + panel * columns * PANEL
        odd = i64(0)
        if (tail == 1) and (left <= PANEL):
            odd = i64(2) if left > W else i64(1)
        for block in range(blocks):
            k, count = cuts[block], cuts[block + 1] - cuts[block]
            for i in range(count):
                for v in unroll(2):
                    rest = left - v * W
                    from_here = slopes + ((k + i) * width + column + v * W)
                    if rest >= W:
                        store(room, i * PANEL + v * W, load(from_here, 0, W))
                    else:
                        store(room, i * PANEL + v * W, load(from_here, 0, W, rest))
            next_how = i64(ADD) if (block > 0) and (how == REPLACE) else how + 0
            add_panel(0, columns, own, PANEL, PANEL, x + k * columns, 1, columns, room, count, plan, next_how, odd)
        if steps > 0:
            sum_backwards(to_bias + column, slopes + column, left, width, steps, batch)
        if last == 1:
            for n in range(0, columns, 8):
                for j in range(0, minimum(left, PANEL), 8):
                    square = turned([load(own, minimum(n + r, columns - 1) * PANEL + j, 8) for r in range(8)])
                    for r in unroll(8):
                        if j + r < left:
                            store(to + (column + j + r) * columns, n, square[r], columns - n)


def sum_backwards(to, slopes, left, width, steps, batch):
    """Rows added one after another, in order within a step, the last step first."""
    totals = [splat(f32(0), W)] * 2
    for step in range(steps):
        row = slopes + (steps - 1 - step) * batch * width
        for _ in range(batch):
            for v in unroll(2):
                totals[v] = totals[v] + load(row, v * W, W, left - v * W)
            row = row + width
    for v in unroll(2):
        if left > v * W:
            store(to, v * W, totals[v], left - v * W)
