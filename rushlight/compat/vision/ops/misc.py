"""Layers: normalisation by constants, convolution and what follows it, channels weighted by what all of them hold, a permutation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from rushlight import nn, ones, zeros


class FrozenBatchNorm2d(nn.Module):
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

    def forward(self, x: Any) -> Any:
        """The input, scaled and shifted per channel."""
        w, b, var, mean = (
            t.reshape(1, -1, 1, 1) for t in (self.weight, self.bias, self.running_var, self.running_mean)
        )
        scale = w * (var + self.eps).rsqrt()
        return x * scale + (b - mean * scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


def _tuple(value: Any, length: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,) * length


class ConvNormActivation(nn.Sequential):
    """A convolution, ``norm_layer`` and ``activation_layer``, each unless it is None.

    Without ``padding`` the size is kept, but for ``stride``. Without ``bias`` there is one if nothing normalises.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = None, groups: int = 1,
        norm_layer: Any = nn.BatchNorm2d, activation_layer: Any = nn.ReLU, dilation: Any = 1, inplace: bool | None = True,
        bias: bool | None = None, conv_layer: Any = nn.Conv2d,
    ):  # fmt: skip
        if padding is None:
            if isinstance(kernel_size, int) and isinstance(dilation, int):
                padding = (kernel_size - 1) // 2 * dilation
            else:
                count = len(kernel_size if isinstance(kernel_size, Sequence) else dilation)
                kernel_size, dilation = _tuple(kernel_size, count), _tuple(dilation, count)
                padding = tuple((k - 1) // 2 * d for k, d in zip(kernel_size, dilation, strict=True))
        bias = norm_layer is None if bias is None else bias
        layers = [
            conv_layer(
                in_channels, out_channels, kernel_size, stride, padding, dilation=dilation, groups=groups, bias=bias
            )
        ]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**_inplace(inplace)))
        super().__init__(*layers)
        self.out_channels = out_channels
        if type(self) is ConvNormActivation:
            warnings.warn(
                "Don't use ConvNormActivation directly, please use Conv2dNormActivation and Conv3dNormActivation instead.",
                stacklevel=2,
            )


def _inplace(value: bool | None) -> dict[str, Any]:
    return {} if value is None else {"inplace": value}


class Conv2dNormActivation(ConvNormActivation):
    """``Conv2d``, normalisation, activation."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = None, groups: int = 1,
        norm_layer: Any = nn.BatchNorm2d, activation_layer: Any = nn.ReLU, dilation: Any = 1, inplace: bool | None = True,
        bias: bool | None = None,
    ):  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, groups, norm_layer, activation_layer, dilation, inplace, bias,
            nn.Conv2d,
        )  # fmt: skip


class Conv3dNormActivation(ConvNormActivation):
    """``Conv3d``, normalisation, activation."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = None, groups: int = 1,
        norm_layer: Any = nn.BatchNorm3d, activation_layer: Any = nn.ReLU, dilation: Any = 1, inplace: bool | None = True,
        bias: bool | None = None,
    ):  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, groups, norm_layer, activation_layer, dilation, inplace, bias,
            nn.Conv3d,
        )  # fmt: skip


class SqueezeExcitation(nn.Module):
    """Channels times a weight each, which two 1 x 1 convolutions compute from the means of all."""

    def __init__(
        self, input_channels: int, squeeze_channels: int, activation: Any = nn.ReLU, scale_activation: Any = nn.Sigmoid
    ):
        super().__init__()
        self.avgpool: Any = nn.AdaptiveAvgPool2d(1)
        self.fc1: Any = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2: Any = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation: Any = activation()
        self.scale_activation: Any = scale_activation()

    def _scale(self, input: Any) -> Any:
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(input)))))

    def forward(self, input: Any) -> Any:
        """The input, weighted."""
        return self._scale(input) * input


class MLP(nn.Sequential):
    """Linear layers of ``hidden_channels``, with normalisation, activation and dropout between them, and dropout at the end."""

    def __init__(
        self, in_channels: int, hidden_channels: list[int], norm_layer: Any = None, activation_layer: Any = nn.ReLU,
        inplace: bool | None = None, bias: bool = True, dropout: float = 0.0,
    ):  # fmt: skip
        options = _inplace(inplace)
        layers: list[Any] = []
        for i, width in enumerate(hidden_channels):
            layers.append(nn.Linear(in_channels, width, bias=bias))
            if i < len(hidden_channels) - 1:
                layers += [norm_layer(width)] if norm_layer is not None else []
                layers.append(activation_layer(**options))
            layers.append(nn.Dropout(dropout, **options))
            in_channels = width
        super().__init__(*layers)


class Permute(nn.Module):
    """Dimensions in another order."""

    def __init__(self, dims: list[int]):
        super().__init__()
        self.dims = dims

    def forward(self, x: Any) -> Any:
        """A view."""
        return x.permute(self.dims)
