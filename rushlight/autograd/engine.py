"""Backward: walk the graph from its roots to its leaves, newest node first.

Every node is newer than the nodes it depends on, so taking the pending node with the largest sequence number always finds
one whose gradient is complete. The walk is a loop over a heap: no recursion, linear in nodes and edges.

The rules run on bare arrays (``k`` is the array reader); with ``create_graph`` the same rules run on Tensors, and so
record the graph of the gradient. Rules never sum a gradient down to its input's shape nor cast it: ``fit`` does, once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from .. import errors, fpstate
from ..kernels.copies import contiguous
from ..kernels.elementwise import LARGE
from ..kernels.elementwise import run as run_loop
from ..kernels.layouts import as_variable_lies
from ..kernels.lazy import Lazy, computed, settle, sum_of
from ..tensor import Tensor, edge_of, wrap
from . import graph, mode, rows
from .graph import HOT, AccumulateGrad, Hooks, Node
from .rows import Rows

ndarray = np.ndarray


#: Who is told of a backward that will fill ``.grad``, before it runs: ``observer(roots)``.
observers: list[Callable[[Sequence[Tensor]], None]] = []


class Readers:
    """Who reads the rules: ``arrays`` or ``tensors``. Set by rushlight.op, above this module."""

    arrays: Any = None
    tensors: Any = None


class Native:
    """The loop over ordinary nodes as machine code (``entry_points.walk``), once it is in place.

    ``install`` puts it there, where rushlight.plain has set it; it is called when a program has made ``HOT`` nodes, until it is done.
    """

    walk: Any = None
    install: Callable[[], None] | None = None


#: ``run`` of the classes of ordinary nodes, put here when one has run: what machine code may call.
runs: dict[type[Node], Any] = {}


def backward(
    roots: Sequence[Tensor],
    grads: Sequence[Tensor],
    *,
    keep_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Run backward from ``roots`` with the gradients ``grads``.

    Leaves get ``.grad`` (only those among ``inputs``, if given). With ``accumulate=False`` nothing is written: the gradients of
    ``inputs`` are returned, None for an input that was not reached.
    """
    if observers and accumulate:
        for observer in observers:
            observer(roots)
    recorded = create_graph
    if mode.unusual and not create_graph:  # tensors without elements have gradients without, which no array stands for
        create_graph = mode.through_tensors.get() or any([root.is_meta for root in roots])
    walk = _Walk(keep_graph, create_graph, recorded)
    edges: list[Any] = [edge_of(root) for root in roots]
    if inputs is not None:
        walk.restrict_to(inputs, [edge[0] for edge in edges])
    for edge, g in zip(edges, grads, strict=True):
        walk.deliver(edge, g if create_graph else g._a)
    if Native.install is not None and walk.heap and -walk.heap[0][0] > HOT:
        Native.install()
    return walk.finished(accumulate)


