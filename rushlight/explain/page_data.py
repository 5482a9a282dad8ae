"""What the page is told of a graph: plain lists and dicts, which become JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import Edge, Explanation, Node
from .groups import Group, grouped
from .recording import Kept, keepsake
from .statistics import memory, short

if TYPE_CHECKING:
    from .failure import Failure

#: Nodes that a page holds; of longer repetitions it gets the first copies and the last.
NODES = 12_000
FIRST_COPIES, LAST_COPIES = 3, 1
#: Paths to a leaf that are written out.
PATHS = 40
#: Graphs up to this size have paths written out at all.
SMALL_GRAPH = 1000

#: Signs for the commonest operations.
SIGNS = {
    "add": "+", "sub": "−", "rsub": "−", "mul": "×", "div": "÷", "pow": "xⁿ", "matmul": "@", "mm": "@", "bmm": "@", "addmm": "@",
    "linear": "@", "mv": "@", "dot": "·", "sum": "Σ", "mean": "x̄", "exp": "eˣ", "log": "ln", "sqrt": "√", "neg": "−", "tanh": "∿",
    "sigmoid": "σ", "relu": "⌐", "softmax": "σ", "log_softmax": "σ", "max_pool2d": "▦", "conv2d": "▦", "convolution": "▦",
    "embedding": "≡", "copy_slices": "✎",
}  # fmt: skip


def data(explanation: Explanation) -> dict[str, Any]:
    """Everything that the page shows."""
    tree = grouped(explanation)
    shown = _Shown(tree, len(explanation.nodes) > NODES)
    nodes = [_node(explanation.nodes[i]) for i in shown.nodes]
    return {
        "title": explanation.root.title,
        "root": shown.place[explanation.root.index],
        "total": len(explanation.nodes),
        "recorded": explanation.recorded,
        "freed": explanation.freed,
        "tree": shown.tree,
        "nodes": nodes + shown.elided,
        "edges": shown.edges(explanation),
    }


def failed(failure: Failure) -> dict[str, Any]:
    """The graph of what came in, and at its end the module that failed."""
    graph = failure.explanation
    found: dict[str, Any] = {"recorded": True, "freed": False, "total": 0, "nodes": [], "edges": []}
    if graph is not None:
        found = data(graph)
    here = len(found["nodes"])
    line = failure.line
    node = {
        "i": len(graph.nodes) if graph is not None else 0,
        "t": failure.path or "failed",
        "op": "failed",
        "kind": "failed",
        "sign": "!",
        "doc": failure.message,
        "mod": failure.module,
        "line": "" if line is None else str(line),
        "code": "" if line is None else line.text,
        "const": [["got", text] for text in failure.inputs],
    }
    members = [here]
    if graph is not None:
        root = found["nodes"][found["root"]]
        root["kind"] = "leaf" if graph.root.is_leaf else "op"
        found["edges"].append({"s": here, "t": found["root"], "in": "input", "why": failure.message})
        members = [*found["tree"]["m"], here]
    tree = {"k": "graph", "n": "failed", "d": "", "m": members}
    return {
        **found,
        "title": "failed",
        "total": found["total"] + 1,
        "root": here,
        "tree": tree,
        "nodes": [*found["nodes"], node],
    }


class _Shown:
    """Which nodes the page holds, and in whose place the others are counted."""

    def __init__(self, tree: Group, shorten: bool):
        self.shorten = shorten
        self.nodes: list[int] = []
        self.place: dict[int, int] = {}  # the number of a node -> its place in the page's list
        self.elided: list[dict[str, Any]] = []
        self._gaps: list[Group] = []
        self.tree = self._group(tree)
        for node in self._gaps:
            here = len(self.nodes) + len(self.elided)
            n = 0
            for hidden in node.nodes():
                self.place[hidden.index] = here
                n += 1
            self.elided.append({"t": f"{n:,} more", "op": "like these", "kind": "more", "i": -1})
        _number_gaps(self.tree, len(self.nodes))

    def _group(self, group: Group) -> dict[str, Any]:
        members = group.members
        gap = None
        if self.shorten and group.kind in ("repetition", "part") and len(members) > FIRST_COPIES + LAST_COPIES + 1:
            gap = Group("more", "", members[FIRST_COPIES:-LAST_COPIES])
            members = [*members[:FIRST_COPIES], gap, *members[-LAST_COPIES:]]
        found: list[Any] = []
        for member in members:
            if gap is not None and member is gap:
                self._gaps.append(gap)
                found.append("gap")
            elif isinstance(member, Group):
                found.append(self._group(member))
            else:
                self.place[member.index] = len(self.nodes)
                found.append(len(self.nodes))
                self.nodes.append(member.index)
        told: dict[str, Any] = {"k": group.kind, "n": group.name, "d": group.detail, "m": found}
        if self.shorten:  # the page cannot count what it does not hold
            told["o"] = sum(not node.is_leaf for node in group.nodes())
        return told

    def edges(self, explanation: Explanation) -> list[dict[str, Any]]:
        """The edges between places; one for all those between places that stand for several nodes."""
        found = []
        between: set[tuple[int, int]] = set()
        real = len(self.nodes)
        for edge in explanation.edges:
            source, target = self.place[edge.source.index], self.place[edge.target.index]
            if source < real and target < real:
                found.append(_edge(edge, source, target))
            elif source != target and (source, target) not in between:
                between.add((source, target))
                found.append({"s": source, "t": target})
        return found


def _number_gaps(tree: dict[str, Any], first: int) -> None:
    """Put places in for the gaps, in the order in which they were met."""
    count = first

    def walk(group: dict[str, Any]) -> None:
        nonlocal count
        for i, member in enumerate(group["m"]):
            if member == "gap":
                group["m"][i] = count
                count += 1
            elif isinstance(member, dict):
                walk(member)

    walk(tree)


def _node(node: Node) -> dict[str, Any]:
    """A node without what it has nothing to say of."""
    line = node.line
    statistics, gradient = node.statistics, node.gradient
    found: dict[str, Any] = {
        "i": node.index,
        "t": node.title,
        "op": node.op,
        "fn": node.grad_fn,
        "kind": "leaf" if node.is_leaf else "root" if node is node.explanation.root else "op",
        "sign": SIGNS.get(node.op, ""),
        "shape": list(node.shape),
        "dtype": node.dtype.__repr__().removeprefix("torch."),
        "mem": memory(node.memory),
        "saved": memory(node.saved_memory) if node.saved_memory else "",
        "f": node.formula,
        "doc": "" if node.record is None else node.doc.partition("\n\n")[0].replace("``", "").replace("\n", " "),
        "mod": node.module,
        "line": "" if line is None else str(line),
        "code": "" if line is None else line.text,
        "v": None if statistics is None else _number(statistics),
        "stat": "" if statistics is None else str(statistics),
        "g": None if gradient is None else _number(gradient),
        "gx": None
        if gradient is None or gradient.size != 1 or not np.isfinite(gradient.mean)
        else float(gradient.mean),
        "gs": "" if gradient is None else str(gradient),
        "gn": None if gradient is None else short(gradient.norm),
        "hooks": node.has_hooks,
        "hist": _histogram(node),
        "const": _constants(node),
    }
    if node.is_leaf:
        found |= _paths(node)
    return said(found)


def said(found: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: None, False, empty texts and lists. Zeros stay."""
    return {
        key: value for key, value in found.items() if value is not None and value is not False and value not in ("", [])
    }


