"""What data sets share: transforms, text, pictures from arrays, and what is said when files are not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.data import Dataset


class VisionDataset(Dataset[Any]):
    """Pictures and targets, with a transform for each, or with ``transforms`` of both together."""

    transform: Any
    target_transform: Any

    def __init__(
        self, root: Any = None, transforms: Callable[..., Any] | None = None, transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ):  # fmt: skip
        self.root: Any = os.path.expanduser(root) if isinstance(root, (str, os.PathLike)) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.transform, self.target_transform = transform, target_transform
        self.transforms: Any = StandardTransform(transform, target_transform) if separate else transforms

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}"]
        lines += [] if self.root is None else [f"Root location: {self.root}"]
        lines += self.extra_repr().splitlines()
        transforms = getattr(self, "transforms", None)
        lines += [] if transforms is None else [repr(transforms)]
        return f"Dataset {type(self).__name__}" + "".join(f"\n    {line}" for line in lines)

    def extra_repr(self) -> str:
        """More lines."""
        return ""

    def _transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


class StandardTransform:
    """A transform for the picture and one for the target."""

    transform: Any
    target_transform: Any

    def __init__(self, transform: Callable[..., Any] | None = None, target_transform: Callable[..., Any] | None = None):
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                lines += [head + first, *(" " * len(head) + line for line in rest)]
        return "\n".join(lines)


def image(array: np.ndarray[Any, Any]) -> Any:
    """A PIL image, as torchvision gives; the array itself, which our transforms take too, if Pillow is not installed."""
    try:
        from PIL import Image
    except ImportError:
        return array
    return Image.fromarray(array)


def missing(what: str, files: list[str], folder: Any, site: str, download: bool) -> RuntimeError:
    """The error for files that are not there, saying which and where they belong."""
    text = f"Dataset not found or corrupted.{'' if download else ' You can use download=True to download it'}"
    if download:
        text = f"Rushlight downloads nothing, and the files of {what} are not there."
    return RuntimeError(f"{text}\n\nFetch {', '.join(files)} from {site} and put them into {folder}.")


def find(what: str, folders: list[Any], name: str, site: str, download: bool, endings: tuple[str, ...] = ("",)) -> Path:
    """The path of a file in one of some folders, with one of some endings."""
    for folder in folders:
        for ending in endings:
            path = Path(folder) / (name + ending)
            if path.is_file():
                return path
    raise missing(what, [name + endings[-1]], folders[0], site, download)
