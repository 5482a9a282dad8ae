"""Steps too long, or too short."""

from __future__ import annotations

import ast
import linecache
import math
import re
from typing import Any, NamedTuple

import numpy as np

from ..places import Line
from .changes import Change
from .report import Finding
from .trace import Trace
from .trials import CLEARLY, Trials, finite

#: What an update may change of a parameter in one step, rms over rms. Trainings in order lie near 0.001.
LARGE_UPDATE = 0.03
SMALL_UPDATE, USUAL_UPDATE = 1e-5, 1e-3
#: The part of its largest that a scheduled step size keeps for half of the steps at least.
SHRUNK = 1e-2
#: How far below the bound a step size counts as far too small.
FAR_BELOW = 1e-3
#: How far above the bound a step size must be for the bound to be that of where a loss has been thrown, not of where it began.
ABSURD = 1e3


#: So many measurements of the sharpness stand for its beginning where the loss runs away at once.
FIRST = 8


def diverged(trace: Trace) -> bool:
    """Whether the loss ends clearly above its start, or as no number."""
    first, last = trace.ends()
    if not finite(last):
        return True
    noise = (first.error**2 + last.error**2) ** 0.5
    return last.mean > first.mean + CLEARLY * noise and last.mean > first.mean + 0.2 * abs(first.mean)


def burst(trace: Trace) -> bool:
    """Whether the loss was once far above its start: half of a quarter of the run more than twice as high, and above all of the calmest
    quarter, so that losses that only jump about do not count; or all of the last quarter, when the others were higher still."""
    curve = trace.curve()
    quarters = [part for part in np.array_split(curve, 4) if len(part)]
    if len(curve) >= 20 and quarters[-1].min() > 2 * abs(curve[0]):
        return True
    calmest = min((float(part.max()) for part in quarters), default=float("inf"))
    return any(not np.median(part) <= max(2 * abs(curve[0]), calmest) for part in quarters)


def step_size(trace: Trace) -> float | None:
    """The step size: the optimizer's, at its largest if it is scheduled, or what the program multiplies gradients with."""
    if trace.optimizers:
        return float(max(trace.scheduled, default=trace.optimizers[0]["lr"]))
    rates = [rate for leaf in trace.leaves.values() for rate in leaf.rates]
    return float(np.median(rates)) if rates else None


def early_sharpness(trace: Trace) -> list[float]:
    """The sharpness at the steps before a loss has run away."""
    curve = trace.curve()
    calm = np.isfinite(curve) & (np.abs(curve) <= 10 * np.abs(curve[:1]) + 1e-12)
    last = len(curve) if calm.all() else int(np.argmin(calm))
    before = [value for step, value in trace.sharpness if step <= last and np.isfinite(value)]
    first = [value for _, value in trace.sharpness[:FIRST] if np.isfinite(value)]
    return before if len(before) > 3 else first


class Bound(NamedTuple):
    """How long a step of gradient descent may be: ``factor / sharpness``, at the sharpest batch seen."""

    sharpness: float
    momentum: float

    @property
    def factor(self) -> float:
        return 2 * (1 + self.momentum)

    @property
    def step(self) -> float:
        return self.factor / self.sharpness

    @property
    def formula(self) -> str:
        return f"2 (1 + {self.momentum:g}) / sharpness" if self.momentum else "2 / sharpness"


def bound_of(trace: Trace) -> Bound | None:
    """The bound on a training's step size; None where none is known."""
    momentum = float(trace.optimizers[0].get("momentum", 0.0)) if trace.optimizers else 0.0
    sharpest = max(early_sharpness(trace), default=0.0)
    return Bound(sharpest, momentum) if trace.is_bounded and sharpest > 0 else None


def update_size(trace: Trace) -> float:
    """The median change of a weight in a step, over the weight."""
    sizes = [
        u
        for leaf in trace.leaves.values()
        for u in leaf.updates
        if np.isfinite(u) and leaf.rms > 0 and len(leaf.shape) > 1
    ]
    return float(np.median(sizes)) if sizes else 0.0


