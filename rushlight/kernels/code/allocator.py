"""Memory for large arrays: what one array gives back the next one of its size takes, pages and all.

A fresh page costs the system about as much as the work on it. Sizes are rounded up to one of eight steps between powers of two; for each
there is a list of free blocks, whose first word leads to the next. NumPy calls these functions with the interpreter's lock held.

A block begins at a cache line, as half of all vectors would lie across two otherwise, and each at another line of its page than the
one before: loads that are a whole number of pages away from a store just made wait for it. The words before it say where the C
library's begins, and its size.
"""

from __future__ import annotations

from ..emit import I32, I64, pointer_to
from ..language import External
from ..words import i64, pointer, strided

#: Words of the state: bytes that are kept, at most so many; from LISTS on the first free block of each size.
KEPT, CAP, PLACE, LISTS = 0, 1, 2, 8
LEAST = 17  # log2 of the smallest size of these lists; below, and above MOST, the C library does it alone
MOST = 34
WORDS = LISTS + (MOST - LEAST) * 8
HUGE, ADVICE = 4 << 20, 14  # bytes from which on large pages are asked for, and how
LINE, PAGE = 64, 4096
FIRST, SIZE = -1, -2  # the words before a block
APART = 9 * LINE  # places of blocks in their pages, one after another

malloc = External("malloc", I64, I64)
release = External("free", None, I64)
copy = External("memcpy", I64, I64, I64, I64)
fill = External("memset", I64, I64, I32, I64)
allocate_block = External("allocate", I64, pointer_to(I64), I64)  # the function below, called
advise = External("madvise", I32, I64, I64, I32)


def step_of(size):
    """Which list a size belongs to; -1 for none."""
    power = i64(0)
    left = (size - 1) >> LEAST
    while left > 0:
        left = left >> 1
        power += 1
    # sizes from one power of two to the next, in eighths of the step between
    found = i64(-1)
    if (size > 1 << LEAST) and (power <= MOST - LEAST):
        unit = (i64(1) << (power - 1 + LEAST)) >> 3
        found = (power - 1) * 8 + (size - (i64(1) << (power - 1 + LEAST)) + unit - 1) // unit - 1
    return found


def size_of(step):
    """The bytes of a block of a list."""
    base = i64(1) << (step // 8 + LEAST)
    return base + (step % 8 + 1) * (base >> 3)


def fresh(state, size):
    """A block of the C library's memory."""
    first = malloc(size + PAGE + LINE)
    block = i64(0)
    if first != 0:
        state[PLACE] = (state[PLACE] + APART) % PAGE
        block = first + LINE
        block += (state[PLACE] - block) & (PAGE - 1)
        words = pointer(i64, block)
        words[FIRST] = first
        words[SIZE] = size
        if size >= HUGE:
            begin = (block + PAGE - 1) & ~(PAGE - 1)
            advise(begin, block + size - begin & ~(PAGE - 1), ADVICE)
    return block


def let_go(block):
    release(pointer(i64, block)[FIRST])


def allocate(state: strided[i64], size: i64) -> i64:
    step = step_of(size)
    block = i64(0)
    if step < 0:
        block = fresh(state, size)
    else:
        block = state[LISTS + step]
        whole = size_of(step)
        if block != 0:
            state[LISTS + step] = pointer(i64, block)[0]
            state[KEPT] = state[KEPT] - whole
        else:
            block = fresh(state, whole)
    return block


def allocate_zeros(state: strided[i64], count: i64, item: i64) -> i64:
    block = allocate_block(state, count * item)
    if block != 0:
        fill(block, 0, count * item)
    return block


def give_back(state: strided[i64], block: i64, size: i64) -> None:
    step = step_of(size)
    whole = size_of(step)
    if (step < 0) or (whole > state[CAP]):
        if block != 0:
            let_go(block)
    elif block != 0:
        make_room(state, whole)
        pointer(i64, block)[0] = state[LISTS + step]
        state[LISTS + step] = block
        state[KEPT] = state[KEPT] + whole


def make_room(state, size):
    """Let go of kept blocks until ``size`` more bytes may be kept: of sizes that a program has done with, as it takes the others again."""
    for step in range((MOST - LEAST) * 8):
        while (state[KEPT] + size > state[CAP]) and (state[LISTS + step] != 0):
            block = state[LISTS + step]
            state[LISTS + step] = pointer(i64, block)[0]
            state[KEPT] = state[KEPT] - size_of(step)
            let_go(block)


def change(state: strided[i64], block: i64, size: i64) -> i64:
    """``realloc``: a block that may be of another size."""
    given = pointer(i64, block)[SIZE]
    found = block
    if size > given:
        found = allocate_block(state, size)
        if found != 0:
            copy(found, block, given)
            let_go(block)
    return found
