"""Least squares: pseudo-inverses, lstsq, the rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, symmetric, well


def _cutoff(S: Any, atol: Any, rtol: Any, shape: Any, eps: float) -> Any:
    """Below which singular values count as zero."""

    def plain(x: Any) -> Any:
        return x._a[..., None] if isinstance(x, Tensor) else x

    if rtol is None:
        rtol = 0.0 if atol is not None and np.any(plain(atol) > 0) else max(shape[-2:]) * eps
    largest = S.max(-1, keepdims=True, initial=0)
    return np.maximum(0.0 if atol is None else plain(atol), plain(rtol) * largest)


@opaque(public=False, grad_name="LinalgPinvBackward0")
def pseudo_inverse(k, A, *, atol, rtol, hermitian):
    """Moore and Penrose's inverse."""
    if not A.size:
        return np.zeros((*A.shape[:-2], A.shape[-1], A.shape[-2]), A.dtype)
    if hermitian:
        L, V = np.linalg.eigh(A)
        keep = np.abs(L) > _cutoff(np.abs(L), atol, rtol, A.shape, np.finfo(A.dtype).eps)
        inverse = np.where(keep, 1 / np.where(keep, L, 1), 0).astype(L.dtype)
        return (V * inverse[..., None, :]) @ np.conjugate(np.swapaxes(V, -1, -2))
    u, s, vh = np.linalg.svd(A, full_matrices=False)
    keep = s > _cutoff(s, atol, rtol, A.shape, np.finfo(A.dtype).eps)
    inverse = np.where(keep, 1 / np.where(keep, s, 1), 0).astype(s.dtype)
    return (np.conjugate(np.swapaxes(vh, -1, -2)) * inverse[..., None, :]) @ np.conjugate(np.swapaxes(u, -1, -2))


@pseudo_inverse.vjp("A")
def _(k, g, A, out):
    # Golub and Pereyra, "The differentiation of pseudo-inverses" (1973)
    P, Ph, gh = out, adjoint(k, out), adjoint(k, g)
    left = k.matprod(gh, k.matprod(P, Ph))  # (I - A P) of it
    right = k.matprod(k.matprod(Ph, P), gh)  # of it (I - P A)
    return (
        -k.matprod(k.matprod(Ph, g), Ph)
        + left
        - k.matprod(A, k.matprod(P, left))
        + right
        - k.matprod(k.matprod(right, P), A)
    )


def _pinv_samples(m: Any) -> list[Any]:
    return [m(m.f(4, 3)), m(m.f(2, 3)), m(well(m, 2)), m(well(m).t()), m(m.f(0, 3)), m.without(*NO_0D)]


@function(
    name="linalg.pinv",
    samples=_pinv_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types",
            m.f(3),
        )
    ],
)
def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Tensor:
    """Moore and Penrose's inverse; singular values below ``max(atol, rtol * largest)`` count as zero."""
    if A._a.ndim < 2 or A._a.dtype.kind not in "fc":
        raise errors.runtime(
            f"linalg.pinv({types.scalar_name(A.dtype)}{{{list(A._a.shape)}}}): expected a tensor with 2 or more dimensions of float, "
            "double, cfloat or cdouble types"
        )
    check_matrix("linalg.pinv", A, hermitian)
    result = pseudo_inverse.public(A, atol=atol, rtol=rcond if rtol is None else rtol, hermitian=bool(hermitian))
    return result if out is None else write_out("linalg_pinv", out, result)  # type: ignore[no-any-return]


@function(
    name="pinverse",
    methods="pinverse",
    samples=_pinv_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types",
            m.f(3),
        )
    ],
)
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """``linalg.pinv`` under its old name."""
    return pinv(input, rcond)


