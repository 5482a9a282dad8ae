"""``torch.distributed.nn``: a module on a worker, of which there is one."""

from __future__ import annotations

from typing import Any

from ..nn import Module
from .rpc import RRef, get_worker_info


class RemoteModule(Module):
    """A module that a worker makes and runs.

    Args:
        remote_device: ``"worker0/cpu"``. module_cls: its class, which gets ``args`` and ``kwargs``.
    """

    on: str
    device: str

    def __init__(
        self,
        remote_device: str,
        module_cls: Any,
        args: Any = None,
        kwargs: Any = None,
        _module_interface_cls: Any = None,
    ):
        super().__init__()
        worker, _, device = remote_device.partition("/")
        get_worker_info(worker)
        if (device or "cpu") != "cpu":
            raise AssertionError(f"device '{device}' is not there: write '{worker}/cpu'")
        self.on, self.device = worker, "cpu"
        object.__setattr__(self, "module_rref", RRef(module_cls(*(args or ()), **(kwargs or {}))))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module_rref.local_value()(*args, **kwargs)

    def forward_async(self, *args: Any, **kwargs: Any) -> Any:
        """A future of the output."""
        return self.module_rref.rpc_async().forward(*args, **kwargs)

    def remote_parameters(self, recurse: bool = True) -> list[Any]:
        """References to the parameters."""
        return [RRef(p) for p in self.module_rref.local_value().parameters(recurse)]

    def get_module_rref(self) -> Any:
        """A reference to the module."""
        return self.module_rref


__all__ = ["RemoteModule"]
