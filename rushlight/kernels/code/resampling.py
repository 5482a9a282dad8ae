"""Weighted sums of a few elements along one axis, and sums over boxes."""

from __future__ import annotations

from ..words import fma, gather, i64, iota, load, read, shuffle, splat, store, write

W = 8
EVEN, ODD = tuple(range(0, 2 * W, 2)), tuple(range(1, 2 * W, 2))


def taps(
    start,
    stop,
    out: write[T],
    x: read[T],
    index: read[i64],
    weight: read[T],
    n: i64,
    m: i64,
    count: i64,
    inner: i64,
):
    """``out[o, i, r] = sum over j of x[o, index[j, i], r] * weight[j, i]``, in order; units are o, of n and m elements by ``inner``."""
    for o in range(start, stop):
        source = x + o * n * inner
        to = out + o * m * inner
        if inner == 1:
            whole = m // W * W
            for i in range(0, whole, W):
                total = gather(source, load(index, i, W)) * load(weight, i, W)
                for j in range(1, count):
                    total = total + gather(source, load(index, j * m + i, W)) * load(weight, j * m + i, W)
                store(to, i, total)
            for i in range(whole, m):
                one = source[index[i]] * weight[i]
                for j in range(1, count):
                    one = one + source[index[j * m + i]] * weight[j * m + i]
                to[i] = one
        else:
            whole = inner // W * W
            for i in range(m):
                for r in range(0, whole, W):
                    total = load(source, index[i] * inner + r, W) * weight[i]
                    for j in range(1, count):
                        total = total + load(source, index[j * m + i] * inner + r, W) * weight[j * m + i]
                    store(to, i * inner + r, total)
                for r in range(whole, inner):
                    one = source[index[i] * inner + r] * weight[i]
                    for j in range(1, count):
                        one = one + source[index[j * m + i] * inner + r] * weight[j * m + i]
                    to[i * inner + r] = one


def two_taps(
    start,
    stop,
    out: write[T],
    x: read[T],
    low: read[i64],
    high: read[i64],
    first: read[T],
    second: read[T],
    n: i64,
    m: i64,
):
    """Two elements of each row of n by their weights, the second product rounded; units are rows."""
    for o in range(start, stop):
        source, to = x + o * n, out + o * m
        whole = m // W * W
        for i in range(0, whole, W):
            rest = gather(source, load(high, i, W)) * load(second, i, W)
            store(to, i, fma(gather(source, load(low, i, W)), load(first, i, W), rest))
        for i in range(whole, m):
            to[i] = fma(source[low[i]], first[i], source[high[i]] * second[i])


def corners(
    start,
    stop,
    out: write[T],
    x: read[T],
    rows: read[i64],
    row_weights: read[T],
    columns: read[i64],
    weights: read[T],
    n: i64,
    m: i64,
    height: i64,
    width: i64,
):
    """Four elements by the products of the weights of their rows and columns; units are planes of n by m."""
    for plane in range(start, stop):
        source = x + plane * n * m
        for i in range(height):
            above, below = source + rows[i] * m, source + rows[height + i] * m
            u, v = row_weights[i], row_weights[height + i]
            to = out + (plane * height + i) * width
            whole = width // W * W
            for j in range(0, whole, W):
                left, right = load(columns, j, W), load(columns, width + j, W)
                a, b = load(weights, j, W), load(weights, width + j, W)
                p, q = gather(above, left), gather(above, right)
                r, s = gather(below, left), gather(below, right)
                store(to, j, of_corners(p, q, r, s, a, b, u, v, VECTORS))
            for j in range(whole, width):
                first, second = columns[j], columns[width + j]
                one, other = weights[j], weights[width + j]
                to[j] = of_corners(above[first], above[second], below[first], below[second], one, other, u, v, VECTORS)


def of_corners(p, q, r, s, a, b, u, v, vectors):
    """Four elements by their weights, as PyTorch's vectors of channels add them or as it does otherwise."""
    if vectors:
        total = fma(p, a * u, fma(q, b * u, fma(s, b * v, r * (a * v))))
    else:
        total = fma(s, b * v, fma(r, a * v, fma(p, a * u, q * (b * u))))
    return total


