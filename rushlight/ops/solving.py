"""Linear systems: inverse, determinants, solve, Cholesky, triangular systems. LAPACK through NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..op import opaque
from ..readers import REGISTRY, tensors
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .products import power

_NO_0D = "0-d", "matrices"


# --- what all of linalg checks ----------------------------------------------------------------------------------------
def check_matrix(name: str, x: Any, square: bool = True) -> None:
    """Refuse what is no (square) matrix of floats, or a batch of them."""
    if not isinstance(x, (Tensor, np.ndarray)):
        raise errors.not_a_tensor(name.replace(".", "_"), "A", 1, x)
    if x.ndim < 2:
        raise errors.runtime(f"{name}: The input tensor A must have at least 2 dimensions.")
    if square and x.shape[-1] != x.shape[-2]:
        raise errors.runtime(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    if isinstance(x, Tensor) and x.dtype.category < types.FLOATING:
        raise errors.runtime(
            f"{name}: Expected a floating point or complex tensor as input. Got {types.scalar_name(x.dtype)}",
            "Convert first: x.float().",
        )


def matrix_errors(name: str, square: bool = True) -> Any:
    """Error samples: a vector, integers, a matrix that is not square."""
    return lambda m: [
        m.error(RuntimeError, f"{name}: The input tensor A must have at least 2 dimensions.", m.f(3)),
        *(
            [
                m.error(
                    RuntimeError,
                    f"{name}: A must be batches of square matrices, but they are 2 by 3 matrices",
                    m.f(2, 3),
                )
            ]
            if square
            else []
        ),
    ]


def well(m: Any, *batch: int, n: int = 3) -> Any:
    """Well-conditioned square matrices."""
    return m.f(*batch, n, n, lo=-0.5, hi=0.5) + 2 * m.torch.eye(n, dtype=m._dtype())


def positive(m: Any, *batch: int, n: int = 3) -> Any:
    """Positive definite matrices."""
    x = m.f(*batch, n, n, lo=-0.5, hi=0.5)
    return x @ x.transpose(-1, -2) + m.torch.eye(n, dtype=m._dtype())


def square_samples(m: Any) -> list[Any]:
    """A matrix, a batch, a transposed one, none."""
    return [
        m(well(m)),
        m(well(m, 2)),
        m(well(m).t()),
        m(m.f(0, 3, 3)),
        m(m.f(0, 0)),
        m.without(*_NO_0D),
    ]


@opaque(public=False)
def matprod(k, input, other):
    """Batched matrix product, for rules."""
    return np.matmul(input, other)


@matprod.vjp("input")
def _(k, g, other):
    return k.matprod(g, adjoint(k, other))


@matprod.vjp("other")
def _(k, g, input):
    return k.matprod(adjoint(k, input), g)


def adjoint(k, x):
    """The conjugate transpose."""
    return k.conj(k.transpose(x, -2, -1))


def constant(k, a):
    """A constant array for whoever is reading."""
    return wrap(a) if k is tensors else a


def _mask(k, x, keep):
    """A matrix times a constant pattern, by ``where``."""
    n, m = x.shape[-2:]
    return k.where(constant(k, keep(np.ones((n, m), bool))), x, 0.0)


# --- inverse and determinant ----------------------------------------------------------------------------------------------
@opaque(
    torch_name="linalg.inv",
    aliases="inverse",
    methods="inverse",
    grad_name="LinalgInvExBackward0",
    samples=square_samples,
    errors=lambda m: [
        *matrix_errors("linalg.inv")(m),
        m.error(
            m.torch.linalg.LinAlgError,
            "linalg.inv: The diagonal element 1 is zero, the inversion could not be completed",
            m.torch.zeros(2, 2),
        ),
    ],
)
def inv(k, A):
    """The inverse of a square matrix, or of each of a batch."""
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        raise errors.LinAlgError(
            "linalg.inv: The diagonal element "
            + str(_zero_pivot(A))
            + " is zero, the inversion could not be completed because the "
            "input matrix is singular."
        ) from None


def _zero_pivot(A: Any) -> int:
    """Which pivot of the first singular matrix is zero, counted from 1."""
    for a in A.reshape(-1, *A.shape[-2:]):
        u = a.copy()
        for i in range(len(u)):
            p = i + int(np.argmax(np.abs(u[i:, i])))
            if u[p, i] == 0:
                return i + 1
            u[[i, p]] = u[[p, i]]
            u[i + 1 :] -= np.outer(u[i + 1 :, i] / u[i, i], u[i])
    return A.shape[-1]


@inv.prepare
def _(A):
    check_matrix("linalg.inv", A)
    return (A,), {}


@inv.vjp("A")
def _(k, g, out):
    h = adjoint(k, out)
    return -k.matprod(k.matprod(h, g), h)


@opaque(
    torch_name="linalg.det",
    aliases="det",
    methods="det",
    grad_name="LinalgDetBackward0",
    samples=square_samples,
    errors=lambda m: [
        m.error(
            RuntimeError, "linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3)
        )
    ],
)
def det(k, A):
    """The determinant of a square matrix, or of each of a batch."""
    return np.asarray(np.linalg.det(A)).astype(A.dtype, copy=False)


@det.prepare
def _(A):
    check_matrix("linalg.det", A)
    return (A,), {}


@det.vjp("A")
def _(k, g, A, out):
    wide = k.reshape_gradient(g, size=(*g.shape, 1, 1))
    if not (out._a if isinstance(out, Tensor) else np.asarray(out)).all():
        return wide * k.cofactors(A)
    return wide * k.conj(k.reshape_gradient(out, size=(*out.shape, 1, 1))) * adjoint(k, k.inv(A))


@opaque(public=False)
def cofactors(k, A):
    """The matrix of cofactors, through the singular values: it exists for singular matrices too."""
    u, s, vh = np.linalg.svd(A)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return np.conjugate(sign) * (u * others[..., None, :]) @ vh


cofactors.unsupported("A", "the second derivative of a determinant at a singular matrix")


@opaque(public=False, outputs=("sign", "logabsdet"), n_diff=2, grad_name="LinalgSlogdetBackward0")
def slogdet_pair(k, A):
    """The sign and the logarithm of the size of the determinant."""
    sign, size = np.linalg.slogdet(A)
    return np.asarray(sign).astype(A.dtype, copy=False), np.asarray(size).astype(A.real.dtype, copy=False)


@slogdet_pair.vjp("A")
def _(k, g, A):
    wide = g[1]
    if wide is None:
        return A * 0.0
    return k.reshape_gradient(wide, size=(*wide.shape, 1, 1)) * adjoint(k, k.inv(A))


def _slogdet(name: str, result: str) -> None:
    def public(A: Tensor, *, out: Any = None) -> Any:
        """The sign and the logarithm of the size of the determinant."""
        check_matrix("linalg.slogdet", A)
        pair = named(result, ("sign", "logabsdet"))(*slogdet_pair.public(A))
        return pair if out is None else write_out(name, out, pair)

    function(
        name=name,
        methods="slogdet" if name == "slogdet" else "",
        samples=square_samples,
        errors=lambda m: [
            m.error(
                RuntimeError,
                "linalg.slogdet: A must be batches of square matrices, but they are 2 by 3 matrices",
                m.f(2, 3),
            )
        ],
    )(public)


_slogdet("linalg.slogdet", "linalg_slogdet")
_slogdet("slogdet", "slogdet")


@function(
    methods="logdet",
    samples=lambda m: [m(positive(m)), m(positive(m, 2)), m(m.f(0, 2, 2)), m(positive(m).t()), m.without(*_NO_0D)],
    errors=lambda m: [
        m.error(RuntimeError, "logdet: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3))
    ],
)
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative."""
    check_matrix("logdet", input)
    sign, size = slogdet_pair.public(input)
    return REGISTRY["where"].public(sign == -1, float("nan"), size)  # type: ignore[no-any-return]


