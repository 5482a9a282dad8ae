"""Adam (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018) and AdamW's decoupled decay (Loshchilov & Hutter 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .adaptive import PerParameter, check_adam, zero_step, zeros


class Adam(PerParameter):
    """``m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p = p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)``."""

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None, decoupled_weight_decay: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )  # fmt: skip

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["exp_avg"], state["exp_avg_sq"] = zero_step(), zeros(p), zeros(p)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros(p)

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        beta1, beta2 = (float(b) for b in group["betas"])
        lr = float(group["lr"])
        m, v = state["exp_avg"]._a, state["exp_avg_sq"]._a
        m += (g - m) * (1 - beta1)  # lerp: PyTorch's form, and its rounding
        v *= beta2
        v += g * (1 - beta2) * g
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
