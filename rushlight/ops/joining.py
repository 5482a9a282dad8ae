"""Tensors put together: along a dimension that they have, or along a new one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..kernels import copies
from ..op import opaque
from ..tensor import Tensor
from ..writing import in_order


def common_dtype(arrays: Any) -> Any:
    """The dtype that tensors meet in when they are joined; 0-d ones count in full."""
    first = arrays[0].dtype
    if all(a.dtype is first for a in arrays):
        return first
    common = types.of_array(arrays[0])
    for a in arrays[1:]:
        common = types.promote_types(common, types.of_array(a))
    return common.np


def _of_dtype(arrays: Any, dtype: Any) -> Any:
    return [a if a.dtype is dtype else a.astype(dtype, copy=False) for a in arrays]


def need_tensors(name: str, tensors: Any) -> None:
    """Refuse what is no tuple or list of tensors."""
    if isinstance(tensors, Tensor) or not isinstance(tensors, (tuple, list)):
        raise errors.type_(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}",
            f"Write torch.{name}([a, b]).",
        )
    for i, x in enumerate(tensors):
        if x.__class__ is not Tensor and not hasattr(x, "shape"):
            raise errors.type_(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")


def _joined(parts: list[Any], dim: int) -> Any:
    joined = copies.joined(parts, dim)
    return in_order(np.concatenate(parts, dim)) if joined is None else joined


@opaque(
    out="apart",
    aliases="concat concatenate",
    variadic=True,
    samples=lambda m: [
        m((m.f(2, 3), m.f(1, 3))),
        m((m.f(2, 1), m.nc(2, 3)), dim=1),
        m((m.f(0, 3), m.f(2, 3))),
        m([m.f(3), m.i(2)]),
        m((m.f(2), m.f(0))),
        m([m.b(2), m.i(1)], 0),
        m((m.f(2, 2),), -1),
        m.without("0-d", "PyTorch: they cannot be joined"),
    ],
    errors=lambda m: [
        m.error(ValueError, "torch.cat(): expected a non-empty list of Tensors", []),
        m.error(RuntimeError, "zero-dimensional tensor (at position 1) cannot be concatenated", [m.f(2), m.f()]),
        m.error(
            RuntimeError,
            "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2",
            [m.f(2, 3), m.f(2, 2)],
        ),
        m.error(RuntimeError, "Tensors must have same number of dimensions: got 2 and 1", [m.f(2, 3), m.f(2)]),
        m.error(TypeError, "must be tuple of Tensors", m.f(2)),
        m.error(TypeError, "expected Tensor as element 1 in argument 0, but got int", [m.f(2), 2]),
        m.error(IndexError, "Dimension out of range", [m.f(2), m.f(2)], 1),
    ],
)
def cat(k, *tensors, dim):
    """Tensors one after another along ``dim``; the other sizes are equal.

    Gradient of ``tensors``: the part of ``g`` where it lies.
    """
    common = common_dtype(tensors)
    parts = [x for x in tensors if x.shape != (0,)]
    if not parts:
        return np.empty(0, common)
    return _joined(_of_dtype(parts, common), dim)


@cat.plan
def _(*tensors, dim):
    """NumPy's own, where nothing is converted or left out, nor shared out among threads."""
    first = tensors[0]
    if sum([x.size for x in tensors]) >= copies.LARGE:
        return None
    if any([x.dtype is not first.dtype or x.shape == (0,) or not x.flags.c_contiguous for x in tensors]):
        return None
    return lambda *tensors: np.concatenate(tensors, dim)


@cat.prepare
def _(tensors, dim=0):
    need_tensors("cat", tensors)
    if not tensors:
        raise errors.value("torch.cat(): expected a non-empty list of Tensors")
    shaped = [x for x in tensors if tuple(x.shape) != (0,)]
    for x in tensors:
        if not x.ndim:
            raise errors.runtime(
                f"zero-dimensional tensor (at position {list(map(id, tensors)).index(id(x))}) cannot be concatenated",
                "Use torch.stack for scalars.",
            )
    if not shaped:
        return tuple(tensors), {"dim": 0}
    first = tuple(shaped[0].shape)
    dim = check_dim(dim, len(first))
    for i, x in enumerate(shaped):
        shape = tuple(x.shape)
        if len(shape) != len(first):
            raise errors.runtime(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        for d, (m, n) in enumerate(zip(first, shape, strict=True)):
            if d != dim and m != n:
                raise errors.runtime(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {m} but got size {n} for tensor "
                    f"number {i} in the list.",
                    f"The shapes are {[list(x.shape) for x in tensors]}.",
                )
    return tuple(tensors), {"dim": dim}


@cat.vjp_joint
def _(k, g, tensors_shape, dim, needs):
    out, start = [], 0
    for shape, need in zip(tensors_shape, needs, strict=True):
        if shape == (0,):  # which any shape takes beside it
            out.append(k.reshape_gradient(g[(slice(0, 0),) * len(g.shape)], size=(0,)) if need else None)
            continue
        size = shape[dim]
        out.append(g[(slice(None),) * dim + (slice(start, start + size),)] if need else None)
        start += size
    return out


@opaque(out="apart", variadic=True, samples=lambda m: [
    m((m.f(2, 3), m.f(2, 3))), m((m.f(2), m.f(2)), dim=1), m((m.f(), m.f())), m([m.f(2), m.i(2)], -1), m([m.f(0, 2), m.f(0, 2)]),
    m([m.nc(3, 2), m.f(3, 2)], 1)],
    errors=lambda m: [
    m.error(RuntimeError, "stack expects a non-empty TensorList", []),
    m.error(RuntimeError, "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1", [m.f(2), m.f(3)]),
    m.error(TypeError, "must be tuple of Tensors", m.f(2)),
    m.error(TypeError, "expected Tensor as element 1 in argument 0, but got int", [m.f(2), 2]),
    m.error(IndexError, "Dimension out of range", [m.f(2), m.f(2)], 2)])  # fmt: skip
def stack(k, *tensors, dim):
    """Tensors of one shape along a new dimension.

    Gradient of ``tensors``: the part of ``g`` where it lies.
    """
    common = common_dtype(tensors)
    first = tensors[0].shape
    shape = (*first[:dim], 1, *first[dim:])
    return _joined([x.reshape(shape) for x in _of_dtype(tensors, common)], dim)


@stack.plan
def _(*tensors, dim):
    """A new dimension before the one that is joined: the same elements in the same order, in another shape."""
    first = tensors[0]
    if (
        first.size * len(tensors) >= copies.LARGE
        or dim == first.ndim
        or any([x.dtype is not first.dtype or not x.flags.c_contiguous for x in tensors])
    ):
        return None
    shape = (*first.shape[:dim], len(tensors), *first.shape[dim:])
    return lambda *tensors: np.concatenate(tensors, dim).reshape(shape)


@stack.prepare
def _(tensors, dim=0):
    need_tensors("stack", tensors)
    if not tensors:
        raise errors.runtime("stack expects a non-empty TensorList")
    first = tuple(tensors[0].shape)
    n = len(first) + 1
    dim = check_dim(dim, n)
    for i, x in enumerate(tensors):
        if tuple(x.shape) != first:
            raise errors.runtime(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(x.shape)} at entry {i}"
            )
    return tuple(tensors), {"dim": dim}


@stack.vjp_joint
def _(k, g, dim, needs):
    return [g[(slice(None),) * dim + (i,)] if need else None for i, need in enumerate(needs)]
