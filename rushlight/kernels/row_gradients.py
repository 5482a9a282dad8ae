"""The gradients of layer normalisation of float32 rows in the steps of PyTorch's CPU kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fused import fma
from .iteration import get_threads
from .summation import VECTOR_BYTES, in_order, in_order_last

Array = np.ndarray[Any, Any]
_F = np.float32
_LANES = VECTOR_BYTES // 4
MOST = 1 << 16  # numbers beyond which the steps below would take twice as long as the formula
_FUSED_ROWS = 256  # up to so many rows the weight's gradient is added row by row, which no NumPy call does for many


def to_input(g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array) -> Array:
    """``rstd g w + b x + c`` of rows [b, n], with ``b`` and ``c`` from the sums of ``g x w`` and ``g w``."""
    n = x.shape[1]
    one = _F(1) if weight is None else weight
    by_x = _sum_of_products(g, x) if weight is None else _sum_of_products(g * x, weight)
    by_one = _sum_of_products(g, one)
    share = _F(1) / _F(n)
    b = fma(by_one, mean, -by_x) * rstd * rstd * rstd * share
    c = fma(-b, mean, -(by_one * rstd * share))
    out: Array = fma(b, x, rstd * g * one) + c
    return out


def to_weight(g: Array, x: Array, mean: Array, rstd: Array, narrow: Any = None) -> Array:
    """The sum over rows of ``g (rstd x - rstd mean)``; each thread adds its rows by fused multiply-adds.

    With ``narrow`` it is rounded to this dtype with each row.
    """
    hat = fma(rstd, x, -(rstd * mean))
    if narrow is not None:
        return _row_by_row(lambda total, i: fma(g[i], hat[i], total), g.shape, narrow)
    if len(g) > _FUSED_ROWS:
        return np.add.reduce([np.add.reduce(g[part] * hat[part], axis=0) for part in _shares(len(g))])
    products = np.multiply(g, hat, dtype=np.float64)
    totals = []
    for part in _shares(len(g)):
        total = np.zeros(g.shape[1], _F)
        for row in products[part]:
            total = (row + total).astype(_F)
        totals.append(total)
    return np.add.reduce(totals)


def to_bias(g: Array, narrow: Any = None) -> Array:
    """The sum over rows, each thread's rows one after another."""
    if narrow is not None:
        return _row_by_row(lambda total, i: total + g[i], g.shape, narrow)
    if g.shape[1] == 1:
        return np.add.reduce([np.add.accumulate(g[part, 0])[-1:] for part in _shares(len(g))])
    return np.add.reduce([np.add.reduce(g[part], axis=0) for part in _shares(len(g))])


def _row_by_row(add: Any, shape: Any, narrow: Any) -> Array:
    """Sums over rows that are rounded to 16 bits with each row; those of the threads are added in float32."""
    totals = []
    for part in _shares(shape[0]):
        total = np.zeros(shape[1], _F)
        for i in range(part.start, part.stop):
            total = add(total, i).astype(narrow).astype(_F)
        totals.append(total)
    return np.add.reduce(totals)


def _shares(rows: int) -> list[slice]:
    """The rows of each thread."""
    step = -(-rows // get_threads())
    return [slice(i, min(i + step, rows)) for i in range(0, rows, step)]


def _sum_of_products(a: Array, b: Any) -> Array:
    """Sums of the rows of ``a * b`` in vectors, kept as columns; the numbers beyond the last whole vector are added fused."""
    n = a.shape[1]
    full = n // _LANES * _LANES
    b = np.broadcast_to(b, a.shape)
    if not full:
        return in_order_last(a * b)[:, None]
    total = in_order((a[:, :full] * b[:, :full]).reshape(-1, full // _LANES, _LANES))
    if full < n:
        total = total.copy()
        total[:, : n - full] = fma(a[:, full:], b[:, full:], total[:, : n - full])
    while total.shape[1] > 1:
        half = total.shape[1] // 2
        total = total[:, :half] + total[:, half:]
    return total
