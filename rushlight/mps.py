"""``torch.mps``: absent, as on a CPU build."""

from __future__ import annotations

from . import errors


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def synchronize() -> None:
    """Nothing to wait for.

    Raises:
        RuntimeError: always: there is no such device.
    """
    raise errors.runtime(
        "Cannot execute deviceSynchronize() without MPS backend.", "Ask torch.backends.mps.is_available() first."
    )
