"""Losses of numbers: how far each element of a prediction is from its target.

Those with a node of their own in PyTorch are records that average or sum too; the others are formulas.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd.mode import no_grad, recording
from ..functions import function
from ..kernels.iteration import is_half
from ..kernels.strides import broadcast_shapes
from ..op import opaque
from ..readers import REGISTRY
from ..routes import routed
from ..tensor import Tensor, edge_of
from .activation import floats_only


# --- reductions ---------------------------------------------------------------------------------------------------------
def checked_reduction(reduction: str) -> str:
    """The reduction, if there is one of this name; PyTorch 0.4 called the mean otherwise."""
    if reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        return "mean"
    if reduction not in ("mean", "sum", "none"):
        raise errors.value(f"{reduction} is not a valid value for reduction", "Use 'mean', 'sum' or 'none'.")
    return reduction


def reduction_name(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, from PyTorch 0.3's pair of flags if they are given (with PyTorch's warning)."""
    if size_average is None and reduce is None:
        return reduction
    whole = (size_average is None or size_average, reduce is None or reduce)
    chosen = ("mean" if whole[0] else "sum") if whole[1] else "none"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{chosen}' instead.", stacklevel=4
    )
    return chosen


def reduced(loss: Any, reduction: str) -> Tensor:
    """The mean, the sum or all of the losses."""
    reduction = checked_reduction(reduction)
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss  # type: ignore[no-any-return]


def renamed(x: Any, name: str) -> Tensor:
    """The result of a formula whose last step has another name inside PyTorch: ``DivBackward1`` is a quotient by a number."""
    if x._edge is not None:
        x._edge[0].rename(name)
    return x  # type: ignore[no-any-return]


def _wide(a: Any) -> Any:
    """An array as PyTorch's kernels compute on it: 16-bit floats in float32."""
    return a.astype(np.float32) if is_half(a.dtype) else a


def _reduce(k: Any, loss: Any, reduction: str) -> Any:
    return k.mean(loss) if reduction == "mean" else k.sum(loss) if reduction == "sum" else loss


def _share(g: Any, reduction: str, shape: Any) -> Any:
    """The gradient that reaches each loss."""
    if reduction != "mean":
        return g
    n = 1
    for s in shape:
        n *= s
    return g * (1.0 / n if n else float("nan"))


def _averaged(slope: Any, reduction: str, shape: Any) -> Any:
    """A gradient that PyTorch averages last, by a division."""
    n = math.prod(shape)
    return slope / float(n) if reduction == "mean" and n else slope


def not_differentiable(name: str, **tensors: Any) -> None:
    """Refuse gradients for arguments that PyTorch has no derivative for.

    Raises:
        RuntimeError: if one of them requires a gradient.
    """
    for argument, x in tensors.items():
        if x is not None and recording() and edge_of(x) is not None:
            raise errors.runtime(
                f"The function '{name}' is not differentiable with respect to argument '{argument}'. This input cannot have "
                "requires_grad True."
            )


