"""``profile`` and what belongs to it: when it records, what it does with what it saw."""

from __future__ import annotations

import enum
import functools
import json
import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from .events import EventList
from .watch import Watcher, current


class ProfilerActivity(enum.Enum):
    """What may be watched. There is a CPU."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(enum.Enum):
    """What a step does: nothing, get ready, record, record and hand over."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """Skip some steps; then, ``repeat`` times or for ever: ``wait``, get ready, record ``active`` steps."""
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), active={active} (need > 0), "
            f"repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        length = wait + warmup + active
        if repeat and step // length >= repeat:
            return ProfilerAction.NONE
        at = step % length
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


class record_function:
    """Mark a part of the program by name, as a block or as a decorator; without a profiler nothing happens."""

    name: str
    args: str | None

    def __init__(self, name: str, args: str | None = None):
        self.name, self.args = name, args

    def __enter__(self) -> record_function:
        self._watcher = current[0] if current else None
        if self._watcher is not None:
            self._watcher.enter(self, self.name, "user_annotation")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._watcher is not None:
            self._watcher.leave(self)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def marked(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return marked


def _record_function_enter(name: str, args: str | None = None) -> record_function:
    """``torch.ops.profiler._record_function_enter``: begin a mark."""
    return record_function(name, args).__enter__()


_record_function_enter_new = _record_function_enter


def _record_function_exit(handle: record_function) -> None:
    """``torch.ops.profiler._record_function_exit``: end a mark."""
    handle.__exit__()


def supported_activities() -> set[ProfilerActivity]:
    """``{ProfilerActivity.CPU}``."""
    return {ProfilerActivity.CPU}


class profile:
    """Record which operations run and how long they take.

    Args:
        activities: accepted; the CPU is what is watched. schedule: which steps to record (see ``step``); all by default.
        on_trace_ready: called with the profiler when a recording is complete. record_shapes: keep shapes of arguments.
        profile_memory: count bytes of results. with_stack: keep lines of the program.

    Example:
        >>> import rushlight as torch
        >>> with torch.profiler.profile() as prof:
        ...     _ = torch.ones(2, 2) @ torch.ones(2, 2)
        >>> [(event.key, event.count) for event in prof.key_averages()]
        [('aten::ones', 2), ('aten::matmul', 1), ('aten::mm', 1)]
    """

    record_shapes: bool
    profile_memory: bool
    with_stack: bool
    step_num: int

    def __init__(
        self, *, activities: Iterable[ProfilerActivity] | None = None, schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None, record_shapes: bool = False, profile_memory: bool = False,
        with_stack: bool = False, with_flops: bool = False, with_modules: bool = False, experimental_config: Any = None,
        execution_trace_observer: Any = None, acc_events: bool = False, use_cuda: bool | None = None, **options: Any,
    ):  # fmt: skip
        self.activities: set[ProfilerActivity] = set(activities) if activities is not None else supported_activities()
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        self.schedule: Callable[..., Any] = schedule or (lambda _: ProfilerAction.RECORD)
        self._named_steps = schedule is not None
        self.on_trace_ready = on_trace_ready
        self.record_shapes, self.profile_memory, self.with_stack = record_shapes, profile_memory, with_stack
        self.step_num = 0
        self.current_action: ProfilerAction = self.schedule(0)
        self._watcher: Watcher | None = None
        self._mark: record_function | None = None
        self._metadata: dict[str, str] = {}
        self._events: EventList | None = None

    # --- when it records ------------------------------------------------------------------------------------------
    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin with the first step."""
        self._begin_if(self.current_action)
        self._name_step()

    def stop(self) -> None:
        """End; a recording that runs is complete and is handed over."""
        self._end_mark()
        if self._watcher is not None:
            self._finish()
            self._hand_over()

    def step(self) -> None:
        """Go on to the next step, which the schedule may treat otherwise."""
        self._end_mark()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        recording = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if self._watcher is not None and (
            before is ProfilerAction.RECORD_AND_SAVE or self.current_action not in recording
        ):
            self._finish()
            if before is ProfilerAction.RECORD_AND_SAVE:
                self._hand_over()
        self._begin_if(self.current_action)
        self._name_step()

    def _begin_if(self, action: ProfilerAction) -> None:
        if action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE) and self._watcher is None:
            self._watcher = Watcher(self.record_shapes, self.profile_memory, self.with_stack)
            self._watcher.start()

    def _finish(self) -> None:
        assert self._watcher is not None
        self._watcher.stop()
        self._events = EventList(self._watcher.events, profile_memory=self.profile_memory, with_stack=self.with_stack)
        self._watcher = None

    def _hand_over(self) -> None:
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _name_step(self) -> None:
        if self._named_steps and self._watcher is not None:
            self._mark = record_function(f"ProfilerStep#{self.step_num}")
            self._mark.__enter__()

    def _end_mark(self) -> None:
        if self._mark is not None:
            self._mark.__exit__()
            self._mark = None

    # --- what it saw --------------------------------------------------------------------------------------------------
    def events(self) -> EventList:
        """The calls of the last recording.

        Raises:
            AssertionError: before there is one.
        """
        if self._events is None:
            raise AssertionError(
                "Profiler must be initialized before accessing events: run the code inside `with profile():` first."
            )
        return self._events

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **options: Any) -> EventList:
        """Sums by name (see ``EventList.key_averages``)."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path: str) -> None:
        """Write a file for chrome://tracing or Perfetto."""
        self.events().export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write stacks for a flame graph; needs ``with_stack=True``."""
        self.events().export_stacks(path, metric)

    def add_metadata(self, key: str, value: str) -> None:
        """Keep a note."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Keep a note in JSON."""
        self._metadata[key] = json.loads(value)


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """An ``on_trace_ready`` that writes each recording to a folder, as TensorBoard's plugin reads it."""

    def write(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        prof.export_chrome_trace(os.path.join(dir_name, name))

    return write
