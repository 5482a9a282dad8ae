"""Changes tried on a copy of the training's start, and whether they help."""

from __future__ import annotations

import time

import numpy as np

from .changes import Change
from .report import Check
from .runs import Program, observed
from .trace import Level, Trace

#: Standard errors by which two levels of a loss must differ to count as different.
CLEARLY = 4.0


class Trials:
    """Runs of one program beside ``trace``, with as many steps."""

    def __init__(self, program: Program, trace: Trace, steps: int, seconds: float):
        self.program, self.trace = program, trace
        self.steps, self.seconds = max(min(steps, trace.steps), 1), seconds
        self.by_hand = not trace.optimizers
        self.done: dict[str, Trace] = {}
        self.started = time.monotonic()

    def run(self, change: Change, steps: int | None = None) -> Trace:
        """The program with a change; each change is tried once."""
        change = change._replace(by_hand=self.by_hand)
        key = f"{change!r} {steps}"
        if key not in self.done:
            n = self.steps if steps is None else steps
            self.done[key] = observed(self.program, change, steps=n, seconds=3 * self.seconds, closely=False)
        return self.done[key]

    def check(self, what: str, trial: Trace) -> Check:
        """The losses with a change beside those without."""
        parts = np.array_split(trial.curve(), min(5, max(len(trial.losses), 1)))
        means = [float(part.mean()) for part in parts if len(part)]
        return Check(what, self.trace.ends(), trial.ends(), trial.steps, means)

    def helps(self, trial: Trace, clearly: float = 1.0) -> bool:
        """Whether a loss ends clearly lower: beyond its noise, and by a third of where it is or half as much again as it has come down.

        ``clearly`` above 1 asks for more.
        """
        first, last = self.trace.ends()
        other_first, other_last = trial.ends()
        if not trial.losses or not finite(other_last):
            return False
        if not finite(last):
            return other_last.mean <= max(first.mean, other_first.mean) * 1.2 if finite(other_first) else True
        noise = (last.error**2 + other_last.error**2) ** 0.5
        if last.mean - other_last.mean <= CLEARLY * noise:
            return False
        start = other_first.mean
        came_down, comes_down = max(start - last.mean, 0.0), start - other_last.mean
        by_a_third = 0 <= other_last.mean <= 0.67 * last.mean / clearly
        return by_a_third or comes_down >= 1.5 * clearly * came_down > 0 or (came_down == 0 and comes_down > 0)


def finite(level: Level) -> bool:
    return abs(level.mean) < float("inf")
