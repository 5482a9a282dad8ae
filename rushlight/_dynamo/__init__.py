"""``torch._dynamo``: what programs set and ask of a compiler that is not there. Everything runs eagerly."""

from __future__ import annotations

from typing import Any

from ..compiler import disable, list_backends, reset  # noqa: F401
from ..settings import compile
from . import config  # noqa: F401


def optimize(backend: Any = None, **options: Any) -> Any:
    """Decorator: the function as it is."""
    return compile(**options)


def is_compiling() -> bool:
    """False."""
    return False
