"""``torch._dynamo``: what programs set and ask of a compiler that is not there. Everything runs eagerly."""

from __future__ import annotations

from typing import Any

from ..compiler import allow_in_graph, assume_constant_result, disable, list_backends, reset  # noqa: F401
from ..settings import compile
from . import config  # noqa: F401
from .eval_frame import OptimizedModule  # noqa: F401


def optimize(backend: Any = None, **options: Any) -> Any:
    """Decorator: the function as it is."""
    return compile(**options)


def is_compiling() -> bool:
    """False."""
    return False


def mark_static_address(t: Any, guard: bool = True) -> None:
    """Nothing is compiled that could rely on it."""


def mark_dynamic(t: Any, index: Any, **bounds: Any) -> None:
    """Nothing is compiled that could rely on it."""


maybe_mark_dynamic = mark_static = mark_dynamic
