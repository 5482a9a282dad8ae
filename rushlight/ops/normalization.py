"""Normalisation: by the statistics of a row, a group of channels, a root mean square; for ``batch_norm`` the parts of its gradient.

All of them are ``y = (x - mean) * rstd * weight + bias`` over some dimensions, with ``rstd = 1 / sqrt(var + eps)``. With
``x^ = (x - mean) * rstd`` and ``h = g * weight`` the gradient is ``rstd * (h - mean(h) - x^ * mean(h * x^))``, where mean is
over the same dimensions. It is written once (``pulled_back``) with operators; ``norm_hat`` and ``norm_rstd`` say how its
parts depend on x, so that second and higher derivatives follow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import batch_norm as batch_norm_code
from ..kernels import group_norm as group_norm_code
from ..kernels import row_gradients, row_norm
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.norm import add_product
from ..node import history_first
from ..op import arrays, opaque
from ..routes import routed
from ..tensor import Tensor, wrap
from ..writing import in_order


def not_implemented(kernel: str, x: Tensor) -> Exception:
    """PyTorch's refusal of a dtype by a kernel."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{types.scalar_name(x.dtype)}'")


def _fused(c: Any, a: Any, b: Any) -> Any:
    """``c + a * b``; float32 rounds once, as PyTorch's fused multiply-add does."""
    return add_product(c, a, b) if a.dtype == np.float32 else c + a * b


# --- the parts of every gradient ----------------------------------------------------------------------------------------
@opaque(public=False)
def norm_hat(k, input, mean, rstd, *, dim):
    """``(x - mean) * rstd``, where mean and rstd are those of x over ``dim``."""
    out = input - mean
    out *= rstd
    return out


norm_hat.nondiff("mean", "rstd")


@norm_hat.vjp("input")
def _(k, g, input, mean, rstd, dim):
    return pulled_back(k, g, k.norm_hat(input, mean, rstd, dim=dim), k.norm_rstd(input, mean, rstd, dim=dim), dim)


@opaque(public=False)
def norm_rstd(k, input, mean, rstd, *, dim):
    """``rstd`` as a function of x: it changes by ``-rstd**2 * x^ / n``."""
    return rstd


norm_rstd.nondiff("mean", "rstd")


@norm_rstd.vjp("input")
def _(k, g, input, mean, rstd, dim):
    r = k.norm_rstd(input, mean, rstd, dim=dim)
    count = 1
    for d in dim:
        count *= input.shape[d]
    return k.norm_hat(input, mean, rstd, dim=dim) * (g * r * r * (-1.0 / max(count, 1)))


def pulled_back(k: Any, h: Any, hat: Any, rstd: Any, dim: tuple[int, ...]) -> Any:
    """``rstd * (h - mean(h) - hat * mean(h * hat))``: a gradient of x^ as one of x."""
    return rstd * (h - k.mean(h, dim=dim, keepdim=True) - hat * k.mean(h * hat, dim=dim, keepdim=True))


def _check_types(input: Tensor, *others: Tensor | None) -> None:
    """Parameters have the input's dtype, or are float32 for 16-bit input."""
    own = input._a.dtype
    for v in others:
        if v is None or v._a.dtype is own:
            continue
        if not is_half(own):
            raise errors.runtime(
                f"mixed dtype (CPU): expect parameter to have scalar type of {types.scalar_name(input.dtype)}",
                f"It is {types.scalar_name(v.dtype)}: convert the input or the module, e.g. with .to({input.dtype}).",
            )
        if v._a.dtype != np.float32:
            raise errors.runtime("mixed dtype (CPU): expect parameter to have scalar type of Float")


_CHANNELS = "channels are a dimension"