# --- systems --------------------------------------------------------------------------------------------------------------
def solve_samples(m: Any) -> list[Any]:
    """Vectors and matrices on the right, batches."""
    return [
        m(well(m), m.f(3)),
        m(well(m), m.f(3, 2)),
        m(well(m, 2), m.f(2, 3)),
        m(well(m, 2), m.f(2, 3, 2)),
        m(well(m, 2), m.f(3, 2)),
        m(well(m).t(), m.nc(3, 2)),
        m(m.f(0, 3, 3), m.f(0, 3, 1)),
        m.without(*_NO_0D),
    ]


@opaque(public=False, grad_name="LinalgSolveExBackward0")
def solution(k, A, B, *, vector):
    """X of ``A X = B``."""
    try:
        return np.linalg.solve(A, B[..., None])[..., 0] if vector else np.linalg.solve(A, B)
    except np.linalg.LinAlgError:
        raise errors.LinAlgError(
            "torch.linalg.solve: The solver failed because the input matrix is singular."
        ) from None


def _right_gradient(k, A, g, vector):
    return k.solution(adjoint(k, A), g, vector=vector)


@solution.vjp("A")
def _(k, g, A, out, vector):
    gB = _right_gradient(k, A, g, vector)
    if vector:
        return -k.unsqueeze(gB, -1) * k.conj(k.unsqueeze(out, -2))
    return -k.matprod(gB, adjoint(k, out))


