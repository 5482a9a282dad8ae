"""Singular values and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import opaque
from ..readers import tensors
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import (
    NO_0D,
    adjoint,
    by_columns,
    check_kernel,
    check_matrix,
    check_tensor,
    constant,
    diagonal_matrix,
    or_zero,
    well,
)


# LAPACK makes a tall matrix triangular first from a ratio of 11/6 on, and a wide one too; MKL does it from 3/2 on, wide ones never.
# The signs of the vectors depend on it.
def _decomposed(A: Any, full: bool) -> tuple[Any, Any, Any]:
    m, n = A.shape[-2:]
    if A.dtype.kind == "c" or not A.size:
        return tuple(np.linalg.svd(A, full_matrices=full))  # type: ignore[return-value]
    if n * 3 <= m * 2 and m < n * 11 // 6:
        Q, R = np.linalg.qr(A, "complete" if full else "reduced")
        U, S, Vh = np.linalg.svd(R[..., :n, :])
        return np.concatenate([Q[..., :n] @ U, Q[..., n:]], -1), S, Vh
    if m < n <= 256 and n >= m * 11 // 6:
        return _wide(A, full)
    return tuple(np.linalg.svd(A, full_matrices=full))  # type: ignore[return-value]


def _wide(A: Any, full: bool) -> tuple[Any, Any, Any]:
    """A wide matrix with rows of zeros (and columns, if it has few), until LAPACK does not find it wide."""
    m, n = A.shape[-2:]
    if m == 1:  # one reflection, which changes the sign if it does anything
        U, S, Vh = np.linalg.svd(A, full_matrices=full)
        wanted = np.copysign(U, A[..., :1])
        wanted[A[..., 1:].any(-1, keepdims=True)] *= -1
        Vh[..., :1, :] *= wanted * U
        return wanted, S, Vh
    rows, width = next((r, w) for r in range(m + 1, n + 3) for w in (max(n, r + 1),) if w < r * 11 // 6)
    padded = np.zeros((*A.shape[:-2], rows, width), A.dtype)
    padded[..., :m, :n] = A
    U, S, Vh = np.linalg.svd(padded, full_matrices=full and width == n)
    Vh = Vh[..., :n] if full and width == n else Vh[..., :m, :n]
    if full and width > n:  # the rest is any basis of what A maps to zero
        Vh = np.concatenate([Vh, np.linalg.svd(A)[2][..., m:, :]], -2)
    return U[..., :m, :m], S[..., :m], Vh


def singular_values(A: Any, full: bool) -> Any:
    """U, S, V^H; NaN where A is infinite."""
    try:
        return _decomposed(A, full)
    except np.linalg.LinAlgError:
        if np.isnan(A).any():
            where = np.flatnonzero(np.isnan(A).reshape(-1, A.shape[-2] * A.shape[-1]).any(-1))[0]
            batch = f"(Batch element {where}): " if A.ndim > 2 else ""
            raise errors.LinAlgError(
                f"linalg.svd: {batch}The algorithm failed to converge because the input matrix contained non-finite values."
            ) from None
        shaped = np.linalg.svd(np.zeros_like(A), full_matrices=full)
        return tuple(np.full_like(part, np.nan) for part in shaped)


@opaque(public=False, outputs=("U", "S", "Vh"), n_diff=3, grad_name="LinalgSvdBackward0")
def svd_triple(k, A, *, full_matrices):
    """U, S, V^H of ``A = U diag(S) V^H``.

    Gradient of ``A`` (from U): ``(U @ ((X - X.T) / E * S) + (g - U @ X) / S) @ Vh``, ``X = U.T @ g``, ``E = S ** 2 - S[:, None] ** 2 +
    eye``.
    Gradient of ``A`` (from S): ``U @ diag(g) @ Vh``.
    Gradient of ``A`` (from Vh): ``U @ (S[:, None] * (Y - Y.T) / E @ Vh + (g - Y.T @ Vh) / S[:, None])``, ``Y = Vh @ g.T``, ``E = S ** 2 -
    S[:, None] ** 2 + eye``.
    """
    U, S, Vh = singular_values(A, full_matrices)
    return by_columns(U), S, by_columns(Vh)


@svd_triple.vjp("A")
def _(k, g, A, U, S, Vh):
    # Townsend, "Differentiating the singular value decomposition" (2016)
    gU, gS, gVh = g
    n = S.shape[-1]
    U = k.basic_slice(U, where=(Ellipsis, slice(0, n)))
    Vh = k.basic_slice(Vh, where=(Ellipsis, slice(0, n), slice(None)))
    inner = diagonal_matrix(k, or_zero(k, gS, S))
    if gU is None and gVh is None:
        return k.matprod(k.matprod(U, inner), Vh)
    row, column = k.unsqueeze(S, -2), k.unsqueeze(S, -1)
    gap = k.where(constant(k, np.eye(n, dtype=bool)), 1.0, (row - column) * (row + column))
    outside = 0.0
    if gU is not None:
        gU = k.basic_slice(gU, where=(Ellipsis, slice(0, n)))
        X = k.matprod(adjoint(k, U), gU)
        inner = inner + (X - adjoint(k, X)) / gap * row
        if A.shape[-2] > n:
            outside = outside + k.matprod((gU - k.matprod(U, X)) / row, Vh)
    if gVh is not None:
        gVh = k.basic_slice(gVh, where=(Ellipsis, slice(0, n), slice(None)))
        Y = k.matprod(Vh, adjoint(k, gVh))
        inner = inner + column * ((Y - adjoint(k, Y)) / gap)
        if A.shape[-1] > n:
            outside = outside + k.matprod(U, (gVh - k.matprod(adjoint(k, Y), Vh)) / column)
    if gU is not None and gVh is not None and k.is_complex(X):  # a phase that U and V share
        inner = inner + k.where(constant(k, np.eye(n, dtype=bool)), (X - adjoint(k, X)) / (2.0 * row), 0.0)
    return k.matprod(k.matprod(U, inner), Vh) + outside


@function(
    name="linalg.svd",
    samples=lambda m: [
        *[
            m(x, False).apart("the signs are free")
            for x in (m.f(4, 3), m.f(2, 3), m.f(2, 3, 3), well(m).t(), m.f(0, 3, 2))
        ],
        m(m.f(3, 2)).apart("the signs are free"),
        m.without(*NO_0D),
    ],
    errors=lambda m: [m.error(RuntimeError, "linalg.svd: The input tensor A must have at least 2 dimensions.", m.f(3))],
)
def svd(A: Tensor, full_matrices: bool = True, *, driver: Any = None, out: Any = None) -> Any:
    """U, S, V^H of ``A = U diag(S) V^H``; the singular values descend."""
    check_matrix("linalg.svd", A, False)
    check_kernel("linalg_svd_cpu", A)
    if driver is not None:
        raise errors.runtime(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )
    result = named("linalg_svd", ("U", "S", "Vh"))(*svd_triple.public(A, full_matrices=bool(full_matrices)))
    return result if out is None else write_out("linalg_svd", out, result, (), "exact")


@function(
    name="svd",
    methods="svd",
    samples=lambda m: (
        [m(x).apart("the signs are free") for x in (m.f(4, 3), m.f(2, 3, 3), well(m).t(), m.f(0, 3, 2))]
        + [m.without(*NO_0D)]
    ),
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.svd: input should have at least 2 dimensions, but has 1 dimensions instead", m.f(3)
        )
    ],
)
def old_svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """U, S, V of ``A = U diag(S) V^H``, the old form of ``linalg.svd``."""
    check_tensor("svd", "input", 1, input)
    if input._a.ndim < 2:
        raise errors.runtime(
            f"linalg.svd: input should have at least 2 dimensions, but has {input._a.ndim} dimensions instead"
        )
    u, s, vh = svd(input, not some)
    v = adjoint(tensors, vh)
    if not compute_uv:
        u, v = wrap(np.zeros(u._a.shape, u._a.dtype)), wrap(np.zeros(v._a.shape, v._a.dtype))
    result = named("svd", ("U", "S", "V"))(u, s, v)
    return result if out is None else write_out("svd", out, result)


@function(
    name="linalg.svdvals",
    samples=lambda m: [
        m(m.f(4, 3)),
        m(m.f(2, 3)),
        m(m.f(2, 3, 3)),
        m(well(m).t()),
        m(m.f(0, 3, 2)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [m.error(RuntimeError, "linalg.svd: The input tensor A must have at least 2 dimensions.", m.f(3))],
)
def svdvals(A: Tensor, *, driver: Any = None, out: Any = None) -> Tensor:
    """The singular values, descending."""
    check_matrix("linalg.svd", A, False)
    check_kernel("linalg_svd_cpu", A)
    values = svd_triple.public(A, full_matrices=False)[1]
    return values if out is None else write_out("linalg_svdvals", out, values, (), "exact")  # type: ignore[no-any-return]
