"""Faults of structure: what is not connected, not held, not cleared. They need no threshold: each is so or not."""

from __future__ import annotations

import math
from typing import Any

from ..places import Line
from .changes import Change
from .report import Finding
from .trace import Cut, Leaf, Trace, within
from .trials import Trials

NO_GRAD = ("does not require grad and does not have a grad_fn", "element 0 of tensors does not require grad")


def named(leaves: list[Leaf], most: int = 4) -> str:
    """The names of parameters, of many the first."""
    shown = ", ".join(leaf.name for leaf in leaves[:most])
    return shown + (f" and {len(leaves) - most} more" if len(leaves) > most else "")


def size_of(leaves: list[Leaf]) -> int:
    """How many numbers parameters hold."""
    return sum(leaf.count for leaf in leaves)


def numbers_of(leaves: list[Leaf]) -> dict[str, Any]:
    """A finding's ``numbers`` about parameters."""
    return {"parameters": [leaf.name for leaf in leaves], "size": size_of(leaves)}


def without_gradient(trace: Trace, leaves: list[Leaf]) -> str:
    """The sentence about parameters that no backward has reached."""
    some = f"{len(leaves)} of {len(trace.leaves)} parameters ({size_of(leaves)} numbers)"
    return f"{some} got no gradient in {trace.backwards} backwards: {named(leaves)}"


def detached(trace: Trace, trials: Trials) -> Finding | None:
    """The loss has no path to the parameters."""
    failed = trace.error is not None and any(text in trace.error[1] for text in NO_GRAD)
    alone = trace.backwards > 0 and trace.unreached == trace.followed
    nobody = (
        trace.backwards > 0 and trace.leaves and not alone and not any(leaf.reached for leaf in trace.leaves.values())
    )
    if not (failed or alone or nobody):
        return None
    error = trace.error if failed else None
    line = error[2] if error else trace.losses[-1].line if trace.losses else None
    cut = blamed(trace)
    found = [
        f"0 of {len(trace.leaves)} parameters are reached by backward"
        if trace.leaves
        else "the loss requires no gradient"
    ]
    if error:
        found.insert(0, f"{error[0]}: {error[1].partition(chr(10))[0]}")
    if cut is not None:
        found.append(str(cut))
        change = without(cut)
    elif trace.unrecorded:
        change = "call the model outside of torch.no_grad() while training"
    else:
        change = "compute the loss from the model's outputs with operations that have a derivative, and parameters that require grad"
    finding = Finding(
        "detached loss", "the loss is not connected to the parameters", found, change, cut.line if cut else line
    )
    finding.numbers = {"reached": 0, "parameters": len(trace.leaves)}
    if cut is not None and cut.how in ("detach()", ".data"):
        trial = trials.run(Change(connect=True))
        if trial.losses:
            reached = sum(leaf.changes > 0 for leaf in trial.leaves.values())
            finding.check = trials.check(
                f"{cut.how} hands on the tensor itself ({reached} parameters then change)", trial
            )
    return finding


#: What to compute where there is no derivative.
SMOOTH = "softmax or gumbel_softmax for argmax, a sigmoid for rounding or a comparison, or a straight-through estimator"
#: What hands on values without their history, by what to do otherwise.
OTHERWISE = {
    "item()": "use it only for what is printed or kept",
    "tolist()": "use it only for what is printed or kept",
    "numpy()": "compute with operations of torch in the place of other libraries'",
    "detach()": "use it only for what is printed or kept, and operations of torch in the place of other libraries'",
}


def without(cut: Cut) -> str:
    """What to write in place of what cuts the graph."""
    if cut.how in OTHERWISE or cut.how in (".data", "detach_()"):
        return f"leave {cut.how} out of what leads to the loss; {OTHERWISE.get(cut.how, OTHERWISE['item()'])}"
    if cut.how == "torch.no_grad()":
        return "compute what leads to the loss outside of torch.no_grad()"
    return f"{cut.how} has no derivative: something smooth in its place ({SMOOTH})"


def blamed(trace: Trace) -> Cut | None:
    """Which of the cuts is to blame: the first; of methods that read a number, which programs print, only if there is no other."""
    cuts = [cut for cut in trace.cuts if cut.how not in ("item()", "tolist()")] or trace.cuts
    return cuts[0] if cuts else None


