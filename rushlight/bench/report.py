"""What was measured as Markdown: text that stands alone, the machine named."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from .compare import OURS, THEIRS, Result, Table
from .resources import MOST_COLD, MOST_MEMORY, MOST_WARM, Cost
from .sweep import MORE, SECONDS_SLOWER, TIMES_SLOWER, Point, Sweep

COMPARED = (
    " A ratio is PyTorch's time over ours of the same round, above 1 where Rushlight is faster."
    " Both sides computed the same numbers wherever a time stands."
)
Cells = Iterable[Iterable[str]]


def microseconds(seconds: float | None) -> str:
    """Three or four digits, thousands apart; a dash for None."""
    if seconds is None:
        return "–"
    time = seconds * 1e6
    return f"{time:.2f}" if time < 100 else f"{time:.1f}" if time < 1000 else f"{time:,.0f}"


def number(value: float | None, unit: str = "", digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}{unit}"


def cells(heads: list[str], rows: Cells, left: int = 1) -> str:
    """A Markdown table; the first ``left`` columns stand left, the others right."""
    lines = [heads, *([["---"] * left + ["---:"] * (len(heads) - left)]), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def environment(facts: Mapping[str, str]) -> str:
    """The facts of machine and versions as a list."""
    return "\n".join(f"- {subject}: {fact}" for subject, fact in facts.items())


# --- the table ----------------------------------------------------------------------------------------------------
def table(found: Table) -> str:
    """The table of rows, the geometric mean, and how to read it."""
    peers = sorted({peer for result in found.results for peer in result.peers})
    heads = ["row", "torch us", "ours us", "ratio (lowest..highest)", "first bar", "aim", "met", "share of roofline"]
    heads += [f"{peer} us" for peer in peers]
    parts = [
        "# Rushlight beside PyTorch",
        environment(found.facts),
        f"- float32 products at best: {found.peaks['gemm'] / 1e9:.0f} GFLOP/s; memory, read and written by copies:"
        f" {found.peaks['memory'] / 1e9:.1f} GB/s",
        cells(heads, ([*_row(result), *_peers(result, peers)] for result in found.results)),
        mean_line(found),
        f"Times are the best of many repeats in a fresh process, medians over the rounds ({found.rounds})."
        + (COMPARED if found.counted else ""),
        *(f"`{result.row}` does not count: {result.refused}" for result in found.results if result.refused),
    ]
    parts[1:3] = ["\n".join(parts[1:3])]
    return "\n\n".join(parts) + "\n"


def mean_line(found: Table) -> str:
    """The geometric mean in words, and over which rows."""
    if found.mean is None:
        return "No ratios: PyTorch did not run."
    whole = (
        f"all {found.counted} rows"
        if found.counted == len(found.results)
        else f"{found.counted} of {len(found.results)} rows"
    )
    return f"Geometric mean of the ratios over {whole}: **{found.mean:.2f}**"


def _row(result: Result) -> list[str]:
    ratios = result.ratios
    spread = f"{result.ratio:.2f} ({min(ratios):.2f}..{max(ratios):.2f})" if ratios else "–"
    share = f"{100 * result.share:.0f} % of {result.limit}" if result.share is not None else "–"
    return [
        result.row,
        microseconds(_median(result.theirs)),
        microseconds(_median(result.ours)),
        spread,
        f"{result.bar:g}",
        f"{result.aim:g}",
        result.met or "–",
        share,
    ]


def _peers(result: Result, peers: list[str]) -> list[str]:
    return [microseconds(_median(result.peers.get(peer, []))) for peer in peers]


def _median(times: list[float]) -> float | None:
    return statistics.median(times) if times else None


# --- the sweep ----------------------------------------------------------------------------------------------------
def sweep(found: Sweep) -> str:
    """The crossings first, then every line size by size."""
    compared = any(point.theirs for point in found.points)
    limit = f"more than {TIMES_SLOWER:g} times and more than {SECONDS_SLOWER * 1e6:g} us slower"
    heads = ["line", "elements", "torch us", "ours us", "ours / torch"]
    parts = [
        "# How cost grows",
        environment(found.facts),
        f"Medians over the rounds ({found.rounds}; {MORE} more of sizes that seemed slower), each line in a fresh process.",
    ]
    if not compared:
        parts.append("No comparison: PyTorch did not run.")
    elif found.crossings:
        parts.append(f"Sizes at which Rushlight is {limit}:")
        parts.append(cells(heads, ([point.line, *_point(point)] for point in found.crossings)))
    else:
        parts.append(f"There is no size at which Rushlight is {limit}.")
    parts += [f"`{line}` does not count, or not to its end: {why}" for line, why in found.refused.items()]
    for line in dict.fromkeys(point.line for point in found.points):
        parts += [
            f"## {line}",
            cells(heads[1:], (_point(point) for point in found.points if point.line == line), left=0),
        ]
    return "\n\n".join(parts) + "\n"


def _point(point: Point) -> list[str]:
    return [
        f"{point.n:,}",
        microseconds(_median(point.theirs)),
        microseconds(_median(point.ours)),
        number(point.slower),
    ]


# --- memory and first steps ---------------------------------------------------------------------------------------
def memory(costs: list[Cost], facts: Mapping[str, str]) -> str:
    """Growth of the peak, ours over PyTorch's, and how much of it came after the first step."""
    heads = [
        "row",
        "torch MB",
        "ours MB",
        "ours / torch",
        f"at most {MOST_MEMORY}",
        "torch MB after step 1",
        "ours MB after step 1",
    ]
    rows = []
    for cost in costs:
        grown = [cost.growth(side) for side in (THEIRS, OURS)]
        later = [cost.median(side, "after", "warm") for side in (THEIRS, OURS)]
        kept = "–" if cost.more is None else "yes" if cost.more <= MOST_MEMORY else "no"
        rows.append([cost.row, *map(_megabytes, grown), number(cost.more), kept, *map(_megabytes, later)])
    return _page(
        "# Growth of memory",
        facts,
        cells(heads, rows),
        "By how much the peak of resident memory grew from before the first step, the program being built, to after the 21st; what of it"
        " came after the first step stands on the right. Our first step loads its machine code from the disk.",
        costs,
    )


