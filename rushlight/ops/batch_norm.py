"""Normalisation by the statistics of a batch, or of each instance of it. The parts of its gradient are those of ``normalization``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import no_grad
from ..functions import function
from ..kernels import batch_norm as batch_norm_code
from ..kernels import moments
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.lazy import settle
from ..op import arrays, opaque
from ..tensor import Tensor
from .normalization import _CHANNELS, _check_types, _fused, not_implemented


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
    x = cast(input, np.float32) if is_half(input.dtype) else input
    n = x.size // x.shape[1]
    native = batch_norm_code.worth(x)
    narrow = input.dtype if x is not input and _are_narrow(weight, running[0], input.dtype) else None
    done = None
    if training:
        train = (
            batch_norm_code.train
            if native
            else batch_norm_code.train_rows
            if not batch_norm_code.has_places(x)
            else None
        )
        done = None if train is None else train(x, _wide(weight), _wide(bias), eps)
    if done is not None and narrow is None:
        out, mean, squares, rstd = done
        _move(running, mean, squares, n, momentum)
        return cast(out, input.dtype), mean.reshape(channel), rstd.reshape(channel)
    if training:
        if done is not None:
            _, mean, squares, rstd = done
        else:
            mean, squares = moments.channel_moments(x)
            rstd = (1 / np.sqrt((squares / x.dtype.type(n)).astype(np.float64) + eps)).astype(x.dtype)
        _move(running, mean, squares, n, momentum)
        if narrow is not None:  # PyTorch keeps them in the parameters' dtype
            mean, rstd = mean.astype(narrow).astype(x.dtype), rstd.astype(narrow).astype(x.dtype)
        saved = rstd
    else:
        mean = running[0].astype(x.dtype)
        rstd = 1 / np.sqrt(running[1].astype(x.dtype) + x.dtype.type(eps))
        saved = (1 / np.sqrt(running[1].astype(np.float64) + eps)).astype(x.dtype)  # gradients take it from float64
    scale = rstd if weight is None else rstd * weight.astype(x.dtype)
    zero = np.zeros_like(mean) if bias is None else bias.astype(x.dtype)
    shift = _fused(zero, -mean, scale)
    out = batch_norm_code.normalise(x, scale, shift) if native and (not training or narrow is not None) else None
    if out is None:
        out = _fused(shift.reshape(channel), x, scale.reshape(channel))
    return cast(out, input.dtype), mean.reshape(channel), saved.reshape(channel)


def _wide(v: Any) -> Any:
    return v if v is None or not is_half(v.dtype) else v.astype(np.float32)


def _are_narrow(weight: Any, running: Any, dtype: Any) -> bool:
    """Whether parameters, or statistics, are of the input's 16 bits; without either PyTorch takes them for it."""
    given = weight if weight is not None else running
    return given is None or given.dtype == dtype


def _move(running: Any, mean: Any, squares: Any, n: int, momentum: float) -> None:
    """The running statistics moved towards those of a batch of n, the variance by a fused multiply-add, as in PyTorch."""
    if (
        running[0] is not None
        and running[1] is not None
        and batch_norm_code.moved(*running, mean, squares, n, momentum)
    ):
        return
    share, rest = mean.dtype.type(momentum), mean.dtype.type(1 - momentum)
    if running[0] is not None:
        running[0][...] = share * mean + rest * running[0].astype(mean.dtype)
    if running[1] is not None:
        variance = squares / mean.dtype.type(n - 1) if n > 1 else squares * np.float32("nan")
        running[1][...] = _fused(rest * running[1].astype(mean.dtype), share, variance)


@native_batch_norm.vjp_joint(formal=True)
def _(k, g, input, weight, mean, rstd, training, needs):
    if k is arrays and is_half(input.dtype):  # in float32, rounded once
        own = input.dtype
        g, input, weight, mean, rstd = (v if v is None else cast(v, np.float32) for v in (g, input, weight, mean, rstd))
        found = _gradients(k, g, input, weight, mean, rstd, training, needs)
        return tuple(v if v is None or i else cast(v, own) for i, v in enumerate(found))
    return _gradients(k, g, input, weight, mean, rstd, training, needs)


def _gradients(k: Any, g: Any, input: Any, weight: Any, mean: Any, rstd: Any, training: bool, needs: Any) -> Any:
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


def _arrays(*tensors: Tensor | None) -> tuple[Any, ...]:
    return tuple(None if t is None else t._a for t in tensors)


def _own(m: Any, n: int) -> Any:
    """Weight and bias of n channels."""
    return {"weight": m.f(n, lo=0.5, hi=2), "bias": m.f(n)}


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
    if input._a.ndim < 2 and input._a.size:  # there are no channels
        if running_mean is not None:
            _check_vector("running_mean", running_mean, 0)
        elif training:
            errors.check_dim(1, input._a.ndim)
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
