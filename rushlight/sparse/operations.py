"""What can be done with sparse tensors. Values are tensors, so that gradients flow through all of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..ops import products  # noqa: F401
from ..ops.losses import renamed
from ..tensor import Tensor, wrap
from ..types import sparse_coo, sparse_csr
from .tensor import SparseTensor, handles, is_sparse, make

Array = np.ndarray[Any, Any]


def flat(indices: Array, size: Any) -> Array:
    """The number of each element in row-major order."""
    number = np.zeros(indices.shape[1], np.int64)
    for row, n in zip(indices, size, strict=True):
        number = number * n + row
    return number


def added(total: int, places: Array, values: Any) -> Any:
    """``total`` values, each the sum of those whose place it is, in their order."""
    kind = values.dtype
    if kind.category == 0:
        return added(total, places, values.int()) != 0
    return values.new_zeros((total, *values.shape[1:])).index_add(0, wrap(places), values)


# --- forms ----------------------------------------------------------------------------------------------------------------
@handles("coalesce")
def coalesce(input: SparseTensor) -> SparseTensor:
    """With each index once, in order; values of one index are added."""
    if input._merged:
        return input
    number = flat(input._ind, input._size[: input.sparse_dim()])
    order = np.argsort(number, kind="stable")
    kept, first, places = np.unique(number[order], return_index=True, return_inverse=True)
    values = added(len(kept), places.reshape(-1), input._val.index_select(0, wrap(order)))
    return make(input._ind[:, order][:, first], values, input._size, True)


@handles("to_dense")
def to_dense(input: Any, dtype: Any = None, *, masked_grad: bool | None = None) -> Any:
    """All elements."""
    if not is_sparse(input):
        return input if dtype is None else input.to(dtype)
    size = input._size
    n = input.sparse_dim()
    dense = added(math.prod(size[:n]), flat(input._ind, size[:n]), input._val).reshape(size)
    return dense if dtype is None else dense.to(dtype)


@handles("to_sparse")
def to_sparse(input: Any, sparse_dim: int | None = None, *, layout: Any = None, **options: Any) -> Any:
    """The elements that are not zero, with their indices; with ``sparse_dim`` those of the first dimensions."""
    if layout is sparse_csr:
        return input.to_sparse_csr()
    if layout not in (None, sparse_coo):
        raise NotImplementedError(
            f"to_sparse(layout={layout}) is not implemented: there are sparse_coo and sparse_csr."
        )
    if is_sparse(input):
        return input
    a = input._a
    n = a.ndim if sparse_dim is None else sparse_dim
    full = (a != 0).reshape(*a.shape[:n], -1).any(axis=-1) if n < a.ndim else a != 0
    indices = np.array(np.nonzero(full), np.int64).reshape(n, -1)
    return make(indices, _taken(input, indices), a.shape, True)


def _taken(dense: Any, indices: Array) -> Any:
    """The elements of a dense tensor at indices."""
    n = len(indices)
    shape = tuple(dense.shape)
    rows = dense.reshape(math.prod(shape[:n]), *shape[n:])
    return rows.index_select(0, wrap(flat(indices, shape[:n])))


@handles("sparse_mask")
def sparse_mask(input: Any, mask: SparseTensor) -> SparseTensor:
    """The elements of a dense tensor where a sparse one has some."""
    if tuple(input.shape) != mask._size:
        raise errors.runtime(
            f"sparse_mask(): operands have incompatible sizes; self has size {list(input.shape)} but mask has size {list(mask._size)}"
        )
    mask = coalesce(mask)
    return make(mask._ind, _taken(to_dense(input), mask._ind), mask._size, True)


@handles("clone")
def clone(input: SparseTensor, *, memory_format: Any = None) -> SparseTensor:
    """A copy."""
    return make(input._ind.copy(), input._val.clone(), input._size, input._merged)


@handles("convert")
def convert(input: SparseTensor, *, dtype: Any) -> SparseTensor:
    """With values of another dtype."""
    return make(input._ind, input._val.to(dtype), input._size, input._merged)


@handles("t", "numpy_T")
def t(input: SparseTensor) -> SparseTensor:
    """Rows and columns exchanged."""
    return transpose(input, 0, 1) if input.dim() > 1 else input


@handles("transpose", "swapaxes", "swapdims")
def transpose(input: SparseTensor, dim0: int, dim1: int) -> SparseTensor:
    """Two sparse dimensions exchanged."""
    n = input.dim()
    a, b = errors.check_dim(dim0, n), errors.check_dim(dim1, n)
    if max(a, b) >= input.sparse_dim():
        raise errors.runtime("transpose: dimensions of the values cannot be exchanged", "Use x.to_dense().")
    order, size = list(range(input.sparse_dim())), list(input._size)
    order[a], order[b] = order[b], order[a]
    size[a], size[b] = size[b], size[a]
    return make(input._ind[order], input._val, size, input._merged and a == b)


@handles("index_select")
def index_select(input: SparseTensor, dim: int, index: Any) -> SparseTensor:
    """The slices of one sparse dimension with these numbers."""
    dim = errors.check_dim(dim, input.dim())
    wanted = index._a.reshape(-1)
    own = input._ind[dim]
    pairs = np.nonzero(own[None, :] == wanted[:, None])
    indices = input._ind[:, pairs[1]].copy()
    indices[dim] = pairs[0]
    size = list(input._size)
    size[dim] = len(wanted)
    return make(indices, input._val.index_select(0, wrap(pairs[1])), size, False)


@handles("cat", "concat", "concatenate")
def cat(tensors: Any, dim: int = 0) -> SparseTensor:
    """Sparse tensors one after another along a sparse dimension."""
    if not all(is_sparse(x) for x in tensors):
        raise errors.runtime(
            "Concatenating sparse tensors, but a dense tensor was found", "Convert it first: x.to_sparse()."
        )
    first = tensors[0]
    dim = errors.check_dim(dim, first.dim())
    at, parts = 0, []
    for x in tensors:
        moved = x._ind.copy()
        moved[dim] += at
        at += x._size[dim]
        parts.append(moved)
    size = list(first._size)
    size[dim] = at
    import rushlight

    values: Any = rushlight.cat([x._val for x in tensors])  # type: ignore[misc]
    return make(np.concatenate(parts, axis=1), values, size, False)


# --- products -------------------------------------------------------------------------------------------------------------
def _check_matrices(a: Any, b: Any) -> None:
    if a.dim() != 2:
        raise errors.runtime(f"addmm: 2-D matrices expected, got {a.dim()}D tensor")
    if b.dim() != 2:
        raise errors.runtime(f"addmm: Expected argument 2 to be 2-D, got {b.dim()}D")
    if a.shape[1] != b.shape[0]:
        raise errors.runtime(f"addmm: Argument #3 (dense): Expected dim 0 size {a.shape[1]}, got {b.shape[0]}")


def mm(sparse: Any, dense: Any, reduce: str = "sum") -> Any:
    """The product of a sparse matrix and a dense one, element by element in their order."""
    if not isinstance(sparse, Tensor):
        return _product(sparse, dense)
    return renamed(product(sparse, dense), "SparseAddmmBackward0")


@handles("mm", "spmm", "smm")
def product(sparse: Any, dense: Any) -> Any:
    """``torch.mm`` of a sparse matrix and a dense one."""
    return renamed(_product(sparse, dense), "MmBackward0")


def _product(sparse: Any, dense: Any) -> Any:
    if not is_sparse(sparse):
        if is_sparse(dense):
            return _product(t(dense), sparse.t()).t()
        import rushlight

        return rushlight.mm(sparse, dense)  # type: ignore[misc]
    _check_matrices(sparse, dense)
    if is_sparse(dense):
        return _of_sparse(sparse, dense)
    rows, columns = sparse._ind
    terms = sparse._val.unsqueeze(1) * dense.index_select(0, wrap(columns))
    return terms.new_zeros((sparse._size[0], dense.shape[1])).index_add(0, wrap(rows), terms)


def _of_sparse(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """The product of two sparse matrices, where one has an element for it."""
    there = np.zeros(a._size, np.int64), np.zeros(b._size, np.int64)
    there[0][tuple(a._ind)] = 1
    there[1][tuple(b._ind)] = 1
    indices = np.array(np.nonzero(there[0] @ there[1]), np.int64)
    return make(indices, _taken(_product(a, to_dense(b)), indices), (a._size[0], b._size[1]), True)


@handles("addmm", "sspaddmm")
def product_added(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``torch.addmm`` of a sparse ``mat1``."""
    return renamed(addmm(input, mat1, mat2, beta=beta, alpha=alpha), "AddmmBackward0")


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)`` of a sparse ``mat1``."""
    if not is_sparse(mat1):
        import rushlight

        return renamed(rushlight.addmm(input, mat1, mat2, beta=beta, alpha=alpha), "SparseAddmmBackward0")  # type: ignore[misc]
    _check_matrices(mat1, mat2)
    rows, columns = mat1._ind
    terms = (mat1._val * alpha).unsqueeze(1) * mat2.index_select(0, wrap(columns))
    start = (to_dense(input) * beta).expand(mat1._size[0], mat2.shape[1])
    return renamed(start.index_add(0, wrap(rows), terms), "SparseAddmmBackward0")


@handles("mv")
def mv(sparse: SparseTensor, vec: Any) -> Any:
    """The product of a sparse matrix and a vector."""
    return renamed(_product(sparse, vec.unsqueeze(1)).squeeze(1), "MvBackward0")


@handles("matmul")
def matmul(input: Any, other: Any) -> Any:
    """The product of a sparse matrix and a matrix or vector, or of a matrix and a sparse one."""
    if other.dim() == 1:
        return mv(input, other)
    if input.dim() == 1:
        return mv(t(other), input)
    return product(input, other)


# --- arithmetic ---------------------------------------------------------------------------------------------------------
def _with_values(input: SparseTensor, values: Any) -> SparseTensor:
    return make(input._ind, values, input._size, input._merged)


def _linear(name: str) -> None:
    @handles(name)
    def apply(input: SparseTensor) -> SparseTensor:
        return _with_values(input, getattr(input._val, name)())


def _keeping_zero(name: str) -> None:
    @handles(name)
    def apply(input: SparseTensor, *args: Any, **kwargs: Any) -> SparseTensor:
        merged = coalesce(input)
        return _with_values(merged, getattr(merged._val, name)(*args, **kwargs))


for _name in ("neg", "positive", "real"):
    _linear(_name)
for _name in ("abs", "sqrt", "sin", "tan", "tanh", "asin", "atan", "sinh", "asinh", "atanh", "expm1", "log1p", "relu", "sign", "floor",
              "ceil", "round", "trunc", "erf", "pow", "square", "isnan", "isinf", "nan_to_num"):  # fmt: skip
    _keeping_zero(_name)


@handles("mul", "multiply")
def mul(input: Any, other: Any) -> Any:
    """Elementwise, by a number, a dense tensor of the same shape, or another sparse one."""
    if not is_sparse(input):
        input, other = other, input
    if isinstance(other, Tensor) and other.dim() > 0:
        input = coalesce(input)
        if is_sparse(other):
            other = coalesce(other)
            n = input.sparse_dim()
            shared = np.isin(flat(input._ind, input._size[:n]), flat(other._ind, other._size[:n]))
            kept = np.nonzero(shared)[0]
            indices = input._ind[:, kept]
            return make(
                indices, input._val.index_select(0, wrap(kept)) * _taken(to_dense(other), indices), input._size, True
            )
        return _with_values(input, input._val * _taken(other.expand(input._size), input._ind))
    return _with_values(input, input._val * other)


@handles("div", "divide", "true_divide")
def div(input: SparseTensor, other: Any, *, rounding_mode: str | None = None) -> SparseTensor:
    """By a number."""
    if is_sparse(other) or (isinstance(other, Tensor) and other.dim() > 0):
        raise errors.runtime("Sparse division requires a scalar or zero-dim dense tensor divisor", "Use x.to_dense().")
    return _with_values(input, input._val / other)


@handles("add")
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """Sparse and sparse give sparse, dense and sparse give dense."""
    if not is_sparse(input):
        n = other.sparse_dim()
        rows = input.reshape(math.prod(other._size[:n]), *other._size[n:])
        return rows.index_add(0, wrap(flat(other._ind, other._size[:n])), other._val * alpha).reshape(other._size)
    if not is_sparse(other):
        raise errors.runtime("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if input._size != other._size:
        raise errors.runtime(
            f"add: expected sizes of 'self' and 'other' to match, but {list(input._size)} != {list(other._size)}"
        )
    joined = cat([input, _with_values(other, other._val * alpha)], 0)
    indices = np.concatenate([input._ind, other._ind], axis=1)
    total = make(indices, joined._val, input._size, False)
    return coalesce(total) if input._merged and other._merged else total


@handles("sub", "subtract")
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``input - alpha * other``."""
    return add(input, other, alpha=-alpha)


