"""The Mersenne Twister: threads take turns at the recurrence, and each makes numbers of the words that it took.

A stream is a block of 624 words (``key``, as the recurrence has them) and how many of them are used. The work is cut into pieces of
``PIECE`` words. Whoever has the turn takes the next piece: its words go to a buffer of the thread's own, the block moves on.
Then the turn is the next thread's, and the piece is tempered and transformed. Which thread takes a piece does not matter to it.

M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number generator" (1998).
"""

from __future__ import annotations

from ..emit import I32
from ..language import External
from ..words import (
    atomic_store,
    bitcast,
    copy,
    exchange_if,
    f32,
    f64,
    i32,
    i64,
    load,
    maximum,
    maybe,
    pause,
    select,
    stack,
    u32,
    u64,
    write,
)

WORDS, MIDDLE = 624, 397
# Bound when a kernel is made: words of a piece, and by how many the last one may be longer; the words of a number; the types of the
# numbers and of the probabilities.
PIECE, SLACK, per = 8192, 64, 1
T = P = f32

give_way = External("sched_yield", I32)


def fill(
    start, stop, out: write[T], other: maybe[P], turn: write[i64], key: write[u32], block: write[u32], pos: i64, total: i64,
    pieces: i64, tail: i64, a: f64, b: f64, c: f64, k: i64, m: i64,
):  # fmt: skip
    """Pieces of the next ``total`` words, ``per`` of which make a number; ``transform`` makes them.

    ``turn`` is 0 while nobody has the turn, and then the number of the next piece. ``block`` gets the last block, tempered. The last
    ``tail`` numbers are not elements (see ``normal``).
    """
    # One unfinished block on either side, and what a whole vector reads beyond the end.
    words = stack(u32, PIECE + SLACK + 2 * WORDS + 64)
    for _ in range(start, stop):
        take_turn(turn)
        piece = turn[1]
        first = pos + piece * PIECE
        done = maximum(first - 1, 0) // WORDS
        at = first - WORDS * done
        is_last = piece == pieces - 1
        count = select(is_last, total - piece * PIECE, PIECE)
        blocks = maximum(at + count - 1, 0) // WORDS
        if blocks == 0:
            copy(words + at, key + at, count)
        else:
            copy(words, key, WORDS)
            twist(words, blocks * WORDS)
            copy(key, words + blocks * WORDS, WORDS)
        turn[1] = select(is_last, 0, piece + 1)
        atomic_store(turn, 0, 0)
        if is_last and (pos + total > WORDS):
            for i in range(0, WORDS, 16):
                block[i] = temper(load(key, i, 16))
        transform(out, other, words + at, piece * (PIECE // per), count // per, select(is_last, tail, 0), a, b, c, k, m)


def transform(out, other, words, at, count, tail, a, b, c, k, m):
    """Bound when a kernel is made: ``count`` numbers of ``words``, the first of which is element ``at``."""


def take_turn(turn):
    spins = i64(0)
    while not exchange_if(turn, 0, 0, 1):
        pause()
        spins += 1
        if spins > 2000:
            give_way()


def twist(x, count):
    """As many words after the 624 at ``x``. Those that a vector needs are done, as the nearest is 227 back."""
    for i in range(0, count, 16):
        after = load(x, i + 1, 16)
        y = (load(x, i, 16) & 0x80000000) | (after & 0x7FFFFFFF)
        x[i + WORDS] = load(x, i + MIDDLE, 16) ^ (y >> 1) ^ ((0 - (after & 1)) & 0x9908B0DF)


def temper(y):
    """The words that are drawn, of those that the recurrence makes."""
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C5680
    y ^= (y << 15) & 0xEFC60000
    return y ^ (y >> 18)


# --- uniforms -----------------------------------------------------------------------------------------------------------
def singles(words):
    """float32 uniforms on [0, 1): the low 24 bits of tempered words."""
    return f32(i32(words & 0xFFFFFF)) * 2.0**-24


def pairs(words, i):
    """Eight draws of two words each, the first of which is the high half, as u64."""
    x = bitcast(u64, temper(load(words, 2 * i, 16)))
    return (x << 32) | (x >> 32)


def whole(x):
    """Integers below 2^52 as f64: as the mantissa of a number from 2^52 on, which is then subtracted."""
    return bitcast(f64, x | 0x4330000000000000) - 2.0**52


def doubles(words, i):
    """Eight float64 uniforms on [0, 1): the low 53 bits of two words each. Both products and the sum are exact."""
    x = bitcast(u64, temper(load(words, 2 * i, 16)))
    return whole(x & 0x1FFFFF) * 2.0**-21 + whole(x >> 32) * 2.0**-53
