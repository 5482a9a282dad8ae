"""Weighted sums of a few elements along one axis, and sums over boxes."""

from __future__ import annotations

from ..words import fma, gather, i64, load, read, store, write

W = 8


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