# --- layer norm ---------------------------------------------------------------------------------------------------------
@opaque(public=False, extras=("mean", "rstd"))
def native_layer_norm(k, input, weight, bias, *, dim, eps):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last dimensions ``dim``, in PyTorch's arithmetic.

    Gradient of ``input``: ``rstd * (weight * g - mean(weight * g) - x * mean(weight * g * x))``, ``x = (input - mean(input)) *
    rstd``, means over ``dim``.
    Gradient of ``weight``: ``sum(g * x)``, ``x = (input - mean(input)) * rstd``.
    Gradient of ``bias``: ``sum(g)``.
    """
    shape = input.shape
    split = len(shape) - len(dim)
    n = 1
    for d in shape[split:]:
        n *= d
    stats = (*shape[:split], *[1] * len(dim))
    if not input.size:
        empty = np.zeros(stats, np.float32 if is_half(input.dtype) else input.dtype)
        return input.copy(), empty, empty
    flat = [None if v is None else v.reshape(-1) for v in (weight, bias)]
    out, mean, rstd = row_norm.layer_norm(input.reshape(-1, n), flat[0], flat[1], eps)
    if is_half(input.dtype) and (weight is None or weight.dtype == input.dtype):  # PyTorch keeps them in 16 bits too
        mean, rstd = mean.astype(input.dtype), rstd.astype(input.dtype)
    return in_order(out.reshape(shape)), mean.reshape(stats), rstd.reshape(stats)


@native_layer_norm.plan
def _(input, weight, bias, dim, eps):
    if not input.size or not dim:
        return None
    split = input.ndim - len(dim)
    n = math.prod(input.shape[split:])
    stats = (*input.shape[:split], *[1] * len(dim))
    return row_norm.planned((input.size // n, n), input.shape, stats, input, weight, bias, eps)


@native_layer_norm.vjp_joint(formal=True)
def _(k, g, input, weight, mean, rstd, dim, needs):
    def formula(g, input, weight, mean, rstd):
        outer = tuple(range(len(input.shape) - len(dim)))
        hat = k.norm_hat(input, mean, rstd, dim=dim)
        to_input = to_weight = to_bias = None
        if needs[0]:
            r = k.norm_rstd(input, mean, rstd, dim=dim)
            to_input = pulled_back(k, g if weight is None else g * weight, hat, r, dim)
        if needs[1]:
            to_weight = k.sum(g * hat, dim=outer) if outer else g * hat
        if needs[2]:
            to_bias = k.sum(g, dim=outer) if outer else g
        return to_input, to_weight, to_bias

    if k is not arrays and input.dtype.itemsize == 2:  # computed in float32 and rounded once, as the kernels below
        wide = [x if x is None else k.convert(x, dtype=types.float32) for x in (g, input, weight, mean, rstd)]
        return tuple([v if v is None else k.convert(v, dtype=input.dtype) for v in formula(*wide)])
    end = input.shape[len(input.shape) - len(dim) :]
    n = math.prod(end)
    if k is arrays and input.size:
        w = None if weight is None else weight.reshape(-1)
        found = row_norm.gradients(g.reshape(-1, n), input.reshape(-1, n), w, mean, rstd, needs)
        if found is not None:
            return tuple(v if v is None else v.reshape(s) for v, s in zip(found, (input.shape, end, end), strict=True))

    narrow = input.dtype if k is arrays and is_half(input.dtype) else None

    def kernel(g, input, weight, mean, rstd):
        if not input.size or (input.size > row_gradients.MOST and narrow is None):
            return formula(g, input, weight, mean, rstd)
        g, x, mean, rstd = g.reshape(-1, n), input.reshape(-1, n), mean.reshape(-1, 1), rstd.reshape(-1, 1)
        w = None if weight is None else weight.reshape(-1)
        return (
            row_gradients.to_input(g, x, w, mean, rstd).reshape(input.shape) if needs[0] else None,
            row_gradients.to_weight(g, x, mean, rstd, narrow).reshape(end) if needs[1] else None,
            row_gradients.to_bias(g, narrow).reshape(end) if needs[2] else None,
        )

    return k.either(kernel, formula, g, input, weight, mean, rstd)


def _normalized_dims(
    input: Tensor, normalized_shape: Any, name: str, weight: Any, bias: Any, star: str
) -> tuple[int, ...]:
    """The last dimensions, checked against ``normalized_shape`` and the parameters."""
    if not isinstance(normalized_shape, (tuple, list)):
        raise errors.type_(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not {type(normalized_shape).__name__}",
            f"Write ({normalized_shape},).",
        )
    shape = tuple(normalized_shape)
    n = len(shape)
    if not n:
        raise errors.runtime(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for what, v in (("weight", weight), ("bias", bias)):
        if v is not None and v._a.shape != shape:
            raise errors.runtime(
                f"Expected {what} to be of same shape as normalized_shape, but got {what} of shape {list(v._a.shape)} and "
                f"normalized_shape = {list(shape)}"
            )
    if tuple(input._a.shape[-n:]) != shape:
        raise errors.runtime(
            f"Given normalized_shape={list(shape)}, expected input with shape [*{star}{', '.join(map(str, shape))}], but got "
            f"input of size{list(input._a.shape)}"
        )
    return tuple(range(input._a.ndim - n, input._a.ndim))


def _row_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "Given normalized_shape=[4]", m.f(2, 3), (4,)),
        m.error(RuntimeError, "Expected normalized_shape to be at least 1-dimensional", m.f(2, 3), ()),
        m.error(RuntimeError, "Expected weight to be of same shape as normalized_shape", m.f(2, 3), (3,), m.f(4)),
        m.error(NotImplementedError, "not implemented for 'Long'", m.i(2, 3), (3,)),
    ]


@function(name="nn.functional.layer_norm", samples=lambda m: [
    m(m.f(2, 3), (3,)), m(m.f(2, 3, 4), (3, 4), m.f(3, 4), m.f(3, 4)), m(m.f(3), (3,), m.f(3)), 
    m(m.f(2, 4), (4,), None, m.f(4), 0.1).first_order("PyTorch fails"),
    m(m.nc(3, 4), (4,), m.f(4), m.f(4)), m(m.f(0, 3), (3,)), m.without("0-d", "rows of numbers")], errors=_row_errors)  # fmt: skip
@routed
@history_first
def layer_norm(input: Tensor, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last dimensions (Ba et al. 2016).

    Raises:
        RuntimeError: if ``normalized_shape`` is not the end of the input's shape, or a parameter's shape differs from it.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("layer_norm", "input", 1, input)
    dim = _normalized_dims(input, normalized_shape, "layer_norm", weight, bias, ", ")
    if input._a.dtype.kind not in "fV":
        raise not_implemented("LayerNormKernelImpl", input)
    _check_types(input, weight, bias)
    return native_layer_norm.public(input, weight, bias, dim=dim, eps=eps)  # type: ignore[no-any-return]


@function(name="nn.functional.rms_norm", aliases="rms_norm", samples=lambda m: [
    m(m.f(2, 3), (3,)), m(m.f(2, 3, 4), (3, 4), m.f(3, 4)), m(m.f(2, 4), (4,), m.f(4), 0.1), m(m.nc(3, 4), (4,)), m(m.f(0, 3), (3,)),
    m.without("0-d", "rows of numbers")], errors=_row_errors)  # fmt: skip
@routed
def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """``x / sqrt(mean(x**2) + eps) * weight`` over the last dimensions (Zhang & Sennrich 2019).

    ``eps`` is the dtype's machine epsilon if not given. 16-bit types are computed in float32.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("rms_norm", "input", 1, input)
    dim = _normalized_dims(input, normalized_shape, "rms_norm", weight, None, "")
    if input._a.dtype.kind not in "fVc":
        raise not_implemented("rms_norm", input)
    own = input.dtype
    x: Any = input.float() if is_half(input._a.dtype) else input  # type: ignore[attr-defined]
    if eps is None:
        eps = types.finfo(x.dtype if own.category < types.COMPLEX else own.to_real()).eps
    out: Any = x * (x.pow(2).mean(dim, True) + eps).rsqrt()
    out = out if weight is None else out * weight
    return (out if out.dtype is own else out.to(own)).contiguous()  # type: ignore[no-any-return]


