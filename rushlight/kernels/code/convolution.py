"""Convolution: a plane of the result as sums of shifted planes of the input.

A unit of work is a band of rows of one image (and group of channels). Its input is copied into padded planes with rows of ``pitch``
elements, one for every remainder of the position by the stride, so that a kernel position is the same run of memory at another
offset: ``out[m, p] = bias[m] + sum over q of w[m, q] * x[offset[q] + p]``, where p runs over whole bands, the few columns between
two rows included, which are computed and dropped. What q is, in which order, only the tables say.
"""

from __future__ import annotations

from ..language import separate
from ..words import (
    fma,
    halves,
    i64,
    load,
    maximum,
    minimum,
    read,
    shuffle,
    splat,
    store,
    sum_lanes,
    unroll,
    write,
)

#: Places in the table of numbers.
(
    CHANNELS, DEPTH, HEIGHT, WIDTH,  # of the input, channels of a group
    OUT_DEPTH, OUT_HEIGHT, OUT_WIDTH, ROWS, COLUMNS,  # of the result, and of a band
    STEP_Z, STEP_Y, STEP_X,
    KINDS, REACH, PITCH, PLANE,  # planes a channel, rows a band needs beyond its own, lengths of a row and a plane
    GROUPS, MEMBERS, TERMS, BLOCK,  # groups, rows of w in a group, terms of a sum, terms that are added in one go
    APART,  # whether each such block of terms is a sum of its own
    PARTS, GRAIN, SCRATCH, LENGTH,  # shares of a group's rows, units a chunk, elements of scratch a chunk, of a plane of the result
    TO_IMAGE, TO_CHANNEL, TO_Z, TO_Y, TO_X, ORIGIN,  # where the result goes
    IMAGES, SEVERAL,  # in all, and as many as are taken at a time
    VECTORS, FLAT_PITCH,  # of a row of the result, 0 if vectors run on over the rows; length of such a row
) = range(35)  # fmt: skip
NUMBERS = 35


def exchanged(n, run, high):
    """Of two vectors of ``n`` lanes: runs of so many lanes, the even ones of both or the odd ones."""
    starts = range(run if high else 0, n, 2 * run)
    return tuple(lane + i for start in starts for lane in (start, n + start) for i in range(run))


#: The steps of transposing a square of vectors: what changes places are single lanes, then twos, then fours, then eights.
LOW = {n: tuple(exchanged(n, 1 << i, False) for i in range(n.bit_length() - 1)) for n in (4, 8, 16)}
HIGH = {n: tuple(exchanged(n, 1 << i, True) for i in range(n.bit_length() - 1)) for n in (4, 8, 16)}


def blank(to, start, stop, zeros, L):
    """Zeros, and some beyond the end. They are read from memory: LLVM would keep a register for a constant all the time."""
    for i in range(start, stop, L):
        store(to, i, load(zeros, 0, L))


def copy_row(to, x, n, step, zeros, L):
    """n elements of x, ``step`` apart, next to each other, then perhaps some zeros."""
    if step > 2:
        for i in range(n):
            to[i] = x[i * step]
    else:
        for i in range(0, n, L):
            left = n - i
            values = load(zeros, 0, L)
            if step == 2:
                low, high = load(x, 2 * i, L, 2 * left - 1), load(x, 2 * i + L, L, 2 * left - 1 - L)
                values = shuffle(low, high, tuple(range(0, 2 * L, 2)))
            elif left >= L:
                values = load(x, i, L)
            else:
                values = load(x, i, L, left)
            store(to, i, values)


