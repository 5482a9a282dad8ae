"""Sampling at the places of a grid, and the grid of an affine map.

A sample is a sum over a few neighbours along each axis, weighted by a piecewise polynomial of the place. The derivative for the
grid is the same sum with the weights' derivative along one axis, so one pair of records, each the other's transpose, with the
order of the derivative along each axis as a setting, is closed under differentiation.
"""

from __future__ import annotations

import functools
import itertools
import operator
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.iteration import is_half
from ..op import opaque
from ..tensor import Tensor
from .pool_settings import require_tensor


# --- places and weights -----------------------------------------------------------------------------------------------
def _reflected(x: Any, low: float, span: float) -> tuple[Any, Any]:
    """Places folded back into ``[low, low + span]``, and the sign of the derivative."""
    if span <= 0:
        return np.zeros_like(x), np.zeros_like(x)
    t = x.dtype.type
    moved = x - t(low)
    away = np.abs(moved)
    rest = np.fmod(away, t(span))
    odd = np.floor(away / t(span)) % 2 == 1
    sign = np.where(moved < 0, t(-1), t(1)) * np.where(odd, t(-1), t(1))
    return np.where(odd, t(span) - rest, rest) + t(low), sign


def _inside(x: Any, size: int, padding: str, align: bool) -> tuple[Any, Any]:
    """Places outside brought inside as the padding mode says; the derivative of that."""
    t = x.dtype.type
    slope: Any = np.ones_like(x)
    if padding == "zeros":
        return x, slope
    if padding == "reflection":
        x, slope = _reflected(x, 0, size - 1) if align else _reflected(x, -0.5, size)
    slope = np.where((x <= 0) | (x >= size - 1), t(0), slope)
    return np.clip(x, t(0), t(size - 1)), slope


def _polynomials(rest: Any, mode: str) -> list[tuple[int, tuple[Any, ...]]]:
    """For each neighbour its offset and the weight with its derivatives by the place."""
    one = np.ones_like(rest)
    if mode == "nearest":
        return [(0, (one,))]
    if mode == "bilinear":
        return [(0, (1 - rest, -one)), (1, (rest, one))]
    a = rest.dtype.type(-0.75)  # cubic convolution (R. Keys, 1981)

    def near(x: Any, s: int) -> tuple[Any, ...]:
        return (
            ((a + 2) * x - (a + 3)) * x * x + 1, s * (3 * (a + 2) * x - 2 * (a + 3)) * x, 6 * (a + 2) * x - 2 * (a + 3),
            s * 6 * (a + 2) * one,
        )  # fmt: skip

    def far(x: Any, s: int) -> tuple[Any, ...]:
        return (
            ((a * x - 5 * a) * x + 8 * a) * x - 4 * a, s * ((3 * a * x - 10 * a) * x + 8 * a), 6 * a * x - 10 * a, s * 6 * a * one
        )  # fmt: skip

    return [(-1, far(rest + 1, 1)), (0, near(rest, 1)), (1, near(1 - rest, -1)), (2, far(2 - rest, -1))]


def _axis(place: Any, size: int, mode: str, padding: str, align: bool, order: int) -> list[tuple[Any, Any]]:
    """Along one axis: the neighbours of each place, with their weights differentiated ``order`` times by the place."""
    t = place.dtype.type
    x = (place + t(1)) / t(2) * t(size - 1) if align else ((place + t(1)) * t(size) - t(1)) / t(2)
    slope: Any = t((size - 1) / 2 if align else size / 2)
    if mode != "bicubic":
        x, fold = _inside(x, size, padding, align)
        slope = slope * fold
    base = np.rint(x) if mode == "nearest" else np.floor(x)
    whole = np.clip(np.nan_to_num(base, nan=-9.0), -9, size + 9).astype(np.int64)
    found = []
    for offset, weights in _polynomials(x - base, mode):
        weight = weights[order] * slope**order if order < len(weights) else np.zeros_like(x)
        index = whole + offset
        if mode == "bicubic" and padding != "zeros":
            brought, _ = _inside((base + t(offset)).astype(place.dtype), size, padding, align)
            index = np.nan_to_num(brought).astype(np.int64)
        weight = np.where((index >= 0) & (index < size), weight, t(0))
        found.append((np.clip(index, 0, size - 1), weight))
    return found