def no_steps(trace: Trace) -> Finding | None:
    """Gradients are computed, and nothing changes."""
    held = [leaf for leaf in trace.leaves.values() if leaf.held]
    reached = [leaf for leaf in trace.leaves.values() if leaf.reached]
    if trace.backwards < 3 or not reached:
        return None
    if trace.steps and (max(trace.scheduled, default=1.0) > 0 or any(leaf.moved for leaf in reached)):
        return None
    numbers = {"backwards": trace.backwards, "steps": 0}
    found = [f"{trace.backwards} backwards and no change of any of {len(trace.leaves)} parameters"]
    if trace.optimizers:
        if held and not any(leaf.reached for leaf in held):
            return None  # the optimizer holds others
        title, line = "the optimizer's steps change nothing", trace.step_line
        found.append(f"lr={trace.optimizers[0].get('lr')}")
        change = "give the optimizer a positive lr"
        if trace.schedule_line is not None:
            line = trace.schedule_line
            change = "a schedule that does not set it to 0: what LambdaLR's function returns is multiplied with the optimizer's lr"
    else:
        title, line = "gradients are computed and never used", trace.losses[-1].line
        change = "call optimizer.step() after loss.backward()"
    return Finding("no step", title, found, change, line, None, numbers)


def joining(trace: Trace, lost: list[Leaf]) -> str:
    """The line that hands these parameters to the optimizer; empty if it cannot be written with names."""
    holder = next((leaf.holder for leaf in trace.leaves.values() if leaf.holder), "")
    models = {leaf.model for leaf in lost}
    whole = all(leaf in lost for leaf in trace.leaves.values() if leaf.model in models)
    if not holder or "" in models and not all(leaf.name.isidentifier() for leaf in lost if not leaf.model):
        return ""
    if not whole or not all(model.isidentifier() for model in models - {""}):
        return ""
    params = [f"*{model}.parameters()" for model in sorted(models - {""})] + [
        leaf.name for leaf in lost if not leaf.model
    ]
    return f'{holder}.add_param_group({{"params": [{", ".join(params)}]}})'


def not_held(trace: Trace, trials: Trials) -> Finding | None:
    """Parameters that get gradients and that nobody changes, while others are trained."""
    if not trace.optimizers or trace.backwards < 2:
        return None
    lost = [leaf for leaf in trace.leaves.values() if leaf.reached and not leaf.held and not leaf.changes]
    if not lost:
        return None
    idle = [leaf for leaf in trace.leaves.values() if leaf.held and not leaf.reached]
    found = [f"{len(lost)} parameters ({size_of(lost)} numbers) get gradients and are in no optimizer: {named(lost)}"]
    if idle:
        found.append(
            f"the optimizer holds {len(idle)} that get none: {named(idle)}; were they replaced after it was made?"
        )
    change = "make the optimizer after the model is complete, with all of model.parameters(); or freeze them with requires_grad_(False)"
    finding = Finding(
        "not in the optimizer", "the optimizer does not hold all parameters that get gradients", found, change
    )
    finding.line = trace.made_line or trace.step_line
    finding.numbers = numbers_of(lost)
    finding.write = joining(trace, lost)
    finding.check = trials.check(
        "all of them in the optimizer", trials.run(Change(hold=tuple(leaf.name for leaf in lost)))
    )
    return finding


def unused(trace: Trace, trials: Trials) -> Finding | None:
    """Parameters of a model that the loss never depends on, while others are trained."""
    idle = idle_leaves(trace)
    if not idle:
        return None
    modules = sorted({f"{leaf.module} {leaf.kind}" for leaf in idle})
    found = [without_gradient(trace, idle), f"modules: {', '.join(modules[:4])}"]
    title = "part of the model has no influence on the loss"
    change = "use them in forward, or take them out of the model"
    finding = Finding("unused parameters", title, found, change)
    finding.line = trace.model_line
    finding.numbers = numbers_of(idle)
    changed, n = matters(trace, trials, idle)
    if changed:
        return None  # cut off on purpose, as the teacher of a student is
    finding.check = f"tried on a copy: other numbers in them change none of the first {n} losses"
    return finding


def idle_leaves(trace: Trace) -> list[Leaf]:
    """Parameters of models in use that no backward has reached and nothing has changed."""
    if trace.backwards < 2:
        return []
    trained = {leaf.model for leaf in trace.leaves.values() if leaf.reached and leaf.kind}
    return [
        leaf
        for leaf in trace.leaves.values()
        if leaf.kind and not leaf.reached and not leaf.changes and leaf.model in trained
    ]


def waiting_leaves(trace: Trace) -> list[Leaf]:
    """Parameters that an optimizer was to change, and to which nothing has come, of models none of whose parameters are trained."""
    return [
        leaf for leaf in trace.leaves.values() if leaf.handed and leaf.kind and not leaf.reached and not leaf.changes
    ]


#: Losses that are compared, before differences in rounding have grown, and by what part a loss differs that is another one.
COMPARED, OTHER = 5, 1e-3


