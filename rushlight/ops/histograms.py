"""Histograms: how many elements lie between neighbouring edges."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import errors, levels, return_types, types
from ..functions import function
from ..tensor import Tensor, wrap
from ..writing import write_out
from .ranges import linear
from .reduction import need_tensor


@function(
    methods="histc",
    samples=lambda m: [
        m(m.f(10), 4).value_only("a count"),
        m(m.f(10), 4, -1, 1).value_only("a count"),
        m(m.f(), 3).value_only("a count"),
        m(m.nc(4, 3), 5).value_only("a count"),
        m(m.f(0), 3).value_only("a count"),
        m(m.torch.ones(3), 4),
        m(m.f(10)).value_only("a count"),
    ],
    errors=lambda m: [
        m.error(NotImplementedError, "\"histogram_cpu\" not implemented for 'Long'", m.i(2), 4),
        m.error(RuntimeError, "bins must be > 0, but got 0", m.f(2), 0),
        m.error(RuntimeError, "torch.histc: max must be larger than min", m.f(2), 4, 2, 1),
    ],
)
@levels.by_example
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Tensor:  # noqa: A002
    """Counts of the elements in ``bins`` equal parts of [min, max], by default of the range of the elements."""
    need_tensor("histc", input)
    a = input._a
    if a.dtype.kind not in "fV":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{types.scalar_name(input.dtype)}'")
    if bins <= 0:
        raise errors.runtime(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = float(min), float(max)
    if low == high and a.size:
        low, high = float(a.min()), float(a.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise errors.runtime(f"torch.histc: range of [{low}, {high}] is not finite")
    if high < low:
        raise errors.runtime("torch.histc: max must be larger than min")
    flat = a.reshape(-1)
    flat = flat[(flat >= low) & (flat <= high)]
    t = a.dtype.type
    place = ((flat - t(low)) / t(t(high) - t(low)) * t(bins)).astype(np.int64)
    result = wrap(np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(a.dtype))
    return result if out is None else write_out("histc", out, result, (), "exact loose")  # type: ignore[no-any-return]


_EDGES: Any = lambda m: m.a([-1.0, 0.0, 0.5, 2.0], m.f(1).dtype)  # noqa: E731


@function(
    methods="histogram",
    samples=lambda m: [
        m(m.f(10), 4).value_only("a count"),
        m(m.f(10), 4, range=(-1.0, 1.0), density=True).value_only("a count"),
        m(m.f(10), _EDGES(m)).value_only("a count"),
        m(m.f(10), _EDGES(m), weight=m.f(10), density=True).value_only("a count"),
        m(m.f(2, 3), 3, weight=m.f(2, 3)).value_only("a count"),
        m(m.f(), 3).value_only("a count"),
        m(m.nc(4, 3), bins=5).value_only("a count"),
        m(m.f(0), 3).value_only("a count"),
        m(m.torch.ones(3), 4).value_only("a count"),
        m(m.a([1.0, float("nan"), 2.0]), 2, range=(0, 2)).value_only("a count"),
        m(m.f(30)).value_only("a count"),
    ],
    errors=lambda m: [
        m.error(NotImplementedError, "\"histogramdd\" not implemented for 'Long'", m.i(2), 4),
        m.error(RuntimeError, "bins must be > 0, but got 0 for dimension 0", m.f(2), 0),
        m.error(RuntimeError, "min should not exceed max, but got min 2 max 1", m.f(2), 4, range=(2.0, 1.0)),
        m.error(RuntimeError, "dimension 0's range [nan, nan] is not finite", m.a([float("nan")]), 4),
        m.error(RuntimeError, "for a 1-dimensional histogram range should have 2 elements, but got 1", m.f(2), 4, range=(2.0,)),
        m.error(RuntimeError, "bins tensor should have one dimension, but got 2 dimensions", m.f(2), m.f(2, 2)),
        m.error(RuntimeError, "input tensor and bins tensors should have the same dtype", m.f(2), m.i(2)),
        m.error(RuntimeError, "it should have the same shape as the input tensor", m.f(2), 2, weight=m.f(3)),
        m.error(RuntimeError, "input tensor and weight tensor should have the same dtype", m.f(2), 2, weight=m.i(2)),
        m.error(TypeError, "histogram() received an invalid combination of arguments", m.f(2), m.f(2), range=(0.0, 1.0)),
        m.error(TypeError, "histogram() received an invalid combination of arguments", m.f(2), 2.5),
    ],
)  # fmt: skip
@levels.by_example
def histogram(
    input: Tensor,
    bins: Any = 100,
    *,
    range: Any = None,
    weight: Tensor | None = None,
    density: bool = False,
    out: Any = None,
) -> Any:  # noqa: A002
    """How many elements, or which sum of their weights, lie between neighbouring edges: ``(hist, bin_edges)``.

    ``bins`` is a count of equal parts of ``range`` (by default of the range of the elements) or a vector of edges. The last
    part holds its upper edge too; what lies outside, and NaN, is left out. ``density`` divides by the sum and by the widths.

    >>> import rushlight as torch
    >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    need_tensor("histogram", input)
    given = isinstance(bins, Tensor)
    if not (given or isinstance(bins, int)) or (given and range is not None):
        raise errors.type_(
            "histogram() received an invalid combination of arguments - got "
            f"({type(input).__name__}, {type(bins).__name__}{', range' * (range is not None)})",
            "Pass a count of bins, with range=(low, high) if you like, or a tensor of edges without a range.",
        )
    a = input._a
    _check_floating(input)
    if not given and range is not None and len(range) != 2:
        raise _wrong_range(1, range)
    points = a.reshape(-1, 1)
    edges = _given_edges(bins, a) if given else _even_edges(bins, range, points[:, 0])
    if weight is not None:
        _check_weight(input, weight, [a.size, 1], [weight._a.size])
    hist = _counted(points, [edges], None if weight is None else weight._a.reshape(-1), density, even=not given)
    results = wrap(hist), wrap(edges)
    if out is not None:
        results = tuple(write_out("histogram", o, r) for o, r in zip(out, results, strict=True))
    return return_types.named("histogram" if out is None else "histogram_out", ("hist", "bin_edges"))(*results)


