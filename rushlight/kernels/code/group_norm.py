"""The gradients of group norm on contiguous (images, channels, places) in float32: units of work are the groups of each image.

A group's rule is ``to_x = rstd * weight * g + b * x + c``, where ``b`` and ``c`` are made of the sums of ``g * x`` and of ``g`` over its
planes (Wu & He 2018), rounded where PyTorch 2.13 rounds; found by trying orders against it.
"""

from __future__ import annotations

from ..words import extract, f32, fma, i64, load, maybe, minimum, read, splat, store, unroll, write
from .normalization import lanes_added

W = 8


def gradients(
    start,
    stop,
    to_x: write[f32],
    products: write[f32],
    sums: write[f32],
    g: read[f32],
    x: read[f32],
    weight: maybe[f32],
    weighted: i64,
    mean: read[f32],
    rstd: read[f32],
    groups: i64,
    channels: i64,
    length: i64,
    share: f32,
):
    """The gradient of x, and of each plane the sums of g * x and of g; ``channels`` are those of a group, ``share`` is 1 / its numbers.

    The sums of a group's channels are made in eight lanes, which are added one after another, then what is left over.
    """
    for unit in range(start, stop):
        first = (unit % groups) * channels
        for j in range(channels):
            plane = unit * channels + j
            add_plane(products, sums, g + plane * length, x + plane * length, plane, length)
        product, total = f32(0), f32(0)
        whole = channels // W * W
        if whole > 0:
            some, others = splat(f32(0), W), splat(f32(0), W)
            for j in range(0, whole, W):
                factors = splat(f32(1), W)
                if weighted != 0:
                    factors = load(weight, first + j, W)
                some = fma(load(products, unit * channels + j, W), factors, some)
                others = fma(load(sums, unit * channels + j, W), factors, others)
            for i in unroll(W):
                product += extract(some, i)
                total += extract(others, i)
        for j in range(whole, channels):
            factor = f32(1)
            if weighted != 0:
                factor = weight[first + j]
            product = fma(products[unit * channels + j], factor, product)
            total = fma(sums[unit * channels + j], factor, total)
        middle, root = mean[unit], rstd[unit]
        by_x = fma(total, middle, -product) * root * root * root * share
        rest = fma(-(total * root), share, -by_x * middle)
        for j in range(channels):
            plane = unit * channels + j
            by_g = root
            if weighted != 0:
                by_g = root * weight[first + j]
            write_plane(to_x + plane * length, g + plane * length, x + plane * length, length, by_g, by_x, rest)


def add_plane(products, sums, g, x, plane, length):
    """In eight lanes, and the lanes by halves, as PyTorch adds; what is left over goes to the first lanes. Fewer than eight in order."""
    if length < W:
        one, other = f32(0), f32(0)
        for i in range(length):
            one += g[i] * x[i]
            other += g[i]
        products[plane] = one
        sums[plane] = other
    else:
        add_lanes(products, sums, g, x, plane, length)


def add_lanes(products, sums, g, x, plane, length):
    product, total = splat(f32(0), W), splat(f32(0), W)
    for i in range(0, length, W):
        left = minimum(length - i, W)
        given = load(g, i, W, left)
        product = product + given * load(x, i, W, left)
        total = total + given
    products[plane] = lanes_added(product, W)
    sums[plane] = lanes_added(total, W)


def write_plane(to, g, x, length, by_g, by_x, rest):
    for i in range(0, length, W):
        left = minimum(length - i, W)
        value = fma(load(g, i, W, left), splat(by_g, W), load(x, i, W, left) * by_x) + rest
        if left == W:
            store(to, i, value)
        else:
            store(to, i, value, left)


def parameters(
    start, stop, to_weight: write[f32], to_bias: write[f32], products: read[f32], sums: read[f32], mean: read[f32], rstd: read[f32],
    images: i64, groups: i64, channels: i64,
):  # fmt: skip
    """The gradients of weight and bias from the sums of the planes; units are channels."""
    for channel in range(start, stop):
        by_weight, by_bias = f32(0), f32(0)
        for n in range(images):
            plane, unit = n * groups * channels + channel, n * groups + channel // channels
            by_weight = fma(fma(-sums[plane], mean[unit], products[plane]), rstd[unit], by_weight)
            by_bias += sums[plane]
        to_weight[channel] = by_weight
        to_bias[channel] = by_bias
