"""``torch.distributed.elastic.multiprocessing.errors``: how a launcher hears of a process that failed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class ProcessFailure:
    """What is known of a process that failed."""

    def __init__(self, local_rank: int, pid: int, exitcode: int, error_file: str):
        self.local_rank: int = local_rank
        self.pid: int = pid
        self.exitcode: int = exitcode
        self.error_file: str = error_file


class ChildFailedError(Exception):
    """Processes that a launcher started have failed; here no launcher starts any."""

    def __init__(self, name: str, failures: dict[int, ProcessFailure]):
        super().__init__(name)
        self.name: str = name
        self.failures: Any = failures


def record(fn: Callable[..., Any], error_handler: Any = None) -> Callable[..., Any]:
    """Decorator of a program's main function: what it raises goes to its caller, as there is no launcher to write it down for."""

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    return run
