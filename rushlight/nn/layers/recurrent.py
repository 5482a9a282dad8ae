"""Recurrent layers: RNN, LSTM, GRU, of several layers and both directions, over padded and packed sequences."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import numpy as np

from ...op import REGISTRY
from ...ops.gated import gru, rnn_relu, rnn_tanh
from ...ops.recurrent import lstm
from ...settings import autocast_state
from ...types import scalar_name
from .. import functional, init
from ..module import Module
from ..utils.rnn import PackedSequence
from .linear import empty_parameter

F: Any = functional


class RNNBase(Module):
    """What the three share: parameters ``weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ...`` and the walk over time."""

    _takes = (
        "[T, N, {0.input_size}], or [N, T, {0.input_size}] with batch_first=True (here "
        "batch_first={0.batch_first}), or [T, {0.input_size}]"
    )

    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        _check_options(input_size, hidden_size, num_layers, batch_first, dropout, proj_size)
        for name, value in (("bias", bias), ("bidirectional", bidirectional)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
        self.mode = mode
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, float(dropout), bidirectional
        self.proj_size = proj_size
        if mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        rows = _GATES[mode] * hidden_size
        out_size = proj_size or hidden_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                columns = input_size if layer == 0 else out_size * (1 + bidirectional)
                sizes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, columns), "weight_hh": (rows, out_size)}
                if bias:
                    sizes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    sizes["weight_hr"] = (proj_size, hidden_size)
                names = []
                for name, size in sizes.items():
                    names.append(f"{name}_l{layer}{suffix}")
                    setattr(self, names[-1], empty_parameter(size, dtype, device))
                self._all_weights.append(names)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly on (-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing to do: PyTorch's CPU build does nothing either."""

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            text += f", proj_size={self.proj_size}"
        for name, usual in (
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text

    # --- one layer in one direction -----------------------------------------------------------------------------------
    def steps(self, inputs: Any, states: Any, w: dict[str, Any]) -> tuple[list[Any], Any]:
        """The hidden state after each step, and the last states, from ``W_ih x + b_ih`` of each step."""
        outputs = []
        for step in inputs:
            states = self.cell(step, F.linear(states[0], w["weight_hh"], w.get("bias_hh")), states, w)
            outputs.append(states[0])
        return outputs, states

    def cell(self, from_input: Any, from_hidden: Any, states: Any, w: dict[str, Any]) -> Any:
        """The next states from ``W_ih x + b_ih`` and ``W_hh h + b_hh``."""
        raise NotImplementedError

    def scan(self, x: Any, states: Any, w: dict[str, Any], reverse: bool) -> tuple[Any, Any]:
        """Over (time, batch, features)."""
        inputs = F.linear(x, w["weight_ih"], w.get("bias_ih")).unbind(0)
        outputs, states = self.steps(inputs[::-1] if reverse else inputs, states, w)
        return REGISTRY["stack"].public(outputs[::-1] if reverse else outputs), states

    def scan_packed(
        self, data: Any, sizes: list[int], states: Any, w: dict[str, Any], reverse: bool
    ) -> tuple[Any, Any]:
        """Over packed steps of shrinking batches; a sequence that has ended keeps its states (in reverse: joins late)."""
        cat = REGISTRY["cat"].public
        inputs = F.linear(data, w["weight_ih"], w.get("bias_ih")).split(sizes)
        outputs = []
        ended: list[Any] = []
        batch = sizes[-1] if reverse else sizes[0]
        first = states
        states = tuple(s[:batch] for s in first)
        for step, n in zip(inputs[::-1] if reverse else inputs, sizes[::-1] if reverse else sizes, strict=True):
            if n > batch:
                states = tuple(cat([s, f[batch:n]]) for s, f in zip(states, first, strict=True))
            elif n < batch:
                ended.append(tuple(s[n:] for s in states))
                states = tuple(s[:n] for s in states)
            batch = n
            out, states = self.steps([step], states, w)
            outputs += out
        parts = [states, *ended[::-1]]
        final = tuple(cat([p[i] for p in parts]) if len(parts) > 1 else states[i] for i in range(len(states)))
        return cat(outputs[::-1] if reverse else outputs), final

    # --- all layers -------------------------------------------------------------------------------------------------
    def run(self, x: Any, states: Any, sizes: list[int] | None) -> tuple[Any, Any]:
        """``states`` are (layers * directions, batch, hidden) each; ``sizes`` the batch sizes of packed steps."""
        directions = 1 + self.bidirectional
        finals: list[Any] = []
        for layer in range(self.num_layers):
            outputs = []
            for d in range(directions):
                at = layer * directions + d
                w = {name[: name.index("_l")]: getattr(self, name) for name in self._all_weights[at]}
                first = tuple(s[at] for s in states)
                if sizes is None:
                    out, final = self.scan(x, first, w, bool(d))
                else:
                    out, final = self.scan_packed(x, sizes, first, w, bool(d))
                outputs.append(out)
                finals.append(final)
            x = outputs[0] if directions == 1 else REGISTRY["cat"].public(outputs, -1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, True)
        stack = REGISTRY["stack"].public
        return x, tuple(stack([f[i] for f in finals]) for i in range(len(states)))

    def run_at_once(self, function: Any, x: Any, states: Any) -> tuple[Any, Any]:
        """By the function of all layers: its outputs, and its last states as a tuple."""
        params = [w for weights in self.all_weights for w in weights]
        out, *last = function(
            x, states, params, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional, False
        )
        return out, tuple(last)

    # --- the call ---------------------------------------------------------------------------------------------------
    @property
    def _many(self) -> bool:
        return self.mode == "LSTM"

    def _check_input(self, input: Any) -> None:
        weight = self.weight_ih_l0
        if input.dtype is not weight.dtype and not autocast_state().enabled:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({input.dtype})"
            )
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _check_states(self, states: Any, batch: int) -> None:
        """Raises RuntimeError for a state of another size."""
        layers = self.num_layers * (1 + self.bidirectional)
        expected = (layers, batch, self.proj_size or self.hidden_size)
        names = ("hidden[0]", "hidden[1]") if self._many else ("hidden",)
        for i, (name, s) in enumerate(zip(names, states, strict=True)):
            wanted = expected if not i else (layers, batch, self.hidden_size)
            if tuple(s.shape) != wanted:
                raise RuntimeError(f"Expected {name} size {wanted}, got {list(s.shape)}")

    def _zeros(self, like: Any, batch: int) -> Any:
        layers = self.num_layers * (1 + self.bidirectional)
        hidden = like.new_zeros((layers, batch, self.proj_size or self.hidden_size))
        return (hidden, like.new_zeros((layers, batch, self.hidden_size))) if self._many else (hidden,)

    def _check_dims(self, hx: Any, batched: bool) -> None:
        states = tuple(hx) if self._many else (hx,)
        ndim = 3 if batched else 2
        if all(s.dim() == ndim for s in states):
            return
        kind = "batched 3-D" if batched else "unbatched 2-D"
        if self._many:
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {ndim}-D but got ({states[0].dim()}-D, {states[1].dim()}-D) tensors"
            )
        raise RuntimeError(f"For {kind} input, hx should also be {ndim}-D but got {states[0].dim()}-D tensor")

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Outputs of the last layer, and the last hidden (LSTM: hidden and cell) states of all layers."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            tail = " tensor instead" if self.mode.startswith("RNN") else " instead"
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D{tail}")
        batched = input.dim() == 3
        x = input if batched else input.unsqueeze(0 if self.batch_first else 1)
        if self.batch_first:
            x = x.transpose(0, 1)
        if hx is not None:
            self._check_dims(hx, batched)
        if hx is None:
            states = self._zeros(x, x.shape[1])
        else:
            states = (hx[0], hx[1]) if self._many else (hx,)
            if not batched:
                states = tuple(s.unsqueeze(1) for s in states)
        self._check_input(x)
        self._check_states(states, x.shape[1])
        if not x.shape[0]:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        for s in states:
            if s.dtype is not x.dtype:
                kinds = f"{scalar_name(s.dtype)} and {scalar_name(x.dtype)}"
                raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {kinds}")
        out, final = self.run(x, states, None)
        if self.batch_first:
            out = out.transpose(0, 1)
        if not batched:
            out, final = out.squeeze(0 if self.batch_first else 1), tuple(f.squeeze(1) for f in final)
        return out, (final if self._many else final[0])

    def _forward_packed(self, input: Any, hx: Any) -> Any:
        data, batch_sizes, order, back = input
        sizes = [int(n) for n in batch_sizes.tolist()]
        if hx is None:
            states = self._zeros(data, sizes[0])
        else:
            states = (hx[0], hx[1]) if self._many else (hx,)
            if order is not None:
                states = tuple(s.index_select(1, order) for s in states)
        self._check_input(data)
        self._check_states(states, sizes[0])
        out, final = self.run(data, states, sizes)
        if back is not None:
            final = tuple(f.index_select(1, back) for f in final)
        return PackedSequence(out, batch_sizes, order, back), (final if self._many else final[0])


