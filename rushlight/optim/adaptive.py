"""Step sizes that adapt per element: RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, ASGD, Rprop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from ..writing import bump
from .optimizer import Optimizer, check_settings


class PerParameter(Optimizer):
    """An optimizer whose update looks at one parameter at a time: ``start`` makes its state, ``change`` its step."""

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            g = p._grad._a  # type: ignore[union-attr]
            if p._a.dtype.kind == "c":
                raise NotImplementedError(
                    f"{type(self).__name__} on complex parameters is not supported: view_as_real them."
                )
            state = self.state[p]
            if not state:
                self.start(group, p, state)
            if group["maximize"]:
                g = -g
            if group["weight_decay"] != 0:
                g = self.decay(group, p._a, g)
            state["step"]._a += 1
            self.change(group, p._a, g, state, state["step"]._a.item())
            bump(p)

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        """Make the state of a parameter."""
        raise NotImplementedError

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        """Change the array ``a`` by the gradient ``g``."""
        raise NotImplementedError

    def decay(self, group: dict[str, Any], a: Any, g: Any) -> Any:
        """Weight decay: part of the gradient, or, decoupled, of the parameter."""
        if group.get("decoupled_weight_decay"):
            a *= 1 - float(group["lr"]) * group["weight_decay"]
            return g
        return g + a * group["weight_decay"]


def zero_step() -> Tensor:
    return wrap(np.zeros((), np.float32))


def zeros(p: Tensor) -> Tensor:
    return wrap(np.zeros_like(p._a))


def flags(foreach: Any, maximize: bool, capturable: bool | None, differentiable: bool) -> dict[str, Any]:
    out = {"foreach": foreach, "maximize": maximize, "capturable": capturable, "differentiable": differentiable}
    return {k: v for k, v in out.items() if v is not None or k == "foreach"}


class RMSprop(PerParameter):
    """``v = alpha v + (1 - alpha) g^2; p = p - lr g / (sqrt(v) + eps)`` (Tieleman & Hinton 2012), centered or with momentum."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_settings(
            lr=(lr, lr >= 0), eps=(eps, eps >= 0), momentum=(momentum, momentum >= 0),
            weight_decay=(weight_decay, weight_decay >= 0), alpha=(alpha, alpha >= 0),
        )  # fmt: skip
        settings = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
        }  # fmt: skip
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["square_avg"] = zero_step(), zeros(p)
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros(p)
        if group["centered"]:
            state["grad_avg"] = zeros(p)

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        v, alpha, lr = state["square_avg"]._a, group["alpha"], float(group["lr"])
        v *= alpha
        v += g * (1 - alpha) * g
        if group["centered"]:
            mean = state["grad_avg"]._a
            mean += (g - mean) * (1 - alpha)
            root = np.sqrt(v - mean * mean)
        else:
            root = np.sqrt(v)
        root += group["eps"]
        if group["momentum"] > 0:
            b = state["momentum_buffer"]._a
            b *= group["momentum"]
            b += g / root
            a -= b * lr
        else:
            a += g * -lr / root


class Adagrad(PerParameter):
    """``s = s + g^2; p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)`` (Duchi et al. 2011)."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0, initial_accumulator_value: float = 0,
        eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        fused: bool | None = None,
    ):  # fmt: skip
        check_settings(
            lr=(lr, lr >= 0), lr_decay=(lr_decay, lr_decay >= 0), weight_decay=(weight_decay, weight_decay >= 0),
            initial_accumulator_value=(initial_accumulator_value, initial_accumulator_value >= 0), eps=(eps, eps >= 0),
        )  # fmt: skip
        settings = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "fused": fused,
        }  # fmt: skip
        super().__init__(params, {**settings, **flags(foreach, maximize, None, differentiable)})
        for group in self.param_groups:
            for p in group["params"]:
                self.start(group, p, self.state[p])

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"] = zero_step()
        state["sum"] = wrap(np.full_like(p._a, group["initial_accumulator_value"]))

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        total = state["sum"]._a
        total += g * g
        rate = float(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        a += g * -rate / (np.sqrt(total) + group["eps"])


class Adadelta(PerParameter):
    """Steps in the units of the parameter: ``sqrt(u + eps) / sqrt(v + eps) g`` (Zeiler 2012)."""

    def __init__(
        self, params: Any, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_settings(
            lr=(lr, lr >= 0),
            rho=(rho, 0 <= rho <= 1),
            eps=(eps, eps >= 0),
            weight_decay=(weight_decay, weight_decay >= 0),
        )
        settings = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["square_avg"], state["acc_delta"] = zero_step(), zeros(p), zeros(p)

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        v, u, rho, eps = state["square_avg"]._a, state["acc_delta"]._a, group["rho"], group["eps"]
        v *= rho
        v += g * (1 - rho) * g
        delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u *= rho
        u += delta * (1 - rho) * delta
        a -= delta * float(group["lr"])


class Adamax(PerParameter):
    """Adam with the infinity norm: ``u = max(b2 u, |g| + eps)`` (Kingma & Ba 2015)."""

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["exp_avg"], state["exp_inf"] = zero_step(), zeros(p), zeros(p)

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        beta1, beta2 = group["betas"]
        m, u = state["exp_avg"]._a, state["exp_inf"]._a
        m += (g - m) * (1 - beta1)
        u *= beta2
        np.maximum(u, np.abs(g) + group["eps"], out=u)
        a += m * (-float(group["lr"]) / (1 - beta1**step)) / u


class NAdam(PerParameter):
    """Adam with Nesterov's momentum (Dozat 2016)."""

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        check_settings(momentum_decay=(momentum_decay, momentum_decay >= 0))
        settings = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["mu_product"] = zero_step(), wrap(np.ones((), np.float32))
        state["exp_avg"], state["exp_avg_sq"] = zeros(p), zeros(p)

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        (beta1, beta2), lr, slow = group["betas"], float(group["lr"]), group["momentum_decay"]
        mu = beta1 * (1.0 - 0.5 * (0.96 ** (step * slow)))
        mu_next = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * slow)))
        state["mu_product"]._a *= mu
        product = state["mu_product"]._a.item()
        m, v = state["exp_avg"]._a, state["exp_avg_sq"]._a
        m += (g - m) * (1 - beta1)
        v *= beta2
        v += g * (1 - beta2) * g
        root = np.sqrt(v / (1 - beta2**step)) + group["eps"]
        a += g * (-lr * (1.0 - mu) / (1.0 - product)) / root
        a += m * (-lr * mu_next / (1.0 - product * mu_next)) / root


