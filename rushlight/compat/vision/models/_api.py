"""Models by name, and the checkpoints that belong to them. A checkpoint is read if its file is there; nothing is downloaded."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from rushlight import hub

from ..transforms.functional import InterpolationMode
from ..transforms.presets import ImageClassification, SemanticSegmentation
from ._published import TABLE

__all__ = ["Weights", "WeightsEnum", "get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models"]

SITE = "https://download.pytorch.org/models/"
CLASSES_FILE = "imagenet_classes.txt"
#: The classes of Pascal VOC, in its order.
VOC = (
    "__background__ aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant "
    "sheep sofa train tvmonitor"
).split()

#: name -> the function that makes the model
BUILDERS: dict[str, Callable[..., Any]] = {}
ENUMS: dict[str, type[WeightsEnum]] = {}


class ImageNetClasses(Sequence[str]):
    """The 1,000 names, read from a file that the user has, when the first is asked for."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def __len__(self) -> int:
        return 1000

    def __getitem__(self, index: Any) -> Any:
        if not self._names:
            path = Path(hub.get_dir()) / CLASSES_FILE
            if not path.is_file():
                raise NotImplementedError(
                    f"Rushlight downloads nothing, and the names of ImageNet's classes are not there. Put {CLASSES_FILE} (one name a "
                    f"line, in the order of the outputs; the repository pytorch/hub has it) into {path.parent}."
                )
            self._names = path.read_text(encoding="utf-8").splitlines()
        return self._names[index]


IMAGENET = ImageNetClasses()


@dataclass
class Weights:
    """A checkpoint: where it is published, what prepares images for it, and facts about it."""

    url: str
    transforms: Callable[..., Any]
    meta: dict[str, Any]

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, Weights):
            return NotImplemented
        a, b = self.transforms, other.transforms
        same = (
            (a.func, a.args, a.keywords) == (b.func, b.args, b.keywords)
            if isinstance(a, partial) and isinstance(b, partial)
            else a == b
        )
        return self.url == other.url and self.meta == other.meta and same


class WeightsEnum(Enum):
    """The checkpoints of one model; ``DEFAULT`` is the best of them."""

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """A member, from itself or its name; None stays None."""
        if obj is None or isinstance(obj, cls):
            return obj
        if isinstance(obj, str):
            return cls[obj.removeprefix(cls.__name__ + ".")]
        raise TypeError(f"Invalid Weight class provided; expected {cls.__name__} but received {type(obj).__name__}.")

    def get_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The parameters, from the file in the cache folder of ``torch.hub``. Only tensors are read from it.

        Raises:
            NotImplementedError: if the file is not there; the message says where it belongs.
        """
        return hub.load_state_dict_from_url(self.url, *args, **{"weights_only": True, **kwargs})

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self._name_}"

    @property
    def url(self) -> str:
        """Where the file is published."""
        return self.value.url

    @property
    def transforms(self) -> Callable[..., Any]:
        """Makes what prepares an image."""
        return self.value.transforms

    @property
    def meta(self) -> dict[str, Any]:
        """Classes, number of parameters, smallest input."""
        return self.value.meta


def published(name: str) -> type[WeightsEnum]:
    """The enum of a model (``"ResNet18_Weights"``), from the table of published files."""
    members: dict[str, Weights] = {}
    default = None
    for line in TABLE.splitlines():
        stem, member, file, least, parameters, classes, crop, side, mode, *scale = line.split()
        if stem + "_Weights" != name:
            continue
        default = member.rstrip("*") if member.endswith("*") else default
        meta = {
            "num_params": int(parameters),
            "min_size": (int(least), int(least)),
            "categories": {"1000": IMAGENET, "21": VOC, "0": None}[classes],
        }
        options: dict[str, Any] = {"resize_size": int(side)}
        if crop == "-":
            prepare = partial(SemanticSegmentation, **options)
        else:
            options.update(crop_size=int(crop), interpolation=InterpolationMode(mode))
            if scale:
                mean, std = (tuple(map(float, part.split(","))) for part in scale)
                options.update(mean=mean * (3 // len(mean)), std=std * (3 // len(std)))
            prepare = partial(ImageClassification, **options)
        members[member.rstrip("*")] = Weights(SITE + file, prepare, meta)
    made: Any = WeightsEnum(
        name,  # type: ignore[arg-type]
        [*members.items(), *([("DEFAULT", members[default])] if default else [])],
        module=sys._getframe(1).f_globals["__name__"],
    )
    ENUMS[name] = made
    return made


def get_weight(name: str) -> Any:
    """A checkpoint by its name: ``"ResNet50_Weights.IMAGENET1K_V2"``."""
    enum, dot, member = name.partition(".")
    if not dot or "." in member:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    if enum not in ENUMS:
        raise ValueError(f"The weight enum '{enum}' for the specific method couldn't be retrieved.")
    return ENUMS[enum][member]


def get_model_builder(name: str) -> Callable[..., Any]:
    """The function that makes a model."""
    try:
        return BUILDERS[name.lower()]
    except KeyError:
        raise ValueError(f"Unknown model {name.lower()}") from None


def get_model(name: str, **config: Any) -> Any:
    """A model by its name, made with its function's arguments."""
    return get_model_builder(name)(**config)


def get_model_weights(name: Callable[..., Any] | str) -> type[WeightsEnum]:
    """The enum of a model's checkpoints."""
    function = get_model_builder(name) if isinstance(name, str) else name
    enum = getattr(function, "weights", None)
    if enum is None:
        raise ValueError("The method is missing the 'weights' argument.")
    return enum


def register_model(name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let ``get_model`` find a function under a name, its own by default."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        key = name if name is not None else function.__name__
        if key in BUILDERS:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        BUILDERS[key] = function
        return function

    return register


def list_models(
    module: ModuleType | None = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
) -> list[str]:
    """The names of all models, or of a module's, that fit patterns (``"resnet*"``) and do not fit others."""

    def fitting(names: set[str], patterns: Iterable[str] | str) -> set[str]:
        patterns = [patterns] if isinstance(patterns, str) else patterns
        return {name for pattern in patterns for name in fnmatch.filter(names, pattern)}

    names = {
        name
        for name, function in BUILDERS.items()
        if module is None or function.__module__.rpartition(".")[0] == module.__name__
    }
    names = fitting(names, include) if include else names
    return sorted(names - fitting(names, exclude) if exclude else names)
