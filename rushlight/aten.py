"""``torch.ops.aten`` beyond PyTorch's public names: operations as its inside calls them, made of the public ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import errors


def _to_copy(x: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: Any = None,
             non_blocking: bool = False, memory_format: Any = None) -> Any:  # fmt: skip
    """A copy, of another dtype."""
    return x.clone() if dtype is None or dtype is x.dtype else x.to(dtype)


def alias(x: Any) -> Any:
    """The tensor, as a view."""
    return x.view(x.shape)


def index(x: Any, indices: Any) -> Any:
    """``x[indices]``, where None is a whole dimension."""
    return x[tuple(slice(None) if i is None else i for i in indices)]


def slice_(x: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """``x[start:end:step]`` along a dimension."""
    return x[(slice(None),) * (dim % x.dim()) + (slice(start, end, step),)]


def _local_scalar_dense(x: Any) -> Any:
    """The one number of a tensor."""
    return x.item()


def _unsafe_view(x: Any, size: Any) -> Any:
    """``x.view(size)``."""
    return x.view(size)


def sym_size(x: Any, dim: int | None = None) -> Any:
    """Sizes."""
    return x.size() if dim is None else x.size(dim)


def sym_numel(x: Any) -> int:
    """How many elements."""
    return int(x.numel())


def _is_all_true(x: Any) -> Any:
    """Whether all are true, as a tensor."""
    return x.all()


ATEN: dict[str, Callable[..., Any]] = {
    "_to_copy": _to_copy, "alias": alias, "index": index, "slice": slice_, "_local_scalar_dense": _local_scalar_dense,
    "_unsafe_view": _unsafe_view, "sym_size": sym_size, "sym_numel": sym_numel, "_is_all_true": _is_all_true,
    **errors.absent(
        "torch.ops.aten", "_pin_memory _sparse_addmm _sparse_mm_reduce_impl _scaled_dot_product_cudnn_attention "
        "_scaled_dot_product_flash_attention _scaled_dot_product_cudnn_attention_backward "
        "_scaled_dot_product_flash_attention_backward", "Call the public operation.",
    ),
}  # fmt: skip
