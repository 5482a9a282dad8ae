"""Products of matrices by tiles: a few rows by two vectors of columns of the result stay in registers along the inner size.

Blocks of the factors are packed first, so that a tile reads memory in order: the right one in panels of two vectors of columns, the
left one, where its rows do not lie along the inner size, in strips of as many rows as a tile has. What the columns of a vector
beyond the last one hold is never stored.

``FUSED`` is the order of the ordinary products: each element is one chain of fused multiply-adds for a block of the inner size,
and the sums of the blocks are added, first to the source if there is one. Otherwise every product and every sum is rounded.
``CHAIN``: the chain begins with the source and is as long as the inner size, in small products of float32 and all of float64.
"""

from __future__ import annotations

from typing import Any

from ..registers import lanes
from ..words import (
    address,
    f32,
    fma,
    i64,
    load,
    maybe,
    minimum,
    prefetch,
    select,
    splat,
    stack,
    store,
    strided,
    unroll,
    write,
)
from .panels import turned

T: Any = f32
W = lanes()
FUSED = True
CHAIN = False
BLOCK = 192  # of the inner size
ROWS, COLUMNS = 192, 192  # of a block of the result at most


def tile(R, V, W, T, FUSED, CHAIN, out, n, count, left, a, ra, ka, b, kb, k, source, ss, spare):
    """``R`` rows by ``V`` vectors, of which ``count`` rows and ``left`` columns are there: ``a @ b`` and the source.

    The source is null, or has its rows ``ss`` apart. ``spare`` is room for a tile: one that is not whole is stored from there.
    """
    rows = [a + minimum(i64(r), count - 1) * ra for r in range(R)]
    to = [out + r * n for r in range(R)]
    given = address(source) != 0
    whole = (left >= V * W) and (count == R)
    sums = [splat(T(0), W)] * (R * V)
    if CHAIN:
        if given:
            first = source + 0
            between = ss + 0
            if not whole:
                first = spare + 0
                between = i64(V * W)
                for r in range(count):
                    for v in unroll(V):
                        store(spare, r * (V * W) + v * W, load(source, r * ss + v * W, W, left - v * W))
            for r in unroll(R):
                for v in unroll(V):
                    sums[r * V + v] = load(first, r * between + v * W, W)
    for r in unroll(R):
        prefetch(to[r], 0)
        prefetch(to[r], V * W - 1)
    at = i64(0)
    p = b + 0
    for _ in range(k):
        factors = [load(p, v * W, W) for v in range(V)]
        for r in unroll(R):
            x = splat(rows[r][at], W)
            for v in unroll(V):
                if FUSED:
                    sums[r * V + v] = fma(x, factors[v], sums[r * V + v])
                else:
                    sums[r * V + v] = sums[r * V + v] + x * factors[v]
        at += ka
        p = p + kb
    if whole:
        if not CHAIN:
            if given:
                for r in unroll(R):
                    for v in unroll(V):
                        sums[r * V + v] = sums[r * V + v] + load(source, r * ss + v * W, W)
        for r in unroll(R):
            for v in unroll(V):
                store(to[r], v * W, sums[r * V + v])
    else:
        for r in unroll(R):
            for v in unroll(V):
                store(spare, (r * V + v) * W, sums[r * V + v])
        for r in range(count):
            for v in unroll(V):
                total = load(spare, (r * V + v) * W, W)
                if not CHAIN:
                    if given:
                        total = total + load(source, r * ss + v * W, W, left - v * W)
                store(out, r * n + v * W, total, left - v * W)


def height(rest):
    """Rows of the next tile: six, or four if that many more make the last ones whole."""
    return select((rest > 8) or (rest == 5) or (rest == 6), i64(6), i64(4))


def pack_columns(W, room, b, kb, jb, k, left):
    """A panel of ``2 * W`` columns, row after row; what stands for columns that are not there is never stored."""
    if jb == 1:
        if left >= 2 * W:
            for i in range(k):
                store(room, i * 2 * W, load(b, i * kb, W))
                store(room, i * 2 * W + W, load(b, i * kb + W, W))
        else:
            for i in range(k):
                store(room, i * 2 * W, load(b, i * kb, W, left))
                store(room, i * 2 * W + W, load(b, i * kb + W, W, left - W))
    else:
        places = stack(i64, 2 * W)
        for c in range(2 * W):
            places[c] = minimum(c, left - 1) * jb
        done = i64(0)
        if kb == 1:
            done = k // 8 * 8
            for part in range(0, 2 * W, 8):
                rows = [b + places[part + c] for c in range(8)]
                to = room + part
                for i in range(0, done, 8):
                    square = turned([load(rows[c], i, 8) for c in range(8)])
                    for q in unroll(8):
                        store(to, q * 2 * W, square[q])
                    to = to + 8 * 2 * W
        for i in range(done, k):
            row = b + i * kb
            for c in range(2 * W):
                room[i * 2 * W + c] = row[places[c]]


