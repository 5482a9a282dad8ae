"""``torch.utils.dlpack``: memory shared with other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..tensor import Tensor, wrap


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule that another library may take once; it shares the memory."""
    return tensor.__dlpack__()


class _Capsule:
    """What NumPy wants to see around a bare capsule."""

    def __init__(self, capsule: Any):
        self.capsule = capsule

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of a capsule or of an object with ``__dlpack__``; with ``copy``, one of its own.

    Raises:
        RuntimeError: for what is neither. BufferError: for a tensor that needs a gradient, memory that is not the CPU's.
    """
    types.check_device(device)
    if copy:
        return from_dlpack(ext_tensor).clone()
    if isinstance(ext_tensor, Tensor):
        if ext_tensor.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return ext_tensor.detach()
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise errors.runtime(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might have "
            "already constructed a tensor from it once.",
            f"Pass an object with __dlpack__, or a capsule; this is {type(ext_tensor).__name__}.",
        )
    return wrap(np.from_dlpack(ext_tensor))
