"""Families of ops that wait for the first use of one of their names.

``import rushlight`` may cost half of what NumPy costs, and most programs use a small part of the names. ``rushlight.ops`` imports
the families that nearly every program needs; ``rushlight.names`` (generated) says which of the others holds what. A name in
``torch`` or ``torch.nn.functional``, a method of Tensor, a record that a rule reads: each loads its family when it is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from .functions import FUNCTIONS
from .names import FAMILIES
from .op import names_under
from .readers import REGISTRY
from .tensor import Tensor

#: Called after a family was loaded: ``rushlight.methods`` gives Tensor its methods.
after_load: list[Callable[[], None]] = []

_home: dict[str, dict[str, str]] = {"functions": {}, "methods": {}, "records": {}}
for _family, _held in FAMILIES.items():
    for _kind, _names in _held.items():
        _home[_kind].update(dict.fromkeys(_names.split(), _family))


def load(family: str) -> None:
    """Import a family and complete Tensor with it."""
    importlib.import_module(f"{__package__}.ops.{family}")
    for complete in after_load:
        complete()


def load_all() -> None:
    """Import every family: for what goes over all ops, as tests and documentation do."""
    for family in FAMILIES:
        load(family)


def find(path: str) -> Any:
    """A public function by its PyTorch path (``"nn.functional.pad"``), loading its family; None if there is none."""
    family = _home["functions"].get(path)
    if family is None:
        return None
    load(family)
    prefix, _, name = path.rpartition(".")
    return names_under(prefix and prefix + ".")[name]


def waiting(prefix: str) -> list[str]:
    """The names under ``torch.<prefix>`` whose families may not be loaded yet, for ``dir()``."""
    cut = [path.removeprefix(prefix) for path in _home["functions"] if path.startswith(prefix)]
    return [name for name in cut if "." not in name]


def module_getattr(prefix: str, module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a namespace such as ``torch.linalg``: names of waiting families, then PyTorch's error."""

    def get(name: str) -> Any:
        found = find(prefix + name)
        if found is None:
            raise AttributeError(f"module 'torch.{prefix[:-1]}' has no attribute '{name}'")
        setattr(importlib.import_module(module), name, found)
        return found

    return get


def _load_by(kind: str, name: str) -> None:
    family = _home[kind].get(name)
    if family is not None:
        load(family)


class Waiting:
    """What stands on Tensor for a method whose family waits: asked for, it loads the family, which puts the method in its place."""

    name: str
    family: str

    __slots__ = ("name", "family")

    def __init__(self, name: str, family: str):
        self.name, self.family = name, family

    def __get__(self, tensor: Tensor | None, kind: type[Tensor]) -> Any:
        load(self.family)
        return getattr(kind if tensor is None else tensor, self.name)


REGISTRY.later = partial(_load_by, "records")
FUNCTIONS.later = partial(_load_by, "functions")
for _name, _family in _home["methods"].items():
    setattr(Tensor, _name, Waiting(_name, _family))
