"""Stochastic gradient descent, with momentum (Sutskever et al. 2013) and Nesterov's form of it."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..tensor import Tensor, wrap
from ..writing import bump
from .optimizer import Optimizer, check_settings


class SGD(Optimizer):
    """``g = grad + weight_decay p; b = momentum b + (1 - dampening) g; p = p - lr (g + momentum b if nesterov else b)``.

    Without momentum ``p = p - lr g``.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
        fused: bool | None = None,
    ):  # fmt: skip
        check_settings(
            lr=(lr, lr >= 0), momentum=(momentum, momentum >= 0), weight_decay=(weight_decay, weight_decay >= 0)
        )
        if nesterov and (momentum <= 0 or dampening != 0):
            raise errors.value("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
                "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        lr, momentum, decay = float(group["lr"]), group["momentum"], group["weight_decay"]
        for p in params:
            a, g = p._a, p._grad._a  # type: ignore[union-attr]
            if group["maximize"]:
                g = -g
            if decay != 0:
                g = g + a * decay
            if momentum != 0:
                state = self.state[p]
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    buffer = state["momentum_buffer"] = wrap(g.copy())
                else:
                    b = buffer._a
                    b *= momentum
                    b += g if group["dampening"] == 0 else g * (1 - group["dampening"])
                    bump(buffer)
                g = g + buffer._a * momentum if group["nesterov"] else buffer._a
            a -= g * lr
            bump(p)
