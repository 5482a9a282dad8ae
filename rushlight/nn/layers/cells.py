"""One step of a recurrent layer: RNNCell, LSTMCell, GRUCell."""

from __future__ import annotations

import math
from typing import Any

from ...kernels.elementwise import STEP
from ...tensor import Parameter, Tensor
from .. import functional, init
from ..module import Module
from .linear import empty_parameter

F: Any = functional


class RNNCellBase(Module):
    """What the three share: ``weight_ih, weight_hh, bias_ih, bias_hh``, one block of rows for each gate."""

    _takes = "[N, {0.input_size}] or [{0.input_size}]"

    input_size: int
    hidden_size: int
    bias: bool

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = self.gates * hidden_size
        self.weight_ih: Parameter = empty_parameter((rows, input_size), dtype, device)
        self.weight_hh: Parameter = empty_parameter((rows, hidden_size), dtype, device)
        self.register_parameter("bias_ih", empty_parameter((rows,), dtype, device) if bias else None)
        self.register_parameter("bias_hh", empty_parameter((rows,), dtype, device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters uniformly on (-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def _check(self, input: Tensor, *states: Any) -> None:
        """Raises ValueError for other numbers of dimensions, RuntimeError for other sizes."""
        name = type(self).__name__
        if len(input.shape) not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {len(input.shape)}D instead")
        for i, state in enumerate(states):
            if len(state.shape) not in (1, 2):
                which = f"hx[{i}]" if len(states) > 1 else "hidden"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {len(state.shape)}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.shape[-1]} expected {self.input_size}")
        for i, state in enumerate(states):
            rows = state.shape[0] if len(state.shape) > 1 else 1
            batch = input.shape[0] if len(input.shape) > 1 else 1
            if rows != batch or (len(state.shape) != len(input.shape) and batch != 1):
                raise RuntimeError(f"Input batch size {batch} doesn't match hidden{i} batch size {state.shape[0]}")
            if state.shape[-1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {state.shape[-1]}, expected {self.hidden_size}"
                )

    def _zeros(self, input: Tensor) -> Any:
        return input.new_zeros((*input.shape[:-1], self.hidden_size))  # type: ignore[attr-defined]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else text + f", bias={self.bias}"


def _in_pieces(gates: Any) -> Any:
    """Parts of rows as tensors of their own, which are quicker to compute with, unless PyTorch computes the ends of rows otherwise."""
    return [g.contiguous() for g in gates] if gates[0].shape[-1] % STEP == 0 else gates


def rnn_cell(input: Tensor, hidden: Tensor, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """What an RNN's nonlinearity is applied to: both products and their biases."""
    return F.linear(input, w_ih, b_ih) + F.linear(hidden, w_hh, b_hh)


def lstm_cell(
    input: Tensor, hidden: Tensor, cell: Tensor, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any
) -> tuple[Tensor, Tensor]:
    """A step of an LSTM, in the operations that PyTorch has in a cell."""
    i, f, g, o = _in_pieces(rnn_cell(input, hidden, w_ih, w_hh, b_ih, b_hh).chunk(4, -1))
    new_cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * new_cell.tanh(), new_cell


def gru_cell(input: Tensor, hidden: Tensor, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Tensor:
    """A step of a GRU."""
    of_input: Any = F.linear(input, w_ih, b_ih)
    of_hidden: Any = F.linear(hidden, w_hh, b_hh)
    r, z = _in_pieces((of_input + of_hidden).chunk(3, -1)[:2])
    x_n, h_n = _in_pieces((of_input.chunk(3, -1)[2], of_hidden.chunk(3, -1)[2]))
    new = (x_n + r.sigmoid() * h_n).tanh()
    return new + z.sigmoid() * (hidden - new)  # type: ignore[no-any-return]


class RNNCell(RNNCellBase):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or relu."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ):  # fmt: skip
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        self._check(input, *(() if hx is None else (hx,)))
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        hidden = self._zeros(input) if hx is None else hx
        total: Any = rnn_cell(input, hidden, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return total.tanh() if self.nonlinearity == "tanh" else total.relu()  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else text + f", nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """Gates i, f, g, o: ``c' = f c + i g``, ``h' = o tanh(c')``; returns (h', c')."""

    gates = 4

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        self._check(input, *(hx or ()))
        zeros = self._zeros(input) if hx is None else None
        hidden, cell = (zeros, zeros) if hx is None else hx
        return lstm_cell(input, hidden, cell, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


class GRUCell(RNNCellBase):
    """Gates r, z, n: ``n = tanh(x_n + r h_n)``, ``h' = n + z (h - n)``."""

    gates = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        self._check(input, *(() if hx is None else (hx,)))
        hidden = self._zeros(input) if hx is None else hx
        return gru_cell(input, hidden, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
