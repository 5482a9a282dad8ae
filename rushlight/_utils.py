"""``torch._utils``: small tools of PyTorch's own that libraries use."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from . import types
from .tensor import Tensor


def _flatten_dense_tensors(tensors: Sequence[Tensor]) -> Any:
    """Tensors of one dtype end to end, as a vector."""
    from .ops import joining

    flat: list[Any] = [t.contiguous().view(-1) for t in tensors]  # type: ignore[attr-defined]
    return flat[0] if len(flat) == 1 else joining.cat(flat)


def _unflatten_dense_tensors(flat: Any, tensors: Sequence[Tensor]) -> tuple[Any, ...]:
    """The parts of a vector, views with the shapes of the tensors that it was made from."""
    parts, at = [], 0
    for t in tensors:
        parts.append(flat[at : at + t._a.size].view(t._a.shape))
        at += t._a.size
    return tuple(parts)


def _get_available_device_type() -> None:
    """None: there is no accelerator."""


def _element_size(dtype: Any) -> int:
    """Bytes of an element."""
    return int(dtype.itemsize)


def _get_device_index(device: Any, optional: bool = False, allow_cpu: bool = False) -> int:
    """-1 for the CPU, if that is allowed."""
    kind = types.device(device) if not isinstance(device, int) else None
    if kind is not None and kind.type == "cpu" and (allow_cpu or optional):
        return -1
    raise ValueError(f"Expected a non cpu device, but got: {device}")


def _get_device_module(device_type: str) -> Any:
    """``torch.cpu`` and its like.

    Raises:
        RuntimeError: for a device that has none.
    """
    module = getattr(sys.modules[__package__], device_type, None)
    if module is None:
        raise RuntimeError(
            f"Device '{device_type}' does not have a corresponding module registered as 'torch.{device_type}'."
        )
    return module
