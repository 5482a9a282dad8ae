"""Shapes and strides as PyTorch defines them: pure functions on tuples of ints.

A *stride* is the step in elements (not bytes) from one index of a dimension to the next. Strides of dimensions of size
1 never matter for where an element lies, but PyTorch carries them along and shows them, so they are part of the answer
here. `element_strides` translates from NumPy.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import runtime

Shape = tuple[int, ...]


def element_strides(array: np.ndarray[Any, Any]) -> Shape:
    """The strides PyTorch would report for `array`.

    NumPy's own, in elements, except where a dimension of size 1 has stride 0: that is how NumPy marks a dimension made
    by `None` or by broadcasting, and PyTorch's `unsqueeze` gives it the extent of the dimension to its right (1 if it
    is the last). NumPy makes arrays without elements with strides of 0: they count as contiguous here, while strides that
    a view was given on purpose (`rushlight.ops.movement.turned`) hold. Both are guesses. They can be wrong for a size of 1
    that was made by `None` and then moved or sliced, or by NumPy's `reshape`, or that lies beside or was cut out of an
    expanded dimension, and for views of empty tensors.

    >>> element_strides(np.zeros((2, 3))[:, None, ::2])
    (3, 4, 2)
    """
    shape, itemsize = array.shape, array.itemsize
    if 0 in shape and not any(array.strides):
        return contiguous_strides(shape)
    strides = [s // itemsize for s in array.strides]
    if 0 in strides:
        for i in reversed(range(len(shape))):
            if shape[i] == 1 and strides[i] == 0:
                strides[i] = shape[i + 1] * strides[i + 1] if i + 1 < len(shape) else 1
    return tuple(strides)


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """Row-major strides; a dimension of size 0 counts as 1.

    >>> contiguous_strides((2, 0, 3))
    (3, 3, 1)
    """
    return packed(shape, reversed(range(len(shape))))


def packed(shape: Sequence[int], innermost_first: Any) -> Shape:
    """Strides without gaps, for dimensions named in order from the fastest varying to the slowest."""
    strides, step = [0] * len(shape), 1
    for dim in innermost_first:
        strides[dim] = step
        step *= max(shape[dim], 1)
    return tuple(strides)


def is_contiguous(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the elements lie in row-major order without gaps. True for tensors without elements."""
    return 0 in shape or _steps_match(shape, strides, reversed(range(len(shape))))


def _steps_match(shape: Sequence[int], strides: Sequence[int], innermost_first: Any) -> bool:
    """Whether each stride is the number of elements inside its dimension; sizes of 1 fit any stride."""
    step = 1
    for dim in innermost_first:
        if shape[dim] != 1:
            if strides[dim] != step:
                return False
            step *= shape[dim]
    return True


def _channels_last_order(ndim: int) -> list[int]:
    """Dimensions of a (batch, channel, *space) tensor in channels-last memory, innermost first."""
    return [1, *range(ndim - 1, 1, -1), 0]


def channels_last_strides(shape: Sequence[int]) -> Shape:
    """Strides of `channels_last` (4 dimensions) and `channels_last_3d` (5). Sizes of 0 do make strides of 0 here.

    >>> channels_last_strides((2, 3, 4, 5))
    (60, 1, 15, 3)

    Raises:
        RuntimeError: for any other number of dimensions.
    """
    if len(shape) not in (4, 5):
        raise runtime(
            "required rank 4 tensor to use channels_last format",
            f"The tensor has {len(shape)} dimensions, shape {list(shape)}; channels_last is for (batch, channel, "
            "height, width), channels_last_3d for (batch, channel, depth, height, width).",
        )
    strides, step = [0] * len(shape), 1
    for dim in _channels_last_order(len(shape)):
        strides[dim] = step
        step *= shape[dim]
    return tuple(strides)


