"""Lazy modules: the sizes of the input are read off the first one; then the module is an ordinary one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import types
from ...autograd.mode import no_grad
from ...tensor import Tensor, wrap
from ..module import Module
from ..parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from . import convolution
from .linear import Linear
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)


class LazyModuleMixin:
    """``initialize_parameters(input)`` is called before the first forward; then the class becomes ``cls_to_become``."""

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.watch()

    def watch(self) -> None:
        """Register the hooks that see the first input and a loaded state."""
        module: Any = self
        module._initialize_hook = module.register_forward_pre_hook(_infer, with_kwargs=True)
        module._load_hook = module._register_load_state_dict_pre_hook(self._lazy_load)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes, and draw them."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """True before the first forward."""
        module: Any = self
        return any(is_lazy(t) for t in (*module._parameters.values(), *module._buffers.values()))

    def _lazy_load(self, state: Any, prefix: str, *rest: Any) -> None:
        module: Any = self
        for name, t in (*module._parameters.items(), *module._buffers.items()):
            given = state.get(prefix + name)
            if is_lazy(t) and given is not None and not is_lazy(given):
                with no_grad():
                    t.materialize(given.shape)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        module: Any = self
        hidden = module._non_persistent_buffers_set
        for name, t in (*module._parameters.items(), *module._buffers.items()):
            if t is not None and name not in hidden:
                destination[prefix + name] = t if is_lazy(t) or keep_vars else t.detach()


def _infer(module: Any, args: Any, kwargs: Any = None) -> None:
    """Before the first forward: shapes and values, then the class that the module is from here on."""
    module.initialize_parameters(*args, **(kwargs or {}))
    if module.has_uninitialized_params():
        raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
    module._initialize_hook.remove()
    module._load_hook.remove()
    del module._initialize_hook, module._load_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


class LazyLinear(LazyModuleMixin, Linear):
    """``Linear`` whose ``in_features`` is the last size of the first input."""

    out_features: int

    cls_to_become: Any = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None):
        Module.__init__(self)
        self.in_features, self.out_features = 0, out_features
        self.weight: Any = UninitializedParameter(device=device, dtype=dtype)
        self.register_parameter("bias", UninitializedParameter(device=device, dtype=dtype) if bias else None)
        self.watch()

    def reset_parameters(self) -> None:
        """Draw the parameters, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:  # type: ignore[override]
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = input.shape[-1]
                self.weight.materialize((self.out_features, self.in_features))
                if self.bias is not None:
                    self.bias.materialize((self.out_features,))
                self.reset_parameters()
        elif self.in_features == 0:
            self.in_features: Any = self.weight.shape[-1]


