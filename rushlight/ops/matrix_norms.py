"""Norms and conditions of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..errors import check_dim
from ..functions import function
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import NO_0D, check_floats, check_matrix, check_tensor, well
from .norms import vector_norm
from .solving import inverse_info
from .svd import svdvals

_ORDERS = (2, -2, 1, -1, float("inf"), float("-inf"))


def _norm_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3)),
        *[m(m.f(2, 3), o) for o in ("fro", "nuc", *_ORDERS)],
        m(m.f(2, 3, 2), 1, (0, 2), True),
        m(m.f(2, 3, 2), 2, (2, 0)),
        m(m.nc(3, 2), 2),
        m(m.f(0, 2, 3)),
        m.without(*NO_0D),
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
    return result if out is None else write_out("linalg_matrix_norm", out, result, (), "exact")  # type: ignore[no-any-return]


def _matrix_norm(A: Tensor, ord: Any, row: int, column: int, keepdim: bool) -> Tensor:  # noqa: A002
    if ord == "fro":
        return vector_norm.public(A, 2, (row, column), keepdim)  # type: ignore[no-any-return]
    if ord in ("nuc", 2, -2):
        check_floats("linalg.matrix_norm", A, low=False)
        S = svdvals(A.movedim((row, column), (-2, -1)))
        name = {2: "amax", -2: "amin"}.get(ord)
        if ord == 2 and not S._a.shape[-1]:
            S = S.detach()  # type: ignore[attr-defined]
            name = None
        out = S.sum(-1, keepdim) if name is None else REGISTRY[name].public(S, -1, keepdim)
        return out.unsqueeze(-1).movedim((-2, -1), (row, column)) if keepdim else out  # type: ignore[no-any-return]
    summed, other = (row, column) if abs(ord) == 1 else (column, row)
    sums = vector_norm.public(A, 1, (summed,), keepdim)
    if not keepdim and other > summed:
        other -= 1
    if ord > 0 and not sums._a.shape[other]:  # of no numbers 0, without a history
        return sums.detach().sum(other, keepdim)  # type: ignore[no-any-return]
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
    check_tensor("linalg.norm", "input", 1, A)
    if dims is not None and not isinstance(ord, str) and ord is not None and len(dims) not in (1, 2):
        raise errors.runtime(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    if dims is None and ord is not None and A.ndim > 2:
        raise errors.runtime(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    if ord is not None and dims is None and A._a.ndim not in (1, 2):
        raise errors.runtime(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A._a.ndim}D."
        )
    if ord is not None and (
        (dims is None and (A._a.ndim == 2 or isinstance(ord, str))) or (dims is not None and len(dims) == 2)
    ):
        result = matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    else:
        result = vector_norm.public(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype)
    return result if out is None else write_out("linalg_norm", out, result, (), "exact")  # type: ignore[no-any-return]


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
        + [m.without(*NO_0D)]
    ),
    errors=lambda m: [m.error(RuntimeError, "linalg.cond: The input tensor must have at least 2 dimensions.", m.f(3))],
)
def cond(A: Tensor, p: Any = None, *, out: Any = None) -> Tensor:
    """The condition of a matrix: the norm times the norm of the inverse; by default the largest over the smallest singular value."""
    check_tensor("linalg.cond", "input", 1, A)
    if A._a.ndim < 2:
        raise errors.runtime("linalg.cond: The input tensor must have at least 2 dimensions.")
    if not A._a.size:
        result = wrap(np.zeros(A._a.shape[:-2], A._a.real.dtype))
    elif p in (None, 2, -2):
        S = svdvals(A)
        first, last = S.narrow(-1, 0, 1).squeeze(-1), S.narrow(-1, S._a.shape[-1] - 1, 1).squeeze(-1)
        result = last / first if p == -2 else first / last
    else:
        if isinstance(p, str) and p not in ("fro", "nuc") or not isinstance(p, str) and abs(p) not in (1, float("inf")):
            raise errors.runtime(f"linalg.cond got an invalid norm type: {p}")
        check_matrix("linalg.cond", A)
        result = matrix_norm(A, p) * matrix_norm(inverse_info.public(A)[0], p)
        result = REGISTRY["nan_to_num"].public(result, float("inf"), float("inf"), float("-inf"))
    return result if out is None else write_out("linalg_cond", out, result)  # type: ignore[no-any-return]
