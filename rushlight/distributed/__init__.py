"""``torch.distributed`` in one process: a group of size 1, whose collectives are copies.

A program that is started once, or by a launcher with one process, runs as it does under PyTorch. More processes are refused
when the group is made.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from .. import errors
from . import collectives
from .collectives import *  # noqa: F403
from .group import (
    Backend,
    FileStore,
    GroupMember,
    HashStore,
    ProcessGroup,
    Store,
    TCPStore,
    Work,
    default_group,
    existing_group,
    group,
    set_default,
)

__all__ = [
    "Backend", "FileStore", "GroupMember", "HashStore", "ProcessGroup", "Store", "TCPStore", "Work", "destroy_process_group",
    "get_backend", "get_rank", "get_world_size", "group", "init_process_group", "is_available", "is_initialized", "new_group",
    *collectives.__all__,
]  # fmt: skip

_BACKENDS = ("gloo", "nccl", "mpi", "ucc", "xccl", "fake", "threaded")

#: Modules below this one, loaded on first use.
_SUBMODULES = frozenset(
    "rpc autograd optim nn fsdp tensor device_mesh algorithms checkpoint elastic constants _composable _functional_collectives".split()
)


# --- what there is ------------------------------------------------------------------------------------------------------
def is_available() -> bool:
    """True: a group of one process can be made."""
    return True


def is_initialized() -> bool:
    """Whether ``init_process_group`` was called."""
    return existing_group() is not None


def is_gloo_available() -> bool:
    """True: it is the name that a group on the CPU has."""
    return True


def is_nccl_available() -> bool:
    """False: there is no GPU."""
    return False


def is_mpi_available() -> bool:
    """False."""
    return False


is_ucc_available: Callable[[], bool] = is_mpi_available
is_xccl_available: Callable[[], bool] = is_mpi_available


def is_torchelastic_launched() -> bool:
    """Whether a launcher started this process."""
    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def is_backend_available(backend: str) -> bool:
    """True for ``gloo``."""
    return backend.lower() == "gloo"


def get_default_backend_for_device(device: Any) -> str:
    """``gloo`` for the CPU, ``nccl`` for CUDA."""
    kind = getattr(device, "type", str(device)).partition(":")[0]
    found = {"cpu": "gloo", "cuda": "nccl", "xpu": "xccl", "mps": "gloo"}.get(kind)
    if found is None:
        raise errors.value(f"Default backend not registered for device : {kind}")
    return found


# --- the group ----------------------------------------------------------------------------------------------------------
def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: timedelta | None = None, world_size: int = -1,
    rank: int = -1, store: Any = None, group_name: str = "", pg_options: Any = None, device_id: Any = None,
) -> None:  # fmt: skip
    """Make the group of this one process, with rank and size as given or as RANK and WORLD_SIZE say.

    Raises:
        ValueError: if there is one already, or rank and size are told nowhere.
        NotImplementedError: for more than one process. RuntimeError: for a backend that a CPU build lacks.
    """
    if is_initialized():
        raise errors.value("trying to initialize the default process group twice!")
    names = [part.partition(":")[2] or part for part in (backend or "gloo").lower().split(",")]
    for name in names:
        if name not in _BACKENDS:
            raise errors.value(f"Invalid backend: '{name}'", "Write 'gloo'.")
    if store is None and (init_method is None or init_method.startswith("env://")):
        rank = _from_environment("RANK") if rank < 0 else rank
        world_size = _from_environment("WORLD_SIZE") if world_size < 0 else world_size
    elif rank < 0 or world_size < 0:
        raise errors.value(
            f"Error initializing torch.distributed using {init_method or 'a store'}: rank or world_size missing"
        )
    if "gloo" not in names:
        raise errors.runtime(
            f"Distributed package doesn't have {names[0].upper()} built in",
            "Write backend='gloo': Rushlight computes on the CPU.",
        )
    if world_size != 1:
        raise errors.advised(
            NotImplementedError(f"torch.distributed with world_size={world_size} is not implemented."),
            "Rushlight trains in one process: start the program once, with WORLD_SIZE=1 and RANK=0.",
        )
    if rank != 0:
        raise errors.value(f"rank {rank} is not below world_size 1")
    set_default(ProcessGroup(backend or "gloo", "default_pg"))


def _from_environment(name: str) -> int:
    value = os.environ.get(name)
    if value is None:
        raise errors.value(
            f"Error initializing torch.distributed using env:// rendezvous: environment variable {name} expected, but not set",
            "Set RANK=0 and WORLD_SIZE=1, or give rank=0 and world_size=1.",
        )
    return int(value)


def destroy_process_group(group: Any = None) -> None:
    """Forget the group."""
    if existing_group() is None:
        raise AssertionError("Process group cannot be None")
    if group is None or group is existing_group():
        set_default(None)


def new_group(
    ranks: Any = None, timeout: Any = None, backend: Any = None, pg_options: Any = None, use_local_synchronization: bool = False,
    group_desc: Any = None, device_id: Any = None,
) -> Any:  # fmt: skip
    """A group of some of the ranks, of which there is one: 0."""
    whole = default_group()
    chosen = [0] if ranks is None else sorted(ranks)
    if any(rank != 0 for rank in chosen):
        raise errors.value("the new group's rank should be within the world_size set by init_process_group")
    return ProcessGroup(backend or whole.backend, "1") if chosen else GroupMember.NON_GROUP_MEMBER


def get_rank(group: Any = None) -> int:
    """0.

    Raises:
        ValueError: before ``init_process_group``.
    """
    return (group or default_group()).rank()  # type: ignore[no-any-return]


def get_world_size(group: Any = None) -> int:
    """1.

    Raises:
        ValueError: before ``init_process_group``.
    """
    return (group or default_group()).size()  # type: ignore[no-any-return]


def get_backend(group: Any = None) -> str:
    """The backend's name.

    Raises:
        ValueError: before ``init_process_group``.
    """
    return (group or default_group()).backend  # type: ignore[no-any-return]


def get_process_group_ranks(group: Any = None) -> list[int]:
    """``[0]``."""
    default_group()
    return [0]


def get_group_rank(group: Any, global_rank: int) -> int:
    """The rank in a group of a rank of all."""
    return global_rank


get_global_rank = get_group_rank


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """LOCAL_RANK, as a launcher sets it.

    Raises:
        RuntimeError: if it is not set and there is no ``fallback_rank``.
    """
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is None:
        raise errors.runtime(
            "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow `get_node_local_rank`"
        )
    return int(fallback_rank)


def init_device_mesh(device_type: str, mesh_shape: Any, *, mesh_dim_names: Any = None, **options: Any) -> Any:
    """A grid of processes, all of whose sizes are 1."""
    from .device_mesh import init_device_mesh as make

    return make(device_type, mesh_shape, mesh_dim_names=mesh_dim_names, **options)


distributed_c10d: SimpleNamespace = SimpleNamespace(_get_default_group=default_group)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.distributed' has no attribute '{name}'")
