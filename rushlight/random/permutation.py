"""Random permutations."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight import types
from rushlight.random import streams
from rushlight.random.generator import MT19937
from rushlight.random.kinds import DIGITS, not_implemented

Array = np.ndarray[Any, Any]

# From here on 32 bits are too few for an unbiased draw, in PyTorch's judgement: floor((2^32 - 1) / 20).
_WIDE_FROM = (2**32 - 1) // 20

# From here on array operations beat a loop over the swaps.
_LONG = 600


def randperm(gen: MT19937, n: int, dtype: Any = np.int64) -> Array:
    """A permutation of 0 .. n-1 by Fisher and Yates's shuffle; one word a step, two words from n = 214,748,364 on.

    Raises:
        RuntimeError: if n is negative or does not fit the dtype.
        NotImplementedError: for bool, complex, uint16 to uint64.
    """
    dtype = np.dtype(dtype)
    _check_length(n, types.from_numpy_dtype(dtype))
    with gen.lock:
        order = _shuffled(gen, n) if n < _WIDE_FROM else _shuffled_wide(gen, n)
    return order.astype(np.float32).astype(dtype) if dtype.itemsize == 2 else order.astype(dtype, copy=False)


def _check_length(n: int, kind: types.dtype) -> None:
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if kind.is_floating_point:
        if n > (1 << DIGITS[kind]) + 1 and kind is not types.bfloat16:
            limit = "2049" if kind is types.float16 else f"2^{DIGITS[kind]}+1"
            raise RuntimeError(f"n cannot be greater than {limit} for {types.scalar_name(kind)} type.")
    elif kind in (types.bool_, types.uint16, types.uint32, types.uint64) or kind.is_complex:
        raise not_implemented("randperm", kind)
    elif n > np.iinfo(kind.np).max:
        raise RuntimeError(f"value cannot be converted to type {kind.name}_t without overflow")


def _shuffled(gen: MT19937, n: int) -> Array:
    steps = max(n - 1, 0)
    if streams.wanted(steps):
        order = np.arange(n, dtype=np.int32)
        if streams.fill(gen, "swaps", order, per=1, m=n, count=steps, in_order=True):
            return order.astype(np.int64)
    # With which element, itself or a later one, each element changes places.
    partners = (gen.u32(steps) % np.arange(n, n - steps, -1, dtype=np.uint32)).astype(np.int64)
    partners += np.arange(steps)
    return _swapped(partners, n) if n < _LONG else _swapped_at_once(partners, n)


def _swapped(partners: Array, n: int) -> Array:
    order = list(range(n))
    for i, j in enumerate(partners.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def _swapped_at_once(partners: Array, n: int) -> Array:
    """The result of all the swaps of i with partners[i] >= i, in order, without doing them one by one.

    What a place j holds before step i is what the last earlier step m with partners[m] = j put there, namely what
    place m held before step m; without such a step it is j itself. So every place leads to a chain of ever earlier
    steps.
    """
    steps = np.arange(n)
    target = np.append(partners, n - 1)  # the last element stays: a step with itself
    keys = np.sort(target * n + steps)  # steps by target, then by time; n^2 < 2^63
    target_of, step = np.divmod(keys, n)
    follows = np.flatnonzero(target_of[1:] == target_of[:-1]) + 1
    before = np.full(n, -1)  # the last earlier step with the same target
    before[step[follows]] = step[follows - 1]

    moving = np.flatnonzero(target_of != step)
    origin = steps.copy()
    origin[target_of[moving]] = step[moving]  # ascending in time, so the last one stays
    while not np.array_equal(further := origin[origin], origin):
        origin = further  # double the length of chain that is resolved
    return np.where(before >= 0, origin[before], target)


def _shuffled_wide(gen: MT19937, n: int) -> Array:
    order = np.empty(n, np.int64)
    piece = 1 << 20
    for start in range(0, n, piece):
        count = min(piece, n - start)
        index = np.arange(start, start + count, dtype=np.uint64)
        for i, z in enumerate((gen.u64(count) % (index + np.uint64(1))).tolist(), start):
            order[i] = order[z] if z != i else i
            order[z] = i
    return order
