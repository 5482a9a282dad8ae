"""The node of a recorded op: what it keeps of the forward call, and how its backward runs the op's rules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors, large, types
from .autograd.graph import FREED, DeadEnd, Node, Packed, annotate, next_seq, pack
from .autograd.mode import recording
from .kernels.lazy import Lazy, computed
from .readers import REGISTRY, arrays, tensors
from .tensor import Parameter, Tensor, edge_of, of_inference, wrap

if TYPE_CHECKING:
    from .op import Op, Rule

ndarray = np.ndarray

#: The version cell of what has no version: numbers, arrays made by the op itself.
NO_VERSION = [0]
#: Where nothing but a number is saved. It makes the node one that a first backward empties, as PyTorch's is.
NUMBER_VERSION = (NO_VERSION, 0)


class OpNode(Node):
    """A recorded op. ``saved`` is positional: inputs, outputs, extras, input shapes; ``versions`` guards the tensors in it."""

    __slots__ = ("saved", "versions", "attrs")

    op: Op
    saved: tuple[Any, ...] | None
    versions: tuple[Any, ...]
    attrs: dict[str, Any]

    def run(self, k: Any, g: Any, release: bool) -> Any:
        run = runner(self.op)
        for cls in self.op.node_classes.values():
            cls.run = run  # type: ignore[method-assign, assignment]
            cls.takes_lazy = by_loop(self.op)
        g = g if self.takes_lazy else computed(g)
        return run(self, k, g, release)

    @property
    def next_functions(self) -> tuple[Any, ...]:
        """Where the gradients go next: a pair for each input that PyTorch's node has (indices and masks are none)."""
        answers, inputs = self.op.answers, self.op.inputs
        shown = super().next_functions
        if self.op.variadic or len(shown) != len(inputs) or "nondiff" not in answers.values():
            return shown
        return tuple([edge for name, edge in zip(inputs, shown, strict=True) if answers.get(name) != "nondiff"])

    def rename(self, name: str, op: Op | None = None) -> None:
        """Be a node of another name, or of another op; that it has packed or deferred what it saves stays."""
        cls = (op or self.op).node_class(name)
        for kind in (PackedNode, DeferredNode):
            if isinstance(self, kind):
                cls = with_kind(kind, cls)
        self.__class__ = cls

    def pack(self, hook: Any, unpack: Any) -> None:
        """Put what is saved through a pack hook; this one node then unpacks when it is read."""
        assert self.saved is not None

        def packed(a: Any) -> Any:
            return (
                pack(a, hook, unpack)
                if a.__class__ is ndarray
                else [packed(x) for x in a]
                if isinstance(a, list)
                else a
            )

        self.saved = tuple([packed(a) for a in self.saved])
        self.versions = NUMBER_VERSION if self.versions else ()
        if not isinstance(self, PackedNode):
            self.__class__ = with_kind(PackedNode, type(self))

    def kept_tensors(self, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        """The saved arrays as Tensors that know where they came from."""
        op = self.op
        n = len(op.inputs)
        if op.variadic:
            first = [rebuild(a, e) for a, e in zip(saved[0], self.edges, strict=True)] if saved[0] is not None else None
            out: list[Any] = [first]
        else:
            out = [rebuild(a, e) for a, e in zip(saved[:n], self.edges, strict=True)]
        written = getattr(self, "written", None)
        for i, a in enumerate(saved[n : n + len(op.outputs)]):
            own = (self, i) if written is None or a.__class__ is not ndarray else region_edge(written, a)
            out.append(rebuild(a, own))
        out += [rebuild(a, None) for a in saved[n + len(op.outputs) : n + len(op.outputs) + len(op.extras)]]
        return (*out, *saved[len(out) :])

    def __getattr__(self, name: str) -> Any:
        # PyTorch shows what a node has saved as `_saved_self`, `_saved_other`, `_saved_result` ...
        if name.startswith("_saved_"):
            key = name[7:]
            key = {"self": self.op.inputs[0], "result": self.op.outputs[0]}.get(key, key)
            if key in self.attrs:
                return self.attrs[key]
            if key in self.op.slot_of:
                if self.saved is None:
                    raise errors.runtime(FREED)
                return self.kept_tensors(self.saved)[self.op.slot_of[key]]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


class PackedNode(OpNode):
    """A node whose saved arrays went through a pack hook."""

    __slots__ = ()
    is_users = True

    def run(self, k: Any, g: Any, release: bool) -> Any:
        packed = self.saved
        if packed is not None:

            def unpack(a: Any) -> Any:
                return a.array() if a.__class__ is Packed else [unpack(x) for x in a] if isinstance(a, list) else a

            self.saved = tuple([unpack(a) for a in packed])
        try:
            return super().run(k, g, release)
        finally:
            if self.saved is not None:
                self.saved = packed


class DeferredNode(OpNode):
    """A node that was made before what it saves was computed."""

    __slots__ = ()

    saved: tuple[Any, ...] | None

    def run(self, k: Any, g: Any, release: bool) -> Any:
        self.settle()
        return super().run(k, g, release)

    def kept_tensors(self, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        self.settle()
        return super().kept_tensors(saved if self.saved is None else self.saved)

    def settle(self) -> None:
        if self.saved is not None:
            self.saved = tuple([x.array() if x.__class__ is Lazy else x for x in self.saved])


def region_edge(written: Any, a: Any) -> Any:
    """Where the gradient of what was written into a view goes: to that region of its base, as that is since (``CopySlices``)."""
    shape, dtype = written.meta
    base, region = wrap(np.broadcast_to(np.zeros((), dtype), shape)), wrap(a)
    attrs = {"region": written.region}
    record(REGISTRY["region_get"], [region], (a,), (base,), (base._a,), attrs, ((written, 0),))
    return region._edge


_kinds: dict[tuple[type[OpNode], type[OpNode]], type[OpNode]] = {}


def with_kind(kind: type[OpNode], cls: type[OpNode]) -> type[OpNode]:
    """A class of nodes, as one of ``PackedNode`` or ``DeferredNode``."""
    found = _kinds.get((kind, cls))
    if found is None:
        found = _kinds[kind, cls] = type(cls.__name__, (kind, cls), {"__slots__": (), "__module__": "builtins"})
    return found


_BY_LOOP = (
    "    if k is arrays and g.size >= FROM:",
    "        found = gradients(op, self.edges, g, saved, self.attrs)",
    "        if found is not None:",
    "            return found",
    "        g = computed(g)",
)
_SMALL = (
    "    elif k is arrays:",
    "        found = small(g, saved[{}])",
    "        if found is not None:",
    "            return (found,)",
)


def by_loop(op: Op) -> bool:
    """Whether the rules of an op are asked for as loops."""
    return op.family == "elementwise" and op.joint is None and len(op.outputs) == 1 and not op.extras


def runner(op: Op) -> Callable[[OpNode, Any, Any, bool], Any]:
    """``run`` of an op's nodes: a check of what was saved, then one call of each rule.

    It is written out as source for each op, as every node of every backward pays for each step of it.
    """
    joint = op.joint
    rules = op.rules if joint is None else [joint]
    names: dict[str, Any] = {
        "tensors": tensors, "arrays": arrays, "freed": freed, "check_versions": check_versions, "op": op,
        "gradients": large.gradients, "computed": computed, "FROM": large.threshold(op) if by_loop(op) else 0,
        "formal": formal, "small": large.small_gradient(op) if by_loop(op) else None,
    }  # fmt: skip
    calls = []
    for i, rule in enumerate(rules):
        if rule is None:
            calls.append("None")
            continue
        names[f"rule{i}"] = rule.fn
        needs = "tuple([edge is not None for edge in self.edges])"
        reads = [f"saved[{slot}]" for slot in rule.slots]
        reads += [f"{n}={needs if n == 'needs' else f'attrs[{n!r}]'}" for n in rule.attrs]
        condition = f" if edges[{i}] is not None else None" if len(rules) > 1 else ""
        calls.append(f"rule{i}({', '.join(['k', 'g', *reads])}){condition}")
    found = calls[0] if joint is not None else f"({', '.join(calls)},)"
    lines = [
        "def run(self, k, g, release):",
        "    saved = self.saved",
        "    if saved is None:",
        "        raise freed(self)",
        "    versions = self.versions",
        "    if versions:",
        "        if versions[0][0] != versions[1] or len(versions) > 2:",
        "            check_versions(self)",
        "        if release:",
        "            self.saved = None",
        "    if k is tensors:",
        "        saved = self.kept_tensors(saved)",
        "    g = g[0]" if op.n_diff == 1 and len(op.outputs) > 1 else "",
        *(_BY_LOOP if by_loop(op) else ()),
        *([line.format(*rules[0].slots) for line in _SMALL] if names["small"] else ()),  # type: ignore[union-attr]
        "    attrs = self.attrs" if any(rule is not None and rule.attrs for rule in rules) else "",
        "    edges = self.edges" if len(rules) > 1 else "",
        f"    if k is tensors: return formal(op, saved, {found})"
        if any(r is not None and r.formal for r in rules)
        else "",
        f"    return {found}",
    ]
    exec("\n".join(filter(None, lines)), names)
    return names["run"]  # type: ignore[no-any-return]


def formal(op: Op, saved: tuple[Any, ...], grads: tuple[Any, ...]) -> tuple[Any, ...]:
    """The gradients as functions of all that their rules read (see ``Op.vjp``)."""
    found = []
    for g, rule in zip(grads, op.rules if op.joint is None else [op.joint] * len(grads), strict=True):
        if g is not None and rule.formal:
            for x in (saved[slot] for slot in rule.slots):
                if isinstance(x, Tensor) and x._edge is not None:
                    g = tensors.formal_gradient(g, x)
        found.append(g)
    return tuple(found)


def freed(node: OpNode) -> Exception:
    return errors.runtime(FREED, f"The node is {node.name()}; its first backward has released what it had saved.")


def check_versions(node: OpNode) -> None:
    """Refuse a backward that would read something written since it was saved."""
    versions = node.versions
    for i in range(0, len(versions), 2):
        if versions[i][0] != versions[i + 1] and not read_for_nobody(node, i // 2):
            raise modified(node, i // 2)


def read_for_nobody(node: OpNode, which: int) -> bool:
    """Whether this one of what a node has saved is read for views alone that were made while nothing was recorded."""
    op, dead = node.op, [e is not None and isinstance(e[0], DeadEnd) for e in node.edges]
    n_in = len(op.inputs)
    if not any(dead) or n_in == 1 or op.joint is not None or op.variadic or node.saved is None:
        return False  # what belongs to no input alone, as results, PyTorch keeps in any case
    kept = [slot for slot, x in enumerate(node.saved[: n_in + len(op.outputs)]) if x is not None]
    alive = [rule for rule, e, d in zip(op.rules, node.edges, dead, strict=False) if rule and e is not None and not d]
    return kept[which] < n_in and not any(kept[which] in rule.slots for rule in alive)


def rebuild(array: Any, edge: Any) -> Any:
    """A saved array as a Tensor with its edge; numbers stay numbers."""
    if array.__class__ is not ndarray:
        if not hasattr(array, "rebuilt"):
            return array
        t = array.rebuilt()
    else:
        t = wrap(array)
    if edge is not None and array.dtype.kind in "fcV":
        t._edge = edge
    return t


def modified(node: OpNode, which: int) -> Exception:
    cell, expected = node.versions[2 * which], node.versions[2 * which + 1]
    array = next((a for a in (node.saved or ()) if isinstance(a, ndarray)), None)
    kind = "" if array is None else f"torch.{types.scalar_name(types.of_array(array))}Tensor {list(array.shape)}"
    return errors.runtime(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{kind}] is at version {cell[0]}; expected version {expected} instead. Hint: enable anomaly detection to find the "
        "operation that failed to compute its gradient, with torch.autograd.set_detect_anomaly(True).",
        f"{node.name()} had saved it for backward. Use the out-of-place form of the operation that wrote to it "
        "(x = x + 1 instead of x += 1), or write to a clone.",
    )


# --- recording a call ---------------------------------------------------------------------------------------------------
def ask_history(op: Op, args: tuple[Any, ...], error: Exception) -> None:
    """Of arguments that do not fit, if not by their kinds: PyTorch speaks first of a view that has lost its history."""
    if not isinstance(error, TypeError) and (not op.all_nondiff or op.name.startswith("bitwise")):
        speak_of_histories(args)


def speak_of_histories(args: Iterable[Any]) -> None:
    """Raise what is to be said of views that have lost their history, if there are any and somebody would follow it."""
    if recording():
        for x in args:
            if isinstance(x, Tensor):
                edge_of(x)
            elif isinstance(x, (tuple, list)):
                speak_of_histories(x)


def history_first(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A public function that is a single step in PyTorch, which looks at histories before anything but the kinds of its arguments."""

    @functools.wraps(fn)
    def step(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except (RuntimeError, IndexError):
            speak_of_histories(args)
            raise

    return step


def gather_edges(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The edges of the inputs that a gradient flows to; None if there is none."""
    if op.all_nondiff:  # nobody asks for histories, which views may have lost
        return None
    found = dead = False
    edges = []
    for i, x in enumerate(inputs):
        edge = None
        if x.__class__ is Tensor or isinstance(x, Tensor):
            edge = x._edge if x._base is None else edge_of(x)
            if edge is not None:
                answer = op.flow(i)
                if answer == "nondiff":
                    edge = None
                elif answer != "rule":
                    raise errors.runtime(
                        f"the derivative for '{op.inputs[i]}' is not implemented", f"{op.name}: {answer}"
                    )
                else:
                    found = True
                    dead = dead or (x._base is not None and edge[0].__class__ is DeadEnd)
        edges.append(edge)
    if dead and (alive := [e if e is None or e[0].__class__ is not DeadEnd else None for e in edges]).count(None) < len(
        edges
    ):
        return tuple(alive)  # beside another gradient nothing is computed, or kept, for one that nobody gets
    return tuple(edges) if found else None


def record(
    op: Op,
    outs: Sequence[Tensor],
    results: tuple[Any, ...],
    inputs: tuple[Any, ...],
    saved_inputs: tuple[Any, ...],
    attrs: dict[str, Any],
    edges: tuple[Any, ...],
) -> None:
    """Make the node and hang the outputs on it."""
    meta: Any
    single = len(op.outputs) == 1
    if single:
        a = outs[0]._a
        kind = a.dtype.kind
        if kind not in "fcV":
            if op.family == "reduction" and attrs.get("dtype") is not None:
                raise no_gradient_through(a)
            return
        if kind == "c" and op.real_gradient:
            raise no_complex_gradient(op)
        meta = (a.shape, a.dtype)
    else:
        meta = [(t._a.shape, t._a.dtype) if t._a.dtype.kind in "fcV" else None for t in outs[: op.n_diff]]
        if not any(meta):
            return
        if op.real_gradient and outs[0]._a.dtype.kind == "c":
            raise no_complex_gradient(op)
        meta += [None] * (len(outs) - len(meta))
    name: Any = op.grad_name
    if name.__class__ is not str:
        name = name(inputs, attrs)
    node = (op.node_classes.get(name) or op.node_class(name))()
    node.seq = next_seq()
    node.edges = edges
    node.hooks = node.stack = None
    node.attrs = attrs
    node.meta = meta
    node.saved, node.versions = saver(op, edges)(outs, results, inputs, saved_inputs)
    if single:
        outs[0]._edge = (node, 0)
    else:
        for nr, t in enumerate(outs):
            if meta[nr] is not None:
                t._edge = (node, nr)
    if recording() >= 2:
        annotate(node, outs, results, inputs)


def no_complex_gradient(op: Op) -> Exception:
    return errors.runtime(
        f"{op.torch_name} does not support automatic differentiation for outputs with complex dtype.",
        "Take the real and imaginary parts first, or detach the tensor.",
    )


def no_gradient_through(a: Any) -> Exception:
    """Refuse to record a result of a dtype that was asked for and has no gradients."""
    name = types.scalar_name(types.of_array(a))
    return errors.runtime(
        f"Autograd not support dtype: {name}",
        "The input requires grad, and integers have no gradient. Write x.detach() first, or leave dtype= out and convert the result.",
    )


#: What a node keeps, as bits.
FIRST, SECOND, OUT = 1, 2, 4


def kept(op: Op, *which: int, beside_number: bool = False) -> int:
    """What the rules of these inputs read: bits for the first input, the second, the output. The output is also kept for the rules of
    others, as ``reads`` says, unless the other operand is a number, which has none."""
    slots = {slot for i in which if op.rules[i] is not None for slot in op.rules[i].slots}
    out = len(op.inputs)
    if not beside_number:
        slots |= reads(op) & {out}
    return sum(OUT if slot == out else FIRST << slot for slot in slots if slot <= out)


def reads(op: Op) -> set[int]:
    """What is kept whichever inputs need a gradient, as PyTorch keeps it: inputs that several rules read, outputs that any rule reads."""
    slots = [slot for rule in op.rules if rule is not None for slot in rule.slots]
    n_in, n_out = len(op.inputs), len(op.inputs) + len(op.outputs)
    return {slot for slot in slots if n_in <= slot < n_out or (slot < n_in and slots.count(slot) > 1)}


Saver = Callable[
    [Sequence[Tensor], tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]], tuple[tuple[Any, ...], tuple[Any, ...]]
]


def saver(op: Op, edges: tuple[Any, ...]) -> Saver:
    """What keeps what the rules read, for each set of inputs that need a gradient (None: all of them, or one rule for all)."""
    key = tuple([e is not None for e in edges]) if op.joint is None and None in edges else None
    found = op.savers.get(key)
    if found is None:
        rules = [op.joint] if op.joint else [r for r, e in zip(op.rules, edges, strict=False) if r and e is not None]
        found = op.savers[key] = (_save_list if op.variadic else _save)(op, rules)
    return found  # type: ignore[no-any-return]


def _save(op: Op, rules: Sequence[Rule]) -> Saver:
    """``save(outs, results, inputs, arrays)`` gives a node's ``saved`` and ``versions``. Written out as source, as each recorded call
    pays for it."""
    needed = {s for r in rules for s in r.slots}
    slots = needed | reads(op)
    n_in = len(op.inputs)
    n_out = n_in + len(op.outputs)
    n_extra = n_out + len(op.extras)
    saved, versions = [], []
    for slot in range(len(op.slot_of)):
        if slot not in slots:
            saved.append("None")
        elif slot < n_in:
            saved.append(f"arrays[{slot}]")
            plain = f"(x := inputs[{slot}]).__class__ is Tensor or x.__class__ is Parameter"
            other = (
                "version_of(x)"
                if op.inputs[slot] not in op.scalars
                else "version_of(x) if isinstance(x, Tensor) else ()"
            )
            versions.append(f"((c := x._vc), c[0]) if ({plain}) and x._extra is None else {other}")
        elif slot < n_out:
            others = [f"isinstance(inputs[{i}], Tensor)" for i, r in enumerate(op.rules) if r and slot in r.slots]
            reader = "" if slot in needed else f" if {' or '.join(others)} else "  # a number has no rule
            saved.append(f"(t{slot} := outs[{slot - n_in}])._a" + (reader and reader + "None"))
            versions.append(f"(t{slot}._vc, t{slot}._vc[0])" + (reader and reader + "()"))
        elif slot < n_extra:
            saved.append(f"results[{slot - n_in}]")
            versions.append("NUMBER_VERSION")
        else:
            saved.append(f"x._a.shape if isinstance(x := inputs[{slot - n_extra}], Tensor) else ()")
    if op.empties:
        versions.append("NUMBER_VERSION")
    lines = [
        "def save(outs, results, inputs, arrays):",
        f"    saved = ({''.join(f'{part}, ' for part in saved)})",
        f"    return saved, {' + '.join(f'({v})' for v in versions) or '()'}",
    ]
    names = {"Tensor": Tensor, "Parameter": Parameter, "version_of": version_of, "NUMBER_VERSION": NUMBER_VERSION}
    exec("\n".join(lines), names)
    return names["save"]  # type: ignore[return-value]


def _save_list(op: Op, rules: Sequence[Rule]) -> Saver:
    """The same for an op of any number of tensors: it keeps all of them, or their shapes."""
    slots = {s for r in rules for s in r.slots}
    all_inputs, result, shapes = 0 in slots, 1 in slots, 1 + len(op.outputs) + len(op.extras) in slots

    def save(outs: Any, results: Any, inputs: Any, arrays: Any) -> Any:
        saved: list[Any] = [None] * len(op.slot_of)
        versions: tuple[Any, ...] = ()
        if all_inputs:
            saved[0] = list(arrays)
            for x in inputs:
                versions += version_of(x)
        if result:
            saved[1] = outs[0]._a
            versions += (outs[0]._vc, outs[0]._vc[0])
        if shapes:
            saved[-1] = [a.shape for a in arrays]
        return tuple(saved), versions

    return save


def version_of(x: Any) -> tuple[Any, ...]:
    """The version cell of a saved input and its value now.

    Raises:
        RuntimeError: for an inference tensor, which nobody counts the versions of.
    """
    if not isinstance(x, Tensor):
        return () if x is None else NUMBER_VERSION
    if of_inference(x):
        raise errors.runtime(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
            "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
            "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
        )
    return (x._vc, x._vc[0])
