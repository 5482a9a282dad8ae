"""What stands at a rank: median, kthvalue, mode, quantile."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..errors import check_dim
from ..functions import function
from ..kernels import sorting
from ..kernels.along import taken_along
from ..node import history_first
from ..op import reduction
from ..promotion import cast_array, refuse
from ..readers import REGISTRY
from ..return_types import named
from ..tensor import Tensor, wrap
from ..writing import write_out
from .reduction import TO_EQUALS, need_tensor


def _pick(input, index, dim, keepdim):
    index = np.expand_dims(index, dim)
    value = taken_along(input, index, dim)
    return (value, index) if keepdim else (value.squeeze(dim), index.squeeze(dim))


def _order(x, dim):
    """The indices that sort along a dimension, equal elements in the order in which they stand."""
    found = sorting.ordered(x, dim % x.ndim, False)
    return np.argsort(sorting.for_numpy(x), axis=dim, kind="stable") if found is None else found[1]


def _median_index(x, skip_nan):
    """Along the last axis, the index of the lower median; of NaN if there is one, unless they are skipped."""
    order = _order(x, -1)  # NaNs last
    n = x.shape[-1]
    nans = np.isnan(x).sum(-1) if x.dtype.kind in "fV" else np.zeros(x.shape[:-1], np.int64)
    if skip_nan:
        rank = np.maximum(n - nans - 1, 0) // 2
    else:
        rank = np.where(nans > 0, n - nans, (n - 1) // 2)
    return taken_along(order, rank[..., None], -1)[..., 0]


def _medians(name: str, skip_nan: bool, doc: str) -> None:
    refuses = {"bool": "median_cpu", "complex": "median_cpu"}

    def full(k, input):
        if not input.size:
            return cast_array(np.array(np.nan), input.dtype)
        flat = input.reshape(-1)
        return np.asarray(flat[_median_index(flat, skip_nan)])

    full.__name__, full.__doc__ = name + "_all", f"{doc}\n\n    {TO_EQUALS}"
    full_op = reduction(
        public=False,
        grad_name=f"{name.capitalize()}Backward0",
        refuses=refuses,
        refuses_where="elements",
        real_gradient=True,
        torch_name=name,
    )(full)

    @full_op.vjp("input")
    def _(k, g, input, out):
        hit = (input == out) | ((input != input) & (out != out))
        return k.where(hit, g / k.sum(hit), 0.0)

    def along(k, input, *, dim, keepdim):
        if not input.ndim:
            return input.copy(), np.zeros((), np.int64)
        return _pick(input, _median_index(np.moveaxis(input, dim, -1), skip_nan), dim, keepdim)

    along.__name__, along.__doc__ = name + "_dim", doc
    along_op = reduction(
        public=False,
        outputs=("values", "indices"),
        n_diff=1,
        grad_name=f"{name.capitalize()}Backward1",
        refuses=refuses,
    )(along)

    @along_op.vjp("input")
    def _(k, g, input_shape, indices, dim, keepdim):
        return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=keepdim)

    def public(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
        need_tensor(name, input)
        if dim is None:
            result = full_op.public(input)
        else:
            d = check_dim(dim, input._a.ndim)
            if input._a.ndim and not input._a.shape[d]:
                raise errors.index(f"median(): Expected reduction dim {dim} to have non-zero size.")
            result = named(name, ("values", "indices"))(*along_op.public(input, dim=d, keepdim=keepdim))
        return result if out is None else write_out(name, out, result, (input,), "exact partial")

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        methods=name,
        samples=lambda m: [
            m(m.f(5)),
            m(m.f(4)),
            m(m.f(3, 4), 0),
            m(m.f(3, 4), 1, True),
            m(m.f()),
            m(m.f(), 0),
            m(m.f(0, 2)),
            m(m.f(0, 2), 1),
            m(m.nc(3, 4), -1),
            m(m.i(5)),
            m(m.b(3)),
            m(m.c(3)),
            m(m.a([1.0, float("nan"), 0.0, 3.0])).value_only("nan"),
            m(m.a([[1.0, float("nan"), 0.0], [2.0, 1.0, 5.0]]), 1).value_only("nan"),
        ],
        errors=lambda m: [
            m.error(IndexError, "median(): Expected reduction dim 0 to have non-zero size.", m.f(0, 2), 0),
            m.error(IndexError, "Dimension out of range", m.f(2), 3),
            m.error(NotImplementedError, "\"median_cpu\" not implemented for 'Bool'", m.b(2)),
        ],
    )(history_first(public))


_medians("median", False, "The lower median, of all elements or along ``dim`` with its index; NaN if there is one.")
_medians("nanmedian", True, "The lower median of what is not NaN, of all elements or along ``dim`` with its index.")


def _selecting(name: str, doc: str, refuses: Any) -> Any:
    """An op that selects one element along ``dim``: values, indices, and the gradient to the place selected."""

    def declare(forward):
        forward.__name__, forward.__doc__ = name + "_pair", doc
        op = reduction(
            public=False,
            outputs=("values", "indices"),
            n_diff=1,
            grad_name=f"{name.capitalize()}Backward0",
            refuses=refuses,
            refuses_where="dimensions",
            real_gradient=True,
            torch_name=name,
        )(forward)

        @op.vjp("input")
        def _(k, g, input_shape, indices, dim, keepdim):
            return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=keepdim)

        return op

    return declare


@_selecting("kthvalue", "The k-th smallest element along ``dim``.", dict.fromkeys(("bool", "complex"), "kthvalue_cpu"))
def kthvalue_pair(k, input, *, kth, dim, keepdim):
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    index = np.take(_order(input, dim), kth - 1, axis=dim)
    return _pick(input, index, dim, keepdim)


@function(
    methods="kthvalue",
    samples=lambda m: [
        m(m.f(5), 2),
        m(m.f(3, 4), 2, 0),
        m(m.f(3, 4), 1, 1, True),
        m(m.f(), 1),
        m(m.f(0, 2), 1),
        m(m.nc(3, 4), 3),
        m(m.i(1), 1),
        m(m.b(2), 1),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "kthvalue(): selected number k out of range for dimension 0", m.f(3), 4),
        m.error(IndexError, "Dimension out of range", m.f(2), 1, 3),
        m.error(NotImplementedError, "\"kthvalue_cpu\" not implemented for 'Bool'", m.b(2), 1),
    ],
)
@history_first
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The ``k``-th smallest element along ``dim``, with its index."""
    need_tensor("kthvalue", input)
    d = check_dim(dim, input._a.ndim)
    if input._a.ndim and not input._a.shape[d]:
        raise errors.index(f"kthvalue(): Expected reduction dim {d} to have non-zero size.")
    if not 1 <= k <= (input._a.shape[d] if input._a.ndim else 1):
        raise errors.runtime(f"kthvalue(): selected number k out of range for dimension {d}")
    if input._a.ndim:
        refuse(kthvalue_pair, input.dtype)  # without elements too
    result = named("kthvalue", ("values", "indices"))(*kthvalue_pair.public(input, kth=int(k), dim=d, keepdim=keepdim))
    return result if out is None else write_out("kthvalue", out, result, (input,), "exact apart")


