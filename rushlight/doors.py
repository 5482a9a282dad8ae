"""Functions that are led through a door for a while: by exchanging their code, so that every name a program holds, methods and operators
among them, leads there, and nothing asks on the way to an operation while no door is open.

Doors of several kinds may stand before one function: what a mode sees of a call is the call, not what autocast makes of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

#: The code that functions had before their doors were opened, by their id.
original: dict[int, CodeType] = {}

#: Kinds of doors, the innermost first.
KINDS = ("dispatch", "fx", "autocast", "mode")
_open: dict[int, dict[str, CodeType]] = {}


@functools.cache
def _through(free: int) -> CodeType:
    """The code of a function with a door, which shares so many variables with those around it: ``door`` stands in the place of its
    constant. A function keeps their number, and a frame whose code does not take them over cannot show its variables."""
    names = ", ".join(f"v{i}" for i in range(free))
    shared = (f"    {names.replace(', ', ' = ')} = None\n", f"        nonlocal {names}\n") if free else ("", "")
    source = f"""def around():
{shared[0]}    def through(*args, **kwargs):
{shared[1]}        door = "door"
        return door(args, kwargs)
    return through
"""
    names_within: dict[str, Any] = {}
    exec(compile(source, "<doors>", "exec"), names_within)
    code: CodeType = names_within["around"]().__code__
    return code


def with_code(public: FunctionType, code: CodeType) -> Callable[..., Any]:
    """The function as it is with another code."""
    made = FunctionType(code, public.__globals__, public.__name__, public.__defaults__, public.__closure__)
    made.__kwdefaults__ = public.__kwdefaults__
    return made


def behind(public: FunctionType) -> Callable[..., Any]:
    """What a function does without its doors."""
    return with_code(public, original.get(id(public), public.__code__))


def beneath(public: FunctionType, kind: str) -> CodeType:
    """The code that a function would have without its door of this kind, and those before it."""
    doors = _open.get(id(public), {})
    inner = [doors[k] for k in KINDS[: KINDS.index(kind)] if k in doors]
    return inner[-1] if inner else original.get(id(public), public.__code__)


def led(public: FunctionType, door: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> CodeType:
    """The code that a function has while ``door(args, kwargs)`` stands before it."""
    code = _through(len(public.__code__.co_freevars))
    constants = tuple(door if c == "door" else c for c in code.co_consts)
    return code.replace(co_consts=constants, co_freevars=public.__code__.co_freevars)


def open_door(public: FunctionType, kind: str, code: CodeType) -> None:
    """From now on a function is led by ``code``, made by ``led``, or by a door that stands before this one."""
    doors = _open.setdefault(id(public), {})
    if not doors:
        original[id(public)] = public.__code__
    doors[kind] = code
    public.__code__ = next(doors[k] for k in reversed(KINDS) if k in doors)


def close_door(public: FunctionType, kind: str) -> None:
    """The door of this kind is gone, if there was one."""
    doors = _open.get(id(public))
    if doors is None or doors.pop(kind, None) is None:
        return
    if not doors:
        del _open[id(public)]
        public.__code__ = original.pop(id(public))
    else:
        public.__code__ = next(doors[k] for k in reversed(KINDS) if k in doors)
