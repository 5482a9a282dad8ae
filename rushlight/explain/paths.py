"""The chain rule spelled out: every way from a result to a leaf, with the product of the derivatives along it.

The gradient is the sum of these products. There may be more ways than one can list (each reuse doubles them); the sum and their number are
found node by node instead, whichever way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .statistics import short

if TYPE_CHECKING:
    from .graph import Edge, Explanation, Node


class Path:
    """One way from the root to a node. ``product`` is that of its edges' derivatives."""

    __slots__ = ("edges",)

    def __init__(self, edges: tuple[Edge, ...]):
        self.edges: tuple[Edge, ...] = edges

    @property
    def factors(self) -> list[float]:
        return [factor(edge) for edge in self.edges]

    @property
    def product(self) -> float:
        return math.prod(self.factors)

    @property
    def nodes(self) -> list[Node]:
        return [self.edges[0].source, *[edge.target for edge in self.edges]] if self.edges else []

    def __str__(self) -> str:
        way = " ← ".join(node.title for node in self.nodes)
        return f"{way}: {' × '.join(map(short, self.factors))} = {short(self.product)}"

    __repr__ = __str__


def factor(edge: Edge) -> float:
    """The derivative of an edge between two numbers.

    Raises:
        ValueError: if it is between arrays, or unknown.
    """
    if edge.problem:
        raise ValueError(f"the derivative of {edge.source.title} by {edge.target.title} is unknown: {edge.problem}.")
    if edge.derivative is not None:
        return edge.derivative
    if edge.norm is None:  # the rule gives nothing for it: its input does not matter
        return 0.0
    raise ValueError(
        f"{edge.source.title} {list(edge.source.shape)} has a Jacobian by {edge.target.title} {list(edge.target.shape)}, not one number; "
        "paths have products where everything on the way is one number. The gradient of arrays is explanation.gradient(x), a product "
        "with one Jacobian edge.vjp(g)."
    )


def behind(leaf: Node) -> set[Node]:
    """The nodes from which a way leads to the leaf."""
    found = {leaf}
    stack = [leaf]
    while stack:
        for edge in stack.pop().users:
            if edge.source not in found:
                found.add(edge.source)
                stack.append(edge.source)
    return found


def starts(node: Node, nr: int) -> list[Edge]:
    """The edges on which a gradient of output ``nr`` of a node goes on."""
    return [edge for edge in node.inputs if edge.output == nr]


def paths(explanation: Explanation, which: Any) -> Iterator[Path]:
    """Every way from the root to a tensor, node or name, one after the other."""
    leaf = explanation.node(which)
    near = behind(leaf)
    if explanation.root is leaf:
        yield Path(())
        return
    stack: list[tuple[Node, int, tuple[Edge, ...]]] = [(explanation.root, explanation.root_output, ())]
    while stack:
        node, nr, way = stack.pop()
        if node is leaf and way:
            yield Path(way)
            continue
        for edge in reversed(starts(node, nr)):
            if edge.target in near:
                stack.append((edge.target, edge.target_output, (*way, edge)))


def _along(explanation: Explanation, leaf: Node, weight: Any) -> Any:
    """The sum over all ways of the products of ``weight(edge)``, node by node."""
    near = behind(leaf)
    total: dict[tuple[int, int], Any] = {(explanation.root.index, explanation.root_output): weight(None)}
    for node in reversed(explanation.nodes):
        if node is leaf or node not in near:
            continue
        for nr in range(node.outputs):
            here = total.get((node.index, nr))
            if here is None:
                continue
            for edge in starts(node, nr):
                if edge.target in near:
                    key = (edge.target.index, edge.target_output)
                    total[key] = total.get(key, 0) + here * weight(edge)
    return sum(total.get((leaf.index, nr), 0) for nr in range(leaf.outputs))


def count(explanation: Explanation, which: Any) -> int:
    """How many ways lead from the root to a tensor, node or name."""
    return int(_along(explanation, explanation.node(which), lambda edge: 1))


def total(explanation: Explanation, which: Any) -> float:
    """The sum of the products of all ways: the gradient.

    Raises:
        ValueError: if something on a way is more than one number, or a derivative is unknown.
    """
    return float(_along(explanation, explanation.node(which), lambda edge: 1.0 if edge is None else factor(edge)))
