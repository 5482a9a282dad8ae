"""The table: each row on PyTorch and on Rushlight in turn, and what the times of several rounds come to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .processes import Failed, Sides
from .programs import ROWS, Row, agree

OURS, THEIRS = "rushlight", "torch"
WITHIN = 0.95  # of a bar counts as met
Say = Callable[[str], None]


@dataclass
class Result:
    """One row: the best seconds of each round on each side, or why none count."""

    row: str
    bar: float
    aim: float
    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    peers: dict[str, list[float]] = field(default_factory=dict)
    medians: dict[str, list[float]] = field(
        default_factory=dict
    )  # of each process, by side: how far its best is from its usual
    refused: str = ""
    share: float | None = None
    limit: str = ""

    @property
    def ratios(self) -> list[float]:
        """PyTorch's time over ours, round by round: above 1 ours is faster. None without PyTorch or if refused."""
        return [] if self.refused else [a / b for a, b in zip(self.theirs, self.ours, strict=False)]

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def met(self) -> str:
        """``aim``, ``bar`` or ``no``: the highest mark that the median ratio reaches, 5 % below counted; empty if there is no ratio."""
        if self.ratio is None:
            return "no" if self.refused else ""
        return "aim" if self.ratio >= WITHIN * self.aim else "bar" if self.ratio >= WITHIN * self.bar else "no"

    def as_json(self) -> dict[str, Any]:
        ratios = self.ratios
        spread = {"ratio": self.ratio, "lowest": min(ratios), "highest": max(ratios)} if ratios else {"ratio": None}
        return {**vars(self), **spread, "met": self.met}


@dataclass
class Table:
    """What one run of the benchmark found."""

    facts: dict[str, str]
    peaks: dict[str, float]
    rounds: int
    results: list[Result]

    @property
    def mean(self) -> float | None:
        """The geometric mean of the ratios of the rows that have one."""
        return geometric_mean(result.ratio for result in self.results if result.ratio is not None)

    @property
    def counted(self) -> int:
        return sum(result.ratio is not None for result in self.results)

    def as_json(self) -> dict[str, Any]:
        return {
            "facts": self.facts,
            "peaks": self.peaks,
            "rounds": self.rounds,
            "geometric_mean": self.mean,
            "rows_in_mean": self.counted,
            "rows": [result.as_json() for result in self.results],
        }


def geometric_mean(values: Iterable[float]) -> float | None:
    """The number whose logarithm is the mean of the logarithms; None for no values."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else None


def roofline(row: Row, peaks: dict[str, float]) -> tuple[float, str]:
    """The least seconds that a step can take on a machine with these peaks, and what limits it; 0 if the row declares no counts."""
    floors = [(row.flop / peaks["gemm"], "products"), (row.traffic / peaks["memory"], "memory")]
    least, limit = max(floors)
    return (least, limit) if least else (0.0, "")


def compare(
    names: list[str], sides: Sides, facts: dict[str, str], against: list[str], rounds: int, seconds: float, say: Say
) -> Table:
    """Measure the rows; ``against`` are the other sides that are there. A row whose results differ gets no times."""
    before = sides.ask(OURS, "peaks", seconds=seconds)
    results = [Result(name, ROWS[name].bar, ROWS[name].aim) for name in names]
    for turn in range(rounds):
        for result in results:
            if not result.refused:
                take(result, ROWS[result.row], sides, against, seconds, reverse=bool(turn % 2))
                say(f"round {turn + 1} of {rounds}  {result.row:15} {result.refused or progress(result)}")
    after = sides.ask(OURS, "peaks", seconds=seconds)
    peaks = {name: max(before[name], after[name]) for name in before}
    for result in results:
        least, limit = roofline(ROWS[result.row], peaks)
        if least and result.ours:
            result.share = least / (statistics.median(result.ours) * ROWS[result.row].repeats)
            result.limit = limit
    return Table(facts, peaks, rounds, results)


def take(result: Result, row: Row, sides: Sides, against: list[str], seconds: float, reverse: bool = False) -> None:
    """One round of one row: every side in a fresh process, which goes first alternating; times count only if the results agree."""
    order = [OURS, *(side for side in against if side == THEIRS or side in row.peers)]
    try:
        found = {
            side: sides.ask(side, "row", name=result.row, seconds=seconds)
            for side in (order[::-1] if reverse else order)
        }
    except Failed as error:
        result.refused = str(error).splitlines()[0]
    else:
        count(result, row, found)
    if result.refused:
        result.theirs, result.ours, result.peers, result.medians = [], [], {}, {}


def count(result: Result, row: Row, found: dict[str, dict[str, Any]]) -> None:
    """Add the times of one round, after a look at what each side computed."""
    ours = found[OURS]["result"]
    for side in found:
        theirs = found[side]["result"]
        if not agree(theirs, ours, row.tolerance):
            result.refused = f"results differ: {side} computed {_shown(theirs)}, {OURS} {_shown(ours)}"
            return
    for side, measured in found.items():
        times = {OURS: result.ours, THEIRS: result.theirs}.get(side)
        (result.peers.setdefault(side, []) if times is None else times).append(measured["best"])
        result.medians.setdefault(side, []).append(measured["median"])


def _shown(numbers: list[float]) -> str:
    return ", ".join(f"{number:.7g}" for number in numbers[:4]) + (", ..." if len(numbers) > 4 else "")


def progress(result: Result) -> str:
    """The last round in a few words."""
    ours = f"ours {result.ours[-1] * 1e6:.2f} us"
    if not result.theirs:
        return ours
    return f"torch {result.theirs[-1] * 1e6:.2f} us, {ours}, ratio {result.theirs[-1] / result.ours[-1]:.2f}, results agree"
