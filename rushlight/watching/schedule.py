"""When to measure: as often as a share of the training's own time pays for."""

from __future__ import annotations

import math

#: The share of the training's time that measuring and showing may take, and what may be spent at once at its beginning (seconds).
SHARE, START = 0.01, 0.005
#: What hooks cost in each step (seconds: they run cold, between other code), and the share that they and measuring may take together.
#: Of very short steps the hooks take most of it; the least is left for measuring then.
HOOKS, TOGETHER, LEAST = 5e-6, 0.025, 0.002

#: At most this many measurements while the number of steps grows e-fold, however cheap they are.
DENSITY = 100


class Schedule:
    """Says which step is measured next, from what the last measurement cost.

    All that was spent stays below ``START + share * elapsed``, but for the first measurement, which always happens. With
    ``every`` the distance is fixed, whatever it costs.
    """

    next: int

    def __init__(self, every: int | None = None):
        self.every = every
        self.next = 0  # the number of the step that is measured next
        self.spent: float = 0.0  # seconds that measuring and showing have taken
        self.share: float = SHARE

    def after(self, step: int, cost: float, elapsed: float) -> None:
        """Step ``step`` was measured, which took ``cost`` seconds; ``elapsed`` seconds have gone since the beginning."""
        if self.every is not None:
            self.next = step + self.every
            return
        gap = max(1, step // DENSITY)
        training = (elapsed - self.spent) / (step + 1)
        if training > 0:
            self.share = min(SHARE, max(LEAST, TOGETHER - HOOKS / training))
        missing = self.spent + cost - START - self.share * elapsed  # the next one costs about as much as this one
        if missing > 0 and training > 0:
            gap = max(gap, math.ceil(missing / (self.share * training)))
        self.next = step + gap

    def affords(self, cost: float, elapsed: float) -> bool:
        """Whether something beside the measurements, a refreshed display, may be done now."""
        return self.spent + cost <= START + self.share * elapsed
