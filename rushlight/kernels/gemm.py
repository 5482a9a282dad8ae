"""Products of float32 matrices as PyTorch's BLAS adds them: one fused multiply-add after another along the inner size.

MKL keeps each element of the result in one accumulator for up to 192 terms; up to 384 it halves the terms, beyond it takes blocks
of 192, and adds the sums of the blocks. NumPy's BLAS deals the terms to several accumulators, so that most elements differ in
their last bit. The kernel here holds tiles of 4 rows by 16 columns in registers. Rows beyond the last four are a small product
of their own, in MKL as here (``products``; with few terms or one row their order is not known). Digits come first: what the kernel
takes to compile, 0.1 s, is paid at the first product.

Found by trying orders against PyTorch 2.13 until every bit agreed, for all layouts of the factors.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import llvm
from .products import COLUMNS, ROWS, small_product

Array = np.ndarray[Any, Any]

_BLOCK = 192
_MOST = 1 << 23  # multiplications beyond which NumPy's BLAS, with all processors, is to be preferred
_TILE = 4


def product(a: Array, b: Array) -> Array | None:
    """``a @ b``; None where the order is another, or no compiled code can be had."""
    rows, inner = a.shape
    columns = b.shape[1]
    if rows < ROWS or columns < COLUMNS or inner < 2 or rows * inner * columns > _MOST:
        return None
    kernel = _kernel()
    if kernel is None:
        return None
    out = np.empty((rows, columns), np.float32)
    b = np.ascontiguousarray(b)
    whole = rows // _TILE * _TILE
    start = 0
    for end in _ends(inner):
        into = np.empty_like(out) if start else out
        if not kernel(into, a[:whole, start:end], b[start:end]):
            return None
        if start:
            out += into
        start = end
    if whole < rows:
        rest = small_product(a[whole:], b)
        out[whole:] = a[whole:] @ b if rest is None else rest
    return out


def _ends(terms: int) -> list[int]:
    """Where the blocks of terms end."""
    if _BLOCK < terms < 2 * _BLOCK:  # an odd one is a block of its own
        half = terms // 2
        return [half, 2 * half, terms][: 2 + terms % 2]
    return [*range(_BLOCK, terms, _BLOCK), terms]


@functools.cache
def _kernel() -> Any:
    """``f(out, a, b)`` for ``a`` of whole tiles of rows, with any strides, and contiguous ``out`` and ``b``; whether it ran."""
    if not llvm.available() or not llvm.has("fma"):
        return None
    from . import tiles

    kernel = tiles.compiled()
    a, b = np.arange(12, dtype=np.float32).reshape(4, 3), np.arange(75, dtype=np.float32).reshape(3, 25)
    out = np.empty((4, 25), np.float32)
    return kernel if kernel(out, a, b) and np.array_equal(out, a @ b) else None  # whole numbers: exact in any order
