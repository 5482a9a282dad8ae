"""Copies in another order: repeat, flip, roll, selection by index, meshgrid, scatter."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..errors import check_dim, check_dims
from ..functions import function
from ..op import REGISTRY, opaque
from ..promotion import cast
from ..tensor import Tensor, wrap


@opaque(methods="flip", samples=lambda m: [m(m.f(2, 3), (0,)), m(m.f(2, 3), (0, 1)), m(m.nc(3, 2), (1,))])
def flip(k, input, *, dims):
    """The elements in reverse order along dimensions."""
    return np.ascontiguousarray(np.flip(input, dims))


@flip.prepare
def _(input, *dims):
    dims = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return (input,), {"dims": check_dims(dims, input.ndim) if dims else ()}


@flip.vjp("input")
def _(k, g, dims):
    return k.flip(g, dims)


@opaque(methods="roll", samples=lambda m: [m(m.f(4), 1), m(m.f(2, 3), (1, 1), (0, 1))])
def roll(k, input, *, shifts, dims):
    """The elements moved along dimensions; what leaves at one end comes in at the other."""
    return np.roll(input, shifts, dims)


@roll.prepare
def _(input, shifts, dims=None):
    shifts = tuple(shifts) if isinstance(shifts, (tuple, list)) else (int(shifts),)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise errors.runtime(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return (input,), {"shifts": shifts[0], "dims": None}
    dims = check_dims(dims, input.ndim)
    if len(shifts) != len(dims):
        raise errors.runtime(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return (input,), {"shifts": shifts, "dims": dims}


@roll.vjp("input")
def _(k, g, shifts, dims):
    back = -shifts if isinstance(shifts, int) else tuple(-s for s in shifts)
    return k.roll(g, back, dims)


@opaque(methods="repeat", public=False)
def repeat(k, input, *, repeats):
    """The tensor repeated along its dimensions."""
    return np.tile(input, repeats)


@repeat.prepare
def _(input, *repeats, **named):
    repeats = named.get("repeats", repeats)
    if len(repeats) == 1 and isinstance(repeats[0], (tuple, list)):
        repeats = tuple(repeats[0])
    if len(repeats) < input.ndim:
        raise errors.runtime(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
            f"The tensor has {input.ndim} dimensions, {len(repeats)} counts were given.",
        )
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


@opaque(methods="index_select", samples=lambda m: [m(m.f(4, 2), 0, m.a([0, 2, 2])), m(m.f(2, 3), 1, m.a([1]))])
def index_select(k, input, index, *, dim):
    """The slices at these indices along ``dim``."""
    if not input.ndim:
        return np.array(input)
    if index.size and (index.min() < 0 or index.max() >= input.shape[dim]):
        raise errors.index("index out of range in self", f"Dimension {dim} has size {input.shape[dim]}.")
    return np.take(input, index, axis=dim)


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
    np.add.at(out, (slice(None),) * dim + (index,), input)
    return out


index_spread.nondiff("index")


@index_spread.vjp("input")
def _(k, g, index, dim):
    return k.index_select(g, dim, index)


@function(methods="repeat_interleave")
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: Any = None) -> Tensor:
    """Each slice repeated where it stands: a number of times, or each its own."""
    if repeats is None:
        return wrap(np.repeat(np.arange(input._a.size), input._a))
    if dim is None:
        input, dim = input.flatten(), 0
    dim = check_dim(dim, input._a.ndim)
    counts = repeats._a if isinstance(repeats, Tensor) else int(repeats)
    index = np.repeat(np.arange(input._a.shape[dim]), counts)
    return index_select.public(input, dim, wrap(index))  # type: ignore[no-any-return]


@function(methods="masked_select")
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, as a vector."""
    if mask._a.dtype != np.bool_:
        raise errors.runtime("masked_select: expected BoolTensor for mask")
    shape = np.broadcast_shapes(input._a.shape, mask._a.shape)
    input = input if input._a.shape == shape else input.expand(shape)
    mask = mask if mask._a.shape == shape else mask.expand(shape)
    picked = REGISTRY["index_get"].public(input, where=(mask._a,))
    if picked._edge is not None:
        node = picked._edge[0]
        node.__class__ = node.op.node_class("MaskedSelectBackward0")
    return picked  # type: ignore[no-any-return]


@function()
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: each vector expanded over the others."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing is None:
        import warnings

        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise errors.runtime(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swap = indexing == "xy" and len(tensors) >= 2
    vectors = [tensors[1], tensors[0], *tensors[2:]] if swap else list(tensors)
    shape = tuple(v._a.size for v in vectors)
    grids = [v.reshape([-1 if i == j else 1 for j in range(len(shape))]).expand(shape) for i, v in enumerate(vectors)]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


@opaque(methods="scatter scatter_", samples=lambda m: [m(m.f(2, 3), 1, m.a([[0, 2], [1, 0]]), m.f(2, 2))])
def scatter(k, input, index, src, *, dim):
    """A copy with ``src`` written by index along ``dim``: ``out[index[i][j]][j] = src[i][j]`` for dim 0."""
    out = np.array(input)
    if not out.ndim:
        out[...] = np.asarray(src).reshape(-1)[0] if index.size else out
        return out
    values = src if not np.ndim(src) else src[tuple(slice(0, n) for n in index.shape)]
    np.put_along_axis(out, index, values, dim) if _same_but(index, out, dim) else _put(out, index, values, dim)
    return out


def _same_but(index: Any, out: Any, dim: int) -> bool:
    return all(n == m for i, (n, m) in enumerate(zip(index.shape, out.shape, strict=True)) if i != dim)


def _put(out: Any, index: Any, values: Any, dim: int) -> None:
    places = list(np.indices(index.shape))
    places[dim] = index
    out[tuple(places)] = values


@scatter.prepare
def _(input, dim, index, src=None, *, value=None, reduce=None):
    if reduce is not None:
        raise NotImplementedError("scatter(reduce=...) is not supported; use scatter_add or scatter_reduce")
    src = value if src is None else src
    if not isinstance(src, Tensor) and isinstance(input, Tensor):
        src = cast(src, input.dtype)
    elif isinstance(src, Tensor) and isinstance(input, Tensor) and src.dtype is not input.dtype:
        raise errors.runtime("scatter(): Expected self.dtype to be equal to src.dtype")
    dim = check_dim(dim, input.ndim)
    a = index._a if isinstance(index, Tensor) else index
    if a.dtype != np.int64:
        raise errors.runtime("scatter(): Expected dtype int32/int64 for index")
    if a.size and input.ndim and (a.min() < 0 or a.max() >= input.shape[dim]):
        raise errors.runtime(f"index {int(a.max())} is out of bounds for dimension {dim} with size {input.shape[dim]}")
    return (input, index, src), {"dim": dim}


scatter.nondiff("index")


@scatter.vjp("input")
def _(k, g, index, dim):
    return k.scatter(g, dim, index, 0.0)


@scatter.vjp("src")
def _(k, g, index, src_shape, dim):
    return k.gather(g, dim, index) if tuple(src_shape) else k.sum(k.gather(g, dim, index))
