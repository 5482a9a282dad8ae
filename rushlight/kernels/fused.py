"""A product and a sum rounded once, as the fused multiply-adds (FMA) of PyTorch's kernels.

Compilers contract every ``a * b + c`` of an elementwise float32 kernel to one instruction, in its vectors as in the numbers
that are left over, so that the result does not depend on where a number lies. The product of two float32 numbers is exact in
float64; of the rounding of the sum to float64 and again to float32 one number in 10^9 could tell. A product of float64 numbers is exact as
the sum of two (T. J. Dekker, "A floating-point technique for extending the available precision", 1971), and so is the sum of
its larger part and ``c``. Other types are computed as they are written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import elementwise
from .symbols import Symbol

Array = np.ndarray[Any, Any]
_F, _D = np.dtype(np.float32), np.dtype(np.float64)


def fma(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``; Python numbers among the three are of the dtype of the arrays."""
    dtype = _dtype(a, b, c)
    if dtype.__class__ is Symbol:
        return dtype.recording.computed("fma", a, b, c)
    if dtype is not _F:
        if dtype == _D:
            native = elementwise.run("fma", *map(_plain, (a, b, c)), dtype=_D)
            return long_fma(a, b, c) if native is None else native
        return a * b + c
    native = elementwise.run("fma", *map(_plain, (a, b, c)))
    if native is not None:
        return native
    return (np.multiply(_wide(a), _wide(b), dtype=_D) + _wide(c)).astype(_F)


def accumulate(total: Array, a: Any, b: Any) -> None:
    """``total += a * b`` in place."""
    if total.dtype == _D:
        if elementwise.run("fma", _plain(a), _plain(b), total, out=total, dtype=_D) is None:
            total[...] = long_fma(a, b, total)
        return
    if total.dtype != _F:
        total += a * b
        return
    if elementwise.run("fma", _plain(a), _plain(b), total, out=total) is not None:
        return
    wide = np.multiply(_wide(a), _wide(b), dtype=_D)
    wide += total
    total[...] = wide


_HALVES = 134217729.0  # 2**27 + 1: a product with it splits a number into two of 26 digits


def long_fma(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float64 numbers, rounded once: what is added last is rounded to an odd number (S. Boldo, G. Melquiond 2008)."""
    with np.errstate(all="ignore"):
        product = a * b
        parts = a * _HALVES
        high = parts - (parts - a)
        low = a - high
        parts = b * _HALVES
        other = parts - (parts - b)
        rest = low * (b - other) - (((product - high * other) - low * other) - high * (b - other))
        total = product + c
        part = total - product
        lost = (product - (total - part)) + (c - part)
        last = lost + rest
        part = last - lost
        error = (lost - (last - part)) + (rest - part)
        even = (error != 0) & (last.view(np.int64) & 1 == 0)
        out = total + np.where(even, np.nextafter(last, np.copysign(np.inf, error)), last)
        usual = np.isfinite(out) & (last != 0)  # not infinite, and no zero that would lose its sign
        return out if usual.all() else np.where(usual, out, total)


def _dtype(*operands: Any) -> Any:
    """The dtype of the arrays among the operands; a symbol if they are symbols."""
    found = None
    for x in operands:
        if x.__class__ is Symbol:
            return x
        if found is None and (x.__class__ is np.ndarray or isinstance(x, np.generic)):
            found = _F if x.dtype == _F else x.dtype
    return found


def _plain(x: Any) -> Any:
    """A number as a Python float."""
    return float(x) if x.__class__ in (int, np.float32) else x


def _wide(x: Any) -> Any:
    """A Python number rounded to float32, in which PyTorch keeps it."""
    return float(np.float32(x)) if x.__class__ is float or x.__class__ is int else x
