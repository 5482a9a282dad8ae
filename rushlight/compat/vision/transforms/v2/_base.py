"""What the transforms of v2 share: samples of any structure, of which pictures, masks and boxes are transformed together."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import Tensor, nn
from rushlight.utils._pytree import tree_flatten, tree_unflatten

from ...tv_tensors import Image, Mask, TVTensor, Video
from .. import _functional_pil
from . import functional as F


def is_pure_tensor(inpt: Any) -> bool:
    """Whether it is a tensor that does not say what it holds."""
    return isinstance(inpt, Tensor) and not isinstance(inpt, TVTensor)


def is_picture(inpt: Any) -> bool:
    """Whether it is a picture: an ``Image``, a video or one of Pillow's."""
    return isinstance(inpt, (Image, Video)) or _functional_pil.is_picture(inpt)


class Transform(nn.Module):
    """A transform of a sample: draw with ``make_params`` once, then ``transform`` each part that is a picture, mask or boxes.

    A plain tensor is taken for the picture if there is no other, the first of several.
    """

    _transformed_types: tuple[Any, ...] = (Tensor, _functional_pil.is_picture)

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Refuse a sample."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """What is drawn for a sample."""
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One part of a sample, transformed."""
        raise NotImplementedError

    def _wanted(self, flat: list[Any]) -> list[bool]:
        plain = not any(is_picture(each) for each in flat)
        found = []
        for each in flat:
            wanted = any(isinstance(each, t) if isinstance(t, type) else t(each) for t in self._transformed_types)
            if wanted and is_pure_tensor(each):
                wanted, plain = plain, False
            found.append(wanted)
        return found

    def forward(self, *inputs: Any) -> Any:
        """The sample, transformed."""
        flat, spec = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
        self.check_inputs(flat)
        wanted = self._wanted(flat)
        params = self.make_params([each for each, own in zip(flat, wanted, strict=True) if own])
        made = [self.transform(each, params) if own else each for each, own in zip(flat, wanted, strict=True)]
        return tree_unflatten(made, spec)

    def extra_repr(self) -> str:
        """The settings that are numbers, texts or lists."""
        kinds = (bool, int, float, str, tuple, list, enum.Enum)
        shown = {
            k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training" and isinstance(v, kinds)
        }
        return ", ".join(f"{key}={value}" for key, value in shown.items())


class Chance(Transform):
    """A transform that is made with a probability."""

    def __init__(self, p: float = 0.5):
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        super().__init__()
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        """The sample, transformed or not."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        self.check_inputs(tree_flatten(sample)[0])
        return sample if torch.rand(1) >= self.p else super().forward(*inputs)


class OfPictures(Transform):
    """``_made`` of pictures; masks and boxes pass."""

    def _made(self, image: Any, params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """A picture, changed."""
        if isinstance(inpt, TVTensor) and not isinstance(inpt, (Image, Video)):
            return inpt
        return F._like(self._made(F._plain(inpt), params), inpt)


class Moving(Transform):
    """A change of places that is not known for boxes; masks are moved without mixing."""

    def _moved(self, inpt: Any, params: dict[str, Any], mode: Any) -> Any:
        raise NotImplementedError

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """A picture or mask, moved."""
        if isinstance(inpt, TVTensor) and not isinstance(inpt, (Image, Video, Mask)):
            raise NotImplementedError(f"{type(self).__name__} of {type(inpt).__name__} is not supported.")
        mask = isinstance(inpt, Mask)
        x = F._plain(inpt)
        flat = mask and x.ndim == 2
        made = self._moved(x[None] if flat else x, params, F.InterpolationMode.NEAREST if mask else None)
        return F._like(made[0] if flat else made, inpt)


def size_of(flat: list[Any]) -> tuple[int, int]:
    """Height and width of what is in a sample."""
    sizes = {tuple(F.get_size(each)) for each in flat if isinstance(each, Tensor) or is_picture(each)}
    if not sizes:
        raise TypeError("No image, video, mask or bounding box was found in the sample")
    if len(sizes) > 1:
        raise ValueError(f"Found multiple HxW dimensions in the sample: {sorted(sizes)}")
    return sizes.pop()  # type: ignore[return-value]


def channels_of(flat: list[Any]) -> int:
    """Channels of the picture in a sample."""
    for each in flat:
        if is_pure_tensor(each) or is_picture(each):
            return F.get_dimensions(F._plain(each))[0]
    raise TypeError("No image or video was found in the sample")


# --- lists of transforms ------------------------------------------------------------------------------------------------
class _List(Transform):
    def __init__(self, transforms: Sequence[Callable[..., Any]]):
        super().__init__()
        if not isinstance(transforms, (Sequence, nn.ModuleList)):
            raise TypeError("Argument transforms should be a sequence of callables")
        if not transforms:
            raise ValueError("Pass at least one transform")
        self.transforms: Any = transforms

    def _run(self, transforms: Any, inputs: tuple[Any, ...]) -> Any:
        several = len(inputs) > 1
        outputs: Any = inputs if several else inputs[0]
        for transform in transforms:
            outputs = transform(*inputs)
            inputs = outputs if several else (outputs,)
        return outputs


class Compose(_List):
    """Transforms one after another."""

    def forward(self, *inputs: Any) -> Any:
        """The sample after all of them."""
        return self._run(self.transforms, inputs)

    def extra_repr(self) -> str:
        return "\n".join(f"    {t}" for t in self.transforms)


class RandomApply(_List):
    """Transforms, all or none, with a probability."""

    def __init__(self, transforms: Any, p: float = 0.5):
        super().__init__(transforms)
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        """The sample, transformed or not."""
        return self._run([] if torch.rand(1) >= self.p else self.transforms, inputs)

    def extra_repr(self) -> str:
        return "\n".join(f"    {t}" for t in self.transforms)


class RandomChoice(_List):
    """One of them, with probabilities ``p``."""

    def __init__(self, transforms: Any, p: Any = None):
        super().__init__(transforms)
        p = [1] * len(transforms) if p is None else p
        if len(p) != len(transforms):
            raise ValueError(f"Length of p doesn't match the number of transforms: {len(p)} != {len(transforms)}")
        self.p = [each / sum(p) for each in p]

    def forward(self, *inputs: Any) -> Any:
        """The sample after one of them."""
        return self.transforms[int(torch.multinomial(torch.tensor(self.p), 1))](*inputs)


class RandomOrder(_List):
    """All, in an order that is drawn."""

    def forward(self, *inputs: Any) -> Any:
        """The sample after all of them."""
        return self._run([self.transforms[i] for i in torch.randperm(len(self.transforms))], inputs)


# --- kinds --------------------------------------------------------------------------------------------------------------
class Identity(Transform):
    """Nothing."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The same."""
        return inpt


