"""Variance, standard deviation and the statistics of normalisations, with the digits of PyTorch's CPU kernels.

`var` and `std` that leave one number take the mean in the element type, then add squares of differences in float64.
All others run Welford's recurrence in float64 (16-bit types in float32) and round once. The plain two-pass formula in
float64 is faster here and rounds to the same float32 variance; means that fall between two float32 numbers, as those
of a few numbers do, and float64 results need the recurrence, which is run for short rows. Over long float64 rows
PyTorch's recurrence loses some tens of ulps that the formula does not.

`row_moments` (layer_norm, group_norm) and `channel_moments` (batch_norm) follow PyTorch's float32 recurrences.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import column_sums
from .copies import cast
from .iteration import GRAIN, Array, Axes, get_threads, is_half, plan_for, reduced_shape
from .norm import add_product
from .reduce import count, mean

WELFORD_LIMIT = 256  # longer rows use the two-pass formula in float64, a few of its ulps away
CHUNK = 16  # vectors a recurrence runs over before its moments are merged
LANES = 8


def var(a: Array, axes: Axes, keepdims: bool, correction: float) -> Array:
    """Sum of squared differences from the mean over max(0, n - correction). nan where that is 0/0."""
    return _spread(a, axes, keepdims, correction, root=False)


def std(a: Array, axes: Axes, keepdims: bool, correction: float) -> Array:
    """Square root of `var`, taken before rounding."""
    return _spread(a, axes, keepdims, correction, root=True)


def var_mean(a: Array, axes: Axes, keepdims: bool, correction: float, root: bool = False) -> tuple[Array, Array]:
    """(`var`, mean), or (`std`, mean) if `root`, of one recurrence: the mean is of float64, not of `mean`'s sum."""
    if a.dtype.kind == "c":
        spread = _spread(a, axes, keepdims, correction, root)
        return spread, mean(a, axes, keepdims, a.dtype)
    squares, middle = _wide_moments(a, axes, keepdims, exact=True)
    return finish(squares, count(a, axes) - correction, root, a.dtype), middle.astype(a.dtype, copy=False)


def _spread(a: Array, axes: Axes, keepdims: bool, correction: float, root: bool) -> Array:
    n = count(a, axes)
    if a.dtype.kind == "c":
        total = var(a.real, axes, keepdims, correction) + var(a.imag, axes, keepdims, correction)
        return np.sqrt(total) if root else total
    if a.size == n > 0 and not is_half(a.dtype):
        middle = mean(a, axes, keepdims, a.dtype)
        return finish(_sum_of_squares(a, float(middle.reshape(())), middle.shape), n - correction, root, a.dtype)
    squares, _ = _wide_moments(a, axes, keepdims, exact=a.dtype == np.float64)
    return finish(squares, n - correction, root, a.dtype)


def finish(squares: Array, degrees: float, root: bool, dtype: np.dtype[Any]) -> Array:
    """The variance, or its root, of sums of squares."""
    with np.errstate(all="ignore"):
        out = np.asarray(squares / np.float64(max(0.0, degrees)))
        return (np.asarray(np.sqrt(out)) if root else out).astype(dtype, copy=False)


def _sum_of_squares(a: Array, middle: float, shape: Axes) -> Array:
    """Sum of (a - middle)^2 in float64, one after another in memory order, by each thread over its range."""
    x = plan_for(a, tuple(range(a.ndim))).arrange(a).reshape(-1).astype(np.float64)
    with np.errstate(all="ignore"):
        np.subtract(x, middle, out=x)
        np.multiply(x, x, out=x)
        if a.dtype != np.float64:  # rounding to float32 hides the order
            return np.add.reduce(x, keepdims=True).reshape(shape)
        share = share_of_squares(x.size)
        total = np.zeros(1)
        for at in range(0, x.size, share):
            total = total + np.add.accumulate(x[at : at + share])[-1]
        return total.reshape(shape)


