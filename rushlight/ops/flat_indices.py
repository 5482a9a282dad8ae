"""Elements by their number in the flattened tensor, by a mask, or along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import recording
from ..errors import check_dim
from ..functions import function
from ..kernels.layouts import copied
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY
from ..tensor import Tensor, requires_grad
from ..writing import in_order, write_out
from .scatters import _array


def _flat_index(name: str, index: Any, size: int) -> None:
    a = _array(index)
    if a.dtype != np.int64:
        kind = types.scalar_name(types.of_array(a))
        raise errors.runtime(f"{name}(): Expected a long tensor for index, but got {kind}", "Convert it: index.long().")
    if a.size:
        worst = int(a.max()) if a.max() >= size else int(a.min())
        if not -size <= worst < size:
            raise errors.index(f"out of range: tried to access index {worst} on a tensor of {size} elements.")


@opaque(
    out="exact apart",
    methods="take",
    samples=lambda m: [
        m(m.f(2, 3), m.a([0, 5, -1])),
        m(m.f(2, 3), m.a([[1, 2], [1, 1]])),
        m(m.f(), m.a(0)),
        m(m.nc(3, 2), m.a([4, 2])),
        m(m.f(3), m.i(0)),
        m(m.i(4), m.a([3])),
    ],
    errors=lambda m: [
        m.error(IndexError, "out of range: tried to access index 12 on a tensor of 6 elements.", m.f(2, 3), m.a([12])),
        m.error(RuntimeError, "take(): Expected a long tensor for index, but got Double", m.f(3), m.f(2)),
    ],
)
def take(k, input, index):
    """The elements at these places of the flattened input, in the shape of ``index``.

    Gradient of ``input``: each ``g`` added at the place that it was read from, 0 elsewhere.
    """
    return in_order(np.asarray(input.reshape(-1)[index]))


@take.prepare
def _(input, index):
    _flat_index("take", index, _array(input).size)
    return (input, index), {}


take.nondiff("index")


@take.vjp("input")
def _(k, g, index, input):  # PyTorch's node keeps the input itself, and notices when it is written to
    return k.put(k.broadcast_gradient(k.zeros_of(k.sum(g)), size=tuple(input.shape)), index, g, accumulate=True)


@opaque(
    methods="put put_",
    samples=lambda m: [
        m(m.f(2, 3), m.a([0, 5, -2]), m.f(3)),
        m(m.f(2, 3), m.a([[1, 2], [1, 1]]), m.f(4), True),
        m(m.f(), m.a(0), m.f()),
        m(m.nc(3, 2), m.a([4, 2]), m.f(2)),
        m(m.f(3), m.i(0), m.f(0)),
        m(m.i(4), m.a([3]), m.i(1)),
    ],
    errors=lambda m: [
        m.error(
            IndexError,
            "out of range: tried to access index 12 on a tensor of 6 elements.",
            m.f(2, 3),
            m.a([12]),
            m.f(1),
        ),
        m.error(
            IndexError,
            "put_(): Expected source and index to have the same number of elements",
            m.f(3),
            m.a([1]),
            m.f(2),
        ),
        m.error(RuntimeError, "put_(): Expected a long tensor for index, but got Double", m.f(3), m.f(2), m.f(2)),
    ],
)
def put(k, input, index, source, *, accumulate=False):
    """A copy with ``source`` written (or added) at these places of the flattened input."""
    out = copied(input)
    flat = np.array(input).reshape(-1)  # a copy
    where, values = np.asarray(index).reshape(-1), np.asarray(source).reshape(-1)
    if accumulate:
        np.add.at(flat, where, values)
    else:
        flat[where] = values
    out[...] = flat.reshape(out.shape)
    return out


@put.prepare
def _(input, index, source, accumulate=False):
    _flat_index("put_", index, _array(input).size)
    if isinstance(source, Tensor) and isinstance(input, Tensor) and source.dtype is not input.dtype:
        names = types.scalar_name(input.dtype), types.scalar_name(source.dtype)
        raise errors.runtime(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {names[0]} and source.dtype = {names[1]}"
        )
    n, count = _array(source).size, _array(index).size
    if n != count:
        raise errors.index(
            f"put_(): Expected source and index to have the same number of elements, but got source.numel() = {n}, index.numel() = {count}"
        )
    return (input, index, source), {"accumulate": bool(accumulate)}


put.nondiff("index")


@put.vjp("input")
def _(k, g, index, accumulate):
    return g if accumulate else k.put(g, index, k.take(g, index) * 0.0)


@put.vjp("source")
def _(k, g, index, source):  # kept as ``take`` keeps its input
    return k.reshape_gradient(k.take(g, index), size=tuple(source.shape))


@function(
    methods="take_along_dim",
    samples=lambda m: [
        m(m.f(3, 4), m.a([[0, 2, 1, 0]]), 0),
        m(m.f(3, 4), m.a([5, 1])),
        m(m.nc(3, 2), m.a([[1], [0], [1]]), 1),
        m(m.f(2, 1), m.a([[0, 0, 0]]), 1),
        m(m.f(0, 2), m.i(0, 2), 0),
        m(m.f(), m.a([0])),
        m(m.i(4), m.a([2, 1]), 0),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "torch.take_along_dim(): input and indices should have the same number of dimensions",
            m.f(3, 2),
            m.a([0]),
            0,
        ),
        m.error(RuntimeError, "Expected dtype int32/int64 for index", m.f(3), m.f(2)),
    ],
)
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None, *, out: Any = None) -> Tensor:
    """The elements at ``indices`` along ``dim``, broadcast over the other dimensions; of the flattened input without ``dim``."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("take_along_dim", "input", 1, input)
    if not isinstance(indices, Tensor):
        raise errors.not_a_tensor("take_along_dim", "indices", 2, indices)
    gather = REGISTRY["gather"].public
    if dim is None:
        result = gather(input.reshape(-1), 0, indices.reshape(-1))
    else:
        if input._a.ndim != indices._a.ndim:
            raise errors.runtime(
                "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
                f"{input._a.ndim} dimensions for input, and {indices._a.ndim} dimensions for indices"
            )
        dim = check_dim(dim, input._a.ndim)
        if indices._a.size and indices._a.dtype.kind == "i" and indices._a.min() < 0:
            indices = REGISTRY["where"].public(indices < 0, indices + input._a.shape[dim], indices)
        elif recording() and requires_grad(input):  # what is kept is a copy in PyTorch, negative or not
            indices = indices.clone()  # type: ignore[attr-defined]
        x, i = list(input._a.shape), list(indices._a.shape)
        common = [max(p, q) if 0 not in (p, q) else 0 for p, q in zip(x, i, strict=True)]
        wide = [n if d != dim else x[dim] for d, n in enumerate(common)]
        index = [n if d != dim else i[dim] for d, n in enumerate(common)]
        result = gather(input.broadcast_to(wide), dim, indices.broadcast_to(index))
    return result if out is None else write_out("take_along_dim", out, result, (input,), "exact apart")  # type: ignore[no-any-return]


