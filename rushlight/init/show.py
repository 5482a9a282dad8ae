"""Reports on weights as text for a terminal, as HTML, as figures."""

from __future__ import annotations

import html as escaping
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import pictures
from . import flow

if TYPE_CHECKING:
    from .compare import Comparison
    from .report import Report, Row

_BLOCKS = " ▁▂▃▄▅▆▇█"
MOST_PANELS = 15

HEADS = ["parameter", "shape", "looks", "as drawn by", "mean", "std", "std expected", "range", "histogram"]
LAYER_HEADS = ["layer", "kind", "signal", "gradient"]


def bars(counts: np.ndarray[Any, Any], width: int = 12) -> str:
    """A histogram as a line of blocks."""
    sums = counts.reshape(width, -1).sum(axis=1)
    return "".join(_BLOCKS[math.ceil(8 * n / sums.max())] for n in sums) if sums.max() else ""


def number(value: float) -> str:
    return "–" if value != value else f"{value:.3g}"


def parameter_rows(report: Report) -> list[list[str]]:
    """The cells of the table of parameters."""
    return [
        [
            row.name, "x".join(map(str, row.shape)), row.family.text, row.drawn.text if row.drawn else "–",
            number(row.mean), number(row.std), number(row.drawn.std) if row.drawn else "–",
            f"{number(row.low)} .. {number(row.high)}", bars(row.counts),
        ]
        for row in report.rows
    ]  # fmt: skip


def layer_rows(report: Report) -> list[list[str]]:
    """The cells of the table of layers."""
    layers = [] if report.flow is None else report.flow.layers
    return [[layer.name, layer.kind, number(layer.signal), number(layer.gradient)] for layer in layers]


def comparison_rows(found: Comparison) -> tuple[list[str], list[list[str]]]:
    """Heads and cells: a row a distribution, a column a layer that has weights."""
    heads = ["drawn from", "mean", "std", "signal layer by layer", "gradient at the first", "verdict"]
    rows = []
    for row in found.rows:
        signals = " ".join(f"{layer.signal:.2g}" for layer in flow.weighted(row.layers))
        rows.append([row.way, number(row.mean), number(row.std), signals, number(row.layers[0].gradient), row.verdict])
    return heads, rows


# --- text -----------------------------------------------------------------------------------------------------------
def _table(heads: list[str], rows: list[list[str]], numbers: tuple[str, ...]) -> str:
    from ..terminal import console

    here = console()  # says what to install, if rich is missing

    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in numbers else "left", no_wrap=head not in _LONG)
    for row in rows:
        table.add_row(*map(Text, row))
    shown = console(width=here.width if here.is_terminal else 150, color_system=None)
    with shown.capture() as captured:
        shown.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


_LONG = ("looks", "as drawn by", "signal layer by layer")
_NUMBERS = ("mean", "std", "std expected", "signal", "gradient", "gradient at the first")


def text(report: Report) -> str:
    """The report for a terminal."""
    parts = [report.title, _table(HEADS, parameter_rows(report), _NUMBERS)]
    parts += [_says_flow(report)] + ([_table(LAYER_HEADS, layer_rows(report), _NUMBERS)] if report.flow else [])
    return "\n\n".join(parts + ["\n".join(f"- {line}" for line in report.suggestions) or NOTHING])


NOTHING = "Nothing to change."


def _says_flow(report: Report) -> str:
    if report.flow is None:
        return f"No signal was sent through: {report.note}."
    shape = "x".join(map(str, report.flow.shape))
    return f"Standard deviations for an input of {shape}, and for a standard normal gradient at the end:"


def comparison_text(found: Comparison) -> str:
    """The comparison for a terminal."""
    return f"{found.title}\n\n{_table(*comparison_rows(found), _NUMBERS)}"


