"""Sums of rows and of columns in the order of ``kernels.summation``, whose rules are named here."""

from __future__ import annotations

from ..words import extract, fma, i64, load, maximum, minimum, read, splat, stack, store, strided, unroll, write

LEVELS = 4


def power_for(count):
    """log2 of the block of a cascade of ``count`` items: ``max(4, bit_length(count - 1) // 4)``."""
    bits = i64(0)
    left = count - 1
    while left > 0:
        left = left >> 1
        bits += 1
    power = i64(4)
    if bits // 4 > 4:
        power = bits // 4
    return power


def cascade(x, item, count, lanes, wide, T, left=None):
    """The sums of ``wide`` vectors (of the first ``left`` lanes) at each of ``count`` places ``item`` elements apart (rule 3)."""
    sums = [splat(T(0), lanes) for _ in range(LEVELS * wide)]
    power = power_for(count)
    step = i64(1) << power
    at = x
    done = i64(0)
    while done + step <= count:
        add_items(sums, at, item, step, lanes, wide, left)
        at = at + step * item
        done += step
        carry(sums, done, power, lanes, wide, T)
    add_items(sums, at, item, count - done, lanes, wide, left)
    add_levels(sums, wide)
    return sums


def paired_row_sums(start, stop, out: write[T], x: strided[T], step: i64, length: i64, end: i64, divisor: T):
    """``row_sums`` of what were 16-bit floats, whose vectors are two vectors of float32 added together (rule 7)."""
    for row in range(start, stop):
        at = x + row * step
        n = minimum(length, end - row * step)
        pairs = n // (2 * V)
        groups = pairs // 4
        sums = [splat(T(0), V) for _ in range(LEVELS * 4)]
        power = power_for(groups)
        block = i64(1) << power
        done = i64(0)
        while done + block <= groups:
            add_pairs(sums, at + done * (8 * V), block, V)
            done += block
            carry(sums, done, power, V, 4, T)
        add_pairs(sums, at + done * (8 * V), groups - done, V)
        add_levels(sums, 4)
        rest = at + groups * (8 * V)
        for i in range(pairs - groups * 4):
            sums[0] = sums[0] + (load(rest, i * (2 * V), V) + load(rest, i * (2 * V) + V, V))
        total = sums[0] + sums[1] + sums[2] + sums[3]
        tail = T(0)
        for i in range(pairs * (2 * V), n):
            tail = tail + at[i]
        for lane in unroll(V):
            tail = tail + extract(total, lane)
        out[row] = tail / divisor


def add_pairs(sums, at, count, V):
    """So many times four pairs of vectors to the lowest level."""
    for i in range(count):
        for j in unroll(4):
            place = i * (8 * V) + j * (2 * V)
            sums[j] = sums[j] + (load(at, place, V) + load(at, place + V, V))


def add_items(sums, at, item, count, lanes, wide, left=None):
    """The items of one block to the lowest level."""
    for i in range(count):
        for j in unroll(wide):
            sums[j] = sums[j] + load(at, i * item + j * lanes, lanes, left)


def carry(sums, done, power, lanes, wide, T):
    """What a full level holds to the next one, when ``done`` items are in."""
    step = i64(1) << power
    level = done >> power
    full = i64(1)
    for up in unroll(1, LEVELS):
        if full == 1:
            for j in unroll(wide):
                sums[up * wide + j] = sums[up * wide + j] + sums[(up - 1) * wide + j]
                sums[(up - 1) * wide + j] = splat(T(0), lanes)
            if (level & (step - 1)) != 0:
                full = 0
            level = level >> power


def add_levels(sums, wide):
    for up in unroll(1, LEVELS):
        for j in unroll(wide):
            sums[j] = sums[j] + sums[up * wide + j]


def row_sums(start, stop, out: write[T], x: strided[T], step: i64, length: i64, end: i64, divisor: T):
    """Row r is the ``length`` contiguous elements from ``r * step`` on, or what there is of them before ``end`` (rules 4, 5).

    The sums are divided by ``divisor``.
    """
    for row in range(start, stop):
        at = x + row * step
        n = minimum(length, end - row * step)
        groups = n // (4 * V)
        if n < V:
            out[row] = short_row(at, n, T) / divisor
        else:
            sums = cascade(at, i64(4 * V), groups, V, 4, T)
            out[row] = row_sum(sums, at + groups * (4 * V), n - groups * (4 * V), V, T) / divisor


