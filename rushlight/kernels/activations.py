"""Activations of float32 and float64 arrays, and their slopes in the steps of PyTorch's vectorised CPU kernels.

``*_slope`` is the derivative times the gradient that comes in, in PyTorch's order. Where a loop leaves numbers over that are no
whole vector it takes the C library's exponential (``vectors.by_vectors``); GELU and the logarithm of the sigmoid have vectors
only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import c_library, doubles, pair_functions
from .elementary import expm1
from .elementwise import as_loop
from .fused import fma
from .symbols import Symbol
from .vectors import all_by_vectors, by_vectors, erf_and_exp, erf_by, exp, log1p, single_exp

Array = np.ndarray[Any, Any]
_F = np.float32
_HALF, _ONE = 0.5, np.array(1, _F)
_SQRT_HALF = math.sqrt(0.5)
_PI_FACTOR = np.nextafter(_F(1 / math.sqrt(math.pi)), _F(0))  # a product of rounded factors, which is a bit too small
_NORMAL = 1 / math.sqrt(2 * math.pi)
_TANH_SCALE, _CUBIC = math.sqrt(2 / math.pi), 0.044715
_long_erf = doubles.taken("vector_erf", "long_pairs", "erf", passes=600)


def _erf(v: Any) -> Any:
    """``erf(v)`` as PyTorch's vectors have it."""
    if v.dtype == _F:
        return erf_by(v, exp(-(v * v)))
    return v.recording.computed("vector_erf", v) if v.__class__ is Symbol else _long_erf(v)


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
    return by_vectors(  # type: ignore[no-any-return]
        x, lambda x: _softplus(x, beta, threshold), lambda x: _single_softplus(x, beta, threshold)
    )


@as_loop
def _softplus(x: Array, beta: Any, threshold: Any) -> Array:
    z = x * beta
    return np.where(z > threshold, x, log1p(exp(np.minimum(z, threshold))) / beta)


@as_loop
def _single_softplus(x: Array, beta: Any, threshold: Any) -> Array:
    z = x * beta
    return np.where(z > threshold, x, c_library.log1p(single_exp(np.minimum(z, threshold))) / beta)


def softplus_slope(g: Array, x: Array, beta: float, threshold: float) -> Array:
    """``g z / (z + 1)``, ``z = exp(beta x)``."""
    z = by_vectors(x, lambda x: _limited(x, beta, threshold), lambda x: _single_limited(x, beta, threshold))
    return _softplus_slope(g, x, z, beta, threshold)  # type: ignore[no-any-return]


@as_loop
def _limited(x: Array, beta: Any, threshold: Any) -> Array:
    return exp(np.minimum(x * beta, threshold))  # type: ignore[no-any-return]


@as_loop
def _single_limited(x: Array, beta: Any, threshold: Any) -> Array:
    return single_exp(np.minimum(x * beta, threshold))  # type: ignore[no-any-return]


@as_loop
def _softplus_slope(g: Array, x: Array, z: Array, beta: Any, threshold: Any) -> Array:
    return np.where(x * beta > threshold, g, g * z / (z + _ONE))


@as_loop
def logsigmoid(x: Array) -> Array:
    """``min(x, 0) - log(1 + exp(-|x|))``."""
    return np.minimum(x, _F(0)) - log1p(exp(-np.abs(x)))  # type: ignore[no-any-return]


@as_loop
def logsigmoid_slope(g: Array, x: Array) -> Array:
    """``g (1 - z / (1 + z))`` for negative x, ``g z / (1 + z)`` for positive, ``z = exp(-|x|)``."""
    return logsigmoid_slope_by(g, x, exp(-np.abs(x)))


def logsigmoid_slope_by(g: Array, x: Array, z: Array) -> Array:
    """``logsigmoid_slope`` with a ``z`` that is there."""
    share = z / (_ONE + z)
    return g * np.where(x < _F(0), _ONE - share, share)  # type: ignore[no-any-return]


def elu(x: Array, above: Any, below: Any, scale: Any) -> Array:
    """``above x`` where positive, else ``below (exp(scale x) - 1)``."""
    return by_vectors(  # type: ignore[no-any-return]
        x, lambda x: _elu(x, above, below, scale), lambda x: _single_elu(x, above, below, scale)
    )


@as_loop
def _elu(x: Array, above: Any, below: Any, scale: Any) -> Array:
    return np.where(x > _F(0), x * above, expm1(np.where(x > _F(0), _F(0), x) * scale) * below)


@as_loop
def _single_elu(x: Array, above: Any, below: Any, scale: Any) -> Array:
    return np.where(x > _F(0), x * above, c_library.expm1(np.where(x > _F(0), _F(0), x) * scale) * below)


def elu_slope(g: Array, x: Array, above: float, below: float, scale: float) -> Array:
    """``above g`` where positive, else ``scale below g exp(scale x)``."""
    e = by_vectors(x, lambda x: _falling(x, scale), lambda x: _single_falling(x, scale))
    return _elu_slope(g, x, e, above, below, scale)  # type: ignore[no-any-return]


@as_loop
def _falling(x: Array, scale: Any) -> Array:
    return exp(np.where(x > _F(0), x * _F(0), x) * scale)  # type: ignore[no-any-return]


@as_loop
def _single_falling(x: Array, scale: Any) -> Array:
    return single_exp(np.where(x > _F(0), x * _F(0), x) * scale)  # type: ignore[no-any-return]


@as_loop
def _elu_slope(g: Array, x: Array, e: Array, above: Any, below: Any, scale: Any) -> Array:
    return np.where(x > _F(0), g * above, g * scale * below * e)


