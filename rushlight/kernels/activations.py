"""Activations of float32 arrays and their slopes in the steps of PyTorch's vectorised CPU kernels.

``*_slope`` is the derivative times the gradient that comes in, in PyTorch's order. Where a loop leaves numbers over that are no
whole vector it takes the C library's exponential (``vectors.by_vectors``); GELU and the logarithm of the sigmoid have vectors
only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementary import rounded_once, tanh
from .elementwise import as_loop
from .fused import fma
from .vectors import by_vectors, erf_and_exp, exp, log1p, single_exp

Array = np.ndarray[Any, Any]
_F = np.float32
_rounded_log1p = rounded_once(np.log1p)
_HALF, _ONE = _F(0.5), np.array(1, _F)
_SQRT_HALF = _F(math.sqrt(0.5))
_PI_FACTOR = np.nextafter(_F(1 / math.sqrt(math.pi)), _F(0))  # a product of rounded factors, which is a bit too small
_TANH_SCALE, _CUBIC = _F(math.sqrt(2 / math.pi)), _F(0.044715)


def loop_exp(x: Array) -> Array:
    """``exp(x)`` within a loop."""
    return by_vectors(x, exp, single_exp)  # type: ignore[no-any-return]


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    return by_vectors(x, _sigmoid, _single_sigmoid)  # type: ignore[no-any-return]


@as_loop
def _sigmoid(x: Array) -> Array:
    return _ONE / (exp(-x) + _ONE)  # type: ignore[no-any-return]


@as_loop
def _single_sigmoid(x: Array) -> Array:
    return _ONE / (single_exp(-x) + _ONE)  # type: ignore[no-any-return]


def silu(x: Array) -> Array:
    """``x / (1 + exp(-x))``."""
    return by_vectors(x, _silu, _single_silu)  # type: ignore[no-any-return]


@as_loop
def _silu(x: Array) -> Array:
    return x / (exp(-x) + _ONE)  # type: ignore[no-any-return]


@as_loop
def _single_silu(x: Array) -> Array:
    return x / (single_exp(-x) + _ONE)  # type: ignore[no-any-return]


def silu_slope(g: Array, x: Array) -> Array:
    """``g s (1 + x (1 - s))``."""
    return _silu_slope(g, x, sigmoid(x))  # type: ignore[no-any-return]


@as_loop
def _silu_slope(g: Array, x: Array, s: Array) -> Array:
    return g * s * fma(x, _ONE - s, _ONE)  # type: ignore[no-any-return]


def softplus(x: Array, beta: float, threshold: float) -> Array:
    """``log(1 + exp(beta x)) / beta``."""
    z = x * _F(beta)
    low = np.minimum(z, _F(threshold))
    out = by_vectors(low, lambda z: log1p(exp(z)), lambda z: _rounded_log1p(single_exp(z)))
    return np.where(z > _F(threshold), x, out / _F(beta))


def softplus_slope(g: Array, x: Array, beta: float, threshold: float) -> Array:
    """``g z / (z + 1)``, ``z = exp(beta x)``."""
    scaled = x * _F(beta)
    z = loop_exp(np.minimum(scaled, _F(threshold)))
    return np.where(scaled > _F(threshold), g, g * z / (z + _ONE))


def logsigmoid(x: Array) -> Array:
    """``min(x, 0) - log(1 + exp(-|x|))``."""
    return np.minimum(x, _F(0)) - log1p(exp(-np.abs(x)))


def logsigmoid_slope(g: Array, x: Array) -> Array:
    """``g (1 - z / (1 + z))`` for negative x, ``g z / (1 + z)`` for positive, ``z = exp(-|x|)``."""
    z = exp(-np.abs(x))
    share = z / (_ONE + z)
    return g * np.where(x < 0, _ONE - share, share)


@as_loop
def gelu(x: Array) -> Array:
    """``x (1 + erf(x / sqrt 2)) / 2``."""
    half = x * _HALF
    return fma(half, erf_and_exp(x * _SQRT_HALF)[0], half)  # type: ignore[no-any-return]


@as_loop
def gelu_slope(g: Array, x: Array) -> Array:
    """``g (erf(v) / 2 + (v exp(-v^2) / sqrt(pi) + 1/2))``, ``v = x / sqrt 2``."""
    v = x * _SQRT_HALF
    erf, e = erf_and_exp(v)
    return g * fma(erf, _HALF, v * _PI_FACTOR * e + _HALF)


@as_loop
def gelu_tanh(x: Array) -> Array:
    """``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``."""
    return _HALF * x * (_ONE + tanh(_TANH_SCALE * fma(_CUBIC, x * x * x, x)))


@as_loop
def gelu_tanh_slope(g: Array, x: Array) -> Array:
    """The derivative of ``gelu_tanh`` times ``g``."""
    square = x * x
    t = tanh(_TANH_SCALE * fma(_CUBIC, square * x, x))
    inner = _TANH_SCALE * fma(_F(3) * _CUBIC, square, _ONE)
    return g * fma(_HALF, _ONE + t, _HALF * x * fma(-t, t, _ONE) * inner)
