"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .matrices import (
    NO_0D,
    adjoint,
    by_columns,
    check_kernel,
    check_square,
    check_tensor,
    constant,
    diagonal_matrix,
    matrix_errors,
    or_zero,
    symmetric,
)


@opaque(public=False, outputs=("L", "V"), n_diff=2, grad_name="LinalgEighBackward0")
def eigh_pair(k, A, *, lower):
    """Ascending eigenvalues and orthonormal eigenvectors of a Hermitian matrix, of which one triangle is read.

    Gradient of ``A`` (from L): ``V @ diag(g) @ V.T``.
    Gradient of ``A`` (from V): ``(M + M.T) / 2``, ``M = V @ ((1 - eye) * (V.T @ g) / E) @ V.T``, ``E = L - L[:, None] + eye``.
    """
    try:
        L, V = np.linalg.eigh(A, "L" if lower else "U")
        return L, by_columns(V)
    except np.linalg.LinAlgError:  # it holds NaN or infinities
        return np.full(A.shape[:-1], np.nan, A.real.dtype), np.full_like(A, np.nan)


@eigh_pair.vjp("A")
def _(k, g, L, V):
    gL, gV = g
    inner = diagonal_matrix(k, or_zero(k, gL, L))
    if gV is not None:
        n = L.shape[-1]
        gap = k.where(constant(k, np.eye(n, dtype=bool)), 1.0, k.unsqueeze(L, -2) - k.unsqueeze(L, -1))
        X = k.matprod(adjoint(k, V), gV)
        inner = inner + k.where(constant(k, np.eye(n, dtype=bool)), 0.0, X / gap)
    out = k.matprod(k.matprod(V, inner), adjoint(k, V))
    return 0.5 * (out + adjoint(k, out))


def _check_hermitian(A: Any) -> None:
    check_tensor("linalg.eigh", "input", 1, A)
    check_square("linalg.eigh", A)
    check_kernel("linalg_eigh_cpu", A)


def _check_general(name: str, A: Any) -> None:
    check_tensor(name, "input", 1, A)
    check_square(name, A)
    if A.dtype.category < types.FLOATING:
        raise errors.runtime(f"Unknown Complex ScalarType for {types.scalar_name(A.dtype)}", "Convert: A.float().")
    check_kernel("linalg_eig_out_cpu", A)
    if not np.isfinite(A._a).all():
        raise errors.runtime("torch.linalg.eig: input tensor should not contain infs or NaNs.")


def _uplo(UPLO: str) -> bool:
    if not isinstance(UPLO, str):
        raise errors.type_(f"linalg_eigh(): argument 'UPLO' must be str, not {type(UPLO).__name__}")
    if UPLO not in ("L", "U", "l", "u"):
        raise errors.runtime(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO in "lL"


@function(
    name="linalg.eigh",
    samples=lambda m: (
        [m(x).apart("the signs are free") for x in (symmetric(m), symmetric(m, 2), m.f(0, 2, 2), symmetric(m).t())]
        + [m.without(*NO_0D)]
    ),
    errors=lambda m: [
        *matrix_errors("linalg.eigh")(m),
        m.error(RuntimeError, "Expected UPLO argument to be 'L' or 'U', but got x", m.f(2, 2), "x"),
    ],
)
def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Ascending eigenvalues and orthonormal eigenvectors of a symmetric (Hermitian) matrix."""
    _check_hermitian(A)
    result = named("linalg_eigh", ("eigenvalues", "eigenvectors"))(*eigh_pair.public(A, lower=_uplo(UPLO)))
    return result if out is None else write_out("linalg_eigh", out, result, (), "exact")


@function(
    name="linalg.eigvalsh",
    samples=lambda m: [
        m(symmetric(m)).value_only("one triangle is read"),
        m(symmetric(m, 2)).value_only("one triangle is read"),
        m(m.f(0, 2, 2)),
        m(symmetric(m).t(), "U").value_only("one triangle is read"),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "linalg.eigh: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
        ),
        m.error(RuntimeError, "Expected UPLO argument to be 'L' or 'U', but got x", m.f(2, 2), "x"),
    ],
)
def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Tensor:
    """The eigenvalues of a symmetric (Hermitian) matrix, ascending."""
    _check_hermitian(A)
    values = eigh_pair.public(A, lower=_uplo(UPLO))[0]
    return values if out is None else write_out("linalg_eigvalsh", out, values, (), "exact")  # type: ignore[no-any-return]


@opaque(public=False, outputs=("L", "V"), n_diff=2, grad_name="LinalgEigBackward0")
def eig_pair(k, A):
    """Eigenvalues and eigenvectors of a square matrix, complex.

    Gradient of ``A`` (from L): ``inv(V).T @ diag(g) @ V.T``, conjugated where they are complex.
    Gradient of ``A``: ``inv(V).T @ ((V.T @ g - V.T @ V @ diag(V.T @ g)) / (L_j - L_i)) @ V.T``, conjugated where they are complex;
    what is divided is 0 on the diagonal.
    """
    to = np.complex64 if A.dtype.itemsize * (1 if A.dtype.kind == "c" else 2) <= 8 else np.complex128
    L, V = np.linalg.eig(A)
    return L.astype(to), V.astype(to)


@eig_pair.vjp("A")
def _(k, g, L, V):
    gL, gV = g
    inner = diagonal_matrix(k, or_zero(k, gL, L))
    h = adjoint(k, V)
    if gV is not None:
        n = L.shape[-1]
        eye = constant(k, np.eye(n, dtype=bool))
        gap = k.where(eye, 1.0, k.conj(k.unsqueeze(L, -2) - k.unsqueeze(L, -1)))
        X = k.matprod(h, gV)
        length = k.where(eye, X, 0.0)
        X = X - k.matprod(k.matprod(h, V), 0.5 * (length + k.conj(length)))
        inner = inner + k.where(eye, 0.0, X / gap)
    return k.solution(h, k.matprod(inner, h), vector=False, left=True)[0]


@function(
    name="linalg.eig",
    samples=lambda m: (
        [m(x).apart("the phases are free") for x in (symmetric(m), m.f(0, 2, 2), symmetric(m).t())]
        + [m.without(*NO_0D)]
    ),
    errors=lambda m: [*matrix_errors("linalg.eig")(m)],
)
def eig(A: Tensor, *, out: Any = None) -> Any:
    """Eigenvalues and eigenvectors of a square matrix, complex, in no particular order."""
    _check_general("linalg.eig", A)
    result = named("linalg_eig", ("eigenvalues", "eigenvectors"))(*eig_pair.public(A))
    return result if out is None else write_out("linalg_eig", out, result)


@function(
    name="linalg.eigvals",
    samples=lambda m: [
        m(symmetric(m)).apart("order is free"),
        m(m.f(0, 2, 2)),
        m(symmetric(m).t()).apart("order is free"),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3))
    ],
)
@levels.by_example
def eigvals(A: Tensor, *, out: Any = None) -> Tensor:
    """The eigenvalues of a square matrix, complex."""
    _check_general("linalg.eigvals", A)
    values = eig_pair.public(A)[0]
    return values if out is None else write_out("linalg_eigvals", out, values)  # type: ignore[no-any-return]
