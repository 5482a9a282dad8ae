"""``torch.distributed.rpc.functions``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def async_execution(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a function that returns a ``Future``: whoever calls it by RPC gets the future's value."""

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    run._wrapped_async_rpc_function = fn  # type: ignore[attr-defined]
    return run