def too_long(trace: Trace, trials: Trials) -> Finding | None:
    """A step size above what the curvature bears."""
    lr, bound = step_size(trace), bound_of(trace)
    helped = shorter_that_helps(trace, trials, factors(lr, bound)) if overshoots(trace, lr, bound) else None
    if helped is None:
        return None
    factor, trial = helped
    new = scaled(lr, factor)
    below = f" (below {bound.step:.3g})" if bound is not None and lr is not None and lr * factor < bound.step else ""
    numbers: dict[str, Any] = {
        "lr": lr,
        "limit": None if bound is None else bound.step,
        "sharpness": None if bound is None else bound.sharpness,
        "suggested": None if lr is None else lr * factor,
    }
    line = trace.step_line if trials.by_hand else trace.made_line or trace.step_line
    return Finding(
        "step size",
        "the step size is too large: each step overshoots",
        signs(trace, lr, bound),
        f"a step size of {new}{below}",
        line or (trace.losses[0].line if trace.losses else None),
        trials.check(f"step size {new}", trial),
        numbers,
        rewritten(line, lr, numbers["suggested"]),
    )


def overshoots(trace: Trace, lr: float | None, bound: Bound | None) -> bool:
    """Whether a shorter step is worth trying: above the bound of many batches, a loss that runs away, updates too large."""
    if lr is not None and bound is not None:
        if np.mean([lr > bound.factor / s for s in early_sharpness(trace) if s > 0]) > 0.3:
            return True
    game = len(trace.optimizers) > 1  # several losses against each other rise and fall
    return update_size(trace) > LARGE_UPDATE or (not game and (diverged(trace) or burst(trace)))


def shorter_that_helps(trace: Trace, trials: Trials, parts: list[float]) -> tuple[float, Trace] | None:
    """Of these parts of the step size the largest that does about as well as the best."""
    tried: list[tuple[float, float, Trace]] = []
    for part in parts:
        trial = trials.run(Change(rate=part))
        last = trial.ends()[1].mean
        if trials.helps(trial):
            tried.append((last, part, trial))
            if len(tried) > 1 and last > tried[-2][0]:
                break
        elif not diverged(trace) and last > trace.ends()[1].mean:
            break  # slower already: still shorter steps are slower still
    best = min((last for last, _, _ in tried), default=0.0)
    return next(((part, trial) for last, part, trial in tried if last <= best + 0.25 * abs(best)), None)


def signs(trace: Trace, lr: float | None, bound: Bound | None) -> list[str]:
    """What was measured of steps that are too long."""
    found = []
    if bound is not None and lr is not None:
        values = early_sharpness(trace)
        found.append(
            f"sharpness (largest Hessian eigenvalue, {len(values)} batches) from {min(values):.4g} to {max(values):.4g}: the sharpest "
            f"bears a step size of at most {bound.formula} = {bound.step:.4g}; it is {lr:.4g}, {lr / bound.step:.3g} times that"
        )
    if trace.no_sharpness:
        found.append(f"no sharpness: {trace.no_sharpness}")
    update = update_size(trace)
    if update:
        found.append(f"a step changes weights by {100 * update:.3g} % of their size (usual: about 0.1 %)")
    return [*found, losses_shown(trace)]


def scaled(lr: float | None, factor: float) -> str:
    """A step size so many times as long, in words where its own length is not known."""
    return f"{factor:.3g} times as much" if lr is None else f"{lr * factor:.3g}"


#: A number as it is written in Python.
NUMBER = re.compile(r"(?<![\w.])\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|(?<![\w.])\.\d+(?:[eE][+-]?\d+)?")


#: A name that is given a number.
GIVEN = re.compile(rf"\s*(\w+)\s*=\s*({NUMBER.pattern})\s*(?:#.*)?$")


def is_number(text: str, value: float) -> bool:
    return math.isclose(float(text.replace("_", "")), value, rel_tol=1e-3)


