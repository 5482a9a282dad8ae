"""Writing by an index of the same rank: scatter and its reductions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..kernels.copies import contiguous, filled
from ..kernels.places import bounds
from ..kernels.places import scatter as scatter_by_machine
from ..op import opaque
from ..promotion import element
from ..tensor import Tensor


def _array(x: Any) -> Any:
    return x._a if isinstance(x, Tensor) else np.asarray(x)


def places(index: Any, dim: int) -> tuple[Any, ...]:
    """NumPy's index for ``out[..., index, ...]`` along ``dim``, the other coordinates running."""
    where = _coordinates(index.shape)
    return (*where[:dim], index, *where[dim % index.ndim + 1 :])


@functools.lru_cache(64)
def _coordinates(shape: tuple[int, ...]) -> tuple[Any, ...]:
    """``np.ogrid`` of a shape."""
    return tuple(np.ogrid[tuple(slice(0, n) for n in shape)])


def check_scatter(name: str, input: Any, index: Any, src: Any, dim: Any) -> int:
    """What PyTorch checks of a scatter but for the indices themselves (``check_places``); returns the dimension."""
    if not isinstance(index, (Tensor, np.ndarray)):
        raise errors.type_(
            f"{name}() received an invalid combination of arguments - got an index of {type(index).__name__}"
        )
    a, x = _array(index), _array(input)
    dim = check_dim(dim, x.ndim)
    if a.dtype not in (np.int64, np.int32):
        raise errors.runtime("scatter(): Expected dtype int32/int64 for index", "Convert it: index.long().")
    if isinstance(src, (Tensor, np.ndarray)):
        if isinstance(src, Tensor) and isinstance(input, Tensor) and src.dtype is not input.dtype:
            raise errors.runtime("scatter(): Expected self.dtype to be equal to src.dtype")
        b = _array(src)
        if a.size and max(a.ndim, 1) != max(b.ndim, 1):
            raise errors.runtime("Index tensor must have the same number of dimensions as src tensor")
    else:
        b = None
    if not a.size:
        return dim
    if max(a.ndim, 1) != max(x.ndim, 1):
        raise errors.runtime("Index tensor must have the same number of dimensions as self tensor")
    large = any(i != dim and p > q for i, (p, q) in enumerate(zip(a.shape, x.shape, strict=False)))
    if large or (b is not None and any(p > q for p, q in zip(a.shape, b.shape, strict=False))):
        than = "" if b is None else f" and to be no larger size than src {list(b.shape)}"
        raise errors.runtime(
            f"Expected index {list(a.shape)} to be no larger than self {list(x.shape)} apart from dimension {dim}{than}"
        )
    return dim


def check_places(input: Any, index: Any, dim: int) -> None:
    """Refuse indices that are not there, before anything is written."""
    low, high = bounds(index)
    n = input.shape[dim] if input.ndim else 1
    if low < 0 or high >= n:
        raise errors.runtime(f"index {low if low < 0 else high} is out of bounds for dimension {dim} with size {n}")


def _values(src: Any, index: Any) -> Any:
    if not isinstance(src, np.ndarray) or not src.ndim or src.shape == index.shape:
        return src
    return src[tuple([slice(0, n) for n in index.shape])]


def _at_least_1d(*xs: Any) -> Any:
    return [x if np.ndim(x) else np.reshape(x, (1,)) for x in xs]


def _ready(target: Any, index: Any, src: Any) -> Any:
    """All three with a dimension at least, of the target its own memory; what is read is no part of it."""
    index, src = [np.array(x) if np.may_share_memory(x, target) else x for x in (index, src)]
    return _at_least_1d(target, index, src) if not target.ndim else (target, index, src)


def _scatter_samples(m: Any) -> list[Any]:
    i = m.a([[0, 2, 1, 0], [1, 0, 2, 2]])
    return [
        m(m.f(3, 4), 0, i, m.f(2, 4)),
        m(m.f(3, 4), 1, m.a([[0, 2], [1, 3]]), m.f(2, 2)),
        m(m.f(3, 4), 1, m.a([[0, 2]]), m.f(2, 3)).value_only("torch fails backward"),
        m(m.f(3), 0, m.a([2, 0]), m.f(2)),
        m(m.f(), 0, m.a(0), m.f()),
        m(m.f(0, 2), 0, m.i(0, 2), m.f(0, 2)),
        m(m.nc(4, 3), -1, m.a([[0, 2, 1]]), m.nc(1, 3)),
        m(m.f(3, 4), 0, i.to(m.torch.int32), m.f(2, 4)),
        m(m.i(3, 4), 0, i, m.i(2, 4)),
        m(m.f(3), 0, m.i(0), m.f(0)),
    ]


