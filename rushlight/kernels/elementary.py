"""Exponentials, logarithms, sines and their kin as PyTorch rounds them.

PyTorch's float32 functions (Intel's VML in its high-accuracy mode) miss the correctly rounded value in 1 % of numbers or
fewer; NumPy's float32 loops in 10 to 40 %, and differently from one processor to the next. Evaluated in float64 and rounded
once, they agree with PyTorch's in 99 numbers of 100, on every processor. The loop of tanh gives the same number but for
one in a thousand (``code/compensated.py``); exp, log, sin and cos take the library's own steps (``exponential``, ``logarithm``,
``sines``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core import _multiarray_umath as _umath  # type: ignore[attr-defined]

from . import c_library, doubles, elementwise, exponential, logarithm, sines, square_root, vectors
from .pair_functions import by_pairs
from .symbols import Symbol

#: Of one array.
Function = Callable[[Any], Any]

_FLOAT32, _FLOAT64 = _FLOATS = np.dtype(np.float32), np.dtype(np.float64)


def rounded_once(ufunc: np.ufunc, native: str | None = None, long: Function | None = None) -> Function:
    """``ufunc`` of one argument, whose float32 values are float64's rounded; float64's are ``long``'s, other dtypes are NumPy's own.

    ``native`` is the instruction that does the same in a loop.
    """

    def function(x: Any) -> Any:
        if isinstance(x, np.ndarray | np.float32) and x.dtype == _FLOAT32:
            return ufunc(x, dtype=_FLOAT64).astype(_FLOAT32)
        if long is not None and isinstance(x, np.ndarray) and x.dtype == _FLOAT64:
            return long(x)
        return ufunc(x)

    function.__name__ = function.__qualname__ = ufunc.__name__
    return function if native is None else elementwise.instruction(native)(function)


@elementwise.instruction("library_exp")
def exp(x: Any) -> Any:
    """``exp(x)``, with PyTorch's digits (``exponential``, ``code.library``)."""
    if isinstance(x, np.ndarray | np.float32) and x.dtype == _FLOAT32:
        with np.errstate(all="ignore"):
            return exponential.exp(x)
    if isinstance(x, np.ndarray) and x.dtype == _FLOAT64:
        return _long_exp(x)
    return np.exp(x)


_long_exp = doubles.taken("library_exp", "library", "exp", passes=30)


def _by_place(name: str, ufunc: np.ufunc) -> Function:
    """``ufunc`` of one argument, by PyTorch's vectors and, beyond them, by the C library."""
    vector, last = by_pairs(name, ufunc), getattr(c_library, name)

    def function(x: Any) -> Any:
        if x.__class__ is Symbol or (x.__class__ is np.ndarray and x.dtype in _FLOATS):
            return vectors.by_vectors(x, vector, last)
        return last(x) if getattr(x, "dtype", None) in _FLOATS else ufunc(x)

    function.__name__ = function.__qualname__ = ufunc.__name__
    return function


def _of_library(ufunc: np.ufunc, native: str, name: str) -> Function:
    """``rounded_once``, in float64 as Intel's library rounds it (``code.library``)."""
    return rounded_once(ufunc, native, doubles.taken(native, "library", name, ufunc))


tanh: Function = _of_library(np.tanh, "rounded_tanh", "tanh")
expm1: Function = by_pairs("expm1", np.expm1)
rounded_log: Function = rounded_once(np.log, "rounded_log")


def sqrt(x: Any) -> Any:
    """The square root, in float32 with PyTorch's digits (``square_root``)."""
    if isinstance(x, np.ndarray) and x.dtype == _FLOAT32:
        return square_root.sqrt(x)
    if isinstance(x, np.ndarray) and x.dtype == _FLOAT64:
        return _long_sqrt(x)
    return np.sqrt(x)


_long_sqrt = doubles.taken("sqrt", "library", "sqrt", np.sqrt, passes=30)


def log1p(x: Any) -> Any:
    """``log(1 + x)``, which PyTorch takes from the SLEEF library: that differs in 1 % of numbers too, but it can be followed."""
    if x.__class__ is Symbol:
        return x.recording.computed("log1p", x)
    if isinstance(x, np.ndarray | np.float32) and x.dtype == _FLOAT32:
        return vectors.log1p(np.asarray(x))
    if isinstance(x, np.ndarray) and x.dtype == _FLOAT64:
        return doubles.log1p(x)
    return np.log1p(x)


exp2: Function = _by_place("exp2", np.exp2)
log2: Function = _of_library(np.log2, "rounded_log2", "log2")
log10: Function = _of_library(np.log10, "rounded_log10", "log10")


