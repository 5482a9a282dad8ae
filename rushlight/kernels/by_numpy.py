"""Functions of the kernel language run by NumPy: one source for machine code and for what is there without it.

A function that decides by ``select`` alone, and uses no other words than those below, is Python on arrays as it stands: only what the words
mean has to be found.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .norm import add_product

Array = np.ndarray[Any, Any]
_CODE = f"{__package__}.code."
_KINDS = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}


def _fma(a: Any, b: Any, c: Any) -> Any:
    """Numbers among the three are of the dtype of the arrays."""
    dtype = next(x.dtype for x in (a, b, c) if not isinstance(x, float))
    if dtype == np.float32:
        a, b, c = (np.float32(x) if isinstance(x, float) else x for x in (a, b, c))
        return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)
    return add_product(np.asarray(c, dtype), a, b)


def _select(condition: Any, a: Any, b: Any) -> Any:
    dtype = next((x.dtype for x in (a, b) if not isinstance(x, float)), None)
    return np.where(condition, a, b) if dtype is not None else np.where(condition, np.float32(a), np.float32(b))


def _kind(name: str) -> Any:
    class Kind:
        dtype = _KINDS[name]

        def __new__(cls, x: Any) -> Any:
            return np.asarray(x).astype(cls.dtype)

    return Kind


WORDS: dict[str, Any] = {
    **{name: _kind(name) for name in _KINDS},
    "absolute": np.abs,
    "bitcast": lambda kind, x: np.asarray(x).view(kind.dtype),
    "copysign": lambda x, sign: np.copysign(np.asarray(x, sign.dtype), sign),
    "fma": _fma,
    "rint": np.rint,
    "select": _select,
    "sqrt": np.sqrt,
    "unroll": range,
}


def by_numpy(function: Any) -> Callable[..., Any]:
    """The function of arrays of one shape and dtype, with NumPy's warnings off."""
    run = _bound(function)

    def called(*arrays: Array) -> Any:
        with np.errstate(all="ignore"):
            return run(*arrays)

    called.__name__, called.__doc__ = function.__name__, function.__doc__
    return called


def _bound(function: Any) -> Any:
    names = {}
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if name in WORDS:
            value = WORDS[name]
        elif isinstance(value, types.FunctionType) and value.__module__.startswith(_CODE):
            value = _bound(value)
        if value is not None:
            names[name] = value
    return types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)
