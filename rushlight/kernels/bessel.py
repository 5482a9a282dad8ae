"""Bessel and Airy functions by Cephes' approximations (S. L. Moshier), evaluated as PyTorch does.

Each function takes its argument in two or three ranges: rational functions and Chebyshev series near zero (a power series for
Airy's function), Hankel's asymptotic expansions beyond. PyTorch computes in the argument's own dtype and with fused multiply-adds,
and so do these: the digits of float32 results depend on both.

PyTorch evaluates the rational functions of J, Y and Airy's function without the leading coefficient 1 that Cephes' denominators
imply. The functions are therefore off by up to 4e-7 around ``|x| = 5`` (``x = -2.1`` for Airy's), in float64 too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from . import bessel_tables as tables
from .elementary import nearest_cos as cos
from .elementary import nearest_exp as exp
from .elementary import nearest_sin as sin
from .elementary import rounded_log as log
from .fused import fma

Array = np.ndarray[Any, Any]
Coefficients = Sequence[float]

_SQRT_2_OVER_PI = 0.797884560802865355879892119868763737
_ONE_OVER_SQRT_PI = 0.564189583547756286948079451560772586
_TWO_OVER_PI = 0.636619772367581343075535053490057448
_QUARTER_PI = 0.785398163397448309615660845819875721
_THREE_QUARTERS_PI = 2.35619449019234492884698253745962716
# Squares of the first two zeros of J0 and of J1.
_J0_ZEROS = 5.78318596294678452118, 30.4712623436620863991
_J1_ZEROS = 14.6819706421238932572, 49.2184563216946036703
# Ai(0) and -Ai'(0).
_AIRY_VALUE, _AIRY_SLOPE = 0.355028053887817239, 0.258819403792806798


def _of_arrays(fn: Callable[[Array], Array]) -> Callable[[Any], Any]:
    """Let a function of flat float32 or float64 arrays take any shape, and half-precision numbers by way of float32."""

    @wraps(fn)
    def outer(x: Any) -> Any:
        a = np.asarray(x)
        wide = a if a.dtype.itemsize > 2 else a.astype(np.float32)
        with np.errstate(all="ignore"):
            return fn(wide.reshape(-1)).reshape(a.shape).astype(a.dtype, copy=False)

    return outer


def _by_range(x: Array, *ranges: tuple[Array, Callable[[Array], Array]]) -> Array:
    """Each element by the function of the first range that holds it, NaN outside all of them."""
    out = np.full_like(x, np.nan)
    left = np.ones(x.shape, bool)
    for inside, fn in ranges:
        taken = inside & left
        if taken.any():
            out[taken] = fn(x[taken])
        left &= ~inside
    return out


def _constant(value: float) -> Callable[[Array], Array]:
    return lambda x: np.full_like(x, value)


def _horner(x: Array, coefficients: Coefficients) -> Array:
    """The polynomial with these coefficients, highest power first."""
    r = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        r = fma(r, x, c)
    return r


def _ratio(x: Array, numerator: Coefficients, denominator: Coefficients) -> Array:
    return _horner(x, numerator) / _horner(x, denominator)  # type: ignore[no-any-return]


def _chebyshev(x: Array, coefficients: Coefficients) -> Array:
    """The Chebyshev series in x/2 by Clenshaw's recurrence, highest order first; the last term counts half."""
    b0, b1, b2 = np.full_like(x, coefficients[0]), np.zeros_like(x), np.zeros_like(x)
    for c in coefficients[1:]:
        b1, b2 = b0, b1
        b0 = fma(x, b1, -b2) + c
    return 0.5 * (b0 - b2)  # type: ignore[no-any-return]


# --- first and second kind ------------------------------------------------------------------------------------------
def _hankel(x: Array, phase: float, p: tuple[Coefficients, ...], q: tuple[Coefficients, ...]) -> tuple[Array, ...]:
    """Modulus and phase of Hankel's expansion for x > 5: ``(P, 5/x Q, x - phase)``."""
    z = (5 / x) * (5 / x) if phase == _THREE_QUARTERS_PI else 25 / (x * x)
    return _ratio(z, *p), 5 / x * _ratio(z, *q), x - phase


_HANKEL_0 = _QUARTER_PI, (tables.J0_PP, tables.J0_PQ), (tables.J0_QP, tables.J0_QQ)
_HANKEL_1 = _THREE_QUARTERS_PI, (tables.J1_PP, tables.J1_PQ), (tables.J1_QP, tables.J1_QQ)


def _first_kind(x: Array, hankel: Any) -> Array:
    p, q, angle = _hankel(x, *hankel)
    return fma(p, cos(angle), -(q * sin(angle))) * _SQRT_2_OVER_PI / np.sqrt(x)  # type: ignore[no-any-return]


def _second_kind(x: Array, hankel: Any) -> Array:
    p, q, angle = _hankel(x, *hankel)
    return fma(p, sin(angle), q * cos(angle)) * _SQRT_2_OVER_PI / np.sqrt(x)  # type: ignore[no-any-return]


