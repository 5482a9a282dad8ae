"""Code that will be asked for soon, compiled on another core meanwhile.

The first training step of a program on a new machine needs some twenty kernels, one after another, and LLVM takes 5 to 70 ms for each. One
that has to be compiled tells what follows (``following``): a thread makes that, and leaves it here and on the disk. LLVM works without
the interpreter's lock. Which code runs is decided as ever, so no result depends on this.

The thread ends when nothing is left to do. A process that forks or ends waits for the one piece of code that it is at: LLVM must not be
left half-way.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterator


class Ahead:
    """Code that waits to be compiled, is being compiled, or is there to be taken, by name."""

    def __init__(self, compiled: Callable[[str, Callable[[], str]], bytes]):
        self.compiled = compiled
        self.lock = threading.Condition()
        self.at_work = threading.Lock()  # held while a piece of code is made
        self.forget()
        atexit.register(self.stop)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self.at_work.acquire, after_in_parent=self.at_work.release, after_in_child=self.in_child
            )

    def forget(self) -> None:
        self.waiting: dict[str, Callable[[], str]] = {}
        self.current: str | None = None
        self.made: dict[str, bytes] = {}
        self.thread: threading.Thread | None = None

    def in_child(self) -> None:
        """A forked process has no thread but its own, and what was waited for never comes."""
        self.lock = threading.Condition()
        self.forget()
        self.at_work.release()

    def begin(self, name: str, text: Callable[[], str]) -> None:
        """Have code made, if it is not yet."""
        with self.lock:
            if name in self.waiting or name == self.current or name in self.made:
                return
            self.waiting[name] = text
            if self.thread is None:
                self.start()

    def start(self) -> None:
        self.thread = threading.Thread(target=self.work, name="rushlight compiler", daemon=True)
        try:
            self.thread.start()
        except RuntimeError:  # the system allows no more threads, or the interpreter is about to end
            self.waiting.clear()
            self.thread = None

    def take(self, name: str) -> bytes | None:
        """The code if it was made, or is being made; from now on it is the caller's to make it otherwise."""
        with self.lock:
            self.waiting.pop(name, None)
            self.lock.wait_for(lambda: self.current != name)
            return self.made.pop(name, None)

    def stop(self) -> None:
        """Give up what waits."""
        with self.lock:
            self.waiting.clear()
            thread = self.thread
        if thread is not None:
            thread.join()

    def work(self) -> None:
        while True:
            with self.at_work:
                with self.lock:
                    if not self.waiting:
                        self.thread = None
                        return
                    name = self.current = next(iter(self.waiting))
                    text = self.waiting.pop(name)
                with self.whatever_happens():
                    self.made[name] = self.compiled(name, text)

    @contextlib.contextmanager
    def whatever_happens(self) -> Iterator[None]:
        """Nobody waits in vain. An error is the caller's to meet, who compiles the same again."""
        try:
            with contextlib.suppress(Exception):
                yield
        finally:
            with self.lock:
                self.current = None
                self.lock.notify_all()