# --- group norm ---------------------------------------------------------------------------------------------------------
@opaque(public=False, extras=("mean", "rstd"))
def native_group_norm(k, input, weight, bias, *, groups, eps):
    """Each of ``groups`` groups of channels of each sample normalised together, then weight and bias per channel.

    Gradient of ``input``: ``rstd * (weight * g - mean(weight * g) - x * mean(weight * g * x))``, ``x = (input - mean(input)) *
    rstd``, means by sample and group.
    Gradient of ``weight``: ``sum(g * x)`` by channel, ``x = (input - mean(input)) * rstd``.
    Gradient of ``bias``: ``sum(g)`` by channel.
    """
    shape = input.shape
    n, c = shape[:2]
    stats = (n, groups, 1)
    x = cast(input, np.float32) if is_half(input.dtype) else input
    if not x.size:
        return input.copy(), np.zeros(stats, x.dtype), np.zeros(stats, x.dtype)
    x = np.ascontiguousarray(x)
    mean, var = row_norm.row_moments(x.reshape(n * groups, -1))
    rstd = (1 / np.sqrt(np.maximum(var, 0).astype(np.float64) + eps)).astype(x.dtype)
    if weight is None and bias is None:
        out = x.reshape(n, groups, -1) - mean.reshape(stats)
        out *= rstd.reshape(stats)
        return cast(out.reshape(shape), input.dtype), mean.reshape(stats), rstd.reshape(stats)
    channel = (n, groups, c // groups)
    scale = np.broadcast_to(rstd.reshape(stats), channel)
    if weight is not None:
        scale = scale * weight.reshape(1, groups, -1).astype(x.dtype)
    start = np.zeros(channel, x.dtype) if bias is None else np.broadcast_to(bias.reshape(1, groups, -1), channel)
    shift = _fused(start.astype(x.dtype, copy=False), -scale, mean.reshape(stats))
    planes = x.reshape(1, n * c, -1)
    native = batch_norm_code.worth(planes)
    out = batch_norm_code.normalise(planes, scale.reshape(-1), shift.reshape(-1)) if native else None
    if out is None:
        out = _fused(shift.reshape(n, c, 1), scale.reshape(n, c, 1), x.reshape(n, c, -1))
    return cast(out.reshape(shape), input.dtype), mean.reshape(stats), rstd.reshape(stats)


@native_group_norm.vjp_joint(formal=True)
def _(k, g, input, weight, mean, rstd, groups, needs):
    shape = input.shape
    n, c = shape[:2]
    if not n * c:
        empty = k.sum(g, dim=(0, *range(2, len(shape))))
        return g, empty, empty
    found = group_norm_code.gradients(g, input, weight, mean, rstd, groups) if k is arrays else None
    if found is not None:
        return [gradient if needed else None for gradient, needed in zip(found, needs, strict=True)]
    spatial = 1
    for d in shape[2:]:
        spatial *= d
    rows, channels = (n, groups, c // groups * spatial), (n, c, spatial)
    x = k.reshape_gradient(input, size=rows)
    hat = k.norm_hat(x, mean, rstd, dim=(2,))
    g = k.reshape_gradient(g, size=channels)
    to_input = to_weight = to_bias = None
    if needs[0]:
        h = g if weight is None else g * k.reshape_gradient(weight, size=(1, c, 1))
        r = k.norm_rstd(x, mean, rstd, dim=(2,))
        h = k.reshape_gradient(h, size=rows)
        to_input = k.reshape_gradient(pulled_back(k, h, hat, r, (2,)), size=shape)
    if needs[1]:
        to_weight = k.sum(g * k.reshape_gradient(hat, size=channels), dim=(0, 2))
    if needs[2]:
        to_bias = k.sum(g, dim=(0, 2))
    return to_input, to_weight, to_bias


def _group_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 4, 3), 2), m(m.f(2, 4, 3), 2, m.f(4), m.f(4)), m(m.f(2, 4, 2, 2), 4, m.f(4), None, 0.1), m(m.f(2, 6), 2),
        m(m.nc(2, 4, 3), 1, m.f(4), m.f(4)), m(m.f(0, 4, 2), 2), m.without("0-d", _CHANNELS),
    ]  # fmt: skip


