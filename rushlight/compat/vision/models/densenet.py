"""DenseNet (Huang et al. 2016): each layer sees the channels of all before it."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import partial
from typing import Any

from rushlight import cat, flatten, nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor

from ._api import published
from ._utils import builder


class _DenseLayer(nn.Module):
    """``growth_rate`` new channels."""

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float, memory_efficient: bool = False
    ):
        super().__init__()
        inner = bn_size * growth_rate
        self.norm1: Any = nn.BatchNorm2d(num_input_features)
        self.relu1: Any = nn.ReLU(inplace=True)
        self.conv1: Any = nn.Conv2d(num_input_features, inner, kernel_size=1, stride=1, bias=False)
        self.norm2: Any = nn.BatchNorm2d(inner)
        self.relu2: Any = nn.ReLU(inplace=True)
        self.conv2: Any = nn.Conv2d(inner, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, inputs: list[Any]) -> Any:
        """The bottleneck of all channels so far."""
        return self.conv1(self.relu1(self.norm1(cat(inputs, 1))))

    def forward(self, input: Any) -> Any:
        """New channels from those of a tensor, or of a list of them."""
        before = [input] if isinstance(input, Tensor) else input
        if self.memory_efficient and any(tensor.requires_grad for tensor in before):
            from rushlight.utils.checkpoint import checkpoint

            inner = checkpoint(lambda *inputs: self.bn_function(list(inputs)), *before, use_reentrant=False)
        else:
            inner = self.bn_function(before)
        new = self.conv2(self.relu2(self.norm2(inner)))
        return F.dropout(new, p=self.drop_rate, training=self.training) if self.drop_rate > 0 else new


class _DenseBlock(nn.ModuleDict):
    """Layers, each of which is given what all before it made."""

    def __init__(
        self, num_layers: int, num_input_features: int, bn_size: int, growth_rate: int, drop_rate: float,
        memory_efficient: bool = False,
    ):  # fmt: skip
        super().__init__()
        for i in range(num_layers):
            channels = num_input_features + i * growth_rate
            self.add_module(
                f"denselayer{i + 1}", _DenseLayer(channels, growth_rate, bn_size, drop_rate, memory_efficient)
            )

    def forward(self, init_features: Any) -> Any:
        """The input's channels and all new ones."""
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class _Transition(nn.Sequential):
    """Fewer channels, half the size."""

    def __init__(self, num_input_features: int, num_output_features: int):
        super().__init__()
        self.norm: Any = nn.BatchNorm2d(num_input_features)
        self.relu: Any = nn.ReLU(inplace=True)
        self.conv: Any = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool: Any = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Blocks of ``block_config`` layers with ``growth_rate`` channels each, transitions between them.

    ``bn_size`` times the growth rate is the width of the bottlenecks; ``memory_efficient`` computes them again in backward.
    """

    def __init__(
        self, growth_rate: int = 32, block_config: Any = (6, 12, 24, 16), num_init_features: int = 64, bn_size: int = 4,
        drop_rate: float = 0, num_classes: int = 1000, memory_efficient: bool = False,
    ):  # fmt: skip
        super().__init__()
        stem = OrderedDict(
            conv0=nn.Conv2d(3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False),
            norm0=nn.BatchNorm2d(num_init_features),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        self.features: Any = nn.Sequential(stem)
        channels = num_init_features
        for i, layers in enumerate(block_config, 1):
            block = _DenseBlock(layers, channels, bn_size, growth_rate, drop_rate, memory_efficient)
            self.features.add_module(f"denseblock{i}", block)
            channels += layers * growth_rate
            if i < len(block_config):
                self.features.add_module(f"transition{i}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier: Any = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


#: Published files name the parts of a layer "norm.1", where modules are "norm1".
_OLD = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def _load(model: Any, state: Any) -> None:
    model.load_state_dict({_OLD.sub(r"\1\2", key): value for key, value in state.items()})


DenseNet121_Weights: type[Any] = published("DenseNet121_Weights")
DenseNet161_Weights: type[Any] = published("DenseNet161_Weights")
DenseNet169_Weights: type[Any] = published("DenseNet169_Weights")
DenseNet201_Weights: type[Any] = published("DenseNet201_Weights")
densenet121: Any = builder(
    "densenet121",
    DenseNet121_Weights,
    partial(DenseNet, 32, (6, 12, 24, 16), 64),
    "DenseNet with 121 layers.",
    load=_load,
)
densenet161: Any = builder(
    "densenet161",
    DenseNet161_Weights,
    partial(DenseNet, 48, (6, 12, 36, 24), 96),
    "DenseNet with 161 layers.",
    load=_load,
)
densenet169: Any = builder(
    "densenet169",
    DenseNet169_Weights,
    partial(DenseNet, 32, (6, 12, 32, 32), 64),
    "DenseNet with 169 layers.",
    load=_load,
)
densenet201: Any = builder(
    "densenet201",
    DenseNet201_Weights,
    partial(DenseNet, 32, (6, 12, 48, 32), 64),
    "DenseNet with 201 layers.",
    load=_load,
)
