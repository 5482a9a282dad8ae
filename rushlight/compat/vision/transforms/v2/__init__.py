"""``torchvision.transforms.v2``: transforms of whole samples, in which pictures, masks and boxes change together."""

from __future__ import annotations

from typing import Any

from ..functional import InterpolationMode
from . import functional
from ._base import (
    ClampBoundingBoxes,
    Compose,
    ConvertBoundingBoxFormat,
    ConvertImageDtype,
    Identity,
    Lambda,
    PILToTensor,
    RandomApply,
    RandomChoice,
    RandomOrder,
    ToDtype,
    ToImage,
    ToPILImage,
    ToPureTensor,
    ToTensor,
    Transform,
)
from ._changes import (
    CenterCrop,
    ColorJitter,
    CutMix,
    GaussianBlur,
    Grayscale,
    MixUp,
    Normalize,
    Pad,
    RandomAdjustSharpness,
    RandomAffine,
    RandomAutocontrast,
    RandomCrop,
    RandomEqualize,
    RandomErasing,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomInvert,
    RandomPosterize,
    RandomResizedCrop,
    RandomRotation,
    RandomSolarize,
    RandomVerticalFlip,
    Resize,
)

__all__ = [
    "CenterCrop", "ClampBoundingBoxes", "ColorJitter", "Compose", "ConvertBoundingBoxFormat", "ConvertImageDtype", "CutMix",
    "GaussianBlur", "Grayscale", "Identity", "InterpolationMode", "Lambda", "MixUp", "Normalize", "PILToTensor", "Pad",
    "RandomAdjustSharpness", "RandomAffine", "RandomApply", "RandomAutocontrast", "RandomChoice", "RandomCrop", "RandomEqualize",
    "RandomErasing", "RandomGrayscale", "RandomHorizontalFlip", "RandomInvert", "RandomOrder", "RandomPosterize",
    "RandomResizedCrop", "RandomRotation", "RandomSolarize", "RandomVerticalFlip", "Resize", "ToDtype", "ToImage", "ToPILImage",
    "ToPureTensor", "ToTensor", "Transform", "functional",
]  # fmt: skip

_MISSING = (
    "AugMix", "AutoAugment", "AutoAugmentPolicy", "ElasticTransform", "FiveCrop", "GaussianNoise", "JPEG",
    "LinearTransformation", "RGB", "RandAugment",
    "RandomChannelPermutation", "RandomIoUCrop", "RandomPerspective", "RandomPhotometricDistort", "RandomResize",
    "RandomShortestSize", "RandomZoomOut", "SanitizeBoundingBoxes", "ScaleJitter", "TenCrop", "TrivialAugmentWide",
    "UniformTemporalSubsample",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MISSING:
        raise NotImplementedError(
            f"Rushlight's stand-in for torchvision has no transforms.v2.{name}; transforms.{name} may serve."
        )
    raise AttributeError(f"module 'torchvision.transforms.v2' has no attribute '{name}'")
