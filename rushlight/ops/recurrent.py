"""One layer of an LSTM in one direction as one node: the walk over time on arrays, and back through it by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..autograd.mode import is_grad_enabled
from ..functions import function
from ..kernels import recurrent
from ..op import REGISTRY, arrays, opaque
from ..tensor import Tensor
from . import replay
from .affine import linear
from .dropout import dropout as drop


def _name(inputs: Any, attrs: Any) -> str:
    return "MkldnnRnnLayerBackward0" if inputs[0]._a.dtype == np.float32 else "StackBackward0"


@opaque(public=False, outputs=("out", "last", "last_cell"), extras=("gates", "cells"), grad_name=_name)
def lstm_layer(k, input, hidden, cell, w_ih, w_hh, b_ih, b_hh, *, reverse, training):
    """Gates i, f, g, o: ``c' = f c + i g``, ``h' = o tanh(c')``, over (time, batch, features) from (batch, hidden) states.

    Gives the hidden states of all times and the last two states; saves the gates and cells of all times, in the order of the walk.
    ``training`` says in which order sums are made: PyTorch has another one where no gradients are recorded.

    Gradient of ``input``: ``s @ w_ih``, ``s`` the gradient before the gates: ``c (1 - i) i``, ``c (1 - f) f``, ``i (1 - g^2)``,
    ``tanh(c) (1 - o) o`` times what arrives.
    Gradient of ``hidden``: ``s @ w_hh`` of the first time, ``s`` the gradient before the gates.
    Gradient of ``cell``: ``f * d`` of the first time, ``d`` what arrives at its cell.
    Gradient of ``w_ih``: ``sum over time of s.T @ input``, ``s`` the gradient before the gates.
    Gradient of ``w_hh``: ``sum over time of s.T @ hidden of the time before``, ``s`` the gradient before the gates.
    Gradient of ``b_ih``: ``sum over time and batch of s``, the gradient before the gates.
    Gradient of ``b_hh``: ``sum over time and batch of s``, the gradient before the gates.
    """
    bias = None if b_ih is None else b_ih + b_hh
    x = input[::-1] if reverse else input
    found = recurrent.lstm(x, hidden, cell, w_ih, w_hh, bias, training)
    out, gates, cells = _walk(x, hidden, cell, w_ih, w_hh, bias) if found is None else found
    last, last_cell = (out[-1], cells[-1]) if len(out) else (hidden, cell)
    return np.ascontiguousarray(out[::-1]) if reverse else out, last.copy(), last_cell.copy(), gates, cells


def _walk(input: Any, hidden: Any, cell: Any, w_ih: Any, w_hh: Any, bias: Any) -> tuple[Any, Any, Any]:
    """``recurrent.lstm`` by NumPy."""
    steps, batch, features = input.shape
    size = w_hh.shape[1]
    gates = np.matmul(input.reshape(steps * batch, features), w_ih.T).reshape(steps, batch, 4 * size)
    if bias is not None:
        gates += bias
    out, cells = np.empty((steps, batch, size), input.dtype), np.empty((steps, batch, size), input.dtype)
    turned = np.ascontiguousarray(w_hh.T)
    h, c = hidden, cell
    for t in range(steps):
        z = gates[t]
        z += h @ turned
        i, f, g, o = z[:, :size], z[:, size : 2 * size], z[:, 2 * size : 3 * size], z[:, 3 * size :]
        np.tanh(g, out=g)
        for s in (z[:, : 2 * size], o):  # sigmoid in place
            np.multiply(s, -1, out=s)  # NumPy's negative of every fourth number into every fourth place is wrong
            np.exp(s, out=s)
            s += 1
            np.reciprocal(s, out=s)
        c = np.multiply(f, c, out=cells[t])
        c += i * g
        h = np.multiply(o, np.tanh(c), out=out[t])
    return out, gates, cells


@lstm_layer.vjp_joint
def _(k, g, input, hidden, cell, w_ih, w_hh, b_ih, b_hh, out, gates, cells, reverse, training, needs):
    if k is not arrays:
        return replay.through(_again(reverse), (input, hidden, cell, w_ih, w_hh, b_ih, b_hh), g, needs)
    if reverse:
        input, out, g = input[::-1], out[::-1], (None if g[0] is None else g[0][::-1], *g[1:])
    found = recurrent.lstm_gradient(g, cell, w_hh, gates, cells)
    slopes, dh, dc = _back_through_time(g, cell, w_hh, gates, cells) if found is None else found
    to_input = weights = None
    if found is not None:
        to_input = recurrent.input_gradient(slopes, w_ih) if needs[0] else None
        weights = recurrent.weight_gradients(slopes, input, hidden, out, reverse) if any(needs[3:]) else None
    flat = slopes.reshape(-1, slopes.shape[2])
    if to_input is None and needs[0]:
        to_input = (flat @ w_ih).reshape(input.shape)
    if weights is None and any(needs[3:]):
        weights = _sums_over_time(slopes, input, hidden, out)
    of_input, of_hidden, of_bias = weights or (None, None, None)
    to_input = np.ascontiguousarray(to_input[::-1]) if reverse and to_input is not None else to_input
    return to_input, dh, dc, of_input, of_hidden, of_bias, of_bias


def _back_through_time(g: Any, cell: Any, w_hh: Any, gates: Any, cells: Any) -> tuple[Any, Any, Any]:
    """``recurrent.lstm_gradient`` by NumPy."""
    steps, batch, size = cells.shape
    dz = np.empty_like(gates)
    d_out, dh, dc = g
    dh = np.zeros((batch, size), cells.dtype) if dh is None else dh
    dc = np.zeros((batch, size), cells.dtype) if dc is None else dc
    for t in range(steps - 1, -1, -1):
        if d_out is not None:
            dh = dh + d_out[t]
        i, f, u, o = (gates[t, :, j * size : (j + 1) * size] for j in range(4))
        tc = np.tanh(cells[t])
        dc = dc + dh * o * (1 - tc * tc)
        before = cells[t - 1] if t else cell
        d = dz[t]
        d[:, :size] = dc * u * i * (1 - i)
        d[:, size : 2 * size] = dc * before * f * (1 - f)
        d[:, 2 * size : 3 * size] = dc * i * (1 - u * u)
        d[:, 3 * size :] = dh * tc * o * (1 - o)
        dh = d @ w_hh
        dc = dc * f
    return dz, dh, dc


def _sums_over_time(slopes: Any, input: Any, hidden: Any, out: Any) -> tuple[Any, Any, Any]:
    """``recurrent.weight_gradients`` by NumPy."""
    flat = slopes.reshape(-1, slopes.shape[2])
    before = np.concatenate((hidden[None], out[:-1]))
    x = input.reshape(-1, input.shape[2])
    return flat.T @ x, flat.T @ before.reshape(-1, out.shape[2]), flat.sum(0)


def lstm_steps(inputs: Any, states: Any, w_hh: Any, b_hh: Any, w_hr: Any = None) -> tuple[list[Any], Any]:
    """The same with tensors, from ``W_ih x + b_ih`` of each time."""
    outputs = []
    h, c = states
    for step in inputs:
        i, f, g, o = (step + linear(h, w_hh, b_hh)).chunk(4, -1)  # type: ignore[operator]
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        h = h if w_hr is None else linear(h, w_hr)
        outputs.append(h)
    return outputs, (h, c)


def _again(reverse: bool) -> Any:
    """The layer with tensors."""

    def forward(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> tuple[Any, Any, Any]:
        inputs = linear(x, w_ih, b_ih).unbind(0)  # type: ignore[attr-defined]
        outputs, (h, c) = lstm_steps(inputs[::-1] if reverse else inputs, (h, c), w_hh, b_hh)
        return REGISTRY["stack"].public(outputs[::-1] if reverse else outputs), h, c

    return forward


def _lstm_samples(m: Any) -> list[Any]:
    def weights(*layers: tuple[int, int], bias: bool = True) -> list[Any]:
        sizes: list[tuple[int, ...]] = []
        for columns, h in layers:
            sizes += [(4 * h, columns), (4 * h, h), *([(4 * h,), (4 * h,)] if bias else [])]
        return [m.f(*size, lo=-0.7, hi=0.7) for size in sizes]

    def states(n: int, batch: int, h: int) -> tuple[Any, Any]:
        return m.f(n, batch, h), m.f(n, batch, h)

    one = (True, 1, 0.0, False, False, False)
    return [
        m(m.f(3, 2, 2), states(1, 2, 3), weights((2, 3)), *one),
        m(m.nc(3, 2, 2), states(1, 2, 3), weights((2, 3), bias=False), False, 1, 0.0, True, False, False),
        m(m.f(2, 3, 2), states(4, 2, 2), weights((2, 2), (2, 2), (4, 2), (4, 2)), True, 2, 0.0, False, True, True),
        m(m.f(2, 0, 2), states(1, 0, 2), weights((2, 2)), *one).value_only("nothing"),
        m.without("0-d", "a sequence has a length"),
    ]


@function(name="lstm", samples=_lstm_samples, errors=lambda m: [
    m.error(RuntimeError, "Expected sequence length to be larger than 0 in RNN", m.f(0, 1, 2), (m.f(1, 1, 2), m.f(1, 1, 2)), [
        m.f(8, 2), m.f(8, 2), m.f(8), m.f(8)], True, 1, 0.0, False, False, False)])  # fmt: skip
def lstm(
    input: Tensor, hx: Any, params: Any, has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """An LSTM of several layers: outputs of the last, hidden and cell states of all (Hochreiter & Schmidhuber 1997).

    ``params`` are ``w_ih, w_hh[, b_ih, b_hh]`` of each layer and direction; ``hx`` the states (layers * directions, batch, size).
    """
    x: Any = input.transpose(0, 1) if batch_first else input  # type: ignore[attr-defined]
    if not x._a.shape[0]:
        raise errors.runtime("Expected sequence length to be larger than 0 in RNN")
    each, directions = (4 if has_biases else 2), (2 if bidirectional else 1)
    stack, finals, training = REGISTRY["stack"].public, [], is_grad_enabled()
    for layer in range(num_layers):
        outputs = []
        for d in range(directions):
            at = layer * directions + d
            w_ih, w_hh, *biases = params[at * each : (at + 1) * each]
            b_ih, b_hh = biases or (None, None)
            out, h, c = lstm_layer.public(
                x, hx[0][at], hx[1][at], w_ih, w_hh, b_ih, b_hh, reverse=bool(d), training=training
            )
            outputs.append(out)
            finals.append((h, c))
        x = outputs[0] if directions == 1 else REGISTRY["cat"].public(outputs, -1)
        if dropout and train and layer < num_layers - 1:
            x = drop(x, dropout, True)
    x = x.transpose(0, 1) if batch_first else x
    return x, stack([h for h, _ in finals]), stack([c for _, c in finals])
