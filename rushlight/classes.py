"""``torch.classes``: classes that C++ libraries bring. None can be loaded; those that are asked for are not there."""

from __future__ import annotations

import os
from typing import Any

#: What test runners ask of every module; a namespace of that name would be called.
NO_NAMESPACES = frozenset({
    "collect_ignore", "load_tests", "pytest_plugins", "pytestmark", "setUpModule", "setup_function", "setup_module", "tearDownModule",
    "teardown_function", "teardown_module",
})  # fmt: skip


def load_library(path: str) -> None:
    """Load a C++ library.

    Raises:
        OSError: if there is no such file. NotImplementedError: if there is: it was built for PyTorch's inside.
    """
    if not os.path.isfile(path):
        raise OSError(f"Could not load this library: {os.path.realpath(path)}")
    raise NotImplementedError(
        "torch.classes.load_library is not implemented.\n\nA library in C++ was built for PyTorch's inside: write its classes in "
        "Python, with torch.autograd.Function for gradients of their own."
    )


class _Namespace:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            f"Tried to instantiate class '{self._name}.{name}', but it does not exist! Ensure that it is registered via "
            "torch::class_"
        )


def __getattr__(name: str) -> Any:
    if name.startswith("__") or name in NO_NAMESPACES:
        raise AttributeError(f"module 'torch.classes' has no attribute '{name}'")
    return _Namespace(name)
