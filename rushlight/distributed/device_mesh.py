"""``torch.distributed.device_mesh``: a grid of processes, whose sizes are all 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..tensor import Tensor, wrap
from .group import default_group


class DeviceMesh:
    """A grid of ranks with named dimensions."""

    def __init__(self, device_type: str, mesh: Any, *, mesh_dim_names: Any = None, **options: Any):
        self.device_type = device_type
        self.mesh: Tensor = mesh if isinstance(mesh, Tensor) else wrap(np.array(mesh, np.int32))
        self.mesh_dim_names: tuple[Any, ...] | None = tuple(mesh_dim_names) if mesh_dim_names is not None else None

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.mesh._a.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes."""
        return tuple(self.mesh._a.shape)

    def size(self, mesh_dim: int | None = None) -> int:
        """Processes in all, or along a dimension."""
        return self.mesh._a.size if mesh_dim is None else self.shape[mesh_dim]

    def get_group(self, mesh_dim: Any = None) -> Any:
        """The group of a dimension."""
        return default_group()

    def get_rank(self) -> int:
        """0."""
        return 0

    def get_local_rank(self, mesh_dim: Any = None) -> int:
        """0."""
        return 0

    def get_coordinate(self) -> list[int]:
        """Where this process stands."""
        return [0] * self.ndim

    def __getitem__(self, mesh_dim_names: Any) -> DeviceMesh:
        names = (mesh_dim_names,) if isinstance(mesh_dim_names, str) else tuple(mesh_dim_names)
        for name in names:
            if name not in (self.mesh_dim_names or ()):
                raise KeyError(
                    f"Invalid mesh_dim_names {names} specified. Valid mesh_dim_names are {self.mesh_dim_names}."
                )
        return DeviceMesh(self.device_type, np.zeros((1,) * len(names), np.int32), mesh_dim_names=names)


def init_device_mesh(device_type: str, mesh_shape: Any, *, mesh_dim_names: Any = None, **options: Any) -> DeviceMesh:
    """A grid of the given sizes, which are all 1; it makes the process group if there is none.

    Raises:
        RuntimeError: for names that are not as many as sizes or not different. NotImplementedError: for more processes.
    """
    from . import init_process_group, is_initialized

    shape = tuple(mesh_shape)
    if mesh_dim_names is not None:
        if len(set(mesh_dim_names)) != len(mesh_dim_names):
            raise errors.runtime(
                "Each mesh_dim_name must be unique.", f"Found repeated mesh_dim_name in {mesh_dim_names}."
            )
        if len(shape) != len(mesh_dim_names):
            raise errors.runtime("mesh_shape and mesh_dim_names should have same length!")
    if math.prod(shape) != 1:
        raise errors.advised(
            NotImplementedError(f"a device mesh of {math.prod(shape)} processes is not implemented."),
            "Rushlight has one process: all sizes are 1.",
        )
    if not is_initialized():
        init_process_group("gloo", rank=0, world_size=1)
    return DeviceMesh(device_type, np.zeros(shape, np.int32), mesh_dim_names=mesh_dim_names)


__all__ = ["DeviceMesh", "init_device_mesh"]
