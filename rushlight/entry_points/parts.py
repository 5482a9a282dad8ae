"""What the entry points have in common: where the slots of tensors and nodes lie, new tensors, their nodes and what these keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.graph import Node, next_seq
from ..autograd.mode import mode
from ..kernels.cpython import TYPE, slot_offset
from ..kernels.native import I32, I64, NULL, P, Writer, i64
from ..node import OpNode
from ..tensor import Parameter, Tensor, TensorBase, inferring


class Slots:
    """Where the slots of tensors and nodes lie."""

    a: int
    edge: int
    grad: int
    vc: int
    base: int
    gen: int
    extra: int
    seq: int
    edges: int
    meta: int
    hooks: int
    stack: int
    saved: int
    versions: int
    attrs: int

    def __init__(self) -> None:
        self.a, self.edge, self.grad, self.vc, self.base, self.gen, self.extra = (
            slot_offset(TensorBase, n) for n in ("_a", "_edge", "_grad", "_vc", "_base", "_gen", "_extra")
        )
        self.seq, self.edges, self.meta, self.hooks, self.stack = (
            slot_offset(Node, n) for n in ("seq", "edges", "meta", "hooks", "stack")
        )
        self.saved, self.versions, self.attrs = (slot_offset(OpNode, n) for n in ("saved", "versions", "attrs"))


def is_tensor(w: Writer, t: Any) -> Any:
    """Whether an object is a tensor of ours, and of no subclass."""
    return w.either(w.field(t, TYPE), w.object(Tensor), w.object(Parameter))


def grad_mode(w: Writer) -> Any:
    """The grad mode, a small integer."""
    place = w.at.alloca(P)
    w.call("PyContextVar_Get", I32, w.object(mode), NULL, place)
    now = w.at.load(place, typ=P)
    w.drop(now)  # small integers stay
    return now


def require_no_inference(w: Writer) -> None:
    """Go on only if inference mode is on in no thread: what is made in it is marked, which is rare."""
    w.require(w.same(w.call("PyList_Size", I64, w.object(inferring)), i64(0)))


def size(w: Writer, dims: Any, i: Any) -> Any:
    """The i-th of an array's sizes."""
    return w.at.load(w.at.gep(dims, [i], source_etype=I64), typ=I64)


def shape(w: Writer, rank: Any, dims: Any) -> Any:
    """An array's shape, a new tuple."""
    made = w.call("PyTuple_New", P, rank)
    w.count(
        rank,
        lambda i: w.call("PyTuple_SetItem", I32, made, i, w.call("PyLong_FromSsize_t", P, size(w, dims, i))),
    )
    return made


def new_cell(w: Writer) -> Any:
    """A version counter that stands at 0."""
    cell = w.call("PyList_New", P, i64(1))
    w.call("PyList_SetItem", I32, cell, i64(0), w.keep(w.object(0)))
    return cell


def versions(w: Writer, cells: list[tuple[Any, Any]], none: Callable[[], Any]) -> Any:
    """Of each version counter that is ``wanted`` itself and what it stands at, in one tuple; ``none()`` if no one is."""
    b = w.at
    count: Any = i64(0)
    for wanted, _ in cells:
        count = b.add(count, b.select(wanted, i64(2), i64(0)))

    def pairs() -> list[Any]:
        made = w.call("PyTuple_New", P, count)
        at: Any = i64(0)
        for wanted, cell in cells:

            def pair(cell: Any = cell, at: Any = at) -> list[Any]:
                w.call("PyTuple_SetItem", I32, made, at, w.keep(cell))
                version = w.keep(w.call("PyList_GetItem", P, cell, i64(0)))
                w.call("PyTuple_SetItem", I32, made, b.add(at, i64(1)), version)
                return []

            w.choose(wanted, pair, lambda: [])
            at = b.add(at, b.select(wanted, i64(2), i64(0)))
        return [made]

    return w.choose(w.same(count, i64(0)), lambda: [none()], pairs)[0]


def new_node(w: Writer, slots: Slots, cls: Any, edges: Any, shape: Any, dtype: Any, attrs: Any) -> Any:
    """A node of one output, but for what it saves. References to ``edges`` and ``shape`` pass to it."""
    none = w.object(None)
    node = w.call("object_new", P, cls, w.object(()), NULL)
    w.put(node, slots.seq, w.call("count_next", P, w.object(next_seq.__self__)))  # type: ignore[attr-defined]
    w.put(node, slots.edges, edges)
    w.put(node, slots.meta, w.tuple(shape, dtype))
    w.drop(shape)
    w.put(node, slots.hooks, w.keep(none))
    w.put(node, slots.stack, w.keep(none))
    w.put(node, slots.attrs, w.keep(attrs))
    return node


def hang(w: Writer, slots: Slots, t: Any, node: Any) -> None:
    """Make the node a tensor's; the reference to it passes over."""
    w.put(t, slots.edge, w.tuple(node, w.object(0)))
    w.drop(node)


def give(w: Writer, slots: Slots, t: Any, recorded: Any, node: Callable[[], list[Any]], in_use: list[Any]) -> None:
    """Return a tensor, with the node that ``node`` hangs on it where it is recorded, and let go of what was in use."""

    def leaf() -> list[Any]:
        w.put(t, slots.edge, w.keep(w.object(None)))
        return []

    w.choose(recorded, node, leaf)
    for thing in in_use:
        w.drop(thing)
    w.at.ret(t)
