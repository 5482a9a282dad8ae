"""Shapes that broadcast: the common shape, tensors expanded to it, and tensors summed back."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..functions import function
from ..kernels import strides
from ..tensor import Tensor
from .movement import sizes


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
    for i, t in enumerate(items):
        if not isinstance(t, Tensor):
            raise errors.type_(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
        shape = strides.broadcast_shapes(shape, t._a.shape)
    return tuple(t if t._a.shape == shape else t.expand(shape) for t in items)


@function(name="Tensor.sum_to_size", methods="sum_to_size", samples=lambda m: [
    m(m.f(2, 3), 1, 3), m(m.f(2, 3), (3,)), m(m.f(2, 3), 2, 3), m(m.f(2, 3), ()), m(m.f(), ()), m(m.nc(3, 2), 3, 1),
    m(m.f(0, 2), 2), m(m.i(2, 3), 3), m(m.b(2, 3), 3)],
    errors=lambda m: [
    m.error(RuntimeError, "size {[4]} is not expandable to size {[2, 3]}.", m.f(2, 3), 4),
    m.error(RuntimeError, "size {[1, 2, 3]} is not expandable to size {[2, 3]}.", m.f(2, 3), 1, 2, 3)])  # fmt: skip
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The sum over the dimensions along which ``size`` would be expanded to this tensor's shape: the opposite of ``expand``.

    >>> import rushlight as torch
    >>> torch.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    target, shape = sizes(size), self._a.shape
    lead = len(shape) - len(target)
    if lead < 0 or any(n not in (1, m) for n, m in zip(target, shape[lead:], strict=True)):
        raise errors.runtime(
            f"size {{{list(target)}}} is not expandable to size {{{list(shape)}}}.",
            "Each size, from the last, is 1 or that of the tensor.",
        )
    if not target:
        return self.sum()  # type: ignore[no-any-return]
    dims = [d for d, n in enumerate(shape) if d < lead or (target[d - lead] == 1 and n != 1)]
    out = self.sum(dims, keepdim=True) if dims else self
    return out.view(target) if lead else out  # type: ignore[no-any-return]
