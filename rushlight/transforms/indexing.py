"""``x[...]`` and ``x[...] = v`` under ``vmap``: the batch is a dimension more in front, whatever the index does behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import errors
from ..functions import FUNCTIONS
from ..levels import Batched
from ..tensor import Tensor

if TYPE_CHECKING:
    from .batching import MapLevel

_ALL = slice(None)


def parts_of(index: Any) -> list[Any]:
    """The parts of an index."""
    if index.__class__ is tuple:
        return list(index)
    if isinstance(index, list) and any(i is None or i is Ellipsis or isinstance(i, (Tensor, slice)) for i in index):
        return list(index)
    return [index]


def is_array(part: Any) -> bool:
    """Whether a part of an index picks elements by number or mask."""
    return isinstance(part, (Tensor, np.ndarray, list, tuple, range))


def rank(part: Any) -> int:
    """How many dimensions a part uses up."""
    if part is None or part is Ellipsis or part is True or part is False:
        return 0
    a = part._a if isinstance(part, Tensor) else part
    return a.ndim if isinstance(a, np.ndarray) and a.dtype.kind == "b" else 1


def spelt_out(x: Tensor, index: Any) -> list[Any]:
    """The parts of an index with Ellipsis as slices, and slices for what is not named."""
    parts = parts_of(index)
    missing = x._a.ndim - sum(map(rank, parts))
    if missing < 0:
        raise errors.index(f"too many indices for tensor of dimension {x._a.ndim}")
    rest = [_ALL] * missing
    for i, p in enumerate(parts):
        if p is Ellipsis:
            return [*parts[:i], *rest, *[q for q in parts[i + 1 :] if q is not Ellipsis]]
    return parts + rest


def picked(parts: list[Any]) -> tuple[int, bool, int]:
    """``(dimensions of the result before the arrays', whether something stands between arrays, dimensions that they give)``.

    Ints are applied first and count for nothing.
    """
    kept = [p for p in parts if not isinstance(p, int) or isinstance(p, bool)]
    places = [i for i, p in enumerate(kept) if is_array(p)]
    if not places:
        return 0, False, 0
    shapes = []
    for i in places:
        p = kept[i]
        a = p._a if isinstance(p, Tensor) else np.asarray(p)
        shapes.append(1 if a.dtype.kind == "b" else a.ndim)
    return places[0], places[-1] - places[0] != len(places) - 1, max(shapes)


def get(at: MapLevel, x: Any, index: Any) -> Tensor:
    """``x[index]`` for each example; ``x`` or index tensors differ between them."""
    parts = spelt_out(x, index)
    mine = isinstance(x, Batched) and x.at is at
    if not any(isinstance(p, Batched) and p.at is at for p in parts):
        value = x.value[(_ALL, *parts)]  # type: ignore[attr-defined]
        _, apart, dims = picked(parts)
        return at.wrapped(FUNCTIONS["movedim"].fn(value, dims, 0) if apart else value)  # type: ignore[no-any-return]
    parts = [q for p in parts for q in numbers(at, p)]
    before, apart, dims = picked(parts)
    inner = [opened(at, p, dims) for p in parts]
    if not mine:
        value = x[tuple(inner)]
        return at.wrapped(value if apart or not before else FUNCTIONS["movedim"].fn(value, before, 0))  # type: ignore[no-any-return]
    count = FUNCTIONS["arange"].fn(at.size).reshape(at.size, *[1] * dims)
    value = x.value[(count, *inner)]  # type: ignore[attr-defined]
    if not apart and before:
        value = FUNCTIONS["movedim"].fn(value, tuple(range(1, dims + 1)), tuple(range(before + 1, before + dims + 1)))
    return at.wrapped(value)  # type: ignore[no-any-return]


def numbers(at: MapLevel, part: Any) -> list[Any]:
    """A mask as the numbers of its places, a list as a tensor, anything else as it is.

    Raises:
        RuntimeError: for a mask that differs between examples.
    """
    if not is_array(part):
        return [part]
    if not isinstance(part, Tensor):
        part = FUNCTIONS["tensor"].fn(list(part) if isinstance(part, range) else part)
    if part._a.dtype.kind == "b" or part._a.dtype == np.uint8:
        if isinstance(part, Batched) and part.at is at:
            raise errors.runtime(
                "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over indexing with "
                "a boolean mask.",
                "Every example would give another number of elements. Use torch.where(mask, x, 0).",
            )
        return list(part.nonzero().unbind(1))
    return [part]


def opened(at: MapLevel, part: Any, dims: int) -> Any:
    """An index tensor with the batch in front, and as many dimensions behind it as the arrays of the index have."""
    if isinstance(part, Batched) and part.at is at:
        value = part.value
        return value.reshape(value._a.shape[0], *[1] * (dims - part._a.ndim), *part._a.shape)
    return part


def put(at: MapLevel, x: Any, index: Any, value: Any) -> None:
    """``x[index] = value`` for each example.

    Raises:
        RuntimeError: if ``x`` is one tensor for all examples.
    """
    if not (isinstance(x, Batched) and x.at is at):
        at.write(x, value if isinstance(value, Tensor) else x)  # refuses
        return
    parts = spelt_out(x, index)
    mine = isinstance(value, Batched) and value.at is at
    before, apart, dims = picked(parts)
    if apart or any(isinstance(p, Batched) and p.at is at for p in parts):
        for b in range(at.size):
            one = tuple([p.value.select(0, b) if isinstance(p, Batched) and p.at is at else p for p in parts])
            example: Any = x.value.select(0, b)
            example[one] = value.value.select(0, b) if mine else value
        return
    if mine:
        ndim = len([p for p in parts if not is_array(p) and (not isinstance(p, int) or isinstance(p, bool))]) + dims
        inner = value.value
        shape = value._a.shape
        lead = ndim - len(shape)
        value = inner.reshape(inner._a.shape[0], *[1] * lead, *shape) if lead > 0 else inner
    x.value[(_ALL, *parts)] = value
