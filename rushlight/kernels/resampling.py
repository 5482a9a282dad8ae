"""Resampling along one axis: for each place of the result a few source elements and their weights.

``taps`` give, for an axis of ``n`` elements resampled to ``m``, an (m, T) array of source indices and one of weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import llvm
from .fused import fma

Array = np.ndarray[Any, Any]

LARGE = 1 << 16  # multiplications or additions from which native code is had at once
CHUNK = 1 << 14  # those that are worth a chunk


def step(n: int, m: int, align: bool, scale: float | None, dtype: Any) -> Any:
    """How far apart two places of the result lie in the source, in the arithmetic of ``dtype``."""
    t = np.dtype(dtype).type
    if align:
        return t(n - 1) / t(m - 1) if m > 1 else t(0)
    return t(1.0 / scale) if scale is not None and scale > 0 else t(n) / t(m)


def nearest(n: int, m: int, scale: float | None, exact: bool, dtype: Any) -> Array:
    """The nearest source element: ``floor(i step)``, or of the pixel's middle, ``floor((i + 1/2) step)``."""
    t = np.dtype(dtype).type
    width = step(n, m, False, scale, dtype)
    at = np.arange(m).astype(dtype)
    place = (at + t(0.5)) * width if exact else at * width
    return np.minimum(np.floor(place).astype(np.int64), n - 1)


def places(n: int, m: int, align: bool, scale: float | None, dtype: Any, cubic: bool) -> Array:
    """Where in the source each place of the result lies: ``i step``, or by the middles ``(i + 1/2) step - 1/2``."""
    t = np.dtype(dtype).type
    width = step(n, m, align, scale, dtype)
    at = np.arange(m).astype(dtype)
    if align:
        return at * width
    place = fma(at + t(0.5), width, -t(0.5))
    return place if cubic else np.maximum(place, t(0))


def linear(n: int, m: int, align: bool, scale: float | None, dtype: Any) -> tuple[Array, Array]:
    """Two neighbours, weighted by nearness."""
    t = np.dtype(dtype).type
    if n == m:  # whatever the scale
        index = np.arange(m)[:, None]
        return np.concatenate([index, index], 1), np.tile(np.array([1, 0], dtype), (m, 1))
    place = places(n, m, align, scale, dtype, False)
    low = np.minimum(np.floor(place).astype(np.int64), n - 1)
    high = low + (low < n - 1)
    rest = np.clip(place - low.astype(dtype), t(0), t(1))
    return np.stack([low, high], 1), np.stack([t(1) - rest, rest], 1)


def cubic_weights(rest: Array, a: float) -> list[Array]:
    """Weights of four neighbours (R. Keys, Cubic convolution interpolation, 1981, with parameter ``a``)."""
    t = rest.dtype.type
    a = t(a)

    def near(x: Any) -> Any:
        return ((a + t(2)) * x - (a + t(3))) * x * x + t(1)

    def far(x: Any) -> Any:
        return ((a * x - t(5) * a) * x + t(8) * a) * x - t(4) * a

    return [far(rest + t(1)), near(rest), near(t(1) - rest), far(t(2) - rest)]


def cubic(n: int, m: int, align: bool, scale: float | None, dtype: Any) -> tuple[Array, Array]:
    """Four neighbours, by cubic convolution with a = -0.75; the edge stands for what is beyond."""
    place = places(n, m, align, scale, dtype, True)
    low = np.floor(place)
    rest = np.clip(place - low, 0, 1).astype(dtype)
    index = low.astype(np.int64)[:, None] + np.arange(-1, 3)
    return np.clip(index, 0, n - 1), np.stack(cubic_weights(rest, -0.75), 1)


