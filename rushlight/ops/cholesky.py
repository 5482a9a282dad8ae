"""The Cholesky factors of positive definite matrices, and what is computed from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, levels
from ..functions import function
from ..op import opaque
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .lu import first_failure
from .matrices import (
    NO_0D,
    adjoint,
    back,
    back_right,
    by_columns,
    check_floats,
    check_kernel,
    check_old_system,
    check_square,
    check_tensor,
    lower,
    matrix_errors,
    positive,
    well,
)
from .solving import refuse_singular
from .triangular_systems import substituted


# --- the factor -------------------------------------------------------------------------------------------------------
def _factored(A: Any) -> tuple[Any, Any]:
    """L of ``A = L L^H``, and the order of the first leading minor that is not positive (0: all are). The upper triangle is not read."""
    info = np.zeros(A.shape[:-2], np.int32)
    try:
        L = np.linalg.cholesky(A)
        if math.isfinite(abs(np.add.reduce(L.diagonal(0, -2, -1), axis=None))):
            return L, info
    except np.linalg.LinAlgError:
        L = np.full_like(A, np.nan)
    failed = ~np.isfinite(np.diagonal(L, axis1=-2, axis2=-1)).all(-1)
    for where in np.argwhere(failed):
        i = tuple(where)
        L[i], info[i] = _as_far_as_it_goes(np.tril(A[i]))
    return L, info


def _as_far_as_it_goes(L: Any) -> tuple[Any, int]:
    """Column by column in place; at the first diagonal element that is not positive it stays there, as LAPACK leaves it."""
    for j in range(len(L)):
        row = np.conjugate(L[j, :j])
        L[j:, j] -= L[j:, :j] @ row
        if not L[j, j].real > 0:
            L[j + 1 :, j] += L[j + 1 :, :j] @ row if j else 0
            return L, j + 1
        L[j, j] = np.sqrt(L[j, j].real)
        L[j + 1 :, j] /= L[j, j]
    return L, 0


def _node(inputs: Any, attrs: Any) -> str:
    return "CholeskyBackward0" if attrs["old"] else "LinalgCholeskyExBackward0"


@opaque(public=False, outputs=("L", "info"), n_diff=1, grad_name=_node)
def cholesky_factor(k, A, *, upper, old=False):
    """The lower (upper) triangular factor, and the first leading minor that is not positive.

    Gradient of ``A`` (upper True): that of the lower factor ``out.T``, for ``g.T``.
    Gradient of ``A``: ``(S + S.T) / 2``, ``S = inv(L).T @ (half * tril(L.T @ g)) @ inv(L)``, ``half = 1 - eye / 2``.
    """
    if upper:
        L, info = _factored(np.conjugate(A.swapaxes(-1, -2)))
        return np.conjugate(L.swapaxes(-1, -2)), info
    L, info = _factored(A)
    return by_columns(L), info


@cholesky_factor.vjp("A")
def _(k, g, L, upper):
    # Murray, "Differentiation of the Cholesky decomposition" (2016)
    if upper:
        g, L = adjoint(k, g), adjoint(k, L)
    inner = lower(k, k.matprod(adjoint(k, L), g))
    inner = 0.5 * (inner + adjoint(k, lower(k, inner, -1)))
    return back_right(k, L, back(k, adjoint(k, L), inner), upper=False)


def _refuse(name: str, info: Tensor) -> None:
    found = first_failure(info)
    if found is not None:
        raise errors.LinAlgError(
            f"{name}: {found[0]}The factorization could not be completed because the input is not positive-definite (the leading "
            f"minor of order {found[1]} is not positive-definite)."
        )


_TRIANGLE = "one triangle is read, and the gradient is shared out among both"


def _samples(m: Any) -> list[Any]:
    return [
        m(positive(m)).not_numeric(_TRIANGLE),
        m(positive(m, 2)).not_numeric(_TRIANGLE),
        m(m.f(0, 2, 2)),
        m(positive(m).t()).not_numeric(_TRIANGLE),
        m(positive(m), upper=True).not_numeric(_TRIANGLE),
        m(positive(m) + m.f(3, 3).triu(1), upper=False).not_numeric(_TRIANGLE),
        m(positive(m) + m.f(3, 3).tril(-1), upper=True).not_numeric(_TRIANGLE),
        m.without(*NO_0D),
    ]


@function(
    name="linalg.cholesky",
    samples=_samples,
    errors=lambda m: [
        *matrix_errors("linalg.cholesky")(m),
        m.error(m.torch.linalg.LinAlgError, "(the leading minor of order 1 is not positive-definite)", -m.torch.eye(2)),
        m.error(
            m.torch.linalg.LinAlgError,
            "linalg.cholesky: (Batch element 1): The factorization could not be completed",
            m.torch.stack([m.torch.eye(2), m.torch.ones(2, 2)]),
        ),
        m.error(m.torch.linalg.LinAlgError, "order 1", m.torch.full((2, 2), float("nan"))),
    ],
)
def cholesky(A: Tensor, *, upper: bool = False, out: Any = None) -> Tensor:
    """The lower triangular L of ``A = L L^H`` (or the upper U of ``U^H U``); only that triangle of A is read.

    Raises:
        torch.linalg.LinAlgError: for a matrix that is not positive definite.
    """
    result, info = _checked("linalg.cholesky", "linalg.cholesky", A, upper)
    _refuse("linalg.cholesky", info)
    return result if out is None else write_out("linalg_cholesky", out, result, (), "exact")  # type: ignore[no-any-return]


def _checked(name: str, says: str, A: Any, upper: bool) -> Any:
    check_tensor(name, "input", 1, A)
    check_square(says, A)
    if says != "cholesky":
        check_floats(says, A)
    check_kernel("cholesky_cpu", A)
    return cholesky_factor.public(A, upper=bool(upper), old=name == "cholesky")


@function(
    name="linalg.cholesky_ex",
    samples=lambda m: [
        *_samples(m),
        m(m.a([[4.0, 2.0, 1.0], [2.0, -1.0, 3.0], [1.0, 3.0, 5.0]])).value_only("not positive definite"),
        m(m.torch.stack([m.torch.eye(2), m.torch.ones(2, 2)]), upper=True).value_only("not positive definite"),
    ],
    errors=lambda m: [
        *matrix_errors("linalg.cholesky")(m),
        m.error(
            m.torch.linalg.LinAlgError,
            "linalg.cholesky_ex: The factorization could not be completed",
            -m.torch.eye(2),
            check_errors=True,
        ),
    ],
)
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """The factor, and the order of the first leading minor that is not positive (0: there is none) instead of an error."""
    result = named("linalg_cholesky_ex", ("L", "info"))(*_checked("linalg.cholesky_ex", "linalg.cholesky", A, upper))
    if check_errors:
        _refuse("linalg.cholesky_ex", result.info)
    return result if out is None else write_out("linalg_cholesky_ex", out, result, (), "exact")


@function(
    name="cholesky",
    methods="cholesky",
    samples=lambda m: [
        m(positive(m)).not_numeric(_TRIANGLE),
        m(positive(m), upper=True).not_numeric(_TRIANGLE),
        m(m.f(0, 2, 2)),
        m(positive(m).t()).not_numeric(_TRIANGLE),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, "cholesky: A must be batches of square matrices, but they are 2 by 3 matrices", m.f(2, 3)
        ),
        m.error(m.torch.linalg.LinAlgError, "cholesky: The factorization could not be completed", -m.torch.eye(2)),
    ],
)
def old_cholesky(input: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """``linalg.cholesky`` under its old name."""
    result, info = _checked("cholesky", "cholesky", input, upper)
    _refuse("cholesky", info)
    return result if out is None else write_out("cholesky", out, result)  # type: ignore[no-any-return]


# --- from the factor --------------------------------------------------------------------------------------------------
def _twice(L: Any, B: Any, upper: bool) -> Any:
    """X of ``L L^H X = B`` (``U^H U X = B``), reading one triangle."""
    H = np.conjugate(L.swapaxes(-1, -2))
    first, second = (H, L) if upper else (L, H)
    return substituted(second, substituted(first, B, False, False), True, False)


@opaque(public=False, grad_name="CholeskyInverseBackward0")
def inverse_from_factor(k, L, *, upper):
    """The inverse of ``L L^H`` (``U^H U``)."""
    return by_columns(_twice(L, np.eye(L.shape[-1], dtype=L.dtype), upper))


@inverse_from_factor.vjp("L")
def _(k, g, L, out, upper):
    whole = k.matprod(k.matprod(out, g + adjoint(k, g)), out)
    return -k.matprod(L, whole) if upper else -k.matprod(whole, L)


_UNREAD = "one triangle is read, and the gradient is that of a whole matrix"


@function(
    methods="cholesky_inverse",
    samples=lambda m: [
        *[m(s).not_numeric(_UNREAD) for s in (well(m).tril(), well(m, 2).tril(), m.f(0, 2, 2), well(m).tril().t().t())],
        m(well(m).triu(), upper=True).not_numeric(_UNREAD),
        m(well(m)).value_only("one triangle is read"),
        m(well(m).t(), upper=True).value_only("one triangle is read"),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "cholesky_inverse: A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 3),
        ),
        m.error(
            m.torch.linalg.LinAlgError,
            "cholesky_inverse: (Batch element 1): The diagonal element 2 is zero, the inversion could not be completed",
            m.a([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]]),
        ),
    ],
)
@levels.by_example
def cholesky_inverse(L: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """The inverse of ``L L^H`` (``U^H U`` with ``upper``)."""
    check_tensor("cholesky_inverse", "input", 1, L)
    check_square("cholesky_inverse", L)
    check_kernel("cholesky_inverse_out_cpu", L)
    zero = np.diagonal(L._a, axis1=-2, axis2=-1) == 0 if L.shape[-1] else np.zeros((*L.shape[:-2], 1), bool)
    refuse_singular("cholesky_inverse", wrap(np.asarray(np.where(zero.any(-1), zero.argmax(-1) + 1, 0))))
    result = inverse_from_factor.public(L, upper=bool(upper))
    return result if out is None else write_out("cholesky_inverse", out, result)  # type: ignore[no-any-return]


@opaque(public=False, grad_name="CholeskySolveBackward0")
def solution_from_factor(k, B, L, *, upper):
    """X of ``L L^H X = B`` (``U^H U X = B``).

    Gradient of ``B``: ``cholesky_solve(g, L)``.
    Gradient of ``L`` (upper True): ``-L @ (S + S.T)``, ``S = cholesky_solve(g, L, True) @ out.T``.
    Gradient of ``L``: ``-(S + S.T) @ L``, ``S = cholesky_solve(g, L) @ out.T``.
    """
    return by_columns(_twice(L, B, upper))


@solution_from_factor.vjp("B")
def _(k, g, L, upper):
    return k.solution_from_factor(g, L, upper=upper)


@solution_from_factor.vjp("L")
def _(k, g, L, out, upper):
    whole = k.matprod(k.solution_from_factor(g, L, upper=upper), adjoint(k, out))
    whole = whole + adjoint(k, whole)
    return -k.matprod(L, whole) if upper else -k.matprod(whole, L)


@function(
    methods="cholesky_solve",
    samples=lambda m: [
        m(m.f(3, 2), well(m).tril()).not_numeric(_UNREAD),
        m(m.f(2, 3, 2), well(m, 2).triu(), True).not_numeric(_UNREAD),
        m(m.f(0, 3, 2), m.f(0, 3, 3)).not_numeric(_UNREAD),
        m(m.nc(3, 2), well(m)).value_only("one triangle is read"),
        m(m.f(2, 3, 2), well(m).tril()).not_numeric(_UNREAD),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "A must be batches of square matrices, but they are 2 by 3 matrices",
            m.f(2, 2),
            m.f(2, 3),
        ),
        m.error(RuntimeError, "b should have at least 2 dimensions, but has 1 dimensions instead", m.f(3), well(m)),
    ],
)
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """X of ``L L^H X = B`` (``U^H U X = B`` with ``upper``)."""
    check_tensor("cholesky_solve", "input", 1, B)
    check_tensor("cholesky_solve", "input2", 2, L)
    for what, x in (("b", B), ("u", L)):
        if x.ndim < 2:
            raise errors.runtime(f"{what} should have at least 2 dimensions, but has {x.ndim} dimensions instead")
    check_old_system("cholesky_solve", B, L)
    check_kernel("cholesky_solve_cpu", L)
    result = solution_from_factor.public(B, L, upper=bool(upper))
    return result if out is None else write_out("cholesky_solve", out, result)  # type: ignore[no-any-return]
