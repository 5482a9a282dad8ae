"""ShuffleNet v2 (Ma et al. 2018)."""

from __future__ import annotations

from functools import partial
from typing import Any

from rushlight import cat, nn

from ._api import published
from ._utils import builder


def channel_shuffle(x: Any, groups: int) -> Any:
    """The first channel of each group, then the second of each, and so on."""
    n, channels, height, width = x.size()
    grouped = x.view(n, groups, channels // groups, height, width)
    return grouped.transpose(1, 2).contiguous().view(n, channels, height, width)


class InvertedResidual(nn.Module):
    """Half of the channels pass, the others go through convolutions; with a stride, all go through both ways."""

    def __init__(self, inp: int, oup: int, stride: int):
        super().__init__()
        if not 1 <= stride <= 3:
            raise ValueError("illegal stride value")
        self.stride = stride
        half = oup // 2
        if stride == 1 and inp != half * 2:
            raise ValueError(
                f"Invalid combination of stride {stride}, inp {inp} and oup {oup} values. If stride == 1 then inp should be equal "
                "to oup // 2 << 1."
            )
        self.branch1: Any = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(
                self.depthwise_conv(inp, inp, 3, stride, 1),
                nn.BatchNorm2d(inp),
                *self._pointwise(inp, half),
            )
        self.branch2: Any = nn.Sequential(
            *self._pointwise(inp if stride > 1 else half, half),
            self.depthwise_conv(half, half, 3, stride, 1),
            nn.BatchNorm2d(half),
            *self._pointwise(half, half),
        )

    @staticmethod
    def _pointwise(i: int, o: int) -> tuple[Any, ...]:
        return nn.Conv2d(i, o, 1, 1, 0, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)

    @staticmethod
    def depthwise_conv(i: int, o: int, kernel_size: int, stride: int = 1, padding: int = 0, bias: bool = False) -> Any:
        """A convolution of each channel by itself."""
        return nn.Conv2d(i, o, kernel_size, stride, padding, bias=bias, groups=i)

    def forward(self, x: Any) -> Any:
        """Both halves, shuffled."""
        first, second = x.chunk(2, dim=1) if self.stride == 1 else (self.branch1(x), x)
        return channel_shuffle(cat((first, self.branch2(second)), dim=1), 2)


class ShuffleNetV2(nn.Module):
    """Three stages of ``stages_repeats`` blocks; ``stages_out_channels`` are those of stem, stages and last convolution."""

    def __init__(
        self, stages_repeats: list[int], stages_out_channels: list[int], num_classes: int = 1000,
        inverted_residual: Any = InvertedResidual,
    ):  # fmt: skip
        super().__init__()
        if len(stages_repeats) != 3:
            raise ValueError("expected stages_repeats as list of 3 positive ints")
        if len(stages_out_channels) != 5:
            raise ValueError("expected stages_out_channels as list of 5 positive ints")
        self._stage_out_channels = stages_out_channels
        channels, *stages, last = stages_out_channels
        self.conv1: Any = nn.Sequential(
            nn.Conv2d(3, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )
        self.maxpool: Any = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for i, (repeats, out) in enumerate(zip(stages_repeats, stages, strict=True), 2):
            blocks = [
                inverted_residual(channels, out, 2),
                *(inverted_residual(out, out, 1) for _ in range(repeats - 1)),
            ]
            setattr(self, f"stage{i}", nn.Sequential(*blocks))
            channels = out
        self.conv5: Any = nn.Sequential(
            nn.Conv2d(channels, last, 1, 1, 0, bias=False), nn.BatchNorm2d(last), nn.ReLU(inplace=True)
        )
        self.fc: Any = nn.Linear(last, num_classes)

    def _forward_impl(self, x: Any) -> Any:
        x = self.stage4(self.stage3(self.stage2(self.maxpool(self.conv1(x)))))
        return self.fc(self.conv5(x).mean([2, 3]))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self._forward_impl(x)


def _made(name: str, weights: Any, *channels: int) -> Any:
    about = f"ShuffleNet v2, {name[-3:].replace('_', '.')} times as wide."
    made = builder(name, weights, partial(ShuffleNetV2, [4, 8, 4], [24, *channels]), about)
    made.__module__ = __name__
    return made


ShuffleNet_V2_X0_5_Weights: type[Any] = published("ShuffleNet_V2_X0_5_Weights")
ShuffleNet_V2_X1_0_Weights: type[Any] = published("ShuffleNet_V2_X1_0_Weights")
ShuffleNet_V2_X1_5_Weights: type[Any] = published("ShuffleNet_V2_X1_5_Weights")
ShuffleNet_V2_X2_0_Weights: type[Any] = published("ShuffleNet_V2_X2_0_Weights")
shufflenet_v2_x0_5: Any = _made("shufflenet_v2_x0_5", ShuffleNet_V2_X0_5_Weights, 48, 96, 192, 1024)
shufflenet_v2_x1_0: Any = _made("shufflenet_v2_x1_0", ShuffleNet_V2_X1_0_Weights, 116, 232, 464, 1024)
shufflenet_v2_x1_5: Any = _made("shufflenet_v2_x1_5", ShuffleNet_V2_X1_5_Weights, 176, 352, 704, 1024)
shufflenet_v2_x2_0: Any = _made("shufflenet_v2_x2_0", ShuffleNet_V2_X2_0_Weights, 244, 488, 976, 2048)
