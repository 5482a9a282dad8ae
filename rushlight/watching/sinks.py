"""Where measurements go: the terminal, a notebook's cell, lines on stderr, TensorBoard's files, a report."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import pictures
from . import display

if TYPE_CHECKING:
    from .findings import Finding
    from .session import Watch


class Sink:
    """Told of each measured row and each finding; refreshed when time allows (``cost``: what that took last)."""

    cost: float = 0.0

    def row(self, w: Watch, row: dict[str, float]) -> None:
        """A step was measured."""

    def finding(self, w: Watch, finding: Finding) -> None:
        """Something is off."""

    def refresh(self, w: Watch) -> None:
        """Show the present state."""

    def close(self, w: Watch) -> None:
        """The training has ended."""


def sinks_for(live: bool | None, report: str | Path | None, tensorboard: str | Path | None) -> list[Sink]:
    """The sinks that the arguments of ``watch`` ask for."""
    found: list[Sink] = []
    if report is not None:
        pictures.require("The report of watch")
        found.append(Report(Path(report)))
    if tensorboard is not None:
        found.append(TensorBoard(tensorboard))
    if live is not False:
        if _in_notebook():
            found.append(Notebook())
        elif live or (sys.stderr.isatty() and _has_rich()):
            found.append(Terminal())
        else:
            found.append(Lines())
    return found


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def _has_rich() -> bool:
    import importlib.util

    return importlib.util.find_spec("rich") is not None


class Lines(Sink):
    """One line on stderr for each finding: what remains where nothing can be refreshed."""

    def finding(self, w: Watch, finding: Finding) -> None:
        print(f"watch: {finding}", file=sys.stderr)


class Terminal(Sink):
    """A view at the bottom of the terminal, on stderr; what the program prints appears above it."""

    def __init__(self) -> None:
        from ..terminal import console

        self.console: Any = console(stderr=True)
        from rich.live import Live

        self.curves: bool = self.console.encoding.startswith("utf")
        together = sys.stdout.isatty()
        self.live: Any = Live(
            console=self.console,
            auto_refresh=False,
            redirect_stdout=together,
            vertical_overflow="crop",
            transient=False,
        )
        self.live.start()

    def refresh(self, w: Watch) -> None:
        self.live.update(display.terminal(w, self.curves), refresh=True)

    def close(self, w: Watch) -> None:
        self.live.update(display.terminal(w, self.curves))
        self.live.stop()


class Notebook(Sink):
    """A view under the notebook's cell."""

    def __init__(self) -> None:
        from IPython.display import HTML, display

        self.html: Any = HTML
        self.handle: Any = display(HTML("watch"), display_id=True)

    def refresh(self, w: Watch) -> None:
        self.handle.update(self.html(display.html(w)))

    close = refresh


class TensorBoard(Sink):
    """Event files: one scalar a column."""

    def __init__(self, folder: str | Path):
        from ..utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(str(folder))

    def row(self, w: Watch, row: dict[str, float]) -> None:
        step = int(row["step"])
        for name, value in row.items():
            if name != "step" and not math.isnan(value):
                self.writer.add_scalar(name, value, step)

    def close(self, w: Watch) -> None:
        self.writer.close()


class Report(Sink):
    """The HTML report, written in the end."""

    def __init__(self, path: Path):
        self.path = path

    def close(self, w: Watch) -> None:
        w.report(self.path)
