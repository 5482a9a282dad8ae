"""``rushlight init PROGRAM``: how the first model that a program calls was drawn; without a program, the distributions compared."""

from __future__ import annotations

import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from typing import Any

from .. import pictures
from ..autograd.graph import RemovableHandle
from ..compat.run import run_file
from ..nn.module import Module, register_module_forward_pre_hook
from .compare import compare, examples
from .report import Report, report


def options(parser: ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("--save", metavar="FILE", help="write the report as HTML with pictures, too (needs matplotlib)")
    parser.add_argument(
        "program",
        metavar="PROGRAM",
        nargs="?",
        help="a .py script or an .ipynb notebook; it runs until it calls a model",
    )
    parser.add_argument("arguments", metavar="ARGS", nargs=REMAINDER, help="the program's own arguments")


def run(given: Namespace, parser: ArgumentParser) -> int:
    """Print the report or the comparison; the exit status."""
    if given.program is None:
        for name, model in examples().items():
            print(f"{name}: {compare(model, (32, 3, 8, 8) if name == 'CNN' else None)}\n")
        return 0
    if given.save is not None:
        pictures.require("The report of init")
    first = FirstCall()
    try:
        status = run_file(given.program, given.arguments)
    except Stop:
        status = 0
    finally:
        first.handle.remove()
    if first.report is None:
        print("init: the program has called no model with parameters", file=sys.stderr)
        return status or 1
    print(first.report)
    if given.save is not None:
        first.report.save(given.save)
    return status


class Stop(SystemExit):
    """Ends the program once the report is made."""


class FirstCall:
    """Waits for the first call of a module that has parameters, reports on it with that call's input, and ends the program."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self.handle: RemovableHandle = register_module_forward_pre_hook(self._called)

    def _called(self, module: Module, args: tuple[Any, ...]) -> None:
        if self.report is None and any(p.dim() > 1 for p in module.parameters()):
            self.handle.remove()
            self.report = report(module, args or None)
            raise Stop(0)
