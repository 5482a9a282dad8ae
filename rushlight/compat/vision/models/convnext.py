"""ConvNeXt (Liu et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from rushlight import nn, ones
from rushlight.nn import functional as F

from ..ops.misc import Conv2dNormActivation, Permute
from ..ops.stochastic_depth import StochasticDepth
from ._api import published
from ._utils import builder


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of (N, C, H, W)."""

    def forward(self, x: Any) -> Any:
        """The input, normalised at each place."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """A 7 x 7 convolution of each channel, a hidden layer at each place, a scale; beside a shortcut."""

    def __init__(self, dim: int, layer_scale: float, stochastic_depth_prob: float, norm_layer: Any = None):
        super().__init__()
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block: Any = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            norm_layer(dim),
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale: Any = nn.Parameter(ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth: Any = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: Any) -> Any:
        """The input, changed by what the layers add."""
        result = self.stochastic_depth(self.layer_scale * self.block(input))
        result += input
        return result


class CNBlockConfig:
    """A stage: channels, those of the next one (None: the last), number of blocks."""

    input_channels: int
    out_channels: int | None
    num_layers: int

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int):
        self.input_channels, self.out_channels, self.num_layers = input_channels, out_channels, num_layers

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value}' for key, value in vars(self).items())})"


class ConvNeXt(nn.Module):
    """Patches of 4 x 4, stages as ``block_setting`` says, half the size between them."""

    def __init__(
        self, block_setting: Any, stochastic_depth_prob: float = 0.0, layer_scale: float = 1e-6, num_classes: int = 1000,
        block: Any = None, norm_layer: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not isinstance(block_setting, Sequence) or not all(isinstance(s, CNBlockConfig) for s in block_setting):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        block, norm_layer = block or CNBlock, norm_layer or partial(LayerNorm2d, eps=1e-6)
        first = block_setting[0].input_channels
        layers: list[Any] = [
            Conv2dNormActivation(3, first, 4, 4, 0, norm_layer=norm_layer, activation_layer=None, bias=True)
        ]
        total, number = sum(stage.num_layers for stage in block_setting), 0
        for stage in block_setting:
            blocks = []
            for _ in range(stage.num_layers):
                left_out = stochastic_depth_prob * number / (total - 1.0)
                blocks.append(block(stage.input_channels, layer_scale, left_out))
                number += 1
            layers.append(nn.Sequential(*blocks))
            if stage.out_channels is not None:
                smaller = nn.Conv2d(stage.input_channels, stage.out_channels, kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm_layer(stage.input_channels), smaller))
        self.features: Any = nn.Sequential(*layers)
        self.avgpool: Any = nn.AdaptiveAvgPool2d(1)
        stage = block_setting[-1]
        width = stage.input_channels if stage.out_channels is None else stage.out_channels
        self.classifier: Any = nn.Sequential(norm_layer(width), nn.Flatten(1), nn.Linear(width, num_classes))
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def _forward_impl(self, x: Any) -> Any:
        return self.classifier(self.avgpool(self.features(x)))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self._forward_impl(x)


def _convnext(width: int, third: int, left_out: float, **kwargs: Any) -> Any:
    widths = [width, 2 * width, 4 * width, 8 * width]
    stages = [CNBlockConfig(*row) for row in zip(widths, [*widths[1:], None], (3, 3, third, 3), strict=True)]
    return ConvNeXt(stages, kwargs.pop("stochastic_depth_prob", left_out), **kwargs)


ConvNeXt_Tiny_Weights: type[Any] = published("ConvNeXt_Tiny_Weights")
ConvNeXt_Small_Weights: type[Any] = published("ConvNeXt_Small_Weights")
ConvNeXt_Base_Weights: type[Any] = published("ConvNeXt_Base_Weights")
ConvNeXt_Large_Weights: type[Any] = published("ConvNeXt_Large_Weights")
convnext_tiny: Any = builder("convnext_tiny", ConvNeXt_Tiny_Weights, partial(_convnext, 96, 9, 0.1), "ConvNeXt, tiny.")
convnext_small: Any = builder(
    "convnext_small", ConvNeXt_Small_Weights, partial(_convnext, 96, 27, 0.4), "ConvNeXt, small."
)
convnext_base: Any = builder(
    "convnext_base", ConvNeXt_Base_Weights, partial(_convnext, 128, 27, 0.5), "ConvNeXt, base."
)
convnext_large: Any = builder(
    "convnext_large", ConvNeXt_Large_Weights, partial(_convnext, 192, 27, 0.5), "ConvNeXt, large."
)