def rewritten(line: Line | None, old: float | None, new: float | None) -> str:
    """A line with another number in the place of this one, or the one that gives its name that number; empty if neither can be told."""
    if line is None or not old or new is None:
        return ""
    places = [m for m in NUMBER.finditer(line.text) if is_number(m[0], old)]
    if len(places) != 1:
        names = set(re.findall(r"[A-Za-z_]\w*", line.text)) if not places else ()
        given = [
            m[1]
            for row in linecache.getlines(line.file)
            if (m := GIVEN.match(row)) and m[1] in names and is_number(m[2], old)
        ]
        return f"{given[0]} = {new:.3g}" if len(given) == 1 else ""
    text = f"{line.text[: places[0].start()]}{new:.3g}{line.text[places[0].end() :]}".strip()
    try:
        ast.parse(text)
    except SyntaxError:  # a part of a longer statement
        return ""
    return text


def factors(lr: float | None, bound: Bound | None) -> list[float]:
    """Which parts of the step size are tried, the largest first."""
    tenths = [0.1, 0.01, 0.001]
    if lr is None or bound is None or lr <= bound.step:
        return tenths
    below = [bound.step * part / lr for part in (0.5, 0.1, 0.02)]
    return below if lr < ABSURD * bound.step else [*tenths, *below]


def losses_shown(trace: Trace) -> str:
    """The loss at a few steps, for the eye."""
    curve = trace.curve()
    at = sorted({int(i) for i in np.linspace(0, len(curve) - 1, 6)})
    return "loss at steps " + ", ".join(f"{i}: {curve[i]:.4g}" for i in at)


def too_short(trace: Trace, trials: Trials) -> Finding | None:
    """A step size so far below the bound that nothing moves."""
    if not trace.stalled or diverged(trace):
        return None
    lr, bound, update = step_size(trace), bound_of(trace), update_size(trace)
    if lr is None or lr <= 0:
        return None
    if bound is not None:
        if lr > FAR_BELOW * bound.step:
            return None
        wanted = [bound.step * 0.3 / lr, bound.step * 0.03 / lr]
    elif update and update < SMALL_UPDATE:
        wanted = [part * USUAL_UPDATE / update for part in (10.0, 1.0)]
    else:
        return None
    for factor in wanted:
        trial = trials.run(Change(rate=factor))
        if trials.helps(trial):
            found = [
                f"a step changes weights by {100 * update:.2g} % of their size (usual: about 0.1 %)",
                losses_shown(trace),
            ]
            if bound is not None:
                found.insert(0, f"step size {lr:.3g}; the curvature bears up to {bound.step:.3g}")
            check = trials.check(f"step size {lr * factor:.3g}", trial)
            numbers = {"lr": lr, "limit": None if bound is None else bound.step, "suggested": lr * factor}
            return Finding(
                "step size",
                "the step size is too small: nothing moves",
                found,
                f"a step size of {lr * factor:.3g}",
                trace.made_line or trace.step_line,
                check,
                numbers,
                rewritten(trace.made_line or trace.step_line, lr, lr * factor),
            )
    return None


def shrunk(trace: Trace, trials: Trials) -> Finding | None:
    """A schedule that has made the step size so small, early in the run, that the rest of it is idle."""
    rates = np.array(trace.scheduled)
    if len(rates) < 10 or not np.isfinite(rates).all() or not np.median(rates) < SHRUNK * rates.max():
        return None
    largest = float(rates.max())
    trial = trials.run(Change(keep_rate=largest))
    if not trials.helps(trial):
        return None
    at = [int(i) for i in np.linspace(0, len(rates) - 1, 6)]
    last = int(np.flatnonzero(rates >= SHRUNK * largest)[-1])
    found = [
        "step size at steps " + ", ".join(f"{i}: {rates[i]:.3g}" for i in at),
        f"after step {last} it is below 1/{1 / SHRUNK:.0f} of its largest",
        losses_shown(trace),
    ]
    change = f"a schedule that is stepped less often (once an epoch) or falls more slowly; now {largest:.3g} is over after {last} steps"
    title = "the schedule has made the step size too small: nothing moves"
    numbers = {"lr": largest, "last": float(rates[-1]), "steps": last}
    check = trials.check(f"step size {largest:.3g} throughout", trial)
    return Finding("step size", title, found, change, trace.schedule_line or trace.made_line, check, numbers)