def antialiased(n: int, m: int, align: bool, scale: float | None, dtype: Any, mode: str) -> tuple[Array, Array]:
    """All elements within the filter's support, which grows with the step where the result is smaller than the source.

    Filters: triangle (``bilinear``), cubic convolution with a = -0.5 (``bicubic``), Lanczos of three lobes; normalised.
    """
    t = np.dtype(dtype).type
    width = step(n, m, align, scale, dtype)
    size = {"bilinear": 2, "bicubic": 4, "lanczos": 6}[mode]
    stretch = max(width, t(1))
    support = t(size * 0.5) * stretch
    middle = width * (np.arange(m).astype(dtype) + t(0.5))
    first = np.maximum((middle - support + t(0.5)).astype(np.int64), 0)
    last = np.minimum((middle + support + t(0.5)).astype(np.int64), n)
    count = last - first
    most = int(count.max(initial=1))
    offset = np.arange(most)
    x = (offset + (first[:, None] - middle[:, None]) + t(0.5)) * (t(1) / stretch)
    weight = np.where(offset < count[:, None], _filter(np.abs(x), mode), 0).astype(dtype)
    total = weight.sum(1, keepdims=True)
    weight = np.where(total != 0, weight / np.where(total == 0, 1, total), 0).astype(dtype)
    return np.minimum(first[:, None] + offset, n - 1), weight


def _filter(x: Array, mode: str) -> Array:
    if mode == "bilinear":
        return np.where(x < 1, 1 - x, 0)
    if mode == "lanczos":
        return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)
    a = -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def transposed(index: Array, weight: Array, n: int) -> tuple[Array, Array]:
    """The taps of the gradient: for each source element the places that read it."""
    m, count = index.shape
    flat = index.reshape(-1)
    order = np.argsort(flat, kind="stable")
    number = np.bincount(flat, minlength=n)
    most = max(int(number.max(initial=0)), 1)
    start = np.cumsum(number) - number
    slot = np.arange(m * count) - np.repeat(start, number)
    back = np.zeros((n, most), np.int64)
    weights = np.zeros((n, most), weight.dtype)
    back[flat[order], slot] = order // count
    weights[flat[order], slot] = weight.reshape(-1)[order]
    return back, weights