# --- HTML -----------------------------------------------------------------------------------------------------------
def html(report: Report) -> str:
    """The report without its title, for a notebook or a page; with the picture if matplotlib is there."""
    parts = [pictures.table(HEADS, parameter_rows(report)), f"<p>{escaping.escape(_says_flow(report))}</p>"]
    if report.flow is not None:
        parts.append(pictures.table(LAYER_HEADS, layer_rows(report)))
    lines = "".join(f"<li>{escaping.escape(line)}</li>" for line in report.suggestions)
    parts.append(f"<ul>{lines}</ul>" if lines else f"<p>{NOTHING}</p>")
    if pictures.possible():
        with pictures.in_ink():
            parts.append(pictures.svg(figure(report), f"Histograms. {report.title}"))
    return "\n".join(parts)


def page(report: Report) -> str:
    """A whole HTML file."""
    pictures.require("The report of init")
    return pictures.page(report.title, html(report))


def comparison_html(found: Comparison) -> str:
    """The comparison for a notebook."""
    parts = [pictures.table(*comparison_rows(found))]
    if pictures.possible():
        with pictures.in_ink():
            parts.append(pictures.svg(comparison_figure(found), found.title))
    return "\n".join(parts)


# --- figures ----------------------------------------------------------------------------------------------------------
def figure(report: Report) -> Any:
    """A panel for each parameter that is drawn, weights first, and one for the signal by layer."""
    pictures.require("The figure of init")
    drawn = sorted((row for row in report.rows if row.std > 0), key=lambda row: len(row.shape) < 2)[:MOST_PANELS]
    panels = len(drawn) + (report.flow is not None)
    columns = min(4, max(1, panels))
    rows = -(-max(1, panels) // columns)
    made = pictures.figure(2.9 * columns, 2.2 * rows)
    axes = made.subplots(rows, columns, squeeze=False).flat
    for place, one in enumerate(axes):
        if place < len(drawn):
            _histogram(one, drawn[place])
        elif place == len(drawn) and report.flow is not None:
            _signal(one, [layer for layer in report.flow.layers if layer.signal > 0])
        else:
            one.set_axis_off()
    return made


def _histogram(axes: Any, row: Row) -> None:
    width = (row.high - row.low) / len(row.counts)
    left = row.low + width * np.arange(len(row.counts))
    axes.bar(left, row.counts / row.counts.sum() / width, width, align="edge", color=pictures.BLUE, alpha=0.7)
    x = np.linspace(row.low - width, row.high + width, 200)
    density = row.family.density(x)
    if density is not None:
        axes.plot(x, density, color=pictures.ORANGE, linewidth=1.5)
    axes.set_title(f"{row.name}\n{row.family.text}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_yticks([])


def _signal(axes: Any, layers: list[Any]) -> None:
    places = list(range(len(layers)))
    axes.plot(places, [layer.signal for layer in layers], marker=".", color=pictures.BLUE, label="signal")
    if any(layer.gradient > 0 for layer in layers):
        axes.plot(places, [layer.gradient for layer in layers], marker=".", color=pictures.ORANGE, label="gradient")
    axes.set_yscale("log")
    axes.set_title("std by layer", fontsize=8)
    axes.set_xticks(places, [layer.name for layer in layers], rotation=90, fontsize=6)
    axes.legend(fontsize=7, loc="upper right")


def comparison_figure(found: Comparison) -> Any:
    """The signal's standard deviation layer by layer, a line a distribution."""
    pictures.require("The figure of init")
    made = pictures.figure(8.6, 4)
    axes = made.subplots()
    for row in found.rows:
        layers = flow.weighted(row.layers)
        axes.plot(
            range(len(layers)), [layer.signal or math.nan for layer in layers], marker=".", linewidth=1, label=row.way
        )
    axes.set_yscale("log")
    layers = flow.weighted(found.rows[0].layers)
    axes.set_xticks(range(len(layers)), [layer.name for layer in layers])
    axes.set_ylabel("standard deviation of the output")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return made
