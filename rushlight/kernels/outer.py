"""Outer products of long vectors as machine code: NumPy's broadcasting takes one thread and eight times as long."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .memory import empty
from .products import worth_machine_code
from .words import f32, f64

Array = np.ndarray[Any, Any]

LEAST = 32768  # elements of a result that are worth a kernel
_CHUNK = 8192  # elements that are worth a thread's turn
_KINDS = {np.dtype(np.float32): (f32, 16), np.dtype(np.float64): (f64, 8)}


@functools.cache
def _kernel(dtype: Any) -> Any:
    from .code import outer
    from .kernel import compiled

    kind, lanes = _KINDS[dtype]
    return compiled(outer.lines, T=kind, L=lanes)


def product(a: Array, b: Array) -> Array | None:
    """``a[:, None] * b``; None where NumPy is to do it."""
    work = a.size * b.size
    if work < LEAST or a.dtype is not b.dtype or a.dtype not in _KINDS or not worth_machine_code(work):
        return None
    out, n = empty((a.size, b.size), a.dtype), b.size
    return out if _kernel(a.dtype)(a.size, max(_CHUNK // n, 1), out, a, b, n) else None