def _group_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "to be divisible by num_groups", m.f(2, 3), 2),
        m.error(RuntimeError, "Expected at least 2 dimensions for input tensor but received 1", m.f(2), 1),
        m.error(ValueError, "Expected more than 1 value per channel when training", m.f(1, 2), 2),
        m.error(
            RuntimeError, "Expected weight to be a vector of size equal to the number of channels", m.f(2, 4), 2, m.f(3)
        ),
    ]


@function(name="nn.functional.group_norm", samples=_group_samples, errors=_group_errors)
@routed
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Groups of channels of each sample normalised together, then weight and bias per channel (Wu & He 2018).

    Raises:
        ValueError: for one value a group and sample.
        RuntimeError: if the channels do not divide into the groups or fit the parameters.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("group_norm", "input", 1, input)
    shape = input._a.shape
    if len(shape) < 2:
        raise errors.runtime(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    count = shape[0] * shape[1] // num_groups
    for n in shape[2:]:
        count *= n
    if count == 1:
        first = [shape[0] * shape[1] // num_groups, num_groups, *shape[2:]]
        raise errors.value(f"Expected more than 1 value per channel when training, got input size {first}")
    return _group_norm(input, num_groups, weight, bias, eps)


def _group_norm(input: Tensor, num_groups: int, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    shape = input._a.shape
    if shape[1] % num_groups:
        raise errors.runtime(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
            f"num_groups={num_groups}"
        )
    for what, v in (("weight", weight), ("bias", bias)):
        if v is not None and v._a.shape != shape[1:2]:
            raise errors.runtime(
                f"Expected {what} to be a vector of size equal to the number of channels in input, but got {what} of shape "
                f"{list(v._a.shape)} and input of shape {list(shape)}"
            )
    if input._a.dtype.kind not in "fV":
        raise not_implemented("GroupNormKernelImpl", input)
    _check_types(input, weight, bias)
    return native_group_norm.public(input, weight, bias, groups=num_groups, eps=eps)  # type: ignore[no-any-return]


# --- across channels, and by a norm -------------------------------------------------------------------------------------
@function(name="nn.functional.local_response_norm", samples=lambda m: [
    m(m.f(2, 4, 3), 2), m(m.f(1, 3, 2, 2), 3, 0.5, 0.6, 2.0), m(m.nc(2, 3, 2), 2), m(m.f(0, 3, 2), 2),
    m.without("0-d", _CHANNELS)], errors=lambda m: [
    m.error(ValueError, "Expected 3D or higher dimensionality", m.f(2, 3), 2)])  # fmt: skip
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """``x / (k + alpha * s)**beta``, s the mean of squares of ``size`` neighbouring channels (Krizhevsky et al. 2012).

    Raises:
        ValueError: for fewer than 3 dimensions.
    """
    ndim = input._a.ndim
    if ndim < 3:
        raise errors.value(f"Expected 3D or higher dimensionality input (got {ndim} dimensions)")
    x: Any = input
    if not input._a.size:
        return input
    n, c, *rest = input._a.shape
    squares = x * x
    before, after = (wrap(np.zeros((n, m, *rest), input._a.dtype)) for m in (size // 2, (size - 1) // 2))
    from ..readers import REGISTRY

    padded = REGISTRY["cat"].public([before, squares, after], 1)
    total = padded.narrow(1, 0, c)
    for i in range(1, size):
        total = total + padded.narrow(1, i, c)
    mean = total / size if input.is_floating_point() else total // size  # type: ignore[attr-defined]
    return x / (mean * alpha + k).pow(beta)  # type: ignore[no-any-return]


@function(name="nn.functional.normalize", samples=lambda m: [
    m(m.f(2, 3)), m(m.f(2, 3), 1.0, 0), m(m.f(2, 3, 4), 3.0, -1), m(m.f(3), dim=0), m(m.f(0, 2)), m(m.nc(3, 2)), m(m.f(), dim=0),
    m(m.f(2, 3), eps=5.0)], errors=lambda m: [
    m.error(IndexError, "Dimension out of range", m.f(2))])  # fmt: skip
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """``input`` divided by its p-norm along ``dim``, or by ``eps`` if that is larger."""
    x: Any = input
    result = x / x.norm(p, dim, True).clamp_min(eps).expand_as(x)
    if out is None:
        return result  # type: ignore[no-any-return]
    from ..writing import write_out

    return write_out("normalize", out, result)  # type: ignore[no-any-return]


@function(name="layer_norm", samples=lambda m: [
    m(m.f(2, 3), (3,)), m(m.f(2, 3), (3,), m.f(3), m.f(3), 0.1, False), m(m.nc(3, 4), (4,)), m(m.f(0, 3), (3,)),
    m.without("0-d", "rows of numbers")], errors=_row_errors)  # fmt: skip
def torch_layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """``nn.functional.layer_norm``."""
    return layer_norm(input, normalized_shape, weight, bias, eps)  # type: ignore[no-any-return]


@function(
    name="group_norm",
    samples=_group_samples,
    errors=lambda m: [e for i, e in enumerate(_group_errors(m)) if i in (0, 3)],
)
def torch_group_norm(
    input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn_enabled: bool = True
) -> Tensor:
    """``nn.functional.group_norm``."""
    return _group_norm(input, num_groups, weight, bias, eps)
