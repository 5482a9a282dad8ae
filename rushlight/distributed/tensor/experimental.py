"""``torch.distributed.tensor.experimental``."""

from ... import errors
from . import REASON

globals().update(
    errors.absent("torch.distributed.tensor.experimental", "context_parallel implicit_replication local_map", REASON)
)
