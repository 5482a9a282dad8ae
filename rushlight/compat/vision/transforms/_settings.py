"""What transforms share: how settings are checked and printed, and numbers are drawn."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight import Tensor, nn

from . import functional as F


def _size(size: Any) -> Any:
    """(H, W), as it was given if it has two numbers."""
    if isinstance(size, numbers.Number):
        return int(size), int(size)  # type: ignore[call-overload]
    if isinstance(size, Sequence) and len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return size


def _interpolation(mode: Any) -> Any:
    return F._FROM_NUMBER[mode] if isinstance(mode, int) else mode


def _check_sequence(x: Any, name: str, lengths: tuple[int, ...]) -> None:
    text = f"{name} should be a sequence of length {' or '.join(map(str, lengths))}."
    if not isinstance(x, Sequence):
        raise TypeError(text)
    if len(x) not in lengths:
        raise ValueError(text)


def _angle(x: Any, name: str, lengths: tuple[int, ...] = (2,)) -> list[float]:
    if isinstance(x, numbers.Number):
        if x < 0:  # type: ignore[operator]
            raise ValueError(f"If {name} is a single number, it must be positive.")
        x = [-x, x]  # type: ignore[operator]
    _check_sequence(x, name, lengths)
    return [float(each) for each in x]


def _between(low: Any, high: Any) -> float:
    """A float32 number drawn from a range."""
    return torch.empty(1).uniform_(low, high).item()


def _below(high: int, low: int = 0) -> int:
    """A whole number drawn from ``low`` to below ``high``."""
    return int(torch.randint(low, high, size=(1,)).item())


def _check_fill(fill: Any) -> Any:
    if fill is not None and not isinstance(fill, (Sequence, numbers.Number)):
        raise TypeError("Fill should be either a sequence or a number.")
    return 0 if fill is None else fill


def _color(fill: Any, img: Any) -> Any:
    """A value for each channel of a tensor."""
    if not isinstance(img, Tensor):
        return fill
    if isinstance(fill, (int, float)):
        return [float(fill)] * F.get_dimensions(img)[0]
    return [float(each) for each in fill]


def _check_ranges(scale: Any, ratio: Any) -> None:
    for name, value in (("Scale", scale), ("Ratio", ratio)):
        if not isinstance(value, Sequence):
            raise TypeError(f"{name} should be a sequence")
    if scale[0] > scale[1] or ratio[0] > ratio[1]:
        warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=3)


class _Printed(nn.Module):
    """Prints the settings named in ``_shown``."""

    _shown: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in self._shown)})"
