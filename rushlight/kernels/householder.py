"""QR of small matrices with PyTorch's bits.

For up to twenty rows and columns PyTorch's LAPACK (MKL) is the textbook's: a column's length is scaled by its largest number so far, each
reflection is applied to the columns on its right at once, and nothing is fused. Found by trying such orders against PyTorch 2.13.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import llvm
from .words import f32, f64

Array = np.ndarray[Any, Any]

MOST = 20  # rows and columns
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_LEAST, _GREATEST = 1e-15, 1e15  # the largest number of a matrix whose squares are far from both ends
_GRAIN = 16


@functools.cache
def _kernel(name: str, dtype: Any) -> Any:
    from .code import householder
    from .kernel import compiled

    single = dtype is _F32
    return compiled(getattr(householder, name), T=f32 if single else f64, LANES=4 if single else 2)


def factors(A: Array) -> tuple[Array, Array] | None:
    """R with the reflections' vectors below it, in memory column after column, and their factors; None where LAPACK is to be asked."""
    m, n = A.shape[-2:]
    if not (0 < m <= MOST and 0 < n <= MOST and A.size) or (A.dtype is not _F32 and A.dtype is not _F64):
        return None
    if not llvm.available() or not _LEAST < np.maximum.reduce(np.abs(A), axis=None) < _GREATEST:
        return None
    turned = np.array(A.swapaxes(-1, -2), order="C")
    tau = np.empty((*A.shape[:-2], min(m, n)), A.dtype)
    count = A.size // (m * n)
    return (turned.swapaxes(-1, -2), tau) if _kernel("factors", A.dtype)(count, _GRAIN, turned, tau, m, n) else None


def orthogonal(vectors: Array, tau: Array, n: int) -> Array | None:
    """The first ``n`` columns of the product of reflections, in memory column after column; None where LAPACK is to be asked."""
    m, k = vectors.shape[-2], tau.shape[-1]
    if not (0 < m <= MOST and 0 < k <= n <= m and vectors.size) or not llvm.available():
        return None
    dtype = vectors.dtype
    if dtype is not tau.dtype or (dtype is not _F32 and dtype is not _F64) or not tau.flags.c_contiguous:
        return None
    q = np.empty((*vectors.shape[:-2], n, m), dtype)
    q[..., :k, :] = vectors.swapaxes(-1, -2)[..., :k, :]
    count = q.size // (m * n)
    run = _kernel("orthogonal", dtype)
    return q.swapaxes(-1, -2) if run(count, _GRAIN, q, tau, np.empty(count * n, dtype), m, n, k) else None