def _megabytes(size: float | None) -> str:
    return number(None if size is None else size / 1e6, digits=1)


def first(costs: list[Cost], facts: Mapping[str, str]) -> str:
    """The first step beyond the second, with an empty cache of machine code and with a filled one."""
    heads = [
        "row",
        "state",
        "building ms",
        "first step ms",
        "second step ms",
        "first - second ms",
        "20 steps beyond their best ms",
        "met",
    ]
    most = {"cold": MOST_COLD, "warm": MOST_WARM}
    rows = []
    for cost in costs:
        for who in cost.answers if not cost.refused else ():
            extra = cost.median(who, "first", "second")
            times = [cost.median(who, name) for name in ("build", "first", "second")]
            met = (
                "–"
                if who not in most or extra is None
                else f"{'yes' if extra < most[who] else 'no'} (< {most[who] * 1e3:g})"
            )
            figures = [*times, extra, cost.median(who, "beyond")]
            rows.append([cost.row, who, *(number(time and time * 1e3, digits=1) for time in figures), met])
    return _page(
        "# First use",
        facts,
        cells(heads, rows, left=2),
        "A fresh process each: `cold` with an empty folder for machine code, `warm` with the one that `cold` left, `torch` for comparison.",
        costs,
    )


def _page(title: str, facts: Mapping[str, str], text: str, explanation: str, costs: list[Cost]) -> str:
    refused = [f"`{cost.row}` does not count: {cost.refused}" for cost in costs if cost.refused]
    return "\n\n".join([title, environment(facts), text, explanation, *refused]) + "\n"
