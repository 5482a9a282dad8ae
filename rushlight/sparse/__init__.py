"""``torch.sparse``: tensors in coordinates, and matrices in compressed rows, as programs about graphs use them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..ops.create import tensor as _tensor
from ..tensor import Tensor, wrap
from .compressed import sparse_csr_tensor
from .operations import addmm, coalesce, log_softmax, mm, softmax, sum, to_sparse  # noqa: F401
from .tensor import SparseTensor, make

__all__ = ["addmm", "log_softmax", "mm", "softmax", "sparse_coo_tensor", "sparse_csr_tensor", "sum"]


def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, check_invariants: bool | None = None, is_coalesced: bool | None = None,
) -> SparseTensor:  # fmt: skip
    """A tensor of ``size`` that is zero but where ``indices`` (sparse dims, n) say what ``values`` (n, ...) are.

    Values of the same index are added. Without a size it is the smallest that holds all; ``sparse_coo_tensor(size)`` is empty.

    Raises:
        RuntimeError: for indices that do not fit the values, or that lie outside of the size.

    Example:
        >>> import rushlight as torch
        >>> torch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3)).to_dense()
        tensor([[0., 0., 3.],
                [4., 0., 0.]])
    """
    types.check_device(device)
    if values is None and indices is not None and not isinstance(indices, Tensor):
        indices, size = None, indices
    if indices is None:
        size = tuple(size)
        kind = types.get_default_dtype() if dtype is None else dtype
        return _finished(
            make(np.zeros((len(size), 0), np.int64), wrap(np.zeros(0, kind.np)), size, False), requires_grad
        )
    index = (indices if isinstance(indices, Tensor) else _tensor(indices))._a.astype(np.int64)
    given = values if isinstance(values, Tensor) else _tensor(values)
    given = given if dtype is None else given.to(dtype)
    if index.ndim != 2:
        raise errors.runtime(f"indices must be sparse_dim x nnz, but got: {list(index.shape)}")
    if given.dim() == 0 or given.shape[0] != index.shape[1]:
        raise errors.runtime(
            f"indices and values must have same nnz, but got nnz from indices: {index.shape[1]}, nnz from values: "
            f"{given.shape[0] if given.dim() else 1}"
        )
    if size is None:
        size = (*(int(n) + 1 for n in index.max(axis=1)), *given.shape[1:]) if index.shape[1] else (0,) * len(index)
    size = tuple(size)
    _check(index, given, size)
    own = given.detach() if requires_grad or not given.requires_grad else given.view(given.shape)
    return _finished(make(index, own, size, bool(is_coalesced)), requires_grad)


def _finished(made: SparseTensor, requires_grad: bool) -> SparseTensor:
    return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]


def _check(index: Any, values: Any, size: tuple[int, ...]) -> None:
    if len(size) != len(index) + values.dim() - 1:
        raise errors.runtime(
            f"number of dimensions must be sparse_dim ({len(index)}) + dense_dim ({values.dim() - 1}), but got {len(size)}"
        )
    for dim, (row, n) in enumerate(zip(index, size, strict=False)):
        if row.size and row.min() < 0:
            raise errors.runtime(f"found negative index {row.min()} for dim {dim}")
        if row.size and row.max() >= n:
            raise errors.runtime(
                f"size is inconsistent with indices: for dim {dim}, size is {n} but found index {row.max()}"
            )


def _typed(kind: types.dtype) -> Any:
    class Typed(type):
        def __instancecheck__(cls, x: Any) -> bool:
            return isinstance(x, SparseTensor) and x.dtype is kind

    def new(cls: Any, *args: Any) -> SparseTensor:
        if args and all(isinstance(n, int) for n in args):
            return sparse_coo_tensor(args, dtype=kind)
        return sparse_coo_tensor(*args, dtype=kind) if args else sparse_coo_tensor((0,), dtype=kind)

    return Typed(f"{types.scalar_name(kind)}Tensor", (), {"__new__": new, "__module__": "torch.sparse", "dtype": kind})


_KINDS = {"FloatTensor": types.float32, "DoubleTensor": types.float64, "LongTensor": types.int64, "IntTensor": types.int32,
          "HalfTensor": types.float16, "ByteTensor": types.uint8}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _KINDS:
        globals()[name] = _typed(_KINDS[name])
        return globals()[name]
    if name == "torch":  # PyTorch's module happens to have it, and programs write torch.sparse.torch.eye
        import rushlight

        return rushlight
    raise AttributeError(f"module 'torch.sparse' has no attribute '{name}'")
