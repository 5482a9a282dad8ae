"""``torch.utils._device``: a default device for a block, which is the CPU."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any

from .. import types


class DeviceContext(ContextDecorator):
    """A block with a default device: the CPU.

    Raises:
        AssertionError or RuntimeError: as ``torch.device`` does where it is used, for another device.
    """

    def __init__(self, device: Any):
        self.device = types.device(device)
        types.check_device(self.device)

    def __enter__(self) -> DeviceContext:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing to put back."""


def set_device(device: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function with a default device."""
    return DeviceContext(device)


def context_decorator(ctx: Any, func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that runs within a context, or within one that ``ctx()`` makes at each call."""
    import functools

    @functools.wraps(func)
    def within(*args: Any, **kwargs: Any) -> Any:
        with ctx() if callable(ctx) and not hasattr(ctx, "__enter__") else ctx:
            return func(*args, **kwargs)

    return within
