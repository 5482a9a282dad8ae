"""A table of measurements: a column for each description, a row for each sub label, blocks for each number of threads."""

from __future__ import annotations

import enum
import math
from collections import defaultdict
from collections.abc import Iterable

from .measurement import Measurement, log10, ordered_unique, select_unit, trim_sigfig, unit_to_english

_END = "\033[0m"
_SPREAD = "(! XX%) Measurement has high variance, where XX is the IQR / median * 100."

Row = tuple[int, str, str]  # threads, environment, name


class Colorize(enum.Enum):
    """Among what a time is compared for its colour."""

    NONE = "none"
    COLUMNWISE = "columnwise"
    ROWWISE = "rowwise"


class Compare:
    """Measurements beside each other, a table for each label; ``print()`` shows it.

    >>> from rushlight.utils.benchmark import Compare, Measurement, TaskSpec
    >>> def measured(seconds, what, size):
    ...     return Measurement(1, [seconds], TaskSpec("f(x)", "pass", label="f", sub_label=size, description=what))
    >>> table = Compare([measured(0.5, "old", "small"), measured(1.5, "old", "large"), measured(0.25, "new", "small")])
    >>> table.print()  # doctest: +NORMALIZE_WHITESPACE
    [------------- f --------------]
                 |   old   |   new
    1 threads: ---------------------
          small  |   500.0  |  250.0
          large  |  1500.0  |
    <BLANKLINE>
    Times are in milliseconds (ms).
    <BLANKLINE>
    """

    def __init__(self, results: Iterable[Measurement]):
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = self._warn = False
        self._colorize = Colorize.NONE

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        results = list(results)
        for r in results:
            if not isinstance(r, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(r)} instead.\n\nPass what Timer.timeit() or "
                    "Timer.blocked_autorange() gave."
                )
        self._results += results

    def trim_significant_figures(self) -> None:
        """Show no more digits than can be believed."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Show what is fast and slow in each column, or each row, in colours of the terminal."""
        self._colorize = Colorize.ROWWISE if rowwise else Colorize.COLUMNWISE

    def highlight_warnings(self) -> None:
        """Mark times that vary much."""
        self._warn = True

    def print(self) -> None:
        """Show the tables."""
        print(str(self))

    def __str__(self) -> str:
        groups: dict[str | None, list[Measurement]] = defaultdict(list)
        for m in Measurement.merge(self._results):
            groups[m.task_spec.label].append(m)
        return "\n".join([self._table(label, group) for label, group in groups.items()])

    # --- one table --------------------------------------------------------------------------------------------------
    def _table(self, label: str | None, results: list[Measurement]) -> str:
        unit, scale = select_unit(min(m.median for m in results))
        noted = self._warn and any(m.has_warnings for m in results)
        rows = sorted(ordered_unique(map(_row, results)), key=lambda row: row[:2])  # names keep their order
        columns = []
        for name in ordered_unique([m.task_spec.description for m in results]):
            found = {_row(m): m for m in results if m.task_spec.description == name}
            columns.append(_Column(name or "", [found.get(row) for row in rows], scale, self._trim, self._warn))
        _color(rows, columns, self._colorize)
        names = _row_names(rows)
        width = max(map(len, names))
        lines = [_SEPARATOR.join([name.ljust(width), *[c.cells[i] for c in columns]]) for i, name in enumerate(names)]
        head = _SEPARATOR.join([" " * width, *[c.head for c in columns]])
        out = [f"[{f' {label or str()} '.center(len(head) - 2, '-')}]", head]
        for i, (row, line) in enumerate(zip(rows, lines, strict=True)):
            if not i or rows[i - 1][0] != row[0]:
                out.append(f"{row[0]} threads: ".ljust(len(head), "-"))
            out.append(line)
        return "\n".join([*out, "", f"Times are in {unit_to_english(unit)}s ({unit}).", *[_SPREAD] * noted, ""])


_SEPARATOR = "  |  "


def _row(m: Measurement) -> Row:
    return m.task_spec.num_threads, m.task_spec.env or "", m.as_row_name


def _row_names(rows: list[Row]) -> list[str]:
    """The names, and where environments differ, these at the first row of each."""
    environments = [f"({env})" for _, env, _ in rows]
    if len(set(environments)) == 1:
        return [" " * 6 + name for *_, name in rows]
    width = max(map(len, environments))
    shown = [
        "" if i and rows[i - 1][:2] == row[:2] else env
        for i, (row, env) in enumerate(zip(rows, environments, strict=True))
    ]
    return [f"  {env.ljust(width)}  {name}" for env, (*_, name) in zip(shown, rows, strict=True)]


class _Column:
    """A column: its head, and a cell for each row, all of one width."""

    def __init__(self, name: str, found: list[Measurement | None], scale: float, trim: bool, warn: bool):
        self.medians = [None if m is None else m.median for m in found]
        there = [m for m in found if m is not None]
        digits = [math.ceil(log10(m.median / scale)) for m in there]
        decimals = min(max(m.significant_figures - n, 0) for m, n in zip(there, digits, strict=True)) if trim else 1
        length = max(digits) + decimals + bool(decimals)
        warn = warn and any(m.has_warnings for m in there)

        def text(m: Measurement | None) -> str:
            if m is None:
                return ""
            value = m.median / scale
            value = trim_sigfig(value, m.significant_figures) if trim else value
            note = f" (! {m.iqr / m.median * 100:.0f}%)" if warn and m.has_warnings else ""
            return f"{value:>{length}.{decimals}f}{note:>{7 if warn else 0}}"

        texts = [text(m) for m in found]
        width = max(map(len, [name, *texts]))
        self.head, self.cells = name.center(width), [t.center(width) for t in texts]


def _color(rows: list[Row], columns: list[_Column], among: Colorize) -> None:
    """Put cells in colours, by how long they took beside the best of their row, or of their column with as many threads."""
    if among is Colorize.NONE:
        return
    for i, row in enumerate(rows):
        for column in columns:
            value = column.medians[i]
            if among is Colorize.ROWWISE:
                others = [c.medians[i] for c in columns]
            else:
                others = [m for m, other in zip(column.medians, rows, strict=True) if other[0] == row[0]]
            if value is not None:
                codes = _code(value, min([m for m in others if m is not None]))
                if codes:
                    column.cells[i] = f"{codes}{column.cells[i]}{_END}{_END}"


def _code(value: float, best: float) -> str:
    """The colour of a time beside the best; a tenth of a microsecond makes no difference."""
    if value <= max(best * 1.01, best + 1e-7):
        return "\033[92m\033[1m"
    if value <= best * 1.1:
        return "\033[34m\033[1m"
    if value < best * 2:
        return ""
    return "\033[2m\033[91m" if value < best * 5 else "\033[31m\033[1m"
