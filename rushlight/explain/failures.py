"""Errors with a place: the module in which a call failed, what came in, what it takes.

``Module.__call__`` hands over what passes through it. The innermost module is the first to see an error, and adds a note; the outer ones
find it there. A note (PEP 678) is printed with the traceback and leaves the error's own text as it is.

>>> import rushlight as torch
>>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(5, 2))
>>> try:
...     net(torch.ones(2, 3))
... except RuntimeError as error:
...     print(error.__notes__[-1])
in net.1 Linear(in_features=5, out_features=2, bias=True)
  came in   input: float32 [2, 4]
  it takes  float32 [*, 5]
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

from ..nn.module import Module
from ..tensor import Tensor
from ..types import of_array
from . import places
from .names import title_of


class Note(str):
    """The note that ``place`` adds: the text, and which module it speaks of."""

    path: str
    module: str


def place(error: BaseException, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Say in a note where an error comes from, unless an inner module has said it."""
    if any(isinstance(note, Note) for note in getattr(error, "__notes__", ())):
        return
    if isinstance(error, RecursionError) or "_modules" not in module.__dict__:  # no room for more, or not initialised
        return
    path = places.module_path(sys._getframe(1))
    title = title_of(module)
    rows = [f"in {path} {title}"]
    came = [f"{name}: {summary(x)}" for name, x in named(module, args, kwargs)]
    rows += [f"  {'came in ' if not i else '        '}  {text}" for i, text in enumerate(came)]
    takes = taken(module)
    if takes:
        rows.append(f"  it takes  {takes}")
    note = Note("\n".join(rows))
    note.path, note.module = path, title
    error.add_note(note)


def named(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
    """The arguments of a call by the names that ``forward`` gives them."""
    names: list[str] = []
    try:
        parameters = inspect.signature(module.forward).parameters
    except (TypeError, ValueError):  # no Python function
        parameters = {}  # type: ignore[assignment]
    for p in parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            names += [f"{p.name}[{i}]" for i in range(len(args))]
        elif p.kind is not p.VAR_KEYWORD:
            names.append(p.name)
    names += [f"argument {i}" for i in range(len(names), len(args))]
    return [*zip(names, args, strict=False), *kwargs.items()]


def summary(x: Any, depth: int = 1) -> str:
    """A value in a few words: the dtype and shape of a tensor, the kind of anything else."""
    if isinstance(x, Tensor):
        return f"{str(of_array(x._a)).removeprefix('torch.')} {list(x._a.shape)}"
    if isinstance(x, (tuple, list)) and x and depth:
        shown = ", ".join(summary(item, depth - 1) for item in x[:4])
        return f"{type(x).__name__} of {shown}{', ...' if len(x) > 4 else ''}"
    if x is None or isinstance(x, (bool, int, float)):
        return repr(x)
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__module__.partition('.')[0]}.{type(x).__name__} {x.dtype} {list(x.shape)}"
    return type(x).__name__


def taken(module: Module) -> str:
    """What a module takes, as its class says (``Module._takes``), with its parameters' dtype before it."""
    text = module._takes.format(module)
    if not text.startswith("["):
        return text
    floating = next((p for p in module._parameters.values() if p is not None and p.is_floating_point()), None)
    return text if floating is None else f"{str(floating.dtype).removeprefix('torch.')} {text}"
