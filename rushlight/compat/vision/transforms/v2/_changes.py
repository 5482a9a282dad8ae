"""Changes of places, sizes and colours; random ones draw as torchvision's v2 does."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import Tensor
from rushlight.utils._pytree import tree_flatten, tree_unflatten

from ...tv_tensors import Mask, TVTensor
from .. import _random as v1
from .. import functional as F1
from .._settings import _check_fill, _interpolation, _size
from . import functional as F
from ._base import Chance, Moving, OfPictures, Transform, channels_of, is_picture, is_pure_tensor, size_of

_NEAREST = F.InterpolationMode.NEAREST


def _mode(interpolation: Any) -> Any:
    return F.InterpolationMode(interpolation) if isinstance(interpolation, str) else _interpolation(interpolation)


class Normalize(OfPictures):
    """``(x - mean) / std`` of each channel of a float picture."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False):
        super().__init__()
        self.mean, self.std, self.inplace = list(mean), list(std), inplace

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if any(not isinstance(each, Tensor) and is_picture(each) for each in flat_inputs):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        return F1.normalize(image, self.mean, self.std, self.inplace)


# --- sizes --------------------------------------------------------------------------------------------------------------
class Resize(Transform):
    """To a size (H, W), or so that the shorter side has a length."""

    def __init__(
        self, size: Any, interpolation: Any = "bilinear", max_size: int | None = None, antialias: bool | None = True
    ):
        super().__init__()
        if not (isinstance(size, int) or (isinstance(size, (list, tuple)) and len(size) in (1, 2))):
            raise ValueError(
                f"size can be an integer, a sequence of one or two integers, or None, but got {size} instead."
            )
        self.size = [size] if isinstance(size, int) else list(size)
        self.interpolation, self.max_size, self.antialias = interpolation, max_size, antialias

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part in its new size."""
        return F.resize(inpt, self.size, _mode(self.interpolation), self.max_size, self.antialias)


class CenterCrop(Transform):
    """The middle (H, W)."""

    def __init__(self, size: Any):
        super().__init__()
        self.size: Any = _size(size)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The middle."""
        return F.center_crop(inpt, self.size)


class Pad(Transform):
    """Borders of a value, or by reflection or repetition."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant"):
        super().__init__()
        self.padding, self.fill, self.padding_mode = padding, _check_fill(fill), padding_mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part with borders; masks have zeros there."""
        return F.pad(inpt, self.padding, 0 if isinstance(inpt, Mask) else self.fill, self.padding_mode)


class RandomCrop(Transform):
    """A part (H, W) at a place that is drawn, after padding."""

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant"
    ):
        super().__init__()
        self.size: Any = _size(size)
        if padding:
            p = [padding] * 4 if isinstance(padding, int) else list(padding)
            padding = p if len(p) == 4 else [p[0], p[-1]] * 2
        self.padding, self.pad_if_needed = padding or None, pad_if_needed
        self.fill, self.padding_mode = _check_fill(fill), padding_mode

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        left, top, right, bottom = self.padding or [0] * 4
        height, width = height + top + bottom, width + left + right
        h, w = self.size
        down, across = (max(h - height, 0), max(w - width, 0)) if self.pad_if_needed else (0, 0)
        height, width = height + 2 * down, width + 2 * across
        if height < h or width < w:
            padded = "padded " if self.padding is not None else ""
            raise ValueError(f"Required crop size {(h, w)} is larger than {padded}input image size {(height, width)}.")
        y = int(torch.randint(0, height - h + 1, size=())) if height > h else 0
        x = int(torch.randint(0, width - w + 1, size=())) if width > w else 0
        padding = [left + across, top + down, right + across, bottom + down]
        return {"padding": padding, "place": (y, x, h, w), "crop": (height, width) != (h, w)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part."""
        if any(params["padding"]):
            inpt = F.pad(inpt, params["padding"], 0 if isinstance(inpt, Mask) else self.fill, self.padding_mode)
        return F.crop(inpt, *params["place"]) if params["crop"] else inpt


class RandomResizedCrop(Transform):
    """A part whose area and ratio of sides are drawn, then brought to a size (H, W)."""

    def __init__(
        self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3.0 / 4.0, 4.0 / 3.0), interpolation: Any = "bilinear",
        antialias: bool | None = True,
    ):  # fmt: skip
        super().__init__()
        self.size: Any = _size(size)
        self.scale, self.ratio, self.interpolation, self.antialias = scale, ratio, interpolation, antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"place": v1.RandomResizedCrop.get_params(_blank(flat_inputs), self.scale, self.ratio)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part in its new size."""
        return F.resized_crop(inpt, *params["place"], self.size, _mode(self.interpolation), self.antialias)


def _blank(flat: list[Any]) -> Any:
    """A picture of the size of a sample, of which v1's draws need no more."""
    return torch.empty(1).expand(1, *size_of(flat))


class RandomHorizontalFlip(Chance):
    """Left and right exchanged, with a probability."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part, mirrored."""
        return F.horizontal_flip(inpt)


class RandomVerticalFlip(Chance):
    """Top and bottom exchanged, with a probability."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part, upside down."""
        return F.vertical_flip(inpt)


# --- places -------------------------------------------------------------------------------------------------------------
class RandomRotation(Moving):
    """A rotation by degrees that are drawn."""

    def __init__(
        self, degrees: Any, interpolation: Any = _NEAREST, expand: bool = False, center: Any = None, fill: Any = 0
    ):
        super().__init__()
        self.__dict__["_v1"] = v1.RandomRotation(degrees, _mode(interpolation), expand, center, fill)
        self.degrees, self.interpolation, self.expand, self.fill = self._v1.degrees, _mode(interpolation), expand, fill

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"angle": self._v1.get_params(self.degrees)}

    def _moved(self, inpt: Any, params: dict[str, Any], mode: Any) -> Any:
        fill = 0 if mode is _NEAREST and self.interpolation is not _NEAREST else self.fill
        return F1.rotate(
            inpt, params["angle"], mode or self.interpolation, self.expand, self._v1.center, v1._color(fill, inpt)
        )


