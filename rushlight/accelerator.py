"""``torch.accelerator`` as PyTorch's CPU build answers: there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from . import errors


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None: the CPU is no accelerator."""
    return None


def _refuse() -> NoReturn:
    raise errors.runtime(
        "Cannot access accelerator device when none is available.", "Ask torch.accelerator.is_available() first."
    )


class device_index:
    """``with torch.accelerator.device_index(None):`` changes nothing; a number needs a device, which is not there."""

    def __init__(self, device: int | None, /):
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None:
            _refuse()

    def __exit__(self, *exc: object) -> None:
        pass


def current_device_index() -> int:
    """The number of the device in use. Raises RuntimeError: there is none."""
    _refuse()


def set_device_index(device: Any, /) -> None:
    """Choose a device. Raises RuntimeError: there is none."""
    _refuse()


def current_stream(device: Any = None, /) -> Any:
    """The stream in use. Raises RuntimeError: there is none."""
    _refuse()


def set_stream(stream: Any) -> None:
    """Choose a stream. Raises RuntimeError: there is none."""
    _refuse()


def synchronize(device: Any = None, /) -> None:
    """Wait for a device. Raises RuntimeError: there is none."""
    _refuse()


def empty_cache() -> None:
    """Free memory that is kept for later. Raises RuntimeError: there is none."""
    _refuse()


current_device_idx: Callable[[], int] = current_device_index
set_device_idx: Callable[[Any], None] = set_device_index
