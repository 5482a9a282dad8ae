"""Subclasses of Tensor and look-alikes that take calls over through ``__torch_function__``."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from . import types
from .tensor import Deferred, Parameter, Tensor

_overrides: ContextVar[bool] = ContextVar("rushlight_overrides", default=True)


class DisableTorchFunctionSubclass:
    """Inside, ``__torch_function__`` is not asked: how a subclass reaches the plain operation."""

    def __enter__(self) -> None:
        self.token: Any = _overrides.set(False)

    def __exit__(self, *exc: object) -> None:
        _overrides.reset(self.token)


#: Classes that certainly have no ``__torch_function__`` of their own.
PLAIN = frozenset(
    {Tensor, Parameter, int, float, bool, str, tuple, list, type(None), type(Ellipsis), slice, types.dtype}
)


def has_override(x: Any) -> bool:
    """True if an argument's class takes calls over through ``__torch_function__``."""
    if x.__class__ is Deferred:
        x._a  # noqa: B018 - from here on it is a plain tensor
        return False
    method = getattr(type(x), "__torch_function__", None)
    return method is not None and _overrides.get()


def dispatch_override(public: Callable[..., Any], x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    kinds = tuple({type(a) for a in args if hasattr(type(a), "__torch_function__")})
    result = type(x).__torch_function__(public, kinds, args, kwargs)
    if result is NotImplemented:
        raise TypeError(
            f"no implementation found for '{public.__name__}' on types that implement __torch_function__: {kinds}"
        )
    return result
