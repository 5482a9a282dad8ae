"""The short call path: one or two plain tensors of one floating dtype (or one and a Python number), nothing else.

This is the general path of ``rushlight.op`` with every question that has only one answer left out; whatever does
not fit goes there. Keep it short: each line is paid by every small operation of every program.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import types
from .autograd.graph import next_seq
from .autograd.mode import recording
from .fpstate import quietly
from .inplace import inplace
from .node import NUMBER_VERSION
from .op import Op, call
from .readers import arrays
from .recorder import single_call
from .tensor import Parameter, Tensor, edge_of, wrap

ndarray = np.ndarray
asarray = np.asarray
_new = object.__new__
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)

#: Python numbers as 0-d arrays, which NumPy takes twice as fast. Programs use the same few constants again and again.
_numbers32: dict[Any, np.ndarray[Any, Any]] = {}
_numbers64: dict[Any, np.ndarray[Any, Any]] = {}

#: Integers that every floating dtype holds exactly.
EXACT = 16777216

#: NumPy's operators answer faster than its ufuncs.
_OPERATORS = {np.add: python.add, np.subtract: python.sub, np.multiply: python.mul, np.divide: python.truediv}


def zero_d(number: Any, known: dict[Any, np.ndarray[Any, Any]], np_dtype: Any) -> np.ndarray[Any, Any]:
    """A number as a 0-d array, remembered in ``known``."""
    array = np.array(number, np_dtype)
    array.flags.writeable = False
    if number:  # 0.0 and -0.0 are one key, and a different 1 / x
        if len(known) > 500:
            known.clear()
        known[number] = array
    return array


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
    if op.family != "elementwise" or len(op.outputs) > 1 or op.extras or op.joint or not 1 <= len(op.inputs) <= 2:
        return False
    if op.refuses is not None and types.FLOATING in op.refuses:
        return False
    limit = len(op.inputs) + 1
    rules = [r for r in op.rules if r is not None]
    return keeps_dtype(op) and all(not r.attrs and all(s < limit for s in r.slots) for r in rules)


def keeps_dtype(op: Op) -> bool:
    """Whether floating inputs of one dtype reach the body as they are."""
    if op.promote in ("common", "float"):
        return True
    return callable(op.promote) and op.keeps_floats


def node_classes(op: Op) -> tuple[Any, Any, Any]:
    """The node classes for (tensor, tensor), (tensor, number), (number, tensor)."""
    name: Any = op.grad_name
    x = wrap(np.zeros(()))
    names = [name] * 3 if name.__class__ is str else [name(pair, {}) for pair in ((x, x), (x, 1.0), (1.0, x))]
    return tuple(op.node_class(n) for n in names)  # type: ignore[return-value]


def unary(op: Op) -> Callable[..., Any]:
    """``op(input)`` on the short path."""
    kernel: Any = None
    node_class: Any = None
    defaults = dict(op.defaults)
    save_in = save_out = differentiable = False
    nothing = (None,) * len(op.slot_of)

    def start() -> None:
        """What only an op that is used needs to know: import has no time for it."""
        nonlocal kernel, node_class, save_in, save_out, differentiable
        name: Any = op.grad_name
        node_class = op.node_class(name if name.__class__ is str else name((None,), defaults))
        save_in, save_out = needs(op, 0)
        differentiable = op.answers.get(op.inputs[0]) == "rule"
        kernel = kernel_of(op)

    def fast(*args: Any, **kwargs: Any) -> Any:
        if kernel is None:
            start()
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
        try:
            r = quietly(kernel, a)
        except RuntimeError:  # another thread is inside
            return call(op, args, kwargs)
        if r.__class__ is not ndarray:
            r = asarray(r)
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        edge = x._edge if x._base is None else edge_of(x)
        if edge is not None and differentiable:
            mode = recording()
            if mode != 1 or x._extra is not None:
                return call(op, args, kwargs) if mode else t
            node = node_class()
            node.seq = next_seq()
            node.edges = (edge,)
            node.meta = (r.shape, dt)
            node.hooks = node.stack = None
            node.attrs = defaults
            if save_in:
                node.saved = (a, r if save_out else None)
                cell = x._vc
                node.versions = (cell, cell[0], t._vc, 0) if save_out else (cell, cell[0])
            elif save_out:
                node.saved = (None, r)
                node.versions = (t._vc, 0)
            else:
                node.saved = nothing
                node.versions = ()
            t._edge = (node, 0)
        return t

    return fast


def binary(op: Op, slow: Callable[[Any, Any], Any], *, swapped: bool = False) -> Callable[[Any, Any], Any]:
    """``op(x, y)`` on the short path, ``op(y, x)`` if ``swapped``; ``slow(x, y)`` takes what does not fit."""
    kernel: Any = None
    of_tensors: Any = None
    with_number: Any = None
    of_number: Any = None
    both: Any = None
    first: Any = None
    second: Any = None
    defaults = dict(op.defaults)
    nothing = (None,) * len(op.slot_of)
    differentiable = False
    plain_numbers = callable(op.promote)  # the body wants to see that it is a number

    def start() -> None:
        nonlocal kernel, of_tensors, with_number, of_number, both, first, second, differentiable
        of_tensors, with_number, of_number = node_classes(op)
        both, first, second = needs(op, 0, 1), needs(op, 0), needs(op, 1)
        differentiable = all(op.answers.get(name) == "rule" for name in op.inputs)
        kernel = kernel_of(op)
        kernel = _OPERATORS.get(kernel, kernel)

    def fast(x: Any, y: Any) -> Any:
        if kernel is None:
            start()
        u, v = (y, x) if swapped else (x, y)
        cls = u.__class__
        if cls is Tensor or cls is Parameter:
            a = u._a
            dt = a.dtype
            if dt is not F32 and dt is not F64:
                return slow(x, y)
            e0 = u._edge if u._base is None else edge_of(u)
            cls = v.__class__
            if cls is Tensor or cls is Parameter:
                b = v._a
                if b.dtype is not dt:
                    return slow(x, y)
                e1 = v._edge if v._base is None else edge_of(v)
                node_class, numbers = of_tensors, 0
            elif cls is float or (cls is int and -EXACT <= v <= EXACT):
                if plain_numbers:
                    b = v
                else:
                    known = _numbers32 if dt is F32 else _numbers64
                    b = known.get(v)
                    if b is None:
                        b = zero_d(v, known, dt)
                e1 = None
                node_class, numbers = with_number, 2
            else:
                return slow(x, y)
        elif cls is float or (cls is int and -EXACT <= u <= EXACT):
            cls = v.__class__
            if cls is not Tensor and cls is not Parameter:
                return slow(x, y)
            b = v._a
            dt = b.dtype
            if (dt is not F32 and dt is not F64) or plain_numbers:
                return slow(x, y)
            known = _numbers32 if dt is F32 else _numbers64
            a = known.get(u)
            if a is None:
                a = zero_d(u, known, dt)
            e0 = None
            e1 = v._edge if v._base is None else edge_of(v)
            node_class, numbers = of_number, 1
        else:
            return slow(x, y)
        try:
            r = quietly(kernel, a, b)
        except (ValueError, RuntimeError):  # shapes that do not broadcast, or another thread is inside
            return slow(x, y)
        if r.__class__ is not ndarray:
            r = asarray(r)
        t = _new(Tensor)
        t._a = r
        t._edge = t._grad = t._base = t._extra = None
        t._vc = [0]
        if e0 is None and e1 is None:
            return t
        mode = recording()
        if mode != 1 or not differentiable:
            return slow(x, y) if mode else t
        node = node_class()
        node.seq = next_seq()
        node.edges = (e0, e1)
        node.meta = (r.shape, dt)
        node.hooks = node.stack = None
        node.attrs = defaults
        save_a, save_b, save_out = (both if e1 is not None else first) if e0 is not None else second
        if save_a or save_b or save_out:
            node.saved = (a if save_a else None, b if save_b else None, r if save_out else None)
            versions: tuple[Any, ...] = ()
            if save_a and numbers != 1:  # the classes may be one, so they do not tell what is a number
                if u._extra is not None:  # an inference tensor may not be saved
                    return slow(x, y)
                cell = u._vc
                versions = (cell, cell[0])
            if save_b and numbers != 2:
                if v._extra is not None:
                    return slow(x, y)
                cell = v._vc
                versions = (*versions, cell, cell[0]) if versions else (cell, cell[0])
            if save_out:
                versions = (*versions, t._vc, 0)
            node.versions = versions or NUMBER_VERSION
        else:
            node.saved = nothing
            node.versions = ()
        t._edge = (node, 0)
        return t

    return fast


# --- the forms of a binary op ---------------------------------------------------------------------------------------
def function(op: Op) -> Callable[..., Any]:
    """The public function of a binary op."""
    fast = binary(op, lambda x, y: call(op, (x, y), {}))

    def public(*args: Any, **kwargs: Any) -> Any:
        if len(args) != 2 or kwargs:
            return call(op, args, kwargs)
        return fast(*args)

    return public


def operator(op: Op, *, swapped: bool = False) -> Callable[[Any, Any], Any]:
    """An operator of Tensor: NotImplemented for operands that it cannot take; ``swapped`` is its reflected form."""

    def general(x: Any, y: Any) -> Any:
        if not is_operand(y):
            return NotImplemented
        return op.public(y, x) if swapped else op.public(x, y)

    if not can_be_fast(op) or len(op.inputs) != 2:
        return general

    def slow(x: Any, y: Any) -> Any:
        if not is_operand(y):
            return NotImplemented
        return call(op, (y, x) if swapped else (x, y), {})

    return binary(op, slow, swapped=swapped)


def augmented(op: Op) -> Callable[[Any, Any], Any]:
    """The augmented assignment (``+=``) of an op: straight into the memory where nothing needs to be recorded."""
    ufunc: Any = False  # not looked for yet

    def assign(x: Any, y: Any) -> Any:
        nonlocal ufunc
        if ufunc is False:
            kernel = kernel_of(op) if can_be_fast(op) and op.promote == "common" else None
            ufunc = kernel if isinstance(kernel, np.ufunc) else None
        if ufunc is not None and x.__class__ is Tensor and x._base is None and x._extra is None:
            a = x._a
            dt = a.dtype
            cls = y.__class__
            b: Any = None
            if (dt is F32 or dt is F64) and x._edge is None and a.flags.c_contiguous:
                if cls is Tensor or cls is Parameter:
                    if y._a.dtype is dt and (y._edge is None or not recording()):
                        b = y._a
                elif cls is float or (cls is int and -EXACT <= y <= EXACT):
                    known = _numbers32 if dt is F32 else _numbers64
                    b = known.get(y)
                    if b is None:
                        b = zero_d(y, known, dt)
            if b is not None:
                try:
                    quietly(ufunc, a, b, a)
                except (ValueError, RuntimeError):  # shapes that do not fit: the general path explains
                    pass
                else:
                    x._vc[0] += 1
                    return x
        return inplace(op, (x, y), {}) if is_operand(y) else NotImplemented

    return assign


def is_operand(x: Any) -> bool:
    """What an arithmetic operator accepts: tensors and look-alikes, Python and NumPy numbers."""
    return isinstance(x, (Tensor, bool, int, float, complex, np.number, np.bool_)) or hasattr(
        type(x), "__torch_function__"
    )


def short_path(op: Op) -> Callable[..., Any] | None:
    """The fast public function of an op, named and documented like the general one; None where there is none."""
    if not can_be_fast(op):
        return None
    public = unary(op) if len(op.inputs) == 1 else function(op)
    general = op.public
    public.__name__, public.__qualname__ = general.__name__, general.__qualname__
    public.__doc__, public.__module__ = general.__doc__, general.__module__
    public.__op__ = op  # type: ignore[attr-defined]
    return public
