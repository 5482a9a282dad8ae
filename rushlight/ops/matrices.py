"""What all of linalg shares: checks, error texts and samples, products and adjoints for the rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..op import opaque
from ..readers import tensors
from ..tensor import Tensor, wrap

NO_0D = "0-d", "matrices"


def check_matrix(name: str, x: Any, square: bool = True) -> None:
    """Refuse what is no (square) matrix of floats, or a batch of them."""
    if not isinstance(x, (Tensor, np.ndarray)):
        raise errors.not_a_tensor(name.replace(".", "_"), "A", 1, x)
    if x.ndim < 2:
        raise errors.runtime(f"{name}: The input tensor A must have at least 2 dimensions.")
    if square and x.shape[-1] != x.shape[-2]:
        raise errors.runtime(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    if isinstance(x, Tensor) and x.dtype.category < types.FLOATING:
        raise errors.runtime(
            f"{name}: Expected a floating point or complex tensor as input. Got {types.scalar_name(x.dtype)}",
            "Convert first: x.float().",
        )


def matrix_errors(name: str, square: bool = True) -> Any:
    """Error samples: a vector, integers, a matrix that is not square."""
    return lambda m: [
        m.error(RuntimeError, f"{name}: The input tensor A must have at least 2 dimensions.", m.f(3)),
        *(
            [
                m.error(
                    RuntimeError,
                    f"{name}: A must be batches of square matrices, but they are 2 by 3 matrices",
                    m.f(2, 3),
                )
            ]
            if square
            else []
        ),
    ]


def well(m: Any, *batch: int, n: int = 3) -> Any:
    """Well-conditioned square matrices."""
    return m.f(*batch, n, n, lo=-0.5, hi=0.5) + 2 * m.torch.eye(n, dtype=m._dtype())


def positive(m: Any, *batch: int, n: int = 3) -> Any:
    """Positive definite matrices."""
    x = m.f(*batch, n, n, lo=-0.5, hi=0.5)
    return x @ x.transpose(-1, -2) + m.torch.eye(n, dtype=m._dtype())


def square_samples(m: Any) -> list[Any]:
    """A matrix, a batch, a transposed one, none."""
    return [
        m(well(m)),
        m(well(m, 2)),
        m(well(m).t()),
        m(m.f(0, 3, 3)),
        m(m.f(0, 0)),
        m.without(*NO_0D),
    ]


@opaque(public=False)
def matprod(k, input, other):
    """Batched matrix product, for rules."""
    return np.matmul(input, other)


@matprod.vjp("input")
def _(k, g, other):
    return k.matprod(g, adjoint(k, other))


@matprod.vjp("other")
def _(k, g, input):
    return k.matprod(adjoint(k, input), g)


def adjoint(k, x):
    """The conjugate transpose."""
    return k.conj(k.transpose(x, -2, -1))


def constant(k, a):
    """A constant array for whoever is reading."""
    return wrap(a) if k is tensors else a


def pattern(k, x, keep):
    """A matrix times a constant pattern, by ``where``."""
    n, m = x.shape[-2:]
    return k.where(constant(k, keep(np.ones((n, m), bool))), x, 0.0)


def symmetric(m: Any, *batch: int) -> Any:
    """Symmetric matrices with eigenvalues apart."""
    x = m.f(*batch, 3, 3)
    return x + x.transpose(-1, -2)


def or_zero(k, g, like):
    return like * 0.0 if g is None else g


def diagonal_matrix(k, x):
    """A vector as a diagonal matrix."""
    n = x.shape[-1]
    return k.where(constant(k, np.eye(n, dtype=bool)), k.unsqueeze(x, -2), 0.0)
