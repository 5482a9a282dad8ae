"""A softmax over many classes of which few are common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ... import errors
from ...readers import REGISTRY
from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .containers import ModuleList, Sequential
from .linear import Linear


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of classes that are sorted by frequency, and their mean as a loss.

    The head has the classes below ``cutoffs[0]`` and one output for each cluster of rarer ones. Cluster i, the classes from
    ``cutoffs[i]`` to ``cutoffs[i + 1]``, is computed for its own targets only, from ``in_features // div_value ** (i + 1)`` features
    (Grave et al., "Efficient softmax approximation for GPUs", 2017).

    Raises:
        ValueError: unless ``cutoffs`` are integers that ascend from 1 or more to at most ``n_classes - 1``.
    """

    _takes = "input [N, {0.in_features}] and target int64 [N], or input [{0.in_features}] and target []"

    head: Any
    tail: Any

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
        device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise errors.value("cutoffs should be a sequence of length larger than 0")
        ascending = all(a < b for a, b in pairwise([0, *cutoffs, n_classes]))
        if not ascending or any(int(c) != c for c in cutoffs):
            raise errors.value(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is "
                "between 1 and n_classes-1"
            )
        self.in_features: int = in_features
        self.n_classes: int = n_classes
        self.cutoffs: list[int] = [*cutoffs, n_classes]
        self.div_value: float = div_value
        self.head_bias: bool = head_bias
        self.shortlist_size: int = cutoffs[0]
        self.n_clusters: int = len(cutoffs)
        self.head_size: int = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            hidden = int(in_features // div_value ** (i + 1))
            first = Linear(in_features, hidden, False, device, dtype)
            self.tail.append(Sequential(first, Linear(hidden, high - low, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def _checked(self, input: Tensor, target: Tensor) -> None:
        if target.dim() > 1:
            raise errors.runtime("0D or 1D target tensor expected, multi-target not supported")
        if target.dim() == 1 and input.size(0) != target.size(0):
            raise errors.runtime("Input and target should have the same size in the batch dimension.")
        if input.dim() != target.dim() + 1:
            raise errors.runtime(
                f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with size {input.size()}"
            )
        if target.numel() and not ((target >= 0) & (target < self.n_classes)).all():
            low, high = target.min().item(), target.max().item()
            raise errors.runtime(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{low}, {high}] were found. "
            )

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        input, target = input_, target_
        self._checked(input, target)
        rows: Any = input if target.dim() else input.unsqueeze(0)
        labels: Any = target if target.dim() else target.unsqueeze(0)
        within, places = rows.new_zeros(labels.size(0)), labels
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            mine = ((labels >= low) & (labels < high)).nonzero().squeeze(1)
            if mine.numel():
                log_probs = F.log_softmax(self.tail[i](rows.index_select(0, mine)), dim=1)
                local = log_probs.gather(1, (labels.index_select(0, mine) - low).unsqueeze(1))
                within = within.index_copy(0, mine, local.squeeze(1))
                places = places.index_fill(0, mine, self.shortlist_size + i)
        head = F.log_softmax(self.head(rows), dim=1)
        output = within + head.gather(1, places.unsqueeze(1)).squeeze(1)
        return _ASMoutput(output if target.dim() else output.squeeze(0), (-output).mean())

    def _parts(self, input: Tensor) -> Iterator[Any]:
        """The log-probabilities of the head's classes, then of each cluster's."""
        head: Any = F.log_softmax(self.head(input), dim=1)
        yield head[:, : self.shortlist_size]
        for i, cluster in enumerate(self.tail):
            within: Any = F.log_softmax(cluster(input), dim=1)
            yield within + head[:, self.shortlist_size + i].unsqueeze(1)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities (N, n_classes) of all classes, for ``input`` (N, in_features)."""
        return REGISTRY["cat"].public(list(self._parts(input)), 1)  # type: ignore[no-any-return]

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row (N,); clusters are computed for the rows in which one of them wins in the head."""
        chosen: Any = self.head(input).argmax(1)
        rare = (chosen >= self.shortlist_size).nonzero().squeeze(1)
        if not rare.numel():
            return chosen  # type: ignore[no-any-return]
        best: Any = self.log_prob(input.index_select(0, rare)).argmax(1)  # type: ignore[attr-defined]
        return chosen.index_copy(0, rare, best)  # type: ignore[no-any-return]