_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _check_options(
    input_size: Any, hidden_size: Any, num_layers: Any, batch_first: Any, dropout: Any, proj_size: int
) -> None:
    """The refusals of a recurrent layer's constructor, with PyTorch's types and words."""
    if not isinstance(batch_first, bool):
        raise TypeError(f"batch_first should be of type bool, got: {type(batch_first).__name__}")
    if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):  # type: ignore[operator]
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
            f"than 1, but got dropout={dropout} and num_layers={num_layers}",
            UserWarning,
            stacklevel=4,
        )
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


def _no_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or with relu (Elman 1990)."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, **made: Any,
    ):  # fmt: skip
        _no_projection(made)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(
            "RNN_" + nonlinearity.upper(),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            **made,
        )
        self.nonlinearity = nonlinearity

    def run(self, x: Any, states: Any, sizes: list[int] | None) -> tuple[Any, Any]:
        if sizes is not None or x._a.dtype.itemsize == 2:
            return super().run(x, states, sizes)
        return self.run_at_once(rnn_tanh if self.nonlinearity == "tanh" else rnn_relu, x, states[0])

    def cell(self, from_input: Any, from_hidden: Any, states: Any, w: dict[str, Any]) -> Any:
        total = from_input + from_hidden
        return (total.tanh() if self.nonlinearity == "tanh" else total.relu(),)


