"""``torch.distributed.tensor.placement_types``: how a tensor lies on the processes of a mesh."""

from . import Partial, Placement, Replicate, Shard

__all__ = ["Partial", "Placement", "Replicate", "Shard"]


class _StridedShard(Shard):
    """Cut along a dimension that is cut by a later dimension of the mesh first, into ``split_factor`` parts."""

    def __init__(self, dim: int, *, split_factor: int = 1, sf: int | None = None):
        super().__init__(dim)
        self.split_factor = split_factor if sf is None else sf

    def __repr__(self) -> str:
        return f"_StridedShard(dim={self.dim}, sf={self.split_factor})"

    def __str__(self) -> str:
        return f"_S({self.dim}, {self.split_factor})"
