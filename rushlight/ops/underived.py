"""Inputs by which PyTorch has no derivative, although the result needs a gradient: backward raises when it gets there."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..op import elementwise
from ..tensor import Tensor


@elementwise(public=False, grad_name="NotImplemented")
def underived(k, input, *, what):
    """``input`` itself; its gradient is an error that names ``what``, for a pass that needs this gradient and no other."""
    return input


@underived.vjp("input")
def _(k, g, what):
    raise no_derivative(what)


def no_derivative(what: str) -> Exception:
    """The error of a backward that gets to where PyTorch has no derivative."""
    hint = "PyTorch has none by this argument either: detach() it, or compute what depends on it in another way."
    if what.startswith("aten::"):  # a function without a node of its own says it in other words
        return errors.runtime(f"derivative for {what} is not implemented", hint)
    return errors.advised(NotImplementedError(f"the derivative for '{what}' is not implemented."), hint)


def without_derivative(x: Any, what: str) -> Any:
    """An operand of an op that has no derivative by it."""
    return underived.public(x, what=what) if isinstance(x, Tensor) and x.requires_grad else x
