"""Reductions of arrays with the digits of PyTorch's CPU kernels.

Every function takes a NumPy array of any strides (strides may be 0, not negative), `axes`, a tuple of ascending
non-negative ints, and `keepdims`; it returns a new array, 0-dimensional rather than a NumPy scalar. Type promotion,
argument checks and errors about empty inputs are the caller's: `mean` of integers simply fails in the cast.

Bit-equal to PyTorch 2.13 (AVX2 build) for any number of threads: `sum_axes`, `nansum`, `mean`, `prod`, integer sums and
products, `amax`, `amin`, `cumsum`, `cumprod`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import elementary, integer_sums, scans
from .copies import cast
from .iteration import Array, Axes, is_half, plan_for, reduced_shape
from .summation import VECTOR_BYTES, float_sum

UNROLL = 4  # vectors in flight in PyTorch's general vectorised reduction


def count(a: Array, axes: Axes) -> int:
    """How many elements each output of a reduction of `a` over `axes` takes in."""
    return a.size if len(axes) == a.ndim else math.prod([a.shape[i] for i in axes])


def sum_axes(a: Array, axes: Axes, keepdims: bool, dtype: DTypeLike) -> Array:
    """Sum of `a`, cast to `dtype` first, over `axes`. Integers wrap; floats add in PyTorch's order."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iub":
        found = integer_sums.total(a, axes, keepdims) if dtype == np.int64 and a.dtype.kind in "iub" else None
        return np.asarray(np.add.reduce(a, axis=axes, dtype=dtype, keepdims=keepdims)) if found is None else found
    return float_sum(cast(a, dtype), axes, keepdims)


def nansum(a: Array, axes: Axes, keepdims: bool, dtype: DTypeLike) -> Array:
    """`sum_axes` with every nan counted as 0."""
    if a.dtype.kind in "iub":
        return sum_axes(a, axes, keepdims, dtype)
    a = a.astype(dtype)
    np.copyto(a, np.zeros((), a.dtype), where=np.isnan(a))
    return float_sum(a, axes, keepdims, widen=False)


def mean(a: Array, axes: Axes, keepdims: bool, dtype: DTypeLike) -> Array:
    """Sum divided by the number of elements (nan for none). 16-bit types are summed and divided in float32."""
    n = count(a, axes)
    if a.dtype is dtype and n and not is_half(a.dtype):
        total = float_sum(a, axes, keepdims)
        total /= _counts.get((n, dtype)) or _number(n, dtype)
        return total
    dtype = np.dtype(dtype)
    total = sum_axes(cast(a, dtype), axes, keepdims, np.float32 if is_half(dtype) else dtype)
    if n:
        total /= _number(n, total.dtype)
    else:
        total.fill(np.nan)
    return total.astype(dtype, copy=False)


#: How many elements there are, as NumPy divides by it fastest: the few shapes of a program come again and again.
_counts: dict[tuple[int, Any], Any] = {}


def _number(n: int, dtype: np.dtype[Any]) -> Any:
    if len(_counts) > 500:
        _counts.clear()
    number = _counts[n, dtype] = np.array(n, dtype)
    return number


# --- Products ---------------------------------------------------------------------------------------------------------


def prod(a: Array, axes: Axes, keepdims: bool, dtype: DTypeLike) -> Array:
    """Product of `a`, cast to `dtype` first, over `axes`; 1 for none.

    A contiguous row is multiplied as 4 vectors of V numbers, those as (0*1)*(2*3), the lanes in order, and each row's
    product and left-over numbers go one after another into the output. 16-bit types round after every product. Other
    layouts multiply in order. With several threads the ranges of a full reduction are multiplied likewise.
    """
    dtype = np.dtype(dtype)
    a = a if a.dtype == dtype else a.astype(dtype)
    if dtype.kind in "iub":
        return np.asarray(np.multiply.reduce(a, axis=axes, dtype=dtype, keepdims=keepdims))
    shape = reduced_shape(a, axes, keepdims)
    if a.size == 0:
        return np.ones(shape, dtype)
    plan = plan_for(a, axes)
    if not plan.reduced:
        return a.reshape(shape).copy()
    x = plan.arrange(a)
    contiguous = plan.strides[0] == dtype.itemsize and dtype.kind != "c"
    if not plan.shares:
        factors = _row_factors(x, contiguous)
        return _ordered_product(factors.reshape(-1, plan.rows * factors.shape[2])).reshape(shape)
    parts = []
    for begin, end in plan.ranges():
        rows = [_row_factors(x[piece], contiguous).ravel() for piece in plan.pieces(begin, end)]
        parts.append(_ordered_product(np.concatenate(rows)[None]))
    return _ordered_product(np.concatenate(parts)[None]).reshape(shape)


def _row_factors(x: Array, contiguous: bool) -> Array:
    """[b, d1, d0] -> [b, d1, f]: whole groups of vectors of each row condensed to one factor, the others kept."""
    lanes = VECTOR_BYTES // x.itemsize
    b, d1, d0 = x.shape
    groups = d0 // (UNROLL * lanes) if contiguous else 0
    if not groups:
        return x
    full = groups * UNROLL * lanes
    block = x[:, :, :full].reshape(b * d1, groups, UNROLL * lanes)
    v = np.multiply.reduce(block, axis=1).reshape(b * d1, UNROLL, lanes)
    condensed = _ordered_product((v[:, 0] * v[:, 1]) * (v[:, 2] * v[:, 3])).reshape(b, d1, 1)
    return np.concatenate((condensed, x[:, :, full:]), axis=2)