def _by_library(ufunc: np.ufunc, steps: Function, native: str) -> Function:
    """``ufunc`` of one argument, in float32 with PyTorch's digits; ``native`` is the instruction that does the same in a loop."""

    def function(x: Any) -> Any:
        if isinstance(x, np.ndarray | np.float32) and x.dtype == _FLOAT32:
            with np.errstate(all="ignore"):
                return steps(x)
        if isinstance(x, np.ndarray) and x.dtype == _FLOAT64:
            return long(x)
        return ufunc(x)

    long = doubles.taken(native, "library", ufunc.__name__, ufunc)
    function.__name__ = function.__qualname__ = ufunc.__name__
    return elementwise.instruction(native)(function)


log: Function = _by_library(np.log, logarithm.log, "library_log")
sin: Function = _by_library(np.sin, sines.sin, "library_sin")
cos: Function = _by_library(np.cos, sines.cos, "library_cos")
#: What PyTorch computes number by number, as its special functions, asks the C library, whose results are all but always the nearest.
nearest_exp, nearest_sin, nearest_cos = (rounded_once(ufunc) for ufunc in (np.exp, np.sin, np.cos))
tan: Function = _of_library(np.tan, "rounded_tan", "tan")
sinh: Function = _by_place("sinh", np.sinh)
cosh: Function = _by_place("cosh", np.cosh)
asin: Function = rounded_once(np.arcsin, "rounded_asin")
acos: Function = rounded_once(np.arccos, "rounded_acos")
atan: Function = rounded_once(np.arctan, "rounded_atan")
atanh: Function = _by_place("atanh", np.arctanh)


def length(x: Any) -> Any:
    """Absolute values; of complex64 rounded once, as PyTorch's are: NumPy's are not in a third of them. NumPy converts on the way, so that
    the result lies as its own would."""
    return np.absolute(x, signature="D->d").astype(_FLOAT32) if x.dtype == np.complex64 else np.absolute(x)


def of_library(ufunc: np.ufunc, name: str) -> Function:
    """``ufunc`` with the digits of the C library's function, which are PyTorch's.

    NumPy asks the library too, unless the processor has AVX-512: then it has functions of Intel's, which are up to two units away.
    """

    @functools.cache
    def asked() -> Any:
        if not _umath.__cpu_features__.get("AVX512_SKX"):
            return ufunc
        import ctypes

        try:
            function = ctypes.CDLL(None)[name]
        except (OSError, AttributeError):  # no library under which it could be found
            return ufunc
        function.argtypes, function.restype = (ctypes.c_float,), ctypes.c_float
        return np.frompyfunc(function, 1, 1)

    def function(x: Any) -> Any:
        if x.__class__ is not np.ndarray:
            return ufunc(x)
        if x.dtype == _FLOAT64:
            return long(x)
        native = elementwise.run(loop, x)
        if native is not None:
            return native
        return np.asarray(asked()(x), _FLOAT32) if x.dtype == _FLOAT32 else ufunc(x)

    loop = name.removesuffix("f")
    long = c_library.single(name, ufunc)
    function.__name__ = function.__qualname__ = ufunc.__name__
    return function


asinh: Function = of_library(np.arcsinh, "asinhf")
acosh: Function = of_library(np.arccosh, "acoshf")


_vector_atan2 = by_pairs("atan2", np.arctan2)
_long_hypot = doubles.taken("vector_hypot", "long_pairs", "hypot", np.hypot)


def atan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y)."""
    if y.__class__ is not Symbol and x.__class__ is not Symbol:
        dtype = np.result_type(y, x)
        if dtype not in _FLOATS:
            return np.arctan2(y, x)
        y, x = np.broadcast_arrays(np.asarray(y, dtype), np.asarray(x, dtype))
    return vectors.all_by_vectors(_vector_atan2, c_library.atan2, y, x)


def hypot(x: Any, y: Any) -> Any:
    """``sqrt(x**2 + y**2)``, in float32 the nearest number."""
    for operand in (x, y):
        if operand.__class__ is Symbol:
            if operand.dtype == _FLOAT64:
                vector, single = (operand.recording.computed(op, x, y) for op in ("vector_hypot", "c_hypotf"))
                return operand.recording.by_place(vector, single)
            return operand.recording.computed("rounded_hypot", x, y)
    if np.result_type(x, y) != _FLOAT64:
        return np.hypot(x, y)
    x, y = np.broadcast_arrays(np.asarray(x, _FLOAT64), np.asarray(y, _FLOAT64))
    return vectors.all_by_vectors(_long_hypot, c_library.hypot, x, y)
