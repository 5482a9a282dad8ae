"""``torch.profiler``: which operations run, and how long they take."""

from .session import (
    ProfilerAction,
    ProfilerActivity,
    _record_function_enter,
    _record_function_enter_new,
    _record_function_exit,
    profile,
    record_function,
    schedule,
    supported_activities,
    tensorboard_trace_handler,
)

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler", "_record_function_enter", "_record_function_enter_new", "_record_function_exit",
]  # fmt: skip


def kineto_available() -> bool:
    """True: operations can be watched."""
    return True
