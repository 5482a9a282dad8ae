"""``torch.utils``: ``data`` is rushlight.data, the same object; the rest loads on first use."""

import importlib
from typing import Any

from .. import data

_SUBMODULES = frozenset(
    "_contextlib _foreach_utils _python_dispatch _pytree benchmark checkpoint cpp_extension dlpack flop_counter hooks model_zoo "
    "tensorboard weak".split()
)

__all__ = ["checkpoint", "data", "tensorboard"]


def __getattr__(name: str) -> Any:
    if name == "swap_tensors":
        return importlib.import_module(f"{__name__}.swapping").swap_tensors
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")