def matters(trace: Trace, trials: Trials, leaves: list[Leaf]) -> tuple[int, int]:
    """Other numbers in these parameters: how many of the first losses change, of how many."""
    trial = trials.run(Change(fill=tuple(leaf.name for leaf in leaves)))
    pairs = list(zip(trace.losses, trial.losses, strict=False))[:COMPARED]
    return sum(not math.isclose(a.value, b.value, rel_tol=OTHER) for a, b in pairs), len(pairs)


def partly_detached(trace: Trace, trials: Trials) -> Finding | None:
    """Parameters that an optimizer holds and the loss depends on, to which no gradient comes: something cuts the graph behind them."""
    held = [leaf for leaf in idle_leaves(trace) if leaf.held]
    cut = next((trace.unrecorded_at[leaf.name] for leaf in held if leaf.name in trace.unrecorded_at), None) or blamed(
        trace
    )
    if not held and any(leaf.reached for leaf in trace.leaves.values()):
        held = waiting_leaves(trace)
        alone = (leaf for leaf in held if leaf.model in trace.unrecorded)
        cut = next((Cut("torch.no_grad()", trace.unrecorded[leaf.model], leaf.model) for leaf in alone), cut)
    if not held or cut is None:
        return None
    changed, n = matters(trace, trials, held)
    if not changed:
        return None
    found = [without_gradient(trace, held), str(cut)]
    change = without(cut)
    finding = Finding("detached loss", "a part of the model is cut off from the loss", found, change, cut.line)
    finding.numbers = numbers_of(held)
    finding.check = (
        f"tried on a copy: the loss depends on them: other numbers in them change {changed} of the first {n} losses"
    )
    return finding


def without_slope(trace: Trace) -> Finding | None:
    """Parameters whose gradient is exactly 0, behind a function whose derivative is 0 everywhere."""
    zero = [leaf for leaf in trace.leaves.values() if leaf.reached and len(leaf.grads) > 2 and not any(leaf.grads)]
    if not zero or not trace.flats:
        return None
    flat = trace.flats[0]
    found = [
        f"the gradient of {len(zero)} of {len(trace.leaves)} parameters ({size_of(zero)} numbers) is exactly 0: {named(zero)}",
        f"{flat.how} has the derivative 0 wherever it has one{within(flat.module)} ({flat.line})",
    ]
    change = f"{SMOOTH}, in the place of {flat.how}"
    title = "the loss does not feel the parameters: a function without slope stands between them"
    return Finding("detached loss", title, found, change, flat.line, None, numbers_of(zero))


def clearing(stale: list[Leaf], line: Line | None) -> str:
    """The backward's line with what clears these parameters' gradients before it; empty if they have no names."""
    holders = sorted({leaf.holder for leaf in stale})
    if all(holders):
        calls = [f"{name}.zero_grad()" for name in holders]
    elif not any(holders) and all(leaf.name.isidentifier() for leaf in stale):
        calls = [f"{' = '.join(f'{leaf.name}.grad' for leaf in stale)} = None"]
    else:
        return ""
    return "; ".join([*calls, *([line.text] if line is not None and "=" not in line.text else [])])


def not_cleared(trace: Trace, trials: Trials) -> Finding | None:
    """Gradients of one step are added to those of the next."""
    trained = [leaf for leaf in trace.leaves.values() if leaf.changes]
    stale = [leaf for leaf in trained if leaf.stale >= 2 and leaf.stale >= 0.5 * (leaf.changes - 1)]
    if not stale or len(stale) < 0.5 * len(trained):
        return None
    worst = max(stale, key=lambda leaf: leaf.stale)
    found = [
        f"{worst.stale} of {worst.changes} steps used gradients to which those of earlier steps had been added ({named(stale)})"
    ]
    if len(worst.grads) > 3 and worst.grads[0] > 0:
        found.append(
            f"norm of {worst.name}.grad over the first steps: {', '.join(f'{g:.3g}' for g in worst.grads[:6])}"
        )
    change = "call optimizer.zero_grad() before each loss.backward()"
    finding = Finding("missing zero_grad", "gradients pile up from step to step", found, change, trace.losses[0].line)
    finding.numbers = {"steps": worst.stale, "of": worst.changes}
    finding.write = clearing(stale, trace.losses[0].line)
    finding.tried = Change(zero=True)
    finding.check = trials.check("gradients cleared before each backward", trials.run(finding.tried))
    return finding


def all_of(trace: Trace, trials: Trials) -> list[Finding]:
    """The structural findings that may be behind others, the gravest first; ``unused`` comes last of all."""
    found = [detached(trace, trials), no_steps(trace)]
    if not any(found):
        found = [
            not_cleared(trace, trials),
            not_held(trace, trials),
            partly_detached(trace, trials),
            without_slope(trace),
        ]
    return [finding for finding in found if finding is not None]