class LSTM(RNNBase):
    """Input, forget, cell and output gates around a cell state (Hochreiter & Schmidhuber 1997).

    ``proj_size`` projects the hidden state (Sak et al. 2014).
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def run(self, x: Any, states: Any, sizes: list[int] | None) -> tuple[Any, Any]:
        if self.proj_size or x._a.dtype.itemsize == 2:
            return super().run(x, states, sizes)
        if sizes is None:
            return self.run_at_once(lstm, x, states)
        if x._a.dtype != np.float32 or sizes[0] != sizes[-1] or not x._a.size:
            return super().run(x, states, sizes)
        # Sequences of one length are padded ones without padding, which PyTorch's oneDNN takes.
        out, last = self.run_at_once(lstm, x.reshape(len(sizes), sizes[0], x.shape[-1]), states)
        return out.reshape(x.shape[0], out.shape[-1]), last

    def cell(self, from_input: Any, from_hidden: Any, states: Any, w: dict[str, Any]) -> Any:
        i, f, g, o = (from_input + from_hidden).chunk(4, -1)
        c = f.sigmoid() * states[1] + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return (h if not self.proj_size else F.linear(h, w["weight_hr"])), c


class GRU(RNNBase):
    """Reset and update gates (Cho et al. 2014), the reset applied after the hidden product."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, **made: Any,
    ):  # fmt: skip
        _no_projection(made)
        super().__init__("GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, **made)

    def run(self, x: Any, states: Any, sizes: list[int] | None) -> tuple[Any, Any]:
        if sizes is not None or x._a.dtype.itemsize == 2:
            return super().run(x, states, sizes)
        return self.run_at_once(gru, x, states[0])

    def cell(self, from_input: Any, from_hidden: Any, states: Any, w: dict[str, Any]) -> Any:
        xr, xz, xn = from_input.chunk(3, -1)
        hr, hz, hn = from_hidden.chunk(3, -1)
        r, z = (hr + xr).sigmoid(), (hz + xz).sigmoid()
        n = (xn + hn * r).tanh()
        return ((states[0] - n) * z + n,)
