"""The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P, to about 1e-14.

Four methods, each where it converges: the power series of P below x = a + 1 (DLMF 8.11.4), for small a and x that of Q (DLMF
8.7.3); the continued fraction of Q above (DLMF 8.9.2, by Lentz's method); for a large a near x Temme's uniform expansion (DLMF
8.12, with the coefficients of A. Gil, J. Segura and N. Temme, "Efficient and accurate algorithms for the computation and inversion
of the incomplete gamma function ratios", SIAM J. Sci. Comput. 34, 2012).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .special import _BERNOULLI, _EULER, _ZETA_LESS_1, erfc, lgamma

Array = np.ndarray[Any, Any]
_TINY = 1e-300
#: Where Temme's expansion is used: a, and how far x may be from it, as a share of a.
_LARGE, _NEAR = 200.0, 0.3


def lower(a: Any, x: Any) -> Any:
    """P(a, x), rising from 0 to 1; NaN for negative arguments."""
    return _both(a, x)[0]


def upper(a: Any, x: Any) -> Any:
    """Q(a, x), falling from 1 to 0."""
    return _both(a, x)[1]


def _both(a: Any, x: Any) -> tuple[Any, Any]:
    dtype = np.result_type(a, x)
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    shape = a.shape
    a, x = a.reshape(-1), x.reshape(-1)
    p, q = np.full_like(a, np.nan), np.full_like(a, np.nan)
    with np.errstate(all="ignore"):
        valid = (a >= 0) & (x >= 0)
        proper = valid & (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
        p[proper], q[proper] = _proper(a[proper], x[proper])
        for where, value in (
            (valid & (a == 0) & (x > 0), 1.0),
            ((a == np.inf) & ~(x < 0) & (x != np.inf), 0.0),
            ((x == np.inf) & ~(a < 0) & (a != np.inf), 1.0),
            ((x == 0) & ~(a <= 0), 0.0),
        ):
            p[where], q[where] = value, 1.0 - value
        return p.astype(dtype).reshape(shape), q.astype(dtype).reshape(shape)


def _proper(a: Array, x: Array) -> tuple[Array, Array]:
    """For positive finite arguments."""
    p, q = np.empty_like(a), np.empty_like(a)
    left = np.ones(a.shape, bool)
    for inside, method in (
        ((a > _LARGE) & (np.abs(x - a) < _NEAR * a), _temme),
        ((x <= 1.1) & (a < np.where(x < 0.5, -0.4 / np.log(x), x / 1.1)), _from_small_q),
        (x < a + 1, _from_p),
        (left, _from_q),
    ):
        taken = inside & left
        if taken.any():
            p[taken], q[taken] = method(a[taken], x[taken])
        left = left & ~inside
    return p, q


def _front(a: Array, x: Array) -> Array:
    """``x**a exp(-x) / gamma(a)``, for a large a without the cancellation between its factors."""
    direct = np.exp(a * np.log(x) - x - lgamma(a))
    z = np.maximum(a, 10.0)
    return np.where(a < 10, direct, np.sqrt(z / (2 * np.pi)) * np.exp(-z * _phi((x - z) / z) - _stirling(z)))


def _stirling(a: Array) -> Array:
    """The logarithm of ``gamma(a) sqrt(a / 2 pi) (e / a)**a``, for a >= 10 (DLMF 5.11.1)."""
    total = np.zeros_like(a)
    for i in range(len(_BERNOULLI), 0, -1):
        total = total / (a * a) + _BERNOULLI[i - 1] / (2 * i * (2 * i - 1))
    return total / a


def _phi(m: Array) -> Array:
    """``m - log(1 + m)``; near 0 by the series of the inverse hyperbolic tangent."""
    small = np.where(np.abs(m) < 0.5, m, 0.0)
    s = small / (2 + small)
    total = np.zeros_like(s)
    for k in range(35, 1, -2):
        total = total * (s * s) + 1 / k
    return np.where(np.abs(m) < 0.5, small * s - 2 * s * s * s * total, m - np.log1p(m))


def _from_p(a: Array, x: Array) -> tuple[Array, Array]:
    """P by the sum of ``x**n / (a (a + 1) ... (a + n))``."""
    term = 1 / a
    total, n = term.copy(), a.copy()
    for _ in range(10000):
        n = n + 1
        term = term * (x / n)
        total = total + term
        if not (term > total * 1e-17).any():
            break
    p = np.minimum(_front(a, x) * total, 1.0)
    return p, 1 - p


def _from_small_q(a: Array, x: Array) -> tuple[Array, Array]:
    """Q as the difference of ``1 - x**a / gamma(1 + a)`` and a series, both small if a is."""
    exponent = a * np.log(x) - _lgamma_1_plus(a)
    term, total = np.ones_like(x), np.zeros_like(x)
    for n in range(1, 40):
        term = term * (-x / n)
        total = total + term / (a + n)
    q = -np.expm1(exponent) - a * np.exp(exponent) * total
    return 1 - q, q


def _lgamma_1_plus(a: Array) -> Array:
    """``log(gamma(1 + a))``, whose leading term is a multiple of a."""
    near = np.where(a <= 0.5, a, 0.0)
    series = np.zeros_like(near)
    for k in range(33, 1, -1):
        series = series * near + (-1.0) ** k * _ZETA_LESS_1[k - 2] / k
    return np.where(a <= 0.5, near * ((1 - _EULER) + near * series) - np.log1p(near), lgamma(1 + a))


def _from_q(a: Array, x: Array) -> tuple[Array, Array]:
    """Q by ``1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))``."""
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
        if not (np.abs(d * c - 1) > 4e-16).any():
            break
    q = np.minimum(_front(a, x) * h, 1.0)
    return 1 - q, q


# --- Temme's expansion ------------------------------------------------------------------------------------------------
@cache
def _coefficients() -> tuple[tuple[float, ...], ...]:
    """The power series in eta of the first coefficients c_k of the expansion in 1/a, lowest power first."""
    orders, powers = 8, 18
    n = powers + 2 * orders + 2
    alpha = [0.0, 1.0]  # the series of x/a - 1 in eta
    for i in range(2, n + 2):
        inner = sum(j * alpha[j] * alpha[i + 1 - j] for j in range(2, i))
        alpha.append((alpha[i - 1] - inner) / (i + 1))
    rows = [[(i + 2) * alpha[i + 2] for i in range(n)]]
    first = rows[0]
    first[0] -= 1.0
    for _ in range(1, orders):
        before = rows[-1]
        rows.append([(i + 2) * before[i + 2] - before[1] * first[i] for i in range(len(before) - 2)])
    return tuple(tuple(row[:powers]) for row in rows)


def _temme(a: Array, x: Array) -> tuple[Array, Array]:
    """The normal distribution at ``eta sqrt(a)``, where ``eta**2 / 2 = m - log(1 + m)`` with m = x/a - 1, and a correction."""
    m = (x - a) / a
    eta = np.copysign(np.sqrt(2 * _phi(m)), m)
    total = np.zeros_like(a)
    for row in reversed(_coefficients()):
        c = np.zeros_like(a)
        for coefficient in reversed(row):
            c = c * eta + coefficient
        total = total / a + c
    rest = np.exp(-0.5 * a * eta * eta) / np.sqrt(2 * np.pi * a) * total
    scaled = eta * np.sqrt(a / 2)
    return 0.5 * erfc(-scaled) - rest, 0.5 * erfc(scaled) + rest
