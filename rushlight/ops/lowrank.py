"""Singular values of large matrices of low rank, through a few random directions."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import function
from ..readers import tensors
from ..tensor import Tensor
from .matrices import NO_0D, adjoint
from .qr import qr
from .sampling import randn
from .svd import svd


def _basis(A: Tensor, q: int, niter: int) -> Tensor:
    """Q with orthonormal columns that A's range is nearly in (Halko, Martinsson and Tropp, "Finding structure with randomness", 2009)."""
    known = A.dtype.category == types.COMPLEX or A.dtype.name in ("float16", "float32", "float64")
    Q = qr(A @ randn(A.shape[-1], q, dtype=A.dtype if known else types.float32))[0]
    for _ in range(niter):
        Q = qr(adjoint(tensors, A) @ Q)[0]
        Q = qr(A @ Q)[0]
    return Q


_SIGNS = "the signs are free"


@function(
    samples=lambda m: [
        m(m.f(5, 4), q=2).apart(_SIGNS),
        m(m.f(4, 5), 2, 1).apart(_SIGNS),
        m(m.f(2, 5, 4), q=2, M=m.f(5, 4)).apart(_SIGNS),
        m(m.nc(4, 3), q=9).apart(_SIGNS),
        m(m.f(0, 2, 2)).apart(_SIGNS),
        m.without(*NO_0D),
    ],
    errors=lambda m: [m.error(ValueError, "not enough values to unpack (expected 2, got 1)", m.f(3))],
)
def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None) -> Any:
    """U, S, V of a matrix that has nearly rank q (of ``A - M`` with M); niter rounds of subspace iteration sharpen them."""
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    m, n = A.shape[-2:]
    if M is not None:
        A = A - M.broadcast_to(A.shape)
    tall = adjoint(tensors, A) if m < n else A
    Q = _basis(tall, q, niter)
    U, S, Vh = svd(adjoint(tensors, Q) @ tall, False)
    V, U = adjoint(tensors, Vh), Q @ U
    return (V, S, U) if m < n else (U, S, V)


@function(
    samples=lambda m: [
        m(m.f(5, 4), q=2).apart(_SIGNS),
        m(m.f(4, 5), center=False).apart(_SIGNS),
        m(m.f(2, 8, 7)).apart(_SIGNS),
        m(m.nc(4, 3), q=1).apart(_SIGNS),
        m(m.f(0, 2, 2)).apart(_SIGNS),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(ValueError, "q(=5) must be non-negative integer and not greater than min(m, n)=2", m.f(2, 3), q=5),
        m.error(ValueError, "niter(=-1) must be non-negative integer", m.f(2, 3), niter=-1),
    ],
)
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """The principal components of the rows of A: ``svd_lowrank`` of A less the mean of its rows."""
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise errors.value(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise errors.value(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
