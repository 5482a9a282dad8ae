"""Muon (K. Jordan 2024): momentum whose matrix is replaced by the nearest orthogonal one, about."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..tensor import Tensor
from ..writing import bump
from .formula import GroupOptimizer, zeros


class Muon(GroupOptimizer):
    """``b = momentum b + (1 - momentum) g``; ``p = (1 - lr weight_decay) p - lr' orthogonal(b)``, for matrices only.

    The orthogonal matrix comes from ``ns_steps`` of a Newton-Schulz iteration in bfloat16. ``lr'`` is ``lr sqrt(max(1, rows /
    columns))``, or with ``adjust_lr_fn="match_rms_adamw"`` ``0.2 lr sqrt(max(rows, columns))``.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
        ns_coefficients: Any = (3.4445, -4.775, 2.0315), eps: float = 1e-7, ns_steps: int = 5, adjust_lr_fn: str | None = None,
    ):  # fmt: skip
        if isinstance(lr, Tensor) and lr._a.size != 1:
            raise errors.value("Tensor lr must be 1-element")
        for name, value in (("Learning rate", lr), ("momentum", momentum), ("weight decay", weight_decay)):
            if not value >= 0:
                raise errors.value(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise errors.value(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(
            params,
            {
                "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
                "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
            },
        )  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                if p._a.ndim != 2:
                    raise errors.value(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                    )

    def check(self, group: dict[str, Any], params: list[Tensor]) -> None:
        if any(p.is_complex() for p in params):
            raise errors.runtime("Muon does not support complex parameters")
        if group["ns_steps"] >= 100:
            raise errors.value("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise errors.value("Coefficients must be a tuple of exactly 3 values")

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        lr, momentum = float(group["lr"]), group["momentum"]
        for p in params:
            state = self.state[p]
            if not state:
                state["momentum_buffer"] = zeros(p)
            a, g, b = p._a, p._grad._a, state["momentum_buffer"]._a  # type: ignore[union-attr]
            b += (g - b) * (1 - momentum)
            # from the end that is nearer, as PyTorch's lerp
            direction = (
                (b - (b - g) * (1 - momentum) if momentum >= 0.5 else g + (b - g) * momentum)
                if group["nesterov"]
                else b
            )
            turned = orthogonal(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
            rows, columns = a.shape
            if group["adjust_lr_fn"] == "match_rms_adamw":
                scale = 0.2 * math.sqrt(max(rows, columns))
            else:
                scale = math.sqrt(max(1, rows / columns))
            a *= 1 - lr * group["weight_decay"]
            a += turned.astype(a.dtype) * (-lr * scale)
            bump(p)


def orthogonal(a: Any, coefficients: Any, steps: int, eps: float) -> Any:
    """``U V^T`` of ``a = U S V^T``, roughly: the singular values are driven towards 1 by an odd polynomial."""
    c1, c3, c5 = coefficients
    x = bfloat16(a)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    length = bfloat16(np.sqrt((x.astype(np.float64) ** 2).sum()))
    x = bfloat16(x / np.maximum(length, bfloat16(np.float32(eps))))
    for _ in range(steps):
        gram = bfloat16(x @ x.T)
        x = bfloat16(np.float32(c1) * x + bfloat16(np.float32(c3) * gram + np.float32(c5) * (gram @ gram)) @ x)
    return x.T if tall else x


def bfloat16(a: Any) -> Any:
    """Rounded to bfloat16, kept as float32: to the nearest of the numbers whose last 16 bits are zero, ties to even."""
    a = np.ascontiguousarray(a, np.float32)
    bits = a.view(np.uint32)
    rounded = bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))
    return np.where(np.isfinite(a), (rounded & np.uint32(0xFFFF0000)).view(np.float32), a)
