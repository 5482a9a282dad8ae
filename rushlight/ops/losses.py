"""Losses: how far a prediction is from its target."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..op import opaque
from ..tensor import Tensor


def reduced(loss: Tensor, reduction: str, size_average: Any = None, reduce: Any = None) -> Tensor:
    """The mean, the sum or all of the losses."""
    if size_average is not None or reduce is not None:
        size_average = True if size_average is None else size_average
        reduce = True if reduce is None else reduce
        reduction = ("mean" if size_average else "sum") if reduce else "none"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=4,
        )
    if reduction == "mean":
        return loss.mean()  # type: ignore[no-any-return]
    if reduction == "sum":
        return loss.sum()  # type: ignore[no-any-return]
    if reduction != "none":
        raise errors.value(f"{reduction} is not a valid value for reduction", "Use 'mean', 'sum' or 'none'.")
    return loss


def _warn_sizes(name: str, input: Tensor, target: Tensor) -> None:
    if target._a.shape != input._a.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=4,
        )


def _reduction_name(reduction: str, size_average: Any, reduce: Any) -> str:
    if size_average is None and reduce is None:
        return reduction
    whole = (size_average is None or size_average, reduce is None or reduce)
    chosen = ("mean" if whole[0] else "sum") if whole[1] else "none"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{chosen}' instead.", stacklevel=4
    )
    return chosen


@opaque(public=False, promote="common", grad_name="MseLossBackward0")
def squared_error(k, input, target, *, reduction):
    """Squared differences, averaged or summed as ``reduction`` says."""
    difference = input - target
    return _reduce(k, difference * difference, reduction)


def _reduce(k: Any, loss: Any, reduction: str) -> Any:
    return k.mean(loss) if reduction == "mean" else k.sum(loss) if reduction == "sum" else loss


def _share(g: Any, reduction: str, x: Any) -> Any:
    n = 1
    for s in x.shape:
        n *= s
    return g * (1.0 / n if n else float("nan")) if reduction == "mean" else g


@squared_error.vjp("input")
def _(k, g, input, target, reduction):
    difference = input - target
    return _share(g, reduction, difference) * 2.0 * difference


@squared_error.vjp("target")
def _(k, g, input, target, reduction):
    difference = input - target
    return _share(g, reduction, difference) * -2.0 * difference


def check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise errors.value(f"{reduction} is not a valid value for reduction", "Use 'mean', 'sum' or 'none'.")


@function(name="nn.functional.mse_loss")
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """Squared differences: ``(input - target) ** 2``, averaged, summed or all of them."""
    _warn_sizes("mse_loss", input, target)
    reduction = _reduction_name(reduction, size_average, reduce)
    check_reduction(reduction)
    if weight is not None:
        return reduced(squared_error.public(input, target, reduction="none") * weight, reduction)
    return squared_error.public(input, target, reduction=reduction)  # type: ignore[no-any-return]


@function(name="nn.functional.l1_loss")
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """Absolute differences."""
    _warn_sizes("l1_loss", input, target)
    loss = (input - target).abs()
    return reduced(loss if weight is None else loss * weight, _reduction_name(reduction, size_average, reduce))


@opaque(public=False, grad_name=lambda i, a: "NllLossBackward0" if i[0]._a.ndim <= 2 else "NllLoss2DBackward0")
def nll(k, input, target, weight, *, ignore_index, reduction):
    """Minus the input at the target class (dimension 1), weighted by class."""
    picked, w = _picked(input, target, weight, ignore_index)
    loss = -picked * w
    if reduction == "mean":
        return k.sum(loss) / k.sum(w)
    return _reduce(k, loss, reduction)


def _weights(target: Any, weight: Any, ignore_index: int, dtype: Any) -> tuple[Any, Any]:
    used = target != ignore_index
    index = np.where(used, target, 0)
    w = np.ones(target.shape, dtype) if weight is None else weight[index]
    return index, np.where(used, w, 0).astype(dtype)


def _picked(input: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any]:
    index, w = _weights(target, weight, ignore_index, input.dtype)
    axis = 1 if input.ndim > 1 else 0
    return np.take_along_axis(input, np.expand_dims(index, axis), axis).squeeze(axis), w


@nll.vjp("input")
def _(k, g, input_shape, target, weight, ignore_index, reduction):
    return k.nll_scatter(g, target, weight, size=input_shape, ignore_index=ignore_index, reduction=reduction)


nll.nondiff("target", "weight")


@opaque(public=False, grad_name="NllLossBackwardBackward0")
def nll_scatter(k, input, target, weight, *, size, ignore_index, reduction):
    """The gradient of ``nll``: minus the weight at the target class."""
    g = np.asarray(input)
    index, w = _weights(target, weight, ignore_index, g.dtype)
    if reduction == "mean":
        w = w / w.sum()
    axis = 1 if len(size) > 1 else 0
    out = np.zeros(size, g.dtype)
    np.put_along_axis(out, np.expand_dims(index, axis), np.expand_dims(-w * g, axis), axis)
    return out


@nll_scatter.vjp("input")
def _(k, g, target, weight, input_shape, ignore_index, reduction):
    # nll is linear in its input: what flows back to the gradient is nll of g
    return k.nll(g, target, weight, ignore_index=ignore_index, reduction=reduction)


nll_scatter.nondiff("target", "weight")


def _check_classes(input: Tensor, target: Tensor, ignore_index: int) -> None:
    a, t = input._a, target._a
    if a.ndim == 0:
        raise errors.value("Expected 1 or more dimensions (got 0)")
    if t.dtype.kind not in "iu" or t.dtype.itemsize not in (1, 8):
        raise errors.runtime(
            f"expected scalar type Long but found {types.scalar_name(target.dtype)}",
            "Class targets are integers: target.long().",
        )
    expected = a.shape[:1] + a.shape[2:] if a.ndim > 1 else ()
    if a.ndim > 1 and t.shape[:1] != a.shape[:1]:
        raise errors.value(
            f"Expected input batch_size ({a.shape[0]}) to match target batch_size ({t.shape[0] if t.ndim else 0})."
        )
    if t.shape != expected:
        raise errors.runtime(
            f"Expected target size {list(expected)}, got {list(t.shape)}"
            if a.ndim > 2
            else "0D or 1D target tensor expected, multi-target not supported"
        )
    classes = a.shape[1] if a.ndim > 1 else a.shape[0]
    bad = t[(t != ignore_index) & ((t < 0) | (t >= classes))]
    if bad.size:
        raise errors.index(
            f"Target {int(bad.reshape(-1)[0])} is out of bounds.", f"There are {classes} classes, 0 to {classes - 1}."
        )


@function(name="nn.functional.nll_loss")
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Negative log likelihood: minus the log-probability of the target class."""
    reduction = _reduction_name(reduction, size_average, reduce)
    check_reduction(reduction)
    _check_classes(input, target, ignore_index)
    return nll.public(input, target, weight, ignore_index=ignore_index, reduction=reduction)  # type: ignore[no-any-return]


