"""Losses of numbers: how far each element of a prediction is from its target.

Those with a node of their own in PyTorch are records that average or sum too; the others are formulas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, large, types
from ..autograd.mode import no_grad, recording
from ..functions import function
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.layouts import as_operands_lie
from ..kernels.strides import broadcast_shapes
from ..kernels.summation import planned
from ..op import opaque
from ..readers import REGISTRY, arrays
from ..routes import routed
from ..tensor import Tensor, edge_of
from .activation_forms import floats_only


# --- reductions ---------------------------------------------------------------------------------------------------------
def checked_reduction(reduction: str) -> str:
    """The reduction, if there is one of this name; PyTorch 0.4 called the mean otherwise."""
    if reduction == "elementwise_mean":
        errors.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3)
        return "mean"
    return todays_reduction(reduction)


def todays_reduction(reduction: str, refusal: str = "{} is not a valid value for reduction") -> str:
    """The reduction by its name of today, which is the only one that losses written in Python know."""
    if reduction not in ("mean", "sum", "none"):
        raise errors.value(refusal.format(reduction), "Use 'mean', 'sum' or 'none'.")
    return reduction


def reduction_name(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, from PyTorch 0.3's pair of flags if they are given (with PyTorch's warning)."""
    if size_average is None and reduce is None:
        return reduction
    return reduction_of_flags(size_average, reduce, 5)


def reduction_of_flags(size_average: Any, reduce: Any, level: int) -> str:
    """The reduction that PyTorch 0.3's pair of flags asks for; the warning is of the caller ``level`` frames up, 0 for none."""
    whole = (size_average is None or size_average, reduce is None or reduce)
    chosen = ("mean" if whole[0] else "sum") if whole[1] else "none"
    if level:
        errors.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{chosen}' instead.",
            stacklevel=level,
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
    return cast(a, np.float32) if is_half(a.dtype) else a


def _reduce(k: Any, loss: Any, reduction: str) -> Any:
    return k.mean(loss) if reduction == "mean" else k.sum(loss) if reduction == "sum" else loss


def _common(input: Any, target: Any) -> Any:
    """The shape of a pair's losses."""
    return input.shape if input.shape == target.shape else broadcast_shapes(tuple(input.shape), tuple(target.shape))


def averaged(
    k: Any, formula: Any, operands: tuple[Any, ...], reduction: str, wide: bool = False, **settings: Any
) -> Any:
    """The mean, the sum or all of what ``formula(k, *operands, **settings)`` gives element by element: of large arrays in one pass.

    ``wide``: of 16-bit floats it is computed in float32.
    """
    if k is arrays and reduction != "none":
        found = large.reduced(formula, operands, settings, reduction == "mean")
        if found is not None:
            return found
    given = [_wide(x) for x in operands] if wide and k is arrays else operands
    loss = large.pointwise(k, formula, *given, **settings)
    loss = loss if given is operands else loss.astype(operands[0].dtype, copy=False)
    if reduction == "none" and k is arrays:
        loss = as_operands_lie(loss, [x for x in operands if x is not None])
    return _reduce(k, loss, reduction)


def plan_average(loss: Any, formula: Any) -> None:
    """Give a loss that is ``averaged`` a shorter way for small arrays of one shape that lie in order: what sums them is chosen once."""

    @loss.plan
    def _(*operands, reduction, **settings):
        given = [x for x in operands if x is not None]
        first = given[0]
        alike = all([x.shape == first.shape and x.dtype is first.dtype and x.flags.c_contiguous for x in given])
        if reduction == "none" or not first.ndim or not alike or large.is_long(operands):
            return None
        total = planned(first, tuple(range(first.ndim)), False, float(first.size) if reduction == "mean" else 1.0)
        return None if total is None else lambda *xs: total(formula(arrays, *xs, **settings))


def _share(g: Any, reduction: str, shape: Any) -> Any:
    """The gradient that reaches each loss."""
    return g * share_of(reduction, shape) if reduction == "mean" else g


def share_of(reduction: str, shape: Any) -> float:
    """What a loss counts in the result: ``1 / n`` in a mean of n."""
    if reduction != "mean":
        return 1.0
    n = math.prod(shape)
    return 1.0 / n if n else float("nan")


def _count(reduction: str, shape: Any) -> float | None:
    """How many losses a mean is of."""
    return (float(math.prod(shape)) or None) if reduction == "mean" else None


def _divided(slope: Any, count: float | None) -> Any:
    """A gradient that PyTorch averages last, by a division."""
    return slope if count is None else slope / count


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
        errors.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        shape = broadcast_shapes(input._a.shape, target._a.shape)
        return input.expand(shape), target.expand(shape)  # type: ignore[attr-defined]
    return input, target


_INVALID = "Invalid reduction mode: {}. Expected one of 'none', 'mean', 'sum'."


