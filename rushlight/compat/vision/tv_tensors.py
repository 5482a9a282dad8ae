"""Tensors that say what they hold: pictures, masks, boxes. ``transforms.v2`` treats each as what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import rushlight as torch
from rushlight import Tensor
from rushlight._C import DisableTorchFunctionSubclass

__all__ = ["BoundingBoxFormat", "BoundingBoxes", "Image", "Mask", "TVTensor", "Video", "set_return_type", "wrap"]

#: Methods whose results are of the same class; all others give plain tensors, unless ``set_return_type`` says otherwise.
_KEEPING = {Tensor.clone, Tensor.to, Tensor.detach, Tensor.requires_grad_}
_keeps_class = False


class set_return_type:  # noqa: N801 - PyTorch's style of names for what is a context
    """Whether operations on these tensors give plain ones ("Tensor") or their own kind ("TVTensor"); also for a ``with`` block."""

    def __init__(self, return_type: str):
        global _keeps_class
        self._before = _keeps_class
        _keeps_class = {"tensor": False, "tvtensor": True}[return_type.lower()]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *args: object) -> None:
        global _keeps_class
        _keeps_class = self._before


class TVTensor(Tensor):
    """A tensor of a kind. What is computed with it is a plain tensor."""

    @staticmethod
    def _to_tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool | None = None) -> Any:
        if requires_grad is None:
            requires_grad = data.requires_grad if isinstance(data, Tensor) else False
        return torch.as_tensor(data, dtype=dtype, device=device).requires_grad_(requires_grad)

    @classmethod
    def _wrap_output(cls, output: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        if isinstance(output, Tensor) and not isinstance(output, cls):
            return output.as_subclass(cls)
        if isinstance(output, (tuple, list)):
            return type(output)(cls._wrap_output(part, args, kwargs) for part in output)
        return output

    @classmethod
    def wrap(cls, tensor: Any, like: Any, **kwargs: Any) -> Any:
        """A tensor as one of the kind of ``like``."""
        return tensor.as_subclass(cls)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        if not all(issubclass(cls, t) for t in types):
            return NotImplemented
        with DisableTorchFunctionSubclass():
            output = func(*args, **(kwargs or {}))
        if _keeps_class or (func in _KEEPING and isinstance(args[0], cls)):
            return cls._wrap_output(output, args, kwargs)
        return output.as_subclass(Tensor) if isinstance(output, cls) else output

    def _told(self, **kwargs: Any) -> str:
        return f"{super().__repr__()[:-1]}, {', '.join(f'{key}={value}' for key, value in kwargs.items())})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.detach().clone().requires_grad_(self.requires_grad)


def _picture(data: Any) -> Any:
    from .transforms import _functional_pil, functional

    return functional.pil_to_tensor(data) if _functional_pil.is_picture(data) else data


class Image(TVTensor):
    """A picture (..., C, H, W)."""

    def __new__(cls, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool | None = None) -> Any:
        tensor = cls._to_tensor(_picture(data), dtype, device, requires_grad)
        if tensor.ndim < 2:
            raise ValueError(f"Tensor must be 2D or higher, got {tensor.ndim}D tensor.")
        return (tensor.unsqueeze(0) if tensor.ndim == 2 else tensor).as_subclass(cls)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._told()


class Video(TVTensor):
    """Pictures (..., T, C, H, W)."""

    def __new__(cls, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool | None = None) -> Any:
        tensor = cls._to_tensor(data, dtype, device, requires_grad)
        if tensor.ndim < 4:
            raise ValueError(f"Tensor must be 4D or higher, got {tensor.ndim}D tensor.")
        return tensor.as_subclass(cls)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._told()


class Mask(TVTensor):
    """A mask, or several: numbers that are moved with a picture and never mixed."""

    def __new__(cls, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool | None = None) -> Any:
        return cls._to_tensor(_picture(data), dtype, device, requires_grad).as_subclass(cls)


class BoundingBoxFormat(Enum):
    """What the four numbers are."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"


class BoundingBoxes(TVTensor):
    """Boxes (N, 4) of a picture of ``canvas_size`` (H, W)."""

    format: Any
    canvas_size: Any
    clamping_mode: Any

    @classmethod
    def _wrap(
        cls, tensor: Any, *, format: Any, canvas_size: Any, clamping_mode: Any = "soft", check_dims: bool = True
    ) -> Any:
        if check_dims and tensor.ndim == 1:
            tensor = tensor.unsqueeze(0)
        elif check_dims and tensor.ndim != 2:
            raise ValueError(f"Expected a 1D or 2D tensor, got {tensor.ndim}D")
        if isinstance(format, str):
            if format.upper() not in BoundingBoxFormat.__members__:
                raise NotImplementedError(f"boxes of the format {format} are not supported.")
            format = BoundingBoxFormat[format.upper()]
        boxes = tensor.as_subclass(cls)
        boxes.format, boxes.canvas_size, boxes.clamping_mode = format, canvas_size, clamping_mode
        return boxes

    def __new__(
        cls, data: Any, *, format: Any, canvas_size: Any, clamping_mode: Any = "soft", dtype: Any = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Any:  # fmt: skip
        tensor = cls._to_tensor(data, dtype, device, requires_grad)
        return cls._wrap(tensor, format=format, canvas_size=canvas_size, clamping_mode=clamping_mode)

    @classmethod
    def wrap(cls, tensor: Any, like: Any, **kwargs: Any) -> Any:
        """A tensor as boxes like others, but for what is given."""
        names = ("format", "canvas_size", "clamping_mode")
        return cls._wrap(tensor, **{name: kwargs.get(name, getattr(like, name)) for name in names})

    @classmethod
    def _wrap_output(cls, output: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        like = next(each for each in (*args, *(kwargs or {}).values()) if isinstance(each, BoundingBoxes))
        facts = {"format": like.format, "canvas_size": like.canvas_size, "clamping_mode": like.clamping_mode}
        if isinstance(output, Tensor) and not isinstance(output, BoundingBoxes):
            return cls._wrap(output, check_dims=False, **facts)
        if isinstance(output, (tuple, list)):
            return type(output)(cls._wrap(part, check_dims=False, **facts) for part in output)
        return output

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._told(format=self.format, canvas_size=self.canvas_size, clamping_mode=self.clamping_mode)


def wrap(wrappee: Any, *, like: Any, **kwargs: Any) -> Any:
    """A tensor as one of the kind of another."""
    return type(like).wrap(wrappee, like, **kwargs)
