"""Weights that one forward applies again and again to what they gave: recurrent networks written by hand, or of cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tensor import Tensor
from .trace import Recurrent, Trace

#: How many nodes lie at most between one application and the next.
BETWEEN = 60
#: Weights applied less often in a row are no recurrence.
OFTEN = 5
#: Of larger ones eigenvalues take too long.
LARGEST = 1024


def spectral_radius(a: np.ndarray[Any, Any]) -> float:
    """The largest absolute value of an eigenvalue: the factor by which repeated application makes vectors grow in the end."""
    a = a.astype(np.float64)
    return float(np.abs(np.linalg.eigvals(a)).max()) if np.isfinite(a).all() else float("inf")


class Reuse:
    """Told of each product with a parameter in the first forward."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.last: dict[str, tuple[Any, int]] = {}  # a weight's last application, and how many came before it in a row

    def used(self, name: str, leaf: Tensor, node: Any, data: Tensor) -> None:
        """A weight is applied to ``data``."""
        before, count = self.last.get(name, (None, 0))
        edge = data._edge
        columns: tuple[int, int] | None = None
        found = False
        if before is not None and edge is not None:
            found, columns = self.source(edge[0], before, leaf)
        self.last[name] = (node, count + 1 if found else 0)
        if found and count + 1 >= OFTEN and leaf._a.ndim == 2:
            known = self.trace.recurrent.get(name)
            radius = known.radius if known is not None else self.radius(leaf, columns)
            if radius is not None:
                self.trace.recurrent[name] = Recurrent(count + 2, radius, columns)

    @staticmethod
    def radius(leaf: Tensor, columns: tuple[int, int] | None) -> float | None:
        """Of the part of a weight that is applied to the hidden state; None if that is not square."""
        part = leaf._a if columns is None else leaf._a[:, slice(*columns)]
        return spectral_radius(part) if part.shape[0] == part.shape[1] <= LARGEST else None

    @staticmethod
    def source(node: Any, before: Any, leaf: Tensor) -> tuple[bool, tuple[int, int] | None]:
        """Whether what comes of ``before`` leads to ``node``; and behind which columns, if other inputs are joined with it."""
        if getattr(node, "op", None) is None or node.op.name != "cat" or len(leaf._a.shape) != 2:
            return leads(before, node), None
        height, width = leaf._a.shape
        for i, edge in enumerate(node.edges):
            if edge is not None and leads(before, edge[0]):
                at = 0 if i == 0 else width - height  # the hidden state stands first or last
                return height < width and i in (0, len(node.edges) - 1), (at, at + height)
        return False, None


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
