"""Gradients that are mostly noise.

Training with single batches comes down until what a step gains is what its noise loses: at a step size ``lr`` a loss of curvature ``H``
and gradients of covariance ``C`` stays about ``lr * trace(C) / 4`` above its least. The noise scale ``trace(C) / |mean gradient|^2`` says
how many batches would have to be averaged for a gradient that is half signal. [McCandlish et al., An empirical model of large-batch
training, 2018] It is large at the end of every training, so that it accuses nobody by itself: what counts is how much of what
there is to gain the noise eats up. That is measured with the parameters kept, on the same batches for all step sizes, as the
losses of a training that is lost in noise say nothing by themselves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .changes import Change
from .rates import bound_of, diverged, early_sharpness, losses_shown, rewritten, scaled, step_size
from .report import Check, Finding
from .trace import Level, Trace, level
from .trials import CLEARLY, MOST_OF_ALL, Trials, finite

#: The noise scale from which on smaller steps are tried, and what they may be.
NOISY = 3.0
FACTORS = (1 / 4, 1 / 16)
#: The part of all that can be gained, and of the loss, that the noise must cost.
PART, VISIBLE = 1 / 3, 0.05
#: Parameters that noise throws about are looked at so many times at least and at most, each time on so many batches.
LEAST_TIMES, MOST_TIMES, BATCHES = 4, 30, 30
#: So many times are enough where all of them agree and the difference is clear; if not, as many more are looked at as there is time for.
FEW_TIMES = 8


class Kept(NamedTuple):
    """Parameters at several times after ``steps`` backwards, and for each time their mean loss on the ``batches`` that follow."""

    steps: int
    batches: int
    times: int
    trace: Trace

    @property
    def losses(self) -> np.ndarray[Any, Any]:
        whole = len(self.trace.frozen) // self.batches
        return np.reshape(self.trace.frozen[: whole * self.batches], (whole, self.batches)).mean(1)

    @property
    def level(self) -> Level:
        return level(self.losses)

    def at_rate(self, trials: Trials, rate: float) -> Kept:
        """The same with longer or shorter steps."""
        return kept(trials, rate, self.steps, self.batches, self.times)


def kept(trials: Trials, rate: float, steps: int, batches: int, times: int) -> Kept:
    """Parameters ``steps`` backwards from the start, and each time a quarter of that later: ``times``, or as often as there is time for."""
    each = steps // 4 + batches
    backwards = trials.trace.backwards * trials.seconds / max(trials.trace.seconds, 1e-3)  # that there is time for
    windows = int(min(max((backwards - steps) / each, LEAST_TIMES), times))
    change = Change(rate=rate, freeze=steps, batches=batches, windows=windows)
    return Kept(steps, batches, times, trials.run(change, steps + windows * each))


def noise_scale(trace: Trace) -> tuple[float, float, float] | None:
    """The noise scale, the variance of batches' gradients, and the square of their mean without the part that is variance."""
    if trace.noise is None or trace.noise[2] < 8:
        return None
    mean, square, n = trace.noise
    variance = (square - mean) * n / (n - 1)
    signal = max(mean - variance / n, 0.0)
    return variance / signal if signal > 0 else float("inf"), variance, signal


def first_that_fits(trials: Trials, attempts: Any, times: int) -> Kept | None:
    """The first attempt for whose least number of looks the program is long enough; how long it is the first one that ends early tells."""
    end = float("inf")
    for steps, batches in attempts:
        if steps + LEAST_TIMES * batches + (LEAST_TIMES - 1) * (steps // 4) > end:
            continue
        found = kept(trials, 1.0, steps, batches, times)
        if len(found.losses) >= LEAST_TIMES:
            return found
        if found.trace.finished:
            end = found.trace.backwards
    return None


def too_noisy(trace: Trace, trials: Trials) -> Finding | None:
    """Gradients of single batches that disagree more than the step size bears."""
    if len(trace.losses) < 20 or not (trace.stalled or diverged(trace)):
        return None
    quarter = trials.steps // 4
    attempts = (
        (trials.steps, BATCHES),
        (quarter, BATCHES),
        (quarter, BATCHES // 2),
    )  # a program may end before the longer ones
    for times in (FEW_TIMES, MOST_TIMES):  # the second only where the first leaves it open
        now = first_that_fits(trials, attempts, times)
        measured = None if now is None else noise_scale(now.trace)
        if now is None or measured is None or measured[0] < NOISY:
            return None
        start = now.at_rate(trials, 0.0).level
        others = [(factor, now.at_rate(trials, factor)) for factor in FACTORS]
        tried = [(factor, other) for factor, other in others if costs(start, now, other)]
        if (
            not tried and now.trace.finished
        ):  # more would be the same: the program ends here, and this is as often as it can be looked at
            most = now._replace(times=MOST_TIMES)
            tried = [(factor, other) for factor, other in others if costs(start, most, other)]
        if tried:
            return _finding(trace, now, start, min(tried, key=lambda t: t[1].level.mean), measured)
        if now.trace.finished:
            return None
    return None


def single_batches(trace: Trace, trials: Trials) -> Finding | None:
    """Noise where single batches are sharper than the step size bears, and their mean is not: larger batches would bear it."""
    lr, bound = step_size(trace), bound_of(trace)
    if lr is None or bound is None or not lr * np.mean(early_sharpness(trace)) < bound.factor:
        return None
    if not finite(trace.ends()[1]):
        return None
    return too_noisy(trace, trials)


def _finding(trace: Trace, now: Kept, start: Level, calmer: tuple[float, Kept], measured: Any) -> Finding:
    factor, calm = calmer
    scale, variance, signal = measured
    n = len(now.losses) * now.batches
    found = [
        f"gradients at the same parameters, by batch: variance {variance:.3g}, square of their mean {signal:.3g}",
        f"noise scale {scale:.3g}: that many batches would have to be averaged for a gradient that is half signal"
        if np.isfinite(scale)
        else "the mean of these batches' gradients does not stand out of their noise",
        f"loss of the parameters at {len(now.losses)} times, on {n} other batches: {now.level}; of those at the start {start}, after "
        f"calmer steps {calm.level}",
        losses_shown(trace),
    ]
    new = scaled(step_size(trace), factor)
    change = f"batches {round(1 / factor)} times as large, or a step size of {new} (decayed towards the end)"
    check = Check(
        f"step size {new}, judged on {n} batches", (start, now.level), (start, calm.level), now.steps, [calm.level.mean]
    )
    numbers = {"noise_scale": scale, "batch": trace.batch}
    title = "single batches' gradients are mostly noise at this step size"
    lr = step_size(trace)
    write = next(
        filter(None, (rewritten(line, lr, lr and lr * factor) for line in (trace.made_line, trace.step_line))), ""
    )
    return Finding("gradient noise", title, found, change, trace.step_line, check, numbers, write)


def costs(start: Level, now: Kept, calm: Kept) -> bool:
    """Whether the noise of longer steps costs a good part of what calmer ones gain."""
    other = calm.level
    n = min(len(now.losses), len(calm.losses))
    if n < LEAST_TIMES or not finite(other):
        return False
    if not finite(now.level):
        return True
    apart = now.losses[:n] - calm.losses[:n]
    difference = level(apart)
    by_size, by_signs = difference.mean > CLEARLY * difference.error, float(np.mean(apart > 0)) >= MOST_OF_ALL
    clearly = (by_size and by_signs) if now.times < MOST_TIMES else (by_size or by_signs)
    return clearly and difference.mean > max(PART * (start.mean - other.mean), VISIBLE * abs(other.mean))