def _sizes_or_edges(m: Any) -> list[Any]:
    e = m.a([-1.0, 0.0, 0.5, 2.0], m.f(1).dtype)
    return [
        m(m.f(8, 2), [2, 3]), m(m.f(8, 2), 3), m(m.f(2, 5, 2), [2, 2]), m(m.nc(8, 2), [e, e[1:]]),
        m(m.f(8, 2), [2, 2], range=[-1.0, 1.0, 0.0, 2.0]), m(m.f(8, 2), [3, 2], weight=m.f(8), density=True),
        m(m.f(6, 3), [e, e, e], density=True), m(m.f(0, 2), [2, 2]), m.without("0-d", "PyTorch: it takes rows of coordinates"),
    ]  # fmt: skip


@function(samples=lambda m: [s if not hasattr(s, "value_only") else s.value_only("a count") for s in _sizes_or_edges(m)],
    errors=lambda m: [
    m.error(RuntimeError, "histogramdd: The size of bins must be equal to the innermost dimension of the input.", m.f(4, 2), [2]),
    m.error(RuntimeError, "bins must be > 0, but got 0 for dimension 1", m.f(4, 2), [2, 0]),
    m.error(RuntimeError, "for a 2-dimensional histogram range should have 4 elements, but got 2", m.f(4, 2), 2, range=[0.0, 1.0]),
    m.error(RuntimeError, "min should not exceed max, but got min 2 max 1 for dimension 1", m.f(4, 2), 2, range=[0.0, 1.0, 2.0, 1.0]),
    m.error(RuntimeError, "torch.histogramdd: input tensor should have at least 2 dimensions", m.f(4), [2]),
    m.error(RuntimeError, "expected 2 sequences of bin edges for a 2-dimensional histogram but got 1", m.f(4, 2), [m.f(3)]),
    m.error(RuntimeError, "in the bins tensor for dimension 1", m.f(4, 2), [m.f(3), m.f(3, 2)]),
    m.error(RuntimeError, "input tensor and bins tensors should have the same dtype", m.f(4, 2), [m.f(3), m.f(3).float()]),
    m.error(NotImplementedError, "\"histogramdd\" not implemented for 'Long'", m.i(4, 2), 2),
    m.error(RuntimeError, "excluding its innermost dimension, but got input with shape", m.f(4, 2), 2, weight=m.f(3)),
    m.error(TypeError, "histogramdd() received an invalid combination of arguments", m.f(4, 2), 2.5)])  # fmt: skip
