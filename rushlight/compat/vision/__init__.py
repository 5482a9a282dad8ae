"""A small ``torchvision`` for programs that import it, there together with the alias unless torchvision is installed.

``datasets`` reads MNIST, Fashion-MNIST and CIFAR-10 from local files in their published formats and downloads nothing;
``transforms`` has the common ones, on PIL images (if Pillow is installed), arrays and tensors; ``utils`` grids of images, ``ops`` boxes.
"""

from __future__ import annotations

import importlib

from . import datasets, transforms, utils

__version__ = "0.28.0"
__all__ = ["datasets", "transforms", "utils"]


def __getattr__(name: str) -> object:
    if name == "ops":
        return importlib.import_module(f"{__name__}.ops")
    if name in ("models", "io"):
        raise ModuleNotFoundError(
            f"No module named 'torchvision.{name}'\n\n"
            "Rushlight stands in for torchvision's datasets, transforms, utils and the boxes of ops only.",
            name=f"torchvision.{name}",
        )
    raise AttributeError(f"module 'torchvision' has no attribute '{name}'")
