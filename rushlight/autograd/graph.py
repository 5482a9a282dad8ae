"""The dynamic graph: nodes, and the edges between them.

A ``Node`` is made by each recorded operation. Its ``edges`` say where the gradients of its inputs go: to the node that
made the input, or to the ``AccumulateGrad`` of a leaf. Nodes hold saved *arrays*, never output tensors, so that
a graph is free of reference cycles and dies with its last root.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

from .. import tensor  # type: ignore[no-redef]  # torch.tensor is a function too
from ..kernels.llvm import setting
from ..tensor import Tensor, edge_of, wrap
from . import mode

#: What a second backward through a graph says whose saved values are gone.
FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)

_sequence = itertools.count(1)
next_seq: Callable[[], int] = _sequence.__next__

#: Nodes after which a program counts as one of many small operations, for which machine code is worth its making. Nobody has to
#: wait for it: RUSHLIGHT_KERNELS=now makes it at the first node, ``off`` never.
HOT = 0 if setting() == "now" else 20_000


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
        self.id: int = next(self._ids)
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
    """Put a hook behind the others; the handle takes it away again."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


#: Nodes that are part of PyTorch's engine rather than derivatives of operations.
_OF_THE_ENGINE = frozenset({"AccumulateGrad", "CopyBackwards", "CopySlices", "Error"})


class Node:
    """One recorded operation.

    ``meta`` describes the outputs, so that whatever arrives can be summed and cast to fit: ``(shape, numpy dtype)`` for one
    output, a list of such pairs (None for an output without gradient) for several.
    """

    __slots__ = ("seq", "edges", "meta", "hooks", "stack", "metadata_", "written", "__weakref__")

    is_leaf = False
    n_outputs = 1
    takes_lazy = False  # whether ``run`` takes a gradient that is not computed yet (``kernels.lazy``)
    is_users = False  # whether ``run`` is code of the user's, which may write to anything

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
        name = type(self).__name__
        return "torch::autograd::" + name if name in _OF_THE_ENGINE else name

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


class GradientEdge(NamedTuple):
    """A place in the graph: a node, and which of its outputs."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge at which the gradient of a tensor arrives; ``autograd.grad`` takes it in the tensor's place.

    Raises:
        RuntimeError: for a tensor that does not require grad.
    """
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*edge)


class AccumulateGrad(Node):
    """The end of the line: adds what arrives to a leaf's ``.grad``.

    The leaf holds its node and the node only a weak reference to the leaf, so that neither keeps the other alive.
    """

    __module__ = "builtins"
    __slots__ = ("ref",)

    is_leaf = True

    def __init__(self, leaf: Tensor):
        self.seq = 0  # last of all
        self.edges: tuple[Any, ...] = ()
        self.meta: Any = (leaf._a.shape, leaf._a.dtype)
        self.hooks: Any = None
        self.stack: Any = None
        self.ref: Any = weakref.ref(leaf)

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


def dead_end(x: Tensor) -> tuple[Any, int]:
    """A fresh dead end, shaped like the view ``x``."""
    return DeadEnd(x), 0


tensor._dead_end = dead_end


def notice(node: Any, outs: Sequence[Any], results: Sequence[Any], inputs: Sequence[Any]) -> None:
    """What is done with a new node in the slower modes: its stack is kept, watchers are told of it."""
    if mode.anomaly.get():
        record_stack(node)
    for watcher in mode.watchers.get():
        watcher(node, outs, results, inputs)


def annotate(node: Any, outs: Sequence[Any], results: Sequence[Any], inputs: Sequence[Any]) -> None:
    """The same for the node of an op record, whose saved arrays may go through hooks."""
    notice(node, outs, results, inputs)
    hooks = mode.saved_hooks.get()
    if hooks is not None:
        node.pack(*hooks)


def record_stack(node: Node) -> None:
    """Remember where the forward was called; anomaly mode shows it when the backward of this node fails."""
    import traceback

    node.stack = traceback.format_stack()[:-2]


