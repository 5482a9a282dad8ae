"""The sparse tensor in coordinates (COO): indices of shape (sparse dims, n) and n values, which may be tensors themselves.

It has no array of its own. Operations that know it are in ``operations``; others say that they do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from .. import errors, types
from ..override import DisableTorchFunctionSubclass
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


class SparseTensor(Tensor):
    """A tensor whose elements are zero but for some."""

    _ind: np.ndarray[Any, Any]
    _val: Any
    _size: tuple[int, ...]
    _merged: bool

    @property
    def _a(self) -> Any:  # type: ignore[override]
        raise errors.NoArray(
            "Could not run an operation with arguments from the 'SparseCPU' backend.\n\nIt does not know sparse tensors: "
            "use x.to_dense()."
        )

    # --- what it is ---------------------------------------------------------------------------------------------
    @property
    def dtype(self) -> types.dtype:
        return self._val.dtype  # type: ignore[no-any-return]

    @property
    def shape(self) -> types.Size:
        return types.Size(self._size)

    @property
    def layout(self) -> types.layout:
        return types.sparse_coo

    @property
    def ndim(self) -> int:
        return len(self._size)

    is_sparse = True

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
    def grad(self) -> Any:
        """The gradient, as sparse as the tensor."""
        g = self._val.grad
        return None if g is None else make(self._ind, g, self._size, self._merged)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._val.grad = None if value is None else value.coalesce()._val

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

    def numpy(self, *, force: bool = False) -> Any:
        """Raises TypeError: there is no array."""
        raise errors.type_("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def __len__(self) -> int:
        return self._size[0]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = make(self._ind.copy(), deepcopy(self._val, memo), self._size, self._merged)
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return make, (self._ind, self._val, self._size, self._merged)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        def part(name: str, x: Any, at: int) -> str:
            text = re.sub(r", dtype=torch\.\w+", "", repr(x))
            text = "tensor([], size=(0,))" if text == "tensor([])" else text
            return f"{name}=" + text.replace("\n", "\n" + " " * (at + len(name) + 1))

        last = [f"size={self._size}", f"nnz={self._nnz()}"]
        if self.dtype not in (types.get_default_dtype(), types.int64, types.bool_):
            last.append(f"dtype={self.dtype}")
        last.append("layout=torch.sparse_coo")
        if self._val.grad_fn is not None:
            last.append(f"grad_fn=<{self._val.grad_fn.name()}>")
        elif self._val.requires_grad:
            last.append("requires_grad=True")
        rows = [part("indices", wrap(self._ind), 7), part("values", self._val.detach(), 7), ", ".join(last)]
        return "tensor(" + ",\n       ".join(rows) + ")"

    __str__ = __repr__  # type: ignore[assignment]

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec)

    __hash__: Callable[..., Any] = object.__hash__

    @classmethod
    def __torch_function__(cls, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        handler = HANDLERS.get(func.__name__)
        if handler is None:
            raise NotImplementedError(
                f"Could not run 'aten::{func.__name__}' with arguments from the 'SparseCPU' backend.\n\nIt does not know sparse "
                "tensors: use x.to_dense()."
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
