"""Losses of classes: the target names a class, several, or gives each a probability."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..kernels import classes
from ..op import opaque
from ..routes import routed
from ..tensor import Tensor
from .affine import linear
from .losses import checked_reduction, not_differentiable, reduction_name, renamed


# --- negative log likelihood --------------------------------------------------------------------------------------------
def cascade(x: Any) -> Any:
    """Sum of a vector in the order of PyTorch's ``nll_loss``: blocks of 16, sums of 16 blocks, and so on, first number last."""
    total = x.dtype.type(0)
    first, rest = x[:1], x[1:]
    while rest.size:
        full = rest.size // 16 * 16
        tail = rest[full:]
        if tail.size:
            total = total + np.add.accumulate(tail)[-1]
        rest = np.add.accumulate(rest[:full].reshape(-1, 16), axis=1)[:, -1]
    return total + first[0] if first.size else total


def _nll_name(inputs: Any, attrs: Any) -> str:
    return "NllLossBackward0" if inputs[0]._a.ndim <= 2 else "NllLoss2DBackward0"


@opaque(public=False, grad_name=_nll_name)
def nll(k, input, target, weight, *, ignore_index, reduction):
    """Minus the input at the target class (dimension 1), weighted by class.

    Gradient of ``input``: ``-weight[target] * g`` at the target class, by the mean divided by the sum of these weights; 0 elsewhere.
    """
    if weight is None and reduction != "none":
        native = classes.nll(input, target, ignore_index, reduction == "mean")
        if native is not None:
            return native
    if input.ndim == 1:
        target = target.reshape(())
    _check_there(target, ignore_index, input.shape[1 if input.ndim > 1 else 0])
    index, w = _class_weights(target, weight, ignore_index, input.dtype)
    if input.ndim == 2:
        loss = -input[np.arange(len(index)), index]
    else:
        loss = -np.take_along_axis(input, np.expand_dims(index, 1 if input.ndim > 1 else 0), 1 if input.ndim > 1 else 0)
        loss = loss.reshape(target.shape)
    if w is not None:
        loss = loss * w
    if reduction == "none":
        return loss
    total = cascade(loss.reshape(-1))
    if reduction == "sum":
        return np.asarray(total)
    return np.asarray(total / (cascade(w.reshape(-1)) if w is not None else input.dtype.type(target.size)))


def _check_there(target: Any, ignore_index: int, count: int) -> None:
    """Refuse a class that is not there.

    Raises:
        IndexError: naming the first.
    """
    if target.size and (target.min() < 0 or target.max() >= count):
        bad = target[(target != ignore_index) & ((target < 0) | (target >= count))]
        if bad.size:
            raise errors.index(
                f"Target {int(bad.reshape(-1)[0])} is out of bounds.", f"There are {count} classes, 0 to {count - 1}."
            )


def _class_weights(target: Any, weight: Any, ignore_index: int, dtype: Any) -> tuple[Any, Any]:
    """The class of each target (0 where it is ignored), and its weight; None if all weigh 1."""
    ignored = target == ignore_index
    if not ignored.any():
        return target, None if weight is None else weight[target]
    index = np.where(ignored, 0, target)
    w = np.ones(target.shape, dtype) if weight is None else weight[index]
    return index, np.where(ignored, w.dtype.type(0), w)


@nll.plan
def _(input, target, weight, ignore_index, reduction):
    if weight is not None or reduction == "none" or input.ndim == 1:
        return None
    return classes.planned_nll(input, target, ignore_index, reduction == "mean")


@nll.vjp("input", formal=True)
def _(k, g, input, target, weight, ignore_index, reduction):
    if len(input.shape) == 1 and len(target.shape):  # which PyTorch takes forward only
        raise errors.runtime(
            f"size mismatch (got input: {list(input.shape)}, target: {list(target.shape)})",
            "The class of a single sample is a number: target.view(()).",
        )
    return k.nll_scatter(g, target, weight, size=tuple(input.shape), ignore_index=ignore_index, reduction=reduction)


nll.nondiff("target", "weight")


