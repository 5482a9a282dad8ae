"""Worker threads for kernels: how many there are, and when they begin and end.

They are threads of the system that never touch a Python object, so that they need neither the interpreter's lock nor a state.
While awake they wait in a loop (a dispatch then costs about 0.1 us), soon they sleep in the kernel and cost nothing. A job is cut by
its size, never by the number of threads, so that results do not depend on it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from . import iteration, llvm
from .code import pool as layout
from .emit import Module
from .language import function

SPINS = 2000  # pauses before a worker sleeps: about 0.1 ms; longer would take the processor from NumPy's BLAS

_lock = threading.Lock()


class Pool:
    """The struct that kernels dispatch through. It stays where it is; workers come and go."""

    def __init__(self) -> None:
        self.memory: Any = ctypes.create_string_buffer(8 * layout.WORDS + 64)
        self.address: int = -(-ctypes.addressof(self.memory) // 64) * 64
        self.words: Any = (ctypes.c_int64 * layout.WORDS).from_address(self.address)
        libc = ctypes.CDLL(None)
        names = ("syscall", "sched_yield")
        symbols = {name: ctypes.cast(getattr(libc, name), ctypes.c_void_p).value or 0 for name in names}
        self.code: dict[str, int] = llvm.code(("pool",), written, symbols)
        self.dispatch: int = self.code["dispatch"]
        self.threads: list[ctypes.c_void_p] = []
        # Workers look at it until the process ends: a list would let go of it when the interpreter does.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.memory))
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=self._after_fork)

    def resize(self, threads: int) -> None:
        """Have as many threads at work as that, the caller included."""
        with _lock:
            if len(self.threads) + 1 != threads:
                self._stop()
                self._start(threads - 1 if sys.platform == "linux" else 0)

    def _start(self, workers: int) -> None:
        libc = ctypes.CDLL(None)
        self.words[layout.STOP], self.words[layout.PATIENCE] = 0, SPINS
        with _signals_blocked():
            for _ in range(min(workers, layout.MOST - 1)):
                thread = ctypes.c_void_p()
                begun = libc.pthread_create(
                    ctypes.byref(thread), None, ctypes.c_void_p(self.code["worker"]), ctypes.c_void_p(self.address)
                )
                if begun != 0:
                    break  # the system allows no more threads: we go on with those there are
                self.threads.append(thread)
        self.words[layout.WORKERS] = len(self.threads)

    def _stop(self) -> None:
        if not self.threads:
            return
        libc = ctypes.CDLL(None)
        self.words[layout.WORKERS], self.words[layout.STOP] = 0, 1
        self.words[layout.WAKE] += 1
        at = ctypes.c_void_p(self.address + 8 * layout.WAKE)
        libc.syscall(layout.FUTEX, at, layout.WAKE_UP, layout.MANY, None, None, 0)
        for thread in self.threads:
            libc.pthread_join(thread, None)
        self.threads, self.words[layout.BEGUN] = [], 0

    def _after_fork(self) -> None:
        """The child has this struct but no workers: it begins its own."""
        workers = len(self.threads)
        ctypes.memset(self.address, 0, 8 * layout.WORDS)
        self.threads = []
        self._start(workers)
        _lock.release()


def written() -> str:
    """The code of workers."""
    module = Module()
    function(module, "worker", layout.worker)
    function(module, "dispatch", layout.dispatch)
    return str(module)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Threads begun inside get no signals: those are for Python's own."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


_pools: list[Pool] = []


def pool() -> Pool:
    """The pool, with its workers at hand."""
    if not _pools:
        _pools.append(Pool())
        iteration.when_set(_pools[0].resize)
    _pools[0].resize(iteration.get_threads())
    return _pools[0]
