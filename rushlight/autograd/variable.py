"""``Variable``: since PyTorch 0.4 another name for Tensor, kept for the programs that say it."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..tensor import Tensor, alias_of


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """``Variable(tensor, requires_grad=False)`` gives a tensor that shares ``tensor``'s memory."""

    __module__ = "torch.autograd.variable"

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
        if not isinstance(data, Tensor):
            raise errors.type_(
                f"Variable data has to be a tensor, but got {type(data).__name__}", "Write torch.tensor(...) around it."
            )
        if volatile:
            import warnings

            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                UserWarning,
                stacklevel=2,
            )
        t = alias_of(data, data._a, True)
        if requires_grad:
            types.check_differentiable(t.dtype)
            t.requires_grad_(True)
        return t
