"""Adam (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018) and AdamW's decoupled decay (Loshchilov & Hutter 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from ..writing import bump
from .optimizer import Optimizer, check_settings


class Adam(Optimizer):
    """``m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p = p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)``."""

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None, decoupled_weight_decay: bool = False,
    ):  # fmt: skip
        check_settings(
            lr=(lr, lr >= 0), eps=(eps, eps >= 0), weight_decay=(weight_decay, weight_decay >= 0),
        )  # fmt: skip
        for i, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            g = p._grad._a  # type: ignore[union-attr]
            if p._a.dtype.kind == "c":
                raise NotImplementedError(f"{type(self).__name__} on complex parameters is not supported: view_as_real them.")
            state = self.state[p]
            if not state:
                state["step"] = wrap(np.zeros((), np.float32))
                state["exp_avg"] = wrap(np.zeros_like(p._a))
                state["exp_avg_sq"] = wrap(np.zeros_like(p._a))
                if group["amsgrad"]:
                    state["max_exp_avg_sq"] = wrap(np.zeros_like(p._a))
            self.update_one(group, p, -g if group["maximize"] else g, state)
            bump(p)

    def update_one(self, group: dict[str, Any], p: Tensor, g: Any, state: dict[str, Any]) -> None:
        a = p._a
        beta1, beta2 = (float(b) for b in group["betas"])
        lr, decay = float(group["lr"]), group["weight_decay"]
        state["step"]._a += 1
        step = state["step"]._a.item()
        if decay != 0:
            if group["decoupled_weight_decay"]:
                a *= 1 - lr * decay
            else:
                g = g + a * decay
        m, v = state["exp_avg"]._a, state["exp_avg_sq"]._a
        m += (g - m) * (1 - beta1)  # lerp: PyTorch's form, and its rounding
        v *= beta2
        v += g * g * (1 - beta2)
        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"]._a
            np.maximum(largest, v, out=largest)
            v = largest
        denominator = np.sqrt(v)
        denominator /= (1 - beta2**step) ** 0.5
        denominator += group["eps"]
        a += m * (-lr / (1 - beta1**step)) / denominator


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters directly: ``p = (1 - lr weight_decay) p`` before the step."""

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2,
        amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ):  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
