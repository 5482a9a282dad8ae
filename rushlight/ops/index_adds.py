"""Whole slices written, added or combined by an index vector along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..kernels import copies, layouts, places
from ..op import opaque
from ..promotion import element
from ..tensor import Tensor, wrap
from .rearrange import need_index
from .reduction import _as as constant
from .scatters import reduce_into, reduced_gradients


def _where(dim: int, index: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * dim, index.reshape(-1))


def _vector(x: Any) -> Any:
    return x.reshape(1) if not x.ndim else x


def _samples(m: Any) -> list[Any]:
    return [
        m(m.f(3, 4), 0, m.a([2, 0]), m.f(2, 4)),
        m(m.f(3, 4), 1, m.a([2, 0]), m.f(3, 2)),
        m(m.nc(3, 4), -1, m.a([1]), m.nc(3, 1)),
        m(m.f(3), 0, m.a([1]), m.f(1)),
        m(m.f(), 0, m.a([0]), m.f()),
        m(m.f(0, 2), 1, m.a([0]), m.f(0, 1)),
        m(m.i(3), 0, m.a([1, 2]), m.i(2)),
        m(m.f(3, 2), 0, m.i(0), m.f(0, 2)),
    ]


def _errors(name: str, said: str) -> Any:
    return lambda m: [
        m.error(IndexError, said, m.f(3), 0, m.a([5]), m.f(1)),
        m.error(RuntimeError, f"{name}_(): ", m.f(3), 0, m.a([1]), m.i(1)),
        m.error(IndexError, "Dimension out of range", m.f(3), 5, m.a([1]), m.f(1)),
    ]


def _same_but(dim: int, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are the same, whatever stands at ``dim``."""
    return len(one) == len(other) and all(n == m for i, (n, m) in enumerate(zip(one, other, strict=True)) if i != dim)


def _check(
    name: str, input: Any, dim: Any, index: Any, source: Any, long_only: bool, out_of_range: Any, single: bool = True
) -> int:
    """What index_add and index_copy check; returns the dimension. ``single``: the source counts once."""
    dim = check_dim(dim, input.ndim)
    if not isinstance(input, Tensor):
        return dim
    a = index._a
    if long_only and a.dtype != np.int64:
        raise errors.runtime(f"{name}_(): Expected a long tensor for index, but got {types.scalar_name(index.dtype)}")
    if a.dtype not in (np.int64, np.int32):
        raise errors.runtime(
            f"{name}_(): Expected dtype int32/int64 for index but got: {types.scalar_name(index.dtype)}"
        )
    if a.ndim > 1:
        raise errors.index(
            f"{name}_(): Index is supposed to be a vector, but got dim: {a.ndim} with type: {types.scalar_name(index.dtype)} and "
            f"size: {list(a.shape)}"
        )
    if input.dtype is not source.dtype:
        names = types.scalar_name(input.dtype), types.scalar_name(source.dtype)
        raise errors.runtime(
            f"{name}_(): self and source expected to have the same dtype, but got (self) {names[0]} and (source) {names[1]}"
            if long_only
            else f"{name}_(): self ({names[0]}) and source ({names[1]}) must have the same scalar type"
        )
    s = source._a
    if long_only and s.ndim and input.ndim and s.ndim != input.ndim:
        raise errors.index(
            f"{name}_(): When source and destination are not scalars, their dimensionality must match. Source dimensionality "
            f"({s.ndim}), destination dimensionality ({input.ndim})"
        )
    n = s.shape[dim] if s.ndim > dim else 1
    fits = _same_but(dim, input._a.shape, s.shape)
    if long_only and s.ndim and input.ndim and not fits:
        slices = [[n for i, n in enumerate(x.shape) if i != dim] for x in (input._a, s)]
        raise errors.runtime(
            f"{name}_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, slices[0]))} at dimension {dim} and source slice shape: {' '.join(map(str, slices[1]))} at "
            f"dimension {dim}."
        )
    if n != a.size and long_only:
        raise errors.index(f"{name}_(): Number of indices ({a.size}) should be equal to source.size(dim) ({n})")
    if n != a.size:
        raise errors.runtime(
            f"{name}_(): Number of indices ({a.size}) should be equal to source.size(dim): ({n}), for dim: {dim}"
        )
    if not long_only and not fits:
        raise errors.runtime(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(input._a.shape)} source.shape = {list(s.shape)}"
        )
    size = input._a.shape[dim] if input.ndim else 1
    if not input._a.size and (input.ndim > 1 if not long_only else size):
        return dim  # no index is looked at where there is nothing
    low, high = places.bounds(a) if a.size else (0, -1)
    if low < 0 or high >= size:
        worst = high if high >= size else low
        prefix = f"{name}_(): " if long_only else ""
        if (not single or dim not in (0, input.ndim - 1) or input.ndim <= 1) and not long_only:
            raise errors.index(
                "index out of range in self", f"{name}_ got {worst} along dimension {dim} of size {size}."
            )
        raise (out_of_range if size else errors.runtime)(
            f"{prefix}index {worst} is out of bounds for dimension {dim} with size {size}"
        )
    return dim


