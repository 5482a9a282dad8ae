"""Losses and tables that ``torch`` has beside ``torch.nn.functional``, as PyTorch's inside calls them: a reduction is a number."""

from __future__ import annotations

from typing import Any

from . import errors
from .nn import functional
from .tensor import Tensor

F: Any = functional


def _reduced(loss: Tensor, reduction: int) -> Tensor:
    """0: the losses, 1: their mean, 2: their sum."""
    if reduction not in (0, 1, 2):
        raise errors.value(f"{reduction!r} is no reduction: 0 is none, 1 the mean, 2 the sum")
    return loss.mean() if reduction == 1 else loss.sum() if reduction == 2 else loss


def kl_div(input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """``F.kl_div``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.kl_div(input, target, reduction="none", log_target=log_target), reduction)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, reduction: int = 0
) -> Tensor:
    """``F.binary_cross_entropy_with_logits``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    loss = F.binary_cross_entropy_with_logits(input, target, weight, reduction="none", pos_weight=pos_weight)
    return _reduced(loss, reduction)


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """``F.poisson_nll_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    loss = F.poisson_nll_loss(input, target, log_input=log_input, full=full, eps=eps, reduction="none")
    return _reduced(loss, reduction)


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """``F.hinge_embedding_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.hinge_embedding_loss(input, target, margin, reduction="none"), reduction)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``F.cosine_embedding_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.cosine_embedding_loss(input1, input2, target, margin, reduction="none"), reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``F.margin_ranking_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(F.margin_ranking_loss(input1, input2, target, margin, reduction="none"), reduction)


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False,
    reduction: int = 0,
) -> Tensor:  # fmt: skip
    """``F.triplet_margin_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return _reduced(
        F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction="none"), reduction
    )


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """``F.embedding`` with the table first; a ``padding_idx`` below 0 is none."""
    padding = None if padding_idx < 0 else padding_idx
    return F.embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)  # type: ignore[no-any-return]
