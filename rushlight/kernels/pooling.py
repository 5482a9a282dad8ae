"""Pools by native code (``code.pooling``): checks, sizes, and None where NumPy is to do it."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .code import pooling as code
from .emit import F32, F64
from .kernel import compiled
from .memory import empty, maker

Array = np.ndarray[Any, Any]
Sizes = Any

CHUNK = 1 << 14  # elements that are worth a chunk
MOST = 1 << 31  # elements of a plane, whose places are 32-bit numbers


def _three(values: Sizes, fill: int) -> list[int]:
    return [fill] * (3 - len(values)) + [int(v) for v in values]


@functools.lru_cache(maxsize=4096)
def _numbers(
    size: Sizes,
    out: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    count_pad: bool,
    divisor: Any,
) -> Array:
    table = [*_three(size, 1), *_three(out, 1), *_three(kernel, 1), *_three(stride, 1), *_three(padding, 0)]
    return np.array([*table, *_three(dilation, 1), count_pad, divisor or 0], np.int64)


def _kernel(function: Any, x: Array, **bindings: Any) -> Any:
    return compiled(function, T=F32 if x.itemsize == 4 else F64, **bindings)


def _grain(elements: int) -> int:
    """Planes of a chunk."""
    return max(1, CHUNK // max(elements, 1))


def planned(
    kind: int, x: Array, out: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, count_pad: bool = False,
    divisor: Any = None,
) -> Any:  # fmt: skip
    """``largest`` without places (kind 0) or with them (1), or ``mean`` (2), of contiguous arrays with the shape and dtype of ``x``."""
    n = len(kernel)
    size = x.shape[-n:]
    elements = math.prod(size)
    if not x.size or not x.flags.c_contiguous or elements >= MOST:
        return None
    shape = (*x.shape[:-n], *out)
    make, make_places = maker(shape, x.dtype), maker(shape if kind == 1 else (0,), np.dtype(np.int64))
    numbers = _numbers(size, out, kernel, stride, padding, dilation, count_pad, divisor)
    run, planes, grain = _kernel(code.pool, x, KIND=kind), x.size // elements, _grain(elements)

    def pooled(x: Array) -> Any:
        result, places = make(), make_places()
        if not run(planes, grain, result, places, x, numbers):
            return None
        return result if kind == 2 else (result, places)

    return pooled


def largest(
    x: Array, out: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, places: bool
) -> tuple[Array, Array] | None:
    """The largest element of each window and, if asked, its place in the plane."""
    n = len(kernel)
    size = x.shape[-n:]
    elements = math.prod(size)
    if elements >= MOST:
        return None
    best = empty((*x.shape[:-n], *out), x.dtype)
    where = empty(best.shape if places else 0, np.dtype(np.int64))
    numbers = _numbers(size, out, kernel, stride, padding, dilation, False, 0)
    run = _kernel(code.pool, x, KIND=int(places))
    done = run(x.size // elements, _grain(elements), best, where, np.ascontiguousarray(x), numbers)
    return (best, where) if done else None


def mean(
    x: Array, out: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, count_pad: bool, divisor: Any
) -> Array | None:
    """The mean of each window."""
    n = len(kernel)
    size = x.shape[-n:]
    elements = math.prod(size)
    if elements >= MOST:
        return None
    result = empty((*x.shape[:-n], *out), x.dtype)
    numbers = _numbers(size, out, kernel, stride, padding, (1,) * n, count_pad, divisor)
    run = _kernel(code.pool, x, KIND=2)
    none = np.empty(0, np.int64)
    done = run(x.size // elements, _grain(elements), result, none, np.ascontiguousarray(x), numbers)
    return result if done else None


def spread(
    g: Array, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, out: Sizes, count_pad: bool, divisor: Any
) -> Array | None:
    """The gradient of ``mean``; ``size`` is the shape of the input."""
    n = len(kernel)
    result = empty(size, g.dtype)
    elements = math.prod(size[len(size) - n :])
    numbers = _numbers(size[len(size) - n :], out, kernel, stride, padding, (1,) * n, count_pad, divisor)
    run = _kernel(code.spread, g)
    planes = result.size // elements
    if g.size != planes * math.prod(out):
        return None
    return result if run(planes, _grain(elements), result, np.ascontiguousarray(g), numbers) else None


def scatter(values: Array, places: Array, size: Sizes, dims: int) -> Array | None:
    """Zeros of shape ``size`` with values added at places of the flattened planes, which are the last ``dims`` dimensions."""
    out = empty(size, values.dtype)
    elements = math.prod(size[len(size) - dims :])
    planes = out.size // elements
    refused = np.zeros(1, np.int64)
    run = _kernel(code.scatter, values)
    values, places = np.ascontiguousarray(values), np.ascontiguousarray(places)
    if places.size != values.size or values.size % planes:
        return None
    grain = _grain(elements)
    if not run(planes, grain, out, values, places, refused, elements, values.size // planes) or refused[0]:
        return None
    return out
