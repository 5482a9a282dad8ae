"""Sums down the columns of matrices as PyTorch's normalisations of batches without places take them.

Each thread adds its share of the rows one after another in float32, products by fused multiply-adds; then the threads' sums are added.
Found by trying orders against PyTorch 2.13.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import llvm
from .iteration import get_threads
from .norm import add_product

Array = np.ndarray[Any, Any]

_WIDTH = 8
_CHUNK = 1 << 14  # elements that are worth a chunk


@functools.cache
def _kernel() -> Any:
    from .code import column_sums as code
    from .kernel import compiled

    return compiled(code.products)


def share_of_rows(rows: int) -> int:
    """How many rows each thread takes."""
    return -(-rows // get_threads()) or 1


def products(g: Array, x: Array, middle: Array) -> tuple[Array, Array]:
    """The sums of ``g`` and of ``(x - middle) * g`` over the rows, of float32 matrices."""
    rows, columns = x.shape
    ones, total = (np.zeros(columns, np.float32) for _ in range(2))
    share = share_of_rows(rows)
    if llvm.patience.over(8 * x.size, 2 * rows):
        arrays = [np.ascontiguousarray(a) for a in (x, g, middle)]
        grain = max(1, _CHUNK // (rows * _WIDTH or 1))
        if _kernel()(-(-columns // _WIDTH), grain, ones, total, *arrays, rows, columns, share):
            return ones, total
    difference = x - middle
    for first in range(0, rows, share):
        one, product = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
        for i in range(first, min(first + share, rows)):
            one += g[i]
            product = add_product(product, difference[i], g[i])
        ones += one
        total += product
    return ones, total


def squares(x: Array, middle: Array) -> Array:
    """The sums of ``(x - middle)**2`` over the rows."""
    return products(x - middle, x, middle)[1]
