"""A layer of an LSTM over whole sequences as machine code: forward, and back to the gates' sums, the inputs and the states.

The rows of a batch are shared out among the threads for all steps. float32 only, with the bits of PyTorch's oneDNN: products and their sums
in its orders (``gate_orders``), which are one thing for training and another for inference, and its steps (``code.lstm``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .gate_orders import Order, in_one_chain, order
from .gate_products import ADD, GO_ON, columns, gradient, kernel, product, product_of_column
from .iteration import get_threads
from .memory import empty
from .registers import lanes

Array = np.ndarray[Any, Any]

_F = np.dtype(np.float32)
_LARGE_BATCH = 128  # sequences from which on the inputs of each step are a product of their own


def lstm(
    input: Array, hidden: Array, cell: Array, w_ih: Array, w_hh: Array, bias: Array | None, training: bool
) -> tuple[Array, Array, Array] | None:
    """(hidden states, gates, cells) of all steps of (time, batch, features); None if NumPy is to do it."""
    steps, batch, features = input.shape
    size = w_hh.shape[1]
    if not (input.size and size) or any(a.dtype != _F for a in (input, hidden, cell, w_ih, w_hh)):
        return None
    run = kernel("lstm", "lstm_forward")
    if run is None:
        return None
    of_inputs, of_states, how = _forward_orders(steps, batch, features, size, training)
    x = np.ascontiguousarray(input).reshape(steps * batch, features)
    gates = product(x, w_ih.T, of_inputs)
    out, cells = empty((steps, batch, size), _F), empty((steps, batch, size), _F)
    bias = np.zeros(4 * size, _F) if bias is None else bias
    (cuts,) = of_states.parts
    ran = gates is not None and run(
        batch, _share(batch), out, cells, gates, np.ascontiguousarray(hidden), np.ascontiguousarray(cell), columns(w_hh.T, 2 * lanes()),
        bias, of_states.plan, cuts, steps, batch, size, len(cuts) - 1, how, of_states.tail,
    )  # fmt: skip
    return (out, gates.reshape(steps, batch, 4 * size), cells) if ran else None  # type: ignore[union-attr]


def _forward_orders(steps: int, batch: int, features: int, size: int, training: bool) -> tuple[Order, Order, int]:
    """Those of the sums over inputs and over states, and whether the latter go on from the former."""
    if not training:
        together = features == size and (batch > 1 or steps == 1)  # inputs and states are terms of one product
        return in_one_chain(steps * batch, features), in_one_chain(batch, size), GO_ON if together else ADD
    merged = batch < _LARGE_BATCH
    of_inputs = order(size, 4 * size, steps * batch if merged else batch, features, repeated=1 if merged else steps)
    of_states = order(size, 4 * size, batch, size)
    return of_inputs, of_states, GO_ON if of_states.chained else ADD


def lstm_gradient(
    g: tuple[Array | None, Array | None, Array | None], cell: Array, w_hh: Array, gates: Array, cells: Array
) -> tuple[Array, Array, Array] | None:
    """The gradients of the gates' sums (time, batch, 4 * size) and of the states.

    ``g`` are those of the outputs and of the last states. None if NumPy is to do it.
    """
    steps, batch, size = cells.shape
    if not cells.size or gates.dtype != _F or any(x is not None and x.dtype != _F for x in g):
        return None
    run = kernel("lstm", "lstm_backward")
    if run is None:
        return None
    d_out, step, row = rows(g[0]) if g[0] is not None else (np.zeros(size, _F), 0, 0)
    to_hidden, to_cell = (np.zeros((batch, size), _F) if x is None else x.copy(order="C") for x in g[1:])
    slopes, how = empty((steps, batch, 4 * size), _F), order(size, size, batch, 4 * size)
    (cuts,) = how.parts
    ran = run(
        batch, _share(batch), slopes, to_hidden, to_cell, d_out, gates, cells, np.ascontiguousarray(cell), columns(w_hh, 2 * lanes()),
        how.plan, cuts, step, row, steps, batch, size, len(cuts) - 1, how.tail,
    )  # fmt: skip
    return (slopes, to_hidden, to_cell) if ran else None


def input_gradient(slopes: Array, w_ih: Array) -> Array | None:
    """The gradient of the inputs (time, batch, features)."""
    steps, batch, width = slopes.shape
    features = w_ih.shape[1]
    flat = slopes.reshape(steps * batch, width)
    if features == 1 and len(flat) > 1:
        found = product_of_column(flat, w_ih)
    else:
        found = product(flat, w_ih, order(width // 4, features, steps * batch, width))
    return None if found is None else found.reshape(steps, batch, features)


def weight_gradients(
    slopes: Array, input: Array, hidden: Array, out: Array, reverse: bool
) -> tuple[Array, Array, Array] | None:
    """The gradients of the weights of inputs and states, and of the bias, from the slopes of all steps in the order of the walk.

    oneDNN has a product of its own for the first step, from left to right.
    """
    steps, batch, width = slopes.shape
    features, size = input.shape[2], out.shape[2]
    flat = slopes.reshape(steps * batch, width)
    x = np.ascontiguousarray(input).reshape(steps * batch, features)
    of_input = gradient(width, features, [(flat, x, order(size, width, features, steps * batch, True))], steps, batch)
    first, later = np.ascontiguousarray(hidden), out.reshape(steps * batch, size)
    if reverse:
        before = np.concatenate((first, later[:-batch]))
        products = [(flat, before, order(size, width, size, steps * batch, True))]
    else:
        products = (
            [(flat[batch:], later[:-batch], order(size, width, size, (steps - 1) * batch, True))] if steps > 1 else []
        )
        products.append((flat[:batch], first, order(size, width, size, batch, True)))
    of_hidden = gradient(width, size, products)
    return None if of_input is None or of_hidden is None else (of_input[0], of_hidden[0], of_input[1])


def _share(batch: int) -> int:
    """The sequences of a thread. Each is computed alike wherever it is."""
    return -(-batch // get_threads())


def rows(a: Array) -> tuple[Array, int, int]:
    """An array (time, batch, numbers) whose numbers are neighbours, and the distances of steps and of rows in elements."""
    if a.strides[2] != 4 and a.shape[2] > 1 or a.strides[0] % 4 or a.strides[1] % 4 or not a.flags.aligned:
        a = np.ascontiguousarray(a)
    return a, a.strides[0] // 4, a.strides[1] // 4


def bias_by_unit(bias: Array | None, size: int, gates: int, width: int) -> Array:
    """(block of so many units, gate, unit)."""
    blocks = -(-size // width)
    out = np.zeros((gates, blocks * width), _F)
    if bias is not None:
        out[:, :size] = bias.reshape(gates, size)
    return np.ascontiguousarray(out.reshape(gates, blocks, width).transpose(1, 0, 2))