@solution.vjp("B")
def _(k, g, A, vector):
    return _right_gradient(k, A, g, vector)


@function(
    name="linalg.solve",
    samples=lambda m: [*solve_samples(m), m(well(m), m.f(2, 3), left=False).other_nodes("transposed")],
    errors=lambda m: [
        *[
            m.error(
                RuntimeError,
                "linalg.solve: A must be batches of square matrices, but they are 2 by 3 matrices",
                m.f(2, 3),
                m.f(2),
            )
        ],
        m.error(
            RuntimeError, "linalg.solve: Incompatible shapes of A and B for the equation AX = B", well(m), m.f(4, 1)
        ),
        m.error(
            m.torch.linalg.LinAlgError,
            "The solver failed because the input matrix is singular.",
            m.torch.zeros(2, 2),
            m.torch.ones(2),
        ),
    ],
)
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Any = None) -> Tensor:
    """X of ``A X = B`` (``X A = B`` with ``left=False``); B is a matrix, a vector, or a batch of either."""
    check_matrix("linalg.solve", A)
    a, b = A._a.shape, B._a.shape
    vector = B._a.ndim == 1 or (B._a.ndim == A._a.ndim - 1 and b == a[:-1])
    if not left:
        result = solve(A.transpose(-2, -1), B if vector else B.transpose(-2, -1))
        result = result if vector else result.transpose(-2, -1)
    else:
        if b[-1 if vector else -2] != a[-1]:
            columns = 1 if vector else b[-1]
            raise errors.runtime(
                "linalg.solve: Incompatible shapes of A and B for the equation AX = B "
                f"({a[-2]}x{a[-1]} and {b[-1 if vector else -2]}x{columns})"
            )
        result = solution.public(A, B, vector=vector)
    return result if out is None else write_out("linalg_solve", out, result)


@opaque(public=False, grad_name="LinalgSolveTriangularBackward0")
def triangular_solution(k, A, B, *, upper, unit):
    """X of ``A X = B`` where only one triangle of A is read."""
    t = np.triu(A) if upper else np.tril(A)
    if unit:
        n = A.shape[-1]
        t = np.where(np.eye(n, dtype=bool), A.dtype.type(1), t)
    return np.linalg.solve(t, B)


@triangular_solution.vjp("A")
def _(k, g, A, out, upper, unit):
    gB = k.triangular_solution(adjoint(k, A), g, upper=not upper, unit=unit)
    whole = -k.matprod(gB, adjoint(k, out))
    shift = 1 if unit else 0
    return _mask(k, whole, (lambda m: np.triu(m, shift)) if upper else (lambda m: np.tril(m, -shift)))


@triangular_solution.vjp("B")
def _(k, g, A, upper, unit):
    return k.triangular_solution(adjoint(k, A), g, upper=not upper, unit=unit)


@function(
    name="linalg.solve_triangular",
    samples=lambda m: [
        m(well(m), m.f(3, 2), upper=True),
        m(well(m), m.f(3, 2), upper=False),
        m(well(m, 2), m.f(3, 2), upper=True, unitriangular=True),
        m(well(m), m.f(2, 3), upper=True, left=False).other_nodes("transposed"),
        m(m.f(0, 3, 3), m.f(0, 3, 1), upper=True),
        m(well(m).t(), m.f(3, 1), upper=True),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "linalg.solve_triangular: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
            m.f(2, 2),
            upper=True,
        ),
        m.error(RuntimeError, "Incompatible shapes of A and B", well(m), m.f(4, 1), upper=True),
    ],
)
def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Any = None
) -> Tensor:
    """X of ``A X = B`` for a triangular A; the other triangle is not read."""
    check_matrix("linalg.solve_triangular", A)
    if not left:
        result = solve_triangular(
            A.transpose(-2, -1), B.transpose(-2, -1), upper=not upper, unitriangular=unitriangular
        ).transpose(-2, -1)
    else:
        a, b = A._a.shape, B._a.shape
        if b[-2] != a[-1]:
            raise errors.runtime(
                f"linalg.solve_triangular: Incompatible shapes of A and B for the equation AX = B ({a[-2]}x{a[-1]} and {b[-2]}x{b[-1]})"
            )
        result = triangular_solution.public(A, B, upper=bool(upper), unit=bool(unitriangular))
    return result if out is None else write_out("linalg_solve_triangular", out, result)  # type: ignore[no-any-return]


