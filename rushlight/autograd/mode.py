"""Whether operations record a graph: ``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``.

The mode is a context variable, so that every thread starts with recording enabled and a coroutine keeps its own.
Its value is a small int that the hot path only tests for truth: 0 records nothing, 1 records, 2 records and looks at every new
node (anomaly mode keeps its Python stack, watchers are told of it), 3 also hands what is saved to hooks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from types import FunctionType
from typing import Any

from .. import tensor
from ..tensor import inference, inferring

OFF, ON, ON_AND_LOOKING, ON_WITH_HOOKS = 0, 1, 2, 3

mode: ContextVar[int] = ContextVar("rushlight_grad_mode", default=ON)
anomaly: ContextVar[bool] = ContextVar("rushlight_anomaly", default=False)
check_nans: ContextVar[bool] = ContextVar("rushlight_check_nans", default=True)
#: The innermost ``saved_tensors_hooks``: ``(pack, unpack)``.
saved_hooks: ContextVar[Any] = ContextVar("rushlight_saved_hooks", default=None)
#: Who is told of every new node: ``watcher(node, outs, results, inputs)``. ``outs`` are the tensors that were made; of an in-place
#: operation they still show the old values, the new ones are the arrays ``results``. ``inputs`` are what the operation was given.
watchers: ContextVar[tuple[Callable[..., None], ...]] = ContextVar("rushlight_watchers", default=())
#: Who runs the nodes of a backward in the engine's place, and looks at what they give: ``runner(node, k, g, release)``.
node_runner: ContextVar[Callable[..., Any] | None] = ContextVar("rushlight_node_runner", default=None)

#: Whether backward is to run operation by operation on tensors, as for ``create_graph``, though nothing of it is recorded.
through_tensors: ContextVar[bool] = ContextVar("rushlight_through_tensors", default=False)
#: An entry for each reason to ask for it, in any thread: a mode below autograd, tensors without elements. Backward asks nothing else.
unusual: list[object] = []

#: The hot path's question: ``if recording(): ...``.
recording: Callable[[], int] = mode.get
tensor._recording = recording


def is_grad_enabled() -> bool:
    """True while operations on tensors that require grad record a graph."""
    return mode.get() != OFF


def is_inference_mode_enabled() -> bool:
    """True inside ``inference_mode``."""
    return inference.get()


def set_mode(enabled: bool) -> None:
    """Switch recording on or off for the current context, for good. In inference mode it stays off."""
    if not enabled or inference.get():
        mode.set(OFF)
    elif saved_hooks.get() is not None:
        mode.set(ON_WITH_HOOKS)
    else:
        mode.set(ON_AND_LOOKING if anomaly.get() or watchers.get() else ON)


class watching:
    """``with watching(watcher):`` inside, ``watcher(node, outs, results, inputs)`` is told of every new node."""

    def __init__(self, watcher: Callable[..., None]):
        self.watcher = watcher

    def __enter__(self) -> None:
        self.previous: tuple[tuple[Callable[..., None], ...], int] = (watchers.get(), mode.get())
        watchers.set((*self.previous[0], self.watcher))
        set_mode(is_grad_enabled())

    def __exit__(self, *exc: object) -> None:
        watchers.set(self.previous[0])
        mode.set(self.previous[1])


class _Context:
    """A context manager that is also a decorator for functions and generators, as PyTorch's grad modes are."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(function, FunctionType) and function.__code__.co_flags & 0x20:  # a generator function
            return self._wrap_generator(function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return decorated

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # The mode holds while the generator's body runs, not while its consumer does.
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            value = None
            try:
                while True:
                    with self.clone():
                        item = generator.send(value)
                    value = yield item
            except StopIteration as stop:
                return stop.value
            finally:
                generator.close()

        return decorated

    def clone(self) -> Any:
        return self.__class__()

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError


class no_grad(_Context):
    """Inside, nothing is recorded: results do not require grad. Context manager and decorator.

    >>> import rushlight as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    _enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        self = super().__new__(cls)
        return self if function is None else self(function)  # `@no_grad` without parentheses

    def __enter__(self) -> None:
        self.previous: int = mode.get()
        set_mode(self._enabled)

    def __exit__(self, *exc: object) -> None:
        mode.set(self.previous)


class enable_grad(no_grad):
    """Inside, operations are recorded, also within ``no_grad``. Context manager and decorator."""

    _enabled = True


class set_grad_enabled(_Context):
    """Switch recording on or off: at once when called, and back at the end of a ``with`` block."""

    def __init__(self, mode: bool):
        if not isinstance(mode, bool):
            raise TypeError(
                f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}"
            )
        self.enabled = mode
        self.previous: int = recording()
        set_mode(self.enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        mode.set(self.previous)  # as a decorator the call itself must not switch
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"{type(self).__module__}.{type(self).__qualname__}(mode={self.enabled})"

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.enabled)

    def __enter__(self) -> None:
        set_mode(self.enabled)

    def __exit__(self, *exc: object) -> None:
        mode.set(self.previous)


class inference_mode(_Context):
    """Like ``no_grad``; tensors made inside are inference tensors and may not enter a graph later.

    >>> import rushlight as torch
    >>> with torch.inference_mode():
    ...     x = torch.ones(2)
    >>> x.is_inference()
    True
    """

    enabled: bool

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if isinstance(mode, bool):
            self.enabled = mode
            return self
        self.enabled = True
        return self(mode)

    def __init__(self, mode: bool = True):
        pass

    def clone(self) -> inference_mode:
        return inference_mode(self.enabled)

    def __enter__(self) -> None:
        self.previous: tuple[int, bool] = (mode.get(), inference.get())
        inference.set(self.enabled)
        inferring.append(self)
        set_mode(not self.enabled)

    def __exit__(self, *exc: object) -> None:
        mode.set(self.previous[0])
        inference.set(self.previous[1])
        inferring.pop()


class set_detect_anomaly(_Context):
    """Record the stack of every operation, so that a failing backward shows where its forward was written."""

    enabled: bool
    check_nan: bool

    def __init__(self, mode: bool = True, check_nan: bool = True):
        self.enabled, self.check_nan = mode, check_nan
        self.previous: tuple[bool, int, bool] = (anomaly.get(), recording(), check_nans.get())
        self._switch()

    def _switch(self) -> None:
        anomaly.set(self.enabled)
        check_nans.set(self.check_nan)
        set_mode(is_grad_enabled())

    def clone(self) -> set_detect_anomaly:
        return set_detect_anomaly(self.enabled, self.check_nan)

    def __enter__(self) -> None:
        self._switch()

    def __exit__(self, *exc: object) -> None:
        anomaly.set(self.previous[0])
        mode.set(self.previous[1])
        check_nans.set(self.previous[2])


class detect_anomaly(set_detect_anomaly):
    """``with detect_anomaly():`` anomaly mode inside the block."""

    def __init__(self, check_nan: bool = True):
        super().__init__(True, check_nan)

    def clone(self) -> detect_anomaly:
        return detect_anomaly(self.check_nan)


def is_anomaly_enabled() -> bool:
    """True while anomaly mode is on."""
    return anomaly.get()


def is_anomaly_check_nan_enabled() -> bool:
    """True while anomaly mode also looks for NaN."""
    return check_nans.get()


class set_multithreading_enabled(_Context):
    """Accepted: backward runs in the calling thread alone."""

    def __init__(self, mode: bool = True):
        self.mode = mode

    def clone(self) -> set_multithreading_enabled:
        return set_multithreading_enabled(self.mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass
