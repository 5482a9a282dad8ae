"""``torch._C._nn``: the functions of layers as PyTorch's inside has them, and what reads the arguments of ``to``."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..tensor import Tensor
from . import functional


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """``(device, dtype, non_blocking, memory_format)`` that the arguments of a ``to`` ask for.

    Raises:
        TypeError: if they ask for nothing that there is.
    """
    if len(args) > 4:
        raise errors.type_(f"to() takes from 0 to 4 positional arguments but {len(args)} were given")
    device = dtype = None
    rest = list(args)
    first = rest.pop(0) if rest else None
    if isinstance(first, Tensor):
        device, dtype = types.CPU, first.dtype
    elif isinstance(first, types.dtype):
        dtype = first
    elif isinstance(first, (str, int, types.device)) and not isinstance(first, bool):
        device = types.device(first)
        if rest and not isinstance(rest[0], bool):
            dtype = rest.pop(0)
    elif first is not None:
        rest = [first, *rest]
    if kwargs.get("device") is not None:
        device = types.device(kwargs["device"])
    if isinstance(kwargs.get("tensor"), Tensor):
        device, dtype = types.CPU, kwargs["tensor"].dtype
    dtype = kwargs.get("dtype") or dtype
    unknown = set(kwargs) - {"device", "dtype", "tensor", "non_blocking", "copy", "memory_format"}
    if unknown or not isinstance(dtype, types.dtype | None) or not all(isinstance(a, bool) for a in rest):
        given = ", ".join(type(a).__name__ for a in args)
        raise errors.type_(
            f"to() received an invalid combination of arguments - got ({given})", "Name a device or a dtype."
        )
    return device, dtype, bool(kwargs.get("non_blocking", rest[0] if rest else False)), kwargs.get("memory_format")


def __getattr__(name: str) -> Any:
    return getattr(functional, name)
