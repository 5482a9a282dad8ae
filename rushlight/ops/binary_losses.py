"""Losses of answers that are yes or no: cross entropies of probabilities and of logits, margins."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, large, types
from ..functions import function
from ..kernels.layouts import as_operands_lie
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY, arrays
from ..routes import routed
from ..tensor import Tensor
from .losses import (
    _count,
    _divided,
    _pair_errors,
    _pairs,
    _reduce,
    _share,
    _signs,
    _size_errors,
    averaged,
    checked_reduction,
    not_differentiable,
    plan_average,
    reduced,
    reduction_name,
    share_of,
    todays_reduction,
)


def _probabilities(m: Any, *shape: int) -> Any:
    return m.f(*shape, lo=0.1, hi=0.9)


@opaque(public=False, grad_name="BinaryCrossEntropyBackward0")
def bce(k, input, target, weight, *, reduction):
    """``-w (t log(p) + (1 - t) log(1 - p))``, the logarithms not below -100."""
    loss = _bce_loss(k, input, target, weight)
    return _reduce(k, as_operands_lie(loss, (input, target)) if reduction == "none" else loss, reduction)


def _bce_loss(k, input, target, weight):
    t = input.dtype.type
    loss = (target - t(1)) * np.maximum(np.log1p(-input), t(-100)) - target * np.maximum(k.log(input), t(-100))
    return loss if weight is None else loss * weight


plan_average(bce, _bce_loss)


@bce.vjp("input")
def _(k, g, input, target, weight, reduction):
    return large.pointwise(k, _bce_slope, input, target, weight, g, _count(reduction, input.shape))


def _bce_slope(k, input, target, weight, g, count):
    slope = g * (input - target) / k.maximum(input * (1 - input), input * 0.0 + 1e-12)
    return _divided(slope if weight is None else slope * weight, count)


@bce.vjp("target")
def _(k, g, input, weight, reduction):
    g = _share(g, reduction, input.shape)
    return (g if weight is None else g * weight) * (k.log1p(-input) - k.log(input))


bce.nondiff("weight")


#: float32 and float64 as whole numbers, and what 1.0 is then.
_BITS = {np.dtype(np.float32): (np.uint32, 0x3F800000), np.dtype(np.float64): (np.uint64, 0x3FF0000000000000)}


def _are_probabilities(values: np.ndarray[Any, Any]) -> bool:
    """Whether all numbers lie in [0, 1]. Read as whole numbers, floats from 0 to 1 grow as they do, and those with a sign, infinities and
    NaN come after them: one maximum answers for all, except that -0.0 has a sign too."""
    if values.__class__ is np.ndarray and values.dtype in _BITS:
        kind, one = _BITS[values.dtype]
        if np.maximum.reduce(values.view(kind), axis=None) <= one:
            return True
    return bool(values.min() >= 0 and values.max() <= 1)


@function(name="nn.functional.binary_cross_entropy", samples=_pairs(0.1, 0.9), errors=lambda m: [
    *_size_errors(m), m.error(RuntimeError, "all elements of input should be between 0 and 1", m.f(2, lo=2, hi=3), m.f(2))])  # fmt: skip
@routed
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``-(t log(p) + (1 - t) log(1 - p))`` of probabilities, the logarithms not below -100.

    Raises:
        ValueError: if the sizes differ.
        RuntimeError: for values outside [0, 1], and dtypes that differ.
    """
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    a, t = input._a, target._a
    if t.shape != a.shape:
        raise errors.value(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. Please "
            "ensure they have the same size."
        )
    if a.dtype.kind not in "fV":
        raise NotImplementedError(f"\"binary_cross_entropy\" not implemented for '{types.scalar_name(input.dtype)}'")
    if t.dtype is not a.dtype:
        raise errors.runtime(
            f"Found dtype {types.scalar_name(target.dtype)} but expected {types.scalar_name(input.dtype)}",
            f"Convert the target: target.to({input.dtype}).",
        )
    for name, values in (("input", a), ("target", t)):
        if values.size and not _are_probabilities(values):
            raise errors.runtime(f"all elements of {name} should be between 0 and 1", "Did you forget the sigmoid?")
    if weight is not None:
        not_differentiable("binary_cross_entropy", weight=weight)
        weight = weight.expand(a.shape)  # type: ignore[attr-defined]
    return bce.public(input, target, weight, reduction=reduction)  # type: ignore[no-any-return]


@opaque(
    public=False,
    grad_name="BinaryCrossEntropyWithLogitsBackward0",
    torch_name="binary_cross_entropy_with_logits",
    real_gradient=True,
)
def bce_logits(k, input, target, weight, pos_weight, *, reduction):
    """Binary cross entropy of ``sigmoid(input)``, without overflow. PyTorch writes it into ``1 - target``: it has this dtype."""
    formula = _logit_loss if input.dtype is target.dtype else _mixed_logit_loss
    return averaged(k, formula, (input, target, weight, pos_weight), reduction)


def _logit_loss(k, input, target, weight, pos_weight):
    log_sigmoid = k.logsigmoid(input)
    one = target.dtype.type(1) if k is arrays else 1  # before NumPy 2.1 bfloat16 beside a Python number becomes float32
    if pos_weight is not None:
        log_sigmoid = log_sigmoid * ((pos_weight - one) * target + one)
    loss = (one - target) * input - log_sigmoid
    return loss if weight is None else loss * weight


