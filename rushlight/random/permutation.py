"""Random permutations."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight import types
from rushlight.random.generator import MT19937
from rushlight.random.kinds import DIGITS, not_implemented

Array = np.ndarray[Any, Any]

# From here on 32 bits are too few for an unbiased draw, in PyTorch's judgement: floor((2^32 - 1) / 20).
_WIDE_FROM = (2**32 - 1) // 20


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
    # Where element i goes: i plus a draw from what is left.
    partners = gen.u32(steps) % np.arange(n, n - steps, -1, dtype=np.uint32) + np.arange(steps, dtype=np.uint32)
    order = list(range(n))
    for i, j in enumerate(partners.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


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
