"""``torch.jit`` as far as programs mention it: annotations that change nothing, and ``script`` handing its argument back."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class _Final:
    def __getitem__(self, item: Any) -> Any:
        return item


Final = _Final()


def is_scripting() -> bool:
    """False: everything runs eagerly."""
    return False


is_tracing = is_scripting


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Decorator: the function as it is."""
    return drop if callable(drop) else (lambda fn: fn)


def export(fn: T) -> T:
    """Decorator: the function as it is."""
    return fn


unused = export


def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """The object as it is: it runs eagerly."""
    return obj


def trace(func: T, *args: Any, **kwargs: Any) -> T:
    """The function as it is: it runs eagerly."""
    return func


def script_if_tracing(fn: T) -> T:
    """The function as it is."""
    return fn


def annotate(the_type: Any, value: T) -> T:
    """The value."""
    return value
