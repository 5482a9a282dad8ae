"""The graph of a result as data: nodes, edges with their local derivatives, values, gradients.

The structure is read when an explanation is made, in one walk; what costs arithmetic (values, statistics, derivatives, gradients) is
found when it is asked for, so that a graph of 100,000 nodes can be looked at.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from .. import types
from ..autograd.graph import AccumulateGrad, DeadEnd
from ..autograd.graph import Node as GradNode
from ..node import OpNode
from ..tensor import Tensor, edge_of, wrap
from . import derivatives, formulas, names, places
from . import paths as ways
from .recording import SMALL, Call, Kept, keepsake
from .statistics import Statistics, statistics


def named_by_node(fn: GradNode, position: int) -> str:
    """What a node without a record calls an input; its last name is that of all that follow."""
    names: tuple[str, ...] = getattr(fn, "inputs", ())
    return names[min(position, len(names) - 1)] if names else ""


class Edge:
    """From an operation to one of its inputs: the way a gradient goes.

    ``source`` (output number ``output``) is the operation, ``target`` (output number ``target_output``) made the input, and
    ``input`` is what the operation calls it.
    """

    source: Node
    output: int
    target: Node
    target_output: int
    position: int

    __slots__ = ("source", "output", "target", "target_output", "position")

    def __init__(self, source: Node, output: int, target: Node, target_output: int, position: int):
        self.source, self.output = source, output
        self.target, self.target_output, self.position = target, target_output, position

    @property
    def input(self) -> str:
        """The name of the input in the operation's record, ``other``; its number for a function of the user's."""
        op = self.source.record
        if op is None:
            return named_by_node(self.source.fn, self.position) or str(self.position)
        return f"{op.inputs[0]}[{self.position}]" if op.variadic else op.inputs[self.position]

    @property
    def formula(self) -> str:
        """The local derivative as a formula: a factor for operations of single elements, else what becomes of a gradient ``g``."""
        op = self.source.record
        if op is None:
            doc = inspect.getdoc(type(self.source.fn))
            return "as its backward says" if self.source.is_users else formulas.documented_gradient(doc, self.input, {})
        name = op.inputs[0] if op.variadic else op.inputs[self.position]
        output = op.outputs[self.output]
        return formulas.of_derivative(op, name, output, self.source.shape_of(self.output), self.source.known)

    @property
    def _local(self) -> derivatives.Local:
        return self.source.local(self.output)

    @property
    def derivative(self) -> float | None:
        """The local derivative as a number, between two single numbers."""
        return self._local.numbers[self.position]

    @property
    def norm(self) -> float | None:
        """The Frobenius norm of the local Jacobian; an estimate unless ``exact``."""
        return self._local.norms[self.position]

    @property
    def sparsity(self) -> float | None:
        """The share of the input's elements that get no gradient through this edge, as units behind a relu that is off."""
        return self._local.sparsities[self.position]

    @property
    def exact(self) -> bool:
        """Whether ``norm`` is exact and not estimated from a few random vectors."""
        return self._local.exact

    @property
    def problem(self) -> str | None:
        """Why there is no derivative; None if there is one."""
        return self._local.problem

    def vjp(self, g: Tensor) -> Tensor:
        """``g`` times the local Jacobian: what a gradient ``g`` of the output gives the input."""
        return derivatives.vjp(self.source.fn, self.output, self.position, g)

    def jvp(self, v: Tensor) -> Tensor:
        """The local Jacobian times ``v``: how the output moves when the input moves along ``v``."""
        return derivatives.jvp(self.source.fn, self.output, self.position, v)

    def __repr__(self) -> str:
        return f"<edge {self.source.title} -> {self.target.title}>"