def histogramdd(
    input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:  # noqa: A002
    """How many points of D coordinates, or which sum of their weights, lie in each box of a grid: ``(hist, bin_edges)``.

    ``input`` (..., D) holds the points. ``bins`` is a count of equal parts of ``range`` (lowest and highest edge of each
    coordinate; by default those of the points), a list of D counts, or a list of D vectors of edges. As in ``histogram``,
    the last part holds its upper edge too, what lies outside is left out, and ``density`` divides by the sum and by the areas.

    >>> import rushlight as torch
    >>> torch.histogramdd(torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), bins=[2, 2], weight=torch.tensor([1.0, 2.0, 4.0])).hist
    tensor([[0., 1.],
            [2., 4.]])
    """
    need_tensor("histogramdd", input)
    if not isinstance(bins, (int, list, tuple)):
        raise errors.type_(
            f"histogramdd() received an invalid combination of arguments - got (Tensor, {type(bins).__name__})",
            "bins is a count, a list of counts, or a list of vectors of edges: one for each coordinate.",
        )
    a = input._a
    if a.ndim < 2:
        raise errors.runtime(
            "torch.histogramdd: input tensor should have at least 2 dimensions", "Its rows are the points."
        )
    n = a.shape[-1]
    bins = [bins] * n if isinstance(bins, int) else list(bins)
    given = bool(bins) and all(isinstance(b, Tensor) for b in bins)
    if len(bins) != n:
        raise errors.runtime(
            f"torch.histogramdd: expected {n} sequences of bin edges for a {n}-dimensional histogram but got {len(bins)}"
            if given
            else "histogramdd: The size of bins must be equal to the innermost dimension of the input."
        )
    _check_floating(input)
    points = a.reshape(-1, n)
    if given:
        edges = [_given_edges(b, a, d) for d, b in enumerate(bins)]
    else:
        if range is not None and len(range) != 2 * n:
            raise _wrong_range(n, range)
        limits = [None if range is None else range[2 * d : 2 * d + 2] for d in builtins.range(n)]
        edges = [_even_edges(b, limits[d], points[:, d], d) for d, b in enumerate(bins)]
    if weight is not None:
        _check_weight(input, weight, list(a.shape), list(weight._a.shape))
    hist = _counted(points, edges, None if weight is None else weight._a.reshape(-1), density, even=not given)
    shown = bins if given else [wrap(e) for e in edges]  # given edges are given back
    return return_types.named("histogramdd", ("hist", "bin_edges"))(wrap(hist), tuple(shown))


def _check_floating(input: Tensor) -> None:
    if input._a.dtype not in (np.float32, np.float64):
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{types.scalar_name(input.dtype)}'")


def _counted(points: Any, edges: list[Any], weight: Any, density: bool, even: bool) -> Any:
    """The histogram of points (N, D) between the edges of each coordinate."""
    inside = np.ones(len(points), bool)
    for d, e in enumerate(edges):
        inside &= (points[:, d] >= e[0]) & (points[:, d] <= e[-1])
    place = tuple([_between(e, points[inside, d], even) for d, e in enumerate(edges)])
    hist = np.zeros([e.size - 1 for e in edges], points.dtype)
    np.add.at(hist, place, 1 if weight is None else weight[inside])
    if density:
        with np.errstate(all="ignore"):
            hist = hist / wrap(hist).sum()._a
            for d, e in enumerate(edges):
                hist /= np.diff(e).reshape([-1 if i == d else 1 for i in range(len(edges))])
    return hist


def _given_edges(bins: Tensor, a: Any, d: int = 0) -> Any:
    edges = bins._a
    if edges.ndim != 1:
        raise errors.runtime(
            f"torch.histogramdd: bins tensor should have one dimension, but got {edges.ndim} dimensions in the bins tensor for "
            f"dimension {d}"
        )
    if edges.dtype != a.dtype:
        raise errors.runtime(
            "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
            f"{types.c_name(types.of_array(a))} and bins for dimension {d} with dtype {types.c_name(bins.dtype)}"
        )
    if edges.size < 2:
        raise errors.runtime(f"torch.histogram(): bins must be > 0, but got {edges.size - 1} for dimension {d}")
    return edges.copy()


def _wrong_range(n: int, limits: Any) -> Exception:
    return errors.runtime(
        f"torch.histogramdd: for a {n}-dimensional histogram range should have {2 * n} elements, but got {len(limits)}"
    )


def _even_edges(bins: int, limits: Any, flat: Any, d: int = 0) -> Any:
    if bins <= 0:
        raise errors.runtime(f"torch.histogram(): bins must be > 0, but got {bins} for dimension {d}")
    if limits is None:
        low, high = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 1.0)
    else:
        low, high = map(float, limits)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise errors.runtime(f"torch.histogramdd: dimension {d}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise errors.runtime(
            f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for dimension {d}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return linear(low, high, bins + 1, types.of_array(flat))


def _check_weight(input: Tensor, weight: Tensor, points: list[int], weights: list[int]) -> None:
    if weight._a.dtype != input._a.dtype:
        raise errors.runtime(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got "
            f"input({types.c_name(input.dtype)}), and weight({types.c_name(weight.dtype)})"
        )
    if weights != points[:-1]:
        raise errors.runtime(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its "
            f"innermost dimension, but got input with shape {points} and weight with shape {weights}"
        )


def _between(edges: Any, values: Any, even: bool) -> Any:
    """For each value the part that holds it. Even parts are guessed, then set right by the neighbouring edges."""
    n = edges.size - 1
    if not even:
        return np.minimum(np.searchsorted(edges, values, "right") - 1, n - 1)
    guess = ((values - edges[0]) * n / (edges[-1] - edges[0])).astype(np.int64)
    first = np.maximum(guess - 1, 0)
    last = np.minimum(guess + 2, n + 1)
    above = sum(((first + j < last) & (edges[np.minimum(first + j, n)] <= values)).astype(np.int64) for j in (0, 1, 2))
    return np.minimum(first + above - 1, n - 1)
