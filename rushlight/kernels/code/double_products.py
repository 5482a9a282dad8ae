"""Strips of float64 products in the order of PyTorch's BLAS (see ``kernels.double_products``): no product is fused with a sum.

All kernels take the same numbers. Of each of the products of a batch, whose results and sources begin ``do``, left factors ``da``
and right ones ``db`` apart: ``m`` rows by ``n`` columns from ``oo`` on in the result, whose rows are ``on`` apart, and ``k`` terms; the
factors begin at ``ao`` and ``bo``, with ``ra, ka, kb, jb`` from a row, a term, a term, a column to the next. ``source`` is added, or null:
from ``so`` on, rows ``ss`` apart. ``kind`` says more to some.
"""

from __future__ import annotations

from ..words import (
    address,
    extract,
    f64,
    i64,
    insert,
    load,
    maybe,
    minimum,
    shuffle,
    splat,
    stack,
    store,
    strided,
    sum_lanes,
    unroll,
    write,
)


def ahead(a, b, k, ka, kb, begin, given):
    """One element whose terms are added by eights: four of them, then the sum of the other four."""
    total = f64(0)
    if given:
        total = begin + f64(0)
    whole = k // 8 * 8
    i = i64(0)
    while i < whole:
        for t in unroll(4):
            total = total + a[(i + t) * ka] * b[(i + t) * kb]
        others = a[(i + 4) * ka] * b[(i + 4) * kb]
        for t in unroll(5, 8):
            others = others + a[(i + t) * ka] * b[(i + t) * kb]
        total = total + others
        i += 8
    for j in range(whole, k):
        total = total + a[j * ka] * b[j * kb]
    return total


