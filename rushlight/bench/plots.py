"""The same as pictures, with matplotlib if it is there (extra ``bench``)."""

from __future__ import annotations

import statistics
from pathlib import Path

from ..pictures import figure
from .compare import Table
from .sweep import Sweep

OURS_COLOUR, THEIRS_COLOUR, MARK_COLOUR = "#b5651d", "#4c72b0", "#444444"


def table(found: Table, path: Path) -> None:
    """Bars of the ratios on a logarithmic axis, with the marks that each row is to reach."""
    shown = [result for result in found.results if result.ratios][::-1]
    drawn = figure(8, 1.4 + 0.32 * len(shown))
    axes = drawn.subplots()
    places = list(range(len(shown)))
    ratios = [statistics.median(result.ratios) for result in shown]
    spread = [
        [ratio - min(result.ratios) for ratio, result in zip(ratios, shown, strict=True)],
        [max(result.ratios) - ratio for ratio, result in zip(ratios, shown, strict=True)],
    ]
    axes.barh(places, [ratio - 1 for ratio in ratios], left=1, color=OURS_COLOUR, height=0.6)
    axes.errorbar(ratios, places, xerr=spread, fmt="none", ecolor=MARK_COLOUR, capsize=2, linewidth=0.8)
    axes.plot(
        [result.bar for result in shown],
        places,
        "|",
        color=MARK_COLOUR,
        markersize=14,
        markeredgewidth=2,
        label="first bar",
    )
    axes.plot([result.aim for result in shown], places, "d", color=MARK_COLOUR, markersize=5, label="aim")
    axes.axvline(1, color=MARK_COLOUR, linewidth=0.8)
    axes.set_xscale("log")
    marks = [
        mark
        for mark in (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12, 20)
        if min([*ratios, 0.75]) <= mark <= max([*ratios, 8.0])
    ]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
    axes.set_yticks(places, [result.row for result in shown])
    axes.set_xlabel("PyTorch's time / Rushlight's (right of 1: Rushlight is faster)")
    mean = f", geometric mean {found.mean:.2f}" if found.mean else ""
    axes.set_title(
        f"Rushlight beside PyTorch {found.facts.get('torch version', '')}{mean}\n{found.facts.get('CPU', '')}",
        fontsize=10,
    )
    axes.legend(loc="lower right", fontsize=8)
    drawn.savefig(path, dpi=130)


def sweep(found: Sweep, path: Path) -> None:
    """One panel a line: time against elements, both logarithmic; crossings ringed."""
    lines = list(dict.fromkeys(point.line for point in found.points))
    columns = min(4, len(lines))
    rows = -(-len(lines) // columns)
    drawn = figure(3.4 * columns, 2.8 * rows)
    panels = drawn.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(panels.flat):
        if place >= len(lines):
            axes.set_axis_off()
            continue
        points = [point for point in found.points if point.line == lines[place]]
        for label, colour in (("theirs", THEIRS_COLOUR), ("ours", OURS_COLOUR)):
            curve = [
                (point.n, statistics.median(getattr(point, label)) * 1e6) for point in points if getattr(point, label)
            ]
            if curve:
                name = "PyTorch" if label == "theirs" else "Rushlight"
                axes.plot(*zip(*curve, strict=True), color=colour, marker=".", markersize=4, linewidth=1, label=name)
        rings = [(point.n, statistics.median(point.ours) * 1e6) for point in points if point.crossing]
        if rings:
            axes.plot(*zip(*rings, strict=True), "o", color="red", fillstyle="none", markersize=8)
        axes.set(xscale="log", yscale="log", title=lines[place])
        axes.grid(alpha=0.3)
    panels[0][0].legend(fontsize=8)
    drawn.supxlabel("elements")
    drawn.supylabel("microseconds")
    drawn.savefig(path, dpi=130)
