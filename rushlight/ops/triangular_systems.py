"""Systems with a triangular matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import opaque
from ..tensor import Tensor
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, pattern, well


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
    return pattern(k, whole, (lambda m: np.triu(m, shift)) if upper else (lambda m: np.tril(m, -shift)))


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
