"""The pool of worker threads: a job is cut into chunks, which the caller and the workers claim one by one.

All is in one struct of 64-bit words, what different threads write lying in different cache lines. The ticket holds the number of
the job (upper half) and the chunks that nobody has claimed (lower half); a claim replaces it by the ticket less one. The job's
fields are read after the claim: the job cannot end before the claimed chunk does, and the number of the job sees to it that a
late worker cannot claim with an old ticket. The caller waits for chunks, never for workers, so that one that sleeps costs nothing.
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

TICKET, BODY, SLOTS, SIZE, GRAIN, CHUNKS, PENDING, WAKE, SLEEPERS, STOP, PATIENCE, BUSY, WORKERS = (
    0, 8, 9, 10, 11, 12, 16, 24, 32, 40, 41, 48, 56
)  # fmt: skip
WORDS = 64

#: The system call's number, on x86-64 and elsewhere; operations on a private futex.
FUTEX, WAIT, WAKE_UP = 202 if platform.machine() in ("x86_64", "AMD64") else 98, 128, 129
MANY = 1 << 30

system_call = External("syscall", I64, I64, I64, I64, I64, I64, I64, I64)
give_way = External("sched_yield", I32)


def worker(pool: strided[i64]) -> None:
    """What a worker thread runs until it is told to stop."""
    while atomic_load(pool, STOP) == 0:
        seen = atomic_load(pool, WAKE)
        work(pool)
        spins = i64(0)
        while (spins < pool[PATIENCE]) and (unclaimed(pool) == 0) and (atomic_load(pool, STOP) == 0):
            pause()
            spins += 1
        if unclaimed(pool) == 0:
            atomic_add(pool, SLEEPERS, 1)
            # A job that came since ``seen`` was read has changed the word, and the call returns at once.
            system_call(FUTEX, address(pool + WAKE), WAIT, seen & 0xFFFFFFFF, 0, 0, 0)
            atomic_add(pool, SLEEPERS, -1)
    return i64(0)


def unclaimed(pool):
    return atomic_load(pool, TICKET) & 0xFFFFFFFF


def work(pool):
    """Claim chunks and do them until there are none."""
    chunk = claim(pool)
    while chunk >= 0:
        start = chunk * pool[GRAIN]
        call(pool[BODY], start, minimum(start + pool[GRAIN], pool[SIZE]), pointer(i64, pool[SLOTS]))
        atomic_add(pool, PENDING, -1)
        chunk = claim(pool)


def claim(pool):
    """The number of a chunk that is now ours; -1 if there is none."""
    got = i64(-1)
    ticket = atomic_load(pool, TICKET)
    while (got < 0) and ((ticket & 0xFFFFFFFF) != 0):
        if exchange_if(pool, TICKET, ticket, ticket - 1):
            got = (ticket & 0xFFFFFFFF) - 1
        else:
            ticket = atomic_load(pool, TICKET)
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
            atomic_store(pool, PENDING, chunks)
            atomic_store(pool, TICKET, ((atomic_load(pool, TICKET) >> 32) + 1 << 32) | chunks)
            atomic_add(pool, WAKE, 1)
            if atomic_load(pool, SLEEPERS) > 0:
                system_call(FUTEX, address(pool + WAKE), WAKE_UP, MANY, 0, 0, 0)
            work(pool)
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
