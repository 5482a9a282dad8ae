"""``torch.gradient``: the derivative of sampled functions, estimated from differences of neighbouring samples."""

from __future__ import annotations

import numbers
from typing import Any

from .. import errors, types
from ..errors import check_dim
from ..functions import function
from ..readers import REGISTRY
from ..tensor import Tensor
from .movement import narrow
from .splitting import need_tensor


def _samples(m: Any) -> list[Any]:
    x, y = m.a([0.0, 1.0, 4.0], m.f(1).dtype), m.a([0.0, 1.0, 3.0, 4.0, 7.0], m.f(1).dtype)
    return [
        m(m.f(5)), m(m.f(5), spacing=2.0), m(m.f(3, 5)), m(m.f(3, 5), dim=1), m(m.f(3, 5), dim=(1, 0), spacing=[2, 3.0]),
        m(m.nc(3, 5), spacing=[x, y]), m(m.f(3, 5), spacing=[x, y], edge_order=2), m(m.f(5), edge_order=2),
        m(m.i(3, 5), dim=-1), m(m.f()), m(m.c(4)).value_only("its result is complex"), m(m.f(2, 0), dim=0),
    ]  # fmt: skip


@function(samples=_samples, errors=lambda m: [
    m.error(RuntimeError, "torch.gradient expected each dimension size to be at least edge_order+1", m.f(1)),
    m.error(RuntimeError, "torch.gradient only supports edge_order=1 and edge_order=2.", m.f(3), edge_order=3),
    m.error(RuntimeError, "but got a list of length 3", m.f(3, 3), spacing=[1.0, 2.0, 3.0]),
    m.error(RuntimeError, "got a spacing argument of length 1 and a dim argument of length 2.", m.f(3, 3), spacing=[1.0], dim=(0, 1)),
    m.error(RuntimeError, "expected each element of spacing to have one dimension", m.f(3), spacing=[m.f(3, 1)]),
    m.error(RuntimeError, "torch.gradient does not support uint8 input.", m.a([1, 2, 3], m.torch.uint8)),
    m.error(RuntimeError, "dim 0 appears multiple times in the list of dims", m.f(3, 3), dim=(0, 0)),
    m.error(TypeError, "gradient() received an invalid combination of arguments", m.f(3), spacing="a"),
    m.error(IndexError, "Dimension out of range", m.f(3), dim=1)])  # fmt: skip
def gradient(input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The derivative of a sampled function along each dimension (or those in ``dim``), one tensor each.

    Inside it is the second-order estimate from both neighbours, exact for parabolas; at the edges a difference
    (``edge_order=1``) or the derivative of the parabola through the three last samples (``edge_order=2``).

    Args:
        spacing: the distance of the samples: one number, one for each dimension, or for each dimension a vector of coordinates.

    Raises:
        RuntimeError: for arguments that do not fit. IndexError: for a dimension that is not there.

    >>> import rushlight as torch
    >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    need_tensor("gradient", input)
    spacing, along = _read(input, spacing, dim)
    for step in spacing:
        if isinstance(step, Tensor) and step._a.ndim != 1:
            raise errors.runtime(
                "torch.gradient expected each element of spacing to have one dimension, but got an element with "
                f"{step._a.ndim} dimensions!"
            )
    if input.dtype is types.uint8:
        raise errors.runtime("torch.gradient does not support uint8 input.", "Differences may be negative: x.long().")
    if edge_order not in (1, 2):
        raise errors.runtime("torch.gradient only supports edge_order=1 and edge_order=2.")
    if any(input._a.shape[d] < edge_order + 1 for d in along):
        raise errors.runtime("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple([
        (_at_places if isinstance(step, Tensor) else _evenly)(input, step, d, edge_order)
        for d, step in zip(along, spacing, strict=True)
    ])  # fmt: skip