def _j0_near(x: Array) -> Array:
    z = x * x
    zeros = (z - _J0_ZEROS[0]) * (z - _J0_ZEROS[1])
    return zeros * _horner(z, tables.J0_RP) / _horner(z, tables.J0_RQ)  # type: ignore[no-any-return]


def _j1_near(x: Array) -> Array:
    z = x * x
    return _ratio(z, tables.J1_RP, tables.J1_RQ) * x * (z - _J1_ZEROS[0]) * (z - _J1_ZEROS[1])  # type: ignore[no-any-return]


@_of_arrays
def j0(x: Array) -> Array:
    """The Bessel function of the first kind of order 0."""
    size = np.abs(x)
    return _by_range(
        size,
        (size < 1e-5, lambda x: 1 - x * x / 4),
        (size <= 5, _j0_near),
        (size > 5, lambda x: _first_kind(x, _HANKEL_0)),
    )


@_of_arrays
def j1(x: Array) -> Array:
    """The Bessel function of the first kind of order 1."""
    size = np.abs(x)
    out = _by_range(size, (size <= 5, _j1_near), (size > 5, lambda x: _first_kind(x, _HANKEL_1)))
    return np.where(x < 0, -out, out)


def _y0_near(x: Array) -> Array:
    return fma(_TWO_OVER_PI * log(x), j0(x), _ratio(x * x, tables.Y0_P, tables.Y0_Q))  # type: ignore[no-any-return]


def _y1_near(x: Array) -> Array:
    singular = _TWO_OVER_PI * fma(j1(x), log(x), -(1 / x))
    return fma(x, _ratio(x * x, tables.Y1_P, tables.Y1_Q), singular)  # type: ignore[no-any-return]


@_of_arrays
def y0(x: Array) -> Array:
    """The Bessel function of the second kind of order 0; minus infinity at 0, NaN below."""
    return _by_range(
        x,
        (x == 0, _constant(-np.inf)),
        (x < 0, _constant(np.nan)),
        (x <= 5, _y0_near),
        (x > 5, lambda x: _second_kind(x, _HANKEL_0)),
    )


@_of_arrays
def y1(x: Array) -> Array:
    """The Bessel function of the second kind of order 1; minus infinity at 0, NaN below."""
    return _by_range(
        x,
        (x == 0, _constant(-np.inf)),
        (x < 0, _constant(np.nan)),
        (x <= 5, _y1_near),
        (x > 5, lambda x: _second_kind(x, _HANKEL_1)),
    )


@_of_arrays
def spherical_j0(x: Array) -> Array:
    """``sin(x) / x``, by its power series below 1/2; 0 at infinity."""
    series = (1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1)
    return _by_range(
        x,
        (np.isinf(x), _constant(0)),
        (np.abs(x) < 0.5, lambda x: _horner(x * x, series)),
        (~np.isnan(x), lambda x: sin(x) / x),
    )


# --- modified -------------------------------------------------------------------------------------------------------
def _far(x: Array, coefficients: Coefficients, start: float) -> Array:
    """A Chebyshev series in start/x."""
    return _chebyshev(start / x - 2, coefficients)


@_of_arrays
def i0(x: Array) -> Array:
    """The modified Bessel function of the first kind of order 0."""
    x = np.abs(x)
    return _by_range(
        x,
        (x <= 8, lambda x: exp(x) * _chebyshev(x / 2 - 2, tables.I0_NEAR)),
        (x > 8, lambda x: exp(x) * _far(x, tables.I0_FAR, 32) / np.sqrt(x)),
    )


@_of_arrays
def i0e(x: Array) -> Array:
    """``exp(-|x|) i0(x)``."""
    x = np.abs(x)
    return _by_range(
        x,
        (x <= 8, lambda x: _chebyshev(x / 2 - 2, tables.I0_NEAR)),
        (x > 8, lambda x: _far(x, tables.I0_FAR, 32) / np.sqrt(x)),
    )


def _modified_first(x: Array, near: Callable[[Array], Array], far: Callable[[Array], Array]) -> Array:
    """An odd function in two ranges."""
    size = np.abs(x)
    out = _by_range(size, (size <= 8, near), (size > 8, far))
    return np.where(x < 0, -out, out)


def _i1_near(x: Array) -> Array:
    """``exp(-x) i1(x) / x``; Cephes' single precision ends the series earlier, and PyTorch's ``i1`` too."""
    return _chebyshev(x / 2 - 2, tables.I1_NEAR[-17:] if x.dtype == np.float32 else tables.I1_NEAR)


def _i1_far(x: Array) -> Array:
    """``exp(-x) sqrt(x) i1(x)``."""
    return _far(x, tables.I1_FAR[-7:] if x.dtype == np.float32 else tables.I1_FAR, 32)


