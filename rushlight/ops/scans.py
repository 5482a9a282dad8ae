"""Running sums, products and extremes along a dimension; differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..kernels import reduce, scans
from ..node import history_first
from ..op import reduction
from ..readers import REGISTRY, arrays
from ..return_types import named
from ..tensor import Tensor
from ..writing import in_order, write_out
from .reduction import _as, need_tensor


def _scan_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), dim=1),
        m(m.f(3), dim=0),
        m(m.f(2, 3), 0),
        m(m.f(), 0),
        m(m.f(0, 2), 0),
        m(m.nc(3, 2), -1),
        m(m.i(3), 0),
        m(m.b(3), 0),
        m(m.a([200, 2], m.torch.uint8), 0),
    ]


def _scan_errors(m: Any) -> list[Any]:
    return [
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
        m.error(TypeError, "argument 'input' (position 1) must be Tensor, not str", "text", 0),
    ]


@reduction(
    out="partial",
    methods="cumsum cumsum_",
    samples=lambda m: [*_scan_samples(m), m(m.i(3), 0, dtype=m.torch.float64)],
    errors=_scan_errors,
)
def cumsum(k, input, *, dim, dtype=None):
    """Running sums along ``dim``."""
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return in_order(reduce.cumsum(input, dim, target)) if input.ndim else input.astype(target)


@cumsum.plan
def _(input, dim, dtype):
    return scans.planned("sums", input, dim) if dtype is None and input.ndim and input.dtype.kind == "f" else None


@cumsum.prepare
def _(input, dim, *, dtype=None):
    need_tensor("cumsum", input)
    return (input,), {"dim": check_dim(dim, input.ndim), "dtype": dtype}


@cumsum.vjp("input")
def _(k, g, dim):
    if not g.ndim:
        return g
    return _reverse_cumsum(k, g, dim)


def _reverse_cumsum(k, x, dim):
    """Sums from each element to the end."""
    return k.flip(k.cumsum(k.flip(x, (dim,)), dim), (dim,))


def _cumprod_samples(m: Any) -> list[Any]:
    z = m.torch.tensor([[1.5, 0.0, 2.0], [0.5, 0.0, 0.0]], dtype=m._dtype())
    return [*_scan_samples(m), m(m.i(3), 0, dtype=m.torch.float64), m(z, 1), m(z, 0)]


@reduction(out="partial", methods="cumprod cumprod_", samples=_cumprod_samples, errors=_scan_errors)
def cumprod(k, input, *, dim, dtype=None):
    """Running products along ``dim``.

    Gradient of ``input``: ``sum of g * out from there on / input``; where it is 0, with the products of the others.
    """
    target = dtype.np if dtype is not None else np.dtype(np.int64) if input.dtype.kind in "biu" else input.dtype
    return in_order(reduce.cumprod(input, dim, target)) if input.ndim else input.astype(target)


@cumprod.prepare
def _(input, dim, *, dtype=None):
    need_tensor("cumprod", input)
    return (input,), {"dim": check_dim(dim, input.ndim), "dtype": dtype}


@cumprod.vjp("input")
def _(k, g, input, out, dim):
    shape = tuple(input.shape)
    if not shape or shape[dim] < 2:
        return g
    if (input._a if isinstance(input, Tensor) else np.asarray(input)).all():
        return _reverse_cumsum(k, g * k.conj(out), dim) / k.conj(input)
    if not isinstance(input, Tensor):
        return _around_zeros(k, g, k.conj(input), k.conj(out), dim)
    # to be differentiated again: at a zero each element gets the products without it, computed as such
    n = shape[dim]
    tail = [1] * (len(shape) - dim - 1)
    rows = k.reshape_gradient(input, size=(*shape[:dim], 1, *shape[dim:]))
    own = _as(k, np.eye(n, dtype=bool).reshape(n, n, *tail))
    later = _as(k, np.triu(np.ones((n, n), bool)).reshape(n, n, *tail))
    others = k.where(later, k.cumprod(k.where(own, 1.0, rows), dim + 1), 0.0)
    return k.sum(k.reshape_gradient(g, size=(*shape[:dim], 1, *shape[dim:])) * k.conj(others), dim + 1)


def _around_zeros(k, g, x, out, dim):
    """The gradient of running products with zeros among the factors: of arrays, which need no second one.

    Before the first zero of a row it is as ever; at the first zero it is the sum of the products without it, up to the
    second zero; behind that nothing depends on an element.
    """
    zeros = np.cumsum(x == 0, dim)
    before, first = zeros == 0, (x == 0) & (zeros == 1)
    between = (zeros == 1) & ~first
    plain = _reverse_cumsum(k, np.where(before, g * out, g.dtype.type(0)), dim) / np.where(before, x, x.dtype.type(1))
    others = k.cumprod(np.where(between, x, x.dtype.type(1)), dim) * np.where(zeros == 1, g, g.dtype.type(0))
    at = np.argmax(first, dim, keepdims=True)
    until = np.where(at == 0, x.dtype.type(1), np.take_along_axis(out, np.maximum(at - 1, 0), dim))
    there = np.sum(others, dim, keepdims=True) * until
    return np.where(first, there, np.where(before, plain, g.dtype.type(0)))


@reduction(
    out="exact partial",
    methods="logcumsumexp",
    refuses={"bool": "logcumsumexp_out_cpu", "int": "logcumsumexp_out_cpu"},
    samples=_scan_samples,
    errors=_scan_errors,
)
def logcumsumexp(k, input, *, dim):
    """``log(cumsum(exp(input)))`` along ``dim`` without overflow.

    Gradient of ``input``: ``exp(input) * (sum of g / exp(out) from there on)``.
    """
    if input.dtype.kind == "c":
        return _complex_logcumsumexp(input, dim)
    return in_order(reduce.logcumsumexp(input, dim))


def _complex_logcumsumexp(input, dim):
    """Folded in order: of two, what has the larger real part, and the logarithm of 1 plus the quotient."""
    out = np.array(input, order="C")
    rows = np.moveaxis(out, dim, 0) if input.ndim else out.reshape(1)
    total = np.full(rows.shape[1:], -np.inf, out.dtype)
    for i, x in enumerate(rows):
        less = x.real < total.real
        low, high = np.where(less, x, total), np.where(less, total, x)
        equal = np.isinf(low.real) & (low.real == high.real)
        with np.errstate(all="ignore"):
            both = np.where(equal, np.log(np.exp(low) + np.exp(high)), np.log1p(np.exp(low - high)) + high)
        both = np.where(equal & (low.real < 0), low, both)  # of which the exponential is 0, whatever the angle
        total = np.where(np.isnan(x) | np.isnan(total), out.dtype.type(complex(np.nan, np.nan)), both)
        rows[i] = total
    return out


@logcumsumexp.prepare
def _(input, dim):
    need_tensor("logcumsumexp", input)
    return (input,), {"dim": check_dim(dim, input.ndim)}


@logcumsumexp.vjp("input")
def _(k, g, input, out, dim):
    shape = tuple(input.shape)
    if not shape or not shape[dim]:
        return g
    if k is arrays:
        return _by_logarithms(k, g, input, out, dim)
    # exp(input_i - out_j) for j >= i never overflows: all pairs
    n = shape[dim]
    later = _as(k, np.triu(np.ones((n, n), bool)).reshape(n, n, *[1] * (len(shape) - dim - 1)))
    i, j = (*shape[: dim + 1], 1, *shape[dim + 1 :]), (*shape[:dim], 1, *shape[dim:])
    share = k.exp(k.where(later, k.reshape_gradient(input, size=i) - k.reshape_gradient(out, size=j), -float("inf")))
    g = k.where(k.isnan(g), 0.0, g)  # which PyTorch takes apart by its sign, and NaN has none
    return k.sum(k.where(later, k.reshape_gradient(g, size=j) * k.conj(share), 0.0), dim + 1)


def _by_logarithms(k, g, input, out, dim):
    """The gradient of arrays, which need no second one, in PyTorch's order: positive and negative ``g`` each from behind."""

    def spread(logarithms):
        behind = k.flip(k.logcumsumexp(k.flip(k.sub(logarithms, out), (dim,)), dim), (dim,))
        return k.exp(k.add(behind, input))

    if g.dtype.kind == "c":
        return k.conj(spread(k.log(k.conj(g))))
    nothing = np.asarray(types.finfo(types.of_array(g)).min, g.dtype)
    logarithms = k.log(k.abs(g))
    positive, negative = (spread(k.where(part, logarithms, nothing)) for part in (g > 0, g < 0))
    return k.sub(positive, negative)


