"""Modules below a package of ``torch.distributed``, loaded when they are asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def loader(package: str, names: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package."""
    known = frozenset(names.split())

    def find(name: str) -> Any:
        if name in known:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module 'torch{package.removeprefix('rushlight')}' has no attribute '{name}'")

    return find
