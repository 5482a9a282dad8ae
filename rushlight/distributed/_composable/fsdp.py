"""``torch.distributed._composable.fsdp``: older names of what ``torch.distributed.fsdp`` has."""

from .. import fsdp as _fsdp
from ..fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, OffloadPolicy

fully_shard = vars(_fsdp)["fully_shard"]

__all__ = ["CPUOffloadPolicy", "FSDPModule", "MixedPrecisionPolicy", "OffloadPolicy", "fully_shard"]
