"""Convolutions and transposed convolutions as modules."""

from __future__ import annotations

import math
from typing import Any

from ...tensor import Parameter, Tensor
from .. import functional, init
from ..module import Module
from .linear import empty_parameter

F: Any = functional

_MODES = ("zeros", "reflect", "replicate", "circular")


def _repeat(value: Any, n: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


class _ConvNd(Module):
    """Settings and parameters that all convolutions have."""

    transposed: bool
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    dims = 2
    transposed = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
        transposed: bool, output_padding: Any, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any,
    ):  # fmt: skip
        super().__init__()
        n = self.dims
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
            if padding == "same" and any(s != 1 for s in _repeat(stride, n)):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {set(_MODES)}, but got padding_mode='{padding_mode}'")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride = _repeat(kernel_size, n), _repeat(stride, n)
        self.padding: Any = padding if isinstance(padding, str) else _repeat(padding, n)
        self.dilation, self.transposed = _repeat(dilation, n), transposed
        self.output_padding: tuple[int, ...] = _repeat(output_padding, n)
        self.groups, self.padding_mode = groups, padding_mode
        self._reversed_padding_repeated_twice = self._both_sides()
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        self.weight: Parameter = empty_parameter((first, second // groups, *self.kernel_size), dtype, device)
        self.register_parameter("bias", empty_parameter((out_channels,), dtype, device) if bias else None)
        self.reset_parameters()

    def _both_sides(self) -> list[int] | tuple[int, ...]:
        """The padding as ``F.pad`` takes it: last dimension first, both sides of each."""
        if not isinstance(self.padding, str):
            return tuple(p for p in reversed(self.padding) for _ in range(2))
        both: list[int] = []
        for d, k in zip(reversed(self.dilation), reversed(self.kernel_size), strict=True):
            total = d * (k - 1) if self.padding == "same" else 0
            both += [total // 2, total - total // 2]
        return both

    def reset_parameters(self) -> None:
        """Draw the parameters: uniform within 1/sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in:
                init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * len(self.dilation):
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * len(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else text + f", padding_mode={self.padding_mode}"


class _Conv(_ConvNd):
    """A convolution; weight is (out_channels, in_channels / groups, *kernel_size)."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, False, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = 0
        function = getattr(F, f"conv{self.dims}d")
        return function(input, weight, bias, self.stride, padding, self.dilation, self.groups)  # type: ignore[no-any-return]

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution; weight is (in_channels, out_channels / groups, *kernel_size)."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ):  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, True, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives ``output_size``, which is spatial or full."""
        if output_size is None:
            return self.output_padding
        n, size = self.dims, [int(s) for s in output_size]
        batched = input.dim() == n + 2
        if len(size) == n + (2 if batched else 1):
            size = size[-n:]
        if len(size) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {n + (2 if batched else 1)} "
                f"elements (got {len(size)})"
            )
        least = [
            (m - 1) * s - 2 * p + d * (k - 1) + 1
            for m, s, p, d, k in zip(
                input.shape[-n:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [a + s - 1 for a, s in zip(least, self.stride, strict=True)]
        if any(not a <= v <= b for a, v, b in zip(least, size, most, strict=True)):
            raise ValueError(
                f"requested an output size of {tuple(output_size)}, but valid sizes range from {least} to {most} (for an input "
                f"of {input.shape[-n:]})"
            )
        return tuple(v - a for v, a in zip(size, least, strict=True))

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        function = getattr(F, f"conv_transpose{self.dims}d")
        return function(  # type: ignore[no-any-return]
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class Conv1d(_Conv):
    """Convolution over one dimension: see ``nn.functional.conv1d``."""

    _takes = "[N, {0.in_channels}, L] or [{0.in_channels}, L]"

    dims = 1


class Conv2d(_Conv):
    """Convolution over two dimensions: see ``nn.functional.conv2d``."""

    _takes = "[N, {0.in_channels}, H, W] or [{0.in_channels}, H, W]"

    dims = 2


class Conv3d(_Conv):
    """Convolution over three dimensions: see ``nn.functional.conv3d``."""

    _takes = "[N, {0.in_channels}, D, H, W] or [{0.in_channels}, D, H, W]"

    dims = 3


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution over one dimension: see ``nn.functional.conv_transpose1d``."""

    _takes = "[N, {0.in_channels}, L] or [{0.in_channels}, L]"

    dims = 1


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution over two dimensions: see ``nn.functional.conv_transpose2d``."""

    _takes = "[N, {0.in_channels}, H, W] or [{0.in_channels}, H, W]"

    dims = 2


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution over three dimensions: see ``nn.functional.conv_transpose3d``."""

    _takes = "[N, {0.in_channels}, D, H, W] or [{0.in_channels}, D, H, W]"

    dims = 3
