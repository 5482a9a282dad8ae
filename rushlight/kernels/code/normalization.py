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
    i32,
    i64,
    iota,
    load,
    maximum,
    maybe,
    read,
    select,
    splat,
    sqrt,
    stack,
    sum_lanes,
    unroll,
    write,
)

T: Any = f32  # bound when a kernel is compiled, like W
W = 8
CHUNK = 16  # vectors that a recurrence runs over
SIDE_BY_SIDE = 4  # chunks at a time: each step waits for the one before
LEVELS = 48  # of merges in pairs: rows of 2**48 chunks


def chunks_of_vectors(x, T, W, number, count, means, squares):
    """Welford's recurrence over ``count`` vectors of each of ``number`` neighbouring chunks."""
    for c in unroll(number):
        means[c] = splat(T(0), W)
        squares[c] = splat(T(0), W)
    for i in range(count):
        share = T(1) / T(i + 1)
        for c in unroll(number):
            v = load(x, (c * CHUNK + i) * W, W)
            delta = v - means[c]
            means[c] = fma(delta, share, means[c])
            squares[c] = fma(delta, v - means[c], squares[c])


def merged(items, mean, square, old_items, old_mean, old_square, T):
    """Chan's merge of the moments of two groups, lane by lane."""
    delta = mean - old_mean
    step = delta * (T(items) / T(items + old_items))
    return old_mean + step, fma(step, delta * T(old_items), old_square + square)


def add_part(means, squares, counts, depth, part, items, mean, square, T, W):
    """Merge the part of that number into the lowest level, and full levels upwards."""
    m, s = merged(items, mean, square, counts[0], load(means, 0, W), load(squares, 0, W), T)
    means[0], squares[0], counts[0] = m, s, counts[0] + items
    done, j = part + 1, i64(1)
    while (j < depth) and ((done & 1) == 0):
        upper, lower = j * W, (j - 1) * W
        m, s = merged(
            counts[j - 1], load(means, lower, W), load(squares, lower, W),
            counts[j], load(means, upper, W), load(squares, upper, W), T,
        )  # fmt: skip
        means[upper], squares[upper], counts[j] = m, s, counts[j] + counts[j - 1]
        means[lower], squares[lower], counts[j - 1] = splat(T(0), W), splat(T(0), W), 0
        done, j = done >> 1, j + 1


def vector_moments(x, T, W, vectors, means, squares, counts):
    """The moments of each lane of ``vectors`` vectors, left in the first of the levels."""
    chunks = vectors // CHUNK
    rest = vectors - chunks * CHUNK
    parts = chunks + (i64(1) if rest > 0 else i64(0))
    depth = i64(1)
    while (i64(1) << depth) < parts:
        depth += 1
    for j in range(depth):
        means[j * W], squares[j * W], counts[j] = splat(T(0), W), splat(T(0), W), 0
    m = [splat(T(0), W) for _ in range(SIDE_BY_SIDE)]
    s = [splat(T(0), W) for _ in range(SIDE_BY_SIDE)]
    together = chunks // SIDE_BY_SIDE * SIDE_BY_SIDE
    for c in range(0, together, SIDE_BY_SIDE):
        chunks_of_vectors(x + c * CHUNK * W, T, W, SIDE_BY_SIDE, CHUNK, m, s)
        for i in unroll(SIDE_BY_SIDE):
            add_part(means, squares, counts, depth, c + i, i64(CHUNK), m[i], s[i], T, W)
    for c in range(together, parts):
        count = i64(CHUNK) if c < chunks else rest
        chunks_of_vectors(x + c * CHUNK * W, T, W, 1, count, m, s)
        add_part(means, squares, counts, depth, c, count, m[0], s[0], T, W)
    for j in range(1, depth):
        if counts[j] > 0:
            a, b = merged(
                counts[j],
                load(means, j * W, W),
                load(squares, j * W, W),
                counts[0],
                load(means, 0, W),
                load(squares, 0, W),
                T,
            )
            means[0], squares[0], counts[0] = a, b, counts[0] + counts[j]


def row_moments(x, T, W, n, means, squares, counts):
    """(mean, sum of squared differences) of a row."""
    vectors = n // W
    mean, square, items = T(0), T(0), i64(0)
    for i in range(vectors * W, n):
        delta = x[i] - mean
        mean += delta / T(items + 1)
        square += delta * (x[i] - mean)
        items += 1
    if vectors > 0:
        vector_moments(x, T, W, vectors, means, squares, counts)
        lane_means, lane_squares = load(means, 0, W), load(squares, 0, W)
        for lane in unroll(W):
            share = T(vectors) / T(vectors + items)
            delta = extract(lane_means, lane) - mean
            mean = fma(delta, share, mean)
            square += fma(delta * delta * share, T(items), extract(lane_squares, lane))
            items += vectors
    return mean, square


