"""The short call path of ops that take tensors as they are, with attributes: reductions, views, products of matrices.

It is the general path of ``rushlight.op`` in one function, for plain tensors of floating dtypes; whatever does not fit, and every
error, goes there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import levels, types
from .autograd.engine import Native
from .autograd.graph import HOT, next_seq
from .autograd.mode import node_runner, recording
from .deferred import reduced
from .fpstate import quietly
from .kernels.copies import assign
from .kernels.cpython import address
from .kernels.iteration import forget_with_threads
from .kernels.lazy import looking, pending, settle
from .kernels.llvm import available, patience
from .node import FIRST, OUT, kept, no_gradient_through, record, saver
from .op import Op, apply, call
from .override import PLAIN
from .readers import arrays
from .tensor import Deferred, Parameter, Tensor, edge_of, inferring, of_inference, view_of, wrap

ndarray = np.ndarray
asarray: Callable[..., np.ndarray[Any, Any]] = np.asarray
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


def has_plain_form(op: Op) -> bool:
    """Whether an op takes tensors, each as it is, and attributes to one tensor; and so has the form of ``single`` or ``several``.

    Tensors that are promoted to a common dtype count as well: the short path wants them to have it already.
    """
    one = len(op.outputs) == 1 and not op.variadic and not op.extras and not op.all_nondiff
    as_they_are = op.promote == "none" or (op.promote == "common" and len(op.inputs) > 1)
    plain = as_they_are and op.family in ("reduction", "movement", "opaque") and op.preparer is not None
    floats = op.refuses is None or types.FLOATING not in op.refuses
    views = op.view and len(op.inputs) > 1  # of the first of several tensors
    return one and plain and floats and not views and set(op.answers.values()) <= {"rule"}


def takes_one(op: Op) -> bool:
    """Whether an op of the plain form has that of ``single``."""
    return len(op.inputs) == 1 and op.joint is None and not op.input_defaults


def has_plans(op: Op) -> bool:
    """Whether an op on the path of ``single`` remembers what it has decided."""
    return op.view or op.planner is not None


def is_rare(mode: int) -> bool:
    """Whether results are noted in this mode. It is asked before the body runs, which may draw random numbers."""
    return mode > 1


class Short:
    """What the short path of an op of one tensor is made of, read when the op is first called."""

    def __init__(self, op: Op):
        self.view: bool = op.view
        self.plans: Plans = Plans(op)
        self.keep: int = kept(op, 0)
        rules = [rule for rule in op.rules if rule is not None]
        self.shape_slot: int = 2 if any(2 in rule.slots for rule in rules) else 0
        self.size: int = len(op.slot_of)


MANY = 20_000  # calls that record nothing after which a program is hot as well


class Entries:
    """The machine code in which short paths are one call (``entry_points``): made at most once, when a program is hot."""

    def __init__(self) -> None:
        self.wanted: bool = True
        self.calls: int = 0  # that recorded nothing
        #: Makes a function of an op's decisions, once there is machine code.
        self.make: Callable[[Short], Callable[..., Any]] | None = None
        self.waiting: list[Callable[[], None]] = []

    def count(self) -> None:
        """Count a call that recorded no node: a program that makes many of these is hot as well."""
        self.calls += 1
        if self.calls > MANY and not inferring:
            self.install()

    def install(self) -> None:
        """Make it, unless somebody looks on or transforms what runs: they shall not see what is tried here."""
        if not self.wanted or looking or levels.running or node_runner.get() is not None:
            return
        self.wanted, Native.install = False, None
        if available():
            from . import entry_points

            entry_points.install()

    def begin(self, make: Callable[[Short], Callable[..., Any]]) -> None:
        """Give each op on the path of ``single`` its function."""
        self.make = make
        for begin in self.waiting:
            begin()
        self.waiting.clear()


entries: Entries = Entries()
Native.install = entries.install
#: Whether ops ask their machine code. Who listens to all calls (``explain.listening``) says no.
asks_entries = True


def single(op: Op) -> Callable[..., Any]:
    """An op of one tensor and attributes (a reduction, a view) on the short path: its general path in one function."""
    prepare: Any = op.preparer
    forward = op.forward
    view = op.view
    grad_name: Any = op.grad_name
    node_classes = op.node_classes
    keep = shape_slot = size = 0
    plans: Any = None
    native: Callable[[Any, Any], Any] | None = None

    def start() -> None:
        nonlocal size, keep, shape_slot, plans
        short = Short(op)
        keep, shape_slot, size = short.keep, short.shape_slot, short.size
        if has_plans(op):
            plans = short.plans

            def begin() -> None:
                nonlocal native
                native = entries.make(short)  # type: ignore[misc]
                short.plans.known.clear()  # what is decided again is decided for machine code too

            entries.waiting.append(begin) if entries.make is None else begin()

    def public(*args: Any, **kwargs: Any) -> Any:
        if native is not None and asks_entries:
            t = native(args, kwargs)
            if t is not None:
                return t
        if not size:
            start()
        x: Any = args[0] if args else None
        cls = x.__class__
        if cls is Deferred and "out" not in kwargs:
            t = reduced(op, args, kwargs)
            if t is not None:
                return t
        if (cls is not Tensor and cls is not Parameter) or is_rare(recording()) or (kwargs and "out" in kwargs):
            return call(op, args, kwargs)
        r: Any = None
        attrs: Any = None
        if plans is not None:
            r, attrs = plans.result(x._a, args, kwargs)
        if attrs is None:
            for other in args:
                if other.__class__ not in PLAIN:
                    return call(op, args, kwargs)
        try:
            a = x._a
            dt = a.dtype
            edge = x._edge if x._base is None else edge_of(x)
            rare = edge is not None and of_inference(x)
            if attrs is None or rare:
                inputs, attrs = prepare(*args, **kwargs)
                if rare or inputs[0] is not x:
                    return apply(op, inputs, attrs)
                t = None if dt is F32 or dt is F64 else apply(op, inputs, attrs)  # which may refuse the dtype
                if plans is not None:
                    plans.add(a, args, kwargs, attrs)
                if t is not None:
                    return t
            if r is None:
                r = forward(arrays, a, **attrs) if view else quietly(forward, arrays, a, **attrs)
        except (ValueError, RuntimeError, TypeError, IndexError, AttributeError):  # the general path says what is wrong
            return call(op, args, kwargs)
        if r.__class__ is not ndarray:
            r = asarray(r)
        t = view_of(x, r) if view else wrap(r)
        if edge is None or not recording():
            if entries.wanted:
                entries.count()
            return t
        if r.dtype is not dt and r.dtype.kind not in "fcV":
            raise no_gradient_through(r)
        name = grad_name if grad_name.__class__ is str else grad_name((x,), attrs)
        node: Any = (node_classes.get(name) or op.node_class(name))()
        node.seq = seq = next_seq()
        if seq > HOT and entries.wanted:
            entries.install()
        node.edges = (edge,)
        node.meta = (r.shape, r.dtype)
        node.hooks = node.stack = None
        node.attrs = attrs
        saved: list[Any] = [None] * size
        versions: tuple[Any, ...] = ()
        if keep & FIRST:
            saved[0] = a
            versions = (x._vc, x._vc[0])
        if keep & OUT:
            saved[1] = r
            versions = (*versions, t._vc, t._vc[0])
        if shape_slot:
            saved[shape_slot] = a.shape
        node.saved = tuple(saved)
        node.versions = versions
        t._edge = (node, 0)
        return t

    return public


class Plans:
    """What an op has decided, by the shape, strides and dtype of its array and the arguments beside it: its attributes, and where it has a
    planner a shorter way to the result. All is forgotten once compiled code may be had, so that planners may ask for it again."""

    CAP = 4096

    def __init__(self, op: Op):
        self.op = op
        self.known: dict[Any, tuple[Any, dict[str, Any]]] = {}
        #: The same for machine code, which reads sizes and strides as they lie in memory: what makes the array, or how it lies if it is a
        #: view, the attributes, the class of the node.
        self.by_layout: dict[Any, tuple[Any, dict[str, Any], Any]] = {}
        for decided in (self.known, self.by_layout):
            forget_with_threads(decided)
            patience.dependents.append(decided)

    def result(self, a: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """The op's array, if there is a shorter way to it, and its attributes; None where nothing is decided."""
        try:
            run, attrs = self.known[self.key(a, args, kwargs)]
            if run is None:
                return None, attrs
            return run(a) if self.op.view else quietly(run, a), attrs
        except (KeyError, TypeError, RuntimeError):  # not decided, an argument without a hash, another thread is inside
            return None, None

    @staticmethod
    def key(a: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Types belong to it: 1 and True are equal, and one of them may be refused. Most calls have one argument or none beside the tensor,
        for which the shorter forms take half the time."""
        if not kwargs:
            if len(args) == 1:
                return a.shape, a.strides, a.dtype
            if len(args) == 2:
                value = args[1]
                return a.shape, a.strides, a.dtype, value, value.__class__
        elif len(kwargs) == 1 == len(args):
            ((name, value),) = kwargs.items()
            return a.shape, a.strides, a.dtype, value, value.__class__, name
        rest = args[1:]
        return a.shape, a.strides, a.dtype, rest, *map(type, rest), *kwargs.items(), *map(type, kwargs.values())

    def add(self, a: Any, args: tuple[Any, ...], kwargs: dict[str, Any], attrs: dict[str, Any]) -> None:
        """Decide for arrays like ``a``, if the arguments beside it are plain values. Of dtypes that take the general path, complex and
        16-bit ones, there is a decision only where there is a shorter way."""
        if any([value.__class__ not in DECIDABLE for value in (*args[1:], *kwargs.values())]):
            return
        key = self.key(a, args, kwargs)
        if key not in self.known:
            if len(self.known) >= self.CAP:
                self.known.clear()
                self.by_layout.clear()
            run = None if self.op.planner is None else self.op.planner(a, **attrs)
            if run is not None or self.op.view or a.dtype is F32 or a.dtype is F64 or a.dtype.kind in "biu":
                self.known[key] = run, attrs
                if entries.make is not None:
                    self.add_layout(a, args, kwargs, attrs, run)

    def add_layout(
        self, a: Any, args: tuple[Any, ...], kwargs: dict[str, Any], attrs: dict[str, Any], run: Any
    ) -> None:
        """The same decision for machine code."""
        op, name = self.op, self.op.grad_name
        if run is None:
            run = functools.partial(op.forward, arrays, **attrs)
        how = layout_of(run(a), a) if op.view else functools.partial(quietly, run)  # NumPy's warnings are silenced
        if how is not None:
            node_class = op.node_class(name if name.__class__ is str else name(args[:1], attrs))  # type: ignore[operator, arg-type]
            self.by_layout[layout_key(a, args, kwargs)] = how, attrs, node_class


def layout_of(view: Any, a: Any) -> bytes | None:
    """How a view lies in the memory of its array, which is the same for all arrays of one layout: the number of its dtype, dimensions,
    bytes from the first element, sizes, strides. None if it is more than that, as of another dtype."""
    if view.dtype is not a.dtype or a.dtype.isbuiltin != 1 or not a.size:
        return None
    return np.array(
        [a.dtype.num, view.ndim, address(view) - address(a), *view.shape, *view.strides], np.int64
    ).tobytes()


def layout_key(a: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The key of ``Plans.by_layout``, as ``entry_points.single`` makes it."""
    layout = np.array([*a.shape, *a.strides], np.int64).tobytes()
    beside = [part for value in args[1:] for part in (value, value.__class__)]
    named = [part for name, value in kwargs.items() for part in (value, value.__class__, name)]
    return (layout, a.dtype, *beside, *named)


#: Classes of arguments that say the same at each call.
DECIDABLE = frozenset({int, bool, str, tuple, types.Size, type(None)})


def several(op: Op) -> Callable[..., Any]:
    """An op of several tensors and attributes (a product of matrices) on the short path."""
    prepare: Any = op.preparer
    run = prepared(op, one_dtype=op.promote == "common")

    def public(*args: Any, **kwargs: Any) -> Any:
        if kwargs and "out" in kwargs:
            return call(op, args, kwargs)
        for other in args:
            if other.__class__ not in PLAIN:
                return call(op, args, kwargs)
        try:
            inputs, attrs = prepare(*args, **kwargs)
            t = run(inputs, attrs)
            return apply(op, inputs, attrs) if t is None else t
        except (ValueError, RuntimeError, TypeError, IndexError, AttributeError):  # the general path says what is wrong
            return call(op, args, kwargs)

    return public


def prepared(op: Op, *, one_dtype: bool) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """An op whose inputs, plain tensors of floating dtypes or None, and attributes are known to fit; None where ``apply`` is to be
    asked. ``one_dtype`` is what the inputs must have."""
    forward = op.forward

    def run(inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        mode = recording()
        if is_rare(mode):
            return None
        bodies: list[Any] = []
        edges: list[Any] = []
        flows = False
        first: Any = None
        for x in inputs:
            if x is None:
                bodies.append(None)
                edges.append(None)
                continue
            cls = x.__class__
            if cls is not Tensor and cls is not Parameter:
                return None
            a = x._a
            dt = a.dtype
            if first is None:
                first = dt
            if (dt is not F32 and dt is not F64) or (one_dtype and dt is not first):
                return None
            bodies.append(a)
            edge = x._edge if x._base is None else edge_of(x)
            edges.append(edge)
            if edge is not None:
                flows = True
        r = quietly(forward, arrays, *bodies, **attrs)
        if r.__class__ is not ndarray:
            r = asarray(r)
        t = wrap(r)
        if mode and flows:
            record(op, (t,), (r,), inputs, tuple(bodies), attrs, tuple(edges))
        return t

    return run


def affine(transpose: Op, addmm: Op, attrs_of: Callable[[Any, Any], dict[str, Any]]) -> Callable[..., Any]:
    """``addmm(bias, x, transpose(weight))`` of plain matrices in one function: what every linear layer calls.

    It gives the tensor and the nodes that the two ops would, or None where they have to be asked. ``attrs_of`` are addmm's for two arrays.
    """
    nothing = (None,) * len(transpose.slot_of)
    body = addmm.forward
    transposed_name, product_name = "TBackward0", "AddmmBackward0"

    def fast(x: Any, weight: Any, bias: Any) -> Any:
        mode = recording()
        # Written out, as every layer of every network pays for it.
        if (
            is_rare(mode)
            or (x.__class__ is not Tensor and x.__class__ is not Parameter)
            or (weight.__class__ is not Parameter and weight.__class__ is not Tensor)
            or (bias.__class__ is not Parameter and bias.__class__ is not Tensor)
            or not (weight._extra is bias._extra is None)
            or not (x._extra is None or "inference" not in x._extra)
        ):
            return None
        a, w, c = x._a, weight._a, bias._a
        dt = a.dtype
        if (dt is not F32 and dt is not F64) or w.dtype is not dt or c.dtype is not dt:
            return None
        if w.ndim != 2 or not w.size or c.shape != w.shape[:1] or a.ndim < 2 or a.shape[-1] != w.shape[1]:
            return None
        if a.ndim > 2:  # which takes two views: done at once where they would have no nodes
            if mode or not a.flags.c_contiguous:
                return None
            a = a.reshape(-1, w.shape[1])
        w = w.T
        try:
            r = quietly(body, arrays, c, a, w)
        except RuntimeError:  # another thread is inside
            return None
        if not mode:
            return wrap(r if x._a.ndim == 2 else r.reshape(*x._a.shape[:-1], w.shape[1]))
        t = wrap(r)
        e0 = bias._edge if bias._base is None else edge_of(bias)
        e1 = x._edge if x._base is None else edge_of(x)
        e2 = weight._edge if weight._base is None else edge_of(weight)
        if e2 is not None:
            node: Any = (transpose.node_classes.get(transposed_name) or transpose.node_class(transposed_name))()
            node.seq = next_seq()
            node.edges = (e2,)
            node.meta = (w.shape, dt)
            node.hooks = node.stack = None
            node.attrs = {}
            node.saved, node.versions = nothing, ()
            e2 = (node, 0)
        elif e1 is None and e0 is None:
            return t
        node = (addmm.node_classes.get(product_name) or addmm.node_class(product_name))()
        node.seq = next_seq()
        node.edges = edges = (e0, e1, e2)
        node.meta = (r.shape, dt)
        node.hooks = node.stack = None
        node.attrs = attrs_of(a, w)
        node.saved, node.versions = saver(addmm, edges)((t,), (r,), (bias, x, weight), (c, a, w))
        t._edge = (node, 0)
        return t

    return fast


def pair(
    op: Op,
    single: Callable[[Any, Any], Any],
    double: Callable[[Any, Any], Any],
    attrs_of: Callable[[Any, Any], dict[str, Any]],
) -> Callable[..., Any]:
    """A product of two plain matrices that fit, in one function; None where the op has to be asked.

    ``single`` gives the array of float32, ``double`` of float64, or None where they have no answer; ``attrs_of`` are the op's attributes
    for two arrays.
    """
    name = op.name.capitalize() + "Backward0"

    def fast(x: Any, y: Any) -> Any:
        mode = recording()
        one, other = x.__class__, y.__class__
        if (
            is_rare(mode)
            or (one is not Tensor and one is not Parameter)
            or (other is not Tensor and other is not Parameter)
            or of_inference(x)
            or of_inference(y)
        ):
            return None
        a, b = x._a, y._a
        dtype = a.dtype
        if dtype is not b.dtype or a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
            return None
        if dtype is not F32 and dtype is not F64:
            return None
        try:
            r = quietly(single if dtype is F32 else double, a, b)
        except RuntimeError:  # another thread is inside
            return None
        if r is None:
            return None
        t = wrap(r)
        if not mode:
            return t
        edges = x._edge if x._base is None else edge_of(x), y._edge if y._base is None else edge_of(y)
        if edges[0] is not None or edges[1] is not None:
            node = (op.node_classes.get(name) or op.node_class(name))()
            node.seq = next_seq()
            node.edges = edges
            node.meta = (r.shape, dtype)
            node.hooks = node.stack = None
            node.attrs = attrs_of(a, b)
            node.saved, node.versions = saver(op, edges)((t,), (r,), (x, y), (a, b))
            t._edge = (node, 0)
        return t

    return fast


PLAIN_TENSORS = frozenset({Tensor, Parameter, Deferred})


def has_own_memory(x: Any) -> bool:
    """Whether a tensor is no view, holds nothing unusual, and has no history that would be recorded now."""
    return x._base is None and x._extra is None and (x._edge is None or not recording())


def copied(to: Any, x: Any) -> Any:
    """``to.copy_(x)`` for plain tensors of one shape and dtype, of which nothing is recorded; None where the op has to be asked."""
    if to.__class__ not in PLAIN_TENSORS or x.__class__ not in PLAIN_TENSORS or is_rare(recording()):
        return None
    if not (has_own_memory(to) and has_own_memory(x)):
        return None
    if pending:
        settle()
    a, b = to._a, x._a
    if a.dtype is not b.dtype or a.shape != b.shape or not (a.flags.c_contiguous and a.flags.writeable):
        return None
    assign(a, b)
    to._vc[0] += 1
    return to


def filled(to: Any, value: Any) -> Any:
    """``to.fill_(value)`` of floats with a number that they can hold, of which nothing is recorded; None where the op has to be asked."""
    if (value.__class__ is not float and value.__class__ is not int) or not -_HELD < value < _HELD:
        return None
    if to.__class__ not in PLAIN_TENSORS or is_rare(recording()) or not has_own_memory(to):
        return None
    if pending:
        settle()
    a = to._a
    if a.dtype.char not in "fd" or not (a.flags.c_contiguous and a.flags.writeable):
        return None
    assign(a, value)
    to._vc[0] += 1
    return to


_HELD = 3e38  # by float32


def shortened(short: Callable[[Any, Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a public function of two tensors that asks ``short`` first, and goes on where that has no answer (None), or a profiler looks
    for the general way's functions."""

    def marked(general: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(general)
        def public(*args: Any, **kwargs: Any) -> Any:
            if len(args) == 2 and not kwargs and not looking:
                found = short(*args)
                if found is not None:
                    return found
            return general(*args, **kwargs)

        if hasattr(general, "__face__"):
            general.__face__ = public
        return public

    return marked
