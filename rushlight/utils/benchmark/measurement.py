"""What was measured, the times that were found, and what they say."""

from __future__ import annotations

import math
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_FIGURES = 4
LEAST_INTERVAL = 25e-9  # seconds: no clock tells times apart any better
WARNING, GROSS_WARNING = 0.1, 0.25  # interquartile ranges beside the median

_UNITS = {-3: "ns", -2: "us", -1: "ms"}
_SCALES = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}


def log10(x: float) -> np.float32:
    """The logarithm in float32, rounded once: of 1e-6 it is -6."""
    return np.float32(np.log10(np.float64(np.float32(x))))


def select_unit(t: float) -> tuple[str, float]:
    """The unit for a time in seconds, and how many seconds it is.

    >>> select_unit(0.0021)
    ('ms', 0.001)
    """
    unit = _UNITS.get(int(log10(t) // 3), "s")
    return unit, _SCALES[unit]


def unit_to_english(u: str) -> str:
    """``"us"`` is ``"microsecond"``."""
    return {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}[u]


def trim_sigfig(x: float, n: int) -> float:
    """``x`` to ``n`` significant figures.

    >>> trim_sigfig(123456.0, 2)
    120000.0
    """
    magnitude = int(np.ceil(log10(abs(x))))
    scale = float(10 ** (magnitude - n))
    return float(np.round(np.float32(x) / np.float32(scale)) * np.float32(scale))


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """The elements in their order, each once."""
    return list(dict.fromkeys(elements))


@dataclass(init=True, repr=False, eq=True, frozen=True)
class TaskSpec:
    """What a Timer measures: equal ones may be merged."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or the statement; and what tells it from others of that name."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        sub_label = f"{self.sub_label} " if self.sub_label else ""
        return f"stmt:{sub_label and ' (' + sub_label.strip() + ')'}\n{textwrap.indent(self.stmt, '  ')}"

    def setup_str(self) -> str:
        """The setup, as it is shown; nothing if there is none."""
        if self.setup == "pass" or not self.setup:
            return ""
        return f"setup:\n{textwrap.indent(self.setup, '  ')}" if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup."""
        sections = [self.title, self.description or "", self.setup_str()]
        return "\n".join([s + ("\n" if "\n" in s else "") for s in sections if s])


class Measurement:
    """Times of a task: ``raw_times``, each of ``number_per_run`` runs, in seconds. All that it says is about one run.

    Attributes:
        times: seconds a run, in the order in which they were measured.
        median, mean, iqr: of these; ``iqr`` is the range of the half in the middle.
        significant_figures: how many digits of the median to believe, by a rough estimate.
        has_warnings: whether the interquartile range is more than a tenth of the median.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: Any
    metadata: Any

    def __init__(
        self, number_per_run: int, raw_times: list[float], task_spec: TaskSpec, metadata: dict[Any, Any] | None = None
    ):
        self.number_per_run, self.raw_times, self.task_spec, self.metadata = (
            number_per_run,
            raw_times,
            task_spec,
            metadata,
        )

    def __getattr__(self, name: str) -> Any:
        if name != "task_spec" and hasattr(TaskSpec, name) or name in TaskSpec.__dataclass_fields__:
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute '{name}'")

    @property
    def times(self) -> list[float]:
        return [t / self.number_per_run for t in self.raw_times]

    def _quantile(self, part: float) -> float:
        return float(np.quantile(np.array(self.times), part)) if self.raw_times else math.nan

    @property
    def median(self) -> float:
        return self._quantile(0.5)

    @property
    def mean(self) -> float:
        return float(np.mean(np.array(self.times))) if self.raw_times else math.nan

    @property
    def iqr(self) -> float:
        return self._quantile(0.75) - self._quantile(0.25)

    @property
    def significant_figures(self) -> int:
        times = sorted(self.times)
        middle = np.array(times[len(times) // 4 : math.ceil(3 * len(times) / 4)], np.float32)
        interval = max(1.645 * float(middle.std()) / math.sqrt(len(middle)), LEAST_INTERVAL)
        figures = math.floor(log10(self.median / interval))
        return min(max(figures, 1), MOST_FIGURES)

    def meets_confidence(self, threshold: float = WARNING) -> bool:
        """Whether the interquartile range is less than this part of the median."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self) -> bool:
        return not self.meets_confidence()

    @property
    def title(self) -> str:
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        n, threads, median = len(self.raw_times), self.task_spec.num_threads, self.median
        unit, scale = select_unit(median)
        lines = [object.__repr__(self), self.task_spec.summarize()]
        lines.append(f"  {'Median: ' if n > 1 else ''}{median / scale:.2f} {unit}")
        if n >= 4:
            low, high = self._quantile(0.25) / scale, self._quantile(0.75) / scale
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
        lines.append(
            f"  {n} measurement{'s' * (n > 1)}, {self.number_per_run} runs {'per measurement' * (n > 1)}, "
            f"{threads} thread{'s' * (threads > 1)}"
        )
        if not self.meets_confidence(WARNING):
            lines.append(f"  WARNING: Interquartile range is {self.iqr / median * 100:.1f}% of the median measurement.")
            gross = not self.meets_confidence(GROSS_WARNING)
            what = "suggests significant environmental influence" if gross else "could indicate system fluctuation"
            lines.append(f"           This {what}.")
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for each task, with the times of all."""
        groups: dict[TaskSpec, list[Measurement]] = defaultdict(list)
        for m in measurements:
            groups[m.task_spec].append(m)
        return [Measurement(1, [t for m in group for t in m.times], spec) for spec, group in groups.items()]
