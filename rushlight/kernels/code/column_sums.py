"""Sums down the columns of contiguous matrices in float32, row after row: units of work are blocks of columns."""

from __future__ import annotations

from ..words import f32, fma, i64, load, minimum, read, splat, store, write

W = 8


def sums(x, g, centre, at, left, rows, columns, share):
    """The sums of ``g`` and of ``(x - centre) * g``, fused, in ``W`` columns from ``at`` on: of each share of the rows, then of these."""
    ones, products = splat(f32(0), W), splat(f32(0), W)
    for first in range(0, rows, share):
        one, product = splat(f32(0), W), splat(f32(0), W)
        for i in range(first, minimum(first + share, rows)):
            value = load(g, i * columns + at, W, left)
            one = one + value
            product = fma(load(x, i * columns + at, W, left) - centre, value, product)
        ones = ones + one
        products = products + product
    return ones, products


def products(
    start, stop, ones: write[f32], total: write[f32], x: read[f32], g: read[f32], middle: read[f32], rows: i64, columns: i64, share: i64
):  # fmt: skip
    """``sums`` of all columns; ``share`` rows at a time are added up by themselves."""
    for block in range(start, stop):
        at = block * W
        left = columns - at
        sum_one, sum_product = sums(x, g, load(middle, at, W, left), at, left, rows, columns, share)
        store(ones, at, sum_one, left)
        store(total, at, sum_product, left)
