"""Arithmetic with a sum of two float32 numbers in the place of one: about twice the digits (Dekker 1971, with fused multiply-adds).

A pair is a tuple of two arrays, the greater first.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def fma(a: Any, b: Any, c: Any) -> Any:
    return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)


def two_sum(a: Any, b: Any) -> Any:
    """The sum of two numbers and its rounding error, exactly."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def add(a: Any, b: Any) -> Any:
    """The sum of two pairs, ``a`` the greater."""
    s = a[0] + b[0]
    return s, (((a[0] - s) + b[0]) + a[1]) + b[1]


def mul(a: Any, b: Any) -> Any:
    """The product of two pairs."""
    s = a[0] * b[0]
    return s, fma(a[0], b[1], fma(a[1], b[0], fma(a[0], b[0], -s)))


def scale(a: Any, b: Any) -> Any:
    """The product of a pair and a number."""
    s = a[0] * b
    return s, fma(a[1], b, fma(a[0], b, -s))


def square(a: Any) -> Any:
    s = a[0] * a[0]
    return s, fma(a[0] + a[0], a[1], fma(a[0], a[0], -s))


def div(n: Any, d: Any) -> Any:
    """The quotient of two pairs."""
    t = np.float32(1) / d[0]
    s = n[0] * t
    v = fma(-d[1], t, fma(-d[0], t, np.float32(1)))
    return s, fma(s, v, fma(n[1], t, fma(t, n[0], -s)))
