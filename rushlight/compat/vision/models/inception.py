"""Inception v3 (Szegedy et al. 2015); pictures are 299 x 299."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from rushlight import cat, flatten, nn
from rushlight.nn import functional as F

from ._api import published
from ._utils import builder
from .googlenet import BasicConv2d, adapted, draw, published_arguments, will_draw

InceptionOutputs: type[Any] = namedtuple("InceptionOutputs", ["logits", "aux_logits"])
_InceptionOutputs = InceptionOutputs


class _Ways(nn.Module):
    """Ways beside each other, whose channels are put together."""

    def _add(self, conv: Any, name: str, first: int, *layers: tuple[int, Any]) -> None:
        """Convolutions ``name_1``, ``name_2``...; each is (channels, size) or (channels, size, stride) and keeps the size without one."""
        for i, (out, size, *stride) in enumerate(layers, 1):
            options: dict[str, Any] = {"kernel_size": size}
            if stride:
                options["stride"] = stride[0]
            elif size != 1:
                options["padding"] = size // 2 if isinstance(size, int) else tuple(s // 2 for s in size)
            setattr(self, name if len(layers) == 1 else f"{name}_{i}", conv(first, out, **options))
            first = out

    def _run(self, x: Any, name: str, count: int) -> Any:
        for i in range(1, count + 1):
            x = getattr(self, f"{name}_{i}")(x)
        return x

    def _pooled(self, x: Any) -> Any:
        return self.branch_pool(F.avg_pool2d(x, kernel_size=3, stride=1, padding=1))

    def _forward(self, x: Any) -> list[Any]:
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        """The channels of all."""
        return cat(self._forward(x), 1)


class InceptionA(_Ways):
    """1 x 1, 5 x 5, twice 3 x 3, pooling."""

    def __init__(self, in_channels: int, pool_features: int, conv_block: Any = None):
        super().__init__()
        conv = conv_block or BasicConv2d
        self._add(conv, "branch1x1", in_channels, (64, 1))
        self._add(conv, "branch5x5", in_channels, (48, 1), (64, 5))
        self._add(conv, "branch3x3dbl", in_channels, (64, 1), (96, 3), (96, 3))
        self._add(conv, "branch_pool", in_channels, (pool_features, 1))

    def _forward(self, x: Any) -> list[Any]:
        return [self.branch1x1(x), self._run(x, "branch5x5", 2), self._run(x, "branch3x3dbl", 3), self._pooled(x)]


class InceptionB(_Ways):
    """Half the size: 3 x 3, twice 3 x 3, pooling."""

    def __init__(self, in_channels: int, conv_block: Any = None):
        super().__init__()
        conv = conv_block or BasicConv2d
        self._add(conv, "branch3x3", in_channels, (384, 3, 2))
        self._add(conv, "branch3x3dbl", in_channels, (64, 1), (96, 3), (96, 3, 2))

    def _forward(self, x: Any) -> list[Any]:
        return [self.branch3x3(x), self._run(x, "branch3x3dbl", 3), F.max_pool2d(x, kernel_size=3, stride=2)]


class InceptionC(_Ways):
    """7 x 7 in two steps, twice that, 1 x 1, pooling."""

    def __init__(self, in_channels: int, channels_7x7: int, conv_block: Any = None):
        super().__init__()
        conv = conv_block or BasicConv2d
        n, flat, tall = channels_7x7, (1, 7), (7, 1)
        self._add(conv, "branch1x1", in_channels, (192, 1))
        self._add(conv, "branch7x7", in_channels, (n, 1), (n, flat), (192, tall))
        self._add(conv, "branch7x7dbl", in_channels, (n, 1), (n, tall), (n, flat), (n, tall), (192, flat))
        self._add(conv, "branch_pool", in_channels, (192, 1))

    def _forward(self, x: Any) -> list[Any]:
        return [self.branch1x1(x), self._run(x, "branch7x7", 3), self._run(x, "branch7x7dbl", 5), self._pooled(x)]


class InceptionD(_Ways):
    """Half the size: 3 x 3, 7 x 7 and 3 x 3, pooling."""

    def __init__(self, in_channels: int, conv_block: Any = None):
        super().__init__()
        conv = conv_block or BasicConv2d
        self._add(conv, "branch3x3", in_channels, (192, 1), (320, 3, 2))
        self._add(conv, "branch7x7x3", in_channels, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2))

    def _forward(self, x: Any) -> list[Any]:
        return [self._run(x, "branch3x3", 2), self._run(x, "branch7x7x3", 4), F.max_pool2d(x, kernel_size=3, stride=2)]


class InceptionE(_Ways):
    """1 x 1, two ways that fork into 1 x 3 and 3 x 1, pooling."""

    def __init__(self, in_channels: int, conv_block: Any = None):
        super().__init__()
        conv = conv_block or BasicConv2d
        self._add(conv, "branch1x1", in_channels, (320, 1))
        self._add(conv, "branch3x3_1", in_channels, (384, 1))
        self._fork(conv, "branch3x3_2")
        self._add(conv, "branch3x3dbl", in_channels, (448, 1), (384, 3))
        self._fork(conv, "branch3x3dbl_3")
        self._add(conv, "branch_pool", in_channels, (192, 1))

    def _fork(self, conv: Any, name: str) -> None:
        self._add(conv, name + "a", 384, (384, (1, 3)))
        self._add(conv, name + "b", 384, (384, (3, 1)))

    def _forward(self, x: Any) -> list[Any]:
        # In this order, in which gradients of `x` are added up.
        ways = [self.branch1x1(x)]
        half = self.branch3x3_1(x)
        ways.append(cat([self.branch3x3_2a(half), self.branch3x3_2b(half)], 1))
        half = self._run(x, "branch3x3dbl", 2)
        ways.append(cat([self.branch3x3dbl_3a(half), self.branch3x3dbl_3b(half)], 1))
        return [*ways, self._pooled(x)]


class InceptionAux(nn.Module):
    """A classifier on inner features, for training."""

    def __init__(self, in_channels: int, num_classes: int, conv_block: Any = None):
        super().__init__()
        conv = conv_block or BasicConv2d
        self.conv0: Any = conv(in_channels, 128, kernel_size=1)
        self.conv1: Any = conv(128, 768, kernel_size=5)
        self.conv1.stddev = 0.01
        self.fc: Any = nn.Linear(768, num_classes)
        self.fc.stddev = 0.001

    def forward(self, x: Any) -> Any:
        """Scores of the classes."""
        x = self.conv1(self.conv0(F.avg_pool2d(x, kernel_size=5, stride=3)))
        return self.fc(flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


class Inception3(nn.Module):
    """Eleven inception modules of five kinds; in training, another classifier (``aux_logits``) in an ``InceptionOutputs``.

    ``inception_blocks``: classes in place of ``BasicConv2d``, ``InceptionA`` to ``InceptionE`` and ``InceptionAux``.
    """

    aux_logits: bool
    transform_input: bool

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, transform_input: bool = False, inception_blocks: Any = None,
        init_weights: bool | None = None, dropout: float = 0.5,
    ):  # fmt: skip
        super().__init__()
        if inception_blocks is None:
            inception_blocks = [BasicConv2d, InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux]
        drawn = will_draw(init_weights, "inception_v3")
        if len(inception_blocks) != 7:
            raise ValueError(f"length of inception_blocks should be 7 instead of {len(inception_blocks)}")
        conv, a, b, c, d, e, aux = inception_blocks
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.Conv2d_1a_3x3: Any = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3: Any = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3: Any = conv(32, 64, kernel_size=3, padding=1)
        self.maxpool1: Any = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1: Any = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3: Any = conv(80, 192, kernel_size=3)
        self.maxpool2: Any = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b: Any = a(192, pool_features=32)
        self.Mixed_5c: Any = a(256, pool_features=64)
        self.Mixed_5d: Any = a(288, pool_features=64)
        self.Mixed_6a: Any = b(288)
        for name, inner in zip("bcde", (128, 160, 160, 192), strict=True):
            setattr(self, f"Mixed_6{name}", c(768, channels_7x7=inner))
        self.AuxLogits: Any = None
        if aux_logits:
            self.AuxLogits = aux(768, num_classes)
        self.Mixed_7a: Any = d(768)
        self.Mixed_7b: Any = e(1280)
        self.Mixed_7c: Any = e(2048)
        self.avgpool: Any = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout: Any = nn.Dropout(p=dropout)
        self.fc: Any = nn.Linear(2048, num_classes)
        if drawn:
            draw(self, 0.1)

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W); with the others in training."""
        x = adapted(x) if self.transform_input else x
        x = self.maxpool1(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        other = self.AuxLogits(x) if self.AuxLogits is not None and self.training else None
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        x = self.fc(flatten(self.dropout(self.avgpool(x)), 1))
        return InceptionOutputs(x, other) if self.training and self.aux_logits else x


def _settle(weights: Any, kwargs: dict[str, Any]) -> Any:
    wanted = kwargs.pop("aux_logits", True)
    published_arguments(kwargs)

    def afterwards(model: Any) -> None:
        if not wanted:
            model.aux_logits, model.AuxLogits = False, None

    return afterwards


Inception_V3_Weights: type[Any] = published("Inception_V3_Weights")
inception_v3: Any = builder("inception_v3", Inception_V3_Weights, Inception3, "Inception v3.", settle=_settle)
