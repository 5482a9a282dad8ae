"""``torch.distributed.fsdp.api``: its settings."""

from . import (
    BackwardPrefetch,
    CPUOffload,
    FullStateDictConfig,
    MixedPrecision,
    ShardedStateDictConfig,
    ShardingStrategy,
    StateDictConfig,
    StateDictType,
)

__all__ = [
    "BackwardPrefetch", "CPUOffload", "FullStateDictConfig", "MixedPrecision", "ShardedStateDictConfig", "ShardingStrategy",
    "StateDictConfig", "StateDictType",
]  # fmt: skip