def _weighted(losses: Any, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    """Losses with a weight each; the mean is by the sum of the weights."""
    if weight._a.shape != input._a.shape:
        raise errors.value("Weights and input must have the same size.")
    reduction = todays_reduction(reduction, _INVALID)
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
def _squared(k, input, target):
    difference = input - target
    return difference * difference


@opaque(public=False, promote="common", grad_name="MseLossBackward0", refuses=floats_only("mse_cpu"))
def squared_error(k, input, target, *, reduction):
    """Squared differences, averaged or summed as ``reduction`` says.

    Gradient of ``input``: ``2 * (input - target) * g``, by the mean divided by their number.
    Gradient of ``target``: ``2 * (target - input) * g``, by the mean divided by their number.
    """
    return averaged(k, _squared, (input, target), reduction)


plan_average(squared_error, _squared)


@squared_error.check
def _(input, target, *, reduction):
    return (input, target), {"reduction": reduction}


def _doubled(k, input, target, g, times):
    return (input - target) * times * g


@squared_error.vjp("input")
def _(k, g, input, target, reduction):
    return large.pointwise(k, _doubled, input, target, g, 2.0 * share_of(reduction, _common(input, target)))


@squared_error.vjp("target")
def _(k, g, input, target, reduction):
    return large.pointwise(k, _doubled, input, target, g, -2.0 * share_of(reduction, _common(input, target)))


@function(name="nn.functional.mse_loss", samples=_pairs(), errors=lambda m: [*_pair_errors(m), m.error(
    ValueError, "Invalid reduction mode: elementwise_mean.", m.f(2), m.f(2), reduction="elementwise_mean", weight=m.f(2))])  # fmt: skip
@routed
def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Squared differences: ``(input - target) ** 2``, averaged, summed or all of them."""
    input, target = _broadcast(input, target)
    reduction = reduction_name(reduction, size_average, reduce)
    if weight is not None:
        return _weighted((input - target).pow(2), weight, input, reduction)  # type: ignore[operator]
    reduction = checked_reduction(reduction)
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
    return averaged(k, _smoothed, (input, target), reduction, wide=True, beta=beta)


def _smoothed(k, input, target, beta):
    z = k.abs(input - target)
    return k.where(z < beta, 0.5 * z * z / beta, z - 0.5 * beta)


plan_average(smoothed_error, _smoothed)


def _smoothed_slope(k, input, target, g, share, beta):
    difference = input - target
    far = g * share
    near = difference / beta * share * g
    return k.where(difference <= -beta, -far, k.where(difference >= beta, far, near))


@smoothed_error.vjp_joint
def _(k, g, input, target, reduction, beta, needs):
    return _slopes(k, _smoothed_slope, g, input, target, reduction, needs, beta=beta)


def _slopes(k, slope, g, input, target, reduction, needs, **settings):
    """The gradients of a pair whose loss is one of their difference: that of the target is the other's, negated."""
    share = share_of(reduction, _common(input, target))
    return tuple([
        large.pointwise(k, slope, input, target, g, own, **settings) if need else None
        for own, need in zip((share, -share), needs, strict=True)
    ])  # fmt: skip


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
    return averaged(k, _of_huber, (input, target), reduction, wide=True, delta=delta)


def _of_huber(k, input, target, delta):
    z = k.abs(input - target)
    return k.where(z <= delta, 0.5 * z * z, delta * (z - 0.5 * delta))


plan_average(huber_error, _of_huber)


def _huber_slope(k, input, target, g, share, delta):
    difference = input - target
    far = g * share * delta
    return k.where(difference <= -delta, -far, k.where(difference >= delta, far, difference * share * g))


@huber_error.vjp_joint
def _(k, g, input, target, reduction, delta, needs):
    return _slopes(k, _huber_slope, g, input, target, reduction, needs, delta=delta)


@function(name="nn.functional.huber_loss", samples=_pairs(delta=[0.5, 2.0]), errors=lambda m: [
    *_pair_errors(m), m.error(RuntimeError, "does not support non-positive values for delta", m.f(2), m.f(2), delta=0.0)])  # fmt: skip
@routed
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``0.5 (x - y)**2`` where ``|x - y| <= delta``, else ``delta (|x - y| - 0.5 delta)`` (Huber 1964)."""
    input, target = _broadcast(input, target)
    reduction = checked_reduction(reduction) if weight is None else todays_reduction(reduction, _INVALID)
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


def _signs(m: Any, *shape: int) -> Any:
    return m.i(*shape, lo=0, hi=2) * 2 - 1


def _float_signs(m: Any, *shape: int) -> Any:
    return (m.i(*shape, lo=0, hi=2) * 2 - 1).to(m.f(1).dtype)


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
        errors.warn(
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
    product = None if log_target else t * x  # PyTorch makes this node first: gradients are added in that order
    loss = t.exp() * (t - x) if product is None else REGISTRY["xlogy"].public(t, t) - product
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
    name="nn.functional.poisson_nll_loss", samples=_pairs(0.2, 3, full=[True], log_input=[False]), errors=lambda m: [
    *_pair_errors(m), m.error(ValueError, "elementwise_mean is not a valid", m.f(2), m.f(2), reduction="elementwise_mean")],
)  # fmt: skip
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average: Any = None, eps: float = 1e-8,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``exp(x) - target * x`` for the logarithm x of a rate, or ``x - target * log(x + eps)`` for the rate itself.

    ``full`` adds Stirling's term ``t log(t) - t + log(2 pi t) / 2`` for targets above 1.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("poisson_nll_loss", "input", 1, input)
    reduction = todays_reduction(reduction_name(reduction, size_average, reduce))
    x: Any = input
    t: Any = target
    loss = x.exp() - t * x if log_input else x - t * (x + eps).log()
    if full:
        last = (t * (2 * math.pi)).log() * 0.5  # PyTorch makes its node first: gradients are added in that order
        stirling = t * t.log() - t + last
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
    todays_reduction(reduction, "{} is not valid")
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