class Lambda(Transform):
    """A function of the parts of some types."""

    _transformed_types = (object,)

    def __init__(self, lambd: Callable[[Any], Any], *types: type):
        super().__init__()
        self.lambd, self.types = lambd, types or (object,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The function of a part."""
        return self.lambd(inpt) if isinstance(inpt, self.types) else inpt

    def extra_repr(self) -> str:
        name = getattr(self.lambd, "__name__", None)
        return ", ".join([*([name] if name else []), f"types={[t.__name__ for t in self.types]}"])


class ToImage(Transform):
    """Pictures of Pillow's, arrays and plain tensors as ``Image``."""

    _transformed_types = (is_pure_tensor, _functional_pil.is_picture, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """An ``Image``."""
        return F.to_image(inpt)


class PILToTensor(Transform):
    """Pictures of Pillow's as tensors of bytes."""

    _transformed_types = (_functional_pil.is_picture,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """A tensor."""
        return F.pil_to_tensor(inpt)


class ToTensor(Transform):
    """Pictures of Pillow's and arrays as float tensors from 0 to 1: an old form of ``ToImage`` and ``ToDtype``."""

    _transformed_types = (_functional_pil.is_picture, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """A tensor."""
        return F.to_tensor(inpt)


class ToPILImage(Transform):
    """Tensors and arrays as pictures of Pillow's."""

    _transformed_types = (is_pure_tensor, Image, np.ndarray)

    def __init__(self, mode: str | None = None):
        super().__init__()
        self.mode = mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """A picture."""
        return F.to_pil_image(F._plain(inpt), mode=self.mode)


class ToPureTensor(Transform):
    """Tensors that no longer say what they hold."""

    _transformed_types = (TVTensor,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """A plain tensor."""
        return F._plain(inpt)


class ToDtype(Transform):
    """Another type; ``dtype`` may be a dict by kind. With ``scale``, bytes of pictures become floats from 0 to 1, and back."""

    _transformed_types = (Tensor,)

    def __init__(self, dtype: Any, scale: bool = False):
        super().__init__()
        if not isinstance(dtype, (dict, torch.dtype)):
            raise ValueError(f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead")
        self.dtype, self.scale = dtype, scale

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part in its type."""
        dtype: Any = self.dtype
        if isinstance(dtype, dict):
            if type(inpt) not in dtype and "others" not in dtype:
                raise ValueError(f"No dtype was specified for type {type(inpt)}.")
            dtype = dtype.get(type(inpt), dtype.get("others"))
        elif not (is_pure_tensor(inpt) or is_picture(inpt)):
            return inpt
        return inpt if dtype is None else F.to_dtype(inpt, dtype=dtype, scale=self.scale)


class ConvertImageDtype(Transform):
    """``ToDtype(dtype, scale=True)``."""

    def __init__(self, dtype: Any = torch.float32):
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """The part in its type."""
        return F.to_dtype(inpt, dtype=self.dtype, scale=True)


class ConvertBoundingBoxFormat(Transform):
    """Boxes in another form."""

    def __init__(self, format: Any):
        super().__init__()
        self.format = format

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Boxes in that form; all else as it is."""
        return F.convert_bounding_box_format(inpt, new_format=self.format) if hasattr(inpt, "canvas_size") else inpt


class ClampBoundingBoxes(Transform):
    """Boxes cut off at the edges of the picture."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Boxes, cut off; all else as it is."""
        return F.clamp_bounding_boxes(inpt) if hasattr(inpt, "canvas_size") else inpt
