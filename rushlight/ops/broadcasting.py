"""Shapes that broadcast: the common shape, and tensors expanded to it."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import function
from ..kernels import strides
from ..tensor import Tensor


@function(
    samples=lambda m: [
        m((2, 1), (3,)).apart("a shape, no tensor"), m(2, (1,), ()).apart("the same"),
        m.without("0-d", "shapes, no tensors"), m.without("empty", "the same"), m.without("strided", "the same"),
        m.without("broadcast", "it is what it computes"),
    ],
    errors=lambda m: [m.error(RuntimeError, "Attempting to broadcast a dimension of length 3 at -1!", (2,), (3,))],
)  # fmt: skip
def broadcast_shapes(*shapes: Any) -> types.Size:
    """The shape that tensors of these shapes broadcast to.

    Raises:
        RuntimeError: if there is none.
    """
    out: tuple[int, ...] = ()
    for i, shape in enumerate(shapes):
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        try:
            out = strides.broadcast_shapes(out, shape)
        except RuntimeError:
            at = next(d for d in range(-1, -9, -1) if 1 not in (shape[d], out[d]) and shape[d] != out[d])
            raise errors.runtime(
                f"Attempting to broadcast a dimension of length {shape[at]} at {at}! Mismatching argument at index {i} had "
                f"{shape}; but expected shape should be broadcastable to {list(out)}",
                "Shapes are compared from the right; sizes must be equal or 1.",
            ) from None
    return types.Size(out)


@function(
    samples=lambda m: [
        m(m.f(2, 1), m.f(3)), m(m.f(), m.f(2)), m(m.f(0, 2), m.f(2)), m(m.nc(3, 2), m.f(2)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
    ],
)  # fmt: skip
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors as views of one shape."""
    items = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else list(tensors)
    shape: tuple[int, ...] = ()
    for t in items:
        shape = strides.broadcast_shapes(shape, t._a.shape)
    return tuple(t if t._a.shape == shape else t.expand(shape) for t in items)
