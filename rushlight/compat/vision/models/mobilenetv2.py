"""MobileNet v2 (Sandler et al. 2018)."""

from __future__ import annotations

from typing import Any

from rushlight import flatten, nn
from rushlight.nn import functional as F

from ..ops.misc import Conv2dNormActivation
from ._api import published
from ._utils import _make_divisible, builder, fan_out, initialize, small


class InvertedResidual(nn.Module):
    """More channels by 1 x 1, a 3 x 3 of each channel, fewer by 1 x 1; beside a shortcut where sizes agree."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int, norm_layer: Any = None):
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        norm_layer = norm_layer or nn.BatchNorm2d
        self.stride = stride
        inner = int(round(inp * expand_ratio))
        self.use_res_connect: bool = stride == 1 and inp == oup
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        layers = [Conv2dNormActivation(inp, inner, kernel_size=1, **common)] if expand_ratio != 1 else []
        layers.append(Conv2dNormActivation(inner, inner, stride=stride, groups=inner, **common))
        self.conv: Any = nn.Sequential(*layers, nn.Conv2d(inner, oup, 1, 1, 0, bias=False), norm_layer(oup))
        self.out_channels = oup
        self._is_cn = stride > 1

    def forward(self, x: Any) -> Any:
        """The input, changed by what the convolutions add, or what they make of it."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """Blocks (expansion, channels, count, stride) as ``inverted_residual_setting`` says, ``width_mult`` times as wide."""

    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0, inverted_residual_setting: Any = None, round_nearest: int = 8,
        block: Any = None, norm_layer: Any = None, dropout: float = 0.2,
    ):  # fmt: skip
        super().__init__()
        block, norm_layer = block or InvertedResidual, norm_layer or nn.BatchNorm2d
        if inverted_residual_setting is None:
            inverted_residual_setting = [
                [1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1],
            ]  # fmt: skip
        if not inverted_residual_setting or len(inverted_residual_setting[0]) != 4:
            raise ValueError(
                f"inverted_residual_setting should be non-empty or a 4-element list, got {inverted_residual_setting}"
            )
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        channels = _make_divisible(32 * width_mult, round_nearest)
        self.last_channel: int = _make_divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[Any] = [Conv2dNormActivation(3, channels, stride=2, **common)]
        for expand, out, count, stride in inverted_residual_setting:
            out = _make_divisible(out * width_mult, round_nearest)
            for i in range(count):
                features.append(block(channels, out, 1 if i else stride, expand_ratio=expand, norm_layer=norm_layer))
                channels = out
        features.append(Conv2dNormActivation(channels, self.last_channel, kernel_size=1, **common))
        self.features: Any = nn.Sequential(*features)
        self.classifier: Any = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
        initialize(self, fan_out, small)

    def _forward_impl(self, x: Any) -> Any:
        return self.classifier(flatten(F.adaptive_avg_pool2d(self.features(x), (1, 1)), 1))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self._forward_impl(x)


MobileNet_V2_Weights: type[Any] = published("MobileNet_V2_Weights")
mobilenet_v2: Any = builder("mobilenet_v2", MobileNet_V2_Weights, MobileNetV2, "MobileNet v2.")
