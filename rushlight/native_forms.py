"""Losses, tables and cells that ``torch`` has beside ``torch.nn``, as PyTorch's inside calls them: a reduction is a number."""

from __future__ import annotations

import warnings
from typing import Any

from . import errors
from .asking import asking
from .functions import FUNCTIONS
from .nn import functional
from .nn.layers import cells
from .readers import REGISTRY
from .tensor import Tensor

F: Any = functional
_ONE_DIMENSION = "Dimension out of range (expected to be in range of [-1, 0], but got 1)"


def _reduced(loss: Tensor, reduction: int) -> Tensor:
    """0: the losses, 1: their mean, 2: their sum."""
    if reduction not in (0, 1, 2):
        raise errors.value(f"{reduction!r} is no reduction: 0 is none, 1 the mean, 2 the sum")
    return loss.mean() if reduction == 1 else loss.sum() if reduction == 2 else loss


@asking
def kl_div(input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """``F.kl_div``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.kl_div(input, target, reduction="none", log_target=log_target), reduction)


@asking
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, reduction: int = 0
) -> Tensor:
    """``F.binary_cross_entropy_with_logits``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    loss = F.binary_cross_entropy_with_logits(input, target, weight, reduction="none", pos_weight=pos_weight)
    return _reduced(loss, reduction)


@asking
def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """``F.poisson_nll_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    loss = F.poisson_nll_loss(input, target, log_input=log_input, full=full, eps=eps, reduction="none")
    return _reduced(loss, reduction)


@asking
def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """``F.hinge_embedding_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.hinge_embedding_loss(input, target, margin, reduction="none"), reduction)


@asking
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``F.cosine_embedding_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.cosine_embedding_loss(input1, input2, target, margin, reduction="none"), reduction)


@asking
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``F.margin_ranking_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.margin_ranking_loss(input1, input2, target, margin, reduction="none"), reduction)


