"""Layer normalisation of rows, and its gradients, in the steps of PyTorch's CPU kernels (see ``kernels.moments``).

The moments of a row are taken in lanes: Welford's recurrence over chunks of 16 vectors, the chunks merged in pairs, the lanes one
after another. What is fused here is fused there; numbers beyond the last whole vector are a recurrence of their own, which is not.
``T`` is the type of the elements, ``W`` how many of them a vector of 32 bytes has.
"""

from __future__ import annotations

from typing import Any

from ..words import (
    address,
    extract,
    f32,
    fma,
    i16,
    i32,
    i64,
    iota,
    load,
    maximum,
    maybe,
    minimum,
    prefetch,
    read,
    select,
    splat,
    sqrt,
    stack,
    sum_lanes,
    unroll,
    write,
)
from .copies import to_bfloat, to_half
from .lanes import TWICE, added
from .narrow import as_bf16, as_f16, not_at_all

__all__ = ["as_bf16", "as_f16", "to_half"]

T: Any = f32  # bound when a kernel is compiled, like W
W = 8
CAST: Any = to_bfloat  # or to_half
EACH: Any = not_at_all  # how the gradients of weight and bias are rounded with each row: of 16-bit floats to these
CHUNK = 16  # vectors that a recurrence runs over
SIDE_BY_SIDE = 4  # chunks at a time: each step waits for the one before
TOGETHER = 4  # rows whose gradients are added up in one go, so that the sums are read and written less often
LEVELS = 48  # of merges in pairs: rows of 2**48 chunks


def chunks_of_vectors(x, T, W, number, count, shares, means, squares):
    """Welford's recurrence over ``count`` vectors of each of ``number`` neighbouring chunks."""
    for c in unroll(number):
        means[c] = splat(T(0), W)
        squares[c] = splat(T(0), W)
    for i in range(count):
        share = splat(shares[i], W)
        for c in unroll(number):
            v = load(x, (c * CHUNK + i) * W, W)
            delta = v - means[c]
            means[c] = fma(delta, share, means[c])
            squares[c] = fma(delta, v - means[c], squares[c])


def merged(share, mean, square, old_items, old_mean, old_square):
    """Chan's merge of the moments of two groups, lane by lane; ``share`` is that of the new one's items in all."""
    delta = mean - old_mean
    step = delta * share
    return old_mean + step, fma(step, delta * old_items, old_square + square)


def carried(means, squares, T, W, done, level, mean, square, items, whole):
    """Merge moments with those at ``level`` if there are some, the result with those above, and so on; put it where there are none.

    There are some at level j if bit j of ``done``, the number of chunks so far, is set. If the moments are of ``whole`` chunks they
    meet only as many items as they have. The result's level and items are given back.
    """
    j, m, s = level, mean, square
    while ((done >> j) & 1) == 1:
        there = T(i64(CHUNK) << j)
        share = T(0.5)
        if whole == 0:
            share = T(items) / T(items + (i64(CHUNK) << j))
        m, s = merged(share, m, s, there, load(means, j * W, W), load(squares, j * W, W))
        items += i64(CHUNK) << j
        j += 1
    means[j * W], squares[j * W] = m, s
    return j, items


