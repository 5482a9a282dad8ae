"""Copies in another order: repeat, flip, roll, selection by index and mask, meshgrid."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim, check_dims, describe
from ..functions import function
from ..kernels import copies, layouts, places
from ..kernels.along import where_true
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor, wrap


@opaque(
    methods="flip",
    samples=lambda m: [
        m(m.f(2, 3), (0,)),
        m(m.f(2, 3), (0, 1)),
        m(m.nc(3, 2), (1,)),
        m(m.f(), ()),
        m(m.f(0, 2), [0]),
        m(m.i(3), (-1,)),
        m(m.b(2, 2), (0,)),
        m(m.f(3), ()),
    ],
    errors=lambda m: [
        m.error(IndexError, "Dimension out of range", m.f(2, 3), (5,)),
        m.error(RuntimeError, "dim 0 appears multiple times in the list of dims", m.f(2, 3), (0, 0)),
    ],
)
def flip(k, input, *, dims):
    """The elements in reverse order along dimensions."""
    out = layouts.empty_like_array(input, input.dtype)
    copies.assign(out, np.flip(input, dims))
    return out


@flip.prepare
def _(input, *dims, **named):
    dims = named.get("dims", dims)
    dims = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return (input,), {"dims": check_dims(dims, input.ndim) if dims else ()}


@flip.vjp("input")
def _(k, g, dims):
    return k.flip(g, dims)


@opaque(
    methods="roll",
    samples=lambda m: [
        m(m.f(4), 1),
        m(m.f(2, 3), (1, 1), (0, 1)),
        m(m.f(2, 3), -2),
        m(m.f(), 1),
        m(m.f(0, 2), 1, 0),
        m(m.nc(3, 2), 2, -1),
        m(m.i(4), 1),
        m(m.b(2, 2), 1, 0),
        m(m.f(2, 3), (1, 2), (1, 1)),
    ],
    errors=lambda m: [
        m.error(IndexError, "Dimension out of range", m.f(2, 3), 1, 5),
        m.error(RuntimeError, "shifts and dimensions must align. shifts: 2, dims:0", m.f(2, 3), (1, 2)),
        m.error(RuntimeError, "shifts and dimensions must align. shifts: 2, dims:1", m.f(2, 3), (1, 2), 0),
    ],
)
def roll(k, input, *, shifts, dims):
    """The elements moved along dimensions; what leaves at one end comes in at the other."""
    if dims is None:
        return copies.rolled(input.reshape(-1), (shifts,), (0,)).reshape(input.shape)
    return copies.rolled(input, shifts, dims)


@roll.prepare
def _(input, shifts, dims=None):
    if not isinstance(input, (Tensor, np.ndarray)):  # rules roll arrays
        raise errors.not_a_tensor("roll", "input", 1, input)
    shifts = tuple(errors.need_ints("roll", "shifts", 2, shifts if isinstance(shifts, (tuple, list)) else (shifts,)))
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise errors.runtime(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return (input,), {"shifts": shifts[0], "dims": None}
    dims = dims if isinstance(dims, (tuple, list)) else (dims,)
    if 0 in input.shape:
        return (input,), {"shifts": 0, "dims": None}
    if not input.ndim:
        raise errors.index(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    dims = tuple(check_dim(d, input.ndim) for d in dims)
    if len(shifts) != len(dims):
        raise errors.runtime(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return (input,), {"shifts": shifts, "dims": dims}


@roll.vjp("input")
def _(k, g, shifts, dims):
    back = -shifts if isinstance(shifts, int) else tuple(-s for s in shifts)
    return k.roll(g, back, dims)


@opaque(
    methods="repeat",
    public=False,
    samples=lambda m: [
        m(m.f(2, 3), 2, 1),
        m(m.f(3), 2, 2),
        m(m.f(2, 3), (1, 3)),
        m(m.f(), 3),
        m(m.f(), ()),
        m(m.f(0, 2), 2, 2),
        m(m.nc(3, 2), 1, 2),
        m(m.i(3), 2),
        m(m.f(2), 0),
        m(m.f(2, 3), 2, 2, 2),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
            m.f(2, 3),
            2,
        ),
        m.error(RuntimeError, "Trying to create tensor with negative dimension", m.f(2, 3), -1, 2),
    ],
)
def repeat(k, input, *, repeats):
    """The tensor repeated along its dimensions."""
    return copies.repeated(input, repeats)


@repeat.prepare
def _(input, *repeats, **named):
    repeats = named.get("repeats", repeats)
    if len(repeats) == 1 and isinstance(repeats[0], (tuple, list)):
        repeats = tuple(repeats[0])
    repeats = errors.need_ints("repeat", "repeats", 1, repeats)
    if len(repeats) < input.ndim:
        raise errors.runtime(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
            f"The tensor has {input.ndim} dimensions, {len(repeats)} counts were given.",
        )
    sizes = [r * n for r, n in zip(repeats, (*[1] * (len(repeats) - input.ndim), *input.shape), strict=True)]
    if any(n < 0 for n in sizes):
        raise errors.runtime(f"Trying to create tensor with negative dimension {min(sizes)}: {sizes}")
    return (input,), {"repeats": tuple(int(r) for r in repeats)}


@repeat.vjp("input")
def _(k, g, input_shape, repeats):
    lead = len(repeats) - len(input_shape)
    shape = (1,) * lead + tuple(input_shape)
    if 0 in repeats:
        return k.broadcast_gradient(k.sum(g), size=input_shape)
    split: list[int] = []
    for r, n in zip(repeats, shape, strict=True):
        split += [r, n]
    folded = k.reshape_gradient(g, size=tuple(split))
    return k.reshape_gradient(k.sum(folded, tuple(range(0, len(split), 2))), size=input_shape)


def _selects(m: Any) -> list[Any]:
    return [
        m(m.f(4, 2), 0, m.a([0, 2, 2])),
        m(m.f(2, 3), 1, m.a([1])),
        m(m.f(4, 2), 0, m.a([0, 2], m.torch.int32)),
        m(m.f(), 0, m.a([0])),
        m(m.f(0, 2), 1, m.a([1, 0, 1])),
        m(m.nc(3, 2), -1, m.a([1, 0])),
        m(m.i(4), 0, m.a([3, 1])),
        m(m.b(4), 0, m.a(2)),
        m(m.f(3), 0, m.i(0)),
    ]


@opaque(
    out="exact apart",
    methods="index_select",
    samples=_selects,
    errors=lambda m: [
        m.error(IndexError, "index out of range in self", m.f(3), 0, m.a([3])),
        m.error(IndexError, "index_select(): Index is supposed to be a vector", m.f(3), 0, m.a([[1]])),
        m.error(RuntimeError, "index_select(): Expected dtype int32 or int64 for index", m.f(3), 0, m.f(1)),
        m.error(IndexError, "Dimension out of range", m.f(3), 4, m.a([1])),
    ],
)
def index_select(k, input, index, *, dim):
    """The slices at these indices along ``dim``.

    Gradient of ``input``: the slices of ``g`` added at these indices, 0 elsewhere.
    """
    out = places.take(input, index, dim) if input.ndim else None
    if out is not None:
        return out
    check_selected(input, dim, index)
    return np.take(input, index, axis=dim) if input.ndim else np.array(input)


@index_select.plan
def _(input, index, dim):
    return places.planned_take(input, index, dim) if input.ndim else None


def need_index(index: Any, size: int, dim: int) -> None:
    """Refuse an index that is out of range."""
    a = index._a
    if a.size and (a.min() < 0 or a.max() >= size):
        worst = int(a.max()) if a.max() >= size else int(a.min())
        raise errors.index(f"index {worst} is out of bounds for dimension {dim} with size {size}")


@index_select.prepare
def _(input, dim, index):
    if index.ndim > 1:
        raise errors.index("index_select(): Index is supposed to be a vector")
    dtype = (index._a if isinstance(index, Tensor) else index).dtype
    if dtype not in (np.int64, np.int32):
        raise errors.runtime("index_select(): Expected dtype int32 or int64 for index")
    if not index.ndim:
        index = index.reshape(1)
    return (input, index), {"dim": check_dim(dim, input.ndim)}


def check_selected(a: np.ndarray[Any, Any], dim: int, index: np.ndarray[Any, Any]) -> None:
    """Refuse places that dimension ``dim`` does not have."""
    if not a.ndim and index.size != 1:
        raise errors.runtime(
            f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)", "Its one place is 0."
        )
    size = a.shape[dim] if a.ndim else 1
    if index.size and (index.min() < 0 or index.max() >= size):
        worst = int(index.max()) if index.max() >= size else int(index.min())
        if a.ndim > 1 and (dim == 1 or not a.size):  # PyTorch has two loops, which say it differently
            raise errors.runtime(f"INDICES element is out of DATA bounds, id={worst} axis_dim={size}")
        raise errors.index("index out of range in self", f"There is {worst}; dimension {dim} has size {size}.")


index_select.nondiff("index")


@index_select.vjp("input")
def _(k, g, index, input_shape, dim):
    return k.index_spread(g, index, size=input_shape, dim=dim)


@opaque(public=False, grad_name="IndexAddBackward0")
def index_spread(k, input, index, *, size, dim):
    """Zeros with slices of ``input`` added by index along ``dim``."""
    out = np.zeros(size, np.asarray(input).dtype)
    if not size:
        return out + np.asarray(input).reshape(())
    if not places.add_slices(out, input, index, dim):
        np.add.at(out, (slice(None),) * dim + (index,), input)
    return out


index_spread.nondiff("index")


@index_spread.vjp("input")
def _(k, g, index, dim):
    return k.index_select(g, dim, index)


@function(
    methods="repeat_interleave",
    samples=lambda m: [
        s
        for s in (
            m(m.a([1, 0, 2])),
            m(m.f(3), m.a([1, 0, 2])),
            m(m.f(2, 3), m.a([2, 1]), 0),
            m(m.f(2, 3), m.a([2]), 1),
            m(m.f(0), m.i(0)),
            m(m.i(3), m.a([1, 2, 3])),
            m(m.nc(3, 2), m.a([1, 2]), -1),
            m(m.f(), m.a([3])),
            m(m.f(2, 3), 2),
            m(m.f(2, 3), 2, 0),
            m(m.nc(3, 2), 3, 1),
            m(m.f(), 2),
            m(m.i(3), 0),
        )
    ],
    errors=lambda m: [
        m.error(RuntimeError, "repeats must have the same size as input along dim", m.f(3, 2), m.a([1, 2]), 0),
        m.error(RuntimeError, "epeats must be non-negative", m.f(3), -1),
        m.error(IndexError, "Dimension out of range", m.f(3), 2, 4),
    ],
)
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: Any = None) -> Tensor:
    """Each slice repeated where it stands: a number of times, or each its own."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("repeat_interleave", "input", 1, input)
    if repeats is None:
        return wrap(np.repeat(np.arange(input._a.size), input._a))
    if dim is None:
        input, dim = input.flatten(), 0
    dim = check_dim(dim, input._a.ndim)
    if not input._a.ndim:
        raise errors.index(f"Dimension specified as {dim} but tensor has no dimensions", "Leave dim out.")
    if not isinstance(repeats, Tensor):
        return _repeat_all(input, int(repeats), dim)
    counts = repeats._a.reshape(-1)
    if counts.size == 1:
        counts = np.repeat(counts, input._a.shape[dim])
    if counts.size != input._a.shape[dim]:
        raise errors.runtime(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {counts.size} and "
            f"input.size({dim}) = {input._a.shape[dim]}"
        )
    if (counts < 0).any():
        raise errors.runtime("repeats can not be negative")
    return index_select.public(input, dim, wrap(np.repeat(np.arange(counts.size), counts)))  # type: ignore[no-any-return]