# --- Cholesky -------------------------------------------------------------------------------------------------------------
def _minor(A: Any) -> int:
    """The order of the first leading minor that is not positive definite."""
    for a in A.reshape(-1, *A.shape[-2:]):
        for n in range(1, len(a) + 1):
            try:
                np.linalg.cholesky(a[:n, :n])
            except np.linalg.LinAlgError:
                return n
    return A.shape[-1]


@opaque(public=False, grad_name="LinalgCholeskyExBackward0")
def cholesky_factor(k, A):
    """The lower triangular L of ``A = L L^H``."""
    try:
        return np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        raise errors.LinAlgError(
            "linalg.cholesky: The factorization could not be completed because the input is not positive-definite (the leading "
            f"minor of order {_minor(A)} is not positive-definite)."
        ) from None


@cholesky_factor.vjp("A")
def _(k, g, out):
    # Murray, "Differentiation of the Cholesky decomposition" (2016)
    phi = _mask(k, k.matprod(adjoint(k, out), g), np.tril)
    n = out.shape[-1]
    half = constant(
        k, np.where(np.eye(n, dtype=bool), 0.5, 1.0).astype((out._a if isinstance(out, Tensor) else out).dtype)
    )
    h = adjoint(k, out)
    half_way = k.triangular_solution(h, adjoint(k, phi * half), upper=True, unit=False)
    inner = k.triangular_solution(h, adjoint(k, half_way), upper=True, unit=False)
    return 0.5 * (inner + adjoint(k, inner))


@function(
    name="linalg.cholesky",
    samples=lambda m: [
        m(positive(m)).value_only("one triangle is read: see tests/test_linalg.py"),
        m(positive(m, 2)).value_only("one triangle is read: see tests/test_linalg.py"),
        m(m.f(0, 2, 2)),
        m(positive(m).t()).value_only("one triangle is read: see tests/test_linalg.py"),
        m(positive(m), upper=True).value_only("one triangle is read: see tests/test_linalg.py"),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        *matrix_errors("linalg.cholesky")(m),
        m.error(m.torch.linalg.LinAlgError, "(the leading minor of order 1 is not positive-definite)", -m.torch.eye(2)),
    ],
)
def cholesky(A: Tensor, *, upper: bool = False, out: Any = None) -> Tensor:
    """The lower triangular L of ``A = L L^H`` (or the upper one) for positive definite matrices."""
    check_matrix("linalg.cholesky", A)
    result = cholesky_factor.public(A)
    result = adjoint(tensors, result) if upper else result
    return result if out is None else write_out("linalg_cholesky", out, result)  # type: ignore[no-any-return]


