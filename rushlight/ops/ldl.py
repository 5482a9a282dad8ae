"""LDL: symmetric and Hermitian matrices that need not be positive definite, by the pivots of Bunch and Kaufman."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor
from ..writing import write_out
from .lu import first_failure, pivot_size
from .matrices import NO_0D, check_floats, check_kernel, check_old_system, check_square, check_tensor

_ALPHA = (
    1 + 17**0.5
) / 8  # bounds the growth of elements over one step by the same factor for pivots of one and of two rows


# --- factorization ----------------------------------------------------------------------------------------------------
def _factor(a: Any, hermitian: bool) -> tuple[Any, int]:
    """In place, in the lower triangle, as LAPACK's sytf2 and hetf2 (Bunch and Kaufman, "Some stable methods", 1977)."""
    n, k, info = len(a), 0, 0
    pivots = np.zeros(n, np.int32)
    while k < n:
        if hermitian:
            a[k, k] = a[k, k].real
        p, wide = _pivot(a, k)
        if p is None:  # the column is zero
            info, p = info or k + 1, k
            pivots[k] = p + 1
            k += 1
            continue
        q = k + wide  # the row that is swapped with p
        if p != q:
            _swap(a, k, q, p, hermitian)
        rest = slice(q + 1, n)
        if q + 1 < n:
            L = _two_columns(a, k, hermitian) if wide else a[rest, k : k + 1] / a[k, k]
            right = np.conjugate(a[rest, k : q + 1]) if hermitian else a[rest, k : q + 1]
            a[rest, rest] -= np.tril(L @ right.T)
            a[rest, k : q + 1] = L
        pivots[k : q + 1] = -(p + 1) if wide else p + 1
        k = q + 1
    return pivots, info


def _pivot(a: Any, k: int) -> tuple[int | None, bool]:
    """Which row comes to the diagonal, and whether two make the pivot; None for a column of zeros."""
    n = len(a)
    own = pivot_size(a[k, k])
    if k + 1 == n:
        return (None if own == 0 else k), False
    column = pivot_size(a[k + 1 :, k])
    far = k + 1 + int(column.argmax())
    most = column.max()
    if max(own, most) == 0:
        return None, False
    if np.isnan(own) or np.isnan(most) or own >= _ALPHA * most:
        return k, False
    in_row = max(pivot_size(a[far, k:far]).max(), pivot_size(a[far + 1 :, far]).max(initial=0))
    if own >= _ALPHA * most * (most / in_row):
        return k, False
    return far, not pivot_size(a[far, far]) >= _ALPHA * in_row


def _swap(a: Any, k: int, q: int, p: int, hermitian: bool) -> None:
    """Exchange rows and columns q and p > q of what is left; only the lower triangle is there."""
    a[p + 1 :, [q, p]] = a[p + 1 :, [p, q]]
    between, row = a[q + 1 : p, q].copy(), a[p, q + 1 : p].copy()
    a[q + 1 : p, q], a[p, q + 1 : p] = (row.conj(), between.conj()) if hermitian else (row, between)
    if hermitian:
        a[p, q] = a[p, q].conj()
    a[q, q], a[p, p] = a[p, p], a[q, q]
    if q != k:
        a[q, k], a[p, k] = a[p, k], a[q, k]


def _two_columns(a: Any, k: int, hermitian: bool) -> Any:
    """The columns below a pivot of two rows times its inverse."""
    first, second = a[k + 2 :, k], a[k + 2 :, k + 1]
    off = a[k + 1, k]
    if hermitian:
        size = np.abs(off)
        d11, d22, turn = a[k + 1, k + 1].real / size, a[k, k].real / size, off / size
        scale = 1 / (d11 * d22 - 1) / size
        pair = scale * (d11 * first - turn * second), scale * (d22 * second - np.conjugate(turn) * first)
    else:
        d11, d22 = a[k + 1, k + 1] / off, a[k, k] / off
        scale = 1 / (d11 * d22 - 1) / off
        pair = scale * (d11 * first - second), scale * (d22 * second - first)
    return np.stack(pair, -1)


@opaque(public=False, outputs=("LD", "pivots", "info"), n_diff=1, grad_name="torch::autograd::NotImplemented")
def ldl_compact(k, A, *, hermitian):
    """L and D in one matrix, the pivots, and the first column of zeros."""
    n = A.shape[-1]
    a = np.tril(A)
    pivots, info = np.zeros(A.shape[:-1], np.int32), np.zeros(A.shape[:-2], np.int32)
    for i in np.ndindex(A.shape[:-2]):
        pivots[i], info[i] = _factor(a[i], hermitian and A.dtype.kind == "c") if n else (0, 0)
    return a, pivots, info


ldl_compact.unsupported("A", "PyTorch has no derivative of linalg.ldl_factor_ex either")