# --- hooks on what is saved -------------------------------------------------------------------------------------------
class Packed(NamedTuple):
    """What a pack hook made of a saved tensor, and the hook that turns it back."""

    value: Any
    unpack: Callable[[Any], Any]

    def array(self) -> Any:
        """The elements, unpacked.

        Raises:
            TypeError: if the hook gives no tensor.
        """
        t = self.unpack(self.value)
        if not isinstance(t, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(t)}"
            )
        return t._a


def pack(array: Any, hook: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> Packed:
    """Hand a saved array to a pack hook, as a tensor."""
    previous = mode.recording()
    mode.mode.set(mode.OFF)  # what the hook computes is not part of the graph
    try:
        return Packed(hook(wrap(array)), unpack)
    finally:
        mode.mode.set(previous)


_disabled: ContextVar[str | None] = ContextVar("rushlight_saved_hooks_disabled", default=None)


class saved_tensors_hooks:
    """Inside, what operations save for backward is stored as ``pack_hook(tensor)`` and read back with ``unpack_hook``."""

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]):
        self.hooks: Any = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        message = _disabled.get()
        if message is not None:
            raise RuntimeError(message)
        self.previous: Any = mode.saved_hooks.get()
        mode.saved_hooks.set(self.hooks)
        mode.set_mode(mode.is_grad_enabled())

    def __exit__(self, *exc: object) -> None:
        mode.saved_hooks.set(self.previous)
        mode.set_mode(mode.is_grad_enabled())


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors go to CPU memory, where all of them are: they are copied."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        super().__init__(lambda t: t.clone(), lambda t: t)


class disable_saved_tensors_hooks:
    """Inside, ``saved_tensors_hooks`` raises RuntimeError with this message."""

    def __init__(self, error_message: str):
        self.message = error_message

    def __enter__(self) -> None:
        self.previous: str | None = _disabled.get()
        _disabled.set(self.message)

    def __exit__(self, *exc: object) -> None:
        _disabled.set(self.previous)


class allow_mutation_on_saved_tensors:
    """Inside, what is saved is copied, so that tensors may be written before backward."""

    def __enter__(self) -> None:
        self.hooks: saved_tensors_hooks = saved_tensors_hooks(lambda t: t.clone(), lambda t: t)
        self.hooks.__enter__()

    def __exit__(self, *exc: object) -> None:
        self.hooks.__exit__(*exc)


def increment_version(tensor: Any) -> None:
    """Count a write that happened behind the graph's back, to one tensor or several."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        t._vc[0] += 1


# --- hooks on several gradients -------------------------------------------------------------------------------------
_callbacks: ContextVar[Any] = ContextVar("rushlight_callbacks", default=None)


def run_callbacks() -> None:
    """At the end of a backward: what hooks left to be done then."""
    waiting = _callbacks.get()
    if waiting:
        _callbacks.set(None)
        for callback in waiting:
            callback()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[..., Any], *, mode: str = "all") -> _Handles:
    """Call ``fn`` once per backward with the gradients of all ``tensors`` (None for one that is not reached).

    With ``mode="any"`` it is called as soon as the first gradient is there, with that gradient alone.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    found: dict[int, Any] = {}
    done = [False]

    def finish() -> None:
        if not done[0]:
            done[0] = True
            fn([found.get(i) for i in range(len(tensors))])
        found.clear()
        done[0] = False

    def hook_of(i: int) -> Callable[[Any], None]:
        def hook(g: Any) -> None:
            if not found:
                _callbacks.set([*(_callbacks.get() or []), finish])
            found[i] = g
            if not done[0] and (mode == "any" or len(found) == len(tensors)):
                done[0] = True
                fn(g if mode == "any" else [found[n] for n in range(len(tensors))])

        return hook

    return _Handles([t.register_hook(hook_of(i)) for i, t in enumerate(tensors)])


class _Handles:
    """The handles of one hook on several tensors."""

    def __init__(self, handles: list[Any]):
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
