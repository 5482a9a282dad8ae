"""Orthogonal polynomials by their three-term recurrences (DLMF 18.9), Chebyshev's of high degree by trigonometry (DLMF 18.5).

``fn(x, n)`` takes arrays of one shape and floating dtype and computes in that dtype, with the fused multiply-adds of PyTorch's kernels.
Degrees are cut to whole numbers; a negative one gives 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .elementary import acos
from .elementary import nearest_cos as cos
from .elementary import nearest_sin as sin
from .fused import fma

Array = np.ndarray[Any, Any]
#: ``step(x, k, p, q)``: the polynomial of degree k + 1 from those of degrees k - 1 and k.
Step = Callable[[Array, int, Array, Array], Array]


def _whole(n: Array) -> Array:
    """Degrees as int64; NaN and what is too large become negative, as in C."""
    return np.where(np.abs(n) < 2.0**63, n, -1.0).astype(np.int64)


def _polynomial(fn: Callable[[Array, Array], Array]) -> Callable[[Any, Any], Any]:
    """Let a function of flat arguments and whole non-negative degrees take any shapes and degrees."""

    @wraps(fn)
    def outer(x: Any, n: Any) -> Any:
        x, n = np.broadcast_arrays(x, n)
        out = np.zeros(x.shape, x.dtype)
        with np.errstate(all="ignore"):
            degree = _whole(n)
            inside = degree >= 0
            out[inside] = fn(x[inside], degree[inside])
        return out

    return outer


def _recurrence(x: Array, n: Array, first: Array, step: Step) -> Array:
    """Degree n of the polynomials that begin with 1 and ``first``."""
    out = np.where(n == 0, np.ones_like(x), first)
    going = np.flatnonzero(n > 1)
    x, n, p, q = x[going], n[going], np.ones_like(x[going]), first[going]
    k = 1
    while going.size:
        p, q = q, step(x, k, p, q)
        k += 1
        done = (n == k) | np.isnan(q)
        if done.any():
            out[going[done]] = q[done]
            left = ~done
            going, x, n, p, q = going[left], x[left], n[left], p[left], q[left]
    return out


def _chosen(x: Array, *choices: tuple[Array, Callable[[Array], Array]]) -> Array:
    """Each element from the first choice that holds it; a choice computes from the places of its elements."""
    out = np.empty_like(x)
    left = np.ones(x.shape, bool)
    for inside, fn in choices:
        taken = np.flatnonzero(inside & left)
        if taken.size:
            out[taken] = fn(taken)
        left &= ~inside
    return out


def _even(n: Array) -> Array:
    return n % 2 == 0


# --- Chebyshev --------------------------------------------------------------------------------------------------------
def _chebyshev(
    x: Array, n: Array, high: int, at_ends: tuple[Any, Any], by_angle: Callable[[Array, Array], Array], first: Any
) -> Array:
    """At 1 and -1 by value, above degree ``high`` by the angle, otherwise by ``q' = 2 x q - p``."""
    every = np.ones(x.shape, bool)
    plus, minus = at_ends
    with_sign = np.where(x > 0, plus(n), minus(n)).astype(x.dtype)
    return _chosen(
        x,
        (np.abs(x) == 1, lambda at: with_sign[at]),
        ((n > high) & (np.abs(x) < 1), lambda at: by_angle(acos(x[at]), n[at].astype(x.dtype))),
        (every, lambda at: _recurrence(x[at], n[at], first(x[at]), lambda x, k, p, q: fma(x + x, q, -p))),
    )


def _one(n: Array) -> Array:
    return np.ones_like(n)


def _alternating(n: Array) -> Array:
    return np.where(_even(n), 1, -1)


def _u_by_angle(angle: Array, n: Array) -> Array:
    return sin((n + 1) * angle) / sin(angle)


def _v_by_angle(angle: Array, n: Array) -> Array:
    """Where the angle is pi to the last digit, the value at -1."""
    out = cos((n + 0.5) * angle) / cos(angle / 2)
    return np.where(sin(angle / 2) == 1, (_alternating(n) * (2 * n + 1)).astype(out.dtype), out)