def vector_moments(x, T, W, vectors, shares, means, squares):
    """The moments of each lane of ``vectors`` vectors: chunks are merged in pairs, pairs in pairs, and what is left at last."""
    chunks = vectors // CHUNK
    rest = vectors - chunks * CHUNK
    m = [splat(T(0), W) for _ in range(SIDE_BY_SIDE)]
    s = [splat(T(0), W) for _ in range(SIDE_BY_SIDE)]
    together = chunks // SIDE_BY_SIDE * SIDE_BY_SIDE
    for c in range(0, together, SIDE_BY_SIDE):
        chunks_of_vectors(x + c * CHUNK * W, T, W, SIDE_BY_SIDE, i64(CHUNK), shares, m, s)
        m[0], s[0] = merged(T(0.5), m[1], s[1], T(CHUNK), m[0], s[0])
        m[2], s[2] = merged(T(0.5), m[3], s[3], T(CHUNK), m[2], s[2])
        m[0], s[0] = merged(T(0.5), m[2], s[2], T(2 * CHUNK), m[0], s[0])
        carried(means, squares, T, W, c, i64(2), m[0], s[0], i64(4 * CHUNK), i64(1))
    first, items, left = i64(0), i64(0), chunks
    for c in range(together, chunks + (i64(1) if rest > 0 else i64(0))):
        whole = i64(1) if c < chunks else i64(0)
        count = i64(CHUNK) if c < chunks else rest
        chunks_of_vectors(x + c * CHUNK * W, T, W, 1, count, shares, m, s)
        first, items = carried(means, squares, T, W, c, i64(0), m[0], s[0], count, whole)
        if whole == 0:
            left = (chunks >> first) << first  # the levels below are empty now
    if rest == 0:
        first = i64(0)
        while ((chunks >> first) & 1) == 0:
            first += 1
        items = i64(CHUNK) << first
        left = chunks ^ (i64(1) << first)
    mean, square = load(means, first * W, W), load(squares, first * W, W)
    while (left >> first) != 0:
        if ((left >> first) & 1) == 1:
            more = i64(CHUNK) << first
            share = T(more) / T(more + items)
            mean, square = merged(share, load(means, first * W, W), load(squares, first * W, W), T(items), mean, square)
            items += more
        first += 1
    return mean, square


def row_moments(x, T, W, n, shares, means, squares):
    """(mean, sum of squared differences) of a row."""
    vectors = n // W
    mean, square, items = T(0), T(0), i64(0)
    for i in range(vectors * W, n):
        delta = x[i] - mean
        mean += delta / T(items + 1)
        square += delta * (x[i] - mean)
        items += 1
    if vectors > 0:
        lane_means, lane_squares = vector_moments(x, T, W, vectors, shares, means, squares)
        for lane in unroll(W):
            share = T(vectors) / T(vectors + items)
            delta = extract(lane_means, lane) - mean
            mean = fma(delta, share, mean)
            square += fma(delta * delta * share, T(items), extract(lane_squares, lane))
            items += vectors
    return mean, square


def moments(start, stop, mean: write[T], variance: write[T], x: read[T], n: i64):
    """Of rows of n numbers: the mean, and the mean of squared differences from it."""
    shares, means, squares = stack(T, CHUNK), stack(T, LEVELS * W), stack(T, LEVELS * W)
    for i in range(CHUNK):
        shares[i] = T(1) / T(i + 1)
    for i in range(start, stop):
        m, s = row_moments(x + i * n, T, W, n, shares, means, squares)
        mean[i] = m
        variance[i] = s / T(n)


def layer_norm(
    start, stop, out: write[T], mean: write[T], rstd: write[T], x: read[T], weight: maybe[T], bias: maybe[T], n: i64, eps: T
):  # fmt: skip
    """Rows of n numbers: ``(x - mean) * rstd * weight + bias``, and mean and rstd of each row."""
    shares, means, squares = stack(T, CHUNK), stack(T, LEVELS * W), stack(T, LEVELS * W)
    for i in range(CHUNK):
        shares[i] = T(1) / T(i + 1)
    factors, factor = or_constant(weight, 1.0, T, TWICE * W)
    terms, term = or_constant(bias, -0.0, T, TWICE * W)  # which leaves the sign of a zero alone
    whole = n // (TWICE * W) * (TWICE * W)
    for i in range(start, stop):
        row, to = x + i * n, out + i * n
        m, s = row_moments(row, T, W, n, shares, means, squares)
        r = T(1) / sqrt(maximum(s / T(n), T(0)) + eps)
        mean[i] = m
        rstd[i] = r
        for j in range(0, whole, TWICE * W):
            prefetch(row, n + j)  # the next row: who computes much does not look that far ahead
            to[j] = fma(
                (load(row, j, TWICE * W) - m) * r,
                load(factors, j * factor, TWICE * W),
                load(terms, j * term, TWICE * W),
            )
        for j in range(whole, n):
            to[j] = fma((row[j] - m) * r, factors[j * factor], terms[j * term])


