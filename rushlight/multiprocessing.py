"""``torch.multiprocessing``: Python's own. Tensors that are sent are copied; memory is not shared."""

from __future__ import annotations

from multiprocessing import *  # noqa: F403
from multiprocessing import get_context  # noqa: F401
from typing import Any


def spawn(fn: Any, args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
          start_method: str = "spawn") -> Any:  # fmt: skip
    """Run ``fn(i, *args)`` in ``nprocs`` new processes.

    Raises:
        RuntimeError: if a process fails.
    """
    context: Any = get_context(start_method)
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for p in processes:
        p.start()
    if not join:
        return processes
    for i, p in enumerate(processes):
        p.join()
        if p.exitcode != 0:
            raise RuntimeError(f"process {i} terminated with exit code {p.exitcode}")
    return None


def get_sharing_strategy() -> str:
    """``file_system``, the name of one that programs may ask for."""
    return "file_system"


def set_sharing_strategy(new_strategy: str) -> None:
    """Changes nothing: memory is not shared."""


def get_all_sharing_strategies() -> set[str]:
    """The names that ``set_sharing_strategy`` takes."""
    return {"file_descriptor", "file_system"}
