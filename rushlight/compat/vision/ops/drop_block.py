"""Blocks of neighbouring features that are dropped together (Ghiasi et al. 2018)."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F


def _dropped(n: int, input: Any, p: float, block_size: int, inplace: bool, eps: float, training: bool) -> Any:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if input.ndim != n + 2:
        raise ValueError(f"input should be {n + 2} dimensional. Got {input.ndim} dimensions.")
    if not training or p == 0.0:
        return input
    batch, channels, *sizes = input.size()
    block = min(block_size, *sizes[::-1])
    if block % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block} which is even.")
    places = [size - block + 1 for size in sizes]
    area, inner = 1, 1
    for size, place in zip(sizes, places, strict=True):
        area, inner = area * size, inner * place
    gamma = (p * area) / ((block**n) * inner)
    noise = torch.empty((batch, channels, *places), dtype=input.dtype, device=input.device)
    noise.bernoulli_(gamma)
    noise = F.pad(noise, [block // 2] * (2 * n), value=0)
    pool = F.max_pool2d if n == 2 else F.max_pool3d
    kept = 1 - pool(noise, stride=(1,) * n, kernel_size=(block,) * n, padding=block // 2)
    scale = kept.numel() / (eps + kept.sum())
    return input.mul_(kept).mul_(scale) if inplace else input * kept * scale


def drop_block2d(
    input: Any, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06, training: bool = True
) -> Any:
    """Squares of features set to 0, with probability ``p`` of each feature; the others scaled to the same sum."""
    return _dropped(2, input, p, block_size, inplace, eps, training)


def drop_block3d(
    input: Any, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06, training: bool = True
) -> Any:
    """Cubes of features set to 0, with probability ``p`` of each feature; the others scaled to the same sum."""
    return _dropped(3, input, p, block_size, inplace, eps, training)


class DropBlock2d(nn.Module):
    """``drop_block2d`` as a module."""

    p: float
    block_size: int
    inplace: bool
    eps: float

    _function: Any = staticmethod(drop_block2d)

    def __init__(self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06):
        super().__init__()
        self.p, self.block_size, self.inplace, self.eps = p, block_size, inplace, eps

    def forward(self, input: Any) -> Any:
        """The input with blocks of zeros, in training."""
        return self._function(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, block_size={self.block_size}, inplace={self.inplace})"


class DropBlock3d(DropBlock2d):
    """``drop_block3d`` as a module."""

    _function: Any = staticmethod(drop_block3d)
