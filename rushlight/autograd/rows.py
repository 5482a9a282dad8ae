"""A gradient that is zero but for some rows: that of an embedding with ``sparse=True``, until it becomes a leaf's ``.grad``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap

Array = np.ndarray[Any, Any]


class Rows:
    """``values[i]`` at row ``index[i]`` of an array of this shape; rows that occur several times add up. Anything but a leaf reads it
    as the whole array."""

    index: Array
    values: Array
    shape: tuple[int, ...]

    __slots__ = ("index", "values", "shape")

    def __init__(self, index: Array, values: Array, shape: tuple[int, ...]):
        self.index, self.values, self.shape = index, values, shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.added_to(np.zeros(self.shape, dtype or self.dtype))

    def added_to(self, total: Array) -> Array:
        """``total += self``, which is returned."""
        np.add.at(total, self.index, self.values)
        return total

    def copy(self) -> Rows:
        return Rows(self.index, self.values.copy(), self.shape)

    def tensor(self) -> Any:
        """The same as a sparse tensor."""
        from ..sparse import tensor

        return tensor.make(self.index[None], wrap(self.values), self.shape, False)


def sum_of(waiting: Any, g: Any) -> Any:
    """The sum of two gradients, of which one at least has rows only: rows if both have, the later ones first, else the whole array."""
    if waiting.__class__ is Rows and g.__class__ is Rows:
        return Rows(np.concatenate([g.index, waiting.index]), np.concatenate([g.values, waiting.values]), g.shape)
    return waiting.added_to(g.copy()) if waiting.__class__ is Rows else g.added_to(waiting.copy())


def as_tensor(g: Any) -> Any:
    """A gradient as a program sees it."""
    return g.tensor() if g.__class__ is Rows else wrap(g)


def as_gradient(t: Any) -> Any:
    """What a program made of it: rows, or an array."""
    if not t.is_sparse:
        return t._a
    if t.sparse_dim() == 1:
        return Rows(t._ind[0], t._val._a, tuple(t.shape))
    return t.to_dense()._a


def accumulate(leaf: Tensor, g: Any) -> None:
    """Add a gradient to a leaf's, one of which has rows only."""
    present: Any = leaf._grad
    if present is None:
        leaf._grad = as_tensor(g)
    elif present.is_sparse or g.__class__ is not Rows:
        leaf._grad = as_tensor(sum_of(g, as_gradient(present)))
    else:
        g.added_to(present._a)
        present._vc[0] += 1
