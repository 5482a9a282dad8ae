"""Recurrent networks without gates: what their weights make of the first inputs by the end of a sequence.

A step multiplies what is remembered by the weights of the hidden state and by slopes of at most 1: T steps by about the T-th power of
their spectral radius. [Pascanu et al., On the difficulty of training recurrent neural networks, 2013]
"""

from __future__ import annotations

import numpy as np

from .changes import Change
from .report import Finding
from .trace import Trace
from .trials import Trials

#: What is left of the first input at the end of a sequence.
USUAL_MEMORY = (1e-3, 1e3)


def memory(trace: Trace, trials: Trials) -> Finding | None:
    """Hidden weights that let the first inputs of a sequence fade or grow out of all proportion."""
    odd = {
        name: weights
        for name, weights in trace.recurrent.items()
        if not USUAL_MEMORY[0] < weights.radius**weights.length < USUAL_MEMORY[1]
    }
    if not odd or not trace.stalled:
        return None
    helped = trials.at_a_step_it_bears(Change(orthogonal=tuple((name, weights.part) for name, weights in odd.items())))
    if helped is None:
        return None
    name, (length, radius, part, measured) = max(odd.items(), key=lambda i: abs(np.log(i[1].radius)) * i[1].length)
    line = next((layer.line for layer in trace.layers if layer.leaf == name), trace.model_line)
    name += part.within(trace.leaves[name].shape)
    left = radius**length
    becomes = "is left of the first" if left < 1 else "times the first is what comes of it"
    what = "the gradient's change from step to step" if measured else "spectral radius"
    found = [f"{name}: {what} {radius:.3g}, sequences of {length} steps: {radius:.3g}^{length} = {left:.2g} {becomes}"]
    all_of_them = ", ".join(n + w.part.within(trace.leaves[n].shape) for n, w in odd.items())
    check = trials.check(f"{all_of_them} orthogonal{'' if measured else ' (spectral radius 1)'}", helped[0])
    change = "nn.init.orthogonal_ for the hidden weights, shorter sequences, or an LSTM or GRU, whose gates keep what they let in"
    kind, what = ("vanishing", "fades") if left < 1 else ("exploding", "grows")
    return Finding(
        f"{kind} gradient",
        f"what a recurrent network keeps of its first inputs {what} from step to step, and their gradient with it",
        found,
        change,
        line,
        check,
        {"radius": radius, "length": length},
    )