# --- in place -------------------------------------------------------------------------------------------------------------
@handles("zero_")
def zero_(input: SparseTensor) -> SparseTensor:
    """No elements any more."""
    input._ind, input._val, input._merged = input._ind[:, :0], input._val[:0], False
    return input


@handles("mul_")
def mul_(input: SparseTensor, other: Any) -> SparseTensor:
    """The values times a number."""
    input._val.mul_(other)
    return input


@handles("div_")
def div_(input: SparseTensor, other: Any) -> SparseTensor:
    """The values divided by a number."""
    input._val.div_(other)
    return input


# --- sums ---------------------------------------------------------------------------------------------------------------
@handles("norm")
def norm(input: SparseTensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The norm of all elements."""
    if dim is not None:
        raise errors.runtime("norm_sparse currently does not support 'dim' for sparse tensors", "Use x.to_dense().")
    return coalesce(input)._val.norm(p, dtype=dtype)


@handles("sum")
def sum(input: SparseTensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:  # noqa: A001
    """The sum of all elements, or over dimensions, which stays sparse."""
    values = input._val if dtype is None else input._val.to(dtype)
    if dim is None:
        return values.sum()
    dims = {errors.check_dim(d, input.dim()) for d in ((dim,) if isinstance(dim, int) else dim)}
    n = input.sparse_dim()
    inside = [d - n + 1 for d in dims if d >= n]
    if inside:
        values = values.sum(inside)
    kept = [d for d in range(n) if d not in dims]
    size = [input._size[d] for d in range(input.dim()) if d not in dims]
    if not kept:
        return values.sum(0)
    return coalesce(make(input._ind[kept], values, size, False))


def _groups(input: SparseTensor, dim: int) -> tuple[SparseTensor, Array, int, Any]:
    """The coalesced tensor, the slice along ``dim`` of each element, how many there are, the largest value of each slice."""
    input = coalesce(input)
    dim = errors.check_dim(dim, input.dim())
    if dim >= input.sparse_dim():
        raise errors.runtime("softmax along a dimension of the values is not supported", "Use x.to_dense().")
    rest = [d for d in range(input.sparse_dim()) if d != dim]
    _, places = np.unique(flat(input._ind[rest], [input._size[d] for d in rest]), return_inverse=True)
    places = places.reshape(-1)
    n = int(places.max(initial=-1)) + 1
    top = np.full((n, *input._val.shape[1:]), -np.inf, input._val._a.dtype)
    np.maximum.at(top, places, input._val.detach()._a)
    return input, places, n, wrap(top[places])


def softmax(input: SparseTensor, dim: int, *, dtype: Any = None) -> SparseTensor:
    """Softmax over the elements that are there; the others count as minus infinity."""
    input, places, n, top = _groups(input if dtype is None else convert(input, dtype=dtype), dim)
    e = (input._val - top).exp()
    return _with_values(input, e / added(n, places, e).index_select(0, wrap(places)))


def log_softmax(input: SparseTensor, dim: int, *, dtype: Any = None) -> SparseTensor:
    """The logarithm of ``softmax``."""
    input, places, n, top = _groups(input if dtype is None else convert(input, dtype=dtype), dim)
    shifted = input._val - top
    return _with_values(input, shifted - added(n, places, shifted.exp()).log().index_select(0, wrap(places)))


#: Methods that convert, and to which dtype.
KINDS = {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "bool": "bool"}


# --- methods ------------------------------------------------------------------------------------------------------------
def _attach() -> None:
    """Methods that are no records, which would ask ``__torch_function__``."""
    methods = {
        "coalesce": coalesce, "to_dense": to_dense, "to_sparse": to_sparse, "matmul": matmul, "__matmul__": matmul, "mm": product,
        "spmm": product, "smm": product, "t": t, "transpose": transpose, "sum": sum, "clone": clone, "index_select": index_select, "mv": mv,
        "__rmatmul__": lambda self, other: matmul(other, self), "sparse_mask": sparse_mask, "zero_": zero_, "mul_": mul_,
        "div_": div_, "norm": norm, "detach_": lambda self: self,
    }  # fmt: skip
    for name, function in methods.items():
        setattr(SparseTensor, name, function)
    for name, kind in KINDS.items():
        setattr(SparseTensor, name, _caster(kind))
    SparseTensor.T = property(t)  # type: ignore[assignment, method-assign]
    SparseTensor.data = property(SparseTensor.detach)  # type: ignore[assignment, method-assign]
    SparseTensor.cpu = lambda self, *args, **kwargs: self  # type: ignore[assignment, method-assign]
    SparseTensor.is_same_size = lambda self, other: self.shape == other.shape  # type: ignore[assignment, attr-defined, method-assign]


def _caster(kind: str) -> Any:
    from ..types import dtype_named

    return lambda self, **options: convert(self, dtype=dtype_named(kind))


_attach()
