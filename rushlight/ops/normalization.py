"""Normalisation: by the statistics of a batch, a row, a group of channels, an instance, a root mean square.

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
from ..autograd.mode import no_grad
from ..functions import function
from ..kernels import batch_norm as batch_norm_code
from ..kernels import group_norm as group_norm_code
from ..kernels import moments, row_gradients, row_norm
from ..kernels.iteration import is_half
from ..kernels.lazy import settle
from ..kernels.norm import add_product
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
    return k.norm_hat(input, mean, rstd, dim=dim) * (g * r * r * (-1.0 / count))


def pulled_back(k: Any, h: Any, hat: Any, rstd: Any, dim: tuple[int, ...]) -> Any:
    """``rstd * (h - mean(h) - hat * mean(h * hat))``: a gradient of x^ as one of x."""
    return rstd * (h - k.mean(h, dim=dim, keepdim=True) - hat * k.mean(h * hat, dim=dim, keepdim=True))


# --- batch norm ---------------------------------------------------------------------------------------------------------
@opaque(public=False, extras=("mean", "rstd"))
def native_batch_norm(k, input, weight, bias, *, running, training, momentum, eps):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel (dimension 1).

    PyTorch's arithmetic: ``x * a + b`` with ``a = rstd * weight`` and ``b = bias - mean * a``, both by fused multiply-adds.
    ``running`` are the arrays of the running statistics: read, or in training moved.

    Gradient of ``input``: ``rstd * (weight * g - mean(weight * g) - x * mean(weight * g * x))``, ``x = (input - mean(input)) *
    rstd``, means by channel; ``rstd * weight * g`` in evaluation.
    Gradient of ``weight``: ``sum(g * x)`` by channel, ``x = (input - mean(input)) * rstd``.
    Gradient of ``bias``: ``sum(g)`` by channel.
    """
    channel = (1, -1, *[1] * (input.ndim - 2))
    x = input.astype(np.float32) if is_half(input.dtype) else input
    n = x.size // x.shape[1]
    native = batch_norm_code.worth(input)
    done = batch_norm_code.train(x, weight, bias, eps) if training and native else None
    if done is not None:
        out, mean, squares, rstd = done
        _move(running, mean, squares, n, momentum)
        return out, mean.reshape(channel), rstd.reshape(channel)
    if training:
        mean, squares = moments.channel_moments(input)
        saved = rstd = (1 / np.sqrt((squares / x.dtype.type(n)).astype(np.float64) + eps)).astype(x.dtype)
        _move(running, mean, squares, n, momentum)
    else:
        mean = running[0].astype(x.dtype)
        rstd = 1 / np.sqrt(running[1].astype(x.dtype) + x.dtype.type(eps))
        saved = (1 / np.sqrt(running[1].astype(np.float64) + eps)).astype(x.dtype)  # gradients take it from float64
    scale = rstd if weight is None else rstd * weight.astype(x.dtype)
    zero = np.zeros_like(mean) if bias is None else bias.astype(x.dtype)
    shift = _fused(zero, -mean, scale)
    out = batch_norm_code.normalise(x, scale, shift) if native and not training else None
    if out is None:
        out = _fused(shift.reshape(channel), x, scale.reshape(channel))
    return out.astype(input.dtype, copy=False), mean.reshape(channel), saved.reshape(channel)


def _move(running: Any, mean: Any, squares: Any, n: int, momentum: float) -> None:
    """The running statistics moved towards those of a batch of n, the variance by a fused multiply-add, as in PyTorch."""
    share, rest = mean.dtype.type(momentum), mean.dtype.type(1 - momentum)
    if running[0] is not None:
        running[0][...] = share * mean + rest * running[0].astype(mean.dtype)
    if running[1] is not None:
        variance = squares / mean.dtype.type(n - 1) if n > 1 else squares * np.float32("nan")
        running[1][...] = _fused(rest * running[1].astype(mean.dtype), share, variance)


