"""Fused multiply-add, ``x * y + c`` rounded once, on NumPy, which has none.

PyTorch's kernels are compiled with FMA, and the last bit shows it. Both emulations compute the sum in more precision
than the result has and make its last bit *sticky* (round to odd: an inexact sum gets an odd last bit), after which
the final rounding cannot be fooled (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LOW29 = np.uint64((1 << 29) - 1)
_HALF29 = np.uint64(1 << 28)
_SPLIT = 134217729.0  # 2^27 + 1, cuts a float64 into two halves whose products are exact

# Beyond these the error-free transforms below could overflow or lose bits.
_SAFE_MIN, _SAFE_MAX = 2.0**-900, 2.0**900


def round_to_odd(total: Array, error: Array) -> Array:
    """``total + error`` to odd, where ``total`` is that sum rounded to nearest."""
    bits = total.view(np.int64)
    nudge = np.isfinite(total) & (error != 0) & ((bits & 1) == 0)
    away = (error > 0) == (total > 0)  # in the direction of growing magnitude, so of growing bits
    return (bits + np.where(nudge, np.where(away, 1, -1), 0)).view(np.float64)


def two_sum(a: Array, b: Array | float) -> tuple[Array, Array]:
    """The rounded sum and its error, which together are the exact sum (Knuth)."""
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


def fma32(x: Array, y: Array | float, c: Array | float) -> Array:
    """float32 ``x * y + c`` with one rounding; ``x`` float32, ``y`` and ``c`` float32 or Python floats that are.

    The product of two float32 is exact in float64. Rounding the float64 sum again to float32 goes wrong only if it sits
    exactly between two float32 without being exact, or if the float32 is subnormal: those sums are made odd first.
    """
    wide = np.multiply(x, y, dtype=np.float64)
    total = wide + c
    bits = total.view(np.uint64)
    if (
        ((bits & _LOW29) == _HALF29).any()
        or ((size := np.abs(total)) < 2.0**-125).any()
        and (size[size < 2.0**-125] > 0).any()
    ):
        total = round_to_odd(*two_sum(wide, c))
    return total.astype(np.float32)


def _halves(a: Array | float) -> tuple[Any, Any]:
    big = a * _SPLIT
    high = big - (big - a)
    return high, a - high


def fma64(x: Array, y: float, c: float) -> Array:
    """float64 ``x * y + c`` with one rounding; ``x`` an array of zeros and numbers from 1e-30 to 1e30."""
    if c == 0.0 or math.isinf(y) or math.isnan(y) or y == 0.0:
        return x * y + c  # one rounding anyway
    if math.frexp(y)[0] in (0.5, -0.5) and _SAFE_MIN < abs(y) < _SAFE_MAX:
        return x * y + c  # a power of two: the product is exact
    if not (_SAFE_MIN < abs(y) < _SAFE_MAX and _SAFE_MIN < abs(c) < _SAFE_MAX):
        return np.array([fma_exact(float(value), y, c) for value in x.ravel()]).reshape(x.shape)
    product = x * y
    x_high, x_low = _halves(x)
    y_high, y_low = _halves(y)
    product_error = x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low)
    low_sum, low_error = two_sum(product_error, c)
    total, error = two_sum(product, low_sum)
    return total + round_to_odd(*two_sum(error, low_error))


def fma_exact(x: float, y: float, c: float) -> float:
    """Any one ``x * y + c`` through rational arithmetic: slow and always right."""
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(c)):
        return x * y + c
    from fractions import Fraction

    exact = Fraction(x) * Fraction(y) + Fraction(c)
    if exact == 0:
        return x * y + c  # the sign of zero
    try:
        return exact.numerator / exact.denominator  # int division rounds correctly, subnormals included
    except OverflowError:
        return math.inf if exact > 0 else -math.inf
