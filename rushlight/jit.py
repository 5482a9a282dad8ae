"""``torch.jit`` as far as programs mention it: annotations that change nothing, and ``script`` handing its argument back."""

from __future__ import annotations

import os
import typing
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


class _Final:
    def __getitem__(self, item: Any) -> Any:
        return item


Final: _Final = _Final()


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


def fork(func: Any, *args: Any, **kwargs: Any) -> Any:
    """``func(*args, **kwargs)``, computed at once, as a future that holds its result."""
    from .futures import Future

    found: Any = Future()
    found.set_result(func(*args, **kwargs))
    return found


def wait(future: Any) -> Any:
    """What ``fork`` has computed."""
    return future.wait()


def annotate(the_type: Any, value: T) -> T:
    """The value."""
    return value


def load(f: Any, map_location: Any = None, _extra_files: Any = None, _restore_shapes: bool = False) -> Any:
    """Read a program that TorchScript saved.

    Raises:
        ValueError: if there is no such file. NotImplementedError: if there is: there is no interpreter for what it holds.
    """
    if isinstance(f, (str, os.PathLike)):
        if not os.path.exists(f):
            raise ValueError(f"The provided filename {f} does not exist")
        if os.path.isdir(f):
            raise ValueError(f"The provided filename {f} is a directory")
    raise NotImplementedError(
        "torch.jit.load is not implemented.\n\nA TorchScript file holds a program in a language of its own. Make the module in "
        "Python and read its weights: save them with torch.save(module.state_dict(), ...)."
    )


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """Write a program for TorchScript.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(
        "torch.jit.save is not implemented.\n\nKeep the weights: torch.save(module.state_dict(), ...)."
    )


_annotations = ModuleType(f"{__name__}.annotations", "The types that annotations of scripted functions name.")
_annotations.__dict__.update(
    {name: getattr(typing, name) for name in ("Any", "Dict", "List", "Optional", "Tuple", "Union")}
)
globals()["annotations"] = _annotations  # in place of what `from __future__ import annotations` leaves here
