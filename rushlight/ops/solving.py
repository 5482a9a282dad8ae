"""Inverses and linear systems. LAPACK through NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, matrix_errors, square_samples, well


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
        m.without(*NO_0D),
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


@function(
    name="linalg.tensorinv",
    samples=lambda m: [
        m(m.f(4, 2, 2) + 2 * m.torch.eye(4, dtype=m._dtype()).reshape(4, 2, 2), 1).other_nodes("composed"),
        m(well(m), 1).other_nodes("composed"),
        m(well(m).t(), 1).other_nodes("composed"),
        m.without("empty", "an inverse"),
        m.without(*NO_0D),
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
