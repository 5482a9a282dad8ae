"""A small ``torchvision`` for programs that import it, there together with the alias unless torchvision is installed.

``datasets`` reads MNIST, Fashion-MNIST and CIFAR-10 from local files in their published formats and downloads nothing;
``transforms`` has the common ones, on PIL images (if Pillow is installed), arrays and tensors; ``utils`` grids of images.
"""

from __future__ import annotations

from . import datasets, transforms, utils

__version__ = "0.28.0"
__all__ = ["datasets", "transforms", "utils"]


def __getattr__(name: str) -> object:
    if name in ("models", "ops", "io"):
        raise ModuleNotFoundError(
            f"No module named 'torchvision.{name}'\n\nRushlight stands in for torchvision's datasets, transforms and utils only.",
            name=f"torchvision.{name}",
        )
    raise AttributeError(f"module 'torchvision' has no attribute '{name}'")
