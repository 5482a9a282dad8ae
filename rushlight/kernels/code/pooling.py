"""Pools: the largest element or the mean of each window, eight windows of a row at a time, and their gradients."""

from __future__ import annotations

from ..language import separate
from ..words import (
    gather,
    i32,
    i64,
    iota,
    load,
    maximum,
    minimum,
    read,
    select,
    shuffle,
    splat,
    store,
    write,
)

#: Places in the table of numbers: sizes, windows and results in depth, height, width.
(
    DEPTH, HEIGHT, WIDTH, OUT_DEPTH, OUT_HEIGHT, OUT_WIDTH,
    SPAN_Z, SPAN_Y, SPAN_X, STEP_Z, STEP_Y, STEP_X, PAD_Z, PAD_Y, PAD_X, APART_Z, APART_Y, APART_X,
    COUNT_PADDING, DIVISOR,
) = range(20)  # fmt: skip
NUMBERS = 20
W = 8
EVEN = (0, 2, 4, 6, 8, 10, 12, 14)


def first_tap(start, apart):
    """The first position of a window that is not before the array. (Divisions are slow.)"""
    first = i64(0)
    if start < 0:
        first = (apart - 1 - start) // apart
    return first


def end_tap(start, apart, span, size):
    """The end of the positions that are not behind it."""
    end = span
    if start + (span - 1) * apart >= size:
        end = maximum(size - 1 - start + apart, i64(0)) // apart
    return end


def extent(start, span, size, pad, with_padding):
    """How many elements of a mean's window count in one dimension."""
    end = minimum(start + span, size + pad)
    if with_padding == 0:
        start = maximum(start, i64(0))
        end = minimum(end, size)
    return end - start


def inner_row(x, at, step, left, T):
    """Eight elements of a row ``step`` (1 or 2) apart, of which ``left`` elements are left."""
    values = load(x, at, W, left)
    if step == 2:
        values = shuffle(values, load(x, at + W, W, left - W), EVEN)
    return values


@separate
def pool_row(out, places, plane, numbers, steps, z, z_first, z_end, y, y_first, y_end, KIND, T):
    """A row of the result: eight windows at a time."""
    depth, height, width, out_width = numbers[DEPTH], numbers[HEIGHT], numbers[WIDTH], numbers[OUT_WIDTH]
    span_z, span_y, span_x = numbers[SPAN_Z], numbers[SPAN_Y], numbers[SPAN_X]
    apart_z, apart_y, apart_x = numbers[APART_Z], numbers[APART_Y], numbers[APART_X]
    step = numbers[STEP_X]
    for ahead in range(0, out_width, W):
        column = minimum(ahead, maximum(out_width - W, i64(0)))  # the last may do some again
        begin = column * step - numbers[PAD_X]
        last = begin + (minimum(out_width, i64(W)) - 1) * step + (span_x - 1) * apart_x
        inner = (begin >= 0) and (last < width) and (step <= 2)
        lowest = splat(T(0 if KIND == 2 else float("-inf")), W)
        best = lowest
        columns = steps + splat(i32(begin), W)
        place = columns
        if begin < 0:  # the first position that is not in the padding
            before = maximum(splat(i32(apart_x - 1), W) - columns, 0) // splat(i32(apart_x), W)
            place = columns + before * splat(i32(apart_x), W)
        place = place + splat(i32(((z + z_first * apart_z) * height + y + y_first * apart_y) * width), W)
        for tap_z in range(z_first, z_end):
            for tap_y in range(y_first, y_end):
                at = ((z + tap_z * apart_z) * height + y + tap_y * apart_y) * width
                for tap in range(span_x):
                    shift = tap * apart_x
                    values = lowest
                    here = columns + splat(i32(shift), W)
                    if inner:
                        values = inner_row(plane, at + begin + shift, step, width - begin - shift, T)
                    else:
                        inside = (here >= 0) and (here < splat(i32(width), W))
                        near = minimum(maximum(here, 0), splat(i32(width - 1), W))
                        values = select(inside, gather(plane + at, near), lowest)
                    if KIND == 2:
                        best = best + values
                    else:
                        # what lies outside is the lowest there is, and never better
                        better = (values > best) or (values != values)
                        best = select(better, values, best)
                        if KIND == 1:
                            place = select(better, here + splat(i32(at), W), place)
        if KIND == 2:
            count = numbers[DIVISOR]
            counts = splat(T(count), W)
            if count == 0:
                with_padding = numbers[COUNT_PADDING]
                in_z = extent(z, span_z, depth, numbers[PAD_Z], with_padding)
                in_y = extent(y, span_y, height, numbers[PAD_Y], with_padding)
                end = minimum(columns + splat(i32(span_x), W), splat(i32(width + numbers[PAD_X]), W))
                from_x = columns
                if with_padding == 0:
                    end = minimum(end, splat(i32(width), W))
                    from_x = maximum(columns, 0)
                counts = T(splat(i32(in_z * in_y), W) * (end - from_x))
            best = best / counts
        if out_width >= W:  # stores of some lanes take much longer
            store(out, column, best)
            if KIND == 1:
                store(places, column, i64(place))
        else:
            store(out, 0, best, out_width)
            if KIND == 1:
                store(places, 0, i64(place), out_width)


