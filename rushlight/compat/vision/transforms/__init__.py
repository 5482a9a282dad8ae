"""The common transforms, for PIL images, arrays of (H, W, C) or (H, W) bytes, and tensors of (C, H, W)."""

from __future__ import annotations

import enum
import importlib
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....nn import functional as _layers
from ....ops import create
from ....tensor import Tensor, wrap

F: Any = _layers


def _torch() -> Any:
    import rushlight

    return rushlight


def _array(picture: Any) -> np.ndarray[Any, Any]:
    """The pixels of a picture that is no tensor, as (H, W, C)."""
    a = np.asarray(picture)
    if a.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {a.ndim} dimensions.")
    return a[:, :, None] if a.ndim == 2 else a


def _like(picture: Any, tensor: Any) -> Any:
    """A (C, H, W) tensor as the kind of picture that was given."""
    if isinstance(picture, Tensor):
        return tensor
    a = np.ascontiguousarray(np.moveaxis(tensor.numpy(), 0, -1))
    a = a[:, :, 0] if np.asarray(picture).ndim == 2 else a
    return (
        a
        if isinstance(picture, np.ndarray)
        else type(picture).fromarray(a)
        if hasattr(type(picture), "fromarray")
        else _pil(a)
    )


def _pil(a: Any) -> Any:
    from PIL import Image

    return Image.fromarray(a)


def _tensor(picture: Any) -> Any:
    """Any picture as a (C, H, W) tensor of its own dtype."""
    if isinstance(picture, Tensor):
        return picture
    return wrap(np.ascontiguousarray(np.moveaxis(_array(picture), -1, 0)))


def _pair(size: Any) -> tuple[int, int]:
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    values = list(size)
    return (values[0], values[0]) if len(values) == 1 else (values[0], values[1])


class InterpolationMode(enum.Enum):
    """How a picture is made larger or smaller."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


class Compose:
    """Transforms one after another."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]):
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "Compose(" + "".join(f"\n    {t}" for t in self.transforms) + "\n)"


