"""Sets in the format of MNIST: IDX files, gzipped or not, where torchvision puts them or in the folder that is given."""

from __future__ import annotations

import gzip
import lzma
import os
import string
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import wrap

from .utils import verify_str_arg
from .vision import VisionDataset, image, missing

IDX_TYPES: dict[int, Any] = {0x08: np.uint8, 0x09: np.int8, 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}


def read_idx(path: Path) -> np.ndarray[Any, Any]:
    """An array in the IDX format of the MNIST files (two zero bytes, type, dimensions, sizes, data), compressed or not.

    Raises:
        RuntimeError: for another file, or one that is cut off.
    """
    with _OPENERS.get(path.suffix, open)(path, "rb") as file:
        content = file.read()
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise RuntimeError(f"{path} is no IDX file: download it again.")
    shape = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    data = np.frombuffer(content, IDX_TYPES[content[2]], offset=4 + 4 * content[3])
    if data.size != int(np.prod(shape)):
        raise RuntimeError(
            f"{path} has {data.size} elements and says that it has {int(np.prod(shape))}: download it again."
        )
    return data.reshape(shape).astype(data.dtype.newbyteorder("="))


class MNIST(VisionDataset):
    """70,000 handwritten digits, 28 x 28 (LeCun, Cortes, Burges).

    Args:
        root: folder with ``MNIST/raw`` in it, or one that holds the four files itself. train: 60,000 of them, else the other 10,000.
        download: nothing is downloaded; without the files an error says where to put them.
    """

    data: Any
    targets: Any

    classes: list[str] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip
    site = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    files: tuple[str, ...] = (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    )

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        self.data, self.targets = self._read(download)

    def _read(self, download: bool) -> tuple[Any, Any]:
        images, labels = (self._find(name, download) for name in (self.files[:2] if self.train else self.files[2:]))
        return wrap(read_idx(images)), wrap(read_idx(labels).astype(np.int64))

    @property
    def raw_folder(self) -> str:
        """Where torchvision puts the files."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        """Where older versions of torchvision put tensors."""
        return os.path.join(self.root, type(self).__name__, "processed")

    def _find(self, name: str, download: bool) -> Path:
        for folder in (Path(self.raw_folder), Path(self.root), Path(self.raw_folder) / "gzip"):
            for ending in ("", ".gz", ".xz"):
                path = folder / (name + ending)
                if path.is_file():
                    return path
        text = missing(type(self).__name__, [f"{f}.gz" for f in self.files], self.raw_folder, self.site, download)
        raise RuntimeError(str(text).replace(" or corrupted", ""))

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(image(self.data._a[index]), int(self.targets._a[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"

    def _renamed(self, old: str, new: str) -> Any:
        warnings.warn(f"{old} has been renamed {new}", stacklevel=3)
        return getattr(self, new)

    @property
    def train_labels(self) -> Any:
        """An old name of ``targets``."""
        return self._renamed("train_labels", "targets")

    @property
    def test_labels(self) -> Any:
        """An old name of ``targets``."""
        return self._renamed("test_labels", "targets")

    @property
    def train_data(self) -> Any:
        """An old name of ``data``."""
        return self._renamed("train_data", "data")

    @property
    def test_data(self) -> Any:
        """An old name of ``data``."""
        return self._renamed("test_data", "data")


class FashionMNIST(MNIST):
    """70,000 pictures of clothes, 28 x 28, in MNIST's format (Zalando)."""

    classes: list[str] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip
    site = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"


class KMNIST(MNIST):
    """70,000 Japanese characters of ten kinds, 28 x 28, in MNIST's format (Clanuwat et al. 2018)."""

    classes: list[str] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
    site = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"


class EMNIST(MNIST):
    """Handwritten letters and digits in six arrangements (Cohen et al. 2017): ``split`` is one of ``splits``."""

    splits: Any = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    _all = sorted(string.digits + string.ascii_letters)
    #: Lower-case letters that look like their capitals.
    _merged = sorted(set(_all) - set("cijklmopsuvwxyz"))
    classes_split_dict: dict[str, list[str]] = {
        "byclass": _all,
        "bymerge": _merged,
        "balanced": _merged,
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }
    site = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"

    def __init__(self, root: Any, split: str, **kwargs: Any):
        self.split: str = verify_str_arg(split, "split", self.splits)
        self.files = tuple(
            f"emnist-{split}-{part}-{kind}-ubyte"
            for part in ("train", "test")
            for kind in ("images-idx3", "labels-idx1")
        )
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]


class QMNIST(MNIST):
    """MNIST with its lost 50,000 test digits and all that NIST wrote down of each (Yadav and Bottou 2019).

    Args:
        what: "train", "test" (60,000), "test10k", "test50k" or "nist". compat: targets are digits, else all eight numbers.
    """

    subsets: dict[str, str] = {"train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist"}
    site = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"

    def __init__(self, root: Any, what: str | None = None, compat: bool = True, train: bool = True, **kwargs: Any):
        what = ("train" if train else "test") if what is None else what
        self.what: str = verify_str_arg(what, "what", tuple(self.subsets))
        self.compat = compat
        stem = {"train": "qmnist-train", "test": "qmnist-test", "nist": "xnist"}[self.subsets[what]]
        self.files = (f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx2-int") * 2
        super().__init__(root, train, **kwargs)

    def _read(self, download: bool) -> tuple[Any, Any]:
        data, targets = (read_idx(self._find(name, download)) for name in self.files[:2])
        part = {"test10k": slice(0, 10000), "test50k": slice(10000, None)}.get(self.what, slice(None))
        return wrap(data[part].copy()), wrap(targets[part].astype(np.int64))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        target = self.targets[index]
        return self._transformed(image(self.data._a[index]), int(target[0]) if self.compat else target)

    def extra_repr(self) -> str:
        return f"Split: {self.what}"
