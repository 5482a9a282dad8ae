"""GoogLeNet (Szegedy et al. 2014), with batch normalisation."""

from __future__ import annotations

import warnings
from collections import namedtuple
from typing import Any

from rushlight import cat, flatten, nn
from rushlight.nn import functional as F

from ._api import published
from ._utils import builder, overwrite

GoogLeNetOutputs: type[Any] = namedtuple("GoogLeNetOutputs", ["logits", "aux_logits2", "aux_logits1"])
_GoogLeNetOutputs = GoogLeNetOutputs

#: Channels of each inception module: in, 1 x 1, 3 x 3 (reduced and full), 5 x 5 (reduced and full), pooling.
_MODULES = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class BasicConv2d(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any):
        super().__init__()
        self.conv: Any = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn: Any = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Any) -> Any:
        """All three."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


def adapted(x: Any) -> Any:
    """Pictures that were normalised by ImageNet's means, normalised by 0.5 as the published parameters expect."""
    parts = [
        x[:, i].unsqueeze(1) * (std / 0.5) + (mean - 0.5) / 0.5
        for i, (mean, std) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225)))
    ]
    return cat(parts, 1)


def draw(model: Any, std: float) -> None:
    """Truncated normal weights, of a module's own ``stddev`` if it has one."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, mean=0.0, std=float(getattr(module, "stddev", std)), a=-2, b=2)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def will_draw(init_weights: bool | None, model: str) -> bool:
    """What ``init_weights=None`` means: True, with a warning."""
    if init_weights is None:
        warnings.warn(
            f"The default weight initialization of {model} will be changed in future releases of torchvision. "
            "To keep the present one, set init_weights=True.",
            FutureWarning,
            stacklevel=4,
        )
    return init_weights is None or init_weights


class Inception(nn.Module):
    """Four ways beside each other: 1 x 1, 3 x 3, what is called 5 x 5 (and is 3 x 3), pooling."""

    def __init__(
        self, in_channels: int, ch1x1: int, ch3x3red: int, ch3x3: int, ch5x5red: int, ch5x5: int, pool_proj: int,
        conv_block: Any = None,
    ):  # fmt: skip
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch1: Any = conv(in_channels, ch1x1, kernel_size=1)
        self.branch2: Any = nn.Sequential(
            conv(in_channels, ch3x3red, kernel_size=1), conv(ch3x3red, ch3x3, kernel_size=3, padding=1)
        )
        self.branch3: Any = nn.Sequential(
            conv(in_channels, ch5x5red, kernel_size=1), conv(ch5x5red, ch5x5, kernel_size=3, padding=1)
        )
        self.branch4: Any = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
            conv(in_channels, pool_proj, kernel_size=1),
        )

    def forward(self, x: Any) -> Any:
        """The channels of all four."""
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """A classifier on inner features, for training."""

    def __init__(self, in_channels: int, num_classes: int, conv_block: Any = None, dropout: float = 0.7):
        super().__init__()
        self.conv: Any = (conv_block or BasicConv2d)(in_channels, 128, kernel_size=1)
        self.fc1: Any = nn.Linear(2048, 1024)
        self.fc2: Any = nn.Linear(1024, num_classes)
        self.dropout: Any = nn.Dropout(p=dropout)

    def forward(self, x: Any) -> Any:
        """Scores of the classes."""
        x = flatten(self.conv(F.adaptive_avg_pool2d(x, (4, 4))), 1)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


class GoogLeNet(nn.Module):
    """Nine inception modules; in training, two more classifiers (``aux_logits``) in a ``GoogLeNetOutputs``.

    ``transform_input``: the pictures are normalised by ImageNet's means. ``blocks``: classes in place of ``BasicConv2d``, ``Inception``
    and ``InceptionAux``.
    """

    aux_logits: bool
    transform_input: bool

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, transform_input: bool = False, init_weights: bool | None = None,
        blocks: Any = None, dropout: float = 0.2, dropout_aux: float = 0.7,
    ):  # fmt: skip
        super().__init__()
        blocks = [BasicConv2d, Inception, InceptionAux] if blocks is None else blocks
        drawn = will_draw(init_weights, "GoogleNet")
        if len(blocks) != 3:
            raise ValueError(f"blocks length should be 3 instead of {len(blocks)}")
        conv, inception, aux = blocks
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.conv1: Any = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1: Any = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2: Any = conv(64, 64, kernel_size=1)
        self.conv3: Any = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2: Any = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        for name, channels in _MODULES.items():
            setattr(self, f"inception{name}", inception(*channels))
            if name == "3b":
                self.maxpool3: Any = nn.MaxPool2d(3, stride=2, ceil_mode=True)
            elif name == "4e":
                self.maxpool4: Any = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.aux1: Any = aux(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2: Any = aux(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool: Any = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout: Any = nn.Dropout(p=dropout)
        self.fc: Any = nn.Linear(1024, num_classes)
        if drawn:
            draw(self, 0.01)

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W); with the others in training."""
        x = adapted(x) if self.transform_input else x
        x = self.maxpool2(self.conv3(self.conv2(self.maxpool1(self.conv1(x)))))
        x = self.inception4a(self.maxpool3(self.inception3b(self.inception3a(x))))
        first = self.aux1(x) if self.aux1 is not None and self.training else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        second = self.aux2(x) if self.aux2 is not None and self.training else None
        x = self.inception5b(self.inception5a(self.maxpool4(self.inception4e(x))))
        x = self.fc(self.dropout(flatten(self.avgpool(x), 1)))
        return GoogLeNetOutputs(x, second, first) if self.training and self.aux_logits else x


def published_arguments(kwargs: dict[str, Any]) -> None:
    """Arguments that the published parameters require."""
    kwargs.setdefault("transform_input", True)
    overwrite(kwargs, "aux_logits", True)
    overwrite(kwargs, "init_weights", False)


def _settle(weights: Any, kwargs: dict[str, Any]) -> Any:
    wanted = kwargs.get("aux_logits", False)
    if not wanted:
        kwargs.pop("aux_logits", None)
    published_arguments(kwargs)

    def afterwards(model: Any) -> None:
        if wanted:
            warnings.warn(
                "auxiliary heads in the pretrained googlenet model are NOT pretrained, so make sure to train them",
                stacklevel=3,
            )
        else:
            model.aux_logits, model.aux1, model.aux2 = False, None, None

    return afterwards


GoogLeNet_Weights: type[Any] = published("GoogLeNet_Weights")
googlenet: Any = builder("googlenet", GoogLeNet_Weights, GoogLeNet, "GoogLeNet.", settle=_settle)
