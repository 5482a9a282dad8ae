"""Functions of float64 arrays with PyTorch's digits, from the sources that loops are made of, which NumPy runs too (``by_numpy``).

Two libraries stand behind PyTorch's functions. Intel's is asked for a function that a program names itself (``code.library``); the SLEEF
library's are within kernels that are vectorised around one, as in softmax, and are some that the former lacks (``code.doubles``,
``code.long_pairs``). What vectors leave over, and numbers that are apart, are the C library's (``c_library``).
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import elementwise
from .llvm import patience

Array = np.ndarray[Any, Any]
_D = np.dtype(np.float64)
_BLOCK = 4096  # numbers of an array that stay in the first cache
_MOST = 32768  # numbers for which NumPy takes the steps of a long function, without compiled code


@functools.cache
def _steps(module: str, name: str) -> Callable[..., Any]:
    from .by_numpy import by_numpy

    return by_numpy(getattr(importlib.import_module(f".code.{module}", __package__), name))


def taken(native: str, module: str, name: str, ufunc: Any = None, passes: int = 100) -> Callable[..., Any]:
    """The function ``name`` of a module of ``code``, of float64 arrays of one shape.

    ``native`` is its instruction, ``passes`` how often NumPy goes through the arrays for it, about. ``ufunc`` takes its place for many
    numbers where there is no compiled code.
    """

    def function(*arrays: Array) -> Array:
        first = arrays[0]
        worth = patience.over_or_large(passes * first.size, passes, passes * _MOST)
        if not all([x.flags.c_contiguous for x in arrays]):
            out: Array = np.empty_like(np.broadcast_arrays(*arrays)[0] if len(arrays) > 1 else first)
            out[...] = function(*[np.ascontiguousarray(x) for x in arrays])
            return out
        found = elementwise.run(native, *arrays, dtype=_D, worth=worth)
        if found is not None:
            return found
        if ufunc is not None and first.size > _MOST:
            return ufunc(*arrays)  # type: ignore[no-any-return]
        steps = _steps(module, name)
        if first.size <= _BLOCK:
            return np.asarray(steps(*[x.reshape(-1) for x in arrays])).reshape(first.shape)
        out = np.empty(first.size, _D)
        flat = [x.reshape(-1) for x in arrays]
        for start in range(0, first.size, _BLOCK):
            out[start : start + _BLOCK] = steps(*[x[start : start + _BLOCK] for x in flat])
        return out.reshape(first.shape)

    function.__name__ = function.__qualname__ = name
    return function


#: Within kernels that are vectorised around them.
exp: Callable[[Array], Array] = taken("exp", "doubles", "exp")
log: Callable[[Array], Array] = taken("long_log", "doubles", "log")
log1p: Callable[[Array], Array] = taken("log1p", "doubles", "log1p")


def library_exp(x: Array) -> Array:
    """``exp(x)`` as the C library computes it of one number."""
    native = elementwise.run("single_exp", x, dtype=_D)
    if native is not None:
        return native
    flat = [math.exp(v) if v < 709.78 else _exp(v) for v in x.reshape(-1).tolist()]
    return np.array(flat, _D).reshape(x.shape)


def _exp(x: float) -> float:
    """Of numbers that may have no exponential, or NaN."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def library_log1p(x: Array) -> Array:
    """``log(1 + x)`` as the C library computes it of one number above -1."""
    flat = [math.log1p(v) for v in x.reshape(-1).tolist()]
    return np.array(flat, _D).reshape(x.shape)
