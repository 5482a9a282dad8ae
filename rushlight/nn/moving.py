"""Modules on their way to another dtype, or to the device without elements and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import errors, types
from ..autograd.mode import no_grad
from ..functions import FUNCTIONS
from ..meta import is_meta, no_data
from ..tensor import Parameter, Tensor

if TYPE_CHECKING:
    from .module import Module


def apply(module: Module, fn: Callable[[Tensor], Tensor], recurse: bool) -> Any:
    """``fn`` of every parameter, gradient and buffer in its place."""
    if recurse:
        for child in module.children():
            child._apply(fn)
    for name, p in module._parameters.items():
        if p is not None:
            with no_grad():
                made = fn(p)
                if is_meta(made) != is_meta(p):  # one cannot become the other
                    module._parameters[name] = Parameter(made, p.requires_grad)
                    continue
                p.data = made
                if p._grad is not None:
                    p._grad = fn(p._grad)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = fn(buffer)
    return module


def to(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module.to(device)``, ``to(dtype)``, ``to(tensor)``."""
    dtypes = [types.PYTHON_TYPES.get(a, a) for a in (*args, kwargs.get("dtype")) if isinstance(a, types.dtype | type)]
    dtypes += [a.dtype for a in (*args, kwargs.get("tensor")) if isinstance(a, Tensor)]
    where: Any = next((a.device for a in (*args, kwargs.get("tensor")) if isinstance(a, Tensor)), None)
    for a in (*args, kwargs.get("device")):
        if isinstance(a, (str, int, types.device)) and not isinstance(a, bool):
            where = a if types.is_meta(a) else types.check_device(a)
    target = dtypes[0] if dtypes else None
    if target is not None and target.category < types.FLOATING:
        raise errors.type_(
            f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={target}"
        )
    if where is not None and (types.is_meta(where) or any(map(is_meta, (*module.parameters(), *module.buffers())))):
        module._apply(lambda t: moved(t, where))
    if target is None:
        return module
    return module._apply(lambda t: t.to(target) if t.dtype.category >= types.FLOATING else t)


def moved(t: Tensor, where: Any) -> Tensor:
    """A tensor on another device.

    Raises:
        NotImplementedError: for one without elements.
    """
    if is_meta(t) and not types.is_meta(where):
        raise NotImplementedError(
            str(no_data()).partition("\n")[0]
            + " Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() when moving "
            "module from meta to a different device."
        )
    return t.to(device=where)


def to_empty(module: Module, device: Any, recurse: bool) -> Any:
    """``module.to_empty(device=...)``."""
    return module._apply(lambda t: FUNCTIONS["empty_like"].fn(t, device=device), recurse)
