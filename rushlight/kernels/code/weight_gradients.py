"""Gradients of depthwise and pointwise weights, in the orders of ``kernels.weight_orders``: each element is a chain of fused operations.

Vectors run along channels, so that what they are made of is turned first: channels last, a few places at a time.
"""

from __future__ import annotations

from ..language import separate
from ..words import fma, i64, load, maximum, minimum, read, splat, store, unroll, write
from .convolution import turn, turned


def pointwise(
    start,
    stop,
    sums: write[T],
    x: read[T],
    g: read[T],
    pieces: read[i64],
    count: i64,
    shares: i64,
    channels: i64,
    members: i64,
    places: i64,
    parts: i64,
    scratch: write[T],
):
    """Tables (share, channel, member) of sums, filled up to tiles of M channels and of V vectors of members.

    ``pieces`` are ``count`` times the share, the image, and its places from and to that are added at a time. Units are
    shares x tiles of members x ``parts`` of the channels.
    """
    rows = (channels + M - 1) // M
    blocks = (members + V * L - 1) // (V * L)
    share_of_rows = (rows + parts - 1) // parts * M
    width = blocks * V * L
    for unit in range(start, stop):
        first = unit % parts * share_of_rows
        last = minimum(first + share_of_rows, rows * M)
        rest = unit // parts
        b = rest % blocks * V * L
        share = rest // blocks
        table = sums + (share * rows * M * width + b)
        zeros = scratch + unit * (192 * V + 1) * L
        store(zeros, 0, splat(T(0), L))
        turned_g = zeros + L
        anew = i64(1)
        for i in range(count):
            if pieces[i * 4] == share:
                image = pieces[i * 4 + 1]
                place = pieces[i * 4 + 2]
                number = pieces[i * 4 + 3] - place
                turn(turned_g, g + ((image * members + b) * places + place), members - b, places, number, V, L)
                for q in range(first, last, M):
                    from_x = x + (image * channels * places + place)
                    sums_of_places(
                        table + q * width,
                        width,
                        from_x,
                        channels - 1,
                        q,
                        places,
                        turned_g,
                        number,
                        anew,
                        zeros,
                        M,
                        V,
                        L,
                    )
                anew = i64(0)


@separate
def sums_of_places(to, width, x, end, q, apart, g, number, anew, zeros, M, V, L):
    """M channels of x from ``q`` on, times V vectors of members; what fills up is any."""
    sums = [load(zeros, 0, L) for _ in range(M * V)]
    runs = [x + minimum(q + m, end) * apart for m in range(M)]
    for p in range(number):
        values = [load(g, (p * V + v) * L, L) for v in range(V)]
        for m in unroll(M):
            factor = splat(runs[m][p], L)
            for v in unroll(V):
                sums[m * V + v] = fma(factor, values[v], sums[m * V + v])
    for m in unroll(M):
        for v in unroll(V):
            at = m * width + v * L
            if anew == 1:
                store(to, at, sums[m * V + v])
            else:
                store(to, at, sums[m * V + v] + load(to, at, L))


def depthwise(
    start,
    stop,
    sums: write[T],
    x: read[T],
    g: read[T],
    cuts: read[i64],
    tiles: read[i64],
    wide: i64,
    taps: read[i64],
    terms: i64,
    numbers: read[i64],
    scratch: write[T],
):
    """Tables (share, block of L channels, tap, channel) of sums over the images between ``cuts``; units are blocks of all shares.

    ``taps`` are terms, filled up to tiles of M: rows and columns of the padded input. ``tiles`` are the cuts of a row; 15 rows are a tile.
    """
    channels = numbers[0]
    height, width = numbers[1], numbers[2]
    out_height, out_width = numbers[3], numbers[4]
    down, along = numbers[5], numbers[6]
    above, before = numbers[7], numbers[8]
    pitch, reach = numbers[9], numbers[10]  # places of a padded row, rows that a tile needs
    blocks = (channels + L - 1) // L
    for unit in range(start, stop):
        b = unit % blocks * L
        share = unit // blocks
        zeros = scratch + unit * numbers[11]
        store(zeros, 0, splat(T(0), L))
        room = zeros + L
        rows_of_g = room + reach * pitch * L
        to = sums + unit * terms * L
        left = channels - b
        anew = i64(1)
        for image in range(cuts[share], cuts[share + 1]):
            from_x = x + (image * channels + b) * height * width
            from_g = g + (image * channels + b) * out_height * out_width
            for y in range(0, out_height, 15):
                high = minimum(out_height - y, i64(15))
                padded_rows(
                    room,
                    from_x,
                    left,
                    height,
                    width,
                    y * down - above,
                    (high - 1) * down + numbers[12],
                    before,
                    pitch,
                    zeros,
                    L,
                )
                turn(rows_of_g, from_g + y * out_width, left, out_height * out_width, high * out_width, 1, L)
                for t in range(wide):
                    column = tiles[t]
                    for q in range(0, terms, M):
                        add_tile(
                            to + q * L, room + column * along * L, rows_of_g + column * L, taps + 2 * q, high, tiles[t + 1] - column,
                            down * pitch, along, out_width, pitch, anew, zeros, M, L,
                        )  # fmt: skip
                    anew = i64(0)


