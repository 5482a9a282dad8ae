"""MNASNet (Tan et al. 2018)."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from rushlight import nn

from ._api import published
from ._utils import builder, fan_out, initialize

_BN_MOMENTUM = 1 - 0.9997


def _unit(i: int, o: int, size: int, momentum: float, active: bool = True, **options: Any) -> list[Any]:
    """Convolution, normalisation and, if ``active``, ReLU."""
    layers = [nn.Conv2d(i, o, size, bias=False, **options), nn.BatchNorm2d(o, momentum=momentum)]
    return [*layers, nn.ReLU(inplace=True)] if active else layers


class _InvertedResidual(nn.Module):
    """More channels, a convolution of each, fewer; beside a shortcut where sizes agree."""

    def __init__(
        self, in_ch: int, out_ch: int, kernel_size: int, stride: int, expansion_factor: int, bn_momentum: float = 0.1
    ):
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        if kernel_size not in (3, 5):
            raise ValueError(f"kernel_size should be 3 or 5 instead of {kernel_size}")
        inner = in_ch * expansion_factor
        self.apply_residual = in_ch == out_ch and stride == 1
        self.layers: Any = nn.Sequential(
            *_unit(in_ch, inner, 1, bn_momentum),
            *_unit(inner, inner, kernel_size, bn_momentum, padding=kernel_size // 2, stride=stride, groups=inner),
            *_unit(inner, out_ch, 1, bn_momentum, active=False),
        )

    def forward(self, input: Any) -> Any:
        """The input, changed by what the convolutions add, or what they make of it."""
        return self.layers(input) + input if self.apply_residual else self.layers(input)


def _stack(
    in_ch: int, out_ch: int, kernel_size: int, stride: int, exp_factor: int, repeats: int, bn_momentum: float
) -> Any:
    if repeats < 1:
        raise ValueError(f"repeats should be >= 1, instead got {repeats}")
    first = _InvertedResidual(in_ch, out_ch, kernel_size, stride, exp_factor, bn_momentum)
    rest = [_InvertedResidual(out_ch, out_ch, kernel_size, 1, exp_factor, bn_momentum) for _ in range(1, repeats)]
    return nn.Sequential(first, *rest)


def _get_depths(alpha: float) -> list[int]:
    """Channels of the stages, multiples of 8 not below 90 % of ``alpha`` times those of the paper."""
    depths = []
    for depth in (32, 16, 24, 40, 80, 96, 192, 320):
        nearest = max(8, int(depth * alpha + 4) // 8 * 8)
        depths.append(nearest if nearest >= 0.9 * (depth * alpha) else nearest + 8)
    return depths


def _stem(first: int, second: int) -> list[Any]:
    return [
        *_unit(3, first, 3, _BN_MOMENTUM, padding=1, stride=2),
        *_unit(first, first, 3, _BN_MOMENTUM, padding=1, stride=1, groups=first),
        *_unit(first, second, 1, _BN_MOMENTUM, active=False, padding=0, stride=1),
    ]


class MNASNet(nn.Module):
    """MNASNet-B1, ``alpha`` times as wide."""

    alpha: float
    num_classes: int

    # In version 1 the stem did not follow alpha.
    _version = 2

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2):
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        self.alpha, self.num_classes = alpha, num_classes
        depths = _get_depths(alpha)
        layers = _stem(depths[0], depths[1])
        for i, (size, stride, expand, repeats) in enumerate(
            ((3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1)), 1
        ):
            layers.append(_stack(depths[i], depths[i + 1], size, stride, expand, repeats, _BN_MOMENTUM))
        layers += _unit(depths[7], 1280, 1, _BN_MOMENTUM, padding=0, stride=1)
        self.layers: Any = nn.Sequential(*layers)
        self.classifier: Any = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes))
        draw = partial(nn.init.kaiming_uniform_, mode="fan_out", nonlinearity="sigmoid")
        initialize(self, fan_out, draw, (nn.BatchNorm2d,))

    def forward(self, x: Any) -> Any:
        """Scores of the classes for pictures (N, 3, H, W)."""
        return self.classifier(self.layers(x).mean([2, 3]))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        version = local_metadata.get("version", None)
        if version not in (1, 2):
            raise ValueError(f"version should be set to 1 or 2 instead of {version}")
        if version == 1 and self.alpha != 1.0:
            depths = _get_depths(self.alpha)
            for i, layer in enumerate([*_stem(32, 16), _stack(16, depths[2], 3, 2, 3, 3, _BN_MOMENTUM)]):
                self.layers[i] = layer
            self._version = 1
            warnings.warn(
                "The checkpoint is of an earlier version of MNASNet, whose stem has another width: the model has it now.",
                UserWarning,
                stacklevel=2,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


MNASNet0_5_Weights: type[Any] = published("MNASNet0_5_Weights")
MNASNet0_75_Weights: type[Any] = published("MNASNet0_75_Weights")
MNASNet1_0_Weights: type[Any] = published("MNASNet1_0_Weights")
MNASNet1_3_Weights: type[Any] = published("MNASNet1_3_Weights")
mnasnet0_5: Any = builder("mnasnet0_5", MNASNet0_5_Weights, partial(MNASNet, 0.5), "MNASNet, half as wide.")
mnasnet0_75: Any = builder("mnasnet0_75", MNASNet0_75_Weights, partial(MNASNet, 0.75), "MNASNet, 0.75 times as wide.")
mnasnet1_0: Any = builder("mnasnet1_0", MNASNet1_0_Weights, partial(MNASNet, 1.0), "MNASNet.")
mnasnet1_3: Any = builder("mnasnet1_3", MNASNet1_3_Weights, partial(MNASNet, 1.3), "MNASNet, 1.3 times as wide.")