def pack_rows(R, room, a, ra, ka, k, count):
    """A strip of ``R`` rows, column after column; rows that are not there are the last one again."""
    if (ra == 1) and (count >= R):
        for i in range(k):
            store(room, i * R, load(a, i * ka, 4))
            if R == 6:
                store(room, i * R + 4, load(a, i * ka + 4, 2))
    else:
        for r in range(R):
            place = minimum(r, count - 1) * ra
            for i in range(k):
                room[i * R + r] = a[i * ka + place]


def pack(W, rows, columns, a, ra, ka, b, kb, jb, k, room_a, room_b, pack_a, pack_b):
    """Both factors of a block, or one of them.

    Where rows lie along the other size, a few of the inner size's steps at a time, which are as many pages of memory.
    """
    done = i64(0)
    few = select(ra == 1, i64(16), k)
    while (done < k) and (pack_a == 1):
        terms = minimum(few, k - done)
        i = i64(0)
        while i < rows:
            r = height(rows - i)
            for R in unroll(4, 7, 2):
                if r == R:
                    pack_rows(R, room_a + (i * k + done * R), a + (i * ra + done * ka), ra, ka, terms, rows - i)
            i += r
        done += terms
    done = i64(0)
    few = select(kb == 1, k, i64(16))
    while done < k:
        terms = minimum(few, k - done)
        j = select(pack_b == 1, i64(0), columns // (2 * W) * (2 * W))
        while j < columns:
            pack_columns(W, room_b + (j * k + done * 2 * W), b + (j * jb + done * kb), kb, jb, terms, columns - j)
            j += 2 * W
        done += terms


def block(
    W,
    T,
    FUSED,
    CHAIN,
    out,
    n,
    rows,
    columns,
    a,
    ra,
    ka,
    b,
    kb,
    jb,
    k,
    source,
    ss,
    room_a,
    room_b,
    spare,
    pack_a,
    pack_b,
):
    """Rows by columns of the result for a block of the inner size."""
    pack(W, rows, columns, a, ra, ka, b, kb, jb, k, room_a, room_b, pack_a, pack_b)
    j = i64(0)
    while j < columns:
        left = columns - j
        panel = room_b + j * k
        step = i64(2 * W)
        if (pack_b == 0) and (left >= 2 * W):
            panel = b + j
            step = kb + 0
        given = source + 0
        if address(source) != 0:
            given = source + j
        i = i64(0)
        while i < rows:
            r = height(rows - i)
            strip = a + i * ra
            row_step = ra + 0
            inner_step = ka + 0
            if pack_a == 1:
                strip = room_a + i * k
                row_step = i64(1)
                inner_step = r + 0
            part = given + 0
            if address(given) != 0:
                part = given + i * ss
            count = minimum(r, rows - i)
            to = out + (i * n + j)
            for R in unroll(4, 7, 2):
                if r == R:
                    for V in unroll(1, 3):
                        if (left > W) == (V == 2):
                            tile(
                                R, V, W, T, FUSED, CHAIN, to, n, count, left, strip, row_step, inner_step, panel, step, k, part, ss, spare
                            )  # fmt: skip
            i += r
        j += 2 * W


def products(
    start, stop, out: write[T], a: strided[T], b: strided[T], source: maybe[T], m: i64, n: i64, k: i64,
    sa: i64, ra: i64, ka: i64, sb: i64, kb: i64, jb: i64, ss: i64, mb: i64, nb: i64, pack_a: i64, pack_b: i64,
):  # fmt: skip
    """Blocks ``start`` to ``stop`` of the results of a batch of products, ``mb`` rows by ``nb`` columns each; see ``kernels.gemm``."""
    room_a = stack(T, (ROWS + 6) * BLOCK)
    room_b = stack(T, (COLUMNS + 2 * W) * BLOCK)
    spare = stack(T, 6 * 2 * W)
    across = (n + nb - 1) // nb
    down = (m + mb - 1) // mb
    size = minimum(k, i64(BLOCK))
    if not CHAIN:
        if (k > BLOCK) and (k < 2 * BLOCK):
            size = k // 2  # an odd one is a block of its own
    for unit in range(start, stop):
        batch = unit // (across * down)
        row = unit // across % down * mb
        column = unit % across * nb
        rows = minimum(mb, m - row)
        columns = minimum(nb, n - column)
        x = a + (batch * sa + row * ra)
        y = b + (batch * sb + column * jb)
        to = out + ((batch * m + row) * n + column)
        given = source + 0
        step = ss + 0
        if address(source) != 0:
            given = source + (row * ss + column)
        done = i64(0)
        while done < k:
            terms = minimum(size, k - done)
            block(
                W, T, FUSED, CHAIN, to, n, rows, columns, x + done * ka, ra, ka, y + done * kb, kb, jb, terms, given, step,
                room_a, room_b, spare, pack_a, pack_b,
            )  # fmt: skip
            given = to + 0
            step = n + 0
            done += size
