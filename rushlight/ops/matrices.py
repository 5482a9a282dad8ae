"""What all of linalg shares: checks, error texts and samples, products and adjoints for the rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY, tensors
from ..tensor import Tensor, wrap
from .matmul import stacked_product

NO_0D = "0-d", "matrices"


def check_tensor(name: str, argument: str, position: int, x: Any) -> None:
    """Refuse what is no tensor."""
    if not isinstance(x, Tensor):
        raise errors.not_a_tensor(name.replace("torch.", "").replace(".", "_"), argument, position, x)


def check_floats(name: str, x: Tensor, low: bool = True) -> None:
    """Refuse integers, and without ``low`` half precision."""
    if x.dtype.category < types.FLOATING:
        raise errors.runtime(
            f"{name}: Expected a floating point or complex tensor as input. Got {types.scalar_name(x.dtype)}",
            "Convert first: x.float().",
        )
    if not low and is_half(x):
        raise errors.runtime(
            f"{name}: Low precision dtypes not supported. Got {types.scalar_name(x.dtype)}", "Convert first: x.float()."
        )


def is_half(x: Tensor) -> bool:
    """Whether LAPACK has no such numbers: float16 and bfloat16."""
    return x.dtype.category == types.FLOATING and x.dtype.itemsize < 4


def check_kernel(kernel: str, x: Tensor) -> None:
    """Refuse dtypes that LAPACK does not have, as PyTorch's kernels do."""
    if x.dtype.category < types.FLOATING or is_half(x):
        raise errors.advised(
            NotImplementedError(f"\"{kernel}\" not implemented for '{types.scalar_name(x.dtype)}'"),
            "Convert first, for example x.float().",
        )