def _running_extreme(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, *, dim):
        if not input.ndim:
            return input.copy(), np.zeros((), np.int64)
        native = scans.extremes("maxima" if ufunc is np.maximum else "minima", input, dim)
        if native is not None:
            return native
        values = ufunc.accumulate(input, axis=dim)
        hit = (input == values) | (input != input)
        place = np.arange(input.shape[dim]).reshape(-1, *[1] * (input.ndim - dim - 1))
        return in_order(values), in_order(np.maximum.accumulate(np.where(hit, place, 0), axis=dim))

    forward.__name__, forward.__doc__ = name + "_pair", doc
    op = reduction(
        public=False,
        outputs=("values", "indices"),
        n_diff=1,
        grad_name=f"{name.capitalize()}Backward0",
        refuses={"complex": f"{name}_cpu"},
        refuses_where="dimensions",
        real_gradient=True,
        torch_name=name,
    )(forward)

    @op.vjp("input")
    def _(k, g, input, indices, dim):
        return k.scatter_add(k.zeros_of(input), dim, indices, g) if len(input.shape) else g

    def public(input: Tensor, dim: int, *, out: Any = None) -> Any:
        need_tensor(name, input)
        if not input._a.size and input._a.ndim:  # of which PyTorch asks nothing
            dim %= input._a.ndim
        pair = op.public(input, dim=check_dim(dim, input._a.ndim))
        result = named(name, ("values", "indices"))(*pair)
        return result if out is None else write_out(name, out, result, (), "exact loose")

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        methods=name,
        samples=lambda m: [
            *_scan_samples(m),
            m(m.a([1.0, 3.0, 3.0, float("nan"), 5.0]), 0).value_only("nan"),
            m(m.c(2), 0),
        ],
        errors=_scan_errors,
    )(history_first(public))


