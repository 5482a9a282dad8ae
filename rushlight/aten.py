"""``torch.ops.aten`` beyond PyTorch's public names: operations as its inside calls them, made of the public ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import errors
from .families import find
from .readers import REGISTRY, arrays
from .tensor import wrap


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


def _is_same_size(x: Any, y: Any) -> bool:
    """Whether two tensors have one shape."""
    return x.shape == y.shape  # type: ignore[no-any-return]


def _itself(x: Any) -> Any:
    """The tensor: what was made of Python's numbers."""
    return x


def _reshape_copy(x: Any, size: Any) -> Any:
    """``x.reshape(size)``, a copy."""
    return x.clone().reshape(size)


def _softmax(x: Any, dim: int, half_to_float: bool) -> Any:
    """``softmax``."""
    return _function("softmax")(x, dim)


def _log_softmax(x: Any, dim: int, half_to_float: bool) -> Any:
    """``log_softmax``."""
    return _function("log_softmax")(x, dim)


def _function(name: str) -> Any:
    """``torch.nn.functional.<name>``."""
    return find("nn.functional." + name)


_REDUCTIONS = ("none", "mean", "sum")


def mse_loss(x: Any, target: Any, reduction: int = 1) -> Any:
    """``F.mse_loss``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    return REGISTRY["squared_error"](x, target, reduction=_REDUCTIONS[reduction])


def binary_cross_entropy_with_logits(
    x: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: int = 1
) -> Any:
    """``F.binary_cross_entropy_with_logits``; ``reduction`` is 0 (none), 1 (mean) or 2 (sum)."""
    loss = _function("binary_cross_entropy_with_logits")
    return loss(x, target, weight, reduction=_REDUCTIONS[reduction], pos_weight=pos_weight)


def nll_loss_forward(x: Any, target: Any, weight: Any, reduction: int, ignore_index: int) -> tuple[Any, Any]:
    """``F.nll_loss``, and by how much a mean divides."""
    loss = _function("nll_loss")(x, target, weight, ignore_index=ignore_index, reduction=_REDUCTIONS[reduction])
    counted = target != ignore_index
    weights = counted.to(x.dtype) if weight is None else weight[target.where(counted, 0)] * counted
    return loss, weights.sum() if reduction else x.new_zeros(())


def _max_pooling(n: int) -> Callable[..., Any]:
    def pool(
        x: Any, kernel_size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
    ) -> Any:
        found = _function(f"max_pool{n}d")
        return found(x, kernel_size, stride or None, padding, dilation, ceil_mode=ceil_mode, return_indices=True)

    pool.__name__ = pool.__qualname__ = f"max_pool{n}d_with_indices"
    return pool


def _avg_pooling(n: int) -> Callable[..., Any]:
    def pool(x: Any, kernel_size: Any, stride: Any = (), *settings: Any) -> Any:
        return _function(f"avg_pool{n}d")(x, kernel_size, stride or None, *settings)

    pool.__name__ = pool.__qualname__ = f"avg_pool{n}d"
    return pool


def embedding(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Any:
    """``F.embedding`` with the table first; a ``padding_idx`` below 0 is none."""
    padding = None if padding_idx < 0 else padding_idx
    return _function("embedding")(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def linalg_vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """``torch.linalg.vector_norm``."""
    return find("linalg.vector_norm")(x, ord, dim, keepdim, dtype=dtype)


def by_rule(name: str, more: str = "") -> Callable[..., Any]:
    """The rule of a record for its first input as a function of a gradient and of what it has saved; then of what ``more`` names, of which
    attributes are handed on."""

    def backward(g: Any, *args: Any, **attrs: Any) -> Any:
        op = REGISTRY[name]
        rule = op.rules[0]
        saved = [x._a for x in args[: len(rule.slots)]]
        given = dict(zip(more.split(), args[len(rule.slots) :], strict=False)) | {**op.defaults, **attrs}
        return wrap(np.asarray(rule.fn(arrays, g._a, *saved, **{n: given[n] for n in rule.attrs})))

    backward.__name__ = backward.__qualname__ = f"{name}_backward"
    return backward


ATEN: dict[str, Callable[..., Any]] = {
    "threshold_backward": by_rule("relu"), "sigmoid_backward": by_rule("sigmoid"), "tanh_backward": by_rule("tanh"),
    "silu_backward": by_rule("silu"), "gelu_backward": by_rule("gelu"), "_softmax_backward_data": by_rule("softmax", "dim dtype"),
    "_log_softmax_backward_data": by_rule("log_softmax", "dim dtype"),
    "is_same_size": _is_same_size, "lift_fresh": _itself, "lift_fresh_copy": lambda x: x.clone(), "_reshape_copy": _reshape_copy,
    "_softmax": _softmax, "_log_softmax": _log_softmax, "mse_loss": mse_loss, "nll_loss_forward": nll_loss_forward,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits, "linalg_vector_norm": linalg_vector_norm, "embedding": embedding,
    **{f"max_pool{n}d_with_indices": _max_pooling(n) for n in (2, 3)}, **{f"avg_pool{n}d": _avg_pooling(n) for n in (2, 3)},
    "_to_copy": _to_copy, "alias": alias, "index": index, "slice": slice_, "_local_scalar_dense": _local_scalar_dense,
    "_unsafe_view": _unsafe_view, "sym_size": sym_size, "sym_numel": sym_numel, "_is_all_true": _is_all_true,
    **errors.absent(
        "torch.ops.aten", "_pin_memory _sparse_addmm _sparse_mm_reduce_impl _scaled_dot_product_cudnn_attention "
        "_scaled_dot_product_flash_attention _scaled_dot_product_cudnn_attention_backward "
        "_scaled_dot_product_flash_attention_backward", "Call the public operation.",
    ),
}  # fmt: skip
