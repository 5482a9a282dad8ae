"""Rows by index: embedding, gather, one-hot, dropout's mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..op import opaque
from ..random.generator import default_generator
from ..random.uniform import dropout_noise
from ..tensor import Tensor, wrap


@opaque(public=False, grad_name="EmbeddingBackward0")
def embedding_rows(k, input, weight, *, padding_idx):
    """Rows of a matrix by index."""
    if input.size and (input.min() < 0 or input.max() >= weight.shape[0]):
        raise errors.index("index out of range in self", f"The embedding has {weight.shape[0]} rows.")
    return weight[input]


embedding_rows.nondiff("input")


@embedding_rows.vjp("weight")
def _(k, g, input, weight_shape, padding_idx):
    return k.embedding_scatter(g, input, size=weight_shape, padding_idx=padding_idx)


@opaque(public=False, grad_name="EmbeddingDenseBackward0")
def embedding_scatter(k, input, index, *, size, padding_idx):
    """Zeros with rows of ``input`` added by index, except at the padding index."""
    out = np.zeros(size, input.dtype)
    flat, rows = index.reshape(-1), input.reshape(-1, size[1])
    if padding_idx is not None:
        keep = flat != padding_idx
        flat, rows = flat[keep], rows[keep]
    np.add.at(out, flat, rows)
    return out


embedding_scatter.nondiff("index")


@embedding_scatter.vjp("input")
def _(k, g, index, padding_idx):
    return k.embedding_rows(index, g, padding_idx=padding_idx)


@function(name="nn.functional.embedding")
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: Any = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """Rows of ``weight`` by the integers in ``input``; row ``padding_idx`` gets no gradient."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise NotImplementedError("embedding: max_norm, scale_grad_by_freq and sparse are not supported")
    if input._a.dtype.kind not in "iu":
        raise errors.runtime(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{types.scalar_name(input.dtype)}Tensor instead (while checking arguments for embedding)",
            "Convert it: input.long().",
        )
    if padding_idx is not None and padding_idx < 0:
        padding_idx += weight._a.shape[0]
    return embedding_rows.public(input, weight, padding_idx=padding_idx)  # type: ignore[no-any-return]


@opaque(methods="gather", samples=lambda m: [m(m.f(2, 3), 1, m.i(2, 2, lo=0, hi=3)), m(m.f(4), 0, m.i(2, lo=0, hi=4))])
def gather(k, input, index, *, dim):
    """Elements by index along ``dim``: ``out[i][j] = input[index[i][j]][j]`` for dim 0."""
    if not input.ndim:
        return np.array(np.broadcast_to(input, index.shape))
    n = input.shape[dim]
    if index.size and (index.min() < 0 or index.max() >= n):
        raise errors.runtime(f"index {int(index.max())} is out of bounds for dimension {dim} with size {n}")
    cut = tuple(slice(0, m) if i != dim else slice(None) for i, m in enumerate(index.shape))
    return np.take_along_axis(input[cut], index, dim)


@gather.prepare
def _(input, dim, index, *, sparse_grad=False):
    dim = check_dim(dim, input.ndim)
    if (index._a if isinstance(index, Tensor) else index).dtype != np.int64:
        raise errors.runtime("gather(): Expected dtype int32/int64 for index")
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
def _(k, g, index, input_shape, dim):
    return k.scatter_add_zeros(g, index, size=input_shape, dim=dim)


@opaque(public=False, grad_name="ScatterAddBackward0")
def scatter_add_zeros(k, input, index, *, size, dim):
    """Zeros with ``input`` added by index along ``dim``."""
    out = np.zeros(size, np.asarray(input).dtype)
    if not size:
        return out + np.sum(input)
    places = list(np.indices(index.shape))
    places[dim] = index
    np.add.at(out, tuple(places), input)
    return out


scatter_add_zeros.nondiff("index")


@scatter_add_zeros.vjp("input")
def _(k, g, index, dim):
    return k.gather(g, dim, index)


@function(name="nn.functional.one_hot")
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Integers as rows of zeros with a one."""
    a = tensor._a
    if a.dtype != np.int64:
        raise errors.runtime("one_hot is only applicable to index tensor of type LongTensor.")
    if a.size and a.min() < 0:
        raise errors.runtime("Class values must be non-negative.")
    n = num_classes if num_classes != -1 else int(a.max()) + 1
    if a.size and a.max() >= n:
        raise errors.runtime("Class values must be smaller than num_classes.")
    return wrap((a[..., None] == np.arange(n)).astype(np.int64))


@function(name="nn.functional.dropout")
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Elements set to zero with probability ``p``, the others divided by ``1 - p``; nothing outside training."""
    if not 0 <= p <= 1:
        raise errors.value(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input._a.size:
        return input
    noise = wrap(dropout_noise(default_generator, np.empty_like(input._a), p))
    return input.mul_(noise) if inplace else input * noise  # type: ignore[no-any-return]


@function(methods="tril")
def tril(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    """The lower triangle; zeros above the diagonal."""
    return _triangle(input, np.tri(*input._a.shape[-2:], k=diagonal, dtype=bool))


@function(methods="triu")
def triu(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    """The upper triangle; zeros below the diagonal."""
    return _triangle(input, ~np.tri(*input._a.shape[-2:], k=diagonal - 1, dtype=bool))


def _triangle(input: Tensor, keep: Any) -> Tensor:
    if input._a.ndim < 2:
        raise errors.runtime("tril: input tensor must have at least 2 dimensions")
    return input.masked_fill(wrap(~np.broadcast_to(keep, input._a.shape)), 0)  # type: ignore[no-any-return]
