"""What is off, in a line each: said once, and only when it lasts."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .activations import ONE_SIDED, Activation

#: An update beside its weight: usual is about 0.001. Outside of these the weight is thrown away, or stays as it was drawn.
FAST, SLOW = 0.1, 1e-6
#: Shares of dead units and of saturated elements from which on a layer is named.
MOST_DEAD, MOST_SATURATED = 0.4, 0.6
#: So many measurements in a row show it, over so many steps, before it is said: large first steps and a warm-up are no fault.
LASTING, STEPS = 3, 10


class Finding(NamedTuple):
    """Something off: the step at which it was noticed, what (``"dead"``), where (a parameter or a layer), in words."""

    step: int
    kind: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.name + ': ' if self.name else ''}{self.text}"


class Parameter(NamedTuple):
    """What was measured of one parameter in a step; ``gradient`` is None if none reached it."""

    name: str
    dimensions: int
    held: bool  # by the optimizer
    gradient: float | None
    weight: float
    update: float
    ratio: float


class Judge:
    """Looks at each measured step and at each loss, and keeps what it found."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._since: dict[tuple[str, str], list[int]] = {}  # kind and name -> the measured steps in a row that show it
        self._recent: dict[str, deque[np.ndarray[Any, Any]]] = {}  # layer -> which units were dead, last measurements
        self._loss_was_finite = True

    def loss(self, step: int, value: float) -> list[Finding]:
        """A loss that stops being finite."""
        if math.isfinite(value) or not self._loss_was_finite:
            return []
        self._loss_was_finite = False
        return self._keep(
            Finding(step, "loss", "", f"the loss is {value}: a lower lr, or rushlight.detect_nan() for the place")
        )

    def step(self, step: int, parameters: list[Parameter], activations: list[Activation]) -> list[Finding]:
        """What the measurements of one step show that earlier ones had not, or not for long enough."""
        now = {(kind, name): text for kind, name, text in self._seen(parameters, activations)}
        self._since = {key: [*self._since.get(key, [])[:LASTING], step] for key in now}
        said = {(f.kind, f.name) for f in self.findings}
        lasting = [key for key, at in self._since.items() if len(at) >= LASTING and step - at[0] >= STEPS]
        new = [key for key in lasting if key not in said]
        return self._keep(*(Finding(step, *key, now[key]) for key in new))

    def _keep(self, *findings: Finding) -> list[Finding]:
        self.findings.extend(findings)
        return list(findings)

    def _seen(self, parameters: list[Parameter], activations: list[Activation]) -> Iterator[tuple[str, str, str]]:
        for p in parameters:
            yield from _of_parameter(p)
        for a in activations:
            yield from self._of_activation(a)

    def _of_activation(self, a: Activation) -> Iterator[tuple[str, str, str]]:
        recent = self._recent.setdefault(a.name, deque(maxlen=LASTING))
        if recent and recent[-1].shape != a.dead_units.shape:
            recent.clear()
        recent.append(a.dead_units)
        units = np.logical_and.reduce(list(recent))  # another batch may wake a unit
        share = float(units.mean())
        if share > MOST_DEAD:
            yield (
                "dead",
                a.name,
                f"{share:.0%} of the units stay without gradient, whatever comes in: lower lr or smaller biases",
            )
        elif a.op not in ONE_SIDED and a.saturated > MOST_SATURATED:
            yield "saturated", a.name, f"{a.saturated:.0%} saturated: smaller weights, or normalise what comes in"


def _of_parameter(p: Parameter) -> Iterator[tuple[str, str, str]]:
    if not p.held:
        yield "not held", p.name, "the optimizer does not hold it: it never changes"
        return
    if p.gradient is None:
        yield "no gradient", p.name, "no gradient reaches it: is it used in the loss?"
    elif not math.isfinite(p.gradient):
        yield "gradient", p.name, f"its gradient is {p.gradient}"
    elif p.gradient == 0:
        yield "zero gradient", p.name, "its gradient is zero"
    elif p.dimensions > 1 and p.ratio > FAST:
        yield "fast", p.name, f"a step changes it by {p.ratio:.2g} of its size (usual: about 0.001): lower lr"
    elif p.dimensions > 1 and p.ratio < SLOW:
        yield "slow", p.name, f"a step changes it by {p.ratio:.1e} of its size (usual: about 0.001): higher lr"
