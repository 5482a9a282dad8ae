"""``compare(model)``: the same network drawn from one distribution after another, and what becomes of a signal in it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import nn
from ..autograd.mode import no_grad
from ..nn import init
from ..nn.module import Module
from ..ops.sampling import bernoulli, multinomial
from ..random import fork_rng
from ..tensor import Tensor
from . import flow
from .report import FADES


def _bernoulli(w: Tensor) -> None:
    w.copy_(bernoulli(w.fill_(0.5)))


def _multinomial(w: Tensor) -> None:
    chances = w.new_ones(10)
    w.copy_(multinomial(chances, w.numel(), True).reshape(w.shape))


def _dirac(w: Tensor) -> None:
    (init.eye_ if w.dim() == 2 else init.dirac_)(w)


def _sparse(w: Tensor) -> None:
    flat = w.new_empty(len(w), w.numel() // len(w))
    w.copy_(init.sparse_(flat, 0.9, std=0.1).reshape(w.shape))


#: Ways to draw a weight, by name: a function that fills a tensor.
WAYS: dict[str, Callable[[Tensor], Any]] = {
    "uniform 0 to 1": init.uniform_,
    "uniform ±0.05": lambda w: init.uniform_(w, -0.05, 0.05),
    "normal, std 1": init.normal_,
    "normal, std 0.01": lambda w: init.normal_(w, std=0.01),
    "truncated normal, std 0.05": lambda w: init.trunc_normal_(w, std=0.05, a=-0.1, b=0.1),
    "Bernoulli, p = 0.5": _bernoulli,
    "multinomial, 10 classes": _multinomial,
    "Xavier uniform": init.xavier_uniform_,
    "Xavier normal": init.xavier_normal_,
    "Kaiming uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
    "Kaiming normal": lambda w: init.kaiming_normal_(w, nonlinearity="relu"),
    "orthogonal": init.orthogonal_,
    "sparse, 90 % zeros": _sparse,
    "identity / dirac": _dirac,
    "constant 0.1": lambda w: init.constant_(w, 0.1),
}


class Tried(NamedTuple):
    """One way: the weights' mean and standard deviation, the signal behind each layer, the gradient at the first, in words."""

    way: str
    mean: float
    std: float
    layers: list[flow.Layer]
    verdict: str


class Comparison:
    """What ``compare`` returns: ``rows``; prints as a table, shows itself in a notebook, ``figure()`` draws it."""

    title: str
    rows: list[Tried]

    def __init__(self, title: str, rows: list[Tried]):
        self.title, self.rows = title, rows

    def __str__(self) -> str:
        from .show import comparison_text

        return comparison_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from .show import comparison_html

        return comparison_html(self)

    def figure(self) -> Any:
        """The signal by layer, a line a distribution (needs matplotlib)."""
        from .show import comparison_figure

        return comparison_figure(self)


def compare(model: Module, input: Any = None, ways: dict[str, Callable[[Tensor], Any]] | None = None) -> Comparison:
    """Draw copies of a model from one distribution after another, and measure signal and gradient in each.

    Weights of two and more dimensions are drawn, biases are zero. The model and the random stream stay as they are.

    Args:
        model: any Module.
        input: as for ``report``.
        ways: functions that fill a tensor, by name; by default ``rushlight.init.WAYS``.

    >>> import rushlight, rushlight.nn as nn
    >>> net = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> [row.verdict for row in rushlight.init.compare(net, ways={"zero": nn.init.zeros_}).rows]
    ['no signal']
    """
    rows = []
    with fork_rng():
        for way, fill in (WAYS if ways is None else ways).items():
            drawn = _drawn(model, fill)
            layers = flow.measure(drawn, input).layers
            weights = _weights(drawn)
            n = sum(p.numel() for p in weights)
            mean = sum(float(p.sum()) for p in weights) / n
            std = math.sqrt(max(0.0, sum(float(p.double().square().sum()) for p in weights) / n - mean**2))
            rows.append(Tried(way, mean, std, layers, _verdict(layers)))
    return Comparison(f"{type(model).__name__}, by distribution of its weights", rows)


def _weights(model: Module) -> list[Tensor]:
    return [p for p in model.parameters() if p.dim() > 1]


def _drawn(model: Module, fill: Callable[[Tensor], Any]) -> Module:
    """A copy of a model with its weights drawn by ``fill`` and its biases zero."""
    drawn = copy.deepcopy(model)
    with no_grad():
        for p in _weights(drawn):
            fill(p)
        for module in drawn.modules():
            for name, bias in module._parameters.items():
                if bias is not None and "bias" in name:
                    bias.zero_()
    return drawn


def _verdict(layers: list[flow.Layer]) -> str:
    change, weighted = flow.fading(layers), flow.weighted(layers)
    gradients = [layer.gradient for layer in weighted[:-1] if math.isfinite(layer.gradient)]
    if not weighted or weighted[-1].signal == 0:
        return "no signal"
    if change > FADES or not weighted[0].signal <= FADES:
        return "signal explodes"
    if change < 1 / FADES:
        return "signal vanishes"
    if gradients and gradients[0] <= gradients[-1] / FADES:  # nothing of nothing, too
        return "gradient vanishes"
    if gradients and gradients[0] > gradients[-1] * FADES:
        return "gradient explodes"
    return "keeps both"


class _Characters(Module):
    """Recurrent layers one above the other, then a decision from the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.out = nn.RNN(16, 32), nn.RNN(32, 32), nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.second(self.first(x)[0])[0][-1])  # type: ignore[no-any-return]


def examples() -> dict[str, Module]:
    """Small networks of the three kinds: a deep one (DNN), one of convolutions (CNN), a recurrent one (RNN)."""
    deep = [layer for _ in range(6) for layer in (nn.Linear(64, 64), nn.ReLU())]
    sizes = [(3, 8), (8, 8), (8, 16), (16, 16)]
    convolutions = [layer for a, b in sizes for layer in (nn.Conv2d(a, b, 3, padding=1), nn.ReLU())]
    return {
        "DNN": nn.Sequential(*deep, nn.Linear(64, 4)),
        "CNN": nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(16 * 8 * 8, 4)),
        "RNN": _Characters(),
    }
