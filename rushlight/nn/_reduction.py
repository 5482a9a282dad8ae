"""``torch.nn._reduction``: what a loss does with its elements, as the number or the word of today, which packages import."""

from __future__ import annotations

from ..ops.losses import checked_reduction, reduction_of_flags

_NUMBERS = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """0, 1 or 2 for ``'none'``, ``'mean'`` and ``'sum'``.

    Raises:
        ValueError: for another word.
    """
    return _NUMBERS[checked_reduction(reduction)]


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """The word for PyTorch 0.3's pair of flags."""
    return reduction_of_flags(size_average, reduce, 3 if emit_warning else 0)


def legacy_get_enum(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> int:
    """The number for PyTorch 0.3's pair of flags."""
    return get_enum(reduction_of_flags(size_average, reduce, 3 if emit_warning else 0))
