"""Steps too long, or too short."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def stalled(trace: Trace) -> bool:
    """Whether the loss has not come down: by no more than its noise, or by less than a fiftieth."""
    first, last = trace.ends()
    noise = (first.error**2 + last.error**2) ** 0.5
    return not first.mean - last.mean > max(2 * noise, 0.02 * abs(first.mean))


def step_size(trace: Trace) -> float | None:
    """The step size: the optimizer's, at its largest if it is scheduled, or what the program multiplies gradients with."""
    if trace.optimizers:
        return float(max(trace.scheduled, default=trace.optimizers[0]["lr"]))
    rates = [rate for leaf in trace.leaves.values() for rate in leaf.rates]
    return float(np.median(rates)) if rates else None


def early_sharpness(trace: Trace) -> list[float]:
    """The sharpness at the steps before a loss has run away."""
    curve = trace.curve()
    start = abs(curve[0]) if len(curve) else 0.0
    steps = [s for s in range(len(curve)) if np.isfinite(curve[s]) and abs(curve[s]) <= 10 * start + 1e-12]
    last = next((s for s in range(len(curve)) if s not in set(steps)), len(curve))
    values = [value for step, value in trace.sharpness if step <= last and np.isfinite(value)]
    epoch = [value for step, value in trace.sharpness[:8] if np.isfinite(value)]
    return values if len(values) > 3 else epoch


def limit(trace: Trace) -> tuple[float, float] | None:
    """The longest stable step at the sharpest batch seen, and that sharpness; None where no bound is known."""
    if not trace.is_bounded:
        return None
    momentum = float(trace.optimizers[0].get("momentum", 0.0)) if trace.optimizers else 0.0
    values = early_sharpness(trace)
    sharpest = max(values, default=0.0)
    return (2 * (1 + momentum) / sharpest, sharpest) if sharpest > 0 else None


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
    lr, bound, update = step_size(trace), limit(trace), update_size(trace)
    over = (
        lr is not None
        and bound is not None
        and np.mean([lr > bound[0] * bound[1] / s for s in early_sharpness(trace) if s > 0]) > 0.3
    )
    game = len(trace.optimizers) > 1  # several losses against each other rise and fall
    if not (over or ((diverged(trace) or burst(trace)) and not game) or update > LARGE_UPDATE):
        return None
    tried = []
    for factor in factors(lr, bound):
        trial = trials.run(Change(rate=factor))
        if trials.helps(trial):
            tried.append((trial.ends()[1].mean, factor, trial))
            if len(tried) > 1 and tried[-1][0] > tried[-2][0]:
                break
        elif not diverged(trace) and trial.ends()[1].mean > trace.ends()[1].mean:
            break  # slower already: still shorter steps are slower still
    if not tried:
        return None
    best = min(last for last, _, _ in tried)
    _, factor, trial = next(t for t in tried if t[0] <= best + 0.25 * abs(best))  # the largest that does about as well
    numbers: dict[str, Any] = {
        "lr": lr,
        "limit": None if bound is None else bound[0],
        "sharpness": None if bound is None else bound[1],
    }
    numbers["suggested"] = None if lr is None else lr * factor
    found = []
    if bound is not None and lr is not None:
        values = early_sharpness(trace)
        found.append(
            f"sharpness (largest Hessian eigenvalue, {len(values)} batches) from {min(values):.4g} to {max(values):.4g}: the sharpest "
            f"bears a step size of at most {bound_formula(trace)} = {bound[0]:.4g}; it is {lr:.4g}, {lr / bound[0]:.3g} times that"
        )
    if trace.no_sharpness:
        found.append(f"no sharpness: {trace.no_sharpness}")
    if update:
        found.append(f"a step changes weights by {100 * update:.3g} % of their size (usual: about 0.1 %)")
    found.append(losses_shown(trace))
    new = f"{lr * factor:.3g}" if lr is not None else f"{factor:.3g} times as much"
    below = f" (below {bound[0]:.3g})" if bound is not None else ""
    check = trials.check(f"step size {new}", trial)
    line = (trace.step_line if trials.by_hand else trace.made_line or trace.step_line) or (
        trace.losses[0].line if trace.losses else None
    )
    return Finding(
        "step size",
        "the step size is too large: each step overshoots",
        found,
        f"a step size of {new}{below}",
        line,
        check,
        numbers,
    )


def bound_formula(trace: Trace) -> str:
    momentum = trace.optimizers[0].get("momentum", 0) if trace.optimizers else 0
    return "2 / sharpness" if not momentum else f"2 (1 + {momentum:g}) / sharpness"


def factors(lr: float | None, bound: tuple[float, float] | None) -> list[float]:
    """Which parts of the step size are tried, the largest first."""
    tenths = [0.1, 0.01, 0.001]
    if lr is None or bound is None or lr <= bound[0]:
        return tenths
    below = [bound[0] * part / lr for part in (0.5, 0.1, 0.02)]
    return below if lr < ABSURD * bound[0] else [*tenths, *below]


def losses_shown(trace: Trace) -> str:
    curve = trace.curve()
    at = sorted({int(i) for i in np.linspace(0, len(curve) - 1, 6)})
    return "loss at steps " + ", ".join(f"{i}: {curve[i]:.4g}" for i in at)


def too_short(trace: Trace, trials: Trials) -> Finding | None:
    """A step size so far below the bound that nothing moves."""
    if not stalled(trace) or diverged(trace):
        return None
    lr, bound, update = step_size(trace), limit(trace), update_size(trace)
    if lr is None or lr <= 0:
        return None
    if bound is not None:
        if lr > FAR_BELOW * bound[0]:
            return None
        wanted = [bound[0] * 0.3 / lr, bound[0] * 0.03 / lr]
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
                found.insert(0, f"step size {lr:.3g}; the curvature bears up to {bound[0]:.3g}")
            check = trials.check(f"step size {lr * factor:.3g}", trial)
            numbers = {"lr": lr, "limit": bound and bound[0], "suggested": lr * factor}
            return Finding(
                "step size",
                "the step size is too small: nothing moves",
                found,
                f"a step size of {lr * factor:.3g}",
                trace.made_line or trace.step_line,
                check,
                numbers,
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