def check_square(name: str, x: Any, argument: str = "A") -> None:
    """Refuse what is no square matrix, or a batch of them."""
    if x.ndim < 2:
        raise errors.runtime(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    if x.shape[-1] != x.shape[-2]:
        raise errors.runtime(
            f"{name}: {argument} must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )


def check_matrix(name: str, x: Any, square: bool = True, argument: str = "A") -> None:
    """Refuse what is no (square) matrix of floats, or a batch of them."""
    check_tensor(name, argument, 1, x)
    if x.ndim < 2:
        raise errors.runtime(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    if square:
        check_square(name, x, argument)
    check_floats(name, x)


def check_dtypes(name: str, A: Tensor, B: Tensor, names: tuple[str, str] = ("A", "B")) -> None:
    """Refuse two tensors of different dtypes."""
    if A.dtype is not B.dtype:
        a, b = types.scalar_name(A.dtype), types.scalar_name(B.dtype)
        raise errors.runtime(
            f"{name}: Expected {names[0]} and {names[1]} to have the same dtype, but found {names[0]} of type {a} and "
            f"{names[1]} of type {b} instead",
            f"Convert one of them: {names[1]}.to({names[0]}.dtype).",
        )


def check_system(name: str, A: Tensor, B: Tensor, left: bool = True, names: tuple[str, str] = ("A", "B")) -> None:
    """Refuse two tensors that make no system ``A X = B`` (``X A = B``): other dtypes, other sizes, vectors."""
    check_dtypes(name, A, B, names)
    if B.ndim < 2:
        raise errors.runtime(f"{name}: The input tensor {names[1]} must have at least 2 dimensions.")
    a, b = A.shape, B.shape
    if a[-1 if left else -2] != b[-2 if left else -1]:
        raise errors.runtime(
            f"{name}: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B "
            f"({a[-2]}x{a[-1]} and {b[-2]}x{b[-1]})"
        )
    broadcast_shapes(b[:-2], a[:-2])


def check_old_system(name: str, b: Tensor, A: Tensor) -> None:
    """As ``check_system``, in the words of the functions that take the right-hand side first."""
    if b.dtype is not A.dtype:
        raise errors.runtime(
            f"Expected b and A to have the same dtype, but found b of type {types.scalar_name(b.dtype)} and A of type "
            f"{types.scalar_name(A.dtype)} instead."
        )
    if A.shape[-1] != A.shape[-2]:
        raise errors.runtime(
            f"A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]} matrices"
        )
    if A.shape[-2] != b.shape[-2]:
        raise errors.runtime(
            f"Incompatible matrix sizes for {name}: each A matrix is {A.shape[-1]} by {A.shape[-1]} but each b matrix is "
            f"{b.shape[-2]} by {b.shape[-1]}"
        )
    broadcast_shapes(b.shape[:-2], A.shape[:-2])


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
    return stacked_product(input, other)


@matprod.vjp("input")
def _(k, g, other):
    return k.matprod(g, adjoint(k, other))


@matprod.vjp("other")
def _(k, g, input):
    return k.matprod(adjoint(k, input), g)


def by_columns(a: Any) -> Any:
    """Matrices in memory column after column, as LAPACK leaves them."""
    return np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2)


def adjoint(k: Any, x: Any) -> Any:
    """The conjugate transpose."""
    return k.conj(k.transpose(x, -2, -1))


def constant(k: Any, a: Any) -> Any:
    """A constant array for whoever is reading."""
    return wrap(a) if k is tensors else a


def array_of(x: Any) -> Any:
    """The numbers of what a rule reads, for choices that are not differentiated."""
    return x._a if isinstance(x, Tensor) else x


def lower(k: Any, x: Any, diagonal: Any = 0) -> Any:
    """The lower triangle, the rest zero."""
    return pattern(k, x, lambda m: np.tril(m, diagonal))


def upper(k: Any, x: Any, diagonal: Any = 0) -> Any:
    """The upper triangle, the rest zero."""
    return pattern(k, x, lambda m: np.triu(m, diagonal))


def columns(k: Any, x: Any, first: Any, last: Any) -> Any:
    """Some columns of matrices."""
    return k.basic_slice(x, where=(Ellipsis, slice(first, last)))


def rows(k: Any, x: Any, first: Any, last: Any) -> Any:
    """Some rows of matrices."""
    return k.basic_slice(x, where=(Ellipsis, slice(first, last), slice(None)))


def back(k: Any, T: Any, B: Any, upper: Any = True, unit: Any = False) -> Any:
    """X of ``T X = B`` for a triangular T."""
    return k.triangular_solution(T, B, upper=upper, unit=unit)


def back_right(k: Any, T: Any, B: Any, upper: Any = True, unit: Any = False) -> Any:
    """X of ``X T = B`` for a triangular T."""
    return adjoint(k, k.triangular_solution(adjoint(k, T), adjoint(k, B), upper=not upper, unit=unit))


@opaque(public=False)
def rows_taken(k, input, *, order):
    """The rows of matrices in another order, one for all or one for each matrix of a batch."""
    return np.take_along_axis(input, np.broadcast_to(order, input.shape[:-1])[..., None], -2)


@rows_taken.vjp("input")
def _(k, g, order):
    return k.rows_taken(g, order=np.argsort(order, -1))


def pattern(k: Any, x: Any, keep: Any) -> Any:
    """A matrix times a constant pattern, by ``where``."""
    n, m = x.shape[-2:]
    return k.where(constant(k, keep(np.ones((n, m), bool))), x, 0.0)


def symmetric(m: Any, *batch: int) -> Any:
    """Symmetric matrices with eigenvalues apart."""
    x = m.f(*batch, 3, 3)
    return x + x.transpose(-1, -2)


def or_zero(k: Any, g: Any, like: Any) -> Any:
    return like * 0.0 if g is None else g


def diagonal_matrix(k: Any, x: Any) -> Any:
    """A vector as a diagonal matrix."""
    n = x.shape[-1]
    return k.where(constant(k, np.eye(n, dtype=bool)), k.unsqueeze(x, -2), 0.0)


# --- public -----------------------------------------------------------------------------------------------------------
@function(
    name="linalg.diagonal",
    samples=lambda m: [
        m(m.f(2, 3)),
        m(m.f(2, 3, 3), offset=1),
        m(m.f(2, 3, 2), offset=-1, dim1=0, dim2=1),
        m(m.nc(3, 2)),
        m(m.f(0, 2, 2)),
        m(m.i(2, 2)),
        m.without(*NO_0D),
    ],
    errors=lambda m: [
        m.error(IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got -2)", m.f(3)),
        m.error(RuntimeError, "diagonal dimensions cannot be identical 0, 0", m.f(2, 2), dim1=0, dim2=0),
    ],
)
def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A view of the diagonals of matrices, by default of the last two dimensions."""
    check_tensor("linalg.diagonal", "A", 1, A)
    return A.diagonal(offset, dim1, dim2)


@function(
    name="linalg.vander",
    samples=lambda m: [
        m(m.f(3)),
        m(m.f(2, 3), N=5),
        m(m.f(4), N=2).first_order("the second is a rounding error of torch"),
        m(m.nc(3)),
        m(m.i(3), N=4),
        m(m.f(0), N=3),
        m(m.c(3)),
        m(m.f(), N=3).other_nodes("a dimension first"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "N must be greater than 1.", m.f(3), N=1),
        m.error(
            RuntimeError, "linalg.vander supports floating point, complex, and integer tensors, but got Bool", m.b(3)
        ),
    ],
)
def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Vandermonde's matrix: the powers 0 to ``N - 1`` of each number, N as many as there are numbers if it is not given."""
    check_tensor("linalg.vander", "x", 1, x)
    if x.dtype.category < types.INTEGER or is_half(x):
        raise errors.runtime(
            "linalg.vander supports floating point, complex, and integer tensors, but got " + types.scalar_name(x.dtype)
        )
    if N is not None and not isinstance(N, int):
        raise errors.type_(f"linalg_vander(): argument 'N' must be int, not {type(N).__name__}")
    x = x if x.ndim else x.unsqueeze(0)
    n = x.shape[-1] if N is None else N
    if n <= 1:
        raise errors.runtime("N must be greater than 1.")
    powers = x.unsqueeze(-1).expand(*x.shape, n - 1).cumprod(-1)
    ones = wrap(np.ones((*x.shape, 1), powers._a.dtype))
    return REGISTRY["cat"].public([ones, powers], -1)  # type: ignore[no-any-return]
