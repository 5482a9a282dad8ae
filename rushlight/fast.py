"""The short call path of elementwise ops: one or two plain tensors of one floating dtype (or one and a Python number).

This is the general path of ``rushlight.op`` with every question that has only one answer left out; whatever does
not fit goes there. Keep it short: each line is paid by every small operation of every program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import errors, types
from .autograd.graph import HOT, DeadEnd, next_seq
from .autograd.mode import recording
from .bodies import (
    EXACT,
    F32,
    F64,
    I64,
    OPERATORS,
    can_be_fast,
    integers,
    is_operand,
    kernel_of,
    numbers32,
    numbers64,
    with_loops,
    zero_d,
)
from .deferred import deferred
from .direct import direct
from .fpstate import quietly
from .kernels import llvm
from .kernels.elementwise import LARGE, MEDIUM
from .kernels.layouts import as_operands_lie
from .kernels.lazy import WAITING, Lazy
from .large import OFTEN, body, native, spread
from .meeting import Meeting
from .node import FIRST, NUMBER_VERSION, OUT, SECOND, kept
from .op import Op, call
from .plain import entries, has_plain_form, has_plans, is_rare, several, shortened, single, takes_one
from .routes import routed
from .tensor import Deferred, Parameter, Tensor, edge_of, held_by, inferring, marked, of_inference, wrap

ndarray = np.ndarray
asarray: Callable[..., np.ndarray[Any, Any]] = np.asarray
_new = object.__new__


def node_classes(op: Op) -> tuple[Any, Any]:
    """The node classes for (tensor, tensor) and (tensor, number)."""
    name: Any = op.grad_name
    x = wrap(np.zeros(()))
    names = [name] * 2 if name.__class__ is str else [name(pair, {}) for pair in ((x, x), (x, 1.0))]
    return tuple(op.node_class(n) for n in names)  # type: ignore[return-value]


def unary(op: Op) -> Callable[..., Any]:
    """``op(input)`` on the short path."""
    kernel: Any = None
    without: Any = None  # the kernel as it is before there is a loop for small arrays
    node_class: Any = None
    defaults = dict(op.defaults)
    keep = limit = 0
    differentiable = False
    nothing = (None,) * len(op.slot_of)
    left = OFTEN
    meeting = Meeting(op)

    def by_size(a: Any) -> Any:
        if left == 0 and kernel is not without:
            return kernel(a)
        found = body(op, (a,), defaults)
        return without(a) if found is None else found

    def compile_for_small() -> None:
        """What is called often is worth a loop at any size: it costs less than NumPy's call."""
        nonlocal kernel, without, limit, left
        if not llvm.patience.over(0, OFTEN):
            left = OFTEN if llvm.patience.ready is None else 0
        else:
            loop = native(op, F32, defaults)
            if loop is not None:
                kernel = with_loops(loop, native(op, F64, defaults), without)
                limit = WAITING

    def start() -> None:
        """What only an op that is used needs to know: import has no time for it."""
        nonlocal kernel, without, node_class, keep, limit, differentiable
        name: Any = op.grad_name
        node_class = op.node_class(name if name.__class__ is str else name((None,), defaults))
        keep = kept(op, 0)
        differentiable = op.answers.get(op.inputs[0]) == "rule"
        kernel = without = kernel_of(op)
        limit = LARGE if isinstance(kernel, np.ufunc) else MEDIUM

    def fast(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if kernel is None:
            start()
        if left:
            left -= 1
            if not left:
                compile_for_small()
        if len(args) != 1 or kwargs:
            return call(op, args, kwargs)
        x = args[0]
        cls = x.__class__
        if cls is Tensor or cls is Parameter:
            a = x._a
        elif cls is Deferred:
            a = held_by(x)
        else:
            return call(op, args, kwargs)
        dt = a.dtype
        if dt is not F32 and dt is not F64:
            t = meeting(x)
            return call(op, args, kwargs) if t is None else t
        if a.size >= WAITING:
            t = deferred(op, (x,), (a,))
            if t is not None:
                return t
            a = x._a
        try:
            r = quietly(kernel, a) if a.size < limit else quietly(by_size, a)
        except RuntimeError:  # another thread is inside
            return call(op, args, kwargs)
        if r.__class__ is not ndarray:
            r = asarray(r)
        if x._base is None:
            edge = x._edge
        else:
            edge = edge_of(x) if differentiable else None  # a view may have lost its history
            if r.ndim > 2 and op.row_major is not True:  # where a view may repeat what lies out of order
                r = as_operands_lie(r, (a,))
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        if edge is not None and differentiable:
            mode = recording()
            if mode != 1 or of_inference(x):
                return call(op, args, kwargs) if mode else t if not inferring else marked(t)
            node = node_class()
            node.seq = next_seq()
            node.edges = (edge,)
            to = edge[0]
            node.meta = to.meta if to.n_outputs == 1 else (r.shape, dt)  # of one shape with its input
            node.hooks = node.stack = None
            node.attrs = defaults
            if keep == OUT:
                node.saved = (None, r)
                node.versions = (t._vc, 0)
            elif keep:
                cell = x._vc
                node.saved = (a, r if keep & OUT else None)
                node.versions = (cell, cell[0], t._vc, 0) if keep & OUT else (cell, cell[0])
            else:
                node.saved = nothing
                node.versions = ()
            t._edge = (node, 0)
        elif inferring:
            return marked(t)
        return t

    return fast


def binary(op: Op, slow: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """``op(x, y)`` on the short path, for a tensor and a tensor or a number; ``slow(x, y)`` takes what does not fit."""
    kernel: Any = None
    of_tensors: Any = None
    with_number: Any = None
    pairs: Any = None  # the loops for two arrays
    both = first = second = alone = limit = 0
    defaults = dict(op.defaults)
    nothing = (None,) * len(op.slot_of)
    differentiable = takes_integers = False
    plain_numbers = callable(op.promote)  # the body wants to see that it is a number
    meeting = Meeting(op)

    def by_size(a: Any, b: Any) -> Any:
        nonlocal pairs
        if pairs is None and llvm.patience.ready:
            pairs = with_loops(native(op, F32, defaults), native(op, F64, defaults), in_general)
        if b.__class__ is ndarray and b.ndim and pairs is not None:
            if b.shape == a.shape:  # the loops ask for the number of elements only
                return pairs(a, b)
            r = spread(op, a, b, defaults)
            if r is not None:
                return r
        return in_general(a, b)

    def in_general(a: Any, b: Any) -> Any:
        found = body(op, (a, b), defaults)
        return kernel(a, b) if found is None else found

    def met(x: Any, y: Any) -> Any:
        """Operands of several dtypes, or of a rarer one."""
        t = meeting(x, y)
        return slow(x, y) if t is None else t

    def of_integers(x: Any, y: Any) -> Any:
        """Tensors of int64, or one and an int: counters, class numbers. Nothing is ever recorded."""
        if not takes_integers or is_rare(recording()):
            return met(x, y)
        a, cls = x._a, y.__class__
        if cls is int and -EXACT <= y <= EXACT:
            b = integers.get(y)
            if b is None:
                b = zero_d(y, integers, I64)
        elif cls is Tensor and y._a.dtype is I64 and y._a.shape == a.shape:
            b = y._a
        else:
            return met(x, y)
        r = kernel(a, b)
        if r.__class__ is not ndarray:
            r = asarray(r)
        elif r.ndim > 1 and not a.flags.c_contiguous:
            r = as_operands_lie(r, (a,) if cls is int else (b, a) if op.row_major == "turned" else (a, b))
        return wrap(r)

    def start() -> None:
        nonlocal kernel, of_tensors, with_number, both, first, second, alone, limit, differentiable, takes_integers
        of_tensors, with_number = node_classes(op)
        both, first, second = kept(op, 0, 1), kept(op, 0), kept(op, 1)
        alone = kept(op, 0, beside_number=True)
        differentiable = all(op.answers.get(name) == "rule" for name in op.inputs)
        kernel = kernel_of(op)
        limit = LARGE if isinstance(kernel, np.ufunc) else MEDIUM
        refused = () if op.refuses is None else op.refuses
        takes_integers = isinstance(kernel, np.ufunc) and op.promote == "common" and types.INTEGER not in refused
        kernel = OPERATORS.get(kernel, kernel)

    def fast(x: Any, y: Any) -> Any:
        if kernel is None:
            start()
        cls = x.__class__
        if cls is Tensor or cls is Parameter:
            a = x._a
        elif cls is Deferred:
            a = held_by(x)
        else:
            return slow(x, y)
        dt = a.dtype
        if dt is not F32 and dt is not F64:
            return of_integers(x, y) if dt is I64 else met(x, y)
        e0: Any = x._edge
        if x._base is not None and differentiable:
            e0 = edge_of(x)
            if e0 is not None and e0[0].__class__ is DeadEnd:
                return slow(x, y)
        cls = y.__class__
        if cls is Tensor or cls is Parameter or cls is Deferred:
            b = y._a if cls is not Deferred else held_by(y)
            if b.dtype is not dt:
                return met(x, y)
            e1 = y._edge
            if y._base is not None and differentiable:
                e1 = edge_of(y)
                if e1 is not None and e1[0].__class__ is DeadEnd:
                    return slow(x, y)
            number = False
            large = a.size >= limit or b.size >= limit
        elif cls is float or (cls is int and -EXACT <= y <= EXACT):
            if plain_numbers:
                b = y
            else:
                known = numbers32 if dt is F32 else numbers64
                b = known.get(y)
                if b is None:
                    b = zero_d(y, known, dt)
            e1 = None
            number = True
            large = a.size >= limit
        else:
            return slow(x, y)
        if large and a.size >= WAITING:
            t = deferred(op, (x, y), (a, b))
            if t is not None:
                return t
            a = x._a
            if not number:
                b = y._a
        elif b.__class__ is Lazy:
            b = y._a
        try:
            r = quietly(by_size if large else kernel, a, b)
        except (ValueError, RuntimeError):  # shapes that do not broadcast, or another thread is inside
            return slow(x, y)
        if r.__class__ is not ndarray:
            r = asarray(r)
        elif r.ndim > (2 if number else 1) and not (a.flags.c_contiguous and (number or a.size == r.size)):
            r = as_operands_lie(r, (a,) if number else (b, a) if op.row_major == "turned" else (a, b))
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        if e1 is not None:
            keep = second if e0 is None else both
        elif e0 is None:
            if entries.wanted:
                entries.count()
            return t if not inferring else marked(t)
        else:
            keep = alone if number else first
        mode = recording()
        if mode != 1 or not differentiable:
            return slow(x, y) if mode and (mode != 1 or not op.all_nondiff) else t if not inferring else marked(t)
        if number:
            node = with_number()
            to = e0[0]
            node.meta = to.meta if to.n_outputs == 1 else (r.shape, dt)  # of one shape with its input
        else:
            node = of_tensors()
            node.meta = (r.shape, dt)
        node.seq = seq = next_seq()
        if seq > HOT and entries.wanted:
            entries.install()
        node.edges = (e0, e1)
        node.hooks = node.stack = None
        node.attrs = defaults
        if not keep:
            node.saved = nothing
            node.versions = ()
        elif keep == SECOND and number:
            node.saved = (None, b, None)
            node.versions = NUMBER_VERSION
        else:
            if of_inference(x) or (not number and of_inference(y)):
                return slow(x, y)
            node.saved = (a if keep & FIRST else None, b if keep & SECOND else None, r if keep & OUT else None)
            versions: tuple[Any, ...] = ()
            if keep & FIRST:
                cell = x._vc
                versions = (cell, cell[0])
            if keep & SECOND and not number:
                cell = y._vc
                versions = (*versions, cell, cell[0]) if versions else (cell, cell[0])
            node.versions = (*versions, t._vc, 0) if keep & OUT else versions
        t._edge = (node, 0)
        return t

    return fast


# --- the forms of a binary op ---------------------------------------------------------------------------------------
def function(op: Op) -> Callable[..., Any]:
    """The public function of a binary op."""
    fast = binary(op, lambda x, y: call(op, (x, y), {}))
    written = direct(op)

    def public(*args: Any, **kwargs: Any) -> Any:
        if len(args) != 2 or kwargs:
            if len(args) == 2 and len(kwargs) == 1 and written(kwargs.get("out"), *args):
                return kwargs["out"]
            return call(op, args, kwargs)
        return fast(*args)

    def of_tensors(*args: Any, **kwargs: Any) -> Any:
        if len(args) != 2 or kwargs or not isinstance(args[1], Tensor):
            return call(op, args, kwargs)
        return fast(*args)

    return public if op.numbers else of_tensors


def operator(op: Op, name: str, *, swapped: bool = False) -> Callable[[Any, Any], Any]:
    """An operator of Tensor: NotImplemented for operands that it cannot take; ``swapped`` is its reflected form."""

    def slow(x: Any, y: Any) -> Any:
        if not isinstance(x, Tensor):
            raise errors.not_of_class(name, x)
        if not is_operand(y):
            return NotImplemented
        return op.public(y, x) if swapped else op.public(x, y)

    short = not swapped and can_be_fast(op) and len(op.inputs) == 2
    public = binary(op, slow) if short else slow
    public.__name__ = public.__qualname__ = name
    return public


def short_path(op: Op) -> Callable[..., Any] | None:
    """The fast public function of an op, named and documented like the general one; None where there is none."""
    if can_be_fast(op):
        public = unary(op) if len(op.inputs) == 1 else function(op)
    elif has_plain_form(op):
        public = single(op) if takes_one(op) else several(op)
        if not (takes_one(op) and has_plans(op)) and "generator" not in op.attrs:
            public = routed(public)
    elif "generator" in op.attrs:
        return None  # which draws random numbers
    else:
        public = routed(op.public)
    if op.short is not None and op.writer is None:  # that of an op which writes is its method's
        public = shortened(op.short)(public)
    general = op.public
    public.__name__, public.__qualname__ = general.__name__, general.__qualname__
    public.__doc__, public.__module__ = general.__doc__, general.__module__
    public.__wrapped__ = general.__wrapped__  # type: ignore[attr-defined]
    public.__op__ = op  # type: ignore[attr-defined]
    return public
