"""How cost grows: each line of ``sizes`` on both sides in turn, from one element to as many as memory allows."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

from . import machine
from .compare import OURS, THEIRS, Say
from .processes import Failed, Sides
from .programs import agree
from .sizes import LINES, SIZES

TIMES_SLOWER, SECONDS_SLOWER = 1.3, 2e-6  # a size at which Rushlight is slower by both is a crossing
MORE = 4  # rounds of what seems to be one


@dataclass
class Point:
    """One size of one line: the best seconds of each round on each side."""

    line: str
    n: int
    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def slower(self) -> float | None:
        """The median over the rounds of our time divided by PyTorch's: above 1 ours is slower."""
        pairs = list(zip(self.theirs, self.ours, strict=False))
        return statistics.median(ours / theirs for theirs, ours in pairs) if pairs else None

    @property
    def crossing(self) -> bool:
        """Whether Rushlight is both more than 1.3 times and more than 2 us slower, each as the median over the rounds."""
        if self.slower is None:
            return False
        longer = statistics.median(ours - theirs for theirs, ours in zip(self.theirs, self.ours, strict=False))
        return self.slower > TIMES_SLOWER and longer > SECONDS_SLOWER

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "slower": self.slower, "crossing": self.crossing}


@dataclass
class Sweep:
    """What one run of the sweep found; ``refused`` says of lines why they, or their larger sizes, do not count."""

    facts: dict[str, str]
    rounds: int
    points: list[Point]
    refused: dict[str, str]

    @property
    def crossings(self) -> list[Point]:
        return [point for point in self.points if point.crossing]

    def as_json(self) -> dict[str, Any]:
        points = [point.as_json() for point in self.points]
        return {"facts": self.facts, "rounds": self.rounds, "refused": self.refused, "points": points}


def allowed(line: str, available: float) -> list[int]:
    """The sizes whose arrays take less than 80 % of the memory that is available."""
    return [n for n in SIZES if n * 4 * LINES[line].arrays < 0.8 * available]


def sweep(
    names: list[str], sides: Sides, facts: dict[str, str], against: list[str], rounds: int, seconds: float, say: Say
) -> Sweep:
    """Measure the lines. A line fails as a whole if a side raises, and ends before a size at which the results differ.

    A size that seems to be a crossing is measured in ``MORE`` further rounds, and the medians over all decide: with the few of a sweep of
    everything, one slow moment of the machine makes a crossing, or hides one in the other's time.
    """
    found = Sweep(facts, rounds, [], {})
    lines: dict[str, dict[int, Point]] = {name: {} for name in names}

    def measure(turn: int, of: int, name: str, sizes: list[int]) -> None:
        points = lines[name]
        order = [OURS, *against][:: -1 if turn % 2 else 1]
        try:
            answers = {side: sides.ask(side, "line", name=name, sizes=sizes, seconds=seconds) for side in order}
        except Failed as error:
            found.refused[name] = str(error).splitlines()[0]
            points.clear()
        else:
            add(points, name, answers, found.refused)
        say(f"round {turn + 1} of {of}  {name:15} {found.refused.get(name) or f'{len(sizes)} sizes'}")

    for turn in range(rounds):
        for name, points in lines.items():
            if name not in found.refused or points:
                sizes = allowed(name, machine.available_memory())
                measure(turn, rounds, name, [n for n in sizes if turn == 0 or n in points])
    seeming = {name: [n for n, point in points.items() if point.crossing] for name, points in lines.items()}
    for turn in range(rounds, rounds + MORE):
        for name, sizes in seeming.items():
            if sizes and lines[name]:
                measure(turn, rounds + MORE, name, sizes)
    found.points = [point for points in lines.values() for point in points.values()]
    return found


def add(points: dict[int, Point], name: str, answers: dict[str, list[dict[str, Any]]], refused: dict[str, str]) -> None:
    """Add one round to the points of a line, size by size, as far as every side went and computed the same."""
    sides = {side: {point["n"]: point for point in answer} for side, answer in answers.items()}
    common = sorted(set.intersection(*map(set, sides.values())))
    if points:
        common = [n for n in common if n in points]
    for n in common:
        ours = sides[OURS][n]
        theirs = sides.get(THEIRS, {}).get(n)
        if theirs and not agree(theirs["result"], ours["result"], LINES[name].tolerance):
            refused[name] = f"results differ at {n} elements: {theirs['result'][:3]} and {ours['result'][:3]}"
            for larger in [size for size in points if size >= n]:
                del points[larger]
            return
        point = points.setdefault(n, Point(name, n))
        point.ours.append(ours["best"])
        if theirs:
            point.theirs.append(theirs["best"])
