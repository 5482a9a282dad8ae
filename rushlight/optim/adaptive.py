"""Step sizes that adapt per element: RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, ASGD, Rprop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..tensor import Tensor, wrap
from .formula import Elementwise, check_fused, lerp, number, zero_step, zeros
from .optimizer import check_lr, check_settings

Settings = dict[str, Any]


def flags(foreach: Any, maximize: bool, capturable: bool | None, differentiable: bool) -> Settings:
    """The settings that most optimizers share."""
    out = {"foreach": foreach, "maximize": maximize, "capturable": capturable, "differentiable": differentiable}
    return {k: v for k, v in out.items() if v is not None or k == "foreach"}


class RMSprop(Elementwise):
    """``v = alpha v + (1 - alpha) g^2; p = p - lr g / (sqrt(v) + eps)`` (Tieleman & Hinton 2012), centered or with momentum."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_lr(lr)
        check_settings(
            eps=(eps, eps >= 0), momentum=(momentum, momentum >= 0), weight_decay=(weight_decay, weight_decay >= 0),
            alpha=(alpha, alpha >= 0),
        )  # fmt: skip
        settings = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
            "capturable": capturable, "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, settings)

    def names(self, group: Settings) -> tuple[str, ...]:
        return (
            "square_avg",
            *(["momentum_buffer"] if group["momentum"] > 0 else []),
            *(["grad_avg"] if group["centered"] else []),
        )

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        state["step"] = zero_step()
        for name in self.names(group):
            state[name] = zeros(p)

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: float, *state: Any) -> None:
        v, alpha, lr = state[0], group["alpha"], number(group["lr"])
        v *= alpha
        k.accumulate(v, g * (1 - alpha), g)
        if group["centered"]:
            mean = state[-1]
            lerp(k, mean, g, 1 - alpha)
            root = k.sqrt(k.fma(-mean, mean, v)) + group["eps"]
        else:
            root = k.sqrt(v) + group["eps"]
        if group["momentum"] > 0:
            b = state[1]
            b *= group["momentum"]
            b += g / root
            k.accumulate(a, b, -lr)
        else:
            a += g * -lr / root


