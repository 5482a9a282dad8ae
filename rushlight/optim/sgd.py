"""Stochastic gradient descent, with momentum (Sutskever et al. 2013) and Nesterov's form of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..readers import arrays
from ..tensor import Tensor
from .formula import Elementwise, check_fused, number, zeros
from .optimizer import check_lr, check_settings


class SGD(Elementwise):
    """``g = grad + weight_decay p; b = momentum b + (1 - dampening) g; p = p - lr (g + momentum b if nesterov else b)``.

    Without momentum ``p = p - lr g``. The first ``b`` is ``g``.
    """

    only_settings = True

    def __init__(
        self, params: Any, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: Any = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
        fused: bool | None = None,
    ):  # fmt: skip
        check_lr(lr)
        check_settings(momentum=(momentum, momentum >= 0), weight_decay=(weight_decay, weight_decay >= 0))
        if nesterov and (momentum <= 0 or dampening != 0):
            raise errors.value("Nesterov momentum requires a momentum and zero dampening")
        check_fused(fused, foreach, differentiable)
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
                "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip

    def check(self, group: dict[str, Any], params: list[Tensor]) -> None:
        super().check({**group, "foreach": None}, params)  # joining for speed is no obstacle to recording here

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] != 0 else ()

    def start(self, group: dict[str, Any], p: Tensor, state: dict[str, Any]) -> None:
        state["momentum_buffer"] = zeros(p)

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """One parameter after another: with two or three NumPy calls for each there is nothing to gain from joining them."""
        names, plain = self.names(group), not (group["maximize"] or group["weight_decay"] != 0)
        loops = self.loops(group, params)
        for p in params:
            values, step = [], 2.0
            if names:
                state = self.state[p]
                if state.get("momentum_buffer") is None:  # also in files of older versions
                    self.start(group, p, state)
                    step = 1.0
                values = [state["momentum_buffer"]._a]
            if group["differentiable"]:
                self._change_tensors(group, p, step, self.state[p] if names else {}, names)
                continue
            a, g = p._a, p._grad._a  # type: ignore[union-attr]
            if loops is not None and a.dtype.kind == "f" and self._ran(loops, group, step, [a, g, *values]):
                pass
            elif plain:
                self.change(arrays, group, a, g, step, *values)
            else:
                self._change_arrays(group, step, [a, g, *values])
            p._vc[0] += 1

    def change(self, k: Any, group: dict[str, Any], a: Any, g: Any, step: float, *state: Any) -> None:
        momentum = group["momentum"]
        if state:
            (b,) = state
            if step == 1.0:
                b += g
            else:
                b *= momentum
                if group["dampening"] == 0:
                    b += g
                else:
                    k.accumulate(b, g, 1 - group["dampening"])
            g = k.fma(b, momentum, g) if group["nesterov"] else b
        lr = group["lr"]
        k.accumulate(a, g, -lr if lr.__class__ is float else -number(lr))

    # --- sparse gradients -------------------------------------------------------------------------------------------
    def check_sparse(self, group: dict[str, Any]) -> None:
        if group["weight_decay"] != 0:
            raise errors.runtime(
                "add(sparse, dense) is not supported. Use add(dense, sparse) instead.", "Leave weight_decay out."
            )
        if group["momentum"] != 0:
            raise errors.runtime(
                "Cannot access data pointer of Tensor that doesn't have storage",
                "A sparse gradient has no momentum: leave it out, or make the layer with sparse=False.",
            )

    def change_rows(self, group: dict[str, Any], p: Tensor, grad: Any) -> None:
        rate = number(group["lr"])
        values = grad._val._a * grad._val._a.dtype.type(rate if group["maximize"] else -rate)
        np.add.at(p._a, tuple(grad._ind), values)
