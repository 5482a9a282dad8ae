"""Normalisation over a batch."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..autograd.mode import no_grad
from ..functions import function
from ..tensor import Tensor


def _per_channel(values: Tensor, ndim: int) -> Tensor:
    return values.view(1, -1, *[1] * (ndim - 2))  # type: ignore[no-any-return]


@function(name="nn.functional.batch_norm")
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel (dimension 1).

    In training mean and (biased) variance are the batch's, and the running ones move towards them by ``momentum``, the
    variance unbiased; else the running ones are used (Ioffe & Szegedy 2015).

    Raises:
        ValueError: in training with one value a channel.
    """
    ndim = input.ndim
    if not training:
        if running_mean is None or running_var is None:
            raise errors.runtime("Expected running_mean and running_var to be defined when training=False")
        centred = input - _per_channel(running_mean, ndim)
        scale = (_per_channel(running_var, ndim) + eps).rsqrt()
    else:
        count = input.numel() // max(input.shape[1], 1)
        if count <= 1:
            raise errors.value(f"Expected more than 1 value per channel when training, got input size {input.shape}")
        dims = [d for d in range(ndim) if d != 1]
        mean = input.mean(dims, True)
        centred = input - mean
        var = (centred * centred).mean(dims, True)
        scale = (var + eps).rsqrt()
        with no_grad():
            if running_mean is not None:
                running_mean.mul_(1 - momentum).add_(mean.reshape(-1), alpha=momentum)
            if running_var is not None:
                running_var.mul_(1 - momentum).add_(var.reshape(-1), alpha=momentum * count / (count - 1))
    out: Any = centred * scale
    out = out if weight is None else out * _per_channel(weight, ndim)
    return out if bias is None else out + _per_channel(bias, ndim)  # type: ignore[no-any-return]
