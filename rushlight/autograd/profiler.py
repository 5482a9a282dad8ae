"""``torch.autograd.profiler``: the older form of ``torch.profiler``."""

from __future__ import annotations

from typing import Any

from ..profiler import events, session
from ..profiler.events import EventList, FunctionEvent, FunctionEventAvg  # noqa: F401
from ..profiler.session import record_function  # noqa: F401


class profile:
    """Record which operations run inside the block; the object itself answers what its events do.

    Args:
        enabled: whether to record at all. record_shapes, profile_memory, with_stack: as for ``torch.profiler.profile``.
    """

    def __init__(
        self, enabled: bool = True, *, use_cuda: bool = False, use_device: Any = None, record_shapes: bool = False,
        with_flops: bool = False, profile_memory: bool = False, with_stack: bool = False, with_modules: bool = False,
        use_kineto: bool = False, use_cpu: bool = True, **options: Any,
    ):  # fmt: skip
        self.enabled = enabled
        self._session = session.profile(
            record_shapes=record_shapes, profile_memory=profile_memory, with_stack=with_stack
        )

    def __enter__(self) -> profile:
        if self.enabled:
            self._session.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.enabled:
            self._session.stop()

    @property
    def function_events(self) -> EventList:
        """The calls."""
        return self._session.events()

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **options: Any) -> EventList:
        """Sums by name."""
        return self._session.key_averages(group_by_input_shape, group_by_stack_n)

    def table(self, *args: Any, **kwargs: Any) -> str:
        """The calls as text."""
        return self.function_events.table(*args, **kwargs)

    def total_average(self) -> FunctionEventAvg:
        """The sum of all."""
        return self.function_events.total_average()

    def export_chrome_trace(self, path: str) -> None:
        """Write a file for chrome://tracing or Perfetto."""
        self.function_events.export_chrome_trace(path)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all."""
        return self.function_events.self_cpu_time_total

    def __str__(self) -> str:
        return self.table() if self._session._events is not None else "<unfinished torch.autograd.profile>"

    __repr__ = __str__


class emit_nvtx:
    """Marks for a GPU's profiler: there is no GPU, and nothing happens."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False):
        self.enabled = enabled

    def __enter__(self) -> emit_nvtx:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


time_text: Any = events.time_text
