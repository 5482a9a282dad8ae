"""Worker processes of a DataLoader: forked, each with its own seeds, batches dealt to them in turn."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..random.generator import default_generator
from . import loader as loader_module
from .loader import WorkerInfo, fetch


def _generate_state(base_seed: int, worker_id: int) -> Any:
    """The four words that seed NumPy in a worker."""
    words = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return np.random.SeedSequence(words).generate_state(4)


def seed_worker(base_seed: int, worker: int) -> None:
    """Seed torch's, Python's and NumPy's generators as PyTorch's workers do."""
    seed = base_seed + worker
    default_generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed(_generate_state(base_seed, worker))


def _work(loader: Any, worker: int, base_seed: int, indices: Any, results: Any) -> None:
    seed_worker(base_seed, worker)
    loader_module._worker_info = WorkerInfo(worker, loader.num_workers, base_seed + worker, loader.dataset)
    if loader.worker_init_fn is not None:
        loader.worker_init_fn(worker)
    stream = iter(loader.dataset) if loader._iterable else None
    batched = loader.batch_sampler is not None
    while True:
        task = indices.get()
        if task is None:
            return
        number, index = task
        try:
            if stream is None:
                data = fetch(loader.dataset, index, batched, loader.collate_fn)
            else:
                samples = list(itertools.islice(stream, len(index) if batched else 1))
                if not samples or (loader.drop_last and batched and len(samples) < len(index)):
                    results.put((number, "end", None))
                    continue
                data = loader.collate_fn(samples if batched else samples[0])
            results.put((number, "data", data))
        except Exception as error:
            import traceback

            results.put((number, "error", (type(error), f"Caught {type(error).__name__} in DataLoader worker process {worker}.\n"
                                           f"Original {traceback.format_exc()}")))  # fmt: skip


def iterate(loader: Any, base_seed: int) -> Iterator[Any]:
    """One epoch through the workers; batches arrive in the sampler's order."""
    import multiprocessing

    # The sampler is started now, not when the first batch is asked for: it may draw a seed.
    tasks = enumerate(iter(loader.batch_sampler if loader.batch_sampler is not None else loader.sampler))
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    queues = [context.Queue() for _ in range(loader.num_workers)]
    workers = [
        context.Process(target=_work, args=(loader, i, base_seed, queues[i], results), daemon=True)
        for i in range(loader.num_workers)
    ]
    for w in workers:
        w.start()
    return _collect(loader, tasks, queues, results, workers)


def _collect(loader: Any, tasks: Any, queues: Any, results: Any, workers: Any) -> Iterator[Any]:
    alive = [True] * len(workers)
    arrived: dict[int, Any] = {}
    owner: dict[int, int] = {}
    turn = itertools.cycle(range(len(workers)))

    def send() -> None:
        for _ in range(len(workers)):
            i = next(turn)
            if alive[i]:
                task = next(tasks, None)
                if task is not None:
                    owner[task[0]] = i
                    queues[i].put(task)
                return

    try:
        for _ in range(loader.prefetch_factor * len(workers)):
            send()
        expected = 0
        while expected in owner:
            while expected not in arrived:
                number, kind, data = results.get(timeout=loader.timeout or None)
                arrived[number] = (kind, data)
            kind, data = arrived.pop(expected)
            if kind == "end":
                alive[owner[expected]] = False
            send()
            expected += 1
            if kind == "error":
                raise data[0](data[1])
            if kind == "data":
                yield data
    finally:
        for q in queues:
            q.put(None)
        for w in workers:
            w.join(timeout=5)
            if w.is_alive():
                w.terminate()