@opaque(
    out="exact partial",
    methods="index_add index_add_",
    samples=lambda m: [
        *_samples(m),
        m(m.f(3, 2), 0, m.a([1, 1, 0]), m.f(3, 2), alpha=2),
        m(m.f(3), 0, m.a([1, 1], m.torch.int32), m.f(2)),
    ],
    errors=_errors("index_add", "out of range in self"),
)
def index_add(k, input, index, source, *, dim, alpha=1):
    """A copy with ``alpha * source`` added to the slices at ``index`` along ``dim``."""
    out = copies.contiguous(input)
    _add(out, index, source, dim, alpha)
    return out


def _add(target, index, source, dim, alpha=1):
    if not target.size:
        return
    index, source = [np.array(x) if np.may_share_memory(x, target) else x for x in (index, source)]
    view = target.reshape(1) if not target.ndim else target
    added = _vector(source) if alpha == 1 else _vector(source) * source.dtype.type(alpha)
    if not places.add_slices(view, added, index, dim):
        np.add.at(view, _where(dim, index), added)


index_add.writes(_add)


@index_add.prepare
def _(input, dim, index, source, *, alpha=1):
    dim = _check("index_add", input, dim, index, source, False, errors.runtime, alpha == 1)
    return (input, index, source), {"dim": dim, "alpha": alpha}


index_add.nondiff("index")


@index_add.vjp("input")
def _(k, g):
    return g


@index_add.vjp("source")
def _(k, g, index, source, dim, alpha):
    out = _selected(k, g, index, source, dim)
    return out if alpha == 1 else out * alpha


def _selected(k, g, index, source, dim):
    """The gradient of what was written; PyTorch's nodes keep it, though its shape is all that is asked for."""
    return k.reshape_gradient(k.index_select(g, dim, index) if g.ndim else g, size=tuple(source.shape))


@opaque(
    out="exact partial",
    methods="index_copy index_copy_",
    samples=_samples,
    errors=_errors("index_copy", "index 5 is out of bounds for dimension 0 with size 3"),
)
def index_copy(k, input, index, source, *, dim):
    """A copy with ``source`` written to the slices at ``index`` along ``dim``."""
    out = np.array(input, order="C")
    if not out.size:
        return out
    view = out.reshape(1) if not out.ndim else out
    view[_where(dim, index)] = _vector(source)
    return out


@index_copy.prepare
def _(input, dim, index, source):
    return (input, index, source), {"dim": _check("index_copy", input, dim, index, source, True, errors.index)}


index_copy.nondiff("index")


@index_copy.vjp("input")
def _(k, g, index, dim):
    return k.index_fill(g, dim, index, 0.0)


@index_copy.vjp("source")
def _(k, g, index, source, dim):
    return _selected(k, g, index, source, dim)


@opaque(
    methods="index_fill index_fill_",
    grad_name=lambda inputs, attrs: f"IndexFillBackward{int(isinstance(inputs[2], Tensor))}",
    samples=lambda m: [
        m(m.f(3, 4), 0, m.a([2, 0]), 1.5),
        m(m.f(3, 4), 1, m.a([2, 0]), m.f()),
        m(m.nc(3, 4), -1, m.a([1]), 2),
        m(m.f(), 0, m.a([0]), 1.0),
        m(m.f(0, 2), 1, m.a([0]), 1.0),
        m(m.i(3), 0, m.a([1, 2]), 7),
        m(m.f(3), 0, m.i(0), 1.0),
    ],
    errors=lambda m: [
        m.error(IndexError, "index 5 is out of bounds for dimension 0 with size 3", m.f(3), 0, m.a([5]), 1.0),
        m.error(RuntimeError, "index_fill_ only supports a 0-dimensional value tensor", m.f(3), 0, m.a([1]), m.f(1)),
        m.error(IndexError, "index_fill_(): Expected dtype int64 for index.", m.f(3), 0, m.f(1), 1.0),
    ],
)
def index_fill(k, input, index, value, *, dim):
    """A copy with ``value`` written to the slices at ``index`` along ``dim``.

    Gradient of ``input``: ``g``, but 0 at the slices that were written.
    Gradient of ``value``: ``sum of g`` over the slices that were written.
    """
    out = layouts.copied(input)
    if not out.size:
        return out
    view = out.reshape(1) if not out.ndim else out
    view[_where(dim, index)] = value
    return out