def _scatter_errors(m: Any) -> list[Any]:
    i = m.a([[0, 2, 1, 0]])
    return [
        m.error(RuntimeError, "scatter(): Expected self.dtype to be equal to src.dtype", m.f(3, 4), 0, i, m.i(3, 4)),
        m.error(RuntimeError, "index 5 is out of bounds for dimension 0 with size 3", m.f(3), 0, m.a([5]), m.f(3)),
        m.error(RuntimeError, "scatter(): Expected dtype int32/int64 for index", m.f(3), 0, m.f(2), m.f(3)),
        m.error(
            RuntimeError, "Index tensor must have the same number of dimensions as", m.f(3, 4), 0, m.a([0]), m.f(3, 4)
        ),
        m.error(
            RuntimeError,
            "to be no larger than self [3, 4] apart from dimension 0",
            m.f(3, 4),
            0,
            m.i(1, 5, hi=1),
            m.f(3, 5),
        ),
        m.error(IndexError, "Dimension out of range", m.f(3), 3, m.a([0]), m.f(3)),
    ]


def _unique(m: Any) -> list[Any]:
    i = m.a([[0, 2, 1, 0], [1, 0, 2, 2]])
    return [
        m(m.f(3, 4), 0, i, m.f(2, 4)),
        m(m.f(3, 4), 1, m.a([[0, 2], [1, 3]]), m.f(2, 2)),
        m(m.f(3, 4), 1, m.a([[0, 2]]), m.f(2, 3)).value_only("torch fails backward"),
        m(m.f(), 0, m.a(0), m.f()),
        m(m.f(0, 2), 0, m.i(0, 2), m.f(0, 2)),
        m(m.nc(4, 3), -1, m.a([[0, 2, 1]]), m.nc(1, 3)),
        m(m.f(3, 4), 0, i.to(m.torch.int32), m.f(2, 4)),
        m(m.f(3, 4), 0, i, 1.5),
        m(m.i(3, 4), 0, i, m.i(2, 4)),
        m(m.f(3, 4), 0, i, value=2),
        m(m.f(3), 0, m.i(0), m.f(0)),
        m(m.f(3, 4), 0, i, m.f(2, 4), reduce="add").value_only("torch has no derivative"),
        m(m.f(3, 4), 0, i, 2.0, reduce="multiply").value_only("torch has no derivative"),
    ]


@opaque(
    out="exact partial",
    methods="scatter scatter_",
    grad_name=lambda inputs, attrs: (
        "NotImplemented" if attrs["reduce"] else f"ScatterBackward{int(not isinstance(inputs[2], Tensor))}"
    ),
    samples=_unique,
    errors=_scatter_errors,
)
def scatter(k, input, index, src, *, dim, reduce=None):
    """A copy with ``src`` written by index along ``dim``: ``out[index[i][j]][j] = src[i][j]`` for dim 0.

    Gradient of ``src``: g at the place that each was written to.
    """
    out = contiguous(input)
    _write(out, index, src, dim, reduce)
    return out


def _write(target, index, src, dim, reduce=None):
    flat, index, src = _ready(target, index, src)
    if index.size:
        check_places(flat, index, dim)
        values = _values(src, index)
        if reduce is not None:
            (np.add if reduce == "add" else np.multiply).at(flat, places(index, dim), values)
            return
        if not isinstance(values, np.ndarray) or not values.ndim:
            values = filled(index.shape, values, flat.dtype)
        if not scatter_by_machine(flat, values, index, dim, add=False):
            flat[places(index, dim)] = values


scatter.writes(_write)


@scatter.prepare
def _(input, dim, index, src=None, *, value=None, reduce=None):
    src = value if src is None else src
    if src is None:
        raise errors.type_("scatter() received an invalid combination of arguments: there is no src and no value")
    if reduce not in (None, "add", "multiply"):
        raise errors.runtime("reduce argument must be either add or multiply.")
    dim = check_scatter("scatter", input, index, src, dim)
    if not isinstance(src, (Tensor, np.ndarray)) and isinstance(input, Tensor):
        src = element(src, input.dtype).item()
    return (input, index, src), {"dim": dim, "reduce": reduce}


scatter.nondiff("index")


@scatter.vjp("input")
def _(k, g, index, dim, reduce):
    if reduce is not None:
        raise errors.runtime("derivative for aten::scatter is not implemented", "Use scatter_reduce.")
    return k.scatter(g, dim, index, 0.0)


