"""VGG (Simonyan and Zisserman 2014): 3 x 3 convolutions, then three linear layers."""

from __future__ import annotations

from functools import partial
from typing import Any

from rushlight import flatten, nn

from ._api import published
from ._utils import builder, fan_out, initialize, small

#: Channels of the convolutions of each stage; a pooling follows each stage.
STAGES = {
    "A": [[64], [128], [256, 256], [512, 512], [512, 512]],
    "B": [[64, 64], [128, 128], [256, 256], [512, 512], [512, 512]],
    "D": [[64, 64], [128, 128], [256] * 3, [512] * 3, [512] * 3],
    "E": [[64, 64], [128, 128], [256] * 4, [512] * 4, [512] * 4],
}
#: The same as one list, with "M" for the poolings.
cfgs: dict[str, list[str | int]] = {
    name: [item for stage in stages for item in (*stage, "M")] for name, stages in STAGES.items()
}


class VGG(nn.Module):
    """Features of 512 channels, pooled to 7 x 7, and a classifier with two hidden layers."""

    def __init__(self, features: Any, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5):
        super().__init__()
        self.features: Any = features
        self.avgpool: Any = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier: Any = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        if init_weights:
            initialize(self, fan_out, small, (nn.BatchNorm2d,))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))


def make_layers(cfg: list[str | int], batch_norm: bool = False) -> Any:
    """The convolutions and poolings ("M") of a list of channels."""
    layers: list[Any] = []
    channels = 3
    for item in cfg:
        if item == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(channels, item, kernel_size=3, padding=1))
        layers += [nn.BatchNorm2d(item)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
        channels = int(item)
    return nn.Sequential(*layers)


def _vgg(cfg: str, batch_norm: bool, **options: Any) -> Any:
    return VGG(make_layers(cfgs[cfg], batch_norm), **options)


def _settle(weights: Any, kwargs: dict[str, Any]) -> None:
    kwargs["init_weights"] = False


def _made(name: str, weights: Any, cfg: str, batch_norm: bool) -> Any:
    about = f"VGG, configuration {cfg}{', with batch normalisation' if batch_norm else ''}."
    made = builder(name, weights, partial(_vgg, cfg, batch_norm), about, settle=_settle)
    made.__module__ = __name__
    return made


VGG11_Weights: type[Any] = published("VGG11_Weights")
VGG11_BN_Weights: type[Any] = published("VGG11_BN_Weights")
VGG13_Weights: type[Any] = published("VGG13_Weights")
VGG13_BN_Weights: type[Any] = published("VGG13_BN_Weights")
VGG16_Weights: type[Any] = published("VGG16_Weights")
VGG16_BN_Weights: type[Any] = published("VGG16_BN_Weights")
VGG19_Weights: type[Any] = published("VGG19_Weights")
VGG19_BN_Weights: type[Any] = published("VGG19_BN_Weights")

vgg11: Any = _made("vgg11", VGG11_Weights, "A", False)
vgg11_bn: Any = _made("vgg11_bn", VGG11_BN_Weights, "A", True)
vgg13: Any = _made("vgg13", VGG13_Weights, "B", False)
vgg13_bn: Any = _made("vgg13_bn", VGG13_BN_Weights, "B", True)
vgg16: Any = _made("vgg16", VGG16_Weights, "D", False)
vgg16_bn: Any = _made("vgg16_bn", VGG16_BN_Weights, "D", True)
vgg19: Any = _made("vgg19", VGG19_Weights, "E", False)
vgg19_bn: Any = _made("vgg19_bn", VGG19_BN_Weights, "E", True)
