"""LU: a matrix as a permutation, a lower and an upper triangle; systems solved with the factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels
from ..functions import function
from ..kernels import elimination
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import (
    NO_0D,
    array_of,
    back,
    back_right,
    by_columns,
    check_dtypes,
    check_floats,
    check_kernel,
    check_square,
    check_system,
    check_tensor,
    columns,
    lower,
    or_zero,
    rows,
    upper,
    well,
)
from .matrices import (
    adjoint as adjoint_of,
)
from .triangular_systems import substituted

PANEL = 16  # columns that are eliminated one by one; of more, the left half first


# --- elimination ------------------------------------------------------------------------------------------------------
# The multipliers are formed with the pivot's reciprocal, and each product is rounded before it is subtracted: MKL's digits for
# up to sixteen rows and columns. It divides in the last step of square matrices of up to four rows.
def eliminated(A: Any) -> tuple[Any, Any, Any]:
    """L and U of a batch of matrices in one array, the rows that were swapped (from 1), and the first zero pivot (or 0)."""
    found = elimination.factors(A)
    if found is not None:
        return found
    m, n = A.shape[-2:]
    batch, k, divide_last = A.shape[:-2], min(A.shape[-2:]), m == n and n <= 4
    a = np.array(A).reshape(int(np.prod(batch)), m, n)
    pivots = np.zeros((len(a), k), np.int32)
    if k and len(a):
        _eliminate(a, pivots, divide_last)
    zero = np.diagonal(a, axis1=-2, axis2=-1) == 0
    info = np.where(zero.any(-1), zero.argmax(-1) + 1, 0) if k else np.zeros(batch)
    return a.reshape(A.shape), (pivots + 1).reshape(*batch, k), info.astype(np.int32).reshape(batch)


def pivot_size(x: Any) -> Any:
    """By what LAPACK compares pivots."""
    return np.abs(x) if x.dtype.kind != "c" else np.abs(x.real) + np.abs(x.imag)


def _eliminate(a: Any, pivots: Any, divide_last: bool = False) -> None:
    """Gaussian elimination with partial pivoting in place (Toledo, "Locality of reference in LU decomposition", 1997)."""
    m, n = a.shape[-2:]
    k = min(m, n)
    if k <= PANEL:
        _eliminate_columns(a, pivots, divide_last)
        return
    h = k // 2
    _eliminate(a[:, :, :h], pivots[:, :h])
    right = np.take_along_axis(a[:, :, h:], row_order(pivots[:, :h], m)[..., None], 1)
    right[:, :h] = substituted(a[:, :h, :h], right[:, :h], False, True)
    right[:, h:] -= a[:, h:, :h] @ right[:, :h]
    a[:, :, h:] = right
    _eliminate(a[:, h:, h:], pivots[:, h:])
    a[:, h:, :h] = np.take_along_axis(a[:, h:, :h], row_order(pivots[:, h:], m - h)[..., None], 1)
    pivots[:, h:] += h


def _eliminate_columns(a: Any, pivots: Any, divide_last: bool) -> None:
    k, every = min(a.shape[-2:]), np.arange(len(a))
    for i in range(k):
        p = pivots[:, i] = i + pivot_size(a[:, i:, i]).argmax(1)
        a[every, i], a[every, p] = a[every, p], a[every, i]
        below, pivot = a[:, i + 1 :, i], a[:, i, i, None]
        if divide_last and i == k - 2:
            np.divide(below, pivot, out=below, where=pivot != 0)
        else:
            np.multiply(below, 1 / pivot, out=below, where=pivot != 0)
        a[:, i + 1 :, i + 1 :] -= below[..., None] * a[:, i, None, i + 1 :]


def row_order(pivots: Any, m: int) -> Any:
    """Where each row came from after the swaps ``i <-> pivots[i]`` (from 0), one after the other."""
    every = np.arange(int(np.prod(pivots.shape[:-1])))
    order, p = np.tile(np.arange(m), (len(every), 1)), pivots.reshape(len(every), pivots.shape[-1])
    for i in range(p.shape[-1]):
        order[every, i], order[every, p[:, i]] = order[every, p[:, i]], order[every, i]
    return order.reshape(*pivots.shape[:-1], m)


def _permutation(pivots: Any, m: int, dtype: Any) -> Any:
    """P of ``A = P L U``."""
    order = row_order(pivots - 1, m)
    return (order[..., None, :] == np.arange(m)[:, None]).astype(dtype)


def _original(pivots: Any, m: int) -> Any:
    """The order that puts the rows of ``L U`` where they were."""
    return np.argsort(row_order(array_of(pivots) - 1, m), -1)


# --- factors ----------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("LU", "pivots", "info"), n_diff=1, grad_name="LinalgLuFactorExBackward0")
def lu_compact(k, A):
    """L and U in one matrix, the rows that were swapped, and the first zero pivot.

    Gradient of ``A``: ``P @ inv(L).T @ (tril(L.T @ tril(g, -1), -1) + triu(triu(g) @ U.T)) @ inv(U).T``, of the square part.
    """
    LU, pivots, info = eliminated(A)
    return by_columns(LU), pivots, info


@lu_compact.vjp("A")
def _(k, g, LU, pivots):
    return _of_factors(k, *_apart(k, g), *_apart(k, LU), pivots)


def _apart(k, x):
    """The L and the U of a compact matrix, L without its unit diagonal."""
    n = min(x.shape[-2:])
    return lower(k, columns(k, x, 0, n), -1), upper(k, rows(k, x, 0, n))


def _of_factors(k, gL, gU, L, U, pivots):
    # A = P L U with M = L^-1 dA U^-1 of the square parts: dL = L (strict lower of M), dU = (upper of M) U
    m, n, s = L.shape[-2], U.shape[-1], U.shape[-2]
    L1, U1 = rows(k, L, 0, s), columns(k, U, 0, s)
    in_lower, in_upper = k.matprod(adjoint_of(k, L1), rows(k, gL, 0, s)), None
    # the diagonal of L is one and is not stored
    in_lower = in_lower + rows(k, gL, 0, s)
    in_upper = k.matprod(columns(k, gU, 0, s), adjoint_of(k, U1))
    if m > n:
        in_upper = in_upper - k.matprod(adjoint_of(k, rows(k, L, s, m)), rows(k, gL, s, m))
    if n > m:
        in_lower = in_lower - k.matprod(columns(k, gU, s, n), adjoint_of(k, columns(k, U, s, n)))
    inner = back_right(k, adjoint_of(k, U1), lower(k, in_lower, -1) + upper(k, in_upper), upper=False)
    if n > m:
        inner = k.cat([inner, columns(k, gU, s, n)], -1)
    inner = back(k, adjoint_of(k, L1), inner, upper=True, unit=True)
    if m > n:
        rest = back_right(k, adjoint_of(k, U1), rows(k, gL, s, m), upper=False)
        inner = k.cat([inner, rest], -2)
    return k.rows_taken(inner, order=_original(pivots, m))


@opaque(public=False, outputs=("L", "U", "pivots", "info"), n_diff=2, grad_name="LinalgLuBackward0")
def lu_factors(k, A):
    """L, U, the rows that were swapped and the first zero pivot.

    Gradient of ``A`` (from L): ``P @ inv(L).T @ tril(L.T @ g, -1) @ inv(U).T``, of the square part.
    Gradient of ``A``: ``P @ inv(L).T @ triu(g @ U.T) @ inv(U).T``, of the square part.
    """
    compact, pivots, info = eliminated(A)
    return *_unpacked(compact), pivots, info


def _unpacked(compact: Any) -> tuple[Any, Any]:
    """L with its unit diagonal, and U."""
    n = min(compact.shape[-2:])
    L = np.tril(compact[..., :n], -1)
    L[..., range(n), range(n)] = 1
    return L, np.triu(compact[..., :n, :])


@lu_factors.vjp("A")
def _(k, g, L, U, pivots):
    return _of_factors(k, or_zero(k, g[0], L), or_zero(k, g[1], U), lower(k, L, -1), U, pivots)


def _check_lu(name: str, A: Any, pivot: Any) -> None:
    check_tensor(name, "A", 1, A)
    where = "linalg.lu" if name == "linalg.lu" else "torch.lu_factor"
    if A.ndim < 2:
        raise errors.runtime(f"{where}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    check_kernel("lu_cpu", A)
    if not pivot:
        raise errors.runtime("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


def first_failure(info: Any) -> tuple[str, int] | None:
    """Which of a batch of matrices failed first, as PyTorch says it, and its code; None if none did."""
    a = info._a if isinstance(info, Tensor) else info
    if isinstance(info, levels.Wrapped) and not info.inside():  # without elements: nobody knows
        return None
    if not a.any():
        return None
    where = int((a.reshape(-1) != 0).argmax())
    return f"(Batch element {where}): " if a.ndim else "", int(a.reshape(-1)[where])


def _refuse_singular(name: str, info: Tensor) -> None:
    found = first_failure(info)
    if found is not None:
        raise errors.runtime(
            f"torch.{name}: {found[0]}U[{found[1]},{found[1]}] is zero and using it on lu_solve would result in a division by "
            "zero. If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
            "linalg.lu_factor_ex(A, pivot)"
        )


def _lu_samples(m: Any) -> list[Any]:
    return [
        m(well(m)),
        m(m.f(4, 3)),
        m(m.f(2, 3)),
        m(m.f(2, 3, 3)),
        m(m.nc(3, 2)),
        m(m.f(0, 3, 2)),
        m(m.f(0, 3)),
        # Pivots that are far from each other, so that no BLAS's rounding grows.
        m(m.f(40, 37) + 6 * m.torch.eye(40, 37, dtype=m._dtype())),
        m(m.f(17, 50) + 6 * m.torch.eye(17, 50, dtype=m._dtype())),
        m.without(*NO_0D),
    ]


def _lu_errors(name: str) -> Any:
    return lambda m: [
        m.error(RuntimeError, f"{name}: Expected tensor with 2 or more dimensions. Got size: [3] instead", m.f(3)),
        m.error(NotImplementedError, "\"lu_cpu\" not implemented for 'Long'", m.i(2, 2)),
        m.error(RuntimeError, "LU without pivoting is not implemented on the CPU", m.f(2, 2), pivot=False),
    ]


@function(name="linalg.lu", samples=_lu_samples, errors=_lu_errors("linalg.lu"))
@levels.by_example
def linalg_lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """P, L, U of ``A = P L U``: a permutation, a lower triangle with a unit diagonal, an upper one; rows swap for the largest pivot.

    Raises:
        RuntimeError: for a vector, and for ``pivot=False``, which PyTorch has on GPUs only.
    """
    _check_lu("linalg.lu", A, pivot)
    L, U, pivots, _ = lu_factors.public(A)
    P = wrap(_permutation(pivots._a, A._a.shape[-2], A._a.dtype))
    result = named("linalg_lu", ("P", "L", "U"))(P, L, U)
    return result if out is None else write_out("linalg_lu", out, result, (), "exact")


@function(
    name="linalg.lu_factor",
    samples=_lu_samples,
    errors=lambda m: [
        *_lu_errors("torch.lu_factor")(m),
        m.error(
            RuntimeError,
            "torch.linalg.lu_factor: U[1,1] is zero and using it on lu_solve would result in a division by zero.",
            m.torch.zeros(2, 2),
        ),
    ],
)
def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """L and U in one matrix, and the row that each row was swapped with, counted from 1: what ``linalg.lu_solve`` takes.

    Raises:
        RuntimeError: where a pivot is zero; ``linalg.lu_factor_ex`` returns which one instead.
    """
    _check_lu("linalg.lu_factor", A, pivot)
    LU, pivots, info = lu_compact.public(A)
    _refuse_singular("linalg.lu_factor", info)
    result = named("linalg_lu_factor", ("LU", "pivots"))(LU, pivots)
    return result if out is None else write_out("linalg_lu_factor", out, result, (), "exact")


@function(
    name="linalg.lu_factor_ex",
    samples=lambda m: [*_lu_samples(m), m(m.torch.zeros(2, 2)).value_only("singular")],
    errors=lambda m: [
        *_lu_errors("torch.lu_factor")(m),
        m.error(
            RuntimeError,
            "torch.linalg.lu_factor_ex: (Batch element 1): U[1,1] is zero and using it on lu_solve",
            m.torch.stack([m.torch.eye(2), m.torch.zeros(2, 2)]),
            check_errors=True,
        ),
    ],
)
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """As ``linalg.lu_factor``, with the number of the first zero pivot (0 if there is none) instead of an error."""
    _check_lu("linalg.lu_factor_ex", A, pivot)
    LU, pivots, info = lu_compact.public(A)
    if check_errors:
        _refuse_singular("linalg.lu_factor_ex", info)
    result = named("linalg_lu_factor_ex", ("LU", "pivots", "info"))(LU, pivots, info)
    return result if out is None else write_out("linalg_lu_factor_ex", out, result, (), "exact")


@function(
    name="lu",
    methods="lu",
    samples=lambda m: [
        m(well(m)),
        m(m.f(2, 4, 3), get_infos=True),
        m(m.nc(3, 2)),
        m(m.f(0, 2, 2)),
        m.without(*NO_0D),
    ],
    errors=_lu_errors("torch.lu_factor"),
)
@levels.by_example
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """``linalg.lu_factor_ex`` under its old name, which PyTorch deprecates; with ``get_infos`` the zero pivots as well."""
    check_tensor("_lu_with_info", "input", 1, A)
    errors.warn(
        "torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex and will be removed in a future "
        "PyTorch release.\nLU, pivots = torch.lu(A, compute_pivots)\nshould be replaced with\nLU, pivots = "
        "torch.linalg.lu_factor(A, compute_pivots)\nand\nLU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\n"
        "should be replaced with\nLU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)",
        UserWarning,
        stacklevel=2,
    )
    _check_lu("lu", A, pivot)
    found = named("_lu_with_info", ("LU", "pivots", "info"))(*lu_compact.public(A))
    result = found if get_infos else tuple(found[:2])
    return result if out is None else write_out("lu", out, result)


# --- unpacking --------------------------------------------------------------------------------------------------------
@opaque(public=False, outputs=("L", "U"), n_diff=2, grad_name="LuUnpackBackward0")
def lu_halves(k, LU, *, wanted):
    """L and U of a compact matrix.

    Gradient of ``LU`` (from L): ``tril(g, -1)``.
    Gradient of ``LU``: ``triu(g)``.
    """
    if not wanted:
        return np.empty(0, LU.dtype), np.empty(0, LU.dtype)
    return _unpacked(LU)


@lu_halves.vjp("LU")
def _(k, g, LU, wanted):
    m, n = LU.shape[-2:]
    if not wanted:
        return LU * 0.0
    s = min(m, n)
    gL = lower(k, or_zero(k, g[0], columns(k, LU, 0, s)), -1)
    gU = upper(k, or_zero(k, g[1], rows(k, LU, 0, s)))
    if m >= n:
        return gL + k.cat([gU, rows(k, LU, s, m) * 0.0], -2)
    return gU + k.cat([gL, columns(k, LU, s, n) * 0.0], -1)


def _compact(m: Any, *shape: int) -> Any:
    """A compact matrix and pivots."""
    k = min(shape[-2:])
    return m.f(*shape), m.a([[k - i // 2 for i in range(k)]] * 1, m.torch.int32).expand(*shape[:-2], k).contiguous()


@function(
    name="lu_unpack",
    samples=lambda m: [
        m(*_compact(m, 1, 3, 3)),
        m(*_compact(m, 2, 4, 3)),
        m(*_compact(m, 2, 2, 4)),
        m(*_compact(m, 1, 3, 3), unpack_data=False).value_only("no data"),
        m(*_compact(m, 1, 3, 3), unpack_pivots=False),
        m(*_compact(m, 0, 3, 3)),
        m(m.nc(3, 3), m.a([2, 2, 3], m.torch.int32)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Expected tensor with 2 or more dimensions. Got size: [3]", m.f(3), m.i(3)),
        m.error(
            RuntimeError, "LU_pivots is expected to be a contiguous tensor of torch.int32 dtype", m.f(2, 2), m.i(2)
        ),
        m.error(
            RuntimeError,
            "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive",
            m.f(2, 2),
            m.a([1, 3], m.torch.int32),
        ),
    ],
)
@levels.by_example
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True, *, out: Any = None
) -> Any:
    """P, L and U of what ``linalg.lu_factor`` returns; what is not wanted is an empty tensor."""
    check_tensor("lu_unpack", "LU_data", 1, LU_data)
    check_tensor("lu_unpack", "LU_pivots", 2, LU_pivots)
    if LU_data.ndim < 2:
        raise errors.runtime(
            f"torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: {list(LU_data.shape)} instead"
        )
    m, p = LU_data.shape[-2], LU_pivots._a[..., : LU_data.shape[-1]]
    if unpack_pivots:
        if p.dtype != np.int32 or not LU_pivots.is_contiguous():
            raise errors.runtime(
                "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this function is "
                "intended to be used with the output produced by torch.linalg.lu_factor"
            )
        if p.size and not (p.min() >= 1 and p.max() <= m):
            raise errors.runtime(
                "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.Did you properly pass the result of "
                "lu_factor?"
            )
    p = np.broadcast_to(p, (*LU_data.shape[:-2], p.shape[-1])) if p.ndim < LU_data.ndim - 1 else p
    P = _permutation(p, m, LU_data._a.dtype) if unpack_pivots else np.empty(0, LU_data._a.dtype)
    L, U = lu_halves.public(LU_data, wanted=bool(unpack_data))
    result = named("lu_unpack", ("P", "L", "U"))(wrap(P), L, U)
    return result if out is None else write_out("lu_unpack", out, result)


# --- systems ----------------------------------------------------------------------------------------------------------
def solved(LU: Any, pivots: Any, B: Any, adjointly: bool = False) -> Any:
    """X of ``P L U X = B``, or of its adjoint."""
    order = row_order(pivots - 1, LU.shape[-1])
    batch = np.broadcast_shapes(LU.shape[:-2], B.shape[:-2])
    order = np.broadcast_to(order, (*batch, order.shape[-1]))[..., None]
    B = np.broadcast_to(B, (*batch, *B.shape[-2:]))
    if not adjointly:
        return substituted(LU, substituted(LU, np.take_along_axis(B, order, -2), False, True), True, False)
    H = np.conjugate(LU.swapaxes(-1, -2))
    X = substituted(H, substituted(H, B, False, False), True, True)
    return np.take_along_axis(X, np.argsort(order, -2), -2)


@opaque(public=False, grad_name="LinalgLuSolveBackward0")
def lu_solution(k, LU, pivots, B, *, left, adjoint):
    """X of ``A X = B``, of ``A^H X = B``, ``X A = B`` or ``X A^H = B``.

    Gradient of ``LU``: that of ``A = P @ L @ U``, ``-G @ out.T``, ``G`` the solution of the transposed system for g, led to L and U.
    Gradient of ``B``: the solution of the transposed system for g.
    """
    if left:
        return by_columns(solved(LU, pivots, B, adjoint))
    H = np.conjugate(B.swapaxes(-1, -2))
    return np.conjugate(solved(LU, pivots, H, not adjoint).swapaxes(-1, -2))


lu_solution.nondiff("pivots")


@lu_solution.vjp("B")
def _(k, g, LU, pivots, left, adjoint):
    return k.lu_solution(LU, pivots, g, left=left, adjoint=not adjoint)


@lu_solution.vjp("LU")
def _(k, g, LU, pivots, out, left, adjoint):
    if not left:  # as the adjoint of what has A on the left
        g, out, adjoint = adjoint_of(k, g), adjoint_of(k, out), not adjoint
    order = row_order(array_of(pivots) - 1, LU.shape[-1])
    if adjoint:  # A^-H B = P L^-H U^-H B
        Z = k.rows_taken(out, order=order)
        V = k.matprod(adjoint_of(k, lower(k, LU, -1)), Z) + Z
        gV = back(k, LU, k.rows_taken(g, order=order), upper=False, unit=True)
        gB = back(k, LU, gV)
        return -lower(k, k.matprod(Z, adjoint_of(k, gV)), -1) - upper(k, k.matprod(V, adjoint_of(k, gB)))
    H = adjoint_of(k, LU)
    gR = back(k, H, g, upper=False)
    gS = back(k, H, gR, upper=True, unit=True)
    Y = k.matprod(upper(k, LU), out)
    return -upper(k, k.matprod(gR, adjoint_of(k, out))) - lower(k, k.matprod(gS, adjoint_of(k, Y)), -1)


def _factored(m: Any, *batch: int) -> tuple[Any, Any]:
    pivots = m.a([2, 3, 3], m.torch.int32)
    return well(m, *batch), pivots.expand(*batch, 3).contiguous()


@function(
    name="linalg.lu_solve",
    samples=lambda m: [
        m(*_factored(m), m.f(3, 2)),
        m(*_factored(m), m.f(3, 2), adjoint=True),
        m(*_factored(m), m.f(2, 3), left=False),
        m(*_factored(m, 2), m.f(2, 2, 3), left=False, adjoint=True),
        m(*_factored(m, 2), m.f(3, 2)),
        m(*_factored(m), m.f(2, 3, 2)),
        m(*_factored(m), m.nc(3, 2)),
        m(*_factored(m, 0), m.f(0, 3, 2)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "A must be batches of square matrices, but they are 2 by 3",
            m.f(2, 3),
            m.a([1, 2], m.torch.int32),
            m.f(2, 1),
        ),
        m.error(RuntimeError, "Incompatible shapes of A and B for the equation AX = B", *_factored(m), m.f(2, 3)),
        m.error(RuntimeError, "pivots should be a Tensor of scalar type torch.int32", m.f(2, 2), m.i(2), m.f(2, 1)),
        m.error(
            RuntimeError,
            "Number of pivots per batch should be same as the dimension of the matrix",
            m.f(2, 2),
            m.a([1], m.torch.int32),
            m.f(2, 1),
        ),
        m.error(
            RuntimeError,
            "Pivots given to lu_solve must all be smaller or equal to LU.size(-2)",
            m.f(2, 2),
            m.a([1, 9], m.torch.int32),
            m.f(2, 1),
        ),
    ],
)
def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False, out: Any = None
) -> Tensor:
    """X of ``A X = B`` from what ``linalg.lu_factor`` made of A; ``X A = B`` with ``left=False``, A^H for A with ``adjoint``."""
    for position, (name, x) in enumerate((("LU", LU), ("pivots", pivots), ("B", B)), 1):
        check_tensor("linalg.lu_solve", name, position, x)
    check_floats("torch.linalg.lu_solve", LU)
    check_dtypes("linalg.lu_solve", LU, B, ("LU", "B"))
    _check_pivots(LU, pivots)
    check_system("linalg.lu_solve", LU, B, left, ("LU", "B"))
    check_kernel("linalg.lu_solve_cpu", LU)
    result = lu_solution.public(LU, pivots, B, left=bool(left), adjoint=bool(adjoint))
    return result if out is None else write_out("linalg_lu_solve", out, result, (), "exact")  # type: ignore[no-any-return]


def _check_pivots(LU: Tensor, pivots: Tensor) -> None:
    p, n = pivots._a, LU._a.shape[-1]
    if p.dtype != np.int32:
        raise errors.runtime("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    check_square("torch.linalg.lu_solve", LU)
    if p.ndim < 1 or p.shape[-1] != n:
        raise errors.runtime(
            "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix"
        )
    if p.shape[:-1] != LU._a.shape[:-2]:
        raise errors.runtime(
            f"linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape {list(p.shape)} "
            "instead"
        )
    if p.size and p.max() > n:
        raise errors.runtime(
            "Pivots given to lu_solve must all be smaller or equal to LU.size(-2). Did you properly pass the result of "
            "lu_factor?"
        )
    if p.size and p.min() < 1:
        raise errors.runtime(
            "Pivots given to lu_solve must all be greater or equal to 1. Did you properly pass the result of lu_factor?"
        )


@function(
    name="lu_solve",
    methods="lu_solve",
    samples=lambda m: [
        m(m.f(3, 2), *_factored(m)),
        m(m.f(2, 3, 2), *_factored(m, 2)),
        m(m.nc(3, 2), *_factored(m)),
        m(m.f(0, 3, 2), *_factored(m, 0)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "Incompatible shapes of A and B for the equation AX = B", m.f(2, 3), *_factored(m))
    ],
)
def old_lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Any = None) -> Tensor:
    """``linalg.lu_solve`` under its old name, with the right-hand side first; PyTorch deprecates it."""
    check_tensor("lu_solve", "input", 1, input)
    check_tensor("lu_solve", "LU_data", 2, LU_data)
    errors.warn(
        "torch.lu_solve is deprecated in favor of torch.linalg.lu_solveand will be removed in a future PyTorch release.\n"
        "Note that torch.linalg.lu_solve has its arguments reversed.\nX = torch.lu_solve(B, LU, pivots)\n"
        "should be replaced with\nX = torch.linalg.lu_solve(LU, pivots, B)",
        UserWarning,
        stacklevel=2,
    )
    return lu_solve(LU_data, LU_pivots, input, out=out)
