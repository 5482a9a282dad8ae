"""Memory that processes share: ``share_memory_`` moves a tensor there, and what one process writes the others see.

The memory is that of a ``multiprocessing.RawArray``: forked processes have it, and a tensor that is an argument of a spawned one takes
it along. Elsewhere (queues, files) tensors are copied.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from ..functions import function
from ..kernels.cpython import address
from ..kernels.lazy import settle
from ..storage import shared_memory
from ..tensor import Parameter, Tensor, wrap
from ..writing import storage_bytes

ndarray = np.ndarray


def _within(raw: Any, start: int, a: ndarray[Any, Any]) -> ndarray[Any, Any]:
    """An array as it lies in ``raw``, a copy of the memory that begins at ``start``."""
    return np.ndarray(a.shape, a.dtype, raw, address(a) - start if a.size else 0, a.strides)


@function(
    name="Tensor.share_memory_",
    methods="share_memory_",
    samples=lambda m: [m(m.f(2)), m(m.f()), m(m.f(0)).apart("PyTorch cannot share nothing"), m(m.nc(2, 2))],
    errors=lambda m: [m.error(TypeError, "takes", m.f(2), 3)],
)
def share_memory_(self: Tensor) -> Tensor:
    """Move this tensor to memory that processes share, and return it; a view takes its base along.

    Further views that were made before keep the memory that they have, so share first and take views then.
    """
    if shared_memory(self._a) is not None:
        return self
    from multiprocessing import RawArray, reduction

    settle()
    memory = storage_bytes(self._a)
    raw: Any = RawArray("B", max(memory.size, 1))
    np.ndarray(memory.shape, np.uint8, raw)[...] = memory
    for t in (self, self._base):
        if t is not None:
            t._a = _within(raw, address(memory), t._a)
    for cls in (Tensor, Parameter):
        reduction.register(cls, _sent)
    return self


def _sent(x: Any) -> Any:
    """How a tensor goes to another process: with its memory if that is shared and the process is being started, else as a copy."""
    from multiprocessing.context import get_spawning_popen

    raw = shared_memory(x._a)
    if raw is None or get_spawning_popen() is None:
        return x.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    offset = address(x._a) - address(np.ndarray((1,), np.uint8, raw))
    return _received, (raw, x.shape, x.dtype, offset, x._a.strides, type(x).__name__, x.requires_grad)


def _received(
    raw: Any, shape: tuple[int, ...], dtype: Any, offset: int, strides: Any, kind: str, requires_grad: bool
) -> Tensor:
    """The tensor in the process that was started."""
    x = wrap(np.ndarray(shape, dtype.np, raw, offset, strides))
    return Parameter(x, requires_grad) if kind == "Parameter" else x.requires_grad_(requires_grad)


@function(
    name="Tensor.is_shared",
    methods="is_shared",
    samples=lambda m: [m(m.f(2)), m(m.f()), m(m.f(0)), m(m.nc(2, 2))],
    errors=lambda m: [m.error(TypeError, "takes", m.f(2), 3)],
)
def is_shared(self: Tensor) -> bool:
    """Whether the tensor lies in memory that ``share_memory_`` made.

    >>> import rushlight as torch
    >>> x = torch.ones(2)
    >>> x.is_shared(), x.share_memory_().is_shared(), x[:1].is_shared(), x.clone().is_shared()
    (False, True, True, False)
    """
    return shared_memory(self._a) is not None


@function(
    methods="is_pinned",
    name="Tensor.is_pinned",
    samples=lambda m: [m(m.f(2)), m(m.f()), m(m.f(0)), m(m.nc(2, 2))],
    errors=lambda m: [m.error(TypeError, "is_pinned()", m.f(2), 1, 2)],
)
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: memory is pinned for the sake of an accelerator."""
    return False