@function(
    name="cholesky",
    methods="cholesky",
    samples=lambda m: [
        m(positive(m)).value_only("one triangle is read: see tests/test_linalg.py"),
        m(positive(m), upper=True).value_only("one triangle is read: see tests/test_linalg.py"),
        m(m.f(0, 2, 2)).other_nodes("one name here"),
        m(positive(m).t()).value_only("one triangle is read: see tests/test_linalg.py"),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "cholesky: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3))
    ],
)
def old_cholesky(input: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """``linalg.cholesky`` under its old name."""
    check_matrix("cholesky", input)
    return cholesky(input, upper=upper, out=out)


@function(
    methods="cholesky_inverse",
    samples=lambda m: (
        [m(s).value_only("one triangle is read") for s in (well(m), well(m, 2), m.f(0, 2, 2), well(m).t())]
        + [m.without(*_NO_0D)]
    ),
    errors=lambda m: [
        m.error(
            RuntimeError,
            "cholesky_inverse: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
        )
    ],
)
def cholesky_inverse(L: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """The inverse of ``L L^H`` (``U^H U`` with ``upper``)."""
    check_matrix("cholesky_inverse", L)
    eye = wrap(np.eye(L._a.shape[-1], dtype=L._a.dtype)).expand(*L._a.shape)
    half = triangular_solution.public(L, eye, upper=upper, unit=False)
    other = adjoint(tensors, half)
    result = half.matmul(other) if upper else other.matmul(half)
    return result if out is None else write_out("cholesky_inverse", out, result)  # type: ignore[no-any-return]


@function(
    methods="cholesky_solve",
    samples=lambda m: [
        m(m.f(3, 2), well(m)).value_only("one triangle is read"),
        m(m.f(2, 3, 2), well(m, 2), True).value_only("one triangle is read"),
        m(m.f(0, 3, 2), m.f(0, 3, 3)).value_only("one triangle is read"),
        m(m.nc(3, 2), well(m)).value_only("one triangle is read"),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 2),
            m.f(2, 3),
        )
    ],
)
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """X of ``L L^H X = B`` (``U^H U X = B`` with ``upper``)."""
    check_matrix("cholesky_solve", L)
    first, second = (adjoint(tensors, L), L) if upper else (L, adjoint(tensors, L))
    half = triangular_solution.public(first, B, upper=False, unit=False)
    result = triangular_solution.public(second, half, upper=True, unit=False)
    return result if out is None else write_out("cholesky_solve", out, result)  # type: ignore[no-any-return]


# --- powers ---------------------------------------------------------------------------------------------------------------
@function(
    name="linalg.matrix_power",
    aliases="matrix_power",
    methods="matrix_power",
    samples=lambda m: [
        m(well(m), 2),
        m(well(m), 3),
        m(well(m), -1),
        m(well(m), -2),
        m(well(m), 0).value_only("a constant"),
        m(well(m), 1).other_nodes("itself"),
        m(well(m, 2), 5).other_nodes("bmm"),
        m(m.f(0, 2, 2), 2).other_nodes("bmm"),
        m(well(m).t(), 4),
        m.without(*_NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "linalg.matrix_power: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
            2,
        )
    ],
)
def matrix_power(A: Tensor, n: int, *, out: Any = None) -> Tensor:
    """The matrix multiplied n times with itself; its inverse for negative n."""
    check_matrix("linalg.matrix_power", A)
    if n == 0:
        eye = wrap(np.array(np.broadcast_to(np.eye(A._a.shape[-1], dtype=A._a.dtype), A._a.shape)))
        result = REGISTRY["copy"].public(A, eye)
    else:
        result = power(A if n > 0 else inv.public(A), n if n > 0 else -n)
        result = REGISTRY["clone"].public(A) if result is A else result
    return result if out is None else write_out("linalg_matrix_power", out, result)


def _exponential(A: Any) -> Any:
    """exp of matrices by Taylor's series of degree 18, scaled to norm 1/2 and squared back."""
    x = A.astype(np.complex128 if A.dtype.kind == "c" else np.float64)
    size = np.abs(x).sum(-1).max(initial=0.0)
    times = max(0, int(np.ceil(np.log2(size))) + 1) if size > 0 and np.isfinite(size) else 0
    x = x / 2.0**times
    out = term = np.broadcast_to(np.eye(A.shape[-1], dtype=x.dtype), x.shape)
    for i in range(1, 19):
        term = term @ x / i
        out = out + term
    for _ in range(times):
        out = out @ out
    return out.astype(A.dtype)


@opaque(
    torch_name="linalg.matrix_exp",
    aliases="matrix_exp",
    methods="matrix_exp",
    grad_name="LinalgMatrixExpBackward0",
    samples=square_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "linalg.matrix_exp: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
        )
    ],
)
def matrix_exp(k, A):
    """The exponential of a square matrix, or of each of a batch."""
    return _exponential(A)


@matrix_exp.prepare
def _(A):
    check_matrix("linalg.matrix_exp", A)
    return (A,), {}


@matrix_exp.vjp("A")
def _(k, g, A):
    # the derivative in a direction is a block of the exponential of a matrix of twice the size
    h = adjoint(k, A)
    n = A.shape[-1]
    top, bottom = k.cat([h, g], -1), k.cat([h * 0.0, h], -1)
    whole = k.matrix_exp(k.cat([top, bottom], -2))
    return k.basic_slice(whole, where=(Ellipsis, slice(0, n), slice(n, 2 * n)))
