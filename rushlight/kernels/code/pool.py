"""The pool of worker threads: a job is cut into chunks, and every thread claims those of its own part, then what others left.

A thread's part is the same stretch of chunks in job after job, so that what one job wrote lies in the cache of the processor that
reads it in the next. All is in one struct of 64-bit words, what different threads write lying in different cache lines. Each part
has a ticket: the number of the job (upper half) and the part's chunks that nobody has claimed (lower half); a claim replaces it by
the ticket less one. The job's fields are read after the claim: the job cannot end before the claimed chunk does, and the number of
the job sees to it that a late worker cannot claim with an old ticket. The caller waits for chunks, never for workers, so that one
that sleeps costs nothing.
"""

from __future__ import annotations

import platform

from ..emit import I32, I64
from ..language import External
from ..words import (
    address,
    atomic_add,
    atomic_load,
    atomic_store,
    call,
    exchange_if,
    i64,
    minimum,
    pause,
    pointer,
    strided,
)

BODY, SLOTS, SIZE, GRAIN, CHUNKS, PARTS, PENDING, WAKE, SLEEPERS, STOP, PATIENCE, BEGUN, BUSY, WORKERS, TICKETS = (
    0, 1, 2, 3, 4, 5, 8, 16, 24, 32, 33, 40, 48, 56, 64
)  # fmt: skip
LINE = 8  # words
MOST = 256  # threads
WORDS = TICKETS + MOST * LINE

#: The system call's number, on x86-64 and elsewhere; operations on a private futex.
FUTEX, WAIT, WAKE_UP = 202 if platform.machine() in ("x86_64", "AMD64") else 98, 128, 129
MANY = 1 << 30

system_call = External("syscall", I64, I64, I64, I64, I64, I64, I64, I64)
give_way = External("sched_yield", I32)


def worker(pool: strided[i64]) -> None:
    """What a worker thread runs until it is told to stop."""
    own = atomic_add(pool, BEGUN, 1) + 1
    while atomic_load(pool, STOP) == 0:
        seen = atomic_load(pool, WAKE)
        work(pool, own)
        spins = i64(0)
        while (spins < pool[PATIENCE]) and (atomic_load(pool, WAKE) == seen):
            pause()
            spins += 1
            if atomic_load(pool, BUSY) != 0:  # a job that others finish: the next one will soon follow
                spins = 0
        if atomic_load(pool, WAKE) == seen:
            atomic_add(pool, SLEEPERS, 1)
            # A job that came since ``seen`` was read has changed the word, and the call returns at once.
            system_call(FUTEX, address(pool + WAKE), WAIT, seen & 0xFFFFFFFF, 0, 0, 0)
            atomic_add(pool, SLEEPERS, -1)
    return i64(0)


def work(pool, own):
    """Claim chunks and do them until there are none: of the own part in order, then of the others'."""
    parts = atomic_load(
        pool, PARTS
    )  # of an earlier job, it may be: then this one is done without us, or nothing is left
    for step in range(parts):
        part = (own + step) % parts
        left = claim(pool, TICKETS + LINE * part)
        while left > 0:
            start = (end_of(pool, part) - left) * pool[GRAIN]
            call(pool[BODY], start, minimum(start + pool[GRAIN], pool[SIZE]), pointer(i64, pool[SLOTS]))
            atomic_add(pool, PENDING, -1)
            left = claim(pool, TICKETS + LINE * part)


def end_of(pool, part):
    """The chunk after a part's last."""
    return pool[CHUNKS] * (part + 1) // pool[PARTS]


def claim(pool, place):
    """How many chunks of a part were left before we took one; 0 if there were none."""
    got = i64(0)
    ticket = atomic_load(pool, place)
    while (got == 0) and ((ticket & 0xFFFFFFFF) != 0):
        if exchange_if(pool, place, ticket, ticket - 1):
            got = ticket & 0xFFFFFFFF
        else:
            ticket = atomic_load(pool, place)
    return got


def dispatch(pool: strided[i64], body: i64, slots: strided[i64], size: i64, grain: i64) -> None:
    """Do a job with all threads; alone if there are no workers or another thread's job is under way."""
    chunks = (size + grain - 1) // grain
    alone = i64(1)
    if (chunks > 1) and (pool[WORKERS] > 0):
        if exchange_if(pool, BUSY, 0, 1):
            alone = 0
            pool[BODY] = body
            pool[SLOTS] = address(slots)
            pool[SIZE] = size
            pool[GRAIN] = grain
            pool[CHUNKS] = chunks
            parts, last = pool[WORKERS] + 1, i64(0)
            pool[PARTS] = parts
            atomic_store(pool, PENDING, chunks)
            for part in range(parts):
                end = end_of(pool, part)
                place = TICKETS + LINE * part
                atomic_store(pool, place, ((atomic_load(pool, place) >> 32) + 1 << 32) | (end - last))
                last = end
            atomic_add(pool, WAKE, 1)
            if atomic_load(pool, SLEEPERS) > 0:
                system_call(FUTEX, address(pool + WAKE), WAKE_UP, MANY, 0, 0, 0)
            work(pool, i64(0))
            spins = i64(0)
            while atomic_load(pool, PENDING) != 0:
                pause()
                spins += 1
                if spins > 20000:
                    give_way()
            atomic_store(pool, BUSY, 0)
    if alone == 1:
        start = i64(0)
        while start < size:
            call(body, start, minimum(start + grain, size), slots)
            start += grain