def _neighbours(grid: Any, size: Any, mode: str, padding: str, align: bool, *orders: Any) -> Any:
    """All neighbours of all places: (place in the flattened space, a weight for each of ``orders``), each of shape (N, places)."""
    n = len(size)
    places = grid.reshape(grid.shape[0], int(np.prod(grid.shape[1:-1])), n)
    axes = [
        {order: _axis(places[..., n - 1 - i], m, mode, padding, align, order) for order in {o[i] for o in orders}}
        for i, m in enumerate(size)
    ]
    offsets = [range(len(next(iter(axis.values())))) for axis in axes]
    for choice in itertools.product(*offsets):
        index: Any = 0
        for axis, at, m in zip(axes, choice, size, strict=True):
            index = index * m + next(iter(axis.values()))[at][0]
        weights = []
        for order in orders:
            factors = [axis[o][at][1] for axis, at, o in zip(axes, choice, order, strict=True)]
            weights.append(functools.reduce(operator.mul, factors))
        yield index, *weights


def _rows(input: Any) -> Any:
    """(N, C, *space) as (N * space, C): what is read at one place lies together."""
    n, c, length = *input.shape[:2], int(np.prod(input.shape[2:]))
    return np.ascontiguousarray(input.reshape(n, c, length).swapaxes(1, 2)).reshape(n * length, c)


def _each(orders: tuple[int, ...]) -> list[tuple[int, ...]]:
    """For each coordinate of a place, which counts the last dimension of space first: ``orders`` with one more along its axis."""
    return [tuple(o + (i == axis) for i, o in enumerate(orders)) for axis in reversed(range(len(orders)))]


# --- records ----------------------------------------------------------------------------------------------------------
@opaque(public=False, grad_name=lambda inputs, attrs: f"GridSampler{len(attrs['orders'])}DBackward0")
def grid_read(k, input, grid, *, mode, padding, align, orders):
    """(N, C, *space) read at the places (N, *out, dims), each from -1 to 1, last dimension first.

    Gradient of ``input``: each ``g`` times the weights that its element was read with, at the places it was read from.
    Gradient of ``grid``: ``sum over c of g[n, c, place] * slope``, ``slope`` how fast what was read changes with this coordinate.
    """
    n, c = input.shape[:2]
    rows, places = _rows(input), int(np.prod(grid.shape[1:-1]))
    first = np.arange(n)[:, None] * int(np.prod(input.shape[2:]))
    out = np.zeros((n, places, c), input.dtype)
    for index, weight in _neighbours(grid, input.shape[2:], mode, padding, align, orders):
        out += rows.take(index + first, 0, mode="clip") * weight[..., None]
    return np.ascontiguousarray(out.swapaxes(1, 2)).reshape(n, c, *grid.shape[1:-1])


@grid_read.vjp("input")
def _(k, g, grid, input_shape, mode, padding, align, orders):
    return k.grid_write(g, grid, size=tuple(input_shape), mode=mode, padding=padding, align=align, orders=orders)


@grid_read.vjp("grid")
def _(k, g, input, grid, mode, padding, align, orders):
    return k.grid_slopes(g, input, grid, mode=mode, padding=padding, align=align, orders=orders)


@opaque(public=False, grad_name=lambda inputs, attrs: f"GridSampler{len(attrs['orders'])}DBackwardBackward0")
def grid_slopes(k, written, input, grid, *, mode, padding, align, orders):
    """For each coordinate of each place: ``sum over c of written[n, c, place] * slope``, ``slope`` as ``grid_read`` with one order more.

    The gradients are those of the three factors: what is read with the slopes, elements added with them, and slopes of slopes.
    """
    n, c = input.shape[:2]
    rows, places = _rows(input), int(np.prod(grid.shape[1:-1]))
    first = np.arange(n)[:, None] * int(np.prod(input.shape[2:]))
    g = np.ascontiguousarray(written.reshape(n, c, places).swapaxes(1, 2))
    out = np.zeros((n, places, len(orders)), input.dtype)
    for index, *weights in _neighbours(grid, input.shape[2:], mode, padding, align, *_each(orders)):
        found = (rows.take(index + first, 0, mode="clip") * g).sum(-1)
        for i, weight in enumerate(weights):
            out[..., i] += found * weight
    return out.reshape(grid.shape)


def _by_coordinate(k: Any, g: Any, orders: tuple[int, ...]) -> list[tuple[Any, tuple[int, ...]]]:
    """The gradient of ``grid_slopes`` for each coordinate, beside the channels, with the orders that belong to it."""
    return [(k.unsqueeze(k.select(g, dim=-1, index=i), 1), more) for i, more in enumerate(_each(orders))]


def _summed(parts: Any) -> Any:
    return functools.reduce(operator.add, parts)


@grid_slopes.vjp("written")
def _(k, g, input, grid, mode, padding, align, orders):
    return _summed(
        part * k.grid_read(input, grid, mode=mode, padding=padding, align=align, orders=more)
        for part, more in _by_coordinate(k, g, orders)
    )


