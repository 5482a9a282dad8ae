"""What is known of an instruction besides its code: ``@instruction(...)`` in front of its function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Instruction(NamedTuple):
    """A function of numbers or vectors that loops may use.

    function: its code, in the kernel language.
    bodies: the names by which bodies of ops ask for it.
    ufuncs: the functions of NumPy that give the same bits for every element type that it has.
    kinds: the element types that it has.
    takes, gives: ``n`` for a number and ``c`` for a condition, of each operand and of the result.
    called: the function of the C library that it calls for each number, if it is one.
    light: whether it costs no more than reading its operands from memory.
    ulp: how far it may be from the true value, in units in the last place, for each of ``kinds``; None for what is exact or rounded
        once by the processor. As a text, what holds instead.
    """

    function: Any
    bodies: tuple[str, ...]
    ufuncs: tuple[str, ...]
    kinds: tuple[str, ...]
    takes: str
    gives: str
    light: bool
    ulp: Any
    called: str = ""


#: Every instruction by name.
INSTRUCTIONS: dict[str, Instruction] = {}


def instruction(
    bodies: str | None = None,
    *,
    ufuncs: str = "",
    kinds: str = "f32 f64",
    takes: str = "",
    gives: str = "n",
    light: bool = False,
    ulp: Any = None,
    called: str = "",
) -> Callable[[Any], Any]:
    """Mark a function. Bodies ask for it by its own name unless ``bodies`` says which."""

    def marked(function: Any) -> Any:
        name = function.__name__
        asked = (name.removeprefix("rounded_"),) if bodies is None else tuple(bodies.split())
        operands = takes or "n" * function.__code__.co_argcount
        sizes = tuple(kinds.split())
        bounds = ulp if isinstance(ulp, tuple | str) or ulp is None else (ulp,)
        INSTRUCTIONS[name] = Instruction(
            function, asked, tuple(ufuncs.split()), sizes, operands, gives, light, bounds, called
        )
        return function

    return marked
