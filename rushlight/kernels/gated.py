"""GRU and plain recurrent layers over whole sequences as machine code, where it gives the bits of their steps as PyTorch does them.

That is for units by eights and for batches whose products its BLAS does with the ordinary kernel. float32 only.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .iteration import get_threads
from .llvm import has, patience
from .memory import empty
from .recurrent import bias_by_unit, columns, rows

Array = np.ndarray[Any, Any]

_F = np.dtype(np.float32)
_LARGE = 1 << 16
GATES = {"gru": 3, "tanh": 1, "relu": 1}


@functools.cache
def _kernel(name: str, mode: str) -> Any:
    from .code import gated
    from .kernel import compiled

    return compiled(getattr(gated, name), GRU=mode == "gru", V=GATES[mode], RELU=mode == "relu") if has("fma") else None


def _found(name: str, mode: str, steps: int, batch: int, size: int, *arrays: Array | None) -> Any:
    if size % 8 or size < 16 or batch < 4 or (batch % 4 and batch < 12) or not steps:
        return None
    if any(a is not None and a.dtype != _F for a in arrays):
        return None
    work = steps * batch * size * size * GATES[mode] // 16
    return _kernel(name, mode) if patience.over_or_large(work + steps * 4096, 12 * steps, _LARGE) else None


def forward(
    mode: str, gates: Array, hidden: Array, weights: Array, bias: Array | None, reverse: bool
) -> tuple[Array, Array] | None:
    """(hidden states, a GRU's gates) of all steps, from ``W_ih x + b_ih`` (time, batch, gates); None if NumPy is to do it."""
    steps, batch, _ = gates.shape
    size = weights.shape[1]
    kernel = _found("forward", mode, steps, batch, size, gates, hidden, weights)
    if kernel is None:
        return None
    count = GATES[mode]
    x, x_step, x_row = rows(gates)
    out, kept = empty((steps, batch, size), _F), empty((steps, batch, 4 * size if count == 3 else 0), _F)
    panels = np.ascontiguousarray(weights.reshape(count, size // 8, 8, size).transpose(1, 3, 0, 2))
    ran = kernel(
        batch, _share(batch), out, kept, x, np.ascontiguousarray(hidden), panels, bias_by_unit(bias, size, count, 8), x_step, x_row,
        steps, batch, size, int(reverse),
    )  # fmt: skip
    return (out, kept) if ran else None


def backward(
    mode: str,
    g: tuple[Array | None, Array | None],
    hidden: Array,
    weights: Array,
    out: Array,
    kept: Array,
    reverse: bool,
) -> tuple[Array, Array, Array] | None:
    """The gradients of the gates' sums, those of their hidden parts, that of the first state. ``g``: of the outputs and the last state."""
    steps, batch, size = out.shape
    kernel = _found("backward", mode, steps, batch, size, hidden, weights, out, *g)
    if kernel is None:
        return None
    inner = GATES[mode] * size
    slope, step, row = rows(g[0]) if g[0] is not None else (np.zeros(size, _F), 0, 0)
    direct = np.zeros((batch, size), _F) if g[1] is None else g[1].copy(order="C")
    through = np.zeros((batch, size), _F)
    of_hidden = empty((steps, batch, inner), _F)
    of_input = empty((steps, batch, inner), _F) if mode == "gru" else of_hidden
    ran = kernel(
        batch, _share(batch), of_input, of_hidden, direct, through, slope, kept, out, np.ascontiguousarray(hidden), columns(weights, 16),
        step, row, steps, batch, size, int(reverse),
    )  # fmt: skip
    return (of_input, of_hidden, direct + through) if ran else None


def _share(batch: int) -> int:
    return -(-batch // get_threads())