@opaque(public=False, outputs=("X", "residuals"), n_diff=2, grad_name="LinalgLstsqBackward0")
def least_squares(k, A, B, *, measured):
    """X that minimises the length of ``A X - B``, the shortest of them; the squares of what is left, if they are asked for."""
    eps = np.finfo(A.dtype).eps
    u, s, vh = np.linalg.svd(A, full_matrices=False)
    keep = s > s.max(-1, keepdims=True, initial=0) * eps * max(A.shape[-2:])
    inverse = np.where(keep, 1 / np.where(keep, s, 1), 0).astype(s.dtype)
    uh = np.conjugate(np.swapaxes(u, -1, -2))
    X = np.conjugate(np.swapaxes(vh, -1, -2)) @ (inverse[..., None] * (uh @ B))
    if not (measured and A.shape[-2] > A.shape[-1] and keep.all()):
        return X, np.empty(0, A.dtype)
    return X, (np.abs(A @ X - B) ** 2).sum(-2).astype(A.dtype)


@least_squares.vjp_joint
def _(k, g, A, B, X, residuals):
    gA, gB = A * 0.0, B * 0.0
    if g[0] is not None:
        P = k.pseudo_inverse(A, atol=None, rtol=None, hermitian=False)
        gP = k.matprod(g[0], adjoint(k, B))
        Ph, gh = adjoint(k, P), adjoint(k, gP)
        left, right = k.matprod(gh, k.matprod(P, Ph)), k.matprod(k.matprod(Ph, P), gh)
        gA = gA - k.matprod(k.matprod(Ph, gP), Ph) + left - k.matprod(A, k.matprod(P, left))
        gA, gB = gA + right - k.matprod(k.matprod(right, P), A), gB + k.matprod(Ph, g[0])
    if g[1] is not None and tuple(residuals.shape) != (0,):
        # X is at a minimum, so only A and B themselves count
        rest = 2.0 * (k.matprod(A, X) - B) * k.unsqueeze(g[1], -2)
        gA, gB = gA + k.matprod(rest, adjoint(k, X)), gB - rest
    return gA, gB


@function(
    name="linalg.lstsq",
    samples=lambda m: [
        m(m.f(4, 3), m.f(4, 2)).first_order("rank has none"),
        m(well(m), m.f(3, 2)).first_order("rank has none"),
        m(m.f(2, 3), m.f(2, 2)).first_order("rank has none"),
        m(well(m).t(), m.f(3, 1)).first_order("rank has none"),
        m.without("empty", "torch computes no answer there"),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "torch.linalg.lstsq: input must have at least 2 dimensions.", m.f(3), m.f(3))
    ],
)
@levels.by_example
def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: Any = None) -> Any:
    """X that minimises the length of ``A X - B``; with it the residuals, the rank and the singular values (if the driver has them)."""
    if A._a.ndim < 2:
        raise errors.runtime("torch.linalg.lstsq: input must have at least 2 dimensions.")
    vector = B._a.ndim == A._a.ndim - 1
    solution, residuals = least_squares.public(
        A, B.unsqueeze(-1) if vector else B, measured=driver not in (None, "gelsy")
    )
    solution = solution.squeeze(-1) if vector else solution
    a = A._a
    rank = np.linalg.matrix_rank(a)
    values = np.linalg.svd(a, compute_uv=False) if driver in ("gelsd", "gelss") else np.empty(0, a.dtype)
    ranks = np.asarray(rank, np.int64) if driver != "gels" else np.empty(0, np.int64)
    fields = ("solution", "residuals", "rank", "singular_values")
    return named("linalg_lstsq", fields)(solution, residuals, wrap(ranks), wrap(values))


@function(
    name="linalg.matrix_rank",
    samples=lambda m: [
        m(m.f(4, 3)),
        m(m.f(2, 3, 3)),
        m(well(m).t()),
        m(m.f(0, 3, 3)),
        m(m.torch.ones(3, 3)),
        m(symmetric(m), hermitian=True),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.", m.f(3)
        )
    ],
)
@levels.by_example
def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Tensor:
    """How many singular values are above ``max(atol, rtol * largest)``."""
    if A._a.ndim < 2:
        raise errors.runtime("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    check_matrix("linalg.matrix_rank", A, hermitian)
    a = A._a
    S = np.abs(np.linalg.eigvalsh(a)) if hermitian else np.linalg.svd(a, compute_uv=False)
    result = wrap(
        np.asarray((S > _cutoff(S, atol if tol is None else tol, rtol, a.shape, np.finfo(a.dtype).eps)).sum(-1))
    )
    return result if out is None else write_out("linalg_matrix_rank", out, result)  # type: ignore[no-any-return]