@index_fill.prepare
def _(input, dim, index, value):
    if isinstance(value, complex) and isinstance(input, Tensor) and not input.dtype.is_complex:
        raise errors.runtime("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    dim = check_dim(dim, input.ndim)
    if isinstance(input, Tensor):
        if index._a.dtype != np.int64:
            raise errors.index("index_fill_(): Expected dtype int64 for index.")
        if isinstance(value, Tensor) and value._a.ndim:
            raise errors.runtime(
                f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._a.ndim} dimension(s)."
            )
        if not isinstance(value, Tensor):
            value = element(value, input.dtype)
        size = input._a.shape[dim] if input.ndim else 1
        if index._a.size and index._a.min() < 0:  # counted from the end, here alone
            index = wrap(np.where(index._a < 0, index._a + size, index._a))
        if not size and index._a.size:
            raise errors.runtime(f"index_fill_(): dimension {dim} has size 0, there is nothing to fill")
        if input._a.size:
            need_index(index, size, dim)
    return (input, index, value), {"dim": dim}


index_fill.nondiff("index")


@index_fill.vjp("input")
def _(k, g, index, dim):
    return k.index_fill(g, dim, index, 0.0)


@index_fill.vjp("value")
def _(k, g, index, dim):
    once = constant(k, np.unique(index._a if isinstance(index, Tensor) else index))
    return k.sum(k.index_select(g, dim, once)) if g.ndim else g


_WAYS = ("prod", "mean", "amax", "amin")


def _reduce_samples(m: Any) -> list[Any]:
    i = m.a([2, 0, 0])
    out = []
    for way in _WAYS:
        out += [
            m(m.f(3, 4), 0, i, m.f(3, 4), way),
            m(m.f(3, 4), 0, i, m.f(3, 4), way, include_self=False),
            m(m.nc(3, 4), 1, m.a([3]), m.f(3, 1), way),
        ]
    return [
        *out,
        m(m.f(), 0, m.a([0]), m.f(), "prod").value_only("0-d"),
        m(m.f(0, 2), 1, m.a([0]), m.f(0, 1), "amax"),
        m(m.i(3), 0, m.a([1, 1]), m.i(2), "prod"),
    ]


@opaque(
    methods="index_reduce index_reduce_",
    real_gradient=True,
    refuses=dict.fromkeys(("bool", "complex"), "index_func_"),
    samples=_reduce_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got x.",
            m.f(3),
            0,
            m.a([1]),
            m.f(1),
            "x",
        ),
        m.error(IndexError, "Dimension out of range", m.f(3), 5, m.a([1]), m.f(1), "prod"),
    ],
)
def index_reduce(k, input, index, source, *, dim, reduce, include_self=True):
    """A copy with ``source`` combined into the slices at ``index``: ``prod``, ``mean``, ``amax`` or ``amin``.

    Gradient of ``input`` (reduce sum): g; 0 where something was put, unless ``include_self``.
    Gradient of ``input`` (reduce mean): ``g / count``, of how many the mean is; 0 where something was put, unless ``include_self``.
    Gradient of ``input`` (reduce prod): ``g * out / input``, by the product of the others where it is 0; 0 where something was put,
    unless ``include_self``.
    Gradient of ``input``: g at the elements that were taken, shared among equals; 0 elsewhere.
    Gradient of ``source`` (reduce sum): g at the place that each was added to.
    Gradient of ``source`` (reduce mean): ``g / count`` at the place that each was added to.
    Gradient of ``source`` (reduce prod): ``g * out / source`` at the place of each, by the product of the others where it is 0.
    Gradient of ``source``: g at the elements that were taken, shared among equals; 0 elsewhere.
    """
    out = np.array(input, order="C")
    view = out.reshape(1) if not out.ndim else out
    reduce_into(view, _where(dim, index), _vector(source), reduce, include_self)
    return out


@index_reduce.prepare
def _(input, dim, index, source, reduce, *, include_self=True):
    if reduce not in _WAYS:
        raise errors.runtime(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    dim = _check("index_reduce", input, dim, index, source, False, errors.runtime)
    return (input, index, source), {"dim": dim, "reduce": reduce, "include_self": bool(include_self)}


index_reduce.nondiff("index")


@index_reduce.vjp_joint
def _(k, g, input, index, source, out, dim, reduce, include_self):
    return reduced_gradients(
        k,
        g,
        input,
        source,
        out,
        reduce,
        include_self,
        lambda x: k.index_select(x, dim, index),
        lambda x, s: k.index_add(x, dim, index, s),
        lambda x, v: k.index_fill(x, dim, index, v),
        lambda s: s,
        lambda s: s,
        lambda x, v: k.index_reduce(x, dim, index, v, reduce, include_self=include_self),
    )
