"""Where results of several operands lie in memory: as PyTorch's iterator over them would put them.

NumPy's results are row-major as soon as one operand is. In PyTorch the first operand whose strides tell two dimensions apart decides
on them, so that ``x.t() + y`` lies as ``x.t()`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import copies, memory
from .strides import (
    Shape,
    channels_last_strides,
    contiguous_strides,
    element_strides,
    empty_like_strides,
    is_channels_last_contiguous,
    is_contiguous,
    is_non_overlapping_and_dense,
    memory_order,
    packed,
    view_strides,
)

Array = np.ndarray[Any, Any]
Layout = tuple[Shape, Shape]  # sizes and strides


def result_strides(shape: Sequence[int], operands: Sequence[Layout]) -> Shape:
    """Strides of an elementwise result of ``shape``, to which the operands broadcast.

    >>> result_strides((2, 3), [((2, 3), (1, 2)), ((2, 3), (3, 1))])
    (1, 2)
    >>> result_strides((2, 3), [((3,), (1,)), ((2, 3), (1, 2))])
    (1, 2)
    """
    first, strides = operands[0]
    if all(sizes == first for sizes, _ in operands):
        if all(is_contiguous(*x) for x in operands):
            return contiguous_strides(shape)
        if all(is_channels_last_contiguous(*x) for x in operands):
            return channels_last_strides(shape)
        if is_non_overlapping_and_dense(first, strides) and all(steps == strides for _, steps in operands):
            return strides
    return packed(shape, memory_order(shape, *[_broadcast_strides(shape, *x) for x in operands]))


def _broadcast_strides(shape: Sequence[int], sizes: Shape, strides: Shape) -> Shape:
    """Strides with which an operand is walked through: 0 in the dimensions in which it is repeated."""
    missing = len(shape) - len(sizes)
    return (0,) * missing + tuple(
        0 if n == 1 != m else step for n, m, step in zip(sizes, shape[missing:], strides, strict=True)
    )


def as_operands_lie(result: Array, operands: Sequence[Array]) -> Array:
    """An elementwise result, moved if PyTorch would have put it elsewhere."""
    if result.ndim < 2 or result.size < 2:
        return result
    if all([a.flags.c_contiguous for a in operands]):
        # Sizes of 1 have strides too, which count beside an operand that is repeated; a number has none.
        if 1 not in result.shape or all([a.shape == result.shape or not a.ndim for a in operands]):
            return result
    layout = (result.shape, result.strides, result.itemsize, *[(a.shape, a.strides, a.itemsize) for a in operands])
    if layout in _in_place:
        return result
    moved = _moved(result, result_strides(result.shape, [(a.shape, element_strides(a)) for a in operands]))
    if moved is result:
        if len(_in_place) > 4096:
            _in_place.clear()
        _in_place.add(layout)
    return moved


#: Layouts of a result and its operands where the result lies as PyTorch would have put it.
_in_place: set[Any] = set()


def _moved(result: Array, strides: Shape) -> Array:
    unit = result.itemsize
    if all([n == 1 or s == t * unit for n, s, t in zip(result.shape, result.strides, strides, strict=True)]):
        if 1 not in result.shape:
            return result
        steps = tuple(
            [s * unit for s in strides]
        )  # where the size is 1 it leads nowhere, and yet counts for results of this one
        return result if steps == result.strides else np.lib.stride_tricks.as_strided(result, result.shape, steps)
    out = _empty(result.shape, strides, result.dtype)
    out[...] = result
    return out


def as_variable_lies(g: Array, variable: Array) -> Array:
    """A gradient in the order of the variable that keeps it, row-major if that has gaps or repeats."""
    if g.flags.c_contiguous and variable.flags.c_contiguous:
        return g
    strides = element_strides(variable)
    dense = is_non_overlapping_and_dense(variable.shape, strides)
    return _moved(g, strides if dense else contiguous_strides(g.shape))


def _empty(shape: Shape, strides: Shape, np_dtype: Any) -> Array:
    """Memory with these strides, which leave no gaps."""
    order = sorted(range(len(shape)), key=strides.__getitem__, reverse=True)
    return np.empty([shape[d] for d in order], np_dtype).transpose(np.argsort(order))


def empty_like_array(a: Array, np_dtype: Any) -> Array:
    """Memory for a result shaped like ``a``: dense strides are kept, others become dense in the same order."""
    if 0 in a.strides:  # NumPy would make what is repeated the innermost dimension
        return _empty(a.shape, empty_like_strides(a.shape, element_strides(a)), np_dtype)
    if a.flags.c_contiguous:
        return memory.empty(a.shape, np_dtype)
    return np.empty_like(a, dtype=np_dtype, subok=False)


def copied(a: Any) -> Array:
    """A copy in the same order, also of what is repeated, or overlaps so that two strides are one."""
    out = copies.like(a)
    if 0 in out.strides or not isinstance(a, np.ndarray) or (0 not in a.strides and len(set(a.strides)) == a.ndim):
        return out
    return _moved(out, empty_like_strides(a.shape, element_strides(a)))


def as_gathered(result: Array, source: Array, where: Any) -> Array:
    """``source[where]``, moved to where PyTorch would have put it; of slices the index has only those of whole dimensions."""
    parts = list(where) if where.__class__ is tuple else [where]
    arrays = [p for p in parts if isinstance(p, np.ndarray)]
    if result.ndim < 2 or result.size < 2 or all([a.flags.c_contiguous for a in (source, *arrays)]):
        return _moved(result, contiguous_strides(result.shape))
    if any([p is Ellipsis for p in parts]):
        at = next(i for i, p in enumerate(parts) if p is Ellipsis)
        parts[at : at + 1] = [slice(None)] * (source.ndim - sum([_dims(p) for p in parts]))
    steps = element_strides(source)
    kept: list[int] = []
    taken: list[int] = []
    for p in parts:
        d = len(kept) + len(taken)
        (taken if isinstance(p, np.ndarray) else kept).extend(range(d, d + _dims(p)))
    kept += range(len(kept) + len(taken), source.ndim)
    apart = taken[-1] - taken[0] >= len(taken)
    before = 0 if apart else taken[0]
    after = len(kept) - before
    together = result.shape[before : result.ndim - after]  # what the index arrays broadcast to
    full = (1,) * before + together + (1,) * after
    operands = [(*[steps[k] for k in kept[:before]], *[0] * len(together), *[steps[k] for k in kept[before:]])]
    for p in arrays:
        columns: list[Layout]
        if p.dtype.kind == "b":  # a mask stands for columns of the table of its places
            columns = [((int(p.sum()),), (p.ndim,))] * p.ndim
        else:
            columns = [(p.shape, element_strides(p))]
        for layout in columns:
            spread = _broadcast_strides(together, *layout)
            laid = view_strides(together, spread, full) or contiguous_strides(full)
            operands.append(_broadcast_strides(result.shape, full, laid))
    return _moved(result, packed(result.shape, memory_order(result.shape, *operands)))


def _dims(part: Any) -> int:
    """How many dimensions a part of such an index is for."""
    return 0 if part is Ellipsis else part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1
