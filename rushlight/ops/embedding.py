"""Rows by index: embedding and its bags, one-hot, gather; the triangles of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..autograd.mode import recording
from ..autograd.rows import Rows
from ..errors import check_dim
from ..functions import function
from ..kernels import norm as norm_kernel
from ..kernels import places
from ..kernels.fused import fma
from ..kernels.lazy import settle
from ..node import history_first
from ..op import opaque
from ..readers import arrays
from ..routes import routed
from ..tensor import Tensor, requires_grad, wrap
from ..writing import bump, in_order
from .rearrange import check_selected


@opaque(public=False, grad_name="EmbeddingBackward0", real_gradient=True, torch_name="embedding")
def embedding_rows(k, input, weight, *, padding_idx=None, by_frequency=False, sparse=False):
    """Rows of a matrix by index; ``sparse`` says that the gradient has rows only.

    Gradient of ``weight``: the rows of ``g`` added at the rows of the indices; 0 for rows that no index names.
    """
    rows = places.take(weight, input, 0)
    if rows is not None:
        return rows
    if input.size and (input.min() < 0 or input.max() >= weight.shape[0]):
        check_selected(weight, 0, input)
    return weight[input]


@embedding_rows.plan
def _(input, weight, padding_idx, by_frequency, sparse):
    take = places.planned_take(weight, input, 0)
    return take and (lambda input, weight: take(weight, input))


embedding_rows.nondiff("input")


@embedding_rows.vjp("weight")
def _(k, g, input, weight_shape, padding_idx, by_frequency, sparse):
    if sparse and k is arrays:
        index, values = input.reshape(-1), g.reshape(-1, weight_shape[1])
        keep = slice(None) if padding_idx is None else index != padding_idx
        return _rows(index[keep], values[keep], weight_shape, by_frequency)
    return k.embedding_scatter(g, input, size=weight_shape, padding_idx=padding_idx, by_frequency=by_frequency)


def _rows(index: Any, values: Any, size: Any, by_frequency: bool) -> Rows:
    """A gradient of rows only, in memory of its own."""
    if by_frequency:
        raise errors.runtime(
            "embedding_backward: scale_grad_by_freq not supported with sparse gradients", "Leave out one of the two."
        )
    return Rows(index.astype(np.int64), np.array(values), tuple(size))


@opaque(public=False, grad_name="EmbeddingDenseBackward0")
def embedding_scatter(k, input, index, *, size, padding_idx=None, by_frequency=False):
    """Zeros with rows of ``input`` added by index, except at the padding index; ``by_frequency`` divides by how often it occurs."""
    out = np.zeros(size, input.dtype)
    if not by_frequency and places.add_slices(out, input, index, 0, -1 if padding_idx is None else padding_idx):
        return out
    flat, rows = index.reshape(-1), input.reshape(index.size, size[1])
    if padding_idx is not None:
        keep = flat != padding_idx
        flat, rows = flat[keep], rows[keep]
    if not flat.size:
        return out
    _add_in_order(out, flat, rows, by_frequency)
    return out


def _add_in_order(out: Any, index: Any, rows: Any, by_frequency: bool) -> None:
    """Add rows one after another, as PyTorch does: the first of each index, then the second of each, and so on.

    By frequency each is multiplied by one over the count as it is added, rounded once.
    """
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.append(starts, index.size))
    if counts.max() > 64 + index.size // 8 and not by_frequency:  # few indices, and often
        np.add.at(out, index, rows)
        return
    for n in range(counts.max()):
        there = counts > n
        at = ordered[starts[there]]
        added = rows[order[starts[there] + n]]
        if by_frequency:
            out[at] = fma(added, (1 / counts[there]).astype(out.dtype)[:, None], out[at])
        else:
            out[at] += added


embedding_scatter.nondiff("index")


@embedding_scatter.vjp("input")
def _(k, g, index, padding_idx):
    rows = k.embedding_rows(index, g)
    return rows if padding_idx is None else k.where((index == padding_idx)[..., None], 0.0, rows)


def _check_indices(input: Any, name: str, argument: str = "indices") -> None:
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor(name, argument, 2, input)
    kind = input._a.dtype
    if kind != np.int64 and kind != np.int32:
        text = "CPUBoolType" if kind.kind == "b" else f"torch.{types.scalar_name(input.dtype)}Tensor"
        raise errors.runtime(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{text} instead (while checking arguments for {name})",
            "Convert it: input.long().",
        )


def _padding(padding_idx: int | None, rows: int) -> int | None:
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx + rows if padding_idx < 0 else padding_idx


def _renormalise(weight: Tensor, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are used and longer than ``max_norm`` down to it, in place, outside the graph."""
    rows = np.unique(index)
    if rows.size and (rows[0] < 0 or rows[-1] >= weight._a.shape[0]):
        raise errors.index("index out of range in self", f"The embedding has {weight._a.shape[0]} rows.")
    norms = norm_kernel.norm(weight._a[rows], norm_type, (1,), True)
    longer = (norms > max_norm)[:, 0]
    settle()
    t = weight._a.dtype.type
    weight._a[rows[longer]] *= t(max_norm) / (norms[longer] + t(1e-7))
    bump(weight)


