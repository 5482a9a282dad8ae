"""Adam (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018) and AdamW's decoupled decay (Loshchilov & Hutter 2019)."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..tensor import Tensor
from .adaptive import check_adam
from .formula import Elementwise, check_fused, lerp, number, zero_step, zeros


class Adam(Elementwise):
    """``m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p = p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)``."""

    refusal = "does not support sparse gradients, please consider SparseAdam instead"

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None, decoupled_weight_decay: bool = False,
    ):  # fmt: skip
        _check_tensors(lr, betas, foreach, capturable)
        check_adam(lr, betas, eps, weight_decay)
        check_fused(fused, foreach, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )  # fmt: skip

    def called(self) -> str:
        return "Adam"  # AdamW is one, as PyTorch's errors say

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"] = zero_step()
        for name in self.names(group):
            state[name] = zeros(p)

    def change(self, k: Any, group: dict[str, Any], a: Any, g: Any, step: float, *state: Any) -> None:
        beta1, beta2 = (number(b) for b in group["betas"])
        m, v, *largest = state
        lerp(k, m, g, 1 - beta1)
        v *= beta2
        k.accumulate(v, g * (1 - beta2), g)
        if largest:
            v = k.maximum(largest[0] * 1, v)  # times 1: what maximum saves must not be written to
            largest[0][...] = v
        root = k.sqrt(v) / (1 - beta2**step) ** 0.5 + group["eps"]
        lr = group["lr"]
        if isinstance(lr, Tensor):
            lr = lr._a.reshape(())[()]  # divided in its own precision, as PyTorch does
        a += m * float(-lr / (1 - beta1**step)) / root


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

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


def _check_tensors(lr: Any, betas: Any, foreach: Any, capturable: bool) -> None:
    """Where settings may be tensors."""
    pairs = [("lr", lr), *((f"betas[{i}]", b) for i, b in enumerate(betas))]
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        raise errors.value("betas must be either both floats or both Tensors")
    for name, value in pairs:
        if isinstance(value, Tensor):
            if foreach and not capturable:
                raise errors.value(f"{name} as a Tensor is not supported for capturable=False and foreach=True")
            if value._a.size != 1:
                raise errors.value(f"Tensor {name} must be 1-element")