class _Walk:
    """The state of one backward: gradients that wait for their node, and the heap of those nodes."""

    needed: set[Node] | None = None  # with inputs: the nodes on a path to one of them
    wanted: Sequence[tuple[Node, int]] = ()

    def __init__(self, keep_graph: bool, create_graph: bool, recorded: bool):
        self.release = not keep_graph
        self.create_graph = create_graph  # gradients are tensors
        self.recorded = recorded  # with a history
        self.k = Readers.tensors if create_graph else Readers.arrays
        self.pending: dict[Node, Any] = {}  # node -> gradient (a list of them for several outputs)
        self.heap: list[tuple[int, Node]] = []
        self.leaves: dict[AccumulateGrad, Any] = {}
        self.owned: set[Any] = set()  # buffers made here: more may be added in place

    def finished(self, accumulate: bool) -> list[Any]:
        """Go all the way; the gradients of the inputs that are ``wanted``."""
        previous = mode.recording()
        if self.recorded:
            mode.set_mode(True)
        else:
            mode.mode.set(mode.OFF)
        token = fpstate.enter(fpstate.QUIET)
        try:
            self.run()
            self.finish_leaves(accumulate)
            graph.run_callbacks()
        finally:
            fpstate.leave(token)
            mode.mode.set(previous)
        return [self.captured.get(key) for key in self.wanted]

    # --- which nodes run ------------------------------------------------------------------------------------------
    def restrict_to(self, inputs: Sequence[Tensor], roots: Sequence[Node]) -> None:
        self.wanted = [e for e in map(edge_of, inputs) if e is not None]
        self.captured: dict[tuple[Node, int], Any] = {}
        targets = {node for node, _ in self.wanted}
        # Every node is newer than what it leads to: oldest first, a node is needed if one of its targets is.
        seen, stack = set(roots), list(roots)
        while stack:
            for edge in stack.pop().edges:
                if edge is not None and edge[0] not in seen:
                    seen.add(edge[0])
                    stack.append(edge[0])
        needed = set(targets)
        for node in sorted(seen, key=lambda n: n.seq):
            if any(edge is not None and edge[0] in needed for edge in node.edges):
                needed.add(node)
        self.needed = needed
        self.targets = targets
        # A target runs itself only if another target lies behind it.
        self.stop = {n for n in targets if not any(e is not None and e[0] in needed for e in n.edges) and not n.is_leaf}

    # --- gradients arrive -----------------------------------------------------------------------------------------
    def deliver(self, edge: tuple[Node, int], g: Any) -> None:
        """Add ``g`` to what waits at ``edge``."""
        node, nr = edge
        if self.needed is not None and node not in self.needed:
            return
        meta = node.meta if node.n_outputs == 1 else node.meta[nr]
        if g.__class__ is Lazy:
            if node.n_outputs > 1 or g.dtype is not meta[1] or g.shape != meta[0]:
                g = g.compute()
        elif g.__class__ is not ndarray and not self.create_graph and not (g.__class__ is Rows and node.is_leaf):
            g = np.asarray(g)  # rules on 0-d arrays give NumPy scalars
        array = g._a if self.create_graph else g
        if array.dtype is not meta[1] or array.shape != meta[0]:
            g = self.fit(g, meta, node)
        if node.is_leaf:
            # Re-inserted on every arrival: the dict ends up in the order in which the leaves become complete.
            waiting = self.leaves.pop(node, None)  # type: ignore[call-overload]
            self.leaves[node] = g if waiting is None else self.add((node, 0), waiting, g)  # type: ignore[index]
        elif node.n_outputs == 1:
            waiting = self.pending.get(node)
            if waiting is None:
                self.pending[node] = g
                heapq.heappush(self.heap, (-node.seq, node))
            else:
                self.pending[node] = self.add((node, 0), waiting, g)
        else:
            slots = self.pending.get(node)
            if slots is None:
                slots = self.pending[node] = [None] * node.n_outputs
                heapq.heappush(self.heap, (-node.seq, node))
            slots[nr] = g if slots[nr] is None else self.add((node, nr), slots[nr], g)

    def add(self, key: tuple[Node, int], waiting: Any, g: Any) -> Any:
        if self.create_graph:
            return waiting + g
        if waiting.__class__ is not ndarray or g.__class__ is not ndarray:
            if waiting.__class__ is Rows or g.__class__ is Rows:
                return rows.sum_of(computed(waiting), computed(g))
            return sum_of(waiting, g)
        if key in self.owned:
            return add_to(waiting, g)
        self.owned.add(key)
        total = run_loop("add", waiting, g) if g.size >= LARGE else None
        if total is None:
            total = waiting + g
        return total if total.__class__ is ndarray else np.asarray(total)

    def fit(self, g: Any, meta: Any, node: Node) -> Any:
        """Sum a gradient over the dimensions its input was broadcast along, and cast it to the input's dtype."""
        shape, np_dtype = meta
        if g.shape != shape:
            try:
                g = self.k.sum_to_size(g, size=shape)
            except (ValueError, RuntimeError) as error:
                raise RuntimeError(
                    f"Function {node.name()} returned an invalid gradient - got {list(g.shape)} but expected shape "
                    f"compatible with {list(shape)}"
                ) from error
        if g.__class__ is ndarray and g.dtype is np_dtype:
            return g
        return self.k.cast_gradient(g, np_dtype=np_dtype)

    # --- nodes run ------------------------------------------------------------------------------------------------
    def run(self) -> None:
        settle()  # gradients are added up in place, and what is saved may be read
        heap, pending, leaves, k, release = self.heap, self.pending, self.leaves, self.k, self.release
        anomaly = mode.anomaly.get()
        # Nothing is asked of a gradient on its way but to be an array that fits: most arrive through the short way below.
        short = not self.create_graph and self.needed is None
        runner = mode.node_runner.get()
        if runner is None and anomaly and mode.check_nans.get():
            runner = run_checked
        deferring = short and not anomaly and runner is None
        walk = Native.walk if deferring else None
        # The newest node that waits is kept out of heap and dict: along a chain neither is touched.
        newest: Any = None
        newest_g: Any = None
        while True:
            if walk is not None:  # as below, until there is a node that is not ordinary
                left = walk(heap, pending, leaves, newest, newest_g, k, release, self.deliver, self.add)
                if left is None:
                    return
                node, g = left
                newest = newest_g = None
            elif newest is None:
                if not heap:
                    return
                node = heapq.heappop(heap)[1]
                g = pending.pop(node)
            elif heap and -heap[0][0] > newest.seq:
                pending[newest] = newest_g
                node = heapq.heapreplace(heap, (-newest.seq, newest))[1]
                g = pending.pop(node)
                newest = None
            else:
                node, g, newest = newest, newest_g, None
            if node.hooks is not None or node.is_users:  # their code may write to what deferred gradients read
                self.settle()
                g, newest_g = computed(g), computed(newest_g)
                if node.hooks is not None:
                    g = self.run_pre_hooks(node, g)
            if g.__class__ is Lazy and not node.takes_lazy:
                g = g.compute()
            if self.needed is not None and node in self.targets:
                self.capture(node, g)
                if node in self.stop:
                    continue
            try:
                if self.needed is not None and not self.recorded:
                    grads = self.run_needed(node, g, runner)
                else:
                    grads = node.run(k, g, release) if runner is None else runner(node, k, g, release)
            except Exception as error:
                explain_failure(node, error)
                raise
            if walk is not None and node.n_outputs == 1 and not node.is_users:
                runs[node.__class__] = node.__class__.run
            if not deferring or node.hooks is not None:
                grads = tuple([computed(gi) for gi in grads])
            if node.hooks is not None and node.hooks.post:
                grads = self.run_post_hooks(node, grads, g)
            for edge, gi in zip(node.edges, grads):  # noqa: B905 - a node gives one for each; asking takes time
                if edge is None or gi is None:
                    continue
                to = edge[0]
                if short and to.n_outputs == 1 and (gi.__class__ is ndarray or gi.__class__ is Lazy):
                    shape, np_dtype = to.meta
                    if gi.dtype is np_dtype and gi.shape == shape:
                        if to.is_leaf:
                            waiting = leaves.pop(to, None)  # the last to be complete stands last
                            leaves[to] = gi if waiting is None else self.add((to, 0), waiting, gi)
                            continue
                        if newest is None and to not in pending:
                            newest, newest_g = to, gi
                            continue
                        if to is newest:
                            newest_g = self.add((to, 0), newest_g, gi)
                            continue
                if to is newest:  # back to where deliver looks for it
                    pending[newest] = newest_g
                    heapq.heappush(heap, (-newest.seq, newest))
                    newest = None
                self.deliver(edge, gi)

    def run_needed(self, node: Node, g: Any, runner: Any) -> Any:
        """Run a node for those of its inputs from which a wanted one is reached. What is saved keeps all edges, so with ``create_graph``
        this is left out."""
        edges = node.edges
        node.edges = tuple([edge if edge is not None and edge[0] in self.needed else None for edge in edges])  # type: ignore[operator]
        try:
            return node.run(self.k, g, self.release) if runner is None else runner(node, self.k, g, self.release)
        finally:
            node.edges = edges

    def settle(self) -> None:
        """Compute all gradients that were deferred."""
        for node, g in self.pending.items():
            self.pending[node] = [computed(x) for x in g] if g.__class__ is list else computed(g)
        for leaf, g in self.leaves.items():
            self.leaves[leaf] = computed(g)

    def capture(self, node: Node, g: Any) -> None:
        for nr, gi in enumerate([g] if node.n_outputs == 1 else g):
            if gi is not None and (node, nr) in self.wanted:
                self.captured[node, nr] = gi if self.create_graph else wrap(unshared(gi))

    # --- leaves ---------------------------------------------------------------------------------------------------
    def finish_leaves(self, accumulate: bool) -> None:
        leaves = self.leaves
        for node, g in leaves.items():
            if g.__class__ is Lazy:
                leaves[node] = g.compute()
        while leaves:
            node = next(iter(leaves))
            g = leaves.pop(node)
            if node.hooks is not None:
                g = self.run_pre_hooks(node, g)
            if not accumulate:
                self.captured[node, 0] = g if self.create_graph else rows.as_tensor(unshared(g))
                continue
            leaf = node.ref() if node.__class__ is AccumulateGrad else node.variable
            if leaf is None or leaf._edge is None:  # gone, or told not to require grad since
                continue
            if not (leaf._edge if leaf._base is None else edge_of(leaf))[0].is_leaf:  # type: ignore[index]
                raise errors.runtime(
                    "leaf variable has been moved into the graph interior",
                    "It was written to since this graph was made from it, or what it is a view of was: write to a clone.",
                )
            self.accumulate(leaf, g)
            if node.hooks is not None:
                for hook in list(node.hooks.post_accumulate.values()):
                    if hook(leaf) is not None:
                        raise errors.runtime("Tensor post accumulate grad hooks should return None.")

    def accumulate(self, leaf: Tensor, g: Any) -> None:
        if leaf._grad is None and g.__class__ is ndarray and not self.create_graph:
            leaf._grad = wrap(as_variable_lies(unshared(g, holders=2), leaf._a))
        elif g.__class__ is Rows:
            rows.accumulate(leaf, g)
        elif leaf._grad is None:
            leaf._grad = self.k.own_gradient(g)
        elif self.create_graph:
            leaf._grad = leaf._grad + g  # type: ignore[operator]
        elif leaf._grad.__class__ is not Tensor and leaf._grad.is_sparse:  # type: ignore[attr-defined]
            rows.accumulate(leaf, g)
        else:
            settle()  # a hook may have made something of the gradient that waits
            add_to(leaf._grad._a, g)
            leaf._grad._vc[0] += 1

    # --- hooks ----------------------------------------------------------------------------------------------------
    def as_tensor(self, g: Any) -> Any:
        return g if g is None or self.create_graph else rows.as_tensor(g)

    def as_gradient(self, t: Any) -> Any:
        return t if t is None or self.create_graph else rows.as_gradient(t)

    def run_pre_hooks(self, node: Node, g: Any) -> Any:
        hooks: Hooks = node.hooks  # type: ignore[assignment]
        grads = [g] if node.n_outputs == 1 else list(g)
        tensors = [self.as_tensor(x) for x in grads]
        for nr, on_output in hooks.tensor.items():
            for hook in list(on_output.values()):
                if tensors[nr] is not None:
                    result = hook(tensors[nr])
                    tensors[nr] = tensors[nr] if result is None else _checked(result, tensors[nr], hook)
        for nr, ref in hooks.retain.items():
            t = ref()
            if t is not None and tensors[nr] is not None:
                self.retain(t, tensors[nr])
        for hook in list(hooks.pre.values()):
            result = hook(tuple(tensors))
            if result is not None:
                tensors = list(result) if isinstance(result, tuple) else [result]
        grads = [self.as_gradient(t) for t in tensors]
        return grads[0] if node.n_outputs == 1 else grads

    def retain(self, t: Tensor, g: Tensor) -> None:
        if t._grad is None:
            t._grad = g if self.create_graph else wrap(g._a.copy())
        else:
            t._grad = t._grad + g  # type: ignore[operator]

    def run_post_hooks(self, node: Node, grads: Any, g: Any) -> Any:
        inputs = tuple(self.as_tensor(None if x is None else self._array(x)) for x in grads)
        outputs = tuple(self.as_tensor(x) for x in ([g] if node.n_outputs == 1 else g))
        for hook in list(node.hooks.post.values()):  # type: ignore[union-attr]
            result = hook(inputs, outputs)
            if result is not None:
                inputs = result if isinstance(result, tuple) else (result,)
        return [self.as_gradient(t) for t in inputs]

    def _array(self, g: Any) -> Any:
        return g if self.create_graph else np.asarray(g)