class Node:
    """An operation, or a leaf that gradients end in.

    ``inputs`` are the edges towards the leaves, ``users`` those from what reads its results.
    """

    fn: GradNode
    index: int
    explanation: Explanation

    __slots__ = ("fn", "index", "name", "inputs", "users", "explanation", "_locals", "_known")

    def __init__(self, fn: GradNode, index: int, explanation: Explanation):
        self.fn, self.index, self.explanation = fn, index, explanation
        self.name: str | None = None
        self.inputs: list[Edge] = []
        self.users: list[Edge] = []
        self._locals: dict[int, derivatives.Local] = {}
        self._known: dict[str, Any] | None = None

    # --- what it is ---------------------------------------------------------------------------------------------
    @property
    def is_leaf(self) -> bool:
        return self.fn.is_leaf

    @property
    def is_users(self) -> bool:
        """Whether it is a ``torch.autograd.Function`` of the user's."""
        return self.record is None and self.fn.is_users

    @property
    def record(self) -> Any:
        """The record of the operation, which holds its documentation and its rules; None for leaves and what has none."""
        fn = self.fn
        return fn.op if isinstance(fn, OpNode) else None

    @property
    def op(self) -> str:
        """What the operation is called: ``mul``; a leaf is a ``leaf``."""
        if self.is_leaf:
            return "leaf" if self.fn.__class__ is AccumulateGrad else "nowhere"
        record = self.record
        if record is not None and record.is_public:
            return str(record.torch_name.rpartition(".")[2])
        name = re.sub(r"Backward\d*$", "", self.fn.name().rpartition(":")[2])
        return name if self.is_users else re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z][a-z])", "_", name).lower()

    @property
    def grad_fn(self) -> str:
        """PyTorch's name of the node: ``MulBackward0``."""
        return self.fn.name()

    @property
    def title(self) -> str:
        """Its variable's name, or the operation's."""
        return self.name or self.op

    @property
    def formula(self) -> str:
        """What the operation computes."""
        return "" if self.record is None else formulas.of_operation(self.record)

    @property
    def doc(self) -> str:
        return (self.record.doc or "").strip() if self.record is not None else ""

    @property
    def has_hooks(self) -> bool:
        """Whether hooks may change the gradient here. An explanation does not run them."""
        h = self.fn.hooks
        return h is not None and bool(h.tensor or h.pre or h.post)

    @property
    def line(self) -> places.Line | None:
        """Where it was called; known if it was recorded."""
        kept = keepsake(self.fn)
        return None if kept is None else kept.line

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of modules it lies in, outermost first; known if it was recorded."""
        kept = keepsake(self.fn)
        return () if kept is None else kept.calls

    @property
    def module(self) -> str:
        """The path of the module it lies in, ``net.encoder.3``."""
        return ".".join(call.name for call in self.calls)

    # --- its results --------------------------------------------------------------------------------------------
    @property
    def outputs(self) -> int:
        return self.fn.n_outputs

    def shape_of(self, nr: int = 0) -> tuple[int, ...]:
        meta = self.fn.output_meta(nr)
        return () if meta is None else tuple(meta[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first result that has a gradient."""
        return self.shape_of(self._first)

    @property
    def dtype(self) -> types.dtype:
        return types.of_array(np.empty(0, self.fn.output_meta(self._first)[1]))

    @property
    def _first(self) -> int:
        return 0 if self.outputs == 1 else next(i for i, m in enumerate(self.fn.meta) if m is not None)

    def array(self, nr: int | None = None) -> Any:
        """The elements of a result, or None if they cannot be had: see ``why_no_value``."""
        return _array(self, self._first if nr is None else nr)

    @property
    def value(self) -> Tensor | None:
        """The first result as a tensor of its own, or None."""
        a = self.array()
        return None if a is None else wrap(np.array(a))

    @property
    def number(self) -> float | None:
        """The value of a single real number."""
        a = self.array()
        return float(a.reshape(())) if a is not None and a.size == 1 and a.dtype.kind != "c" else None

    @property
    def statistics(self) -> Statistics | None:
        a = self.array()
        return None if a is None else statistics(a)

    @property
    def memory(self) -> int:
        """Bytes of its results."""
        metas = [self.fn.meta] if self.outputs == 1 else [m for m in self.fn.meta if m is not None]
        return sum(int(np.prod(shape)) * np_dtype.itemsize for shape, np_dtype in metas)

    @property
    def saved_memory(self) -> int:
        """Bytes that it keeps for backward (many nodes may keep the same array)."""
        saved = getattr(self.fn, "saved", None) or ()
        return sum(a.nbytes for a in saved if isinstance(a, np.ndarray))

    # --- derivatives ----------------------------------------------------------------------------------------------
    def local(self, nr: int) -> derivatives.Local:
        """The local derivatives of one result."""
        found = self._locals.get(nr)
        if found is None:
            found = self._locals[nr] = derivatives.Local(self.fn, nr, self.index)
        return found

    @property
    def known(self) -> dict[str, Any]:
        """What formulas may put in the places of names: attributes, numbers among the inputs, shapes."""
        if self._known is None:
            self._known = known(self)
        return self._known

    @property
    def gradient(self) -> Statistics | None:
        """The derivative of the root by the result, in statistics; None where it is not known."""
        found = self.explanation.gradients.get(self.index)
        return statistics(found) if isinstance(found, np.ndarray) else found

    def __repr__(self) -> str:
        return f"<{self.title}: {self.op} {list(self.shape)}>"


