"""Weight normalisation: a weight as its length times its direction (Salimans & Kingma 2016)."""

from __future__ import annotations

from typing import Any

from ...ops.losses import renamed
from ...tensor import Parameter, Tensor
from ..module import Module


def norm_except_dim(v: Any, dim: int | None) -> Any:
    """The norm over all dimensions but one, kept with size 1; None: the norm of all elements."""
    if dim is None or dim == -1:
        return v.norm()
    flat = v.transpose(0, dim).contiguous().view(v.shape[dim], -1)
    shape = [1] * v.dim()
    shape[dim] = v.shape[dim]
    return flat.norm(2, 1).view(shape)


class WeightNorm:
    """The hook that makes the weight anew before each forward."""

    name: str
    dim: int

    def __init__(self, name: str, dim: int | None):
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        """``v * (g / |v|)``."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        weight = v * (g / norm_except_dim(v, self.dim))
        return renamed(weight, "WeightNormInterfaceBackward0") if self.dim in (0, v.dim() - 1) else weight  # type: ignore[no-any-return]

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def _hook(module: Module, kind: type, name: str) -> tuple[Any, Any]:
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, kind) and hook.name == name:  # type: ignore[attr-defined]
            return key, hook
    return None, None


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Replace a parameter by ``<name>_g``, its lengths along ``dim``, and ``<name>_v``, its direction.

    Raises:
        RuntimeError: if the parameter is normalised already.
    """
    if _hook(module, WeightNorm, name)[1] is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    del module._parameters[name]
    module.register_parameter(name + "_g", Parameter(norm_except_dim(weight, hook.dim).data))
    module.register_parameter(name + "_v", Parameter(weight.data))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight one parameter again.

    Raises:
        ValueError: if it is not normalised.
    """
    key, hook = _hook(module, WeightNorm, name)
    if hook is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    weight = hook.compute_weight(module)
    delattr(module, name)
    del module._parameters[name + "_g"], module._parameters[name + "_v"]
    setattr(module, name, Parameter(weight.data))
    del module._forward_pre_hooks[key]
    return module
