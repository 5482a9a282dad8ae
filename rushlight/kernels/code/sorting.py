"""Rows in order, with the places that their elements had: a radix sort by bytes, the lowest first (H. H. Seward 1954), which is stable.

An element becomes a *key*, an unsigned number in the order of the elements: equal ones have one key, NaN the largest. A byte that is the
same in all keys costs nothing. Short rows are sorted by insertion.
"""

from __future__ import annotations

from ..words import bitcast, f32, i32, i64, pointer, read, select, stack, u32, u64, unroll, write

T = f32  # bound when a kernel is compiled
BYTES = 4  # of an element
DESCENDING = False
DIGITS = 256
FEW = 40  # elements of a row that are sorted by insertion


def short_key(x, size, descending):
    """Of an element of at most 4 bytes, as u32."""
    if x.type.kind == "float":
        bits = bitcast(i32, x + 0.0)  # of -0 as of 0
        key = select(x == x, u32(bits) ^ (u32(bits >> 31) | -0x80000000), u32(-1))
    elif x.type.kind == "int":
        key = u32(i32(x)) + (1 << (8 * size - 1))
    else:
        key = u32(x)
    if descending:
        key = key ^ -1
    return key if size == 4 else key & ((1 << 8 * size) - 1)


def long_key(x, descending):
    """Of an element of 8 bytes, as u64."""
    if x.type.kind == "float":
        bits = bitcast(i64, x + 0.0)
        key = select(x == x, u64(bits) ^ (u64(bits >> 63) | -0x8000000000000000), u64(-1))
    else:
        key = u64(x) ^ -0x8000000000000000
    if descending:
        key = key ^ -1
    return key


def short(start, stop, values: write[T], indices: write[i64], scratch: write[i64], x: read[T], n: i64, grain: i64):
    """Of elements of at most 4 bytes: words of a key and a place go back and forth between the row of ``indices`` and the scratch memory
    of the rows that are done together."""
    counts = stack(i64, BYTES * DIGITS)
    other = scratch + start // grain * n
    for row in range(start, stop):
        at, own = x + row * n, indices + row * n
        source, target = own + 0, other + 0
        if n <= FEW:
            for i in range(n):
                insert(own, i, (i64(short_key(at[i], BYTES, DESCENDING)) << 32) | i)
        else:
            clear(counts, BYTES)
            for i in range(n):
                key = short_key(at[i], BYTES, DESCENDING)
                own[i] = (i64(key) << 32) | i
                for byte in unroll(BYTES):
                    digit = i64((key >> (8 * byte)) & 255) + byte * DIGITS
                    counts[digit] = counts[digit] + 1
            for byte in unroll(BYTES):
                table = counts + byte * DIGITS
                if table[(source[0] >> (32 + 8 * byte)) & 255] < n:
                    begin(table)
                    for i in range(n):
                        word = source[i]
                        digit = (word >> (32 + 8 * byte)) & 255
                        target[table[digit]] = word
                        table[digit] = table[digit] + 1
                    done = source + 0
                    source = target + 0
                    target = done + 0
        for i in range(n):
            place = source[i] & 0xFFFFFFFF
            own[i] = place
            values[row * n + i] = at[place]


def long(start, stop, values: write[T], indices: write[i64], scratch: write[i64], x: read[T], n: i64, grain: i64):
    """Of elements of 8 bytes: keys lie where the values will be, places where the indices will be, and both in the scratch memory."""
    counts = stack(i64, 8 * DIGITS)
    other = scratch + start // grain * (2 * n)
    for row in range(start, stop):
        at, own, own_keys = x + row * n, indices + row * n, pointer(i64, values + row * n)
        keys, places, to_keys, to_places = own_keys + 0, own + 0, other + 0, other + n
        if n <= FEW:
            for i in range(n):
                insert_pair(own_keys, own, i, i64(long_key(at[i], DESCENDING)), i)
        else:
            clear(counts, 8)
            for i in range(n):
                key = long_key(at[i], DESCENDING)
                own_keys[i] = i64(key)
                own[i] = i
                for byte in unroll(8):
                    digit = i64((key >> (8 * byte)) & 255) + byte * DIGITS
                    counts[digit] = counts[digit] + 1
            for byte in unroll(8):
                table = counts + byte * DIGITS
                if table[(keys[0] >> (8 * byte)) & 255] < n:
                    begin(table)
                    for i in range(n):
                        word = keys[i]
                        digit = (word >> (8 * byte)) & 255
                        place = table[digit]
                        to_keys[place] = word
                        to_places[place] = places[i]
                        table[digit] = place + 1
                    done, done_places = keys + 0, places + 0
                    keys, places = to_keys + 0, to_places + 0
                    to_keys, to_places = done + 0, done_places + 0
        for i in range(n):
            place = places[i]
            own[i] = place
            values[row * n + i] = at[place]


def insert(words, count, word):
    """Put a word into its place among those before it, which are in order as unsigned numbers."""
    j = i64(0) + count
    while (j > 0) and (u64(words[j - 1 if j > 0 else 0]) > u64(word)):
        words[j] = words[j - 1]
        j -= 1
    words[j] = word


def insert_pair(keys, places, count, key, place):
    j = i64(0) + count
    while (j > 0) and (u64(keys[j - 1 if j > 0 else 0]) > u64(key)):
        keys[j] = keys[j - 1]
        places[j] = places[j - 1]
        j -= 1
    keys[j] = key
    places[j] = place


def clear(counts, tables):
    for i in range(tables * DIGITS):
        counts[i] = i64(0)


def begin(table):
    """Where those with each digit begin, from how many there are."""
    total = i64(0)
    for digit in range(DIGITS):
        count = table[digit]
        table[digit] = total
        total += count
