"""The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P.

The series below x = a + 1, the continued fraction above (Abramowitz & Stegun 6.5.29 and 6.5.31, by Lentz's method): about 1e-14.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .special import lgamma

_TINY = 1e-300


def lower(a: Any, x: Any) -> Any:
    """P(a, x), rising from 0 to 1; NaN for negative arguments."""
    return _both(a, x)[0]


def upper(a: Any, x: Any) -> Any:
    """Q(a, x), falling from 1 to 0."""
    return _both(a, x)[1]


def _both(a: Any, x: Any) -> tuple[Any, Any]:
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    with np.errstate(all="ignore"):
        front = np.exp(a * np.log(x) - x - lgamma(np.ascontiguousarray(a)))
        small = x < a + 1
        p = front * _series(np.where(small, a, 1.0), np.where(small, x, 0.0))
        q = front * _fraction(np.where(small, 1.0, a), np.where(small, 2.0, x))
    p, q = np.where(small, p, 1 - q), np.where(small, 1 - p, q)
    for mask, value in ((x == 0, 0.0), (np.isinf(x) & (x > 0), 1.0), ((a == 0) & (x > 0), 1.0)):
        p, q = np.where(mask, value, p), np.where(mask, 1 - value, q)
    wrong = (a < 0) | (x < 0) | np.isnan(a) | np.isnan(x) | ((a == 0) & (x == 0)) | (np.isinf(a) & np.isinf(x))
    return np.where(wrong, np.nan, p), np.where(wrong, np.nan, q)


def _series(a: Any, x: Any) -> Any:
    """The sum of x^n / (a (a + 1) ... (a + n))."""
    term = 1 / a
    total, n = term.copy(), a.copy()
    for _ in range(10000):
        n = n + 1
        term = term * (x / n)
        total = total + term
        if not (np.abs(term) > np.abs(total) * 1e-17).any():
            break
    return total


def _fraction(a: Any, x: Any) -> Any:
    """1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))."""
    b = x + 1 - a
    c, d = np.full_like(b, 1 / _TINY), 1 / np.where(b == 0, _TINY, b)
    h = d.copy()
    for i in range(1, 10000):
        an = -i * (i - a)
        b = b + 2
        d = an * d + b
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = b + an / c
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        h = h * (d * c)
        if not (np.abs(d * c - 1) > 1e-16).any():
            break
    return h
