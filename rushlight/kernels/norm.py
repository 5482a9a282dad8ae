"""Vector norms with the digits of PyTorch's CPU kernels.

||a||_p = (sum |a_i|^p)^(1/p); p = 0 counts non-zeros, p = inf and -inf are the largest and smallest modulus.
Terms are added one after another in the element type (16-bit types in float32), with two exceptions: for p = 2 over
one contiguous dimension of real numbers, V lanes of a 32-byte vector accumulate side by side, then the lanes are added
in order, then the numbers beyond the last full vector (groups of four squared first, the last few by fused
multiply-add); and from 32768 elements on, each thread's range of a full reduction is summed apart.

Bit-equal to PyTorch 2.13 (AVX2 build) in float32 and 16-bit types for p = 0, 1, 2 and infinities. The fused
multiply-add of a float64 tail is emulated and may be 1 ulp off; other p differ by the ulps of `pow`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementary import length
from .iteration import Array, Axes, is_half, plan_for, reduced_shape
from .llvm import patience
from .reduce import amax, amin, sum_axes
from .summation import VECTOR_BYTES, WORK, in_order, in_order_last, native_code


def norm(a: Array, p: float, axes: Axes, keepdims: bool) -> Array:
    """p-norm of a float or complex array over `axes`; the result is real, of a's precision.

    No elements give 0, or inf for negative p; that infinite p needs elements is the caller's check.
    """
    shape = reduced_shape(a, axes, keepdims)
    is_complex = a.dtype.kind == "c"
    if is_complex:
        a = np.asarray(length(a))
    dtype = a.dtype
    if a.size == 0:
        return np.full(shape, math.inf if p < 0 else 0.0, dtype)
    if p == math.inf:
        return amax(np.asarray(np.abs(a)), axes, keepdims)
    if p == -math.inf:
        return amin(np.asarray(np.abs(a)), axes, keepdims)
    if p == 0:
        with np.errstate(over="ignore"):
            return sum_axes(a != 0, axes, keepdims, np.int64).astype(dtype)
    working = np.dtype(np.float32) if is_half(dtype) else dtype
    plan = plan_for(a, axes)
    with np.errstate(all="ignore"):
        if not plan.reduced:
            return np.asarray(np.abs(a)).reshape(shape)
        x = plan.arrange(a).astype(working, copy=False)
        if p == 2 and plan.reduced == 1 and plan.strides[0] == dtype.itemsize and not is_complex:
            total = _squares_of_rows(x.reshape(-1, x.shape[2]), VECTOR_BYTES // dtype.itemsize)
        else:
            rows = _terms(x, p).reshape(-1, plan.rows * plan.sizes[0])
            if plan.shares:
                parts = [in_order_last(rows[:, begin:end]) for begin, end in plan.ranges()]
                total = in_order_last(np.stack(parts, axis=1))
            else:
                total = in_order_last(rows)
        return _root(total, p).astype(dtype).reshape(shape)  # a copy: a view would keep the running sums


def _terms(x: Array, p: float) -> Array:
    """|x|^p"""
    if p == 2:
        return x * x
    x = np.abs(x)
    return x if p == 1 else _power(x, p)


def _root(total: Array, p: float) -> Array:
    """total^(1/p)"""
    if p == 2:
        return np.sqrt(total)
    return total if p == 1 else _power(total, 1.0 / p)


def _power(x: Array, p: float) -> Array:
    """``x ** p`` one by one, as the C library has it: all but always the nearest number. NumPy's differ from processor to processor."""
    exponent = x.dtype.type(p)
    if x.dtype != np.float32:
        return np.asarray(np.power(x, exponent))
    return np.power(x, float(exponent), dtype=np.float64).astype(x.dtype)


def _squares_of_rows(rows: Array, step: int) -> Array:
    """Sum of squares of contiguous rows [b, n]: numbers up to a multiple of `step` in vectors, the tail apart."""
    b, n = rows.shape
    if patience.over(2 * rows.size, 4) and rows.flags.c_contiguous and n:
        native, run = np.empty(b, rows.dtype), native_code("row_squares", rows.dtype)
        if run is not None and run(b, max(1, WORK // n), native, rows, n):
            return native
    lanes = VECTOR_BYTES // rows.itemsize
    full = n // step * step
    total = np.zeros(b, rows.dtype)
    if full:
        squares = rows[:, :full] * rows[:, :full]
        total = in_order_last(in_order(squares.reshape(b, full // lanes, lanes)))
    fused_from = full + (n - full) // 4 * 4
    for i in range(full, n):
        x = rows[:, i]
        total = add_product(total, x, x) if i >= fused_from else total + x * x
    return total


def add_product(c: Array, a: Array, b: Any) -> Array:
    """c + a * b rounded once (a fused multiply-add).

    float32 is exact but for double rounding (about 1 in 10^9); float64 adds the products' rounding error back, which
    may miss the last bit.
    """
    if c.dtype == np.float32:
        return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)
    product = a * b
    high_a, high_b = _upper_half(a), _upper_half(b)
    low_a, low_b = a - high_a, b - high_b
    error = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    total = c + product
    back = total - c
    slip = (c - (total - back)) + (product - back)
    rest = slip + error
    return np.where(np.isfinite(rest), total + rest, total)  # infinities have no error to add back


def _upper_half(x: Any) -> Any:
    """The upper 26 bits of a float64 mantissa (Veltkamp's splitting)."""
    scaled = x * 134217729.0
    return scaled - (scaled - x)
