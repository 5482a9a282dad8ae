"""Draws of categories with replacement: running sums of weights, and the first of them that reaches a uniform number."""

from __future__ import annotations

from ..words import any_lane, bitcast, f32, f64, i32, i64, load, minimum, read, unroll, write

T = f32  # bound when a kernel is made
ROWS = 4  # added up side by side, as each addition waits for the one before it
ABREAST = 8  # draws looked up side by side


def within(start, stop, bad: write[i64], p: read[T]):
    """``bad[0]`` becomes 1 if a number is not from 0 to 1."""
    for i in range(start, stop, 16):
        x = load(p, i, 16, minimum(stop - i, 16))
        if any_lane(not ((x >= 0) and (x <= 1))):
            bad[0] = i64(1)


def running(start, stop, sums: write[T], bad: write[i64], weights: read[T], columns: i64):
    """Running sums of rows, divided by the last one, which becomes 1. ``bad[0]`` becomes 1 if a weight is negative, or
    a sum not a positive finite number."""
    i = i64(0) + start
    while i + ROWS <= stop:
        add_up(sums, weights, i * columns, columns, ROWS)
        i += ROWS
    while i < stop:
        add_up(sums, weights, i * columns, columns, 1)
        i += 1
    for row in range(start, stop):
        normalize(sums + row * columns, weights + row * columns, bad, columns)


def add_up(sums, weights, at, columns, rows):
    total = [sums.type.to(0) for _ in range(rows)]
    for j in range(columns):
        for r in unroll(rows):
            total[r] = total[r] + weights[at + r * columns + j]
            sums[at + r * columns + j] = total[r]


def normalize(sums, weights, bad, columns):
    last = sums[columns - 1]
    if not ((last > 0) and (last < float("inf"))):
        bad[0] = i64(1)
    whole = columns // 16 * 16
    for j in range(0, whole, 16):
        if any_lane(load(weights, j, 16) < 0):
            bad[0] = i64(1)
        sums[j] = load(sums, j, 16) / last
    for j in range(whole, columns):
        if weights[j] < 0:
            bad[0] = i64(1)
        sums[j] = sums[j] / last
    sums[columns - 1] = sums.type.to(1)


def look_up(start, stop, out: write[i64], sums: read[T], draws: read[f64], columns: i64, n: i64):
    """For each draw the number of the first sum that is not below it; ``n`` draws for each row of sums."""
    i = i64(0) + start
    while i < stop:
        row = i // n
        end = minimum(stop, (row + 1) * n)
        while i + ABREAST <= end:
            search(out, sums + row * columns, draws, i, columns, ABREAST)
            i += ABREAST
        while i < end:
            search(out, sums + row * columns, draws, i, columns, 1)
            i += 1


def search(out, sums, draws, i, columns, count):
    """By halves, several draws side by side, as each step waits for the one before it."""
    u = [rounded_up(draws[i + r], sums.type.to) for r in range(count)]
    at = [i64(0) for _ in range(count)]
    left = columns
    while left > 1:
        half = left // 2
        for r in unroll(count):
            at[r] = at[r] + ((0 - i64(sums[at[r] + half - 1] < u[r])) & half)
        left -= half
    for r in unroll(count):
        out[i + r] = at[r]


def rounded_up(u, kind):
    """The smallest number of a type that is not below ``u``, which is from 0 to 1: of that type, the same numbers are below it."""
    v = kind(u)
    if kind.bits == 32:
        v = bitcast(f32, bitcast(i32, v) + i32(f64(v) < u))
    return v
