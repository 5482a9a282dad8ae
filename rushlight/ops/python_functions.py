"""Python functions applied to each element in place: ``apply_``, ``map_``, ``map2_``. Slow, as in PyTorch; loops over arrays are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..promotion import element
from ..tensor import Tensor
from ..writing import check_overlap


def _refuse_gradients(name: str, *tensors: Tensor) -> None:
    if any(t.requires_grad for t in tensors):
        raise errors.runtime(
            f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.",
            "A Python function of numbers has no derivative that could be recorded.",
        )


def _alike(name: str, self: Tensor, **others: Any) -> list[np.ndarray[Any, Any]]:
    """The other operands, in the shape of the tensor that is written."""
    found = []
    for n, (argument, x) in enumerate(others.items(), 1):
        if not isinstance(x, Tensor):
            raise errors.not_a_tensor(name, argument, n, x)
        if x.dtype is not self.dtype:
            kinds = [f"torch.{types.scalar_name(t.dtype)}Tensor" for t in (self, x)]
            raise errors.type_(
                f"{name}: expected {kinds[0]} for {'' if name == 'map_' else 'argument '}'{argument}' (got {kinds[1]})",
                f"Convert it first: {argument}.to({self.dtype}).",
            )
        found.append(x.expand(self.shape)._a)
    _refuse_gradients(name, self, *others.values())
    return found


def _each(self: Tensor, call: Callable[..., Any], *others: np.ndarray[Any, Any]) -> Tensor:
    """Element by element in the order of the dimensions; what was written before an exception stays, as in PyTorch."""
    check_overlap(self._a)
    a = self._a
    for place in np.ndindex(a.shape):
        numbers = [x[place].item() if x.dtype.kind != "V" else float(x[place]) for x in (a, *others)]
        a[place] = _number(call(*numbers), self)
    return self


def _number(x: Any, like: Tensor) -> Any:
    """What the function returned, as an element of the tensor."""
    if isinstance(x, Tensor) and x.numel() == 1:
        x = x.item()
    numbers = (bool, int, float, np.number, np.bool_, *((complex,) if like.dtype.is_complex else ()))
    if not isinstance(x, numbers):
        raise errors.type_(f"must be real number, not {type(x).__name__}", "The function that was given returned it.")
    return element(x.item() if isinstance(x, np.generic) else x, like.dtype)


def _callable(name: str, f: Any) -> None:
    if not callable(f):
        raise errors.type_(f"'{type(f).__name__}' object is not callable", f"{name} takes a function of numbers.")


def _double(x: Any) -> Any:
    return x * 2


@function(
    name="Tensor.apply_",
    methods="apply_",
    samples=lambda m: [
        m(m.f(2, 3).detach(), _double).value_only("PyTorch refuses what needs a gradient"),
        m(m.f().detach(), abs).value_only("the same"),
        m(m.f(0), abs).value_only("the same"),
        m(m.nc(3, 2), _double).value_only("the same"),
        m(m.i(3), lambda v: v * 2.7),
        m(m.b(3), lambda v: not v),
        m(m.c(2), _double).value_only("the same"),
    ],
    errors=lambda m: [
        m.error(TypeError, "must be real number, not str", m.f(2), lambda v: "a"),
        m.error(TypeError, "'int' object is not callable", m.f(2), 3),
        m.error(RuntimeError, "Can't call apply_() on Variable that requires grad", m.f(2).requires_grad_(), abs),
        m.error(RuntimeError, "value cannot be converted to type uint8", m.a([1], m.torch.uint8), lambda v: 300),
    ],
)
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:  # noqa: A002
    """Replace each element by ``callable(element)``, one Python call each: for a few numbers, not for speed.

    >>> import rushlight as torch
    >>> torch.tensor([1.0, 4.0]).apply_(lambda v: v + 0.5)
    tensor([1.5000, 4.5000])
    """
    _refuse_gradients("apply_", self)
    _callable("apply_", callable)
    return _each(self, callable)


@function(
    name="Tensor.map_",
    methods="map_",
    samples=lambda m: [
        m(m.f(2, 3), m.f(2, 3), max).value_only("PyTorch refuses what needs a gradient"),
        m(m.f(2, 3), m.f(3), min).value_only("the same"),
        m(m.f(), m.f(), max).value_only("the same"),
        m(m.f(0), m.f(0), max).value_only("the same"),
        m(m.nc(3, 2), m.f(3, 2), max).value_only("the same"),
        m(m.i(3), m.i(3), max),
    ],
    errors=lambda m: [
        m.error(TypeError, "map_: expected torch.DoubleTensor for 'other' (got torch.LongTensor)", m.f(2), m.i(2), max),
        m.error(TypeError, "map_(): argument 'other' (position 1) must be Tensor, not int", m.f(2), 1, max),
        m.error(RuntimeError, "must match the existing size", m.f(3), m.f(2), max),
        m.error(RuntimeError, "Can't call map_() on Variable that requires grad", m.f(2), m.f(2).requires_grad_(), max),
    ],
)
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:  # noqa: A002
    """Replace each element by ``callable(element, that of tensor)``; ``tensor`` is expanded to this one's shape.

    >>> import rushlight as torch
    >>> torch.tensor([1.0, 4.0]).map_(torch.tensor([2.0, 3.0]), max)
    tensor([2., 4.])
    """
    _callable("map_", callable)
    return _each(self, callable, *_alike("map_", self, other=tensor))


def _sum(a: Any, b: Any, c: Any) -> Any:
    return a + b * c


@function(
    name="Tensor.map2_",
    methods="map2_",
    samples=lambda m: [
        m(m.f(2, 3), m.f(2, 3), m.f(3), _sum).value_only("PyTorch refuses what needs a gradient"),
        m(m.f(), m.f(), m.f(), _sum).value_only("the same"),
        m(m.f(0), m.f(0), m.f(0), _sum).value_only("the same"),
        m(m.nc(3, 2), m.f(3, 2), m.f(2), _sum).value_only("the same"),
    ],
    errors=lambda m: [
        m.error(
            TypeError,
            "map2_: expected torch.DoubleTensor for argument 'y' (got torch.LongTensor)",
            m.f(2),
            m.f(2),
            m.i(2),
            _sum,
        ),
        m.error(
            RuntimeError,
            "Can't call map2_() on Variable that requires grad",
            m.f(2).requires_grad_(),
            m.f(2),
            m.f(2),
            _sum,
        ),
    ],
)
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:  # noqa: A002
    """Replace each element by ``callable(element, that of x, that of y)``."""
    _callable("map2_", callable)
    return _each(self, callable, *_alike("map2_", self, x=x, y=y))
