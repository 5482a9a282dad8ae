"""``torch.distributed``: absent. What only asks is answered as a build without it does; what needs it says so."""

from __future__ import annotations

from typing import Any

from . import errors


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def get_rank(group: Any = None) -> int:
    """Raises ValueError: there is no process group."""
    raise errors.value("Default process group has not been initialized, please make sure to call init_process_group.")


get_world_size = get_backend = get_rank


def is_backend_available(backend: str) -> bool:
    """False, for every backend."""
    return False


def is_nccl_available() -> bool:
    """False."""
    return False


is_gloo_available = is_mpi_available = is_ucc_available = is_xccl_available = is_torchelastic_launched = (
    is_nccl_available
)

_ABSENT = (
    "init_process_group destroy_process_group new_group init_device_mesh barrier monitored_barrier send recv isend irecv "
    "batch_isend_irecv broadcast broadcast_object_list all_reduce reduce all_gather all_gather_object all_gather_into_tensor "
    "gather gather_object scatter scatter_object_list reduce_scatter reduce_scatter_tensor all_to_all all_to_all_single "
    "ReduceOp ProcessGroup TCPStore FileStore HashStore"
)
_ADVICE = "Rushlight has no process groups: run in one process, and ask torch.distributed.is_available() first."

globals().update(errors.absent("torch.distributed", _ABSENT, _ADVICE))


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'torch.distributed' has no attribute '{name}'")
