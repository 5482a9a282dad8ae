"""AlexNet (Krizhevsky 2014, one tower)."""

from __future__ import annotations

from typing import Any

from rushlight import flatten, nn

from ._api import published
from ._utils import builder


class AlexNet(nn.Module):
    """Five convolutions, three poolings, three linear layers."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        layers: list[Any] = []
        channels = 3
        for out, size, stride, padding, pooled in (
            (64, 11, 4, 2, True), (192, 5, 1, 2, True), (384, 3, 1, 1, False), (256, 3, 1, 1, False), (256, 3, 1, 1, True),
        ):  # fmt: skip
            layers += [nn.Conv2d(channels, out, size, stride, padding), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool2d(kernel_size=3, stride=2)] if pooled else []
            channels = out
        self.features: Any = nn.Sequential(*layers)
        self.avgpool: Any = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier: Any = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True),
            nn.Dropout(p=dropout), nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))


AlexNet_Weights: type[Any] = published("AlexNet_Weights")
alexnet: Any = builder("alexnet", AlexNet_Weights, AlexNet, "AlexNet.")
