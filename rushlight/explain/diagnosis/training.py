"""Faults of training: signals of the wrong size, steps too long, losses summed. Each needs a sign, and a trial that confirms it.

A sign is a measured number outside what theory gives (initialisation, the bound on the step size, normalised inputs). It makes a
change worth trying on a copy of the training's start; only a change that clearly helps becomes a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .changes import Change
from .modes import decayed, evaluated
from .noise import single_batches, too_noisy
from .outputs import bounded, no_log_softmax, wrong_dim
from .rates import shrunk, step_size, too_long, too_short, update_size
from .recurrence import memory
from .report import Finding
from .structure import named
from .trace import Layer, Leaf, Trace, within
from .trials import Trials, finite

#: A weight's rms over that of its module's own initialisation. Xavier's and Kaiming's lie between 0.5 and 2.5.
USUAL = (1 / 8, 4.5)
#: The same for what a layer gives over what it is given, where there is no initialisation to compare with.
USUAL_GAIN = (0.05, 8.0)
#: So many times outside of what is usual it suffices that a loss starts far lower with usual weights or inputs, and ends about where it did
#: by the height that it fell from: wide random weights learn few samples by heart as fast as any, once they have undone such a start.
FAR, LOWER, ABOUT = 10.0, 0.5, 0.1
#: Gradient at the first layer's output over that at the last's.
USUAL_FLOW = (1e-3, 1e3)
#: The rms of all inputs, the spread of the features' rms, an offset in standard deviations.
USUAL_INPUTS = (0.02, 8.0)
USUAL_SPREAD, USUAL_OFFSET = 30.0, 6.0
#: A single gradient over the median of all; the part of a relu's units that give nothing for a whole batch.
SPIKE, DEAD = 20.0, 0.6


def broadcast(trace: Trace, trials: Trials) -> Finding | None:
    """A target of shape (N,) beside a prediction of shape (N, 1): all pairs are compared."""
    found = [m for m in trace.misfits if len(m[1]) != len(m[2])]
    across = [m for m in trace.misfits if len(m[1]) == len(m[2]) == 2]  # (N, 1) beside (1, N): some losses mean that
    if not found + across:
        return None
    op, prediction, target, line = (found + across)[0]
    trial = trials.run(Change(align=True))
    if not found and not trials.helps(trial):
        return None
    if not trial.losses or (trial.ends()[1].mean > trace.ends()[1].mean * 1.02 and not trace.says_nothing):
        return None
    n = int(np.prod(prediction))
    pairs = list(np.broadcast_shapes(prediction, target))
    text = (
        f"{op} of a prediction {list(prediction)} and a target {list(target)} gives {pairs}: all pairs of {n} samples"
    )
    change = "give the target the prediction's shape: target.view_as(prediction), or prediction.squeeze(-1)"
    numbers = {"prediction": prediction, "target": target}
    check = trials.check("targets in the shape of predictions", trial)
    return Finding(
        "wrong reduction", "the loss compares each prediction with every target", [text], change, line, check, numbers
    )


def inputs(trace: Trace, trials: Trials) -> Finding | None:
    """Features far from mean 0 and standard deviation 1."""
    if trace.features is None or trace.features[2] < 4:
        return None
    mean, std, n = trace.features
    varied = std > 1e-6 * (np.abs(mean) + 1e-30)
    sizes = np.sqrt(mean * mean + std * std)
    overall = float(np.sqrt(np.mean(sizes**2)))
    if not varied.any() or not is_off(overall, sizes[varied], np.abs(mean[varied]) / std[varied]):
        return None
    trial = trials.run(Change(inputs=(mean, np.where(varied, std, 1.0))))
    far = not USUAL_INPUTS[0] / FAR < overall < USUAL_INPUTS[1] * FAR
    helps = trials.helps(trial)
    if not helps and not (far and starts_lower(trace, trial)):
        return None
    worst = int(np.argmax(np.abs(np.log(np.maximum(sizes, 1e-30)))))
    found = [
        f"rms of the inputs {overall:.4g} over {n} rows; {len(mean)} features, rms from {sizes.min():.3g} to {sizes.max():.3g}",
        f"feature {worst}: mean {mean[worst]:.4g}, standard deviation {std[worst]:.4g}",
        *([] if helps else [first_losses(trace, trial, "normalised")]),
    ]
    change = "normalise: (x - mean) / std with mean and std of the training set, by feature (images: by channel)"
    check = trials.check("inputs with mean 0 and standard deviation 1", trial)
    numbers = {"rms": overall, "mean": mean.tolist(), "std": std.tolist()}
    return Finding(
        "inputs not normalised",
        "the inputs' scale makes the loss steep in some directions and flat in others",
        found,
        change,
        trace.model_line,
        check,
        numbers,
    )


def is_off(overall: float, sizes: Any, offsets: Any) -> bool:
    """Whether inputs are unusual: in their rms, in that of a feature beside the others', or in how far from 0 most features lie."""
    spread = float(sizes.max() / max(np.median(sizes), 1e-30))
    usual = USUAL_INPUTS[0] < overall < USUAL_INPUTS[1]
    return not usual or spread > USUAL_SPREAD or float(np.median(offsets)) > USUAL_OFFSET


