"""Exponential and logarithm of float64 arrays in the steps of the SLEEF library (N. Shibata, F. Petrogalli 2020), which PyTorch's
kernels that are vectorised around one (sigmoid, softmax, ...) take: its variants of at most 1.0 units in the last place, for processors
with fused multiply-adds. ``code.doubles`` takes the same steps.

The exponential and the logarithm that a program names itself are others (``elementary``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import elementwise
from .fused import long_fma as fma

Array = np.ndarray[Any, Any]
_D = np.dtype(np.float64)

#: exp: what numbers are left of x without multiples of ln 2 (in two parts), and the polynomial of what is left, highest power first.
INVERSE_LN2 = 1.442695040888963407359924681001892137426645954152985934135449406931
LN2 = (0.69314718055966295651160180568695068359375, 0.28235290563031577122588448175013436025525412068e-12)
EXP = (
    0.2081276378237164457e-8, 0.2511210703042288022e-7, 0.2755762628169491192e-6, 0.2755723402025388239e-5,
    0.2480158687479686264e-4, 0.1984126989855865850e-3, 0.1388888888914497797e-2, 0.8333333333314938210e-2,
    0.4166666666666602598e-1, 0.1666666666666669072,
)  # fmt: skip
FAR = 1000.0  # beyond, exp is zero or infinite

#: log: ln 2 in two parts, and the series of the inverse hyperbolic tangent, highest power first.
LN2_LONG = (0.693147180559945286226764, 2.319046813846299558417771e-17)
ARTANH = (
    0.1532076988502701353, 0.1525629051003428716, 0.1818605932937785996, 0.2222214519839380009, 0.2857142932794299317,
    0.3999999999635251990, 0.6666666666667333541,
)  # fmt: skip


def _native(op: str) -> Callable[[Callable[[Array], Array]], Callable[[Array], Array]]:
    """Mark a function of one float64 array that an instruction computes."""

    def marked(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
        def asking(x: Array) -> Array:
            native = elementwise.run(op, x, dtype=_D)
            return function(x) if native is None else native

        asking.__name__, asking.__doc__ = function.__name__, function.__doc__
        return asking

    return marked


@_native("exp")
def exp(x: Array) -> Array:
    """``exp(x)`` as one lane of a vector has it."""
    with np.errstate(all="ignore"):
        x = np.clip(x, -FAR, FAR)
        whole = np.rint(x * INVERSE_LN2)
        s = fma(whole, -LN2[1], fma(whole, -LN2[0], x))
        c, s2 = EXP, s * s
        s4 = s2 * s2
        low = fma(s4, _four(s, s2, c[2:6]), _four(s, s2, c[6:]))
        u = fma(s4 * s4, fma(s, c[0], c[1]), low)
        u = fma(fma(fma(u, s, 0.5), s, 1.0), s, 1.0)
        return np.ldexp(u, np.nan_to_num(whole).astype(np.intc))


def _four(x: Array, square: Array, c: tuple[float, ...]) -> Array:
    """A cubic, its halves side by side."""
    out: Array = fma(square, fma(x, c[0], c[1]), fma(x, c[2], c[3]))
    return out


@_native("long_log")
def log(x: Array) -> Array:
    """``log(x)`` as one lane of a vector has it."""
    with np.errstate(all="ignore"):
        usual = (x > 0) & (x < 2.0**1023)
        if not usual.all():
            return np.where(usual, _log(np.where(usual, x, 1.0)), np.log(x))
        return _log(x)


def _log(x: Array) -> Array:
    """Of positive numbers: ``e ln 2 + 2 artanh((m - 1) / (m + 1))``, the quotient and the first terms in two parts."""
    exponent = np.frexp(x * (1 / 0.75))[1] - 1
    m, e = np.ldexp(x, -exponent), exponent.astype(_D)
    above, above_low = _sum(-1.0, m)
    below, below_low = _sum(1.0, m)
    inverse = 1.0 / below
    q = above * inverse
    error = fma(-below_low, inverse, fma(-below, inverse, 1.0))
    return _of_quotient(e, q, fma(q, error, fma(above_low, inverse, fma(inverse, above, -q))))


def _of_quotient(e: Array, q: Array, q_low: Array) -> Array:
    c, q2 = ARTANH, q * q
    q4 = q2 * q2
    low = fma(q4, fma(q2, c[3], c[4]), fma(q2, c[5], c[6]))
    series = fma(q4 * q4, fma(q4, c[0], fma(q2, c[1], c[2])), low)
    first = e * LN2_LONG[0]
    first_low = fma(e, LN2_LONG[1], fma(e, LN2_LONG[0], -first))
    total = first + 2.0 * q
    total_low = ((first - total) + 2.0 * q) + first_low + 2.0 * q_low
    rest = q2 * q * series
    out = total + rest
    result: Array = out + (((total - out) + rest) + total_low)
    return result


@_native("log1p")
def log1p(x: Array) -> Array:
    """``log(1 + x)`` as one lane of a vector has it."""
    with np.errstate(all="ignore"):
        usual = (x > -1) & (x < 2.0**1000) & (x != 0)
        if not usual.all():
            return np.where(usual, _log1p(np.where(usual, x, 1.0)), np.log1p(x))
        return _log1p(x)


def _log1p(x: Array) -> Array:
    exponent = np.frexp((x + 1.0) * (1 / 0.75))[1] - 1
    power = np.ldexp(1.0, -exponent)
    m = fma(x, power, power - 1.0)
    below, below_low = _sum(2.0, m)
    inverse = 1.0 / below
    q = m * inverse
    error = fma(-below_low, inverse, fma(-below, inverse, 1.0))
    return _of_quotient(exponent.astype(_D), q, fma(q, error, fma(inverse, m, -q)))


def _sum(a: float, b: Array) -> tuple[Array, Array]:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@_native("library_exp")
def library_exp(x: Array) -> Array:
    """``exp(x)`` as the C library computes it of one number."""
    flat = [math.exp(v) if v < 709.78 else _exp(v) for v in x.reshape(-1).tolist()]
    return np.array(flat, _D).reshape(x.shape)


def _exp(x: float) -> float:
    """Of numbers that may have no exponential, or NaN."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def library_log1p(x: Array) -> Array:
    """``log(1 + x)`` as the C library computes it of one number above -1."""
    flat = [math.log1p(v) for v in x.reshape(-1).tolist()]
    return np.array(flat, _D).reshape(x.shape)
