"""The Cholesky factors of positive definite matrices, and what is computed from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import opaque
from ..readers import tensors
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, constant, matrix_errors, pattern, positive, well
from .triangular_systems import triangular_solution


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
    phi = pattern(k, k.matprod(adjoint(k, out), g), np.tril)
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
        m.without(*NO_0D),
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
        m.without(*NO_0D),
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
        + [m.without(*NO_0D)]
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
        m.without(*NO_0D),
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