@scatter.vjp("src")
def _(k, g, index, src_shape, dim, reduce):
    if reduce is not None:
        raise errors.runtime("derivative for aten::scatter is not implemented", "Use scatter_reduce.")
    return _for_source(k, k.gather(g, dim, index), index, src_shape)


def _for_source(k, g, index, src_shape):
    """A gathered gradient in the shape of the source, whose rest was not read."""
    if tuple(src_shape) == tuple(index.shape):
        return g
    if not tuple(src_shape):
        return k.sum(g)
    return k.basic_put(g, size=tuple(src_shape), where=tuple(slice(0, n) for n in tuple(index.shape)))


@opaque(out="exact partial", methods="scatter_add scatter_add_", samples=_scatter_samples, errors=_scatter_errors)
def scatter_add(k, input, index, src, *, dim):
    """A copy with ``src`` added by index along ``dim``: ``out[index[i][j]][j] += src[i][j]`` for dim 0.

    Gradient of ``src``: g at the place that each was added to.
    """
    out = contiguous(input)
    _add(out, index, src, dim)
    return out


def _add(target, index, src, dim):
    flat, index, src = _ready(target, index, src)
    if index.size:
        check_places(flat, index, dim)
        values = _values(src, index)
        if not scatter_by_machine(flat, values, index, dim, add=True):
            np.add.at(flat, places(index, dim), values)


scatter_add.writes(_add)


@scatter_add.prepare
def _(input, dim, index, src):
    return (input, index, src), {"dim": check_scatter("scatter_add", input, index, src, dim)}


scatter_add.nondiff("index")


@scatter_add.vjp("input")
def _(k, g):
    return g


@scatter_add.vjp("src")
def _(k, g, index, src_shape, dim):
    return _for_source(k, k.gather(g, dim, index), index, src_shape)


# --- reductions ---------------------------------------------------------------------------------------------------------
REDUCTIONS: dict[str, Any] = {
    "sum": np.add,
    "mean": np.add,
    "prod": np.multiply,
    "amax": np.maximum,
    "amin": np.minimum,
}


def _least(dtype: Any) -> Any:
    return -np.inf if dtype.kind in "fV" else False if dtype.kind == "b" else np.iinfo(dtype).min


def _most(dtype: Any) -> Any:
    return np.inf if dtype.kind in "fV" else True if dtype.kind == "b" else np.iinfo(dtype).max


def reduce_into(out: Any, where: tuple[Any, ...], values: Any, reduce: str, include_self: bool) -> None:
    """Combine ``values`` into ``out`` at ``where``; without ``include_self`` what was there does not count."""
    if not include_self:
        start = {"sum": 0, "mean": 0, "prod": 1}.get(reduce)
        if start is None:
            start = _least(out.dtype) if reduce == "amax" else _most(out.dtype)
        out[where] = start
    REDUCTIONS[reduce].at(out, where, values)
    if reduce == "mean":
        count = np.full(out.shape, int(include_self), np.int64)
        np.add.at(count, where, 1)
        count = np.maximum(count, 1)
        out[...] = out // count if out.dtype.kind in "biu" else out / count


def _reduce_samples(m: Any) -> list[Any]:
    i = m.a([[0, 2, 1, 0], [1, 0, 2, 2]])
    out = []
    for way in REDUCTIONS:
        out += [
            m(m.f(3, 4), 0, i, m.f(2, 4), way),
            m(m.f(3, 4), 0, i, m.f(2, 4), way, include_self=False),
            m(m.i(3, 4), 0, i, m.i(2, 4), way),
        ]
    return [
        *out,
        m(m.f(), 0, m.a(0), m.f(), "sum"),
        m(m.f(0, 2), 0, m.i(0, 2), m.f(0, 2), "sum"),
        m(m.nc(4, 3), -1, m.a([[0, 2, 1]]), m.nc(1, 3), "prod"),
    ]


