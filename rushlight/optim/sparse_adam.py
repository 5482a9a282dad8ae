"""Adam for sparse gradients: the averages of the rows that have a gradient move, those of the others stay as they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..tensor import Tensor
from .formula import GroupOptimizer, number, zeros


class SparseAdam(GroupOptimizer):
    """``m += (1 - b1) (g - m); v += (1 - b2) (g^2 - v); p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)`` in the gradient's rows.

    A row's averages are not decayed in the steps in which it is not used (unlike Adam's; Kingma & Ba 2015), so that a step costs what
    its rows cost. The steps ``t`` are the parameter's.

    Raises:
        ValueError: for settings out of their range, or sparse parameters. RuntimeError: in ``step``, for a dense gradient.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, maximize: bool = False
    ):
        if not 0.0 < lr:
            raise errors.value(f"Invalid learning rate: {lr}")
        if not 0.0 < eps:
            raise errors.value(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise errors.value(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        sparse = [
            [i, j] for i, group in enumerate(self.param_groups) for j, p in enumerate(group["params"]) if p.is_sparse
        ]
        if sparse:
            raise errors.value(f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors")

    def check(self, group: dict[str, Any], params: list[Tensor]) -> None:
        if not all(p._grad.is_sparse for p in params):  # type: ignore[union-attr]
            raise errors.runtime(
                "SparseAdam does not support dense gradients, please consider Adam instead",
                "Make the layer with sparse=True, or use Adam.",
            )

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Nothing is left: ``check`` has seen that all gradients are sparse."""

    def change_rows(self, group: dict[str, Any], p: Tensor, grad: Any) -> None:
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=zeros(p), exp_avg_sq=zeros(p))
        state["step"] += 1
        grad = grad.coalesce()
        at, g = tuple(grad._ind), -grad._val._a if group["maximize"] else grad._val._a
        if not g.size:
            return
        b1, b2 = group["betas"]
        m, v, t = state["exp_avg"]._a, state["exp_avg_sq"]._a, g.dtype.type
        m[at] += (g - m[at]) * t(1 - b1)
        v[at] += (g * g - v[at]) * t(1 - b2)
        step = state["step"]
        rate = number(group["lr"]) * math.sqrt(1 - b2**step) / (1 - b1**step)
        p._a[at] += t(-rate) * (m[at] / (np.sqrt(v[at]) + t(group["eps"])))
