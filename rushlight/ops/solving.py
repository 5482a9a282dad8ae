"""Inverses and linear systems: elimination of our own for small matrices, LAPACK through NumPy for large ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..errors import check_dim
from ..functions import function
from ..kernels import elimination
from ..op import opaque
from ..readers import arrays
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .lu import eliminated, first_failure, solved
from .matrices import (
    NO_0D,
    adjoint,
    by_columns,
    check_dtypes,
    check_floats,
    check_kernel,
    check_matrix,
    check_square,
    check_system,
    check_tensor,
    matrix_errors,
    square_samples,
    well,
)

_MKL = 8  # rows up to which a system of several columns has the digits of MKL's small ones


def _solve(A: Any, B: Any) -> tuple[Any, Any]:
    """X of ``A X = B`` and the first zero pivots. Small systems give MKL's digits, which NumPy's LAPACK does not."""
    n, columns = A.shape[-1], B.shape[-1]
    if n > elimination.MOST or (n > _MKL and columns > 1):
        try:
            return np.linalg.solve(A, B), np.zeros(A.shape[:-2], np.int32)
        except np.linalg.LinAlgError:
            pass  # one matrix of a batch is enough; elimination says which
    found = elimination.solutions(A, B)
    if found is not None:
        return found
    LU, pivots, info = eliminated(A)
    return solved(LU, pivots, B), info


# --- inverses ---------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("inverse", "info"), n_diff=1, grad_name="LinalgInvExBackward0")
def inverse_info(k, A):
    """The inverse of square matrices, and the number of the first pivot that is zero (0: there is none)."""
    small = elimination.solutions(A, None) if A.shape[-1] <= _MKL else None
    X, info = _solve(A, np.eye(A.shape[-1], dtype=A.dtype)) if small is None else small
    return by_columns(X), info


@inverse_info.vjp("A")
def _(k, g, inverse):
    h = adjoint(k, inverse)
    return -k.matprod(h, k.matprod(g, h))


def scaled_inverse(k: Any, A: Any, factor: Any) -> Any:
    """``factor * inv(A)^H``: as PyTorch has it, a system with the factor on the diagonal of its right side."""
    wide = k.reshape_gradient(factor, size=(*factor.shape, 1, 1))
    if k is arrays and A.shape[-1] <= _MKL and A.dtype.kind == "f" and A.flags.c_contiguous:
        found = elimination.solutions(A.swapaxes(-1, -2), wide * np.eye(A.shape[-1], dtype=A.dtype))
        if found is not None:
            return by_columns(found[0])
    return wide * adjoint(k, inverse_of(k, A))


def inverse_of(k: Any, A: Any) -> Any:
    """The inverse, for rules."""
    return k.inverse_info(A)[0]


def refuse_singular(name: str, info: Tensor) -> None:
    """Raise what PyTorch raises for the first matrix that has no inverse."""
    found = first_failure(info)
    if found is not None:
        raise errors.LinAlgError(
            f"{name}: {found[0]}The diagonal element {found[1]} is zero, the inversion could not be completed because the input "
            "matrix is singular."
        )


_SINGULAR = "The diagonal element 1 is zero, the inversion could not be completed because the input matrix is singular."


@function(
    name="linalg.inv",
    aliases="inverse",
    methods="inverse",
    samples=lambda m: [*square_samples(m), m(well(m, n=8)), m(m.torch.full((2, 2), float("nan"))).value_only("NaN")],
    errors=lambda m: [
        *matrix_errors("linalg.inv")(m),
        m.error(m.torch.linalg.LinAlgError, "linalg.inv: " + _SINGULAR, m.torch.zeros(2, 2)),
        m.error(m.torch.linalg.LinAlgError, "linalg.inv: (Batch element 0): " + _SINGULAR, m.torch.zeros(1, 2, 2)),
        m.error(
            m.torch.linalg.LinAlgError,
            "The diagonal element 3 is zero",
            m.torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
        ),
    ],
)
def inv(A: Tensor, *, out: Any = None) -> Tensor:
    """The inverse of a square matrix, or of each of a batch.

    Raises:
        torch.linalg.LinAlgError: for a singular matrix.
    """
    check_matrix("linalg.inv", A)
    check_floats("linalg.inv", A, low=False)
    result, info = inverse_info.public(A)
    refuse_singular("linalg.inv", info)
    return result if out is None else write_out("linalg_inv", out, result, (), "exact")  # type: ignore[no-any-return]


@function(
    name="linalg.inv_ex",
    samples=lambda m: [
        *square_samples(m),
        m(m.torch.zeros(2, 2)).value_only("singular"),
        m(m.torch.stack([m.torch.eye(2), m.torch.ones(2, 2)])).value_only("singular"),
    ],
    errors=lambda m: [
        *matrix_errors("linalg.inv")(m),
        m.error(m.torch.linalg.LinAlgError, "linalg.inv_ex: " + _SINGULAR, m.torch.zeros(2, 2), check_errors=True),
    ],
)
def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverse, and the number of the first zero pivot (0 if there is none) instead of an error."""
    check_matrix("linalg.inv", A)
    check_floats("linalg.inv", A, low=False)
    result = named("linalg_inv_ex", ("inverse", "info"))(*inverse_info.public(A))
    if check_errors:
        refuse_singular("linalg.inv_ex", result.info)
    return result if out is None else write_out("linalg_inv_ex", out, result, (), "exact")