def symmetric_samples(m: Any) -> list[Any]:
    """Indefinite symmetric matrices, some of which need pivots of two rows."""
    x, y = m.f(5, 5, lo=-2, hi=2), m.f(2, 4, 4)
    hollow = m.a([[0.0, 2.0, 3.0, 1.0], [2.0, 0.0, 4.0, 5.0], [3.0, 4.0, 0.0, 6.0], [1.0, 5.0, 6.0, 0.0]]).to(
        m._dtype()
    )
    return [x + x.t(), y + y.mT, hollow, m.f(0, 3, 3), (x + x.t()).t()]


def _factor_samples(m: Any) -> list[Any]:
    c = m.c(4, 4)
    wanted = [m(x).value_only("no derivative") for x in symmetric_samples(m)]
    return [*wanted, m(c + c.mT), m(c + c.mH, hermitian=True), m(c.mH + c), m.without(*NO_0D)]


def _factor_errors(m: Any) -> list[Any]:
    name = "torch.linalg.ldl_factor_ex"
    return [
        m.error(RuntimeError, f"{name}: The input tensor A must have at least 2 dimensions.", m.f(3)),
        m.error(RuntimeError, f"{name}: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3)),
        m.error(RuntimeError, f"{name}: Expected a floating point or complex tensor as input. Got Long", m.i(2, 2)),
    ]


def _factored(name: str, A: Any, hermitian: Any) -> Any:
    check_tensor(name, "input", 1, A)
    check_square("torch.linalg.ldl_factor_ex", A)
    check_floats("torch.linalg.ldl_factor_ex", A)
    check_kernel("ldl_factor_kernel_cpu", A)
    return ldl_compact.public(A, hermitian=bool(hermitian))


def _refuse(name: str, info: Tensor) -> None:
    found = first_failure(info)
    if found is not None:
        raise errors.runtime(
            f"torch.{name}: {found[0]}Unknown error code: {found[1]}.",
            f"D is singular: column {found[1]} of what was left of the matrix is zero. torch.linalg.ldl_factor_ex returns the "
            "number instead.",
        )


@function(
    name="linalg.ldl_factor",
    samples=_factor_samples,
    errors=lambda m: [
        *_factor_errors(m),
        m.error(RuntimeError, "torch.linalg.ldl_factor: Unknown error code: 1.", m.torch.zeros(2, 2)),
    ],
)
def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """L and D of ``P^T A P = L D L^T`` (``L^H`` with ``hermitian``) in one matrix, and the pivots; only the lower triangle is read.

    D has blocks of one and two rows; a pair of equal negative pivots marks a block of two.
    """
    LD, pivots, info = _factored("linalg.ldl_factor", A, hermitian)
    _refuse("linalg.ldl_factor", info)
    result = named("linalg_ldl_factor", ("LD", "pivots"))(LD, pivots)
    return result if out is None else write_out("linalg_ldl_factor", out, result, (), "exact")


@function(
    name="linalg.ldl_factor_ex",
    samples=lambda m: [*_factor_samples(m), m(m.torch.zeros(2, 2)).value_only("singular")],
    errors=lambda m: [
        *_factor_errors(m),
        m.error(
            RuntimeError, "torch.linalg.ldl_factor_ex: Unknown error code: 1.", m.torch.zeros(2, 2), check_errors=True
        ),
    ],
)
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """As ``linalg.ldl_factor``, with the number of the first column of zeros (0 if there is none) instead of an error."""
    result = named("linalg_ldl_factor_ex", ("LD", "pivots", "info"))(*_factored("linalg.ldl_factor_ex", A, hermitian))
    if check_errors:
        _refuse("linalg.ldl_factor_ex", result.info)
    return result if out is None else write_out("linalg_ldl_factor_ex", out, result, (), "exact")


# --- systems ----------------------------------------------------------------------------------------------------------
def _solve(a: Any, pivots: Any, B: Any, hermitian: bool) -> None:
    """In place, as LAPACK's sytrs and hetrs: through L, D and L^T, undoing the exchanges."""
    n, k = len(a), 0
    conj = np.conjugate if hermitian else lambda x: x
    while k < n:
        wide = pivots[k] < 0
        q, p = k + wide, abs(pivots[k]) - 1
        B[[q, p]] = B[[p, q]]
        B[q + 1 :] -= a[q + 1 :, k : q + 1] @ B[k : q + 1]
        if wide:
            off = a[k + 1, k]
            d11, d22 = a[k, k] / conj(off), a[k + 1, k + 1] / off
            b1, b2 = B[k] / conj(off), B[k + 1] / off
            B[k], B[k + 1] = (d22 * b1 - b2) / (d11 * d22 - 1), (d11 * b2 - b1) / (d11 * d22 - 1)
        else:
            B[k] /= a[k, k].real if hermitian else a[k, k]
        k = q + 1
    k = n - 1
    while k >= 0:
        first = k - (pivots[k] < 0)
        B[first : k + 1] -= conj(a[k + 1 :, first : k + 1]).T @ B[k + 1 :]
        p = abs(pivots[k]) - 1
        B[[k, p]] = B[[p, k]]
        k = first - 1


@opaque(public=False, grad_name="torch::autograd::NotImplemented")
def ldl_solution(k, LD, pivots, B, *, hermitian):
    """X of ``A X = B`` from the factors of A."""
    batch = np.broadcast_shapes(LD.shape[:-2], B.shape[:-2])
    LD, pivots = np.broadcast_to(LD, (*batch, *LD.shape[-2:])), np.broadcast_to(pivots, (*batch, pivots.shape[-1]))
    X = np.array(np.broadcast_to(B, (*batch, *B.shape[-2:])))
    for i in np.ndindex(batch):
        _solve(LD[i], pivots[i], X[i], hermitian and LD.dtype.kind == "c")
    return X


ldl_solution.unsupported("LD", "PyTorch has no derivative of linalg.ldl_solve either")
ldl_solution.unsupported("B", "PyTorch has no derivative of linalg.ldl_solve either").nondiff("pivots")


def _solve_samples(m: Any) -> list[Any]:
    LD, mixed = m.f(4, 4, lo=1, hi=3), m.a([1, -3, -3, 4], m.torch.int32)
    return [
        m(LD, mixed, m.f(4, 2)).value_only("no derivative"),
        m(LD, m.a([2, 2, 4, 4], m.torch.int32), m.f(4, 1)).value_only("no derivative"),
        m(m.c(4, 4), mixed, m.c(4, 2)),
        m(m.c(4, 4), mixed, m.c(4, 2), hermitian=True),
        m(LD, mixed, m.nc(4, 2)).value_only("no derivative"),
        m(LD.expand(2, 4, 4), mixed.expand(2, 4), m.f(4, 2)).value_only("no derivative"),
        m(LD, mixed, m.f(4, 0)).value_only("no derivative"),
        m.without(*NO_0D),
    ]


@function(
    name="linalg.ldl_solve",
    samples=_solve_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "torch.linalg.ldl_solve: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
            m.i(2, lo=1, hi=2),
            m.f(2, 1),
        ),
        m.error(
            RuntimeError,
            "Incompatible matrix sizes for torch.linalg.ldl_solve: each A matrix is 2 by 2 but each b matrix is 3 by 2",
            m.f(2, 2),
            m.i(2, lo=1, hi=2),
            m.f(3, 2),
        ),
        m.error(
            RuntimeError,
            "Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape [3] instead",
            m.f(2, 2),
            m.i(3, lo=1, hi=2),
            m.f(2, 2),
        ),
        m.error(RuntimeError, "Expected pivots to be integers. Got Double", m.f(2, 2), m.f(2), m.f(2, 2)),
    ],
)
@levels.by_example
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False, out: Any = None) -> Tensor:
    """X of ``A X = B`` from what ``linalg.ldl_factor`` made of A."""
    name = "torch.linalg.ldl_solve"
    for position, (argument, x) in enumerate((("LD", LD), ("pivots", pivots), ("B", B)), 1):
        check_tensor(name, argument, position, x)
    check_square(name, LD)
    check_floats(name, LD)
    B.size(-2)  # PyTorch asks for it first too
    check_old_system(name, B, LD)
    if pivots.shape != LD.shape[:-1]:
        raise errors.runtime(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape {list(pivots.shape)} "
            "instead"
        )
    if pivots.dtype.category != types.INTEGER:
        raise errors.runtime(f"{name}: Expected pivots to be integers. Got {types.scalar_name(pivots.dtype)}")
    check_kernel("ldl_solve_kernel_cpu", LD)
    _check_pivots(name, pivots._a)
    broadcast_shapes(LD.shape[:-2], B.shape[:-2])
    result = ldl_solution.public(LD, pivots, B, hermitian=bool(hermitian))
    return result if out is None else write_out("linalg_ldl_solve", out, result)  # type: ignore[no-any-return]


def _check_pivots(name: str, pivots: Any) -> None:
    """Refuse rows that are not there, and a pivot of two rows without its second."""
    n = pivots.shape[-1]
    blocks = np.abs(pivots)
    lone = any(len(list(run)) % 2 for row in pivots.reshape(-1, n) for run in _negative_runs(row)) if n else False
    if pivots.size and (blocks.min() < 1 or blocks.max() > n or lone):
        raise errors.runtime(
            f"{name}: the pivots are not those of a matrix of {n} rows", "Pass on what linalg.ldl_factor returned."
        )


def _negative_runs(row: Any) -> list[Any]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row < 0, [0]])))
    return [range(a, b) for a, b in edges.reshape(-1, 2)]
