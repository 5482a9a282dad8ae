"""Public functions that are written against Tensors and have no record of their own: constructors, argument shuffling.

They stand beside the op registry: ``@function`` notes where the name appears (``torch.``, ``torch.nn.functional.``,
methods), so that the namespaces are queries here as they are there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class Function:
    """A public function: its name with PyTorch's module path, the methods that call it, samples as an op has them."""

    __slots__ = ("fn", "torch_name", "methods", "samples", "error_samples", "module")

    def __init__(
        self, fn: Callable[..., Any], torch_name: str, methods: list[str], samples: Any, errors: Any, module: str
    ):
        self.fn, self.torch_name, self.methods = fn, torch_name, methods
        self.samples, self.error_samples = samples, errors
        self.module = module


#: Every function by its PyTorch name.
FUNCTIONS: dict[str, Function] = {}


def function(
    *, name: str | None = None, methods: str = "", samples: Any = None, errors: Any = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a public function. ``name`` is its PyTorch path if not ``torch.<its own name>``."""
    module = sys._getframe(1).f_globals["__name__"]  # the family file, which a class's __module__ would not tell

    def declare(fn: Callable[..., Any]) -> Callable[..., Any]:
        torch_name = name or fn.__name__
        if torch_name in FUNCTIONS:
            raise TypeError(f"function '{torch_name}' is declared twice")
        FUNCTIONS[torch_name] = Function(fn, torch_name, methods.split(), samples, errors, module)
        return fn

    return declare
