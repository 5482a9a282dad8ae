"""Connectionist temporal classification: the probability of a label sequence over all its alignments (Graves et al. 2006)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, levels, types
from ..functions import function
from ..kernels.reduce import rounded
from ..op import REGISTRY, opaque
from ..tensor import Tensor, wrap
from .losses import checked_reduction


def _extended(labels: Any, blank: int) -> tuple[Any, Any]:
    """Blanks around and between the labels; where a state may be reached from two states before (another label)."""
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    skip = np.zeros(len(states), bool)
    skip[3::2] = states[3::2] != states[1:-2:2]
    return states, skip


def _forward(logs: Any, labels: Any, blank: int) -> Any:
    """log alpha [time, states] of one sample with log-probabilities [time, classes], summed in PyTorch's order."""
    states, skip = _extended(labels, blank)
    alpha = np.full((len(logs), len(states)), -np.inf, logs.dtype)
    alpha[0, :2] = logs[0, states[:2]]
    before = np.full((3, len(states)), -np.inf, logs.dtype)  # staying, the state before, the one before that
    for t in range(1, len(logs)):
        before[0] = alpha[t - 1]
        before[1, 1:] = alpha[t - 1, :-1]
        before[2, 2:] = np.where(skip[2:], alpha[t - 1, :-2], -np.inf)
        alpha[t] = log_sum(before) + logs[t, states]
    return alpha


def log_sum(terms: Any) -> Any:
    """log of the sum of exponentials over axis 0, added one after another; exp and log rounded once."""
    top = terms.max(0)
    top = np.where(top == -np.inf, top.dtype.type(0), top)
    parts = rounded(np.exp, terms - top)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return rounded(np.log, total) + top


@opaque(public=False, grad_name="CtcLossBackward0")
def ctc(k, input, *, targets, lengths, blank, zero_infinity):
    """Minus the log-likelihood of each label sequence; ``input`` (time, batch, classes) log-probabilities.

    Gradient of ``input``: ``-g * (the probability, given the labels, that they are at this class at this time)``.
    """
    out = np.zeros(input.shape[1], input.dtype)
    for b, (labels, n) in enumerate(zip(targets, lengths, strict=True)):
        if n == 0:
            out[b] = -0.0 if not len(labels) else np.inf
            continue
        alpha = _forward(input[:n, b], labels, blank)
        out[b] = -log_sum(alpha[-1, :-3:-1])
    return out


@ctc.vjp("input")
def _(k, g, input, out, targets, lengths, blank, zero_infinity):
    return k.ctc_gradient(g, input, out, targets=targets, lengths=lengths, blank=blank, zero_infinity=zero_infinity)


@opaque(public=False, grad_name="CtcLossBackwardBackward0")
def ctc_gradient(k, input, logs, loss, *, targets, lengths, blank, zero_infinity):
    """``g (exp(y) - sum over the states of a class of exp(log alpha + log beta - log likelihood - y))``."""
    out = np.zeros(logs.shape, logs.dtype)
    for b, (labels, n) in enumerate(zip(targets, lengths, strict=True)):
        if (zero_infinity and np.isinf(loss[b])) or n == 0:
            continue
        y = logs[:n, b]
        states, _ = _extended(labels, blank)
        both = _forward(y, labels, blank) + _forward(y[::-1], labels[::-1], blank)[::-1, ::-1]
        total = np.full(y.shape, -np.inf, y.dtype)
        for s in range(len(states) - 1, -1, -1):
            c = states[s]
            total[:, c] = log_sum(np.stack((total[:, c], both[:, s])))
        out[:n, b] = (rounded(np.exp, y) - rounded(np.exp, total + loss[b] - y)) * input[b]
    return out


for _name in ("input", "logs", "loss"):
    ctc_gradient.unsupported(_name, "PyTorch has no second derivative of ctc_loss")


def _lengths(values: Any, name: str, batch: int, limit: int | None) -> list[int]:
    if isinstance(values, Tensor):
        if values._a.dtype.kind not in "biu":
            raise errors.runtime(f"{name} must be integral")
        values = np.atleast_1d(values._a).tolist()
    values = [int(v) for v in values]
    if len(values) != batch:
        raise errors.runtime(f"{name} must be of size batch_size")
    where = "(while checking arguments for ctc_loss_allocate_outputs)"
    for v in values:
        if v < 0:
            raise errors.runtime(f"Expected {name} to have value at least 0, but got value {v} {where}")
        if limit is not None and v > limit:
            raise errors.runtime(f"Expected {name} to have value at most {limit}, but got value {v} {where}")
    return values


