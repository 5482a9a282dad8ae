"""A kernel's source: the tree of a Python function, and which of its names are variables."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import sys
import textwrap
from types import CodeType
from typing import Any

from .names import Names


def from_text(text: str, names: dict[str, Any]) -> Any:
    """A function of the language that is written by a program; ``parts`` of it tell its code from others'."""
    scope = {"__name__": __name__, **names}
    code = compile(text, "<kernel>", "exec")
    exec(code, scope)
    made = scope[code.co_names[-1]]
    made.parts = (text,)
    return made


@functools.cache
def source(function: Any) -> tuple[ast.FunctionDef, str]:
    """The tree of a function, and its file."""
    if hasattr(function, "parts"):
        (node,) = ast.parse(function.parts[0]).body
        assert isinstance(node, ast.FunctionDef)
        return node, "<kernel>"
    code = inspect.unwrap(function).__code__
    file, first = code.co_filename, code.co_firstlineno
    lines = linecache.getlines(file, vars(sys.modules[function.__module__]))[first - 1 : _last_line(code)]
    before = "\n" * (first - 1)  # so that errors name the lines of the file
    try:
        tree = ast.parse(before + textwrap.dedent("".join(lines)))
    except SyntaxError:  # code without the ends of its instructions (-X no_debug_ranges)
        tree = ast.parse(before + textwrap.dedent(inspect.getsource(function)))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    return node, file


@functools.cache
def names_of(function: Any) -> Names:
    """Which names of a function are variables."""
    return Names(source(function)[0])


def _last_line(code: CodeType) -> int:
    """The last line of a function: to look for it in the source, as ``inspect`` does, takes longer than to parse it."""
    own = max([end for _, end, _, _ in code.co_positions() if end], default=code.co_firstlineno)
    return max([own, *[_last_line(inner) for inner in code.co_consts if isinstance(inner, CodeType)]])
