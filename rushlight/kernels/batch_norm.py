"""Batch norm of float32 images with PyTorch's bits, by native code (``code.batch_norm``), its gradients also by NumPy.

PyTorch sums the gradients over a plane in eight lanes of float32, then over the images in float64; numbers beyond the last full
vector are added by fused multiply-adds, others are rounded twice. Found by trying orders against PyTorch 2.13.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import column_sums, llvm
from .memory import empty
from .norm import add_product

Array = np.ndarray[Any, Any]

LARGE = 1 << 16  # elements from which native code is had at once
CHUNK = 1 << 14  # elements that are worth a chunk
LANES = 8


def takes(x: Array) -> bool:
    """Whether this is a batch in float32, whose order of adding is known."""
    return x.dtype == np.float32 and x.size > 0


def worth(x: Array) -> bool:
    """Whether native code is to be had for a batch with places."""
    if not takes(x) or not has_places(x):
        return False
    return llvm.available() if x.size >= LARGE else llvm.patience.over(3 * x.size, 10)


def has_places(x: Array) -> bool:
    """Whether a channel of an image is more than one number."""
    return x.size > x.shape[0] * x.shape[1]


@functools.cache
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
    out = empty(x.shape, x.dtype)
    mean, squares, rstd = (np.empty(channels, x.dtype) for _ in range(3))
    w, b = _vector(weight, channels, 1), _vector(bias, channels, 0)
    x, eps = np.ascontiguousarray(x), float(eps)
    done = _compiled("train")(channels, grain, out, mean, squares, rstd, x, w, b, images, channels, length, eps)
    return (out, mean, squares, rstd) if done else None


def train_rows(
    x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array, Array, Array] | None:
    """``train`` of (rows, channels); None if NumPy is to do it."""
    rows, columns = x.shape[:2]
    if columns < 2 or not (takes(x) and llvm.patience.over_or_large(4 * x.size, 30, LARGE)):
        return None
    out = empty(x.shape, x.dtype)
    mean, squares, rstd = np.empty(columns, x.dtype), np.empty(columns, x.dtype), np.empty(columns, x.dtype)
    w, b = _vector(weight, columns, 1), _vector(bias, columns, 0)
    sizes = rows, columns, column_sums.share_of_rows(rows), float(eps)
    work = -(-columns // LANES), max(1, CHUNK // (rows * LANES))
    done = _compiled("train_rows")(*work, out, mean, squares, rstd, np.ascontiguousarray(x), w, b, *sizes)
    return (out, mean, squares, rstd) if done else None


def moved(running_mean: Array, running_var: Array, mean: Array, squares: Array, n: int, momentum: float) -> bool:
    """Whether running statistics of float32 were moved towards those of a batch of n values a channel."""
    if (
        n < 2
        or not llvm.patience.over(4 * mean.size, 12)
        or not mean.dtype == running_mean.dtype == running_var.dtype == np.float32
    ):
        return False
    share, rest = float(np.float32(momentum)), float(np.float32(1 - momentum))
    return bool(
        _compiled("move")(mean.size, CHUNK, running_mean, running_var, mean, squares, share, rest, float(n - 1))
    )


def normalise(x: Array, scale: Array, shift: Array) -> Array | None:
    """``x * scale + shift`` by channels, rounded once."""
    images, channels, length, _ = _sizes(x)
    out = empty(x.shape, x.dtype)
    x, grain = np.ascontiguousarray(x), max(1, CHUNK // length)
    done = _compiled("normalise")(images * channels, grain, out, x, scale, shift, channels, length)
    return out if done else None


def gradients(
    g: Array, x: Array, weight: Array | None, mean: Array, rstd: Array, training: bool
) -> tuple[Array, Array, Array]:
    """For the batch, the weight and the bias, of a batch that ``takes``."""
    images, channels, length, grain = _sizes(x)
    w, mean, rstd = _vector(weight, channels, 1), mean.reshape(-1), rstd.reshape(-1)
    if not has_places(x):
        out, to_weight, to_bias = _row_gradients(
            g.reshape(images, channels), x.reshape(images, channels), w, mean, rstd, training
        )
        return out.reshape(x.shape), to_weight, to_bias
    if g.dtype == w.dtype == np.float32 and worth(x):
        out = empty(x.shape, x.dtype)
        to_weight, to_bias = np.empty(channels, x.dtype), np.empty(channels, x.dtype)
        sizes = (images, channels, length, int(training))
        arrays = [np.ascontiguousarray(a) for a in (x, g, mean, rstd, w)]
        if _compiled("gradients")(channels, grain, out, to_weight, to_bias, *arrays, *sizes):
            return out, to_weight, to_bias
    shape = (images, channels, length)
    out, to_weight, to_bias = _gradients(g.reshape(shape), x.reshape(shape), w, mean, rstd, training)
    return out.reshape(x.shape), to_weight, to_bias


def _gradients(
    g: Array, x: Array, weight: Array, mean: Array, rstd: Array, training: bool
) -> tuple[Array, Array, Array]:
    """By NumPy, of (images, channels, places)."""
    count = np.float32(x.size // x.shape[1])
    with np.errstate(all="ignore"):
        difference = x - mean[:, None]
        ones = np.add.reduce(_plane_sums(g, None), axis=0, dtype=np.float64)
        products = np.add.reduce(_plane_sums(g, difference), axis=0, dtype=np.float64)
        slope = products.astype(np.float32) * rstd * rstd / count
        level = (ones / count).astype(np.float32)
        out = add_product(g - level[:, None], -slope[:, None], difference) if training else g
        out = out * rstd[:, None] * weight[:, None]
        return out, (products * rstd).astype(np.float32), ones.astype(np.float32)


def _row_gradients(
    g: Array, x: Array, weight: Array, mean: Array, rstd: Array, training: bool
) -> tuple[Array, Array, Array]:
    """Of (images, channels). The steps of whole vectors are fused, those of the channels beyond them are not."""
    if g.dtype == weight.dtype == np.float32 and llvm.patience.over_or_large(4 * x.size, 30, LARGE):
        rows, columns = x.shape
        to_x, to_weight, to_bias = empty(x.shape, x.dtype), np.empty(columns, x.dtype), np.empty(columns, x.dtype)
        arrays = [np.ascontiguousarray(a) for a in (x, g, mean, rstd, weight)]
        sizes = rows, columns, column_sums.share_of_rows(rows), int(training)
        work = -(-columns // LANES), max(1, CHUNK // (rows * LANES))
        if _compiled("row_gradients")(*work, to_x, to_weight, to_bias, *arrays, *sizes):
            return to_x, to_weight, to_bias
    with np.errstate(all="ignore"):
        to_bias, products = column_sums.products(g, x, mean)
        out = g
        if training:
            count = np.float32(len(x))
            slope = products * rstd * rstd / count
            difference, level = x - mean, g - to_bias / count
            whole = x.shape[1] // LANES * LANES
            out = np.empty_like(g, np.float32, order="C")
            out[:, :whole] = add_product(level[:, :whole], -slope[:whole], difference[:, :whole])
            out[:, whole:] = level[:, whole:] - slope[whole:] * difference[:, whole:]
        return out * rstd * weight, products * rstd, to_bias


def _plane_sums(g: Array, difference: Array | None) -> Array:
    """Sums of g, or of its products with the differences, over the last axis: (images, channels)."""
    length = g.shape[-1]
    terms = g if difference is None else g * difference
    if length < LANES:
        return np.asarray(np.add.accumulate(terms, axis=-1)[..., -1])
    whole = length // LANES * LANES
    total = np.add.reduce(terms[..., :whole].reshape(*g.shape[:2], -1, LANES), axis=2)
    head, rest = total[..., : length - whole], g[..., whole:]
    head[...] = head + rest if difference is None else add_product(head, difference[..., whole:], rest)
    while total.shape[-1] > 1:
        half = total.shape[-1] // 2
        total = total[..., :half] + total[..., half:]
    return np.asarray(total[..., 0])