@grid_slopes.vjp("input")
def _(k, g, written, grid, input_shape, mode, padding, align, orders):
    size = tuple(input_shape)
    return _summed(
        k.grid_write(written * part, grid, size=size, mode=mode, padding=padding, align=align, orders=more)
        for part, more in _by_coordinate(k, g, orders)
    )


@grid_slopes.vjp("grid")
def _(k, g, written, input, grid, mode, padding, align, orders):
    return _summed(
        k.grid_slopes(written * part, input, grid, mode=mode, padding=padding, align=align, orders=more)
        for part, more in _by_coordinate(k, g, orders)
    )


@opaque(public=False, grad_name=lambda inputs, attrs: f"GridSampler{len(attrs['orders'])}DBackwardBackward0")
def grid_write(k, input, grid, *, size, mode, padding, align, orders):
    """The transpose of ``grid_read``: elements added to the neighbours of their places, in zeros of ``size``."""
    n, c = size[:2]
    length = int(np.prod(size[2:]))
    out = np.zeros(n * c * length, input.dtype)
    g = input.reshape(n, c, int(np.prod(grid.shape[1:-1])))
    planes = (np.arange(n * c) * length).reshape(n, c, 1)
    for index, weight in _neighbours(grid, size[2:], mode, padding, align, orders):
        np.add.at(out, (planes + index[:, None]).reshape(-1), (g * weight[:, None]).reshape(-1))
    return out.reshape(size)


@grid_write.vjp("input")
def _(k, g, grid, mode, padding, align, orders):
    return k.grid_read(g, grid, mode=mode, padding=padding, align=align, orders=orders)


@grid_write.vjp("grid")
def _(k, g, input, grid, mode, padding, align, orders):
    return k.grid_slopes(input, g, grid, mode=mode, padding=padding, align=align, orders=orders)


# --- grid_sample ------------------------------------------------------------------------------------------------------
_DEFAULT = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)
_EXCUSES = (("0-d", "a grid has at least four dimensions"),)


def _sample_samples(m: Any) -> list[Any]:
    x, g = m.f(2, 1, 4, 5), m.f(2, 2, 2, 2, lo=-1.3, hi=1.3)
    out = []
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding in ("zeros", "border", "reflection"):
            out += [
                m(m.f(1, 2, 3, 4), m.f(1, 3, 1, 2, lo=-1.3, hi=1.3), mode, padding, align) for align in (False, True)
            ]
    out += [m(m.f(1, 2, 3, 4, 3), m.f(1, 2, 2, 1, 3, lo=-1.2, hi=1.2), "bilinear", "zeros", False).first_order("3-D")]
    out += [
        m(m.nc(2, 1, 4, 5), g.clone(), align_corners=False),
        m(m.f(0, 1, 2, 2), m.f(0, 2, 2, 2), align_corners=True),
    ]
    return [m(x, g, align_corners=True), *out, *[m.without(*row) for row in _EXCUSES]]


def _sample_errors(m: Any) -> list[Any]:
    x, g, kw = m.f(1, 1, 4, 4), m.f(1, 2, 2, 2), {"align_corners": False}
    return [
        m.error(ValueError, "expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: 'cubic'", x, g, "cubic", **kw),
        m.error(ValueError, "expected padding_mode to be 'zeros', 'border', or 'reflection'", x, g, padding_mode="wrap", **kw),
        m.error(RuntimeError, "and grid with same number of dimensions", x, m.f(1, 2, 2), **kw),
        m.error(RuntimeError, "expected grid and input to have same batch size", x, m.f(2, 2, 2, 2), **kw),
        m.error(RuntimeError, "expected grid to have size 2 in last dimension", x, m.f(1, 2, 2, 3), **kw),
        m.error(RuntimeError, "bicubic interpolation only supports 4D input", m.f(1, 1, 2, 2, 2), m.f(1, 1, 1, 1, 3), "bicubic", **kw),
        m.error(RuntimeError, "expected scalar type Double but found Float", x, g.to(m.torch.float32), **kw),
    ]  # fmt: skip


