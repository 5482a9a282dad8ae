"""``torch.distributed.tensor``: tensors spread over processes. How they would be spread can be said; there is one process."""

from __future__ import annotations

from typing import Any

from ... import errors
from ..device_mesh import DeviceMesh, init_device_mesh
from ..submodules import loader as _loader

REASON = "Rushlight has one process and spreads no tensors: use the tensor or module as it is."


class Placement:
    """How a tensor lies on a dimension of a mesh."""

    def is_shard(self, dim: int | None = None) -> bool:
        """Whether it is cut, along ``dim``."""
        return isinstance(self, Shard) and dim in (None, self.dim)

    def is_replicate(self) -> bool:
        """Whether every process has all of it."""
        return isinstance(self, Replicate)

    def is_partial(self) -> bool:
        """Whether the processes have terms of a sum."""
        return isinstance(self, Partial)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))


class Shard(Placement):
    """Cut along a dimension."""

    def __init__(self, dim: int):
        self.dim = dim

    @staticmethod
    def local_shard_size_and_offset(curr_local_size: int, num_chunks: int, rank: int) -> tuple[int, int]:
        """How many of ``curr_local_size`` places process ``rank`` of ``num_chunks`` has, and where they begin."""
        each = -(-curr_local_size // num_chunks)
        begin = min(each * rank, curr_local_size)
        return min(each, curr_local_size - begin), begin

    def __repr__(self) -> str:
        return f"Shard(dim={self.dim})"

    def __str__(self) -> str:
        return f"S({self.dim})"


class Replicate(Placement):
    """The same on every process."""

    def __repr__(self) -> str:
        return "Replicate()"

    def __str__(self) -> str:
        return "R"


class Partial(Placement):
    """Terms that are still to be added."""

    def __init__(self, reduce_op: str = "sum"):
        self.reduce_op = reduce_op

    def __repr__(self) -> str:
        return f"Partial({self.reduce_op})"

    def __str__(self) -> str:
        return f"P({self.reduce_op})"


class DTensor:
    """A tensor spread over processes; none can be made.

    Raises:
        NotImplementedError: when one is made.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        raise errors.advised(NotImplementedError("torch.distributed.tensor.DTensor is not implemented."), REASON)

    @classmethod
    def from_local(cls, *args: Any, **kwargs: Any) -> DTensor:
        """A spread tensor of the parts that the processes have."""
        return cls()


globals().update(errors.absent("torch.distributed.tensor", "distribute_tensor distribute_module", REASON))

__all__ = ["DTensor", "DeviceMesh", "Partial", "Placement", "Replicate", "Shard", "init_device_mesh"]

__getattr__ = _loader(__name__, "parallel placement_types experimental _utils")