def _repeat_all(input: Tensor, times: int, dim: int) -> Tensor:
    """Each slice the same number of times: a new dimension, expanded and folded into its neighbour."""
    if times < 0:
        raise errors.runtime("Repeats must be non-negative")
    shape = list(input._a.shape)
    wide = input.unsqueeze(dim + 1).expand(*shape[: dim + 1], times, *shape[dim + 1 :])
    shape[dim] *= times
    return REGISTRY["clone"].public(wide, memory_format=types.contiguous_format).view(shape)  # type: ignore[no-any-return]


@opaque(
    out="exact apart",
    methods="masked_select",
    samples=lambda m: [
        m(m.f(2, 3), m.b(2, 3)),
        m(m.f(2, 3), m.b(3)),
        m(m.f(3), m.b(2, 1)),
        m(m.f(), m.a(True)),
        m(m.f(0, 2), m.b(2)),
        m(m.nc(3, 2), m.b(3, 2)),
        m(m.i(4), m.b(4)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "masked_select: expected BoolTensor for mask", m.f(2), m.i(2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.b(3)),
    ],
)
def masked_select(k, input, mask):
    """The elements where the mask holds, as a vector.

    Gradient of ``input``: ``g`` where the mask holds, 0 elsewhere.
    """
    if mask.dtype != np.bool_:
        raise errors.runtime("masked_select: expected BoolTensor for mask", "Compare first: x[x > 0].")
    shape = broadcast_shapes(mask.shape, input.shape)  # in PyTorch's order, which an error tells
    return where_true(np.broadcast_to(input, shape), np.broadcast_to(mask, shape)).reshape(-1)


masked_select.nondiff("mask")


@masked_select.vjp("input")
def _(k, g, mask, input):  # the shape alone would do, but who writes to the input is told so, as by PyTorch
    return k.masked_spread(g, mask, size=broadcast_shapes(tuple(input.shape), tuple(mask.shape)))


@opaque(public=False, grad_name="MaskedScatterBackward0")
def masked_spread(k, input, mask, *, size):
    """Zeros with the elements of a vector where the mask holds."""
    out = np.zeros(size, np.asarray(input).dtype)
    out[np.broadcast_to(mask, size)] = input
    return out


masked_spread.nondiff("mask")


@masked_spread.vjp("input")
def _(k, g, mask):
    return k.masked_select(g, mask)


@function(
    samples=lambda m: [
        m(m.f(2), m.f(3), indexing="ij"),
        m([m.f(2), m.f(3)], indexing="xy"),
        m(m.f(2), m.f(), m.f(3), indexing="xy"),
        m(m.f(2), indexing="xy"),
        m(m.f(0), m.f(2), indexing="ij"),
        m(m.i(2), m.i(3), indexing="ij"),
        m(m.nc(3), m.f(2), indexing="ij"),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError, 'torch.meshgrid: indexing must be one of "xy" or "ij", but received: x', m.f(2), indexing="x"
        ),
        m.error(RuntimeError, "meshgrid expects all tensors to have the same dtype", m.f(2), m.i(2), indexing="ij"),
        m.error(RuntimeError, "meshgrid expects a non-empty TensorList", indexing="ij"),
        m.error(
            RuntimeError,
            "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got:",
            m.f(2, 2),
            indexing="ij",
        ),
    ],
)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: each vector expanded over the others."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing is None:
        errors.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise errors.runtime(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if not tensors:
        raise errors.runtime("meshgrid expects a non-empty TensorList")
    for v in tensors:
        if v._a.ndim > 1:
            raise errors.runtime(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {describe(v)}")
        if v.dtype is not tensors[0].dtype:
            raise errors.runtime("meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(tensors) >= 2
    vectors = [tensors[1], tensors[0], *tensors[2:]] if swap else list(tensors)
    shape = tuple(v._a.size for v in vectors)
    grids = [v.reshape([-1 if i == j else 1 for j in range(len(shape))]).expand(shape) for i, v in enumerate(vectors)]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)
