"""Losses as modules."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...ops.losses import reduction_name
from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .linear import Linear


class _Loss(Module):
    """A loss: its function's name in ``functional``, and which attributes are arguments of that."""

    _function = ""
    _arguments: tuple[str, ...] = ()
    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction_name(reduction, size_average, reduce)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self._of(input, target)

    def _of(self, *tensors: Any) -> Tensor:
        """The function of these tensors, with this module's settings."""
        arguments = {name: getattr(self, name) for name in self._arguments}
        return getattr(F, self._function)(*tensors, reduction=self.reduction, **arguments)  # type: ignore[no-any-return]


class MSELoss(_Loss):
    """Squared differences."""

    _function = "mse_loss"


class L1Loss(_Loss):
    """Absolute differences."""

    _function = "l1_loss"


class _WeightedLoss(_Loss):
    _arguments = ("weight",)
    weight: Tensor | None

    def __init__(self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class BCELoss(_WeightedLoss):
    """Binary cross entropy of probabilities."""

    _takes = "input and target of one shape and dtype, both from 0 to 1"

    _function = "binary_cross_entropy"


class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross entropy of logits."""

    _takes = "input and target of one shape and floating dtype"

    _function = "binary_cross_entropy_with_logits"
    _arguments = ("weight", "pos_weight")
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


class NLLLoss(_WeightedLoss):
    """Negative log likelihood of log-probabilities."""

    _takes = "input [N, C] and target int64 [N], or input [N, C, ...] and target [N, ...]"

    _function = "nll_loss"
    _arguments = ("weight", "ignore_index")

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


class CrossEntropyLoss(_WeightedLoss):
    """Cross entropy of logits."""

    _takes = "input [N, C] and target int64 [N], or input [N, C, ...] and target [N, ...]; or target like input"

    ignore_index: int
    label_smoothing: float

    _function = "cross_entropy"
    _arguments = ("weight", "ignore_index", "label_smoothing")

    def __init__(
        self, weight: Any = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean", label_smoothing: float = 0.0,
    ):  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class NLLLoss2d(NLLLoss):
    """The old name of ``NLLLoss`` for images."""

    def __init__(self, *args: Any, **kwargs: Any):
        warnings.warn("NLLLoss2d has been deprecated. Please use NLLLoss instead.", FutureWarning, stacklevel=2)
        super().__init__(*args, **kwargs)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Cross entropy of each class on its own, averaged over the classes."""

    _function = "multilabel_soft_margin_loss"


class MultiLabelMarginLoss(_Loss):
    """Margins between the labels and the other classes."""

    _function = "multilabel_margin_loss"


class SoftMarginLoss(_Loss):
    """``log(1 + exp(-target * input))``."""

    _function = "soft_margin_loss"


class SmoothL1Loss(_Loss):
    """Squared below ``beta``, absolute above."""

    _function = "smooth_l1_loss"
    _arguments = ("beta",)

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(_Loss):
    """Squared up to ``delta``, absolute above."""

    _function = "huber_loss"
    _arguments = ("delta",)

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__(reduction=reduction)
        if not isinstance(delta, (int, float)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        self.delta = delta


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence from log-probabilities to a target."""

    _function = "kl_div"
    _arguments = ("log_target",)

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


class PoissonNLLLoss(_Loss):
    """Negative log likelihood of counts under a Poisson distribution."""

    log_input: bool
    full: bool
    eps: float

    _function = "poisson_nll_loss"
    _arguments = ("log_input", "full", "eps")

    def __init__(
        self, log_input: bool = True, full: bool = False, size_average: Any = None, eps: float = 1e-8, reduce: Any = None,
        reduction: str = "mean",
    ):  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        return self._of(log_input, target)


class GaussianNLLLoss(_Loss):
    """Negative log likelihood under normal distributions of given means and variances."""

    full: bool
    eps: float

    _function = "gaussian_nll_loss"
    _arguments = ("full", "eps")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:  # type: ignore[override]
        return self._of(input, target, var)


class _MarginLoss(_Loss):
    _arguments = ("margin",)
    _margin = 0.0

    def __init__(
        self, margin: float | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ):
        super().__init__(size_average, reduce, reduction)
        self.margin: float = self._margin if margin is None else margin


class HingeEmbeddingLoss(_MarginLoss):
    """Distances that are small for 1 and beyond a margin for -1."""

    _function = "hinge_embedding_loss"
    _margin = 1.0


class CosineEmbeddingLoss(_MarginLoss):
    """Pairs that look the same way for 1, and do not for -1."""

    _function = "cosine_embedding_loss"

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        return self._of(input1, input2, target)


class MarginRankingLoss(_MarginLoss):
    """The first ranks higher for 1, the second for -1."""

    _function = "margin_ranking_loss"

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        return self._of(input1, input2, target)


class MultiMarginLoss(_WeightedLoss):
    """Margins between the right class and the others."""

    margin: float

    _function = "multi_margin_loss"
    _arguments = ("p", "margin", "weight")

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, size_average: Any = None, reduce: Any = None,
        reduction: str = "mean",
    ):  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise AssertionError(f"weight must be 1-dimensional, got {weight.dim()}")
        self.p, self.margin = p, margin


class TripletMarginLoss(_Loss):
    """The anchor nearer to the positive than to the negative by a margin."""

    margin: float
    p: float
    eps: float
    swap: bool

    _function = "triplet_margin_loss"
    _arguments = ("margin", "p", "eps", "swap")

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, size_average: Any = None,
        reduce: Any = None, reduction: str = "mean",
    ):  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:  # type: ignore[override]
        return self._of(anchor, positive, negative)


class TripletMarginWithDistanceLoss(_Loss):
    """``TripletMarginLoss`` with a distance of your own."""

    margin: float
    swap: bool

    _function = "triplet_margin_with_distance_loss"
    _arguments = ("distance_function", "margin", "swap")

    def __init__(
        self, *, distance_function: Any = None, margin: float = 1.0, swap: bool = False, reduction: str = "mean"
    ):
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.distance_function: Any | PairwiseDistance = (
            distance_function if distance_function is not None else PairwiseDistance()
        )
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:  # type: ignore[override]
        return self._of(anchor, positive, negative)


class CTCLoss(_Loss):
    """Label sequences without alignment."""

    blank: int
    zero_infinity: bool

    _function = "ctc_loss"
    _arguments = ("blank", "zero_infinity")

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False):
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:  # type: ignore[override]
        return self._of(log_probs, targets, input_lengths, target_lengths)


class LinearCrossEntropyOptions:
    """How PyTorch cuts ``linear_cross_entropy`` into chunks to save memory. Here it is computed whole, with the same result."""

    allow_retain_graph: bool
    batch_chunk_size: int | None
    chunking_method: str | None
    acc_policy: str
    acc_dtype: Any

    def __init__(
        self, allow_retain_graph: bool = False, batch_chunk_size: int | None = None, chunking_method: str | None = "auto",
        acc_policy: str = "auto", acc_dtype: Any = None,
    ):  # fmt: skip
        self.allow_retain_graph, self.batch_chunk_size = allow_retain_graph, batch_chunk_size
        self.chunking_method, self.acc_policy, self.acc_dtype = chunking_method, acc_policy, acc_dtype

    def __repr__(self) -> str:
        return f"LinearCrossEntropyOptions({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class LinearCrossEntropyLoss(_WeightedLoss):
    """A linear layer and cross entropy after it."""

    num_classes: int
    out_features: tuple[int, ...]
    ignore_index: int | None
    label_smoothing: float

    _function = "linear_cross_entropy"

    def __init__(
        self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (), bias: bool = False, device: Any = None,
        dtype: Any = None, reduction: str = "mean", weight: Any = None, ignore_index: int | None = None,
        label_smoothing: float = 0.0, options: Any = None,
    ):  # fmt: skip
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes, self.out_features = num_classes, out_features
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing
        self.linear: Linear = Linear(in_features, math.prod(out_features, start=num_classes), bias, device, dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        linear: Any = self.linear
        shape = (self.num_classes, *self.out_features)
        return F.linear_cross_entropy(  # type: ignore[no-any-return, attr-defined]
            input, linear.weight.reshape(*shape, linear.in_features), target,
            linear_bias=None if linear.bias is None else linear.bias.reshape(shape), weight=self.weight, reduction=self.reduction,
            ignore_index=self.ignore_index, label_smoothing=self.label_smoothing, options=self.options,
        )  # fmt: skip

    def extra_repr(self) -> str:
        names = ("num_classes", "out_features", "bias", "reduction", "ignore_index", "label_smoothing", "options")
        values = {n: getattr(self, n) for n in names if n != "bias"} | {"bias": self.linear.bias is not None}
        return f"in_features={self.linear.in_features}, " + ", ".join(f"{n}={values[n]}" for n in names)


class CosineSimilarity(Module):
    """The cosine between two tensors along ``dim``."""

    dim: int
    eps: float

    def __init__(self, dim: int = 1, eps: float = 1e-8):
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)  # type: ignore[no-any-return, attr-defined]


class PairwiseDistance(Module):
    """The p-norm of differences along the last dimension."""

    norm: float
    eps: float
    keepdim: bool

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)  # type: ignore[no-any-return, attr-defined]
