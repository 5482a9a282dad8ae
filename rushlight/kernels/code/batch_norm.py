"""Batch norm in float32: of contiguous (images, channels, places), channel by channel, and of rows, in blocks of channels."""

from __future__ import annotations

from ..words import (
    f32,
    f64,
    fma,
    i32,
    i64,
    iota,
    load,
    minimum,
    read,
    select,
    splat,
    sqrt,
    store,
    sum_lanes,
    unroll,
    write,
)
from .column_sums import sums as sums_of_columns

W = 8
WAYS = 4  # sums that are added up side by side


def normalise(
    start, stop, out: write[f32], x: read[f32], scale: read[f32], shift: read[f32], channels: i64, length: i64
):
    """``x * scale + shift``; units are planes."""
    for plane in range(start, stop):
        spread(out, x, plane * length, length, scale[plane % channels], shift[plane % channels])


def spread(out, x, at, length, scale, shift):
    """A plane times a number and another added, in one rounding."""
    for i in range(0, length, W):
        left = length - i
        if left >= W:
            store(out, at + i, fma(load(x, at + i, W), scale, splat(shift, W)))
        else:
            store(out, at + i, fma(load(x, at + i, W, left), scale, splat(shift, W)), left)


def sums(x, images, channels, channel, length, middle, squared):
    """The sum over a channel in double precision: of x, or of squared differences from the middle in single precision."""
    partial = [splat(f64(0), W) for _ in range(WAYS)]
    whole = length // (WAYS * W) * (WAYS * W)
    for n in range(images):
        at = (n * channels + channel) * length
        for i in range(at, at + whole, WAYS * W):
            for way in unroll(WAYS):
                partial[way] = partial[way] + f64(term(load(x, i + way * W, W), middle, squared))
        for i in range(at + whole, at + length, W):
            left = at + length - i
            value = term(load(x, i, W, left), middle, squared)
            partial[0] = partial[0] + f64(select(iota(W) < splat(i32(left), W), value, 0.0))
    return sum_lanes((partial[0] + partial[1]) + (partial[2] + partial[3]))


def term(x, middle, squared):
    if squared:
        x = x - middle
        x = x * x
    return x


def train(
    start,
    stop,
    out: write[f32],
    mean: write[f32],
    squares: write[f32],
    rstd: write[f32],
    x: read[f32],
    weight: read[f32],
    bias: read[f32],
    images: i64,
    channels: i64,
    length: i64,
    eps: f64,
):
    """The statistics of a channel, and the channel normalised by them."""
    count = images * length
    for channel in range(start, stop):
        middle = f32(sums(x, images, channels, channel, length, f32(0), False) / f64(count))
        spread_of = f32(sums(x, images, channels, channel, length, middle, True))
        root = f32(1.0 / sqrt(f64(spread_of / f32(count)) + eps))
        mean[channel] = middle
        squares[channel] = spread_of
        rstd[channel] = root
        scale = root * weight[channel]
        shift = fma(-middle, scale, bias[channel])
        for n in range(images):
            spread(out, x, (n * channels + channel) * length, length, scale, shift)


def gradients(
    start,
    stop,
    to_x: write[f32],
    to_weight: write[f32],
    to_bias: write[f32],
    x: read[f32],
    g: read[f32],
    mean: read[f32],
    rstd: read[f32],
    weight: read[f32],
    images: i64,
    channels: i64,
    length: i64,
    training: i64,
):
    """All gradients of a channel: sums in single precision over a plane, in double precision over the images, as PyTorch's."""
    count = images * length
    for channel in range(start, stop):
        middle, root = mean[channel], rstd[channel]
        total, product = f64(0), f64(0)
        for n in range(images):
            at = (n * channels + channel) * length
            one, other = f32(0), f32(0)
            if length < W:
                one = g[at]
                other = (x[at] - middle) * g[at]
                for i in range(at + 1, at + length):
                    one += g[i]
                    other += (x[i] - middle) * g[i]
            else:
                ones = load(g, at, W)
                others = (load(x, at, W) - middle) * ones
                for i in range(at + W, at + length - W + 1, W):
                    value = load(g, i, W)
                    ones += value
                    others += (load(x, i, W) - middle) * value
                left = length % W
                if left > 0:
                    value = load(g, at + length - left, W, left)
                    ones += value
                    others = fma(load(x, at + length - left, W, left) - middle, value, others)
                one, other = sum_lanes(ones), sum_lanes(others)
            total += f64(one)
            product += f64(other)
        to_weight[channel] = f32(product * f64(root))
        to_bias[channel] = f32(total)
        slope = f32(product) * root * root / f32(count)
        level = f32(total / f64(count))
        factor = weight[channel]
        if training == 0:
            slope, level = f32(0), f32(0)
        for n in range(images):
            at = (n * channels + channel) * length
            whole = at + length // W * W
            for i in range(at, whole, W):
                value = fma(-slope, load(x, i, W) - middle, load(g, i, W) - level)
                store(to_x, i, value * root * factor)
            for i in range(whole, at + length):
                to_x[i] = fma(-slope, x[i] - middle, g[i] - level) * root * factor


