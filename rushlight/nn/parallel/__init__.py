"""``torch.nn.parallel`` where there is one device and one process: wrappers, so that names and checkpoints agree."""

from . import _functions, distributed
from .data_parallel import DataParallel, data_parallel, gather, parallel_apply, replicate, scatter
from .distributed import DistributedDataParallel

__all__ = [
    "DataParallel", "DistributedDataParallel", "data_parallel", "distributed", "gather", "parallel_apply", "replicate", "scatter",
    "_functions",
]  # fmt: skip
