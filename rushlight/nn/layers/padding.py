"""Padding as modules: a constant, zeros, a reflection, the last value, the other end."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import functional
from ..module import Module

F: Any = functional


class _Pad(Module):
    """``nn.functional.pad`` with a fixed mode; ``padding`` is one number for all sides, or before and after of each."""

    dims = 2
    mode = "constant"

    def __init__(self, padding: Any):
        super().__init__()
        self.padding: Any = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * (2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A constant around the last dimensions."""

    def __init__(self, padding: Any, value: float):
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A constant around the last dimension."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """A constant around the last two dimensions."""


class ConstantPad3d(_ConstantPad):
    """A constant around the last three dimensions."""

    dims = 3


class _ZeroPad(_ConstantPad):
    """Zeros around the last dimensions."""

    def __init__(self, padding: Any):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """Zeros around the last dimension."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around the last two dimensions."""


class ZeroPad3d(_ZeroPad):
    """Zeros around the last three dimensions."""

    dims = 3


class ReflectionPad1d(_Pad):
    """The mirror image around the last dimension."""

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """The mirror image around the last two dimensions."""

    mode = "reflect"


class ReflectionPad3d(_Pad):
    """The mirror image around the last three dimensions."""

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """The last value around the last dimension."""

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """The last value around the last two dimensions."""

    mode = "replicate"


class ReplicationPad3d(_Pad):
    """The last value around the last three dimensions."""

    dims = 3
    mode = "replicate"


class _CircularPad(_Pad):
    """What stands at the other end; the rank is checked first."""

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        n = self.dims
        if input.dim() not in (n + 1, n + 2):
            raise ValueError(f"expected {n + 1}D or {n + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """What stands at the other end, around the last dimension."""

    dims = 1


class CircularPad2d(_CircularPad):
    """What stands at the other end, around the last two dimensions."""


class CircularPad3d(_CircularPad):
    """What stands at the other end, around the last three dimensions."""

    dims = 3