@function(name="nn.functional.embedding", samples=lambda m: [
    m(m.i(2, 3, hi=4), m.f(4, 3)), m(m.i(hi=4), m.f(4, 3)), m(m.i(0), m.f(4, 3)).first_order("PyTorch fails"), m(m.i(5, hi=4), m.nc(4, 3)),
    m(m.i(6, hi=3), m.f(3, 2), 1).not_numeric("the padding gets none"),
    m(m.i(6, hi=3), m.f(3, 2), padding_idx=-1, scale_grad_by_freq=True).not_numeric("by definition"),
    m(m.i(3, hi=3), m.f(3, 2), max_norm=0.5).value_only("it writes into the weight")],
    errors=lambda m: [
    m.error(IndexError, "index out of range in self", m.a([0, 4]), m.f(4, 3)),
    m.error(RuntimeError, "to have one of the following scalar types: Long, Int", m.f(2), m.f(4, 3)),
    m.error(RuntimeError, "'weight' must be 2-D", m.i(2), m.f(4)),
    m.error(AssertionError, "Padding_idx must be within num_embeddings", m.i(2), m.f(4, 3), padding_idx=4)])  # fmt: skip
@routed
@history_first
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """Rows of ``weight`` by the integers in ``input``; row ``padding_idx`` gets no gradient.

    ``max_norm`` first scales the rows that are used down to that norm, in place. ``scale_grad_by_freq`` divides a row's
    gradient by how often it is used.

    With ``sparse`` the gradient of ``weight`` is a sparse tensor of the rows that were used, for SGD, Adagrad and SparseAdam.

    Raises:
        IndexError: for an index that is not there. RuntimeError: in backward, for ``sparse`` with ``scale_grad_by_freq``.
    """
    if not isinstance(weight, Tensor):
        raise errors.not_a_tensor("embedding", "weight", 2, weight)
    if not weight._a.ndim and recording() and requires_grad(weight):
        raise errors.index("Dimension specified as 0 but tensor has no dimensions", "'weight' must be 2-D")
    if weight._a.ndim != 2 and padding_idx is None:
        raise errors.runtime("'weight' must be 2-D")
    padding_idx = _padding(padding_idx, weight._a.shape[0])
    if max_norm is not None:
        _check_indices(input, "embedding_renorm_")
        _renormalise(weight, input._a, max_norm, norm_type)
    _check_indices(input, "embedding")
    if weight._a.ndim != 2:
        raise errors.runtime("'weight' must be 2-D")
    return embedding_rows.public(  # type: ignore[no-any-return]
        input, weight, padding_idx=padding_idx, by_frequency=scale_grad_by_freq, sparse=sparse
    )