class Adagrad(Elementwise):
    """``s = s + g^2; p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)`` (Duchi et al. 2011)."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0, initial_accumulator_value: float = 0,
        eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        fused: bool | None = None,
    ):  # fmt: skip
        check_lr(lr)
        check_settings(
            lr_decay=(lr_decay, lr_decay >= 0), weight_decay=(weight_decay, weight_decay >= 0),
            initial_accumulator_value=(initial_accumulator_value, initial_accumulator_value >= 0), eps=(eps, eps >= 0),
        )  # fmt: skip
        check_fused(fused, foreach, differentiable)
        settings = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, settings)
        for group in self.param_groups:
            for p in group["params"]:
                self.start(group, p, self.state[p])

    def share_memory(self) -> None:
        """Move the sums to memory that processes share."""
        for state in self.state.values():
            state["sum"].share_memory_()

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("sum",)

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        initial = group["initial_accumulator_value"]
        state["step"] = zero_step()
        state["sum"] = wrap(np.full_like(p._a, complex(initial, initial) if p.is_complex() else initial))

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: float, *state: Any) -> None:
        (total,) = state
        k.accumulate(total, g, g)
        rate = number(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        a += g * -rate / (k.sqrt(total) + group["eps"])

    def check_sparse(self, group: Settings) -> None:
        if group["weight_decay"] != 0:
            raise errors.runtime("weight_decay option is not compatible with sparse gradients")

    def change_rows(self, group: Settings, p: Tensor, grad: Any) -> None:
        """The formula on the rows of the gradient."""
        grad, state = grad.coalesce(), self.state[p]
        at, g = tuple(grad._ind), -grad._val._a if group["maximize"] else grad._val._a
        rate = number(group["lr"]) / (1 + (self.count(state) - 1) * group["lr_decay"])
        state["sum"]._a[at] += g * g
        p._a[at] += g / (np.sqrt(state["sum"]._a[at]) + g.dtype.type(group["eps"])) * g.dtype.type(-rate)


class Adadelta(Elementwise):
    """Steps in the units of the parameter: ``sqrt(u + eps) / sqrt(v + eps) g`` (Zeiler 2012)."""

    def __init__(
        self, params: Any, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_lr(lr)
        check_settings(rho=(rho, 0 <= rho <= 1), eps=(eps, eps >= 0), weight_decay=(weight_decay, weight_decay >= 0))
        settings = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize, "capturable": capturable,
            "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, settings)

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("square_avg", "acc_delta")

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        state["step"], state["square_avg"], state["acc_delta"] = zero_step(), zeros(p), zeros(p)

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: float, *state: Any) -> None:
        (v, u), rho, eps = state, group["rho"], group["eps"]
        v *= rho
        k.accumulate(v, g * (1 - rho), g)
        delta = k.sqrt(u + eps) / k.sqrt(v + eps) * g
        u *= rho
        k.accumulate(u, delta * (1 - rho), delta)
        k.accumulate(a, delta, -number(group["lr"]))


class Adamax(Elementwise):
    """Adam with the infinity norm: ``u = max(b2 u, |g| + eps)`` (Kingma & Ba 2015)."""

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(
            params,
            {
                **settings,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("exp_avg", "exp_inf")

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        state["step"], state["exp_avg"], state["exp_inf"] = zero_step(), zeros(p), zeros(p)

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: float, *state: Any) -> None:
        (m, u), (beta1, beta2) = state, group["betas"]
        lerp(k, m, g, 1 - beta1)
        largest = k.maximum(u * beta2, k.abs(g) + group["eps"])
        u[...] = largest
        a += m * (-number(group["lr"]) / (1 - beta1**step)) / largest


class NAdam(Elementwise):
    """Adam with Nesterov's momentum (Dozat 2016)."""

    captured = "params, mu_products and state_steps"

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        check_settings(momentum_decay=(momentum_decay, momentum_decay >= 0))
        settings = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, settings)

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        state["step"], state["mu_product"] = zero_step(), wrap(np.ones((), np.float32))
        state["exp_avg"], state["exp_avg_sq"] = zeros(p), zeros(p)

    def count(self, state: Settings) -> Any:
        """The step together with the product of the momenta so far: parameters may differ in either."""
        return _NadamStep(super().count(state), state["mu_product"]._a)

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: Any, *state: Any) -> None:
        (m, v), (beta1, beta2), lr = state, group["betas"], number(group["lr"])
        mu, mu_next = self._momenta(group, step)
        product = float(np.float32(step.product) * np.float32(mu))
        lerp(k, m, g, 1 - beta1)
        v *= beta2
        k.accumulate(v, g * (1 - beta2), g)
        root = k.sqrt(v / (1 - beta2**step)) + group["eps"]
        a += g * (-lr * (1.0 - mu) / (1.0 - product)) / root
        a += m * (-lr * mu_next / (1.0 - product * mu_next)) / root

    def _momenta(self, group: Settings, step: float) -> tuple[float, float]:
        beta1, slow = group["betas"][0], group["momentum_decay"]
        return beta1 * (1.0 - 0.5 * 0.96 ** (step * slow)), beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * slow))

    def finish(self, group: Settings, state: Settings, step: float) -> None:
        state["mu_product"]._a *= self._momenta(group, step)[0]


class _NadamStep(float):
    """A step number with the product of the momenta of the steps before."""

    product: float

    def __new__(cls, step: float, product: Any) -> Any:
        self = super().__new__(cls, step)
        self.product = product.item()
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _NadamStep) and float(self) == float(other) and self.product == other.product

    def __hash__(self) -> int:
        return hash((float(self), self.product))


