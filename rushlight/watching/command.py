"""``rushlight watch PROGRAM``: run a program with ``watch`` around its training, without a change to it."""

from __future__ import annotations

import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from .. import pictures
from ..autograd import engine
from ..compat.run import run_file
from ..nn.module import Module, register_module_forward_hook
from ..optim.optimizer import Optimizer, register_optimizer_step_pre_hook
from ..tensor import Tensor
from .session import Watch, watch


def options(parser: ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "--every", type=int, help="measure each EVERY-th step (by default as often as 1 %% of the time pays for)"
    )
    parser.add_argument(
        "--report", metavar="FILE", help="write an HTML report with plots in the end (needs matplotlib)"
    )
    parser.add_argument("--tensorboard", metavar="FOLDER", help="write TensorBoard files (needs tensorboardX)")
    parser.add_argument("--csv", metavar="FILE", help="write all measurements as a table")
    parser.add_argument("program", metavar="PROGRAM", help="a .py script or an .ipynb notebook that trains")
    parser.add_argument("arguments", metavar="ARGS", nargs=REMAINDER, help="the program's own arguments")


def run(given: Namespace, parser: ArgumentParser) -> int:
    """Run the program and watch its first optimizer; the program's exit status."""
    if given.report is not None:
        pictures.require("The report of watch")  # before the training, not after it
    first = FirstStep(every=given.every, report=given.report, tensorboard=given.tensorboard)
    status = 1
    try:
        status = run_file(given.program, given.arguments)
    finally:
        first.cancel()
        w = first.watch
        if w is None:
            print("watch: no optimizer has made a step", file=sys.stderr)
        else:
            w.ended = w.ended or ("an error" if status else "")
            w.close()
            if given.csv:
                w.history.to_csv(given.csv)
            print(
                f"watch: {w.step} steps, {len(w.history['step'])} measured, {len(w.findings)} findings", file=sys.stderr
            )
    return status


class FirstStep:
    """Waits for the first step of an optimizer, and watches it from then on, with the model that holds its parameters."""

    def __init__(self, **how: Any):
        self.how = how
        self.watch: Watch | None = None
        self._modules: dict[Module, None] = {}  # that have been called, in order
        self._roots: Sequence[Tensor] = ()
        self._handles = [
            register_module_forward_hook(lambda module, args, output: self._modules.setdefault(module)),
            register_optimizer_step_pre_hook(self._begins),
        ]
        engine.observers.append(self._backward)

    def cancel(self) -> None:
        """Stop waiting."""
        for handle in self._handles:
            handle.remove()
        if self._backward in engine.observers:
            engine.observers.remove(self._backward)
        self._modules.clear()

    def _backward(self, roots: Sequence[Tensor]) -> None:
        self._roots = roots

    def _begins(self, optimizer: Optimizer, *_: Any) -> None:
        if self.watch is None:
            model = holder(list(self._modules), optimizer)
            roots, self._roots = self._roots, ()
            self.cancel()
            self.watch = watch(model, optimizer, **self.how)
            self.watch.join(roots)


def holder(modules: list[Module], optimizer: Optimizer) -> Module | None:
    """The module that holds most of an optimizer's parameters, the smallest of several; None if none holds any."""
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    best, best_score = None, (0, 0)
    for module in modules:
        own = {id(p) for p in module.parameters()}
        score = (len(own & held), -len(own))
        if score[0] and score > best_score:
            best, best_score = module, score
    return best