_running_extreme("cummax", np.maximum, "Running maxima along ``dim``, and the last index of each.")
_running_extreme("cummin", np.minimum, "Running minima along ``dim``, and the last index of each.")


# --- differences --------------------------------------------------------------------------------------------------------
@function(
    methods="diff",
    samples=lambda m: [
        m(m.f(5)),
        m(m.f(2, 4), 2),
        m(m.f(3, 2), dim=0),
        m(m.nc(3, 4), 1, 1),
        m(m.f(2, 0)),
        m(m.f(3), prepend=m.f(1), append=m.f(2)),
        m(m.i(4)),
        m(m.b(4)),
        m.without("0-d", "it needs a dimension"),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "diff expects input to be at least one-dimensional", m.f()),
        m.error(RuntimeError, "order must be non-negative but got -1", m.f(3), -1),
    ],
)
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None, *, out: Any = None
) -> Tensor:
    """The n-th differences of neighbours along ``dim``; of bools whether they differ."""
    need_tensor("diff", input)
    if input._a.ndim == 0:
        raise errors.runtime("diff expects input to be at least one-dimensional")
    if n < 0:
        raise errors.runtime(f"order must be non-negative but got {n}")
    dim = check_dim(dim, input._a.ndim)
    if n == 0:
        return REGISTRY["clone"].public(input)  # type: ignore[no-any-return]
    if prepend is not None or append is not None:
        input = REGISTRY["cat"].public([x for x in (prepend, input, append) if x is not None], dim)
    result = input
    for _ in range(min(n, input._a.shape[dim])):
        size = result._a.shape[dim]
        upper, lower = result.narrow(dim, 1, size - 1), result.narrow(dim, 0, size - 1)
        result = upper.logical_xor(lower) if result._a.dtype.kind == "b" else upper - lower
    return result if out is None else write_out("diff", out, result, (input,), "exact partial")  # type: ignore[no-any-return]
