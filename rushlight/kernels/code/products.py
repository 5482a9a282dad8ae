"""Products with few rows or columns in the order of PyTorch's BLAS (see ``kernels.products``): no product is fused with a sum.

``source`` is a matrix that is added, or null, with ``ss`` from one of its rows to the next. Where the chain of sums begins with it, and
where it comes last, is as in PyTorch's addmm.
"""

from __future__ import annotations

from ..words import (
    address,
    extract,
    f32,
    i64,
    insert,
    load,
    maybe,
    minimum,
    splat,
    store,
    strided,
    sum_lanes,
    unroll,
    write,
)


def beside(R, out, a, b, source, n, k, ra, ka, kb, ss):
    """``R`` rows by four vectors of columns; rows of ``b`` are read where they lie."""
    sums = [splat(f32(0), 8)] * (4 * R)
    if address(source) != 0:
        for r in unroll(R):
            for v in unroll(4):
                sums[4 * r + v] = load(source, r * ss + v * 8, 8)
    p = b + 0
    at = i64(0)
    for _ in range(k):
        for v in unroll(4):
            x = load(p, v * 8, 8)
            for r in unroll(R):
                sums[4 * r + v] = sums[4 * r + v] + x * splat(a[at + r * ra], 8)
        at += ka
        p = p + kb
    for r in unroll(R):
        for v in unroll(4):
            store(out, r * n + v * 8, sums[4 * r + v])


def few_rows(
    start, stop, out: write[f32], a: strided[f32], b: strided[f32], source: maybe[f32], n: i64, k: i64, ra: i64, ka: i64, kb: i64, ss: i64,
):  # fmt: skip
    """R rows, one to three, added one product after another; 32 columns, which lie side by side, are a unit of work.

    The last unit is the last 32 columns, some of which the one before it has already.
    """
    for unit in range(start, stop):
        column = minimum(unit * 32, n - 32)
        given = source + 0
        if address(source) != 0:
            given = source + column
        beside(R, out + column, a, b + column, given, n, k, ra, ka, kb, ss)


def heads(
    start, stop, out: write[f32], a: strided[f32], b: strided[f32], source: maybe[f32],
    m: i64, n: i64, k: i64, ra: i64, ka: i64, kb: i64, ss: i64, period: i64, offset: i64,
):  # fmt: skip
    """The columns before the first multiple of 16 bytes in a row of the result: of eight terms four, then the sum of the other four.

    The result begins ``offset`` numbers beyond such a multiple.
    A unit of work are four rows that begin at the same place within 16 bytes, for each such place in a period of rows.
    """
    groups = (m + 4 * period - 1) // (4 * period)
    for unit in range(start, stop):
        first = unit // groups
        row = first + unit % groups * 4 * period
        head = (4 - (offset + first * n) % 4) % 4
        if (head > 0) and (n - head >= 4) and (row < m):
            rows = [minimum(row + r * period, m - 1 - (m - 1 - first) % period) for r in range(4)]
            sums = [splat(f32(0), 4)] * 4
            if address(source) != 0:
                for r in unroll(4):
                    sums[r] = load(source, rows[r] * ss, 4)
            whole = k // 8 * 8
            i = i64(0)
            while i < whole:
                ahead = [splat(f32(0), 4)] * 4
                for t in unroll(8):
                    x = load(b, (i + t) * kb, 4)
                    for r in unroll(4):
                        term = x * splat(a[rows[r] * ra + (i + t) * ka], 4)
                        if t < 4:
                            sums[r] = sums[r] + term
                        elif t == 4:
                            ahead[r] = term
                        else:
                            ahead[r] = ahead[r] + term
                for r in unroll(4):
                    sums[r] = sums[r] + ahead[r]
                i += 8
            for j in range(whole, k):
                x = load(b, j * kb, 4)
                for r in unroll(4):
                    sums[r] = sums[r] + x * splat(a[rows[r] * ra + j * ka], 4)
            for r in unroll(4):
                store(out, rows[r] * n, sums[r], head)


