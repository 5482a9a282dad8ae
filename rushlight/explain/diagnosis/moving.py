"""Losses whose aim moves with the parameters: temporal differences, and importance ratios of policies.

The target of Q-learning is a reward and what the model itself, or a copy of it, makes of the next state: the better it gets, the larger the
numbers that are compared, and a loss that grows may be one that learns. [Sutton and Barto, Reinforcement learning, chapter 6] A policy is
improved with the ratio of its probabilities to those with which the actions were drawn, which is 1 when it is first computed: the loss says
nothing, only its gradient does. [Schulman et al., Proximal policy optimization algorithms, 2017]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import mode
from ...tensor import Parameter, Tensor
from .. import places
from .changes import COMPARING, LINEAR, computed
from .trace import Trace

#: Operations that set a prediction beside its target.
BESIDE = COMPARING - {"mul"}
#: Arrays without a history that come of a model, between two backwards.
MANY = 2000
#: How near to 1 a ratio of equal probabilities is.
ROUNDING = 1e-4


class Moving:
    """Listens for targets that are made of data and of what the model gave, and for ratios that begin with 1."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.known: dict[int, tuple[Any, bool]] = {}  # by memory: what a model gave, and whether data were added to it

    def forget(self) -> None:
        """At a backward: the next loss begins."""
        self.known.clear()

    def left(self, tensor: Tensor) -> None:
        """A tensor with a history is handed on without it."""
        if computed(tensor) and len(self.known) < MANY:
            a = root_of(tensor._a)
            self.known[id(a)] = (a, False)

    def heard(self, op: Any, inputs: tuple[Any, ...], arrays: tuple[Any, ...], result: Any) -> None:
        """After each operation."""
        recording = mode.recording() != mode.OFF
        trained = [recording and isinstance(x, Tensor) and x._edge is not None for x in inputs]
        if any(trained):
            self.compared(op, inputs, trained, arrays, result)
            return
        if len(self.known) >= MANY:
            return
        if op.name in LINEAR and any(isinstance(x, Tensor) and is_weight(x) for x in inputs):
            self.note(result, False)
            return
        known = [self.known.get(id(root_of(a))) for a in arrays if isinstance(a, np.ndarray)]
        if not any(known):
            return
        others = [a for a in arrays if isinstance(a, np.ndarray) and a.ndim and id(root_of(a)) not in self.known]
        added = op.name == "add" and any(a.dtype.kind == "f" for a in others)
        self.note(result, added or any(k[1] for k in known if k))

    def note(self, result: Any, added: bool) -> None:
        for a in result if isinstance(result, tuple) else (result,):
            if isinstance(a, np.ndarray) and a.dtype.kind == "f":
                a = root_of(a)
                self.known[id(a)] = (a, added)

    def compared(
        self, op: Any, inputs: tuple[Any, ...], trained: list[bool], arrays: tuple[Any, ...], result: Any
    ) -> None:
        """A prediction beside a target, or a ratio."""
        if self.trace.moving is not None:
            return
        if op.name in BESIDE and len(inputs) > 1 and trained[0] != trained[1]:
            target = self.known.get(id(root_of(arrays[trained.index(False)])))
            if target is not None and target[1]:
                self.trace.moving = ("targets are made of rewards and of what the model gave", places.user_line())
        elif op.name == "exp" and isinstance(result, np.ndarray) and result.size > 1:
            node = inputs[0]._edge[0]
            before = getattr(getattr(node, "op", None), "name", "")
            if before == "sub" and None in node.edges[:2] and bool(np.all(np.abs(result - 1) < ROUNDING)):
                self.trace.moving = ("ratios of probabilities are 1 before they are trained", places.user_line())


def is_weight(x: Tensor) -> bool:
    """Whether a tensor is a parameter, or shows one."""
    return isinstance(x, Parameter) or isinstance(x._base, Parameter)


def root_of(a: Any) -> Any:
    """The array that owns the memory of a view."""
    while isinstance(getattr(a, "base", None), np.ndarray):
        a = a.base
    return a