@native_batch_norm.vjp_joint(formal=True)
def _(k, g, input, weight, mean, rstd, training, needs):
    dim = (0, *range(2, len(input.shape)))
    channel = mean.shape
    if k is arrays and batch_norm_code.takes(input):
        found = batch_norm_code.gradients(g, input, weight, mean, rstd, training)
        return tuple(v if needed else None for v, needed in zip(found, needs, strict=True))
    hat = k.norm_hat(input, mean, rstd, dim=dim) if training else (input - mean) * rstd
    to_bias = k.sum(g, dim=dim, keepdim=True) if needs[2] or (training and needs[0]) else None
    to_weight = k.sum(g * hat, dim=dim, keepdim=True) if needs[1] or (training and needs[0]) else None
    to_input = None
    if needs[0]:
        r = k.norm_rstd(input, mean, rstd, dim=dim) if training else rstd
        scale = r if weight is None else r * k.reshape_gradient(weight, size=channel)
        if training:
            n = 1
            for d in dim:
                n *= input.shape[d]
            to_input = scale * (g - to_bias * (1.0 / n) - hat * (to_weight * (1.0 / n)))
        else:
            to_input = g * scale
    return (
        to_input,
        k.reshape_gradient(to_weight, size=(channel[1],)) if needs[1] else None,
        k.reshape_gradient(to_bias, size=(channel[1],)) if needs[2] else None,
    )


def _check_vector(name: str, v: Tensor | None, n: int) -> None:
    if v is not None and v._a.size != n:
        raise errors.runtime(f"{name} should contain {n} elements not {v._a.size}")


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


def _arrays(*tensors: Tensor | None) -> tuple[Any, ...]:
    return tuple(None if t is None else t._a for t in tensors)


def _own(m: Any, n: int) -> Any:
    """Weight and bias of n channels."""
    return {"weight": m.f(n, lo=0.5, hi=2), "bias": m.f(n)}


_CHANNELS = "channels are a dimension"


