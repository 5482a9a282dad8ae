"""Random pictures, and sets with formats of their own: SVHN, USPS, STL-10, CelebA."""

from __future__ import annotations

import bz2
import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

import rushlight as torch

from .utils import verify_str_arg
from .vision import VisionDataset, find, image, missing


class FakeData(VisionDataset):
    """Random pictures and classes, the same for each index: torchvision's."""

    size: int
    num_classes: int
    image_size: tuple[int, ...]
    random_offset: int

    def __init__(
        self, size: int = 1000, image_size: tuple[int, ...] = (3, 224, 224), num_classes: int = 10, transform: Any = None,
        target_transform: Any = None, random_offset: int = 0,
    ):  # fmt: skip
        super().__init__(transform=transform, target_transform=target_transform)
        self.size, self.num_classes, self.image_size, self.random_offset = size, num_classes, image_size, random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        state = torch.get_rng_state()
        torch.manual_seed(index + self.random_offset)
        pixels = torch.randn(*self.image_size)
        target = torch.randint(0, self.num_classes, size=(1,), dtype=torch.long)[0]
        torch.set_rng_state(state)
        a = (pixels.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
        picture, target = self._transformed(image(a[:, :, 0] if a.shape[2] == 1 else a), target)
        return picture, target.item()

    def __len__(self) -> int:
        return self.size


class SVHN(VisionDataset):
    """House numbers in colours, 32 x 32 (Netzer et al. 2011): "train", "test" or "extra", from MATLAB's files, which SciPy reads."""

    site = "http://ufldl.stanford.edu/housenumbers/"
    splits: Any = ("train", "test", "extra")

    def __init__(
        self,
        root: Any,
        split: str = "train",
        transform: Any = None,
        target_transform: Any = None,
        download: bool = False,
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split: str = verify_str_arg(split, "split", self.splits)
        self.filename: str = f"{split}_32x32.mat"
        path = find("SVHN", [self.root], self.filename, self.site, download)
        from scipy.io import loadmat

        content = loadmat(path)
        self.data: np.ndarray[Any, Any] = content["X"].transpose(3, 2, 0, 1)
        self.labels: np.ndarray[Any, Any] = content["y"].astype(np.int64).squeeze()
        self.labels[self.labels == 10] = 0

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(image(self.data[index].transpose(1, 2, 0)), int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


class USPS(VisionDataset):
    """Handwritten digits, 16 x 16 (Hull 1994), from LIBSVM's files: 7,291 for training, 2,007 for tests."""

    site = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        path = find("USPS", [self.root], "usps.bz2" if train else "usps.t.bz2", self.site, download)
        with bz2.open(path, "rt") as file:
            rows = [line.split() for line in file]
        pixels = np.array([[field.partition(":")[2] for field in row[1:]] for row in rows], np.float32)
        self.data: np.ndarray[Any, Any] = ((pixels.reshape(-1, 16, 16) + 1) / 2 * 255).astype(np.uint8)
        self.targets: list[int] = [int(row[0]) - 1 for row in rows]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(image(self.data[index]), int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)


class STL10(VisionDataset):
    """Colour pictures of ten classes, 96 x 96 (Coates et al. 2011): "train", "train+unlabeled", "unlabeled" or "test".

    ``folds``: one of the ten thousands of the published folds, for training.
    """

    folds: int | None

    base_folder = "stl10_binary"
    site = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    splits: Any = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self, root: Any, split: str = "train", folds: int | None = None, transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ):  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split: str = verify_str_arg(split, "split", self.splits)
        if folds is not None and not isinstance(folds, int):
            raise ValueError(f"Expected type None or int for argument folds, but got type {type(folds)}.")
        if folds is not None and folds not in range(10):
            raise ValueError(f"Value for argument folds should be in the range [0, 10), but got {folds}.")
        self.folds, self._download = folds, download
        parts = [self._part(name) for name in self.split.split("+")]
        self.data: np.ndarray[Any, Any] = np.concatenate([data for data, _ in parts])
        self.labels: np.ndarray[Any, Any] = np.concatenate([labels for _, labels in parts])
        names = Path(self.root, self.base_folder, "class_names.txt")
        if names.is_file():
            self.classes: list[str] = names.read_text().splitlines()

    def _content(self, name: str) -> np.ndarray[Any, Any]:
        path = Path(self.root, self.base_folder, name)
        if not path.is_file():
            raise missing("STL10", ["the archive, unpacked,"], self.root, self.site, self._download)
        return np.fromfile(path, np.uint8)

    def _part(self, name: str) -> tuple[Any, Any]:
        # Columns first, as MATLAB writes.
        data = self._content(f"{name}_X.bin").reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)
        labels = np.full(len(data), -1) if name == "unlabeled" else self._content(f"{name}_y.bin") - 1
        if name == "train" and self.folds is not None:
            lines = Path(self.root, self.base_folder, "fold_indices.txt").read_text().splitlines()
            own = np.array(lines[self.folds].split(), np.int64)
            data, labels = data[own], labels[own]
        return data, labels

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(image(self.data[index].transpose(1, 2, 0)), int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


class CelebA(VisionDataset):
    """202,599 faces with attributes (Liu et al. 2015), from ``root/celeba``; Pillow reads the pictures.

    Args:
        split: "train", "valid", "test" or "all". target_type: "attr", "identity", "bbox", "landmarks", or a list of them.
    """

    base_folder = "celeba"
    site = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"

    def __init__(
        self, root: Any, split: str = "train", target_type: Any = "attr", transform: Any = None, target_transform: Any = None,
        download: bool = False,
    ):  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = split
        self.target_type: Any = target_type if isinstance(target_type, list) else [target_type]
        if not self.target_type and target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        number = {"train": 0, "valid": 1, "test": 2, "all": None}[
            verify_str_arg(split.lower(), "split", ("train", "valid", "test", "all"))
        ]
        self._download = download
        if not Path(self.root, self.base_folder, "img_align_celeba").is_dir():
            raise missing(
                "CelebA", ["img_align_celeba.zip, unpacked,"], Path(self.root, self.base_folder), self.site, download
            )
        names, _, part = self._table("list_eval_partition.txt", False)
        own = np.flatnonzero(part[:, 0] == number) if number is not None else np.arange(len(names))
        self.filename: list[str] = [names[i] for i in own]
        for name, file, headed in (
            ("identity", "identity_CelebA.txt", False),
            ("bbox", "list_bbox_celeba.txt", True),
            ("landmarks_align", "list_landmarks_align_celeba.txt", True),
            ("attr", "list_attr_celeba.txt", True),
        ):
            _, header, values = self._table(file, headed)
            values = (values + 1) // 2 if name == "attr" else values
            setattr(self, name, torch.from_numpy(values[own]))
            if name == "attr":
                self.attr_names = header

    def _table(self, name: str, headed: bool) -> tuple[list[str], list[str], np.ndarray[Any, Any]]:
        folder = Path(self.root, self.base_folder)
        path = find("CelebA", [folder], name, self.site, self._download)
        with open(path, newline="") as file:
            rows = list(csv.reader(file, delimiter=" ", skipinitialspace=True))
        header, rows = (rows[1], rows[2:]) if headed else ([], rows)
        return [row[0] for row in rows], header, np.array([[int(v) for v in row[1:]] for row in rows], np.int64)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        picture = Image.open(os.path.join(self.root, self.base_folder, "img_align_celeba", self.filename[index]))
        values = {
            "attr": lambda: self.attr[index, :],
            "identity": lambda: self.identity[index, 0],
            "bbox": lambda: self.bbox[index, :],
            "landmarks": lambda: self.landmarks_align[index, :],
        }
        for kind in self.target_type:
            if kind not in values:
                raise ValueError(f'Target type "{kind}" is not recognized.')
        targets = tuple(values[kind]() for kind in self.target_type)
        if not targets:
            return (self.transform(picture) if self.transform is not None else picture), None
        return self._transformed(picture, targets if len(targets) > 1 else targets[0])

    def __len__(self) -> int:
        return len(self.attr)

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