def spread(
    start,
    stop,
    out: write[T],
    g: read[T],
    rows: read[i64],
    row_weights: read[T],
    columns: read[i64],
    weights: read[T],
    twice: read[i64],
    n: i64,
    m: i64,
    down: i64,
    across: i64,
    height: i64,
    width: i64,
):
    """The gradient of ``corners``: units are planes of n by m, of which each element was read by so many of height by width at the most.

    ``rows`` are the ``down`` that read one (-1: no more), ``row_weights`` its two weights there, the second 0 but at an edge; columns
    likewise, of which ``twice`` tells where any has two. Each element is one chain, in the order of those that read it.
    """
    for plane in range(start, stop):
        source = g + plane * height * width
        for i in range(n):
            to = out + (plane * n + i) * m
            whole = m // W * W
            for j in range(0, whole, W):
                total = splat(T(0), W)
                for p in range(down):
                    row = rows[p * n + i]
                    if row >= 0:
                        u, v = row_weights[p * n + i], row_weights[(down + p) * n + i]
                        for q in range(across):
                            given = gather(source + row * width, load(columns, q * m + j, W))
                            a, b = load(weights, q * m + j, W), load(weights, (across + q) * m + j, W)
                            total = of_four(total, given, a, b, u, v, twice[q])
                store(to, j, total)
            for j in range(whole, m):
                one = T(0)
                for p in range(down):
                    row = rows[p * n + i]
                    if row >= 0:
                        u, v = row_weights[p * n + i], row_weights[(down + p) * n + i]
                        for q in range(across):
                            single = source[row * width + columns[q * m + j]]
                            c, d = weights[q * m + j], weights[(across + q) * m + j]
                            one = of_four(one, single, c, d, u, v, twice[q])
                to[j] = one


def of_four(total, given, a, b, u, v, twice):
    result = fma(given, a * u, total)
    if twice == 1:
        result = fma(given, b * u, result)
    if v != 0:
        result = fma(given, a * v, result)
        if twice == 1:
            result = fma(given, b * v, result)
    return result


def blocks(start, stop, out: write[T], g: read[T], n: i64, m: i64, down: i64, across: i64):
    """Sums over blocks of down by across, from the first element on; units are planes of n by m blocks."""
    for plane in range(start, stop):
        for i in range(n):
            to = out + (plane * n + i) * m
            first = g + (plane * n + i) * down * m * across
            whole = m // W * W
            for j in range(0, whole, W):
                total = splat(T(0), W)
                for p in range(down):
                    row = first + (p * m + j) * across
                    if across == 2:
                        low, high = load(row, 0, W), load(row, W, W)
                        total = total + shuffle(low, high, EVEN)
                        total = total + shuffle(low, high, ODD)
                    else:
                        for q in range(across):
                            total = total + gather(row + q, i64(iota(W)) * across)
                store(to, j, total)
            for j in range(whole, m):
                one = T(0)
                for p in range(down):
                    for q in range(across):
                        one += first[(p * m + j) * across + q]
                to[j] = one


def boxes(start, stop, out: write[T], x: read[T], ranges: read[i64], sizes: read[i64]):
    """Sums over boxes, each from its first element on: units are planes of ``sizes`` (three, then those of the result).

    ``ranges`` are the first places, then the ends of the boxes in each dimension.
    """
    depth, height, width = sizes[0], sizes[1], sizes[2]
    out_depth, out_height, out_width = sizes[3], sizes[4], sizes[5]
    at_y = 2 * out_depth
    at_x = at_y + 2 * out_height
    to = start * out_depth * out_height * out_width
    for plane in range(start, stop):
        for oz in range(out_depth):
            for oy in range(out_height):
                for ox in range(out_width):
                    total = T(0)
                    for z in range(ranges[oz], ranges[out_depth + oz]):
                        for y in range(ranges[at_y + oy], ranges[at_y + out_height + oy]):
                            row = ((plane * depth + z) * height + y) * width
                            for i in range(row + ranges[at_x + ox], row + ranges[at_x + out_width + ox]):
                                total += x[i]
                    out[to] = total
                    to += 1
