"""Losses as modules."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional as F
from ..module import Module


class _Loss(Module):
    """A loss whose function is looked up in ``functional`` when it is called."""

    _function = ""
    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"):
        super().__init__()
        self._old = (size_average, reduce)
        self.reduction = reduction

    def options(self) -> dict[str, Any]:
        """Further arguments of the function."""
        return {}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        size_average, reduce = self._old
        function = getattr(F, self._function)
        return function(  # type: ignore[no-any-return]
            input, target, size_average=size_average, reduce=reduce, reduction=self.reduction, **self.options()
        )


class MSELoss(_Loss):
    """Squared differences."""

    _function = "mse_loss"


class L1Loss(_Loss):
    """Absolute differences."""

    _function = "l1_loss"


class _WeightedLoss(_Loss):
    weight: Tensor | None

    def __init__(self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)

    def options(self) -> dict[str, Any]:
        return {"weight": self.weight}


class BCELoss(_WeightedLoss):
    """Binary cross entropy of probabilities."""

    _function = "binary_cross_entropy"


class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross entropy of logits."""

    _function = "binary_cross_entropy_with_logits"
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ):
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def options(self) -> dict[str, Any]:
        return {"weight": self.weight, "pos_weight": self.pos_weight}


class NLLLoss(_WeightedLoss):
    """Negative log likelihood of log-probabilities."""

    _function = "nll_loss"

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def options(self) -> dict[str, Any]:
        return {"weight": self.weight, "ignore_index": self.ignore_index}


class CrossEntropyLoss(_WeightedLoss):
    """Cross entropy of logits."""

    _function = "cross_entropy"

    def __init__(
        self, weight: Any = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean", label_smoothing: float = 0.0,
    ):  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def options(self) -> dict[str, Any]:
        return {"weight": self.weight, "ignore_index": self.ignore_index, "label_smoothing": self.label_smoothing}
