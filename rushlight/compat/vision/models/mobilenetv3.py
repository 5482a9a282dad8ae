"""MobileNet v3 (Howard et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from rushlight import flatten, nn

from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ._api import published
from ._utils import _make_divisible, builder, fan_out, initialize, small


class InvertedResidualConfig:
    """Sizes of a block; ``activation`` is "RE" (ReLU) or "HS" (Hardswish)."""

    stride: int
    dilation: int

    def __init__(
        self, input_channels: int, kernel: int, expanded_channels: int, out_channels: int, use_se: bool, activation: str,
        stride: int, dilation: int, width_mult: float,
    ):  # fmt: skip
        self.input_channels: int = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels: int = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels: int = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs: bool = activation == "HS"
        self.stride, self.dilation = stride, dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        """Channels of a wider or narrower network, a multiple of 8."""
        return _make_divisible(channels * width_mult, 8)


class InvertedResidual(nn.Module):
    """As in MobileNet v2, with channels weighted before the last convolution."""

    def __init__(
        self, cnf: InvertedResidualConfig, norm_layer: Any,
        se_layer: Any = partial(SqueezeExcitation, scale_activation=nn.Hardsigmoid),  # noqa: B008
    ):  # fmt: skip
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect: bool = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        inner = cnf.expanded_channels
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.Hardswish if cnf.use_hs else nn.ReLU}
        layers: list[Any] = []
        if inner != cnf.input_channels:
            layers.append(Conv2dNormActivation(cnf.input_channels, inner, kernel_size=1, **common))
        layers.append(
            Conv2dNormActivation(
                inner,
                inner,
                cnf.kernel,
                1 if cnf.dilation > 1 else cnf.stride,
                dilation=cnf.dilation,
                groups=inner,
                **common,
            )
        )
        if cnf.use_se:
            layers.append(se_layer(inner, _make_divisible(inner // 4, 8)))
        layers.append(
            Conv2dNormActivation(inner, cnf.out_channels, kernel_size=1, norm_layer=norm_layer, activation_layer=None)
        )
        self.block: Any = nn.Sequential(*layers)
        self.out_channels: int = cnf.out_channels
        self._is_cn = cnf.stride > 1

    def forward(self, input: Any) -> Any:
        """The input, changed by what the convolutions add, or what they make of it."""
        result = self.block(input)
        if self.use_res_connect:
            result += input
        return result


class MobileNetV3(nn.Module):
    """Blocks as ``inverted_residual_setting`` says, then a classifier with a hidden layer of ``last_channel``."""

    def __init__(
        self, inverted_residual_setting: Any, last_channel: int, num_classes: int = 1000, block: Any = None,
        norm_layer: Any = None, dropout: float = 0.2, **kwargs: Any,
    ):  # fmt: skip
        super().__init__()
        if not inverted_residual_setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(inverted_residual_setting, Sequence) or not all(
            isinstance(item, InvertedResidualConfig) for item in inverted_residual_setting
        ):
            raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")
        block = block or InvertedResidual
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.Hardswish}
        first, last = inverted_residual_setting[0].input_channels, inverted_residual_setting[-1].out_channels
        self.features: Any = nn.Sequential(
            Conv2dNormActivation(3, first, kernel_size=3, stride=2, **common),
            *(block(item, norm_layer) for item in inverted_residual_setting),
            Conv2dNormActivation(last, 6 * last, kernel_size=1, **common),
        )
        self.avgpool: Any = nn.AdaptiveAvgPool2d(1)
        self.classifier: Any = nn.Sequential(
            nn.Linear(6 * last, last_channel), nn.Hardswish(inplace=True), nn.Dropout(p=dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )  # fmt: skip
        initialize(self, fan_out, small)

    def _forward_impl(self, x: Any) -> Any:
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self._forward_impl(x)


def _large(tail: int, dilation: int) -> list[tuple[Any, ...]]:
    last = 160 // tail
    return [
        (16, 3, 16, 16, False, "RE", 1, 1),
        (16, 3, 64, 24, False, "RE", 2, 1),
        (24, 3, 72, 24, False, "RE", 1, 1),
        (24, 5, 72, 40, True, "RE", 2, 1),
        (40, 5, 120, 40, True, "RE", 1, 1),
        (40, 5, 120, 40, True, "RE", 1, 1),
        (40, 3, 240, 80, False, "HS", 2, 1),
        (80, 3, 200, 80, False, "HS", 1, 1),
        (80, 3, 184, 80, False, "HS", 1, 1),
        (80, 3, 184, 80, False, "HS", 1, 1),
        (80, 3, 480, 112, True, "HS", 1, 1),
        (112, 3, 672, 112, True, "HS", 1, 1),
        (112, 5, 672, last, True, "HS", 2, dilation),
        (last, 5, 960 // tail, last, True, "HS", 1, dilation),
        (last, 5, 960 // tail, last, True, "HS", 1, dilation),
    ]


def _small(tail: int, dilation: int) -> list[tuple[Any, ...]]:
    last = 96 // tail
    return [
        (16, 3, 16, 16, True, "RE", 2, 1),
        (16, 3, 72, 24, False, "RE", 2, 1),
        (24, 3, 88, 24, False, "RE", 1, 1),
        (24, 5, 96, 40, True, "HS", 2, 1),
        (40, 5, 240, 40, True, "HS", 1, 1),
        (40, 5, 240, 40, True, "HS", 1, 1),
        (40, 5, 120, 48, True, "HS", 1, 1),
        (48, 5, 144, 48, True, "HS", 1, 1),
        (48, 5, 288, last, True, "HS", 2, dilation),
        (last, 5, 576 // tail, last, True, "HS", 1, dilation),
        (last, 5, 576 // tail, last, True, "HS", 1, dilation),
    ]


def _mobilenet_v3_conf(
    arch: str, width_mult: float = 1.0, reduced_tail: bool = False, dilated: bool = False, **kwargs: Any
) -> tuple[list[InvertedResidualConfig], int]:
    """Blocks and the width of the last hidden layer of "mobilenet_v3_large" or "mobilenet_v3_small"."""
    known = {"mobilenet_v3_large": (_large, 1280), "mobilenet_v3_small": (_small, 1024)}
    if arch not in known:
        raise ValueError(f"Unsupported model type {arch}")
    rows, last = known[arch]
    tail = 2 if reduced_tail else 1
    blocks = [InvertedResidualConfig(*row, width_mult) for row in rows(tail, 2 if dilated else 1)]
    return blocks, InvertedResidualConfig.adjust_channels(last // tail, width_mult)


def _mobilenet_v3(arch: str, **kwargs: Any) -> Any:
    blocks, last = _mobilenet_v3_conf(arch, **kwargs)
    return MobileNetV3(blocks, last, **kwargs)


MobileNet_V3_Large_Weights: type[Any] = published("MobileNet_V3_Large_Weights")
MobileNet_V3_Small_Weights: type[Any] = published("MobileNet_V3_Small_Weights")
mobilenet_v3_large: Any = builder(
    "mobilenet_v3_large",
    MobileNet_V3_Large_Weights,
    partial(_mobilenet_v3, "mobilenet_v3_large"),
    "MobileNet v3, large.",
)
mobilenet_v3_small: Any = builder(
    "mobilenet_v3_small",
    MobileNet_V3_Small_Weights,
    partial(_mobilenet_v3, "mobilenet_v3_small"),
    "MobileNet v3, small.",
)