plan_average(bce_logits, _logit_loss)


def _mixed_logit_loss(k, input, target, weight, pos_weight):
    dtype = target.dtype
    log_sigmoid = k.logsigmoid(input)
    one = dtype.type(1)
    if pos_weight is not None:
        log_sigmoid = log_sigmoid * ((pos_weight - one) * target + one)
    loss = (((one - target) * input).astype(dtype) - log_sigmoid).astype(dtype)
    return loss if weight is None else (loss * weight).astype(dtype)


@bce_logits.vjp("input")
def _(k, g, input, target, weight, pos_weight, reduction):
    return large.pointwise(k, _logit_slope, input, target, weight, pos_weight, g, _count(reduction, input.shape))


def _logit_slope(k, input, target, weight, pos_weight, g, count):
    s = k.sigmoid(input)
    if pos_weight is None:
        slope = (s - target) * g
    else:
        t = target * pos_weight
        slope = ((t + 1 - target) * s - t) * g
    return _divided(slope if weight is None else slope * weight, count)


@bce_logits.vjp("target")
def _(k, g, input, weight, pos_weight, reduction):
    g = _share(g, reduction, input.shape)
    g = g if weight is None else g * weight
    if pos_weight is None:
        return g * -input
    return g * (k.logsigmoid(-input) - pos_weight * k.logsigmoid(input))


bce_logits.nondiff("weight", "pos_weight")


@function(name="nn.functional.binary_cross_entropy_with_logits", samples=_pairs(), errors=_size_errors)
@routed
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Binary cross entropy of logits: ``-w (p t log(sigmoid(x)) + (1 - t) log(1 - sigmoid(x)))``, without overflow."""
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if target._a.shape != input._a.shape:
        raise errors.value(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if target._a.dtype.kind in "biu" and input._a.dtype.kind in "fV":
        raise errors.runtime(
            f"result type {types.scalar_name(input.dtype)} can't be cast to the desired output type "
            f"{types.scalar_name(target.dtype)}",
            f"The target must be floating: target.to({input.dtype}).",
        )
    if input._a.dtype.kind not in "fV":
        raise NotImplementedError(f"\"log_sigmoid_cpu\" not implemented for '{types.scalar_name(input.dtype)}'")
    not_differentiable("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    return bce_logits.public(input, target, weight, pos_weight, reduction=reduction)  # type: ignore[no-any-return]


@opaque(public=False, grad_name="SoftMarginLossBackward0")
def soft_margin(k, input, target, *, reduction):
    """``log(1 + exp(-target * input))``."""
    return _reduce(k, k.log1p(k.exp(-input * target)).astype(input.dtype, copy=False), reduction)


@soft_margin.vjp("input")
def _(k, g, input, target, reduction):
    falling = k.exp(-target * input)
    return target * falling * -share_of(reduction, input.shape) / (falling + 1) * g


soft_margin.nondiff("target")


@function(name="nn.functional.soft_margin_loss", samples=_pairs(target=_signs), errors=_pair_errors)
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """``log(1 + exp(-target * input))``, targets 1 and -1."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("soft_margin_loss", "input", 1, input)
    if not isinstance(target, Tensor):
        raise errors.not_a_tensor("soft_margin_loss", "target", 2, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    not_differentiable("soft_margin_loss", target=target)
    if input._a.dtype.kind in "biu":
        raise errors.runtime(
            f"result type Float can't be cast to the desired output type {types.scalar_name(input.dtype)}"
        )
    shape = broadcast_shapes(input._a.shape, target._a.shape)
    if input._a.shape != target._a.shape:
        input, target = input.expand(shape), target.expand(shape)  # type: ignore[attr-defined]
    return soft_margin.public(input, target, reduction=reduction)  # type: ignore[no-any-return]


@function(name="nn.functional.multilabel_soft_margin_loss", samples=lambda m: [
    m(m.f(2, 3), m.f(2, 3, lo=0, hi=1)), m(m.f(2, 3), m.f(2, 3, lo=0, hi=1), m.f(3, lo=0.5, hi=1)),
    m(m.f(2, 3), m.i(2, 3, lo=0, hi=2), reduction="none"), m(m.f(3), m.f(3, lo=0, hi=1), reduction="sum"),
    m(m.nc(3, 2), m.f(3, 2, lo=0, hi=1)), m(m.f(0, 2), m.f(0, 2), reduction="sum"),
    m.without("0-d", "the classes are a dimension")], errors=lambda m: [
    m.error(ValueError, "x is not valid", m.f(2, 2), m.f(2, 2), reduction="x"),
    m.error(RuntimeError, "at non-singleton dimension", m.f(2, 3), m.f(2, 2))])  # fmt: skip
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The mean over the classes (last dimension) of ``-(t log(sigmoid(x)) + (1 - t) log(sigmoid(-x)))``."""
    reduction = reduction_name(reduction, size_average, reduce)
    x: Any = input
    t: Any = target
    log_sigmoid = REGISTRY["logsigmoid"].public
    loss = -(t * log_sigmoid(x) + (1 - t) * log_sigmoid(-x))
    loss = loss if weight is None else loss * weight
    loss = loss.sum(-1) / input._a.shape[-1]
    todays_reduction(reduction, "{} is not valid")
    return reduced(loss, reduction)
