"""``rushlight tour``: a notebook played in the terminal, a step at a time. ``seed.ipynb`` beside this file is what it plays by default."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compat.notebook import run_cell, text_of
from ..compat.pretty import pretty
from ..compat.run import run_file
from ..terminal import console

if TYPE_CHECKING:
    from rich.console import Console

SEED = Path(__file__).parent / "seed.ipynb"
#: Longer lines of prose are hard to read; results may be wider.
PROSE = 100


def play(path: str | None = None, stop: bool | None = None) -> int:
    """Show a notebook's text, run its code, show what it gives; the exit status.

    Args:
        path: an ``.ipynb`` file; the seed's notebook if it is not said.
        stop: wait for the reader after each piece of code; by default if there is a terminal to read from and to write to.
    """
    if stop is None:
        stop = sys.stdin.isatty() and sys.stdout.isatty()
    screen = console(highlight=False)

    def show(source: bytes, path: str, namespace: dict[str, Any]) -> None:
        _show(source, path, namespace, screen, stop)

    return run_file(str(path or SEED), [], notebook=show)


def _show(source: bytes, path: str, namespace: dict[str, Any], screen: Console, stop: bool) -> None:
    from rich.markdown import Markdown

    def result(value: Any) -> None:
        if hasattr(value, "__rich__") or hasattr(value, "__rich_console__"):
            screen.print(value)
        elif hasattr(value, "_repr_html_") and hasattr(
            value, "show"
        ):  # a picture in a notebook, a tree in the terminal
            value.show()
        else:
            print(pretty(value))

    def display(*values: Any) -> None:
        for value in values:
            result(value)

    cells = json.loads(source)["cells"]
    os.chdir(os.path.dirname(os.path.abspath(path)))
    namespace["display"] = display
    last = max((i for i, cell in enumerate(cells) if cell["cell_type"] == "code"), default=-1)
    for number, cell in enumerate(cells):
        text = text_of(cell)
        if cell["cell_type"] == "markdown":
            screen.print(Markdown(text, hyperlinks=screen.is_terminal), width=min(PROSE, screen.width))
            screen.print()
        elif cell["cell_type"] == "code":
            _code(text, screen)
            sys.stdout.flush()
            run_cell(text, f"{os.path.basename(path)}, cell {number + 1}", namespace, result)
            sys.stdout.flush()
            screen.print()
            if stop and number != last and not _goes_on(screen):
                return


def _code(text: str, screen: Console) -> None:
    """A cell's source, marked as such with and without colours."""
    from rich.padding import Padding
    from rich.syntax import Syntax

    if screen.is_terminal:
        screen.print(Padding(Syntax(text, "python", theme="ansi_dark", background_color="default"), (0, 0, 0, 2)))
    else:
        screen.print("\n".join(f"  > {line}".rstrip() for line in text.splitlines()), markup=False, soft_wrap=True)


def _goes_on(screen: Console) -> bool:
    """Whether the reader wants to see more."""
    try:
        answer = screen.input("[dim]Enter: go on, q: leave [/dim]")
    except EOFError:
        return False
    screen.print()
    return answer.strip().lower() not in ("q", "quit", "exit")
