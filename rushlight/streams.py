"""``torch.Stream`` and ``torch.Event`` of the CPU, which does one thing after another: nothing waits."""

from __future__ import annotations

from typing import Any

from . import errors, types


class Stream:
    """A sequence of operations; on the CPU there is one, and what it was given is done.

    Raises:
        RuntimeError: for a device that is not there.
    """

    def __init__(self, device: Any = None, *, priority: int = 0):
        self.device: types.device = types.device("cpu" if device is None else device)
        if self.device.type != "cpu":
            raise errors.runtime(f"PyTorch is not linked with support for {self.device.type} devices")
        self.stream_id: int = 0
        self.device_index: int = -1
        self.device_type: int = 1

    def query(self) -> bool:
        """True: all is done."""
        return True

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def wait_event(self, event: Any) -> None:
        """Nothing to wait for."""

    def wait_stream(self, stream: Any) -> None:
        """Nothing to wait for."""

    def record_event(self, event: Any = None) -> Any:
        """Raises RuntimeError, as PyTorch's CPU does."""
        raise errors.runtime("cpu backend doesn't support events.", "Measure with time.perf_counter().")

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __repr__(self) -> str:
        return "torch.Stream device_type=cpu, device_index=-1, stream_id=0"


class Event:
    """A place in a stream."""

    def __init__(
        self, device: Any = None, *, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ):
        self.device: types.device = types.device("cpu" if device is None else device)

    def record(self, stream: Any = None) -> None:
        """Raises RuntimeError, as PyTorch's CPU does."""
        raise errors.runtime("cpu backend doesn't support events.", "Measure with time.perf_counter().")

    def __repr__(self) -> str:
        return "torch.Event device_type=cpu, device_index=-1, event_flag=0, event_id=0"