def add_to(total: np.ndarray[Any, Any], g: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``total += g``, which is returned."""
    if total.size < LARGE or run_loop("add", total, g, out=total) is None:
        total += g
    return total


def is_all_of(view: np.ndarray[Any, Any], base: np.ndarray[Any, Any]) -> bool:
    """Whether a view shows all elements of an array that owns them, once each, and may be written: a transposed or reshaped one."""
    flags = view.flags
    return (
        base.base is None and view.size == base.size and flags.writeable and (flags.c_contiguous or flags.f_contiguous)
    )


def unshared(g: Any, holders: int = 1) -> Any:
    """A gradient that the caller may own: itself if only so many variables hold it, otherwise a copy, as rules may hand the same array
    to several inputs, or one that they have from elsewhere."""
    if g.__class__ is ndarray and getrefcount(g) <= holders + 2:  # the parameter here, and getrefcount's
        base = g.base
        if base is None or (base.__class__ is ndarray and getrefcount(base) <= 3 and is_all_of(g, base)):
            return g
    return contiguous(g) if g.__class__ is ndarray else g.copy()


def _checked(result: Any, like: Tensor, hook: Any) -> Tensor:
    if not isinstance(result, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    if result.shape != like.shape:  # type: ignore[attr-defined]
        raise errors.advised(
            RuntimeError(f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value"),
            f"It returned {list(result.shape)} for a gradient of {list(like.shape)}.",
        )
    return result


# --- what went wrong ----------------------------------------------------------------------------------------------
def explain_failure(node: Node, error: Exception) -> None:
    """In anomaly mode: the stack of the forward call, on stderr as PyTorch prints it."""
    if node.stack is None:
        return
    import warnings

    warnings.warn(
        f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{''.join(node.stack)}",
        UserWarning,
        stacklevel=2,
    )


def run_checked(node: Node, k: Any, g: Any, release: bool) -> Any:
    """In anomaly mode: what a node gives, where a NaN is an error."""
    grads = tuple([computed(x) for x in node.run(k, g, release)])
    for i, x in enumerate(grads):
        array = x._a if isinstance(x, Tensor) else x
        if array is not None and np.isnan(array).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")
    return grads
