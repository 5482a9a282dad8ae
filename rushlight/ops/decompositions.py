"""QR, SVD, eigenvalues, and what is computed through them: pinv, lstsq, rank, condition, matrix norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..op import opaque
from ..readers import REGISTRY, tensors
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .norms import vector_norm
from .solving import adjoint, check_matrix, constant, matrix_errors, well

_NO_0D = "0-d", "matrices"


def _zero(k, g, like):
    return like * 0.0 if g is None else g


def _diagonal(k, x):
    """A vector as a diagonal matrix."""
    n = x.shape[-1]
    return k.where(constant(k, np.eye(n, dtype=bool)), k.unsqueeze(x, -2), 0.0)


# --- QR -------------------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("Q", "R"), n_diff=2, grad_name="LinalgQrBackward0")
def qr_pair(k, A, *, mode):
    """Q with orthonormal columns and the upper triangular R of ``A = Q R``."""
    if mode == "r":
        return np.empty(0, A.dtype), np.linalg.qr(A, "r")
    out = np.linalg.qr(A, mode)
    return out[0], out[1]


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
    gQ, gR = _zero(k, g[0], Q), _zero(k, g[1], R)
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
    whole = gQ + k.matprod(Q, lower + adjoint(k, strict))
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
        m.without(*_NO_0D),
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
    result = named("linalg_qr", ("Q", "R"))(*qr_pair.public(A, mode=mode))
    return result if out is None else write_out("linalg_qr", out, result)


@function(
    name="qr",
    methods="qr",
    samples=lambda m: [m(m.f(4, 3)), m(m.f(0, 2, 2)), m(m.nc(3, 2)), m.without(*_NO_0D)],
    errors=lambda m: [m.error(RuntimeError, "linalg.qr: The input tensor A must have at least 2 dimensions.", m.f(3))],
)
def old_qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """``linalg.qr`` under its old name."""
    result = named("qr", ("Q", "R"))(*qr(input, "reduced" if some else "complete"))
    return result if out is None else write_out("qr", out, result)


# --- SVD ------------------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("U", "S", "Vh"), n_diff=3, grad_name="LinalgSvdBackward0")
def svd_triple(k, A, *, full_matrices):
    """U, S, V^H of ``A = U diag(S) V^H``."""
    return tuple(np.linalg.svd(A, full_matrices=full_matrices))


@svd_triple.vjp("A")
def _(k, g, A, U, S, Vh):
    # Townsend, "Differentiating the singular value decomposition" (2016)
    gU, gS, gVh = g
    n = S.shape[-1]
    U = k.basic_slice(U, where=(Ellipsis, slice(0, n)))
    Vh = k.basic_slice(Vh, where=(Ellipsis, slice(0, n), slice(None)))
    inner = _diagonal(k, _zero(k, gS, S))
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
    return k.matprod(k.matprod(U, inner), Vh) + outside


@function(
    name="linalg.svd",
    samples=lambda m: [
        *[
            m(x, False).apart("the signs are free")
            for x in (m.f(4, 3), m.f(2, 3), m.f(2, 3, 3), well(m).t(), m.f(0, 3, 2))
        ],
        m(m.f(3, 2)).apart("the signs are free"),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [m.error(RuntimeError, "linalg.svd: The input tensor A must have at least 2 dimensions.", m.f(3))],
)
def svd(A: Tensor, full_matrices: bool = True, *, driver: Any = None, out: Any = None) -> Any:
    """U, S, V^H of ``A = U diag(S) V^H``; the singular values descend."""
    check_matrix("linalg.svd", A, False)
    result = named("linalg_svd", ("U", "S", "Vh"))(*svd_triple.public(A, full_matrices=bool(full_matrices)))
    return result if out is None else write_out("linalg_svd", out, result)


@function(
    name="svd",
    methods="svd",
    samples=lambda m: (
        [m(x).apart("the signs are free") for x in (m.f(4, 3), m.f(2, 3, 3), well(m).t(), m.f(0, 3, 2))]
        + [m.without(*_NO_0D)]
    ),
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.svd: input should have at least 2 dimensions, but has 1 dimensions instead", m.f(3)
        )
    ],
)
def old_svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """U, S, V of ``A = U diag(S) V^H``, the old form of ``linalg.svd``."""
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
        m.without(*_NO_0D),
    ],
    errors=lambda m: [m.error(RuntimeError, "linalg.svd: The input tensor A must have at least 2 dimensions.", m.f(3))],
)
def svdvals(A: Tensor, *, driver: Any = None, out: Any = None) -> Tensor:
    """The singular values, descending."""
    check_matrix("linalg.svd", A, False)
    values = svd_triple.public(A, full_matrices=False)[1]
    return values if out is None else write_out("linalg_svdvals", out, values)  # type: ignore[no-any-return]


# --- eigenvalues ----------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("L", "V"), n_diff=2, grad_name="LinalgEighBackward0")
def eigh_pair(k, A, *, lower):
    """Ascending eigenvalues and orthonormal eigenvectors of a Hermitian matrix, of which one triangle is read."""
    return tuple(np.linalg.eigh(A, "L" if lower else "U"))


@eigh_pair.vjp("A")
def _(k, g, L, V):
    gL, gV = g
    inner = _diagonal(k, _zero(k, gL, L))
    if gV is not None:
        n = L.shape[-1]
        gap = k.where(constant(k, np.eye(n, dtype=bool)), 1.0, k.unsqueeze(L, -2) - k.unsqueeze(L, -1))
        X = k.matprod(adjoint(k, V), gV)
        inner = inner + k.where(constant(k, np.eye(n, dtype=bool)), 0.0, X / gap)
    return k.matprod(k.matprod(V, inner), adjoint(k, V))


def symmetric(m: Any, *batch: int) -> Any:
    """Symmetric matrices with eigenvalues apart."""
    x = m.f(*batch, 3, 3)
    return x + x.transpose(-1, -2)


def _uplo(UPLO: str) -> bool:
    if UPLO not in ("L", "U", "l", "u"):
        raise errors.runtime(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO in "lL"


@function(
    name="linalg.eigh",
    samples=lambda m: (
        [m(x).apart("the signs are free") for x in (symmetric(m), symmetric(m, 2), m.f(0, 2, 2), symmetric(m).t())]
        + [m.without(*_NO_0D)]
    ),
    errors=lambda m: [
        *matrix_errors("linalg.eigh")(m),
        m.error(RuntimeError, "Expected UPLO argument to be 'L' or 'U', but got x", m.f(2, 2), "x"),
    ],
)
def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Ascending eigenvalues and orthonormal eigenvectors of a symmetric (Hermitian) matrix."""
    check_matrix("linalg.eigh", A)
    result = named("linalg_eigh", ("eigenvalues", "eigenvectors"))(*eigh_pair.public(A, lower=_uplo(UPLO)))
    return result if out is None else write_out("linalg_eigh", out, result)


