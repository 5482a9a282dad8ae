"""Functions of the C library, whom PyTorch asks for what its vectors leave over, and for all numbers whose neighbours are apart.

Its results are nearly always the nearest numbers for some functions (``expf``, ``logf``), and up to two units away for others (``sinhf``).
Loops call it too (``code.c_functions``). Where there is none to load, the nearest numbers take its place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import elementwise
from .llvm import patience
from .symbols import Symbol, Unreadable

#: How many numbers each function takes; those of float64 have no f at the end.
ARITY = {
    **dict.fromkeys(("atanhf", "coshf", "erff", "exp2f", "expm1f", "log1pf", "logf", "sinhf", "tanhf", "cosf", "sinf"), 1),
    **dict.fromkeys(("asinh", "acosh", "atanh", "cosh", "erf", "exp2", "expm1", "log1p", "log", "sinh", "tanh", "cos", "sin"), 1),
    **dict.fromkeys(("atan2f", "powf", "atan2", "pow", "hypot"), 2),
}  # fmt: skip
_COST = 200  # of a call from Python, in elements of a NumPy function
_MOST = 4096  # numbers that are worth a call each, without compiled code
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


@functools.cache
def _function(name: str) -> Any:
    """The function; None where there is none."""
    import ctypes

    for library in ("libm.so.6", None):  # None: what the process has loaded already
        try:
            function = ctypes.CDLL(library)[name]
        except (OSError, AttributeError, TypeError):
            continue
        kind = ctypes.c_float if name[-1] == "f" and name != "erf" else ctypes.c_double
        function.argtypes, function.restype = (kind,) * ARITY[name], kind
        return function
    return None


@functools.cache
def addresses() -> dict[str, int]:
    """Of those that are there, for machine code that calls them."""
    import ctypes

    found = {name: _function(name) for name in ARITY}
    return {name: ctypes.cast(f, ctypes.c_void_p).value or 0 for name, f in found.items() if f is not None}


@functools.cache
def _by_number(name: str) -> Any:
    return np.frompyfunc(_function(name), ARITY[name], 1)


def single(name: str, ufunc: Any) -> Callable[..., Any]:
    """The function of float32 arrays called ``name`` in the C library, and the one of float64 arrays, whose name is a letter shorter;
    without it ``ufunc``, rounded once, of other dtypes ``ufunc``."""
    native, long_name = f"c_{name}", name[:-1]

    def function(*arrays: Any) -> Any:
        for x in arrays:
            if x.__class__ is Symbol:
                if _function(name) is None:
                    raise Unreadable(name)
                return x.recording.computed(native, *arrays)
        if any([getattr(x, "dtype", _FLOAT32) != _FLOAT32 for x in arrays]):
            return long(*arrays)
        if _function(name) is None:
            return ufunc(*arrays, dtype=_FLOAT64).astype(_FLOAT32)
        size = np.size(arrays[0])
        if patience.over_or_large(_COST * size, 1, _COST * _MOST):
            found = elementwise.run_anyhow(native, *[np.asarray(x) for x in arrays])
            if found is not None:
                return found
        if size > _MOST:
            return ufunc(*arrays, dtype=_FLOAT64).astype(_FLOAT32)
        return np.asarray(_by_number(name)(*arrays), _FLOAT32)

    def long(*arrays: Any) -> Any:
        if not all([getattr(x, "dtype", None) == _FLOAT64 for x in arrays]) or _function(long_name) is None:
            return ufunc(*arrays)
        size = np.size(arrays[0])
        if patience.over_or_large(_COST * size, 1, _COST * _MOST):
            found = elementwise.run_anyhow(native, *[np.asarray(x) for x in arrays], dtype=_FLOAT64)
            if found is not None:
                return found
        return ufunc(*arrays) if size > _MOST else np.asarray(_by_number(long_name)(*arrays), _FLOAT64)

    function.__name__ = function.__qualname__ = name
    return function


sin: Any = single("sinf", np.sin)
cos: Any = single("cosf", np.cos)
sinh: Any = single("sinhf", np.sinh)
cosh: Any = single("coshf", np.cosh)
tanh: Any = single("tanhf", np.tanh)
atanh: Any = single("atanhf", np.arctanh)
exp2: Any = single("exp2f", np.exp2)
expm1: Any = single("expm1f", np.expm1)
log: Any = single("logf", np.log)
log1p: Any = single("log1pf", np.log1p)


def _no_erf(x: Any, dtype: Any = None) -> Any:
    """What NumPy lacks."""
    from . import special

    return special.erf(x if dtype is None else x.astype(dtype))


erf: Any = single("erff", _no_erf)
atan2: Any = single("atan2f", np.arctan2)
power: Any = single("powf", np.power)
hypot: Any = single("hypotf", np.hypot)