class Explanation:
    """The graph that led to a tensor. ``nodes`` stand in the order of the computation, the root last.

    ``str(explanation)`` is a tree for a terminal; ``html``, ``svg`` and ``dot`` write pictures.
    """

    def __init__(self, root: Tensor, labels: dict[names.Key, str], gradient: Tensor | None = None):
        edge = edge_of(root)
        assert edge is not None
        self.tensor = root
        self._start = gradient
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self._by_fn: dict[GradNode, Node] = {}
        self._read(edge, labels)
        self.root: Node = self._by_fn[edge[0]]
        self.root_output: int = edge[1]

    def _read(self, edge: Any, labels: dict[names.Key, str]) -> None:
        """Find nodes and edges. Nodes are numbered as they were made, leaves before their first user."""
        seen = {edge[0]}
        stack = [edge[0]]
        used: set[tuple[GradNode, int]] = {(edge[0], edge[1])}
        while stack:
            for e in stack.pop().edges:
                if e is not None:
                    used.add((e[0], e[1]))
                    if e[0] not in seen:
                        seen.add(e[0])
                        stack.append(e[0])
        for fn in sorted(seen, key=lambda f: f.seq) if len(seen) > 1 else seen:
            if not fn.is_leaf or len(seen) == 1:
                for e in fn.edges:
                    if e is not None and e[0].is_leaf and e[0] not in self._by_fn:
                        self._add(e[0])
                node = self._add(fn)
                outputs = [nr for nr in range(fn.n_outputs) if (fn, nr) in used] if fn.n_outputs > 1 else [0]
                for position, e in enumerate(fn.edges):
                    if e is not None:
                        for nr in outputs:
                            self._connect(node, nr, self._by_fn[e[0]], e[1], position)
        for node in self.nodes:
            node.name = labels.get((id(node.fn), 0)) or next(
                (labels[id(node.fn), nr] for nr in range(1, node.fn.n_outputs) if (id(node.fn), nr) in labels), None
            )

    def _add(self, fn: GradNode) -> Node:
        node = self._by_fn[fn] = Node(fn, len(self.nodes), self)
        self.nodes.append(node)
        return node

    def _connect(self, source: Node, nr: int, target: Node, target_nr: int, position: int) -> None:
        edge = Edge(source, nr, target, target_nr, position)
        source.inputs.append(edge)
        target.users.append(edge)
        self.edges.append(edge)

    # --- looking things up ----------------------------------------------------------------------------------------
    @property
    def leaves(self) -> list[Node]:
        """The leaves, in the order in which they are used."""
        return [node for node in self.nodes if node.is_leaf and not isinstance(node.fn, DeadEnd)]

    def node(self, which: Any) -> Node:
        """The node of a tensor, or the one with this name (its variable's) or number.

        Raises:
            KeyError: if it is not part of the graph.
        """
        if isinstance(which, Node):
            return which
        if isinstance(which, int):
            return self.nodes[which]
        if isinstance(which, Tensor):
            edge = edge_of(which)
            if edge is not None and edge[0] in self._by_fn:
                return self._by_fn[edge[0]]
            raise KeyError("this tensor is not part of the graph: no gradient flows from the root to it")
        for node in self.nodes:
            if node.name == which:
                return node
        raise KeyError(f"no node is called '{which}'; names are: {', '.join(n.name for n in self.nodes if n.name)}")

    @cached_property
    def recorded(self) -> bool:
        """Whether lines, modules and values were kept (``rushlight.explain.recording``)."""
        return any(keepsake(node.fn) is not None for node in self.nodes)

    @cached_property
    def freed(self) -> bool:
        """Whether a backward has taken values that nobody kept, so that derivatives are missing."""
        return any(
            derivatives.is_freed(node.fn) and keepsake(node.fn) is None for node in self.nodes if not node.is_leaf
        )

    # --- the chain rule ---------------------------------------------------------------------------------------------
    def paths(self, which: Any, limit: int = 1000) -> list[ways.Path]:
        """Every way from the root to a tensor, node or name, each with the product of the derivatives along it.

        Raises:
            ValueError: if there are more than ``limit`` of them, and by a path's ``product`` if something on it is no single number.
        """
        n = self.path_count(which)
        if n > limit:
            raise ValueError(
                f"{n} paths lead to {self.node(which).title}, more than limit={limit}; path_sum() adds them up"
            )
        return list(ways.paths(self, which))

    def path_count(self, which: Any) -> int:
        """How many ways lead from the root to a tensor, node or name."""
        return ways.count(self, which)

    def path_sum(self, which: Any) -> float:
        """The sum over all paths of the products of their derivatives, which is the gradient; also where they are too many to list.

        Raises:
            ValueError: if something on a way is no single number, or a derivative is unknown.
        """
        return ways.total(self, which)

    # --- gradients ------------------------------------------------------------------------------------------------
    @cached_property
    def gradients(self) -> dict[int, Any]:
        """The derivative of the root by each node's first result, by the node's number: an array, or statistics of a large one."""
        found: dict[int, Any] = {}
        for node, arrived in self._walk():
            g = arrived[node._first]
            if g is not None:
                found[node.index] = g if node.is_leaf or g.size <= SMALL else statistics(g)
        return found

    def _walk(self) -> Iterator[tuple[Node, list[Any]]]:
        """The nodes, root first, each with what arrives at its outputs. Where a derivative is unknown nothing goes on."""
        waiting: dict[int, list[Any]] = {}
        lost: set[int] = set()  # nodes that more would arrive at, were all derivatives known
        shape, np_dtype = self.root.fn.output_meta(self.root_output)
        start = np.ones(shape, np_dtype) if self._start is None else self._start._a
        waiting[self.root.index] = [start if nr == self.root_output else None for nr in range(self.root.outputs)]
        for node in reversed(self.nodes):
            arrived = waiting.pop(node.index, None)
            if node.index in lost or arrived is None:
                lost.update(edge.target.index for edge in node.inputs if node.index in lost)
                continue
            yield node, arrived
            try:
                found = derivatives.run(node.fn, arrived[0] if node.outputs == 1 else arrived) if node.inputs else []
            except derivatives.Unknown:
                lost.update(edge.target.index for edge in node.inputs)
                continue
            for g, edge in zip(found, node.fn.edges, strict=False):
                if g is None or edge is None:
                    continue
                target = self._by_fn[edge[0]]
                slots = waiting.setdefault(target.index, [None] * target.outputs)
                slots[edge[1]] = g if slots[edge[1]] is None else np.asarray(slots[edge[1]] + g)

    def gradient(self, which: Any) -> Tensor | None:
        """The derivative of the root by a tensor or node of the graph: for a leaf, what this graph alone adds to its ``.grad``.

        None where a derivative on the way is not known, and for what is no leaf and has more than 4,096 elements
        (``node.gradient`` has its statistics).
        """
        found = self.gradients.get(self.node(which).index)
        return wrap(np.array(found)) if isinstance(found, np.ndarray) else None

    # --- views ------------------------------------------------------------------------------------------------------
    def html(self, file: str | os.PathLike[str] | None = None) -> str:
        """One self-contained page with an interactive picture, written to ``file`` if one is given."""
        from .html import page

        return _written(page(self), file)

    def svg(self, file: str | os.PathLike[str] | None = None, *, limit: int = 60) -> str:
        """A still picture of about ``limit`` boxes: what does not fit is folded by module and by repetition."""
        from .svg import svg

        return _written(svg(self, limit), file)

    def dot(self, file: str | os.PathLike[str] | None = None, *, limit: int = 60) -> str:
        """The same picture in the language of Graphviz."""
        from .dot import dot

        return _written(dot(self, limit), file)

    def text(self, limit: int = 60) -> str:
        """A tree of about ``limit`` lines for a terminal, without colours."""
        from .text import plain

        return plain(self, limit)

    def show(self) -> None:
        """Print the tree in colour, as rich does.

        Raises:
            ModuleNotFoundError: without rich; ``print(explanation)`` needs nothing.
        """
        from ..terminal import console

        screen = console()
        from .text import tree

        screen.print(tree(self))

    def _repr_html_(self) -> str:
        from .html import frame_of

        return frame_of(self.html(), f"{self.root.title}: the graph")

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<explanation of {self.root.title}: {len(self.nodes)} nodes, {len(self.edges)} edges>"


