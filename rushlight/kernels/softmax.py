"""softmax and log_softmax and their gradients with the digits of PyTorch's CPU kernels.

The order of the sums is PyTorch's: along a contiguous last dimension of at least V numbers, V lanes of a 32-byte vector
accumulate side by side, the left-over numbers go to the first lanes, and the lanes are added as a tree (halves upon
halves; the four of float64 one after another); shorter rows and other dimensions add one after another. exp and log take the
steps of PyTorch's vectors (``vectors``, ``doubles``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import doubles
from .copies import cast
from .fused import fma
from .iteration import Array, get_threads, is_half
from .llvm import patience
from .memory import empty, maker
from .narrow_symbols import storage
from .reduce import amax
from .summation import VECTOR_BYTES, in_order, in_order_last
from .vectors import exp, log_positive, single_exp


def softmax(a: Array, axis: int) -> Array:
    """exp(a - m) / sum(exp(a - m)) along `axis`, m the maximum. Along the last axis PyTorch multiplies by 1 / sum."""
    if a.size == 0 or a.ndim == 0:
        return np.ones_like(a)
    native = _rows("softmax_rows", axis, a)
    if native is not None:
        return native
    x = cast(a, np.float32) if is_half(a.dtype) else a
    native = None if x is a else _rows("softmax_rows", axis, x)
    if native is not None:
        return cast(native, a.dtype)
    with np.errstate(all="ignore"):
        exponentials = _exp(x - amax(x, (axis,), True))
        if axis == a.ndim - 1:
            return cast(exponentials * (x.dtype.type(1) / _sum(exponentials, axis)), a.dtype)
        if x.dtype not in (np.float32, np.float64):
            return exponentials / _sum(exponentials, axis)
        singles = _recompute_singles(x, axis, exponentials, VECTOR_BYTES // a.itemsize)
        total = _sum(exponentials, axis)
        if x is not a and singles is not None:  # of these PyTorch keeps 16-bit exponentials in the result meanwhile
            view = np.moveaxis(exponentials, axis, -1)
            view[singles] = cast(cast(view[singles], a.dtype), x.dtype)
        return cast(exponentials / total, a.dtype)


def log_softmax(a: Array, axis: int) -> Array:
    """(a - m) - log(sum(exp(a - m))) along `axis`, m the maximum. Of 16-bit rows the sum and its logarithm are rounded to 16 bits."""
    if a.size == 0 or a.ndim == 0:
        return np.zeros_like(a)
    native = _rows("log_softmax_rows", axis, a)
    if native is not None:
        return native
    x = cast(a, np.float32) if is_half(a.dtype) else a
    native = None if x is a else _rows("log_softmax_rows", axis, x, narrow=storage(a.dtype))
    if native is not None:
        return cast(native, a.dtype)
    with np.errstate(all="ignore"):
        difference = x - amax(x, (axis,), True)
        total = _sum(_exp_of_columns(difference, axis), axis)
        narrow = x is not a and axis in (-1, a.ndim - 1)
        total = total.astype(a.dtype).astype(x.dtype) if narrow else total
        log = log_positive(total) if total.dtype == np.float32 else doubles.log(total)
        log = log.astype(a.dtype).astype(x.dtype) if narrow else log
        return cast(difference - log, a.dtype)


def softmax_gradient(g: Array, out: Array, axis: int) -> Array:
    """``(g - sum(g * out)) * out``: along the last axis of rounded products, along others in fused steps."""
    if axis == out.ndim - 1 or not out.size:
        native = _rows("softmax_gradient_rows", axis, g, out)
        if native is not None:
            return native
        return (g - _sum(g * out, axis)) * out
    g, out = np.moveaxis(g, axis, 0), np.moveaxis(out, axis, 0)
    total = g[0] * out[0]
    for i in range(1, len(g)):
        total = fma(g[i], out[i], total)
    return np.moveaxis((g - total) * out, 0, axis)


def log_softmax_gradient(g: Array, out: Array, axis: int) -> Array:
    """``g - exp(out) * sum(g)``."""
    native = _rows("log_softmax_gradient_rows", axis, g, out)
    if native is not None:
        return native
    return fma(-_exp_of_columns(out, axis), _sum(g, axis), g)


#: Elements of rows that one thread takes at a time; elements from which on a call does not wait until loops are worth it.
_WORK, _LARGE = 8192, 20_000


def _rows(name: str, axis: int, *arrays: Array, narrow: str = "") -> Array | None:
    """A kernel of ``code.softmax`` on the last axis of contiguous float32 arrays; None if NumPy is to do it."""
    first = arrays[0]
    if (
        not first.size
        or axis != first.ndim - 1
        or first.dtype != np.float32
        or not patience.over_or_large(first.size, 20, _LARGE)
    ):
        return None
    run = _code(name, narrow)
    n = first.shape[axis]
    out = empty(first.shape, first.dtype)
    if run is None or any(a.shape != first.shape for a in arrays[1:]):
        return None
    whole = [np.ascontiguousarray(a) for a in arrays]
    return out if run(first.size // n, max(1, _WORK // n), out, *whole, n) else None


def planned(name: str, a: Array, axis: int) -> Callable[[Array], Array | None] | None:
    """A function that does the same for contiguous arrays with the shape and dtype of ``a``; None where there is none."""
    if not patience.ready or axis != a.ndim - 1 or not a.size or a.dtype != np.float32 or not a.flags.c_contiguous:
        return None
    run, n, make = _code(name), a.shape[axis], maker(a.shape, a.dtype)
    if run is None:
        return None
    size, grain = a.size // n, max(1, _WORK // n)

    def rows(a: Array) -> Array | None:
        out = make()
        return out if run(size, grain, out, a, n) else None

    return rows


@functools.cache
def _code(name: str, narrow: str = "") -> Any:
    from .code import softmax
    from .kernel import compiled

    bound = {"ROUNDED": getattr(softmax, f"as_{narrow}")} if narrow else {}
    return compiled(getattr(softmax, name), **bound)


def _recompute_singles(x: Array, axis: int, exponentials: Array, lanes: int) -> Any:
    """Along other dimensions than the last, columns beyond the vectors of a thread's share take the C library's exp: their places among
    the other dimensions, None if there are none."""
    outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    singles = _singles(outer, inner, get_threads(), lanes)
    if not singles.size:
        return None
    columns = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])[singles]
    view = np.moveaxis(exponentials, axis, -1)
    places = np.unravel_index(singles, view.shape[:-1])
    alone = single_exp if x.dtype == np.float32 else doubles.library_exp
    view[places] = alone(columns - columns.max(1, keepdims=True))
    return places


@functools.lru_cache(maxsize=256)
def _singles(outer: int, inner: int, threads: int, lanes: int) -> Array:
    """The columns that are computed alone: the threads share all columns out evenly, whole vectors must lie in one row."""
    count = outer * inner
    found: list[int] = []
    share = -(-count // threads)
    for begin in range(0, count, share):
        end, i = min(begin + share, count), begin
        while i < end:
            if i % inner + lanes <= inner and i + lanes <= end:
                i += lanes
            else:
                found.append(i)
                i += 1
    return np.array(found, np.intp)


def _exp_of_columns(x: Array, axis: int) -> Array:
    """``exp(x)`` for sums along ``axis``: if that is not the last, the C library's for what is left over of vectors of the others."""
    out = _exp(x)
    inner = math.prod(x.shape[axis % x.ndim + 1 :]) if axis % x.ndim < x.ndim - 1 and x.dtype.char in "fd" else 0
    left = inner % (VECTOR_BYTES // x.itemsize)
    if left and x.size:
        alone = single_exp if x.dtype == np.float32 else doubles.library_exp
        out = np.ascontiguousarray(out)
        last = np.ascontiguousarray(x).reshape(-1, inner)[:, inner - left :]
        out.reshape(-1, inner)[:, inner - left :] = alone(np.ascontiguousarray(last))
    return out


def _exp(x: Array) -> Array:
    if x.dtype == np.float32:
        return exp(x)
    return doubles.exp(x) if x.dtype == np.float64 else np.exp(x)


def _sum(x: Array, axis: int) -> Array:
    """Sum of `x` over `axis`, kept with size 1."""
    shape = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
    if not x.size:
        return np.zeros(shape, x.dtype)
    rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    lanes = VECTOR_BYTES // x.itemsize
    if axis < x.ndim - 1 or rows.shape[1] < lanes:
        return in_order_last(rows).reshape(shape)
    n = rows.shape[1]
    full = n // lanes * lanes
    total = in_order(rows[:, :full].reshape(-1, full // lanes, lanes))
    if full < n:
        total = total.copy()
        total[:, : n - full] += rows[:, full:]
    if x.itemsize == 8:  # four lanes, one after another
        return in_order_last(np.ascontiguousarray(total)).reshape(shape)
    while lanes > 1:
        lanes //= 2
        total = total[:, :lanes] + total[:, lanes:]
    return total.reshape(shape)
