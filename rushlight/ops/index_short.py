"""The short way of what scripts index most, read or written: ``x[i]`` and ``x[i, j]`` with one int64 tensor for each of the first
dimensions, and ``x[mask]``; written also ``x[0]``, ``x[:, 1:3]``. None or False stands for all else, and for what fails: ``indexing``
has the whole of it, and the words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import levels, plain
from ..autograd.mode import recording
from ..kernels.lazy import looking, pending, settle
from ..kernels.places import LARGE
from ..node import record
from ..promotion import element
from ..readers import REGISTRY
from ..tensor import Parameter, Tensor, edge_of, requires_grad, wrap
from ..writing import bump, check_writable
from .index_parts import EVERYTHING, basic

ndarray = np.ndarray
I64, BOOL = np.dtype(np.int64), np.dtype(np.bool_)


def index_arrays(x: Any, index: Any) -> tuple[Any, ...] | None:
    """The arrays of an index, for a plain tensor with elements in row-major memory; None where the general way is to look."""
    given = (index,) if index.__class__ is Tensor else index
    if given.__class__ is not tuple or not given or levels.running or looking or plain.is_rare(recording()):
        return None
    if x.__class__ is not Tensor and x.__class__ is not Parameter:
        return None
    a = x._a
    if len(given) > a.ndim or not a.flags.c_contiguous or a.dtype.kind not in "fiub":
        return None
    found = []
    for i in given:
        if i.__class__ is not Tensor:
            return None
        b = i._a
        if not b.ndim or not b.flags.c_contiguous:
            return None
        if b.dtype is BOOL and len(given) == 1 and b.shape == a.shape[: b.ndim]:
            return (b,) if 0 < a.size < LARGE else None
        if b.dtype is not I64:
            return None
        found.append(b)
    work = found[0].size * math.prod(a.shape[len(found) :])
    return tuple(found) if 0 < work < LARGE and a.size else None


def gathered(x: Any, index: Any) -> Tensor | None:
    """``x[index]``, recorded as ``index_get`` records it."""
    where = index_arrays(x, index)
    if where is None:
        return None
    a, edge = x._a, x._edge if x._base is None else edge_of(x)
    try:
        r = a.take(where[0], 0) if len(where) == 1 and where[0].dtype is I64 else a[where]
    except IndexError:
        return None
    if r.__class__ is not ndarray or not r.flags.c_contiguous:
        return None
    t = wrap(r)
    if edge is not None and recording():
        record(REGISTRY["index_get"], (t,), (r,), (x,), (a,), {"where": where}, (edge,))
        if t._edge is not None:
            guard(t._edge[0], (index,) if index.__class__ is Tensor else index)
    return t


def guard(node: Any, sources: tuple[Tensor, ...]) -> None:
    """Let backward notice when an index tensor was written to since."""
    for t in sources:
        node.versions = (*node.versions, t._vc, t._vc[0])


#: What float32 and int64 hold for certain.
_HELD, _WHOLE = 3e38, 2**53


def placed(x: Any, index: Any, value: Any) -> bool:
    """Whether ``x[index] = value`` was done: ints, slices, None and an Ellipsis; a number, or a tensor of the dtype and shape that
    ``x[index]`` has; in memory of the tensor's own, where nothing is recorded."""
    if (x.__class__ is not Tensor and x.__class__ is not Parameter) or not plain.has_own_memory(x):
        return False
    if levels.running or looking or plain.is_rare(recording()):
        return False
    a, cls = x._a, value.__class__
    if index.__class__ is int:
        where = index
    elif index.__class__ is slice:
        where = ... if index == EVERYTHING and a.ndim else basic((index,))
    else:
        where = basic(index)
    if where is None:
        return False
    if pending:
        settle()
    try:
        if cls is Tensor:
            b = value._a
            if b.dtype is not a.dtype or value._vc is x._vc or (recording() and requires_grad(value)):
                return False
            if a[where].shape != b.shape:
                return False
        elif (cls is float or cls is int) and a.dtype.char in "fd" and -_HELD < value < _HELD:
            b = value
        elif cls is int and a.dtype is I64 and -_WHOLE < value < _WHOLE:
            b = value
        else:
            return False
        a[where] = b
    except (IndexError, ValueError):
        return False
    x._vc[0] += 1
    return True


def scattered(x: Any, index: Any, value: Any) -> bool:
    """Whether ``x[index] = value`` was done: of a number, or a tensor of the dtype and shape that ``x[index]`` has, where nothing is
    recorded."""
    where = index_arrays(x, index)
    if where is None or (recording() and requires_grad(x)):
        return False
    a = x._a
    if value.__class__ is Tensor:
        b, shape = value._a, where[0].shape
        if where[0].dtype is BOOL or any([i.shape != shape for i in where]):
            return False
        if b.dtype is not a.dtype or b.shape != (*shape, *a.shape[len(where) :]) or np.may_share_memory(a, b):
            return False
        if recording() and requires_grad(value):
            return False
    elif value.__class__ is float and a.dtype.kind == "f":
        b = element(value, x.dtype)
    else:
        return False
    check_writable(x, value, overlap=False)
    if pending:
        settle()
    try:
        a[where] = b  # NumPy looks at all indices before it writes
    except (IndexError, ValueError):
        return False
    bump(x)
    return True