# --- bags ---------------------------------------------------------------------------------------------------------------
@opaque(public=False, extras=("which", "share"), grad_name="EmbeddingBagBackward0")
def bags(k, weight, per_sample_weights, *, index, bag, count, mode, padding_idx, by_frequency, sparse=False):
    """The sum, mean or maximum of rows of ``weight`` by bag; ``index`` and ``bag`` without the padding.

    Gradient of ``weight`` (mode max): the elements of g added where the maximum of a bag was; 0 elsewhere.
    Gradient of ``weight`` (mode mean): ``g / count`` of each bag added at the rows that it holds; 0 for rows that no bag holds.
    Gradient of ``weight``: g of each bag added at the rows that it holds, times ``per_sample_weights``; 0 for rows that no bag holds.
    Gradient of ``per_sample_weights``: ``sum(g * row)`` of each row and the g of its bag.
    """
    rows = weight[index]
    if mode == "max":
        out = np.full((count.size, weight.shape[1]), -np.inf, weight.dtype)
        np.maximum.at(out, bag, rows)
        which = np.full(out.shape, -1)
        hit_row, hit_column = np.nonzero(rows == out[bag])
        which[bag[hit_row[::-1]], hit_column[::-1]] = index[hit_row[::-1]]  # the first of equals stays
        out[count == 0] = 0
        return out, which, None
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[:, None]
    out = np.zeros((count.size, weight.shape[1]), weight.dtype)
    np.add.at(out, bag, rows)
    share = None
    if mode == "mean":
        share = 1 / np.maximum(count, 1)[:, None].astype(out.dtype)
        out *= share
    return out, None, share


@bags.vjp("weight")
def _(k, g, per_sample_weights, which, share, weight_shape, index, bag, mode, by_frequency, sparse):
    if mode == "max":
        return k.bag_maxima(g, which, size=weight_shape)
    if mode == "mean":
        g = g * share
    rows = k.embedding_rows(bag, g)
    if per_sample_weights is not None:
        rows = rows * k.reshape_gradient(per_sample_weights, size=(index.size, 1))
    if sparse and k is arrays:
        return _rows(index, rows, weight_shape, by_frequency)
    return k.embedding_scatter(rows, index, size=weight_shape, by_frequency=by_frequency)


@bags.vjp("per_sample_weights")
def _(k, g, weight, index, bag):
    return k.sum(k.embedding_rows(bag, g) * k.embedding_rows(index, weight), dim=1)


@opaque(public=False)
def bag_maxima(k, input, which, *, size):
    """Zeros with each element added at the row where the maximum was."""
    out = np.zeros(size, input.dtype)
    used = which >= 0
    columns = np.broadcast_to(np.arange(size[1]), which.shape)
    np.add.at(out, (which[used], columns[used]), input[used])
    return out


bag_maxima.nondiff("which")
bag_maxima.unsupported("input", "PyTorch has no second derivative of embedding_bag with mode='max'")


def _bag_errors(m: Any) -> list[Any]:
    return [
        m.error(ValueError, "offsets has to be a 1D Tensor", m.i(3, hi=4), m.f(4, 2)),
        m.error(ValueError, "mode has to be one of sum, mean or max", m.i(2, 2, hi=4), m.f(4, 2), mode="x"),
        m.error(RuntimeError, "offsets[0] has to be 0", m.i(3, hi=4), m.f(4, 2), m.a([1, 2])),
        m.error(ValueError, "weight has to be a 2D Tensor", m.i(3, hi=4), m.f(4), m.a([0, 2])),
    ]


_ONCE = "PyTorch has no second derivative"


@function(name="nn.functional.embedding_bag", samples=lambda m: [
    m(m.i(2, 3, hi=4), m.f(4, 2)).first_order(_ONCE), m(m.i(5, hi=4), m.f(4, 2), m.a([0, 2, 2]), mode="sum").first_order(_ONCE),
    m(m.i(5, hi=4), m.nc(4, 2), m.a([0, 2])).first_order(_ONCE),
    m(m.i(5, hi=4), m.f(4, 2), m.a([0, 2]), mode="max").first_order(_ONCE),
    m(m.i(2, 3, hi=4), m.f(4, 2), mode="sum", per_sample_weights=m.f(2, 3)).first_order(_ONCE),
    m(m.i(0, 3), m.f(4, 2)).value_only("nothing"),
    m(m.i(6, hi=4), m.f(4, 2), m.a([0, 2, 6]), include_last_offset=True, padding_idx=1).first_order(_ONCE),
    m.without("0-d", "a bag is a dimension")], errors=_bag_errors)  # fmt: skip
