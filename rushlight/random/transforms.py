"""Samplers that transform one float64 uniform an element, in any dtype: exponential, geometric, Cauchy.

Results of float64 need the C library's functions. For narrower dtypes any function within an ulp of it will do, as
long as the result cannot round two ways; where it can, the C library decides (Ziv's strategy).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight import types
from rushlight.fpstate import quiet
from rushlight.random import libm, streams
from rushlight.random.fma import fma64
from rushlight.random.generator import CHUNK, MT19937
from rushlight.random.kinds import not_implemented, number, store
from rushlight.random.layout import fill_in_memory_order

Array = np.ndarray[Any, Any]

_SLACK = 2.0**-50  # more than the error of NumPy's log1p, or of our logarithm, and one multiplication


def _fill(
    gen: MT19937, a: Array, values: Callable[[Array, np.dtype[Any]], Array], name: str, x: float, y: float = 0.0
) -> Array:
    """``values`` of uniforms; machine code calls them ``name``, with parameters ``x`` and ``y``."""

    def fill(flat: Array) -> None:
        if streams.wanted(flat.size):
            work = flat if flat.dtype in (np.float32, np.float64) else np.empty(flat.size, _work_type(flat.dtype))
            double = "_double" if name == "exponential" and work.dtype == np.float64 else ""
            if streams.fill(gen, name + double, work, a=x, b=y, c=_SLACK):
                if work is not flat:
                    store(flat, work)
                return
        for start in range(0, flat.size, CHUNK):
            piece = flat[start : start + CHUNK]
            store(piece, values(gen.r64(piece.size), flat.dtype))

    with gen.lock, quiet():
        fill_in_memory_order(a, fill)
    return a


def _work_type(dtype: np.dtype[Any]) -> type:
    """What numbers of another type are rounded from: 16 bits from float32, integers from float64."""
    return np.float64 if dtype.kind in "iu" else np.float32


def exponential_(gen: MT19937, a: Array, rate: float = 1.0) -> Array:
    """Fill with ``(-1 / rate) * log1p(-u)``.

    Raises:
        RuntimeError: if rate is not positive, or the dtype not floating.
    """
    kind = types.of_array(a)
    if not kind.is_floating_point:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {types.scalar_name(kind)}"
        )
    if not rate > 0.0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={number(rate)}")
    factor = -1.0 / float(rate)

    def values(u: Array, dtype: np.dtype[Any]) -> Array:
        np.negative(u, out=u)
        if dtype.itemsize == 8:
            return factor * libm.log1p(u)
        y = factor * np.log1p(u)
        doubtful = (y * (1 - _SLACK)).astype(np.float32) != (y * (1 + _SLACK)).astype(np.float32)
        if doubtful.any():
            y[doubtful] = factor * libm.log1p(u[doubtful])
        return y

    return _fill(gen, a, values, "exponential", factor)


def geometric_(gen: MT19937, a: Array, p: float) -> Array:
    """Fill with the number of trials up to the first success, ``ceil(log(u) / log1p(-p))``; integer dtypes too.

    Raises:
        RuntimeError: if p is not in (0, 1).
        NotImplementedError: for bool, complex, uint16 to uint64.
    """
    kind = types.of_array(a)
    if not 0.0 < p < 1.0:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={number(p)}")
    if kind.is_complex or kind in (types.bool_, types.uint16, types.uint32, types.uint64):
        raise not_implemented("geometric_cpu", kind)
    scale = math.log1p(-float(p))
    return _fill(gen, a, lambda u, dtype: np.ceil(libm.log(u) / scale), "geometric", 0.0, scale)


def cauchy_(gen: MT19937, a: Array, median: float = 0.0, sigma: float = 1.0) -> Array:
    """Fill with ``median + sigma * tan(pi * (u - 1/2))``, product and sum rounded once.

    Raises:
        RuntimeError: if sigma is not positive, or the dtype not floating.
    """
    kind = types.of_array(a)
    if not kind.is_floating_point:
        raise RuntimeError(
            "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {types.c_name(kind)}"
        )
    if not sigma > 0.0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={number(sigma)}")
    median, sigma = float(median), float(sigma)

    def values(u: Array, dtype: np.dtype[Any]) -> Array:
        angle = math.pi * (u - 0.5)
        return fma64(libm.tan(angle), sigma, median)

    return _fill(gen, a, values, "cauchy", median, sigma)
