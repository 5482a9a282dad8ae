"""``torch.utils._contextlib``: blocks that decorate functions too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def context_decorator(ctx: Any, func: Callable[..., Any]) -> Callable[..., Any]:
    """``func``, run inside ``with ctx():`` (a new one for each call); a generator runs inside it only while it computes."""
    make = ctx if callable(ctx) else lambda: ctx
    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def generate(*args: Any, **kwargs: Any) -> Any:
            made = func(*args, **kwargs)
            sent: Any = None
            step: Callable[[Any], Any] = made.send
            while True:
                with make():
                    try:
                        value = step(sent)
                    except StopIteration as end:
                        return end.value
                step = made.send
                try:
                    sent = yield value
                except GeneratorExit:
                    made.close()
                    raise
                except BaseException as error:
                    sent, step = error, made.throw

        return generate

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        with make():
            return func(*args, **kwargs)

    return run


class _DecoratorContextManager:
    """A block that decorates functions too; subclasses say what entering and leaving does, and ``clone`` makes another like it."""

    def __call__(self, orig_func: Any) -> Any:
        return context_decorator(self.clone, orig_func)

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        raise NotImplementedError

    def clone(self) -> Any:
        """Another one with the same settings."""
        return type(self)()


class _NoParamDecoratorContextManager(_DecoratorContextManager):
    """One without settings: the class itself decorates."""

    def __new__(cls, orig_func: Any = None) -> Any:
        return super().__new__(cls) if orig_func is None else cls()(orig_func)
