"""Torch's inner modules that have no file of their own here: ``torch.nn.modules.linear``.

Which there are, and what each defines, is read from ``paths.HOMES``; the values are those of the public module above.
They are found by the alias's imports and, with or without it, as attributes: ``rushlight.nn.modules.linear.Linear``.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

from .paths import HOMES, public_module, rushlight_path

#: Classes that print as torch's while the alias is installed -> our module that defines them.
origin: dict[type, str] = {}


class Facade(ModuleType):
    """An inner module of torch's: its names are those of the public module above it, or stand beside its classes."""

    def __init__(self, path: str):
        super().__init__(path)
        self.__dict__.update(__path__=[], __getattr__=self._look_up, __dir__=self._names)

    def _look_up(self, name: str) -> Any:
        inner = facade(f"{self.__name__}.{name}")
        if inner is not None:
            return inner
        if not name.startswith("__"):
            public = importlib.import_module(rushlight_path(public_module(self.__name__)))
            # A private base class (_BatchNorm, _Loss) stands beside the public ones in the file that defines them.
            siblings = (getattr(public, listed, None) for listed in HOMES[self.__name__])
            for place in (public, *map(_defining_module, siblings)):
                if hasattr(place, name):
                    return getattr(place, name)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'", name=name, obj=self)

    def _names(self) -> list[str]:
        below = [path.rpartition(".")[2] for path in HOMES if path.rpartition(".")[0] == self.__name__]
        return sorted({*vars(self), *below, *HOMES[self.__name__]})


@cache
def facade(path: str) -> Facade | None:
    """The one stand-in for an inner module of torch's (``"torch.nn.modules.linear"``); None if torch has none there."""
    return Facade(path) if path in HOMES else None


def inner(public: str, name: str) -> Facade:
    """What the ``__getattr__`` of a public module (``"torch.nn"``) answers: its inner module, or PyTorch's error."""
    found = facade(f"{public}.{name}")
    if found is None:
        raise AttributeError(f"module '{public}' has no attribute '{name}'")
    return found


def _defining_module(value: Any) -> ModuleType | None:
    """Our module that defines a class or function, whatever it prints."""
    known = origin.get(value) if isinstance(value, type) else None
    return sys.modules.get(known or str(getattr(value, "__module__", "")))
