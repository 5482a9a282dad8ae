"""``torch.utils.data``: datasets, samplers, loaders."""

from typing import Any

from . import dataset, distributed, sampler
from .collate import default_collate, default_convert
from .dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .distributed import DistributedSampler
from .loader import DataLoader, get_worker_info
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "DistributedSampler",
    "IterableDataset", "RandomSampler", "Sampler", "SequentialSampler", "StackDataset", "Subset",
    "SubsetRandomSampler", "TensorDataset", "WeightedRandomSampler", "dataset", "default_collate", "default_convert",
    "distributed", "get_worker_info", "random_split", "sampler",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    from ..compat.facade import inner

    return inner("torch.utils.data", name)
