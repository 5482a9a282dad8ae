"""``torch.accelerator`` as PyTorch's CPU build answers: there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def _refuse(*args: Any, **kwargs: Any) -> Any:
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


current_device_index: Callable[..., Any] = _refuse
current_device_idx: Callable[..., Any] = _refuse
set_device_index: Callable[..., Any] = _refuse
set_device_idx: Callable[..., Any] = _refuse
current_stream: Callable[..., Any] = _refuse
set_stream: Callable[..., Any] = _refuse
synchronize: Callable[..., Any] = _refuse
empty_cache: Callable[..., Any] = _refuse
