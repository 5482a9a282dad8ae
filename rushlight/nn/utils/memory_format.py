"""``torch.nn.utils.memory_format``: the weights of convolutions laid out in another order."""

from __future__ import annotations

from typing import Any

from ... import types
from ..module import Module


def _convert(module: Module, memory_format: types.memory_format, kinds: tuple[str, ...]) -> Any:
    from ..layers import convolution

    classes = tuple(getattr(convolution, kind) for kind in kinds)
    for part in module.modules():
        if isinstance(part, classes):
            part.weight.data = part.weight.detach().contiguous(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: Module, memory_format: types.memory_format) -> Any:
    """Lay out the weights of all ``Conv2d`` and ``ConvTranspose2d`` in a module in another order; return the module.

    Memory stays row-major here (docs/differences.md), as for ``x.contiguous(memory_format=torch.channels_last)``.

    Raises:
        RuntimeError: for ``channels_last_3d``, which is an order of five dimensions.
    """
    return _convert(module, memory_format, ("Conv2d", "ConvTranspose2d"))


def convert_conv3d_weight_memory_format(module: Module, memory_format: types.memory_format) -> Any:
    """Lay out the weights of all ``Conv3d`` and ``ConvTranspose3d`` in a module in another order; return the module.

    Memory stays row-major here (docs/differences.md), as for ``x.contiguous(memory_format=torch.channels_last)``.

    Raises:
        RuntimeError: for ``channels_last``, which is an order of four dimensions.
    """
    return _convert(module, memory_format, ("Conv3d", "ConvTranspose3d"))