def share_of_squares(n: int) -> int:
    """How many of n numbers each thread takes."""
    return n if n <= GRAIN else -(-n // min(get_threads(), -(-n // GRAIN)))


def _wide_moments(a: Array, axes: Axes, keepdims: bool, exact: bool) -> tuple[Array, Array]:
    """(sum of squared differences, mean) in float64, or by Welford's recurrence if `exact` and the rows are short."""
    n = count(a, axes)
    with np.errstate(all="ignore"):
        if exact and 0 < n <= WELFORD_LIMIT and a.size:
            return _welford(a, axes, keepdims, n)
        wide = a.astype(np.float64)
        middle = np.asarray(np.add.reduce(wide, axis=axes, keepdims=True)) / np.float64(n)
        wide -= middle
        np.multiply(wide, wide, out=wide)
        squares = np.asarray(np.add.reduce(wide, axis=axes, keepdims=keepdims))
    return squares, middle.reshape(squares.shape)


def _welford(a: Array, axes: Axes, keepdims: bool, n: int) -> tuple[Array, Array]:
    shape = reduced_shape(a, axes, keepdims)
    working: type[Any] = np.float32 if is_half(a.dtype) else np.float64
    items: Array = plan_for(a, axes).arrange(a).reshape(-1, n).T.astype(working, order="C")
    middle: Array = np.zeros(items.shape[1], working)
    squares = middle.copy()
    for i in range(n):
        delta = items[i] - middle
        middle += delta / working(i + 1)
        squares += delta * (items[i] - middle)
    return squares.reshape(shape), middle.reshape(shape)


# --- Normalisations ---------------------------------------------------------------------------------------------------

Moments = tuple[int, Array, Array]  # items, mean, sum of squared differences


def _merge_lanes(new: Moments, old: Moments) -> Moments:
    """Chan's merge of two groups' moments, vectorised in PyTorch: fused where its compiler fuses."""
    items = new[0] + old[0]
    delta = new[1] - old[1]
    step = delta * (np.float32(new[0]) / np.float32(items))
    squares = add_product(old[2] + new[2], step, delta * np.float32(old[0]))
    return items, old[1] + step, squares


def _merge_scalars(new: Moments, old: Moments) -> Moments:
    """Chan's merge as PyTorch's scalar code rounds it."""
    items = new[0] + old[0]
    share = np.float32(new[0]) / np.float32(items)
    delta = new[1] - old[1]
    middle = add_product(old[1], delta, share)
    squares = old[2] + add_product(new[2], delta * delta * share, np.float32(old[0]))
    return items, middle, squares


def _chunk_moments(vectors: Array) -> Moments:
    """Welford's recurrence over axis 0 of [vectors, ...] with fused multiply-adds."""
    middle = np.zeros(vectors.shape[1:], np.float32)
    squares = middle
    for i, x in enumerate(vectors):
        delta = x - middle
        middle = add_product(middle, delta, np.float32(1) / np.float32(i + 1))
        squares = add_product(squares, delta, x - middle)
    return len(vectors), middle, squares


def _vector_moments(rows: Array) -> Moments:
    """Moments of each lane of contiguous rows [b, vectors, LANES]: chunks of 16 vectors merged pairwise."""
    b, n, _ = rows.shape
    chunks = n // CHUNK
    parts: list[Moments] = []
    if chunks:
        whole = rows[:, : chunks * CHUNK].reshape(b, chunks, CHUNK, LANES)
        _, middles, squares = _chunk_moments(np.ascontiguousarray(whole.transpose(2, 1, 0, 3)))
        parts = [(CHUNK, middles[i], squares[i]) for i in range(chunks)]
    if n % CHUNK:
        parts.append(_chunk_moments(np.ascontiguousarray(rows[:, chunks * CHUNK :].transpose(1, 0, 2))))
    depth = max(1, (len(parts) - 1).bit_length())
    zero = np.zeros((b, LANES), np.float32)
    levels: list[Moments] = [(0, zero, zero)] * depth
    for i, part in enumerate(parts):
        levels[0] = _merge_lanes(part, levels[0])
        done = i + 1
        for j in range(1, depth):
            if done & 1:
                break
            levels[j] = _merge_lanes(levels[j - 1], levels[j])
            levels[j - 1] = (0, zero, zero)
            done >>= 1
    total = levels[0]
    for level in levels[1:]:
        if level[0]:
            total = _merge_lanes(level, total)
    return total


def row_moments(rows: Array) -> tuple[Array, Array]:
    """(mean, variance with n) of each row [b, n], n > 0, as PyTorch's layer_norm and group_norm take them.

    float32 is bit-equal; float64 is the two-pass formula, a few ulps away.
    """
    b, n = rows.shape
    if rows.dtype != np.float32:
        middle = np.add.reduce(rows, axis=1) / rows.dtype.type(n)
        difference = rows - middle[:, None]
        return middle, np.add.reduce(difference * difference, axis=1) / rows.dtype.type(n)
    vectors = n // LANES
    total: Moments = (0, np.zeros(b, np.float32), np.zeros(b, np.float32))
    for i in range(vectors * LANES, n):  # Welford's recurrence over the numbers beyond the last full vector
        x = rows[:, i]
        items, middle, squares = total
        delta = x - middle
        middle = middle + delta / np.float32(items + 1)
        total = (items + 1, middle, squares + delta * (x - middle))
    if vectors:
        items, middle, squares = _vector_moments(rows[:, : vectors * LANES].reshape(b, vectors, LANES))
        for lane in range(LANES):
            total = _merge_scalars((items, middle[:, lane], squares[:, lane]), total)
    return total[1], total[2] / np.float32(n)


def layer_norm(rows: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """(output, mean [b], 1 / sqrt(variance + eps) [b]) of rows [b, n]: (x - mean) * rstd * weight + bias.

    16-bit types work in float32 and round the output.
    """
    dtype = rows.dtype
    x = cast(rows, np.float32) if is_half(dtype) else rows
    with np.errstate(all="ignore"):
        middle, variance = row_moments(x)
        rstd = x.dtype.type(1) / np.sqrt(np.maximum(variance, 0) + x.dtype.type(eps))
        out = (x - middle[:, None]) * rstd[:, None]
        if weight is not None and bias is not None:
            out = add_product(np.broadcast_to(bias.astype(x.dtype), out.shape), out, weight.astype(x.dtype))
        elif weight is not None:
            out = out * weight.astype(x.dtype)
        elif bias is not None:
            out = out + bias.astype(x.dtype)
    return cast(out, dtype), middle, rstd


def channel_moments(a: Array) -> tuple[Array, Array]:
    """(mean [c], sum of squared differences [c]) of [n, c, ...] for batch_norm in training.

    PyTorch divides the sum by n for the variance and adds eps to it in float64 under the root. A contiguous
    [n, c, *spatial] array adds in float64 and rounds; differences and squares are of the element type.
    [n, c] (no spatial dimensions) adds rows in float32 one after another, every thread its share, and the threads' sums
    in float64, those of squares as `column_sums` says.
    """
    axes = (0, *range(2, a.ndim))
    if a.dtype == np.float32 and math.prod(a.shape[2:]) == 1 and a.shape[1] > 1 and a.size:
        rows = np.ascontiguousarray(a.reshape(a.shape[0], a.shape[1]))
        middle = (_sum_rows(rows) / len(rows)).astype(np.float32)
        return middle, column_sums.squares(rows, middle)
    if a.dtype == np.float32:
        middle = (np.add.reduce(a, axis=axes, dtype=np.float64) / count(a, axes)).astype(np.float32)
        difference = a - middle.reshape(-1, *[1] * (a.ndim - 2))
        difference *= difference
        return middle, np.add.reduce(difference, axis=axes, dtype=np.float64).astype(np.float32)
    squares, wide = _wide_moments(a, axes, False, exact=False)
    working = np.float32 if is_half(a.dtype) else a.dtype
    return wide.astype(working), squares.astype(working)


def _sum_rows(rows: Array) -> Array:
    """Sum [n, c], c > 1, over n: each thread an equal share of the rows, one after another."""
    share = column_sums.share_of_rows(len(rows))
    total = np.zeros(rows.shape[1])
    for at in range(0, len(rows), share):
        total = total + np.einsum("nc->c", rows[at : at + share])
    return total
