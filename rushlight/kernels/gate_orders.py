"""The order in which oneDNN's small products of float32 matrices add, of which its recurrent layers consist when they are trained.

oneDNN's ``sgemm`` without copies cuts the result (weights' rows ``m`` by the other factor's rows ``n``) among its threads, the terms into
blocks of 256, or 96 where both factors lie across them, and goes over tiles of 16 by 6. The last rows and columns decide how an element is
added up: in whole tiles, and in those of four and five rows, it is one chain of fused operations; in tiles of three rows, or of at most
eight columns, two chains take turns; in tiles of one or two rows these two round each product. Vectors are one chain throughout. The sums
of blocks are added to what is there.

What follows are the rules of uxlfoundation/oneDNN 3.12 with AVX2 (src/cpu/x64/gemm/: f32/jit_avx_gemm_f32.cpp, gemm_driver.cpp,
gemv_driver.cpp; src/cpu/gemm/f32/gemm_utils_f32.cpp; src/cpu/rnn/rnn_utils.hpp), confirmed by its results. With AVX-512 it has others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .iteration import forget_with_threads, get_threads

Array = np.ndarray[Any, Any]

_ONE_CHAIN, _TWO_CHAINS, _TWO_ROUNDED = 0, 1, 2
_TERMS, _TERMS_ACROSS, _TERMS_OF_COPIES = 256, 96, 192
_LARGE_LAYER = 500  # units from which on oneDNN may copy the factors
_TILE_M, _TILE_N = 16, 6
_BLOCK_N = 48
_MOST_KNOWN, _MOST_ROWS_KNOWN = 256, 1 << 14  # what is kept is at most 32 MB


class Order(NamedTuple):
    """How a product is added up."""

    plan: Array  # for each of n: its mode, and where the rows of that mode end, times 4
    tail: int  # whether the last of m have two chains whatever the row
    parts: tuple[Array, ...]  # the cuts between blocks of terms; each part has a sum of its own
    chained: bool  # whether the sums go on from what is there, instead of being added to it
    #: Of some of n, from and to: which part is added to the first part's sums before the others.
    first: tuple[tuple[int, int, int], ...] = ()


_known: dict[Any, Order] = {}
forget_with_threads(_known)


def order(units: int, m: int, n: int, k: int, across: bool = False, repeated: int = 1) -> Order:
    """That of oneDNN for as many threads as are followed, in a layer of so many units. ``across``: both factors lie across the terms.
    ``repeated``: so many such products of n rows one after another."""
    key = units >= _LARGE_LAYER, m, n, k, across, repeated
    found = _known.get(key)
    if found is None:
        found = _order(*key, get_threads())
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        if n * repeated <= _MOST_ROWS_KNOWN:
            _known[key] = found
    return found


def in_one_chain(n: int, k: int) -> Order:
    """The order of its products for inference."""
    return Order(_plan([(_ONE_CHAIN, n)]), 0, (np.array([0, k]),), False)


def _order(large: bool, m: int, n: int, k: int, across: bool, repeated: int, threads: int) -> Order:
    if n == 1:
        cuts = _cuts_of_vector(m, k, threads)
        parts = [np.array(cuts)]
        if across:
            parts = [np.append(np.arange(a, b, _TERMS_ACROSS), b) for a, b in zip(cuts, cuts[1:], strict=False)]
        return Order(_plan([(_ONE_CHAIN, repeated)]), 0, tuple(parts), True)
    threads = _threads_for(m, n, k, threads)
    if large and _copied(m, n, k, across, threads):
        halves = [0, k] if k <= _TERMS else [0, (k + 1) // 2, k]
        cuts = halves if k < 2 * _TERMS_OF_COPIES else [*range(0, k, _TERMS_OF_COPIES), k]
        return Order(_plan([(_ONE_CHAIN, n * repeated)]), 0, (np.array(cuts),), False)
    size, terms = _shares(m, n, k, threads)
    runs: list[tuple[int, int]] = []
    for start in range(0, n, size):
        for block in _blocks(min(size, n - start), _BLOCK_N, _BLOCK_N + _BLOCK_N // 2):
            left = block % _TILE_N
            mode = (_ONE_CHAIN, _TWO_ROUNDED, _TWO_ROUNDED, _TWO_CHAINS, _ONE_CHAIN, _ONE_CHAIN)[left]
            runs += [(_ONE_CHAIN, block - left), (mode, left)]
    most = _TERMS_ACROSS if across else _TERMS
    parts = [np.cumsum([start, *_blocks(min(terms, k - start), most, most)]) for start in range(0, k, terms)]
    return Order(_plan(runs * repeated), int(0 < m % _TILE_M <= 8), tuple(parts), False, _first(n, size, len(parts)))


def _first(n: int, size: int, parts: int) -> tuple[tuple[int, int, int], ...]:
    """Each thread adds up a share of its rows, beginning with the sums that it has made itself."""
    found = []
    for start in range(0, n, size) if parts > 2 else ():
        rows = min(size, n - start)
        for part in range(parts):
            band, more = divmod(rows, parts)
            if band == 0:
                band, more = 1, 0
            here = start + band * part + min(part, more)
            stop = min(here + band + (part < more), start + rows)
            found.append((here, stop, part))
    return tuple(found)


def _copied(m: int, n: int, k: int, across: bool, threads: int) -> bool:
    """Whether oneDNN copies the factors first, which is for large products; then all elements are one chain for a block of terms."""
    if 1 / m + 1 / n >= 0.0038:
        return False
    if (max(m, n) <= 378 and k >= threads * 378) or (m >= threads * 378 and k >= threads * 378):
        return True
    if max(m, n) <= 128:
        return False
    if across:
        return n > threads and k > threads
    return not (n <= threads * 16 or k <= threads * 2 or (m <= 64 and n >= threads * 16))


def _plan(runs: list[tuple[int, int]]) -> Array:
    """Runs of rows of one mode as the kernels read them; neighbours of one chain are one run."""
    joined: list[tuple[int, int]] = []
    for mode, count in runs:
        if joined and joined[-1][0] == mode == _ONE_CHAIN:
            joined[-1] = mode, joined[-1][1] + count
        elif count:
            joined.append((mode, count))
    modes, counts = np.array(joined, np.int64).reshape(-1, 2).T
    return np.repeat(modes + 4 * np.cumsum(counts), counts)


def _blocks(n: int, usual: int, longest: int) -> list[int]:
    """The usual size as long as twice that is left, then halves if what is left is longer than the longest."""
    sizes = []
    while n > 0:
        size = usual if n >= 2 * usual else (n + 1) // 2 if n > longest else n
        sizes.append(size)
        n -= size
    return sizes


# --- threads ------------------------------------------------------------------------------------------------------------
_VECTOR = 8


def _threads_for(m: int, n: int, k: int, threads: int) -> int:
    """For how many threads a product is enough work, by oneDNN's estimate of cycles."""
    if n > 50 and m <= 3:
        return threads
    if m > 10 * n and n < threads and m // threads < 3 * _VECTOR:
        threads = max(m // _VECTOR // 3, 1)
    cycles = m * n * k / (2 * _VECTOR)
    few = threads <= 4
    if cycles < (3000 if few else 5000):
        return 1
    while threads > 1:
        start = 3000 if few else 4000 + 500 * threads
        if start * threads < cycles * (threads - 1):
            break
        threads -= 1 if few or threads < 10 else threads // 10
    return max(threads, 1)


def _shares(m: int, n: int, k: int, threads: int) -> tuple[int, int]:
    """How many of n, and how many terms, a thread takes. Shares of m are multiples of 16, which changes no order."""
    if threads == 1:
        return n, k
    over_m, over_n, over_k, others = -(-m // 64), -(-n // 48), 1, 1
    while over_m * over_n * others < threads and k // (others + 1) > 384:
        others += 1
        if threads // others * others > 0.9 * threads:
            over_k = others
    threads //= over_k
    over_n = threads if over_m == 1 else over_n
    over_m = threads if over_n == 1 else over_m
    while over_m * over_n > threads:
        over_m, over_n = (over_m - 1, over_n) if over_m > over_n else (over_m, over_n - 1)
    while over_m * over_n < threads:
        over_m, over_n = (over_m + 1, over_n) if over_m < over_n else (over_m, over_n + 1)
    if over_m * over_n > threads and over_m > 1 and over_n > 1:
        root = int(threads**0.5)
        if over_m <= over_n:
            over_m, over_n = _dividing(threads, min(root, -(-m // _TILE_M)))
        else:
            over_n, over_m = _dividing(threads, min(root, n))
    terms = -(-k // over_k)
    return -(-n // over_n), (terms + 3) // 4 * 4


def _dividing(threads: int, most: int) -> tuple[int, int]:
    """Threads as a product of two, the first as large as allowed."""
    while most > 1 and threads % most:
        most -= 1
    return most, threads // most


def _cuts_of_vector(m: int, k: int, threads: int) -> list[int]:
    """The shares of terms in a product with a vector."""
    threads = _threads_for_vector(m, k, threads)
    if threads == 1 or m > threads * 500 or k < threads * 128:
        return [0, k]
    sizes = [k // threads + (i < k % threads) for i in range(threads)]
    return [0, *np.cumsum(sizes).tolist()]


def _threads_for_vector(m: int, k: int, threads: int) -> int:
    if m * k + 288 * k < 41700:
        return 1
    if m >= 20000 and k <= 200:
        return threads
    share = k // threads
    if threads <= 12:
        return 1 if m * share < (2048 if share < 32 else 4096) else threads
    if share * m < 4096:
        return 1 if share == 0 else min(max(k * m // 3072, 1), threads)
    return threads