# --- systems ----------------------------------------------------------------------------------------------------------
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
        m(well(m), m.f(2, 3), left=False),
        m(well(m, 2), m.f(2, 2, 3), left=False),
        m(well(m, n=20), m.f(20, 2)),
        m.without(*NO_0D),
    ]


@opaque(public=False, outputs=("result", "info"), n_diff=1, grad_name="LinalgSolveExBackward0")
def solution(k, A, B, *, vector, left):
    """X of ``A X = B`` (``X A = B``), and the first zero pivots.

    Gradient of ``A`` (left True): ``-solve(A.T, g) @ X.T``.
    Gradient of ``B`` (left True): ``solve(A.T, g)``.
    Gradient of ``A`` (left False): ``-X.T @ (g @ inv(A).T)``.
    Gradient of ``B`` (left False): ``g @ inv(A).T``.
    """
    if not left:
        X, info = _solve(A.swapaxes(-1, -2), B.swapaxes(-1, -2))
        return by_columns(X).swapaxes(-1, -2), info
    if vector:
        X, info = _solve(A, B[..., None])
        return X[..., 0], info
    X, info = _solve(A, B)
    return by_columns(X), info


def _led_back(k: Any, g: Any, A: Any, vector: bool, left: bool) -> Any:
    """The solution of the transposed system for a gradient, of small ones from the factors of A itself: up to four rows, MKL's digits."""
    if k is arrays and left and A.shape[-1] <= _MKL and A.shape[:-2] == g.shape[: A.ndim - 2]:
        LU, pivots, _ = eliminated(A)
        return solved(LU, pivots, g[..., None], True)[..., 0] if vector else by_columns(solved(LU, pivots, g, True))
    return k.solution(adjoint(k, A), g, vector=vector, left=left)[0]


@solution.vjp("A")
def _(k, g, A, result, vector, left):
    gB = _led_back(k, g, A, vector, left)
    if vector:
        return -k.unsqueeze(gB, -1) * k.conj(k.unsqueeze(result, -2))
    return -k.matprod(gB, adjoint(k, result)) if left else -k.matprod(adjoint(k, result), gB)


@solution.vjp("B")
def _(k, g, A, vector, left):
    return _led_back(k, g, A, vector, left)


def _solved(name: str, A: Any, B: Any, left: bool) -> tuple[Tensor, Tensor]:
    check_tensor(name, "A", 1, A)
    check_tensor(name, "B", 2, B)
    check_square("linalg.solve", A)
    check_floats("linalg.solve", A)
    check_dtypes("linalg.solve", A, B)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    check_system("linalg.solve", A, B.detach().unsqueeze(-1) if vector else B, left)
    check_kernel("lu_cpu", A)
    return solution.public(A, B, vector=vector, left=bool(left))  # type: ignore[no-any-return]


def _solve_errors(m: Any) -> list[Any]:
    return [
        m.error(
            RuntimeError,
            "linalg.solve: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
            m.f(2),
        ),
        m.error(
            RuntimeError,
            "linalg.solve: Incompatible shapes of A and B for the equation AX = B (3x3 and 4x1)",
            well(m),
            m.f(4, 1),
        ),
        m.error(
            RuntimeError,
            "linalg.solve: Incompatible shapes of A and B for the equation XA = B (3x3 and 3x1)",
            well(m),
            m.f(3, 1),
            left=False,
        ),
        m.error(
            RuntimeError,
            "linalg.solve: Expected A and B to have the same dtype, but found A of type Double and B of type Long instead",
            well(m),
            m.i(3, 1),
        ),
    ]


@function(
    name="linalg.solve",
    samples=solve_samples,
    errors=lambda m: [
        *_solve_errors(m),
        m.error(
            m.torch.linalg.LinAlgError,
            "torch.linalg.solve: The solver failed because the input matrix is singular.",
            m.torch.zeros(2, 2),
            m.torch.ones(2),
        ),
    ],
)
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Any = None) -> Tensor:
    """X of ``A X = B`` (``X A = B`` with ``left=False``); B is a matrix, a vector, or a batch of either.

    Raises:
        torch.linalg.LinAlgError: for a singular matrix.
    """
    result, info = _solved("linalg.solve", A, B, left)
    _refuse_singular_system("torch.linalg.solve", info)
    return result if out is None else write_out("linalg_solve", out, result, (), "exact")  # type: ignore[no-any-return]


