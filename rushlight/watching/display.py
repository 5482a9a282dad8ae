"""The live view: numbers of the last measured step, with their course as a line of blocks, for terminal and notebook."""

from __future__ import annotations

import html as escaping
import math
from typing import TYPE_CHECKING, Any

from .. import pictures

if TYPE_CHECKING:
    from .session import Watch

_BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 24  # measurements in a line of blocks
MOST_ROWS = 16  # parameters shown; those that are furthest from the usual ratio come first
USUAL = 1e-3


def blocks(values: list[float]) -> str:
    """The last values as a line of blocks, from the least to the greatest; on a logarithmic scale if they span a decade.

    >>> blocks([1, 2, 3, 4])
    '▁▃▆█'
    """
    shown = values[-WIDTH:]
    finite = [v for v in shown if math.isfinite(v)]
    if not finite:
        return ""
    if min(finite) > 0 and max(finite) > 10 * min(finite):
        shown = [math.log(v) if v > 0 else math.nan for v in shown]
        finite = [math.log(v) for v in finite]
    low, high = min(finite), max(finite)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0
    return "".join(_BLOCKS[int((v - low) * scale + 0.5)] if math.isfinite(v) else " " for v in shown)


def number(value: float) -> str:
    """Three digits, or nothing for nan."""
    return "" if value != value else f"{value:.3g}"


def seconds(value: float) -> str:
    """A time in the unit that suits it.

    >>> seconds(0.00025), seconds(0.12), seconds(3.5)
    ('250 us', '120 ms', '3.5 s')
    """
    if value != value:
        return ""
    return f"{value * 1e6:.3g} us" if value < 1e-3 else f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def headline(w: Watch) -> str:
    """Where the training stands."""
    if not w.history:
        return "watch: no step has ended yet"
    last = {name: column[-1] for name, column in w.history.items()}
    memory = last["memory"]
    parts = [f"step {int(last['step'])}", f"{seconds(last['seconds'])} a step"]
    return " · ".join(parts + ([f"{memory / 1e6:.0f} MB"] if memory == memory else []))


def overall(w: Watch) -> list[list[str]]:
    """Rows of what, now, course: for the whole model."""
    names = {"loss": "loss", "gradient": "gradient norm", "weight": "weight norm", "update": "update norm"}
    names |= {"ratio": "update / weight", "lr": "lr"}
    return [[says, number(w.history[name][-1]), blocks(w.history[name])] for name, says in names.items() if w.history]


def parameters(w: Watch) -> list[list[str]]:
    """Rows of name, weight, gradient, update / weight, its course."""
    ratios = w.history.of("ratio")
    order = list(ratios)
    if len(order) > MOST_ROWS:
        odd = sorted(order, key=lambda name: -_oddness(ratios[name][-1]))[:MOST_ROWS]
        order = [name for name in order if name in odd]
    columns = ("weight", "gradient", "ratio")
    return [[n, *(number(w.history[f"{c}/{n}"][-1]) for c in columns), blocks(ratios[n])] for n in order]


def layers(w: Watch) -> list[list[str]]:
    """Rows of a nonlinearity, share of dead units, share of saturated elements, its course."""
    saturated, dead = w.history.of("saturated"), w.history.of("dead")
    rows = [[n, _share(dead[n][-1]), _share(saturated[n][-1]), blocks(saturated[n])] for n in saturated]
    return rows[:MOST_ROWS]


def _oddness(ratio: float) -> float:
    return abs(math.log(ratio / USUAL)) if ratio > 0 else 0.0


def _share(value: float) -> str:
    return "" if value != value else f"{value:.0%}"


TABLES = (
    (["", "now", "course"], overall),
    (["parameter", "weight", "gradient", "update / weight", "course"], parameters),
    (["layer", "dead units", "saturated", "course"], layers),
)


def terminal(w: Watch, curves: bool = True) -> Any:
    """The view as something that rich prints; ``curves`` if the terminal shows block characters."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = [Text(headline(w), style="bold")]
    for heads, rows_of in TABLES:
        rows = rows_of(w)
        if not rows:
            continue
        shown = len(heads) if curves else len(heads) - 1
        table = Table(box=None, pad_edge=False, header_style="dim")
        for place, head in enumerate(heads[:shown]):
            table.add_column(head, justify="right" if 0 < place < len(heads) - 1 else "left", no_wrap=True)
        for row in rows:
            table.add_row(*map(Text, row[:shown]))
        parts.append(table)
    parts += [Text(str(finding), style="red") for finding in w.findings[-5:]]
    return Group(*parts)


def html(w: Watch) -> str:
    """The same for a notebook."""
    parts = [f"<strong>{escaping.escape(headline(w))}</strong>"]
    for heads, rows_of in TABLES:
        rows = rows_of(w)
        if rows:
            parts.append(pictures.table(heads, rows))
    parts += [f"<div>{escaping.escape(str(finding))}</div>" for finding in w.findings[-5:]]
    return "".join(parts)
