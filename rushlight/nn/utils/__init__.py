"""``torch.nn.utils``: gradients clipped, parameters as one vector, normalised weights, sequences of different lengths."""

import importlib
from typing import Any

from . import rnn
from .clip import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)
from .fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights
from .length import remove_weight_norm, weight_norm
from .memory_format import convert_conv2d_weight_memory_format, convert_conv3d_weight_memory_format
from .spectrum import remove_spectral_norm, spectral_norm

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "convert_conv2d_weight_memory_format",
    "convert_conv3d_weight_memory_format", "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval",
    "fuse_linear_bn_weights", "get_total_norm",
    "parameters_to_vector", "remove_spectral_norm", "remove_weight_norm", "rnn", "skip_init", "spectral_norm",
    "vector_to_parameters", "weight_norm",
]  # fmt: skip


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A module whose parameters are not drawn: they hold whatever the memory held, here what its constructor drew.

    The generator is left as it was.
    """
    from ...random.generator import default_generator

    state = default_generator.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        default_generator.set_state(state)


def __getattr__(name: str) -> Any:
    if name in ("parametrize", "parametrizations", "prune", "stateless"):
        return importlib.import_module(f"{__name__}.{name}")
    from ...compat.facade import inner

    return inner("torch.nn.utils", name)
