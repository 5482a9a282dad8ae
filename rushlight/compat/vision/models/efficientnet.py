"""EfficientNet (Tan and Le 2019) and EfficientNet v2 (2021)."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rushlight import flatten, nn

from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ..ops.stochastic_depth import StochasticDepth
from ._api import published
from ._utils import _make_divisible, builder, fan_out, initialize


@dataclass
class _MBConvConfig:
    """Sizes of a stage."""

    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int
    block: Any

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        """Channels of a wider network, a multiple of 8."""
        return _make_divisible(channels * width_mult, 8, min_value)


class MBConvConfig(_MBConvConfig):
    """A stage of ``MBConv``, of a network ``width_mult`` times as wide and ``depth_mult`` times as deep."""

    def __init__(
        self, expand_ratio: float, kernel: int, stride: int, input_channels: int, out_channels: int, num_layers: int,
        width_mult: float = 1.0, depth_mult: float = 1.0, block: Any = None,
    ):  # fmt: skip
        channels = (self.adjust_channels(n, width_mult) for n in (input_channels, out_channels))
        super().__init__(
            expand_ratio, kernel, stride, *channels, self.adjust_depth(num_layers, depth_mult), block or MBConv
        )  # type: ignore[call-arg]

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        """Layers of a deeper network."""
        return int(math.ceil(num_layers * depth_mult))


class FusedMBConvConfig(_MBConvConfig):
    """A stage of ``FusedMBConv``."""

    def __init__(
        self, expand_ratio: float, kernel: int, stride: int, input_channels: int, out_channels: int, num_layers: int,
        block: Any = None,
    ):  # fmt: skip
        super().__init__(expand_ratio, kernel, stride, input_channels, out_channels, num_layers, block or FusedMBConv)


class _Block(nn.Module):
    """Layers beside a shortcut, where sizes agree; in training they are left out for some pictures."""

    def __init__(self, cnf: Any, stochastic_depth_prob: float, layers: list[Any]):
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block: Any = nn.Sequential(*layers)
        self.stochastic_depth: Any = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: Any) -> Any:
        """The input, changed by what the layers add, or what they make of it."""
        result = self.block(input)
        if self.use_res_connect:
            result = self.stochastic_depth(result)
            result += input
        return result


class MBConv(_Block):
    """More channels by 1 x 1, a convolution of each channel, weights of channels, fewer by 1 x 1."""

    def __init__(self, cnf: Any, stochastic_depth_prob: float, norm_layer: Any, se_layer: Any = SqueezeExcitation):
        inner = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers: list[Any] = []
        if inner != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, inner, kernel_size=1, **common))
        layers.append(Conv2dNormActivation(inner, inner, cnf.kernel, cnf.stride, groups=inner, **common))
        layers.append(se_layer(inner, max(1, cnf.input_channels // 4), activation=partial(nn.SiLU, inplace=True)))
        layers.append(
            Conv2dNormActivation(inner, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None)
        )
        super().__init__(cnf, stochastic_depth_prob, layers)


class FusedMBConv(_Block):
    """More channels by one full convolution, fewer by 1 x 1; one convolution if there are not more inside."""

    def __init__(self, cnf: Any, stochastic_depth_prob: float, norm_layer: Any):
        inner = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        wider = inner != cnf.input_channels
        layers = [
            Conv2dNormActivation(
                cnf.input_channels, inner if wider else cnf.out_channels, cnf.kernel, cnf.stride, norm_layer=norm_layer,
                activation_layer=nn.SiLU,
            )
        ]  # fmt: skip
        if wider:
            layers.append(
                Conv2dNormActivation(
                    inner, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None
                )
            )
        super().__init__(cnf, stochastic_depth_prob, layers)


class EfficientNet(nn.Module):
    """Stages as ``inverted_residual_setting`` says; later layers are left out more often in training, up to ``stochastic_depth_prob``."""

    def __init__(
        self, inverted_residual_setting: Any, dropout: float, stochastic_depth_prob: float = 0.2, num_classes: int = 1000,
        norm_layer: Any = None, last_channel: int | None = None,
    ):  # fmt: skip
        super().__init__()
        setting = inverted_residual_setting
        if not setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(setting, Sequence) or not all(isinstance(item, _MBConvConfig) for item in setting):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        norm_layer = norm_layer or nn.BatchNorm2d
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers: list[Any] = [Conv2dNormActivation(3, setting[0].input_channels, kernel_size=3, stride=2, **common)]
        total, number = sum(item.num_layers for item in setting), 0
        for item in setting:
            blocks = []
            for _ in range(item.num_layers):
                own = copy.copy(item)
                if blocks:
                    own.input_channels, own.stride = own.out_channels, 1
                blocks.append(own.block(own, stochastic_depth_prob * float(number) / total, norm_layer))
                number += 1
            layers.append(nn.Sequential(*blocks))
        last = setting[-1].out_channels
        wide = 4 * last if last_channel is None else last_channel
        layers.append(Conv2dNormActivation(last, wide, kernel_size=1, **common))
        self.features: Any = nn.Sequential(*layers)
        self.avgpool: Any = nn.AdaptiveAvgPool2d(1)
        self.classifier: Any = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(wide, num_classes))
        initialize(self, fan_out, _spread)

    def _forward_impl(self, x: Any) -> Any:
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self._forward_impl(x)


def _spread(weight: Any) -> None:
    bound = 1.0 / math.sqrt(weight.shape[0])
    nn.init.uniform_(weight, -bound, bound)


#: Expansion, kernel, stride, channels in and out, layers of each stage.
_B0 = (
    (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3), (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)  # fmt: skip
#: The first three are fused.
_V2 = {
    "s": (
        (1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4), (4, 3, 2, 64, 128, 6), (6, 3, 1, 128, 160, 9),
        (6, 3, 2, 160, 256, 15),
    ),
    "m": (
        (1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5), (4, 3, 2, 80, 160, 7), (6, 3, 1, 160, 176, 14),
        (6, 3, 2, 176, 304, 18), (6, 3, 1, 304, 512, 5),
    ),
    "l": (
        (1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7), (4, 3, 2, 96, 192, 10), (6, 3, 1, 192, 224, 19),
        (6, 3, 2, 224, 384, 25), (6, 3, 1, 384, 640, 7),
    ),
}  # fmt: skip


def _first(width: float, depth: float, dropout: float, norm: Any, **kwargs: Any) -> Any:
    stages = [MBConvConfig(*row, width_mult=width, depth_mult=depth) for row in _B0]
    return _efficientnet(stages, dropout, None, norm, kwargs)


def _second(size: str, dropout: float, **kwargs: Any) -> Any:
    stages = [(FusedMBConvConfig if i < 3 else MBConvConfig)(*row) for i, row in enumerate(_V2[size])]
    return _efficientnet(stages, dropout, 1280, partial(nn.BatchNorm2d, eps=1e-3), kwargs)


def _efficientnet(stages: Any, dropout: float, last: int | None, norm: Any, kwargs: dict[str, Any]) -> Any:
    if norm is not None:
        kwargs = {"norm_layer": norm, **kwargs}
    return EfficientNet(stages, kwargs.pop("dropout", dropout), last_channel=last, **kwargs)


_NORM = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
EfficientNet_B0_Weights: type[Any] = published("EfficientNet_B0_Weights")
EfficientNet_B1_Weights: type[Any] = published("EfficientNet_B1_Weights")
EfficientNet_B2_Weights: type[Any] = published("EfficientNet_B2_Weights")
EfficientNet_B3_Weights: type[Any] = published("EfficientNet_B3_Weights")
EfficientNet_B4_Weights: type[Any] = published("EfficientNet_B4_Weights")
EfficientNet_B5_Weights: type[Any] = published("EfficientNet_B5_Weights")
EfficientNet_B6_Weights: type[Any] = published("EfficientNet_B6_Weights")
EfficientNet_B7_Weights: type[Any] = published("EfficientNet_B7_Weights")
EfficientNet_V2_S_Weights: type[Any] = published("EfficientNet_V2_S_Weights")
EfficientNet_V2_M_Weights: type[Any] = published("EfficientNet_V2_M_Weights")
EfficientNet_V2_L_Weights: type[Any] = published("EfficientNet_V2_L_Weights")

efficientnet_b0: Any = builder(
    "efficientnet_b0", EfficientNet_B0_Weights, partial(_first, 1.0, 1.0, 0.2, None), "EfficientNet B0."
)
efficientnet_b1: Any = builder(
    "efficientnet_b1", EfficientNet_B1_Weights, partial(_first, 1.0, 1.1, 0.2, None), "EfficientNet B1."
)
efficientnet_b2: Any = builder(
    "efficientnet_b2", EfficientNet_B2_Weights, partial(_first, 1.1, 1.2, 0.3, None), "EfficientNet B2."
)
efficientnet_b3: Any = builder(
    "efficientnet_b3", EfficientNet_B3_Weights, partial(_first, 1.2, 1.4, 0.3, None), "EfficientNet B3."
)
efficientnet_b4: Any = builder(
    "efficientnet_b4", EfficientNet_B4_Weights, partial(_first, 1.4, 1.8, 0.4, None), "EfficientNet B4."
)
efficientnet_b5: Any = builder(
    "efficientnet_b5", EfficientNet_B5_Weights, partial(_first, 1.6, 2.2, 0.4, _NORM), "EfficientNet B5."
)
efficientnet_b6: Any = builder(
    "efficientnet_b6", EfficientNet_B6_Weights, partial(_first, 1.8, 2.6, 0.5, _NORM), "EfficientNet B6."
)
efficientnet_b7: Any = builder(
    "efficientnet_b7", EfficientNet_B7_Weights, partial(_first, 2.0, 3.1, 0.5, _NORM), "EfficientNet B7."
)
efficientnet_v2_s: Any = builder(
    "efficientnet_v2_s", EfficientNet_V2_S_Weights, partial(_second, "s", 0.2), "EfficientNet v2, small."
)
efficientnet_v2_m: Any = builder(
    "efficientnet_v2_m", EfficientNet_V2_M_Weights, partial(_second, "m", 0.3), "EfficientNet v2, medium."
)
efficientnet_v2_l: Any = builder(
    "efficientnet_v2_l", EfficientNet_V2_L_Weights, partial(_second, "l", 0.4), "EfficientNet v2, large."
)
