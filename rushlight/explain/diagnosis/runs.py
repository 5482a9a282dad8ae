"""Runs of a program in child processes: what happens there changes nothing here.

A fork is a copy of everything: parameters, optimizers, random streams, iterators, the program's own variables. A child runs the program
under an ``Observer`` until enough steps were made, sends what was seen, and ends; its output goes nowhere.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import pickle
import select
import sys
import warnings
from collections.abc import Callable
from typing import Any

from .changes import Change
from .observe import Enough, Observer
from .trace import Trace

Program = Callable[[Observer], None]

#: Packages whose modules may be loaded at any time: that changes nothing that a program sees.
OURS = ("rushlight", "numpy")


class ChildFailed(RuntimeError):
    """A run's process ended without a result."""


def observed(
    program: Program, change: Change | None = None, *, steps: int, seconds: float, closely: bool = True
) -> Trace:
    """Run ``program`` in a copy of this process, with a change, and tell what was seen.

    Raises:
        NotImplementedError: where processes cannot be forked.
        ValueError: what ``program`` raises to refuse its arguments (``Refused``).
    """
    if not hasattr(os, "fork"):
        raise NotImplementedError(
            "diagnose runs the training in a copy of this process (os.fork), which this system cannot make; there is no other way yet"
        )
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():  # of a fork beside threads: ours and BLAS's start again in the child
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _in_child(read, write, lambda: _seen(program, change, steps, seconds, closely))
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = _read(pipe, child)
    if not data:
        raise ChildFailed(
            "the process in which the training was tried ended without a result; was there enough memory?"
        )
    result, loaded = pickle.loads(data)
    for name in loaded:
        importlib.import_module(name)  # once here, and not in each of the runs that follow
    if isinstance(result, Exception):
        raise result
    return result  # type: ignore[no-any-return]


def _in_child(read: int, write: int, work: Callable[[], Any]) -> None:
    """Never returns. Objects that were there before are none for the collector, which would copy all memory by looking at it."""
    gc.freeze()
    try:
        os.close(read)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.stdin = open(os.devnull)
        sys.stdout = sys.stderr = open(os.devnull, "w")
        before = set(sys.modules)
        result = work()
        loaded = [name for name in sys.modules.keys() - before if name.partition(".")[0] in OURS]
        data = pickle.dumps((result, sorted(loaded)))
        with os.fdopen(write, "wb") as pipe:
            pipe.write(len(data).to_bytes(8, "little") + data)
        for process in multiprocessing.active_children():
            process.terminate()
    finally:
        os._exit(0)


def _seen(program: Program, change: Change | None, steps: int, seconds: float, closely: bool) -> Trace | Exception:
    observer = Observer(change, steps=steps, seconds=seconds, closely=closely)
    try:
        with observer:
            program(observer)
        observer.trace.finished = True
    except Enough:
        pass
    except Refused as error:
        return ValueError(str(error))
    except (Exception, SystemExit) as error:
        if not isinstance(error, SystemExit):
            observer.failed(error)
    observer.close()
    return observer.trace


class Refused(Exception):
    """What was given to ``diagnose`` is no training."""


def _read(pipe: Any, child: int) -> bytes:
    """A message with its length before it; nothing if the child ends first. Its own children may keep the pipe open."""
    data, wanted, ended = b"", 8, False
    os.set_blocking(pipe.fileno(), False)
    while len(data) < wanted:
        ready, _, _ = select.select([pipe], [], [], 0.2)
        part = os.read(pipe.fileno(), 1 << 20) if ready else None
        data += part or b""
        if len(data) >= 8:
            wanted = 8 + int.from_bytes(data[:8], "little")
        if part == b"" or (ended and not part):
            break
        if not ended and not part:
            ended = os.waitpid(child, os.WNOHANG)[0] == child
    if not ended:
        os.waitpid(child, 0)
    return data[8:wanted] if len(data) >= max(wanted, 9) else b""