class _Transform:
    """A transform; its settings are what it prints."""

    def __call__(self, img: Any) -> Any:
        return self.forward(img)

    def forward(self, img: Any) -> Any:
        """The picture transformed."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in vars(self).items())})"


class ToTensor(_Transform):
    """A picture of bytes (H, W, C) as a float tensor (C, H, W) from 0 to 1; other dtypes keep their values."""

    def forward(self, img: Any) -> Any:
        if isinstance(img, Tensor):
            raise TypeError(f"pic should be PIL Image or ndarray. Got {type(img)}")
        a = np.ascontiguousarray(np.moveaxis(_array(img), -1, 0))
        made: Any = wrap(a)
        return made.to(_torch().get_default_dtype()).div(255) if a.dtype == np.uint8 else made

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor(_Transform):
    """A picture as a tensor (C, H, W) of its own dtype."""

    def forward(self, img: Any) -> Any:
        return _tensor(img).clone()

    def __repr__(self) -> str:
        return "PILToTensor()"


class ConvertImageDtype(_Transform):
    """Bytes as floats from 0 to 1, and back."""

    def __init__(self, dtype: Any):
        self.dtype = dtype

    def forward(self, img: Any) -> Any:
        if img.dtype is self.dtype:
            return img
        if self.dtype.is_floating_point:
            return (
                img.to(self.dtype)
                if img.dtype.is_floating_point
                else img.to(self.dtype) / _torch().iinfo(img.dtype).max
            )
        return img.mul(_torch().iinfo(self.dtype).max + 1.0 - 1e-3).to(self.dtype)


class Normalize(_Transform):
    """``(x - mean) / std`` of each channel of a float tensor."""

    mean: Any
    std: Any
    inplace: bool

    def __init__(self, mean: Any, std: Any, inplace: bool = False):
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, img: Any) -> Any:
        if not isinstance(img, Tensor):
            raise TypeError(f"img should be Tensor Image. Got {type(img)}")
        x: Any = img
        if not x.dtype.is_floating_point:
            raise TypeError(f"Input tensor should be a float tensor. Got {x.dtype}.")
        mean, std = (create.as_tensor(v, dtype=x.dtype) for v in (self.mean, self.std))
        if (std._a == 0).any():
            raise ValueError(f"std evaluated to zero after conversion to {x.dtype}, leading to division by zero.")
        mean, std = (v.view(-1, 1, 1) if v.ndim == 1 else v for v in (mean, std))  # type: ignore[operator]
        x = x if self.inplace else x.clone()
        return x.sub_(mean).div_(std)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Lambda(_Transform):
    """A function."""

    def __init__(self, lambd: Callable[[Any], Any]):
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def forward(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class ToPILImage(_Transform):
    """A tensor (C, H, W) or array (H, W, C) as a PIL image; floats from 0 to 1 become bytes."""

    def __init__(self, mode: str | None = None):
        self.mode = mode

    def forward(self, img: Any) -> Any:
        if isinstance(img, Tensor):
            x: Any = img if img.ndim == 3 else img.unsqueeze(0)  # type: ignore[operator]
            a = x.mul(255).byte().numpy() if x.dtype.is_floating_point else x.numpy()
            a = np.moveaxis(a, 0, -1)
        else:
            a = np.asarray(img)
        return _pil(np.ascontiguousarray(a[:, :, 0] if a.ndim == 3 and a.shape[2] == 1 else a))

    def __repr__(self) -> str:
        return "ToPILImage()"


class Resize(_Transform):
    """To a size (H, W), or so that the shorter side has a length; bilinear, with antialiasing on PIL images."""

    size: Any
    interpolation: Any
    max_size: int | None
    antialias: bool

    def __init__(self, size: Any, interpolation: Any = "bilinear", max_size: int | None = None, antialias: bool = True):
        self.size, self.interpolation, self.max_size, self.antialias = size, interpolation, max_size, antialias

    def forward(self, img: Any) -> Any:
        x = _tensor(img)
        height, width = x.shape[-2:]
        if isinstance(self.size, int) or len(self.size) == 1:
            short = self.size if isinstance(self.size, int) else self.size[0]
            new = (short, int(short * width / height)) if height <= width else (int(short * height / width), short)
        else:
            new = tuple(self.size)
        if hasattr(img, "resize") and not isinstance(img, (Tensor, np.ndarray)):
            return img.resize((new[1], new[0]), 0 if self.interpolation == "nearest" else 2)
        mode = getattr(self.interpolation, "value", self.interpolation)
        options = {} if mode == "nearest" else {"align_corners": False, "antialias": self.antialias}
        out = F.interpolate(x.unsqueeze(0).float(), size=new, mode=mode, **options).squeeze(0)
        out = out if x.dtype.is_floating_point else out.round().clamp(0, 255).to(x.dtype)
        return _like(img, out)


class CenterCrop(_Transform):
    """The middle (H, W), with zeros around what is smaller."""

    def __init__(self, size: Any):
        self.size: tuple[int, ...] = _pair(size)

    def forward(self, img: Any) -> Any:
        x = _tensor(img)
        (height, width), (h, w) = x.shape[-2:], self.size
        if h > height or w > width:
            left, top = max((w - width) // 2, 0), max((h - height) // 2, 0)
            x = F.pad(x, (left, max((w - width + 1) // 2, 0), top, max((h - height + 1) // 2, 0)))
            height, width = x.shape[-2:]
        top, left = int(round((height - h) / 2.0)), int(round((width - w) / 2.0))
        return _like(img, x[..., top : top + h, left : left + w])


class Pad(_Transform):
    """Borders of a value, or by reflection or repetition: one width, (left and right, top and bottom), or all four."""

    padding: Any
    fill: Any
    padding_mode: str

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant"):
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img: Any) -> Any:
        return _like(img, _padded(_tensor(img), self.padding, self.fill, self.padding_mode))


def _padded(x: Any, padding: Any, fill: Any, mode: str) -> Any:
    p = [padding] * 4 if isinstance(padding, int) else list(padding)
    left, top, right, bottom = p if len(p) == 4 else (p[0], p[-1], p[0], p[-1])
    if mode == "constant":
        return F.pad(x, (left, right, top, bottom), value=fill)
    kind = {"edge": "replicate", "reflect": "reflect"}[mode]
    return F.pad(x.unsqueeze(0).float(), (left, right, top, bottom), mode=kind).squeeze(0).to(x.dtype)


class RandomCrop(_Transform):
    """A part (H, W) at a place that is drawn, after padding."""

    size: tuple[int, ...]
    padding: Any
    pad_if_needed: bool
    fill: Any
    padding_mode: str

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant"
    ):
        self.size, self.padding, self.pad_if_needed = _pair(size), padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    def forward(self, img: Any) -> Any:
        torch = _torch()
        x = _tensor(img)
        if self.padding is not None:
            x = _padded(x, self.padding, self.fill, self.padding_mode)
        h, w = self.size
        if self.pad_if_needed and x.shape[-1] < w:
            x = _padded(x, [w - x.shape[-1], 0], self.fill, self.padding_mode)
        if self.pad_if_needed and x.shape[-2] < h:
            x = _padded(x, [0, h - x.shape[-2]], self.fill, self.padding_mode)
        height, width = x.shape[-2:]
        if height < h or width < w:
            raise ValueError(f"Required crop size {(h, w)} is larger than input image size {(height, width)}")
        top = left = 0
        if (height, width) != (h, w):
            top = int(torch.randint(0, height - h + 1, size=(1,)).item())
            left = int(torch.randint(0, width - w + 1, size=(1,)).item())
        return _like(img, x[..., top : top + h, left : left + w])

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class _Chance(_Transform):
    def __init__(self, p: float = 0.5):
        self.p = p

    def _drawn(self) -> bool:
        return bool(_torch().rand(1) < self.p)


class RandomHorizontalFlip(_Chance):
    """Left and right exchanged, with a probability."""

    def forward(self, img: Any) -> Any:
        return _like(img, _tensor(img).flip(-1)) if self._drawn() else img


class RandomVerticalFlip(_Chance):
    """Top and bottom exchanged, with a probability."""

    def forward(self, img: Any) -> Any:
        return _like(img, _tensor(img).flip(-2)) if self._drawn() else img


class Grayscale(_Transform):
    """``0.2989 R + 0.587 G + 0.114 B``."""

    def __init__(self, num_output_channels: int = 1):
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        x = _tensor(img)
        if x.shape[-3] == 3:
            r, g, b = x.unbind(-3)
            x = (0.2989 * r + 0.587 * g + 0.114 * b).to(x.dtype).unsqueeze(-3)
        x = x.expand(self.num_output_channels, *x.shape[-2:])
        made = _like(img, x)
        return made[:, :, 0] if isinstance(made, np.ndarray) and made.ndim == 3 and made.shape[2] == 1 else made


class RandomApply(_Transform):
    """Transforms, all or none, with a probability."""

    transforms: Any
    p: float

    def __init__(self, transforms: Any, p: float = 0.5):
        self.transforms, self.p = transforms, p

    def forward(self, img: Any) -> Any:
        if self.p < _torch().rand(1):
            return img
        for transform in self.transforms:
            img = transform(img)
        return img


def __getattr__(name: str) -> Any:
    if name == "functional":
        return importlib.import_module(f"{__name__}.functional")
    raise AttributeError(f"module 'torchvision.transforms' has no attribute '{name}'")