class RandomAffine(Moving):
    """A rotation, and if ranges are given a move, a scale and a shear, all drawn."""

    def __init__(
        self, degrees: Any, translate: Any = None, scale: Any = None, shear: Any = None, interpolation: Any = _NEAREST,
        fill: Any = 0, center: Any = None,
    ):  # fmt: skip
        super().__init__()
        self.__dict__["_v1"] = v1.RandomAffine(degrees, translate, scale, shear, _mode(interpolation), fill, center)
        self.degrees, self.translate, self.scale = self._v1.degrees, translate, scale
        self.shear, self.interpolation, self.fill = self._v1.shear, _mode(interpolation), fill

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        return {"drawn": self._v1.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])}

    def _moved(self, inpt: Any, params: dict[str, Any], mode: Any) -> Any:
        fill = v1._color(self.fill, inpt)
        return F1.affine(
            inpt, *params["drawn"], interpolation=mode or self.interpolation, fill=fill, center=self._v1.center
        )


# --- colours ------------------------------------------------------------------------------------------------------------
class Grayscale(OfPictures):
    """Black and white."""

    def __init__(self, num_output_channels: int = 1):
        super().__init__()
        self.num_output_channels = num_output_channels

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        return F1.rgb_to_grayscale(image, self.num_output_channels)


class RandomGrayscale(OfPictures, Chance):
    """Black and white, with a probability."""

    def __init__(self, p: float = 0.1):
        super().__init__(p=p)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"channels": channels_of(flat_inputs)}

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        return F1.rgb_to_grayscale(image, params["channels"])


class ColorJitter(OfPictures):
    """Brightness, contrast, saturation and hue changed by factors that are drawn, in an order that is drawn."""

    def __init__(self, brightness: Any = None, contrast: Any = None, saturation: Any = None, hue: Any = None):
        super().__init__()
        self.__dict__["_v1"] = v1.ColorJitter(
            *(0 if each is None else each for each in (brightness, contrast, saturation, hue))
        )
        self.brightness, self.contrast = self._v1.brightness, self._v1.contrast
        self.saturation, self.hue = self._v1.saturation, self._v1.hue

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        order, *factors = self._v1.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        return {"order": order.tolist(), "factors": factors}

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        changes = (F1.adjust_brightness, F1.adjust_contrast, F1.adjust_saturation, F1.adjust_hue)
        for i in params["order"]:
            if params["factors"][i] is not None:
                image = changes[i](image, params["factors"][i])
        return image


