"""``torch.jit`` as far as programs mention it: annotations that change nothing, and ``script`` handing its argument back."""

from __future__ import annotations

import builtins
import os
import types
import typing
from importlib import import_module
from typing import Any, TypeVar

from .. import errors
from ..nn.module import Module

T = TypeVar("T")


class TracerWarning(Warning):
    """What ``trace`` warns of: Python that it does not follow. Nothing is traced, and so nothing is lost."""


class ScriptModule(Module):
    """A module that ``script`` has translated. It hands modules back as they are: none is of this class."""

    def __init__(self) -> None:
        super().__init__()


class ScriptFunction:
    """A function that ``script`` has translated; none is."""


class TensorType:
    """The type of tensors, as annotations of scripted functions have it."""


RecursiveScriptModule = TopLevelTracedModule = ScriptModule


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
script_method = export


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
    from ..futures import Future

    found: Any = Future()
    found.set_result(func(*args, **kwargs))
    return found


def wait(future: Any) -> Any:
    """What ``fork`` has computed."""
    return future.wait()


def _unwrap_optional(x: Any) -> Any:
    """The value, which must not be None: code written for TorchScript says so to its compiler."""
    assert x is not None, "Unwrapping null optional"
    return x


def annotate(the_type: Any, value: T) -> T:
    """The value."""
    return value


def load(f: Any, map_location: Any = None, _extra_files: Any = None, _restore_shapes: bool = False) -> Any:
    """Read a program that TorchScript saved.

    Raises:
        ValueError: if there is no such file. NotImplementedError: if there is: there is no interpreter for what it holds.
    """
    if builtins.isinstance(f, (str, os.PathLike)):
        if not os.path.exists(f):
            raise ValueError(f"The provided filename {f} does not exist")
        if os.path.isdir(f):
            raise ValueError(f"The provided filename {f} is a directory")
    raise errors.advised(
        NotImplementedError("torch.jit.load is not implemented."),
        "A TorchScript file holds a program in a language of its own. Make the module in "
        "Python and read its weights: save them with torch.save(module.state_dict(), ...).",
    )


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """Write a program for TorchScript.

    Raises:
        NotImplementedError: always.
    """
    raise errors.advised(
        NotImplementedError("torch.jit.save is not implemented."),
        "Keep the weights: torch.save(module.state_dict(), ...).",
    )


import_module(f"{__name__}.annotations")  # it takes the place of what `from __future__ import annotations` leaves here


def trace_module(mod: T, inputs: Any, *args: Any, **kwargs: Any) -> T:
    """The module as it is: it runs eagerly."""
    return mod


def interface(obj: T) -> T:
    """Decorator: the class as it is."""
    return obj


def isinstance(obj: Any, target_type: Any) -> bool:  # noqa: A001 - PyTorch's name
    """Whether an object is of a type, which may be one of annotations: ``list[int]``.

    >>> import rushlight as torch
    >>> torch.jit.isinstance([1, 2], list[int]), torch.jit.isinstance([1.0], list[int])
    (True, False)
    """
    return any(_is_of(obj, t) for t in (target_type if builtins.isinstance(target_type, tuple) else (target_type,)))


def _is_of(obj: Any, kind: Any) -> bool:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is None:
        return obj is None
    if origin is None:
        return builtins.isinstance(obj, kind)
    if origin is typing.Union or origin is types.UnionType:
        return any(_is_of(obj, t) for t in inner)
    if not builtins.isinstance(obj, origin):
        return False
    if origin is dict:
        return all(_is_of(k, inner[0]) and _is_of(v, inner[1]) for k, v in obj.items())
    if origin is tuple and inner[-1] is not Ellipsis:
        return len(obj) == len(inner) and all(map(_is_of, obj, inner))
    return all(_is_of(x, inner[0]) for x in obj)


class Attribute(typing.NamedTuple):
    """A value, and the type by which a scripted module would know it."""

    value: Any
    type: Any


class Error(RuntimeError):
    """What a scripted program raises; none runs."""


def _overload(func: T) -> T:
    """Decorator: the function as it is."""
    return func


_overload_method = _overload

globals().update(
    errors.absent(
        "torch.jit",
        "_get_trace_graph",
        "There is no tracer of operations: torch.fx.symbolic_trace follows a function's Python.",
    )
)
