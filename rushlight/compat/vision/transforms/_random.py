"""Transforms that draw; as torchvision's do, number for number."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight import nn

from . import functional as F
from ._settings import (
    _angle,
    _below,
    _between,
    _check_fill,
    _check_ranges,
    _check_sequence,
    _color,
    _interpolation,
    _Printed,
    _size,
)
from .functional import InterpolationMode


class RandomCrop(_Printed):
    """A part (H, W) at a place that is drawn, after padding."""

    _shown = ("size", "padding")

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant"
    ):
        super().__init__()
        self.size: Any = tuple(_size(size))
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    @staticmethod
    def get_params(img: Any, output_size: Any) -> tuple[int, int, int, int]:
        """Top, left, height and width of the part."""
        _, height, width = F.get_dimensions(img)
        h, w = output_size
        if height < h or width < w:
            raise ValueError(f"Required crop size {(h, w)} is larger than input image size {(height, width)}")
        if (height, width) == (h, w):
            return 0, 0, height, width
        return _below(height - h + 1), _below(width - w + 1), h, w

    def forward(self, img: Any) -> Any:
        """The part."""
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, height, width = F.get_dimensions(img)
        if self.pad_if_needed and width < self.size[1]:
            img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))


class RandomResizedCrop(nn.Module):
    """A part whose area and ratio of sides are drawn, then brought to a size (H, W)."""

    def __init__(
        self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR, antialias: bool | None = True,
    ):  # fmt: skip
        super().__init__()
        self.size: Any = _size(size)
        _check_ranges(scale, ratio)
        self.interpolation, self.antialias = _interpolation(interpolation), antialias
        self.scale, self.ratio = scale, ratio

    @staticmethod
    def get_params(img: Any, scale: Any, ratio: Any) -> tuple[int, int, int, int]:
        """Top, left, height and width of the part: ten tries, then the middle."""
        _, height, width = F.get_dimensions(img)
        logs = torch.log(torch.tensor(ratio))
        for _ in range(10):
            area = height * width * _between(scale[0], scale[1])
            sides = torch.exp(torch.empty(1).uniform_(logs[0], logs[1])).item()
            w, h = int(round(math.sqrt(area * sides))), int(round(math.sqrt(area / sides)))
            if 0 < w <= width and 0 < h <= height:
                return _below(height - h + 1), _below(width - w + 1), h, w
        w, h = width, height
        if width / height < min(ratio):
            h = int(round(w / min(ratio)))
        elif width / height > max(ratio):
            w = int(round(h * max(ratio)))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Any) -> Any:
        """The part in its new size."""
        place = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *place, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, scale={tuple(round(s, 4) for s in self.scale)}, "
            f"ratio={tuple(round(r, 4) for r in self.ratio)}, interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class ColorJitter(_Printed):
    """Brightness, contrast, saturation and hue changed by factors that are drawn, in an order that is drawn.

    A number ``x`` means factors from ``1 - x`` to ``1 + x`` (hue: turns from ``-x`` to ``x``).
    """

    _shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0):
        super().__init__()
        self.brightness: Any = self._range(brightness, "brightness")
        self.contrast: Any = self._range(contrast, "contrast")
        self.saturation: Any = self._range(saturation, "saturation")
        self.hue: Any = self._range(hue, "hue", 0, (-0.5, 0.5))

    @staticmethod
    def _range(value: Any, name: str, center: float = 1, bound: tuple[float, float] = (0, float("inf"))) -> Any:
        if isinstance(value, numbers.Number):
            if value < 0:  # type: ignore[operator]
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            low, high = center - float(value), center + float(value)  # type: ignore[arg-type]
            low = max(low, 0.0) if center else low
        elif isinstance(value, (tuple, list)) and len(value) == 2:
            low, high = float(value[0]), float(value[1])
        else:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= low <= high <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
        return None if low == high == center else (low, high)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, ...]:
        """The order and the factors; None for what does not change."""
        order = torch.randperm(4)
        drawn = [None if each is None else _between(*each) for each in (brightness, contrast, saturation, hue)]
        return (order, *drawn)

    def forward(self, img: Any) -> Any:
        """The picture in other colours."""
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in order.tolist():
            if factors[i] is not None:
                img = changes[i](img, factors[i])
        return img


class RandomRotation(nn.Module):
    """A rotation by degrees that are drawn from ``(-degrees, degrees)`` or a range."""

    def __init__(
        self, degrees: Any, interpolation: Any = InterpolationMode.NEAREST, expand: bool = False, center: Any = None,
        fill: Any = 0,
    ):  # fmt: skip
        super().__init__()
        self.degrees = _angle(degrees, "degrees")
        if center is not None:
            _check_sequence(center, "center", (2,))
        self.center, self.interpolation, self.expand = center, _interpolation(interpolation), expand
        self.fill = _check_fill(fill)

    @staticmethod
    def get_params(degrees: Any) -> float:
        """The degrees."""
        return float(_between(float(degrees[0]), float(degrees[1])))

    def forward(self, img: Any) -> Any:
        """The picture, turned."""
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, _color(self.fill, img))

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, interpolation={self.interpolation.value}, expand={self.expand}"
            f"{center}, fill={self.fill})"
        )


class RandomAffine(nn.Module):
    """A rotation, and if ranges are given a move (parts of the size), a scale and a shear (degrees), all drawn."""

    def __init__(
        self, degrees: Any, translate: Any = None, scale: Any = None, shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST, fill: Any = 0, center: Any = None,
    ):  # fmt: skip
        super().__init__()
        self.degrees = _angle(degrees, "degrees")
        if translate is not None:
            _check_sequence(translate, "translate", (2,))
            if not all(0.0 <= t <= 1.0 for t in translate):
                raise ValueError("translation values should be between 0 and 1")
        if scale is not None:
            _check_sequence(scale, "scale", (2,))
            if any(s <= 0 for s in scale):
                raise ValueError("scale values should be positive")
        self.translate, self.scale = translate, scale
        self.shear = None if shear is None else _angle(shear, "shear", (2, 4))
        self.interpolation, self.fill = _interpolation(interpolation), _check_fill(fill)
        if center is not None:
            _check_sequence(center, "center", (2,))
        self.center = center

    @staticmethod
    def get_params(degrees: Any, translate: Any, scale_ranges: Any, shears: Any, img_size: Any) -> tuple[Any, ...]:
        """Angle, move (x, y), scale and shear (x, y)."""
        angle = float(_between(float(degrees[0]), float(degrees[1])))
        move = (0, 0)
        if translate is not None:
            limits = [float(part * side) for part, side in zip(translate, img_size, strict=True)]
            move = tuple(int(round(_between(-limit, limit))) for limit in limits)  # type: ignore[assignment]
        scale = 1.0 if scale_ranges is None else float(_between(scale_ranges[0], scale_ranges[1]))
        x = y = 0.0
        if shears is not None:
            x = float(_between(shears[0], shears[1]))
            y = float(_between(shears[2], shears[3])) if len(shears) == 4 else y
        return angle, move, scale, (x, y)

    def forward(self, img: Any) -> Any:
        """The picture, moved."""
        _, height, width = F.get_dimensions(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return F.affine(img, *drawn, interpolation=self.interpolation, fill=_color(self.fill, img), center=self.center)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        parts += [f"{n}={getattr(self, n)}" for n in ("translate", "scale", "shear") if getattr(self, n) is not None]
        if self.interpolation != InterpolationMode.NEAREST:
            parts.append(f"interpolation={self.interpolation.value}")
        parts += [f"fill={self.fill}"] if self.fill != 0 else []
        parts += [f"center={self.center}"] if self.center is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"


class GaussianBlur(_Printed):
    """A blur whose deviation is drawn from a range."""

    _shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)):
        super().__init__()
        self.kernel_size: Any = _size(kernel_size)
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, numbers.Number):
            if sigma <= 0:  # type: ignore[operator]
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        elif not (isinstance(sigma, Sequence) and len(sigma) == 2):
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        elif not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """The deviation."""
        return _between(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        """The picture, blurred."""
        sigma = self.get_params(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])


class ElasticTransform(_Printed):
    """Places moved by a smooth field that is drawn: ``alpha`` says how far, ``sigma`` how smooth."""

    _shown = ("alpha", "sigma", "interpolation", "fill")

    def __init__(
        self, alpha: Any = 50.0, sigma: Any = 5.0, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = 0
    ):
        super().__init__()
        self.alpha, self.sigma = self._two(alpha, "alpha"), self._two(sigma, "sigma")
        self.interpolation = _interpolation(interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(f"fill should be int or float or a list or tuple of them. Got {type(fill)}")
        self.fill = [float(f) for f in (fill if isinstance(fill, (list, tuple)) else [fill])]

    @staticmethod
    def _two(value: Any, name: str) -> Any:
        if not isinstance(value, (float, Sequence)):
            raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
        if isinstance(value, float):
            return [value, value]
        if len(value) != 2:
            raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(value)}")
        for each in value:
            if not isinstance(each, float):
                raise TypeError(f"{name} should be a sequence of floats. Got {type(each)}")
        return value

    @staticmethod
    def get_params(alpha: Any, sigma: Any, size: Any) -> Any:
        """The field (1, H, W, 2), in units of half the size."""
        parts = []
        for i in range(2):
            field = torch.rand([1, 1, *size]) * 2 - 1
            if sigma[i] > 0.0:
                width = int(8 * sigma[i] + 1)
                width += width % 2 == 0
                field = F.gaussian_blur(field, [width, width], sigma)
            parts.append(field * alpha[i] / size[1 - i])
        return torch.concat(parts, 1).permute([0, 2, 3, 1])

    def forward(self, tensor: Any) -> Any:
        """The picture, moved."""
        _, height, width = F.get_dimensions(tensor)
        field = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, field, self.interpolation, self.fill)
