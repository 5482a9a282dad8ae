"""Writing whole tensors: ``copy_``, ``fill_``, ``zero_``."""

from __future__ import annotations

import numpy as np

from .. import errors
from ..autograd.mode import recording
from ..functions import function
from ..op import cast, cast_array, opaque
from ..tensor import Tensor, edge_of
from ..writing import bump, check_writable


@opaque(grad_name="CopyBackwards", methods="copy_", public=False)
def copy(k, input, src):
    """The values of ``src`` in the shape and dtype of ``input``."""
    return np.broadcast_to(src, input.shape).astype(input.dtype, copy=False)


@copy.prepare
def _(input, src, non_blocking=False):
    if not hasattr(src, "shape"):
        raise errors.not_a_tensor("copy_", "other", 1, src)
    lead = len(src.shape) - len(input.shape)
    for i, (n, m) in enumerate(zip(reversed(input.shape), reversed(src.shape), strict=False)):
        if m not in (n, 1):
            raise errors.runtime(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension "
                f"{len(input.shape) - 1 - i}"
            )
    if lead > 0:
        raise errors.runtime(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(src.shape)}"
        )
    if isinstance(src, Tensor) and src._a.dtype is not input._a.dtype:
        src = src.to(input.dtype) if recording() and edge_of(src) is not None else wrap_cast(src, input)
    return (input, src), {}


def wrap_cast(src: Tensor, like: Tensor) -> Tensor:
    from ..tensor import wrap

    return wrap(cast_array(src._a, like._a.dtype))


@copy.vjp("input")
def _(k, g):
    return g * 0.0


@copy.vjp("src")
def _(k, g):
    return g


@opaque(
    grad_name="FillBackward0",
    methods="fill fill_",
    samples=lambda m: [m(m.f(2, 3), 2.0), m(m.f(), 1.0), m(m.f(0), 1.0)],
)
def fill(k, input, value):
    """A tensor like ``input`` filled with ``value``."""
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


@function(name="Tensor.zero_", methods="zero_")
def zero_(self: Tensor) -> Tensor:
    """Fill with zeros."""
    if recording() and edge_of(self) is not None:
        return self.fill_(0)  # type: ignore[no-any-return]
    check_writable(self)
    self._a.fill(0)
    bump(self)
    return self
