"""DataLoader: batches of a dataset, in the order of a sampler."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from .. import errors
from ..random.generator import default_generator
from .collate import default_collate, default_convert
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed


class _Endless:
    """The sampler of a stream: no indices, for ever."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class WorkerInfo:
    """What ``get_worker_info()`` tells a dataset inside a worker."""

    id: int
    num_workers: int
    seed: int
    dataset: Any

    def __init__(self, id: int, num_workers: int, seed: int, dataset: Any):
        self.id, self.num_workers, self.seed, self.dataset = id, num_workers, seed, dataset


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The current worker's number, their count, its seed and dataset; None in the main process."""
    return _worker_info


class DataLoader:
    """Iterate over a dataset in batches.

    ``num_workers > 0`` reads samples in worker processes, seeded as PyTorch seeds them.

    Raises:
        ValueError: for options that exclude each other.
    """

    dataset: Any
    num_workers: int
    pin_memory: bool
    timeout: float
    worker_init_fn: Any
    generator: Any
    multiprocessing_context: Any
    persistent_workers: bool
    pin_memory_device: str
    in_order: bool
    batch_size: int | None
    drop_last: bool
    sampler: Any
    batch_sampler: Any

    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Any = None,
        batch_sampler: Any = None, num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False, drop_last: bool = False, timeout: float = 0, worker_init_fn: Any = None,
        multiprocessing_context: Any = None, generator: Any = None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ):  # fmt: skip
        if num_workers < 0:
            raise errors.value(
                "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
            )
        if timeout < 0:
            raise errors.value("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise errors.value(
                "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable "
                "multiprocessing, otherwise set prefetch_factor to None."
            )
        if num_workers > 0 and prefetch_factor is not None and prefetch_factor < 0:
            raise errors.value("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise errors.value("persistent_workers option needs num_workers > 0")
        _check_context(multiprocessing_context, num_workers)
        self.dataset, self.num_workers, self.pin_memory, self.timeout = dataset, num_workers, pin_memory, timeout
        self.worker_init_fn, self.generator, self.multiprocessing_context = (
            worker_init_fn,
            generator,
            multiprocessing_context,
        )
        self.prefetch_factor: int | None = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers, self._base_seed = persistent_workers, None
        self.pin_memory_device, self.in_order = pin_memory_device, in_order
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable:
            if shuffle:
                raise errors.value(
                    f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
                )
            if sampler is not None:
                raise errors.value(
                    f"DataLoader with IterableDataset: expected unspecified sampler option, but got sampler={sampler}"
                )
            if batch_sampler is not None:
                raise errors.value(
                    f"DataLoader with IterableDataset: expected unspecified batch_sampler option, but got batch_sampler={batch_sampler}"
                )
        if sampler is not None and shuffle:
            raise errors.value("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise errors.value(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise errors.value("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if self._iterable:
                sampler = _Endless()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last, self.sampler, self.batch_sampler = (
            batch_size,
            drop_last,
            sampler,
            batch_sampler,
        )
        batched = batch_sampler is not None
        self.collate_fn: Callable[..., Any] = (
            collate_fn if collate_fn is not None else (default_collate if batched else default_convert)
        )
        self._iterator: Any = None
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if name in fixed and self.__dict__.get("_made"):
            raise errors.value(
                f"{name} attribute should not be set after {type(self).__name__} is initialized",
                "Make a new one instead.",
            )
        super().__setattr__(name, value)

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __len__(self) -> int:
        if self._iterable:
            n = len(self.dataset)
            if self.batch_size is not None:
                n = n // self.batch_size if self.drop_last else -(-n // self.batch_size)
            return n
        return len(self.batch_sampler if self.batch_sampler is not None else self.sampler)

    def __iter__(self) -> Iterator[Any]:
        # PyTorch draws this seed at the start of every epoch, with or without workers; the stream must move on alike.
        if self._base_seed is None or not self.persistent_workers:
            self._base_seed = draw_seed(self.generator or default_generator)  # type: ignore[assignment]
        return self._get_iterator()

    def _get_iterator(self) -> Any:
        return _MultiProcessingDataLoaderIter(self) if self.num_workers else _SingleProcessDataLoaderIter(self)


def _check_context(context: Any, num_workers: int) -> None:
    if context is None:
        return
    if num_workers == 0:
        raise errors.value(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers=0"
        )
    if isinstance(context, str):
        import multiprocessing

        methods = multiprocessing.get_all_start_methods()
        if context not in methods:
            raise errors.value(
                f"multiprocessing_context option should specify a valid start method in {methods}, but got "
                f"multiprocessing_context={context!r}"
            )


_collate_fn_t = Callable[[list[Any]], Any]


class _BaseDataLoaderIter:
    """One epoch of a loader."""

    def __init__(self, loader: DataLoader):
        self.loader = loader

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def __len__(self) -> int:
        return len(self.loader)

    def __next__(self) -> Any:
        raise NotImplementedError


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """One epoch through worker processes."""

    def __init__(self, loader: DataLoader):
        super().__init__(loader)
        from .workers import iterate

        self.batches = iterate(loader, loader._base_seed)

    def __next__(self) -> Any:
        return next(self.batches)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """One epoch in this process."""

    def __init__(self, loader: DataLoader):
        super().__init__(loader)
        self.indices = iter(loader.batch_sampler if loader.batch_sampler is not None else loader.sampler)
        self.stream = iter(loader.dataset) if loader._iterable else None
        self.ended = False

    def __next__(self) -> Any:
        loader = self.loader
        index = next(self.indices)
        if self.stream is None:
            return fetch(loader.dataset, index, loader.batch_sampler is not None, loader.collate_fn)
        if loader.batch_sampler is None:
            return loader.collate_fn(next(self.stream))
        samples = [] if self.ended else list(itertools.islice(self.stream, len(index)))
        self.ended = len(samples) < len(index)
        if not samples or (loader.drop_last and self.ended):
            raise StopIteration
        return loader.collate_fn(samples)


def fetch(dataset: Any, index: Any, batched: bool, collate: Callable[[Any], Any]) -> Any:
    """One batch (or one sample, unbatched)."""
    if not batched:
        return collate(dataset[index])
    if hasattr(dataset, "__getitems__") and dataset.__getitems__:
        return collate(dataset.__getitems__(index))
    return collate([dataset[i] for i in index])
