"""``report(model)``: every parameter beside what its initialiser should give, and the signal through the layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import errors
from ..nn.init import calculate_gain
from ..nn.module import Module
from ..tensor import Tensor
from . import flow
from .distributions import Drawn, Family, identify

BINS = 24
#: A signal that changes more than so many times between the first and the last layer is said to vanish or to explode.
FADES = 10.0


class Row(NamedTuple):
    """A parameter: what was measured (first line) and what it looks like; ``drawn`` is None if no initialiser fits."""

    name: str
    kind: str  # of its layer
    shape: tuple[int, ...]
    mean: float
    std: float
    low: float
    high: float
    family: Family
    drawn: Drawn | None
    counts: np.ndarray[Any, Any]  # a histogram of BINS bins from low to high
    fan_in: int | None

    @property
    def gain(self) -> float:
        """By what the layer multiplies the standard deviation of independent inputs: ``std * sqrt(fan_in)``."""
        return math.nan if self.fan_in is None else self.std * math.sqrt(self.fan_in)


class Report:
    """What ``report`` returns: ``rows`` of parameters, ``flow`` through the layers, ``suggestions``; prints as a table.

    In a notebook it shows itself; ``figure()`` gives a matplotlib figure and ``save(path)`` an HTML file.
    """

    rows: list[Row]
    note: str

    def __init__(self, model: Module, rows: list[Row], found: flow.Flow | None, note: str):
        self.title: str = f"Weights of {type(model).__name__}"
        self.rows, self.note = rows, note
        self.flow: flow.Flow | None = found
        self.suggestions: list[str] = list(_suggestions(rows, found))

    def __str__(self) -> str:
        from .show import text

        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from .show import html

        return html(self)

    def figure(self) -> Any:
        """Histograms with the expected densities, and the signal by layer (needs matplotlib)."""
        from .show import figure

        return figure(self)

    def save(self, path: str | Path) -> None:
        """Write one HTML file with the tables and the picture (needs matplotlib)."""
        from .show import page

        Path(path).write_text(page(self), encoding="utf-8")


def report(model: Module, input: Any = None) -> Report:
    """Say how the weights of a model were drawn, and what becomes of a signal in it.

    For each parameter: mean, standard deviation, range and histogram beside what the initialiser should give that draws such
    numbers (found by test, not by asking). For each layer: the standard deviation of its output for a standard normal
    input, and of the gradient that comes back. The model and the random stream stay as they are.

    Args:
        model: any Module; call it before training.
        input: a tensor, a tuple of tensors or a shape; by default one that the first layer takes.

    Raises:
        TypeError: if ``model`` is no Module.

    >>> import rushlight, rushlight.nn as nn
    >>> net = nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 1))
    >>> _ = nn.init.kaiming_normal_(net[0].weight, nonlinearity="relu")
    >>> rushlight.init.report(net).rows[0].family.name
    'normal'
    """
    if not isinstance(model, Module):
        raise errors.type_(f"init.report: model must be a torch.nn.Module, but got {type(model).__name__}")
    rows = list(_rows(model))
    note = ""
    try:
        found = flow.measure(model, input)
    except ValueError as error:
        if input is not None:
            raise
        found, note = None, str(error).splitlines()[0].removeprefix("init.report: ") + "; say input="
    return Report(model, rows, found, note)


def _rows(model: Module) -> Iterator[Row]:
    for path, module in model.named_modules():
        fan_in = next((_fans(p)[0] for p in module._parameters.values() if p is not None and p._a.ndim > 1), None)
        for name, p in module._parameters.items():
            if p is not None and p._a.size and p._a.dtype.kind in "fV":
                yield _row(f"{path}.{name}" if path else name, module, p, fan_in)


def _row(name: str, module: Module, p: Tensor, fan_in: int | None) -> Row:
    array = p._a.astype(np.float64)
    fans = _fans(p) if array.ndim > 1 else None if fan_in is None else (fan_in, fan_in)
    family, drawn = identify(array, fans, getattr(module, "hidden_size", None))
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)
    counts = np.histogram(finite, BINS, (low, high) if high > low else (low - 0.5, low + 0.5))[0]
    own = fans[0] if fans is not None and array.ndim > 1 else None
    return Row(name, type(module).__name__, array.shape, float(array.mean()),
               float(array.std()), low, high, family, drawn, counts, own)  # fmt: skip


def _fans(p: Tensor) -> tuple[int, int]:
    field = math.prod(p._a.shape[2:])
    return max(1, p._a.shape[1] * field), max(1, p._a.shape[0] * field)


# --- what to change -------------------------------------------------------------------------------------------------
def _suggestions(rows: list[Row], found: flow.Flow | None) -> Iterator[str]:
    weights = [row for row in rows if row.fan_in is not None and "Embedding" not in row.kind]
    for row in weights:
        yield from _of_weight(row)
    change = math.nan if found is None else flow.fading(found.layers)
    if found is not None and (change < 1 / FADES or change > FADES):
        word = "vanishes" if change < 1 else "explodes"
        yield f"The signal {word}: its standard deviation is {change:.2g} times as large behind the last hidden layer as behind the first."
        for row in weights:
            yield from _gain(row, found.following.get(row.name.rpartition(".")[0], ""))


def _of_weight(row: Row) -> Iterator[str]:
    if row.family.name == "constant":
        yield f"{row.name}: all elements are {row.low:.3g}, so all units of the layer compute the same and stay alike. Draw it."
    elif row.family.name == "not finite":
        yield f"{row.name}: it holds inf or nan. Was it made by torch.empty or torch.Tensor(n, m), which draw nothing?"
    elif row.family.name not in ("identity", "dirac") and abs(row.mean) > 0.3 * row.std and row.counts.sum() > 50:
        yield (
            f"{row.name}: its mean is {row.mean:.3g} (std {row.std:.3g}), so all units get the same large offset. Draw it "
            "around zero: subtract the mean."
        )
    elif row.gain > 5 or row.gain < 0.05:
        yield (
            f"{row.name}: std {row.std:.3g} multiplies the signal by {row.gain:.2g}. About {1 / math.sqrt(row.fan_in or 1):.2g} keeps "
            "it: torch.nn.init.xavier_normal_ or kaiming_normal_."
        )


def _gain(row: Row, following: str) -> Iterator[str]:
    """A weight whose scale does not suit the nonlinearity behind it."""
    if following not in ("relu", "tanh"):
        return
    wanted = calculate_gain(following)
    if not 0.6 < row.gain / wanted < 1.6 and 0.05 <= row.gain <= 5:
        how = (
            "kaiming_normal_(w, nonlinearity='relu')"
            if following == "relu"
            else f"xavier_normal_(w, gain={wanted:.3g})"
        )
        yield (
            f"{row.name}: before {following} a gain (std * sqrt(fan_in)) of {wanted:.2f} keeps the signal, and it is {row.gain:.2f}: "
            f"torch.nn.init.{how}."
        )
