"""Changes tried on a copy of the training's start, and whether they help."""

from __future__ import annotations

import numpy as np

from .changes import Change
from .report import Check
from .runs import Program, observed
from .trace import Level, Trace, level

#: Standard errors by which two levels of a loss must differ to count as different.
CLEARLY = 4.0
#: How far above the first losses of a trial those of a training lie that has been thrown away: its end is what it has come back to.
THROWN = 10.0
#: The part of all comparisons that say the same in a sign test: where losses jump about too much for their mean.
MOST_OF_ALL = 0.9


class Trials:
    """Runs of one program beside ``trace``, with as many steps."""

    program: Program
    trace: Trace
    steps: int
    seconds: float

    def __init__(self, program: Program, trace: Trace, steps: int, seconds: float, mended: Change | None = None):
        self.program, self.trace = program, trace
        self.steps, self.seconds = min(steps, trace.steps) or steps, seconds
        self.mended: Change = mended or Change()  # what every run does otherwise, ``trace`` too
        self.by_hand: bool = not trace.optimizers
        self.done: dict[str, Trace] = {}

    def run(self, change: Change, steps: int | None = None) -> Trace:
        """The program with a change; each change is tried once."""
        kept = {name: value for name, value in self.mended._asdict().items() if value != Change._field_defaults[name]}
        change = change._replace(**{**kept, "by_hand": self.by_hand})
        key = f"{change!r} {steps}"
        if key not in self.done:
            n = self.steps if steps is None else steps
            self.done[key] = observed(self.program, change, steps=n, seconds=3 * self.seconds, closely=False)
        return self.done[key]

    def with_mended(self, change: Change) -> Trials:
        """Trials of the program in which a fault is mended, for what else there may be: a fault distorts what is measured."""
        change = change._replace(by_hand=self.by_hand)
        trace = observed(self.program, change, steps=self.steps, seconds=self.seconds)
        return Trials(self.program, trace, self.steps, self.seconds, change) if trace.steps else self

    def at_a_step_it_bears(self, change: Change) -> tuple[Trace, float] | None:
        """A change that helps, and with which part of the step size: one made for gradients that hardly arrive may be too
        long once they do. It must help beyond what the shorter step gives alone."""
        for rate in (1.0, 0.1):
            trial = self.run(change._replace(rate=rate))
            if self.helps(trial) and (rate == 1 or self.helps(trial, self.run(Change(rate=rate)))):
                return trial, rate
        return None

    def check(self, what: str, trial: Trace, base: Trace | None = None) -> Check:
        """The losses with a change beside those without."""
        parts = np.array_split(trial.curve(), min(5, max(len(trial.losses), 1)))
        means = [float(part.mean()) for part in parts if len(part)]
        return Check(what, (base or self.trace).ends(), trial.ends(), trial.steps, means)

    def helps(self, trial: Trace, base: Trace | None = None) -> bool:
        """Whether a loss ends clearly lower than that of ``base``: beyond its noise, and by a third of where it is, or having come down by
        half as much again, or where that of ``base`` had been thrown far up. Runs with the same batches are compared batch by batch."""
        base = base or self.trace
        first, last = base.ends()
        other_first, other_last = trial.ends()
        if not trial.losses or not trial.steps or not finite(other_last):
            return False
        if not finite(last):
            return other_last.mean <= max(first.mean, other_first.mean) * 1.2 if finite(other_first) else True
        noise = difference(base, trial).error
        if last.mean - other_last.mean <= CLEARLY * noise and not nearly_always_lower(base, trial):
            return False
        if first.mean > THROWN * abs(other_first.mean):
            return True
        start = other_first.mean
        came_down, comes_down = max(start - last.mean, 0.0), start - other_last.mean
        by_a_third = 0 <= other_last.mean <= 0.67 * last.mean
        if came_down > 0:
            return by_a_third or comes_down >= 1.5 * came_down
        return by_a_third or comes_down > max(CLEARLY * noise, 0.1 * abs(start))


def nearly_always_lower(base: Trace, trial: Trace) -> bool:
    """Whether nearly all of the last batches have a lower loss: a sign test."""
    a, b = base.curve(), trial.curve()
    n = len(a) // 4
    return len(a) == len(b) and n >= 10 and float(np.mean(b[-n:] < a[-n:])) >= MOST_OF_ALL


def difference(base: Trace, trial: Trace) -> Level:
    """How much lower the last losses of a trial are. Batches that both were given take their own height out of the noise."""
    a, b = base.curve(), trial.curve()
    n = max(1, len(a) // 4)
    last, other = base.ends()[1], trial.ends()[1]
    apart = Level(last.mean - other.mean, (last.error**2 + other.error**2) ** 0.5)
    if len(a) != len(b):
        return apart
    paired = level(a[-n:] - b[-n:])
    return paired if paired.error < apart.error else apart


def finite(level: Level) -> bool:
    return abs(level.mean) < float("inf")
