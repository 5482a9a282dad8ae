"""A layer of an LSTM over whole sequences as machine code: forward, and back to the gates' sums, the inputs and the states.

The rows of a batch are shared out among the threads for all steps. float32 only; what lies in between is kept as PyTorch does not
(its oneDNN adds in an order of its own), so that results agree with NumPy's path and PyTorch's to a few units of the last place.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .iteration import get_threads
from .llvm import has, patience
from .memory import empty
from .registers import lanes

Array = np.ndarray[Any, Any]

_F = np.dtype(np.float32)
_LARGE = 1 << 16  # of the measure below: NumPy takes 0.3 ms


@functools.cache
def _kernel(name: str) -> Any:
    from .code import recurrent
    from .kernel import compiled

    return compiled(getattr(recurrent, name)) if has("fma") else None


def _wanted(steps: int, batch: int, features: int, size: int) -> bool:
    """Whether a walk is worth machine code: it is many calls of NumPy, and much work."""
    work = steps * batch * size * (features + size) // 4
    return patience.over_or_large(work + steps * 4096, 12 * steps, _LARGE)


def lstm(
    input: Array, hidden: Array, cell: Array, w_ih: Array, w_hh: Array, bias: Array | None, reverse: bool
) -> tuple[Array, Array, Array] | None:
    """(hidden states, gates, cells) of all steps of (time, batch, features); None if NumPy is to do it."""
    steps, batch, features = input.shape
    size = w_hh.shape[1]
    if not (input.size and size) or any(a.dtype != _F for a in (input, hidden, cell, w_ih, w_hh)):
        return None
    kernel = _kernel("lstm_forward") if _wanted(steps, batch, features, size) else None
    if kernel is None:
        return None
    x, x_step, x_row = rows(input)
    out, cells = empty((steps, batch, size), _F), empty((steps, batch, size), _F)
    gates = empty((steps, batch, 4 * size), _F)
    ran = kernel(
        batch, _share(batch), out, cells, gates, x, np.ascontiguousarray(hidden), np.ascontiguousarray(cell),
        _by_unit(w_ih, w_hh), bias_by_unit(bias, size, 4, lanes()), x_step, x_row, steps, batch, features, size, int(reverse),
    )  # fmt: skip
    return (out, gates, cells) if ran else None


def lstm_gradient(
    g: tuple[Array | None, Array | None, Array | None], features: int, cell: Array, w_ih: Array | None, w_hh: Array, gates: Array,
    cells: Array, reverse: bool,
) -> tuple[Array, Array | None, Array, Array, Array] | None:  # fmt: skip
    """The gradients of the gates' sums (time, batch, 4 * size), of the input if its weights are given, of the states, and of the bias.

    ``g`` are those of the outputs and of the last states. None if NumPy is to do it.
    """
    steps, batch, size = cells.shape
    if not cells.size or gates.dtype != _F or any(x is not None and x.dtype != _F for x in g):
        return None
    kernel = _kernel("lstm_backward") if _wanted(steps, batch, features, size) else None
    if kernel is None:
        return None
    d_out, step, row = rows(g[0]) if g[0] is not None else (np.zeros(size, _F), 0, 0)
    to_hidden, to_cell = (np.zeros((batch, size), _F) if x is None else x.copy(order="C") for x in g[1:])
    to_input = None if w_ih is None else empty((steps, batch, features), _F)
    panels = [columns(w, 2 * lanes()) for w in (w_hh, w_ih) if w is not None]
    slopes, to_bias = empty((steps, batch, 4 * size), _F), np.zeros((batch, 4 * size), _F)
    ran = kernel(
        batch, _share(batch), slopes, slopes if to_input is None else to_input, to_hidden, to_cell, to_bias, d_out, gates, cells,
        np.ascontiguousarray(cell), np.concatenate(panels), step, row, steps, batch, 0 if w_ih is None else features, size,
        int(reverse),
    )  # fmt: skip
    return (slopes, to_input, to_hidden, to_cell, to_bias.sum(0)) if ran else None


def _share(batch: int) -> int:
    """The sequences of a thread. Each is computed alike wherever it is, so that no digit depends on it."""
    return -(-batch // get_threads())


def rows(a: Array) -> tuple[Array, int, int]:
    """An array (time, batch, numbers) whose numbers are neighbours, and the distances of steps and of rows in elements."""
    if a.strides[2] != 4 and a.shape[2] > 1 or a.strides[0] % 4 or a.strides[1] % 4 or not a.flags.aligned:
        a = np.ascontiguousarray(a)
    return a, a.strides[0] // 4, a.strides[1] // 4


# --- weights as the kernels read them ---------------------------------------------------------------------------------
def _by_unit(w_ih: Array, w_hh: Array) -> Array:
    """(block of units, pair of gates, input then hidden, gate of the pair, unit), with zeros for units that are not there."""
    size, features, width = w_hh.shape[1], w_ih.shape[1], lanes()
    blocks = -(-size // width)
    both = np.empty((4, blocks * width, features + size), _F)
    both[:, :size, :features] = w_ih.reshape(4, size, features)
    both[:, :size, features:] = w_hh.reshape(4, size, size)
    both[:, size:] = 0
    return np.ascontiguousarray(both.reshape(2, 2, blocks, width, features + size).transpose(2, 0, 4, 1, 3))


def bias_by_unit(bias: Array | None, size: int, gates: int, width: int) -> Array:
    """(block of so many units, gate, unit)."""
    blocks = -(-size // width)
    out = np.zeros((gates, blocks * width), _F)
    if bias is not None:
        out[:, :size] = bias.reshape(gates, size)
    return np.ascontiguousarray(out.reshape(gates, blocks, width).transpose(1, 0, 2))


def columns(w: Array, panel: int) -> Array:
    """(panel of so many columns, row, column), with zeros for columns that are not there."""
    height, width = w.shape
    panels = -(-width // panel)
    if width % panel:
        whole = np.zeros((height, panels * panel), _F)
        whole[:, :width] = w
        w = whole
    return np.ascontiguousarray(w.reshape(height, panels, panel).transpose(1, 0, 2))
