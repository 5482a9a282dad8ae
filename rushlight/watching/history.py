"""What was measured, as columns; and the loss of every step, thinned out as it grows."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class History(dict[str, list[float]]):
    """Columns by name, all of one length: a row for each measured step. ``pandas.DataFrame(history)`` takes it as it is."""

    def add(self, row: dict[str, float]) -> None:
        """Append a row; columns that it lacks get nan, and so do earlier rows in columns that are new."""
        length = len(next(iter(self.values()), []))
        for name in row:
            if name not in self:
                self[name] = [math.nan] * length
        for name, column in self.items():
            column.append(row.get(name, math.nan))

    def of(self, kind: str) -> dict[str, list[float]]:
        """The columns ``kind/NAME`` by NAME."""
        return {name.removeprefix(kind + "/"): column for name, column in self.items() if name.startswith(kind + "/")}

    def to_csv(self, path: str | Path) -> None:
        """Write a line of names, then a line for each row."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self)
            writer.writerows(zip(*self.values(), strict=True))


class Curve:
    """The loss of each step, or of each 2nd, 4th ... step: when ``most`` are held, every second one is dropped."""

    most: int
    stride: int
    seen: int
    values: array[float]

    def __init__(self, most: int = 4096):
        self.most, self.stride, self.seen = most, 1, 0
        self.values = array("d")

    def add(self, value: float) -> None:
        if self.seen % self.stride == 0:
            if len(self.values) == self.most:
                self.values = self.values[::2]
                self.stride *= 2
            if self.seen % self.stride == 0:
                self.values.append(value)
        self.seen += 1

    def extend(self, values: Iterable[float]) -> None:
        for value in values:
            self.add(value)

    def points(self) -> tuple[list[int], list[float]]:
        """Steps and values."""
        return [i * self.stride for i in range(len(self.values))], list(self.values)

    def __getitem__(self, place: Any) -> Any:
        return self.values[place]

    def __len__(self) -> int:
        return len(self.values)
