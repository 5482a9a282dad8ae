"""The modes that are entered, and how the innermost is asked."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ..autograd import mode as grad_mode
from ..library import OpOverload
from .forms import overload as overload_named

#: The modes of this context, the innermost last.
stack: ContextVar[tuple[Any, ...]] = ContextVar("rushlight_dispatch_modes", default=())


def call(func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the innermost mode answers to an operation."""
    modes = stack.get()
    token = stack.set(modes[:-1])
    grad = grad_mode.mode.set(grad_mode.OFF)
    runner = grad_mode.node_runner.set(None)
    try:
        return modes[-1].__torch_dispatch__(func, (), args, kwargs)
    finally:
        grad_mode.node_runner.reset(runner)
        grad_mode.mode.reset(grad)
        stack.reset(token)


def ask(name: str, overload: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``call`` of an operation by its name."""
    return call(overload_named(name, overload), args, kwargs)


def current_mode() -> Any:
    """The innermost mode, or None."""
    modes = stack.get()
    return modes[-1] if modes else None
