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


get_world_size = get_rank


def __getattr__(name: str) -> Any:
    if name in ("init_process_group", "destroy_process_group", "barrier", "all_reduce", "broadcast", "all_gather", "reduce",
                "gather", "scatter", "send", "recv", "new_group", "ReduceOp"):  # fmt: skip
        raise AttributeError(
            f"torch.distributed.{name}: Rushlight has no process groups. Ask torch.distributed.is_available() first."
        )
    raise AttributeError(f"module 'torch.distributed' has no attribute '{name}'")