def layer_norm(
    start, stop, out: write[T], mean: write[T], rstd: write[T], x: read[T], weight: maybe[T], bias: maybe[T], n: i64, eps: T
):  # fmt: skip
    """Rows of n numbers: ``(x - mean) * rstd * weight + bias``, and mean and rstd of each row."""
    means, squares, counts = stack(T, LEVELS * W), stack(T, LEVELS * W), stack(i64, LEVELS)
    factors, factor = or_constant(weight, 1.0, T, W)
    terms, term = or_constant(bias, -0.0, T, W)  # which leaves the sign of a zero alone
    whole = n // W * W
    for i in range(start, stop):
        row, to = x + i * n, out + i * n
        m, s = row_moments(row, T, W, n, means, squares, counts)
        r = T(1) / sqrt(maximum(s / T(n), T(0)) + eps)
        mean[i] = m
        rstd[i] = r
        for j in range(0, whole, W):
            to[j] = fma((load(row, j, W) - m) * r, load(factors, j * factor, W), load(terms, j * term, W))
        for j in range(whole, n):
            to[j] = fma((row[j] - m) * r, factors[j * factor], terms[j * term])


def or_constant(given, value, T, W):
    """An array, or if there is none a vector of that value; and how far apart two elements of it are."""
    constant = stack(T, W)
    constant[0] = splat(T(value), W)
    present = address(given) != 0
    return (given if present else constant), (i64(1) if present else i64(0))


# --- gradients --------------------------------------------------------------------------------------------------------
def layer_norm_gradient(
    start, stop, share: i64, to_input: maybe[T], to_weight: maybe[T], to_bias: maybe[T], g: read[T], x: read[T], weight: maybe[T],
    mean: read[T], rstd: read[T], n: i64,
):  # fmt: skip
    """Rows of n numbers, ``share`` of them a chunk. Each chunk adds up the gradients of weight and bias in a row of its own.

    ``kernels.row_gradients`` has the formulas.
    """
    factors, factor = or_constant(weight, 1.0, T, W)
    into_weight, into_bias = to_weight + start // share * n, to_bias + start // share * n
    whole = n // W * W
    if address(to_weight) != 0:
        for j in range(n):
            into_weight[j] = T(0)
            into_bias[j] = T(0)
    for i in range(start, stop):
        row, slope = x + i * n, g + i * n
        m, r = mean[i], rstd[i]
        if address(to_input) != 0:
            input_gradient(to_input + i * n, slope, row, factors, factor, m, r, n, T, W)
        if address(to_weight) != 0:
            shift = -(r * m)
            for j in range(0, whole, W):
                h = load(slope, j, W)
                into_weight[j] = fma(h, fma(load(row, j, W), r, shift), load(into_weight, j, W))
                into_bias[j] = load(into_bias, j, W) + h
            for j in range(whole, n):
                into_weight[j] = fma(slope[j], fma(row[j], r, shift), into_weight[j])
                into_bias[j] = into_bias[j] + slope[j]


def input_gradient(to, g, x, factors, factor, m, r, n, T, W):
    """``rstd g w + b x + c``, with ``b`` and ``c`` from the sums of ``g x w`` and ``g w``."""
    by_x, by_one = sums(g, x, factors, factor, n, T, W)
    share = T(1) / T(n)
    b = fma(by_one, m, -by_x) * r * r * r * share
    c = fma(-b, m, -(by_one * r * share))
    whole = n // W * W
    for j in range(0, whole, W):
        to[j] = fma(load(x, j, W), b, load(g, j, W) * r * load(factors, j * factor, W)) + c
    for j in range(whole, n):
        to[j] = fma(x[j], b, g[j] * r * factors[j * factor]) + c


def sums(g, x, factors, factor, n, T, W):
    """The sums over a row of ``g x w`` and ``g w``: in vectors one after another, what is left fused into the first lanes."""
    whole = n // W * W
    by_x, by_one = T(0), T(0)
    if whole > 0:
        first, w = load(g, 0, W), load(factors, 0, W)
        xs, ones = first * load(x, 0, W) * w, first * w
        for j in range(W, whole, W):
            h, w = load(g, j, W), load(factors, j * factor, W)
            xs += h * load(x, j, W) * w
            ones += h * w
        rest = n - whole
        if rest > 0:
            present = iota(W) < splat(i32(rest), W)
            h, v, w = load(g, whole, W, rest), load(x, whole, W, rest), load(factors, whole * factor, W, rest)
            own = fma(h * v, w, xs) if factor == 1 else fma(h, v, xs)
            xs, ones = select(present, own, xs), select(present, fma(h, w, ones), ones)
        by_x, by_one = lanes_added(xs, W), lanes_added(ones, W)
    else:
        for j in range(n):
            w_j = factors[j * factor]
            both, one = g[j] * x[j] * w_j, g[j] * w_j
            by_x = both if j == 0 else by_x + both
            by_one = one if j == 0 else by_one + one
    return by_x, by_one


def lanes_added(v, W):
    """float32 lanes halves upon halves, float64 lanes one after another."""
    if W == 8:
        return sum_lanes(v)
    else:
        return extract(v, 0) + extract(v, 1) + extract(v, 2) + extract(v, 3)