def is_channels_last_contiguous(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether a 4- or 5-dimensional tensor lies in channels-last order without gaps; False for other ranks."""
    return len(shape) in (4, 5) and _steps_match(shape, strides, _channels_last_order(len(shape)))


def is_non_overlapping_and_dense(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the elements fill a block of memory, each place once, in whatever order of dimensions."""
    if 0 in shape:
        return True
    return _steps_match(shape, strides, sorted(range(len(shape)), key=strides.__getitem__))


def has_internal_overlap(shape: Sequence[int], strides: Sequence[int]) -> bool | None:
    """Whether two indices reach one place in memory; None where PyTorch does not try to find out."""
    if is_non_overlapping_and_dense(shape, strides):
        return False
    if any(n > 1 and s == 0 for n, s in zip(shape, strides, strict=True)):
        return True
    return None


def empty_like_strides(shape: Sequence[int], strides: Sequence[int]) -> Shape:
    """Strides of `empty_like` and `clone` under `preserve_format`.

    The same if the tensor is dense; otherwise the gaps are closed and the order of dimensions in memory is kept.

    >>> empty_like_strides((3, 2), (1, 5))
    (1, 3)
    """
    if is_non_overlapping_and_dense(shape, strides):
        return tuple(strides)
    return packed(shape, memory_order(shape, strides))


def memory_order(shape: Sequence[int], *operands: Sequence[int]) -> list[int]:
    """Dimensions from the smallest stride to the largest; among equal strides the smaller size is the inner one.

    Of several operands the first that can tell decides. A stride of 0 compares with nothing, so there is no total order and the
    result depends on the algorithm: an insertion sort that starts from row-major order and looks past undecided pairs, as in PyTorch.
    """
    order: list[int] = []
    for dim in reversed(range(len(shape))):
        order.append(dim)
        place = len(order) - 1
        for j in reversed(range(place)):
            other = order[j]
            inner = _inner(shape, operands, dim, other)
            if inner is dim:
                order[j], order[place] = dim, other
                place = j
            elif inner is other:
                break
    return order


def _inner(shape: Sequence[int], operands: Sequence[Sequence[int]], dim: int, other: int) -> int | None:
    """Which of two dimensions is the inner one, ``other`` being the later; None if no operand can tell."""
    for strides in operands:
        step, other_step = strides[dim], strides[other]
        if step and other_step:
            if step != other_step:
                return dim if step < other_step else other
            if shape[dim] < shape[other]:
                return dim
    return None


@functools.lru_cache(4096)
def view_strides(old_shape: Shape, old_strides: Shape, new_shape: Shape) -> Shape | None:
    """Strides with which `new_shape` shows the same memory, or None if that needs a copy (`view` then raises).

    `new_shape` has as many elements as `old_shape`, without -1 (see `infer_size`). Old dimensions that one stride can
    walk through form a block; every block must be a product of new dimensions.

    >>> view_strides((2, 3, 4), (12, 4, 1), (6, 4))
    (4, 1)
    >>> view_strides((3, 2), (1, 3), (6,)) is None
    True
    """
    if 0 in old_shape:
        return old_strides if old_shape == new_shape else contiguous_strides(new_shape)
    waiting = list(new_shape)
    reversed_strides = []
    for size, step in _blocks(old_shape, old_strides):
        filled = 1
        while waiting and (filled < size or waiting[-1] == 1):
            reversed_strides.append(filled * step)
            filled *= waiting.pop()
        if filled != size:
            return None
    return None if waiting else tuple(reversed(reversed_strides))


def _blocks(shape: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """(elements, stride) of the runs of dimensions that one stride can walk through, innermost first."""
    if not shape:
        return [(1, 1)]
    blocks = [(shape[-1], strides[-1])]
    for n, stride in zip(shape[-2::-1], strides[-2::-1], strict=True):
        size, step = blocks[-1]
        if n == 1 or stride == size * step:
            blocks[-1] = (size * n, step)
        else:
            blocks.append((n, stride))
    return blocks


def infer_size(new_shape: Sequence[int], numel: int) -> Shape:
    """`new_shape` with its -1, if any, replaced by the size that makes `numel` elements.

    >>> infer_size((2, -1), 6)
    (2, 3)

    Raises:
        RuntimeError: if two sizes are -1, one is below -1, or the elements do not fit.
    """
    shape = list(new_shape)
    free = [i for i, n in enumerate(shape) if n < 0]
    for i in free:
        if shape[i] < -1:
            raise runtime(f"invalid shape dimension {shape[i]} at index {i} of shape {shape}")
        if i != free[0]:
            raise runtime("only one dimension can be inferred", f"Write -1 once; the shape asked for was {shape}.")
    known = prod(n for n in shape if n >= 0)
    if not free:
        if known == numel:
            return tuple(shape)
    elif known and numel % known == 0:
        shape[free[0]] = numel // known
        return tuple(shape)
    elif known == numel == 0:
        raise runtime(
            f"cannot reshape tensor of 0 elements into shape {shape} because the unspecified dimension size -1 can be "
            "any value and is ambiguous",
            "Write the size in place of -1.",
        )
    raise runtime(
        f"shape '{shape}' is invalid for input of size {numel}",
        f"The sizes {'beside -1 ' if free else ''}multiply to {known}; "
        + ("that must divide the number of elements." if free else "they must hold every element exactly once."),
    )


def broadcast_shapes(*shapes: Sequence[int]) -> Shape:
    """The shape to which all `shapes` broadcast: aligned at the right, where a size of 1 stretches to any other.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)

    Raises:
        RuntimeError: naming the last dimension in which two sizes differ and neither is 1.
    """
    result: Shape = ()
    for shape in shapes:
        if result != shape:
            result = _broadcast_pair(result, tuple(shape)) if result else tuple(shape)
    return result


@functools.lru_cache(1024)
def _broadcast_pair(a: Shape, b: Shape) -> Shape:
    ndim = max(len(a), len(b))
    left, right = (1,) * (ndim - len(a)) + tuple(a), (1,) * (ndim - len(b)) + tuple(b)
    sizes = [n if m == 1 else m for n, m in zip(left, right, strict=True)]
    for dim in reversed(range(ndim)):
        n, m = left[dim], right[dim]
        if n != m and n != 1 and m != 1:
            raise runtime(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension {dim}",
                f"The shapes were {list(a)} and {list(b)}. Sizes are compared from the right; each pair must be equal "
                "or contain a 1. Add dimensions of size 1 with unsqueeze, or reshape one of the two.",
            )
    return tuple(sizes)


def root_array(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array that owns the memory (or wraps foreign memory) behind a view."""
    while True:
        base = array.base
        if not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)  # as_strided holds its array in a go-between
            if not isinstance(base, np.ndarray):
                return array
        array = base
