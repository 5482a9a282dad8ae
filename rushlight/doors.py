"""Functions that are led through a door for a while: by exchanging their code, so that every name a program holds, methods and operators
among them, leads there, and nothing asks on the way to an operation while no door is open."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

#: The code that functions had before their doors were opened, by their id.
original: dict[int, CodeType] = {}


def _through(*args: Any, **kwargs: Any) -> Any:
    """The code of a function with a door: ``door`` stands in the place of its constant."""
    door: Any = "door"
    return door(args, kwargs)


def behind(public: FunctionType) -> Callable[..., Any]:
    """What a function does without its door."""
    code = original.get(id(public), public.__code__)
    made = FunctionType(code, public.__globals__, public.__name__, public.__defaults__, public.__closure__)
    made.__kwdefaults__ = public.__kwdefaults__
    return made


def led(public: FunctionType, door: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> CodeType:
    """The code that a function has while ``door(args, kwargs)`` stands before it."""
    constants = tuple(door if c == "door" else c for c in _through.__code__.co_consts)
    # a function keeps the number of variables that it shares with those around it
    return _through.__code__.replace(co_consts=constants, co_freevars=public.__code__.co_freevars)
