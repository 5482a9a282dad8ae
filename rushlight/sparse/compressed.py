"""The sparse matrix in compressed rows (CSR), as far as programs about graphs use it: they make it, and multiply with it.

Row i has the elements ``crow_indices[i]`` to ``crow_indices[i + 1]`` of ``col_indices`` and ``values``. What is computed with it goes by
coordinates; gradients flow through the values.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from .. import errors, types
from ..ops.create import tensor as _tensor
from ..ops.losses import renamed
from ..override import DisableTorchFunctionSubclass
from ..printing import append_notes
from ..tensor import Tensor, wrap
from . import operations
from .tensor import HANDLERS, SparseTensor, ValuesTensor, is_sparse, make, shown_parts

Array = np.ndarray[Any, Any]


class CSRTensor(ValuesTensor):
    """A matrix whose elements are zero but for some, which are in rows."""

    _crow: Array
    _col: Array
    backend = "SparseCsrCPU"
    is_sparse = False
    is_sparse_csr = True

    @property
    def layout(self) -> types.layout:
        return types.sparse_csr

    @property
    def grad(self) -> Any:
        """The gradient, as sparse as the tensor."""
        g = self._val.grad
        return None if g is None else _with_values(self, g)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._val.grad = None if value is None else value._val

    def crow_indices(self) -> Tensor:
        """Where each row begins, and where the last one ends."""
        return wrap(self._crow)

    def col_indices(self) -> Tensor:
        """The columns of the elements."""
        return wrap(self._col)

    def values(self) -> Any:
        """The elements."""
        return self._val

    def _nnz(self) -> int:
        return len(self._col)

    def sparse_dim(self) -> int:
        """Dimensions that indices speak of: 2."""
        return 2

    def dense_dim(self) -> int:
        """Dimensions of a value: 0."""
        return 0

    def detach(self) -> Any:
        """The same outside the graph."""
        return _with_values(self, self._val.detach())

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy."""
        return compressed(self._crow.copy(), self._col.copy(), self._val.clone(), self._size)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """With values of another dtype."""
        return _with_values(self, self._val.to(*args, **kwargs))

    def cpu(self, *args: Any, **kwargs: Any) -> Any:
        """It is there."""
        return self

    def to_sparse_coo(self) -> SparseTensor:
        """The same in coordinates."""
        return coordinates(self)

    def to_sparse_csr(self, dense_dim: int | None = None) -> Any:
        """As it is."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = compressed(self._crow.copy(), self._col.copy(), deepcopy(self._val, memo), self._size)
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return compressed, (self._crow, self._col, self._val, self._size)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        parts = ("crow_indices", self._crow), ("col_indices", self._col), ("values", self._val.detach()._a)
        text = "tensor(" + ",\n       ".join(shown_parts(*parts))
        return append_notes(text, [f"size={self._size}", f"nnz={self._nnz()}", *self._notes()], 7)

    __str__ = __repr__  # type: ignore[assignment]

    @classmethod
    def __torch_function__(cls, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__
        if name in _COORDINATES:
            raise errors.runtime(
                f"{name} expected sparse coordinate tensor layout but got SparseCsr", "Use x.to_sparse_coo()."
            )
        if name not in _KNOWN:
            raise errors.advised(
                NotImplementedError(f"Could not run 'aten::{name}' with arguments from the 'SparseCsrCPU' backend."),
                "It does not know matrices in compressed rows: use x.to_sparse_coo() or x.to_dense().",
            )
        with DisableTorchFunctionSubclass():
            return _by_coordinates(name, args, kwargs or {})


CSRTensor.__name__ = CSRTensor.__qualname__ = "Tensor"
CSRTensor.__module__ = "torch"


def compressed(crow: Array, col: Array, values: Any, size: Any) -> CSRTensor:
    """A matrix of rows, columns, values and a size that fit."""
    made: Any = object.__new__(CSRTensor)
    made._edge = made._grad = made._base = made._extra = None
    made._vc = [0]
    made._crow, made._col, made._val, made._size = crow, col, values, tuple(int(n) for n in size)
    return made  # type: ignore[no-any-return]


def _with_values(x: CSRTensor, values: Any) -> CSRTensor:
    return compressed(x._crow, x._col, values, x._size)


def is_compressed(x: Any) -> bool:
    """Whether it is a matrix in compressed rows."""
    return isinstance(x, CSRTensor)


# --- forms ----------------------------------------------------------------------------------------------------------------
def coordinates(x: CSRTensor) -> SparseTensor:
    """The same in coordinates."""
    rows = np.repeat(np.arange(x._size[0]), np.diff(x._crow))
    return make(np.stack([rows, x._col.astype(np.int64)]), x._val, x._size, True)


def to_sparse_csr(input: Any, dense_dim: int | None = None) -> CSRTensor:
    """A dense or sparse matrix in compressed rows.

    Raises:
        NotImplementedError: for what is no matrix, or has values that are tensors.
    """
    if is_compressed(input):
        return input  # type: ignore[no-any-return]
    if dense_dim:
        raise NotImplementedError(f"to_sparse_csr(dense_dim={dense_dim}) is not implemented: values are numbers here.")
    _check_matrix(input.shape)
    coo = operations.coalesce(input if is_sparse(input) else operations.to_sparse(input))
    if not is_sparse(input):
        renamed(coo._val, "ToSparseCsrBackward0")
    if coo.sparse_dim() != 2:
        raise NotImplementedError(
            "to_sparse_csr of values that are tensors is not implemented: values are numbers here."
        )
    counts = np.bincount(coo._ind[0], minlength=coo._size[0])
    crow = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return compressed(crow, coo._ind[1].copy(), coo._val, coo._size)


def _check_matrix(size: Any) -> None:
    if len(size) != 2:
        raise NotImplementedError(
            f"sparse_csr tensors of {len(size)} dimensions are not implemented: they are matrices here. Keep a list of them."
        )


def sparse_csr_tensor(
    crow_indices: Any, col_indices: Any, values: Any, size: Any = None, *, dtype: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, check_invariants: bool | None = None,
) -> CSRTensor:  # fmt: skip
    """A matrix in compressed rows: row i has the ``values`` from ``crow_indices[i]`` to ``crow_indices[i + 1]``, in ``col_indices``.

    Without a size it has as many rows as the indices say, and the columns that are used.

    Raises:
        RuntimeError: for indices that do not fit each other, or lie outside of the size; with ``check_invariants`` also for columns
            that are not in order, each once.
        NotImplementedError: for batches of matrices, and values that are tensors.

    Example:
        >>> import rushlight as torch
        >>> adjacency = torch.sparse_csr_tensor([0, 2, 3], [0, 2, 1], [1.0, 2.0, 3.0], (2, 3))
        >>> adjacency @ torch.ones(3, 1)
        tensor([[3.],
                [3.]])
    """
    types.check_device(device)
    crow, col = (
        (x if isinstance(x, Tensor) else _tensor(x, dtype=types.int64))._a for x in (crow_indices, col_indices)
    )
    given = values if isinstance(values, Tensor) else _tensor(values)
    given = given if dtype is None else given.to(dtype)
    if crow.ndim != 1 or given.dim() != 1:
        raise NotImplementedError(
            "sparse_csr tensors in batches, or with values that are tensors, are not implemented: they are matrices of numbers here."
        )
    if size is None:
        size = len(crow) - 1, int(col.max()) + 1 if len(col) else 0
    size = tuple(size)
    _check_matrix(size)
    _check(crow, col, given, size, bool(check_invariants))
    own = given.detach() if requires_grad or not given.requires_grad else given.view(given.shape)
    renamed(own, "SparseCompressedTensorBackward0")
    made = compressed(crow.copy(), col.copy(), own, size)
    return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]


def _check(crow: Array, col: Array, values: Any, size: tuple[int, ...], order: bool) -> None:
    """What must hold, so that no product reads elsewhere."""
    nnz = values.shape[0]
    for name, a in (("crow_indices", crow), ("col_indices", col)):
        if a.dtype not in (np.int32, np.int64):
            raise errors.runtime(
                f"{name} must be an int32 or int64 type, but got: {types.scalar_name(types.of_array(a))}"
            )
    if len(crow) != size[0] + 1:
        raise errors.runtime(
            f"crow_indices.shape[-1] must be equal to the number of rows + 1 (={size[0] + 1}), but got {len(crow)}"
        )
    if len(col) != nnz:
        raise errors.runtime(
            f"col_indices.shape[-1] must be equal to nnz (={nnz}) as defined by values.shape[0], but got {len(col)}"
        )
    steps = np.diff(crow)
    for holds, what in (
        (crow[0] == 0, "crow_indices[..., 0] == 0"),
        (crow[-1] == nnz, "crow_indices[..., -1] == nnz"),
        (not steps.size or steps.min() >= 0, "0 <= crow_indices[..., 1:] - crow_indices[..., :-1] <= ncols"),
        (not nnz or (col.min() >= 0 and col.max() < size[1]), "0 <= col_indices < ncols"),
    ):
        if not holds:
            raise errors.runtime(f"`{what}` is not satisfied.")
    if order and nnz > 1:
        first = np.zeros(nnz + 1, bool)
        first[crow] = True  # where a row begins
        if not (first[1:nnz] | (np.diff(col) > 0)).all():
            raise errors.runtime(
                "`col_indices[..., crow_indices[..., i - 1]:crow_indices[..., i]] for all i = 1, ..., nrows are sorted and distinct "
                "along the last dimension values` is not satisfied."
            )


# --- operations -------------------------------------------------------------------------------------------------------------
_ELEMENTWISE = frozenset(
    "neg abs sqrt sin tan tanh asin atan sinh asinh atanh expm1 log1p relu sign floor ceil round trunc erf".split()
)
_PRODUCTS = frozenset("mm matmul mv addmm spmm smm".split())
_KNOWN = _ELEMENTWISE | _PRODUCTS | frozenset("mul multiply add sum convert to_dense to_sparse clone".split())
#: What PyTorch has for coordinates alone.
_COORDINATES = frozenset("coalesce is_coalesced indices".split())


def _by_coordinates(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The operation on the same matrices in coordinates; a sparse result is compressed again."""
    first = args[0]
    if name in _ELEMENTWISE:
        return _with_values(first, getattr(first._val, name)())
    if name == "sum" and (len(args) > 1 or kwargs.get("dim") is not None):
        raise errors.runtime(
            "reduction operations on CSR tensors with keepdim=False is unsupported", "Use x.to_sparse_coo() first."
        )
    if name == "convert":
        return _with_values(first, first._val.to(kwargs["dtype"]))
    if name in ("mul", "multiply") and not any(isinstance(x, Tensor) and x.dim() for x in args[1:]):
        return _with_values(first, first._val * args[1])
    if name in ("mm", "matmul") and all(x.dim() == 2 for x in args[:2]):
        _check_factors(*args[:2])
    given = [coordinates(x) if is_compressed(x) else x for x in args]
    if name == "add" and is_sparse(given[0]) and not is_sparse(given[1]):
        given = [given[1], given[0]]  # a dense one and a sparse one
        if "alpha" in kwargs:
            raise NotImplementedError("add(csr, dense, alpha=) is not implemented: multiply first.")
    if name == "mul" and not is_sparse(given[0]):
        given = given[::-1]
    result = HANDLERS[name](*given, **kwargs)
    if name in ("add", "mul"):
        renamed(result._val if is_sparse(result) else result, f"{name.capitalize()}Backward0")
    return to_sparse_csr(result) if is_sparse(result) and name != "to_sparse" else result


def _check_factors(a: Any, b: Any) -> None:
    if a.shape[1] != b.shape[0]:
        sizes = [f"{x.shape[0]}x{x.shape[1]}" for x in (a, b)]
        raise errors.runtime(f"mat1 and mat2 shapes cannot be multiplied ({sizes[0]} and {sizes[1]})")
    if a.dtype is not b.dtype:
        names = [types.scalar_name(x.dtype) for x in (a, b)]
        raise errors.runtime(f"expected scalar type {names[0]} but found {names[1]}", "Convert one of them.")


def _method(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _by_coordinates(name, (self, *args), kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"``torch.{name}`` of a matrix in compressed rows."
    return call


def _refused(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any) -> Any:
        raise NotImplementedError(
            f"Tensor.{name} of a sparse_csr tensor is not implemented: its result is in compressed columns (sparse_csc). Use "
            "x.to_sparse_coo() first."
        )

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Raises NotImplementedError: the result of ``{name}`` is in compressed columns."
    return call


def _attach() -> None:
    """Methods that are no records, which would ask ``__torch_function__``."""
    for name in ("matmul", "mm", "mv", "sum", "to_dense", "to_sparse"):
        setattr(CSRTensor, name, _method(name))
    CSRTensor.__matmul__ = _method("matmul")  # type: ignore[method-assign, assignment]
    CSRTensor.__rmatmul__ = lambda self, other: _by_coordinates("matmul", (other, self), {})  # type: ignore[method-assign, assignment]
    for name in ("t", "transpose", "to_sparse_csc"):
        setattr(CSRTensor, name, _refused(name))
    CSRTensor.data = property(CSRTensor.detach)  # type: ignore[assignment, method-assign]
    CSRTensor.T = property(_refused("T"))  # type: ignore[assignment, method-assign]
    for name, kind in operations.KINDS.items():
        setattr(CSRTensor, name, lambda self, kind=kind, **options: self.to(types.dtype_named(kind)))


_attach()


def _convert_indices_from_coo_to_csr(input: Tensor, size: int, *, out_int32: bool = False) -> Tensor:
    """Where the rows of sorted row indices begin: ``size + 1`` places."""
    begins = np.searchsorted(input._a, np.arange(size + 1), "left")
    return wrap(begins.astype(np.int32 if out_int32 else np.int64))


def _convert_indices_from_csr_to_coo(
    crow_indices: Tensor, col_indices: Tensor, *, out_int32: bool = False, transpose: bool = False
) -> Tensor:
    """Rows and columns of the elements, (2, n); columns and rows with ``transpose``."""
    rows = np.repeat(np.arange(crow_indices._a.size - 1), np.diff(crow_indices._a))
    pair = (col_indices._a, rows) if transpose else (rows, col_indices._a)
    return wrap(np.stack(pair).astype(np.int32 if out_int32 else np.int64))
