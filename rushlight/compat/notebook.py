"""Run a notebook's code cells in order, in one namespace, printing what Jupyter prints as text."""

from __future__ import annotations

import ast
import io
import json
import linecache
import os
import re
import tokenize
from collections.abc import Callable
from typing import Any

from .pretty import pretty

# Magics that change how a notebook looks or reloads, not what it computes.
IGNORED_MAGICS = frozenset({"matplotlib", "load_ext", "reload_ext", "autoreload", "config", "pylab"})
_MAGIC = re.compile(r"^(?P<indent>\s*)(?P<kind>%%|%|!)\s?(?P<word>\w*)")


def run_notebook(source: bytes, path: str, namespace: dict[str, Any]) -> None:
    """Run every code cell of a notebook (format 3 or later) in its own folder, as Jupyter does.

    A cell's last line, if it is an expression, is printed unless it is None or the cell ends in a semicolon. Raises
    NotImplementedError, naming the cell, for a shell command or a magic that would have an effect.
    """
    cells = code_cells(source)
    os.chdir(os.path.dirname(os.path.abspath(path)))
    namespace["display"] = lambda *values: [print(pretty(value)) for value in values] and None
    for number, cell in enumerate(cells, start=1):
        run_cell(cell, f"{os.path.basename(path)}, cell {number}", namespace)


def code_cells(source: bytes) -> list[str]:
    """The sources of a notebook's code cells, in order."""
    notebook = json.loads(source)
    cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
    return [text_of(cell) for cell in cells if cell["cell_type"] == "code"]


def text_of(cell: dict[str, Any]) -> str:
    """A cell's source, which notebooks keep as one string or as lines."""
    return "".join(cell.get("source", cell.get("input", "")))


def show(value: Any) -> None:
    """Print a result as Jupyter does in text."""
    print(pretty(value))


def run_cell(cell: str, place: str, namespace: dict[str, Any], show: Callable[[Any], None] = show) -> None:
    """Run one cell and ``show`` its result; ``place`` names it in tracebacks."""
    lines = cell.splitlines(keepends=True)
    linecache.cache[place] = (len(cell), None, lines, place)
    tree = _parse(cell, place)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, place, "exec", dont_inherit=True), namespace)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), place, "eval", dont_inherit=True), namespace)
        if value is not None and not _ends_in_semicolon(cell):
            namespace["_"] = value
            show(value)


def _parse(cell: str, place: str) -> ast.Module:
    try:
        return ast.parse(cell, place)
    except SyntaxError:
        plain = _without_magics(cell, place)
        if plain == cell:
            raise
    return ast.parse(plain, place)


def _without_magics(cell: str, place: str) -> str:
    """The cell with harmless magics turned into ``pass``, so that line numbers stay."""
    lines = cell.splitlines()
    for index, line in enumerate(lines):
        match = _MAGIC.match(line)
        if match is None:
            continue
        if match["kind"] != "%" or match["word"] not in IGNORED_MAGICS:
            what = "shell command" if match["kind"] == "!" else "notebook magic"
            raise NotImplementedError(
                f"{place}, line {index + 1}: the {what} `{line.strip()}` cannot run outside Jupyter.\n\n"
                "Do in a shell what it does, and take the line out of the notebook."
            )
        lines[index] = match["indent"] + "pass"
    return "\n".join(lines)


def _ends_in_semicolon(cell: str) -> bool:
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER}
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(cell).readline) if token.type not in skipped]
    except (tokenize.TokenError, SyntaxError):  # a magic line need not consist of Python's tokens
        return cell.rstrip().endswith(";")
    return bool(tokens) and tokens[-1].string == ";"
