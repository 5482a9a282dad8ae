"""Tensors for tests."""

from __future__ import annotations

from typing import Any

from .. import errors, types
from ..ops import create, movement, sampling, views  # noqa: F401


def make_tensor(
    *shape: Any, dtype: types.dtype, device: Any = None, low: float | None = None, high: float | None = None,
    requires_grad: bool = False, noncontiguous: bool = False, exclude_zero: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """A tensor drawn evenly from [``low``, ``high``): [-9, 9) for floats, -9 to 9 for integers (0 to 9 unsigned), False and True.

    Raises:
        ValueError: for an empty interval.
    """
    types.check_device(device)
    size = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    floating = dtype.category >= types.FLOATING
    lowest = 0 if dtype.category == types.BOOL or not dtype.is_signed else -9
    highest = 2 if dtype.category == types.BOOL else 9 if floating else 10
    low, high = lowest if low is None else low, highest if high is None else high
    if low >= high:
        raise errors.value(f"make_tensor: `low` must be less than `high`, but got {low} >= {high}")
    part = dtype.to_real()
    if noncontiguous and size:
        size = (*size[:-1], 2 * size[-1])
    made: Any = create.empty(*size, *((2,) if dtype.is_complex else ()), dtype=part)
    if floating:
        made.uniform_(low, high)
    else:
        made.random_(int(low), int(high))
    if dtype.is_complex:
        made = made.view(dtype).squeeze(-1)
    if noncontiguous and size:
        made = made[..., ::2]
    if exclude_zero:
        made[made == 0] = types.finfo(part).tiny if floating else 1
    return made.requires_grad_() if requires_grad else made
