"""Policies of changes: AutoAugment (Cubuk et al. 2018), RandAugment (2019) and TrivialAugment (Müller and Hutter 2021)."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import rushlight as torch
from rushlight import Tensor, nn

from . import functional as F
from .functional import InterpolationMode

__all__ = ["AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"]


class AutoAugmentPolicy(Enum):
    """Which data set a policy was found for."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


#: Two changes a pair, each with its probability in tenths and its magnitude, if it has one: "ShearX 9 4".
_POLICIES = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize 4 8, Rotate 6 9; Solarize 6 5, AutoContrast 6; Equalize 8, Equalize 6; Posterize 6 7, Posterize 6 6;
        Equalize 4, Solarize 2 4; Equalize 4, Rotate 8 8; Solarize 6 3, Equalize 6; Posterize 8 5, Equalize 10; Rotate 2 3, Solarize 6 8;
        Equalize 6, Posterize 4 6; Rotate 8 8, Color 4 0; Rotate 4 9, Equalize 6; Equalize 0, Equalize 8; Invert 6, Equalize 10;
        Color 6 4, Contrast 10 8; Rotate 8 8, Color 10 2; Color 8 8, Solarize 8 7; Sharpness 4 7, Invert 6; ShearX 6 5, Equalize 10;
        Color 4 0, Equalize 6; Equalize 4, Solarize 2 4; Solarize 6 5, AutoContrast 6; Invert 6, Equalize 10; Color 6 4, Contrast 10 8;
        Equalize 8, Equalize 6
    """,
    AutoAugmentPolicy.CIFAR10: """
        Invert 1, Contrast 2 6; Rotate 7 2, TranslateX 3 9; Sharpness 8 1, Sharpness 9 3; ShearY 5 8, TranslateY 7 9;
        AutoContrast 5, Equalize 9; ShearY 2 7, Posterize 3 7; Color 4 3, Brightness 6 7; Sharpness 3 9, Brightness 7 9;
        Equalize 6, Equalize 5; Contrast 6 7, Sharpness 6 5; Color 7 7, TranslateX 5 8; Equalize 3, AutoContrast 4;
        TranslateY 4 3, Sharpness 2 6; Brightness 9 6, Color 2 8; Solarize 5 2, Invert 0; Equalize 2, AutoContrast 6;
        Equalize 2, Equalize 6;
        Color 9 9, Equalize 6; AutoContrast 8, Solarize 2 8; Brightness 1 3, Color 7 0; Solarize 4 5, AutoContrast 9;
        TranslateY 9 9, TranslateY 7 9; AutoContrast 9, Solarize 8 3; Equalize 8, Invert 1; TranslateY 7 9, AutoContrast 9
    """,
    AutoAugmentPolicy.SVHN: """
        ShearX 9 4, Invert 2; ShearY 9 8, Invert 7; Equalize 6, Solarize 6 6; Invert 9, Equalize 6; Equalize 6, Rotate 9 3;
        ShearX 9 4, AutoContrast 8; ShearY 9 8, Invert 4; ShearY 9 5, Solarize 2 6; Invert 9, AutoContrast 8; Equalize 6, Rotate 9 3;
        ShearX 9 4, Solarize 3 3; ShearY 8 8, Invert 7; Equalize 9, TranslateY 6 6; Invert 9, Equalize 6; Contrast 3 3, Rotate 8 4;
        Invert 8, TranslateY 0 2; ShearY 7 6, Solarize 4 8; Invert 6, Rotate 8 4; ShearY 3 7, TranslateX 9 3; ShearX 1 6, Invert 6;
        Solarize 7 2, TranslateY 6 7; ShearY 8 4, Invert 8; ShearX 7 9, TranslateY 8 3; ShearY 8 5, AutoContrast 7; ShearX 7 2, Invert 1
    """,
}


def _parsed(text: str) -> list[Any]:
    def change(words: list[str]) -> tuple[str, float, int | None]:
        return words[0], int(words[1]) / 10, int(words[2]) if len(words) > 2 else None

    return [tuple(change(part.split()) for part in pair.split(",")) for pair in text.split(";")]


def _apply_op(img: Any, name: str, magnitude: float, interpolation: Any, fill: Any) -> Any:
    """One change of a picture."""
    common = {"interpolation": interpolation, "fill": fill}
    if name in ("ShearX", "ShearY"):
        shear = [math.degrees(math.atan(magnitude)), 0.0]
        return F.affine(img, 0.0, [0, 0], 1.0, shear if name == "ShearX" else shear[::-1], center=[0, 0], **common)
    if name in ("TranslateX", "TranslateY"):
        move = [int(magnitude), 0]
        return F.affine(img, 0.0, move if name == "TranslateX" else move[::-1], 1.0, [0.0, 0.0], **common)
    if name == "Rotate":
        return F.rotate(img, magnitude, **common)
    factors = {
        "Brightness": F.adjust_brightness, "Color": F.adjust_saturation, "Contrast": F.adjust_contrast,
        "Sharpness": F.adjust_sharpness,
    }  # fmt: skip
    if name in factors:
        return factors[name](img, 1.0 + magnitude)
    if name == "Posterize":
        return F.posterize(img, int(magnitude))
    if name == "Solarize":
        return F.solarize(img, magnitude)
    if name == "Identity":
        return img
    plain = {"AutoContrast": F.autocontrast, "Equalize": F.equalize, "Invert": F.invert}
    if name not in plain:
        raise ValueError(f"The provided operator {name} is not recognized.")
    return plain[name](img)


def _space(
    bins: int, shear: float, moves: tuple[float, float], turn: float, factor: float, bits: int
) -> dict[str, Any]:
    """name -> (magnitudes, whether a sign is drawn)."""
    found: dict[str, Any] = {"ShearX": (0.0, shear), "ShearY": (0.0, shear)}
    found |= {"TranslateX": (0.0, moves[0]), "TranslateY": (0.0, moves[1]), "Rotate": (0.0, turn)}
    found |= dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), (0.0, factor))
    made: dict[str, Any] = {name: (torch.linspace(*ends, bins), True) for name, ends in found.items()}
    made["Posterize"] = (8 - (torch.arange(bins) / ((bins - 1) / bits)).round().int(), False)
    made["Solarize"] = (torch.linspace(255.0, 0.0, bins), False)
    return made | {name: (torch.tensor(0.0), False) for name in ("AutoContrast", "Equalize")}


class _Policy(nn.Module):
    interpolation: Any
    fill: Any
    _shown: tuple[str, ...]

    def _fill(self, img: Any) -> Any:
        fill = self.fill
        if not isinstance(img, Tensor) or fill is None:
            return fill
        if isinstance(fill, (int, float)):
            return [float(fill)] * F.get_dimensions(img)[0]
        return [float(f) for f in fill]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in self._shown)})"


class AutoAugment(_Policy):
    """One of 25 pairs of changes, which were found for a data set."""

    policy: Any

    _shown = ("policy", "fill")

    def __init__(
        self, policy: Any = AutoAugmentPolicy.IMAGENET, interpolation: Any = InterpolationMode.NEAREST, fill: Any = None
    ):
        super().__init__()
        if policy not in _POLICIES:
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy, self.interpolation, self.fill = policy, interpolation, fill
        self.policies: Any = _parsed(_POLICIES[policy])

    def _augmentation_space(self, num_bins: int, image_size: tuple[int, int]) -> dict[str, Any]:
        moves = (150.0 / 331.0 * image_size[1], 150.0 / 331.0 * image_size[0])
        return _space(num_bins, 0.3, moves, 30.0, 0.9, 4) | {"Invert": (torch.tensor(0.0), False)}

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, Any, Any]:
        """Which pair, and a number and a sign for each of its changes."""
        return int(torch.randint(transform_num, (1,)).item()), torch.rand((2,)), torch.randint(2, (2,))

    def forward(self, img: Any) -> Any:
        """The picture, changed."""
        fill = self._fill(img)
        _, height, width = F.get_dimensions(img)
        number, drawn, signs = self.get_params(len(self.policies))
        space = self._augmentation_space(10, (height, width))
        for i, (name, p, step) in enumerate(self.policies[number]):
            if drawn[i] <= p:
                magnitudes, signed = space[name]
                magnitude = float(magnitudes[step].item()) if step is not None else 0.0
                magnitude *= -1.0 if signed and signs[i] == 0 else 1.0
                img = _apply_op(img, name, magnitude, self.interpolation, fill)
        return img


class RandAugment(_Policy):
    """``num_ops`` changes of one magnitude, which are drawn."""

    num_ops: int
    magnitude: int
    num_magnitude_bins: int

    _shown = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST, fill: Any = None,
    ):  # fmt: skip
        super().__init__()
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins
        self.interpolation, self.fill = interpolation, fill

    def _augmentation_space(self, num_bins: int, image_size: tuple[int, int]) -> dict[str, Any]:
        moves = (150.0 / 331.0 * image_size[1], 150.0 / 331.0 * image_size[0])
        return {"Identity": (torch.tensor(0.0), False)} | _space(num_bins, 0.3, moves, 30.0, 0.9, 4)

    def forward(self, img: Any) -> Any:
        """The picture, changed."""
        fill = self._fill(img)
        _, height, width = F.get_dimensions(img)
        space = self._augmentation_space(self.num_magnitude_bins, (height, width))
        for _ in range(self.num_ops):
            name = list(space)[int(torch.randint(len(space), (1,)).item())]
            magnitudes, signed = space[name]
            magnitude = float(magnitudes[self.magnitude].item()) if magnitudes.ndim > 0 else 0.0
            if signed and torch.randint(2, (1,)):
                magnitude *= -1.0
            img = _apply_op(img, name, magnitude, self.interpolation, fill)
        return img


class TrivialAugmentWide(_Policy):
    """One change, with a magnitude; both are drawn."""

    num_magnitude_bins: int

    _shown = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(self, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST, fill: Any = None):
        super().__init__()
        self.num_magnitude_bins, self.interpolation, self.fill = num_magnitude_bins, interpolation, fill

    def _augmentation_space(self, num_bins: int) -> dict[str, Any]:
        return {"Identity": (torch.tensor(0.0), False)} | _space(num_bins, 0.99, (32.0, 32.0), 135.0, 0.99, 6)

    def forward(self, img: Any) -> Any:
        """The picture, changed."""
        fill = self._fill(img)
        space = self._augmentation_space(self.num_magnitude_bins)
        name = list(space)[int(torch.randint(len(space), (1,)).item())]
        magnitudes, signed = space[name]
        magnitude = 0.0
        if magnitudes.ndim > 0:
            magnitude = float(magnitudes[int(torch.randint(len(magnitudes), (1,), dtype=torch.long))].item())
        if signed and torch.randint(2, (1,)):
            magnitude *= -1.0
        return _apply_op(img, name, magnitude, self.interpolation, fill)