class _LazyNorm(LazyModuleMixin):
    """A norm whose ``num_features`` is the number of channels of the first input."""

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool | None = None, track_running_stats: bool | None = None,
        device: Any = None, dtype: Any = None, *, bias: bool = True,
    ):  # fmt: skip
        module: Any = self
        usual = not isinstance(self, (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d))
        affine = usual if affine is None else affine
        track = usual if track_running_stats is None else track_running_stats
        parent: Any = self.cls_to_become
        parent.__init__(self, 0, eps, momentum, False, False, device, dtype, bias=bias)
        module.affine, module.track_running_stats = affine, track
        made = {"device": device, "dtype": dtype}
        if affine:
            module.weight = UninitializedParameter(**made)
            if bias:
                module.bias = UninitializedParameter(**made)
        if track:
            module.running_mean = UninitializedBuffer(**made)
            module.running_var = UninitializedBuffer(**made)
            module.num_batches_tracked = wrap(np.zeros((), np.int64))
        self.watch()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, statistics as before the first batch, once they have a shape."""
        module: Any = self
        if not self.has_uninitialized_params() and module.num_features != 0:
            parent: Any = self.cls_to_become
            parent.reset_parameters(self)

    def initialize_parameters(self, input: Tensor) -> None:  # type: ignore[override]
        module: Any = self
        if not self.has_uninitialized_params():
            if module.num_features == 0:
                module.num_features = (module.weight if module.weight is not None else module.running_mean).shape[0]
            return
        module.num_features = input.shape[1]
        for t in (module.weight, module.bias, module.running_mean, module.running_var):
            if is_lazy(t):
                t.materialize((module.num_features,))
        self.reset_parameters()


def _lazy_norm(base: type[Module]) -> Any:
    made = type("Lazy" + base.__name__, (_LazyNorm, base), {"cls_to_become": base, "__module__": __name__})
    made.__doc__ = f"``{base.__name__}`` whose ``num_features`` is the number of channels of the first input."
    return made


LazyBatchNorm1d: Any = _lazy_norm(BatchNorm1d)
LazyBatchNorm2d: Any = _lazy_norm(BatchNorm2d)
LazyBatchNorm3d: Any = _lazy_norm(BatchNorm3d)
LazyInstanceNorm1d: Any = _lazy_norm(InstanceNorm1d)
LazyInstanceNorm2d: Any = _lazy_norm(InstanceNorm2d)
LazyInstanceNorm3d: Any = _lazy_norm(InstanceNorm3d)


class _LazyConv(LazyModuleMixin):
    """A convolution whose ``in_channels`` is the number of channels of the first input."""

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any):
        module: Any = self
        parent: Any = self.cls_to_become
        at = _GROUPS_AT[self._transposed()]
        groups = kwargs.get("groups", args[at] if len(args) > at else 1)
        kwargs["dtype"] = dtype = kwargs.get("dtype") or types.get_default_dtype()
        # built for the least number of channels that the groups allow, without a draw; only the options are kept
        reset, type(self).reset_parameters = type(self).reset_parameters, lambda m: None  # type: ignore[method-assign]
        try:
            parent.__init__(self, groups, out_channels, kernel_size, *args, **kwargs)
        finally:
            type(self).reset_parameters = reset  # type: ignore[method-assign]
        has_bias = module.bias is not None
        module.in_channels = 0
        module.weight = UninitializedParameter(dtype=dtype)
        if has_bias:
            module.bias = UninitializedParameter(dtype=dtype)
        self.watch()

    def _transposed(self) -> bool:
        return "Transpose" in type(self).__name__

    def reset_parameters(self) -> None:
        """Draw the parameters, once they have a shape."""
        module: Any = self
        if not self.has_uninitialized_params() and module.in_channels != 0:
            parent: Any = self.cls_to_become
            parent.reset_parameters(self)

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        module: Any = self
        if not self.has_uninitialized_params():
            return
        spatial = len(module.kernel_size)
        if input.dim() not in (spatial + 1, spatial + 2):  # type: ignore[attr-defined]
            raise RuntimeError(
                f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {type(self).__name__}, but got input of "
                f"size: {input.shape}"
            )
        module.in_channels = input.shape[-spatial - 1]
        if module.in_channels % module.groups:
            raise ValueError("in_channels must be divisible by groups")
        shape = (module.in_channels, module.out_channels // module.groups, *module.kernel_size)
        if not self._transposed():
            shape = (module.out_channels, module.in_channels // module.groups, *module.kernel_size)
        with no_grad():
            module.weight.materialize(shape)
            if module.bias is not None:
                module.bias.materialize((module.out_channels,))
            self.reset_parameters()


#: Where ``groups`` stands among the arguments after ``kernel_size``.
_GROUPS_AT = {False: 3, True: 3}


def _lazy_conv(name: str) -> Any:
    base = getattr(convolution, name)
    made = type("Lazy" + name, (_LazyConv, base), {"cls_to_become": base, "__module__": __name__})
    made.__doc__ = f"``{name}`` whose ``in_channels`` is the number of channels of the first input."
    return made


_CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
globals().update({"Lazy" + n: _lazy_conv(n) for n in _CONVOLUTIONS})
__all__ = [n for n in globals() if n.startswith("Lazy")]