class GaussianBlur(OfPictures):
    """A blur whose deviation is drawn from a range."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)):
        super().__init__()
        made = v1.GaussianBlur(kernel_size, sigma)
        self.kernel_size, self.sigma = made.kernel_size, [float(s) for s in made.sigma]

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"sigma": v1.GaussianBlur.get_params(*self.sigma)}

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        return F1.gaussian_blur(image, self.kernel_size, [params["sigma"]] * 2)


class _ChanceOfPictures(OfPictures, Chance):
    _function: Any
    _settings: tuple[str, ...] = ()

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        return type(self)._function(image, *(getattr(self, name) for name in self._settings))


class RandomInvert(_ChanceOfPictures):
    """Black and white exchanged, with a probability."""

    _function = staticmethod(F1.invert)


class RandomAutocontrast(_ChanceOfPictures):
    """Each channel stretched to the whole range, with a probability."""

    _function = staticmethod(F1.autocontrast)


class RandomEqualize(_ChanceOfPictures):
    """All values about as frequent, with a probability."""

    _function = staticmethod(F1.equalize)


class RandomPosterize(_ChanceOfPictures):
    """The first bits of each byte, with a probability."""

    _function, _settings = staticmethod(F1.posterize), ("bits",)

    def __init__(self, bits: int, p: float = 0.5):
        super().__init__(p=p)
        self.bits = bits


class RandomSolarize(_ChanceOfPictures):
    """Values from a threshold on inverted, with a probability."""

    _function, _settings = staticmethod(F1.solarize), ("threshold",)

    def __init__(self, threshold: float, p: float = 0.5):
        super().__init__(p=p)
        self.threshold = threshold


class RandomAdjustSharpness(_ChanceOfPictures):
    """Sharper or blurred, with a probability."""

    _function, _settings = staticmethod(F1.adjust_sharpness), ("sharpness_factor",)

    def __init__(self, sharpness_factor: float, p: float = 0.5):
        super().__init__(p=p)
        self.sharpness_factor = sharpness_factor


class RandomErasing(OfPictures, Chance):
    """A rectangle filled, with a probability; ``value``: a number, one for each channel, or "random"."""

    def __init__(
        self,
        p: float = 0.5,
        scale: Any = (0.02, 0.33),
        ratio: Any = (0.3, 3.3),
        value: Any = 0.0,
        inplace: bool = False,
    ):
        super().__init__(p=p)
        from .._chances import RandomErasing as Old

        self.__dict__["_v1"] = Old(p, scale, ratio, value, inplace)
        self.scale, self.ratio, self.inplace = scale, ratio, inplace
        listed = value if isinstance(value, (list, tuple)) else [value]
        self.value = None if isinstance(value, str) else [float(v) for v in listed]

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = size_of(flat_inputs)
        blank = torch.empty(1).expand(channels_of(flat_inputs), height, width)
        *place, v = self._v1.get_params(blank, self.scale, self.ratio, self.value)
        return {"place": place, "v": None if v is blank else v}

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        return image if params["v"] is None else F1.erase(image, *params["place"], params["v"], self.inplace)


# --- batches ------------------------------------------------------------------------------------------------------------
class _Mixing(Transform):
    """Each picture of a batch mixed with the one before it, and the labels likewise."""

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None, labels_getter: Any = "default"):
        super().__init__()
        self.alpha, self.num_classes, self._getter = float(alpha), num_classes, labels_getter
        self._dist = torch.distributions.Beta(torch.tensor([alpha]), torch.tensor([alpha]))

    def _labels(self, sample: Any) -> Any:
        if callable(self._getter):
            return self._getter(sample)
        sample = sample[1] if isinstance(sample, (tuple, list)) else sample
        if isinstance(sample, dict):
            names = [k for k in sample if k.lower() == "labels"] or [k for k in sample if "label" in k.lower()]
            if not names:
                raise ValueError("Could not infer where the labels are in the sample: pass a labels_getter.")
            return sample[names[0]]
        return sample

    def _mixed(self, image: Any, params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def forward(self, *inputs: Any) -> Any:
        """The batch and its labels, mixed."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        flat, spec = tree_flatten(sample)
        labels = self._labels(sample)
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")
        wanted = self._wanted(flat)
        params = self.make_params([each for each, own in zip(flat, wanted, strict=True) if own])
        made = []
        for each, own in zip(flat, wanted, strict=True):
            if each is labels:
                made.append(self._mixed_labels(labels, params["share"]))
            elif own and (is_pure_tensor(each) or is_picture(each)):
                if each.ndim != 4 or each.shape[0] != labels.shape[0]:
                    raise ValueError(
                        f"Expected a batched input with 4 dims and {labels.shape[0]} pictures, but got {tuple(each.shape)}."
                    )
                made.append(F._like(self._mixed(F._plain(each), params), each))
            elif isinstance(each, TVTensor):
                raise ValueError(f"{type(self).__name__}() does not support bounding boxes and masks.")
            else:
                made.append(each)
        return tree_unflatten(made, spec)

    def _mixed_labels(self, labels: Any, share: float) -> Any:
        if labels.ndim == 1:
            labels = torch.nn.functional.one_hot(labels, num_classes=self.num_classes)
        labels = labels if labels.dtype.is_floating_point else labels.float()
        return labels.roll(1, 0).mul_(1.0 - share).add_(labels.mul(share))


class MixUp(_Mixing):
    """Weighted means of pictures and labels (Zhang et al. 2018); the weight is drawn from a Beta distribution."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"share": float(self._dist.sample(()))}

    def _mixed(self, image: Any, params: dict[str, Any]) -> Any:
        share = params["share"]
        return image.roll(1, 0).mul_(1.0 - share).add_(image.mul(share))


class CutMix(_Mixing):
    """A rectangle of each picture from another one (Yun et al. 2019); labels by area."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        share = float(self._dist.sample(()))
        height, width = size_of(flat_inputs)
        x, y = int(torch.randint(width, size=(1,))), int(torch.randint(height, size=(1,)))
        half = 0.5 * math.sqrt(1.0 - share)
        w, h = int(half * width), int(half * height)
        x1, x2, y1, y2 = max(x - w, 0), min(x + w, width), max(y - h, 0), min(y + h, height)
        return {"box": (x1, y1, x2, y2), "share": float(1.0 - (x2 - x1) * (y2 - y1) / (width * height))}

    def _mixed(self, image: Any, params: dict[str, Any]) -> Any:
        x1, y1, x2, y2 = params["box"]
        made = image.clone()
        made[..., y1:y2, x1:x2] = image.roll(1, 0)[..., y1:y2, x1:x2]
        return made
