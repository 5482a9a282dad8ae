"""``torch.nn.utils._named_member_accessor``: tensors of modules by name, exchanged without checks of their kind."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..module import Module


def _place(module: Module, name: str) -> dict[str, Any] | None:
    """Where a module keeps a tensor of this name."""
    for kept in (module._parameters, module._buffers):
        if name in kept:
            return kept
    return None


def swap_tensor(module: Module, name: str, tensor: Any, allow_missing: bool = False) -> Any:
    """Put a tensor in the place of a module's, which is returned.

    Raises:
        AttributeError: if there is none, unless ``allow_missing``. KeyError: for a name that is none of an attribute.
    """
    if not isinstance(module, Module):
        raise TypeError(f"{module} is not an instance of torch.nn.Module")
    if "." in name:
        raise KeyError('tensor name can\'t contain "."')
    if name == "":
        raise KeyError('tensor name can\'t be empty string ""')
    kept = _place(module, name)
    if kept is not None:
        before = kept[name]
        kept[name] = tensor
        return before
    if not hasattr(module, name) and not allow_missing:
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    attribute = getattr(module, name, None)
    if attribute is not None and not isinstance(attribute, Tensor):
        raise TypeError(f"{attribute} is not an instance of torch.Tensor")
    setattr(module, name, tensor)
    return attribute


def set_tensor(module: Module, name: str, tensor: Any) -> None:
    """``swap_tensor`` of which nobody wants the one before."""
    swap_tensor(module, name, tensor, allow_missing=True)
