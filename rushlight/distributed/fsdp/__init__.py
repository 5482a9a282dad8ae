"""``torch.distributed.fsdp``: parameters cut into parts, one a process. Its settings can be said; there is one process."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from ... import errors
from ..submodules import loader as _loader

REASON = "Rushlight has one process and cuts no parameters: use the module as it is, or DistributedDataParallel for its names."


class ShardingStrategy(enum.Enum):
    """What is cut."""

    FULL_SHARD = 1
    SHARD_GRAD_OP = 2
    NO_SHARD = 3
    HYBRID_SHARD = 4
    _HYBRID_SHARD_ZERO2 = 5


class BackwardPrefetch(enum.Enum):
    """When the next parameters are fetched in backward."""

    BACKWARD_PRE = 1
    BACKWARD_POST = 2


class StateDictType(enum.Enum):
    """In which form a checkpoint holds parameters."""

    FULL_STATE_DICT = 1
    LOCAL_STATE_DICT = 2
    SHARDED_STATE_DICT = 3


def _batch_norm() -> type:
    from ...nn.layers.normalization import _BatchNorm

    return _BatchNorm


@dataclass
class MixedPrecision:
    """Dtypes of parameters, gradients and buffers while they are used."""

    param_dtype: Any = None
    reduce_dtype: Any = None
    buffer_dtype: Any = None
    keep_low_precision_grads: bool = False
    cast_forward_inputs: bool = False
    cast_root_forward_inputs: bool = True
    _module_classes_to_ignore: Any = field(default_factory=lambda: (_batch_norm(),))


@dataclass(frozen=True)
class MixedPrecisionPolicy:
    """Dtypes for ``fully_shard``."""

    param_dtype: Any = None
    reduce_dtype: Any = None
    output_dtype: Any = None
    cast_forward_inputs: bool = True


@dataclass
class CPUOffload:
    """Whether parameters rest on the CPU."""

    offload_params: bool = False


@dataclass(frozen=True)
class OffloadPolicy:
    """Nothing rests elsewhere."""


@dataclass(frozen=True)
class CPUOffloadPolicy(OffloadPolicy):
    """Parameters rest on the CPU."""

    pin_memory: bool = True


@dataclass
class StateDictConfig:
    """How a checkpoint is made."""

    offload_to_cpu: bool = False


@dataclass
class FullStateDictConfig(StateDictConfig):
    """How a whole checkpoint is made."""

    rank0_only: bool = False


@dataclass
class ShardedStateDictConfig(StateDictConfig):
    """How a checkpoint of parts is made."""

    _use_dtensor: bool = False


class FSDPModule:
    """What modules become by ``fully_shard``; none does here, so that ``isinstance`` is False."""


class FullyShardedDataParallel:
    """A module whose parameters are cut into parts.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, module: Any, *args: Any, **kwargs: Any):
        raise errors.advised(
            NotImplementedError("torch.distributed.fsdp.FullyShardedDataParallel is not implemented."), REASON
        )


globals().update(errors.absent("torch.distributed.fsdp", "fully_shard register_fsdp_forward_method", REASON))

__getattr__ = _loader(__name__, "wrap fully_sharded_data_parallel api")
