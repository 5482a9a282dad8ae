"""Recurrent networks without gates: what their weights make of the first inputs by the end of a sequence.

A step multiplies what is remembered by the weights of the hidden state and by slopes of at most 1: T steps by about the T-th power of
their spectral radius. [Pascanu et al., On the difficulty of training recurrent neural networks, 2013]
"""

from __future__ import annotations

import numpy as np

from .changes import Change
from .rates import stalled
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
    if not odd or not stalled(trace):
        return None
    helped = trials.at_a_step_it_bears(
        Change(orthogonal=tuple((name, weights.columns) for name, weights in odd.items()))
    )
    if helped is None:
        return None
    name, (length, radius, columns) = max(odd.items(), key=lambda item: abs(np.log(item[1].radius)) * item[1].length)
    line = next((layer.line for layer in trace.layers if layer.leaf == name), trace.model_line)
    if columns is not None:
        name = f"{name}[:, {columns[0]}:{columns[1]}]"
    left = radius**length
    becomes = "is left of the first" if left < 1 else "times the first is what comes of it"
    found = [
        f"{name}: spectral radius {radius:.3g}, sequences of {length} steps: {radius:.3g}^{length} = {left:.2g} {becomes}"
    ]
    check = trials.check(f"{name} orthogonal (spectral radius 1)", helped[0])
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