def mish(x: Array) -> Array:
    """``x tanh(log(1 + exp(x)))``."""
    return by_vectors(x, _mish, _single_mish)  # type: ignore[no-any-return]


@as_loop
def _mish(x: Array) -> Array:
    return x * pair_functions.tanh(log1p(exp(x)))  # type: ignore[no-any-return]


@as_loop
def _single_mish(x: Array) -> Array:
    return x * c_library.tanh(c_library.log1p(single_exp(x)))  # type: ignore[no-any-return]


def mish_slope(g: Array, x: Array) -> Array:
    """``g (t + x s (1 - t^2))``, ``t = tanh(log(1 + exp(x)))`` and ``s`` the sigmoid."""
    t = by_vectors(x, _softened, _single_softened)
    return _mish_slope(g, x, t, sigmoid(x))  # type: ignore[no-any-return]


@as_loop
def _softened(x: Array) -> Array:
    return pair_functions.tanh(log1p(exp(x)))  # type: ignore[no-any-return]


@as_loop
def _single_softened(x: Array) -> Array:
    return c_library.tanh(c_library.log1p(single_exp(x)))  # type: ignore[no-any-return]


@as_loop
def _mish_slope(g: Array, x: Array, t: Array, s: Array) -> Array:
    return g * fma(x * s, fma(-t, t, _ONE), t)  # type: ignore[no-any-return]


def logaddexp(x: Array, y: Array) -> Array:
    """``log(exp(x) + exp(y))``: the larger and ``log(1 + exp(-|x - y|))``."""
    return all_by_vectors(_logaddexp, _single_logaddexp, x, y)


@as_loop
def _logaddexp(x: Array, y: Array) -> Array:
    out = np.maximum(x, y) + log1p(exp(-np.abs(x - y)))
    return np.where((x == y) & np.isinf(x), x, out)


@as_loop
def _single_logaddexp(x: Array, y: Array) -> Array:
    out = np.maximum(x, y) + c_library.log1p(single_exp(-np.abs(x - y)))
    return np.where((x == y) & np.isinf(x), x, out)


def gelu(x: Any) -> Array:
    """``x (1 + erf(x / sqrt 2)) / 2``. PyTorch gives to another library what is float32 and lies in one piece."""
    if x.dtype == _F and (x.__class__ is Symbol or x.flags.c_contiguous):
        return _gelu(x)  # type: ignore[no-any-return]
    return by_vectors(x, _gelu_of_rows, _single_gelu)  # type: ignore[no-any-return]


@as_loop
def _gelu(x: Array) -> Array:
    half = x * _HALF
    return fma(half, erf_and_exp(x * _SQRT_HALF)[0], half)  # type: ignore[no-any-return]


@as_loop
def _gelu_of_rows(x: Array) -> Array:
    return x * _HALF * (_ONE + _erf(x * _SQRT_HALF))  # type: ignore[no-any-return]


@as_loop
def _single_gelu(x: Array) -> Array:
    return x * _HALF * (_ONE + c_library.erf(x * _SQRT_HALF))  # type: ignore[no-any-return]


def gelu_slope(g: Any, x: Any) -> Array:
    """``g (erf(v) / 2 + (v exp(-v^2) / sqrt(pi) + 1/2))``, ``v = x / sqrt 2``."""
    if x.dtype == _F and (x.__class__ is Symbol or x.flags.c_contiguous):
        return _gelu_slope(g, x)  # type: ignore[no-any-return]
    if x.__class__ is Symbol:
        return all_by_vectors(_gelu_slope_of_rows, _single_gelu_slope, g, x)
    return all_by_vectors(_gelu_slope_of_rows, _single_gelu_slope, np.broadcast_to(g, x.shape), x)  # type: ignore[no-any-return]


@as_loop
def _gelu_slope_of_rows(g: Array, x: Array) -> Array:
    return g * fma(x, _NORMAL * exp(x * x * -_HALF), _HALF * (_ONE + _erf(x * _SQRT_HALF)))


@as_loop
def _single_gelu_slope(g: Array, x: Array) -> Array:
    return g * (_HALF * (_ONE + c_library.erf(x * _SQRT_HALF)) + x * (_NORMAL * single_exp(x * x * -_HALF)))


@as_loop
def _gelu_slope(g: Array, x: Array) -> Array:
    v = x * _SQRT_HALF
    erf, e = erf_and_exp(v)
    return g * fma(erf, _HALF, v * _PI_FACTOR * e + _HALF)


def gelu_tanh(x: Array) -> Array:
    """``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``."""
    return _HALF * x * (_ONE + _bent(x))  # type: ignore[no-any-return]


def _bent(x: Array) -> Array:
    """The hyperbolic tangent in it."""
    return by_vectors(  # type: ignore[no-any-return]
        x, lambda x: pair_functions.tanh(_cubic(x)), lambda x: c_library.tanh(_cubic(x))
    )


@as_loop
def _cubic(x: Array) -> Array:
    return _TANH_SCALE * fma(_CUBIC, x * x * x, x)


def gelu_tanh_slope(g: Array, x: Array) -> Array:
    """The derivative of ``gelu_tanh`` times ``g``."""
    return _gelu_tanh_slope(g, x, _bent(x))  # type: ignore[no-any-return]


@as_loop
def _gelu_tanh_slope(g: Array, x: Array, t: Array) -> Array:
    square = x * x
    three = float(_F(3) * _F(_CUBIC)) if x.dtype == _F else 3 * _CUBIC
    inner = _TANH_SCALE * fma(three, square, _ONE)
    return g * fma(_HALF, _ONE + t, _HALF * x * fma(-t, t, _ONE) * inner)
