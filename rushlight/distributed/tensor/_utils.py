"""``torch.distributed.tensor._utils``: which part of a tensor a process has. Of a mesh of one process: all of it."""

from __future__ import annotations

from typing import Any


def compute_local_shape_and_global_offset(
    global_shape: Any, mesh: Any, placements: Any, *, skip_offset: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The size of this process's part, and where it begins."""
    return tuple(global_shape), () if skip_offset else (0,) * len(global_shape)
