"""A timer of statements that knows how often to run them."""

from __future__ import annotations

import enum
import textwrap
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...settings import get_num_threads, set_num_threads
from .measurement import Measurement, TaskSpec

__all__ = ["Language", "Timer", "set_torch_threads", "timer"]

timer: Any = timeit.default_timer

MOST_RUNS = 2**31 - 1


class Language(enum.Enum):
    """What a statement is written in. Only Python is measured."""

    PYTHON = 0
    CPP = 1


@contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """Run with ``n`` threads."""
    before = get_num_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


class Timer:
    """Measures a statement.

    Beside ``timeit.Timer`` it runs on a set number of threads, warms up, takes times in blocks (``blocked_autorange``), and knows
    what it measures: label, sub label, description and environment name the table, row and column of ``Compare``.

    Args:
        stmt: what is measured, Python text.
        setup: what is run before.
        timer: a clock that gives seconds.
        globals: names that both may use; ``torch`` is there in any case.
        label, sub_label, description, env: see ``Compare``.
        num_threads: threads that compute while it runs; one, unless it says otherwise.

    Raises:
        ValueError: for a ``stmt`` that is no text, another language, a ``global_setup`` in Python.
        NotImplementedError: for C++.

    >>> from rushlight.utils.benchmark import Timer
    >>> found = Timer("x + 1", globals={"x": 1}, label="sums").timeit(100)
    >>> found.title, len(found.times)
    ('sums', 1)
    """

    _timer_cls = timeit.Timer

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "", timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None, label: str | None = None, sub_label: str | None = None,  # noqa: A002
        description: str | None = None, env: str | None = None, num_threads: int = 1, language: Language | str = Language.PYTHON,
    ):  # fmt: skip
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if language in (Language.CPP, "cpp", "c++"):
            raise NotImplementedError(
                "torch.utils.benchmark.Timer(language='c++') is not implemented.\n\nThere is no C++ side to measure: write the "
                "statement in Python."
            )
        if language not in (Language.PYTHON, "py", "python"):
            raise ValueError(f"Invalid language `{language}`.")
        if global_setup:
            raise ValueError(
                f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be moved to `setup`."
            )
        stmt, setup = (textwrap.dedent(text).lstrip("\n").rstrip() for text in (stmt, setup))
        self._globals = {"torch": _package(), **(globals or {})}
        self._timer = self._timer_cls(stmt=stmt, setup=setup, timer=timer, globals=self._globals)
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)

    def _timeit(self, number: int) -> float:
        """Seconds for so many runs; never zero, which a slow clock may say."""
        return max(self._timer.timeit(number), 1e-9)

    def timeit(self, number: int = 1000000) -> Measurement:
        """One time, of ``number`` runs, after a short warm-up."""
        with set_torch_threads(self._task_spec.num_threads):
            self._timeit(max(number // 100, 2))
            return Measurement(number, [self._timeit(number)], self._task_spec)

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Times of blocks of runs, for at least ``min_run_time`` seconds in all.

        Blocks are long enough that taking their time costs a ten-thousandth of it, and there is much more than one. ``callback`` is
        called after each with the number of runs and its seconds.
        """
        number = self._block_size(min_run_time)
        times = self._blocks(number, min_run_time, None, callback, lambda times: True)
        return Measurement(number, times, self._task_spec)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:  # fmt: skip
        """As ``blocked_autorange``, until the interquartile range is less than ``threshold`` of the median, or ``max_run_time`` is over."""
        number = self._block_size(0.05)

        def settled(times: list[float]) -> bool:
            return len(times) > 3 and Measurement(number, times, self._task_spec).meets_confidence(threshold)

        times = self._blocks(number, min_run_time, max_run_time, callback, settled)
        return Measurement(number, times, self._task_spec)

    def _block_size(self, min_run_time: float) -> int:
        with set_torch_threads(self._task_spec.num_threads):
            overhead = float(np.median([self._timeit(0) for _ in range(5)]))
            number = 1
            while True:
                taken = self._timeit(number)
                if overhead <= 1e-4 * taken and taken >= min_run_time / 1000 or taken > min_run_time:
                    return number
                if number * 10 > MOST_RUNS:
                    return number
                number *= 10

    def _blocks(
        self, number: int, least: float, most: float | None, callback: Any, settled: Callable[[list[float]], bool]
    ) -> list[float]:
        """The times of blocks, until there is enough of them."""
        total, times = 0.0, list[float]()
        with set_torch_threads(self._task_spec.num_threads):
            while total < least or not settled(times):
                taken = self._timeit(number)
                if callback is not None:
                    callback(number, taken)
                total += taken
                times.append(taken)
                if most is not None and total >= most:
                    break
        return times

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """Not of use: ``blocked_autorange`` repeats by itself."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Callable[[int, float], Any] | None = None) -> None:
        """Not of use: ``blocked_autorange`` finds the number of runs by itself."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> Any:
        """Not there: it counts the instructions of PyTorch's C++ code."""
        raise NotImplementedError(
            "torch.utils.benchmark.Timer.collect_callgrind is not implemented.\n\nMeasure time: blocked_autorange()."
        )


def _package() -> Any:
    """What a statement knows as ``torch``."""
    import sys

    return sys.modules[__name__.partition(".")[0]]