def _w_by_angle(angle: Array, n: Array) -> Array:
    """Where the angle is 0 to the last digit, the value at 1."""
    return np.where(cos(angle / 2) == 1, 2 * n + 1, sin((n + 0.5) * angle) / sin(angle / 2))


def _t(x: Array, n: Array) -> Array:
    return _chebyshev(x, n, 6, (_one, _alternating), lambda angle, n: cos(n * angle), lambda x: x)


def _u(x: Array, n: Array, high: int = 8) -> Array:
    ends = (lambda n: n + 1), (lambda n: _alternating(n) * (n + 1))
    return _chebyshev(x, n, high, ends, _u_by_angle, lambda x: x + x)


def _v(x: Array, n: Array, high: int = 8) -> Array:
    ends = _one, (lambda n: _alternating(n) * (2 * n + 1))
    return _chebyshev(x, n, high, ends, _v_by_angle, lambda x: x + x - 1)


def _w(x: Array, n: Array, high: int = 8) -> Array:
    ends = (lambda n: 2 * n + 1), _alternating
    return _chebyshev(x, n, high, ends, _w_by_angle, lambda x: x + x + 1)


#: ``cos(n acos x)``; ``sin((n + 1) acos x) / sin(acos x)``; ``cos((n + 1/2) acos x) / cos(acos(x) / 2)``; the same of sines.
chebyshev_t: Callable[..., Any] = _polynomial(_t)
chebyshev_u: Callable[..., Any] = _polynomial(_u)
chebyshev_v: Callable[..., Any] = _polynomial(_v)
chebyshev_w: Callable[..., Any] = _polynomial(_w)
#: The same of ``2 x - 1``. PyTorch turns to the angle at other degrees.
shifted_chebyshev_t: Callable[..., Any] = _polynomial(lambda x, n: _t(x + x - 1, n))
shifted_chebyshev_u: Callable[..., Any] = _polynomial(lambda x, n: _u(x + x - 1, n, 6))
shifted_chebyshev_v: Callable[..., Any] = _polynomial(lambda x, n: _v(x + x - 1, n, 6))
shifted_chebyshev_w: Callable[..., Any] = _polynomial(lambda x, n: _w(x + x - 1, n, 4))


# --- Hermite, Laguerre, Legendre --------------------------------------------------------------------------------------
def _hermite(x: Array, n: Array, first: Array, step: Step) -> Array:
    """PyTorch answers NaN beyond degree 128 (float32) or 512, where the numbers overflow."""
    limit = 128 if x.dtype == np.float32 else 512
    out = _recurrence(x, np.minimum(n, limit), first, step)
    out[n > limit] = np.nan
    return out


@_polynomial
def hermite_h(x: Array, n: Array) -> Array:
    """The physicists': ``H' = 2 x H - 2 k H_before``."""
    return _hermite(x, n, x + x, lambda x, k, p, q: fma(x + x, q, -(2 * k * p)))


@_polynomial
def hermite_he(x: Array, n: Array) -> Array:
    """The probabilists': ``He' = x He - k He_before``."""
    return _hermite(x, n, x, lambda x, k, p, q: fma(x, q, -(k * p)))


@_polynomial
def laguerre_l(x: Array, n: Array) -> Array:
    """``(k + 1) L' = (2 k + 1 - x) L - k L_before``; 1 at 0."""
    return _recurrence(x, np.where(x == 0, 0, n), 1 - x, lambda x, k, p, q: fma(2 * k + (1 - x), q, -(k * p)) / (k + 1))


@_polynomial
def legendre_p(x: Array, n: Array) -> Array:
    """``(k + 1) P' = (2 k + 1) x P - k P_before``; 1 and 1 or -1 at the ends."""
    ends = np.abs(x) == 1
    out = _recurrence(x, np.where(ends, 0, n), x, lambda x, k, p, q: fma((2 * k + 1) * x, q, -(k * p)) / (k + 1))
    return np.where(ends & (x < 0) & ~_even(n), -out, out)
