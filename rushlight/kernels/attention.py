"""Attention of float32 heads as machine code: forward with the logarithms of the sums, and the gradients from those, as in PyTorch.

Every bit is PyTorch's, in both directions, where its BLAS uses its ordinary kernel for all products: heads of 12 to 192 numbers, at
least 16 keys in each block of 512 and rows by fours. Otherwise it is near, as the order of some sums is another. The heads
are shared out among the threads; nothing depends on how.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .copies import cast
from .iteration import get_threads
from .llvm import has, patience
from .memory import empty, maker
from .narrow_symbols import storage
from .registers import lanes

Array = np.ndarray[Any, Any]

_F = np.dtype(np.float32)
_LARGE = 1 << 15  # scores from which on machine code does not wait
_CALLS = 15  # of NumPy for the smallest attention
_SIZE, _KEYS, _ROWS = 192, 512, 6  # as in the kernels
_NOTHING = np.zeros(_KEYS, _F)


@functools.cache
def _kernel(name: str, narrow: str) -> Any:
    import ctypes

    from .code import attention, functions
    from .kernel import compiled

    if not has("fma"):
        return None
    bound = {"EACH": getattr(attention, f"as_{narrow}")} if narrow else {}
    if name == "backward":
        return compiled(attention.backward, **bound)
    found = getattr(ctypes.CDLL(None), "logf", None)
    if found is None:
        return compiled(attention.forward, logarithm=functions.rounded_log, **bound)
    attention.forward.symbols = {"logf": ctypes.cast(found, ctypes.c_void_p).value}  # type: ignore[attr-defined]
    return compiled(attention.forward, **bound)


def _found(name: str, query: Array, key: Array, value: Array, narrow: str) -> Any:
    """The kernel for (batch, heads, rows, numbers), if it fits and is worth it."""
    if not query.dtype == key.dtype == value.dtype == _F or query.ndim != 4 or not (query.size and key.size):
        return None
    if query.shape[3] > _SIZE or key.shape != value.shape or query.shape[:2] != key.shape[:2]:
        return None
    scores = query.size // query.shape[3] * key.shape[2]
    return _kernel(name, narrow) if patience.over_or_large(scores, _CALLS, _LARGE) else None


def forward(
    query: Array, key: Array, value: Array, mask: Array | None, causal: bool, scale: float
) -> tuple[Array, Array] | None:
    """The output, laid out like the queries, and the logarithms (batch, heads, rows); None if NumPy is to do it.

    16-bit floats are computed with in float32, but that exponentials, weights and their gradients are rounded.
    """
    narrow, own = storage(query.dtype), query.dtype
    if narrow:
        query, key, value = (cast(x, _F) for x in (query, key, value))
    kernel = _found("forward", query, key, value, narrow)
    if kernel is None:
        return None
    batch, heads, length, size = query.shape
    span = key.shape[2]
    like, logarithms = np.empty_like(query), np.empty((batch, heads, length), _F)
    out = like if _fits(like) else np.empty(query.shape, _F)
    own_mask = _mask(mask, (batch, heads, length, span))
    arrays = [_rows(a) for a in (query, key, value)]
    grain = _share(batch * heads)
    space = _padded(span) * size + span * _padded(size)
    room = empty(-(-batch * heads // grain) * space, _F)
    ran = kernel(
        batch * heads, grain, grain, out, logarithms, *arrays, own_mask, room, heads, length, span, size, float(scale),
        int(causal), int(mask is not None), *_steps(out), *[n for a in arrays for n in _steps(a)], *_steps(own_mask),
    )  # fmt: skip
    if out is not like:
        like[...] = out
    return (cast(like, own), logarithms) if ran else None


def planned(query: Array, key: Array, value: Array, causal: bool, scale: float) -> Any:
    """``forward`` without a mask of arrays like these; None if there is none."""
    fit = patience.ready and query.dtype == _F and query.ndim == 4 and all([_fits(a) for a in (query, key, value)])
    kernel = _found("forward", query, key, value, "") if fit else None
    if kernel is None or not _fits(np.empty_like(query)):
        return None
    batch, heads, length, size = query.shape
    span, grain = key.shape[2], _share(batch * heads)
    space = -(-batch * heads // grain) * (_padded(span) * size + span * _padded(size))
    logarithms_like, room, nothing = maker((batch, heads, length), _F), maker((space,), _F), _mask(None, ())
    steps = [n for a in (np.empty_like(query), query, key, value, nothing) for n in _steps(a)]
    sizes = (heads, length, span, size, float(scale), int(causal), 0, *steps)

    def attended(query: Array, key: Array, value: Array) -> tuple[Array, Array] | None:
        out, logarithms = np.empty_like(query), logarithms_like()
        ran = kernel(batch * heads, grain, grain, out, logarithms, query, key, value, nothing, room(), *sizes)
        return (out, logarithms) if ran else None

    return attended


def backward(
    g: Array, query: Array, key: Array, value: Array, out: Array, logarithms: Array, mask: Array | None, causal: bool, scale: float
) -> tuple[Array, Array, Array] | None:  # fmt: skip
    """The gradients of queries, keys and values, which lie as (batch, rows, heads, numbers); None if NumPy is to do it."""
    narrow, own = storage(query.dtype), query.dtype
    if narrow:
        g, query, key, value, out = (cast(x, _F) for x in (g, query, key, value, out))
    kernel = _found("backward", query, key, value, narrow) if g.dtype == _F else None
    if kernel is None:
        return None
    batch, heads, length, size = query.shape
    span = key.shape[2]
    found = [empty((batch, n, heads, size), _F) for n in (length, span, span)]
    own_mask = _mask(mask, (batch, heads, length, span))
    arrays = [_rows(a) for a in (g, out, query, key, value)]
    grain = _share(batch * heads)
    most = min(length, _block(length))
    wide = _padded(size)
    space = 2 * _padded(span) * size + (3 * span + 2 * _ROWS + 3 * most + _ROWS) * wide
    space += 2 * (most + _ROWS) * (_KEYS + 2 * lanes())
    room = empty(-(-batch * heads // grain) * space, _F)
    ran = kernel(
        batch * heads, grain, grain, *found, arrays[0], arrays[1], logarithms, *arrays[2:], own_mask, room, space, heads, length,
        span, size, float(scale), int(causal), int(mask is not None), *[n for a in arrays for n in _steps(a)], *_steps(own_mask),
    )  # fmt: skip
    return tuple(cast(a, own).transpose(0, 2, 1, 3) for a in found) if ran else None  # type: ignore[return-value]


def rounded_gradients(
    g: Array, query: Array, key: Array, value: Array, out: Array, weights: Array, scale: float
) -> tuple[Array, Array, Array]:
    """``backward`` of 16-bit floats by NumPy, from the weights: these and the gradients of the scores are rounded, and what keys and
    values get is rounded with each block of rows."""
    own, length = query.dtype, query.shape[2]
    g, query, key, value, out = (cast(x, _F) for x in (g, query, key, value, out))
    changes = weights * (np.matmul(g, value.swapaxes(-1, -2)) - (g * out).sum(-1, keepdims=True))
    weights, changes = (cast(cast(x, own), _F) for x in (weights, changes))
    found = [np.zeros(key.shape, own) for _ in range(2)]
    block = _block(length)
    for first in range(0, length, block):
        rows = (..., slice(first, first + block), slice(None))
        for i, (turned, by) in enumerate(((changes[rows], query[rows] * _F.type(scale)), (weights[rows], g[rows]))):
            found[i] = cast(cast(found[i], _F) + np.matmul(turned.swapaxes(-1, -2), by), own)
    return cast(np.matmul(changes, key * _F.type(scale)), own), found[0], found[1]


def _block(length: int) -> int:
    """Rows that are done together."""
    return 32 if length < 192 else 64 if length < 768 else 256


def _share(heads: int) -> int:
    """The heads of a chunk: some chunks for each thread."""
    return -(-heads // (4 * get_threads()))


def _padded(n: int) -> int:
    panel = 2 * lanes()
    return -(-n // panel) * panel


def _rows(a: Array) -> Array:
    """The array, or a copy if the numbers of its rows are not neighbours."""
    return a if _fits(a) else np.ascontiguousarray(a)


def _fits(a: Array) -> bool:
    return (a.strides[3] == 4 or a.shape[3] == 1) and not any(s % 4 for s in a.strides[:3]) and a.flags.aligned


def _steps(a: Array) -> list[int]:
    """The distances of batches, heads and rows in elements."""
    return [s // 4 for s in a.strides[:3]]


def _mask(mask: Array | None, shape: tuple[int, ...]) -> Array:
    """The mask for all scores; something that is never read if there is none."""
    if mask is None:
        return np.broadcast_to(_NOTHING[:1], (1, 1, 1, 1))
    if mask.dtype != _F or mask.shape[-1] != shape[3] or mask.strides[-1] != 4:
        mask = np.ascontiguousarray(np.broadcast_to(mask, (*mask.shape[:-1], shape[3])), _F)
    return np.broadcast_to(_rows(mask.reshape((1,) * (4 - mask.ndim) + mask.shape)), shape)
