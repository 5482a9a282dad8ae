"""The HTML report of a watched training: one file with plots, findings and a table."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import pictures
from . import display
from .findings import FAST, SLOW

if TYPE_CHECKING:
    from .session import Watch

MOST_LINES = 12  # in one plot; more could not be told apart


def write(w: Watch, path: Path) -> None:
    """Draw all plots and write the file.

    Raises:
        ImportError: without matplotlib.
    """
    pictures.require("The report of watch")
    parts = [f"<p>{html.escape(text)}</p>" for text in _summary(w)]
    if w.findings:
        lines = "".join(f"<li>{html.escape(str(finding))}</li>" for finding in w.findings)
        parts.append(f"<h2>What is off</h2><ul>{lines}</ul>")
    if w.history:
        for title, draw, says in PLOTS:
            picture = _picture(w, draw, title)
            if picture:
                parts.append(f"<h2>{title}</h2><p>{says}</p>{picture}")
        for heads, rows_of in display.TABLES[1:]:
            rows = rows_of(w)
            if rows:
                parts.append(f"<h2>At the last measured step: by {heads[0]}</h2>{pictures.table(heads, rows)}")
    path.write_text(pictures.page(f"Training: {_subject(w)}", *parts), encoding="utf-8")


def _subject(w: Watch) -> str:
    return f"{type(w.model).__name__ if w.model is not None else 'parameters'}, {type(w.optimizer).__name__}"


def _summary(w: Watch) -> list[str]:
    measured = len(w.history.get("step", []))
    lines = [f"{w.step} steps, {measured} of them measured, which took {display.seconds(w.spent)}."]
    if w.ended:
        lines.append(f"The training ended with {w.ended}")
    if w.model is not None:
        count = sum(p.numel() for p in w.model.parameters())
        lines.append(f"The model has {count:,} parameters.")
    return lines


def _picture(w: Watch, draw: Callable[[Any, Watch], bool], title: str) -> str:
    with pictures.in_ink():
        figure = pictures.figure(8.6, 3.0)
        axes = figure.subplots()
        axes.set_xlabel("step")
        axes.grid(alpha=0.25)
        return pictures.svg(figure, title) if draw(axes, w) else ""


# --- plots: each says whether it had anything to draw -------------------------------------------------------------------
def _loss(axes: Any, w: Watch) -> bool:
    steps, values = w.loss.points()
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return False
    axes.plot(steps, values, color=pictures.ORANGE, linewidth=1)
    _logarithmic(axes, finite)
    return True


def _norms(axes: Any, w: Watch) -> bool:
    for name, colour in (("weight", pictures.BLUE), ("gradient", pictures.ORANGE), ("update", pictures.GREEN)):
        axes.plot(w.history["step"], w.history[name], color=colour, linewidth=1, marker=".", markersize=3, label=name)
    _logarithmic(axes, [v for name in ("weight", "gradient", "update") for v in w.history[name]])
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return True


def _ratios(axes: Any, w: Watch) -> bool:
    ratios = {name: c for name, c in w.history.of("ratio").items() if any(v > 0 for v in c)}
    axes.axhspan(1e-4, 1e-2, color=pictures.GREEN, alpha=0.15, linewidth=0)
    for edge in (FAST, SLOW):
        axes.axhline(edge, color=pictures.RED, linewidth=0.7, linestyle=":")
    return _lines(axes, w, ratios, logarithmic=True)


def _gradients(axes: Any, w: Watch) -> bool:
    return _lines(axes, w, w.history.of("gradient"), logarithmic=True)


def _dead(axes: Any, w: Watch) -> bool:
    axes.set_ylim(-0.02, 1.02)
    return _lines(axes, w, w.history.of("dead"))


def _saturated(axes: Any, w: Watch) -> bool:
    axes.set_ylim(-0.02, 1.02)
    return _lines(axes, w, w.history.of("saturated"))


def _time(axes: Any, w: Watch) -> bool:
    names = {"seconds": "whole step, mean", "forward_seconds": "data and forward"}
    names |= {"backward_seconds": "backward", "update_seconds": "update"}
    for name, says in names.items():
        axes.plot(
            w.history["step"], [1e3 * v for v in w.history[name]], linewidth=1, marker=".", markersize=3, label=says
        )
    axes.set_ylabel("ms")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return True


def _memory(axes: Any, w: Watch) -> bool:
    axes.plot(w.history["step"], [v / 1e6 for v in w.history["memory"]], color=pictures.BLUE, linewidth=1)
    axes.set_ylabel("MB")
    axes.set_ylim(bottom=0)
    return any(v == v for v in w.history["memory"])


def _lines(axes: Any, w: Watch, columns: dict[str, list[float]], logarithmic: bool = False) -> bool:
    """One line a column; of many, an even choice."""
    names = list(columns)
    if len(names) > MOST_LINES:
        names = [names[round(i * (len(names) - 1) / (MOST_LINES - 1))] for i in range(MOST_LINES)]
    for name in names:
        axes.plot(w.history["step"], columns[name], linewidth=1, label=name)
    if logarithmic:
        _logarithmic(axes, [v for name in names for v in columns[name]])
    if names:
        axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return bool(names)


def _logarithmic(axes: Any, values: list[float]) -> None:
    """A logarithmic axis, where there are positive numbers that span a decade and none below."""
    finite = [v for v in values if math.isfinite(v)]
    if finite and min(finite) >= 0 and max(finite) > 10 * min((v for v in finite if v > 0), default=math.inf):
        axes.set_yscale("log")


PLOTS: tuple[tuple[str, Callable[[Any, Watch], bool], str], ...] = (
    ("Loss", _loss, "The value whose backward ran last before each step."),
    (
        "Norms",
        _norms,
        "Of all parameters together. The gradient is the one that the optimizer got, clipped if you clip.",
    ),
    (
        "Update beside weight",
        _ratios,
        "How far a step moves each parameter, as a share of its norm. Around 0.001 (the band) is usual; above the upper "
        "dotted line it is thrown away, below the lower it stays as it was.",
    ),
    ("Gradients", _gradients, "The norm of each parameter's gradient."),
    ("Dead units", _dead, "The share of units whose derivative is zero, or nearly, for all of the batch."),
    (
        "Saturation",
        _saturated,
        "The share of elements at which a nonlinearity's derivative is below a twentieth of its greatest; half is "
        "usual for relu.",
    ),
    ("Time", _time, "Without what watching took. The whole step is the mean since the measurement before."),
    ("Memory", _memory, "Of the process."),
)
