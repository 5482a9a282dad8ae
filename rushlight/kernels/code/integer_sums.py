"""Sums of whole numbers in 64 bits, which wrap and have no order: of rows, and down columns."""

from __future__ import annotations

from ..words import i64, load, minimum, read, splat, sum_lanes, unroll, write

T, PART = i64, i64  # bound when a kernel is compiled: the elements, and what a lane adds up in
LANES = 8
RUN = 1 << 40  # elements that a lane adds up before its sum may be too large for it
AT_ONCE = 4
BLOCK = 1024  # columns of a unit of work: their sums stay in the first cache


def rows(start, stop, out: write[i64], x: read[T], length: i64, end: i64):
    """The sum of each row of ``length`` numbers; the last row ends with the array, after ``end`` numbers."""
    for row in range(start, stop):
        at = x + row * length
        n = minimum(length, end - row * length)
        whole = n // (AT_ONCE * LANES) * (AT_ONCE * LANES)
        total = i64(0)
        done = i64(0)
        while done < whole:
            parts = [splat(PART(0), LANES) for _ in range(AT_ONCE)]
            last = minimum(whole, done + RUN * AT_ONCE * LANES)
            for i in range(done, last, AT_ONCE * LANES):
                for j in unroll(AT_ONCE):
                    parts[j] = parts[j] + PART(load(at, i + j * LANES, LANES))
            for j in unroll(AT_ONCE):
                total += sum_lanes(i64(parts[j]))
            done = last
        for i in range(whole, n):
            total += i64(at[i])
        out[row] = total


def columns(start, stop, out: write[i64], x: read[T], n: i64, width: i64, share: i64):
    """The sums down the columns of each matrix of n rows, by shares of its rows: a unit is one share, and a block of its columns."""
    blocks = (width + BLOCK - 1) // BLOCK
    shares = (n + share - 1) // share
    for unit in range(start, stop):
        piece = unit // blocks
        matrix = piece // shares
        first = (unit - piece * blocks) * BLOCK
        row = (piece - matrix * shares) * share
        count = minimum(BLOCK, width - first)
        whole = count // LANES * LANES
        to = out + piece * width + first
        for i in range(count):
            to[i] = i64(0)
        at = x + (matrix * n + row) * width + first
        for _ in range(minimum(share, n - row)):
            for i in range(0, whole, LANES):
                to[i] = load(to, i, LANES) + i64(load(at, i, LANES))
            for i in range(whole, count):
                to[i] = to[i] + i64(at[i])
            at = at + width
