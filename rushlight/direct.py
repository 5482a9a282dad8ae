"""The short path of writes: ``x += y``, ``x.mul_(2)``, ``x.relu_()`` computed straight into the memory of ``x``.

That may be where nothing is recorded and the memory is that of ``x`` alone; all else goes the general way (``rushlight.inplace``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .asking import answer
from .autograd.mode import recording
from .bodies import (
    EXACT,
    F32,
    F64,
    I64,
    WHOLE,
    can_be_fast,
    integers,
    is_operand,
    kernel_of,
    numbers32,
    numbers64,
    zero_d,
)
from .fpstate import quietly
from .kernels.copies import assign
from .kernels.elementwise import LARGE, MEDIUM
from .kernels.lazy import pending, settle
from .known_writes import method, write
from .large import body, spread
from .meeting import Meeting
from .op import Op
from .plain import PLAIN_TENSORS, has_own_memory, is_rare, shortened
from .readers import arrays
from .tensor import Parameter, Tensor


def direct(op: Op) -> Callable[[Any, Any, Any], bool]:
    """``written(to, x, y)``: whether ``op(x, y)``, of which nothing needs to be recorded, was computed straight into ``to``."""
    ufunc: Any = False  # not looked for yet
    takes_numbers = bool(op.numbers)
    meeting = Meeting(op)

    def met(to: Any, y: Any) -> bool:
        """``to`` and an operand of another dtype."""
        t = meeting(to, y)
        if t is None or t._edge is not None or t._a.dtype is not to._a.dtype or t._a.shape != to._a.shape:
            return False
        try:
            assign(to._a, t._a)
        except ValueError:  # memory that is not to be written
            return False
        to._vc[0] += 1
        return True

    def written(to: Any, x: Any, y: Any) -> bool:
        nonlocal ufunc
        if ufunc is False:
            kernel = kernel_of(op) if can_be_fast(op) and op.promote.__class__ is str else None
            ufunc = kernel if isinstance(kernel, np.ufunc) else None
        if pending:
            settle()
        if ufunc is None or to.__class__ not in _OWNERS or not has_own_memory(to):
            return False
        c = to._a
        dt = c.dtype
        if x is to:
            a = c
        elif x.__class__ in PLAIN_TENSORS and has_own_memory(x) and x._a.dtype is dt and x._a.shape == c.shape:
            a = x._a
        else:
            return False
        cls = y.__class__
        b: Any = None
        if (dt is F32 or dt is F64) and c.flags.c_contiguous:
            if cls is Tensor or cls is Parameter:
                if y._a.dtype is dt and has_own_memory(y):
                    b = y._a
            elif takes_numbers and (cls is float or (cls is int and -EXACT <= y <= EXACT)):
                known = numbers32 if dt is F32 else numbers64
                b = known.get(y)
                if b is None:
                    b = zero_d(y, known, dt)
        elif dt is I64 and cls is int and -EXACT <= y <= EXACT and ufunc in WHOLE and not is_rare(recording()):
            b = integers.get(y)
            if b is None:
                b = zero_d(y, integers, I64)
        if b is None:
            return x is to and met(to, y)
        if c.size < LARGE or not written_by_loop(op, a, b, c):
            try:
                quietly(ufunc, a, b, c)
            except (ValueError, RuntimeError):  # shapes that do not fit: the general path explains
                return False
        to._vc[0] += 1
        return True

    return written


def direct_unary(op: Op) -> Callable[[Any, Any], bool]:
    """``written(to, x)``, the same for an op of one tensor."""
    kernel: Any = None

    def written(to: Any, x: Any) -> bool:
        nonlocal kernel
        if kernel is None:
            kernel = kernel_of(op)
        if pending:
            settle()
        if to.__class__ not in _OWNERS or not has_own_memory(to):
            return False
        c = to._a
        if (c.dtype is not F32 and c.dtype is not F64) or not c.flags.c_contiguous:
            return False
        if c.size < MEDIUM or body(op, (c,), op.defaults, out=c) is None:
            try:
                r = quietly(kernel, c)
            except RuntimeError:  # another thread is inside
                return False
            if r.dtype is not c.dtype:
                return False
            assign(c, r)
        to._vc[0] += 1
        return True

    return written


def direct_scaled(op: Op) -> Callable[[Any, Any, Any], bool]:
    """``written(to, y, alpha)``, the same for ``to.add_(y, alpha=0.5)`` and ``sub_``, the step of an optimizer written by hand."""
    known: dict[Any, Callable[..., Any]] = {}

    def written(to: Any, y: Any, alpha: Any) -> bool:
        if pending:
            settle()
        if to.__class__ not in _OWNERS or y.__class__ not in _OWNERS or not (has_own_memory(to) and has_own_memory(y)):
            return False
        c, b = to._a, y._a
        dt = c.dtype
        if (dt is not F32 and dt is not F64) or b.dtype is not dt or b.shape != c.shape or alpha.__class__ is not float:
            return False
        if c.size >= MEDIUM or not c.flags.c_contiguous:
            return False
        computed = known.get((alpha, dt))
        if computed is None:
            options = {"alpha": alpha}
            variant: Op = op.variant(options)  # type: ignore[misc]
            _, attrs = variant.bind((to, y), options)
            if len(known) > 500:
                known.clear()
            computed = known[alpha, dt] = functools.partial(variant.forward, arrays, **attrs)
        try:
            r = quietly(computed, c, b)
        except RuntimeError:  # another thread is inside
            return False
        assign(c, r)
        to._vc[0] += 1
        return True

    return written


_OWNERS = frozenset({Tensor, Parameter})


def written_by_loop(op: Op, a: Any, b: Any, out: Any) -> bool:
    """Whether a loop has computed an op of two arrays, the first of the shape of ``out``."""
    if body(op, (a, b), op.defaults, out=out) is not None:
        return True
    return bool(b.ndim and b.size < a.size and spread(op, a, b, op.defaults, out=out) is not None)


def augmented(op: Op) -> Callable[[Any, Any], Any]:
    """The augmented assignment (``+=``) of an op."""
    written = direct(op)

    def augmented(x: Any, y: Any) -> Any:
        if written(x, x, y):
            return x
        if not is_operand(y):
            return NotImplemented
        try:
            return write(op, (x, y), {})
        except Exception:
            return answer(getattr(Tensor, f"{op.name}_"), (x, y), {})

    return augmented


def in_place(op: Op, name: str) -> Callable[..., Tensor]:
    """The Tensor method ``name`` (``add_``) made from an op."""
    general = method(op, name)
    if op.short is not None:
        return shortened(op.short)(general)
    if not can_be_fast(op):
        return general
    count, written = len(op.inputs), direct(op) if len(op.inputs) == 2 else direct_unary(op)
    scaled = None if op.variant is None else direct_scaled(op)

    def in_place(*args: Any, **kwargs: Any) -> Tensor:
        if len(args) == count:
            if not kwargs:
                if written(args[0], *args):
                    return args[0]  # type: ignore[no-any-return]
            elif scaled is not None and len(kwargs) == 1 and scaled(args[0], args[1], kwargs.get("alpha")):
                return args[0]  # type: ignore[no-any-return]
        return general(*args, **kwargs)

    return functools.update_wrapper(in_place, general)