@function(name="nn.functional.cross_entropy")
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Cross entropy between logits and a target class, or a distribution over the classes."""
    reduction = _reduction_name(reduction, size_average, reduce)
    check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise errors.runtime(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    axis = 1 if input._a.ndim > 1 else 0
    if target._a.shape == input._a.shape and target._a.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, axis)
    _check_classes(input, target, ignore_index)
    logs = input.log_softmax(axis)
    loss = nll.public(logs, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing == 0:
        return loss  # type: ignore[no-any-return]
    used = target != ignore_index
    weighted = logs if weight is None else logs * weight.view(*[1] * axis, -1, *[1] * (input._a.ndim - axis - 1))
    smooth = -weighted.sum(axis).masked_fill(~used, 0.0)
    if reduction == "mean":
        count = used.sum() if weight is None else weight[target.masked_fill(~used, 0)].masked_fill(~used, 0.0).sum()
        smooth = smooth.sum() / count
    elif reduction == "sum":
        smooth = smooth.sum()
    return loss * (1 - label_smoothing) + smooth * (label_smoothing / input._a.shape[axis])  # type: ignore[no-any-return]


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Any, reduction: str, smoothing: float, axis: int
) -> Tensor:
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input._a.shape[axis]
    logs = input.log_softmax(axis)
    if weight is not None:
        logs = logs * weight.view(*[1] * axis, -1, *[1] * (input._a.ndim - axis - 1))
    loss = -(logs * target).sum(axis)
    if reduction == "mean":
        return loss.sum() / max(input._a.size // input._a.shape[axis], 1)  # type: ignore[no-any-return]
    return reduced(loss, reduction)


@opaque(public=False, promote="common", grad_name="BinaryCrossEntropyBackward0")
def bce(k, input, target):
    """``-(t log(p) + (1 - t) log(1 - p))``, the logarithms not below -100."""
    return -(target * np.maximum(np.log(input), -100) + (1 - target) * np.maximum(np.log1p(-input), -100))


@bce.vjp("input")
def _(k, g, input, target):
    return g * (input - target) / k.maximum(input * (1 - input), input * 0.0 + 1e-12)


@bce.vjp("target")
def _(k, g, input):
    return g * (k.log1p(-input) - k.log(input))


@function(name="nn.functional.binary_cross_entropy")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross entropy of probabilities."""
    if target._a.shape != input._a.shape:
        raise errors.value(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. Please "
            "ensure they have the same size."
        )
    if input._a.size and (input._a.min() < 0 or input._a.max() > 1):
        raise errors.runtime("all elements of input should be between 0 and 1", "Did you forget the sigmoid?")
    loss = bce.public(input, target)
    return reduced(loss if weight is None else loss * weight, _reduction_name(reduction, size_average, reduce))


@function(name="nn.functional.binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:  # fmt: skip
    """Binary cross entropy of logits, without overflow."""
    if target._a.shape != input._a.shape:
        raise errors.value(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    from ..op import REGISTRY

    log_sigmoid = REGISTRY["logsigmoid"].public(input)
    if pos_weight is None:
        loss = (1 - target) * input - log_sigmoid
    else:
        loss = (1 - target) * input - ((pos_weight - 1) * target + 1) * log_sigmoid
    return reduced(loss if weight is None else loss * weight, _reduction_name(reduction, size_average, reduce))