@opaque(
    methods="masked_scatter masked_scatter_",
    samples=lambda m: [
        m(m.f(2, 3), m.b(2, 3), m.f(6)),
        m(m.f(2, 3), m.b(3), m.f(2, 3)),
        m(m.f(3), m.b(2, 1), m.f(7)),
        m(m.f(), m.a(True), m.f(1)),
        m(m.f(0, 2), m.b(2), m.f(2)),
        m(m.nc(3, 2), m.b(3, 2), m.nc(3, 2)),
        m(m.i(3), m.b(3), m.i(3)),
    ],
    errors=lambda m: [
        m.error(
            RuntimeError,
            "Number of elements of source < number of ones in mask",
            m.f(3),
            m.a([True, True, True]),
            m.f(2),
        ),
        m.error(
            RuntimeError, "masked_scatter: expected self and source to have same dtypes but got", m.f(2), m.b(2), m.i(2)
        ),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.b(3), m.f(3)),
    ],
)
def masked_scatter(k, input, mask, source):
    """A copy with the elements of ``source``, in order, where the mask holds.

    Gradient of ``input``: ``g`` where the mask does not hold, 0 where it does.
    Gradient of ``source``: the elements of ``g`` where the mask holds, in order; 0 for those that were not used.
    """
    shape = np.broadcast_shapes(input.shape, mask.shape)
    out, where = np.array(np.broadcast_to(input, shape), order="C"), np.broadcast_to(mask, shape)
    count = int(where.sum())
    if source.size < count:
        raise errors.runtime("masked_scatter: Number of elements of source < number of ones in mask")
    out[where] = source.reshape(-1)[:count]
    return out


@masked_scatter.prepare
def _(input, mask, source):
    if isinstance(input, Tensor):
        if input.dtype is not source.dtype:
            names = types.scalar_name(input.dtype), types.scalar_name(source.dtype)
            raise errors.runtime(
                f"masked_scatter: expected self and source to have same dtypes but got{' and '.join(names)}"
            )
        if mask._a.dtype != np.bool_:
            raise errors.runtime(
                "masked_scatter_ only supports boolean masks, but got mask with dtype " + types.scalar_name(mask.dtype)
            )
        broadcast_shapes(input._a.shape, mask._a.shape)
    return (input, mask, source), {}


masked_scatter.nondiff("mask")


@masked_scatter.vjp("input")
def _(k, g, mask):
    return k.where(mask, 0.0, g)


@masked_scatter.vjp("source")
def _(k, g, mask, source_shape):
    # the elements that were written come first, the rest of the source got nowhere
    values = k.masked_select(g, mask)
    n = int(np.prod(source_shape))
    return k.reshape_gradient(
        k.basic_put(values, size=(n,), where=(slice(0, values.shape[0]),)), size=tuple(source_shape)
    )
