"""``torch.distributed.fsdp.fully_sharded_data_parallel``: the same names."""

from . import (  # noqa: F401
    BackwardPrefetch,
    CPUOffload,
    FullStateDictConfig,
    FullyShardedDataParallel,
    MixedPrecision,
    ShardedStateDictConfig,
    ShardingStrategy,
    StateDictConfig,
    StateDictType,
)
