"""Inputs for the reduction kernels, made by numpy.random.RandomState so that tests need no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Case = tuple[Array, tuple[int, ...]]

FLOATS = ["float32", "float64", "float16", "bfloat16"]
COMPLEX = ["complex64", "complex128"]
THREADS = [1, 2, 4]

# Functions whose digits depend neither on libm nor on NumPy's SIMD: name, dtypes. Threads matter to the first ones.
RECORDED = {
    "sum": FLOATS + COMPLEX,
    "mean": FLOATS + COMPLEX,
    "nansum": FLOATS,
    "norm1": FLOATS,
    "norm2": ["float32", "float16", "bfloat16"],
    "prod": FLOATS,
    "cumsum": FLOATS,
    "cumprod": FLOATS,
    "var": ["float32", "float16"],
}


def array(r: np.random.RandomState, shape: tuple[int, ...], dtype: str) -> Array:
    """Numbers in -4..4 by exact arithmetic. bfloat16 arrives as float32 cut to 16 bits."""
    x = r.random_sample(shape) * 8 - 4
    if dtype.startswith("complex"):
        return (x + 1j * (r.random_sample(shape) * 8 - 4)).astype(dtype)
    if dtype == "bfloat16":
        return (x.astype(np.float32).view(np.uint32) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    if dtype == "bool":
        return x > 0
    if dtype == "uint8":
        return (x * 30 + 120).astype(dtype)
    return (x * 30 if dtype.startswith("int") else x).astype(dtype)


def random_case(r: np.random.RandomState, dtype: str, most: int) -> Case:
    """A contiguous, permuted, sliced or expanded array of at most about `most` elements and a non-empty set of axes."""
    nd = int(r.randint(1, 5))
    top = int(most ** (1 / nd)) * 2
    shape = tuple(1 + int(r.random_sample() ** 2 * top) for _ in range(nd))
    x = array(r, shape, dtype)
    kind = r.randint(4)
    if kind == 1:
        x = x.transpose(r.permutation(nd))
    elif kind == 2:
        x = x[tuple(slice(None, None, int(r.choice([1, 1, 2]))) for _ in range(nd))]
    elif kind == 3 and r.random_sample() < 0.3:
        k = int(r.randint(nd))
        x = np.broadcast_to(x.take([0], axis=k), shape[:k] + (int(r.randint(1, 9)),) + shape[k + 1 :])
    axes = tuple(sorted(int(i) for i in r.permutation(nd)[: r.randint(1, nd + 1)]))
    return x, axes


def cases(dtype: str, n: int, most: int = 20000) -> Iterator[Case]:
    """Lone rows of awkward lengths, then `n` random cases."""
    r = np.random.RandomState(11)
    for length in (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 127, 500, 513, 2047):
        yield array(r, (length,), dtype), (0,)
    for _ in range(n):
        yield random_case(r, dtype, most)


def recorded_cases(dtype: str) -> Iterator[Case]:
    """The cases whose digests `golden/reduce.npz` holds: some large enough to be split among threads."""
    yield from cases(dtype, 25, 3000)
    r = np.random.RandomState(12)
    for _ in range(4):
        yield random_case(r, dtype, 90000)
    yield array(r, (70001,), dtype), (0,)


def digest(x: Array) -> int:
    """64 bits of a hash of shape, dtype and bytes."""
    head = f"{x.shape} {x.dtype.name}".encode()
    return int.from_bytes(hashlib.blake2b(head + np.ascontiguousarray(x).tobytes(), digest_size=8).digest(), "little")
