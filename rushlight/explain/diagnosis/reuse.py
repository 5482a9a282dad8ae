"""Weights that one forward applies again and again to what they gave: recurrent networks written by hand, or of cells."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..statistics import norm
from .trace import Part, Recurrent, Trace

#: How many nodes lie at most between one application and the next.
BETWEEN = 60
#: Weights applied less often in a row are no recurrence.
OFTEN = 5
#: Of larger ones eigenvalues take too long.
LARGEST = 1024
#: The size of a gradient of which nothing is left.
NOTHING = 1e-300


def spectral_radius(a: np.ndarray[Any, Any]) -> float:
    """The largest absolute value of an eigenvalue: the factor by which repeated application makes vectors grow in the end."""
    a = a.astype(np.float64)
    return float(np.abs(np.linalg.eigvals(a)).max()) if np.isfinite(a).all() else float("inf")


class Reuse:
    """Told of each product with a parameter in the first forward."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.last: dict[str, tuple[Any, int]] = {}  # a weight's last application, and how many came before it in a row
        self.parts: dict[str, Part] = {}
        self.latest: dict[str, tuple[int, float]] = {}  # the last application that a gradient reaches; its size there

    def used(self, name: str, leaf: Tensor, axis: int, node: Any, data: Tensor) -> None:
        """A weight is applied to ``data``, whose features meet its dimension ``axis``."""
        before, count = self.last.get(name, (None, 0))
        part = None
        if before is not None and data._edge is not None and leaf._a.ndim == 2:
            part = self.hidden(data._edge[0], before, leaf._a.shape, axis)
        at = 0 if part is None else count + 1
        self.last[name] = (node, at)
        if leaf._a.ndim != 2:
            return
        if part is not None:
            self.parts.setdefault(name, part)
            a = part.of(leaf._a)
            if at >= OFTEN and a.shape[0] == a.shape[1] <= LARGEST:
                known = self.trace.recurrent.get(name)
                radius = known.radius if known is not None else spectral_radius(a)
                self.trace.recurrent[name] = Recurrent(at + 1, radius, part)
        node.register_prehook(partial(self.came_back, name, at))

    def came_back(self, name: str, at: int, grads: Any) -> None:
        """The gradient arrives at an application, at the last one first: it tells what a step makes of it, where no eigenvalue does."""
        size = 0.0 if grads[0] is None else norm(grads[0]._a)
        if name not in self.latest and size > 0:
            self.latest[name] = (at, size)
        last, above = self.latest.get(name, (0, 0.0))
        if at == 0 and last >= OFTEN and name in self.parts and name not in self.trace.recurrent:
            each = (max(size, NOTHING) / above) ** (1 / last)
            self.trace.recurrent[name] = Recurrent(last + 1, each, self.parts[name], measured=True)

    @staticmethod
    def hidden(node: Any, before: Any, shape: tuple[int, ...], axis: int) -> Part | None:
        """The part of a weight that is applied to what comes of ``before``, by ``node``: all of it, or what remains where other inputs
        are joined with it, which stand all before it or all behind it."""
        width = shape[axis]
        if getattr(node, "op", None) is None or node.op.name != "cat":
            return Part(axis, 0, width) if leads(before, node) else None
        for i, edge in enumerate(node.edges):
            if edge is not None and leads(before, edge[0]):
                size = edge[0].meta[edge[1]][-1] if edge[0].n_outputs > 1 else edge[0].meta[0][-1]
                start = 0 if i == 0 else width - size
                return Part(axis, start, start + size) if size < width and i in (0, len(node.edges) - 1) else None
        return None


def leads(before: Any, node: Any) -> bool:
    """Whether a node is computed from another, a few operations before it."""
    stack, seen = [node], {node}
    while stack and len(seen) < BETWEEN:
        node = stack.pop()
        if node is before:
            return True
        for edge in node.edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return False
