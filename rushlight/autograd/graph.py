"""The dynamic graph: nodes, and the edges between them.

A ``Node`` is made by each recorded operation. Its ``edges`` say where the gradients of its inputs go: to the node that
made the input, or to the ``AccumulateGrad`` of a leaf. Nodes hold saved *arrays*, never output tensors, so that
a graph is free of reference cycles and dies with its last root.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .. import tensor
from ..tensor import Tensor

#: What a second backward through a graph says whose saved values are gone.
FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)

_sequence = itertools.count(1)
next_seq: Callable[[], int] = _sequence.__next__


class Hooks:
    """The hooks of one node; made on the first registration, so that plain nodes pay one empty slot."""

    __slots__ = ("tensor", "retain", "pre", "post", "post_accumulate")

    def __init__(self) -> None:
        self.tensor: dict[int, dict[int, Callable[..., Any]]] = {}  # output number -> hooks on that output's gradient
        self.retain: dict[int, weakref.ref[Tensor]] = {}  # output number -> the tensor whose .grad is wanted
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}
        self.post_accumulate: dict[int, Callable[..., Any]] = {}


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away; also a context manager."""

    _ids: Iterator[int] = itertools.count()

    def __init__(self, hooks: dict[int, Any]):
        self.id = next(self._ids)
        self._hooks: Any = weakref.ref(hooks) if hasattr(hooks, "__weakref__") else (lambda: hooks)

    def remove(self) -> None:
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def add_hook(hooks: dict[int, Any], hook: Callable[..., Any]) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


class Node:
    """One recorded operation.

    ``meta`` describes the outputs, so that whatever arrives can be summed and cast to fit: ``(shape, numpy dtype)`` for one
    output, a list of such pairs (None for an output without gradient) for several.
    """

    __slots__ = ("seq", "edges", "meta", "hooks", "stack", "metadata_", "__weakref__")

    is_leaf = False
    n_outputs = 1

    seq: int
    edges: tuple[Any, ...]
    meta: Any
    hooks: Hooks | None
    stack: list[str] | None

    def run(self, k: Any, g: Any, release: bool) -> Any:
        """Gradients of the inputs, one per edge (None where none flows), from the gradient(s) of the output(s)."""
        raise NotImplementedError(type(self).__name__)

    def output_meta(self, nr: int) -> Any:
        return self.meta if self.n_outputs == 1 else self.meta[nr]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def name(self) -> str:
        """The name PyTorch gives the operation's backward, e.g. ``MulBackward0``."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[Any, ...]:
        """Where the gradients go next: pairs of node and output number; ``(None, 0)`` where none flows."""
        return tuple((None, 0) if edge is None or edge[0].__class__ is DeadEnd else edge for edge in self.edges)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for the user's notes."""
        try:
            return self.metadata_
        except AttributeError:
            self.metadata_: dict[Any, Any] = {}
            return self.metadata_

    def _sequence_nr(self) -> int:
        return self.seq

    def _hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before the node runs; a returned tuple replaces them."""
        return add_hook(self._hooks().pre, hook)

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after the node has run; a returned tuple replaces ``grad_inputs``."""
        return add_hook(self._hooks().post, hook)


class AccumulateGrad(Node):
    """The end of the line: adds what arrives to a leaf's ``.grad``.

    The leaf holds its node and the node only a weak reference to the leaf, so that neither keeps the other alive.
    """

    __slots__ = ("ref",)

    is_leaf = True

    def __init__(self, leaf: Tensor):
        self.seq = 0  # last of all
        self.edges = ()
        self.meta = (leaf._a.shape, leaf._a.dtype)
        self.hooks = None
        self.stack = None
        self.ref = weakref.ref(leaf)

    @property
    def variable(self) -> Tensor | None:
        """The leaf."""
        return self.ref()


class DeadEnd(AccumulateGrad):
    """Where the gradient of a view goes that was made while nothing was recorded: it requires grad, and nobody gets it."""

    __slots__ = ()

    @property
    def variable(self) -> Tensor | None:
        return None


tensor._dead_end = lambda view: (DeadEnd(view), 0)


def record_stack(node: Node) -> None:
    """Remember where the forward was called; anomaly mode shows it when the backward of this node fails."""
    import traceback

    node.stack = traceback.format_stack()[:-2]
