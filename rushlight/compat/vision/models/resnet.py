"""Residual networks (He et al. 2015), ResNeXt (Xie et al. 2016) and wide ones (Zagoruyko and Komodakis 2016)."""

from __future__ import annotations

from functools import partial
from typing import Any

from rushlight import flatten, nn

from ._api import published
from ._utils import builder, fan_out


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> Any:
    """A 3 x 3 convolution without bias that keeps the size, but for ``stride``."""
    return nn.Conv2d(in_planes, out_planes, 3, stride, dilation, dilation, groups, bias=False)


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> Any:
    """A 1 x 1 convolution without bias."""
    return nn.Conv2d(in_planes, out_planes, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: Any = None, groups: int = 1, base_width: int = 64,
        dilation: int = 1, norm_layer: Any = None,
    ):  # fmt: skip
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        norm_layer = norm_layer or nn.BatchNorm2d
        self.conv1: Any = conv3x3(inplanes, planes, stride)
        self.bn1: Any = norm_layer(planes)
        self.relu: Any = nn.ReLU(inplace=True)
        self.conv2: Any = conv3x3(planes, planes)
        self.bn2: Any = norm_layer(planes)
        self.downsample: Any = downsample
        self.stride = stride

    def forward(self, x: Any) -> Any:
        """The input, changed by what the convolutions add."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class Bottleneck(nn.Module):
    """A 3 x 3 convolution of fewer channels between two 1 x 1, beside a shortcut; the stride is in the middle."""

    expansion = 4

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: Any = None, groups: int = 1, base_width: int = 64,
        dilation: int = 1, norm_layer: Any = None,
    ):  # fmt: skip
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1: Any = conv1x1(inplanes, width)
        self.bn1: Any = norm_layer(width)
        self.conv2: Any = conv3x3(width, width, stride, groups, dilation)
        self.bn2: Any = norm_layer(width)
        self.conv3: Any = conv1x1(width, planes * self.expansion)
        self.bn3: Any = norm_layer(planes * self.expansion)
        self.relu: Any = nn.ReLU(inplace=True)
        self.downsample: Any = downsample
        self.stride = stride

    def forward(self, x: Any) -> Any:
        """The input, changed by what the convolutions add."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    """A convolution, four stages of blocks, the mean over the picture and a linear layer.

    Args:
        block: ``BasicBlock`` or ``Bottleneck``. layers: how many in each stage. num_classes: outputs.
        zero_init_residual: blocks begin as their shortcut. groups, width_per_group: of the middle convolution of a ``Bottleneck``.
        replace_stride_with_dilation: which of the last three stages keep their size. norm_layer: in place of ``BatchNorm2d``.
    """

    dilation: int
    groups: int
    base_width: int

    def __init__(
        self, block: Any, layers: list[int], num_classes: int = 1000, zero_init_residual: bool = False, groups: int = 1,
        width_per_group: int = 64, replace_stride_with_dilation: Any = None, norm_layer: Any = None,
    ):  # fmt: skip
        super().__init__()
        dilate = [False, False, False] if replace_stride_with_dilation is None else replace_stride_with_dilation
        if len(dilate) != 3:
            raise ValueError(f"replace_stride_with_dilation should be None or a 3-element tuple, got {dilate}")
        self._norm_layer: Any = norm_layer or nn.BatchNorm2d
        self.inplanes, self.dilation = 64, 1
        self.groups, self.base_width = groups, width_per_group
        self.conv1: Any = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1: Any = self._norm_layer(self.inplanes)
        self.relu: Any = nn.ReLU(inplace=True)
        self.maxpool: Any = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1: Any = self._make_layer(block, 64, layers[0])
        self.layer2: Any = self._make_layer(block, 128, layers[1], 2, dilate[0])
        self.layer3: Any = self._make_layer(block, 256, layers[2], 2, dilate[1])
        self.layer4: Any = self._make_layer(block, 512, layers[3], 2, dilate[2])
        self.avgpool: Any = nn.AdaptiveAvgPool2d((1, 1))
        self.fc: Any = nn.Linear(512 * block.expansion, num_classes)
        self._draw(zero_init_residual)

    def _draw(self, zero_init_residual: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out(module.weight)
            elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
        if zero_init_residual:
            for module in self.modules():
                last = (
                    module.bn3
                    if isinstance(module, Bottleneck)
                    else module.bn2
                    if isinstance(module, BasicBlock)
                    else None
                )
                if last is not None and last.weight is not None:
                    nn.init.zeros_(last.weight)

    def _make_layer(self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False) -> Any:
        before = self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        out = planes * block.expansion
        shortcut = None
        if stride != 1 or self.inplanes != out:
            shortcut = nn.Sequential(conv1x1(self.inplanes, out, stride), self._norm_layer(out))
        made = [block(self.inplanes, planes, stride, shortcut, self.groups, self.base_width, before, self._norm_layer)]
        self.inplanes: int = out
        for _ in range(1, blocks):
            made.append(
                block(
                    out, planes, groups=self.groups, base_width=self.base_width, dilation=self.dilation,
                    norm_layer=self._norm_layer,
                )
            )  # fmt: skip
        return nn.Sequential(*made)

    def _forward_impl(self, x: Any) -> Any:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(flatten(self.avgpool(x), 1))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self._forward_impl(x)


def _resnet(block: Any, layers: list[int], groups: int | None = None, width: int | None = None, **options: Any) -> Any:
    for name, value in (("groups", groups), ("width_per_group", width)):
        if value is not None and options.setdefault(name, value) != value:
            raise ValueError(f"The parameter '{name}' expected value {value} but got {options[name]} instead.")
    return ResNet(block, layers, **options)


ResNet18_Weights: type[Any] = published("ResNet18_Weights")
ResNet34_Weights: type[Any] = published("ResNet34_Weights")
ResNet50_Weights: type[Any] = published("ResNet50_Weights")
ResNet101_Weights: type[Any] = published("ResNet101_Weights")
ResNet152_Weights: type[Any] = published("ResNet152_Weights")
ResNeXt50_32X4D_Weights: type[Any] = published("ResNeXt50_32X4D_Weights")
ResNeXt101_32X8D_Weights: type[Any] = published("ResNeXt101_32X8D_Weights")
ResNeXt101_64X4D_Weights: type[Any] = published("ResNeXt101_64X4D_Weights")
Wide_ResNet50_2_Weights: type[Any] = published("Wide_ResNet50_2_Weights")
Wide_ResNet101_2_Weights: type[Any] = published("Wide_ResNet101_2_Weights")

resnet18: Any = builder(
    "resnet18", ResNet18_Weights, partial(_resnet, BasicBlock, [2, 2, 2, 2]), "ResNet with 18 layers."
)
resnet34: Any = builder(
    "resnet34", ResNet34_Weights, partial(_resnet, BasicBlock, [3, 4, 6, 3]), "ResNet with 34 layers."
)
resnet50: Any = builder(
    "resnet50", ResNet50_Weights, partial(_resnet, Bottleneck, [3, 4, 6, 3]), "ResNet with 50 layers."
)
resnet101: Any = builder(
    "resnet101", ResNet101_Weights, partial(_resnet, Bottleneck, [3, 4, 23, 3]), "ResNet with 101 layers."
)
resnet152: Any = builder(
    "resnet152", ResNet152_Weights, partial(_resnet, Bottleneck, [3, 8, 36, 3]), "ResNet with 152 layers."
)
resnext50_32x4d: Any = builder(
    "resnext50_32x4d",
    ResNeXt50_32X4D_Weights,
    partial(_resnet, Bottleneck, [3, 4, 6, 3], 32, 4),
    "ResNeXt with 50 layers, 32 groups of 4.",
)
resnext101_32x8d: Any = builder(
    "resnext101_32x8d",
    ResNeXt101_32X8D_Weights,
    partial(_resnet, Bottleneck, [3, 4, 23, 3], 32, 8),
    "ResNeXt with 101 layers, 32 groups of 8.",
)
resnext101_64x4d: Any = builder(
    "resnext101_64x4d",
    ResNeXt101_64X4D_Weights,
    partial(_resnet, Bottleneck, [3, 4, 23, 3], 64, 4),
    "ResNeXt with 101 layers, 64 groups of 4.",
)
wide_resnet50_2: Any = builder(
    "wide_resnet50_2",
    Wide_ResNet50_2_Weights,
    partial(_resnet, Bottleneck, [3, 4, 6, 3], None, 128),
    "ResNet with 50 layers, twice as wide inside.",
)
wide_resnet101_2: Any = builder(
    "wide_resnet101_2",
    Wide_ResNet101_2_Weights,
    partial(_resnet, Bottleneck, [3, 4, 23, 3], None, 128),
    "ResNet with 101 layers, twice as wide inside.",
)
