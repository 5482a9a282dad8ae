"""``torch.distributed.rpc`` with one worker: calls to it run here, references refer to what is here."""

from __future__ import annotations

from . import api, functions
from .api import (
    PyRRef,
    RRef,
    TensorPipeRpcBackendOptions,
    WorkerInfo,
    get_rpc_timeout,
    get_worker_info,
    init_rpc,
    is_available,
    remote,
    rpc_async,
    rpc_sync,
    shutdown,
)

__all__ = [
    "PyRRef", "RRef", "TensorPipeRpcBackendOptions", "WorkerInfo", "api", "functions", "get_rpc_timeout", "get_worker_info",
    "init_rpc", "is_available", "remote", "rpc_async", "rpc_sync", "shutdown",
]  # fmt: skip
