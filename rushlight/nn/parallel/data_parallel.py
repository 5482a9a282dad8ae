"""``DataParallel`` and its parts where there is one device."""

from __future__ import annotations

from typing import Any

from ... import errors
from ..module import Module
from ._functions import Broadcast, Gather, Scatter


class DataParallel(Module):
    """Runs ``module`` on the one device there is; its parameters are named ``module.weight`` as in PyTorch's."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0):
        super().__init__()
        self.dim = dim
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: Any = None,
) -> Any:
    """``module(*inputs)`` shared out among GPUs.

    Raises:
        RuntimeError: always, as PyTorch does without a GPU.
    """
    raise errors.runtime(
        "device type could not be determined",
        "There is one device: call module(*inputs), or wrap it in nn.DataParallel.",
    )


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> Any:
    """Tensors cut into parts for several GPUs.

    Raises:
        RuntimeError: always: there are none.
    """
    return Scatter.apply(target_gpus, None, dim, inputs)


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """Tensors of several GPUs joined on one.

    Raises:
        AssertionError: always, for tensors of the CPU, as PyTorch does.
    """
    return Gather.apply(target_device, dim, *outputs)


def replicate(network: Module, devices: Any, detach: bool = False) -> Any:
    """Copies of a module on several GPUs.

    Raises:
        AssertionError: always, for a module of the CPU, as PyTorch does.
    """
    return Broadcast.apply(devices, *network.parameters())


def parallel_apply(modules: Any, inputs: Any, kwargs_tup: Any = None, devices: Any = None) -> Any:
    """Modules on several GPUs called at the same time.

    Raises:
        RuntimeError: always, as PyTorch does without a GPU.
    """
    raise errors.runtime(
        "Cannot access accelerator device when none is available.", "There is one device: call the modules in turn."
    )
