"""``torch.nn.parallel`` where there is one device: a module in its wrapper, so that names and checkpoints agree."""

from __future__ import annotations

from typing import Any

from .module import Module


class DataParallel(Module):
    """Runs ``module`` on the one device there is; its parameters are named ``module.weight`` as in PyTorch's."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0):
        super().__init__()
        self.dim = dim
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Needs a process group, which there is none of.

    Raises:
        ValueError: always, as PyTorch does before ``init_process_group``.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any):
        raise ValueError(
            "Default process group has not been initialized, please make sure to call init_process_group.\n\n"
            "Rushlight runs in one process: use the module itself, or DataParallel for its names."
        )
