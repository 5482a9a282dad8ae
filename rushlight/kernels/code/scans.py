"""Running sums, products and extremes along a dimension of an array taken as (outer, n, inner).

A unit of work is a row if ``inner`` is 1, else a block of columns of one outer place. Sums and products run in a wider type ``A``, and
every element of the result is rounded. Each waits for the one before it, so several rows are done side by side, and columns as vectors.
"""

from __future__ import annotations

from ..words import f32, f64, i64, load, minimum, read, select, stack, unroll, write

T, A = f32, f64  # bound when a kernel is made: the elements, and what they are added up in
ROWS = 4
LANES = 16
BLOCK = 256  # columns of a unit, at most


def sums(start, stop, out: write[T], x: read[T], n: i64, inner: i64, block: i64):
    running(add, A(0), start, stop, out, x, n, inner, block)


def products(start, stop, out: write[T], x: read[T], n: i64, inner: i64, block: i64):
    running(multiply, A(1), start, stop, out, x, n, inner, block)


def add(total, x):
    return total + x


def multiply(total, x):
    return total * x


def running(join, first, start, stop, out, x, n, inner, block):
    if inner == 1:
        row = i64(0) + start
        while row + ROWS <= stop:
            along_rows(join, first, out + row * n, x + row * n, n, ROWS)
            row += ROWS
        while row < stop:
            along_rows(join, first, out + row * n, x + row * n, n, 1)
            row += 1
    else:
        totals = stack(first.type, BLOCK + LANES)
        blocks = (inner + block - 1) // block
        for unit in range(start, stop):
            outer = unit // blocks
            column = (unit - outer * blocks) * block
            at = outer * n * inner + column
            down_columns(join, first, out + at, x + at, n, inner, minimum(inner - column, block), totals)


def along_rows(join, first, out, x, n, rows):
    total = [first for _ in range(rows)]
    for i in range(n):
        for r in unroll(rows):
            total[r] = join(total[r], first.type(x[r * n + i]))
            out[r * n + i] = out.type.to(total[r])


def down_columns(join, first, out, x, n, inner, width, totals):
    whole = width // LANES * LANES
    for i in range(width):
        totals[i] = first
    for j in range(n):
        to, given = out + j * inner, x + j * inner
        for i in range(0, whole, LANES):
            total = join(load(totals, i, LANES), first.type(load(given, i, LANES)))
            totals[i] = total
            to[i] = out.type.to(total)
        for i in range(whole, width):
            one = join(totals[i], first.type(given[i]))
            totals[i] = one
            to[i] = out.type.to(one)


def maxima(start, stop, values: write[T], indices: write[i64], x: read[T], n: i64, inner: i64, block: i64):
    """Running maxima and the last index of each; a NaN stays."""
    extremes(at_least, start, stop, values, indices, x, n, inner, block)


def minima(start, stop, values: write[T], indices: write[i64], x: read[T], n: i64, inner: i64, block: i64):
    extremes(at_most, start, stop, values, indices, x, n, inner, block)


def at_least(x, best):
    return x >= best


def at_most(x, best):
    return x <= best


def extremes(replaces, start, stop, values, indices, x, n, inner, block):
    if inner == 1:
        row = i64(0) + start
        while row + ROWS <= stop:
            extremes_of_rows(replaces, values + row * n, indices + row * n, x + row * n, n, ROWS)
            row += ROWS
        while row < stop:
            extremes_of_rows(replaces, values + row * n, indices + row * n, x + row * n, n, 1)
            row += 1
    else:
        blocks = (inner + block - 1) // block
        for unit in range(start, stop):
            outer = unit // blocks
            column = (unit - outer * blocks) * block
            at = outer * n * inner + column
            extremes_of_columns(replaces, values + at, indices + at, x + at, n, inner, minimum(inner - column, block))


def extremes_of_rows(replaces, values, indices, x, n, rows):
    best = [x[r * n] for r in range(rows)]
    place = [i64(0) for _ in range(rows)]
    for i in range(n):
        for r in unroll(rows):
            one = x[r * n + i]
            better = replaces(one, best[r]) or (one != one)
            best[r] = select(better, one, best[r])
            place[r] = select(better, i, place[r])
            values[r * n + i] = best[r]
            indices[r * n + i] = place[r]


def extremes_of_columns(replaces, values, indices, x, n, inner, width):
    for i in range(width):
        values[i] = x[i]
        indices[i] = i64(0)
    for j in range(1, n):
        here = j * inner
        for i in range(width):
            one, best = x[here + i], values[here + i - inner]
            better = replaces(one, best) or (one != one)
            values[here + i] = select(better, one, best)
            indices[here + i] = select(better, j, indices[here + i - inner])