def few_members(
    start,
    stop,
    sums: write[T],
    x: read[T],
    g: read[T],
    cuts: read[i64],
    taps: read[i64],
    terms: i64,
    members: i64,
    numbers: read[i64],
    scratch: write[T],
):
    """Tables (share, group, block of L channels of x, member, tap, channel) of sums over the images between ``cuts``: for weights with
    so few members that vectors run along the other channels. Units are blocks of all groups of all shares."""
    channels, groups = numbers[0], numbers[13]
    height, width = numbers[1], numbers[2]
    out_height, out_width = numbers[3], numbers[4]
    down, along = numbers[5], numbers[6]
    pitch = numbers[9]
    blocks = (channels + L - 1) // L
    for unit in range(start, stop):
        b = unit % blocks * L
        group = unit // blocks % groups
        share = unit // blocks // groups
        zeros = scratch + unit * numbers[11]
        store(zeros, 0, splat(T(0), L))
        room = zeros + L
        to = sums + unit * members * terms * L
        anew = i64(1)
        for image in range(cuts[share] * groups + group, cuts[share + 1] * groups, groups):
            from_x = x + (image * channels + b) * height * width
            for y in range(0, out_height, 15):
                high = minimum(out_height - y, i64(15))
                first, rows = y * down - numbers[7], (high - 1) * down + numbers[12]
                padded_rows(room, from_x, channels - b, height, width, first, rows, numbers[8], pitch, zeros, L)
                for m in range(members):
                    from_g = g + ((image * members + m) * out_height + y) * out_width
                    for q in range(0, terms, M):
                        add_band(
                            to + (m * terms + q) * L, room, from_g, taps + 2 * q, high, out_width, down * pitch, along, pitch, anew, zeros,
                            M, L,
                        )  # fmt: skip
                anew = i64(0)


@separate
def add_band(to, x, g, taps, high, wide, apart, along, pitch, anew, zeros, M, L):
    """The sums of M taps go on over a band of one member of the gradient."""
    sums = [load(zeros, 0, L) for _ in range(M)]
    if anew == 0:
        for m in unroll(M):
            sums[m] = load(to, m * L, L)
    runs = [x + (taps[2 * m] * pitch + taps[2 * m + 1]) * L for m in range(M)]
    for i in range(high):
        for j in range(wide):
            value = splat(g[i * wide + j], L)
            at = (i * apart + j * along) * L
            for m in unroll(M):
                sums[m] = fma(load(runs[m], at, L), value, sums[m])
    for m in unroll(M):
        store(to, m * L, sums[m])


@separate
def padded_rows(to, x, left, height, width, first, rows, before, pitch, zeros, L):
    """Rows of L channels, channels last, with zeros around."""
    starts = [minimum(left - 1, i64(i)) * height * width for i in range(L)]
    for i in range(rows):
        row = to + i * pitch * L
        y = first + i
        for p in range(pitch):
            store(row, p * L, load(zeros, 0, L))
        if (y >= 0) and (y < height):
            inside = maximum(minimum(width, pitch - before), i64(0))
            for p in range(0, inside, L):
                number = minimum(inside - p, i64(L))
                square = turned(x, starts, y * width + p, number, L)
                for j in unroll(L):
                    if j < number:
                        store(row, (before + p + j) * L, square[j])


@separate
def add_tile(to, x, g, taps, high, wide, apart, along, g_apart, pitch, anew, zeros, M, L):
    """The sums of M taps go on over a tile."""
    sums = [load(zeros, 0, L) for _ in range(M)]
    if anew == 0:
        for m in unroll(M):
            sums[m] = load(to, m * L, L)
    runs = [x + (taps[2 * m] * pitch + taps[2 * m + 1]) * L for m in range(M)]
    for i in range(high):
        for j in range(wide):
            value = load(g, (i * g_apart + j) * L, L)
            at = (i * apart + j * along) * L
            for m in unroll(M):
                sums[m] = fma(load(runs[m], at, L), value, sums[m])
    for m in unroll(M):
        store(to, m * L, sums[m])