@_selecting(
    "mode",
    "The commonest element along ``dim``, the smallest of equals; the last index of it.",
    {"complex": "mode_cpu"},
)
def mode_pair(k, input, *, dim, keepdim):
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    rows = np.moveaxis(input, dim, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    order = _order(flat, -1)
    index = np.empty(flat.shape[0], np.int64)
    for i, (row, o) in enumerate(zip(flat, order, strict=True)):
        s = row[o]
        ends = np.append(np.flatnonzero(s[1:] != s[:-1]), s.size - 1)
        lengths = np.diff(ends, prepend=-1)
        index[i] = o[ends[np.argmax(lengths)]]
    return _pick(input, index.reshape(rows.shape[:-1]), dim, keepdim)


@function(
    methods="mode",
    samples=lambda m: [
        m(m.i(8)),
        m(m.i(3, 6, hi=3), 0),
        m(m.i(3, 6, hi=3), 1, True),
        m(m.f(4)),
        m(m.f()),
        m(m.f(0, 2)),
        m(m.nc(3, 4)),
        m(m.b(5)),
    ],
    errors=lambda m: [
        m.error(IndexError, "mode(): Expected reduction dim 0 to have non-zero size.", m.f(0, 2), 0),
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
    ],
)
def mode(input: Tensor, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The commonest element along ``dim``, with the last index of it."""
    need_tensor("mode", input)
    d = check_dim(dim, input._a.ndim)
    if input._a.ndim and not input._a.shape[d]:
        raise errors.index(f"mode(): Expected reduction dim {dim} to have non-zero size.")
    result = named("mode", ("values", "indices"))(*mode_pair.public(input, dim=d, keepdim=keepdim))
    return result if out is None else write_out("mode", out, result, (input,), "exact partial")


# --- quantiles --------------------------------------------------------------------------------------------------------
_WAYS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(input: Tensor, q: Any, interpolation: str) -> Tensor:
    need_tensor("quantile", input)
    if input.dtype not in (types.float32, types.float64):
        raise errors.runtime(
            "quantile() input tensor must be either float or double dtype", "Convert first: x.float()."
        )
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise errors.runtime(f"quantile() q must be in the range [0, 1] but got {q:g}")
        q = wrap(np.asarray(q, input._a.dtype))
    elif q.dtype is not input.dtype:
        raise errors.runtime("quantile() q tensor must be same dtype as the input tensor")
    if q._a.ndim > 1:
        raise errors.runtime("quantile() q must be a scalar or 1D tensor")
    if not ((q._a >= 0) & (q._a <= 1)).all():
        raise errors.runtime("quantile() q values must be in the range [0, 1]")
    if not input._a.size:
        raise errors.runtime("quantile() input tensor must be non-empty")
    if interpolation not in _WAYS:
        raise errors.runtime(
            f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    return q


@levels.by_example
def _quantile(input: Tensor, q: Any, dim: Any, keepdim: bool, way: str, skip_nan: bool) -> Tensor:
    """Ranks in the sorted elements; between two of them ``lerp``."""
    original = input._a.ndim
    many = isinstance(q, Tensor) and q._a.ndim == 1
    q = _check_quantile(input, q, way)
    flat = dim is None
    x = input.reshape(-1) if flat else input if original else input.reshape(1)
    d = 0 if flat else check_dim(dim, original)
    ordered = _ascending(x.movedim(d, -1))
    n = ordered._a.shape[-1]
    ranks = q.reshape(-1) if not many else q
    if skip_nan:
        count = (~ordered.detach().isnan()).sum(-1, keepdim=True)
        ranks = ranks * (count - 1)
        ranks = REGISTRY["where"].public(ranks < 0, n - 1.0, ranks)
    else:
        last = ranks * (n - 1)
        nan = ordered.detach().isnan().any(-1, keepdim=True)
        ranks = REGISTRY["where"].public(nan, n - 1.0, last.expand(*ordered._a.shape[:-1], last._a.shape[0]))
    if way == "lower":
        ranks = ranks.floor()
    elif way == "higher":
        ranks = ranks.ceil()
    elif way == "nearest":
        ranks = ranks.round()
    below = ranks.to(types.int64)
    values = ordered.gather(-1, below)
    if way in ("linear", "midpoint"):
        weight = ranks * 0 + 0.5 if way == "midpoint" else ranks - below
        values = values.lerp(ordered.gather(-1, ranks.ceil().to(types.int64)), weight.to(values.dtype))
    # the quantiles stand last: they go first if q is a vector, and away if it is a number
    if keepdim:
        shape = [1] * original if flat else [1 if i == d else s for i, s in enumerate(input._a.shape)]
        values = values.movedim(-1, 0).reshape(-1, *shape)
    else:
        values = values.movedim(-1, 0)
        if not original and not flat:
            values = values.reshape(-1)
    return values if many else values.squeeze_(0)


def _ascending(x: Tensor) -> Tensor:
    return REGISTRY["sort_pair"].public(x, dim=x._a.ndim - 1, descending=False)[0]  # type: ignore[no-any-return]


def _quantile_function(name: str, skip_nan: bool, doc: str) -> None:
    def public(
        input: Tensor, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
    ) -> Tensor:
        need_tensor(name, input)
        result = _quantile(input, q, dim, keepdim, interpolation, skip_nan)
        return result if out is None else write_out(name, out, result, (), "exact")  # type: ignore[no-any-return]

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        methods=name,
        samples=lambda m: [
            *[
                s.other_nodes("torch squeezes in place")
                for s in (
                    m(m.f(5), 0.3),
                    m(m.f(3, 4), 0.6, 0),
                    m(m.f(3, 4), 0.5, 1, True),
                    m(m.f(3, 4), m.f(2, lo=0.2, hi=0.8), 1).value_only("q has ranks"),
                    m(m.f(), 0.5),
                    m(m.nc(3, 4), 0.25, 1),
                    *[m(m.f(6), 0.37, interpolation=w) for w in _WAYS],
                    m(m.i(3), 0.5),
                    m(m.a([1.0, float("nan"), 3.0, 2.0]), 0.5).value_only("nan"),
                    m(m.f(2, 3), 0.5, None, True),
                )
            ],
            m.without("empty", "torch refuses it"),
        ],
        errors=lambda m: [
            m.error(RuntimeError, "quantile() input tensor must be either float or double dtype", m.i(2), 0.5),
            m.error(RuntimeError, "quantile() q must be in the range [0, 1] but got 2", m.f(2), 2.0),
            m.error(RuntimeError, "quantile() interpolation must be one of linear", m.f(2), 0.5, interpolation="x"),
            m.error(RuntimeError, "quantile() input tensor must be non-empty", m.f(0), 0.5),
        ],
    )(history_first(public))


_quantile_function(
    "quantile", False, "The elements at fractions of the order, by default interpolated between two of them."
)
_quantile_function("nanquantile", True, "``quantile`` of the elements that are not NaN.")
