"""Elements and slices by index along a dimension.

An array is taken as (outer, n, inner), n being the dimension's size, and an index as (m,) for slices or (outer, m, inner) for
elements. A unit of work is one of the outer places and a block of the inner ones: what is added at one place is added by one thread,
in the order of the index, so that the sums are PyTorch's.

Indices are checked as they are read. One that is not there is left out and noted in ``bad[0]``.
"""

from __future__ import annotations

from ..words import f32, i64, load, max_lanes, maximum, min_lanes, minimum, read, u64, write

T = f32  # bound when a kernel is made
LANES = 32


def take_slices(
    start, stop, out: write[T], x: read[T], index: read[i64], bad: write[i64], n: i64, m: i64, inner: i64, back: i64
):  # fmt: skip
    """out[o, j] = x[o, index[j]]; a unit is one slice of ``out``, or of single elements an outer place."""
    if inner == 1:
        for outer in range(start, stop):
            to, row = out + outer * m, x + outer * n
            for j in range(m):
                place = counted(index[j], back)
                if is_below(place, n):
                    to[j] = row[place]
                else:
                    bad[0] = i64(1)
    else:
        for unit in range(start, stop):
            outer = unit // m
            place = counted(index[unit - outer * m], back)
            if is_below(place, n):
                copy_slice(out + unit * inner, x + (outer * n + place) * inner, inner)
            else:
                bad[0] = i64(1)


def add_slices(
    start, stop, out: write[T], x: read[T], index: read[i64], bad: write[i64], n: i64, m: i64, inner: i64, block: i64, skip: i64,
    back: i64,
):  # fmt: skip
    """out[o, index[j]] += x[o, j], except where the index is ``skip``"""
    blocks = (inner + block - 1) // block
    for unit in range(start, stop):
        outer = unit // blocks
        first = (unit - outer * blocks) * block
        width = minimum(inner - first, block)
        to, given = out + (outer * n * inner + first), x + (outer * m * inner + first)
        for j in range(m):
            place = counted(index[j], back)
            if is_below(place, n):
                if place != skip:
                    if width == 1:
                        to[place * inner] = to[place * inner] + given[j * inner]
                    else:
                        add_slice(to + place * inner, given + j * inner, width)
            else:
                bad[0] = i64(1)


def copy_slice(out, x, width):
    whole = width // LANES * LANES
    for i in range(0, whole, LANES):
        out[i] = load(x, i, LANES)
    for i in range(whole, width):
        out[i] = x[i]


def add_slice(out, x, width):
    whole = width // LANES * LANES
    for i in range(0, whole, LANES):
        out[i] = load(out, i, LANES) + load(x, i, LANES)
    for i in range(whole, width):
        out[i] = out[i] + x[i]


def gather(
    start, stop, out: write[T], x: read[T], index: read[i64], bad: write[i64], n: i64, m: i64, inner: i64, block: i64
):
    """out[o, j, i] = x[o, index[o, j, i], i]"""
    by_elements(take, start, stop, out, x, index, bad, n, m, inner, block)


def scatter(
    start, stop, out: write[T], x: read[T], index: read[i64], bad: write[i64], n: i64, m: i64, inner: i64, block: i64
):
    """out[o, index[o, j, i], i] = x[o, j, i]; the last one stays."""
    by_elements(put, start, stop, out, x, index, bad, n, m, inner, block)


def scatter_add(
    start, stop, out: write[T], x: read[T], index: read[i64], bad: write[i64], n: i64, m: i64, inner: i64, block: i64
):
    """out[o, index[o, j, i], i] += x[o, j, i]"""
    by_elements(add, start, stop, out, x, index, bad, n, m, inner, block)


def take(out, x, large, small):
    out[small] = x[large]


def put(out, x, large, small):
    out[large] = x[small]


def add(out, x, large, small):
    out[large] = out[large] + x[small]


def by_elements(what, start, stop, out, x, index, bad, n, m, inner, block):
    if inner == 1:
        for outer in range(start, stop):
            first, end = outer * n, (outer + 1) * m
            for small in range(outer * m, end):
                place = index[small]
                if is_below(place, n):
                    what(out, x, first + place, small)
                else:
                    bad[0] = i64(1)
    else:
        blocks = (inner + block - 1) // block
        for unit in range(start, stop):
            outer = unit // blocks
            first = (unit - outer * blocks) * block
            width = minimum(inner - first, block)
            large = outer * n * inner + first
            for j in range(m):
                small = (outer * m + j) * inner + first
                for i in range(width):
                    place = index[small + i]
                    if is_below(place, n):
                        what(out, x, large + i + place * inner, small + i)
                    else:
                        bad[0] = i64(1)


def bounds(start, stop, least: write[i64], most: write[i64], index: read[i64], share: i64, end: i64):
    """The least and the largest number of each share of an index."""
    for piece in range(start, stop):
        at = index + piece * share
        n = minimum(share, end - piece * share)
        low, high = at[0], at[0]
        whole = n // LANES * LANES
        if whole > 0:
            lows, highs = load(at, 0, LANES), load(at, 0, LANES)
            for i in range(LANES, whole, LANES):
                numbers = load(at, i, LANES)
                lows = minimum(lows, numbers)
                highs = maximum(highs, numbers)
            low, high = min_lanes(lows), max_lanes(highs)
        for i in range(whole, n):
            low = minimum(low, at[i])
            high = maximum(high, at[i])
        least[piece] = low
        most[piece] = high


def counted(place, back):
    """A negative index counts from the end if ``back`` is the size, and is none if that is 0."""
    return place + back if place < 0 else place


def is_below(place, n):
    """Whether it is from 0 to n - 1."""
    return u64(place) < u64(n)