# --- initialisation and flow --------------------------------------------------------------------------------------------------
def unusual(trace: Trace) -> list[tuple[Leaf, float, float]]:
    """Weights whose scale is not what an initialisation gives: the leaf, its scale over the usual, the usual deviation."""
    found = []
    layers = {layer.leaf: layer for layer in trace.layers if layer.into > 0}
    for leaf in trace.leaves.values():
        if len(leaf.shape) < 2 or leaf.kind.startswith("Embedding") or not leaf.reached:
            continue
        if leaf.usual:
            ratio, usual = leaf.rms / leaf.usual, leaf.usual
            odd = not USUAL[0] < ratio < USUAL[1] or leaf.all_equal
        elif leaf.name in layers:
            layer = layers[leaf.name]
            usual = 1 / np.sqrt(layer.fan_in)
            ratio = leaf.rms / usual
            odd = not USUAL_GAIN[0] < layer.out / layer.into < USUAL_GAIN[1] or leaf.all_equal
        else:
            continue
        if odd:
            found.append((leaf, float(ratio), float(usual)))
    return found


def initialisation(trace: Trace, trials: Trials) -> Finding | None:
    """Weights too large, too small, or all equal."""
    odd = unusual(trace)
    if not odd:
        return None
    leaf, ratio, usual = max(odd, key=lambda o: (o[0].all_equal, abs(np.log(max(o[1], 1e-9)))))
    anew = Change(weights={leaf.name: usual for leaf, _, usual in odd})
    helped = trials.at_a_step_it_bears(anew)
    start = []
    if helped is None and leaf.twins:
        helped = trials.run(anew), 1.0
    if helped is None and ratio > FAR and starts_lower(trace, trials.run(anew)):
        helped = trials.run(anew), 1.0
        start.append(first_losses(trace, helped[0], "with the usual ones"))
    if helped is None:
        return None
    trial, rate = helped
    what = (
        "all equal, so that all units learn the same"
        if leaf.all_equal
        else f"{ratio:.3g} times as large as its initialisation gives"
    )
    found = [
        f"{leaf.name} {list(leaf.shape)}: mean {leaf.mean:.3g}, standard deviation {leaf.std:.4g}; usual 0, {usual:.4g}: {what}",
        *flow(trace),
    ]
    if leaf.twins:
        found.append(
            f"after {trace.steps} steps its {leaf.shape[0]} units are still the same: they are one unit, {leaf.shape[0]} times"
        )
    found += saturation(trace) + start
    change = (
        "leave it to its module (reset_parameters), or nn.init.kaiming_normal_ before relu, xavier_uniform_ before tanh"
    )
    change += shorter(trace, rate)
    check = trials.check(
        f"{named([o[0] for o in odd])} drawn anew with the usual deviation{shorter(trace, rate)}", trial
    )
    numbers = {"parameters": [o[0].name for o in odd], "ratio": ratio, "std": leaf.std, "usual": usual}
    title = "weights start all equal" if leaf.all_equal else "weights start at the wrong scale"
    return Finding("initialisation", title, found, change, line_of(trace, leaf), check, numbers)