@opaque(
    methods="scatter_reduce scatter_reduce_",
    real_gradient=True,
    samples=_reduce_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "reduce argument must be either sum, prod, mean, amax or amin, got x",
            m.f(3),
            0,
            m.a([0]),
            m.f(3),
            "x",
        ),
        m.error(
            RuntimeError, "scatter(): Expected self.dtype to be equal to src.dtype", m.f(3), 0, m.a([0]), m.i(3), "sum"
        ),
        m.error(
            RuntimeError, "index 5 is out of bounds for dimension 0 with size 3", m.f(3), 0, m.a([5]), m.f(3), "sum"
        ),
    ],
)
def scatter_reduce(k, input, index, src, *, dim, reduce, include_self=True):
    """A copy with ``src`` combined by index along ``dim``: ``sum``, ``prod``, ``mean``, ``amax`` or ``amin``.

    Gradient of ``input`` (reduce sum): g; 0 where something was put, unless ``include_self``.
    Gradient of ``input`` (reduce mean): ``g / count``, of how many the mean is; 0 where something was put, unless ``include_self``.
    Gradient of ``input`` (reduce prod): ``g * out / input``, by the product of the others where it is 0; 0 where something was put,
    unless ``include_self``.
    Gradient of ``input``: g at the elements that were taken, shared among equals; 0 elsewhere.
    Gradient of ``src`` (reduce sum): g at the place that each was added to.
    Gradient of ``src`` (reduce mean): ``g / count`` at the place that each was added to.
    Gradient of ``src`` (reduce prod): ``g * out / src`` at the place of each, by the product of the others where it is 0.
    Gradient of ``src``: g at the elements that were taken, shared among equals; 0 elsewhere.
    """
    out = np.array(input, order="C")
    flat, index, src = _at_least_1d(out, index, src) if not out.ndim else (out, index, src)
    if index.size:
        check_places(flat, index, dim)
        reduce_into(flat, places(index, dim), _values(src, index), reduce, include_self)
    return flat.reshape(out.shape)


@scatter_reduce.prepare
def _(input, dim, index, src, reduce, *, include_self=True):
    if reduce not in REDUCTIONS:
        raise errors.runtime(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")

    def refuse(name: str) -> None:
        raise NotImplementedError(f"\"{name}\" not implemented for '{types.scalar_name(input.dtype)}'")

    dim = check_scatter("scatter_reduce", input, index, src, dim)
    kind = _array(input).dtype.kind
    if (kind == "c" and reduce in ("amax", "amin")) or (kind == "b" and reduce == "mean"):
        if _array(index).size:
            refuse(f"scatter_gather_tensor_cpu_reduce_{reduce}")
        if kind == "b":
            refuse("div_floor_cpu")
    return (input, index, src), {"dim": dim, "reduce": reduce, "include_self": bool(include_self)}


scatter_reduce.nondiff("index")


@scatter_reduce.vjp_joint
def _(k, g, input, index, src, out, dim, reduce, include_self):
    return reduced_gradients(
        k,
        g,
        input,
        src,
        out,
        reduce,
        include_self,
        lambda x: k.gather(x, dim, index),
        lambda x, s: k.scatter_add(x, dim, index, s),
        lambda x, v: k.scatter(x, dim, index, v),
        lambda s: _for_source(k, s, index, tuple(src.shape)),
        lambda s: (
            s
            if tuple(s.shape) == tuple(index.shape)
            else k.basic_slice(s, where=tuple(slice(0, n) for n in tuple(index.shape)))
        ),
        lambda x, v: k.scatter_reduce(x, dim, index, v, reduce, include_self=include_self),
    )


def reduced_gradients(
    k: Any,
    g: Any,
    input: Any,
    src: Any,
    out: Any,
    reduce: Any,
    include_self: Any,
    gather: Any,
    add: Any,
    put: Any,
    whole: Any,
    used: Any,
    again: Any,
) -> Any:
    """The gradients of a reduction by index, given how it gathers, adds and writes."""
    zero = k.zeros_of(input)
    src = used(src)
    none = k.zeros_of(src)
    mine = g if include_self else put(g, 0.0)
    if reduce == "sum":
        return mine, None, whole(gather(g))
    if reduce == "mean":
        count = add(zero + 1.0 if include_self else put(zero + 1.0, 0.0), none + 1.0)
        return mine / count, None, whole(gather(g / count))
    if reduce == "prod":
        # a zero gets the product of the others, which is computed without it
        filled = k.where(input == 0.0, zero + 1.0, input)
        gone = src == 0.0
        alone = k.logical_and(gone, gather(add(zero, k.where(gone, none + 1.0, none))) == 1.0)
        others = again(input, k.where(alone, none + 1.0, src))
        rest = gather(g * out) / k.where(gone, none + 1.0, src)
        return mine * again(filled, src) / filled, None, whole(k.where(alone, gather(g * others), rest))
    hit_input = k.where(input == out, zero + 1.0, zero)
    if not include_self:
        hit_input = put(hit_input, 0.0)
    hit_src = k.where(src == gather(out), none + 1.0, none)
    count = add(hit_input, hit_src)
    share = k.where(count == 0.0, zero, g / count)
    return share * hit_input, None, whole(gather(share) * hit_src)
