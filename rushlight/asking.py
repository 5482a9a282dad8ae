"""Public functions without a record ask their arguments for a ``__torch_function__`` before they run.

``asking`` writes a function of the same parameters around one: the class of the first argument is compared, which takes 20 ns, and the
others are asked when the function cannot take them. Records ask in ``op.call``, routed functions where an argument has no signature.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast

from . import kinds
from .errors import ASKING
from .override import PLAIN, handle, raised_by_handler, takes_over
from .synonyms import running
from .tensor import Deferred

VARARGS, VARKEYWORDS = 4, 8  # flags of code
F = TypeVar("F", bound=Callable[..., Any])

#: The functions that ``asking`` has made: a mode is asked about their calls.
MADE: list[FunctionType] = []


def asks(x: Any) -> bool:
    """Whether an argument that is no plain tensor takes the call over; one that waits to be computed is plain, and goes on waiting."""
    return x.__class__ is not Deferred and takes_over(x)


def among(args: Any, kwargs: dict[str, Any]) -> Any:
    """The arguments that take the call over, also those within lists."""
    given = (*args, *kwargs.values())
    return [y for x in given for y in (x if isinstance(x, (tuple, list)) else (x,)) if asks(y)]


def answer(public: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the arguments that take the call over answer; the error that is being handled, if there are none, or one has raised it."""
    if raised_by_handler(sys.exc_info()[1]):
        raise
    asked = among(args, kwargs)
    if not asked:
        in_python = kinds.is_in_python(public)
        wrong = kinds.unfit(public.__name__, _own(public), args, kwargs, sys.exc_info()[1], in_python)
        if wrong is not None:
            raise wrong from None
        raise
    return handle(running(public), asked, args, kwargs)


def _own(public: Any) -> Any:
    """The function that a public one was made around, whose parameters and annotations say what it takes."""
    while isinstance(within := getattr(public, "__wrapped__", None), FunctionType):
        public = within
    op = getattr(public, "__op__", None)
    return public if op is None else op.preparer or op.forward


def otherwise(public: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> Any:
    """``answer`` where nothing was raised yet: ``error`` is, if no argument takes the call over."""
    asked = [] if raised_by_handler(error) else among(args, kwargs)
    if not asked:
        raise error
    return handle(public, asked, args, kwargs)


@functools.cache
def asking(fn: F, known_as: Callable[..., Any] | None = None) -> F:
    """``fn`` with its arguments asked first; ``known_as`` is what they are told was called, if not this function.

    One for each function, also where it is declared in two places: ``F.conv2d is torch.conv2d``.
    """
    function = cast(FunctionType, fn)
    code = function.__code__
    names = code.co_varnames
    count = code.co_argcount + code.co_kwonlyargcount
    flags = code.co_flags & (VARARGS | VARKEYWORDS)
    made = _written(code.co_argcount, names[code.co_argcount : count], flags, names[:1] == ("tensors",))
    own = [*names[:count], *names[count : count + bool(flags & VARARGS) + bool(flags & VARKEYWORDS)]]
    made = made.replace(
        co_varnames=(*own, *made.co_varnames[len(own) :]), co_name=function.__name__, co_qualname=function.__qualname__
    )
    names_within = {"fn": fn, "PLAIN": PLAIN, "asks": asks, "answer": answer, "given": _given(function)}
    public = FunctionType(made, names_within, function.__name__, function.__defaults__)
    public.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(public, fn)
    names_within["public"] = known_as or public
    if known_as is None:
        MADE.append(public)
    return cast(F, public)


def _given(fn: FunctionType) -> Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]:
    """What stands for the call as it was written: arguments up to the last that is not what it is by default, keywords likewise."""

    def given(positional: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        last, first = fn.__defaults__ or (), fn.__code__.co_argcount - len(fn.__defaults__ or ())
        while (
            len(positional) > first
            and len(positional) - first <= len(last)
            and positional[-1] is last[len(positional) - first - 1]
        ):
            positional = positional[:-1]
        usual = fn.__kwdefaults__ or {}
        return positional, {n: x for n, x in keywords.items() if n not in usual or x is not usual[n]}

    return given


@functools.cache
def _written(positional: int, keywords: tuple[str, ...], flags: int, of_list: bool) -> CodeType:
    """The code of a function of so many arguments, of these keywords; with ``of_list`` tensors come in a list, which a function may
    be able to read though they take the call over."""
    names = [f"p{i}" for i in range(positional)]
    rest = ["*args"] if flags & VARARGS else ["*"] if keywords else []
    parameters = ", ".join([*names, *rest, *keywords, *(["**kwargs"] if flags & VARKEYWORDS else [])])
    more = ["*args"] if flags & VARARGS else []
    named = [f"{n}={n}" for n in keywords] + (["**kwargs"] if flags & VARKEYWORDS else [])
    passed = ", ".join([*names, *more, *named])
    several = "(" + "".join([f"{n}, " for n in names]) + "".join([f"{m}, " for m in more]) + ")"
    again = f"answer(public, *given({several}, dict({', '.join(named)})))"
    first = (
        "p0.__class__ not in PLAIN and asks(p0)"
        if names
        else "args and args[0].__class__ not in PLAIN and asks(args[0])"
    )
    if of_list and names:
        within = "any([x.__class__ not in PLAIN and asks(x) for x in p0])"
        first = f"({first}) or ((p0.__class__ is tuple or p0.__class__ is list) and {within})"
    source = f"""
def public({parameters}):
    if {first}:
        return {again}
    try:
        return fn({passed})
    except Exception:
        return {again}
"""
    module = compile(source, ASKING, "exec")
    return next(c for c in module.co_consts if isinstance(c, CodeType))