def narrow_layer_norm(
    start, stop, out: write[i16], mean: write[T], rstd: write[T], x: read[T], weight: maybe[T], bias: maybe[T], n: i64, eps: T
):  # fmt: skip
    """The same of rows that were 16-bit floats, in the form that PyTorch has for these: ``x * rstd - mean * rstd``, rounded at the end."""
    shares, means, squares = stack(T, CHUNK), stack(T, LEVELS * W), stack(T, LEVELS * W)
    for i in range(CHUNK):
        shares[i] = T(1) / T(i + 1)
    factors, factor = or_constant(weight, 1.0, T, TWICE * W)
    terms, term = or_constant(bias, -0.0, T, TWICE * W)
    whole = n // (TWICE * W) * (TWICE * W)
    for i in range(start, stop):
        row, to = x + i * n, out + i * n
        m, s = row_moments(row, T, W, n, shares, means, squares)
        r = T(1) / sqrt(maximum(s / T(n), T(0)) + eps)
        mean[i] = m
        rstd[i] = r
        shift = -(m * r)
        for j in range(0, whole, TWICE * W):
            hat = fma(load(row, j, TWICE * W), r, shift)
            to[j] = CAST(f32, fma(hat, load(factors, j * factor, TWICE * W), load(terms, j * term, TWICE * W)))
        for j in range(whole, n):
            to[j] = CAST(f32, fma(fma(row[j], r, shift), factors[j * factor], terms[j * term]))


def or_constant(given, value, T, W):
    """An array, or if there is none a vector of that value; and how far apart two elements of it are."""
    constant = stack(T, W)
    constant[0] = splat(T(value), W)
    present = address(given) != 0
    return (given if present else constant), (i64(1) if present else i64(0))


# --- gradients --------------------------------------------------------------------------------------------------------
def layer_norm_gradient(
    start, stop, count: i64, share: i64, to_input: maybe[T], to_weight: maybe[T], to_bias: maybe[T], g: read[T], x: read[T],
    weight: maybe[T], mean: read[T], rstd: read[T], n: i64,
):  # fmt: skip
    """Parts of ``share`` of the ``count`` rows of n numbers. Each adds up the gradients of weight and bias in a row of its own.

    ``kernels.row_gradients`` has the formulas.
    """
    factors, factor = or_constant(weight, 1.0, T, TWICE * W)
    pair = stack(T, 4)
    for part in range(start, stop):
        into_weight, into_bias = to_weight + part * n, to_bias + part * n
        if address(to_weight) != 0:
            for j in range(n):
                into_weight[j] = T(0)
                into_bias[j] = T(0)
        last = minimum((part + 1) * share, count)
        for first in range(part * share, last, TOGETHER):
            end = minimum(first + TOGETHER, last)
            if address(to_input) != 0:
                for i in range(first, end):
                    row, slope = x + i * n, g + i * n
                    if (i - first) % 2 == 0:
                        other = n if i + 1 < end else i64(0)
                        sums(pair, slope, row, other, factors, factor, n, T, W)
                    by_x, by_one = pair[(i - first) % 2 * 2], pair[(i - first) % 2 * 2 + 1]
                    m, r = mean[i], rstd[i]
                    input_gradient(to_input + i * n, slope, row, by_x, by_one, factors, factor, m, r, n, T, TWICE * W)
            if address(to_weight) != 0:
                if end - first == TOGETHER:
                    add_gradients(into_weight, into_bias, g, x, mean, rstd, first, n, TOGETHER, TWICE * W, EACH)
                else:
                    for i in range(first, end):
                        add_gradients(into_weight, into_bias, g, x, mean, rstd, i, n, 1, TWICE * W, EACH)