def _number(statistics: Any) -> str | None:
    return (
        short(statistics.mean, 6)
        if statistics.size == 1 and not statistics.nans
        else "nan"
        if statistics.size == 1
        else None
    )


def _histogram(node: Node) -> list[int]:
    """How often values come in 16 equal steps from the least to the largest, of 100."""
    a = node.array()
    if a is None or a.size < 8 or a.dtype.kind not in "fiu":
        return []
    a = a[np.isfinite(a)] if a.dtype.kind == "f" else a
    if not a.size or a.min() == a.max():
        return []
    counts = np.histogram(a.astype(np.float64), 16)[0]
    return [int(round(100 * n / counts.max())) for n in counts]


def _constants(node: Node) -> list[list[str]]:
    """The inputs that no gradient flows to: names and values, or shapes."""
    record, kept = node.record, keepsake(node.fn)
    if record is None or record.variadic:
        return []
    flowing = {edge.position for edge in node.inputs}
    found = []
    for i, name in enumerate(record.inputs):
        if i in flowing:
            continue
        value: Any = node.known.get(name)
        if kept is not None and i < len(kept.inputs) and isinstance(kept.inputs[i], Kept):
            array = kept.inputs[i].array
            value = array.reshape(()).item() if array.size == 1 else array.shape
        if value is not None:
            found.append([name, short(value, 6) if isinstance(value, (int, float)) else f"{_shape(value)}"])
    return found


def _shape(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _paths(leaf: Node) -> dict[str, Any]:
    """The ways to a leaf with their products, where all on them are numbers and there are not too many."""
    explanation = leaf.explanation
    if leaf.number is None or len(explanation.nodes) > SMALL_GRAPH:
        return {}
    n = explanation.path_count(leaf)
    try:
        total = explanation.path_sum(leaf)
        ways = [str(way) for way in explanation.paths(leaf, PATHS)] if n <= PATHS else []
    except ValueError:  # arrays on the way
        return {}
    return {"ways": ways, "n_ways": n, "sum": short(total, 6)}


def _edge(edge: Edge, source: int, target: int) -> dict[str, Any]:
    found = {
        "s": source,
        "t": target,
        "in": edge.input,
        "f": edge.formula,
        "d": None if edge.derivative is None else short(edge.derivative, 6),
        "x": edge.derivative,
        "n": None if edge.norm is None else short(edge.norm),
        "z": None if not edge.sparsity else f"{edge.sparsity:.0%}",
        "about": not edge.exact,
        "why": edge.problem,
    }
    if found["x"] is not None and not np.isfinite(found["x"]):
        found["x"] = None
    return said(found)
