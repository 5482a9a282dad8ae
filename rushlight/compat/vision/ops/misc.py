"""Layers: normalisation by constants, and channels weighted by what all of them hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....nn import AdaptiveAvgPool2d, Conv2d, Module, ReLU, Sigmoid
from ....ops.create import ones, zeros
from ....tensor import Tensor


class FrozenBatchNorm2d(Module):
    """Batch normalisation of (N, C, H, W) whose statistics and factors do not change: ``(x - mean) / sqrt(var + eps) * weight + bias``."""

    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", ones(num_features))
        self.register_buffer("bias", zeros(num_features))
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        # A checkpoint of a BatchNorm2d counts its batches too.
        state_dict.pop(prefix + "num_batches_tracked", None)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Any:
        """The input, scaled and shifted per channel."""
        w, b, mean, var = (
            t.reshape(1, -1, 1, 1) for t in (self.weight, self.bias, self.running_mean, self.running_var)
        )
        scale = w * (var + self.eps).rsqrt()
        return x * scale + (b - mean * scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


class SqueezeExcitation(Module):
    """Channels times a weight each, which two 1 x 1 convolutions compute from the means of all."""

    def __init__(
        self, input_channels: int, squeeze_channels: int, activation: Callable[..., Any] = ReLU,
        scale_activation: Callable[..., Any] = Sigmoid,
    ):  # fmt: skip
        super().__init__()
        self.avgpool: Any = AdaptiveAvgPool2d(1)
        self.fc1: Any = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2: Any = Conv2d(squeeze_channels, input_channels, 1)
        self.activation: Any = activation()
        self.scale_activation: Any = scale_activation()

    def forward(self, input: Tensor) -> Any:
        """The input, weighted."""
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(input))))) * input