def starts_lower(trace: Trace, trial: Trace) -> bool:
    """Whether the first quarter of a trial's losses lies far below, and the last about as low."""
    (first, last), (other_first, other_last) = trace.ends(), trial.ends()
    return other_first.mean < LOWER * first.mean and other_last.mean - last.mean < ABOUT * first.mean


def first_losses(trace: Trace, trial: Trace, otherwise: str) -> str:
    """The sentence about a start that is lost to what a change would have spared."""
    return f"the first {len(trace.curve()) // 4} losses: {trace.ends()[0]}; {otherwise} {trial.ends()[0]}"


def shorter(trace: Trace, rate: float) -> str:
    """What to add to a change that needs this part of the step size."""
    if rate == 1:
        return ""
    lr = step_size(trace)
    return f", and {rate:g} times the step" if lr is None else f", and a step size of {lr * rate:.3g}"


def flow(trace: Trace) -> list[str]:
    """The size of the signal and of the gradient, layer by layer."""
    layers = trace.layers
    if not layers:
        return []
    shown = layers if len(layers) <= 8 else [*layers[:4], *layers[-4:]]
    forward = " -> ".join(f"{x:.3g}" for x in [shown[0].into, *[layer.out for layer in shown]])
    back = " <- ".join(f"{layer.back:.3g}" for layer in shown)
    return [f"rms forward, layer by layer: {forward}", f"norm of the gradient there: {back}"]


def saturation(trace: Trace) -> list[str]:
    """Activations most of whose elements lie at an end of their range."""
    return [
        f"{u.op}{within(u.module)}: {100 * u.saturated[0]:.0f} % of elements at an end of its range"
        for u in trace.units.values()
        if u.saturated and u.saturated[0] > 0.5
    ][:2]


def line_of(trace: Trace, leaf: Leaf) -> Any:
    """Where a parameter is used."""
    return next((layer.line for layer in trace.layers if layer.leaf == leaf.name), trace.model_line)


def gradient_flow(trace: Trace, trials: Trials) -> Finding | None:
    """The gradient shrinks or grows from layer to layer."""
    layers = [layer for layer in trace.layers if layer.back > 0]
    if len(layers) < 3:
        return None
    ratio = layers[0].back / layers[-1].back
    if USUAL_FLOW[0] < ratio < USUAL_FLOW[1]:
        return None
    tried = ((what, trials.at_a_step_it_bears(change)) for what, change in remedies(trace, layers))
    what, helped = next(((what, helped) for what, helped in tried if helped is not None), ("", None))
    if helped is None:
        return None
    trial, rate = helped
    vanishes = ratio < 1
    each = ratio ** (1 / (len(layers) - 1))
    found = [
        f"gradient at the first of {len(layers)} layers {layers[0].back:.3g}, at the last {layers[-1].back:.3g}: {each:.2g} a layer",
        *flow(trace),
    ]
    found += saturation(trace)
    step = shorter(trace, rate)
    advice = f"{what}{step}; normalisation layers, residual connections and a suitable initialisation all help"
    check = trials.check(f"{what}{step}", trial)
    kind = "vanishing gradient" if vanishes else "exploding gradient"
    title = f"the gradient {'vanishes' if vanishes else 'explodes'} on its way to the first layers"
    return Finding(kind, title, found, advice, layers[0].line, check, {"ratio": ratio, "layers": len(layers)})


def remedies(trace: Trace, layers: list[Layer]) -> list[tuple[str, Change]]:
    """What is tried against gradients that vanish or explode, the least change first."""
    weights = Change(weights=kaiming(trace, layers[:-1]))
    found = [("weights with Kaiming's deviation sqrt(2 / fan_in)", weights)]
    ends = [u for u in trace.units.values() if u.saturated and u.after < len(trace.layers)]
    if ends:
        where = tuple((u.line, u.module) for u in ends)
        found.append((f"relu in place of {ends[0].op}, and {found[0][0]}", weights._replace(rectify=where)))
    inner = tuple(layer.leaf for layer in layers[:-1] if trace.leaves[layer.leaf].kind)
    if inner:
        found.append(("a BatchNorm (in sequences LayerNorm) after each layer but the last", Change(normalise=inner)))
    return found