class RAdam(Elementwise):
    """Adam whose first steps are plain momentum, until the variance is known well enough (Liu et al. 2020)."""

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        settings = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, settings)

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        state["step"], state["exp_avg"], state["exp_avg_sq"] = zero_step(), zeros(p), zeros(p)

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: float, *state: Any) -> None:
        (m, v), (beta1, beta2), lr = state, group["betas"], number(group["lr"])
        lerp(k, m, g, 1 - beta1)
        v *= beta2
        k.accumulate(v, g * (1 - beta2), g)
        corrected = m / (1 - beta1**step)
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / (1 - beta2**step)
        if length > 5.0:
            rectified = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            adaptive = math.sqrt(1 - beta2**step) / (k.sqrt(v) + group["eps"])
            a += corrected * lr * adaptive * rectified * -1.0
        else:
            a += corrected * lr * -1.0


class ASGD(Elementwise):
    """Gradient descent with an average of the parameters beside it (Polyak & Juditsky 1992)."""

    captured = "params, mus, etas, and state_steps"

    def __init__(
        self, params: Any, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6, weight_decay: float = 0,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ):  # fmt: skip
        check_lr(lr)
        check_settings(weight_decay=(weight_decay, weight_decay >= 0))
        settings = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(
            params,
            {
                **settings,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("ax",)

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        state["step"] = zero_step()
        state["eta"] = wrap(np.array(number(group["lr"]), np.float32))
        state["mu"] = wrap(np.ones((), np.float32))
        state["ax"] = zeros(p)

    def count(self, state: Settings) -> Any:
        """The step together with this step's rate and weight of the average."""
        return _AsgdStep(super().count(state), state["eta"]._a, state["mu"]._a)

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: Any, *state: Any) -> None:
        (average,) = state
        a *= 1 - group["lambd"] * step.eta
        k.accumulate(a, g, -step.eta)
        if step.mu == 1:
            average[...] = a
        else:
            average += (a - average) * step.mu

    def finish(self, group: Settings, state: Settings, step: float) -> None:
        lr = number(group["lr"])
        state["eta"]._a[...] = lr / ((1 + group["lambd"] * lr * step) ** group["alpha"])
        state["mu"]._a[...] = 1 / max(1, step - group["t0"])


class _AsgdStep(float):
    """A step number with the rate and the weight of the average that hold for it."""

    eta: float
    mu: float

    def __new__(cls, step: float, eta: Any, mu: Any) -> Any:
        self = super().__new__(cls, step)
        self.eta, self.mu = eta.item(), mu.item()
        return self

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, _AsgdStep) and float(self) == float(other)
        return same and self.eta == other.eta and self.mu == other.mu  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((float(self), self.eta, self.mu))


class Rprop(Elementwise):
    """Only the sign of the gradient counts; steps grow while it stays and shrink when it turns (Riedmiller & Braun 1993)."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, etas: Any = (0.5, 1.2), step_sizes: Any = (1e-6, 50), *, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise errors.value(f"Invalid eta values: {etas[0]}, {etas[1]}")
        settings = {"lr": lr, "etas": etas, "step_sizes": step_sizes}
        super().__init__(
            params,
            {
                **settings,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def names(self, group: Settings) -> tuple[str, ...]:
        return ("prev", "step_size")

    def decay(self, k: Any, group: Settings, a: Any, g: Any) -> Any:
        return g

    def start(self, group: Settings, p: Tensor, state: Settings) -> None:
        lr = number(group["lr"])
        state["step"], state["prev"] = zero_step(), zeros(p)
        state["step_size"] = wrap(np.full_like(p._a, complex(lr, lr) if p.is_complex() else lr))

    def change(self, k: Any, group: Settings, a: Any, g: Any, step: float, *state: Any) -> None:
        (previous, size), (shrink, grow), (least, most) = state, group["etas"], group["step_sizes"]
        turn = g * previous
        new = k.where(turn > 0, size * grow, k.where(turn < 0, size * shrink, size))
        size[...] = k.clamp(new, min=least, max=most)
        g = k.where(turn < 0, g * 0, g)
        a -= k.sign(g) * size
        previous[...] = g


def check_adam(lr: Any, betas: Any, eps: float, weight_decay: float) -> None:
    """The checks that Adam and its kin share."""
    check_lr(lr)
    check_settings(eps=(eps, eps >= 0))
    for i, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise errors.value(f"Invalid beta parameter at index {i}: {beta}")
    check_settings(weight_decay=(weight_decay, weight_decay >= 0))
