"""The body of an elementwise op as a function of arrays, and Python numbers as the arrays it takes.

What the short paths of calls (``rushlight.fast``) and of writes (``rushlight.direct``) are built from.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from functools import partial
from math import copysign
from typing import Any

import numpy as np

from . import types
from .kernels.layouts import as_operands_lie
from .kernels.memory import empty
from .op import Op
from .readers import arrays
from .recorder import single_call
from .tensor import Tensor

ndarray = np.ndarray
asarray: Callable[..., np.ndarray[Any, Any]] = np.asarray
F32, F64, I64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)

#: Python numbers as 0-d arrays, which NumPy takes twice as fast. Programs use the same few constants again and again.
numbers32: dict[Any, np.ndarray[Any, Any]] = {}
numbers64: dict[Any, np.ndarray[Any, Any]] = {}
integers: dict[Any, np.ndarray[Any, Any]] = {}


#: Integers that every floating dtype holds exactly.
EXACT = 16777216

#: NumPy's operators answer faster than its ufuncs.
WHOLE: frozenset[Any] = frozenset({np.add, np.subtract, np.multiply})  # integers of integers
OPERATORS: dict[Any, Callable[..., Any]] = {
    np.add: python.add,
    np.subtract: python.sub,
    np.multiply: python.mul,
    np.divide: python.truediv,
}


def zero_d(number: Any, known: dict[Any, np.ndarray[Any, Any]], np_dtype: Any) -> np.ndarray[Any, Any]:
    """A number as a 0-d array, remembered in ``known``."""
    if not number:  # 0.0 and -0.0 are one key, and a different 1 / x
        return _negative_zero[np_dtype] if copysign(1.0, number) < 0 else _zero[np_dtype]
    array = _held(number, np_dtype)
    if len(known) > 500:
        known.clear()
    known[number] = array
    return array


def _held(number: Any, np_dtype: Any) -> np.ndarray[Any, Any]:
    array = np.array(number, np_dtype)
    array.flags.writeable = False
    return array


_zero = {dt: _held(0, dt) for dt in (F32, F64, I64)}
_negative_zero = {dt: _held(-0.0, dt) for dt in (F32, F64)}


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


def kernel_of(op: Op) -> Callable[..., Any]:
    """The body as a function of arrays: the NumPy ufunc, or the kernel, itself if the body is one call of it."""
    name = single_call(op)
    function = getattr(type(arrays), name, None) if name else None
    if function is not None:
        return function
    body = partial(op.forward, arrays)
    return body if len(op.inputs) > 1 or op.row_major is True else in_place_of(body)


def in_place_of(body: Callable[..., Any]) -> Callable[..., Any]:
    """A body of one array that may go through the elements in any order; its result lies as PyTorch's."""

    def laid(a: np.ndarray[Any, Any]) -> Any:
        r = body(a)
        return r if r is a or a.flags.c_contiguous else as_operands_lie(asarray(r), (a,))

    return laid


def with_loops(f32: Any, f64: Any, kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A function of arrays: their dtype's loop, or ``kernel`` for what the loop refuses."""

    def computed(a: Any, *more: Any) -> Any:
        dt = a.dtype
        loop = f32 if dt is F32 else f64
        if loop is None:
            return kernel(a, *more)
        r = loop(a, *more)
        if r is False:
            if not a.flags.c_contiguous:
                return kernel(a, *more)
            r = empty(a.shape, dt)  # perhaps it is too large to be made there
            if not loop(r, a, *more):
                return kernel(a, *more)
        return r

    return computed


def is_operand(x: Any) -> bool:
    """What an arithmetic operator accepts: tensors and look-alikes, Python and NumPy numbers."""
    return isinstance(x, (Tensor, bool, int, float, complex, np.number, np.bool_)) or hasattr(
        type(x), "__torch_function__"
    )