def kaiming(trace: Trace, layers: list[Layer]) -> dict[str, float]:
    """Kaiming's deviations for the weights of layers, zero for their biases."""
    found = {}
    for layer in layers:
        found[layer.leaf] = float(np.sqrt(2 / layer.fan_in))
        bias = bias_of(trace, layer)
        if bias is not None:
            found[bias.name] = 0.0
    return found


def bias_of(trace: Trace, layer: Layer) -> Leaf | None:
    """The bias beside a layer's weight, ``net.0.bias``."""
    return trace.leaves.get(layer.leaf.removesuffix("weight") + "bias")


def spikes(trace: Trace, trials: Trials) -> Finding | None:
    """Single gradients many times as large as the others."""
    norms = np.array([g for g in trace.gradients if np.isfinite(g)])
    if len(norms) < 5 or not np.median(norms) > 0:
        return None
    ratio = float(norms.max() / np.median(norms))
    if ratio < SPIKE or norms[0] == norms.max():
        return None
    limit = float(np.median(norms))
    trial = trials.run(Change(clip=limit))
    if not trials.helps(trial):
        return None
    found = [f"norm of the gradient: median {limit:.3g}, largest {norms.max():.3g} ({ratio:.0f} times)"]
    change = f"torch.nn.utils.clip_grad_norm_(parameters, {limit:.2g}) between backward() and step()"
    check = trials.check(f"gradients clipped to norm {limit:.2g}", trial)
    return Finding(
        "exploding gradient",
        "single gradients are far larger than the others and throw the parameters away",
        found,
        change,
        trace.step_line,
        check,
        {"ratio": ratio, "clip": limit},
    )


def dead(trace: Trace, trials: Trials) -> Finding | None:
    """Relus that give nothing for any sample, from the start."""
    worst = max((u for u in trace.units.values() if u.dead), key=lambda u: u.dead[0], default=None)
    if worst is None or worst.dead[0] < DEAD or not 0 < worst.after <= len(trace.layers):
        return None
    layer = trace.layers[worst.after - 1]
    before = {
        u.after for u in trace.units.values() if u.dead and u.dead[0] >= DEAD and 0 < u.after <= len(trace.layers)
    }
    layers = [trace.layers[after - 1] for after in sorted(before)]
    trial = trials.run(Change(weights=kaiming(trace, layers)))
    if not trials.helps(trial):
        return None
    found = [
        f"{100 * worst.dead[0]:.0f} % of the units{f' of {worst.module}' if worst.module else ''} are zero for all samples of a batch"
    ]
    bias = bias_of(trace, layer)
    if bias is not None:
        found.append(f"{bias.name}: mean {bias.mean:.3g} beside outputs of rms {layer.out:.3g}")
    change = (
        "biases at zero and weights with Kaiming's deviation; a smaller step size if they die later; leaky_relu or gelu"
    )
    check = trials.check(f"{named([trace.leaves[x.leaf] for x in layers])} drawn anew, biases zero", trial)
    return Finding(
        "dead units",
        "most units of a relu give nothing, and get no gradient",
        found,
        change,
        worst.line,
        check,
        {"dead": worst.dead[0], "parameter": layer.leaf},
    )


