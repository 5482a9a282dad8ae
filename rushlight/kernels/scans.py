"""Running sums, products and extremes, and extremes of rows, as native code: the Python side of ``code.scans`` and ``code.extremes``.

None is the answer, with nothing done, where NumPy is to do it.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from . import llvm
from .memory import maker

Array = np.ndarray[Any, Any]

LARGE = 50_000  # elements that NumPy takes 0.3 ms or more for
_CHUNK = 1 << 14  # elements, 10 to 20 us
_COLUMNS = 256  # of a unit, at most
_ROWS = 4  # done side by side
MOST = 1024  # numbers of a row, beyond which NumPy's own vectors do as well

_kernels: dict[Any, Any] = {}


def running(name: str, a: Array, axis: int) -> Array | None:
    """``sums`` or ``products``: of float32 in float64, of float64 and int64 as they are."""
    if not _wanted(a):
        return None
    out = np.empty(a.shape, a.dtype)
    run = _kernel(name, a.dtype)
    return out if run(*_units(a.shape, axis, out, a)) else None


def planned(name: str, a: Array, axis: int) -> Any:
    """``running`` for arrays with the shape and dtype of ``a``; None where NumPy is to do it."""
    if not a.size or not llvm.patience.ready or not _wanted(a):
        return None
    run, make = _kernel(name, a.dtype), maker(a.shape, a.dtype)
    units, grain, *sizes = _units(a.shape, axis)

    def scanned(a: Array) -> Array | None:
        out = make()
        return out if run(units, grain, out, a, *sizes) else None

    return scanned


def extremes(name: str, a: Array, axis: int) -> tuple[Array, Array] | None:
    """``maxima`` or ``minima``, and the last index of each."""
    if not _wanted(a):
        return None
    values, indices = np.empty(a.shape, a.dtype), np.empty(a.shape, np.int64)
    run = _kernel(name, a.dtype)
    return (values, indices) if run(*_units(a.shape, axis, values, indices, a)) else None


def first_extremes(name: str, a: Array, axis: int) -> tuple[Array, Array] | None:
    """``first_maxima`` or ``first_minima`` along an axis that is not the last, and the first index of each."""
    if axis == a.ndim - 1 or not _wanted(a):
        return None
    shape = (*a.shape[:axis], *a.shape[axis + 1 :])
    values, places = np.empty(shape, a.dtype), np.empty(shape, np.int64)
    run = _kernel(name, a.dtype, "extremes")
    return (values, places) if run(*_units(a.shape, axis, values, places, a)) else None


def of_rows(name: str, a: Array) -> Array | None:
    """``maxima`` or ``minima`` of rows of a 2-d array; NaN if there is one."""
    rows, n = a.shape
    if n > MOST or not _wanted(a):
        return None
    out = np.empty(rows, a.dtype)
    run = _kernel(name, a.dtype, "extremes")
    return out if run(rows, max(1, 2 * _CHUNK // n), out, a, n) else None


def _wanted(a: Array) -> bool:
    if a.dtype.char not in "fdl" or not a.size or not a.flags.c_contiguous:
        return False
    return llvm.patience.over_or_large(a.size, 2, LARGE)


def _units(shape: tuple[int, ...], axis: int, *arrays: Array) -> tuple[Any, ...]:
    """How the work is cut, the arrays and the sizes, as the kernels take them."""
    outer, n, inner = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    block = min(inner, _COLUMNS)
    if outer == 1 and inner > 16 and n * inner > _CHUNK:  # two halves at least
        block = min(block, -(-inner // 32) * 16)
    grain = max(1, _CHUNK // (n * block))
    if inner == 1 and grain > _ROWS:
        grain = grain // _ROWS * _ROWS
    return outer * -(-inner // block), grain, *arrays, n, inner, block


def _kernel(name: str, dtype: Any, module: str = "scans") -> Any:
    key = module, name, dtype
    run = _kernels.get(key)
    if run is None:
        from . import code, kernel, words

        element, wide = _types(words, dtype)
        more = {"A": wide} if name in ("sums", "products") else {}
        function = getattr(importlib.import_module(f"{code.__name__}.{module}"), name)
        run = _kernels[key] = kernel.compiled(function, T=element, **more)
    return run


def _types(words: Any, dtype: Any) -> Any:
    """A dtype in the language of kernels, and what it is added up in."""
    return {"f": (words.f32, words.f64), "d": (words.f64, words.f64), "l": (words.i64, words.i64)}[dtype.char]
