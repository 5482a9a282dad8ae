"""``torch.futures``: a value that is still to come. What sets it may be another thread; waiting blocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from . import errors

T = TypeVar("T")
S = TypeVar("S")


class Future(Generic[T]):
    """A value, or an exception, that somebody sets once.

    Example:
        >>> future = Future()
        >>> doubled = future.then(lambda done: done.value() * 2)
        >>> future.set_result(21)
        >>> doubled.wait()
        42
    """

    def __init__(self, *, devices: Any = None):
        self._ready = threading.Condition()
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Future[T]], Any]] = []

    def done(self) -> bool:
        """Whether the value or the exception is there."""
        return self._done

    def wait(self) -> T:
        """The value, once it is there; raises the exception if one was set."""
        with self._ready:
            self._ready.wait_for(lambda: self._done)
        return self.value()

    def value(self) -> T:
        """The value of a future that is done.

        Raises:
            RuntimeError: if it is not. Otherwise what was set as exception.
        """
        if not self._done:
            raise errors.runtime("The Future is not completed(): there is no value yet.", "Use wait().")
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[no-any-return]

    def then(self, callback: Callable[[Future[T]], S]) -> Future[S]:
        """A future of ``callback(self)``, which runs when this one is done, in the thread that sets it."""
        following: Future[S] = Future()

        def run(done: Future[T]) -> None:
            try:
                following.set_result(callback(done))
            except Exception as error:  # it belongs to whoever waits
                following.set_exception(error)

        self.add_done_callback(run)
        return following

    def add_done_callback(self, callback: Callable[[Future[T]], Any]) -> None:
        """Call ``callback(self)`` when this one is done, at once if it is."""
        with self._ready:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback(self)

    def set_result(self, result: T) -> None:
        """Set the value.

        Raises:
            RuntimeError: if it is done already.
        """
        self._finish(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Set the exception that waiting raises."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._finish(None, result)

    def _finish(self, value: Any, error: BaseException | None) -> None:
        with self._ready:
            if self._done:
                raise errors.runtime(
                    "Attempting to mark a completed Future as complete again. Note that a Future can only be marked "
                    "completed once."
                )
            self._value, self._error, self._done = value, error, True
            waiting, self._callbacks = self._callbacks, []
            self._ready.notify_all()
        for callback in waiting:
            callback(self)


def collect_all(futures: list[Future[Any]]) -> Future[list[Future[Any]]]:
    """A future that is done, with the list, when all of them are."""
    all_done: Future[list[Future[Any]]] = Future()
    lock, missing = threading.Lock(), [len(futures)]

    def one_more(_: Any) -> None:
        with lock:
            missing[0] -= 1
            last = missing[0] == 0
        if last:
            all_done.set_result(futures)

    if not futures:
        all_done.set_result(futures)
    for future in futures:
        future.add_done_callback(one_more)
    return all_done


def wait_all(futures: list[Future[Any]]) -> list[Any]:
    """The values of all, once all are done; raises the first exception among them."""
    return [future.wait() for future in collect_all(futures).wait()]
