"""Interpolation: the last dimensions resampled to another size.

All modes are separable: each axis has its taps (``kernels.resampling``), the last axis is resampled first. The gradient has the
transposed taps, and is a record of the same form.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import FUNCTIONS, function
from ..kernels import resampling
from ..op import opaque
from ..routes import routed
from ..tensor import Tensor


def _taps(mode: str, n: int, m: int, align: bool, scale: float | None, dtype: Any, dims: int) -> tuple[Any, Any]:
    if mode in ("nearest", "nearest-exact"):
        if n == m and dims == 2:  # PyTorch lets the scale count for one and three dimensions only
            scale = None
        index = resampling.nearest(n, m, scale, mode == "nearest-exact", dtype)[:, None]
        return index, np.ones(index.shape, dtype)
    if mode.startswith("aa "):
        return resampling.antialiased(n, m, align, scale, dtype, mode[3:])
    if mode == "bicubic":
        return resampling.cubic(n, m, align, scale, dtype)
    return resampling.linear(n, m, align, scale, dtype)


def _work(dtype: Any) -> Any:
    return np.dtype(np.float64) if dtype == np.float64 else np.dtype(np.float32)


_NODES = {
    "nearest": "UpsampleNearest{}D", "nearest-exact": "UpsampleNearestExact{}D", "linear": "UpsampleLinear1D",
    "bilinear": "UpsampleBilinear2D", "bicubic": "UpsampleBicubic2D", "trilinear": "UpsampleTrilinear3D",
    "aa bilinear": "UpsampleBilinear2DAa", "aa bicubic": "UpsampleBicubic2DAa", "aa lanczos": "UpsampleLanczos2DAa",
}  # fmt: skip


def _node(inputs: Any, attrs: Any) -> str:
    return _NODES[attrs["mode"]].format(len(attrs["scales"])) + "Backward0"


def _resampled(x: Any, sizes: Any, targets: Any, mode: str, align: bool, scales: Any, back: bool) -> Any:
    """The last dimensions resampled one by one; with ``back`` the transpose, from the targets to the sizes."""
    n = len(sizes)
    kind, dtype = _work(x.dtype), x.dtype
    out = x
    nearest = mode.startswith("nearest")
    if not nearest and dtype != kind:
        out = x.astype(kind)
    if dtype == np.uint8 and not back and not nearest:
        return _resampled_bytes(x, sizes, targets, mode, align, scales)
    if mode == "bilinear" and not back and x.size:
        taps = [_taps(mode, sizes[i], targets[i], align, scales[i], kind, n) for i in range(n)]
        return resampling.corners(out, taps[0], taps[1]).astype(dtype, copy=False)
    if back and x.size and mode in _AS_ONE and dtype.kind == "f":
        return _handed_back(out, sizes, targets, mode, align, scales).astype(dtype, copy=False)
    if mode == "linear" and dtype != np.uint8 and x.size:
        taps = _taps(mode, sizes[0], targets[0], align, scales[0], kind, n)
        return resampling.two_taps(out, *taps).astype(dtype, copy=False)
    for i in reversed(range(n)):
        axis = x.ndim - n + i
        index, weight = _taps(mode, sizes[i], targets[i], align, scales[i], kind, n)
        if back:
            index, weight = resampling.transposed(index, weight, sizes[i])
            out = resampling.apply(out, axis, index, weight)
        elif nearest:
            out = out.take(index[:, 0], axis)
        else:
            out = resampling.apply(out, axis, index, weight)
    return out.astype(dtype, copy=False)


def _resampled_bytes(x: Any, sizes: Any, targets: Any, mode: str, align: bool, scales: Any) -> Any:
    """Bytes, as PyTorch resamples them: with whole weights, as large as 16 bits hold, and rounded after each axis."""
    n = len(sizes)
    out = x
    for i in reversed(range(n)):
        axis = x.ndim - n + i
        if sizes[i] == targets[i]:
            continue
        index, weight = _taps(mode, sizes[i], targets[i], align, scales[i], np.dtype(np.float64), n)
        weight = weight.copy()
        for j in range(index.shape[1] - 1, 0, -1):  # what lies beyond an edge counts there, before it is rounded
            same = index[:, j] == index[:, j - 1]
            weight[:, j - 1] += np.where(same, weight[:, j], 0)
            weight[:, j] = np.where(same, 0, weight[:, j])
        bits = 0
        while bits < 22 and int(0.5 + weight.max() * (1 << (bits + 1))) < 1 << 15:
            bits += 1
        whole = np.trunc(weight * (1 << bits) + np.copysign(0.5, weight)).astype(np.int32)
        shape = [1] * axis + [-1] + [1] * (x.ndim - axis - 1)
        total = np.int32(1 << (bits - 1))
        for j in range(index.shape[1]):
            total = total + out.take(index[:, j], axis).astype(np.int32) * whole[:, j].reshape(shape)
        out = np.clip(total >> bits, 0, 255).astype(np.uint8)
    return out.copy() if out is x else out


#: Modes whose gradients PyTorch adds up over all dimensions at once, in the order of the result.
_AS_ONE = ("nearest", "nearest-exact", "linear", "bilinear")


def _handed_back(g: Any, sizes: Any, targets: Any, mode: str, align: bool, scales: Any) -> Any:
    kind = _work(g.dtype)
    tables = _tables(mode, tuple(sizes), tuple(targets), align, tuple(scales), kind)
    wide = g if g.dtype == kind else g.astype(kind)
    if mode.startswith("nearest"):
        return resampling.added_up(wide, tables, sizes)
    if len(sizes) == 1:
        one = np.zeros((1, 1), np.int64), np.array([[[1]], [[0]]], kind)
        return resampling.spread(wide[..., None, :], (1, *sizes), one, *tables)[..., 0, :]
    return resampling.spread(wide, tuple(sizes), *tables)


@functools.lru_cache(256)
def _tables(mode: str, sizes: Any, targets: Any, align: bool, scales: Any, kind: Any) -> list[Any]:
    """What each dimension's elements were read by: nearest elements' places, or ``resampling.readers``."""
    taps = [
        _taps(mode, n, m, align, scale, kind, len(sizes)) for n, m, scale in zip(sizes, targets, scales, strict=True)
    ]
    if mode.startswith("nearest"):
        return [index[:, 0] for index, _ in taps]
    return [resampling.readers(*pair, n, kind) for pair, n in zip(taps, sizes, strict=True)]


@opaque(public=False, grad_name=_node)
def resample(k, input, *, size, mode, align, scales):
    """The last dimensions resampled to ``size``; ``scales`` are the factors that the user gave, or None for each.

    Gradient of ``input``: each ``g`` times the weights that its element was read with, at the places it was read from.
    """
    return _resampled(input, input.shape[-len(size) :], size, mode, align, scales, False)


@resample.vjp("input")
def _(k, g, input_shape, size, mode, align, scales):
    return k.resample_back(g, shape=tuple(input_shape), size=size, mode=mode, align=align, scales=scales)


@opaque(public=False, grad_name=lambda inputs, attrs: _node(inputs, attrs).replace("Backward0", "BackwardBackward0"))
def resample_back(k, input, *, shape, size, mode, align, scales):
    """The gradient of ``resample``: each element handed back to those it was made of, by the same weights."""
    return _resampled(input, shape[len(shape) - len(size) :], size, mode, align, scales, True)


@resample_back.vjp("input")
def _(k, g, size, mode, align, scales):
    return k.resample(g, size=size, mode=mode, align=align, scales=scales)


# --- arguments --------------------------------------------------------------------------------------------------------
_ALIGNED = ("linear", "bilinear", "bicubic", "trilinear")
_NEEDS = {"linear": 3, "bilinear": 4, "trilinear": 5}
_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"


def _target(input: Tensor, size: Any, factor: Any, recompute: Any) -> tuple[Any, Any]:
    """The output size, and the factors as far as they count for the arithmetic."""
    space = list(input.shape[2:])
    n = len(space)
    if size is not None and factor is not None:
        raise errors.value("only one of size or scale_factor should be defined")
    if size is not None:
        if isinstance(size, (tuple, list)):
            if len(size) != n:
                raise errors.value(
                    "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of "
                    f"{space} and output size of {size}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and output "
                    "size in (o1, o2, ...,oK) format."
                )
            if not all(hasattr(v, "__index__") for v in size):
                raise errors.type_(
                    "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size with "
                    f"types {[type(v) for v in size]}"
                )
            target = [int(v) for v in size]
        elif hasattr(size, "__index__"):
            target = [int(size)] * n
        else:
            raise errors.type_(
                f"interpolate(): argument 'size' must be int or tuple of ints, not {type(size).__name__}; upsample received an "
                "invalid combination of arguments"
            )
        if recompute:
            raise errors.value("recompute_scale_factor is not meaningful with an explicit size.")
        return tuple(target), (None,) * n
    if factor is None:
        raise errors.value("either size or scale_factor should be defined")
    if isinstance(factor, (tuple, list)) and len(factor) != n:
        raise errors.value(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{space} and scale_factor of shape {factor}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
            "scale_factor in (s1, s2, ...,sK) format."
        )
    factors = list(factor) if isinstance(factor, (tuple, list)) else [factor] * n
    if any(isinstance(f, str) for f in factors):
        raise errors.type_(
            "interpolate(): argument 'scale_factor' must be float or tuple of floats, not str; upsample received an invalid "
            "combination of arguments"
        )
    factors = [float(f) for f in factors]
    target = [int(np.floor(float(m) * f)) for m, f in zip(space, factors, strict=True)]
    return tuple(target), (None,) * n if recompute else tuple(factors)


def _check_sizes(input: Tensor, target: Any) -> None:
    space = input.shape[2:]
    if min(*space, *target) <= 0:
        names = "DHW"[-len(space) :]
        was = ", ".join(f"{a}: {v}" for a, v in zip(names, space, strict=True))
        wanted = ", ".join(f"{a}: {v}" for a, v in zip(names, target, strict=True))
        text = f"input ({was}) and output ({wanted})" if len(space) == 1 else f"input ({was}) output ({wanted})"
        raise errors.runtime(f"Input and output sizes should be greater than 0, but got {text}")
    if not input.shape[1]:
        raise errors.runtime(
            f"Non-empty {input.ndim}D data tensor expected but got a tensor with sizes {list(input.shape)}"
        )


def _check_dtype(input: Tensor, mode: str, antialias: bool) -> None:
    if antialias and input.dtype is types.float16:
        raise NotImplementedError("\"compute_index_ranges_weights\" not implemented for 'Half'")
    allowed = input.dtype.is_floating_point or (
        input.dtype is types.uint8 and (mode.startswith("nearest") or mode in ("bilinear", "bicubic"))
    )
    if not allowed:
        kernel = "compute_indices_weights_" + ("nearest" if mode.startswith("nearest") else "linear")
        raise errors.advised(
            NotImplementedError(f"\"{kernel}\" not implemented for '{types.scalar_name(input.dtype)}'"),
            "Convert first: input.float().",
        )


def _samples(m: Any) -> list[Any]:
    one, two, three = m.f(1, 2, 5), m.f(2, 2, 4, 5), m.f(1, 2, 3, 4, 3)
    out = [m(one, 8), m(one, scale_factor=1.7, mode="linear"), m(one, 3, mode="linear", align_corners=True)]
    out += [m(one, scale_factor=2.5, mode="nearest-exact"), m(two, (3, 7)), m(two, scale_factor=(2, 0.6))]
    for mode in ("bilinear", "bicubic"):
        out += [m(two, (7, 3), mode=mode), m(two, scale_factor=1.6, mode=mode, align_corners=True)]
        out += [
            m(two, scale_factor=1.7, mode=mode, recompute_scale_factor=True),
            m(two, (2, 9), mode=mode, antialias=True),
        ]
    out += [m(three, 5, mode="trilinear"), m(three, scale_factor=1.5, mode="trilinear", align_corners=True)]
    out += [m(three, (2, 5, 3), mode="area"), m(three, 4), m(m.nc(1, 1, 3, 4), 5, mode="bilinear"), m(m.f(0, 1, 3), 4)]
    out += [m(m.a([[[[1, 200], [30, 4]]]], m.torch.uint8), 3)]
    bytes_ = m.a([[[[1, 200, 3, 99], [30, 4, 255, 7], [0, 255, 128, 64]]]], m.torch.uint8)
    for mode in ("bilinear", "bicubic"):
        out += [m(bytes_, (7, 5), mode=mode), m(bytes_, (2, 9), mode=mode, antialias=True)]
        out += [m(bytes_, (5, 3), mode=mode, align_corners=True), m(bytes_, (3, 3), mode=mode)]
    return [*out, m.without("0-d", "there is no dimension to resample")]


def _errors(m: Any) -> list[Any]:
    x = m.f(1, 1, 4)
    return [
        m.error(ValueError, "either size or scale_factor should be defined", x),
        m.error(ValueError, "only one of size or scale_factor should be defined", x, 8, 2.0),
        m.error(ValueError, "must have the same number of spatial dimensions", x, (8, 8)),
        m.error(
            ValueError, "align_corners option can only be set with the interpolating modes", x, 8, align_corners=True
        ),
        m.error(ValueError, "recompute_scale_factor is not meaningful", x, 8, recompute_scale_factor=True),
        m.error(ValueError, "Anti-alias option is restricted to bilinear", x, 8, antialias=True),
        m.error(NotImplementedError, "Got 3D input, but bilinear mode needs 4D input", x, 8, mode="bilinear"),
        m.error(NotImplementedError, "Only 3D, 4D and 5D input Tensors supported", m.f(1, 4), 8),
        m.error(RuntimeError, "Input and output sizes should be greater than 0", x, 0),
        m.error(NotImplementedError, "not implemented for 'Long'", m.i(1, 1, 4), 8),
    ]


@function(name="nn.functional.interpolate", samples=_samples, errors=_errors)
@routed
def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """(N, C, *space) resampled to ``size``, or to ``floor(space * scale_factor)``.

    Modes: ``nearest`` (element floor(i s) for a step s), ``nearest-exact`` (of the pixel's middle), ``linear``, ``bilinear``,
    ``trilinear`` (by the number of dimensions), ``bicubic`` (a = -0.75), ``area`` (adaptive mean); with ``antialias`` bilinear,
    bicubic and ``lanczos`` filters as wide as the step. The step is 1 / scale_factor if that was given and is not recomputed,
    else old size / new size, or (old - 1) / (new - 1) with ``align_corners``, which lays the corners' middles upon each other.
    Raises ValueError, NotImplementedError for modes that do not fit the rank, RuntimeError for empty sizes.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("interpolate", "input", 1, input)
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise errors.value(
                f"align_corners option can only be set with the interpolating modes: {' | '.join(_ALIGNED)}"
            )
    align = bool(align_corners)
    if mode == "lanczos" and not antialias:
        raise errors.value("Lanczos mode requires antialias=True")
    ndim = input.ndim
    if ndim < 3 or ndim > 5:
        raise NotImplementedError(f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: "
                                  f"{_MODES} (got {mode})")  # fmt: skip
    target, scales = _target(input, size, scale_factor, recompute_scale_factor)
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and ndim == 4):
        raise errors.value(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "area":
        return FUNCTIONS[f"nn.functional.adaptive_avg_pool{ndim - 2}d"].fn(input, target)  # type: ignore[no-any-return]
    if mode in _NEEDS and ndim != _NEEDS[mode]:
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {_NEEDS[mode]}D input")
    if mode not in ("nearest", "nearest-exact", *_ALIGNED, "lanczos") or (mode in ("bicubic", "lanczos") and ndim != 4):
        raise NotImplementedError(f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: "
                                  f"{_MODES} (got {mode})")  # fmt: skip
    _check_sizes(input, target)
    _check_dtype(input, mode, antialias)
    return resample.public(  # type: ignore[no-any-return]
        input, size=target, mode="aa " + mode if antialias else mode, align=align, scales=scales
    )


def _deprecated(name: str) -> None:
    errors.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", UserWarning, stacklevel=3
    )


def _upsample_errors(m: Any) -> list[Any]:
    return [m.error(ValueError, "only one of size or scale_factor should be defined", m.f(1, 1, 4, 4), 8, 2.0)]


def _upsample_samples(m: Any) -> list[Any]:
    x = m.f(1, 2, 3, 4)
    out = [m(x, 5), m(x, scale_factor=2), m(m.nc(1, 2, 3, 4), (2, 5)), m(m.f(0, 2, 3, 4), 5)]
    return [*out, m.without("0-d", "there is no dimension to resample")]


@function(name="nn.functional.upsample", samples=_upsample_samples, errors=_upsample_errors)
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """The old name of ``interpolate``; warns."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


@function(name="nn.functional.upsample_nearest", samples=_upsample_samples, errors=_upsample_errors)
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """The old name of ``interpolate(mode="nearest")``; warns."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


@function(name="nn.functional.upsample_bilinear", samples=_upsample_samples, errors=_upsample_errors)
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """The old name of ``interpolate(mode="bilinear", align_corners=True)``; warns."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