def _ordered_product(x: Array) -> Array:
    """[b, n] -> [b], one factor after another. (Unlike sums, NumPy multiplies in order but for a lone row.)"""
    if x.shape[0] == 1 or is_half(x.dtype):
        return np.multiply.accumulate(x, axis=1)[:, -1].copy()  # a view would keep the factors
    return np.multiply.reduce(np.ascontiguousarray(x.T), axis=0)


# --- Extrema and running reductions -----------------------------------------------------------------------------------


def amax(a: Array, axes: Axes, keepdims: bool) -> Array:
    """Largest element over `axes`; nan if there is one."""
    native = _extremes("maxima", a, axes, keepdims)
    if native is not None:
        return native
    if is_half(a.dtype):  # NumPy compares them one by one
        return cast(amax(cast(a, np.float32), axes, keepdims), a.dtype)
    return np.asarray(np.maximum.reduce(a, axis=axes, keepdims=keepdims))


def amin(a: Array, axes: Axes, keepdims: bool) -> Array:
    """Smallest element over `axes`; nan if there is one."""
    native = _extremes("minima", a, axes, keepdims)
    if native is not None:
        return native
    if is_half(a.dtype):
        return cast(amin(cast(a, np.float32), axes, keepdims), a.dtype)
    return np.asarray(np.minimum.reduce(a, axis=axes, keepdims=keepdims))


def _extremes(name: str, a: Array, axes: Axes, keepdims: bool) -> Array | None:
    """Those of rows by native code; None if NumPy is to find them."""
    if axes != (a.ndim - 1,) or a.ndim < 2 or not a.size or not a.flags.c_contiguous:
        return None
    found = scans.of_rows(name, a.reshape(-1, a.shape[-1]))
    return None if found is None else found.reshape((*a.shape[:-1], 1) if keepdims else a.shape[:-1])


_RUNNING: dict[str, type[Any]] = {"f": np.float64, "e": np.float32, "E": np.float32, "F": np.complex128}


def _running(operation: np.ufunc, a: Array, axis: int, dtype: DTypeLike) -> Array:
    """`operation.accumulate` in the working type of `dtype`, each element rounded to `dtype`."""
    dtype = np.dtype(dtype)
    a = a.astype(dtype, copy=False)
    if a.ndim == 0:
        return a.copy()
    if operation is not np.logaddexp:
        native = scans.running("sums" if operation is np.add else "products", a, axis)
        if native is not None:
            return native
    working = _RUNNING.get(dtype.char, dtype)
    with np.errstate(all="ignore"):
        if operation is np.multiply and dtype.kind == "c":  # products begin with 1, and 1 * inf is inf+nanj
            a = a.copy()
            a[(slice(None),) * axis + (slice(0, 1),)] *= 1
        out = operation.accumulate(a.astype(working, copy=False), axis=axis, dtype=working)
        if operation is np.add and working != np.bool_:
            out += 0  # sums begin with 0, and so are never -0
        return out.astype(dtype, copy=False)


def cumsum(a: Array, axis: int, dtype: DTypeLike) -> Array:
    """Running sum along `axis`: float32 runs in float64 and each element is rounded; 16-bit types run in float32."""
    return _running(np.add, a, axis, dtype)


def cumprod(a: Array, axis: int, dtype: DTypeLike) -> Array:
    """Running product along `axis`, with the working types of `cumsum`."""
    return _running(np.multiply, a, axis, dtype)


def logcumsumexp(a: Array, axis: int) -> Array:
    """log(cumsum(exp(a))) along `axis` without overflow: m + log1p(exp(-|x - y|)), m the larger, folded in order.

    The working types are those of `cumsum`; beyond float32 exp and log1p may differ from PyTorch's by 1 ulp a step.
    """
    return _running(np.logaddexp, a, axis, a.dtype)


def logsumexp(a: Array, axes: Axes, keepdims: bool) -> Array:
    """log(sum(exp(a))) over `axes` as m + log(sum(exp(a - m))), m the maximum (0 if infinite); -inf for no elements.

    The sum is in PyTorch's order; exp and log have its digits.
    """
    if a.size == 0:
        return np.full(reduced_shape(a, axes, keepdims), -np.inf, a.dtype)
    top = amax(a, axes, True)
    top = np.where(np.isinf(top), top.dtype.type(0), top)
    with np.errstate(all="ignore"):
        total = sum_axes(_exp(a - top), axes, keepdims, a.dtype)
        log = rounded(np.log, total) if is_half(total.dtype) else elementary.log(total)
        return log + (top if keepdims else top.reshape(total.shape))


def _exp(x: Array) -> Array:
    return rounded(np.exp, x) if is_half(x.dtype) else elementary.exp(x)


def rounded(function: np.ufunc, x: Array) -> Array:
    """`function` of float16, bfloat16 or float32 numbers evaluated in a wider type and rounded once."""
    if x.dtype.itemsize >= 8:
        return function(x)
    return np.asarray(function(x.astype(np.float64))).astype(x.dtype)