@levels.by_example
def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """Sums, means or maxima of rows of ``weight``: a bag for each row of ``input``, or from each offset to the next."""
    if weight._a.ndim == 2 and input._a.ndim == 1 and offsets is not None and input._a.dtype.kind == "f":
        _check_indices(input, "embedding_bag")
    if per_sample_weights is not None and per_sample_weights._a.shape != input._a.shape:
        raise errors.value(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same shape as "
            f"the input ({input.shape})"
        )
    if weight._a.ndim != 2:
        raise errors.value(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight._a.ndim}")
    starts = _offsets(input, offsets, include_last_offset)
    if mode not in ("sum", "mean", "max"):
        raise errors.value("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise errors.value("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise errors.value("max mode does not support sparse weights")
    _check_indices(input, "embedding_bag")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}')."
        )
    padding_idx = _padding(padding_idx, weight._a.shape[0])
    if max_norm is not None:
        _renormalise(weight, input._a, max_norm, norm_type)
    index = input._a.reshape(-1).astype(np.int64)
    outside = np.flatnonzero((index < 0) | (index >= weight._a.shape[0]))
    if outside.size:
        raise errors.runtime(
            f"Index {outside[0] - 1 if outside[0] else 0} of input takes value {index[outside[0]]} which is not in the valid range "
            f"[0, {weight._a.shape[0]})"
        )
    bag = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    scales: Any = None if per_sample_weights is None else per_sample_weights.reshape(-1)  # type: ignore[attr-defined]
    if padding_idx is not None:
        keep = np.flatnonzero(index != padding_idx)
        index, bag = index[keep], bag[keep]
        scales = None if scales is None else scales.index_select(0, wrap(keep))
    count = np.bincount(bag, minlength=starts.size - 1)
    return bags.public(  # type: ignore[no-any-return]
        weight,
        scales,
        index=index,
        bag=bag,
        count=count,
        mode=mode,
        padding_idx=padding_idx,
        by_frequency=scale_grad_by_freq,
        sparse=sparse,
    )


