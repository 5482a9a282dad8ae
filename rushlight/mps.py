"""``torch.mps``: absent, as on a CPU build."""

from __future__ import annotations

from typing import NoReturn

from . import errors


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """There is no generator to seed."""


def _refuse(what: str) -> NoReturn:
    raise errors.runtime(
        f"Cannot execute {what}() without MPS backend.", "Ask torch.backends.mps.is_available() first."
    )


def synchronize() -> None:
    """Nothing to wait for.

    Raises:
        RuntimeError: always: there is no such device.
    """
    _refuse("deviceSynchronize")


def empty_cache() -> None:
    """Nothing is kept. Raises RuntimeError: there is no such device."""
    _refuse("emptyCache")


def current_allocated_memory() -> int:
    """Raises RuntimeError: there is no such device."""
    _refuse("getCurrentAllocatedMemory")


def driver_allocated_memory() -> int:
    """Raises RuntimeError: there is no such device."""
    _refuse("getDriverAllocatedMemory")


def recommended_max_memory() -> int:
    """Raises RuntimeError: there is no such device."""
    _refuse("getRecommendedMaxMemory")