@opaque(public=False, grad_name="NllLossBackwardBackward0")
def nll_scatter(k, input, target, weight, *, size, ignore_index, reduction):
    """The gradient of ``nll``: minus the weight at the target class."""
    g = np.asarray(input)
    if weight is None:
        native = classes.nll_gradient(g, target, size, ignore_index, reduction == "mean")
        if native is not None:
            return native
    index, w = _class_weights(target, weight, ignore_index, g.dtype)
    if w is None:
        w = np.broadcast_to(g.dtype.type(1), target.shape)
    if reduction == "mean":
        g = g / w.sum(dtype=g.dtype)
    out = np.zeros(size, g.dtype)
    values = -w * g
    if len(size) == 2:
        out[np.arange(len(index)), index] = values
    else:
        axis = 1 if len(size) > 1 else 0
        np.put_along_axis(
            out, np.expand_dims(index, axis), np.expand_dims(values, axis) if index.ndim else values, axis
        )
    return out


@nll_scatter.vjp("input")
def _(k, g, target, weight, input_shape, ignore_index, reduction):
    # nll is linear in its input: what flows back to the gradient is nll of g
    return k.nll(g, target, weight, ignore_index=ignore_index, reduction=reduction)


nll_scatter.nondiff("target", "weight")


def _check_classes(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """The questions that PyTorch asks before it looks at a class, in its order.

    Raises:
        ValueError: for an input without dimensions, another batch size. RuntimeError: for other sizes and dtypes.
    """
    a, t = input._a, target._a
    if a.ndim > 1 and (not t.ndim or t.shape[0] != a.shape[0]):
        raise errors.value(
            f"Expected input batch_size ({a.shape[0]}) to match target batch_size ({t.shape[0] if t.ndim else 0})."
        )
    if a.ndim <= 2:
        if t.ndim > 1:
            raise errors.runtime(
                "0D or 1D target tensor expected, multi-target not supported", f"The target has shape {list(t.shape)}."
            )
        if a.ndim == 1 and t.ndim == 1 and t.shape[0] != 1:
            raise errors.value(f"For 1D input, 1D target must have size 1, but got target size: {t.shape[0]}")
    elif a.ndim == 4:
        if t.ndim != 3:
            raise errors.runtime(
                f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {t.ndim}"
            )
        if t.shape[1:] != a.shape[2:]:
            raise errors.runtime(f"size mismatch (got input: {list(a.shape)} , target: {list(t.shape)}")
    elif t.shape != a.shape[:1] + a.shape[2:]:
        raise errors.runtime(f"Expected target size {[a.shape[0], *a.shape[2:]]}, got {list(t.shape)}")
    if t.dtype != np.int64 and t.dtype != np.uint8:
        raise errors.runtime(
            f"expected target dtype to be Long or Byte, but got {types.scalar_name(target.dtype)}",
            "Class targets are integers: target.long(). (expected scalar type Long)",
        )
    count = a.shape[1] if a.ndim > 1 else a.shape[0]
    if weight is not None:
        if weight._a.shape != (count,):
            which = "all or no classes" if a.ndim > 2 else (
                f"all {count} classes or no classes but got weight tensor of shape: {list(weight._a.shape)}"
            )  # fmt: skip
            raise errors.runtime(f"weight tensor should be defined either for {which}")
        if weight._a.dtype is not a.dtype:
            raise errors.runtime(
                f"expected scalar type {types.scalar_name(input.dtype)} but found {types.scalar_name(weight.dtype)}",
                f"Convert the weight: weight.to({input.dtype}).",
            )
    if a.dtype.kind not in "fV":
        raise NotImplementedError(f"\"nll_loss_out_frame\" not implemented for '{types.scalar_name(input.dtype)}'")


def _nll(input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str) -> Tensor:
    _check_classes(input, target, weight)
    not_differentiable("nll_loss", weight=weight)
    return nll.public(input, target, weight, ignore_index=ignore_index, reduction=reduction)  # type: ignore[no-any-return]


def _class_samples(m: Any) -> list[Any]:
    return [
        m(m.f(3, 4), m.i(3, hi=4)),
        m(m.f(3, 4), m.i(3, hi=4), m.f(4, lo=0.5, hi=2).detach()).value_only("the weight has no derivative"),
        m(m.f(3, 4), m.a([1, -100, 3]), reduction="sum"),
        m(m.f(3, 4), m.a([1, 2, 3]), ignore_index=2, reduction="none"),
        m(m.f(2, 4, 3), m.i(2, 3, hi=4)),
        m(m.f(2, 4, 2, 3), m.i(2, 2, 3, hi=4), reduction="none"),
        m(m.f(4), m.a(2)),
        m(m.f(0, 3), m.i(0, hi=3), reduction="none"),
        m(m.nc(3, 4), m.i(3, hi=4)),
    ]


def _class_errors(m: Any) -> list[Any]:
    return [
        m.error(IndexError, "Target 4 is out of bounds", m.f(2, 4), m.a([0, 4])),
        m.error(ValueError, "Expected input batch_size (2) to match target batch_size (3)", m.f(2, 4), m.a([0, 1, 2])),
        m.error(RuntimeError, "multi-target not supported", m.f(2, 4), m.i(2, 2)),
        m.error(
            RuntimeError, "weight tensor should be defined either for all 4 classes", m.f(2, 4), m.a([0, 1]), m.f(2)
        ),
        m.error(RuntimeError, "expected target dtype to be Long or Byte", m.f(2, 4), m.f(2)),
        m.error(ValueError, "is not a valid value for reduction", m.f(2, 4), m.a([0, 1]), reduction="x"),
    ]


@function(name="nn.functional.nll_loss", samples=_class_samples, errors=_class_errors)
@routed
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Negative log likelihood: minus the log-probability of the target class, (N, C), (N, C, d1, ...) or (C)."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("nll_loss", "input", 1, input)
    if not isinstance(target, Tensor):
        raise errors.not_a_tensor("nll_loss", "target", 2, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if not input._a.ndim:
        raise errors.value("Expected 1 or more dimensions (got 0)")
    return _nll(input, target, weight, ignore_index, reduction)


# --- cross entropy ------------------------------------------------------------------------------------------------------
@function(name="nn.functional.cross_entropy", samples=lambda m: [
    *_class_samples(m), m(m.f(3, 4), m.i(3, hi=4), label_smoothing=0.1), m(m.f(3, 4), m.f(3, 4, lo=0, hi=1)),
    m(m.f(3, 4), m.f(3, 4, lo=0, hi=1), label_smoothing=0.2, reduction="none"), m(m.f(4), m.f(4, lo=0, hi=1), reduction="sum"),
    m(m.f(2, 4, 3), m.f(2, 4, 3, lo=0, hi=1))], errors=lambda m: [
    *_class_errors(m), m.error(RuntimeError, "label_smoothing must be between 0.0 and 1.0", m.f(2, 3), m.a([0, 1]), label_smoothing=2.0),
    m.error(RuntimeError, "Expected floating point type for target with class probabilities", m.f(2, 3), m.i(2, 3)),
    m.error(RuntimeError, "ignore_index is not supported for floating point target", m.f(2, 3), m.f(2, 3), ignore_index=1)])  # fmt: skip
@routed
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Cross entropy between logits and a target class, or a distribution over the classes.

    ``label_smoothing`` mixes that share of the uniform distribution into the target (Szegedy et al. 2016).
    """
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        raise errors.not_tensors("cross_entropy_loss", input=input, target=target)
    a, t = input._a, target._a
    if a.shape == t.shape and t.dtype.kind not in "fV":
        raise errors.runtime(
            f"Expected floating point type for target with class probabilities, got {types.scalar_name(target.dtype)}",
            "A target of the input's shape is a distribution; a target of classes has one dimension fewer.",
        )
    if not 0 <= label_smoothing <= 1:
        raise errors.runtime(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    axis = 1 if a.ndim != 1 else 0
    if a.shape == t.shape and a.ndim:
        if ignore_index >= 0:
            raise errors.runtime("ignore_index is not supported for floating point target")
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing, axis)
    x: Any = input
    logs = x.log_softmax(axis)
    loss = _nll(logs, target, weight, ignore_index, reduction)
    return _smoothed(loss, logs, target, weight, ignore_index, reduction, label_smoothing) if label_smoothing else loss


def _smoothed(
    loss: Any, logs: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    """``(1 - s) * loss + s / classes * (minus the sum of the log-probabilities)``."""
    axis = 1 if logs._a.ndim > 1 else 0
    weighted = logs if weight is None else logs * weight.view(*[1] * axis, -1, *[1] * (logs._a.ndim - axis - 1))
    smooth = -weighted.sum(axis)
    ignored = target == ignore_index
    smooth = smooth.masked_fill(ignored.view(smooth._a.shape), 0.0)
    if reduction == "mean":
        if weight is None:
            seen = isinstance(ignored, levels.Batched | levels.Dual)
            smooth = smooth.sum() / (target._a.size - (ignored.sum() if seen else int(ignored._a.sum())))
        else:
            picked = weight[target.masked_fill(ignored, 0)].masked_fill(ignored, 0.0)
            smooth = smooth.sum() / picked.sum()
    elif reduction == "sum":
        smooth = smooth.sum()
    return loss * (1 - smoothing) + smooth * (smoothing / logs._a.shape[axis])  # type: ignore[no-any-return]


def _check_probability_weight(weight: Any, classes: int) -> None:
    if weight is not None and weight._a.shape != (classes,):
        raise errors.runtime(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or no classes but got weight tensor "
            f"of shape: {list(weight._a.shape)}"
        )


def _soft_cross_entropy(input: Tensor, target: Any, weight: Any, reduction: str, smoothing: float, axis: int) -> Tensor:
    x: Any = input
    classes = input._a.shape[axis]
    _check_probability_weight(weight, classes)
    if smoothing and classes:
        target = target * (1 - smoothing) + smoothing / classes
    logs = x.log_softmax(axis)
    if weight is not None:
        logs = logs * weight.view(*[1] * axis, -1, *[1] * (input._a.ndim - axis - 1))
    loss = logs * target
    if reduction == "none":
        return -loss.sum(axis)  # type: ignore[no-any-return]
    total = -loss.sum()
    if reduction == "sum":
        return total  # type: ignore[no-any-return]
    count = input._a.size // classes if classes else 0
    return renamed(total / count if count else total / 0.0, "DivBackward1")


@function(name="nn.functional.linear_cross_entropy", samples=lambda m: [
    m(m.f(3, 2), m.f(4, 2), m.i(3, hi=4)), m(m.f(3, 2), m.f(4, 2), m.f(3, 4, lo=0, hi=1), linear_bias=m.f(4)), m(m.f(2), m.f(4, 2), m.a(1)),
    m(m.f(3, 2), m.f(4, 5, 2), m.i(3, 5, hi=4), linear_bias=m.f(4, 5), reduction="none").other_nodes("reshaped"),
    m(m.nc(3, 2), m.f(4, 2), m.i(3, hi=4), label_smoothing=0.1), m(m.f(0, 2), m.f(4, 2), m.i(0), reduction="sum")], errors=lambda m: [
    m.error(RuntimeError, "expected equal input and linear_weight last dimensions", m.f(3, 2), m.f(4, 3), m.i(3)),
    m.error(RuntimeError, "expected input with dimensionality 1 or 2, got 3", m.f(1, 3, 2), m.f(4, 2), m.i(3)),
    m.error(RuntimeError, "expected linear_bias shape", m.f(3, 2), m.f(4, 2), m.i(3), linear_bias=m.f(3))])  # fmt: skip
def linear_cross_entropy(
    input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None, weight: Tensor | None = None,
    reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0, options: Any = None,
) -> Tensor:  # fmt: skip
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``.

    ``linear_weight`` is (classes, in_features), or (classes, d1, ..., in_features) for a target of (N, d1, ...). ``options``
    say how PyTorch cuts the computation into chunks; here it is done whole, with the same result.
    """
    shape, w = input._a.shape, linear_weight._a.shape
    if len(shape) not in (1, 2):
        raise errors.runtime(f"expected input with dimensionality 1 or 2, got {len(shape)}")
    if len(w) < 2:
        raise errors.runtime(f"expected linear_weight with dimensionality at least 2, got {len(w)}")
    if shape[-1] != w[-1]:
        raise errors.runtime(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{shape[-1]} and {w[-1]}, respectively"
        )
    if linear_bias is not None and linear_bias._a.shape != w[:-1]:
        raise errors.runtime(f"expected linear_bias shape {w[:-1]}, got {linear_bias._a.shape}")
    if len(w) > 2 and len(shape) == 1:
        raise errors.runtime(
            f"K-dimensional loss defined by linear_weight shape {w} requires batched input, (N, {w[-1]})"
        )
    if target._a.shape == (*shape[:-1], *w[:-1]) and ignore_index is not None:
        raise errors.runtime("ignore_index cannot be specified when target contains probabilities")
    if options is not None and (len(w) > 2 or label_smoothing or target._a.dtype != np.int64):
        errors.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, label_smoothing == 0, "
            f"target.dtype == int64, out_features == (). Got reduction={reduction!r}, label_smoothing={label_smoothing}, "
            f"target.dtype={target.dtype}, out_features={w[1:-1]}.",
            stacklevel=2,
        )
    matrix: Any = linear_weight
    bias: Any = linear_bias
    if len(w) > 2:
        matrix, bias = matrix.reshape(-1, w[-1]), None if bias is None else bias.reshape(-1)
    logits: Any = linear(input, matrix, bias)
    if len(w) > 2:
        logits = logits.reshape(*shape[:-1], *w[:-1])
    return cross_entropy(  # type: ignore[no-any-return]
        logits, target, weight, None, -100 if ignore_index is None else ignore_index, None, reduction, label_smoothing
    )


# --- margins ------------------------------------------------------------------------------------------------------------
def _margin_shape(input: Tensor) -> tuple[int, int]:
    shape = input._a.shape
    if not (len(shape) <= 1 or (len(shape) == 2 and shape[1])) or (len(shape) == 1 and not shape[0]):
        raise errors.runtime(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(shape)}"
        )
    return (1, input._a.size) if len(shape) <= 1 else (shape[0], shape[1])