def _offsets(input: Tensor, offsets: Tensor | None, include_last: bool) -> Any:
    """Where each bag starts, and the end of the last."""
    a = input._a
    if a.ndim == 2:
        if offsets is not None:
            raise errors.value(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                f"However, found offsets of type {type(offsets)}"
            )
        return np.arange(a.shape[0] + 1) * a.shape[1]
    if a.ndim != 1:
        raise errors.value(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {a.ndim}")
    if not isinstance(offsets, Tensor):
        raise errors.value(f"offsets has to be a 1D Tensor but got {offsets}")
    if offsets._a.ndim != 1:
        raise errors.value("offsets has to be a 1D Tensor")
    starts = offsets._a.astype(np.int64)
    if starts.size and starts[0] != 0:
        raise errors.runtime(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
            f"{starts[0]}"
        )
    if starts.size and starts[-1] > a.size:
        raise errors.runtime(
            f"offsets[-1] can not be greater than input's length {a.size} but got offsets[-1] of {starts[-1]}"
        )
    return np.append(starts[:-1], a.size) if include_last else np.append(starts, a.size)


@opaque(out="exact apart", methods="gather", samples=lambda m: [
    m(m.f(2, 3), 1, m.i(2, 2, lo=0, hi=3)), m(m.f(4), 0, m.i(2, lo=0, hi=4)), m(m.f(), 0, m.a(0)), m(m.nc(3, 2), 0, m.i(2, 2, hi=3)),
    m(m.f(3), 0, m.a([], m.torch.int64)), m(m.i(3), 0, m.a([2, 0], m.torch.int32))], errors=lambda m: [
    m.error(RuntimeError, "index 3 is out of bounds for dimension 0 with size 3", m.f(3), 0, m.a([3])),
    m.error(RuntimeError, "Index tensor must have the same number of dimensions as input tensor", m.f(2, 3), 1, m.a([0])),
    m.error(RuntimeError, "gather(): Expected dtype int32/int64 for index", m.f(3), 0, m.f(2)),
    m.error(RuntimeError, "Size does not match at dimension 0 expected index", m.f(2, 3), 1, m.i(3, 2)),
    m.error(IndexError, "Dimension out of range", m.f(3), 2, m.a([0]))])  # fmt: skip
def gather(k, input, index, *, dim):
    """Elements by index along ``dim``: ``out[i][j] = input[index[i][j]][j]`` for dim 0.

    Gradient of ``input``: each ``g`` added at the place that it was read from, 0 elsewhere.
    """
    if not index.size:
        return np.empty(index.shape, input.dtype)
    if not input.ndim:
        if index.size and index.any():
            worst = int(index.reshape(-1)[np.argmax(np.abs(index))])
            raise errors.runtime(f"index {worst} is out of bounds for dimension 0 with size 1")
        return np.array(np.broadcast_to(input, index.shape))
    out = places.gather(input, index, dim)
    if out is not None:
        return out
    n = input.shape[dim]
    if index.size and (index.min() < 0 or index.max() >= n):
        raise errors.runtime(f"index {int(index.max())} is out of bounds for dimension {dim} with size {n}")
    cut = tuple(slice(0, m) if i != dim else slice(None) for i, m in enumerate(index.shape))
    return in_order(np.take_along_axis(input[cut], index, dim))


@gather.plan
def _(input, index, dim):
    return places.planned_gather(input, index, dim) if input.ndim else None


@gather.prepare
def _(input, dim, index, *, sparse_grad=False):
    dim = check_dim(dim, input.ndim)
    indices = index._a if isinstance(index, Tensor) else index
    if indices.size and indices.dtype not in (np.int64, np.int32):
        raise errors.runtime("gather(): Expected dtype int32/int64 for index")
    if not indices.size:  # gathers nothing, whatever its dtype and shape
        return (input, index), {"dim": dim}
    if index.ndim != input.ndim and input.ndim and index.ndim:
        raise errors.runtime("Index tensor must have the same number of dimensions as input tensor")
    for d, (n, m) in enumerate(zip(index.shape, input.shape, strict=False)):
        if d != dim and n > m:
            raise errors.runtime(
                f"Size does not match at dimension {d} expected index {list(index.shape)} to be no larger than self "
                f"{list(input.shape)} apart from dimension {dim}"
            )
    return (input, index), {"dim": dim}


gather.nondiff("index")


@gather.vjp("input")
def _(k, g, input, index, dim):  # PyTorch's node keeps the input, and notices when it is written to
    return k.scatter_add_zeros(g, index, size=tuple(input.shape), dim=dim)


@opaque(public=False, grad_name="ScatterAddBackward0")
def scatter_add_zeros(k, input, index, *, size, dim):
    """Zeros with ``input`` added by index along ``dim``."""
    out = np.zeros(size, np.asarray(input).dtype)
    if not size:
        return out + np.sum(input)
    if not index.size or places.scatter(out, input, index, dim, add=True):
        return out
    where = list(np.indices(index.shape))
    where[dim] = index
    np.add.at(out, tuple(where), input)
    return out


scatter_add_zeros.nondiff("index")


@scatter_add_zeros.vjp("input")
def _(k, g, index, dim):
    return k.gather(g, dim, index)


@function(name="nn.functional.one_hot", samples=lambda m: [
    m(m.i(2, 3)), m(m.i(3), 7), m(m.a(2)), m(m.i(0), 3), m(m.i(3, 2).t())], errors=lambda m: [
    m.error(RuntimeError, "one_hot is only applicable to index tensor", m.f(2)),
    m.error(RuntimeError, "Class values must be non-negative", m.a([-1, 1])),
    m.error(RuntimeError, "Class values must be smaller than num_classes", m.a([3]), 2),
    m.error(RuntimeError, "Can not infer total number of classes from empty tensor", m.i(0))])  # fmt: skip
@levels.by_example
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Integers as rows of zeros with a one."""
    if not isinstance(tensor, Tensor):
        raise errors.not_a_tensor("one_hot", "tensor", 1, tensor)
    a = tensor._a
    if a.dtype != np.int64:
        raise errors.runtime("one_hot is only applicable to index tensor of type LongTensor.")
    if not a.size:
        if num_classes <= 0:
            raise errors.runtime("Can not infer total number of classes from empty tensor.")
        return wrap(np.zeros((*a.shape, num_classes), np.int64))
    if a.min() < 0:
        raise errors.runtime("Class values must be non-negative.")
    n = num_classes if num_classes != -1 else int(a.max()) + 1
    if a.max() >= n:
        raise errors.runtime("Class values must be smaller than num_classes.")
    out = np.zeros((*a.shape, n), np.int64)
    out.reshape(-1)[np.arange(a.size) * n + a.reshape(-1)] = 1
    return wrap(out)
