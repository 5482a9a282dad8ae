"""Copies from one layout to another, with the element types' conversion.

A plan says where things are, in elements: the innermost dimension's size, how much of it is a unit of work, its two steps; then the
sizes of up to ``OUTER`` further dimensions, from the inner to the outer, and their steps in what is written and in what is read.
"""

from __future__ import annotations

from ..emit import F16
from ..words import bitcast, f32, i16, i32, i64, load, minimum, read, select, shuffle, splat, strided, unroll

LANES = 32
REVERSED = tuple(range(LANES - 1, -1, -1))
OUTER = 4
SIZE, BLOCK, TO, FROM, SIZES, TO_STEPS, FROM_STEPS = 0, 1, 2, 3, 4, 4 + OUTER, 4 + 2 * OUTER
WORDS = 4 + 3 * OUTER
TILE = 8


def plainly(kind, x):
    """``x`` in another type by the processor's own conversion."""
    return kind(x)


def to_half(kind, x):
    """A float32 number's bits as float16."""
    return bitcast(i16, F16(x))


def from_half(kind, x):
    return kind(f32(bitcast(F16, x)))


def to_bfloat(kind, x):
    """A float32 number's bits as bfloat16: its upper half, rounded to the nearest, ties to even; NaN keeps its sign alone."""
    bits = bitcast(i32, x)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return i16(select(x != x, (bits & -0x80000000) + 0x7FC00000, rounded) >> 16)


def from_bfloat(kind, x):
    return kind(bitcast(f32, i32(x) << 16))


T, S, CAST = f32, f32, plainly  # bound when a kernel is made: what is written, what is read, how one becomes the other


def copy_runs(start, stop, to: strided[T], x: strided[S], plan: read[i64]):
    """A unit is a block of the innermost dimension at one place of the others; most often there is one block."""
    n, block, step_to, step_from = plan[SIZE], plan[BLOCK], plan[TO], plan[FROM]
    blocks = (n + block - 1) // block
    place, first = start // blocks, (start % blocks) * block
    i, there, here = i64(0), i64(0), i64(0)  # the place along the first outer dimension, and where it is
    left = i64(0)  # places of it before the others have to be asked for again
    for _ in range(start, stop):
        if left == 0:
            i = place % plan[SIZES]
            left = plan[SIZES] - i
            there, here = i * plan[TO_STEPS], i * plan[FROM_STEPS]
            rest = place // plan[SIZES]
            for d in unroll(1, OUTER):
                outer = rest // plan[SIZES + d]
                j = rest - outer * plan[SIZES + d]
                there += j * plan[TO_STEPS + d]
                here += j * plan[FROM_STEPS + d]
                rest = outer
        width = minimum(n - first, block)
        copy_run(T, CAST, to + there + first * step_to, x + here + first * step_from, width, step_to, step_from)
        first += block
        if first >= n:
            first = i64(0)
            place += 1
            left -= 1
            there += plan[TO_STEPS]
            here += plan[FROM_STEPS]


def copy_run(kind, cast, to, x, width, step_to, step_from):
    if step_to == 1:
        whole = width // LANES * LANES
        if step_from == 1:
            for i in range(0, whole, LANES):
                to[i] = cast(kind, load(x, i, LANES))
            for i in range(whole, width):
                to[i] = cast(kind, x[i])
        elif step_from == -1:
            for i in range(0, whole, LANES):
                backwards = load(x, 1 - LANES - i, LANES)
                to[i] = cast(kind, shuffle(backwards, backwards, REVERSED))
            for i in range(whole, width):
                to[i] = cast(kind, x[0 - i])
        elif step_from == 0:
            same = cast(kind, x[0])
            for i in range(0, whole, LANES):
                to[i] = splat(same, LANES)
            for i in range(whole, width):
                to[i] = same
        else:
            for i in range(width):
                to[i] = cast(kind, x[i * step_from])
    else:
        for i in range(width):
            to[i * step_to] = cast(kind, x[i * step_from])


def copy_tiles(start, stop, to: strided[T], x: strided[S], plan: read[i64]):
    """What is read lies in order along the first outer dimension, what is written along the innermost: a unit is TILE of the latter.

    Tiles are small so that their lines stay in the cache even where all begin at multiples of a page.
    """
    n, m = plan[SIZE], plan[SIZES]
    blocks = (n + TILE - 1) // TILE
    step_to, step_from = plan[TO_STEPS], plan[FROM]
    for unit in range(start, stop):
        place = unit // blocks
        first = (unit - place * blocks) * TILE
        width = minimum(n - first, TILE)
        there, here = first, first * step_from
        for d in unroll(OUTER - 1):
            outer = place // plan[SIZES + 1 + d]
            i = place - outer * plan[SIZES + 1 + d]
            there += i * plan[TO_STEPS + 1 + d]
            here += i * plan[FROM_STEPS + 1 + d]
            place = outer
        out, given = to + there, x + here
        if width == TILE:
            for j in range(m):
                for i in unroll(TILE):
                    out[j * step_to + i] = CAST(T, given[i * step_from + j])
        else:
            for j in range(m):
                for i in range(width):
                    out[j * step_to + i] = CAST(T, given[i * step_from + j])
