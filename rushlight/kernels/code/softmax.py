"""softmax and log_softmax of contiguous float32 rows, and their gradients, in the steps of ``kernels.softmax``.

A row's sum is taken in the lanes of a vector, one vector after another; what is left over goes to the first lanes, and the lanes are
added halves upon halves. Rows shorter than a vector are added one after another.
"""

from __future__ import annotations

from typing import Any

from ..words import (
    extract,
    f32,
    fma,
    i32,
    i64,
    iota,
    load,
    max_lanes,
    prefetch,
    read,
    select,
    splat,
    store,
    sum_lanes,
    write,
)
from .functions import exp, log_positive
from .lanes import TWICE, added
from .narrow import as_bf16, as_f16, not_at_all

__all__ = ["as_bf16", "as_f16"]

W = 8
WIDE = TWICE * W


ROUNDED: Any = not_at_all  # how the sum and its logarithm are rounded: of rows that were 16-bit floats to these


def row_max(x, n):
    """The largest number of a row; NaN are passed over, as what follows makes the whole row NaN anyway."""
    found = splat(f32(MINUS_INFINITY), WIDE)
    for i in range(0, n // WIDE * WIDE, WIDE):
        v = load(x, i, WIDE)
        found = select(v > found, v, found)
    rest = n % WIDE
    if rest > 0:
        v = load(x, n - rest, WIDE, rest, MINUS_INFINITY)
        found = select(v > found, v, found)
    return max_lanes(found)


MINUS_INFINITY = float("-inf")


def lanes_or_in_order(total, rest, n):
    """The sum of a row: its lanes as a tree, or those of a short row one after another."""
    summed = sum_lanes(total)
    if n < W:
        summed = extract(rest, 0)
        for lane in range(1, n):
            summed = summed + extract(rest, lane)
    return summed


def softmax_rows(start, stop, out: write[f32], x: read[f32], n: i64):
    for row in range(start, stop):
        at = x + row * n
        to = out + row * n
        top = row_max(at, n)
        total = splat(f32(0), W)
        whole = n // W * W
        wide = n // WIDE * WIDE
        for i in range(0, wide, WIDE):
            prefetch(at, i + n)  # the next row: who computes much does not look that far ahead
            e = exp(load(at, i, WIDE) - top)
            to[i] = e
            total = added(total, e)
        if wide < whole:
            last = exp(load(at, wide, W) - top)
            to[wide] = last
            total = total + last
        left = n - whole
        rest = splat(f32(0), W)
        if left > 0:
            rest = exp(load(at, whole, W, left) - top)
            store(to, whole, rest, left)
            total = select(iota(W) < i32(left), total + rest, total)
        scale = 1.0 / lanes_or_in_order(total, rest, n)
        for i in range(0, whole, W):
            to[i] = load(to, i, W) * scale
        if left > 0:
            store(to, whole, rest * scale, left)


def log_softmax_rows(start, stop, out: write[f32], x: read[f32], n: i64):
    for row in range(start, stop):
        at = x + row * n
        to = out + row * n
        top = row_max(at, n)
        total = splat(f32(0), W)
        whole = n // W * W
        wide = n // WIDE * WIDE
        for i in range(0, wide, WIDE):
            total = added(total, exp(load(at, i, WIDE) - top))
        if wide < whole:
            total = total + exp(load(at, wide, W) - top)
        left = n - whole
        rest = splat(f32(0), W)
        if left > 0:
            rest = exp(load(at, whole, W, left) - top)
            total = select(iota(W) < i32(left), total + rest, total)
        logarithm = ROUNDED(log_positive(ROUNDED(lanes_or_in_order(total, rest, n))))
        for i in range(0, whole, W):
            to[i] = load(at, i, W) - top - logarithm
        if left > 0:
            store(to, whole, load(at, whole, W, left) - top - logarithm, left)


def softmax_gradient_rows(start, stop, out: write[f32], g: read[f32], y: read[f32], n: i64):
    """``(g - sum(g y)) y``"""
    for row in range(start, stop):
        at = g + row * n
        of = y + row * n
        to = out + row * n
        total = splat(f32(0), W)
        whole = n // W * W
        for i in range(0, whole, W):
            total = total + load(at, i, W) * load(of, i, W)
        left = n - whole
        rest = splat(f32(0), W)
        if left > 0:
            rest = load(at, whole, W, left) * load(of, whole, W, left)
            total = select(iota(W) < i32(left), total + rest, total)
        summed = lanes_or_in_order(total, rest, n)
        for i in range(0, whole, W):
            to[i] = (load(at, i, W) - summed) * load(of, i, W)
        if left > 0:
            store(to, whole, (load(at, whole, W, left) - summed) * load(of, whole, W, left), left)


def log_softmax_gradient_rows(start, stop, out: write[f32], g: read[f32], y: read[f32], n: i64):
    """``g - exp(y) sum(g)``"""
    for row in range(start, stop):
        at = g + row * n
        of = y + row * n
        to = out + row * n
        total = splat(f32(0), W)
        whole = n // W * W
        for i in range(0, whole, W):
            total = total + load(at, i, W)
        left = n - whole
        rest = splat(f32(0), W)
        if left > 0:
            rest = load(at, whole, W, left)
            total = select(iota(W) < i32(left), total + rest, total)
        summed = lanes_or_in_order(total, rest, n)
        for i in range(0, whole, W):
            to[i] = fma(-exp(load(of, i, W)), summed, load(at, i, W))
        if left > 0:
            store(to, whole, fma(-exp(load(of, whole, W, left)), summed, load(at, whole, W, left)), left)
