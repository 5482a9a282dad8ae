"""Triangles of matrices, and writing their diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, large
from ..functions import function
from ..op import opaque
from ..readers import arrays
from ..tensor import Tensor
from ..writing import in_order


def _samples(m: Any) -> list[Any]:
    squares = [
        m(m.f(3, 3)),
        m(m.f(2, 3), 1),
        m(m.f(2, 3, 2), -1),
        m(m.nc(3, 2)),
        m(m.f(0, 3)),
        m(m.i(3, 3)),
        m(m.b(2, 2)),
    ]
    return [*squares, m.without("0-d", "it needs two dimensions")]


def _errors(m: Any) -> list[Any]:
    words = "input tensor must have at least 2 dimensions"
    return [m.error(RuntimeError, words, m.f(3)), m.error(TypeError, "must be int, not str", m.f(2, 2), "a")]


def _checked(name: str, input: Any, diagonal: Any) -> Any:
    if not hasattr(diagonal, "__index__"):
        raise errors.type_(f"{name}(): argument 'diagonal' (position 1) must be int, not {type(diagonal).__name__}")
    if input.ndim < 2:
        raise errors.runtime(
            f"{name}: input tensor must have at least 2 dimensions", f"It has shape {list(input.shape)}."
        )
    return (input,), {"diagonal": int(diagonal)}


def _lower(input: Any, diagonal: int) -> Any:
    """What takes the lower triangle: which elements stay is a matter of the shape."""
    inside, zero = np.tri(*input.shape[-2:], k=diagonal, dtype=bool), np.zeros((), input.dtype)
    return lambda input: in_order(large.pointwise(arrays, _kept, input, inside, zero))


def _upper(input: Any, diagonal: int) -> Any:
    outside, zero = np.tri(*input.shape[-2:], k=diagonal - 1, dtype=bool), np.zeros((), input.dtype)
    return lambda input: in_order(large.pointwise(arrays, _cleared, input, outside, zero))


def _kept(k: Any, input: Any, inside: Any, zero: Any) -> Any:
    return k.where(inside, input, zero)


def _cleared(k: Any, input: Any, outside: Any, zero: Any) -> Any:
    return k.where(outside, zero, input)


@opaque(out="exact loose", methods="tril tril_", samples=_samples, errors=_errors)
def tril(k, input, *, diagonal=0):
    """The lower triangle of a matrix, or of a batch of them; zeros above the diagonal number ``diagonal``."""
    return _lower(input, diagonal)(input)


tril.plan(_lower)


@tril.prepare
def _(input, diagonal=0):
    return _checked("tril", input, diagonal)


@tril.vjp("input")
def _(k, g, diagonal):
    return k.tril(g, diagonal)


@opaque(out="exact loose", methods="triu triu_", samples=_samples, errors=_errors)
def triu(k, input, *, diagonal=0):
    """The upper triangle of a matrix, or of a batch of them; zeros below the diagonal number ``diagonal``."""
    return _upper(input, diagonal)(input)


triu.plan(_upper)


@triu.prepare
def _(input, diagonal=0):
    return _checked("triu", input, diagonal)


@triu.vjp("input")
def _(k, g, diagonal):
    return k.triu(g, diagonal)


@function(
    name="Tensor.fill_diagonal_",
    methods="fill_diagonal_",
    samples=lambda m: [
        m(m.f(3, 3), 5.0),
        m(m.f(2, 5), 5),
        m(m.f(7, 3), 5),
        m(m.f(8, 3), 5, wrap=True),
        m(m.f(2, 5), 5, True),
        m(m.f(3, 3, 3), 5),
        m(m.f(0, 3), 5),
        m(m.nc(3, 2), 5),
        m(m.i(3, 3), 2.7),
        m.without("0-d", "it needs two dimensions"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "dimensions must larger than 1", m.f(3), 1),
        m.error(RuntimeError, "all dimensions of input must be of equal length", m.f(2, 3, 2), 1),
        m.error(RuntimeError, "a view of a leaf Variable that requires grad", m.f(2, 2).requires_grad_(), 1),
        m.error(RuntimeError, "value cannot be converted to type int64_t without overflow", m.i(2, 2), 1j),
    ],
)
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number to the main diagonal; with ``wrap`` to further ones of a tall matrix, each a row below the end of the last.

    More than two dimensions must be of one size. The gradient of what is overwritten is 0.

    >>> import rushlight as torch
    >>> torch.zeros(2, 3).fill_diagonal_(5)
    tensor([[5., 0., 0.],
            [0., 5., 0.]])
    """
    if self.ndim < 2:
        raise errors.runtime("dimensions must larger than 1", f"The tensor has the shape {list(self.shape)}.")
    if self.ndim > 2 and len(set(self.shape)) > 1:
        raise errors.runtime(
            "all dimensions of input must be of equal length", f"The tensor has the shape {list(self.shape)}."
        )
    height, width = self.shape[:2]
    diagonal = self.diagonal()
    while diagonal.ndim > 1:
        diagonal = diagonal.diagonal(0, 0, -1)
    diagonal.fill_(fill_value)
    if wrap and self.ndim == 2:
        for row in range(width + 1, height, width + 1):
            self[row : row + width].diagonal().fill_(fill_value)
    return self
