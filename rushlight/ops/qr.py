"""QR."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..kernels import householder
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .matrices import NO_0D, adjoint, by_columns, check_kernel, check_matrix, constant, or_zero, well


@functools.lru_cache(64)
def _below(rows: int, columns: int) -> Any:
    """Where a matrix's lower triangle is."""
    return np.tri(rows, columns, dtype=bool)


@opaque(public=False, outputs=("Q", "R"), n_diff=2, grad_name="LinalgQrBackward0")
def qr_pair(k, A, *, mode):
    """Q with orthonormal columns and the upper triangular R of ``A = Q R``.

    Gradient of ``A`` (from Q): ``(g + Q @ S) @ inv(R).T``, ``S = tril(M) + tril(M, -1).T``, ``M = -g.T @ Q``; if A is wide
    of its square part.
    Gradient of ``A``: ``Q @ S @ inv(R).T``, ``S = tril(M) + tril(M, -1).T``, ``M = R @ g.T``; if A is wide of its
    square part.
    """
    small = householder.factors(A)
    m, n = A.shape[-2:]
    if small is not None:
        vectors, tau = small
        height = m if mode == "complete" else min(m, n)
        turned = np.where(_below(n, height), vectors.swapaxes(-1, -2)[..., :height], A.dtype.type(0))
        R = turned.swapaxes(-1, -2)
        if mode == "r":
            return np.empty(0, A.dtype), R
        Q = householder.orthogonal(vectors, tau, height)
        if Q is not None:
            return Q, R
    if mode == "r":
        return np.empty(0, A.dtype), by_columns(np.linalg.qr(A, "r"))
    out = np.linalg.qr(A, mode)
    return tuple(by_columns(x.astype(A.dtype, copy=False)) for x in out)  # float64 if A is empty


@qr_pair.vjp("A")
def _(k, g, A, Q, R, mode):
    m, n = A.shape[-2:]
    if mode == "r":
        raise errors.runtime(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
            "mode='reduced') if you are going to require gradients."
        )
    if mode == "complete" and m > n:
        raise errors.runtime("The QR decomposition is not differentiable when mode='complete' and nrows > ncols")
    gQ, gR = or_zero(k, g[0], Q), or_zero(k, g[1], R)
    if m >= n:
        return _tall(k, gQ, gR, Q, R)
    # A = [X | Y] with X square: R = [U | Q^H Y]
    square, rest = (Ellipsis, slice(0, m)), (Ellipsis, slice(m, n))
    Y, gV = k.basic_slice(A, where=rest), k.basic_slice(gR, where=rest)
    left = _tall(
        k, gQ + k.matprod(Y, adjoint(k, gV)), k.basic_slice(gR, where=square), Q, k.basic_slice(R, where=square)
    )
    return k.cat([left, k.matprod(Q, gV)], -1)


def _tall(k, gQ, gR, Q, R):
    # Walter and Lehmann, "Algorithmic differentiation of linear algebra functions" (2010)
    M = k.matprod(R, adjoint(k, gR)) - k.matprod(adjoint(k, gQ), Q)
    n = M.shape[-1]
    lower = k.where(constant(k, np.tri(n, dtype=bool)), M, 0.0)
    strict = k.where(constant(k, np.tri(n, k=-1, dtype=bool)), M, 0.0)
    inner = lower + adjoint(k, strict)
    if k.is_complex(M):  # what stands on the diagonal is real
        inner = 0.5 * (inner + adjoint(k, inner))
    whole = gQ + k.matprod(Q, inner)
    return adjoint(k, k.triangular_solution(R, adjoint(k, whole), upper=True, unit=False))


def _qr_samples(m: Any) -> list[Any]:
    # NumPy and torch call the same LAPACK routines, which fix the signs
    return [
        m(m.f(4, 3)),
        m(well(m)),
        m(m.f(2, 3)),
        m(m.f(2, 4, 3)),
        m(well(m).t()),
        m(m.f(0, 3, 2)),
        m(m.f(3, 2), "complete").value_only("not differentiable"),
        m(m.f(3, 2), "r").value_only("not differentiable"),
        m.without(*NO_0D),
    ]


@function(
    name="linalg.qr",
    samples=_qr_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "qr received unrecognized mode 'x' but expected one of 'reduced' (default), 'r', or 'complete'",
            m.f(3, 2),
            "x",
        ),
        m.error(RuntimeError, "linalg.qr: The input tensor A must have at least 2 dimensions.", m.f(3)),
    ],
)
def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Q with orthonormal columns and the upper triangular R of ``A = Q R``."""
    if mode not in ("reduced", "r", "complete"):
        raise errors.runtime(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    check_matrix("linalg.qr", A, False)
    check_kernel("geqrf_cpu", A)
    result = named("linalg_qr", ("Q", "R"))(*qr_pair.public(A, mode=mode))
    return result if out is None else write_out("linalg_qr", out, result, (), "exact")


@function(
    name="qr",
    methods="qr",
    samples=lambda m: [m(m.f(4, 3)), m(m.f(0, 2, 2)), m(m.nc(3, 2)), m.without(*NO_0D)],
    errors=lambda m: [m.error(RuntimeError, "linalg.qr: The input tensor A must have at least 2 dimensions.", m.f(3))],
)
def old_qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """``linalg.qr`` under its old name."""
    result = named("qr", ("Q", "R"))(*qr(input, "reduced" if some else "complete"))
    return result if out is None else write_out("qr", out, result)
