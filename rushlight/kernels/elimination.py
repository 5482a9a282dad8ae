"""Elimination and substitution of small matrices as machine code, in the orders that ``ops.lu`` and ``ops.triangular_systems`` give."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import llvm
from .words import f32, f64

Array = np.ndarray[Any, Any]

MOST = 16  # rows or columns that are eliminated one by one
FEW = 7  # rows up to which a triangle's rows are taken one by one
_TRIANGLE = 32
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_WORK = 20000  # multiplications worth a chunk of their own


@functools.cache
def _kernel(name: str, dtype: Any) -> Any:
    from .code import elimination
    from .kernel import compiled

    return compiled(getattr(elimination, name), T=f32 if dtype is _F32 else f64)


def _fits(a: Array) -> bool:
    """Whether the kernels take an array's matrices."""
    dtype = a.dtype
    return (dtype is _F32 or dtype is _F64) and a.size > 0 and min(a.shape[-2:]) <= MOST and llvm.available()


def factors(A: Array) -> tuple[Array, Array, Array] | None:
    """L and U in one array, the rows that were swapped (from 1), the first zero pivots (or 0); None where arrays have to do it."""
    if not _fits(A):
        return None
    m, n = A.shape[-2:]
    batch, k = A.shape[:-2], min(m, n)
    a = np.array(A, order="C")
    pivots, info = np.empty((*batch, k), np.int32), np.empty(batch, np.int32)
    if not _kernel("factors", A.dtype)(info.size, _WORK // (m * n * k) + 1, a, pivots, info, m, n):
        return None
    return a, pivots, info


def solutions(A: Array, B: Array | None) -> tuple[Array, Array] | None:
    """X of ``A X = B`` (B None: the inverse) and the first zero pivots of A; None where arrays have to do it."""
    if not _fits(A) or (B is not None and (B.dtype is not A.dtype or B.shape[:-2] != A.shape[:-2] or not B.size)):
        return None
    n = A.shape[-1]
    if B is None:
        x = np.zeros(A.shape, A.dtype)
        x[..., range(n), range(n)] = 1
    else:
        x = np.array(B, order="C")
    a, columns = np.array(A, order="C"), x.shape[-1]
    pivots, info = np.empty(A.shape[:-1], np.int32), np.empty(A.shape[:-2], np.int32)
    grain = _WORK // (n * n * (n + columns)) + 1
    return (x, info) if _kernel("systems", A.dtype)(info.size, grain, a, pivots, info, x, n, columns, FEW) else None


def substituted(t: Array, B: Array, up: bool, unit: bool) -> Array | None:
    """X of ``T X = B`` for triangles T of up to 32 rows; None where arrays have to do it."""
    n = t.shape[-1]
    if n > _TRIANGLE or t.dtype is not B.dtype or (t.dtype is not _F32 and t.dtype is not _F64) or not B.size:
        return None
    if t.ndim > 3 or t.shape[:-2] != B.shape[:-2] or not t.flags.aligned or not llvm.available():
        return None
    x, columns, size = np.array(B, order="C"), B.shape[-1], t.itemsize
    *batch, down, across = (s // size for s in t.strides)
    count = t.shape[0] if batch else 1
    run = _kernel("triangles", t.dtype)
    grain = _WORK // (n * n * columns) + 1
    ran = run(count, grain, x, t, n, columns, batch[0] if batch else 0, down, across, int(up), int(unit), FEW)
    return x if ran else None


def determinants(A: Array) -> Array | None:
    """The determinants of matrices whose columns are eliminated as rows are elsewhere; None where arrays have to do it."""
    if not _fits(A):
        return None
    n = A.shape[-1]
    a, out = np.array(A.swapaxes(-1, -2), order="C"), np.empty(A.shape[:-2], A.dtype)
    pivots = np.empty(A.shape[:-1], np.int32)
    return out if _kernel("determinants", A.dtype)(out.size, _WORK // n**3 + 1, out, a, pivots, n) else None
