"""SqueezeNet (Iandola et al. 2016)."""

from __future__ import annotations

from functools import partial
from typing import Any

from rushlight import cat, flatten, nn

from ._api import published
from ._utils import builder


class Fire(nn.Module):
    """Few channels by 1 x 1, then many by 1 x 1 and by 3 x 3 beside each other."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int):
        super().__init__()
        self.inplanes = inplanes
        self.squeeze: Any = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation: Any = nn.ReLU(inplace=True)
        self.expand1x1: Any = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation: Any = nn.ReLU(inplace=True)
        self.expand3x3: Any = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation: Any = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        """Both kinds of channels."""
        x = self.squeeze_activation(self.squeeze(x))
        return cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)


#: The first convolution (channels, size), then fires (squeezed, half of the output) and poolings (None).
_LAYERS: dict[str, Any] = {
    "1_0": (
        (96, 7),
        [None, (16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256)],
    ),
    "1_1": (
        (64, 3),
        [None, (16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256)],
    ),
}


class SqueezeNet(nn.Module):
    """Version "1_0", or "1_1" with half the arithmetic; the classes are channels of a last convolution."""

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        if version not in _LAYERS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        self.num_classes = num_classes
        (channels, size), rest = _LAYERS[version]
        layers: list[Any] = [nn.Conv2d(3, channels, kernel_size=size, stride=2), nn.ReLU(inplace=True)]
        for item in rest:
            if item is None:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            else:
                layers.append(Fire(channels, item[0], item[1], item[1]))
                channels = 2 * item[1]
        self.features: Any = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier: Any = nn.Sequential(
            nn.Dropout(p=dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is last:
                    nn.init.normal_(module.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return flatten(self.classifier(self.features(x)), 1)


SqueezeNet1_0_Weights: type[Any] = published("SqueezeNet1_0_Weights")
SqueezeNet1_1_Weights: type[Any] = published("SqueezeNet1_1_Weights")
squeezenet1_0: Any = builder("squeezenet1_0", SqueezeNet1_0_Weights, partial(SqueezeNet, "1_0"), "SqueezeNet 1.0.")
squeezenet1_1: Any = builder("squeezenet1_1", SqueezeNet1_1_Weights, partial(SqueezeNet, "1_1"), "SqueezeNet 1.1.")
