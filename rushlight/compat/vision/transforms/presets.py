"""What prepares images for published models."""

from __future__ import annotations

from typing import Any

from rushlight import Tensor, float32, nn

from . import functional as F

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class _Preset(nn.Module):
    """Settings, which it prints in lines."""

    mean: Any
    std: Any

    def _normalized(self, img: Any) -> Any:
        img = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(img, float32), mean=self.mean, std=self.std)

    def _settings(self) -> dict[str, Any]:
        names = ("crop_size", "resize_size", "mean", "std", "interpolation")
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(" + "".join(f"\n    {k}={v}" for k, v in self._settings().items()) + "\n)"

    def describe(self) -> str:
        """The settings in one line."""
        return ", ".join(f"{key}={value}" for key, value in self._settings().items())


class ImageClassification(_Preset):
    """The shorter side to ``resize_size``, the middle ``crop_size``, floats, mean and standard deviation."""

    crop_size: list[int]
    resize_size: list[int]
    interpolation: Any
    antialias: bool | None

    def __init__(
        self, *, crop_size: int, resize_size: int = 256, mean: Any = MEAN, std: Any = STD,
        interpolation: Any = F.InterpolationMode.BILINEAR, antialias: bool | None = True,
    ):  # fmt: skip
        super().__init__()
        self.crop_size, self.resize_size = [crop_size], [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def forward(self, img: Any) -> Any:
        """A tensor (C, crop_size, crop_size) from a picture or tensor."""
        img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        return self._normalized(F.center_crop(img, self.crop_size))


class SemanticSegmentation(_Preset):
    """The shorter side to ``resize_size`` (None: as it is), floats, mean and standard deviation."""

    interpolation: Any
    antialias: bool | None

    def __init__(
        self, *, resize_size: int | None, mean: Any = MEAN, std: Any = STD,
        interpolation: Any = F.InterpolationMode.BILINEAR, antialias: bool | None = True,
    ):  # fmt: skip
        super().__init__()
        self.resize_size: list[int] = None if resize_size is None else [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def forward(self, img: Any) -> Any:
        """A tensor (C, H, W) from a picture or tensor."""
        if self.resize_size is not None:
            img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        return self._normalized(img)


class ObjectDetection(nn.Module):
    """Floats from 0 to 1."""

    def forward(self, img: Any) -> Any:
        """A tensor (C, H, W) from a picture or tensor."""
        return F.convert_image_dtype(img if isinstance(img, Tensor) else F.pil_to_tensor(img), float32)

    def __repr__(self) -> str:
        return type(self).__name__ + "()"
