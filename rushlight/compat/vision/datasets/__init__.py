"""MNIST, Fashion-MNIST and CIFAR-10 from files that lie where torchvision puts them."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ....data import Dataset
from ....tensor import wrap

IDX_TYPES: dict[int, Any] = {0x08: np.uint8, 0x09: np.int8, 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> np.ndarray[Any, Any]:
    """An array in the IDX format of the MNIST files (two zero bytes, type, dimensions, sizes, data), gzipped or not.

    Raises:
        RuntimeError: for another file, or one that is cut off.
    """
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
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


class VisionDataset(Dataset[Any]):
    """Images and targets with transforms."""

    transform: Callable[..., Any] | None
    target_transform: Callable[..., Any] | None

    def __init__(
        self, root: Any, transform: Callable[..., Any] | None = None, target_transform: Callable[..., Any] | None = None
    ):
        self.root: Any = os.path.expanduser(root) if isinstance(root, (str, os.PathLike)) else root
        self.transform, self.target_transform = transform, target_transform

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}", f"Root location: {self.root}", *self.extra_repr().splitlines()]  # type: ignore[arg-type]
        if self.transform is not None:
            text = repr(self.transform).splitlines()
            lines += ["StandardTransform", f"Transform: {text[0]}", *(" " * 11 + line for line in text[1:])]
        return f"Dataset {type(self).__name__}\n" + "\n".join(
            "    " + line if i else "    " + line for i, line in enumerate(lines)
        )

    def extra_repr(self) -> str:
        """More lines."""
        return ""

    def _transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


def _image(array: np.ndarray[Any, Any]) -> Any:
    """A PIL image, as torchvision gives; the array itself, which our transforms take too, if Pillow is not installed."""
    try:
        from PIL import Image
    except ImportError:
        return array
    return Image.fromarray(array)


def _missing(what: str, files: list[str], folder: Path, site: str, download: bool) -> RuntimeError:
    text = f"Dataset not found.{'' if download else ' You can use download=True to download it'}"
    if download:
        text = f"Rushlight downloads nothing, and the files of {what} are not there."
    return RuntimeError(f"{text}\n\nFetch {', '.join(files)} from {site} and put them into {folder}.")


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
        super().__init__(root, transform, target_transform)
        self.train = train
        images, labels = (self._find(name, download) for name in (self.files[:2] if train else self.files[2:]))
        self.data, self.targets = wrap(read_idx(images)), wrap(read_idx(labels).astype(np.int64))

    @property
    def raw_folder(self) -> str:
        """Where torchvision puts the files."""
        return os.path.join(self.root, type(self).__name__, "raw")

    def _find(self, name: str, download: bool) -> Path:
        for folder in (Path(self.raw_folder), Path(self.root)):
            for ending in ("", ".gz"):
                path = folder / (name + ending)
                if path.is_file():
                    return path
        raise _missing(type(self).__name__, [f"{f}.gz" for f in self.files], Path(self.raw_folder), self.site, download)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(_image(self.data._a[index]), int(self.targets._a[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """70,000 pictures of clothes, 28 x 28, in MNIST's format (Zalando)."""

    classes: list[str] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]
    site = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"


class CIFAR10(VisionDataset):
    """60,000 colour pictures of ten classes, 32 x 32 (Krizhevsky 2009), from the files of the Python version.

    Args:
        root: folder with ``cifar-10-batches-py`` in it, as the published archive unpacks. train: 50,000, else the other 10,000.
    """

    base_folder = "cifar-10-batches-py"
    site = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False
    ):
        super().__init__(root, transform, target_transform)
        self.train = train
        names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
        folder = Path(self.root, self.base_folder)
        if not all((folder / name).is_file() for name in (*names, "batches.meta")):
            raise _missing("CIFAR10", ["the archive, unpacked,"], Path(self.root), self.site, download)
        batches = [read_pickle(folder / name) for name in names]
        self.data: np.ndarray[Any, Any] = (
            np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        )
        self.targets: list[int] = [int(label) for batch in batches for label in batch["labels"]]
        self.classes: list[Any] = list(read_pickle(folder / "batches.meta")["label_names"])
        self.class_to_idx: dict[Any, int] = {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(_image(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class _Plain(pickle.Unpickler):
    """Reads arrays and containers; a file that names anything else is refused, not run."""

    ALLOWED = frozenset({"_reconstruct", "ndarray", "dtype", "_frombuffer", "scalar"})

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name in self.ALLOWED:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        if (module, name) == ("_codecs", "encode"):  # bytes, in files that Python 3 wrote
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"the file names {module}.{name}, which no file of CIFAR-10 does: download it again."
        )


def read_pickle(path: Path) -> dict[str, Any]:
    """A dict of CIFAR-10's files."""
    with open(path, "rb") as file:
        found = _Plain(file, encoding="latin1").load()
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in found.items()}