@function(name="nn.functional.batch_norm", samples=lambda m: [
    m(m.f(5, 3), None, None, training=True, **_own(m, 3)), m(m.f(2, 3, 4), None, None, training=True),
    m(m.f(2, 3, 2, 2), m.f(3).detach(), m.f(3, lo=0.5, hi=2).detach(), training=True, **_own(m, 3)).value_only("it moves the statistics"),
    m(m.f(2, 3, 4), m.a([0.3, -0.2, 0.1], m.f(1).dtype), m.a([0.7, 1.2, 0.4], m.f(1).dtype), **_own(m, 3), eps=0.1).value_only(
        "statistics take no gradient"),
    m(m.nc(4, 3), None, None, training=True, **_own(m, 3)), m(m.f(0, 3, 2), None, None, training=True).value_only("nothing"),
    m.without("0-d", _CHANNELS)], errors=lambda m: [
    m.error(ValueError, "Expected more than 1 value per channel when training", m.f(1, 3), None, None, training=True),
    m.error(ValueError, "eps must be positive during training", m.f(2, 3), None, None, training=True, eps=0.0),
    m.error(RuntimeError, "running_mean must be defined in evaluation mode", m.f(2, 3), None, None),
    m.error(RuntimeError, "weight should contain 3 elements not 2", m.f(2, 3), None, None, m.f(2), training=True),
    m.error(NotImplementedError, "not implemented for 'Long'", m.i(2, 3), None, None, training=True)])  # fmt: skip
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel (dimension 1).

    In training mean and (biased) variance are the batch's, and the running ones move towards them by ``momentum``, the
    variance unbiased; else the running ones are used (Ioffe & Szegedy 2015).

    Raises:
        ValueError: in training with one value a channel; for eps that is not positive.
        RuntimeError: for statistics or parameters that do not fit the channels.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("batch_norm", "input", 1, input)
    if training:
        _check_count(input._a.shape)
    if eps <= 0 and training:
        raise errors.value(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise errors.value(f"batch_norm eps must be non-negative, but got {eps}")
    return _batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def _check_count(shape: Any) -> None:
    count = 1
    for n in (shape[0], *shape[2:]):
        count *= n
    if count == 1:
        raise errors.value(
            f"Expected more than 1 value per channel when training, got input size {types.Size(shape)}",
            "The variance of one number is zero. Use larger batches (drop_last=True in the DataLoader) or eval mode.",
        )


def _batch_norm(
    input: Tensor,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    channels = input._a.shape[1] if input._a.ndim > 1 else 0
    settle()  # the running statistics are written
    if training:
        _check_vector("running_mean", running_mean, channels)
        _check_vector("running_var", running_var, channels)
    else:
        for name, v in (("running_mean", running_mean), ("running_var", running_var)):
            if v is None:
                raise errors.runtime(f"{name} must be defined in evaluation mode")
            _check_vector(name, v, channels)
    _check_vector("weight", weight, channels)
    _check_vector("bias", bias, channels)
    if input._a.dtype.kind not in "fV":
        raise not_implemented("batch_norm", input)
    if not input._a.size:
        out: Any = input.clone()
        out = out if weight is None or not channels else out * weight[0]
        return out if bias is None or not channels else out + bias[0]  # type: ignore[no-any-return]
    if not is_half(input._a.dtype):
        for v in (running_mean, running_var):
            if v is not None and v._a.dtype is not input._a.dtype:
                raise errors.runtime(
                    "mixed dtype (CPU): all inputs must share same datatype.",
                    f"Input is {input.dtype}, running statistics are {v.dtype}.",
                )
    _check_types(input, weight, bias)
    return native_batch_norm.public(  # type: ignore[no-any-return]
        input, weight, bias, running=_arrays(running_mean, running_var), training=training, momentum=momentum, eps=eps
    )


@function(name="nn.functional.instance_norm", samples=lambda m: [
    m(m.f(2, 3, 4)), m(m.f(2, 3, 4), **_own(m, 3)), m(m.f(2, 3, 2, 2), eps=0.1), m(m.nc(2, 3, 4)),
    m(m.f(0, 3, 2)).value_only("nothing"), m.without("0-d", _CHANNELS)],
    errors=lambda m: [
    m.error(ValueError, "Expected more than 1 spatial element when training", m.f(2, 3, 1)),
    m.error(RuntimeError, "Expected running_mean and running_var to be defined", m.f(2, 3, 4), use_input_stats=False)])  # fmt: skip
def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of each sample normalised by itself: batch norm of (1, N * C, ...) (Ulyanov et al. 2016).

    Raises:
        ValueError: for one value a channel.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("instance_norm", "input", 1, input)
    shape = input._a.shape
    if use_input_stats:
        spatial = 1
        for n in shape[2:]:
            spatial *= n
        if spatial == 1:
            raise errors.value(
                f"Expected more than 1 spatial element when training, got input size {types.Size(shape)}"
            )
    elif running_mean is None or running_var is None:
        raise errors.runtime("Expected running_mean and running_var to be defined when use_input_stats is false")
    n, c = shape[0], shape[1]
    weight, bias, mean, var = (None if v is None else v.repeat(n) for v in (weight, bias, running_mean, running_var))  # type: ignore[attr-defined]
    x: Any = input.contiguous().view(1, n * c, *shape[2:])  # type: ignore[attr-defined]
    out: Any = _batch_norm(x, weight, bias, mean, var, use_input_stats, momentum, eps)
    if use_input_stats:
        with no_grad():
            for own, moved in ((running_mean, mean), (running_var, var)):
                if own is not None:
                    own._a[...] = moved.view(n, c).mean(0)._a
    return out.view(shape)  # type: ignore[no-any-return]


# --- layer norm ---------------------------------------------------------------------------------------------------------
@opaque(public=False, extras=("mean", "rstd"))
def native_layer_norm(k, input, weight, bias, *, dim, eps):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last dimensions ``dim``, in PyTorch's arithmetic.

    Gradient of ``input``: ``rstd * (weight * g - mean(weight * g) - x * mean(weight * g * x))``, ``x = (input - mean(input)) *
    rstd``, means over ``dim``.
    Gradient of ``weight``: ``sum(g * x)``, ``x = (input - mean(input)) * rstd``.
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

    end = input.shape[len(input.shape) - len(dim) :]
    n = math.prod(end)
    if k is arrays and input.size:
        w = None if weight is None else weight.reshape(-1)
        found = row_norm.gradients(g.reshape(-1, n), input.reshape(-1, n), w, mean, rstd, needs)
        if found is not None:
            return tuple(v if v is None else v.reshape(s) for v, s in zip(found, (input.shape, end, end), strict=True))

    def kernel(g, input, weight, mean, rstd):
        if not 0 < input.size <= row_gradients.MOST:
            return formula(g, input, weight, mean, rstd)
        g, x, mean, rstd = g.reshape(-1, n), input.reshape(-1, n), mean.reshape(-1, 1), rstd.reshape(-1, 1)
        w = None if weight is None else weight.reshape(-1)
        return (
            row_gradients.to_input(g, x, w, mean, rstd).reshape(input.shape) if needs[0] else None,
            row_gradients.to_weight(g, x, mean, rstd).reshape(end) if needs[1] else None,
            row_gradients.to_bias(g).reshape(end) if needs[2] else None,
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
    x = input.astype(np.float32) if is_half(input.dtype) else input
    if not x.size:
        return input.copy(), np.zeros(stats, x.dtype), np.zeros(stats, x.dtype)
    x = np.ascontiguousarray(x)
    mean, var = row_norm.row_moments(x.reshape(n * groups, -1))
    rstd = (1 / np.sqrt(np.maximum(var, 0).astype(np.float64) + eps)).astype(x.dtype)
    if weight is None and bias is None:
        out = x.reshape(n, groups, -1) - mean.reshape(stats)
        out *= rstd.reshape(stats)
        return out.reshape(shape).astype(input.dtype, copy=False), mean.reshape(stats), rstd.reshape(stats)
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
    return out.reshape(shape).astype(input.dtype, copy=False), mean.reshape(stats), rstd.reshape(stats)


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


# --- as torch.<name>, whose arguments stand in another order ------------------------------------------------------------
@function(name="batch_norm", samples=lambda m: [
    m(m.f(5, 3), m.f(3), m.f(3), None, None, True, 0.1, 1e-5, False), m(m.f(2, 3, 4), None, None, None, None, True, 0.1, 0.1, False),
    m(m.nc(4, 3), None, None, None, None, True, 0.1, 1e-5, True), m(m.f(0, 3), None, None, None, None, True, 0.1, 1e-5, True).value_only(
        "nothing"), m.without("0-d", _CHANNELS)], errors=lambda m: [
    m.error(RuntimeError, "weight should contain 3 elements", m.f(2, 3), m.f(2), None, None, None, True, 0.1, 0.1, True)])  # fmt: skip
def torch_batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
    training: bool, momentum: float, eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """``nn.functional.batch_norm`` without its first checks."""
    return _batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


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


@function(name="instance_norm", samples=lambda m: [
    m(m.f(2, 3, 4), None, None, None, None, True, 0.1, 1e-5, False), m(m.f(2, 3, 4), m.f(3), m.f(3), None, None, True, 0.1, 0.1, True),
    m(m.nc(2, 3, 4), None, None, None, None, True, 0.1, 1e-5, False),
    m(m.f(0, 3, 4), None, None, None, None, True, 0.1, 1e-5, False).value_only("nothing"),
    m.without("0-d", _CHANNELS)], errors=lambda m: [
    m.error(RuntimeError, "Expected running_mean and running_var to be defined", m.f(2, 3, 4), None, None, None, None, False, 0.1,
            1e-5, False)])  # fmt: skip
def torch_instance_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
    use_input_stats: bool, momentum: float, eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """``nn.functional.instance_norm``."""
    return instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)  # type: ignore[no-any-return]
