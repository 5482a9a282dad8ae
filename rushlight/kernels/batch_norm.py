"""Batch norm by native code (``code.batch_norm``), with PyTorch's bits: None where NumPy is to do it."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import llvm

Array = np.ndarray[Any, Any]

LARGE = 1 << 16  # elements from which native code is had at once
CHUNK = 1 << 14  # elements that are worth a chunk


def worth(x: Array) -> bool:
    """Whether native code is to be had for a batch, which it takes in float32 with places."""
    if x.dtype != np.float32 or x.ndim < 3 or not x.size or x.size == x.shape[0] * x.shape[1]:
        return False
    return llvm.available() if x.size >= LARGE else llvm.patience.over(3 * x.size, 10)


def _compiled(name: str) -> Any:
    from .code import batch_norm as code
    from .kernel import compiled

    return compiled(getattr(code, name))


def _sizes(x: Array) -> tuple[int, int, int, int]:
    """Images, channels, places, and the channels of a chunk."""
    images, channels = x.shape[:2]
    length = x.size // (images * channels)
    return images, channels, length, max(1, CHUNK // (images * length))


def _vector(v: Array | None, channels: int, otherwise: float) -> Array:
    return np.full(channels, otherwise, np.float32) if v is None else np.ascontiguousarray(v)


def train(x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array, Array] | None:
    """The normalised batch; of its channels the mean, the sum of squared differences, and 1 / sqrt(variance + eps)."""
    images, channels, length, grain = _sizes(x)
    out = np.empty(x.shape, x.dtype)
    mean, squares, rstd = (np.empty(channels, x.dtype) for _ in range(3))
    w, b = _vector(weight, channels, 1), _vector(bias, channels, 0)
    x, eps = np.ascontiguousarray(x), float(eps)
    done = _compiled("train")(channels, grain, out, mean, squares, rstd, x, w, b, images, channels, length, eps)
    return (out, mean, squares, rstd) if done else None


def normalise(x: Array, scale: Array, shift: Array) -> Array | None:
    """``x * scale + shift`` by channels, rounded once."""
    images, channels, length, _ = _sizes(x)
    out = np.empty(x.shape, x.dtype)
    x, grain = np.ascontiguousarray(x), max(1, CHUNK // length)
    done = _compiled("normalise")(images * channels, grain, out, x, scale, shift, channels, length)
    return out if done else None


def gradients(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, training: bool
) -> tuple[Array, Array, Array] | None:
    """For the batch, the weight and the bias."""
    images, channels, length, grain = _sizes(x)
    if g.shape != x.shape:
        return None
    out = np.empty(x.shape, x.dtype)
    to_weight, to_bias = np.empty(channels, x.dtype), np.empty(channels, x.dtype)
    x, g, w = np.ascontiguousarray(x), np.ascontiguousarray(g), _vector(weight, channels, 1)
    run, m, r = _compiled("gradients"), np.ascontiguousarray(mean).reshape(-1), np.ascontiguousarray(rstd).reshape(-1)
    if not run(channels, grain, out, to_weight, to_bias, x, g, m, r, w, images, channels, length, int(training)):
        return None
    return out, to_weight, to_bias
