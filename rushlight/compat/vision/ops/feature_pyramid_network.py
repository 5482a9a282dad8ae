"""Features of several sizes, each with what the smaller ones hold (Lin et al. 2016)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from rushlight import nn
from rushlight.nn import functional as F

from .misc import Conv2dNormActivation


class ExtraFPNBlock(nn.Module):
    """Makes more levels: ``(results, inputs, names) -> (results, names)``."""

    def forward(self, results: list[Any], x: list[Any], names: list[str]) -> Any:
        """The levels and their names."""


class FeaturePyramidNetwork(nn.Module):
    """Levels with ``in_channels_list`` channels, largest first, as levels of ``out_channels``."""

    # In version 1 the convolutions were not in a Conv2dNormActivation.
    _version = 2

    def __init__(
        self, in_channels_list: list[int], out_channels: int, extra_blocks: Any = None, norm_layer: Any = None
    ):
        super().__init__()
        self.inner_blocks: Any = nn.ModuleList()
        self.layer_blocks: Any = nn.ModuleList()
        common: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": None}
        for channels in in_channels_list:
            if channels == 0:
                raise ValueError("in_channels=0 is currently not supported")
            self.inner_blocks.append(Conv2dNormActivation(channels, out_channels, 1, padding=0, **common))
            self.layer_blocks.append(Conv2dNormActivation(out_channels, out_channels, 3, **common))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}")
        self.extra_blocks: Any = extra_blocks

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        if (local_metadata.get("version") or 1) < 2:
            for block in ("inner_blocks", "layer_blocks"):
                for i in range(len(self.inner_blocks)):
                    for kind in ("weight", "bias"):
                        old = f"{prefix}{block}.{i}.{kind}"
                        if old in state_dict:
                            state_dict[f"{prefix}{block}.{i}.0.{kind}"] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def forward(self, x: Any) -> Any:
        """An ordered dict of levels, from one."""
        names, levels = list(x.keys()), list(x.values())
        below = self.inner_blocks[-1](levels[-1])
        results = [self.layer_blocks[-1](below)]
        for i in range(len(levels) - 2, -1, -1):
            own = self.inner_blocks[i](levels[i])
            below = own + F.interpolate(below, size=own.shape[-2:], mode="nearest")
            results.insert(0, self.layer_blocks[i](below))
        if self.extra_blocks is not None:
            results, names = self.extra_blocks(results, levels, names)
        return OrderedDict(zip(names, results, strict=False))


class LastLevelMaxPool(ExtraFPNBlock):
    """One more level: every second number of the smallest."""

    def forward(self, x: list[Any], y: list[Any], names: list[str]) -> Any:
        """The levels and their names."""
        names.append("pool")
        x.append(F.max_pool2d(x[-1], kernel_size=1, stride=2, padding=0))
        return x, names


class LastLevelP6P7(ExtraFPNBlock):
    """Two more levels, by convolutions of the smallest."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.p6: Any = nn.Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7: Any = nn.Conv2d(out_channels, out_channels, 3, 2, 1)
        for module in (self.p6, self.p7):
            nn.init.kaiming_uniform_(module.weight, a=1)
            nn.init.zeros_(module.bias)
        self.use_P5: bool = in_channels == out_channels

    def forward(self, p: list[Any], c: list[Any], names: list[str]) -> Any:
        """The levels and their names."""
        p6 = self.p6(p[-1] if self.use_P5 else c[-1])
        p.extend([p6, self.p7(F.relu(p6))])
        names.extend(["p6", "p7"])
        return p, names