def _refuse_singular_system(name: str, info: Tensor) -> None:
    found = first_failure(info)
    if found is not None:
        raise errors.LinAlgError(f"{name}: {found[0]}The solver failed because the input matrix is singular.")


@function(
    name="linalg.solve_ex",
    samples=lambda m: [*solve_samples(m), m(m.torch.zeros(2, 2), m.torch.ones(2)).value_only("singular")],
    errors=lambda m: [
        *_solve_errors(m),
        m.error(
            m.torch.linalg.LinAlgError,
            "torch.linalg.solve_ex: (Batch element 0): The solver failed because the input matrix is singular.",
            m.torch.zeros(1, 2, 2),
            m.torch.ones(1, 2),
            check_errors=True,
        ),
    ],
)
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """As ``linalg.solve``, with the number of the first zero pivot (0 if there is none) instead of an error."""
    result = named("linalg_solve_ex", ("result", "info"))(*_solved("linalg.solve_ex", A, B, left))
    if check_errors:
        _refuse_singular_system("torch.linalg.solve_ex", result.info)
    return result if out is None else write_out("linalg_solve_ex", out, result, (), "exact")


# --- tensors as maps --------------------------------------------------------------------------------------------------
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
        ),
        m.error(RuntimeError, "Expected a strictly positive integer for 'ind', but got 0", m.f(2, 2), 0),
        m.error(m.torch.linalg.LinAlgError, "inv: " + _SINGULAR, m.torch.zeros(2, 2), 1),
    ],
)
def tensorinv(A: Tensor, ind: int = 2, *, out: Any = None) -> Tensor:
    """The inverse of the linear map from the last dimensions to the first ``ind``."""
    check_tensor("linalg.tensorinv", "input", 1, A)
    if ind <= 0:
        raise errors.runtime(f"Expected a strictly positive integer for 'ind', but got {ind}")
    shape = A._a.shape
    if len(shape) < ind:
        raise errors.runtime(f"ArrayRef: invalid slice, N = {ind}; size = {len(shape)}")
    _check_map("ind", int(np.prod(shape[ind:])), int(np.prod(shape[:ind])))
    result, info = inverse_info.public(A.reshape(-1 if A.numel() else 0, int(np.prod(shape[ind:]))))
    refuse_singular("inv", info)
    result = result.reshape(*shape[ind:], *shape[:ind])
    return result if out is None else write_out("linalg_tensorinv", out, result)  # type: ignore[no-any-return]


def _check_map(where: str, columns: int, rows: int) -> None:
    if rows != columns:
        raise errors.runtime(
            f"Expected self to satisfy the requirement prod(self.shape[{where}:]) == prod(self.shape[:{where}]), but got "
            f"{columns} != {rows}"
        )


def _map(m: Any) -> Any:
    return m.f(2, 3, 6) + 2 * m.torch.eye(6, dtype=m._dtype()).reshape(2, 3, 6)


@function(
    name="linalg.tensorsolve",
    samples=lambda m: [
        m(_map(m), m.f(2, 3)),
        m(_map(m).transpose(0, 1), m.f(3, 2), dims=(2,)).other_nodes("moved"),
        m(well(m).t(), m.f(3)),
        m(_map(m).movedim(2, 0).contiguous(), m.f(2, 3), dims=(0,)),
        m.without("empty", "a system"),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
            "5 != 6",
            m.f(2, 3, 5),
            m.f(2, 3),
        ),
        m.error(IndexError, "Dimension out of range", m.f(2, 3, 6), m.f(2, 3), (9,)),
    ],
)
def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Any = None) -> Tensor:
    """X with ``tensordot(A, X, X.ndim) = B``; the dimensions ``dims`` of A are moved to its end first."""
    check_tensor("linalg.tensorsolve", "input", 1, A)
    check_tensor("linalg.tensorsolve", "other", 2, B)
    if dims is not None:
        last = [check_dim(d, A.ndim) for d in ((dims,) if isinstance(dims, int) else dims)]
        A = A.movedim(tuple(last), tuple(range(A.ndim - len(last), A.ndim)))
    shape = A._a.shape[B.ndim :]
    columns = int(np.prod(shape))
    _check_map("other.ndim", columns, B.numel())
    result = solve(A.reshape(columns, columns), B.flatten()).reshape(shape)
    return result if out is None else write_out("linalg_tensorsolve", out, result)  # type: ignore[no-any-return]