def plain(
    start, stop, out: write[f64], a: strided[f64], b: strided[f64], source: maybe[f64], m: i64, n: i64, k: i64,
    ra: i64, ka: i64, kb: i64, jb: i64, ss: i64, on: i64, oo: i64, ao: i64, bo: i64, so: i64, do: i64, da: i64, db: i64, kind: i64,
):  # fmt: skip
    """One term after another, beginning with the source; ``jb`` is 1, four rows are a unit of work.

    ``kind`` 1: rows of three columns and more that begin beside a multiple of 16 bytes have their first element ``ahead``.
    """
    first = stack(f64, 4)
    groups = (m + 3) // 4
    for unit in range(start, stop):
        batch = unit // groups
        row = unit % groups * 4
        count = minimum(i64(4), m - row)
        x = a + (ao + batch * da + row * ra)
        y = b + (bo + batch * db)
        place = oo + batch * do + row * on
        to = out + place
        given = address(source) != 0
        from_ = source + 0
        if given:
            from_ = source + (so + batch * do + row * ss)
        apart = kind * minimum(n // 3, k // 8)
        if apart > 0:
            for r in range(count):
                if (place + r * on) % 2 == 1:
                    begin = f64(0)
                    if given:
                        begin = from_[r * ss]
                    first[r] = ahead(x + r * ra, y, k, ka, kb, begin, given)
        rows = [minimum(i64(r), count - 1) for r in range(4)]
        j = i64(0)
        while j < n:
            left = n - j
            for V in unroll(1, 3):
                if (left > 8) == (V == 2):
                    sums = [splat(f64(0), 8)] * (4 * V)
                    if given:
                        for r in unroll(4):
                            for v in unroll(V):
                                sums[r * V + v] = load(from_, rows[r] * ss + j + 8 * v, 8, left - 8 * v)
                    at = i64(0)
                    p = y + j
                    for _ in range(k):
                        vectors = [load(p, 8 * v, 8, left - 8 * v) for v in range(V)]
                        for r in unroll(4):
                            factor = splat(x[rows[r] * ra + at], 8)
                            for v in unroll(V):
                                sums[r * V + v] = sums[r * V + v] + vectors[v] * factor
                        at += ka
                        p = p + kb
                    for r in unroll(4):
                        for v in unroll(V):
                            store(to, rows[r] * on + j + 8 * v, sums[r * V + v], left - 8 * v)
            j += 16
        if apart > 0:
            for r in range(count):
                if (place + r * on) % 2 == 1:
                    to[r * on] = first[r]


def folded(L, x):
    """The sum of ``L`` lanes, which are added as vectors of two."""
    if L == 8:
        total = sum_lanes(shuffle(x, x, (0, 1, 4, 5)) + shuffle(x, x, (2, 3, 6, 7)))
    else:
        total = sum_lanes(x)
    return total


def dots(C, L, x, y, apart, k, head, unit):
    """Sums of the products of x and ``C`` vectors ``apart`` from each other.

    The first ``head`` terms are added to the first of ``L`` lanes; whole ``unit``s behind them are dealt to all, and the last terms
    are added one by one.
    """
    of = [y + c * apart for c in range(C)]
    totals = [f64(0)] * C
    begun = [f64(0)] * C
    end = head + (k - head) // unit * unit
    some = head > 0
    if some:
        for c in unroll(C):
            begun[c] = x[0] * of[c][0]
        for i in range(1, head):
            for c in unroll(C):
                begun[c] = begun[c] + x[i] * of[c][i]
    done = head + 0
    if end > head:
        sums = [load(x, head, L) * load(of[c], head, L) for c in range(C)]
        if some:
            for c in unroll(C):
                sums[c] = insert(sums[c], extract(sums[c], 0) + begun[c], 0)
        i = head + L
        while i < end:
            v = load(x, i, L)
            for c in unroll(C):
                sums[c] = sums[c] + v * load(of[c], i, L)
            i += L
        for c in unroll(C):
            begun[c] = folded(L, sums[c])
        done = end + 0
    else:
        if head == 0:
            for c in unroll(C):
                begun[c] = x[0] * of[c][0]
            done = i64(1)
    for c in unroll(C):
        totals[c] = begun[c]
    for i in range(done, k):
        for c in unroll(C):
            totals[c] = totals[c] + x[i] * of[c][i]
    return totals


def put(C, to, apart, sums, source, at, between):
    if address(source) != 0:
        for c in unroll(C):
            to[c * apart] = sums[c] + source[at + c * between]
    else:
        for c in unroll(C):
            to[c * apart] = sums[c]


def beyond(p):
    """How many numbers beyond a multiple of 16 bytes a vector begins."""
    return address(p) // 8 % 2


def in_lanes(
    start, stop, out: write[f64], a: strided[f64], b: strided[f64], source: maybe[f64], m: i64, n: i64, k: i64,
    ra: i64, ka: i64, kb: i64, jb: i64, ss: i64, on: i64, oo: i64, ao: i64, bo: i64, so: i64, do: i64, da: i64, db: i64, kind: i64,
):  # fmt: skip
    """Both factors lie along the inner size, and a row is a unit of work: columns by fours in two lanes, those that are left in eight.

    ``kind`` 1: all of them in eight, from a multiple of 16 bytes in the right factor on instead of the left one.
    """
    for unit in range(start, stop):
        batch = unit // m
        row = unit % m
        x = a + (ao + batch * da + row * ra)
        y = b + (bo + batch * db)
        to = out + (oo + batch * do + row * on)
        at = so + batch * do + row * ss
        whole = select_whole(n, kind)
        j = i64(0)
        while j < n:
            if j < whole:
                head = minimum(beyond(x), k)
                if j + 8 <= whole:
                    put(8, to + j, i64(1), dots(8, 2, x, y + j * jb, jb, k, head, i64(2)), source, at + j, i64(1))
                    j += 8
                else:
                    put(4, to + j, i64(1), dots(4, 2, x, y + j * jb, jb, k, head, i64(2)), source, at + j, i64(1))
                    j += 4
            else:
                head = beyond(x)
                if kind == 1:
                    head = beyond(y + j * jb)
                head = minimum(head, k)
                put(1, to + j, i64(1), dots(1, 8, x, y + j * jb, jb, k, head, i64(8)), source, at + j, i64(1))
                j += 1


def select_whole(n, kind):
    """How many columns are taken by fours."""
    return (1 - kind) * (n // 4 * 4)


def by_vector(
    start, stop, out: write[f64], a: strided[f64], b: strided[f64], source: maybe[f64], m: i64, n: i64, k: i64,
    ra: i64, ka: i64, kb: i64, jb: i64, ss: i64, on: i64, oo: i64, ao: i64, bo: i64, so: i64, do: i64, da: i64, db: i64, kind: i64,
):  # fmt: skip
    """Each row of the left factor with all columns of the right one: by fours, a pair, a single one. A unit of work are four columns.

    ``kind`` 1: PyTorch's row did not lie along the inner size; columns beyond the fours are each by itself then. Elements of a row of the
    result lie one after another, also where ``m`` is 1 and the result is a column.
    """
    groups = (n + 3) // 4
    whole = n // 4 * 4
    for unit in range(start, stop):
        batch = unit // (groups * m)
        row = unit // groups % m
        j = unit % groups * 4
        x = a + (ao + batch * da + row * ra)
        to = out + (oo + batch * do + row * on)
        at = so + batch * do + row * ss
        y = b + (bo + batch * db + j * jb)
        if j < whole:
            head = minimum(2 - beyond(y + 3 * jb), k)
            put(4, to + j, i64(1), dots(4, 2, x, y, jb, k, head, i64(2)), source, at + j, i64(1))
        else:
            pair = (n - whole >= 2) and (kind == 0)
            while j < n:
                y = b + (bo + batch * db + j * jb)
                head = 2 - beyond(x)
                if kind == 1:
                    head = 2 - beyond(y)
                head = minimum(head, k)
                if pair and (j == whole):
                    put(1, to + j, i64(1), dots(1, 4, x, y, jb, k, head, i64(8)), source, at + j, i64(1))
                elif pair and (j == whole + 1):
                    put(1, to + j, i64(1), dots(1, 2, x, y, jb, k, head, i64(8)), source, at + j, i64(1))
                else:
                    put(1, to + j, i64(1), dots(1, 8, x, y, jb, k, head, i64(8)), source, at + j, i64(1))
                j += 1


def inner_products(start, stop, out: write[f64], x: strided[f64], y: strided[f64], n: i64, cut: i64, sx: i64, sy: i64):
    """Those of the first ``cut`` numbers of two vectors, and of the others.

    From a multiple of 16 bytes in the second on, in eight lanes and then in two of them; in two alone where numbers do not lie one
    after another.
    """
    for unit in range(start, stop):
        first = unit * cut
        count = minimum(cut, n - first)
        a = x + first * sx
        b = y + first * sy
        i = i64(0)
        if (sx == 1) and (sy == 1):
            sums = [splat(f64(0), 2)] * 4
            if beyond(b) == 1:
                sums[0] = insert(sums[0], a[0] * b[0], 0)
                i = i64(1)
            while i + 8 <= count:
                for q in unroll(4):
                    sums[q] = sums[q] + load(a, i + 2 * q, 2) * load(b, i + 2 * q, 2)
                i += 8
            while i + 2 <= count:
                sums[0] = sums[0] + load(a, i, 2) * load(b, i, 2)
                i += 2
            if i < count:
                sums[0] = insert(sums[0], extract(sums[0], 0) + a[i] * b[i], 0)
            out[unit] = sum_lanes(sums[0] + sums[1] + sums[2] + sums[3])
        else:
            even = f64(0)
            odd = f64(0)
            while i + 2 <= count:
                even = even + a[i * sx] * b[i * sy]
                odd = odd + a[(i + 1) * sx] * b[(i + 1) * sy]
                i += 2
            if i < count:
                even = even + a[i * sx] * b[i * sy]
            out[unit] = even + odd
