"""Negative log likelihood of rows of classes as native code: the Python side of ``code.classes``.

None is the answer, with nothing done, where NumPy is to do it: weighted classes, targets to be ignored, other layouts and types.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import llvm

Array = np.ndarray[Any, Any]

LARGE = 1 << 18  # elements of a gradient that NumPy takes 0.3 ms for
_CHUNK = 1 << 15  # elements

_kernels: dict[Any, Any] = {}


def nll(x: Array, target: Array, ignored: int, mean: bool) -> Array | None:
    """The sum, or mean, of ``-x[i, target[i]]`` in PyTorch's order."""
    rows = target.size
    if not rows or not _fits(x, target) or not llvm.patience.over(rows, 4):
        return None
    out, bad = np.empty((), x.dtype), np.zeros(1, np.int64)
    run = _kernel("nll", x.dtype)
    divisor = float(rows) if mean else 1.0
    done = run(1, 1, out, np.empty(rows, x.dtype), bad, x, target, rows, x.shape[1], ignored, divisor)
    return out if done and not bad[0] else None


def planned_nll(x: Array, target: Array, ignored: int, mean: bool) -> Any:
    """``nll`` for arrays like these; it gives None where one class is ignored, or not there."""
    rows = target.size
    if not rows or not _fits(x, target) or not llvm.patience.ready:
        return None
    run, dtype, classes, divisor = _kernel("nll", x.dtype), x.dtype, x.shape[1], float(rows) if mean else 1.0

    def nll(x: Array, target: Array, weight: None = None) -> Array | None:
        out, bad = np.empty((), dtype), np.zeros(1, np.int64)
        done = run(1, 1, out, np.empty(rows, dtype), bad, x, target, rows, classes, ignored, divisor)
        return out if done and not bad[0] else None

    return nll


def nll_gradient(g: Array, target: Array, shape: tuple[int, ...], ignored: int, mean: bool) -> Array | None:
    """Zeros with ``-g``, or its share, at the targets; ``g`` is one number."""
    rows = target.size
    if len(shape) != 2 or g.ndim or not rows or not llvm.patience.over_or_large(rows * shape[1], 4, LARGE):
        return None
    out, bad = np.empty(shape, g.dtype), np.zeros(1, np.int64)
    if not _fits(out, target):
        return None
    run = _kernel("nll_gradient", g.dtype)
    divisor = float(rows) if mean else 1.0
    done = run(rows, max(1, _CHUNK // shape[1]), out, bad, g, target, shape[1], ignored, divisor)
    return out if done and not bad[0] else None


def _fits(x: Array, target: Array) -> bool:
    return (
        x.ndim == 2
        and x.shape[1] > 0
        and target.shape == x.shape[:1]
        and x.dtype.char in "fd"
        and target.dtype == np.int64
    )


def _kernel(name: str, dtype: Any) -> Any:
    key = name, dtype
    run = _kernels.get(key)
    if run is None:
        from . import kernel, words
        from .code import classes

        run = _kernels[key] = kernel.compiled(getattr(classes, name), T={"f": words.f32, "d": words.f64}[dtype.char])
    return run
