"""Losses that are made for their gradient alone: score functions, whose value says nothing of how well a training goes.

A policy gradient draws an action with the model's probabilities and weighs the logarithm of its probability with a reward. The gradient of
that is one of the expected reward; its height is not: it falls as well when a policy gets sure of a bad action, and it grows when
rewards do. [Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning, 1992]
"""

from __future__ import annotations

import sys
from typing import Any

from ...autograd import mode
from ...tensor import Tensor
from .. import places
from .trace import Trace

#: Operations that draw with probabilities.
DRAWING = frozenset({"multinomial_from", "bernoulli_from"})
#: At so many backwards a draw must have been seen: a text that is sampled now and then is no part of the training.
OFTEN = 2
#: Draws that are remembered.
MANY = 1000


class Draws:
    """Listens for actions drawn with probabilities that are trained."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.drawn: dict[int, tuple[Any, places.Line | None]] = {}  # distributions that were drawn from, and where
        self.at: set[int] = set()  # backwards before which something was drawn
        self.installed = False

    def install(self) -> None:
        """In this process for good, once distributions are loaded: note draws, and whose logarithms of probabilities are taken."""
        module = sys.modules.get("rushlight.distributions.distribution")
        if module is None or self.installed:
            return
        self.installed = True
        classes = [module.Distribution]
        for cls in classes:
            classes += [c for c in cls.__subclasses__() if c not in classes]
            for name, noted in (("sample", self.drawing), ("log_prob", self.weighing)):
                if name in vars(cls):
                    setattr(cls, name, noted(vars(cls)[name]))

    def drawing(self, method: Any) -> Any:
        def noted(distribution: Any, *args: Any, **kwargs: Any) -> Any:
            if len(self.drawn) > MANY:
                self.drawn.clear()  # that nobody weighs
            values = [vars(distribution)[name] for name in distribution._parameters()]
            if any(isinstance(x, Tensor) and x.requires_grad for x in values):
                self.drawn.setdefault(id(distribution), (distribution, places.user_line()))
            return method(distribution, *args, **kwargs)

        return noted

    def weighing(self, method: Any) -> Any:
        def noted(distribution: Any, *args: Any, **kwargs: Any) -> Any:
            found = self.drawn.pop(id(distribution), None)
            if found is not None and mode.recording():
                self.trace.drawn_line = self.trace.drawn_line or found[1]
            return method(distribution, *args, **kwargs)

        return noted

    def heard(self, op: Any, inputs: tuple[Any, ...]) -> None:
        """After each operation: a draw by hand."""
        if op.name not in DRAWING or not any(isinstance(x, Tensor) and x._edge is not None for x in inputs):
            return
        self.at.add(self.trace.backwards)
        if len(self.at) >= OFTEN:
            self.trace.drawn_line = self.trace.drawn_line or places.user_line()
