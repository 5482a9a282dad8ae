"""Windows that slide over the last dimensions of an array: where they lie, what they see, and how they add up again.

A window is described per spatial dimension by kernel size, stride, padding on both sides and dilation. Convolution, pooling
and unfold all read through these functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = np.ndarray[Any, Any]
Sizes = Sequence[int]


def out_sizes(size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> tuple[int, ...]:
    """How many whole windows fit in each dimension: ``floor((n + 2p - d(k - 1) - 1) / s) + 1``."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def positions(
    kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes
) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """For each position of the kernel, in order: its index, and the elements of the padded space that it meets."""
    for at in itertools.product(*map(range, kernel)):
        yield (
            at,
            tuple(
                slice(i * d, i * d + max(n - 1, -1) * s + 1, s)
                for i, d, n, s in zip(at, dilation, out, stride, strict=True)
            ),
        )


def padded(x: Array, before: Sizes, after: Sizes, value: Any = 0) -> Array:
    """A copy with ``value`` around its last dimensions; the array itself where there is nothing to add."""
    if not any(before) and not any(after):
        return x
    n = len(before)
    lead, size = x.shape[:-n], x.shape[-n:]
    shape = (*lead, *(p + m + q for p, m, q in zip(before, size, after, strict=True)))
    out = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    where: Any = (..., *(slice(p, p + m) for p, m in zip(before, size, strict=True)))
    out[where] = x
    return out


def windows(x: Array, first: int, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """All windows as a view: the spatial dimensions, from ``first`` on, give way to ``(*kernel, *out)``."""
    n = len(kernel)
    space = x.strides[first : first + n]
    return as_strided(
        x,
        (*x.shape[:first], *kernel, *out, *x.shape[first + n :]),
        (
            *x.strides[:first],
            *(a * d for a, d in zip(space, dilation, strict=True)),
            *(a * s for a, s in zip(space, stride, strict=True)),
            *x.strides[first + n :],
        ),
        writeable=False,
    )


def columns(x: Array, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """``(N, C, *padded)`` as ``(N, C, *kernel, *out)``: the matrix whose product with the weight is a convolution."""
    return windows(x, 2, kernel, out, stride, dilation)


def fold_into(total: Array, cols: Array, kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> None:
    """Add ``(N, C, *kernel, *out)`` back to the places of ``(N, C, *padded)`` that the windows see."""
    for at, window in positions(kernel, out, stride, dilation):
        place: Any = (slice(None), slice(None), *at)
        total[(..., *window)] += cols[place]


def inner(x: Array, before: Sizes, size: Sizes) -> Array:
    """The last dimensions without their padding."""
    where: Any = (..., *(slice(p, p + m) for p, m in zip(before, size, strict=True)))
    return x[where]  # type: ignore[no-any-return]