def _broadcast(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the shape they share: PyTorch expands them first, so that a tensor without dimensions counts as one with them."""
    if target._a.shape != input._a.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        shape = broadcast_shapes(input._a.shape, target._a.shape)
        return input.expand(shape), target.expand(shape)  # type: ignore[attr-defined]
    return input, target


def _weighted(losses: Any, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    """Losses with a weight each; the mean is by the sum of the weights."""
    if weight._a.shape != input._a.shape:
        raise errors.value("Weights and input must have the same size.")
    reduction = checked_reduction(reduction)
    total = losses * weight
    if reduction == "mean":
        return total.sum() / weight.sum()  # type: ignore[no-any-return, attr-defined]
    return total.sum() if reduction == "sum" else total  # type: ignore[no-any-return]


# --- samples ------------------------------------------------------------------------------------------------------------
def _pairs(lo: float = -2, hi: float = 2, target: Any = None, **more: Any) -> Callable[[Any], list[Any]]:
    """Pairs of every kind of layout, each reduction, then the settings in ``more`` one by one."""

    def make(m: Any) -> list[Any]:
        def t(*shape: int) -> Any:
            return target(m, *shape) if target else m.f(*shape, lo=lo, hi=hi)

        def x(*shape: int) -> Any:
            return m.f(*shape, lo=lo, hi=hi)

        out = [
            m(x(2, 3), t(2, 3)),
            m(x(2, 3), t(2, 3), reduction="sum"),
            m(x(2, 3), t(2, 3), reduction="none"),
            m(x(), t()),
        ]
        out += [m(m.nc(3, 2, lo=lo, hi=hi), t(3, 2)), m(x(0, 2), t(0, 2), reduction="sum")]
        out += [m(x(3, 2), t(3, 2), **{name: value}) for name, values in more.items() for value in values]
        return out

    return make


def _pair_errors(m: Any) -> list[Any]:
    return [
        m.error(ValueError, "is not a valid value for reduction", m.f(2), m.f(2), reduction="x"),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3), reduction="none"),
    ]


def _size_errors(m: Any) -> list[Any]:
    return [
        m.error(
            ValueError, "is not a valid value for reduction", m.f(2, lo=0, hi=1), m.f(2, lo=0, hi=1), reduction="x"
        ),
        m.error(ValueError, "arget size (torch.Size([3]))", m.f(2, lo=0, hi=1), m.f(3, lo=0, hi=1)),
    ]


# --- squares and absolute values ----------------------------------------------------------------------------------------
@opaque(public=False, promote="common", grad_name="MseLossBackward0", refuses=floats_only("mse_cpu"))
def squared_error(k, input, target, *, reduction):
    """Squared differences, averaged or summed as ``reduction`` says.

    Gradient of ``input``: ``2 * (input - target) * g``, by the mean divided by their number.
    Gradient of ``target``: ``2 * (target - input) * g``, by the mean divided by their number.
    """
    difference = input - target
    return _reduce(k, difference * difference, reduction)


@squared_error.check
def _(input, target, *, reduction):
    return (input, target), {"reduction": reduction}


@squared_error.vjp("input")
def _(k, g, input, target, reduction):
    difference = input - target
    return _share(g, reduction, difference.shape) * 2.0 * difference


@squared_error.vjp("target")
def _(k, g, input, target, reduction):
    difference = input - target
    return _share(g, reduction, difference.shape) * -2.0 * difference


@function(name="nn.functional.mse_loss", samples=_pairs(), errors=_pair_errors)
@routed
def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Squared differences: ``(input - target) ** 2``, averaged, summed or all of them."""
    input, target = _broadcast(input, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if weight is not None:
        return _weighted((input - target).pow(2), weight, input, reduction)  # type: ignore[operator]
    return squared_error.public(input, target, reduction=reduction)  # type: ignore[no-any-return]


@function(name="nn.functional.l1_loss", samples=_pairs(), errors=_pair_errors)
@routed
def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Absolute differences."""
    input, target = _broadcast(input, target)
    reduction = reduction_name(reduction, size_average, reduce)
    loss = (input - target).abs()  # type: ignore[operator]
    return reduced(loss, reduction) if weight is None else _weighted(loss, weight, input, reduction)


@opaque(public=False, promote="common", grad_name="SmoothL1LossBackward0", refuses=floats_only("smooth_l1_cpu"))
def smoothed_error(k, input, target, *, reduction, beta):
    """Half squares over beta below beta, absolute differences less beta / 2 above.

    Gradient of ``input``: ``clamp((input - target) / beta, -1, 1) * g``, by the mean divided by their number.
    Gradient of ``target``: ``-clamp((input - target) / beta, -1, 1) * g``, by the mean divided by their number.
    """
    z = np.abs(_wide(input) - _wide(target))
    loss = np.where(z < beta, 0.5 * z * z / beta, z - 0.5 * beta)
    return _reduce(k, loss.astype(input.dtype, copy=False), reduction)


@smoothed_error.vjp_joint
def _(k, g, input, target, reduction, beta):
    difference = input - target
    g = _share(g, reduction, difference.shape)
    slope = k.where(difference < -beta, -1.0, k.where(difference > beta, 1.0, difference / beta))
    return slope * g, slope * -g


@function(name="nn.functional.smooth_l1_loss", samples=_pairs(beta=[0.5, 0.0, 2.0]), errors=lambda m: [
    *_pair_errors(m), m.error(RuntimeError, "does not support negative values for beta", m.f(2), m.f(2), beta=-1.0)])  # fmt: skip
@routed
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """``0.5 (x - y)**2 / beta`` where ``|x - y| < beta``, else ``|x - y| - 0.5 beta`` (Girshick 2015)."""
    input, target = _broadcast(input, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if beta == 0:
        return reduced((input - target).abs(), reduction)  # type: ignore[operator]
    if beta < 0:
        raise errors.runtime("smooth_l1_loss does not support negative values for beta.")
    return smoothed_error.public(input, target, reduction=reduction, beta=beta)  # type: ignore[no-any-return]


def _own_dtype(inputs: Any) -> list[Any]:
    """Both of the input's dtype if it is floating; else the common one."""
    input, target = inputs
    if input.dtype.category >= types.FLOATING:
        return [input.dtype, input.dtype]
    return [types.promote_types(input.dtype, target.dtype)] * 2


@opaque(public=False, promote=_own_dtype, grad_name="HuberLossBackward0")
def huber_error(k, input, target, *, reduction, delta):
    """Half squares up to delta, ``delta * (|x - y| - delta / 2)`` above.

    Gradient of ``input``: ``clamp(input - target, -delta, delta) * g``, by the mean divided by their number.
    Gradient of ``target``: ``-clamp(input - target, -delta, delta) * g``, by the mean divided by their number.
    """
    z = np.abs(_wide(input) - _wide(target))
    loss = np.where(z <= delta, 0.5 * z * z, delta * (z - 0.5 * delta))
    return _reduce(k, loss.astype(input.dtype, copy=False), reduction)


@huber_error.vjp_joint
def _(k, g, input, target, reduction, delta):
    difference = input - target
    g = _share(g, reduction, difference.shape)
    slope = k.where(difference <= -delta, -delta, k.where(difference >= delta, delta, difference))
    return slope * g, slope * -g


@function(name="nn.functional.huber_loss", samples=_pairs(delta=[0.5, 2.0]), errors=lambda m: [
    *_pair_errors(m), m.error(RuntimeError, "does not support non-positive values for delta", m.f(2), m.f(2), delta=0.0)])  # fmt: skip
@routed
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``0.5 (x - y)**2`` where ``|x - y| <= delta``, else ``delta (|x - y| - 0.5 delta)`` (Huber 1964)."""
    input, target = _broadcast(input, target)
    reduction = checked_reduction(reduction)
    if not isinstance(delta, (int, float)):
        raise errors.type_(f"delta must be a float or int, got: {type(delta)}")
    if delta <= 0:
        raise errors.runtime("huber_loss does not support non-positive values for delta.")
    if input._a.dtype.kind not in "fV" and target._a.dtype.kind not in "fV":
        raise NotImplementedError(f"\"huber_cpu\" not implemented for '{types.scalar_name(input.dtype)}'")
    if weight is None:
        return huber_error.public(input, target, reduction=reduction, delta=delta)  # type: ignore[no-any-return]
    if weight._a.shape != input._a.shape:
        raise errors.value("Weights and input must have the same size.")
    return reduced(huber_error.public(input, target, reduction="none", delta=delta) * weight, reduction)


# --- cross entropies of yes and no --------------------------------------------------------------------------------------
def _probabilities(m: Any, *shape: int) -> Any:
    return m.f(*shape, lo=0.1, hi=0.9)


@opaque(public=False, grad_name="BinaryCrossEntropyBackward0")
def bce(k, input, target, weight, *, reduction):
    """``-w (t log(p) + (1 - t) log(1 - p))``, the logarithms not below -100."""
    t = input.dtype.type
    loss = (target - t(1)) * np.maximum(np.log1p(-input), t(-100)) - target * np.maximum(k.log(input), t(-100))
    return _reduce(k, loss if weight is None else loss * weight, reduction)


@bce.vjp("input")
def _(k, g, input, target, weight, reduction):
    slope = g * (input - target) / k.maximum(input * (1 - input), input * 0.0 + 1e-12)
    return _averaged(slope if weight is None else slope * weight, reduction, input.shape)


@bce.vjp("target")
def _(k, g, input, weight, reduction):
    g = _share(g, reduction, input.shape)
    return (g if weight is None else g * weight) * (k.log1p(-input) - k.log(input))


bce.nondiff("weight")


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
        if values.size and not (values.min() >= 0 and values.max() <= 1):
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
    """Binary cross entropy of ``sigmoid(input)``, without overflow."""
    log_sigmoid = REGISTRY["logsigmoid"].forward(k, input)
    one = target.dtype.type(1)
    if pos_weight is not None:
        log_sigmoid = log_sigmoid * ((pos_weight - one) * target + one)
    loss = (one - target) * input - log_sigmoid
    return _reduce(k, loss if weight is None else loss * weight, reduction)


@bce_logits.vjp("input")
def _(k, g, input, target, weight, pos_weight, reduction):
    s = k.sigmoid(input)
    if pos_weight is None:
        slope = (s - target) * g
    else:
        t = target * pos_weight
        slope = ((t + 1 - target) * s - t) * g
    return _averaged(slope if weight is None else slope * weight, reduction, input.shape)


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
    return _reduce(k, np.log1p(np.exp(-target * input)).astype(input.dtype, copy=False), reduction)


@soft_margin.vjp("input")
def _(k, g, input, target, reduction):
    return _share(g, reduction, input.shape) * -target * k.sigmoid(-target * input)


soft_margin.nondiff("target")


def _signs(m: Any, *shape: int) -> Any:
    return m.i(*shape, lo=0, hi=2) * 2 - 1


def _float_signs(m: Any, *shape: int) -> Any:
    return (m.i(*shape, lo=0, hi=2) * 2 - 1).to(m.f(1).dtype)


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


# --- formulas -----------------------------------------------------------------------------------------------------------
@function(
    name="nn.functional.kl_div",
    samples=_pairs(0.1, 0.9, reduction=["batchmean"], log_target=[True]),
    errors=_pair_errors,
)
@routed
def kl_div(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:  # fmt: skip
    """``target * (log(target) - input)``, input a log-probability; ``log_target`` says that the target is one too.

    Only ``reduction="batchmean"`` gives the Kullback-Leibler divergence; ``"mean"`` divides by the classes as well.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("kl_div", "input", 1, input)
    if not isinstance(target, Tensor):
        raise errors.not_a_tensor("kl_div", "target", 2, target)
    reduction = reduction_name(reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by "
            "the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
            "'batchmean' in the next major release.",
            stacklevel=2,
        )
    if reduction != "batchmean":
        reduction = checked_reduction(reduction)
    if input._a.dtype.kind in "biu" or target._a.dtype.kind in "biu":
        raise errors.runtime("kl_div: Integral inputs not supported.")
    if "c" in (input._a.dtype.kind, target._a.dtype.kind):
        raise errors.runtime("kl_div: Complex inputs not supported.")
    x: Any = input
    t: Any = target
    loss = t.exp() * (t - x) if log_target else REGISTRY["xlogy"].public(t, t) - t * x
    if reduction == "batchmean":
        return loss.sum() / input._a.shape[0] if input._a.ndim else loss.sum()  # type: ignore[no-any-return]
    return reduced(loss, reduction)


@function(name="nn.functional.hinge_embedding_loss", samples=_pairs(target=_signs, margin=[0.5]), errors=_pair_errors)
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``input`` where the target is 1, ``max(0, margin - input)`` where it is -1."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("hinge_embedding_loss", "input", 1, input)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    x: Any = input
    where = REGISTRY["where"].public
    zero = x.new_zeros(())
    return reduced(where(target != 1, (margin - x).clamp_min(0), zero) + where(target != -1, x, zero), reduction)


def _counts(m: Any, *shape: int) -> Any:
    return m.i(*shape, lo=0, hi=4).to(m.f(1).dtype)


@function(
    name="nn.functional.poisson_nll_loss", samples=_pairs(0.2, 3, full=[True], log_input=[False]), errors=_pair_errors
)
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average: Any = None, eps: float = 1e-8,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``exp(x) - target * x`` for the logarithm x of a rate, or ``x - target * log(x + eps)`` for the rate itself.

    ``full`` adds Stirling's term ``t log(t) - t + log(2 pi t) / 2`` for targets above 1.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("poisson_nll_loss", "input", 1, input)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    x: Any = input
    t: Any = target
    loss = x.exp() - t * x if log_input else x - t * (x + eps).log()
    if full:
        stirling = t * t.log() - t + (t * (2 * math.pi)).log() * 0.5
        loss = loss + stirling.masked_fill(t <= 1, 0)
    return reduced(loss, reduction)


@function(name="nn.functional.gaussian_nll_loss", samples=lambda m: [
    m(m.f(2, 3), m.f(2, 3), m.f(2, 3, lo=0.2, hi=2)), m(m.f(2, 3), m.f(2, 3), m.f(2, 1, lo=0.2, hi=2), full=True),
    m(m.f(2, 3), m.f(2, 3), 0.7, reduction="sum"), m(m.f(3), m.f(3), m.f(3, lo=0.2, hi=2), reduction="none"),
    m(m.f(), m.f(), m.f(lo=0.2, hi=2)), m(m.f(0, 2), m.f(0, 2), m.f(0, 2), reduction="sum"), m(m.nc(3, 2), m.f(3, 2), 1.0)],
    errors=lambda m: [
    m.error(ValueError, "var is of incorrect size", m.f(2, 3), m.f(2, 3), m.f(4, lo=0.2, hi=2)),
    m.error(ValueError, "var has negative entry/entries", m.f(2), m.f(2), -1.0),
    m.error(ValueError, "is not valid", m.f(2), m.f(2), 1.0, reduction="x")])  # fmt: skip
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """``(log(var) + (input - target)**2 / var) / 2``, var not below eps; ``full`` adds ``log(2 pi) / 2`` (Nix & Weigend 1994)."""
    x: Any = input
    t: Any = target
    v: Any = var
    if isinstance(v, (int, float)):
        if v < 0:
            raise errors.value("var has negative entry/entries")
        v = x.new_ones(x.shape) * v
    shape, given = input._a.shape, v._a.shape
    if given != shape:
        if shape[:-1] == given:
            v = v.unsqueeze(-1)
        elif not (len(given) == len(shape) and (shape[:-1] == given[:-1] and given[-1] == 1)) and not (
            len(given) <= len(shape) and all(m in (1, n) for m, n in zip(given[::-1], shape[::-1], strict=False))
        ):
            raise errors.value("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise errors.value(reduction + " is not valid")
    if (v._a < 0).any():
        raise errors.value("var has negative entry/entries")
    v = v.clone()
    with no_grad():
        v.clamp_(min=eps)
    loss = 0.5 * (v.log() + (x - t) ** 2 / v)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


@function(name="nn.functional.margin_ranking_loss", aliases="", samples=lambda m: [
    m(m.f(3), m.f(3), _float_signs(m, 3)).value_only("the target is signs"), m(m.f(3), m.f(3), _signs(m, 3)),
    m(m.f(3), m.f(3), _signs(m, 3), 0.5, reduction="none"), m(m.f(2, 3), m.f(2, 3), _signs(m, 2, 3), reduction="sum"),
    m(m.f(), m.f(), _signs(m)), m(m.f(0), m.f(0), _signs(m, 0), reduction="sum"), m(m.nc(3, 2), m.f(1, 2), _signs(m, 3, 1))],
    errors=lambda m: [
    m.error(RuntimeError, "All input tensors should have same dimension", m.f(2, 1), m.f(2, 1), m.f(2)),
    m.error(ValueError, "is not a valid value for reduction", m.f(2), m.f(2), m.f(2), reduction="x")])  # fmt: skip
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``max(0, -target * (input1 - input2) + margin)``: 1 if the first should rank higher, -1 if the second."""
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if not input1._a.ndim == input2._a.ndim == target._a.ndim:
        raise errors.runtime(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    first: Any = input1
    return reduced((-target * (first - input2) + margin).clamp_min(0), reduction)  # type: ignore[operator]


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
    if reduction not in ("none", "mean", "sum"):
        raise errors.value(reduction + " is not valid")
    return reduced(loss, reduction)