@function(
    name="linalg.eigvalsh",
    samples=lambda m: [
        m(symmetric(m)).value_only("one triangle is read"),
        m(symmetric(m, 2)).value_only("one triangle is read"),
        m(m.f(0, 2, 2)),
        m(symmetric(m).t(), "U").value_only("one triangle is read"),
        m.without(*_NO_0D),
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
    check_matrix("linalg.eigh", A)
    values = eigh_pair.public(A, lower=_uplo(UPLO))[0]
    return values if out is None else write_out("linalg_eigvalsh", out, values)  # type: ignore[no-any-return]


@opaque(public=False, outputs=("L", "V"), n_diff=2, grad_name="LinalgEigBackward0")
def eig_pair(k, A):
    """Eigenvalues and eigenvectors of a square matrix, complex."""
    to = np.complex64 if A.dtype.itemsize * (1 if A.dtype.kind == "c" else 2) <= 8 else np.complex128
    L, V = np.linalg.eig(A)
    return L.astype(to), V.astype(to)


@eig_pair.vjp("A")
def _(k, g, L, V):
    gL, gV = g
    inner = _diagonal(k, _zero(k, gL, L))
    h = adjoint(k, V)
    if gV is not None:
        n = L.shape[-1]
        eye = constant(k, np.eye(n, dtype=bool))
        gap = k.where(eye, 1.0, k.conj(k.unsqueeze(L, -2) - k.unsqueeze(L, -1)))
        X = k.matprod(h, gV)
        length = k.where(eye, X, 0.0)
        X = X - k.matprod(k.matprod(h, V), 0.5 * (length + k.conj(length)))
        inner = inner + k.where(eye, 0.0, X / gap)
    return k.solution(h, k.matprod(inner, h), vector=False)


@function(
    name="linalg.eig",
    samples=lambda m: (
        [m(x).apart("the phases are free") for x in (symmetric(m), m.f(0, 2, 2), symmetric(m).t())]
        + [m.without(*_NO_0D)]
    ),
    errors=lambda m: [*matrix_errors("linalg.eig")(m)],
)
def eig(A: Tensor, *, out: Any = None) -> Any:
    """Eigenvalues and eigenvectors of a square matrix, complex, in no particular order."""
    check_matrix("linalg.eig", A)
    result = named("linalg_eig", ("eigenvalues", "eigenvectors"))(*eig_pair.public(A))
    return result if out is None else write_out("linalg_eig", out, result)


@function(
    name="linalg.eigvals",
    samples=lambda m: [
        m(symmetric(m)).apart("order is free"),
        m(m.f(0, 2, 2)),
        m(symmetric(m).t()).apart("order is free"),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3))
    ],
)
def eigvals(A: Tensor, *, out: Any = None) -> Tensor:
    """The eigenvalues of a square matrix, complex."""
    check_matrix("linalg.eigvals", A)
    values = eig_pair.public(A)[0]
    return values if out is None else write_out("linalg_eigvals", out, values)  # type: ignore[no-any-return]