def apply(x: Array, axis: int, index: Array, weight: Array) -> Array:
    """The weighted sum of the taps along an axis."""
    m, count = index.shape
    found = _native_taps(x, axis, index, weight) if _worth(x, x.size // max(x.shape[axis], 1) * m * count) else None
    if found is not None:
        return found
    shape = [1] * x.ndim
    shape[axis] = m
    total = None
    for j in range(count):
        part = x.take(index[:, j], axis) * weight[:, j].astype(x.dtype).reshape(shape)
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total


def two_taps(x: Array, index: Array, weight: Array) -> Array:
    """The last dimension by two taps each, as PyTorch adds them."""
    (low, high), (first, second) = (np.ascontiguousarray(a.T) for a in (index, weight.astype(x.dtype, copy=False)))
    (m, n), rows = (len(low), x.shape[-1]), math.prod(x.shape[:-1])
    if _worth(x, 2 * rows * m):
        out = np.empty((*x.shape[:-1], m), x.dtype)
        run = _run("two_taps", x)
        if run(rows, max(1, CHUNK // m), out, np.ascontiguousarray(x), low, high, first, second, n, m):
            return out
    wide = np.broadcast_to(first, (*x.shape[:-1], m))
    return fma(x.take(low, -1), np.ascontiguousarray(wide), x.take(high, -1) * second)


def corners(x: Array, vertical: tuple[Array, Array], horizontal: tuple[Array, Array]) -> Array:
    """The last two dimensions of (N, C, H, W) by two taps each: the four elements by the products of their weights, in PyTorch's fused
    order, which is another for channels that fill a vector."""
    channels = x.shape[1]
    whole = channels // (32 // x.itemsize) * (32 // x.itemsize)
    if whole in (0, channels):
        return _corners(x, vertical, horizontal, bool(whole))
    parts = (x[:, :whole], True), (x[:, whole:], False)
    return np.concatenate([_corners(part, vertical, horizontal, vectors) for part, vectors in parts], axis=1)


def _corners(x: Array, vertical: tuple[Array, Array], horizontal: tuple[Array, Array], vectors: bool) -> Array:
    (i, u), (j, v) = ((index.T, weight.T.astype(x.dtype)) for index, weight in (vertical, horizontal))
    height, width = i.shape[1], j.shape[1]
    planes = math.prod(x.shape[:-2])
    if _worth(x, planes * height * width * 4):
        out = np.empty((*x.shape[:-2], height, width), x.dtype)
        arrays = [np.ascontiguousarray(a) for a in (x, i, u, j, v)]
        grain = max(1, CHUNK // (4 * height * width))
        if _run("corners", x, VECTORS=vectors)(planes, grain, out, *arrays, *x.shape[-2:], height, width):
            return out
    above, below = (x.take(row, -2) for row in i)
    w = [np.ascontiguousarray(np.broadcast_to(a[:, None] * b, (*x.shape[:-2], height, width))) for a in u for b in v]
    q = [row.take(column, -1) for row in (above, below) for column in j]
    first, *others = (2, 3, 1, 0) if vectors else (1, 0, 2, 3)
    total = q[first] * w[first]
    for k in others:
        total = fma(q[k], w[k], total)
    return total


Readers = tuple[Array, Array]


def readers(index: Array, weight: Array, n: int, dtype: Any) -> Readers:
    """Of an axis by two taps: for each of n elements those that read it, in order, -1 where there are no more; and its two weights, the
    second 0 unless both taps are of the same element."""
    low, high = index.T
    first, second = weight.T.astype(dtype)
    same = low == high
    at = np.concatenate([low, high[~same]])
    who = np.concatenate([np.arange(len(low)), np.nonzero(~same)[0]])
    order = np.lexsort((who, at))
    number = np.bincount(at, minlength=n)
    slot = np.arange(len(at)) - np.repeat(np.cumsum(number) - number, number)
    found = np.full((max(int(number.max(initial=0)), 1), n), -1, np.int64)
    weights = np.zeros((2, *found.shape), dtype)
    found[slot, at[order]] = who[order]
    weights[0, slot, at[order]] = np.concatenate([first, second[~same]])[order]
    weights[1, slot, at[order]] = np.concatenate([np.where(same, second, 0), np.zeros((~same).sum(), dtype)])[order]
    return found, weights


def spread(g: Array, size: tuple[int, int], vertical: Readers, horizontal: Readers) -> Array:
    """The gradient of ``corners`` for the last two dimensions: what each element was read by, one after another in fused steps."""
    (rows, u), (columns, v) = vertical, horizontal
    down, across, planes = len(rows), len(columns), math.prod(g.shape[:-2])
    out = np.empty((*g.shape[:-2], *size), g.dtype)
    present = np.maximum(columns, 0)
    if _worth(g, out.size * down * across):
        twice = (v[1] != 0).any(1).astype(np.int64)
        grain = max(1, CHUNK // (size[0] * size[1] * down * across))
        tables = rows, u, present, v, twice, *size, down, across, *g.shape[-2:]
        if _run("spread", g)(planes, grain, out, np.ascontiguousarray(g), *tables) and np.isfinite(out).all():
            return out
    out[...] = 0
    for p, q in np.ndindex(down, across):
        given = g.take(np.maximum(rows[p], 0), -2).take(present[q], -1)
        there = (rows[p] >= 0)[:, None] & (columns[q] >= 0)
        for a in u[:, p]:
            for b in v[:, q]:
                both = np.broadcast_to(a[:, None] * b, out.shape)
                np.copyto(out, fma(given, np.ascontiguousarray(both), out), where=there & (both != 0))
    return out


def nearest_readers(index: Array, n: int) -> tuple[Array, Array]:
    """The first of those places that read each of n elements, and the end of them."""
    every = np.arange(n)
    return np.searchsorted(index, every, "left"), np.searchsorted(index, every, "right")


def _blocks(g: Array, indices: Sequence[Array], sizes: Sequence[int]) -> Array | None:
    """The same where all elements were read as often, in one or two dimensions."""
    times = [len(index) // size for index, size in zip(indices, sizes, strict=True)]
    if len(sizes) > 2 or not _worth(g, g.size):
        return None
    for index, size, often in zip(indices, sizes, times, strict=True):
        if not often or not np.array_equal(index, np.repeat(np.arange(size), often)):
            return None
    out = np.empty((*g.shape[: g.ndim - len(sizes)], *sizes), g.dtype)
    n, m, down, across = (*(1,) * (2 - len(sizes)), *sizes, *(1,) * (2 - len(sizes)), *times)
    grain = max(1, CHUNK // (n * m * down * across))
    return (
        out if _run("blocks", g)(out.size // (n * m), grain, out, np.ascontiguousarray(g), n, m, down, across) else None
    )


def added_up(g: Array, indices: Sequence[Array], sizes: Sequence[int]) -> Array:
    """The gradient of ``nearest`` for the last dimensions: sums of what read an element, in the order of the result."""
    n = len(sizes)
    found = _blocks(g, indices, sizes)
    if found is not None:
        return found
    found = box_sums(g, [nearest_readers(index, size) for index, size in zip(indices, sizes, strict=True)])
    if found is not None:
        return found
    flat = np.zeros((math.prod(g.shape[: g.ndim - n]), math.prod(sizes)), g.dtype)
    at = np.ravel_multi_index(np.meshgrid(*indices, indexing="ij"), tuple(sizes)).reshape(-1)
    np.add.at(flat.T, at, g.reshape(len(flat), -1).T)
    return flat.reshape(*g.shape[: g.ndim - n], *sizes)


def _worth(x: Array, work: int) -> bool:
    if not work or x.dtype.char not in "fd":
        return False
    return llvm.available() if work >= LARGE else llvm.patience.over(work, 2)


def _run(name: str, x: Array, **bindings: Any) -> Any:
    from .code import resampling as code
    from .emit import F32, F64
    from .kernel import compiled

    return compiled(getattr(code, name), T=F32 if x.itemsize == 4 else F64, **bindings)


def _native_taps(x: Array, axis: int, index: Array, weight: Array) -> Array | None:
    (m, count), n = index.shape, x.shape[axis]
    if index.min() < 0 or index.max() >= n:
        return None
    outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    out = np.empty((*x.shape[:axis], m, *x.shape[axis + 1 :]), x.dtype)
    index, weight = np.ascontiguousarray(index.T, np.int64), np.ascontiguousarray(weight.T, x.dtype)
    grain = max(1, CHUNK // (m * count * inner))
    done = _run("taps", x)(outer, grain, out, np.ascontiguousarray(x), index, weight, n, m, count, inner)
    return out if done else None


def box_sums(x: Array, ranges: Sequence[tuple[Array, Array]]) -> Array | None:
    """Sums over boxes of the last dimensions, given by the first and the end of their ranges in each; None if NumPy is to do it."""
    n = len(ranges)
    size, out_size = x.shape[x.ndim - n :], tuple(len(starts) for starts, _ in ranges)
    work = math.prod(x.shape[: x.ndim - n])
    for starts, ends in ranges:
        work *= int((ends - starts).sum())
    if not _worth(x, work):
        return None
    if any(starts.min() < 0 or ends.max() > m for (starts, ends), m in zip(ranges, size, strict=True)):
        return None
    out = np.empty((*x.shape[: x.ndim - n], *out_size), x.dtype)
    one = (1,) * (3 - n)
    sizes = np.array([*one, *size, *one, *out_size], np.int64)
    table = np.array([*(0, 1) * (3 - n), *(v for pair in ranges for part in pair for v in part)], np.int64)
    planes = x.size // math.prod(size)
    grain = max(1, CHUNK * planes // work)
    return out if _run("boxes", x)(planes, grain, out, np.ascontiguousarray(x), table, sizes) else None
