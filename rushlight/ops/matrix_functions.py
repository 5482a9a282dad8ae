"""Powers and the exponential of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import function
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from ..writing import write_out
from .matrices import NO_0D, adjoint, check_matrix, square_samples, well
from .products import power
from .solving import inv


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
        m.without(*NO_0D),
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
