"""What a profiler saw: events with their times, sums of those with one name, a table, a file for chrome://tracing."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

COLUMN, GAP = 12, "  "


class FunctionEvent:
    """One call: when it began and ended (microseconds), what it called, what it was given."""

    start: float
    end: float

    def __init__(self, name: str, start: float, kind: str = "cpu_op"):
        self.name = name
        self.key: str = (
            "ProfilerStep*" if name.startswith("ProfilerStep#") else name
        )  # all steps are one row of a table
        self.kind = kind
        self.start, self.end = start, start
        self.thread: int = threading.get_ident()
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []
        self.input_shapes: list[list[int]] = []
        self.stack: list[str] = []
        self.cpu_memory_usage = 0
        self.count = 1

    @property
    def cpu_time_total(self) -> float:
        """Microseconds from its begin to its end."""
        return self.end - self.start

    cpu_time = cpu_time_total

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds that are not those of what it called."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        """Bytes of its result that no call within it made."""
        return self.cpu_memory_usage - sum(child.cpu_memory_usage for child in self.cpu_children)

    device_time: float = 0.0
    device_time_total: float = 0.0
    self_device_time_total: float = 0.0
    cuda_time: float = 0.0
    cuda_time_total: float = 0.0
    device_memory_usage = self_device_memory_usage = flops = 0
    is_async = is_remote = False

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent name={self.name} cpu_time={time_text(self.cpu_time)}  self_cpu_time={time_text(self.self_cpu_time_total)} "
            f"thread={self.thread} input_shapes={self.input_shapes}>"
        )


class FunctionEventAvg:
    """The sum of events with one name."""

    count: Any
    cpu_time_total: float
    self_cpu_time_total: float

    def __init__(self, key: str):
        self.key = key
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.input_shapes: Any = ""
        self.stack: list[str] = []

    device_time: float = 0.0
    device_time_total: float = 0.0
    self_device_time_total: float = 0.0
    cuda_time: float = 0.0
    cuda_time_total: float = 0.0
    device_memory_usage = self_device_memory_usage = flops = 0
    is_async = is_remote = False

    @property
    def cpu_time(self) -> float:
        """Microseconds of one call, on average."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def add(self, other: Any) -> FunctionEventAvg:
        """Count an event, or another sum, in."""
        if not self.count:
            self.input_shapes, self.stack = other.input_shapes, other.stack
        self.count += other.count
        for name in ("cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    @property
    def cpu_time_str(self) -> str:
        """``cpu_time`` with its unit."""
        return time_text(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        """``cpu_time_total`` with its unit."""
        return time_text(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        """``self_cpu_time_total`` with its unit."""
        return time_text(self.self_cpu_time_total)

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={time_text(self.self_cpu_time_total)} cpu_time={time_text(self.cpu_time)}  "
            f"self_cuda_time=0.000us cuda_time=0.000us input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} "
            "cuda_memory_usage=0>"
        )


class EventList(list[Any]):
    """Events in the order of their begin, or sums."""

    def __init__(self, events: Iterable[Any] = (), *, profile_memory: bool = False, with_stack: bool = False):
        super().__init__(events)
        self._memory, self._stack = profile_memory, with_stack

    def _like(self, events: Iterable[Any]) -> EventList:
        return EventList(events, profile_memory=self._memory, with_stack=self._stack)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all."""
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **options: Any) -> EventList:
        """The sums by name, or by name and shapes, or name and the innermost lines of the program."""
        sums: dict[Any, FunctionEventAvg] = {}
        for event in self:
            shapes = str(event.input_shapes) if group_by_input_shape else ""
            stack = tuple(event.stack[:group_by_stack_n])
            key = event.key, shapes, stack
            sums.setdefault(key, FunctionEventAvg(event.key)).add(event)
        for (_, shapes, stack), total in sums.items():
            total.input_shapes = total.input_shapes if shapes else ""
            total.stack = list(stack)
        return self._like(sums.values())

    def total_average(self) -> FunctionEventAvg:
        """The sum of all."""
        total = FunctionEventAvg("Total")
        for event in self:
            total.add(event)
        total.key, total.input_shapes = "Total", ""
        return total

    # --- text -----------------------------------------------------------------------------------------------------
    def table(
        self, sort_by: str | None = None, row_limit: int = 100, max_src_column_width: int = 75, max_name_column_width: int = 55,
        max_shapes_column_width: int = 80, header: str | None = None, top_level_events_only: bool = False, **options: Any,
    ) -> str:  # fmt: skip
        """The events as text, largest first by a field: ``cpu_time_total``, ``self_cpu_time_total``, ``count``, ``cpu_memory_usage``."""
        if not self:
            return ""
        rows = [e for e in self if not (top_level_events_only and getattr(e, "cpu_parent", None) is not None)]
        if sort_by is not None:
            rows.sort(key=lambda event: getattr(event, sort_by), reverse=True)
        columns = self._columns(rows, max_name_column_width, max_shapes_column_width, max_src_column_width)
        line = "".join("-" * width + GAP for _, width, _ in columns)
        text = [line, "".join(f"{title: >{width}}{GAP}" for title, width, _ in columns), line]
        if header is not None:
            text.insert(0, "=" * len(line.rstrip()) + "\n" + header)
        for event in rows[: max(row_limit, 0)] if row_limit >= 0 else rows:
            text.append("".join(f"{cell(event): >{width}}{GAP}" for _, width, cell in columns))
        text += [line, f"Self CPU time total: {time_text(self.self_cpu_time_total)}", ""]
        return "\n".join(text)

    def _columns(self, rows: list[Any], widest_name: int, widest_shapes: int, widest_source: int) -> list[Any]:
        """Title, width and text of each column."""
        total = self.self_cpu_time_total or 1.0

        def short(text: str, width: int) -> str:
            return text if len(text) <= width else text[: width - 3] + "..."

        def column(title: str, cell: Callable[[Any], str]) -> tuple[str, int, Callable[[Any], str]]:
            return title, COLUMN, cell

        name_width = min(max(len(e.key) for e in rows) + 4, widest_name) if rows else widest_name
        columns = [
            ("Name", name_width, lambda e: short(e.key, name_width)),
            column("Self CPU %", lambda e: f"{100 * e.self_cpu_time_total / total:.2f}%"),
            column("Self CPU", lambda e: time_text(e.self_cpu_time_total)),
            column("CPU total %", lambda e: f"{100 * e.cpu_time_total / total:.2f}%"),
            column("CPU total", lambda e: time_text(e.cpu_time_total)),
            column("CPU time avg", lambda e: time_text(e.cpu_time)),
        ]
        if self._memory:
            columns.append(column("CPU Mem", lambda e: memory_text(e.cpu_memory_usage)))
            columns.append(column("Self CPU Mem", lambda e: memory_text(e.self_cpu_memory_usage)))
        columns.append(column("# of Calls", lambda e: str(e.count)))
        shapes = [len(str(e.input_shapes)) for e in rows if e.input_shapes]
        if shapes:
            width = min(max(shapes) + 4, widest_shapes)
            columns.append(("Input Shapes", width, lambda e: short(str(e.input_shapes), width)))
        sources = [len(e.stack[0]) for e in rows if e.stack]
        if sources:
            across = min(max(sources) + 4, widest_source)
            columns.append(("Source Location", across, lambda e: short(e.stack[0] if e.stack else "", across)))
        return columns

    def __str__(self) -> str:
        return self.table()

    # --- files ------------------------------------------------------------------------------------------------------
    def trace(self) -> dict[str, Any]:
        """The events as chrome://tracing and Perfetto read them."""
        pid = os.getpid()
        made = []
        for number, event in enumerate(self):
            args: dict[str, Any] = {"External id": number + 1}
            if event.input_shapes:
                args["Input Dims"] = event.input_shapes
            if event.stack:
                args["Call stack"] = event.stack
            made.append({
                "ph": "X", "cat": event.kind, "name": event.name, "pid": pid, "tid": event.thread, "ts": event.start,
                "dur": event.cpu_time_total, "args": args,
            })  # fmt: skip
        return {"schemaVersion": 1, "deviceProperties": [], "displayTimeUnit": "ms", "traceEvents": made}

    def export_chrome_trace(self, path: str) -> None:
        """Write a file for chrome://tracing or Perfetto, compressed if its name ends in ``.gz``."""
        open_ = gzip.open if str(path).endswith(".gz") else open
        with open_(path, "wt", encoding="utf-8") as file:
            json.dump(self.trace(), file)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write, for flame graphs, the lines of the program that lead to each call and the time of it."""
        if metric not in ("self_cpu_time_total",):
            raise ValueError("metric should be one of: self_cpu_time_total")
        times: dict[str, int] = defaultdict(int)
        for event in self:
            if event.stack:
                times[";".join(reversed(event.stack)).replace(" ", "_")] += int(event.self_cpu_time_total)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{stack} {time}\n" for stack, time in times.items() if time > 0)


def time_text(microseconds: float) -> str:
    """A time with its unit."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3f}ms"
    return f"{microseconds:.3f}us"


def memory_text(n: int) -> str:
    """Bytes with their unit."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "KB")):
        if abs(n) >= 1024**power:
            return f"{n / 1024**power:.2f} {unit}"
    return f"{n} B"