def _read(input: Tensor, spacing: Any, dim: Any) -> tuple[list[Any], list[int]]:
    """For each dimension the distance of its samples or their coordinates; the dimensions."""
    ndim = input._a.ndim
    if isinstance(spacing, Tensor) and not spacing._a.ndim:
        spacing = spacing.item()
    if not isinstance(spacing, (numbers.Number, list, tuple, type(None))):
        raise errors.type_(
            f"gradient() received an invalid combination of arguments - got (Tensor, spacing={type(spacing).__name__})",
            "spacing is a number, a list of numbers, or a list of vectors of coordinates.",
        )
    named = range(ndim) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if isinstance(spacing, (list, tuple)) and len(spacing) != len(named):
        if dim is None:
            raise errors.runtime(
                "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = "
                f"{ndim}', since dim argument was not given, but got a list of length {len(spacing)}"
            )
        raise errors.runtime(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same "
            f"length, but got a spacing argument of length {len(spacing)} and a dim argument of length {len(named)}."
        )
    along = [check_dim(d, ndim) for d in named]
    if len(set(along)) < len(along):
        raise errors.runtime(
            f"dim {next(d for d in along if along.count(d) > 1)} appears multiple times in the list of dims"
        )
    if isinstance(spacing, (list, tuple)):
        return list(spacing), along
    return [1 if spacing is None else spacing] * len(along), along


def _parts(x: Tensor, dim: int, starts: Any, length: int) -> list[Tensor]:
    return [narrow(x, dim, start, length) for start in starts]


def _evenly(x: Tensor, step: Any, dim: int, edge_order: int) -> Tensor:
    n = x._a.shape[dim]
    before, after = _parts(x, dim, (0, 2), n - 2) if n > 2 else [narrow(x, dim, 0, 0)] * 2
    middle = (after - before) / (step * 2)
    if edge_order == 1:
        a, b, y, z = _parts(x, dim, (0, 1, n - 2, n - 1), 1)
        first, last = (b - a) / step, (z - y) / step
    else:
        a, b, c, w, y, z = _parts(x, dim, (0, 1, 2, n - 3, n - 2, n - 1), 1)
        first = (-1.5 * a + 2 * b - 0.5 * c) / step
        last = (0.5 * w - 2 * y + 1.5 * z) / step
    return REGISTRY["cat"].public((first, middle, last), dim)  # type: ignore[no-any-return]


def _at_places(x: Tensor, places: Tensor, dim: int, edge_order: int) -> Tensor:
    """At coordinates that need not be evenly spaced: the derivative of the parabola through three neighbours."""
    n, steps = x._a.shape[dim], places[1:] - places[:-1]
    shape = [1] * x._a.ndim
    shape[dim] = -1
    d1, d2 = steps[:-1].reshape(shape), steps[1:].reshape(shape)
    a, b, c = _parts(x, dim, (0, 1, 2), n - 2) if n > 2 else [narrow(x, dim, 0, 0)] * 3
    middle = -d2 / (d1 * (d1 + d2)) * a + (d2 - d1) / (d1 * d2) * b + d1 / (d2 * (d1 + d2)) * c
    if edge_order == 1:
        a, b, y, z = _parts(x, dim, (0, 1, n - 2, n - 1), 1)
        first, last = (b - a) / steps[0], (z - y) / steps[-1]
    else:
        a, b, c, w, y, z = _parts(x, dim, (0, 1, 2, n - 3, n - 2, n - 1), 1)
        d1, d2 = steps[0], steps[1]
        first = -(2 * d1 + d2) / (d1 * (d1 + d2)) * a + (d1 + d2) / (d1 * d2) * b - d1 / (d2 * (d1 + d2)) * c
        d1, d2 = steps[-2], steps[-1]
        last = d2 / (d1 * (d1 + d2)) * w - (d1 + d2) / (d1 * d2) * y + (d1 + 2 * d2) / (d2 * (d1 + d2)) * z
    return REGISTRY["cat"].public((first, middle, last), dim)  # type: ignore[no-any-return]
