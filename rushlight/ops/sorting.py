"""Order: sort, topk, and what stands at a rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..errors import check_dim
from ..functions import function
from ..kernels import rows, sorting
from ..kernels.along import nonzero_places, starts, taken_along
from ..kernels.layouts import as_operands_lie
from ..node import history_first
from ..op import opaque, reduction
from ..return_types import named
from ..routes import routed
from ..tensor import Tensor, wrap
from ..writing import write_out
from .reduction import need_tensor


@reduction(methods="topk", outputs=("values", "indices"), n_diff=1, public=False)
def topk_pair(k, input, *, k_, dim, largest, sorted):
    """The k largest (or smallest) along ``dim``.

    Gradient of ``input``: each ``g`` at the place that its element came from, 0 elsewhere.
    """
    from ..kernels.topk_order import topk_rows

    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    last = dim == input.ndim - 1
    rows = input if last else np.moveaxis(input, dim, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    found = topk_rows(flat, k_, largest, sorted) if flat.size else np.zeros((len(flat), k_), np.int64)
    index = found.reshape(*rows.shape[:-1], k_)
    if not last:
        index = np.ascontiguousarray(np.moveaxis(index, -1, dim))
    return taken_along(input, index, dim), index


@topk_pair.plan
def _(input, k_, dim, largest, sorted):
    """Those of short order at once; None for any in which equal values leave a choice."""
    return rows.first(input, dim, k_, largest) if sorted and input.ndim and dim == input.ndim - 1 else None


topk_pair.methods = []
topk_pair.grad_name = "TopkBackward0"


@topk_pair.vjp("input")
def _(k, g, input_shape, indices, dim):
    return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=True)


def _tops(m: Any) -> list[Any]:
    return [
        m(m.f(5), 2),
        m(m.f(3, 4), 2, 0),
        m(m.f(3, 4), 3, 1, False),
        m(m.f(3, 4), 2, -1, True, False),
        m(m.f(), 1),
        m(m.f(0, 3), 2),
        m(m.f(3), 0),
        m(m.nc(3, 4), 2),
        m(m.i(6), 3),
        m(m.a([3, 200, 7], m.torch.uint8), 2),
    ]


@function(
    methods="topk",
    samples=_tops,
    errors=lambda m: [
        m.error(RuntimeError, "selected index k out of range", m.f(2), 3),
        m.error(IndexError, "Dimension out of range", m.f(2), 1, 3),
        m.error(RuntimeError, "topk does not support complex dtypes on CPU", m.c(2), 1),
        m.error(RuntimeError, "topk does not support bool dtypes on CPU", m.b(2), 1),
    ],
)
@routed
@history_first
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None) -> Any:
    """The k largest (or smallest) elements along ``dim``, with their indices."""
    need_tensor("topk", input)
    dim = check_dim(dim, input._a.ndim)
    if k < 0 or (input._a.ndim and k > input._a.shape[dim]):
        raise errors.runtime("selected index k out of range")
    kind = input._a.dtype.kind
    if kind in "bc":
        raise errors.runtime(
            f"{' ' if kind == 'c' else ''}topk does not support {'bool' if kind == 'b' else 'complex'} dtypes on CPU"
        )
    pair = topk_pair.public(input, k_=int(k), dim=dim, largest=largest, sorted=sorted)
    result = named("topk", ("values", "indices"))(*pair)
    return result if out is None else write_out("topk", out, result, (input,), "exact partial")


@reduction(outputs=("values", "indices"), n_diff=1, public=False)
def sort_pair(k, input, *, dim, descending, stable=False):
    """Elements in order along ``dim``; equal ones keep theirs.

    Gradient of ``input``: each ``g`` at the place that its element came from, 0 elsewhere.
    """
    if not input.ndim:
        return np.array(input), np.zeros((), np.int64)
    found = sorting.ordered(input, dim, descending)
    if found is None:
        if descending:
            n, x = input.shape[dim], np.flip(sorting.for_numpy(input), dim)
            index = n - 1 - np.flip(np.argsort(x, dim, kind="stable"), dim)
        else:
            index = np.argsort(sorting.for_numpy(input), dim, kind="stable")
        found = taken_along(input, index, dim), index
    values, order = (as_operands_lie(x, (input,)) for x in found)
    return values, order


@sort_pair.plan
def _(input, dim, descending, stable=False):
    """Along the last dimension of memory in order: the values are at the indices, counted through all rows."""
    if dim != input.ndim - 1 or not input.flags.c_contiguous:
        return None
    planned = sorting.planned(input, descending)
    if planned is not None:
        return planned
    n = input.shape[dim]
    begin = starts((*input.shape[:-1], 1), n)

    def run(input):
        index = (
            n - 1 - input[..., ::-1].argsort(dim, "stable")[..., ::-1] if descending else input.argsort(dim, "stable")
        )
        return input.reshape(-1).take(index + begin), index

    return run


sort_pair.grad_name = lambda inputs, attrs: f"SortBackward{int(attrs['stable'])}"


@sort_pair.vjp("input")
def _(k, g, input_shape, indices, dim):
    return k.put_along(g, indices, size=input_shape, dim=dim, keepdim=True)


def _sorts(m: Any) -> list[Any]:
    return [
        m(m.f(5)),
        m(m.f(3, 4), 0),
        m(m.f(3, 4), 1, True),
        m(m.f()),
        m(m.f(0, 3)),
        m(m.f(0, 3), 0),
        m(m.nc(3, 4), 0),
        m(m.i(6)),
        m(m.i(6), descending=True),
        m(m.b(4)),
        m(m.a([1.0, float("nan"), -1.0])).value_only("nan"),
        m(m.a([1.0, float("nan"), -1.0]), descending=True).value_only("nan"),
        m(m.f(4), stable=True),
        m(m.f(4), stable=True, dim=0, descending=True),
    ]


def _sort_errors(m: Any) -> list[Any]:
    return [
        m.error(IndexError, "Dimension out of range", m.f(2), 3),
        m.error(RuntimeError, "Sort does not support complex dtypes on CPU", m.c(2)),
    ]


@function(methods="sort", samples=_sorts, errors=_sort_errors)
@routed
@history_first
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, out: Any = None) -> Any:
    """Elements in ascending order along ``dim``, with the indices they had."""
    need_tensor("sort", input)
    dim = check_dim(dim, input._a.ndim)
    if input._a.dtype.kind == "c":
        raise errors.runtime(" Sort does not support complex dtypes on CPU", "Complex numbers have no order.")
    pair = sort_pair.public(input, dim=dim, descending=bool(descending), stable=bool(stable))
    result = named("sort", ("values", "indices"))(*pair)
    return result if out is None else write_out("sort", out, result, (input,), "exact partial")


@function(methods="argsort", samples=_sorts, errors=_sort_errors)
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along ``dim``."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("argsort", "input", 1, input)
    if isinstance(input, Tensor):
        check_dim(dim, input._a.ndim)
    return sort(input.detach(), dim, descending)[1]  # type: ignore[no-any-return]


@opaque(nondiff=True, public=False)
def nonzero_matrix(k, input):
    """The indices of nonzero elements, one row each."""
    if not input.ndim:
        return np.empty((int(input != 0), 0), np.int64)
    return nonzero_places(input)


def _nonzeros(m: Any) -> list[Any]:
    return [m(m.i(2, 3, hi=2)), m(m.f()), m(m.a(0)), m(m.f(0, 2)), m(m.i(3, 2, hi=2).t()), m(m.b(4))]


@function(
    methods="nonzero",
    samples=lambda m: [*_nonzeros(m), m(m.i(2, 3, hi=2), as_tuple=True)],
    errors=lambda m: [m.error(TypeError, "must be Tensor, not str", "text")],
)
def nonzero(input: Tensor, *, as_tuple: bool = False, out: Any = None) -> Any:
    """The indices of nonzero elements: one row each, or a tuple of one tensor a dimension."""
    need_tensor("nonzero", input)
    if as_tuple:
        return tuple(nonzero_matrix.public(input if input._a.ndim else input.reshape(1)).unbind(1))
    found = nonzero_matrix.public(input)
    return found if out is None else write_out("nonzero", out, found, (), "exact")


@function(methods="nonzero_static", samples=lambda m: [
    m(m.i(2, 3, hi=2), size=2), m(m.a([[1, 0], [0, 3]]), size=3), m(m.f(), size=2), m(m.f(0, 2), size=2, fill_value=7),
    m(m.i(3, 2, hi=2).t(), size=0)],
    errors=lambda m: [
    m.error(RuntimeError, "nonzero_static: 'size' must be an non-negative integer", m.i(2), size=-1),
    m.error(TypeError, "nonzero_static(): argument 'size' must be int, not float", m.i(2), size=2.5)])  # fmt: skip
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1, out: Any = None) -> Tensor:
    """The first ``size`` rows of ``nonzero``; rows of ``fill_value`` if there are fewer.

    >>> import rushlight as torch
    >>> torch.nonzero_static(torch.tensor([0, 1]), size=2)
    tensor([[ 1],
            [-1]])
    """
    need_tensor("nonzero_static", input)
    if not isinstance(size, int):
        raise errors.type_(f"nonzero_static(): argument 'size' must be int, not {type(size).__name__}")
    if size < 0:
        raise errors.runtime("nonzero_static: 'size' must be an non-negative integer")
    rows = np.full((size, input._a.ndim), fill_value, np.int64)
    found = np.argwhere(input._a)[:size]
    rows[: len(found)] = found
    return wrap(rows) if out is None else write_out("nonzero_static", out, wrap(rows), (), "exact")  # type: ignore[no-any-return]


@function(
    methods="argwhere", samples=_nonzeros, errors=lambda m: [m.error(TypeError, "must be Tensor, not str", "text")]
)
def argwhere(input: Tensor) -> Tensor:
    """The indices of nonzero elements, one row each."""
    need_tensor("argwhere", input)
    return nonzero_matrix.public(input)  # type: ignore[no-any-return]


@function(
    methods="msort",
    samples=lambda m: [m(m.f(4)), m(m.f(3, 2)), m(m.f()), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.i(4))],
    errors=lambda m: [m.error(RuntimeError, "Sort does not support complex dtypes on CPU", m.c(2))],
)
def msort(input: Tensor, *, out: Any = None) -> Tensor:
    """Elements in ascending order along the first dimension."""
    values = sort(input, 0)[0]
    return values if out is None else write_out("msort", out, values, (input,), "exact partial")  # type: ignore[no-any-return]