def row_sum(sums, rest, n, V, T):
    """The sum of a row's four cascades and of the numbers after them."""
    vectors = n // V
    for i in range(vectors):
        sums[0] = sums[0] + load(rest, i * V, V)
    total = sums[0] + sums[1] + sums[2] + sums[3]
    tail = T(0)
    for i in range(vectors * V, n):
        tail = tail + rest[i]
    for lane in unroll(V):
        tail = tail + extract(total, lane)
    return tail


def short_row(x, n, T):
    """Fewer numbers than a vector has: those beyond the fourth go to the first (rule 4)."""
    total = T(0)
    if n > 0:
        total = total + x[0]
    for i in range(4, n):
        total = total + x[i]
    for i in range(1, minimum(n, i64(4))):
        total = total + x[i]
    return total


def row_squares(start, stop, out: write[T], x: read[T], n: i64):
    """The sums of the squares of rows of n numbers, for 2-norms: in V lanes, the lanes in order, then what is left over, the last few of
    which are added by fused multiply-adds."""
    for row in range(start, stop):
        at = x + row * n
        whole = n // V * V
        squares = splat(T(0), V)
        for i in range(0, whole, V):
            value = load(at, i, V)
            squares = squares + value * value
        total = extract(squares, 0)
        for lane in unroll(1, V):
            total = total + extract(squares, lane)
        fused = whole + (n - whole) // 4 * 4
        for i in range(whole, fused):
            total = total + at[i] * at[i]
        for i in range(fused, n):
            total = fma(at[i], at[i], total)
        out[row] = total


GROUPS = 8  # of 4 V columns in a unit of work: their sums of all levels stay in the first cache


def column_sums(
    start, stop, out: write[T], x: strided[T], batch_step: i64, item: i64, count: i64, columns: i64, group: i64
):
    """Units are blocks of columns of each batch: whole ``group``s of columns by cascade, the others by interleave (rule 5)."""
    width = 4 * V * GROUPS
    blocks = (columns + width - 1) // width
    whole = columns // group * group
    for unit in range(start, stop):
        batch = unit // blocks
        first = unit % blocks * width
        last = minimum(first + width, columns)
        at = x + batch * batch_step
        to = out + batch * columns
        last_whole = maximum(minimum(last, whole), first)
        wide = first + (last_whole - first) // (4 * V) * (4 * V)
        if wide > first:
            wide_columns(to + first, at + first, item, count, wide - first, V, T)
        for column in range(wide, last_whole, V):
            left = minimum(last_whole - column, V)
            sums = cascade(at + column, item, count, V, 1, T, left)
            store(to, column, sums[0], left)
        for column in range(last_whole, last, V):
            left = minimum(last - column, V)
            store(to, column, interleave(at + column, item, count, V, T, left), left)


def interleave(x, item, count, lanes, T, left):
    """Four cascades of every fourth item; what is left over goes to the first (rule 4)."""
    dealt = count // 4
    total = splat(T(0), lanes)
    for j in range(4):
        part = cascade(x + j * item, 4 * item, dealt, lanes, 1, T, left)
        if j == 0:
            total = part[0]
            for i in range(dealt * 4, count):
                total = total + load(x, i * item, lanes, left)
        else:
            total = total + part[0]
    return total


def wide_columns(out, x, item, count, columns, V, T):
    """The cascade of rule 3 for up to GROUPS groups of 4 V columns, row by row as they lie in memory."""
    levels = stack(T, LEVELS * 4 * V * GROUPS)
    for i in range(0, LEVELS * 4 * V * GROUPS, V):
        levels[i] = splat(T(0), V)
    power = power_for(count)
    step = i64(1) << power
    done = i64(0)
    at = x
    while done + step <= count:
        done += step
        for column in range(0, columns, 4 * V):
            sums = [splat(T(0), V) for _ in range(4)]
            row = at + column
            for _ in range(step):
                for j in unroll(4):
                    sums[j] = sums[j] + load(row, j * V, V)
                row = row + item
            for j in unroll(4):
                place = 4 * V * GROUPS + column + j * V
                levels[place] = load(levels, place, V) + sums[j]
        at = at + step * item
        level = done >> power
        for up in unroll(2, LEVELS):
            if (level & (step - 1)) == 0:
                level = level >> power
                for column in range(0, columns, V):
                    low = (up - 1) * 4 * V * GROUPS + column
                    high = up * 4 * V * GROUPS + column
                    levels[high] = load(levels, high, V) + load(levels, low, V)
                    levels[low] = splat(T(0), V)
            else:
                level = i64(1)
    for column in range(0, columns, V):
        total = splat(T(0), V)
        row = at + column
        for _ in range(done, count):
            total = total + load(row, 0, V)
            row = row + item
        for up in unroll(1, LEVELS):
            total = total + load(levels, up * 4 * V * GROUPS + column, V)
        out[column] = total