@separate
def fill_planes(to, x, z, y, column, rows, kinds, numbers, first, last, zeros, L):
    """The padded planes of some channels of a band that begins at (z, y, column) of the result; x is a group of an image."""
    depth, height, width = numbers[DEPTH], numbers[HEIGHT], numbers[WIDTH]
    step_y, step_x = numbers[STEP_Y], numbers[STEP_X]
    pitch, plane, number = numbers[PITCH], numbers[PLANE], numbers[KINDS]
    at = first * number * plane
    for c in range(first, last):
        for kind in range(number):
            from_z = z * numbers[STEP_Z] + kinds[kind * 3]
            from_y = y * step_y + kinds[kind * 3 + 1]
            from_x = column * step_x + kinds[kind * 3 + 2]
            first = minimum(maximum((step_x - 1 - from_x) // step_x, i64(0)), pitch)
            n = maximum(minimum((width - 1 - from_x + step_x) // step_x, pitch) - first, i64(0))
            exists = (from_z >= 0) and (from_z < depth) and (n > 0)
            plane_x = x + ((c * depth + from_z) * height * width + from_x + first * step_x)
            here = at
            for i in range(rows + 1):
                there = exists and (from_y >= 0) and (from_y < height) and (i < rows)
                end = here + pitch
                if i == rows:
                    end = at + plane
                if (n < pitch) or not there:
                    blank(to, here, end, zeros, L)
                if there:
                    copy_row(to + (here + first), plane_x + from_y * width, n, step_x, zeros, L)
                here = end
                from_y += step_y
            at += plane


def correlate(
    start,
    stop,
    out: write[T],
    x: read[T],
    w: read[T],
    bias: read[T],
    kinds: read[i64],
    offsets: read[i64],
    spots: read[i64],
    numbers: read[i64],
    scratch: write[T],
):
    """The sums of all rows of w; ``spots`` are where vectors lie in planes of the input and of the result.

    Units are images x groups x depths x bands of rows x bands of columns x shares of the rows of w.
    """
    columns = numbers[COLUMNS]
    rows = numbers[ROWS]
    bands_x = (numbers[OUT_WIDTH] + columns - 1) // columns
    bands_y = (numbers[OUT_HEIGHT] + rows - 1) // rows
    groups = numbers[GROUPS]
    parts = numbers[PARTS]
    zeros = scratch + start // numbers[GRAIN] * numbers[SCRATCH]
    store(zeros, 0, splat(T(0), L))
    planes = zeros + L
    blocks = (numbers[MEMBERS] + M - 1) // M
    share = (blocks + parts - 1) // parts
    terms = numbers[TERMS]
    block = numbers[BLOCK]
    apart = numbers[APART]
    length = numbers[LENGTH]
    pitch = numbers[PITCH]
    image = numbers[CHANNELS] * numbers[DEPTH] * numbers[HEIGHT] * numbers[WIDTH]
    flat = planes + (numbers[CHANNELS] * numbers[KINDS] * numbers[PLANE] + M * V * L)
    for unit in range(start, stop):
        part = unit % parts
        rest = unit // parts
        column = rest % bands_x * columns
        rest = rest // bands_x
        y = rest % bands_y * rows
        rest = rest // bands_y
        z = rest % numbers[OUT_DEPTH]
        rest = rest // numbers[OUT_DEPTH]
        group = rest % groups
        n = rest // groups
        high = minimum(rows, numbers[OUT_HEIGHT] - y)
        wide = minimum(columns, numbers[OUT_WIDTH] - column)
        first = part * share
        last = minimum(first + share, blocks)
        source = x + rest * image
        fill_planes(
            planes, source, z, y, column, high + numbers[REACH], kinds, numbers, i64(0), numbers[CHANNELS], zeros, L
        )
        count = ((high - 1) * pitch + wide + L - 1) // L
        if numbers[VECTORS] > 0:
            count = high * numbers[VECTORS]
        for q in range(0, maximum(terms, i64(1)), block):
            q_end = minimum(q + block, terms)
            for p in range(0, count, V):
                for b in range(first, last):
                    row = (group * blocks + b) * M
                    begin = bias + row if q == 0 else zeros
                    anew = (q == 0) or (apart == 1)
                    add = (q > 0) and (apart == 1)
                    tile(
                        flat + (b - first) * M * length, length, planes, spots + 2 * p, w + row * terms, begin, anew, add,
                        offsets, q, q_end, M, V, L,
                    )  # fmt: skip
        to = out + (
            numbers[ORIGIN] + n * numbers[TO_IMAGE] + z * numbers[TO_Z] + y * numbers[TO_Y] + column * numbers[TO_X]
        )
        for m in range(first * M, minimum(last * M, numbers[MEMBERS])):
            place = to + (group * numbers[MEMBERS] + m) * numbers[TO_CHANNEL]
            for i in range(high):
                deliver(
                    place + i * numbers[TO_Y],
                    flat + ((m - first * M) * length + i * numbers[FLAT_PITCH]),
                    wide,
                    numbers[TO_X],
                    L,
                )


@separate
def tile(flat, length, x, spots, w, begin, anew, add, offsets, q, q_end, M, V, L):
    """M rows by V vectors of sums from term q on: they begin anew or go on from what is there, or are added to it."""
    runs = [x + spots[2 * v] for v in range(V)]
    to = [flat + spots[2 * v + 1] for v in range(V)]
    sums = [load(x, 0, L) for _ in range(M * V)]
    if anew:
        for m in unroll(M):
            for v in unroll(V):
                sums[m * V + v] = splat(begin[m], L)
    else:
        for m in unroll(M):
            for v in unroll(V):
                sums[m * V + v] = load(to[v], m * length, L)
    for i in range(q, q_end):
        at = offsets[i]
        values = [load(runs[v], at, L) for v in range(V)]
        factors = w + i * M
        for m in unroll(M):
            factor = splat(factors[m], L)
            for v in unroll(V):
                sums[m * V + v] = fma(factor, values[v], sums[m * V + v])
    if add:
        for m in unroll(M):
            for v in unroll(V):
                sums[m * V + v] = load(to[v], m * length, L) + sums[m * V + v]
    for m in unroll(M):
        for v in unroll(V):
            store(to[v], m * length, sums[m * V + v])


def chains(
    start,
    stop,
    sums: write[T],
    x: read[T],
    g: read[T],
    kinds: read[i64],
    offsets: read[i64],
    numbers: read[i64],
    cuts: read[i64],
    scratch: write[T],
):
    """The same sums, each as one chain over all places of the images between two ``cuts``, for which there is a table each; its
    rows are filled up to ``LENGTH`` channels.

    Units are shares of images x groups x blocks of V vectors of the gradient's channels x shares of the terms.
    """
    columns = numbers[COLUMNS]
    rows = numbers[ROWS]
    bands_x = (numbers[OUT_WIDTH] + columns - 1) // columns
    bands_y = (numbers[OUT_HEIGHT] + rows - 1) // rows
    groups = numbers[GROUPS]
    parts = numbers[PARTS]
    width = numbers[LENGTH]
    blocks = width // (V * L)
    tiles = (numbers[TERMS] + M - 1) // M
    share = (tiles + parts - 1) // parts * M
    taps = numbers[TERMS] // numbers[CHANNELS]
    image = numbers[CHANNELS] * numbers[DEPTH] * numbers[HEIGHT] * numbers[WIDTH]
    members = numbers[MEMBERS]
    places = numbers[OUT_DEPTH] * numbers[OUT_HEIGHT] * numbers[OUT_WIDTH]
    items = numbers[OUT_DEPTH] * bands_y * bands_x
    for unit in range(start, stop):
        first = unit % parts * share
        last = minimum(first + share, tiles * M)
        rest = unit // parts
        b = rest % blocks * V * L
        rest = rest // blocks
        group = rest % groups
        share = rest // groups
        channel = first // taps
        channels = minimum((last - 1) // taps + 1, numbers[CHANNELS])
        zeros = scratch + unit * numbers[SCRATCH]
        store(zeros, 0, splat(T(0), L))
        planes = zeros + L
        turned_g = planes + numbers[CHANNELS] * numbers[KINDS] * numbers[PLANE]
        table = sums + ((share * groups + group) * tiles * M * width + b)
        for item in range(cuts[share] * items, cuts[share + 1] * items):
            column = item % bands_x * columns
            rest = item // bands_x
            y = rest % bands_y * rows
            rest = rest // bands_y
            z = rest % numbers[OUT_DEPTH]
            source = rest // numbers[OUT_DEPTH] * groups + group
            high = minimum(rows, numbers[OUT_HEIGHT] - y)
            wide = minimum(columns, numbers[OUT_WIDTH] - column)
            fill_planes(
                planes,
                x + source * image,
                z,
                y,
                column,
                high + numbers[REACH],
                kinds,
                numbers,
                channel,
                channels,
                zeros,
                L,
            )
            place = (z * numbers[OUT_HEIGHT] + y) * numbers[OUT_WIDTH] + column
            from_g = g + ((source * members + b) * places + place)
            turn(turned_g, from_g, members - b, places, high * wide, V, L)
            for q in range(first, last, M):
                chain(
                    table + q * width,
                    width,
                    planes,
                    offsets + q,
                    turned_g,
                    high,
                    wide,
                    numbers[PITCH],
                    item == cuts[share] * items,
                    zeros,
                    M,
                    V,
                    L,
                )


@separate
def chain(to, width, planes, offsets, g, high, wide, pitch, anew, zeros, M, V, L):
    """M terms of V vectors of channels: the sums go on over a band, of which ``g`` has the channels last."""
    sums = [load(zeros, 0, L) for _ in range(M * V)]
    if not anew:
        for m in unroll(M):
            for v in unroll(V):
                sums[m * V + v] = load(to, m * width + v * L, L)
    runs = [planes + offsets[m] for m in range(M)]
    for i in range(high):
        row = g + i * wide * V * L
        for j in range(wide):
            values = [load(row, (j * V + v) * L, L) for v in range(V)]
            for m in unroll(M):
                factor = splat(runs[m][i * pitch + j], L)
                for v in unroll(V):
                    sums[m * V + v] = fma(factor, values[v], sums[m * V + v])
    for m in unroll(M):
        for v in unroll(V):
            store(to, m * width + v * L, sums[m * V + v])


@separate
def turn(to, source, channels, apart, places, V, L):
    """A run of places of V vectors of channels, which are so far ``apart``, with the channels last; what fills up is any."""
    for v in unroll(V):
        starts = [minimum(channels - 1, i64(v * L + i)) * apart for i in range(L)]
        for p in range(0, places, L):
            left = minimum(places - p, i64(L))
            square = turned(source, starts, p, left, L)
            for i in unroll(L):
                if i < left:
                    store(to, ((p + i) * V + v) * L, square[i])


def turned(source, starts, p, left, L):
    """A square of L runs, transposed: the vectors are of one place each; only ``left`` of them are any good."""
    square = [load(source, starts[i] + p, L, left) for i in range(L)]
    for step in unroll(len(LOW[L])):
        for i in unroll(L):
            if i // 2**step % 2 == 0:
                low = shuffle(square[i], square[i + 2**step], LOW[L][step])
                square[i + 2**step] = shuffle(square[i], square[i + 2**step], HIGH[L][step])
                square[i] = low
    return square


def channel_sums(
    start, stop, out: write[T], g: read[T], cuts: read[i64], channels: i64, rows: i64, places: i64, apart: i64
):
    """The sums of all places of the images between two cuts, place by place, of L channels for each unit, which are as many for each
    share; what fills up ``out`` is any. ``apart``: each of the ``rows`` of ``places`` is a sum of its own, added when it is complete."""
    blocks = (channels + L - 1) // L
    for unit in range(start, stop):
        total = splat(T(0), L)
        row = splat(T(0), L)
        starts = [minimum(unit % blocks * L + i, channels - 1) * rows * places for i in range(L)]
        for n in range(cuts[unit // blocks] * rows, cuts[unit // blocks + 1] * rows):
            source = g + (n // rows * channels * rows + n % rows) * places
            for p in range(0, places, L):
                left = minimum(places - p, i64(L))
                square = turned(source, starts, p, left, L)
                for i in unroll(L):
                    if i < left:
                        row = row + square[i]
            if apart == 1:
                total = total + row
                row = splat(T(0), L)
        if apart == 0:
            total = row
        store(out, unit * L, total)


def multiply(
    start,
    stop,
    sums: write[T],
    x: read[T],
    g: read[T],
    kinds: read[i64],
    offsets: read[i64],
    numbers: read[i64],
    scratch: write[T],
):
    """Sums over places of a gradient times the input that each kernel position meets there: one table for each chunk of the items,
    which are groups of images x depths x bands; units are chunks x shares of the gradient's channels."""
    columns = numbers[COLUMNS]
    rows = numbers[ROWS]
    bands_x = (numbers[OUT_WIDTH] + columns - 1) // columns
    bands_y = (numbers[OUT_HEIGHT] + rows - 1) // rows
    groups = numbers[GROUPS]
    parts = numbers[PARTS]
    several = numbers[SEVERAL]
    members = numbers[MEMBERS]
    blocks = (members + M - 1) // M
    share = (blocks + parts - 1) // parts
    terms = (numbers[TERMS] + V - 1) // V * V
    length = numbers[LENGTH]
    pitch = numbers[PITCH]
    size_x = numbers[CHANNELS] * numbers[DEPTH] * numbers[HEIGHT] * numbers[WIDTH]
    size_g = members * numbers[OUT_DEPTH] * numbers[OUT_HEIGHT] * numbers[OUT_WIDTH]
    planes_x = numbers[CHANNELS] * numbers[KINDS] * numbers[PLANE]
    planes_g = share * M * length
    items = (numbers[IMAGES] + several - 1) // several * numbers[OUT_DEPTH] * bands_y * bands_x
    for unit in range(start, stop):
        chunk = unit // parts
        first = unit % parts * share
        last = minimum(first + share, blocks)
        zeros = scratch + unit * numbers[SCRATCH]
        store(zeros, 0, splat(T(0), L))
        planes = zeros + L
        flat = planes + several * planes_x + 2 * L
        for item in range(chunk * numbers[GRAIN], minimum((chunk + 1) * numbers[GRAIN], items)):
            column = item % bands_x * columns
            rest = item // bands_x
            y = rest % bands_y * rows
            rest = rest // bands_y
            z = rest % numbers[OUT_DEPTH]
            n = rest // numbers[OUT_DEPTH] * several
            number = minimum(several, numbers[IMAGES] - n)
            high = minimum(rows, numbers[OUT_HEIGHT] - y)
            wide = minimum(columns, numbers[OUT_WIDTH] - column)
            count = ((high - 1) * pitch + wide + L - 1) // L * L
            for group in range(groups):
                for i in range(number):
                    from_x = x + ((n + i) * groups + group) * size_x
                    fill_planes(
                        planes + i * planes_x, from_x, z, y, column, high + numbers[REACH], kinds, numbers, i64(0),
                        numbers[CHANNELS], zeros, L,
                    )  # fmt: skip
                    for m in range(first * M, last * M):
                        from_g = g + (((n + i) * groups + group) * size_g
                                      + ((m * numbers[OUT_DEPTH] + z) * numbers[OUT_HEIGHT] + y) * numbers[OUT_WIDTH] + column)  # fmt: skip
                        to = flat + (i * planes_g + (m - first * M) * length)
                        done = i64(0)
                        if m < members:
                            for j in range(high):
                                copy_row(to + j * pitch, from_g + j * numbers[OUT_WIDTH], wide, 1, zeros, L)
                                blank(to + j * pitch, wide, pitch, zeros, L)
                            done = (high - 1) * pitch + wide
                        blank(to, done, count, zeros, L)
                blank(planes, number * planes_x, number * planes_x + L, zeros, L)
                for b in range(first, last):
                    for q in range(0, terms, V):
                        to = sums + (((chunk * groups + group) * terms + q) * blocks + b) * M
                        products(to, blocks * M, flat + (b - first) * M * length, length, planes_g, planes, planes_x, offsets + q, count,
                                 number, zeros, M, V, L)  # fmt: skip


@separate
def products(to, apart, flat, length, next_g, planes, next_x, offsets, count, number, zeros, M, V, L):
    """M rows of the gradient times V runs of the input, summed and added to the table."""
    sums = [load(zeros, 0, L) for _ in range(M * V)]  # a constant would keep a register
    places = [offsets[v] for v in range(V)]
    for i in range(number):
        runs = [planes + (places[v] + i * next_x) for v in range(V)]
        from_g = flat + i * next_g
        for p in range(0, count, L):
            values = [load(runs[v], p, L) for v in range(V)]
            for m in unroll(M):
                factor = load(from_g, m * length + p, L)
                for v in unroll(V):
                    sums[m * V + v] = fma(factor, values[v], sums[m * V + v])
    for v in unroll(V):
        if M == 4 and L == 8:
            four = four_sums(sums[v], sums[V + v], sums[2 * V + v], sums[3 * V + v])
            store(to, v * apart, load(to, v * apart, 4) + four)
        else:
            for m in unroll(M):
                to[v * apart + m] = to[v * apart + m] + sum_lanes(sums[m * V + v])


def four_sums(a, b, c, d):
    """The sums of all lanes of four vectors of eight."""
    ab = shuffle(a, b, (0, 8, 1, 9, 4, 12, 5, 13)) + shuffle(a, b, (2, 10, 3, 11, 6, 14, 7, 15))
    cd = shuffle(c, d, (0, 8, 1, 9, 4, 12, 5, 13)) + shuffle(c, d, (2, 10, 3, 11, 6, 14, 7, 15))
    both = shuffle(ab, cd, (0, 1, 8, 9, 4, 5, 12, 13)) + shuffle(ab, cd, (2, 3, 10, 11, 6, 7, 14, 15))
    low, high = halves(both)
    return low + high


def deliver(to, flat, n, step, L):
    """n elements to places that are ``step`` apart."""
    if step == 1:
        for i in range(0, n, L):
            # the last may store some again: stores of some lanes take much longer
            at = minimum(i, maximum(n - L, i64(0)))
            if n >= L:
                store(to, at, load(flat, at, L))
            else:
                store(to, 0, load(flat, 0, L), n)
    else:
        for i in range(n):
            to[i * step] = flat[i]


def pack(start, stop, out: write[T], w: read[T], places: read[i64], members: i64, group: i64, member: i64, terms: i64):
    """Rows of weights side by side, M at a time: units are blocks of them, ``places`` where the terms of a row lie.

    ``group`` and ``member`` are how far groups, and rows within them, are apart; rows that are missing are zero.
    """
    blocks = (members + M - 1) // M
    for unit in range(start, stop):
        first = unit % blocks * M
        rows = w + unit // blocks * group
        to = out + unit * terms * M
        for m in unroll(M):
            there = T(1) if first + m < members else T(0)
            row = rows + minimum(first + m, members - 1) * member
            for q in range(terms):
                to[q * M + m] = row[places[q]] * there
