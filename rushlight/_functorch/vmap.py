"""``torch._functorch.vmap``."""

from __future__ import annotations

from typing import Any

from ..levels import Batched

in_dims_t = int | tuple[Any, ...]
out_dims_t = int | tuple[int, ...]


def is_batchedtensor(tensor: Any) -> bool:
    """Whether a tensor is one example of a batch."""
    return isinstance(tensor, Batched)
