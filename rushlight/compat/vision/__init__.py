"""``torchvision`` for programs that import it, there together with the alias unless torchvision is installed.

``models``, ``ops``, ``transforms`` and ``utils`` are torchvision's, with its names, random draws and initial values; ``datasets`` and
``io`` read local files in their published formats. Nothing is downloaded. Each part is loaded when it is first named.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.28.0"
__all__ = ["datasets", "io", "models", "ops", "transforms", "tv_tensors", "utils"]

_image_backend = "PIL"


def set_image_backend(backend: str) -> None:
    """Accept "PIL", which is what reads pictures here.

    Raises:
        ValueError: for an unknown one.
        NotImplementedError: for "accimage".
    """
    if backend not in ("PIL", "accimage"):
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")
    if backend != "PIL":
        raise NotImplementedError("Rushlight reads pictures with Pillow; accimage is not supported.")


def get_image_backend() -> str:
    """What reads pictures."""
    return _image_backend


def disable_beta_transforms_warning() -> None:
    """Accepted for compatibility: there is no such warning."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torchvision' has no attribute '{name}'")