def _check_grid(input: Tensor, grid: Tensor, mode: str) -> None:
    shapes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.shape[0] != grid.shape[0]:
        raise errors.runtime(f"grid_sampler(): expected grid and input to have same batch size, {shapes}")
    if grid.shape[-1] != input.ndim - 2:
        raise errors.runtime(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    if input.ndim not in (4, 5) or input.ndim != grid.ndim:
        raise errors.runtime(
            f"grid_sampler(): expected {input.ndim if input.ndim == 5 else '4'}D input and grid with same number of dimensions, "
            f"{shapes}"
        )
    for d in range(2, input.ndim):
        if not input.shape[d]:
            raise errors.runtime(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {d} being empty"
            )
    if mode == "bicubic" and input.ndim == 5:
        raise errors.runtime("grid_sampler(): bicubic interpolation only supports 4D input")
    if input.dtype is not grid.dtype:
        raise errors.runtime(
            f"expected scalar type {types.scalar_name(input.dtype)} but found {types.scalar_name(grid.dtype)}",
            f"grid_sample: input is {input.dtype}, grid is {grid.dtype}; convert one of them with .to(...).",
        )
    if not input.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"grid_sampler_2d_cpu_kernel_impl\" not implemented for '{types.scalar_name(input.dtype)}'"
        )