@opaque(public=False, grad_name="MultiMarginLossBackward0")
def margins(k, input, target, weight, *, p, margin, reduction):
    """``sum_j w max(0, margin - x[y] + x[j])**p / classes`` over the wrong classes j, of rows (N, C).

    Gradient of ``input``: ``g * weight[target] * p * z ** (p - 1) / classes`` at the wrong classes where ``z = margin - x[y] + x[j]`` is
    above 0, minus their sum at the target class, by the mean divided by the number of rows.
    """
    z = _margins(input, target, margin)
    loss = z if p == 1 else z * z
    if weight is not None:
        loss = loss * weight[target][:, None]
    loss = loss.sum(1, dtype=input.dtype) / input.dtype.type(input.shape[1])
    return k.mean(loss) if reduction == "mean" else k.sum(loss) if reduction == "sum" else loss


def _margins(input: Any, target: Any, margin: float) -> Any:
    rows = np.arange(len(target))
    z = np.maximum(input.dtype.type(margin) - input[rows, target][:, None] + input, 0)
    z[rows, target] = 0
    return z


@margins.vjp("input")
def _(k, g, input, target, weight, p, margin, reduction):
    return k.margins_gradient(g, input, target, weight, p=p, margin=margin, reduction=reduction)


margins.nondiff("target", "weight")


