"""Sums down the columns of contiguous matrices in float32, row after row: units of work are blocks of columns."""

from __future__ import annotations

from ..words import f32, fma, i64, load, read, splat, store, write

W = 8


def products(
    start, stop, ones: write[f32], total: write[f32], x: read[f32], g: read[f32], middle: read[f32], rows: i64, columns: i64, share: i64
):  # fmt: skip
    """The sums of ``g`` and of ``(x - middle) * g``, fused; ``share`` rows at a time are added up by themselves."""
    for block in range(start, stop):
        at = block * W
        left = columns - at
        centre = load(middle, at, W, left)
        sum_one, sum_product = splat(f32(0), W), splat(f32(0), W)
        for first in range(0, rows, share):
            last = first + share
            if last > rows:
                last = rows
            one, product = splat(f32(0), W), splat(f32(0), W)
            for i in range(first, last):
                value = load(g, i * columns + at, W, left)
                one = one + value
                product = fma(load(x, i * columns + at, W, left) - centre, value, product)
            sum_one = sum_one + one
            sum_product = sum_product + product
        store(ones, at, sum_one, left)
        store(total, at, sum_product, left)
