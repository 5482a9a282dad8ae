"""``torch.utils``: ``data`` is rushlight.data, the same object; the rest loads on first use."""

import importlib
from typing import Any

from .. import data

__all__ = ["checkpoint", "data", "tensorboard"]


def __getattr__(name: str) -> Any:
    if name in ("_pytree", "benchmark", "checkpoint", "cpp_extension", "dlpack", "hooks", "model_zoo", "tensorboard"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")