def _split(targets: Any, lengths: list[int]) -> list[Any]:
    """Each sample's labels, from a padded matrix or from all of them in a row."""
    where = "for argument #2 'targets' (while checking arguments for ctc_loss_allocate_outputs)"
    if targets.ndim == 1:
        if targets.size != sum(lengths):
            raise errors.runtime(
                f"Expected tensor to have size {sum(lengths)} at dimension 0, but got size {targets.size} {where}"
            )
        return np.split(targets, np.cumsum(lengths)[:-1])
    longest = max(lengths, default=0)
    if targets.shape[1] < longest:
        raise errors.runtime(
            f"Expected tensor to have size at least {longest} at dimension 1, but got size {targets.shape[1]} {where}"
        )
    return [row[:n] for row, n in zip(targets, lengths, strict=True)]


_WHY = "PyTorch has no second"
_SUM = "the gradient is that of probabilities that sum to 1"


@function(name="nn.functional.ctc_loss", samples=lambda m: [
    m(m.f(5, 2, 4), m.a([[1, 2], [3, 3]]), m.a([5, 4]), m.a([2, 2])).first_order(_WHY).not_numeric(_SUM),
    m(m.f(5, 2, 4), m.a([1, 2, 3]), (5, 4), (2, 1), reduction="none").first_order(_WHY).not_numeric(_SUM),
    m(m.f(5, 2, 4), m.a([1, 2, 0]), (5, 4), (2, 1), blank=3, reduction="sum").first_order(_WHY).not_numeric(_SUM),
    m(m.f(5, 2, 4), m.a([1, 2, 3]), (1, 4), (2, 1), zero_infinity=True).first_order(_WHY).not_numeric(_SUM),
    m(m.f(5, 4), m.a([1, 2]), m.a(5), m.a(2)).first_order(_WHY).not_numeric(_SUM),
    m(m.nc(5, 4), m.a([1, 2]), m.a(5), m.a(2)).first_order(_WHY).not_numeric(_SUM),
    m.without("empty", "a sequence has a length")],
    errors=lambda m: [
    m.error(RuntimeError, "blank must be in label range", m.f(5, 2, 4), m.a([1, 2, 3]), (5, 4), (2, 1), blank=4),
    m.error(RuntimeError, "input_lengths must be of size batch_size", m.f(5, 2, 4), m.a([1, 2, 3]), (5,), (2, 1)),
    m.error(RuntimeError, "to have value at most 5", m.f(5, 2, 4), m.a([1, 2, 3]), (6, 5), (2, 1)),
    m.error(ValueError, "is not a valid value for reduction", m.f(5, 2, 4), m.a([1, 2, 3]), (5, 5), (2, 1), reduction="x")])  # fmt: skip
@levels.by_example
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Minus the log of the sum, over all alignments, of the probability of the labels.

    ``log_probs`` is (time, batch, classes) or (time, classes); ``targets`` (batch, longest) or all labels in a row. "mean" divides
    by the target lengths first. ``zero_infinity`` gives 0 for targets that are too long for their input.
    """
    if not isinstance(log_probs, Tensor):
        raise errors.not_a_tensor("ctc_loss", "log_probs", 1, log_probs)
    if not isinstance(targets, Tensor):
        raise errors.not_a_tensor("ctc_loss", "targets", 2, targets)
    reduction = checked_reduction(reduction)
    if blank < 0 or blank >= log_probs._a.shape[-1]:
        raise errors.runtime("blank must be in label range")
    if log_probs._a.dtype.kind != "f" or log_probs._a.dtype.itemsize == 2:
        raise NotImplementedError(f"\"ctc_loss_cpu\" not implemented for '{types.scalar_name(log_probs.dtype)}'")
    logs: Any = log_probs
    batched = logs.ndim == 3
    if not batched:
        logs = logs.unsqueeze(1)
    steps, batch, classes = logs._a.shape
    given = _lengths(input_lengths, "input_lengths", batch, steps)
    wanted = _lengths(target_lengths, "target_lengths", batch, None)
    labels = targets._a.astype(np.int64)
    if not batched and labels.ndim == 1:
        labels = labels[None]
    split = tuple(_split(labels, wanted))
    if any(len(row) and (row.min() < 0 or row.max() >= classes) for row in split):
        raise errors.runtime("ctc_loss: labels must be between 0 and the number of classes")
    loss: Any = ctc.public(logs, targets=split, lengths=tuple(given), blank=blank, zero_infinity=zero_infinity)
    if zero_infinity:
        loss = REGISTRY["where"].public(wrap(np.isinf(loss._a)), loss.new_zeros(()), loss)
    if reduction == "mean":
        return (loss / wrap(np.maximum(wanted, 1).astype(loss._a.dtype))).mean()  # type: ignore[no-any-return]
    if reduction == "sum":
        return loss.sum()  # type: ignore[no-any-return]
    return loss if batched else loss.squeeze(0)  # type: ignore[no-any-return]
