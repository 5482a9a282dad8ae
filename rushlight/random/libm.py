"""float64 functions that agree with the C library bit for bit.

PyTorch's samplers call the host's ``log``, ``log1p``, ``exp``, ``sin``, ``cos`` and ``tan``. NumPy's differ from them
in the last bit for some arguments and from CPU to CPU, since some builds bring vector code of their own; Python's
``math`` calls the C library. So a ufunc is used only if it turned out to be the C library too. That is settled once
per process on thousands of arguments: an algorithm other than the C library's disagrees on one in 300 or more (log;
others more often).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_VECTOR = 256  # below this many elements ``math`` is quick enough, and nothing need be known about the ufunc
_PROBES = 12_288

# The arguments that the samplers pass: u in (0, 1], -u, an angle in [0, 2 pi), ...
_DOMAIN = {
    "log": (0.0, 1.0),
    "log1p": (-1.0, 0.0),
    "exp": (-20.0, 20.0),
    "sin": (0.0, 2 * math.pi),
    "cos": (0.0, 2 * math.pi),
    "tan": (-math.pi / 2, math.pi / 2),
}


def log(x: Array) -> Array:
    """Natural logarithm of a 1-d float64 array; log(0) = -inf."""
    return _call("log", x)


def log1p(x: Array) -> Array:
    """log(1 + x) of a 1-d float64 array."""
    return _call("log1p", x)


def exp(x: Array) -> Array:
    """Exponential of a 1-d float64 array; inf where it overflows."""
    return _call("exp", x)


def sin(x: Array) -> Array:
    """Sine of a 1-d float64 array."""
    return _call("sin", x)


def cos(x: Array) -> Array:
    """Cosine of a 1-d float64 array."""
    return _call("cos", x)


def tan(x: Array) -> Array:
    """Tangent of a 1-d float64 array."""
    return _call("tan", x)


def _call(name: str, x: Array) -> Array:
    if x.size > _VECTOR and numpy_is_libm(name):
        return getattr(np, name)(x)  # type: ignore[no-any-return]
    return _by_element(getattr(math, name), x)


def _by_element(function: Callable[[float], float], x: Array) -> Array:
    try:
        return np.fromiter(map(function, x.tolist()), np.float64, x.size)
    except (ValueError, OverflowError):  # where C returns an infinity or a NaN, Python raises
        return np.array([_as_c(function, value) for value in x.tolist()])


def _as_c(function: Callable[[float], float], value: float) -> float:
    try:
        return function(value)
    except OverflowError:
        return math.inf
    except ValueError:  # the pole of log at 0 and of log1p at -1; below them, and sin(inf), no number at all
        at_pole = (function is math.log and value == 0.0) or (function is math.log1p and value == -1.0)
        return -math.inf if at_pole else math.nan


@cache
def numpy_is_libm(name: str) -> bool:
    """Whether NumPy's ufunc gave the C library's bits on every probe."""
    low, high = _DOMAIN[name]
    # Weyl's sequence of the golden ratio covers the interval evenly, in float64s with all their bits in use.
    x = low + (high - low) * (np.arange(1, _PROBES + 1) * 0.6180339887498949 % 1.0)
    return bool(np.array_equal(getattr(np, name)(x), _by_element(getattr(math, name), x)))


@cache
def _from_c(name: str, single: bool) -> Callable[[float], float] | None:
    """A function that Python's ``math`` lacks or computes its own way, straight from the C library."""
    import ctypes

    for library in ("libm.so.6", None):  # None: what the process has loaded already, which on macOS includes libm
        try:
            function = getattr(ctypes.CDLL(library), name)
        except (OSError, AttributeError, TypeError):
            continue
        kind = ctypes.c_float if single else ctypes.c_double
        function.argtypes, function.restype = [kind], kind
        return function  # type: ignore[no-any-return]
    return None


def lgamma(x: float) -> float:
    """log |gamma(x)| of the C library. Without one to load, ``math.lgamma``, which may differ in the last bits."""
    return (_from_c("lgamma", False) or math.lgamma)(x)


def log1p_single(x: float) -> float:
    """float32 log(1 + x) (``log1pf``). Without a C library to load, the float64 one rounded: 1 ulp off at times."""
    function = _from_c("log1pf", True)
    return function(x) if function is not None else float(np.float32(math.log1p(x)))
