"""Memory that a training step needs, and what the first one costs: both of fresh processes, side by side."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, field
from typing import Any

from .compare import OURS, THEIRS, Say
from .processes import Failed, Sides

MEMORY_ROWS = ["mlp_mnist", "cnn", "char_gpt", "char_lstm", "big_chain"]
FIRST_ROWS = ["cnn"]
MOST_MEMORY = 1.25  # times PyTorch's growth
MOST_COLD, MOST_WARM = 0.5, 0.1  # seconds that the first step may take beyond the second


@dataclass
class Cost:
    """Answers of several rounds to one question about one row, by side (or by state of the cache), or why there are none."""

    row: str
    answers: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    refused: str = ""

    def median(self, who: str, larger: str, smaller: str = "") -> float | None:
        """The median over the rounds of one figure, or of the difference of two."""
        rounds = [] if self.refused else self.answers.get(who, [])
        return statistics.median(one[larger] - one.get(smaller, 0.0) for one in rounds) if rounds else None

    def growth(self, side: str) -> float | None:
        """Bytes by which the peak of resident memory grew from before the first step to after the 21st."""
        return self.median(side, "after", "before")

    @property
    def more(self) -> float | None:
        """Our growth over PyTorch's; None if one is missing or PyTorch's did not grow."""
        ours, theirs = self.growth(OURS), self.growth(THEIRS)
        return ours / theirs if ours is not None and theirs else None

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def memory(names: list[str], sides: Sides, against: list[str], rounds: int, say: Say) -> list[Cost]:
    """Growth of peak memory over training steps, when an earlier process has left its machine code on the disk."""
    costs = [Cost(name) for name in names]
    with _empty_folder() as folder:
        for name in names:
            ask(Cost(name), OURS, sides, OURS, "memory", {"RUSHLIGHT_CACHE_DIR": folder})  # leaves its code
        for turn in range(rounds):
            for cost in costs:
                ask(cost, OURS, sides, OURS, "memory", {"RUSHLIGHT_CACHE_DIR": folder})
                for side in against:
                    ask(cost, side, sides, side, "memory")
                say(f"round {turn + 1} of {rounds}  {cost.row:15} {cost.refused or 'memory measured'}")
    return costs


def first(names: list[str], sides: Sides, against: list[str], rounds: int, say: Say) -> list[Cost]:
    """The first step with an empty cache of machine code (``cold``), with the one this left (``warm``), and on other sides."""
    costs = [Cost(name) for name in names]
    for turn in range(rounds):
        for cost in costs:
            with _empty_folder() as folder:
                for state in ("cold", "warm"):
                    ask(cost, state, sides, OURS, "first", {"RUSHLIGHT_CACHE_DIR": folder})
            for side in against:
                ask(cost, side, sides, side, "first")
            say(f"round {turn + 1} of {rounds}  {cost.row:15} {cost.refused or 'first steps measured'}")
    return costs


def _empty_folder() -> Any:
    """A folder for machine code, for the time of a ``with``."""
    return tempfile.TemporaryDirectory(prefix="rushlight-bench-", ignore_cleanup_errors=True)


def ask(cost: Cost, who: str, sides: Sides, side: str, job: str, environment: dict[str, str] | None = None) -> None:
    """Add one answer, or the reason why there will be none."""
    if cost.refused:
        return
    try:
        cost.answers.setdefault(who, []).append(sides.ask(side, job, environment, name=cost.row))
    except Failed as error:
        cost.refused = str(error).splitlines()[0]
