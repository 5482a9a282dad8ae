"""Samplers that reject: Poisson, gamma, Dirichlet, binomial.

How many draws an element takes depends on the draws, so elements come one after another, row-major, in Python's
float64. Where PyTorch computes a step in the tensor's own type T, ``to`` rounds to T. Methods: W. Hörmann, "The
transformed rejection method for generating Poisson random variables" (PTRS, 1993) and "The generation of binomial
random variates" (BTRS, 1993); G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables" (2000).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight import types
from rushlight.fpstate import quiet
from rushlight.kernels.summation import float_sum
from rushlight.random import libm, streams
from rushlight.random.generator import MT19937
from rushlight.random.kinds import not_implemented, require_floating, round_to
from rushlight.random.normal import normal_source

Array = np.ndarray[Any, Any]
Draw = Callable[[], float]
Round = Callable[[float], float]

_NO_INTEGER = float(-(2**63))  # what a cast of an infinity or NaN to int64 gives on x86


def _rounder(dtype: np.dtype[Any]) -> Round:
    if dtype == np.float64:
        return float
    return lambda x: round_to(dtype, x)


def _floor(x: float) -> float:
    return float(math.floor(x)) if math.isfinite(x) else x


def _log(x: float) -> float:
    """log as in C: -inf at 0, NaN below."""
    return math.log(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


# -- Poisson ------------------------------------------------------------------------------------------------------
def poisson(gen: MT19937, rates: Array) -> Array:
    """Poisson counts of the given rates, in their dtype; the result is contiguous.

    Raises:
        RuntimeError: if a rate is negative or NaN.
        NotImplementedError: if the dtype is not floating.
    """
    require_floating(rates, "poisson_cpu")
    if not (rates >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    out = np.empty(rates.shape, rates.dtype)
    with gen.lock, quiet():
        wide = rates.astype(np.float64).ravel()
        counts = streams.one_by_one(gen, "poisson", wide.dtype, wide.size, wide, wide.size)
        if counts is None:
            uniform = gen.iter_r64().__next__
            counts = np.array([_poisson(rate, uniform) for rate in wide.tolist()])
        out[...] = counts.astype(np.float32 if out.dtype.itemsize < 8 else np.float64).reshape(out.shape)
    return out


def _poisson(rate: float, uniform: Draw) -> float:
    if rate == 0.0:
        return 0.0
    return _poisson_transformed(rate, uniform) if rate >= 10.0 else _poisson_by_product(rate, uniform)


def _poisson_by_product(rate: float, uniform: Draw) -> float:
    limit = math.exp(-rate)
    count, product = 0, 1.0
    while True:
        product *= uniform()
        if product <= limit:
            return float(count)
        count += 1


def _poisson_transformed(rate: float, uniform: Draw) -> float:
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = _floor((2.0 * a / us + b) * u + rate + 0.43) if us else math.nan
        if not math.isfinite(k):
            k = _NO_INTEGER
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        hat = _log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if hat <= -rate + k * log_rate - libm.lgamma(k + 1.0):
            return k


# -- gamma and Dirichlet ------------------------------------------------------------------------------------------
_THIRD = float(np.float32(1.0) / np.float32(3.0))  # float32 constants, for float64 samples too
_SQUEEZE = float(np.float32(0.0331))


def standard_gamma(gen: MT19937, alpha: Array) -> Array:
    """Gamma variates of shape parameter ``alpha`` and scale 1, never below the smallest normal number; contiguous.

    Raises:
        NotImplementedError: unless the dtype is float32 or float64.
    """
    _require_wide_floating(alpha, "gamma_cpu")
    with gen.lock, quiet():
        values = _gammas(gen, alpha.astype(np.float64).ravel(), alpha.dtype)
    return values.astype(alpha.dtype).reshape(alpha.shape)


def sample_dirichlet(gen: MT19937, alpha: Array) -> Array:
    """Dirichlet variates over the last dimension: float64 gammas over their sum, clamped into (0, 1); contiguous.

    Raises:
        NotImplementedError: unless the dtype is float32 or float64.
    """
    _require_wide_floating(alpha, "dirichlet")
    dtype = alpha.dtype
    with gen.lock, quiet():
        gammas = _gammas(gen, alpha.astype(np.float64).ravel(), np.dtype(np.float64))
        gammas = gammas.reshape(alpha.shape)
        total = float_sum(gammas, (alpha.ndim - 1,))[..., None] if alpha.ndim else gammas
        ratio = (gammas / total).astype(dtype)
        below_one = np.nextafter(dtype.type(1), dtype.type(0))
        return np.minimum(np.maximum(ratio, np.finfo(dtype).tiny), below_one)


def _require_wide_floating(a: Array, kernel: str) -> None:
    if require_floating(a, kernel) not in (types.float32, types.float64):
        raise not_implemented(kernel, types.of_array(a))


def _gammas(gen: MT19937, alphas: Array, dtype: np.dtype[Any]) -> Array:
    """float64 ``alphas`` and results, with the roundings of ``dtype``."""
    tiny = float(np.finfo(dtype).tiny)
    if (alphas >= 0).all():
        native = streams.one_by_one(gen, "gamma", dtype, alphas.size, alphas, alphas.size, tiny, _THIRD, _SQUEEZE)
        if native is not None:
            return native
    to = _rounder(dtype)
    uniform = gen.iter_r64().__next__
    normal = normal_source(gen, uniform)
    # A NaN (from a negative alpha) becomes tiny too.
    values = [to(_gamma(a, to, uniform, normal)) for a in alphas.tolist()]
    return np.array([value if value > tiny else tiny for value in values])


def _gamma(alpha: float, to: Round, uniform: Draw, normal: Draw) -> float:
    scale = 1.0
    if alpha < 1.0:
        if alpha == 0.0:
            return 0.0
        scale = _power(1.0 - uniform(), to(1.0 / alpha))
        alpha = to(alpha + 1.0)
    d = to(alpha - _THIRD)
    c = 1.0 / math.sqrt(9.0 * d) if d > 0.0 else math.nan
    while True:
        while True:
            x = normal()
            y = 1.0 + c * x
            if not y <= 0.0:
                break
        v = y * y * y
        u = 1.0 - uniform()
        xx = x * x
        if u < 1.0 - _SQUEEZE * xx * xx:
            return scale * d * v
        if math.log(u) < 0.5 * xx + d * (1.0 - v + _log(v)):
            return scale * d * v


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.inf


# -- binomial -----------------------------------------------------------------------------------------------------
# Errors of Stirling's formula for k!, k < 10.
_STIRLING = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def binomial(gen: MT19937, counts: Array, probabilities: Array) -> Array:
    """Successes in ``counts`` trials of the given probability, broadcast; contiguous, in their common dtype.

    Raises:
        ValueError, RuntimeError: if a dtype is not floating, or they differ.
        NotImplementedError: unless the dtype is float32 or float64.
    """
    count_kind, kind = types.of_array(counts), types.of_array(probabilities)
    for name, found in (("count", count_kind), ("prob", kind)):
        if not found.is_floating_point:
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {types.scalar_name(found)}"
            )
    if kind is not count_kind:
        raise RuntimeError(f"Found dtype {types.scalar_name(kind)} but expected {types.scalar_name(count_kind)}")
    _require_wide_floating(counts, "binomial_cpu")
    if np.isnan(counts).any() or np.isnan(probabilities).any():
        # PyTorch loops forever over a NaN, so there is no answer to agree with.
        raise ValueError("binomial: count and prob must not contain NaN")
    with gen.lock, quiet():
        n, p = [x.astype(np.float64) for x in np.broadcast_arrays(counts, probabilities)]
        values = _binomials(gen, n.ravel(), p.ravel(), counts.dtype)
    return values.astype(counts.dtype).reshape(n.shape)


def _binomials(gen: MT19937, n: Array, p: Array, dtype: np.dtype[Any]) -> Array:
    if np.isfinite(n).all():
        native = streams.one_by_one(gen, "binomial", dtype, n.size, n, p, n.size)
        if native is not None:
            return native
    to = _rounder(dtype)
    log1p = math.log1p if dtype == np.float64 else libm.log1p_single
    uniform = gen.iter_r64().__next__
    return np.array([_binomial(ni, pi, to, log1p, uniform) for ni, pi in zip(n.tolist(), p.tolist(), strict=True)])


def _binomial(n: float, p: float, to: Round, log1p: Round, uniform: Draw) -> float:
    if n <= 0.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return n
    if p > 0.5:
        q = to(1.0 - p)
        return to(n - _binomial_small(n, q, to, log1p, uniform))
    return _binomial_small(n, p, to, log1p, uniform)


def _binomial_small(n: float, p: float, to: Round, log1p: Round, uniform: Draw) -> float:
    if to(n * p) >= 10.0:
        return _binomial_transformed(n, p, to, uniform)
    return _binomial_by_gaps(n, log1p(-p), uniform)


def _binomial_by_gaps(n: float, log_failure: float, uniform: Draw) -> float:
    """Count the geometric gaps between successes that fit into ``n`` trials."""
    total, count = 0.0, 0
    while True:
        total += math.ceil(_log(u) / log_failure) if (u := uniform()) else math.inf
        if total > n:
            return float(count)
        count += 1


def _stirling_error(k: float) -> float:
    if k < 10:
        return _STIRLING[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)


def _binomial_transformed(n: float, p: float, to: Round, uniform: Draw) -> float:
    np_, failure = to(n * p), to(1.0 - p)
    deviation = to(math.sqrt(to(np_ * failure)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = np_ + 0.5
    v_r = 0.92 - 4.2 / b
    r = to(p / failure)
    alpha = (2.83 + 5.1 / b) * deviation
    m = _floor(to(to(n + 1.0) * p))
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = to(_floor((2.0 * a / us + b) * u + c)) if us else -math.inf
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0.0 or k > n:
            continue
        log_v = _log(v * alpha / (a / (us * us) + b))
        bound = (
            (m + 0.5) * math.log((m + 1.0) / (r * (n - m + 1.0)))
            + to(n + 1.0) * math.log((n - m + 1.0) / to(n - k + 1.0))
            + (k + 0.5) * math.log(r * to(n - k + 1.0) / to(k + 1.0))
            + _stirling_error(m)
            + _stirling_error(n - m)
            - _stirling_error(k)
            - _stirling_error(n - k)
        )
        if log_v <= bound:
            return k