def _written(text: str, file: str | os.PathLike[str] | None) -> str:
    if file is not None:
        with open(file, "w", encoding="utf-8") as target:
            target.write(text)
    return text


# --- values -------------------------------------------------------------------------------------------------------------
def _array(node: Node, nr: int) -> Any:
    """The elements of a result: kept, alive, or saved by an operation for its derivative."""
    fn = node.fn
    if isinstance(fn, AccumulateGrad):
        for edge in node.users:
            kept = keepsake(edge.source.fn)
            if kept is not None and edge.position < len(kept.inputs) and isinstance(kept.inputs[edge.position], Kept):
                return kept.inputs[edge.position].array  # as it was when it was used
        leaf = fn.variable
        return None if leaf is None else leaf._a
    kept = keepsake(fn)
    if kept is not None and nr < len(kept.results):
        result = kept.results[nr]
        if result is not None and not result.written_since:
            return result.array
    if node is node.explanation.root and nr == node.explanation.root_output:
        return node.explanation.tensor._a
    if isinstance(fn, OpNode) and fn.saved is not None and unwritten(fn):
        own = fn.saved[(1 if fn.op.variadic else len(fn.op.inputs)) + nr]
        if isinstance(own, np.ndarray):
            return own
    return _read_by_a_user(node, nr)


