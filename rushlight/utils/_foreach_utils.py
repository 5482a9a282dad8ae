"""``torch.utils._foreach_utils``: lists of tensors sorted by what may be computed together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..types import device


def _group_tensors_by_device_and_dtype(
    tensorlistlist: Sequence[Sequence[Any]], with_indices: bool = False
) -> dict[tuple[Any, Any], tuple[list[list[Any]], list[int]]]:
    """Several lists of tensors, cut alike by the device and dtype of the first list's; with the places they had, if asked for."""
    found: dict[tuple[Any, Any], tuple[list[list[Any]], list[int]]] = {}
    for place, row in enumerate(zip(*tensorlistlist, strict=True)):
        key = (device("cpu"), row[0].dtype)
        lists, places = found.setdefault(key, ([[] for _ in tensorlistlist], []))
        for column, tensor in zip(lists, row, strict=True):
            column.append(tensor)
        if with_indices:
            places.append(place)
    return found


def _get_foreach_kernels_supported_devices() -> list[str]:
    """None of them: on the CPU tensors are updated one at a time."""
    return []


_get_fused_kernels_supported_devices = _get_foreach_kernels_supported_devices


def _has_foreach_support(tensors: Sequence[Any], device: Any) -> bool:
    """False."""
    return False


_device_has_foreach_support = _has_foreach_support
