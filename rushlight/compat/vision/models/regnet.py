"""RegNet (Radosavovic et al. 2020): widths of blocks follow a line."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import Any

import rushlight as torch
from rushlight import nn

from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ._api import published
from ._utils import _make_divisible, builder


class SimpleStemIN(Conv2dNormActivation):
    """A 3 x 3 convolution to half the size."""

    def __init__(self, width_in: int, width_out: int, norm_layer: Any, activation_layer: Any):
        super().__init__(width_in, width_out, 3, 2, norm_layer=norm_layer, activation_layer=activation_layer)


class BottleneckTransform(nn.Sequential):
    """1 x 1, 3 x 3 in groups, weights of channels if ``se_ratio``, 1 x 1."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, norm_layer: Any, activation_layer: Any, group_width: int,
        bottleneck_multiplier: float, se_ratio: float | None,
    ):  # fmt: skip
        inner = int(round(width_out * bottleneck_multiplier))
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": activation_layer}
        layers: OrderedDict[str, Any] = OrderedDict()
        layers["a"] = Conv2dNormActivation(width_in, inner, 1, 1, **common)
        layers["b"] = Conv2dNormActivation(inner, inner, 3, stride, groups=inner // group_width, **common)
        if se_ratio:
            layers["se"] = SqueezeExcitation(inner, int(round(se_ratio * width_in)), activation=activation_layer)
        layers["c"] = Conv2dNormActivation(inner, width_out, 1, 1, norm_layer=norm_layer, activation_layer=None)
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    """A bottleneck beside a shortcut, which is a convolution where sizes differ."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, norm_layer: Any, activation_layer: Any, group_width: int = 1,
        bottleneck_multiplier: float = 1.0, se_ratio: float | None = None,
    ):  # fmt: skip
        super().__init__()
        self.proj: Any = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, 1, stride, norm_layer=norm_layer, activation_layer=None
            )
        self.f: Any = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width, bottleneck_multiplier, se_ratio
        )
        self.activation: Any = activation_layer(inplace=True)

    def forward(self, x: Any) -> Any:
        """Both ways, added."""
        return self.activation((x if self.proj is None else self.proj(x)) + self.f(x))


class AnyStage(nn.Sequential):
    """Blocks of one width; the first has the stride."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, depth: int, block_constructor: Any, norm_layer: Any,
        activation_layer: Any, group_width: int, bottleneck_multiplier: float, se_ratio: float | None = None,
        stage_index: int = 0,
    ):  # fmt: skip
        super().__init__()
        for i in range(depth):
            before, step = (width_out, 1) if i else (width_in, stride)
            block = block_constructor(
                before, width_out, step, norm_layer, activation_layer, group_width, bottleneck_multiplier, se_ratio
            )
            self.add_module(f"block{stage_index}-{i}", block)


class BlockParams:
    """What the stages are made of."""

    depths: list[int]
    widths: list[int]
    group_widths: list[int]
    bottleneck_multipliers: list[float]
    strides: list[int]
    se_ratio: float | None

    def __init__(
        self, depths: list[int], widths: list[int], group_widths: list[int], bottleneck_multipliers: list[float],
        strides: list[int], se_ratio: float | None = None,
    ):  # fmt: skip
        self.depths, self.widths, self.group_widths = depths, widths, group_widths
        self.bottleneck_multipliers, self.strides, self.se_ratio = bottleneck_multipliers, strides, se_ratio

    @classmethod
    def from_init_params(
        cls, depth: int, w_0: int, w_a: float, w_m: float, group_width: int, bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None, **kwargs: Any,
    ) -> BlockParams:  # fmt: skip
        """Widths ``w_0 + w_a i`` of ``depth`` blocks, rounded to ``w_0`` times powers of ``w_m`` and to multiples of 8.

        In float32, as PyTorch computes them: a width at the edge may fall on the other side in float64.
        """
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        line: Any = torch.arange(depth) * w_a + w_0
        power = torch.round(torch.log(line / w_0) / math.log(w_m))
        each = (torch.round(torch.divide(w_0 * torch.pow(w_m, power), 8)) * 8).int().tolist()
        widths, depths = [], []
        for i, width in enumerate(each):
            if i and width == each[i - 1]:
                depths[-1] += 1
            else:
                widths.append(width)
                depths.append(1)
        stages = len(widths)
        inner = [int(width * bottleneck_multiplier) for width in widths]
        groups = [min(group_width, width) for width in inner]
        inner = [_make_divisible(width, group) for width, group in zip(inner, groups, strict=True)]
        widths = [int(width / bottleneck_multiplier) for width in inner]
        return cls(depths, widths, groups, [bottleneck_multiplier] * stages, [2] * stages, se_ratio)

    def _get_expanded_params(self) -> Iterator[Any]:
        return zip(self.widths, self.strides, self.depths, self.group_widths, self.bottleneck_multipliers, strict=True)


class RegNet(nn.Module):
    """A stem, stages as ``block_params`` says, the mean over the picture and a linear layer."""

    def __init__(
        self, block_params: BlockParams, num_classes: int = 1000, stem_width: int = 32, stem_type: Any = None,
        block_type: Any = None, norm_layer: Any = None, activation: Any = None,
    ):  # fmt: skip
        super().__init__()
        norm, active = norm_layer or nn.BatchNorm2d, activation or nn.ReLU
        self.stem: Any = (stem_type or SimpleStemIN)(3, stem_width, norm, active)
        before = stem_width
        stages = OrderedDict()
        for i, (width, stride, depth, group, multiplier) in enumerate(block_params._get_expanded_params(), 1):
            stages[f"block{i}"] = AnyStage(
                before, width, stride, depth, block_type or ResBottleneckBlock, norm, active, group, multiplier,
                block_params.se_ratio, i,
            )  # fmt: skip
            before = width
        self.trunk_output: Any = nn.Sequential(stages)
        self.avgpool: Any = nn.AdaptiveAvgPool2d((1, 1))
        self.fc: Any = nn.Linear(before, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, mean=0.0, std=math.sqrt(2.0 / fan))
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self.fc(self.avgpool(self.trunk_output(self.stem(x))).flatten(start_dim=1))


