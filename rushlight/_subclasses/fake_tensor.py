"""``torch._subclasses.fake_tensor``: what libraries ask about tensors that have a shape and no elements. No tensor here is one."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..tensor import Tensor

_ADVICE = "Call the function on tensors of zeros of these shapes, and look at the shapes of its results."


def is_fake(x: Any) -> bool:
    """False: every tensor has its elements."""
    return False


class FakeTensor(Tensor):
    """A tensor without elements; none can be made.

    Raises:
        NotImplementedError: when one is made.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> FakeTensor:
        raise errors.advised(
            NotImplementedError("torch._subclasses.fake_tensor.FakeTensor is not implemented."), _ADVICE
        )


class FakeTensorMode:
    """A block whose tensors have no elements.

    Raises:
        NotImplementedError: when one is made.
    """

    def __init__(self, **options: Any):
        raise errors.advised(
            NotImplementedError("torch._subclasses.fake_tensor.FakeTensorMode is not implemented."), _ADVICE
        )
