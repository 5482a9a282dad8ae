"""``torch.utils.dlpack``: memory shared with other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
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


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor that shares the memory of a capsule or of an object with ``__dlpack__``.

    Raises:
        TypeError or BufferError: for what is neither, or does not lie in the CPU's memory.
    """
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise errors.type_(
            f"from_dlpack expects a capsule or an object with __dlpack__, not {type(ext_tensor).__name__}"
        )
    return wrap(np.from_dlpack(ext_tensor))
