"""Sums in as many lanes as PyTorch's, of numbers that are computed in vectors as wide as the processor's registers."""

from __future__ import annotations

from ..registers import lanes
from ..words import halves

TWICE = lanes() // 8  # how many of PyTorch's vectors a register holds: one or two


def added(total, values):
    """A vector, or two one after the other, in the lanes of a sum."""
    if TWICE == 1:
        return total + values
    else:
        low, high = halves(values)
        return total + low + high