@_of_arrays
def i1(x: Array) -> Array:
    """The modified Bessel function of the first kind of order 1."""
    return _modified_first(x, lambda x: exp(x) * x * _i1_near(x), lambda x: exp(x) * _i1_far(x) / np.sqrt(x))


@_of_arrays
def i1e(x: Array) -> Array:
    """``exp(-|x|) i1(x)``."""
    return _modified_first(x, lambda x: _i1_near(x) * x, lambda x: _i1_far(x) / np.sqrt(x))


@_of_arrays
def full_i1(x: Array) -> Array:
    """``i1`` with the whole series in float32 too, as PyTorch's ``modified_bessel_i1`` has it."""
    return _modified_first(
        x,
        lambda x: _chebyshev(x / 2 - 2, tables.I1_NEAR) * x * exp(x),
        lambda x: exp(x) * _far(x, tables.I1_FAR, 32) / np.sqrt(x),
    )


def _k0_near(x: Array) -> Array:
    return fma(-log(0.5 * x), i0(x), _chebyshev(fma(x, x, -2.0), tables.K0_NEAR))  # type: ignore[no-any-return]


def _k1_near(x: Array) -> Array:
    return fma(log(0.5 * x), full_i1(x), _chebyshev(fma(x, x, -2.0), tables.K1_NEAR) / x)  # type: ignore[no-any-return]


def _modified_second(x: Array, near: Callable[[Array], Array], far: Callable[[Array], Array]) -> Array:
    """In two ranges; infinite at 0, NaN below."""
    return _by_range(x, (x == 0, _constant(np.inf)), (x < 0, _constant(np.nan)), (x <= 2, near), (x > 2, far))


@_of_arrays
def k0(x: Array) -> Array:
    """The modified Bessel function of the second kind of order 0."""
    return _modified_second(x, _k0_near, lambda x: exp(-x) * _far(x, tables.K0_FAR, 8) / np.sqrt(x))


@_of_arrays
def k0e(x: Array) -> Array:
    """``exp(x) k0(x)``."""
    return _modified_second(x, lambda x: _k0_near(x) * exp(x), lambda x: _far(x, tables.K0_FAR, 8) / np.sqrt(x))


@_of_arrays
def k1(x: Array) -> Array:
    """The modified Bessel function of the second kind of order 1."""
    return _modified_second(x, _k1_near, lambda x: exp(-x) * _far(x, tables.K1_FAR, 8) / np.sqrt(x))


@_of_arrays
def k1e(x: Array) -> Array:
    """``exp(x) k1(x)``."""
    return _modified_second(x, lambda x: _k1_near(x) * exp(x), lambda x: _far(x, tables.K1_FAR, 8) / np.sqrt(x))


# --- Airy's function --------------------------------------------------------------------------------------------------
def _airy_left(x: Array) -> Array:
    """Oscillating, for x < -2.09."""
    root = np.sqrt(-x)
    zeta = -2 * x * root / 3
    z = 1 / zeta
    zz = z * z
    f = 1 + zz * _ratio(zz, tables.AIRY_FN, tables.AIRY_FD)
    g = z * _ratio(zz, tables.AIRY_GN, tables.AIRY_GD)
    angle = zeta + _QUARTER_PI
    return _ONE_OVER_SQRT_PI / np.sqrt(root) * fma(sin(angle), f, -(cos(angle) * g))  # type: ignore[no-any-return]


def _airy_right(x: Array) -> Array:
    """Falling, for x >= 2.09."""
    root = np.sqrt(x)
    zeta = 2 * x * root / 3
    ratio = _ratio(1 / zeta, tables.AIRY_N, tables.AIRY_D)
    return _ONE_OVER_SQRT_PI * ratio / (2 * np.sqrt(root) * exp(zeta))  # type: ignore[no-any-return]


def _airy_series(x: Array) -> Array:
    """The power series around 0 (DLMF 9.4.1)."""
    cube = x * x * x
    f_term, g_term = np.ones_like(x), x.copy()
    f, g = f_term.copy(), g_term.copy()
    k = 1.0
    for _ in range(60):
        f_term = f_term * cube / (k + 1) / (k + 2)
        g_term = g_term * cube / (k + 2) / (k + 3)
        f, g, k = f + f_term, g + g_term, k + 3
        if not (np.abs(f_term / f) > 1.2e-16).any():
            break
    return fma(_AIRY_VALUE, f, -(_AIRY_SLOPE * g))  # type: ignore[no-any-return]


@_of_arrays
def airy(x: Array) -> Array:
    """Airy's function Ai, which solves ``y'' = x y`` and falls to 0; NaN at the infinities, 0 above 103.892."""
    return _by_range(
        x,
        (np.isinf(x), _constant(np.nan)),
        (x > 103.892, _constant(0)),
        (x < -2.09, _airy_left),
        (x >= 2.09, _airy_right),
        (~np.isnan(x), _airy_series),
    )
