"""Questions about a tensor that have one answer."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import function
from ..tensor import Tensor


def _tensor(name: str, argument: str, position: int, x: Any) -> Tensor:
    if not isinstance(x, Tensor):
        raise errors.not_a_tensor(name, argument, position, x)
    return x


@function(
    methods="is_nonzero",
    samples=lambda m: [m(m.f()), m(m.a([0])), m(m.a([[True]])), m(m.a([0j])), m(m.f(1, 1)), m(m.f(0)), m(m.nc(2, 2))],
    errors=lambda m: [
        m.error(RuntimeError, "Boolean value of Tensor with more than one value is ambiguous", m.f(2)),
        m.error(RuntimeError, "Boolean value of Tensor with no values is ambiguous", m.f(0)),
        m.error(TypeError, "is_nonzero(): argument 'input' (position 1) must be Tensor, not float", 3.0),
    ],
)
def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is not 0.

    >>> import rushlight as torch
    >>> torch.is_nonzero(torch.tensor([2.5]))
    True
    """
    return bool(_tensor("is_nonzero", "input", 1, input))


@function(
    methods="is_signed",
    samples=lambda m: [
        m(m.f(2, 3)),
        m(m.f()),
        m(m.f(0, 2)),
        m(m.nc(3, 2)),
        m(m.a([1], m.torch.uint8)),
        m(m.b(2)),
        m(m.c(2)),
    ],
    errors=lambda m: [m.error(TypeError, "is_signed(): argument 'input' (position 1) must be Tensor, not float", 3.0)],
)
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return types.of_array(_tensor("is_signed", "input", 1, input)._a).is_signed


@function(
    methods="is_same_size",
    samples=lambda m: [
        m(m.f(2, 3), m.i(2, 3)),
        m(m.f(2, 3), m.f(3)),
        m(m.f(), m.f(1)),
        m(m.f(0, 2), m.f(0, 2)),
        m(m.nc(3, 2), m.f(3, 2)),
    ],
    errors=lambda m: [
        m.error(TypeError, "is_same_size(): argument 'other' (position 2) must be Tensor, not int", m.f(2), 1)
    ],
)
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    a, b = _tensor("is_same_size", "input", 1, input), _tensor("is_same_size", "other", 2, other)
    return a.shape == b.shape
