"""Find a pattern in a graph and put something else in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ._symbolic_trace import symbolic_trace
from .graph import Graph
from .graph_module import GraphModule
from .node import Node


class Match(NamedTuple):
    """Where a pattern was found: the node of its last step, and the nodes of all by those of the pattern."""

    anchor: Node
    nodes_map: dict[Node, Node]


def _graph_of(x: Any) -> Graph:
    if isinstance(x, GraphModule):
        return x.graph
    return x if isinstance(x, Graph) else symbolic_trace(x).graph


def replace_pattern(gm: GraphModule, pattern: Any, replacement: Any) -> list[Match]:
    """Replace what looks like ``pattern`` by ``replacement``, both functions, modules or graphs with the same inputs.

    The inside of a match may not be used outside of it; matches do not overlap.
    """
    wanted, new = _graph_of(pattern), _graph_of(replacement)
    old = list(gm.graph.nodes)
    free = set(old)
    found = []
    for node in old:
        match = _match_at(wanted, node, gm.graph, free)
        if match is None:
            continue
        inside = [n for p, n in match.items() if p.op not in ("placeholder", "output")]
        free.difference_update(inside)
        found.append(Match(node, match))
        _replace(gm.graph, wanted, new, match)
    gm.recompile()
    return found


def _outputs(graph: Graph) -> list[Node]:
    result = graph.output_node().args[0]
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _match_at(pattern: Graph, node: Node, graph: Graph, free: set[Node]) -> dict[Node, Node] | None:
    """The match whose first result is ``node``."""
    first, *others = _outputs(pattern)
    for start in _assignments(first, node, {}, free):
        for full in _with_others(others, start, list(graph.nodes), free):
            if _closed(pattern, full):
                return full
    return None


def _with_others(
    others: list[Node], so_far: dict[Node, Node], nodes: list[Node], free: set[Node]
) -> Iterator[dict[Node, Node]]:
    if not others:
        yield so_far
        return
    candidates = [so_far[others[0]]] if others[0] in so_far else nodes
    for node in candidates:
        for more in _assignments(others[0], node, so_far, free):
            yield from _with_others(others[1:], more, nodes, free)


def _assignments(pattern: Any, node: Any, so_far: dict[Node, Node], free: set[Node]) -> Iterator[dict[Node, Node]]:
    """The ways in which an argument of the pattern is one of the graph, given what is known."""
    if not isinstance(pattern, Node):
        if _same_constant(pattern, node):
            yield so_far
        return
    if pattern in so_far:
        if so_far[pattern] is node:
            yield so_far
        return
    if pattern.op == "placeholder":
        yield {**so_far, pattern: node}
        return
    if not isinstance(node, Node) or node not in free or node.op != pattern.op or node.target != pattern.target:
        return
    if len(node.args) != len(pattern.args) or set(node.kwargs) != set(pattern.kwargs):
        return
    pairs = [
        *zip(pattern.args, node.args, strict=True),
        *((pattern.kwargs[key], node.kwargs[key]) for key in pattern.kwargs),
    ]
    yield from _all_pairs(pairs, {**so_far, pattern: node}, free)


def _all_pairs(pairs: list[Any], so_far: dict[Node, Node], free: set[Node]) -> Iterator[dict[Node, Node]]:
    if not pairs:
        yield so_far
        return
    (ours, theirs), *rest = pairs
    if isinstance(ours, (tuple, list)) and isinstance(theirs, (tuple, list)) and len(ours) == len(theirs):
        yield from _all_pairs([*zip(ours, theirs, strict=True), *rest], so_far, free)
        return
    for more in _assignments(ours, theirs, so_far, free):
        yield from _all_pairs(rest, more, free)


def _same_constant(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def _closed(pattern: Graph, match: dict[Node, Node]) -> bool:
    """Whether nothing outside uses the inside."""
    results = set(_outputs(pattern))
    inside = {node for p, node in match.items() if p.op != "placeholder"}
    return all(
        user in inside for p, node in match.items() if p.op != "placeholder" and p not in results for user in node.users
    )


def _replace(graph: Graph, pattern: Graph, new: Graph, match: dict[Node, Node]) -> None:
    ours = [node for node in pattern.nodes if node.op == "placeholder"]
    theirs = [node for node in new.nodes if node.op == "placeholder"]
    if len(ours) != len(theirs):
        raise RuntimeError(
            f"the pattern has {len(ours)} inputs and its replacement {len(theirs)}: they must be the same."
        )
    values: dict[Node, Any] = {
        new_input: match[old_input] for old_input, new_input in zip(ours, theirs, strict=True) if old_input in match
    }
    results = [match[p] for p in _outputs(pattern)]
    last = next(node for node in reversed(graph.nodes) if node in results)
    with graph.inserting_before(last):
        copied = graph.graph_copy(new, values)
    made = list(copied) if isinstance(copied, (tuple, list)) else [copied]
    for old, replacement in zip(results, made, strict=True):
        old.replace_all_uses_with(replacement)
        for p, node in match.items():
            if node is old and p.op == "placeholder":
                match[p] = replacement
    inside = {node for p, node in match.items() if p.op != "placeholder"}
    for node in reversed(graph.nodes):
        if node in inside and not node.users:
            graph.erase_node(node)


Pattern = Callable[..., Any]