@opaque(public=False, grad_name="MultiMarginLossBackwardBackward0")
def margins_gradient(k, input, x, target, weight, *, p, margin, reduction):
    """The gradient of ``margins``."""
    n, classes = x.shape
    z = _margins(x, target, margin)
    slope = (z > 0).astype(x.dtype) if p == 1 else 2 * z
    if weight is not None:
        slope *= weight[target][:, None]
    slope[np.arange(n), target] = -slope.sum(1)
    slope /= classes * (n if reduction == "mean" else 1)
    g = np.asarray(input)
    return slope * (g if g.ndim == 0 else g[:, None])


margins_gradient.nondiff("target", "weight")
for _name in ("input", "x"):
    margins_gradient.unsupported(_name, "PyTorch has no second derivative of multi_margin_loss")


_ONCE = "PyTorch has no second derivative"


@function(name="nn.functional.multi_margin_loss", samples=lambda m: [
    m(m.f(3, 4), m.i(3, hi=4)).first_order(_ONCE), m(m.f(3, 4), m.i(3, hi=4), 2, 0.5).first_order(_ONCE),
    m(m.f(3, 4), m.i(3, hi=4), reduction="none").first_order(_ONCE), m(m.f(4), m.a([2])).first_order(_ONCE),
    m(m.f(), m.a([0])).value_only("it is 0"), m(m.f(0, 3), m.i(0), reduction="none").value_only("nothing"),
    m(m.nc(3, 4), m.i(3, hi=4)).first_order(_ONCE)], errors=lambda m: [
    m.error(ValueError, "only p == 1 and p == 2 supported", m.f(2, 3), m.a([0, 1]), p=3),
    m.error(RuntimeError, "target out of range", m.f(2, 3), m.a([0, 3])),
    m.error(RuntimeError, "inconsistent weight size", m.f(2, 3), m.a([0, 1]), weight=m.f(2))])  # fmt: skip
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """``sum_j w[y] max(0, margin - x[y] + x[j])**p / classes`` over the classes j other than y."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("multi_margin_loss", "input", 1, input)
    if not isinstance(target, Tensor):
        raise errors.not_a_tensor("multi_margin_loss", "target", 2, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    if p not in (1, 2):
        raise errors.value("only p == 1 and p == 2 supported")
    if weight is not None and weight._a.ndim != 1:
        raise errors.value("weight must be one-dimensional")
    n, classes = _margin_shape(input)
    t = target._a
    if t.ndim > 1 or t.size != n:
        raise errors.runtime(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). Expected "
            f"target size [{n}], but got {list(t.shape)}. Input has shape {list(input._a.shape)}."
        )
    if weight is not None and weight._a.size != classes:
        raise errors.runtime(f"inconsistent weight size, expected {classes} but got {list(weight._a.shape)}")
    if t.dtype != np.int64:
        raise errors.runtime(f"expected scalar type Long but found {types.scalar_name(target.dtype)}")
    if t.size and (t.min() < 0 or t.max() >= classes):
        raise errors.runtime("target out of range")
    not_differentiable("multi_margin_loss", weight=weight)
    x: Any = input if input._a.ndim == 2 else input.view(n, classes)  # type: ignore[attr-defined]
    y: Any = target if t.ndim else target.view(1)  # type: ignore[attr-defined]
    out: Any = margins.public(x, y, weight, p=p, margin=margin, reduction=reduction)
    return out.view(()) if reduction == "none" and input._a.ndim < 2 and not t.ndim else out  # type: ignore[no-any-return]


@opaque(public=False, grad_name="MultilabelMarginLossBackward0")
def label_margins(k, input, target, *, reduction):
    """``sum max(0, 1 - x[y] + x[j]) / classes`` over the labels y and the other classes j, of rows (N, C).

    Gradient of ``input``: ``g / classes`` at each wrong class, ``-g / classes`` at the label, for each pair of them less than 1 apart; by
    the mean divided by the number of rows.
    """
    z, _ = _label_margins(input, target)
    loss = z.sum((1, 2), dtype=input.dtype) / input.dtype.type(input.shape[1])
    return k.mean(loss) if reduction == "mean" else k.sum(loss) if reduction == "sum" else loss


def _label_margins(input: Any, target: Any) -> tuple[Any, Any]:
    """``max(0, 1 - x[y] + x[j])`` by row, label and class, 0 where there is no label or the class is one; the labels."""
    used = np.logical_and.accumulate(target >= 0, axis=1)
    labels = np.where(used, target, 0)
    is_label = np.zeros(input.shape, bool)
    rows = np.arange(len(target))[:, None]
    np.logical_or.at(is_label, (np.broadcast_to(rows, target.shape)[used], labels[used]), True)
    z = np.maximum(1 - np.take_along_axis(input, labels, 1)[:, :, None] + input[:, None, :], 0)
    return np.where(used[:, :, None] & ~is_label[:, None, :], z, z.dtype.type(0)), labels


@label_margins.vjp("input")
def _(k, g, input, target, reduction):
    return k.label_margins_gradient(g, input, target, reduction=reduction)


label_margins.nondiff("target")


@opaque(public=False, grad_name="MultilabelMarginLossBackwardBackward0")
def label_margins_gradient(k, input, x, target, *, reduction):
    """The gradient of ``label_margins``."""
    n, classes = x.shape
    z, labels = _label_margins(x, target)
    active = (z > 0).astype(x.dtype)
    slope = active.sum(1)
    np.subtract.at(slope, (np.arange(n)[:, None], labels), active.sum(2))
    slope /= classes * (n if reduction == "mean" else 1)
    g = np.asarray(input)
    return slope * (g if g.ndim == 0 else g[:, None])


label_margins_gradient.nondiff("target")
for _name in ("input", "x"):
    label_margins_gradient.unsupported(_name, "PyTorch has no second derivative of multilabel_margin_loss")


@function(name="nn.functional.multilabel_margin_loss", samples=lambda m: [
    m(m.f(2, 4), m.a([[3, 0, -1, 1], [1, -1, 2, 0]])).first_order(_ONCE),
    m(m.f(2, 4), m.a([[3, 0, -1, 1], [1, -1, 2, 0]]), reduction="none").first_order(_ONCE),
    m(m.f(3), m.a([0, 2, -1]), reduction="sum").first_order(_ONCE),
    m(m.nc(2, 3), m.a([[0, -1, -1], [2, 1, -1]])).first_order(_ONCE),
    m(m.f(), m.a(0)).value_only("it is 0"), m(m.f(0, 3), m.i(0, 3), reduction="none").value_only("nothing")], errors=lambda m: [
    m.error(RuntimeError, "inconsistent target size", m.f(2, 3), m.a([0, 1])),
    m.error(RuntimeError, "is out of range", m.f(3), m.a([0, 1, 3])),
    m.error(RuntimeError, "expected scalar type Long but found Float", m.f(3), m.a([0.0, 1.0, -1.0]))])  # fmt: skip
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """``sum max(0, 1 - x[y] + x[j]) / classes`` over the labels y of a row (up to its first -1) and the other classes j."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("multilabel_margin_loss", "input", 1, input)
    if not isinstance(target, Tensor):
        raise errors.not_a_tensor("multilabel_margin_loss", "target", 2, target)
    reduction = checked_reduction(reduction_name(reduction, size_average, reduce))
    n, classes = _margin_shape(input)
    t = target._a
    if t.shape != input._a.shape and not (t.size == input._a.size == 1):
        raise errors.runtime(f"inconsistent target size: {list(t.shape)} for input of size: {list(input._a.shape)}")
    if t.size and (t.min() < -1 or t.max() >= classes):
        raise errors.runtime("argument #2 'target' is out of range")
    if t.dtype != np.int64:
        raise errors.runtime(f"expected scalar type Long but found {types.scalar_name(target.dtype)}")
    x: Any = input if input._a.ndim == 2 else input.view(n, classes)  # type: ignore[attr-defined]
    y: Any = target if t.ndim == 2 else target.view(n, classes)  # type: ignore[attr-defined]
    out: Any = label_margins.public(x, y, reduction=reduction)
    return out.view(()) if reduction == "none" and input._a.ndim < 2 else out  # type: ignore[no-any-return]
