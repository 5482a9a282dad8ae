"""``rushlight bench``: which measurement is wanted, on which sides, and where its answers go."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import pictures
from . import plots, report, resources
from .compare import OURS, THEIRS, compare
from .processes import Failed, Missing, Sides
from .programs import ROWS
from .sizes import LINES
from .sweep import sweep

ROUNDS, SWEEP_ROUNDS = 5, 3
SECONDS, SWEEP_SECONDS = 0.7, 0.1


def options(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "rows", metavar="ROW", nargs="*", help="rows of the table (or lines of the sweep) to measure; all by default"
    )
    parser.add_argument("--rounds", type=_positive(int), help=f"how often the sides take turns (by default {ROUNDS})")
    parser.add_argument(
        "--seconds", type=_positive(float), help=f"of repeats, for each row and side (by default {SECONDS})"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="instead of the table: how cost grows from one element to 100 million"
    )
    parser.add_argument(
        "--memory", action="store_true", help="instead of the table: growth of peak memory over training steps"
    )
    parser.add_argument("--first", action="store_true", help="instead of the table: what the first training step costs")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME", help="another framework, for rows written for it (jax)"
    )
    parser.add_argument(
        "--torch", metavar="PYTHON", default=sys.executable, help="the Python that has torch (by default this one)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (by default bench/results of the checkout)"
    )


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def positive(text: str) -> Any:
        value = kind(text)
        if value <= 0:
            raise ValueError(text)
        return value

    positive.__name__ = f"positive {kind.__name__}"  # argparse names it in its message
    return positive


def run(chosen: Namespace, parser: ArgumentParser) -> int:
    """Measure what was asked for; 1 if some row or line did not count, else 0."""
    wanted = [name for name in ("sweep", "memory", "first") if getattr(chosen, name)] or ["table"]
    known = {name: LINES if name == "sweep" else ROWS for name in wanted}
    for row in chosen.rows:
        if not all(row in names for names in known.values()):
            names = next(names for names in known.values() if row not in names)
            parser.error(f"there is no row {row!r}; there are: {', '.join(names)}")
    try:
        return measure(chosen, wanted, Sides({THEIRS: chosen.torch}))
    except Failed as error:
        say(f"Nothing was measured. {error}")
        return 1


def measure(chosen: Namespace, wanted: list[str], sides: Sides) -> int:
    """Print and write each measurement. A row that fails is a remark in its report; Failed if a side cannot even say what it is."""
    facts = sides.ask(OURS, "facts")
    against = present([THEIRS, *chosen.peer], sides, facts)
    folder = destination(chosen, against)
    good = True
    for name in wanted:
        text, data, refused, plot = MEASUREMENTS[name](chosen, sides, facts, against)
        print(text)
        good = good and not refused
        write(folder, name, text, data, plot)
    return 0 if good else 1


def present(names: list[str], sides: Sides, facts: dict[str, str]) -> list[str]:
    """The sides that can be imported, their facts added; for each that cannot a line says why."""
    found = []
    for name in dict.fromkeys(names):
        try:
            facts.update(sides.ask(name, "facts"))
            found.append(name)
        except (Missing, Failed) as error:
            alone = "Rushlight's times stand alone" if name == THEIRS else "it is left out"
            say(f"{str(error).splitlines()[0]}: {alone}.")
            facts[name] = (
                "did not run: not installed" if isinstance(error, Missing) else "did not run: its import failed"
            )
    return found


def destination(chosen: Namespace, against: list[str]) -> Path | None:
    """The folder to write to. The checkout's own results are replaced only by whole ones: by a part only if ``--out`` says where."""
    if chosen.out:
        return Path(chosen.out)
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").exists():
        say("Nothing is written: this is not a checkout. --out DIR says where to write.")
    elif chosen.rows or THEIRS not in against:
        say("Nothing is written: only a part is measured. --out DIR says where to write.")
    else:
        return root / "bench" / "results"
    return None


def write(folder: Path | None, name: str, text: str, data: Any, plot: Callable[[Path], None] | None) -> None:
    """NAME.md, NAME.json and, where there is a plot and matplotlib, NAME.png."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    written = [f"{name}.md", f"{name}.json"]
    if plot is not None and pictures.possible():
        plot(folder / f"{name}.png")
        written.append(f"{name}.png")
    elif plot is not None:
        say("There is no plot: matplotlib is not installed (pip install 'rushlight[bench]').")
    say(f"Written to {folder}: {', '.join(written)}")


def say(text: str) -> None:
    """Progress and remarks; the results alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


Measured = tuple[str, Any, bool, Callable[[Path], None] | None]  # text, data, whether something does not count, plot


def _table(chosen: Namespace, sides: Sides, facts: dict[str, str], against: list[str]) -> Measured:
    names, rounds = chosen.rows or list(ROWS), chosen.rounds or ROUNDS
    found = compare(names, sides, facts, against, rounds, chosen.seconds or SECONDS, say)
    refused = any(result.refused for result in found.results)
    plot = (lambda path: plots.table(found, path)) if found.counted else None
    return report.table(found), found.as_json(), refused, plot


def _sweep(chosen: Namespace, sides: Sides, facts: dict[str, str], against: list[str]) -> Measured:
    names, rounds = chosen.rows or list(LINES), chosen.rounds or SWEEP_ROUNDS
    found = sweep(names, sides, facts, _torch(against), rounds, chosen.seconds or SWEEP_SECONDS, say)
    plot = (lambda path: plots.sweep(found, path)) if found.points else None
    return report.sweep(found), found.as_json(), bool(found.refused), plot


def _memory(chosen: Namespace, sides: Sides, facts: dict[str, str], against: list[str]) -> Measured:
    names = chosen.rows or resources.MEMORY_ROWS
    costs = resources.memory(names, sides, _torch(against), chosen.rounds or SWEEP_ROUNDS, say)
    return report.memory(costs, facts), _costs(costs, facts), any(cost.refused for cost in costs), None


def _first(chosen: Namespace, sides: Sides, facts: dict[str, str], against: list[str]) -> Measured:
    names = chosen.rows or resources.FIRST_ROWS
    costs = resources.first(names, sides, _torch(against), chosen.rounds or SWEEP_ROUNDS, say)
    return report.first(costs, facts), _costs(costs, facts), any(cost.refused for cost in costs), None


def _torch(against: list[str]) -> list[str]:
    return [side for side in against if side == THEIRS]


def _costs(costs: list[resources.Cost], facts: dict[str, str]) -> dict[str, Any]:
    return {"facts": facts, "rows": [cost.as_json() for cost in costs]}


MEASUREMENTS: dict[str, Callable[[Namespace, Sides, dict[str, str], list[str]], Measured]] = {
    "table": _table,
    "sweep": _sweep,
    "memory": _memory,
    "first": _first,
}
