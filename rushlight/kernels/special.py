"""Special functions that NumPy lacks, vectorised in float64: erf and its kin, log-gamma, digamma, the normal distribution's.

Methods, each from the published literature:

- erf, erfc: the rational minimax approximations of W. J. Cody, "Rational Chebyshev approximations for the error
  function", Math. Comp. 23 (1969), with the exponential split so that ``x*x`` is exact.
- erfinv: M. Giles' starting polynomial ("Approximating the erfinv function", 2010), then two Halley steps.
- log-gamma, digamma: the recurrence up to a large argument, there Stirling's series (DLMF 5.11), and the
  reflection formulas (DLMF 5.5) for negative arguments.

Every function takes an array of any floating dtype, computes in float64 (digamma in PyTorch's float32 steps) and rounds once to that
dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from . import elementwise
from .doubles import taken
from .elementary import rounded_log as log
from .symbols import Symbol

ndarray = np.ndarray
Array = np.ndarray[Any, Any]


def in_float64(
    fn: Callable[..., Array], native: str = "", own: bool = False, long: Callable[[Array], Array] | None = None
) -> Callable[..., Any]:
    """Let a function of flat float64 arrays take any shape and floating dtype; the result has the input's dtype.

    ``native`` is the instruction of a loop that does the same. With ``own``, float32 stays float32. ``long`` takes float64 arrays.
    """

    @wraps(fn)
    def outer(x: Any, *args: Any) -> Any:
        if native:
            if x.__class__ is Symbol:
                return x.recording.computed(native, x)
            found = elementwise.run(native, x) if x.__class__ is ndarray else None
            if found is not None:
                return found
            if long is not None and x.__class__ is ndarray and x.dtype == np.float64:
                return long(x)
        a = np.asarray(x)
        kind = np.float32 if own and a.dtype.kind in "fV" and a.dtype != np.float64 else np.float64
        with np.errstate(all="ignore"):
            flat = fn(a.astype(kind).reshape(-1), *args)
            out = flat.reshape(a.shape).astype(a.dtype if a.dtype.kind in "fV" else np.float64)
        if a.flags.c_contiguous:
            return out
        lying = np.empty_like(a, dtype=out.dtype)  # as the argument does
        lying[...] = out
        return lying

    return outer


def native(op: str, own: bool = False, long: Any = None) -> Callable[[Callable[..., Array]], Callable[..., Any]]:
    """``in_float64`` for a function that an instruction computes."""
    return partial(in_float64, native=op, own=own, long=long)


def _horner(x: Array, coefficients: tuple[float, ...]) -> Array:
    """The polynomial with these coefficients, highest power first."""
    r = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        r *= x
        r += c
    return r


# --- the error function -------------------------------------------------------------------------------------------
# Cody's numerators and denominators for |x| <= 0.46875, up to 4, and beyond; highest power first.
_ERF_P = (
    1.85777706184603153e-1,
    3.16112374387056560,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_ERF_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_ERFC_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
_ERFC_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
_TAIL_P = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
    1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
_TAIL_Q = (
    1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3,
)  # fmt: skip
_ONE_OVER_SQRT_PI = 0.56418958354775628695
_SMALL = 0.46875


def _erf_small(x: Array) -> Array:
    z = x * x
    return x * _horner(z, _ERF_P) / _horner(z, _ERF_Q)


def _erfcx_large(y: Array) -> Array:
    """``exp(y**2) * erfc(y)`` for y > 0.46875."""
    middle = _horner(np.minimum(y, 4.0), _ERFC_P) / _horner(np.minimum(y, 4.0), _ERFC_Q)
    if not (y > 4.0).any():
        return middle
    z = 1.0 / np.maximum(y, 4.0) ** 2
    tail = (_ONE_OVER_SQRT_PI - z * _horner(z, _TAIL_P) / _horner(z, _TAIL_Q)) / np.maximum(y, 4.0)
    return np.where(y <= 4.0, middle, tail)


def _erfc_large(y: Array) -> Array:
    """erfc for y > 0.46875: the square in the exponential is split into an exact part and a small rest."""
    head = np.trunc(np.minimum(y, 30.0) * 16.0) / 16.0
    rest = (np.minimum(y, 30.0) - head) * (np.minimum(y, 30.0) + head)
    return np.exp(-head * head) * np.exp(-rest) * _erfcx_large(y)


@native("rounded_erf", long=taken("rounded_erf", "library", "erf", passes=150))
def erf(x: Array) -> Array:
    """``2 / sqrt(pi) * integral of exp(-t**2) from 0 to x``."""
    y = np.abs(x)
    out = _erf_small(np.where(y <= _SMALL, x, 0.0))
    large = y > _SMALL
    if large.any():
        out[large] = np.copysign(1.0 - _erfc_large(y[large]), x[large])
    out[np.isnan(x)] = np.nan
    return out


@native("rounded_erfc")
def erfc(x: Array) -> Array:
    """``1 - erf(x)``, accurate where that is tiny."""
    y = np.abs(x)
    out = 1.0 - _erf_small(np.where(y <= _SMALL, x, 0.0))
    large = y > _SMALL
    if large.any():
        tail = _erfc_large(y[large])
        out[large] = np.where(x[large] > 0, tail, 2.0 - tail)
    out[np.isnan(x)] = np.nan
    return out


@in_float64
def erfcx(x: Array) -> Array:
    """``exp(x**2) * erfc(x)``, without overflow for large x."""
    y = np.abs(x)
    out = np.exp(x * x) * (1.0 - _erf_small(np.where(y <= _SMALL, x, 0.0)))
    large = y > _SMALL
    if large.any():
        scaled = _erfcx_large(y[large])
        v = x[large]
        out[large] = np.where(v > 0, scaled, 2.0 * np.exp(v * v) - scaled)
    out[np.isnan(x)] = np.nan
    return out


# Giles' single-precision polynomials in w = -log(1 - x*x), for w < 5 and beyond.
_GILES_CENTRE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
)  # fmt: skip
_GILES_TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
    1.00167406, 2.83297682,
)  # fmt: skip


@native("rounded_erfinv")
def erfinv(y: Array) -> Array:
    """The x with ``erf(x) = y``; infinite at 1 and -1, NaN outside."""
    size = np.abs(y)
    inside = size < 1.0
    v = np.where(inside, size, 0.0)
    w = -np.log((1.0 - v) * (1.0 + v))
    x = v * np.where(w < 5.0, _horner(w - 2.5, _GILES_CENTRE), _horner(np.sqrt(np.maximum(w, 5.0)) - 3.0, _GILES_TAIL))
    for _ in range(2):
        # Near 1 the difference is taken between the complements, which have not lost their digits.
        difference = np.where(v < 0.5, erf(x) - v, (1.0 - v) - erfc(x))
        step = difference / (2.0 * _ONE_OVER_SQRT_PI * np.exp(-x * x))
        x = x - step / (1.0 + x * step)
    out = np.copysign(np.where(inside, x, np.inf), y)
    out[~(size <= 1.0)] = np.nan
    return out


# --- the gamma function -------------------------------------------------------------------------------------------
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_HALF_LOG_2PI = 0.91893853320467274178
_LARGE = 10.0


def _sin_pi(x: Array) -> Array:
    """``sin(pi * x)`` with the whole turns taken off exactly."""
    r = x - 2.0 * np.round(x / 2.0)
    r = np.where(r > 0.5, 1.0 - r, np.where(r < -0.5, -1.0 - r, r))
    return np.sin(np.pi * r)


# zeta(k) for k = 2, 3, ... less 1: the series of log-gamma around 2 (DLMF 5.7.3).
_ZETA_LESS_1 = tuple(
    sum(float(n) ** -k for n in range(2, 40)) + 39.5 ** (1 - k) / (k - 1) - k * 39.5 ** (-k - 1) / 24
    + 7 * k * (k + 1) * (k + 2) * 39.5 ** (-k - 3) / 5760
    - 31 * k * (k + 1) * (k + 2) * (k + 3) * (k + 4) * 39.5 ** (-k - 5) / 967680
    for k in range(2, 34)
)  # fmt: skip
_EULER = 0.57721566490153286061


def _lgamma_near_2(x: Array) -> Array:
    """log-gamma for 1.5 <= x <= 2.5, with full relative accuracy at its zero."""
    z = x - 2.0
    series = np.zeros_like(z)
    for k in range(33, 1, -1):
        series = series * z + (-1.0) ** k * _ZETA_LESS_1[k - 2] / k
    return z * ((1.0 - _EULER) + z * series)


def _lgamma_positive(x: Array) -> Array:
    shifts = np.ones_like(x)
    z = x.copy()
    while True:
        low = z < _LARGE
        if not low.any():
            break
        shifts[low] *= z[low]
        z[low] += 1.0
    series = np.zeros_like(z)
    for i in range(len(_BERNOULLI), 0, -1):
        series = series / (z * z) + _BERNOULLI[i - 1] / (2 * i * (2 * i - 1))
    out = (z - 0.5) * np.log(z) - z + _HALF_LOG_2PI + series / z - np.log(shifts)
    near = (x >= 1.5) & (x <= 2.5)
    out[near] = _lgamma_near_2(x[near])
    near = (x >= 0.5) & (x < 1.5)
    out[near] = _lgamma_near_2(x[near] + 1.0) - np.log1p(x[near] - 1.0)
    return out


@native("rounded_lgamma")
def lgamma(x: Array) -> Array:
    """``log |gamma(x)|``; infinite at 0, -1, -2, ..."""
    finite = np.isfinite(x)
    v = np.where(finite, x, 1.0)
    reflected = v < 0.5
    positive = _lgamma_positive(np.where(reflected, 1.0 - v, v))
    out = np.where(reflected, np.log(np.pi / np.abs(_sin_pi(v))) - positive, positive)
    # 1 - x loses the digits of a tiny x; there gamma(x) is 1/x - euler.
    tiny = np.abs(v) < 1e-8
    out = np.where(tiny, -np.log(np.abs(v)) - _EULER * v, out)
    return np.where(finite, out, np.where(np.isnan(x), np.nan, np.inf))


#: Stirling's series of digamma (DLMF 5.11.2) in 1 / x**2, as far as Cephes takes it, highest power first; digamma(10).
DIGAMMA_SERIES = tuple(b / (2 * i) for i, b in reversed([*enumerate(_BERNOULLI[:7], 1)]))
DIGAMMA_10 = 2.25175258906672110765


@native("digamma_of", own=True)
def digamma(x: Array) -> Array:
    """The derivative of log-gamma; NaN at -1, -2, ..., infinite at 0 with the opposite sign.

    By Cephes' method (S. L. Moshier, psi.c), in the steps and the dtype in which PyTorch takes it.
    """
    negative = x < 0
    z = np.where(negative, 1 - x, x)
    out = np.zeros_like(x)
    while True:
        low = z < _LARGE
        if not low.any():
            break
        out[low] -= 1 / z[low]
        z[low] += 1
    square = 1 / (z * z)
    series = square * DIGAMMA_SERIES[0] + DIGAMMA_SERIES[1]
    for c in DIGAMMA_SERIES[2:]:
        series = series * square + c
    out = np.where(z == _LARGE, out + DIGAMMA_10, out + log(z) - 0.5 / z - square * series)
    wide = x.astype(np.float64)
    fraction = wide - np.round(wide)
    out = np.where(negative, out - (np.pi / np.tan(np.pi * fraction)).astype(x.dtype), out)
    out = np.where(negative & (fraction == 0), x.dtype.type(np.nan), out)
    return np.where(x == 0, np.copysign(x.dtype.type(np.inf), -x), out)


_HALF = 0.7071067811865476  # sqrt(1/2)


@in_float64
def log_ndtr(x: Array) -> Array:
    """The logarithm of the normal distribution function; far left through the scaled error function."""
    left = np.log(erfcx(-x * _HALF) / 2) - x * x / 2
    return np.where(x < -1, left, np.log1p(-erfc(x * _HALF) / 2))


@in_float64
def ndtri(p: Array) -> Array:
    """The inverse of the normal distribution function: from a start of the right size by Newton's method on the logarithm."""
    q = np.minimum(p, 1 - p)  # by symmetry the left half
    inner = erfinv(2 * q - 1) / _HALF
    tail = -np.sqrt(-2 * np.log(np.maximum(q, 5e-324)))
    x = np.where(q > 1e-3, inner, tail)
    log_q = np.log(q)
    for _ in range(8):
        value = log_ndtr(x)
        slope = np.exp(-x * x / 2 - value) / np.sqrt(2 * np.pi)
        step = (value - log_q) / slope
        x = np.where(np.isfinite(step), x - step, x)
    x = np.where(p <= 0.5, x, -x)
    return np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.where((p < 0) | (p > 1), np.nan, x)))
