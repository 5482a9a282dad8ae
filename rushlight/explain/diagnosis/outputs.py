"""What a loss is given: bounded numbers where it takes logits, logits where it takes logarithms, probabilities over the wrong dimension."""

from __future__ import annotations

import numpy as np

from .changes import Change
from .report import Finding
from .signals import ENDS
from .trace import Trace, within
from .trials import Trials


def bounded(trace: Trace, trials: Trials) -> Finding | None:
    """A softmax, sigmoid or tanh before a loss that takes logits."""
    if not trace.bounded:
        return None
    name, line, module, taker, by_hand = trace.bounded[0]
    trial = trials.run(Change(logits=tuple(trace.bounded)))
    if not trial.losses or not trial.ends()[1].mean < trace.ends()[1].mean - 4 * trial.ends()[1].error:
        return None
    low, high = ENDS.get(name, (0.0, 1.0))
    least = f"no probability can be below {1 / (1 + np.exp(-low)):.3g} or above {1 / (1 + np.exp(-high)):.3g}"
    if taker == "cross_entropy":
        least = f"no class can get more than e^{high - low:g} = {np.exp(high - low):.4g} times the weight of another"
    given = f"{name}{within(module)} gives what {taker} takes as logits"
    if by_hand:
        given = f"what {taker} takes as logits are probabilities: each sample's add up to 1"
    text = f"{given}: they lie between {low:g} and {high:g}, so that {least}"
    change = f"give {taker} the logits: leave the {name} out"
    check = trials.check(f"without this {name}", trial)
    title = "the loss is given bounded numbers where it takes logits"
    return Finding(f"{name} before cross entropy", title, [text], change, line, check)


def no_log_softmax(trace: Trace, trials: Trials) -> Finding | None:
    """A negative log likelihood of numbers that are no logarithms of probabilities: it falls without end."""
    if trace.logits_as_logarithms is None:
        return None
    line, largest, taker, probabilities = trace.logits_as_logarithms
    text = f"{taker} takes logarithms of probabilities, which are never above 0, and is given {largest:.4g}"
    given = "probabilities" if probabilities else "logits"
    if not probabilities:
        text += ": the loss has no least value"
    change = f"log_softmax before {taker}" + (", in the place of softmax" if probabilities else "")
    change += ", or cross_entropy in the place of both" if taker == "nll_loss" else ""
    check = trials.check(
        "with their logarithm" if probabilities else "with log_softmax", trials.run(Change(log_softmax=True))
    )
    title = f"the loss is given {given} where it takes logarithms of probabilities"
    return Finding("no log_softmax", title, [text], change, line, check, {"largest": largest})


def wrong_dim(trace: Trace, trials: Trials) -> Finding | None:
    """Probabilities that add up to 1 over another dimension than that of the classes."""
    if trace.not_normalised is None or trace.logits_as_logarithms is not None:
        return None
    line, shape, low, high = trace.not_normalised
    text = f"nll_loss of {list(shape)}: a sample's {shape[1]} probabilities add up to {low:.3g} to {high:.3g} in place of 1"
    check = trials.check("with a log_softmax over the classes", trials.run(Change(log_softmax=True)))
    change = "log_softmax over the dimension of the classes, or cross_entropy of the logits in the place of both"
    title = "the softmax does not run over the classes but over samples or steps"
    return Finding("softmax over the wrong dimension", title, [text], change, line, check, {"sums": (low, high)})