def pool(
    start,
    stop,
    out: write[T],
    places: write[i64],
    x: read[T],
    numbers: read[i64],
):
    """Units are planes. ``KIND`` is 0 for the largest element, 1 for that and its place, 2 for the mean."""
    depth, height, width = numbers[DEPTH], numbers[HEIGHT], numbers[WIDTH]
    out_height, out_width = numbers[OUT_HEIGHT], numbers[OUT_WIDTH]
    span_z, span_y = numbers[SPAN_Z], numbers[SPAN_Y]
    apart_z, apart_y = numbers[APART_Z], numbers[APART_Y]
    steps = iota(W) * splat(i32(numbers[STEP_X]), W)
    to = start * numbers[OUT_DEPTH] * out_height * out_width
    for number in range(start, stop):
        plane = x + number * (depth * height * width)
        for out_z in range(numbers[OUT_DEPTH]):
            z = out_z * numbers[STEP_Z] - numbers[PAD_Z]
            z_first, z_end = first_tap(z, apart_z), end_tap(z, apart_z, span_z, depth)
            for out_y in range(out_height):
                y = out_y * numbers[STEP_Y] - numbers[PAD_Y]
                y_first, y_end = first_tap(y, apart_y), end_tap(y, apart_y, span_y, height)
                pool_row(out + to, places + to, plane, numbers, steps, z, z_first, z_end, y, y_first, y_end, KIND, T)
                to += out_width


def blank(to, count, T):
    """Zeros."""
    whole = count // W * W
    for i in range(0, whole, W):
        store(to, i, splat(T(0), W))
    for i in range(whole, count):
        to[i] = T(0)


def scatter(
    start, stop, out: write[T], values: read[T], places: read[i64], refused: write[i64], length: i64, count: i64
):
    """Add ``count`` values a plane to planes of zeros of ``length`` elements, in order; a place outside sets ``refused``."""
    for plane in range(start, stop):
        to = out + plane * length
        blank(to, length, T)
        for i in range(plane * count, (plane + 1) * count):
            place = places[i]
            if (place >= 0) and (place < length):
                to[place] = to[place] + values[i]
            else:
                refused[0] = 1


def spread(start, stop, out: write[T], values: read[T], numbers: read[i64]):
    """Each mean's share of the gradient added to its window, one window after another; units are planes."""
    depth, height, width = numbers[DEPTH], numbers[HEIGHT], numbers[WIDTH]
    out_height, out_width = numbers[OUT_HEIGHT], numbers[OUT_WIDTH]
    span_z, span_y, span_x = numbers[SPAN_Z], numbers[SPAN_Y], numbers[SPAN_X]
    with_padding = numbers[COUNT_PADDING]
    length = depth * height * width
    rows = numbers[OUT_DEPTH] * out_height
    blank(out + start * length, (stop - start) * length, T)
    for row in range(start * rows, stop * rows):
        to = out + row // rows * length
        z = row % rows // out_height * numbers[STEP_Z] - numbers[PAD_Z]
        y = row % out_height * numbers[STEP_Y] - numbers[PAD_Y]
        in_z = extent(z, span_z, depth, numbers[PAD_Z], with_padding)
        in_y = extent(y, span_y, height, numbers[PAD_Y], with_padding)
        for column in range(out_width):
            x = column * numbers[STEP_X] - numbers[PAD_X]
            count = numbers[DIVISOR]
            if count == 0:
                count = in_z * in_y * extent(x, span_x, width, numbers[PAD_X], with_padding)
            share = values[row * out_width + column] / T(count)
            first, last = maximum(x, i64(0)), minimum(x + span_x, width)
            for to_z in range(maximum(z, i64(0)), minimum(z + span_z, depth)):
                for to_y in range(maximum(y, i64(0)), minimum(y + span_y, height)):
                    at = (to_z * height + to_y) * width
                    for i in range(at + first, at + last):
                        to[i] = to[i] + share
