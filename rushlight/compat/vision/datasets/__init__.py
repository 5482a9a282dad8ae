"""Data sets from files that lie where torchvision puts them. Nothing is downloaded: an error says which file goes where."""

from __future__ import annotations

from typing import Any

from ....errors import MissingName
from . import utils
from .cifar import CIFAR10, CIFAR100, read_pickle
from .folder import DatasetFolder, ImageFolder
from .mnist import EMNIST, KMNIST, MNIST, QMNIST, FashionMNIST, read_idx
from .others import STL10, SVHN, USPS, CelebA, FakeData
from .vision import StandardTransform, VisionDataset

__all__ = [
    "CIFAR10", "CIFAR100", "EMNIST", "KMNIST", "MNIST", "QMNIST", "STL10", "SVHN", "USPS", "CelebA", "DatasetFolder",
    "FakeData", "FashionMNIST", "ImageFolder", "StandardTransform", "VisionDataset", "read_idx", "read_pickle", "utils",
]  # fmt: skip

_MISSING = (
    "Caltech101", "Caltech256", "Cityscapes", "CocoCaptions", "CocoDetection", "DTD", "EuroSAT", "FER2013", "FGVCAircraft",
    "Flickr30k", "Flickr8k", "Flowers102", "Food101", "GTSRB", "INaturalist", "ImageNet", "Imagenette", "Kinetics", "Kitti",
    "LFWPairs", "LFWPeople", "LSUN", "MovingMNIST", "Omniglot", "OxfordIIITPet", "PCAM", "PhotoTour", "Places365",
    "RenderedSST2", "SBDataset", "SBU", "SEMEION", "SUN397", "StanfordCars", "UCF101", "VOCDetection", "VOCSegmentation",
    "WIDERFace",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MISSING:
        raise MissingName(f"Rushlight's stand-in for torchvision has no datasets.{name}.")
    raise AttributeError(f"module 'torchvision.datasets' has no attribute '{name}'")
