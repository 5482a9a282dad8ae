"""GRU and plain recurrent layers: the walk over time of one layer in one direction as one node, in PyTorch's single steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..kernels import gated, gemm
from ..op import REGISTRY, arrays, opaque
from ..tensor import Tensor
from . import replay
from .affine import linear
from .dropout import dropout as drop


# --- one layer in one direction -----------------------------------------------------------------------------------------
@opaque(public=False, outputs=("out", "last"), extras=("kept",), grad_name="StackBackward0")
def gated_layer(k, gates, hidden, w_hh, b_hh, *, mode, reverse):
    """Hidden states of all times and the last one, from ``W_ih x + b_ih`` (time, batch, gates) and the first (batch, size).

    ``mode`` ``"gru"``: ``h' = (h - n) z + n`` with ``n = tanh(x_n + h_n r)``; ``"tanh"`` or ``"relu"`` of the sum of both parts.
    In the gradients ``d`` is what arrives at the state ``h'`` of a time: ``g``, and what later times have handed back.

    Gradient of ``gates`` (mode gru): at each time ``cat([n1 * h_n * r * (1 - r), d * (h - n) * z * (1 - z), n1])``, ``n1 = d * (1 - z) *
    (1 - n ** 2)``.
    Gradient of ``gates`` (mode tanh): at each time ``d * (1 - h' ** 2)``.
    Gradient of ``gates`` (mode relu): at each time ``d`` where ``h' > 0``, 0 elsewhere.
    Gradient of ``hidden`` (mode gru): ``d * z + s @ w_hh`` of the first time, ``s = cat([n1 * h_n * r * (1 - r), d * (h - n) * z * (1 - z),
    n1 * r])``, ``n1 = d * (1 - z) * (1 - n ** 2)``.
    Gradient of ``hidden``: ``s @ w_hh`` of the first time, ``s`` the gradient of ``gates``.
    Gradient of ``w_hh`` (mode gru): ``sum over time of s.T @ h``, ``s = cat([n1 * h_n * r * (1 - r), d * (h - n) * z * (1 - z), n1 * r])``,
    ``n1 = d * (1 - z) * (1 - n ** 2)``.
    Gradient of ``w_hh``: ``sum over time of s.T @ h``, ``s`` the gradient of ``gates``.
    Gradient of ``b_hh`` (mode gru): ``sum over time and batch of s``, ``s = cat([n1 * h_n * r * (1 - r), d * (h - n) * z * (1 - z), n1 *
    r])``, ``n1 = d * (1 - z) * (1 - n ** 2)``.
    Gradient of ``b_hh``: ``sum over time and batch of s``, ``s`` the gradient of ``gates``.
    """
    found = gated.forward(mode, gates, hidden, w_hh, b_hh, reverse)
    out, kept = _walk(k, mode, gates, hidden, w_hh, b_hh, reverse) if found is None else found
    return out, out[0 if reverse else -1].copy(), kept


def _order(steps: int, reverse: bool) -> list[int]:
    return list(range(steps))[::-1] if reverse else list(range(steps))


def _walk(k: Any, mode: str, gates: Any, hidden: Any, w_hh: Any, b_hh: Any, reverse: bool) -> tuple[Any, Any]:
    """``gated.forward`` by NumPy."""
    steps, batch, _ = gates.shape
    size = w_hh.shape[1]
    out = np.empty((steps, batch, size), gates.dtype)
    kept = np.empty((steps, batch, 4 * size if mode == "gru" else 0), gates.dtype)
    h = hidden
    for t in _order(steps, reverse):
        from_hidden = _product(h, w_hh.T) if b_hh is None else k.addmm(b_hh, h, w_hh.T)
        if mode == "gru":
            total = from_hidden + gates[t]
            r, z = (
                k.sigmoid(total[:, i * size : (i + 1) * size]) for i in range(2)
            )  # as rows of longer rows, where they end
            x_n, h_n = gates[t, :, 2 * size :], from_hidden[:, 2 * size :]
            n = k.tanh(x_n + h_n * r)
            h = (h - n) * z + n
            np.concatenate((r, z, n, h_n), axis=1, out=kept[t])
        else:
            total = gates[t] + from_hidden
            h = k.tanh(total) if mode == "tanh" else np.where(total <= 0, total.dtype.type(0), total)
        out[t] = h
    return out, kept


def _product(a: Any, b: Any) -> Any:
    found = gemm.product(a, b) if a.dtype == np.float32 else None
    return np.matmul(a, b) if found is None else found


# --- backward -----------------------------------------------------------------------------------------------------------
@gated_layer.vjp_joint
def _(k, g, gates, hidden, w_hh, b_hh, out, kept, mode, reverse, needs):
    if k is not arrays:
        return replay.through(_again(mode, reverse), (gates, hidden, w_hh, b_hh), g, needs)
    found = gated.backward(mode, g, hidden, w_hh, out, kept, reverse)
    of_input, of_hidden, d_hidden = _walk_back(k, mode, g, hidden, w_hh, out, kept, reverse) if found is None else found
    d_w = d_b = None
    order = _order(len(out), reverse)
    for n in range(
        len(order) - 1, -1, -1
    ):  # PyTorch has a product and a sum for each step, and adds them up as they come
        slopes = of_hidden[order[n]]
        if needs[2]:
            part = _product(slopes.T, out[order[n - 1]] if n else hidden)
            d_w = part if d_w is None else np.add(d_w, part, out=d_w)
        if needs[3]:
            part = k.sum(slopes, dim=(0,))
            d_b = part if d_b is None else d_b + part
    return of_input if needs[0] else None, d_hidden, d_w, d_b


def _walk_back(
    k: Any, mode: str, g: Any, hidden: Any, w_hh: Any, out: Any, kept: Any, reverse: bool
) -> tuple[Any, Any, Any]:
    """``gated.backward`` by NumPy."""
    steps, batch, size = out.shape
    of_hidden = np.empty((steps, batch, w_hh.shape[0]), out.dtype)
    of_input = np.empty_like(of_hidden) if mode == "gru" else of_hidden
    d_out, direct = g
    through, order = None, _order(steps, reverse)
    for n in range(steps - 1, -1, -1):
        t = order[n]
        before = out[order[n - 1]] if n else hidden
        parts = [x for x in (None if d_out is None else d_out[t], direct, through) if x is not None]
        dh = parts[0] + parts[1] if len(parts) > 1 else parts[0]
        dh = dh + parts[2] if len(parts) > 2 else dh
        if mode == "gru":
            direct = _gru_slopes(k, of_input[t], of_hidden[t], dh, kept[t], before, size)
        else:
            of_hidden[t] = dh * k.one_minus_square(out[t]) if mode == "tanh" else np.where(out[t] <= 0, 0, dh)
            direct = None
        through = _product(of_hidden[t], w_hh)
    return of_input, of_hidden, through if direct is None else direct + through


def _gru_slopes(k: Any, of_input: Any, of_hidden: Any, dh: Any, kept: Any, before: Any, size: int) -> Any:
    """The gradients of a step's sums; what reaches the state before directly is given back."""
    r, z, n, h_n = (kept[:, i * size : (i + 1) * size] for i in range(4))
    direct = dh * z
    of_n = (dh - direct) * k.one_minus_square(n)
    of_r, of_z = of_n * h_n * (1 - r) * r, dh * (before - n) * (1 - z) * z
    for to, last in ((of_input, of_n), (of_hidden, of_n * r)):
        np.concatenate((of_r, of_z, last), axis=1, out=to)
    return direct


def gated_steps(mode: str, inputs: Any, h: Any, w_hh: Any, b_hh: Any) -> list[Any]:
    """The hidden state after each step, with tensors."""
    outputs = []
    for x in inputs:
        from_hidden: Any = linear(h, w_hh, b_hh)
        if mode == "gru":
            (x_r, x_z, x_n), (h_r, h_z, h_n) = x.chunk(3, -1), from_hidden.chunk(3, -1)
            r, z = (h_r + x_r).sigmoid(), (h_z + x_z).sigmoid()
            n = (x_n + h_n * r).tanh()
            h = (h - n) * z + n
        else:
            h = (x + from_hidden).tanh() if mode == "tanh" else (x + from_hidden).relu()
        outputs.append(h)
    return outputs


def _again(mode: str, reverse: bool) -> Any:
    """The layer with tensors."""

    def forward(gates: Any, *others: Any) -> tuple[Any, Any]:
        inputs = gates.unbind(0)
        outputs = gated_steps(mode, inputs[::-1] if reverse else inputs, *others)
        return REGISTRY["stack"].public(outputs[::-1] if reverse else outputs), outputs[-1]

    return forward


def _layer(mode: str, gates: Any, hidden: Any, w_hh: Any, b_hh: Any, reverse: bool) -> Any:
    if gates._a.dtype is hidden._a.dtype:
        return gated_layer.public(gates, hidden, w_hh, b_hh, mode=mode, reverse=reverse)
    inputs = gates.unbind(0)  # autocast has narrowed the product, and will those of the steps
    outputs = gated_steps(mode, inputs[::-1] if reverse else inputs, hidden, w_hh, b_hh)
    return REGISTRY["stack"].public(outputs[::-1] if reverse else outputs), outputs[-1]


# --- all layers -----------------------------------------------------------------------------------------------------------
def _layers(
    mode: str, input: Any, hx: Any, params: Any, has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    x = input.transpose(0, 1) if batch_first else input
    if not x._a.shape[0]:
        raise errors.runtime("Expected sequence length to be larger than 0 in RNN")
    each, directions = (4 if has_biases else 2), (2 if bidirectional else 1)
    finals = []
    for layer in range(num_layers):
        outputs = []
        for d in range(directions):
            at = layer * directions + d
            w_ih, w_hh, *biases = params[at * each : (at + 1) * each]
            b_ih, b_hh = biases or (None, None)
            out, last = _layer(mode, linear(x, w_ih, b_ih), hx[at], w_hh, b_hh, bool(d))
            outputs.append(out)
            finals.append(last)
        x = outputs[0] if directions == 1 else REGISTRY["cat"].public(outputs, -1)
        if dropout and train and layer < num_layers - 1:
            x = drop(x, dropout, True)
    return x.transpose_(0, 1) if batch_first else x, REGISTRY["stack"].public(finals)


def _samples(gates: int) -> Any:
    def made(m: Any) -> list[Any]:
        def weights(*layers: tuple[int, int], bias: bool = True) -> list[Any]:
            sizes: list[tuple[int, ...]] = []
            for columns, h in layers:
                sizes += [(gates * h, columns), (gates * h, h), *([(gates * h,), (gates * h,)] if bias else [])]
            return [m.f(*size, lo=-0.7, hi=0.7) for size in sizes]

        one = (True, 1, 0.0, False, False, False)
        return [
            m(m.f(3, 2, 2), m.f(1, 2, 3), weights((2, 3)), *one),
            m(m.nc(3, 2, 2), m.f(1, 2, 3), weights((2, 3), bias=False), False, 1, 0.0, True, False, False),
            m(m.f(2, 3, 2), m.f(4, 2, 2), weights((2, 2), (2, 2), (4, 2), (4, 2)), True, 2, 0.0, False, True, True),
            m(m.f(2, 0, 2), m.f(1, 0, 2), weights((2, 2)), *one).value_only("nothing"),
            m.without("0-d", "a sequence has a length"),
        ]

    return made


def _errors(gates: int) -> Any:
    return lambda m: [
        m.error(RuntimeError, "Expected sequence length to be larger than 0 in RNN", m.f(0, 1, 2), m.f(1, 1, 2), [
            m.f(gates * 2, 2), m.f(gates * 2, 2), m.f(gates * 2), m.f(gates * 2)], True, 1, 0.0, False, False, False)]  # fmt: skip


@function(name="gru", samples=_samples(3), errors=_errors(3))
def gru(
    input: Tensor, hx: Tensor, params: Any, has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A GRU of several layers: outputs of the last, hidden states of all (Cho et al. 2014); the arguments are those of ``lstm``."""
    return _layers("gru", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


@function(name="rnn_tanh", samples=_samples(1), errors=_errors(1))
def rnn_tanh(
    input: Tensor, hx: Tensor, params: Any, has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """``h = tanh(W_ih x + b_ih + W_hh h + b_hh)`` in several layers (Elman 1990); the arguments are those of ``lstm``."""
    return _layers("tanh", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


@function(name="rnn_relu", samples=_samples(1), errors=_errors(1))
def rnn_relu(
    input: Tensor, hx: Tensor, params: Any, has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The same with relu."""
    return _layers("relu", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