class RAdam(PerParameter):
    """Adam whose first steps are plain momentum, until the variance is known well enough (Liu et al. 2020)."""

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False,
    ):  # fmt: skip
        check_adam(lr, betas, eps, weight_decay)
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["exp_avg"], state["exp_avg_sq"] = zero_step(), zeros(p), zeros(p)

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        (beta1, beta2), lr = group["betas"], float(group["lr"])
        m, v = state["exp_avg"]._a, state["exp_avg_sq"]._a
        m += (g - m) * (1 - beta1)
        v *= beta2
        v += g * (1 - beta2) * g
        corrected = m / (1 - beta1**step)
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / (1 - beta2**step)
        if length > 5.0:
            rectified = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            adaptive = math.sqrt(1 - beta2**step) / (np.sqrt(v) + group["eps"])
            a += corrected * lr * adaptive * rectified * -1.0
        else:
            a += corrected * lr * -1.0


class ASGD(PerParameter):
    """Gradient descent with an average of the parameters beside it (Polyak & Juditsky 1992)."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6, weight_decay: float = 0,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ):  # fmt: skip
        check_settings(lr=(lr, lr >= 0), weight_decay=(weight_decay, weight_decay >= 0))
        settings = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["ax"] = zero_step(), zeros(p)
        state["eta"] = wrap(np.array(float(group["lr"]), np.float32))
        state["mu"] = wrap(np.ones((), np.float32))

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        lr, lambd = float(group["lr"]), group["lambd"]
        eta, mu, average = state["eta"]._a.item(), state["mu"]._a.item(), state["ax"]._a
        a *= 1 - lambd * eta
        a += g * -eta
        if mu == 1:
            average[...] = a
        else:
            average += (a - average) * mu
        state["eta"]._a[...] = lr / ((1 + lambd * lr * step) ** group["alpha"])
        state["mu"]._a[...] = 1 / max(1, step - group["t0"])


class Rprop(PerParameter):
    """Only the sign of the gradient counts; steps grow while it stays and shrink when it turns (Riedmiller & Braun 1993)."""

    def __init__(
        self, params: Any, lr: Any = 1e-2, etas: Any = (0.5, 1.2), step_sizes: Any = (1e-6, 50), *, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check_settings(lr=(lr, lr >= 0))
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        settings = {"lr": lr, "etas": etas, "step_sizes": step_sizes}
        super().__init__(params, {**settings, **flags(foreach, maximize, capturable, differentiable)})

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        super().update({**group, "weight_decay": 0}, params)

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["step"], state["prev"] = zero_step(), zeros(p)
        state["step_size"] = wrap(np.full_like(p._a, float(group["lr"])))

    def change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], step: float) -> None:
        (shrink, grow), (least, most) = group["etas"], group["step_sizes"]
        previous, size = state["prev"]._a, state["step_size"]._a
        turn = np.sign(g * previous)
        factor = np.where(turn > 0, a.dtype.type(grow), np.where(turn < 0, a.dtype.type(shrink), a.dtype.type(1)))
        size *= factor
        np.clip(size, least, most, out=size)
        g = np.where(turn < 0, a.dtype.type(0), g)
        a -= np.sign(g) * size
        previous[...] = g


def check_adam(lr: Any, betas: Any, eps: float, weight_decay: float) -> None:
    """The checks that Adam and its kin share."""
    check_settings(lr=(lr, lr >= 0), eps=(eps, eps >= 0), weight_decay=(weight_decay, weight_decay >= 0))
    for i, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