# --- through them -----------------------------------------------------------------------------------------------------------
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
    return [m(m.f(4, 3)), m(m.f(2, 3)), m(well(m, 2)), m(well(m).t()), m(m.f(0, 3)), m.without(*_NO_0D)]


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
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "torch.linalg.lstsq: input must have at least 2 dimensions.", m.f(3), m.f(3))
    ],
)
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
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.", m.f(3)
        )
    ],
)
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


# --- norms of matrices ----------------------------------------------------------------------------------------------------
_ORDERS = (2, -2, 1, -1, float("inf"), float("-inf"))


def _norm_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3)),
        *[m(m.f(2, 3), o) for o in ("fro", "nuc", *_ORDERS)],
        m(m.f(2, 3, 2), 1, (0, 2), True),
        m(m.f(2, 3, 2), 2, (2, 0)),
        m(m.nc(3, 2), 2),
        m(m.f(0, 2, 3)),
        m.without(*_NO_0D),
    ]


@function(
    name="linalg.matrix_norm",
    samples=_norm_samples,
    errors=lambda m: [
        m.error(RuntimeError, "linalg.matrix_norm: Order x not supported.", m.f(2, 2), "x"),
        m.error(RuntimeError, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.", m.f(3)),
        m.error(RuntimeError, "linalg.matrix_norm: dims must be different. Got (0, 0)", m.f(2, 2), "fro", (0, 0)),
    ],
)
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Tensor:  # noqa: A002
    """A norm of matrices: "fro", "nuc" (the sum of singular values), 1 and inf (column and row sums), 2 (the largest singular value)."""
    check_matrix("linalg.matrix_norm", A, False)
    if A._a.ndim and len(dim) != 2:
        raise errors.runtime(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    if dtype is not None:
        A = A.to(dtype)
    row, column = (check_dim(d, A._a.ndim) for d in dim)
    if row == column:
        raise errors.runtime(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if (
        isinstance(ord, str)
        and ord not in ("fro", "nuc")
        or not isinstance(ord, str)
        and abs(ord) not in (1, 2, float("inf"))
    ):
        raise errors.runtime(f"linalg.matrix_norm: Order {ord} not supported.")
    result = _matrix_norm(A, ord, row, column, keepdim)
    return result if out is None else write_out("linalg_matrix_norm", out, result)  # type: ignore[no-any-return]


def _matrix_norm(A: Tensor, ord: Any, row: int, column: int, keepdim: bool) -> Tensor:  # noqa: A002
    if ord == "fro":
        return vector_norm.public(A, 2, (row, column), keepdim)  # type: ignore[no-any-return]
    if ord in ("nuc", 2, -2):
        moved = A.movedim((row, column), (-2, -1))
        S = svdvals(moved)
        name = {2: "amax", -2: "amin"}.get(ord)
        out = S.sum(-1, keepdim) if name is None else REGISTRY[name].public(S, -1, keepdim)
        return out.unsqueeze(-1).movedim((-2, -1), (row, column)) if keepdim else out  # type: ignore[no-any-return]
    summed, other = (row, column) if abs(ord) == 1 else (column, row)
    sums = vector_norm.public(A, 1, (summed,), keepdim)
    if not keepdim and other > summed:
        other -= 1
    if ord > 0 and not sums._a.shape[other]:
        return sums.sum(other, keepdim)  # type: ignore[no-any-return]
    return REGISTRY["amax" if ord > 0 else "amin"].public(sums, other, keepdim)  # type: ignore[no-any-return]


@function(
    name="linalg.norm",
    samples=lambda m: [
        m(m.f(3)),
        m(m.f(2, 3)),
        m(m.f(2, 3), 2),
        m(m.f(3), 1),
        m(m.f(2, 3), float("inf")),
        m(m.f(2, 3), "nuc"),
        m(m.f(2, 3), 3, 1),
        m(m.f(2, 3, 2), 2, (0, 1), True),
        m(m.f()),
        m(m.f(0)),
        m(m.nc(3, 2), "fro"),
        m(m.f(2, 3, 2)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.", m.f(3), "fro"),
        m.error(
            RuntimeError, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long", m.i(3)
        ),
    ],
)
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, out: Any = None, dtype: Any = None
) -> Tensor:  # noqa: A002
    """A norm of vectors or matrices, by the count of dimensions; without ``ord`` the 2-norm of all elements."""
    dims = None if dim is None else tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if ord is not None and (
        (dims is None and (A._a.ndim == 2 or isinstance(ord, str))) or (dims is not None and len(dims) == 2)
    ):
        result = matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    else:
        result = vector_norm.public(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype)
    return result if out is None else write_out("linalg_norm", out, result)  # type: ignore[no-any-return]


@function(
    name="linalg.cond",
    samples=lambda m: (
        [
            s.other_nodes("composed otherwise")
            for s in (
                m(well(m)),
                *[m(well(m), p) for p in (2, -2)],
                *[m(well(m), p).value_only("torch fails backward") for p in (1, -1, "fro", "nuc")],
                m(well(m, 2)),
                m(well(m).t()),
                m(m.f(3, 2)),
                m(m.f(0, 2, 2)),
            )
        ]
        + [m.without(*_NO_0D)]
    ),
    errors=lambda m: [m.error(RuntimeError, "linalg.cond: The input tensor must have at least 2 dimensions.", m.f(3))],
)
def cond(A: Tensor, p: Any = None, *, out: Any = None) -> Tensor:
    """The condition of a matrix: the norm times the norm of the inverse; by default the largest over the smallest singular value."""
    if A._a.ndim < 2:
        raise errors.runtime("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p in (None, 2, -2):
        S = svdvals(A)
        first, last = S.narrow(-1, 0, 1).squeeze(-1), S.narrow(-1, S._a.shape[-1] - 1, 1).squeeze(-1)
        result = last / first if p == -2 else first / last
    else:
        check_matrix("linalg.cond", A)
        result = matrix_norm(A, p) * matrix_norm(REGISTRY["inv"].public(A), p)
    return result if out is None else write_out("linalg_cond", out, result)  # type: ignore[no-any-return]


@function(
    name="linalg.tensorinv",
    samples=lambda m: [
        m(m.f(4, 2, 2) + 2 * m.torch.eye(4, dtype=m._dtype()).reshape(4, 2, 2), 1).other_nodes("composed"),
        m(well(m), 1).other_nodes("composed"),
        m(well(m).t(), 1).other_nodes("composed"),
        m.without("empty", "an inverse"),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got 3 != 2",
            m.f(2, 3),
            1,
        )
    ],
)
def tensorinv(A: Tensor, ind: int = 2, *, out: Any = None) -> Tensor:
    """The inverse of the linear map from the last dimensions to the first ``ind``."""
    shape = A._a.shape
    rows, columns = int(np.prod(shape[:ind])), int(np.prod(shape[ind:]))
    if rows != columns:
        raise errors.runtime(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {columns} != {rows}"
        )
    result = REGISTRY["inv"].public(A.reshape(rows, columns)).reshape(*shape[ind:], *shape[:ind])
    return result if out is None else write_out("linalg_tensorinv", out, result)  # type: ignore[no-any-return]
