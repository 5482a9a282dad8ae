"""What was seen of a training: plain data that a child process can send home."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..places import Line


class Loss(NamedTuple):
    """One call of ``backward``: the step it belongs to, its line, the value of its root."""

    step: int
    line: Line | None
    value: float


class Leaf:
    """A parameter: what it is, what reached it, what became of it."""

    name: str
    shape: tuple[int, ...]
    model: str
    module: str
    kind: str
    std: float
    mean: float
    rms: float

    def __init__(self, name: str, shape: tuple[int, ...], model: str, module: str, kind: str):
        self.name, self.shape, self.model, self.module, self.kind = name, shape, model, module, kind
        self.std = self.mean = self.rms = 0.0  # at the start
        self.start: tuple[float, float, float] = (0.0, 0.0, 0.0)  # the three
        self.twins = (
            False  # whether it began with one number in all places and its rows are all the same in the end, too
        )
        self.moved = True  # whether it ended with other numbers
        self.usual: float | None = None  # the rms that its module's own initialisation gives
        self.held = False  # by an optimizer
        self.holder = ""  # what the program calls that
        self.handed = False  # to a step of an optimizer
        self.reached = 0  # by how many of the backwards that were looked at
        self.changes = 0  # how often it was another one at the next backward
        self.stale = 0  # how often a step used a gradient to which an earlier, used one had been added
        self.grads: list[float] = []  # norms
        self.updates: list[float] = []  # rms of the change over rms of the parameter
        self.rates: list[float] = []  # minus the change over the gradient, where they are parallel

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def all_equal(self) -> bool:
        """Whether it starts with one number in all places (up to the rounding of its mean)."""
        return self.std <= 1e-6 * abs(self.mean)


class Layer:
    """A linear operation on a parameter: the size of what came in, went out, and came back, at the first step."""

    leaf: str
    op: str
    fan_in: int
    module: str
    line: Line | None
    into: float
    out: float
    mean: float

    def __init__(self, leaf: str, op: str, fan_in: int, module: str, line: Line | None):
        self.leaf, self.op, self.fan_in, self.module, self.line = leaf, op, fan_in, module, line
        self.into = self.out = self.mean = 0.0  # rms of input and output; mean of the input
        self.back: float = 0.0  # norm of the gradient that arrives at the output


class Units:
    """An activation: the part of its units that gave nothing for any sample, and the part of elements at its ends."""

    op: str
    module: str
    line: Line | None

    def __init__(self, op: str, module: str, line: Line | None, after: int):
        self.op, self.module, self.line = op, module, line
        self.after = after  # how many layers came before it
        self.dead: list[float] = []
        self.saturated: list[float] = []


class Part(NamedTuple):
    """What a weight applies to the hidden state, where it may take other inputs, too: some of its rows or columns."""

    axis: int  # the dimension that is summed over
    start: int
    stop: int

    def of(self, a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return a[:, self.start : self.stop] if self.axis else a[self.start : self.stop]

    def within(self, shape: tuple[int, ...]) -> str:
        """As it is written behind a name; nothing for all of it."""
        if self.stop - self.start == shape[self.axis]:
            return ""
        return f"[{':, ' if self.axis else ''}{self.start}:{self.stop}]"


class Recurrent(NamedTuple):
    """Weights of a hidden state: how often one forward applies them to what they gave, and their spectral radius."""

    length: int
    radius: float
    part: Part
    measured: bool = False  # the radius is what becomes of the gradient in a step, for weights that have no eigenvalues


def within(module: str) -> str:
    """Where something was, for the end of a phrase; nothing outside of modules."""
    return f" in {module}" if module else ""


class Cut(NamedTuple):
    """Where a tensor that required a gradient became one that does not, or a number."""

    how: str
    line: Line | None
    module: str

    def __str__(self) -> str:
        return f"{self.how} cuts the graph{within(self.module)} ({self.line})"


class Bounded(NamedTuple):
    """A softmax, sigmoid or tanh whose result a loss takes as logits."""

    name: str
    line: Line | None
    module: str
    taker: str  # the loss
    by_hand: bool = False  # known by its values alone, which are probabilities: written as a formula


class Trace:
    """Everything seen in one run."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.steps = 0
        self.backwards = 0
        self.seconds: float = 0.0  # of the processor's time
        self.finished = False  # the program came to its end by itself
        self.error: tuple[str, str, Line | None] | None = None
        self.leaves: dict[str, Leaf] = {}
        self.layers: list[Layer] = []
        self.units: dict[str, Units] = {}
        self.recurrent: dict[str, Recurrent] = {}  # by the names of hidden weights
        self.cuts: list[Cut] = []
        self.flats: list[Cut] = []  # where functions without slope were computed of what depends on parameters
        self.unrecorded_at: dict[str, Cut] = {}  # where parameters were used while nothing was recorded, by name
        self.misfits: list[tuple[str, tuple[int, ...], tuple[int, ...], Line | None]] = []
        self.bounded: list[Bounded] = []
        self.moving: tuple[str, Line | None] | None = None  # why the loss's height says little, and where that was seen
        self.drawn_line: Line | None = (
            None  # where actions are drawn whose log-probabilities the loss weighs: its value says nothing
        )
        # where nll_loss or kl_div got a logarithm above 0: the largest, which of the two, whether they are probabilities
        self.logits_as_logarithms: tuple[Line | None, float, str, bool] | None = None
        # where nll_loss got probabilities that add up to 1 over the batch only: their shape, the least and largest sum of a sample
        self.not_normalised: tuple[Line | None, tuple[int, ...], float, float] | None = None
        # batch normalisation in evaluation mode whose weights are trained: the line, the batches of its statistics, the variance of
        # what it is given over theirs, and how many of their standard deviations the mean is off
        self.evaluated: dict[str, tuple[Line | None, int, float, float]] = {}
        self.sharpness: list[tuple[int, float]] = []
        self.no_sharpness = ""  # why not
        self.gradients: list[float] = []  # norms of whole gradients, of one backward each
        self.summed = 0  # over how many numbers the loss is a sum
        self.batch = 0  # samples in what the model is given
        self.features: tuple[Any, Any, int] | None = None  # mean, standard deviation of the input's features, samples
        self.optimizers: list[dict[str, Any]] = []
        self.scheduled: list[float] = []  # the largest step size of the first optimizer's groups at each of its steps
        self.step_line: Line | None = None  # where parameters change
        self.schedule_line: Line | None = None  # where a schedule of step sizes was last stepped
        self.made_line: Line | None = None  # where the optimizer was made
        self.model_line: Line | None = None  # where the outermost module is called
        self.unrecorded: dict[str, Line | None] = {}  # models called while nothing was recorded, and where at first
        self.followed = 0  # backwards of which the graph was followed to its leaves
        self.unreached = 0  # of these, the ones that reached no parameter at all
        # with the parameters kept: |mean gradient|^2, mean |gradient|^2, how many; and the losses
        self.noise: tuple[float, float, int] | None = None
        self.frozen: list[float] = []

    @property
    def says_nothing(self) -> bool:
        """Whether the height of the loss says nothing of how well the training goes."""
        return self.drawn_line is not None or self.moving is not None

    @property
    def is_bounded(self) -> bool:
        """Whether the sharpness bounds the step size: it does for gradient descent, with and without momentum."""
        return not self.optimizers or self.optimizers[0]["class"] == "SGD"

    # --- the loss -----------------------------------------------------------------------------------------------------
    def phase(self) -> list[Loss]:
        """The losses of one training: of several, one after the other from lines of their own, the longest."""
        calls: dict[Any, list[int]] = {}
        for i, loss in enumerate(self.losses):
            calls.setdefault(loss.line and loss.line.line, []).append(i)
        phases: list[list[int]] = []  # the first call and the last
        for first, *_, last in sorted([i[0], *i] for i in calls.values()):
            if phases and first < phases[-1][1]:
                phases[-1][1] = max(last, phases[-1][1])
            else:
                phases.append([first, last])
        first, last = max(phases, key=lambda phase: phase[1] - phase[0], default=[0, 0])
        return self.losses[first : last + 1]

    def curve(self) -> np.ndarray[Any, Any]:
        """The loss of each step: the mean of the backwards of one line, summed over lines."""
        by_step: dict[int, dict[Any, list[float]]] = {}
        for loss in self.phase():
            by_step.setdefault(loss.step, {}).setdefault(loss.line and loss.line.line, []).append(loss.value)
        return np.array([sum(float(np.mean(v)) for v in lines.values()) for _, lines in sorted(by_step.items())])

    @property
    def stalled(self) -> bool:
        """Whether the loss has not come down: by no more than its noise, or by less than a fiftieth."""
        first, last = self.ends()
        noise = (first.error**2 + last.error**2) ** 0.5
        return not first.mean - last.mean > max(2 * noise, 0.02 * abs(first.mean))

    def ends(self) -> tuple[Level, Level]:
        """The level of the loss in the first and in the last part of the run."""
        curve = self.curve()
        n = max(1, len(curve) // 4)
        return level(curve[:n]), level(curve[-n:])


class Level(NamedTuple):
    """The height of a stretch of losses, and the standard error of it."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.4g}"


def level(values: Any) -> Level:
    values = np.asarray(values, float)
    if not len(values) or not np.isfinite(values).all():
        return Level(float("inf") if len(values) else float("nan"), 0.0)
    with np.errstate(over="ignore"):
        spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        return Level(float(values.mean()), spread / np.sqrt(len(values)))