def _read_by_a_user(node: Node, nr: int) -> Any:
    shape, np_dtype = node.fn.output_meta(nr)
    for edge in node.users:
        user = edge.source.fn
        if edge.target_output != nr or not isinstance(user, OpNode) or user.saved is None or not unwritten(user):
            continue
        read = user.saved[0] if user.op.variadic else user.saved[edge.position]
        if user.op.variadic and read is not None:
            read = read[edge.position]
        if isinstance(read, np.ndarray) and read.shape == shape and read.dtype == np_dtype:
            return read
    return None


def unwritten(fn: OpNode) -> bool:
    """Whether nothing that a node saved was written since."""
    versions = fn.versions
    return all(versions[i][0] == versions[i + 1] for i in range(0, len(versions), 2))


def known(node: Node) -> dict[str, Any]:
    """Attributes, numbers and shapes of an operation, by name."""
    fn = node.fn
    if not isinstance(fn, OpNode):
        return {}
    op = fn.op
    found: dict[str, Any] = dict(fn.attrs)
    found["out"] = node.shape
    if op.variadic:
        return found
    kept = keepsake(fn)
    saved = fn.saved if fn.saved is not None else kept.saved if kept is not None else None
    for i, name in enumerate(op.inputs):
        edge = fn.edges[i] if i < len(fn.edges) else None
        value = None if saved is None else saved[i]
        if kept is not None and value is None and i < len(kept.inputs):
            value = kept.inputs[i].array if isinstance(kept.inputs[i], Kept) else kept.inputs[i]
        if edge is not None:
            found[name] = found[name + "_shape"] = tuple(edge[0].output_meta(edge[1])[0])
        elif isinstance(value, (int, float)) or (
            isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iuf"
        ):
            found[name] = value if isinstance(value, (int, float)) else value.reshape(()).item()
        elif isinstance(value, np.ndarray):
            found[name] = found[name + "_shape"] = value.shape
    return found
