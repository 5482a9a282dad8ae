"""Negative log likelihood of rows: the number at each target, added up in PyTorch's order, and its gradient."""

from __future__ import annotations

from ..words import f32, i64, read, splat, u64, write

T = f32  # bound when a kernel is made
LANES = 32


def nll(
    start, stop, out: write[T], scratch: write[T], bad: write[i64], x: read[T], target: read[i64], rows: i64, classes: i64,
    ignored: i64, divisor: T,
):  # fmt: skip
    """Minus the sum of ``x[i, target[i]]``, divided. ``bad[0]`` becomes 1 if a target is to be ignored or is not there."""
    for i in range(rows):
        at = target[i]
        if (u64(at) < u64(classes)) and (at != ignored):
            scratch[i] = -x[i * classes + at]
        else:
            bad[0] = i64(1)
    if bad[0] == 0:
        out[0] = cascade(scratch, rows) / divisor


def cascade(x, count):
    """Blocks of 16, blocks of 16 of their sums, and so on, what is left over of each size; the first number last. Overwrites ``x``."""
    total = x.type.to(0)
    rest = x + 1
    left = count - 1
    while left > 0:
        full = left // 16
        if full * 16 < left:
            total = total + in_order(rest, full * 16, left)
        for block in range(full):
            rest[block] = in_order(rest, block * 16, block * 16 + 16)
        left = full
    return total + x[0]


def in_order(x, first, end):
    total = x[first]
    for i in range(first + 1, end):
        total = total + x[i]
    return total


def nll_gradient(
    start, stop, out: write[T], bad: write[i64], g: read[T], target: read[i64], classes: i64, ignored: i64, divisor: T
):
    """Rows of zeros with ``-g / divisor`` at the target."""
    value = -(g[0] / divisor)
    end = stop * classes
    whole = end - (end - start * classes) % LANES
    for i in range(start * classes, whole, LANES):
        out[i] = splat(out.type.to(0), LANES)
    for i in range(whole, end):
        out[i] = out.type.to(0)
    for i in range(start, stop):
        at = target[i]
        if (u64(at) < u64(classes)) and (at != ignored):
            out[i * classes + at] = value
        else:
            bad[0] = i64(1)