@asking
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False,
    reduction: int = 0,
) -> Tensor:  # fmt: skip
    """``F.triplet_margin_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(
        F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction="none"), reduction
    )


@asking
def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """``F.embedding`` with the table first; a ``padding_idx`` below 0 is none."""
    padding = None if padding_idx < 0 else padding_idx
    return F.embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)  # type: ignore[no-any-return]


@asking
def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, transposed: bool, output_padding: Any,
    groups: int,
) -> Tensor:  # fmt: skip
    """``F.conv1d`` to ``F.conv_transpose3d`` in one: the weight's dimensions say which."""
    n = weight.ndim - 2
    if transposed:
        return getattr(F, f"conv_transpose{n}d")(input, weight, bias, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]
    return getattr(F, f"conv{n}d")(input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


@asking
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """A convolution along time of (time, batch, channels); the weight is (window, in, out)."""
    out = F.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return out.permute(2, 0, 1)  # type: ignore[no-any-return]


@asking
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """``F.ctc_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    how = ("none", "mean", "sum")[reduction]
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, how, zero_infinity)  # type: ignore[no-any-return]


@asking
def affine_grid_generator(theta: Tensor, size: Any, align_corners: bool) -> Tensor:
    """``F.affine_grid``."""
    return F.affine_grid(theta, size, align_corners)  # type: ignore[no-any-return]


@asking
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all dimensions but one, which keep the size 1; of everything for ``dim=-1``."""
    if dim == -1:
        return v.norm(pow)
    return v.norm(pow, dim=tuple(d for d in range(v.ndim) if d != dim % v.ndim), keepdim=True)


def _old_norm(name: str, instead: str) -> None:
    warnings.warn(
        f"at::{name} is deprecated and it is just left for JIT compatibility. It will be removed in a future PyTorch release. "
        f"Please use `{instead}` instead",
        UserWarning,
        stacklevel=3,
    )


@asking
def frobenius_norm(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """``linalg.vector_norm(input, 2, dim, keepdim)``. Deprecated in PyTorch."""
    _old_norm("frobenius_norm", "linalg.vector_norm(A, 2., dim, keepdim)")
    return REGISTRY["vector_norm"].public(input, 2.0, dim or None, keepdim)  # type: ignore[no-any-return]


@asking
def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """``linalg.matrix_norm(input, "nuc", dim, keepdim)``. Deprecated in PyTorch."""
    _old_norm("nuclear_norm", "linalg.matrix_norm(A, 'nuc', dim, keepdim)")
    return FUNCTIONS["linalg.matrix_norm"].fn(input, "nuc", dim, keepdim)  # type: ignore[no-any-return]


@asking
def detach_copy(input: Tensor) -> Tensor:
    """A copy; as in PyTorch, gradients flow through it all the same."""
    return input.clone()


@asking
def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """``input.split(split_sizes, dim)``, of parts that may be written to."""
    return tuple([part.clone() for part in FUNCTIONS["split_with_sizes"].fn(input, list(split_sizes), dim)])


def init_num_threads() -> None:
    """Nothing: threads are ready when they are needed."""


def is_vulkan_available() -> bool:
    """False: there is only a CPU."""
    return False


@asking
def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """``tanh(w_ih x + b_ih + w_hh h + b_hh)`` of ``input`` [N, in] and ``hx`` [N, hidden]: a step of ``nn.RNNCell``."""
    _check_cell(1, input, hx, w_ih, w_hh)
    return cells.rnn_cell(input, hx, w_ih, w_hh, b_ih, b_hh).tanh()  # type: ignore[no-any-return]


@asking
def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """``relu(w_ih x + b_ih + w_hh h + b_hh)`` of ``input`` [N, in] and ``hx`` [N, hidden]: a step of ``nn.RNNCell``."""
    _check_cell(1, input, hx, w_ih, w_hh)
    return cells.rnn_cell(input, hx, w_ih, w_hh, b_ih, b_hh).relu()  # type: ignore[no-any-return]


@asking
def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The new state of ``nn.GRUCell`` with these weights, of ``input`` [N, in] and ``hx`` [N, hidden]."""
    _check_cell(3, input, hx, w_ih, w_hh)
    return cells.gru_cell(input, hx, w_ih, w_hh, b_ih, b_hh)


@asking
def lstm_cell(
    input: Tensor, hx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The new state and cell of ``nn.LSTMCell`` with these weights, of ``input`` [N, in] and the pair ``hx`` of [N, hidden]."""
    if len(hx) != 2:
        raise errors.runtime("lstm_cell expects two hidden states", f"hx has {len(hx)}: give (state, cell).")
    for i, state in enumerate(hx):
        _check_cell(4, input, state, w_ih, w_hh, i)
    return cells.lstm_cell(input, hx[0], hx[1], w_ih, w_hh, b_ih, b_hh)


def _check_cell(gates: int, input: Tensor, state: Tensor, w_ih: Tensor, w_hh: Tensor, which: int = 0) -> None:
    """Refuse sizes that do not fit each other: of the input, a state and the weights of ``gates`` gates."""
    if input.ndim < 2:
        raise errors.index(_ONE_DIMENSION, f"The input has the shape {list(input.shape)}: give [N, {w_ih.shape[1]}].")
    if input.shape[1] != w_ih.shape[1]:
        raise errors.runtime(f"input has inconsistent input_size: got {input.shape[1]} expected {w_ih.shape[1]}")
    if input.shape[0] != state.shape[0]:
        raise errors.runtime(
            f"Input batch size {input.shape[0]} doesn't match hidden{which} batch size {state.shape[0]}"
        )
    size = w_hh.shape[1]
    if state.ndim < 2:
        raise errors.index(_ONE_DIMENSION, f"The state has the shape {list(state.shape)}: give [N, {size}].")
    if state.shape[1] != size:
        raise errors.runtime(f"hidden{which} has inconsistent hidden_size: got {state.shape[1]}, expected {size}")
    if w_ih.shape[0] != gates * size:
        raise errors.runtime(
            f"weight_ih first dim must be {gates} * hidden_size = {gates * size}, but got {w_ih.shape[0]}"
        )
