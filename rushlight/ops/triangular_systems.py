"""Systems with a triangular matrix, solved by substitution."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..kernels import elimination
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .matrices import (
    NO_0D,
    adjoint,
    by_columns,
    check_kernel,
    check_old_system,
    check_square,
    check_system,
    check_tensor,
    lower,
    or_zero,
    upper,
    well,
)

FEW = elimination.FEW  # up to here row by row with the reciprocals of the diagonal, as MKL solves so small systems
BLOCK = 32  # up to here column by column, above in halves, whose products are one call each


def substituted(T: Any, B: Any, up: bool, unit: bool) -> Any:
    """X of ``T X = B`` by substitution; only one triangle of T is read (Golub and Van Loan, "Matrix Computations", 3.1)."""
    n = T.shape[-1]
    found = elimination.substituted(T, B, up, unit)
    if found is not None:
        return found
    if n > BLOCK:
        h = n // 2
        first, last = (Ellipsis, slice(None, h), slice(None)), (Ellipsis, slice(h, None), slice(None))
        if up:
            below = substituted(T[..., h:, h:], B[last], up, unit)
            above = substituted(T[..., :h, :h], B[first] - T[..., :h, h:] @ below, up, unit)
        else:
            above = substituted(T[..., :h, :h], B[first], up, unit)
            below = substituted(T[..., h:, h:], B[last] - T[..., h:, :h] @ above, up, unit)
        return np.concatenate([above, below], -2)
    if 0 < n <= FEW:
        return _by_rows(T, B, up, unit)
    batch = np.broadcast_shapes(T.shape[:-2], B.shape[:-2])
    X = np.array(np.broadcast_to(B, (*batch, *B.shape[-2:])))
    for i in range(n - 1, -1, -1) if up else range(n):
        if not unit:
            X[..., i, :] /= T[..., i, i, None]
        rest = slice(0, i) if up else slice(i + 1, n)
        X[..., rest, :] -= T[..., rest, i, None] * X[..., i, None, :]
    return X


def _by_rows(T: Any, B: Any, up: bool, unit: bool) -> Any:
    n = T.shape[-1]
    table = [list(row) for row in T] if T.ndim == 2 else [[T[..., i, j, None] for j in range(n)] for i in range(n)]
    shape = (*np.broadcast_shapes(T.shape[:-2], B.shape[:-2]), *B.shape[-2:])
    B = np.broadcast_to(B, shape)
    X = [B[..., i, :] for i in range(n)]
    if B.ndim == 2 and T.ndim == 2 and B.shape[1] == 1:
        X = [row[0] for row in X]  # numbers, not arrays of one
    order = range(n - 1, -1, -1) if up else range(n)
    for done, i in enumerate(order):
        row, total = table[i], None
        for j in order[:done]:
            total = row[j] * X[j] if total is None else total + row[j] * X[j]
        x = X[i] if total is None else X[i] - total
        X[i] = x if unit else x * (1 / row[i])
    return np.stack(X, 0 if X[0].ndim == 0 else -2).reshape(shape)


@opaque(public=False, grad_name="LinalgSolveTriangularBackward0")
def triangular_solution(k, A, B, *, upper, unit, left=True):
    """X of ``A X = B`` (``X A = B``) where only one triangle of A is read.

    Gradient of ``A`` (left True): ``-solve_triangular(A.T, g) @ X.T``, the triangle that is read.
    Gradient of ``B`` (left True): ``solve_triangular(A.T, g)``.
    Gradient of ``A`` (left False): ``-X.T @ (g @ inv(A).T)``, the triangle that is read.
    Gradient of ``B`` (left False): ``g @ inv(A).T``.
    """
    if left:
        return by_columns(substituted(A, B, upper, unit))
    return substituted(A.swapaxes(-1, -2), B.swapaxes(-1, -2), not upper, unit).swapaxes(-1, -2)


@triangular_solution.vjp("A")
def _(k, g, A, out, upper, unit, left):
    gB = k.triangular_solution(adjoint(k, A), g, upper=not upper, unit=unit, left=left)
    whole = -k.matprod(gB, adjoint(k, out)) if left else -k.matprod(adjoint(k, out), gB)
    return _triangle(k, whole, upper, unit)


def _triangle(k, x, up, unit):
    return upper(k, x, int(unit)) if up else lower(k, x, -int(unit))


@triangular_solution.vjp("B")
def _(k, g, A, upper, unit, left):
    return k.triangular_solution(adjoint(k, A), g, upper=not upper, unit=unit, left=left)


@function(
    name="linalg.solve_triangular",
    samples=lambda m: [
        m(well(m), m.f(3, 2), upper=True),
        m(well(m), m.f(3, 2), upper=False),
        m(well(m, 2), m.f(3, 2), upper=True, unitriangular=True),
        m(well(m), m.f(2, 3), upper=True, left=False),
        m(m.f(0, 3, 3), m.f(0, 3, 1), upper=True),
        m(well(m).t(), m.f(3, 1), upper=True),
        m(m.torch.zeros(2, 2), m.torch.ones(2, 1), upper=True).value_only("infinite"),
        m(well(m, n=40), m.f(40, 2), upper=True),
        m(well(m, n=40), m.f(2, 40), upper=True, left=False),
        m(well(m, n=40), m.f(40, 2), upper=False),
        m.without(*NO_0D),
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
    """X of ``A X = B`` (``X A = B`` with ``left=False``) for a triangular A; the other triangle is not read."""
    name = "linalg.solve_triangular"
    check_tensor(name, "A", 1, A)
    check_tensor(name, "B", 2, B)
    check_square(name, A)
    B = B if B.dtype is A.dtype else B.to(A.dtype)
    check_system(name, A, B, left)
    check_kernel("triangular_solve_cpu", A)
    result = triangular_solution.public(A, B, upper=bool(upper), unit=bool(unitriangular), left=bool(left))
    return result if out is None else write_out("linalg_solve_triangular", out, result, (), "exact")  # type: ignore[no-any-return]


@opaque(public=False, outputs=("solution", "cloned_coefficient"), n_diff=2, grad_name="TriangularSolveBackward0")
def triangular_solve_pair(k, b, A, *, upper, transpose, unitriangular):
    """X of ``A X = b`` and a copy of A.

    Gradient of ``b``: the solution of the transposed system for g.
    Gradient of ``A`` (from cloned_coefficient): g.
    Gradient of ``A`` (transpose True): ``-solution @ G.T``, ``G`` the solution of the transposed system for g; the triangle that is read.
    Gradient of ``A``: ``-G @ solution.T``, ``G`` the solution of the transposed system for g; the triangle that is read.
    """
    batch = np.broadcast_shapes(A.shape[:-2], b.shape[:-2])
    T, up = (A.swapaxes(-1, -2), not upper) if transpose else (A, upper)
    return substituted(T, b, up, unitriangular), np.array(np.broadcast_to(A, (*batch, *A.shape[-2:])))


@triangular_solve_pair.vjp("b")
def _(k, g, A, solution, upper, transpose, unitriangular):
    if g[0] is None:
        return None
    return _solved(k, g[0], A, upper, transpose, unitriangular)


def _solved(k, g, A, up, transpose, unit):
    T = k.conj(A) if transpose else adjoint(k, A)
    return k.triangular_solution(T, g, upper=up if transpose else not up, unit=unit)


@triangular_solve_pair.vjp("A")
def _(k, g, A, solution, upper, transpose, unitriangular):
    copied = or_zero(k, g[1], A)
    if g[0] is None:
        return copied
    gb = _solved(k, g[0], A, upper, transpose, unitriangular)
    whole = k.matprod(k.conj(solution), k.transpose(gb, -2, -1)) if transpose else k.matprod(gb, adjoint(k, solution))
    return copied - _triangle(k, whole, upper, unitriangular)


def _check_old_system(name: str, b: Tensor, A: Tensor) -> None:
    for what, x in (("b", b), ("A", A)):
        if x.ndim < 2:
            raise errors.runtime(
                f"torch.{name}: Expected {what} to have at least 2 dimensions, but it has {x.ndim} dimensions instead"
            )
    check_old_system(name, b, A)


@function(
    name="triangular_solve",
    methods="triangular_solve",
    samples=lambda m: [
        m(m.f(3, 2), well(m)),
        m(m.f(3, 2), well(m), upper=False, transpose=True),
        m(m.f(2, 3, 2), well(m), transpose=True, unitriangular=True),
        m(m.f(0, 3, 1), m.f(0, 3, 3)),
        m(m.nc(3, 2), well(m).t()),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Expected b to have at least 2 dimensions, but it has 1 dimensions", m.f(3), well(m)),
        m.error(RuntimeError, "A must be batches of square matrices, but they are 2 by 3", m.f(2, 1), m.f(2, 3)),
        m.error(
            RuntimeError,
            "Incompatible matrix sizes for triangular_solve: each A matrix is 3 by 3 but each b matrix is 2 by 1",
            m.f(2, 1),
            well(m),
        ),
        m.error(
            RuntimeError,
            "Expected b and A to have the same dtype, but found b of type Long and A of type Double instead.",
            m.i(3, 1),
            well(m),
        ),
    ],
)
def triangular_solve(
    input: Tensor,
    A: Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
    *,
    out: Any = None,
) -> Any:
    """X of ``A X = input`` (``A^T X = input`` with ``transpose``) for a triangular A, and a copy of A.

    PyTorch deprecates it in favour of ``torch.linalg.solve_triangular``, which takes A first.
    """
    check_tensor("triangular_solve", "input", 1, input)
    check_tensor("triangular_solve", "A", 2, A)
    errors.warn(
        "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangularand will be removed in a future PyTorch "
        "release.\ntorch.linalg.solve_triangular has its arguments reversed and does not return a copy of one of the inputs.\n"
        "X = torch.triangular_solve(B, A).solution\nshould be replaced with\nX = torch.linalg.solve_triangular(A, B).",
        UserWarning,
        stacklevel=2,
    )
    _check_old_system("triangular_solve", input, A)
    check_kernel("triangular_solve_cpu", A)
    settings = {"upper": bool(upper), "transpose": bool(transpose), "unitriangular": bool(unitriangular)}
    result = named("triangular_solve", ("solution", "cloned_coefficient"))(
        *triangular_solve_pair.public(input, A, **settings)
    )
    return result if out is None else write_out("triangular_solve", out, result)
