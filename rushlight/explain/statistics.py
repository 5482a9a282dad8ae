"""What is told of the elements of an array."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor


def array_of(tensor: Tensor) -> np.ndarray[Any, Any]:
    """The elements of a tensor, of a sparse one too: embeddings may have such gradients."""
    return tensor.to_dense()._a if tensor.is_sparse else tensor._a  # type: ignore[attr-defined, no-any-return]


def norm_of(arrays: Iterable[np.ndarray[Any, Any]]) -> float:
    """The Euclidean norm of the elements of all arrays together."""
    return math.sqrt(sum(map(_square, arrays)))


def rms(a: np.ndarray[Any, Any]) -> float:
    """The root of the mean square of the elements; 0 without any."""
    return math.sqrt(_square(a) / a.size) if a.size else 0.0


def _square(a: np.ndarray[Any, Any]) -> float:
    """The sum of the squares, in float64."""
    wide = (np.abs(a) if a.dtype.kind == "c" else a).astype(np.float64)
    return float(np.vdot(wide, wide))


class Statistics(NamedTuple):
    """The elements of an array in a few numbers; those of an empty one, and of what is no number, are NaN."""

    size: int
    mean: float
    std: float
    least: float
    largest: float
    norm: float
    zeros: float  # the share of elements that are zero
    nans: int
    infs: int

    def __str__(self) -> str:
        if self.size == 1:
            return short(self.mean)
        text = f"mean {short(self.mean)}, std {short(self.std)}, {short(self.least)} to {short(self.largest)}"
        if self.zeros:
            text += f", {self.zeros:.0%} zeros"
        return text + (f", {self.nans} nan" if self.nans else "") + (f", {self.infs} inf" if self.infs else "")


def statistics(array: Any) -> Statistics:
    """The statistics of an array; mean to norm are those of the finite elements, of absolute values if they are complex."""
    a = np.asarray(array)
    if a.dtype.kind == "c":
        a = np.abs(a)
    wide = a.astype(np.float64).reshape(-1)
    if wide.size == 1:  # the commonest
        x = float(wide[0])
        return Statistics(1, x, 0.0, x, x, abs(x), float(x == 0), int(x != x), int(abs(x) == np.inf))
    finite = np.isfinite(wide)
    nans = int(np.isnan(wide).sum())
    infs = int(wide.size - finite.sum()) - nans
    kept = wide if nans + infs == 0 else wide[finite]
    if not kept.size:
        none = float("nan")
        return Statistics(wide.size, none, none, none, none, none, 0.0, nans, infs)
    norm = float(np.sqrt(np.vdot(kept, kept)))
    return Statistics(
        wide.size, float(kept.mean()), float(kept.std()), float(kept.min()), float(kept.max()), norm,
        float(np.mean(kept == 0)), nans, infs,
    )  # fmt: skip


def short(x: float | None, digits: int = 4) -> str:
    """A number as a reader wants it: four digits, no tail of zeros."""
    if x is None:
        return "?"
    text = f"{x:.{digits}g}"
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e").replace("-", "\u2212")


def memory(n: int) -> str:
    """Bytes as a reader wants them."""
    size = float(n)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