def _regnet(se_ratio: float | None, depth: int, w_0: int, w_a: float, w_m: float, group: int, **kwargs: Any) -> Any:
    params = BlockParams.from_init_params(depth, w_0, w_a, w_m, group, se_ratio=se_ratio, **kwargs)
    norm = kwargs.pop("norm_layer", partial(nn.BatchNorm2d, eps=1e-05, momentum=0.1))
    return RegNet(params, norm_layer=norm, **kwargs)


#: Depth, w_0, w_a, w_m and width of groups.
_SIZES: dict[str, tuple[Any, ...]] = {
    "y_400mf": (16, 48, 27.89, 2.09, 8),
    "y_800mf": (14, 56, 38.84, 2.4, 16),
    "y_1_6gf": (27, 48, 20.71, 2.65, 24),
    "y_3_2gf": (21, 80, 42.63, 2.66, 24),
    "y_8gf": (17, 192, 76.82, 2.19, 56),
    "y_16gf": (18, 200, 106.23, 2.48, 112),
    "y_32gf": (20, 232, 115.89, 2.53, 232),
    "y_128gf": (27, 456, 160.83, 2.52, 264),
    "x_400mf": (22, 24, 24.48, 2.54, 16),
    "x_800mf": (16, 56, 35.73, 2.28, 16),
    "x_1_6gf": (18, 80, 34.01, 2.25, 24),
    "x_3_2gf": (25, 88, 26.31, 2.25, 48),
    "x_8gf": (23, 80, 49.56, 2.88, 120),
    "x_16gf": (22, 216, 55.59, 2.1, 128),
    "x_32gf": (23, 320, 69.86, 2.0, 168),
}


def _made(name: str, weights: Any) -> Any:
    size = name.removeprefix("regnet_")
    make = partial(_regnet, 0.25 if size.startswith("y") else None, *_SIZES[size])
    legacy = None if size == "y_128gf" else "IMAGENET1K_V1"
    made = builder(name, weights, make, f"RegNet {size[0].upper()}, {size[2:].replace('_', '.').upper()}.", legacy)
    made.__module__ = __name__
    return made


RegNet_Y_400MF_Weights: type[Any] = published("RegNet_Y_400MF_Weights")
RegNet_Y_800MF_Weights: type[Any] = published("RegNet_Y_800MF_Weights")
RegNet_Y_1_6GF_Weights: type[Any] = published("RegNet_Y_1_6GF_Weights")
RegNet_Y_3_2GF_Weights: type[Any] = published("RegNet_Y_3_2GF_Weights")
RegNet_Y_8GF_Weights: type[Any] = published("RegNet_Y_8GF_Weights")
RegNet_Y_16GF_Weights: type[Any] = published("RegNet_Y_16GF_Weights")
RegNet_Y_32GF_Weights: type[Any] = published("RegNet_Y_32GF_Weights")
RegNet_Y_128GF_Weights: type[Any] = published("RegNet_Y_128GF_Weights")
RegNet_X_400MF_Weights: type[Any] = published("RegNet_X_400MF_Weights")
RegNet_X_800MF_Weights: type[Any] = published("RegNet_X_800MF_Weights")
RegNet_X_1_6GF_Weights: type[Any] = published("RegNet_X_1_6GF_Weights")
RegNet_X_3_2GF_Weights: type[Any] = published("RegNet_X_3_2GF_Weights")
RegNet_X_8GF_Weights: type[Any] = published("RegNet_X_8GF_Weights")
RegNet_X_16GF_Weights: type[Any] = published("RegNet_X_16GF_Weights")
RegNet_X_32GF_Weights: type[Any] = published("RegNet_X_32GF_Weights")

regnet_y_400mf: Any = _made("regnet_y_400mf", RegNet_Y_400MF_Weights)
regnet_y_800mf: Any = _made("regnet_y_800mf", RegNet_Y_800MF_Weights)
regnet_y_1_6gf: Any = _made("regnet_y_1_6gf", RegNet_Y_1_6GF_Weights)
regnet_y_3_2gf: Any = _made("regnet_y_3_2gf", RegNet_Y_3_2GF_Weights)
regnet_y_8gf: Any = _made("regnet_y_8gf", RegNet_Y_8GF_Weights)
regnet_y_16gf: Any = _made("regnet_y_16gf", RegNet_Y_16GF_Weights)
regnet_y_32gf: Any = _made("regnet_y_32gf", RegNet_Y_32GF_Weights)
regnet_y_128gf: Any = _made("regnet_y_128gf", RegNet_Y_128GF_Weights)
regnet_x_400mf: Any = _made("regnet_x_400mf", RegNet_X_400MF_Weights)
regnet_x_800mf: Any = _made("regnet_x_800mf", RegNet_X_800MF_Weights)
regnet_x_1_6gf: Any = _made("regnet_x_1_6gf", RegNet_X_1_6GF_Weights)
regnet_x_3_2gf: Any = _made("regnet_x_3_2gf", RegNet_X_3_2GF_Weights)
regnet_x_8gf: Any = _made("regnet_x_8gf", RegNet_X_8GF_Weights)
regnet_x_16gf: Any = _made("regnet_x_16gf", RegNet_X_16GF_Weights)
regnet_x_32gf: Any = _made("regnet_x_32gf", RegNet_X_32GF_Weights)