def reduction(trace: Trace, trials: Trials) -> Finding | None:
    """A loss that is a sum over samples, with a step size made for a mean."""
    n = trace.summed
    if n < 4 or not trace.is_bounded:  # others are blind to the gradient's scale
        return None
    trial = trials.run(Change(root=1 / n))
    if not trials.helps(trial):
        return None
    found = [
        f"the loss is a sum over samples (or steps), {n} times their mean; so is its gradient, which grows with their number"
    ]
    if trace.gradients:
        found.append(f"norm of the first gradient {trace.gradients[0]:.4g}, of the mean's {trace.gradients[0] / n:.4g}")
    change = 'average: reduction="mean", .mean(), or divide by their number'
    check = trials.check(f"the gradient divided by {n}", trial)
    line = trace.losses[0].line if trace.losses else None
    return Finding(
        "wrong reduction",
        "the loss is summed over samples where the step size is made for a mean",
        found,
        change,
        line,
        check,
        {"summed": n},
    )


def unexplained(trace: Trace, trials: Trials) -> Finding | None:
    """A loss that is no number, whatever the step size: which operation made it."""
    if not trace.losses or finite(trace.ends()[1]):
        return None
    trial = trials.run(Change(only_nan=True))
    if trial.error is None or trial.error[0] != "NonFinite":
        return None
    rows = trial.error[1].splitlines()
    return Finding(
        "not a number",
        rows[0],
        [row.strip() for row in rows[1:] if row.strip()],
        "keep its input inside its domain (clamp, eps), or see rushlight.detect_nan",
        trial.error[2],
    )


#: A step that changes so much of the weights, and a loss so many times as high as at first: one that nobody meant.
REWRITTEN, RUN_AWAY = 0.1, 100.0
#: The part of what the best change gains that a deeper one must gain to stand before it.
MOST_OF = 2 / 3

#: In the order in which a cause is named when several changes help: what comes first is behind what comes later.
CAUSES: list[Callable[[Trace, Trials], Finding | None]] = [
    broadcast, bounded, no_log_softmax, wrong_dim, evaluated, inputs, initialisation, reduction, dead, memory, gradient_flow, decayed,
    single_batches, too_long, spikes, shrunk, too_noisy, too_short,
]  # fmt: skip
#: What stands alone: not looked for where something else was found, and nothing is looked for after it.
ALONE = (spikes, shrunk, single_batches, too_noisy, too_short)


def thrown(trace: Trace) -> bool:
    """Whether a loss whose height says little has run away all the same: by far, at steps that leave little of the weights."""
    curve = np.abs(trace.curve())
    highest = max(float(np.median(part)) for part in np.array_split(curve, 4) if len(part))
    return update_size(trace) > REWRITTEN and highest > RUN_AWAY * float(curve[0])


def for_its_gradient(trace: Trace, trials: Trials) -> list[Finding]:
    """The causes that can be told without the height of the loss."""
    facts = (broadcast(trace, trials), no_log_softmax(trace, trials), wrong_dim(trace, trials))
    found = [finding for finding in facts if finding is not None]
    if not found and thrown(trace):
        found += filter(None, [too_long(trace, trials)])
    return found


def all_of(trace: Trace, trials: Trials) -> list[Finding]:
    """The confirmed causes, the deepest first; one that helps far less than another comes after it."""
    if not trace.losses or not trace.steps:
        return []
    if trace.says_nothing and finite(trace.ends()[1]):
        return for_its_gradient(trace, trials)
    found: list[Finding] = []
    seen: list[Any] = []  # the causes that found something
    for cause in CAUSES:
        if found and (cause in ALONE or (cause is gradient_flow and memory in seen)):
            continue
        finding = cause(trace, trials)
        if finding is not None:
            found.append(finding)
            seen.append(cause)
            if cause in ALONE:
                break
    if not found:
        finding = unexplained(trace, trials)
        return [finding] if finding is not None else []
    first, last = trace.ends()
    start = next((float(x) for x in (last.mean, first.mean, *trace.curve()[:1]) if np.isfinite(x)), float("inf"))
    best = min(level_after(f) for f in found)
    enough = start - MOST_OF * (start - best) if np.isfinite(start) else 3 * best
    near = [f for f in found if level_after(f) <= max(3 * best, enough, best + 1e-12)]
    return near + [f for f in found if f not in near]


def level_after(finding: Finding) -> float:
    check: Any = finding.check
    value = float(check.after[1].mean)
    return value if np.isfinite(value) else float("inf")