@function(name="nn.functional.grid_sample", samples=_sample_samples, errors=_sample_errors)
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """(N, C, *space) read at the places of a grid (N, *out, dims): (N, C, *out), for two or three dimensions of space.

    A place goes from -1 to 1, its last coordinate counts the first dimension of space; with ``align_corners`` -1 and 1 are the
    middles of the corner elements, else the corners' outer edges. Modes: bilinear, nearest (half to even), bicubic (2-D).
    Beyond the edge: zeros, the border's value, or a reflection. Dtypes: floating.
    Raises ValueError for other modes, RuntimeError where shapes and dtypes do not fit.
    """
    if not isinstance(grid, Tensor):
        raise errors.not_a_tensor("grid_sample", "grid", 2, grid)
    require_tensor("grid_sample", input)
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise errors.value(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise errors.value(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        errors.warn(_DEFAULT, UserWarning, stacklevel=2)
    if input.ndim != grid.ndim:
        raise errors.runtime(
            f"grid_sampler(): expected {5 if input.ndim == 5 else 4}D input and grid with same number of dimensions, but got "
            f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    _check_grid(input, grid, mode)
    return grid_read.public(  # type: ignore[no-any-return]
        input, grid, mode=mode, padding=padding_mode, align=bool(align_corners), orders=(0,) * (input.ndim - 2)
    )


_MODES, _PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _numbered(name: str, ranks: tuple[int, ...]) -> None:
    """``grid_sample`` under the names that take modes as numbers, for inputs of these ranks."""

    def sampler(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
        require_tensor(name, input)
        for at, (argument, value, known) in enumerate(
            (("interpolation_mode", interpolation_mode, _MODES), ("padding_mode", padding_mode, _PADDINGS)), 3
        ):
            if not isinstance(value, int):
                raise errors.type_(
                    f"{name}(): argument '{argument}' (position {at}) must be int, not {type(value).__name__}"
                )
            if not 0 <= value < len(known):
                raise errors.value(f"{name}(): {argument} {value} is none of {dict(enumerate(known))}")
        if input.ndim not in ranks or grid.ndim != input.ndim:
            raise errors.runtime(
                f"grid_sampler(): expected {ranks[-1]}D input and grid with same number of dimensions, but got input with "
                f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
            )
        return grid_sample(input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], bool(align_corners))

    def samples(m: Any) -> list[Any]:
        excuses = [m.without(*row) for row in _EXCUSES]
        if 4 not in ranks:
            x, g = m.f(1, 2, 3, 4, 3), m.f(1, 2, 2, 1, 3, lo=-1.2, hi=1.2)
            return [m(x, g, 0, 0, False).first_order("3-D"), m(m.nc(1, 2, 2, 3, 2), g, 1, 2, True),
                    m(m.f(0, 1, 2, 2, 2), m.f(0, 2, 2, 2, 3), 0, 1, True), *excuses]  # fmt: skip
        x, g = m.f(1, 2, 3, 4), m.f(1, 3, 1, 2, lo=-1.3, hi=1.3)
        return [m(x, g, 0, 0, False), m(x, g, 1, 1, True), m(x, g, 2, 2, False), m(m.nc(1, 2, 3, 4), g, 0, 2, True),
                m(m.f(0, 1, 2, 2), m.f(0, 2, 2, 2), 0, 1, True), *excuses]  # fmt: skip

    n = ranks[-1]
    sampler.__name__ = sampler.__qualname__ = name
    sampler.__doc__ = (
        "``nn.functional.grid_sample`` with numbers for its modes, in the order in which they are listed there."
    )
    function(name=name, samples=samples, errors=lambda m: [
        m.error(RuntimeError, f"grid_sampler(): expected {n}D input and grid with same number of dimensions",
                m.f(*[2] * n), m.f(*[2] * (n - 2), n - 2), 0, 0, False),
        m.error(TypeError, f"{name}(): argument 'interpolation_mode' (position 3) must be int, not str",
                m.f(*[2] * n), m.f(*[2] * n), "bilinear", 0, False)])(sampler)  # fmt: skip


_numbered("grid_sampler", (5, 4))
_numbered("grid_sampler_2d", (4,))
_numbered("grid_sampler_3d", (5,))


# --- affine_grid ------------------------------------------------------------------------------------------------------
def _base(size: Any, align: bool, dtype: Any) -> Any:
    """The places of a grid of this size, with a one behind: (places, dims + 1)."""
    axes = []
    for m in size:
        steps = np.linspace(-1, 1, m) if m > 1 else np.zeros(1)
        axes.append(steps if align else steps * (m - 1) / m)
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.stack([*(part.reshape(-1) for part in reversed(mesh)), np.ones(int(np.prod(size)))], 1).astype(dtype)


def _products(a: Any, b: Any) -> Any:
    """``a @ b``; 16-bit floats are multiplied in float32 and rounded once."""
    return (
        np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype) if is_half(a.dtype) else np.matmul(a, b)
    )


@opaque(public=False, grad_name="AffineGridGeneratorBackward0")
def affine_places(k, theta, *, size, align):
    """Each place of the grid, with a one behind, times the transposed matrix.

    Gradient of ``theta``: ``sum over places of g[n, place, :, None] * (the place and 1)``.
    """
    base = _base(size, align, theta.dtype)
    return _products(base, theta.swapaxes(1, 2)).reshape(theta.shape[0], *size, len(size))


@affine_places.vjp("theta")
def _(k, g, size, align):
    return k.affine_places_back(g, size=size, align=align)


@opaque(public=False, grad_name="TransposeBackward0")
def affine_places_back(k, input, *, size, align):
    """The gradient of ``affine_places``: gradients of places, summed against the places."""
    base = _base(size, align, input.dtype)
    flat = input.reshape(input.shape[0], len(base), len(size))
    return _products(flat.swapaxes(1, 2), base)


@affine_places_back.vjp("input")
def _(k, g, size, align):
    return k.affine_places(g, size=size, align=align)


def _affine_samples(m: Any) -> list[Any]:
    out = [m(m.f(2, 2, 3), (2, 1, 3, 4), align) for align in (False, True)]
    out += [m(m.f(1, 3, 4), [1, 1, 2, 3, 2], align_corners=False), m(m.nc(1, 2, 3), (1, 2, 1, 3), True)]
    return [*out, m.without("empty", "PyTorch refuses"), *[m.without(*row) for row in _EXCUSES]]


def _affine_errors(m: Any) -> list[Any]:
    return [
        m.error(ValueError, "Expected a batch of 2D affine matrices of shape Nx2x3", m.f(1, 2, 2), (1, 1, 4, 4), False),
        m.error(NotImplementedError, "affine_grid only supports 4D and 5D sizes", m.f(1, 2, 3), (1, 1, 4), False),
        m.error(ValueError, "Expected non-zero, positive output size", m.f(1, 2, 3), (1, 1, 0, 4), False),
        m.error(ValueError, "Expected theta to have floating point type", m.i(1, 2, 3), (1, 1, 4, 4), False),
    ]


@function(name="nn.functional.affine_grid", samples=_affine_samples, errors=_affine_errors)
def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places that affine maps send a grid to: theta (N, 2, 3) for size (N, C, H, W) gives (N, H, W, 2), for ``grid_sample``.

    In three dimensions (N, 3, 4) for (N, C, D, H, W). Raises ValueError where theta does not fit, NotImplementedError for other
    ranks.
    """
    if not theta.dtype.is_floating_point:
        raise errors.value(f"Expected theta to have floating point type, but got {theta.dtype}")
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{tuple(size)}."
        )
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (n, n + 1):
        raise errors.value(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {tuple(size)}. Got "
            f"torch.Size({list(theta.shape)})."
        )
    if align_corners is None:
        errors.warn(_DEFAULT, UserWarning, stacklevel=2)
    if min(size) <= 0:
        raise errors.value(f"Expected non-zero, positive output size. Got {tuple(size)}")
    if theta.shape[0] != size[0]:
        raise errors.runtime(
            f"Expected size for first two dimensions of batch2 tensor to be: [{size[0]}, {n + 1}] but got: "
            f"[{theta.shape[0]}, {n + 1}]."
        )
    return affine_places.public(theta, size=tuple(int(v) for v in size[2:]), align=bool(align_corners))  # type: ignore[no-any-return]
