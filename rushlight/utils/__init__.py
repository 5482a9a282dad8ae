"""``torch.utils``: ``data`` is rushlight.data, the same object; the rest loads on first use."""

import importlib
from typing import Any

from .. import data

_SUBMODULES = frozenset(
    "_contextlib _device _foreach_utils _python_dispatch _pytree benchmark checkpoint collect_env cpp_extension deterministic dlpack "
    "flop_counter hooks model_zoo module_tracker tensorboard weak".split()
)

__all__ = ["checkpoint", "data", "tensorboard"]


def set_module(obj: Any, mod: str) -> None:
    """Let a function or class say that it stands in another module."""
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod


def __getattr__(name: str) -> Any:
    if name == "swap_tensors":
        return importlib.import_module(f"{__name__}.swapping").swap_tensors
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")
