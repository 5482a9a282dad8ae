"""Faults of settings: a weight decay that outweighs the gradient, layers that are trained while they are set to evaluate."""

from __future__ import annotations

from .changes import Change
from .rates import losses_shown, step_size, update_size
from .report import Finding
from .trace import Trace
from .trials import Trials

#: The part of a weight that decay takes in a step, and decay over gradient or over what a step changes, from which on a training
#: without it is tried.
TAKEN, OUTWEIGHS = 1e-4, 0.3
#: Running variance over a batch's, and the distance of their means in standard deviations, that count as another distribution.
USUAL_VARIANCE, USUAL_SHIFT = (1 / 3, 3.0), 1.0


def decayed(trace: Trace, trials: Trials) -> Finding | None:
    """A weight decay that keeps the weights from learning."""
    first = trace.optimizers[0] if trace.optimizers else {}
    decay, lr = float(first.get("weight_decay") or 0.0), step_size(trace)
    if decay <= 0 or lr is None or not outweighs(trace, decay, lr, first["class"]):
        return None
    trial = trials.run(Change(no_decay=True))
    if not trials.helps(trial):
        return None
    found = [
        f"weight_decay={decay:g} at step size {lr:.3g}: it takes {100 * min(1.0, lr * decay):.2g} % of each weight in a step",
        losses_shown(trace),
    ]
    change = "a weight decay of 1e-4 (SGD, Adam) to 1e-2 (AdamW), or none"
    title = "the weight decay pulls the weights to zero faster than they learn"
    line = trace.made_line or trace.step_line
    numbers = {"weight_decay": decay, "lr": lr}
    return Finding("weight decay", title, found, change, line, trials.check("weight_decay=0", trial), numbers)


def outweighs(trace: Trace, decay: float, lr: float, kind: str) -> bool:
    """Whether what is taken from weights is a good part of what moves them."""
    if "AdamW" in kind:
        return lr * decay > max(TAKEN, OUTWEIGHS * update_size(trace))
    weights = [leaf for leaf in trace.leaves.values() if leaf.held and leaf.grads and len(leaf.shape) > 1]
    return any(decay * leaf.rms * leaf.count**0.5 > OUTWEIGHS * min(leaf.grads) for leaf in weights)


def evaluated(trace: Trace, trials: Trials) -> Finding | None:
    """Batch normalisation that is trained in evaluation mode, with running statistics of something else."""
    odd = [
        (path, line, n, variance, shift)
        for path, (line, n, variance, shift) in trace.evaluated.items()
        if not USUAL_VARIANCE[0] < variance < USUAL_VARIANCE[1] or shift > USUAL_SHIFT
    ]
    if not odd:
        return None
    trial = trials.run(Change(train=True))
    if not trials.helps(trial):
        return None
    path, line, n, variance, shift = max(odd, key=lambda o: max(o[3], 1 / max(o[3], 1e-30), o[4]))
    found = [
        f"{path} normalises with running statistics of {n} batches: the batch has {variance:.3g} times their variance, "
        f"and its mean lies {shift:.3g} standard deviations off",
        f"{len(odd)} of {len(trace.evaluated)} layers in evaluation mode whose parameters are trained",
    ]
    change = "model.train() before training, and again after each evaluation that calls model.eval()"
    title = "batch normalisation is in evaluation mode while the model is trained"
    check = trials.check("these layers in training mode", trial)
    return Finding("evaluation mode", title, found, change, line, check, {"variance": variance, "shift": shift})