def dots(C, L, x, y, apart, k, head, end):
    """Sums of the products of x and ``C`` vectors ``apart`` from each other.

    The first ``head`` terms are added to the first of ``L`` lanes; those up to ``end`` are dealt to all. The lanes are folded in halves and
    get the rest.
    """
    of = [y + c * apart for c in range(C)]
    totals = [f32(0)] * C
    ahead = [f32(0)] * C
    some = head > 0
    if some:
        for c in unroll(C):
            ahead[c] = x[0] * of[c][0]
        for i in range(1, head):
            for c in unroll(C):
                ahead[c] = ahead[c] + x[i] * of[c][i]
    done = head + 0
    if end > head:
        sums = [load(x, head, L) * load(of[c], head, L) for c in range(C)]
        if some:
            for c in unroll(C):
                sums[c] = insert(sums[c], extract(sums[c], 0) + ahead[c], 0)
        i = head + L
        while i < end:
            v = load(x, i, L)
            for c in unroll(C):
                sums[c] = sums[c] + v * load(of[c], i, L)
            i += L
        for c in unroll(C):
            ahead[c] = sum_lanes(sums[c])
        done = end + 0
    else:
        if head == 0:
            for c in unroll(C):
                ahead[c] = x[0] * of[c][0]
            done = i64(1)
    for c in unroll(C):
        totals[c] = ahead[c]
    for i in range(done, k):
        for c in unroll(C):
            totals[c] = totals[c] + x[i] * of[c][i]
    return totals


def in_lanes(
    start, stop, out: write[f32], a: strided[f32], b: strided[f32], source: maybe[f32],
    m: i64, n: i64, k: i64, ra: i64, jb: i64, ss: i64,
):  # fmt: skip
    """Both factors lie along the inner size: columns by fours in four lanes, those that are left in eight. A row is a unit of work."""
    for row in range(start, stop):
        x = a + row * ra
        head = minimum((4 - address(x) // 4 % 4) % 4, k)
        to = out + row * n
        j = i64(0)
        whole = n // 4 * 4
        while j < n:
            y = b + j * jb
            if j < whole:
                end = head + (k - head) // 4 * 4
                if j + 8 <= whole:
                    put(8, to, j, dots(8, 4, x, y, jb, k, head, end), source, row * ss, 1)
                    j += 8
                else:
                    put(4, to, j, dots(4, 4, x, y, jb, k, head, end), source, row * ss, 1)
                    j += 4
            else:
                end = head + (k - head) // 8 * 8
                put(1, to, j, dots(1, 8, x, y, jb, k, head, end), source, row * ss, 1)
                j += 1


def put(C, out, j, sums, source, at, apart):
    if address(source) != 0:
        for c in unroll(C):
            out[j + c] = sums[c] + source[at + (j + c) * apart]
    else:
        for c in unroll(C):
            out[j + c] = sums[c]


def by_vector(
    start, stop, out: write[f32], x: strided[f32], y: strided[f32], source: maybe[f32],
    count: i64, k: i64, apart: i64, sj: i64,
):  # fmt: skip
    """A vector with each of ``count`` vectors ``apart`` from each other: by fours, a pair, a single one. Four are a unit of work.

    ``source`` has an element for each of them, or (``sj`` 0) one for all.
    """
    whole = count // 4 * 4
    for unit in range(start, stop):
        j = unit * 4
        p = y + j * apart
        if j < whole:
            head = minimum(4 - address(p + 3 * apart) // 4 % 4, k)
            put(4, out, j, dots(4, 4, x, p, apart, k, head, head + (k - head) // 4 * 4), source, i64(0), sj)
        else:
            head = minimum(4 - address(x) // 4 % 4, k)
            end = head + (k - head) // 8 * 8
            while j < count:
                p = y + j * apart
                if j == whole + 1:
                    put(1, out, j, dots(1, 4, x, p, apart, k, head, end), source, i64(0), sj)
                else:
                    put(1, out, j, dots(1, 8, x, p, apart, k, head, end), source, i64(0), sj)
                j += 1


def inner_products(start, stop, out: write[f32], x: strided[f32], y: strided[f32], n: i64, cut: i64):
    """Those of the first ``cut`` numbers of two vectors, and of the others: in 16 lanes from a multiple of 16 bytes on, if both have it."""
    for unit in range(start, stop):
        first = unit * cut
        count = minimum(cut, n - first)
        a = x + first
        b = y + first
        head = minimum((4 - address(b) // 4 % 4) % 4, count)
        total = f32(0)
        for i in range(head):
            total += a[i] * b[i]
        sums = [splat(f32(0), 4)] * 4
        sums[0] = insert(sums[0], total, 0)
        i = head + 0
        if (address(a) // 4 + head) % 4 == 0:
            while i + 16 <= count:
                for q in unroll(4):
                    sums[q] = sums[q] + load(a, i + 4 * q, 4) * load(b, i + 4 * q, 4)
                i += 16
            if i + 8 <= count:
                for q in unroll(2):
                    sums[q] = sums[q] + load(a, i + 4 * q, 4) * load(b, i + 4 * q, 4)
                i += 8
        if i + 4 <= count:
            sums[0] = sums[0] + load(a, i, 4) * load(b, i, 4)
            i += 4
        total = extract(sums[0], 0)
        while i < count:
            total += a[i] * b[i]
            i += 1
        out[unit] = sum_lanes(insert(sums[0], total, 0) + sums[1] + sums[2] + sums[3])
