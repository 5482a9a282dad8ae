"""``torch.utils.data.distributed``: each of several processes reads its own part of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .. import errors
from ..ops.sampling import randperm
from ..random.generator import Generator
from .sampler import Sampler


class DistributedSampler(Sampler):
    """Every ``num_replicas``-th index from ``rank`` on, of the dataset in an order that all processes shuffle alike.

    Args:
        num_replicas, rank: how many processes there are and which this is. Without a process group they must be given.
        shuffle: a new order each epoch, from ``seed`` plus the number that ``set_epoch`` gave.
        drop_last: leave out what does not divide evenly; otherwise the first indices come twice.

    Raises:
        ValueError: without ``num_replicas`` and ``rank``, or for a rank outside the range.
    """

    dataset: Any
    num_replicas: int
    rank: int
    shuffle: bool
    seed: int
    drop_last: bool

    def __init__(
        self, dataset: Any, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True, seed: int = 0,
        drop_last: bool = False,
    ):  # fmt: skip
        if num_replicas is None or rank is None:
            raise errors.value(
                "Default process group has not been initialized, please make sure to call init_process_group.",
                "There are no process groups here: give num_replicas and rank.",
            )
        if rank >= num_replicas or rank < 0:
            raise errors.value(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        n = len(dataset)
        if drop_last and n % num_replicas:
            self.num_samples = math.ceil((n - num_replicas) / num_replicas)
        else:
            self.num_samples: int = math.ceil(n / num_replicas)
        self.total_size: int = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        if self.shuffle:
            indices = randperm(n, generator=Generator().manual_seed(self.seed + self.epoch)).tolist()
        else:
            indices = list(range(n))
        if self.drop_last:
            indices = indices[: self.total_size]
        else:
            more = self.total_size - len(indices)
            indices += (indices * math.ceil(more / max(len(indices), 1)))[:more]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """The number of the epoch, from which the order follows."""
        self.epoch: int = epoch
