"""Least squares: pseudo-inverses, lstsq, the rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, check_tensor, is_half, symmetric, well
from .svd import singular_values


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
    """Moore and Penrose's inverse.

    Gradient of ``A``: ``-P.T @ g @ P.T + (eye - A @ P) @ g.T @ P @ P.T + P.T @ P @ g.T @ (eye - P @ A)``, ``P = out``.
    """
    if not A.size:
        return np.zeros((*A.shape[:-2], A.shape[-1], A.shape[-2]), A.dtype)
    if hermitian:
        L, V = np.linalg.eigh(A)
        keep = np.abs(L) > _cutoff(np.abs(L), atol, rtol, A.shape, np.finfo(A.dtype).eps)
        inverse = np.where(keep, 1 / np.where(keep, L, 1), 0).astype(L.dtype)
        return (V * inverse[..., None, :]) @ np.conjugate(np.swapaxes(V, -1, -2))
    u, s, vh = singular_values(A, False)
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
    check_tensor("linalg.pinv", "input", 1, A)
    if A._a.ndim < 2 or A._a.dtype.kind not in "fc" or is_half(A):
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
    check_tensor("pinverse", "input", 1, input)
    return pinv(input, rcond)


@opaque(public=False, outputs=("X", "residuals"), n_diff=2, grad_name="LinalgLstsqBackward0")
def least_squares(k, A, B, *, measured, rcond=None):
    """X that minimises the length of ``A X - B``, the shortest of them; the squares of what is left, if they are asked for.

    Gradient of ``A`` (from residuals): ``2 * (A @ X - B) * g @ X.T``.
    Gradient of ``A``: ``-P.T @ G @ P.T + (eye - A @ P) @ G.T @ P @ P.T + P.T @ P @ G.T @ (eye - P @ A)``, ``G = g @ B.T``, ``P = pinv(A)``.
    Gradient of ``B`` (from residuals): ``-2 * (A @ X - B) * g``.
    Gradient of ``B``: ``pinv(A).T @ g``.
    """
    if not A.size:
        batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
        return np.zeros((*batch, A.shape[-1], B.shape[-1]), A.dtype), np.empty(0, A.real.dtype)
    u, s, vh = singular_values(A, False)
    keep = _above(s, A, rcond)
    inverse = np.where(keep, 1 / np.where(keep, s, 1), 0).astype(s.dtype)
    uh = np.conjugate(np.swapaxes(u, -1, -2))
    X = np.conjugate(np.swapaxes(vh, -1, -2)) @ (inverse[..., None] * (uh @ B))
    if not (measured and A.shape[-2] > A.shape[-1] and keep.all()):
        return X, np.empty(0, A.real.dtype)
    return X, (np.abs(A @ X - B) ** 2).sum(-2).astype(A.real.dtype)


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
def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: Any = None, out: Any = None) -> Any:
    """X that minimises the length of ``A X - B``; with it the residuals, the rank and the singular values (if the driver has them)."""
    _check_lstsq(A, B, driver)
    vector = B._a.ndim == A._a.ndim - 1 and B._a.shape == A._a.shape[:-1]
    solution, residuals = least_squares.public(
        A, B.unsqueeze(-1) if vector else B, measured=driver not in (None, "gelsy"), rcond=rcond
    )
    solution = solution.squeeze(-1) if vector else solution
    S = singular_values(A._a, False)[1] if A._a.size else np.zeros((*A.shape[:-2], min(A.shape[-2:])), A._a.real.dtype)
    rank = _above(S, A._a, rcond).sum(-1)
    _refuse_deficient(driver, rank, A)
    values = S if driver in ("gelsd", "gelss") else np.empty(0, S.dtype)
    ranks = np.asarray(rank, np.int64) if driver != "gels" else np.empty(0, np.int64)
    fields = ("solution", "residuals", "rank", "singular_values")
    result = named("linalg_lstsq", fields)(solution, residuals, wrap(ranks), wrap(values))
    return result if out is None else write_out("linalg_lstsq", out, result)


def _above(S: Any, A: Any, rcond: Any) -> Any:
    """Which singular values count."""
    return S > S.max(-1, keepdims=True, initial=0) * (
        np.finfo(A.dtype).eps * max(A.shape[-2:]) if rcond is None else rcond
    )


def _refuse_deficient(driver: Any, rank: Any, A: Tensor) -> None:
    short = np.flatnonzero(np.asarray(rank) < min(A.shape[-2:]))
    if driver == "gels" and len(short):
        where = f"(Batch element {short[0]}): " if A.ndim > 2 else ""
        raise errors.LinAlgError(
            f"torch.linalg.lstsq: {where}The least squares solution could not be computed because the input matrix does not have "
            f"full rank (error code: {int(np.asarray(rank).reshape(-1)[short[0]]) + 1})."
        )


def _check_lstsq(A: Any, B: Any, driver: Any) -> None:
    check_tensor("linalg.lstsq", "input", 1, A)
    check_tensor("linalg.lstsq", "b", 2, B)
    name = "torch.linalg.lstsq"
    if A.ndim < 2:
        raise errors.runtime(f"{name}: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise errors.runtime(f"{name}: other must have at least 1 dimension.")
    if A.dtype is not B.dtype:
        raise errors.runtime(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {types.scalar_name(A.dtype)} and "
            f"other's dtype {types.scalar_name(B.dtype)}"
        )
    if not 0 <= A.ndim - B.ndim <= 1:
        raise errors.runtime(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    vector = B.ndim == A.ndim - 1 and (B.ndim == 1 or B.shape[:-1] == A.shape[:-2])
    rows = -1 if vector else -2
    if A.shape[-2] != B.shape[rows]:
        raise errors.runtime(f"{name}: input.size(-2) should match other.size({rows})")
    if A.dtype.category < types.FLOATING or is_half(A):
        raise errors.runtime("This function doesn't handle types other than float and double", "Convert: A.float().")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise errors.runtime(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    if not vector:
        broadcast_shapes(A.shape[:-2], B.shape[:-2])


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
        m.error(RuntimeError, "This function doesn't handle types other than float and double", m.i(2, 2)),
        m.error(
            RuntimeError, "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.", m.f(3)
        ),
    ],
)
@levels.by_example
def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Tensor:
    """How many singular values are above ``max(atol, rtol * largest)``."""
    check_tensor("linalg.matrix_rank", "input", 1, A)
    if A._a.ndim < 2:
        raise errors.runtime("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    if A.dtype.category < types.FLOATING or is_half(A):
        raise errors.runtime("This function doesn't handle types other than float and double", "Convert: A.float().")
    check_matrix("linalg.matrix_rank", A, hermitian)
    a = A._a
    S = np.abs(np.linalg.eigvalsh(a)) if hermitian else singular_values(a, False)[1]
    result = wrap(
        np.asarray((S > _cutoff(S, atol if tol is None else tol, rtol, a.shape, np.finfo(a.dtype).eps)).sum(-1))
    )
    return result if out is None else write_out("linalg_matrix_rank", out, result)  # type: ignore[no-any-return]
