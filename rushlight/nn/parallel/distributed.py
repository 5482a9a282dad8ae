"""``DistributedDataParallel`` in the one process there is: nothing to synchronise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ... import distributed as dist
from ... import errors
from ..module import Module


class DistributedDataParallel(Module):
    """Runs ``module``; its parameters are named ``module.weight`` as in PyTorch's. Gradients are those of one process.

    Raises:
        ValueError: before ``init_process_group``. RuntimeError: for a module without parameters that learn, or ``device_ids``.
    """

    module: Module
    process_group: Any
    dim: int
    device_ids: None
    output_device: None
    find_unused_parameters: bool
    gradient_as_bucket_view: bool
    static_graph: bool

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0, broadcast_buffers: bool = True,
        init_sync: bool = True, process_group: Any = None, bucket_cap_mb: Any = None, find_unused_parameters: bool = False,
        check_reduction: bool = False, gradient_as_bucket_view: bool = False, static_graph: bool = False, **options: Any,
    ):  # fmt: skip
        super().__init__()
        group = process_group or dist.default_group()
        if not any(p.requires_grad for p in module.parameters()):
            raise errors.runtime(
                "DistributedDataParallel is not needed when a module doesn't have any parameters that require a gradient."
            )
        if device_ids is not None and len(device_ids) > 0:
            raise errors.value(
                "DistributedDataParallel device_ids and output_device arguments only work with single-device/multiple-device GPU "
                f"modules or CPU modules, but got device_ids {device_ids}, output_device {output_device}, and module parameters "
                "{device(type='cpu')}.",
                "Leave device_ids out on the CPU.",
            )
        self.module, self.process_group, self.dim = module, group, dim
        self.device_ids, self.output_device = None, None
        self.find_unused_parameters, self.gradient_as_bucket_view = find_unused_parameters, gradient_as_bucket_view
        self.static_graph, self.require_backward_grad_sync = static_graph, True

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Inside, gradients are not synchronised: with one process they never are."""
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = False
        try:
            yield
        finally:
            self.require_backward_grad_sync: bool = before

    @contextmanager
    def join(self, *args: Any, **kwargs: Any) -> Iterator[None]:
        """Inside, processes may have different numbers of batches: there is one."""
        yield
