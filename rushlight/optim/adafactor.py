"""Adafactor (Shazeer & Stern 2018): the second moment of a matrix is kept as one row and one column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, types
from ..kernels.norm import norm
from ..kernels.reduce import mean
from ..tensor import Tensor, wrap
from ..writing import bump
from .formula import GroupOptimizer, number, zero_step, zeros


class Adafactor(GroupOptimizer):
    """``v`` grows by ``(g^2 - v) t^beta2_decay``; ``u = g / sqrt(v)``; ``p`` moves by ``-alpha u / max(1, RMS(u) / d)``.

    ``alpha = max(eps2, RMS(p)) min(lr, 1 / sqrt(t))``. For a matrix ``v`` is the product of a row and a column of means.
    ``eps``: the pair of the least root of ``v`` (None: the dtype's eps) and ``eps2``. Weight decay is decoupled.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, beta2_decay: float = -0.8, eps: Any = (None, 1e-3), d: float = 1.0,
        weight_decay: float = 0.0, *, foreach: bool | None = None, maximize: bool = False,
    ):  # fmt: skip
        if isinstance(lr, Tensor) and lr._a.size != 1:
            raise errors.value("Tensor lr must be 1-element")
        for name, value, valid in (
            ("Learning rate should be >= 0", lr, lr >= 0),
            ("beta2_decay should be <= 0", beta2_decay, beta2_decay <= 0),
            ("epsilon1 should be >= 0", eps[0], eps[0] is None or eps[0] >= 0),
            ("epsilon2 should be >= 0", eps[1], eps[1] >= 0),
            ("Clipping threshold d should be >= 1", d, d >= 1),
            ("weight_decay should be >= 0", weight_decay, weight_decay >= 0),
        ):
            if not valid:
                raise errors.value(f"{name} but is: {value}")
        super().__init__(
            params,
            {
                "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
                "maximize": maximize,
            },
        )  # fmt: skip

    def check(self, group: dict[str, Any], params: list[Tensor]) -> None:
        if any(p.is_complex() for p in params):
            raise errors.runtime("Adafactor does not support complex parameters")

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            state = self.state[p]
            if not state:
                self._start(p, state)
            step = state["step"]._a
            step += 1
            self._change(group, p._a, p._grad._a, state, step.item())  # type: ignore[union-attr]
            bump(p)

    def _start(self, p: Tensor, state: dict[str, Any]) -> None:
        state["step"] = zero_step()
        if p._a.ndim > 1:
            shape, dtype = p._a.shape, p._a.dtype
            state["row_var"] = wrap(np.zeros((*shape[:-1], 1), dtype))
            state["col_var"] = wrap(np.zeros((*shape[:-2], 1, shape[-1]), dtype))
        else:
            state["variance"] = zeros(p)

    def _change(self, group: dict[str, Any], a: Any, g: Any, state: dict[str, Any], t: float) -> None:
        least, eps2 = group["eps"]
        if least is None:
            least = types.finfo(types.of_array(a)).eps
        g = -g if group["maximize"] else g
        lr, weight, size = number(group["lr"]), t ** group["beta2_decay"], math.sqrt(a.size)
        rate = max(eps2, _length(a) / size) * min(lr, 1 / math.sqrt(t))
        if group["weight_decay"] != 0:
            a *= 1 - lr * group["weight_decay"]
        if g.ndim > 1:
            row, column = state["row_var"]._a, state["col_var"]._a
            row += (_square_mean(g, g.ndim - 1) - row) * weight
            column += (_square_mean(g, g.ndim - 2) - column) * weight
            v = row @ column
            v /= np.maximum(mean(row, (row.ndim - 2,), True, row.dtype), least)
        else:
            v = state["variance"]._a
            v += (g * g - v) * weight
        u = 1 / np.sqrt(np.maximum(v, least * least)) * g
        a += u * (-rate / max(1.0, _length(u) / (size * group["d"])))


def _length(a: Any) -> float:
    return float(norm(a, 2.0, tuple(range(a.ndim)), False))


def _square_mean(g: Any, dim: int) -> Any:
    length = norm(g, 2.0, (dim,), True)
    return length * length / g.shape[dim]
