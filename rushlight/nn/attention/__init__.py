"""``torch.nn.attention``: which implementation of attention may be chosen. There is one here; what may not be it raises."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ... import routes
from ...ops import attention as _op


class SDPBackend(enum.IntEnum):
    """Implementations of ``scaled_dot_product_attention`` that PyTorch has."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __repr__(self) -> str:
        return f"<SDPBackend.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"SDPBackend.{self.name}"


#: Those that a CPU build of PyTorch has.
_ON_CPU = (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION)


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """Inside, attention may use these implementations only. All that a CPU has compute the same here.

    Raises:
        AssertionError: for what is no ``SDPBackend`` or list of them. Attention itself raises RuntimeError if none of them
            exists on a CPU.
    """
    single = isinstance(backends, SDPBackend)
    if not single and not isinstance(backends, (list, tuple)):
        raise AssertionError(
            f"Backend must be an instance of SDPBackend or a list of SDPBackend instances, got {type(backends).__name__}"
        )
    chosen = (backends,) if single else tuple(backends)
    token = _op.allowed.set(any(backend in _ON_CPU for backend in chosen))
    routes.close("sdpa_kernel")  # which know calls by their arguments alone
    try:
        yield
    finally:
        routes.open_again("sdpa_kernel")
        _op.allowed.reset(token)


__all__ = ["SDPBackend", "sdpa_kernel"]