def add_gradients(to_weight, to_bias, g, x, mean, rstd, first, n, R, W, each):
    """Add ``g (rstd x - rstd mean)`` and ``g`` of R rows, one after another."""
    whole = n // W * W
    factors = [rstd[first + r] for r in range(R)]
    shifts = [-(rstd[first + r] * mean[first + r]) for r in range(R)]
    slopes, rows = [g + (first + r) * n for r in range(R)], [x + (first + r) * n for r in range(R)]
    for j in range(0, whole, W):
        of_weight, of_bias = load(to_weight, j, W), load(to_bias, j, W)
        for r in unroll(R):
            h = load(slopes[r], j, W)
            of_weight = each(fma(h, fma(load(rows[r], j, W), factors[r], shifts[r]), of_weight))
            of_bias = each(of_bias + h)
        to_weight[j], to_bias[j] = of_weight, of_bias
    for j in range(whole, n):
        for r in unroll(R):
            one = slopes[r][j]
            to_weight[j] = each(fma(one, fma(rows[r][j], factors[r], shifts[r]), to_weight[j]))
            to_bias[j] = each(to_bias[j] + one)


def input_gradient(to, g, x, by_x, by_one, factors, factor, m, r, n, T, W):
    """``rstd g w + b x + c``, with ``b`` and ``c`` from the sums of ``g x w`` and ``g w``."""
    share = T(1) / T(n)
    b = fma(by_one, m, -by_x) * r * r * r * share
    c = fma(-b, m, -(by_one * r * share))
    whole = n // W * W
    for j in range(0, whole, W):
        to[j] = fma(load(x, j, W), b, load(g, j, W) * r * load(factors, j * factor, W)) + c
    for j in range(whole, n):
        to[j] = fma(x[j], b, g[j] * r * factors[j * factor]) + c


def sums(to, g, x, other, factors, factor, n, T, W):
    """The sums over a row, and the row ``other`` elements on, of ``g x w`` and ``g w``.

    They are added in vectors one after another, what is left is fused into the first lanes. Two rows hide each other's waiting.
    """
    whole = n // W * W
    if whole > 0:
        w = load(factors, 0, W)
        xs = [load(g, row * other, W) * load(x, row * other, W) * w for row in range(2)]
        ones = [load(g, row * other, W) * w for row in range(2)]
        last = whole - (whole // W - 1) % TWICE * W
        for j in range(W, last, TWICE * W):
            wide_w = load(factors, j * factor, TWICE * W)
            for row in unroll(2):
                prefetch(g, j + row * other + 2 * n)  # the next rows
                prefetch(x, j + row * other + 2 * n)
                wide_h = load(g, j + row * other, TWICE * W)
                xs[row] = added(xs[row], wide_h * load(x, j + row * other, TWICE * W) * wide_w)
                ones[row] = added(ones[row], wide_h * wide_w)
        if last < whole:
            w = load(factors, last * factor, W)
            for row in unroll(2):
                h = load(g, last + row * other, W)
                xs[row] += h * load(x, last + row * other, W) * w
                ones[row] += h * w
        rest = n - whole
        for row in unroll(2):
            if rest > 0:
                present = iota(W) < splat(i32(rest), W)
                h, v = load(g, whole + row * other, W, rest), load(x, whole + row * other, W, rest)
                w = load(factors, whole * factor, W, rest)
                own = fma(h * v, w, xs[row]) if factor == 1 else fma(h, v, xs[row])
                xs[row], ones[row] = select(present, own, xs[row]), select(present, fma(h, w, ones[row]), ones[row])
            to[2 * row], to[2 * row + 1] = lanes_added(xs[row], W), lanes_added(ones[row], W)
    else:
        for row in range(2):
            by_x, by_one = T(0), T(0)
            for j in range(n):
                weight_j, g_j = factors[j * factor], g[j + row * other]
                both, one = g_j * x[j + row * other] * weight_j, g_j * weight_j
                by_x = both if j == 0 else by_x + both
                by_one = one if j == 0 else by_one + one
            to[2 * row], to[2 * row + 1] = by_x, by_one


def lanes_added(v, W):
    """float32 lanes halves upon halves, float64 lanes one after another."""
    if W == 8:
        return sum_lanes(v)
    else:
        return extract(v, 0) + extract(v, 1) + extract(v, 2) + extract(v, 3)
