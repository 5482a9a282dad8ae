"""The norms and dropout by the names that PyTorch's inside has for them: with the statistics, or the mask, as further results."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels
from ..functions import function
from ..kernels.iteration import is_half
from ..kernels.layouts import empty_like_array
from ..op import opaque
from ..readers import arrays
from ..tensor import Tensor, wrap
from .batch_norm import _batch_norm, native_batch_norm
from .normalization import _group_norm, layer_norm, native_layer_norm
from .reduction import need_tensor


def _statistics(op: Any, input: Tensor, weight: Any, bias: Any, **settings: Any) -> list[Tensor]:
    """What the body of a norm keeps for its gradient: the means, and one by the standard deviations."""
    given = [None if x is None else x._a for x in (input, weight, bias)]
    return [wrap(np.asarray(x)) for x in op.forward(arrays, *given, **settings)[1:]]


def _shared(m: Any) -> list[Any]:
    return [m.without("0-d", "rows of numbers")]


@function(name="native_layer_norm", samples=lambda m: [
    m(m.f(2, 3), (3,), None, None, 0.1), m(m.f(2, 3, 4), (3, 4), m.f(3, 4), m.f(3, 4), 1e-5), m(m.nc(3, 4), [4], m.f(4), m.f(4), 1e-5),
    m(m.f(0, 3), (3,), None, None, 1e-5), *_shared(m)], errors=lambda m: [
    m.error(RuntimeError, "Given normalized_shape=[4]", m.f(2, 3), (4,), None, None, 1e-5),
    m.error(NotImplementedError, "not implemented for 'Long'", m.i(2, 3), (3,), None, None, 1e-5),
    m.error(TypeError, "eps", m.f(2, 3), (3,), None, None)])  # fmt: skip
@levels.by_example
def layer_norm_and_statistics(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, ...]:
    """``nn.functional.layer_norm``, and mean and ``1 / sqrt(var + eps)`` of each row, without gradients."""
    need_tensor("native_layer_norm", input)
    out = layer_norm(input, normalized_shape, weight, bias, eps)
    dim = tuple(range(input._a.ndim - len(normalized_shape), input._a.ndim))
    return (out, *_statistics(native_layer_norm, input, weight, bias, dim=dim, eps=eps))


def _group_samples(m: Any) -> list[Any]:
    calls = [
        m(m.f(2, 6, 4), m.f(6), m.f(6), 2, 6, 4, 3, 1e-5),
        m(m.f(2, 4, 3), None, None, 2, 4, 3, 2, 0.1),
        m(m.f(3, 4, 1), m.f(4), None, 3, 4, 1, 2, 1e-5),
        m(m.f(0, 4, 3), None, None, 0, 4, 3, 2, 1e-5),
    ]
    return [
        *[
            c.other_nodes("PyTorch has one node for the three").first_order("of fewer results in PyTorch")
            for c in calls
        ],
        *_shared(m),
        m.without("strided", "PyTorch refuses"),
    ]


@function(name="native_group_norm", samples=_group_samples, errors=lambda m: [
    m.error(RuntimeError, "to be divisible by num_groups", m.f(2, 6, 4), None, None, 2, 6, 4, 4, 1e-5)])  # fmt: skip
@levels.by_example
def group_norm_and_statistics(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Tensor, ...]:
    """``nn.functional.group_norm``, and mean and ``1 / sqrt(var + eps)`` of each group.

    ``N``, ``C`` and ``HxW`` are the sizes of the input, which says them too.
    """
    need_tensor("native_group_norm", input)
    out = _group_norm(input, group, weight, bias, eps)
    if not input._a.size:
        return out, *[input.new_zeros(input.shape[0], group) for _ in range(2)]
    groups: Any = input.reshape(input.shape[0], group, -1)
    groups = groups.float() if is_half(input._a.dtype) else groups
    rstd = (groups.var(-1, correction=0) + eps).rsqrt()
    return out, groups.mean(-1).to(input.dtype), rstd.to(input.dtype)


@function(name="native_batch_norm", samples=lambda m: [
    m(m.f(5, 3), m.f(3), m.f(3), None, None, True, 0.1, 1e-5), m(m.f(2, 3, 4), None, None, None, None, True, 0.1, 0.1),
    m(m.f(2, 3, 4), m.f(3), m.f(3), m.f(3).detach(), m.f(3, lo=0.5, hi=2).detach(), False, 0.1, 1e-5).not_numeric(
        "running statistics have no gradient").value_only("running statistics"),
    m(m.nc(4, 3), None, None, None, None, True, 0.1, 1e-5), m(m.f(0, 3), None, None, None, None, True, 0.1, 1e-5).apart("nothing"),
    *_shared(m)], errors=lambda m: [
    m.error(TypeError, "native_batch_norm() missing", m.f(2, 3))])  # fmt: skip
@levels.by_example
def batch_norm_and_statistics(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None, running_var: Tensor | None,
    training: bool, momentum: float, eps: float,
) -> tuple[Tensor, ...]:  # fmt: skip
    """``nn.functional.batch_norm``, and mean and ``1 / sqrt(var + eps)`` of each channel; in evaluation these are empty."""
    need_tensor("native_batch_norm", input)
    if not input._a.size:
        raise errors.runtime(
            f"input tensor must have at least one element, but got input_sizes = {list(input._a.shape)}",
            "An empty batch has no statistics: leave it out (drop_last=True in the DataLoader).",
        )
    out = _batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)
    if not training:
        return out, wrap(np.empty(0, input._a.dtype)), wrap(np.empty(0, input._a.dtype))
    settings = {"running": (None, None), "training": True, "momentum": momentum, "eps": eps}  # which have moved already
    return out, *[x.flatten() for x in _statistics(native_batch_norm, input, weight, bias, **settings)]


@opaque(public=False, grad_name="NativeDropoutBackward0", torch_name="native_dropout")
def masked_scaled(k, input, mask, *, scale):
    """The elements that a mask keeps, times ``scale``.

    Gradient of ``input``: ``g * mask * scale``.
    """
    return (input * mask * scale).astype(input.dtype, copy=False)


masked_scaled.nondiff("mask")


@masked_scaled.vjp("input")
def _(k, g, mask, scale):
    return k.masked_scaled(g, mask, scale=scale)


@function(name="native_dropout", samples=lambda m: [
    m(m.f(2, 3), 0.5, True), m(m.f(2, 3), 1.0, True), m(m.f(4), 0.0, None), m(m.f(3, 2), 0.3, False), m(m.f(), 0.5, True),
    m(m.f(0, 2), 0.5, True), m(m.nc(3, 4), 0.5, True)], errors=lambda m: [
    m.error(RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=-0.5", m.f(2), 1.5, True)])  # fmt: skip
def dropout_and_mask(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """Dropout, and the mask of what was kept: ``input * mask / (1 - p)``; without ``train`` all is kept."""
    need_tensor("native_dropout", input)
    mask: Any = wrap(empty_like_array(input._a, np.dtype(bool) if input._a.size else input._a.dtype))
    mask.fill_(1)
    if not input._a.size or train is not None and not train:
        return masked_scaled.public(input, mask, scale=1.0), mask
    mask.bernoulli_(1 - p)
    return masked_scaled.public(input, mask, scale=0.0 if p == 1 else 1 / (1 - p)), mask
