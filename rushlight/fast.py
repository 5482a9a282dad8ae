"""The short call path: one or two plain tensors of one floating dtype, nothing else.

This is the general path of ``rushlight.op`` with every question that has only one answer left out; whatever does
not fit goes there. Keep it short: each line is paid by every small operation of every program.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .autograd.graph import next_seq
from .autograd.mode import recording
from .fpstate import QUIET, enter, leave
from .op import NO_VERSION, Op, arrays, call
from .recorder import single_call
from .tensor import Parameter, Tensor, edge_of

ndarray = np.ndarray
asarray = np.asarray
_new = object.__new__
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


def kernel_of(op: Op) -> Callable[..., Any]:
    """The body as a function of arrays: the NumPy ufunc itself if the body is one call of it."""
    name = single_call(op)
    ufunc = getattr(type(arrays), name, None) if name else None
    return ufunc if ufunc is not None else partial(op.forward, arrays)


def needs(op: Op, *which: int) -> tuple[bool, ...]:
    """Which of (inputs, output) the rules of these inputs have saved."""
    rules = [op.rules[i] for i in which if op.rules[i] is not None]
    return tuple(any(slot in r.slots for r in rules) for slot in range(len(op.inputs) + 1))


def can_be_fast(op: Op) -> bool:
    """Elementwise ops whose rules use only inputs and the output, with no attributes that change the computation."""
    if (
        op.family != "elementwise"
        or len(op.outputs) > 1
        or op.extras
        or op.joint
        or op.promote not in ("common", "float")
    ):
        return False
    limit = len(op.inputs) + 1
    rules = [r for r in op.rules if r is not None]
    return (
        len(op.inputs) <= 2
        and op.grad_name.__class__ is str
        and all(not r.attrs and all(s < limit for s in r.slots) for r in rules)
    )


def unary(op: Op) -> Callable[..., Any]:
    """``op(input)`` on the short path."""
    kernel, node_class, defaults = kernel_of(op), op.node_class(), dict(op.defaults)
    save_in, save_out = needs(op, 0)
    nothing = () if save_in or save_out else (None,) * len(op.slot_of)
    differentiable = op.answers.get(op.inputs[0]) == "rule"

    def fast(*args: Any, **kwargs: Any) -> Any:
        if len(args) != 1 or kwargs:
            return call(op, args, kwargs)
        x = args[0]
        cls = x.__class__
        if cls is not Tensor and cls is not Parameter:
            return call(op, args, kwargs)
        a = x._a
        dt = a.dtype
        if dt is not F32 and dt is not F64:
            return call(op, args, kwargs)
        token = enter(QUIET)
        try:
            r = kernel(a)
        finally:
            leave(token)
        if r.__class__ is not ndarray:
            r = asarray(r)
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        edge = x._edge if x._base is None else edge_of(x)
        if (edge is not None and differentiable) or x._extra is not None:
            mode = recording()
            if mode != 1 or x._extra is not None:
                return call(op, args, kwargs)
            node = _new(node_class)
            node.seq = next_seq()
            node.edges = (edge,)
            node.meta = (r.shape, dt)
            node.hooks = node.stack = None
            node.attrs = defaults
            if save_in:
                node.saved = (a, r if save_out else None)
                node.versions = (x._vc, x._vc[0], t._vc if save_out else NO_VERSION, 0)
            elif save_out:
                node.saved = (None, r)
                node.versions = (t._vc, 0)
            else:
                node.saved = nothing
                node.versions = ()
            t._edge = (node, 0)
        return t

    return fast


def binary(op: Op, *, operator: bool = False, swapped: bool = False) -> Callable[..., Any]:
    """``op(input, other)`` on the short path.

    As an ``operator`` it answers NotImplemented for operands it cannot take; ``swapped`` is its reflected form.
    """
    kernel, node_class, defaults = kernel_of(op), op.node_class(), dict(op.defaults)
    nothing = (None,) * len(op.slot_of)
    both, first, second = needs(op, 0, 1), needs(op, 0), needs(op, 1)
    second_ok = op.answers.get(op.inputs[1]) == "rule" and op.answers.get(op.inputs[0]) == "rule"

    def slow(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if swapped:
            args = args[::-1]
        if not operator:
            return call(op, args, kwargs)
        if not is_operand(args[0]) or not is_operand(args[1]):
            return NotImplemented
        return call(op, args, kwargs)

    def fast(*args: Any, **kwargs: Any) -> Any:
        if len(args) != 2 or kwargs:
            return slow(args, kwargs)
        x, y = args
        if swapped:
            x, y = y, x
        # Numbers are weak in NumPy as in PyTorch: the array's dtype holds.
        cls = x.__class__
        if cls is Tensor or cls is Parameter:
            a = x._a
            dt = a.dtype
            cls = y.__class__
            if cls is Tensor or cls is Parameter:
                b = y._a
                if b.dtype is not dt or x._extra is not None or y._extra is not None:
                    return slow(args, kwargs)
                e0 = x._edge if x._base is None else edge_of(x)
                e1 = y._edge if y._base is None else edge_of(y)
            elif cls is float or (cls is int and -16777216 <= y <= 16777216):
                if x._extra is not None:
                    return slow(args, kwargs)
                b = y
                e0 = x._edge if x._base is None else edge_of(x)
                e1 = None
            else:
                return slow(args, kwargs)
        elif cls is float or (cls is int and -16777216 <= x <= 16777216):
            cls = y.__class__
            if (cls is not Tensor and cls is not Parameter) or y._extra is not None:
                return slow(args, kwargs)
            a = x
            b = y._a
            dt = b.dtype
            e0 = None
            e1 = y._edge if y._base is None else edge_of(y)
        else:
            return slow(args, kwargs)
        if dt is not F32 and dt is not F64:
            return slow(args, kwargs)
        token = enter(QUIET)
        try:
            r = kernel(a, b)
        except ValueError:  # shapes that do not broadcast: the general path explains
            return slow(args, kwargs)
        finally:
            leave(token)
        if r.__class__ is not ndarray:
            r = asarray(r)
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        if e0 is not None or e1 is not None:
            mode = recording()
            if mode != 1 or not second_ok:
                return slow(args, kwargs) if mode else t
            node = _new(node_class)
            node.seq = next_seq()
            node.edges = (e0, e1)
            node.meta = (r.shape, dt)
            node.hooks = node.stack = None
            node.attrs = defaults
            save_a, save_b, save_out = (both if e1 is not None else first) if e0 is not None else second
            if save_a or save_b or save_out:
                node.saved = (a if save_a else None, b if save_b else None, r if save_out else None)
                if save_a and x.__class__ is not float and x.__class__ is not int:
                    c0 = x._vc
                    v0 = c0[0]
                else:
                    c0 = NO_VERSION
                    v0 = 0
                if save_b and y.__class__ is not float and y.__class__ is not int:
                    c1 = y._vc
                    node.versions = (c0, v0, c1, c1[0], t._vc if save_out else NO_VERSION, 0)
                else:
                    node.versions = (c0, v0, t._vc if save_out else NO_VERSION, 0)
            else:
                node.saved = nothing
                node.versions = ()
            t._edge = (node, 0)
        return t

    return fast


def general_binary(op: Op, *, operator: bool = False, swapped: bool = False) -> Callable[..., Any]:
    """The operator form of an op that has no short path."""

    def operate(x: Any, y: Any) -> Any:
        if not is_operand(y):
            return NotImplemented
        return op.public(y, x) if swapped else op.public(x, y)

    return operate


def is_operand(x: Any) -> bool:
    """What an arithmetic operator accepts: tensors and look-alikes, Python and NumPy numbers."""
    return isinstance(x, (Tensor, bool, int, float, complex, np.number, np.bool_)) or hasattr(
        type(x), "__torch_function__"
    )


def short_path(op: Op) -> Callable[..., Any] | None:
    """The fast public function of an op, named and documented like the general one; None where there is none."""
    if not can_be_fast(op):
        return None
    function = unary(op) if len(op.inputs) == 1 else binary(op)
    general = op.public
    function.__name__, function.__qualname__ = general.__name__, general.__qualname__
    function.__doc__, function.__module__ = general.__doc__, general.__module__
    function.__op__ = op  # type: ignore[attr-defined]
    return function
