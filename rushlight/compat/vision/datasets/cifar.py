"""CIFAR-10 and CIFAR-100, from the files of the Python version."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .vision import VisionDataset, image, missing


class CIFAR10(VisionDataset):
    """60,000 colour pictures of ten classes, 32 x 32 (Krizhevsky 2009), from the files of the Python version.

    Args:
        root: folder with ``cifar-10-batches-py`` in it, as the published archive unpacks. train: 50,000, else the other 10,000.
    """

    base_folder = "cifar-10-batches-py"
    site = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    _train: tuple[str, ...] = tuple(f"data_batch_{i}" for i in range(1, 6))
    _test: tuple[str, ...] = ("test_batch",)
    _meta = ("batches.meta", "label_names")
    _labels = "labels"

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        names = self._train if train else self._test
        folder = Path(self.root, self.base_folder)
        if not all((folder / name).is_file() for name in (*names, self._meta[0])):
            raise missing(type(self).__name__, ["the archive, unpacked,"], Path(self.root), self.site, download)
        batches = [read_pickle(folder / name) for name in names]
        self.data: np.ndarray[Any, Any] = (
            np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        )
        self.targets: list[int] = [int(label) for batch in batches for label in batch[self._labels]]
        self.classes: list[Any] = list(read_pickle(folder / self._meta[0])[self._meta[1]])
        self.class_to_idx: dict[Any, int] = {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(image(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """60,000 colour pictures of a hundred classes, 32 x 32 (Krizhevsky 2009); ``root`` has ``cifar-100-python`` in it."""

    base_folder = "cifar-100-python"
    site = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    _train = ("train",)
    _test = ("test",)
    _meta = ("meta", "fine_label_names")
    _labels = "fine_labels"


class _Plain(pickle.Unpickler):
    """Reads arrays and containers; a file that names anything else is refused, not run."""

    ALLOWED = frozenset({"_reconstruct", "ndarray", "dtype", "_frombuffer", "scalar"})

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name in self.ALLOWED:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        if (module, name) == ("_codecs", "encode"):  # bytes, in files that Python 3 wrote
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"the file names {module}.{name}, which no file of CIFAR does: download it again.")


def read_pickle(path: Path) -> dict[str, Any]:
    """A dict of CIFAR's files."""
    with open(path, "rb") as file:
        found = _Plain(file, encoding="latin1").load()
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in found.items()}
