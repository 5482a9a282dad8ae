"""Gradients limited in norm or value; parameters as one vector and back."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import errors
from ...autograd.mode import no_grad
from ...kernels.lazy import settle
from ...readers import REGISTRY
from ...tensor import Tensor, wrap
from ...writing import bump


def _gradients(parameters: Any) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p._grad for p in parameters if p._grad is not None]


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors together.

    Raises:
        RuntimeError: with ``error_if_nonfinite``, if it is not finite.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return wrap(np.array(0.0, np.float32))
    with no_grad():
        norms = [REGISTRY["vector_norm"].public(t, float(norm_type)) for t in tensors]
        total = REGISTRY["vector_norm"].public(REGISTRY["stack"].public(norms), float(norm_type))
    if error_if_nonfinite and not np.isfinite(total._a):
        raise errors.runtime(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total  # type: ignore[no-any-return]


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale all gradients by ``max_norm / total_norm`` if that is below 1."""
    settle()
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)._a  # type: ignore[operator]
    with np.errstate(all="ignore"):  # an infinite gradient times 0 is nan, without a word, as in PyTorch
        for g in _gradients(parameters):
            g._a *= factor.astype(g._a.dtype)
            bump(g)


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients so that their norm together is at most ``max_norm``; returns the norm before."""
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    with no_grad():
        total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
        clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """The old name of clip_grad_norm_."""
    warnings.warn(
        "torch.nn.utils.clip_grad_norm is now deprecated in favor of torch.nn.utils.clip_grad_norm_.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite)


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of every gradient to [-clip_value, clip_value]."""
    settle()
    for g in _gradients(parameters):
        np.clip(g._a, -float(clip_value), float(clip_value), out=g._a)
        bump(g)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters as one vector."""
    return REGISTRY["cat"].public([p.view(-1) for p in parameters])  # type: ignore[no-any-return]


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Set the parameters to parts of a vector."""
    start = 0
    for p in parameters:
        n = p._a.size
        p.data = vec[start : start + n].view_as(p).data
        start += n
