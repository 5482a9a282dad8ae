"""Functions of the kernel language run by NumPy: one source for machine code and for what is there without it.

A function that decides by ``select`` alone, and uses no other words than those below, is Python on arrays as it stands: only what the words
mean has to be found.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .fused import long_fma
from .words import Word

Array = np.ndarray[Any, Any]
_CODE = f"{__package__}.code."
_KINDS = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "u64": np.uint64}


def _fma(a: Any, b: Any, c: Any) -> Any:
    """Numbers among the three are of the dtype of the arrays."""
    dtype = next(x.dtype for x in (a, b, c) if not isinstance(x, float))
    if dtype == np.float32:
        a, b, c = (np.float32(x) if isinstance(x, float) else x for x in (a, b, c))
        return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)
    if max(np.size(x) for x in (a, b, c)) <= _FEW:
        each = _single_fma()
        if each is not None:
            return np.asarray(each(a, b, c), np.float64)
    return long_fma(*(np.asarray(x, np.float64) for x in (a, b, c)))


_FEW = 64  # numbers for which a call each of the C library's takes less time than thirty of NumPy's passes


@functools.cache
def _single_fma() -> Any:
    """The C library's, number by number; None where there is none."""
    import ctypes

    for library in ("libm.so.6", None):  # None: what the process has loaded already
        try:
            function = ctypes.CDLL(library).fma
        except (OSError, AttributeError, TypeError):
            continue
        function.argtypes, function.restype = (ctypes.c_double,) * 3, ctypes.c_double
        return np.frompyfunc(function, 3, 1)
    return None


def _select(condition: Any, a: Any, b: Any) -> Any:
    dtype = next((x.dtype for x in (a, b) if not isinstance(x, float | int)), None)
    return np.where(condition, a, b) if dtype is not None else np.where(condition, np.float32(a), np.float32(b))


def _kind(name: str) -> Any:
    class Kind:
        dtype = _KINDS[name]

        def __new__(cls, x: Any) -> Any:
            return np.asarray(x).astype(cls.dtype)

    return Kind


@functools.cache
def _table(dtype: Any, numbers: tuple[Any, ...]) -> Array:
    return np.array(numbers, dtype)


WORDS: dict[str, Any] = {
    **{name: _kind(name) for name in _KINDS},
    "absolute": np.abs,
    "any_lane": np.any,
    "bitcast": lambda kind, x: np.asarray(x).view(kind.dtype),
    "ceil": np.ceil,
    "copysign": lambda x, sign: np.copysign(np.asarray(x, sign.dtype), sign),
    "floor": np.floor,
    "fma": _fma,
    "gather": lambda numbers, places: numbers[places],
    "maximum": np.maximum,
    "minimum": np.minimum,
    "rint": np.rint,
    "select": _select,
    "sqrt": np.sqrt,
    "table": lambda kind, numbers: _table(kind.dtype, numbers),
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


def _names(code: types.CodeType) -> set[str]:
    """What a function refers to, and the lists that it makes."""
    parts = [_names(part) for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*parts)


def _bound(function: Any) -> Any:
    names = {}
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if value.__class__ is Word and value in WORDS:  # whatever the module calls it
            value = WORDS[value]
        elif name in WORDS:
            value = WORDS[name]
        elif isinstance(value, types.FunctionType) and value.__module__.startswith(_CODE):
            value = _bound(value)
        if value is not None:
            names[name] = value
    return types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)
