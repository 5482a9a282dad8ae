"""Maxima and averages over windows, as far as they are not beside the convolutions; adaptive ones."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional
from ..module import Module
from .convolution import _MaxPool, _repeat

F: Any = functional


class MaxPool3d(_MaxPool):
    """The maximum of each window of (N, C, D, H, W)."""

    dims = 3


class AvgPool1d(Module):
    """The mean of each window of (N, C, L)."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True
    ):  # fmt: skip
        super().__init__()
        self.kernel_size = _repeat(kernel_size, 1)
        self.stride = _repeat(kernel_size if stride is None else stride, 1)
        self.padding = _repeat(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(  # type: ignore[no-any-return]
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool3d(Module):
    """The mean of each window of (N, C, D, H, W)."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ):  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool3d(  # type: ignore[no-any-return]
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AdaptiveAvgPool(Module):
    n = 0

    def __init__(self, output_size: Any):
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return getattr(F, f"adaptive_avg_pool{self.n}d")(input, self.output_size)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means of as many windows of (N, C, L) as asked for."""

    n = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means of as many windows of (N, C, H, W) as asked for."""

    n = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Means of as many windows of (N, C, D, H, W) as asked for."""

    n = 3


class _AdaptiveMaxPool(Module):
    n = 0

    def __init__(self, output_size: Any, return_indices: bool = False):
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        return getattr(F, f"adaptive_max_pool{self.n}d")(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Maxima of as many windows of (N, C, L) as asked for."""

    n = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maxima of as many windows of (N, C, H, W) as asked for."""

    n = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Maxima of as many windows of (N, C, D, H, W) as asked for."""

    n = 3
