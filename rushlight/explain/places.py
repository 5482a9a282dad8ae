"""Where a program is: the user's line and the module that runs, read off the interpreter's frames.

Nothing is installed and nothing is counted, so that a program that nobody asks about pays nothing. A frame is the
user's if it lies neither in this package nor in a library; a module runs while the frame of its ``__call__`` is on the stack.
The same frames are kept by a traceback, so that both questions can be asked of an error: ``innermost(error)``.

>>> from rushlight.explain import places
>>> places.user_line().text
'places.user_line().text'
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ..nn.module import Module
from .names import elements

PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_LIBRARIES = tuple(
    {
        str(Path(folder).resolve()) + os.sep
        for folder in (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        if folder
    }
)
_CALL = Module.__call__.__code__

#: What a file is, by its name: asked once.
_kinds: dict[str, bool] = {}


class Line(NamedTuple):
    """A line of a program. ``text`` is empty where the source cannot be had."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"


def is_users(frame: FrameType) -> bool:
    """Whether a frame runs code of the user's: no library's, none of this package, none that it has written and executed."""
    file = frame.f_code.co_filename
    users = _kinds.get(file)
    if users is None:
        users = _kinds[file] = not file.startswith((PACKAGE, "<frozen ", *_LIBRARIES))
    return users and "__name__" in frame.f_globals


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that called it, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def user_frame(frame: FrameType | None = None) -> FrameType | None:
    """The innermost frame of the user's, from ``frame`` (the caller's, by default) outwards."""
    return next(filter(is_users, outwards(sys._getframe(1) if frame is None else frame)), None)


def user_line(frame: FrameType | None = None) -> Line | None:
    """The line of the user's program that runs, from ``frame`` outwards; None if all code on the stack is a library's."""
    found = user_frame(sys._getframe(1) if frame is None else frame)
    return None if found is None else line_of(found)


def line_of(frame: FrameType) -> Line:
    """The line at which a running frame is; of a frame that an exception has left, the traceback knows the line."""
    return line_at(frame, frame.f_lineno)


def line_at(frame: FrameType, number: int) -> Line:
    """Line ``number`` of the file that a frame runs."""
    file = frame.f_code.co_filename
    return Line(file, number, linecache.getline(file, number, frame.f_globals).strip())


# --- modules ------------------------------------------------------------------------------------------------------------
def running_modules(frame: FrameType | None = None) -> list[Module]:
    """The modules whose call is under way, outermost first."""
    return [f.f_locals["self"] for f in module_frames(sys._getframe(1) if frame is None else frame)]


def module_frames(frame: FrameType) -> list[FrameType]:
    """The frames of the modules' calls, outermost first."""
    return [f for f in outwards(frame) if f.f_code is _CALL][::-1]


def module_path(frame: FrameType | None = None) -> str:
    """The path of the module that runs, ``net.encoder.3``; empty outside of modules.

    It begins with the name of the variable that holds the outermost module where the user calls it, or with its class's.
    """
    calls = module_frames(sys._getframe(1) if frame is None else frame)
    if not calls:
        return ""
    modules = [f.f_locals["self"] for f in calls]
    return ".".join([root_name(modules[0], calls[0].f_back), *steps(modules)])


def steps(modules: list[Module]) -> Iterator[str]:
    """The name of each module below the one that calls it; a module that is not below it goes by its class."""
    for outer, inner in zip(modules, modules[1:], strict=False):
        if inner is not outer:
            yield child_name(outer, inner)


_children: WeakKeyDictionary[Any, dict[int, str]] = WeakKeyDictionary()
_roots: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def child_name(outer: Module, inner: Module) -> str:
    """The name of a module below another, ``encoder.3``, also ``layers[3]`` of a plain list; its class's name if it lies elsewhere."""
    names = _children.get(outer)
    if names is None or id(inner) not in names or _below(outer, names[id(inner)]) is not inner:
        names = _children[outer] = {id(m): name for name, m in outer.named_modules()}
    return names.get(id(inner)) or held_by(vars(outer), inner) or type(inner).__name__


def _below(outer: Module, name: str) -> Any:
    try:
        return outer.get_submodule(name)
    except AttributeError:
        return None


def root_name(module: Module, caller: FrameType | None) -> str:
    """What the user calls a module: the variable that holds it in the frame of the user's nearest to ``caller``."""
    name = _roots.get(module)
    if name is None:
        frame = user_frame(caller) if caller is not None else None
        name = _roots[module] = (variable_name(module, frame) if frame is not None else None) or type(module).__name__
    return name


def variable_name(thing: Any, frame: FrameType) -> str | None:
    """How a frame's code calls this very object: ``net``, a variable, local or global; ``self.net``; ``nets[1]``."""
    for names in (frame.f_locals, frame.f_globals):
        for name, value in names.items():
            if value is thing and not name.startswith("_") and name != "self":
                return name
    owner = frame.f_locals.get("self")
    of_owner = None if owner is thing else held_by(getattr(owner, "__dict__", {}), thing)
    return f"self.{of_owner}" if of_owner else held_by(frame.f_locals, thing) or held_by(frame.f_globals, thing)


def held_by(names: Mapping[str, Any], thing: Any) -> str | None:
    """The name under which an object lies among others: ``net``, ``nets[1]``, ``nets['a']``; None if it does not."""
    for name, value in list(names.items()):
        if name.startswith("_"):
            continue
        if value is thing:
            return name
        found = next((place for place, x in elements(name, value) if x is thing), None)
        if found is not None:
            return found
    return None


# --- of an error --------------------------------------------------------------------------------------------------------
def innermost(error: BaseException) -> FrameType | None:
    """The frame in which an error was raised; the others are those that called it."""
    back = error.__traceback__
    while back is not None and back.tb_next is not None:
        back = back.tb_next
    return None if back is None else back.tb_frame


def error_line(error: BaseException) -> Line | None:
    """The innermost line of the user's in an error's traceback."""
    found = None
    back = error.__traceback__
    while back is not None:
        if is_users(back.tb_frame):
            found = line_at(back.tb_frame, back.tb_lineno)
        back = back.tb_next
    return found
