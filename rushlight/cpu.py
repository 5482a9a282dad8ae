"""``torch.cpu``: the CPU under the names that ``torch.cuda`` has, for code that takes its module from the device's name."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType
from typing import Any

from . import amp as _amp

__path__: list[str] = []  # `import torch.cpu.amp` asks for a package


def is_available() -> bool:
    """True."""
    return True


def is_initialized() -> bool:
    """True."""
    return True


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """``"cpu"``."""
    return "cpu"


def set_device(device: Any) -> None:
    """There is one."""


def synchronize(device: Any = None) -> None:
    """Operations are done when they return: nothing to wait for."""


class Stream:
    """Operations run one after another, in every stream."""

    def __init__(self, priority: int = -1):
        pass

    def wait_stream(self, stream: Any) -> None:
        """Nothing to wait for."""

    def record_event(self) -> None:
        """No event."""

    def wait_event(self, event: Any) -> None:
        """Nothing to wait for."""


class Event:
    """What is recorded is done."""

    def query(self) -> bool:
        """True."""
        return True

    def record(self, stream: Any = None) -> None:
        """Nothing."""

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def wait(self, stream: Any = None) -> None:
        """Nothing to wait for."""


class StreamContext:
    """Inside, ``stream`` is the current one."""

    def __init__(self, stream: Any):
        self.stream = stream

    def __enter__(self) -> None:
        self.before: Any = _current[0]
        if self.stream is not None:
            _current[0] = self.stream

    def __exit__(self, *exc: object) -> None:
        _current[0] = self.before


def stream(stream: Any) -> StreamContext:
    """``with stream(s):``"""
    return StreamContext(stream)


def current_stream(device: Any = None) -> Any:
    """The stream of the innermost block."""
    return _current[0]


_current: list[Any] = [Stream()]


# --- the older names of torch.amp's -------------------------------------------------------------------------------------
def _older(name: str) -> None:
    warnings.warn(
        f"`torch.cpu.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('cpu', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )


class _Autocast(_amp.autocast):
    """``torch.amp.autocast("cpu")``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True):
        _older("autocast")
        super().__init__("cpu", dtype, enabled, cache_enabled)


class _GradScaler(_amp.GradScaler):
    """``torch.amp.GradScaler("cpu")``."""

    def __init__(self, *args: Any, **kwargs: Any):
        _older("GradScaler")
        super().__init__("cpu", *args, **kwargs)


_Autocast.__name__ = _Autocast.__qualname__ = "autocast"
_GradScaler.__name__ = _GradScaler.__qualname__ = "GradScaler"
amp: ModuleType = ModuleType(f"{__name__}.amp", "The older home of autocast and GradScaler for the CPU.")
amp.__dict__.update(autocast=_Autocast, GradScaler=_GradScaler)
sys.modules[amp.__name__] = amp
