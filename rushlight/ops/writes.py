"""Writing whole tensors: ``copy_``, ``fill_``, ``zero_``."""

from __future__ import annotations

import numpy as np

from .. import errors
from ..autograd.mode import recording
from ..functions import function
from ..inplace import inplace
from ..op import opaque
from ..promotion import cast, cast_array
from ..tensor import Tensor, requires_grad
from ..writing import bump, check_writable


@opaque(grad_name="CopyBackwards", methods="copy_", public=False)
def copy(k, input, src):
    """The values of ``src`` in the shape and dtype of ``input``."""
    return cast_array(np.broadcast_to(src, input.shape), input.dtype)


@copy.prepare
def _(input, src, non_blocking=False):
    if not isinstance(src, Tensor):
        raise errors.not_a_tensor("copy_", "other", 1, src)
    lead = src.ndim - input.ndim
    if lead <= 0:
        for i, (n, m) in enumerate(zip(reversed(input.shape), reversed(src.shape), strict=False)):
            if m not in (n, 1):
                raise errors.runtime(
                    f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension "
                    f"{input.ndim - 1 - i}"
                )
        return (input, src), {}
    raise errors.runtime(
        f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(src.shape)}",
        "An in-place operation never changes a shape: write to a slice, or make a new tensor.",
    )


@copy.vjp("input")
def _(k, g):
    return g * 0.0


@copy.vjp("src")
def _(k, g):
    return g


def _fill_name(inputs, attrs):
    return "FillBackward1" if isinstance(inputs[1], Tensor) else "FillBackward0"


@opaque(
    grad_name=_fill_name,
    methods="fill fill_",
    samples=lambda m: [
        m(m.f(2, 3), 2.0), m(m.f(), 1.0), m(m.f(0), 1.0), m(m.nc(2, 3), m.f()), m(m.i(3), 2),
        m.without("broadcast", "the value is one number")],
    errors=lambda m: [m.error(RuntimeError, "fill_ only supports 0-dimension value tensor", m.f(3), m.f(2))],
)  # fmt: skip
def fill(k, input, value):
    """A tensor like ``input`` filled with ``value``, a number or a 0-d tensor.

    >>> import rushlight as torch
    >>> torch.zeros(2).fill_(3)
    tensor([3., 3.])
    """
    return np.full_like(input, value)


@fill.prepare
def _(input, value):
    if isinstance(value, Tensor):
        if value._a.ndim:
            raise errors.runtime(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._a.ndim} dimensions."
            )
        return (input, value), {}
    if isinstance(input, Tensor):
        value = cast(value, input.dtype)
    return (input, value), {}


@fill.vjp("input")
def _(k, g):
    return g * 0.0


@fill.vjp("value")
def _(k, g):
    return k.sum_to_size(g, size=())


@opaque(grad_name="ZeroBackward0", public=False)
def zero(k, input):
    """Zeros like ``input``."""
    return np.zeros_like(input)


@zero.vjp("input")
def _(k, g):
    return g * 0.0


@function(name="Tensor.zero_", methods="zero_")
def zero_(self: Tensor) -> Tensor:
    """Fill with zeros."""
    if recording() and requires_grad(self):
        return inplace(zero, (self,), {})
    check_writable(self)
    self._a.fill(0)
    bump(self)
    return self
