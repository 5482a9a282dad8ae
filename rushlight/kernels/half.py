"""16-bit floats, where PyTorch's vectors round otherwise than what its loops compute one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import STEP
from .vectors import tails

Array = np.ndarray[Any, Any]
_F = np.float32
_TURN = 2 * STEP  # as many bytes as of float32


def sum_scaled(x: Array, y: Array, alpha: float) -> Array:
    """``x + alpha * y``: in vectors rounded once, one by one after the product too."""
    dtype = x.dtype

    def vector(a: Array, b: Array) -> Any:
        return (a.astype(_F) + _F(alpha) * b.astype(_F)).astype(dtype)

    def single(a: Array, b: Array) -> Any:
        product = (_F(alpha) * b.astype(_F)).astype(dtype)
        return (a.astype(_F) + product.astype(_F)).astype(dtype)

    return np.ascontiguousarray(by_turns(vector, single, *np.broadcast_arrays(x, y))).reshape(np.broadcast(x, y).shape)


def rsqrt(x: Array) -> Array:
    """``1 / sqrt(x)``: in vectors rounded once, one by one after the root too."""

    def vector(a: Array) -> Any:
        return (_F(1) / np.sqrt(a.astype(_F))).astype(a.dtype)

    def single(a: Array) -> Any:
        return (_F(1) / np.sqrt(a.astype(_F)).astype(a.dtype).astype(_F)).astype(a.dtype)

    return by_turns(vector, single, x)


def by_turns(vector: Callable[..., Any], single: Callable[..., Any], *arrays: Array) -> Array:
    """``vector(*arrays)``, arrays of one shape, with what whole turns of PyTorch's loop leave over replaced by ``single`` of it."""
    order = sorted(range(arrays[0].ndim), key=lambda d: [-a.strides[d] for a in arrays])
    arrays = tuple([a.transpose(order) for a in arrays])
    length = _row(*arrays)
    if length < _TURN:
        out = single(*arrays)
    else:
        out = vector(*arrays)
        rows, *given = (a.reshape(-1, length) for a in (out, *arrays))
        for tail in tails(length, len(rows), _TURN):
            rows[:, tail] = single(*[a[:, tail] for a in given])
    return np.asarray(out.transpose(np.argsort(order))) if arrays[0].ndim else np.asarray(out)


def _row(*arrays: Array) -> int:
    """How many elements on end are neighbours in all of the arrays, of one shape; one number repeated throughout is as good."""
    length = 1
    for i in reversed(range(arrays[0].ndim)):
        n = arrays[0].shape[i]
        if n != 1 and not all([a.strides[i] == (length * a.itemsize if a.strides[-1] else 0) for a in arrays]):
            break
        length *= n
    return length
