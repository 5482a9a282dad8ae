"""Hear every operation: ``with listening(listener):`` each op that runs inside calls ``listener`` with what it got and gave.

Nothing of this is there while nobody listens. The short call paths are then as ever; inside, they are closed at the names
they look up anyway, so that each call goes the general way, whose ``evaluate`` is replaced by one that tells the listeners.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

from .. import direct, fast, inplace, meeting, op, plain, routes
from ..tensor import Tensor

#: ``listener(op, inputs, attrs, arrays, result)``: inputs as the op got them, the arrays they became, and one array or a tuple of them.
Listener = Callable[[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...], Any], None]

_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("rushlight_listeners", default=())
#: Who evaluates this context's operations: ``middleman(evaluate, op, inputs, attrs)``.
_middleman: ContextVar[Callable[..., Any] | None] = ContextVar("rushlight_middleman", default=None)
_evaluate: Callable[..., Any] = op.evaluate


def _heard(o: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """``op.evaluate``, of which this context's listeners are told."""
    middleman = _middleman.get()
    result, arrays = _evaluate(o, inputs, attrs) if middleman is None else middleman(_evaluate, o, inputs, attrs)
    for listener in _listeners.get():
        listener(o, inputs, attrs, arrays, result)
    return result, arrays


def _closed(*args: Any) -> Any:
    """In place of ``quietly``: the short path takes this for a second thread inside, and goes the general way."""
    raise RuntimeError


def is_in_place() -> bool:
    """Asked by a listener: whether the operation that it is told of writes into its first input."""
    return sys._getframe(3).f_code is inplace.inplace.__code__  # who called ``_heard``, which called the listener


#: What the short paths and the general one look up, and what stands there while somebody listens.
_NAMES: list[tuple[Any, str, Any]] = [
    (plain, "is_rare", lambda mode: True),
    (plain, "asks_entries", False),
    (fast, "quietly", _closed),
    (fast, "deferred", lambda *args: None),  # computed when it is called
    (fast, "is_rare", lambda mode: True),
    (meeting, "is_rare", lambda mode: True),
    (direct, "quietly", _closed),
    (direct, "is_rare", lambda mode: True),
    (direct, "written_by_loop", lambda *args: False),
    (op, "evaluate", _heard),
    (inplace, "evaluate", _heard),
    (inplace, "LARGE", sys.maxsize),  # which would go by a loop
]


class _Paths:
    """How many listen, and what stood where before the first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.before: list[tuple[Any, str, Any]] = []

    def close(self) -> None:
        with self.lock:
            self.count += 1
            if self.count > 1:
                return
            routes.close("listening")
            native = sys.modules.get("rushlight.entry_points")
            operators = [] if native is None else [(Tensor, name, python) for name, python in native.replaced.items()]
            for place, name, value in [*_NAMES, (plain.entries, "wanted", False), *operators]:
                self.before.append((place, name, vars(place).get(name, getattr(place, name))))
                setattr(place, name, value)

    def open(self) -> None:
        with self.lock:
            self.count -= 1
            if not self.count:
                routes.open_again("listening")
            while not self.count and self.before:
                setattr(*self.before.pop())


_paths = _Paths()


def hear_through(middleman: Callable[..., Any]) -> None:
    """From now on each operation is evaluated by ``middleman(evaluate, op, inputs, attrs)``, for good."""
    global _evaluate
    inner = _evaluate
    _paths.close()

    def evaluate(o: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        return middleman(inner, o, inputs, attrs)

    _evaluate = evaluate


class listening:
    """``with listening(listener):`` what this context's operations get and give is told to ``listener``."""

    def __init__(self, listener: Listener):
        self.listener = listener

    def __enter__(self) -> None:
        _paths.close()
        self.token: Token[tuple[Listener, ...]] = _listeners.set((*_listeners.get(), self.listener))

    def __exit__(self, *exc: object) -> None:
        _listeners.reset(self.token)
        _paths.open()


class replacing:
    """``with replacing(middleman):`` this context's operations are evaluated by ``middleman(evaluate, op, inputs, attrs)``; as ever if
    it is None."""

    def __init__(self, middleman: Callable[..., Any] | None):
        self.middleman = middleman

    def __enter__(self) -> None:
        _paths.close()
        self.token: Token[Callable[..., Any] | None] = _middleman.set(self.middleman)

    def __exit__(self, *exc: object) -> None:
        _middleman.reset(self.token)
        _paths.open()
