"""The sparse tensor in coordinates (COO): indices of shape (sparse dims, n) and n values, which may be tensors themselves.

It has no array of its own. Operations that know it are in ``operations``; others say that they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from .. import errors, types
from ..override import DisableTorchFunctionSubclass
from ..printing import tensor_repr
from ..tensor import Tensor, wrap

#: What operations do with sparse tensors, by PyTorch's name.
HANDLERS: dict[str, Callable[..., Any]] = {}


def handles(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what the functions and methods of these names do when an argument is sparse."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            HANDLERS[name] = function
        return function

    return declare


class ValuesTensor(Tensor):
    """What has values and a size, and no array that holds all elements."""

    _val: Any
    _size: tuple[int, ...]
    #: What PyTorch calls the kind of tensor where it refuses something.
    backend = ""

    @property
    def _a(self) -> Any:  # type: ignore[override]
        raise errors.advised(
            errors.NoArray(f"Could not run an operation with arguments from the '{self.backend}' backend."),
            "It does not know sparse tensors: use x.to_dense().",
        )

    # --- what it is ---------------------------------------------------------------------------------------------
    @property
    def dtype(self) -> types.dtype:
        return self._val.dtype  # type: ignore[no-any-return]

    @property
    def shape(self) -> types.Size:
        return types.Size(self._size)

    @property
    def ndim(self) -> int:
        return len(self._size)

    @property
    def requires_grad(self) -> bool:
        return self._val.requires_grad  # type: ignore[no-any-return]

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Start or stop computing gradients for the values."""
        self._val.requires_grad_(requires_grad)
        return self

    @property
    def grad_fn(self) -> Any:
        return self._val.grad_fn

    @property
    def is_leaf(self) -> bool:
        return self._val.is_leaf  # type: ignore[no-any-return]

    def dim(self) -> int:
        """Number of dimensions."""
        return len(self._size)

    def size(self, dim: int | None = None) -> Any:
        """Sizes, or one of them."""
        return self.shape if dim is None else self._size[dim]

    def numel(self) -> int:
        """How many elements it has, zeros too."""
        return int(np.prod(self._size))

    nelement = numel

    def numpy(self, *, force: bool = False) -> Any:
        """Raises TypeError: there is no array."""
        raise errors.type_(
            f"can't convert {self.backend.removesuffix('CPU')} layout tensor to numpy. Use Tensor.to_dense() first."
        )

    def __len__(self) -> int:
        return self._size[0]

    def _notes(self) -> list[str]:
        """What a text says at its end: dtype, layout, gradient."""
        notes = [f"layout={self.layout}"]
        if self.dtype not in (types.get_default_dtype(), types.int64, types.bool_):
            notes.insert(0, f"dtype={self.dtype}")
        if self._val.grad_fn is not None:
            notes.append(f"grad_fn=<{self._val.grad_fn.name()}>")
        elif self._val.requires_grad:
            notes.append("requires_grad=True")
        return notes

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec)

    __hash__: Callable[..., Any] = object.__hash__


def shown_parts(*parts: tuple[str, np.ndarray[Any, Any]]) -> list[str]:
    """Named arrays as the text of a sparse tensor shows them, without their dtypes, in lines of the usual width."""
    found = []
    for i, (name, a) in enumerate(parts):
        prefix = "tensor(" if not i else " " * 7
        text = tensor_repr(
            a,
            dtype_name="",
            default_dtype_name="",
            class_prefix=f"{prefix}{name}=tensor(",
            suffixes=["size=(0,)"] * (a.shape == (0,)),
        )
        found.append(text[7:])
    return found


class SparseTensor(ValuesTensor):
    """A tensor whose elements are zero but for some, which are in coordinates."""

    _ind: np.ndarray[Any, Any]
    _merged: bool
    backend = "SparseCPU"

    # --- what it is ---------------------------------------------------------------------------------------------
    @property
    def layout(self) -> types.layout:
        return types.sparse_coo

    is_sparse = True

    @property
    def grad(self) -> Any:
        """The gradient, as sparse as the tensor."""
        g = self._val.grad
        return None if g is None else make(self._ind, g, self._size, self._merged)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._val.grad = None if value is None else value.coalesce()._val

    def sparse_dim(self) -> int:
        """Dimensions that indices speak of."""
        return int(self._ind.shape[0])

    def dense_dim(self) -> int:
        """Dimensions of a value."""
        return len(self._size) - self.sparse_dim()

    def _nnz(self) -> int:
        return int(self._ind.shape[1])

    def is_coalesced(self) -> bool:
        """Whether indices are in order and each there once."""
        return self._merged

    def _indices(self) -> Tensor:
        return wrap(self._ind)

    def _values(self) -> Tensor:
        return self._val.detach()  # type: ignore[no-any-return]

    def indices(self) -> Tensor:
        """The indices of a coalesced tensor."""
        self._need_merged("indices")
        return wrap(self._ind)

    def values(self) -> Any:
        """The values of a coalesced tensor."""
        self._need_merged("values")
        return self._val

    def _need_merged(self, what: str) -> None:
        if not self._merged:
            raise errors.runtime(f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first")

    # --- what becomes of it -----------------------------------------------------------------------------------------
    def detach(self) -> Any:
        """The same outside the graph."""
        return make(self._ind, self._val.detach(), self._size, self._merged)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """With values of another dtype."""
        return make(self._ind, self._val.to(*args, **kwargs), self._size, self._merged)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = make(self._ind.copy(), deepcopy(self._val, memo), self._size, self._merged)
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return make, (self._ind, self._val, self._size, self._merged)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        last = [f"size={self._size}", f"nnz={self._nnz()}", *self._notes()]
        parts = ("indices", self._ind), ("values", self._val.detach()._a)
        return "tensor(" + ",\n       ".join([*shown_parts(*parts), ", ".join(last)]) + ")"

    __str__ = __repr__  # type: ignore[assignment]

    @classmethod
    def __torch_function__(cls, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        handler = HANDLERS.get(func.__name__)
        if handler is None:
            raise errors.advised(
                NotImplementedError(
                    f"Could not run 'aten::{func.__name__}' with arguments from the 'SparseCPU' backend."
                ),
                "It does not know sparse tensors: use x.to_dense().",
            )
        with DisableTorchFunctionSubclass():
            return handler(*args, **(kwargs or {}))


SparseTensor.__name__ = SparseTensor.__qualname__ = "Tensor"
SparseTensor.__module__ = "torch"


def make(indices: np.ndarray[Any, Any], values: Any, size: Any, merged: bool) -> SparseTensor:
    """A sparse tensor of indices, values and a size that fit."""
    made: Any = object.__new__(SparseTensor)
    made._edge = made._grad = made._base = made._extra = None
    made._vc = [0]
    made._ind, made._val, made._size, made._merged = indices, values, tuple(int(n) for n in size), merged
    return made  # type: ignore[no-any-return]


def is_sparse(x: Any) -> bool:
    """Whether it is a sparse tensor."""
    return isinstance(x, SparseTensor)
