"""Recurrent layers: RNN, LSTM, GRU, of several layers and both directions; written with tensor operations."""

from __future__ import annotations

import math
from typing import Any

from ...readers import REGISTRY
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..module import Module
from .linear import empty_parameter


class RNNBase(Module):
    """What the three share: parameters ``weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ...`` and the walk over time."""

    gates = 1

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        if proj_size:
            raise NotImplementedError(f"{type(self).__name__}: proj_size is not supported")
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if not 0 <= dropout <= 1 or isinstance(dropout, bool):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            import warnings

            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
                f"than 1, but got dropout={dropout} and num_layers={num_layers}",
                UserWarning,
                stacklevel=3,
            )
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        rows = self.gates * hidden_size
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                columns = input_size if layer == 0 else hidden_size * (1 + bidirectional)
                end = f"_l{layer}{suffix}"
                setattr(self, "weight_ih" + end, empty_parameter((rows, columns), dtype, device))
                setattr(self, "weight_hh" + end, empty_parameter((rows, hidden_size), dtype, device))
                if bias:
                    setattr(self, "bias_ih" + end, empty_parameter((rows,), dtype, device))
                    setattr(self, "bias_hh" + end, empty_parameter((rows,), dtype, device))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly on (-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing to do: PyTorch's CPU build does nothing either."""

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if not self.bias:
            text += f", bias={self.bias}"
        if self.batch_first:
            text += f", batch_first={self.batch_first}"
        if self.dropout:
            text += f", dropout={self.dropout}"
        if self.bidirectional:
            text += f", bidirectional={self.bidirectional}"
        return text

    # --- the walk -----------------------------------------------------------------------------------------------
    def cell(self, from_input: Tensor, from_hidden: Any, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The next state from ``W_ih x + b_ih`` and a function that gives ``W_hh h + b_hh``."""
        raise NotImplementedError

    def scan(
        self, x: Tensor, state: tuple[Tensor, ...], layer: int, reverse: bool
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One layer in one direction over (time, batch, features)."""
        end = f"_l{layer}" + ("_reverse" if reverse else "")
        w_ih, w_hh = getattr(self, "weight_ih" + end), getattr(self, "weight_hh" + end)
        b_ih = getattr(self, "bias_ih" + end) if self.bias else None
        b_hh = getattr(self, "bias_hh" + end) if self.bias else None
        inputs = F.linear(x, w_ih, b_ih).unbind(0)  # type: ignore[attr-defined]
        outputs = []
        for step in reversed(inputs) if reverse else inputs:
            hidden = F.linear(state[0], w_hh, b_hh)  # type: ignore[attr-defined]
            state = self.cell(step, hidden, state)
            outputs.append(state[0])
        return REGISTRY["stack"].public(outputs[::-1] if reverse else outputs), state

    def run(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """All layers; ``states`` are (layers * directions, batch, hidden) each."""
        directions = 1 + self.bidirectional
        finals: list[tuple[Tensor, ...]] = []
        for layer in range(self.num_layers):
            outputs = []
            for d in range(directions):
                first = tuple(s[layer * directions + d] for s in states)
                out, final = self.scan(x, first, layer, bool(d))
                outputs.append(out)
                finals.append(final)
            x = outputs[0] if directions == 1 else REGISTRY["cat"].public(outputs, -1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, True)  # type: ignore[attr-defined]
        stack = REGISTRY["stack"].public
        return x, tuple(stack([f[i] for f in finals]) for i in range(len(states)))

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        if not isinstance(input, Tensor):
            raise NotImplementedError(f"{type(self).__name__}: packed sequences are not supported")
        if input.ndim not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )
        batched = input.ndim == 3
        batch_dim = 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(batch_dim)
        if self.batch_first:
            x = x.transpose(0, 1)
        many = isinstance(self, LSTM)
        if hx is None:
            shape = (self.num_layers * (1 + self.bidirectional), x.shape[1], self.hidden_size)
            zero = input.new_zeros(shape)
            states = (zero, zero) if many else (zero,)
        else:
            states = tuple(hx) if many else (hx,)
            if not batched:
                states = tuple(s.unsqueeze(1) for s in states)
            expected = (self.num_layers * (1 + self.bidirectional), x.shape[1], self.hidden_size)
            for s in states:
                if tuple(s.shape) != expected:
                    raise RuntimeError(f"Expected hidden size {expected}, got {list(s.shape)}")
        out, final = self.run(x, states)
        if self.batch_first:
            out = out.transpose(0, 1)
        if not batched:
            out, final = out.squeeze(batch_dim), tuple(f.squeeze(1) for f in final)
        return out, (final if many else final[0])


class RNN(RNNBase):
    """``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or with relu (Elman 1990)."""

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any):
        if len(args) > 3 and isinstance(args[3], str):
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self_nonlinearity = nonlinearity
        super().__init__(*args, **kwargs)
        self.nonlinearity = self_nonlinearity

    def cell(self, from_input: Tensor, from_hidden: Any, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        total = from_input + from_hidden  # type: ignore[operator]
        return (total.tanh() if self.nonlinearity == "tanh" else total.relu(),)


class LSTM(RNNBase):
    """Input, forget, cell and output gates around a cell state (Hochreiter & Schmidhuber 1997)."""

    gates = 4

    def cell(self, from_input: Tensor, from_hidden: Any, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        i, f, g, o = (from_input + from_hidden).chunk(4, -1)  # type: ignore[operator]
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class GRU(RNNBase):
    """Reset and update gates (Cho et al. 2014), the reset applied after the hidden product."""

    gates = 3

    def cell(self, from_input: Tensor, from_hidden: Any, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        xr, xz, xn = from_input.chunk(3, -1)
        hr, hz, hn = from_hidden.chunk(3, -1)
        r, z = (hr + xr).sigmoid(), (hz + xz).sigmoid()
        n = (xn + hn * r).tanh()
        return ((state[0] - n) * z + n,)
