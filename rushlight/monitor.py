"""``torch.monitor``: counters that are summed up over intervals, and events that handlers are told of."""

from __future__ import annotations

import enum
import math
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

__all__ = [
    "Aggregation", "COUNT", "Event", "EventHandlerHandle", "MAX", "MEAN", "MIN", "STAT_EVENT", "SUM", "Stat", "TensorboardEventHandler",
    "VALUE", "data_value_t", "log_event", "register_event_handler", "unregister_event_handler",
]  # fmt: skip

STAT_EVENT = "torch.monitor.Stat"
data_value_t = str | int | float | bool


class Aggregation(enum.Enum):
    """What a ``Stat`` makes of the numbers of an interval."""

    VALUE = 0
    MEAN = 2
    COUNT = 3
    SUM = 4
    MAX = 5
    MIN = 6

    def __str__(self) -> str:
        return f"Aggregation.{self.name}"


VALUE, MEAN, COUNT, SUM, MAX, MIN = Aggregation


class Event:
    """Something that has happened: ``name``, ``timestamp`` (a datetime), ``data`` (a dict of texts and numbers)."""

    def __init__(self, name: str, timestamp: datetime, data: dict[str, Any]):
        self.name: str = name
        self.timestamp: Any = timestamp
        self.data: Any = data


class EventHandlerHandle:
    """What ``register_event_handler`` gives and ``unregister_event_handler`` takes."""

    def __init__(self, handler: Callable[[Event], None]):
        self.handler = handler


_handlers: list[EventHandlerHandle] = []


def register_event_handler(callback: Callable[[Event], None]) -> EventHandlerHandle:
    """Let a function be told of every event from now on."""
    handle = EventHandlerHandle(callback)
    _handlers.append(handle)
    return handle


def unregister_event_handler(handler: EventHandlerHandle) -> None:
    """Tell it no more."""
    if handler in _handlers:
        _handlers.remove(handler)


def log_event(event: Event) -> None:
    """Tell all handlers of an event."""
    for handle in list(_handlers):
        handle.handler(event)


class Stat:
    """Numbers of an interval, summed up: at its end, and when this object goes, they are logged as an event ``torch.monitor.Stat``.

    Args:
        name: begins the names of the event's data, ``"loss.mean"``.
        aggregations: what is made of the numbers.
        window_size: the length of an interval, a timedelta.
        max_samples: the interval ends with this many numbers; further ones are counted in none.

    >>> from datetime import timedelta
    >>> import rushlight as torch
    >>> loss = torch.monitor.Stat("loss", [torch.monitor.MEAN, torch.monitor.MAX], timedelta(hours=1), max_samples=2)
    >>> loss.add(1.0), loss.add(3.0), loss.count
    (None, None, 0)
    >>> {str(kind): value for kind, value in loss.get().items()}
    {'Aggregation.MAX': 3.0, 'Aggregation.MEAN': 2.0}
    """

    def __init__(
        self,
        name: str,
        aggregations: Sequence[Aggregation],
        window_size: timedelta,
        max_samples: int = 9223372036854775807,
    ):
        self.name: str = name
        self.aggregations: tuple[Any, ...] = tuple(aggregations)
        self.window: float = window_size.total_seconds()
        self.most: Any = max_samples
        self._lock = threading.RLock()
        self._window = self._now()
        self._values: list[float] = []
        self._last: list[float] = []
        self._logged = False

    def _now(self) -> int:
        return math.floor(time.time() / self.window) if self.window else 0

    def add(self, v: float) -> None:
        """Another number."""
        with self._lock:
            self._end_if_over()
            if self._logged:
                return
            self._values.append(float(v))
            if len(self._values) >= self.most:
                self._end()

    @property
    def count(self) -> int:
        """How many numbers the interval has so far."""
        with self._lock:
            self._end_if_over()
            return len(self._values)

    def get(self) -> dict[Aggregation, float]:
        """What the last interval that has ended came to."""
        with self._lock:
            self._end_if_over()
            return self._of(self._last)

    def _of(self, values: list[float]) -> dict[Aggregation, float]:
        made = {
            VALUE: values[-1] if values else 0.0, MEAN: sum(values) / len(values) if values else 0.0, COUNT: float(len(values)),
            SUM: float(sum(values)), MAX: max(values, default=0.0), MIN: min(values, default=0.0),
        }  # fmt: skip
        return {kind: made[kind] for kind in sorted(self.aggregations, key=lambda kind: -kind.value)}

    def _end_if_over(self) -> None:
        now = self._now()
        if now != self._window:
            self._window = now
            if not self._logged:
                self._end()
            self._logged = False

    def _end(self) -> None:
        self._last, self._values, self._logged = self._values, [], True
        if self._last:
            data = {f"{self.name}.{kind.name.lower()}": value for kind, value in self._of(self._last).items()}
            log_event(Event(STAT_EVENT, datetime.now(), data))

    def __del__(self) -> None:
        if getattr(self, "_values", None):
            self._end()


class TensorboardEventHandler:
    """A handler that writes the numbers of ``Stat``'s events as scalars: ``register_event_handler(TensorboardEventHandler(writer))``."""

    def __init__(self, writer: Any):
        self._writer = writer

    def __call__(self, event: Event) -> None:
        if event.name == STAT_EVENT:
            for name, value in event.data.items():
                self._writer.add_scalar(name, value, walltime=event.timestamp.timestamp())
