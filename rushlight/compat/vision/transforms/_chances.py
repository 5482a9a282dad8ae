"""Changes that are made with a probability."""

from __future__ import annotations

import math
import numbers
from typing import Any

import rushlight as torch

from . import functional as F
from ._settings import (
    _below,
    _between,
    _check_fill,
    _check_ranges,
    _color,
    _interpolation,
    _Printed,
)
from .functional import InterpolationMode


# --- with a probability -------------------------------------------------------------------------------------------------
class _Chance(_Printed):
    """``_changed`` of a picture, with probability ``p``."""

    _shown = ("p",)

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def _changed(self, img: Any) -> Any:
        raise NotImplementedError

    def forward(self, img: Any) -> Any:
        """The picture, changed or not."""
        return self._changed(img) if torch.rand(1) < self.p else img


class RandomHorizontalFlip(_Chance):
    """Left and right exchanged, with a probability."""

    def _changed(self, img: Any) -> Any:
        return F.hflip(img)


class RandomVerticalFlip(_Chance):
    """Top and bottom exchanged, with a probability."""

    def _changed(self, img: Any) -> Any:
        return F.vflip(img)


class RandomGrayscale(_Chance):
    """Black and white, with a probability."""

    def __init__(self, p: float = 0.1):
        super().__init__(p)

    def _changed(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, num_output_channels=F.get_dimensions(img)[0])


class RandomInvert(_Chance):
    """Black and white exchanged, with a probability."""

    def _changed(self, img: Any) -> Any:
        return F.invert(img)


class RandomAutocontrast(_Chance):
    """Each channel stretched to the whole range, with a probability."""

    def _changed(self, img: Any) -> Any:
        return F.autocontrast(img)


class RandomEqualize(_Chance):
    """All values about as frequent, with a probability."""

    def _changed(self, img: Any) -> Any:
        return F.equalize(img)


class _ChanceOf(_Chance):
    """With one setting."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({','.join(f'{name}={getattr(self, name)}' for name in self._shown)})"


class RandomPosterize(_ChanceOf):
    """The first bits of each byte, with a probability."""

    _shown = ("bits", "p")

    def __init__(self, bits: int, p: float = 0.5):
        super().__init__(p)
        self.bits = bits

    def _changed(self, img: Any) -> Any:
        return F.posterize(img, self.bits)


class RandomSolarize(_ChanceOf):
    """Values from a threshold on inverted, with a probability."""

    _shown = ("threshold", "p")

    def __init__(self, threshold: float, p: float = 0.5):
        super().__init__(p)
        self.threshold = threshold

    def _changed(self, img: Any) -> Any:
        return F.solarize(img, self.threshold)


class RandomAdjustSharpness(_ChanceOf):
    """Sharper or blurred, with a probability."""

    _shown = ("sharpness_factor", "p")

    def __init__(self, sharpness_factor: float, p: float = 0.5):
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def _changed(self, img: Any) -> Any:
        return F.adjust_sharpness(img, self.sharpness_factor)


class RandomPerspective(_Chance):
    """The corners moved inwards by parts that are drawn, with a probability."""

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ):
        super().__init__(p)
        self.interpolation, self.distortion_scale = _interpolation(interpolation), distortion_scale
        self.fill = _check_fill(fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[Any, Any]:
        """The corners of the picture, and where they go."""
        dx, dy = int(distortion_scale * (width // 2)) + 1, int(distortion_scale * (height // 2)) + 1

        def left() -> int:
            return _below(dx)

        def right() -> int:
            return _below(width, width - dx)

        ends = [
            [left(), _below(dy)],
            [right(), _below(dy)],
            [right(), _below(height, height - dy)],
            [left(), _below(height, height - dy)],
        ]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], ends

    def _changed(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        points = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, *points, self.interpolation, _color(self.fill, img))


class RandomErasing(_Chance):
    """A rectangle of a tensor filled, with a probability; ``value``: a number, one for each channel, or "random"."""

    _shown = ("p", "scale", "ratio", "value", "inplace")

    def __init__(
        self, p: float = 0.5, scale: Any = (0.02, 0.33), ratio: Any = (0.3, 3.3), value: Any = 0, inplace: bool = False
    ):
        super().__init__(p)
        if not isinstance(value, (numbers.Number, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        _check_ranges(scale, ratio)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.scale, self.ratio, self.value, self.inplace = scale, ratio, value, inplace

    @staticmethod
    def get_params(img: Any, scale: Any, ratio: Any, value: Any = None) -> tuple[int, int, int, int, Any]:
        """Top, left, height, width and what fills them: ten tries, then the picture itself."""
        channels, height, width = img.shape[-3:]
        logs = torch.log(torch.tensor(ratio))
        for _ in range(10):
            area = height * width * _between(scale[0], scale[1])
            sides = torch.exp(torch.empty(1).uniform_(logs[0], logs[1])).item()
            h, w = int(round(math.sqrt(area * sides))), int(round(math.sqrt(area / sides)))
            if h < height and w < width:
                v = (
                    torch.empty([channels, h, w], dtype=torch.float32).normal_()
                    if value is None
                    else torch.tensor(value)[:, None, None]
                )
                return _below(height - h + 1), _below(width - w + 1), h, w, v
        return 0, 0, height, width, img

    def _changed(self, img: Any) -> Any:
        value: Any = self.value
        if isinstance(value, str):
            value = None
        else:
            value = [float(v) for v in (value if isinstance(value, (list, tuple)) else [value])]
            if len(value) not in (1, img.shape[-3]):
                raise ValueError(
                    "If value is a sequence, it should have either a single value or "
                    f"{img.shape[-3]} (number of input channels)"
                )
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)