# --- rows: each thread's share of them is added one after another, as PyTorch's threads do ------------------------------
def train_rows(
    start,
    stop,
    out: write[f32],
    mean: write[f32],
    squares: write[f32],
    rstd: write[f32],
    x: read[f32],
    weight: read[f32],
    bias: read[f32],
    rows: i64,
    columns: i64,
    share: i64,
    eps: f64,
):
    """The statistics of ``W`` channels, and these normalised by them."""
    for block in range(start, stop):
        at = block * W
        left = columns - at
        total = splat(f64(0), W)
        for first in range(0, rows, share):
            part = splat(f32(0), W)
            for i in range(first, minimum(first + share, rows)):
                part = part + load(x, i * columns + at, W, left)
            total = total + f64(part)
        middle = f32(total / f64(rows))
        spread_of = splat(f32(0), W)
        for first in range(0, rows, share):
            part = splat(f32(0), W)
            for i in range(first, minimum(first + share, rows)):
                difference = load(x, i * columns + at, W, left) - middle
                part = fma(difference, difference, part)
            spread_of = spread_of + part
        root = f32(1.0 / sqrt(f64(spread_of / f32(rows)) + eps))
        store(mean, at, middle, left)
        store(squares, at, spread_of, left)
        store(rstd, at, root, left)
        scale = root * load(weight, at, W, left)
        shift = fma(-middle, scale, load(bias, at, W, left))
        for i in range(rows):
            store(out, i * columns + at, fma(load(x, i * columns + at, W, left), scale, shift), left)


def row_gradients(
    start,
    stop,
    to_x: write[f32],
    to_weight: write[f32],
    to_bias: write[f32],
    x: read[f32],
    g: read[f32],
    mean: read[f32],
    rstd: read[f32],
    weight: read[f32],
    rows: i64,
    columns: i64,
    share: i64,
    training: i64,
):
    """All gradients of ``W`` channels. The steps of whole vectors are fused, those of the channels beyond them are not."""
    for block in range(start, stop):
        at = block * W
        left = columns - at
        middle, root, factor = load(mean, at, W, left), load(rstd, at, W, left), load(weight, at, W, left)
        ones, products = sums_of_columns(x, g, middle, at, left, rows, columns, share)
        store(to_bias, at, ones, left)
        store(to_weight, at, products * root, left)
        slope, level = products * root * root / f32(rows), ones / f32(rows)
        for i in range(rows):
            value = load(g, i * columns + at, W, left)
            if training != 0:
                value = value - level
                difference = load(x, i * columns + at, W, left) - middle
                if left >= W:
                    value = fma(-slope, difference, value)
                else:
                    value = value - slope * difference
            store(to_x, i * columns + at, value * root * factor, left)


def move(
    start, stop, running_mean: write[f32], running_var: write[f32], mean: read[f32], squares: read[f32], share: f32, rest: f32, less: f32
):  # fmt: skip
    """Running statistics moved towards those of a batch, ``less`` the number of values a channel less one."""
    for i in range(start, stop):
        running_mean[i] = share * mean[i] + rest * running_mean[i]
        running_var[i] = fma(share, squares[i] / less, rest * running_var[i])
