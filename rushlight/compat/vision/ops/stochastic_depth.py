"""Layers that are left out at random (Huang et al. 2016), and blocks of features (Ghiasi et al. 2018)."""

from __future__ import annotations

from typing import Any

from rushlight import empty, nn


def stochastic_depth(input: Any, p: float, mode: str, training: bool = True) -> Any:
    """Zeros in place of the input with probability ``p``, else the input divided by ``1 - p``.

    ``mode``: all of it ("batch"), or each row by itself ("row").
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    size = [input.shape[0] if mode == "row" else 1] + [1] * (input.ndim - 1)
    kept: Any = empty(size, dtype=input.dtype, device=input.device).bernoulli_(1.0 - p)
    if p < 1.0:
        kept.div_(1.0 - p)
    return input * kept


class StochasticDepth(nn.Module):
    """``stochastic_depth`` as a module."""

    p: float
    mode: str

    def __init__(self, p: float, mode: str):
        super().__init__()
        self.p, self.mode = p, mode

    def forward(self, input: Any) -> Any:
        """The input, or zeros."""
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"
