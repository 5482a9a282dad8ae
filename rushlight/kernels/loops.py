"""Loops as machine code: ``compiled(loop)`` is a function of its arrays and numbers that Python calls directly.

A loop is written out as a kernel: its instructions once for vectors and once for the elements that are left over. It does
nothing, returning False, unless all arrays are ndarrays of the loop's dtype, contiguous, of one size, and no two overlap but by being
the same. Long arrays are shared out among the threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import kernel, words
from .code import functions
from .code.marks import INSTRUCTIONS
from .ir import BY_PLACE, Loop
from .language import from_text

LANES = {"f32": 16, "f64": 8}
#: Elements that a thread takes at a time at the least; how many it does alone of what costs no more than reading memory, and of what
#: computes.
GRAIN, LIGHT, HEAVY = 8192, 32768, 8192
_GIVEN = ("load", "number", "constant", BY_PLACE)
_functions: dict[Any, Any] = {}


def compiled(loop: Loop) -> Any:
    """``f(*arrays, *numbers) -> bool``: whether the loop ran. Made once for each ``loop.key``."""
    found = _functions.get(loop.key)
    if found is None:
        loop.verify()
        light = all(op in _GIVEN or INSTRUCTIONS[op].light for op, *_ in loop.code)
        names = {**vars(words), "T": getattr(words, loop.kind), "functions": functions}
        found = _functions[loop.key] = kernel.elementwise(
            from_text(written(loop), names), GRAIN, LIGHT if light else HEAVY
        )
    return found


def written(loop: Loop) -> str:
    """The loop as a kernel."""
    lanes = LANES[loop.kind]
    uses = ["write" if i in loop.stores else "read" for i in range(len(loop.arrays))]
    arrays = [f"a{i}: {use}[{'boolean' if i in loop.masks else 'T'}]" for i, use in enumerate(uses)]
    numbers = [f"n{i}: T" for i in range(loop.numbers)]
    lines = [
        f"def loop({', '.join(['start', 'stop', *arrays, *numbers])}):",
        f"    whole = start + (stop - start) // {lanes} * {lanes}",
        f"    for i in range(start, whole, {lanes}):",
        *body(loop, lanes),
        "    for i in range(whole, stop):",
        *body(loop, 1),
    ]
    return "\n".join(lines)


def body(
    loop: Loop,
    lanes: int,
    load: Callable[[int, int], str] = "load(a{}, i, {})".format,
    store: Callable[[int, str], str] | None = None,
    indent: int = 8,
) -> list[str]:
    """The lines of one turn, for so many lanes: ``load(array, lanes)`` says how an element of an array is read, ``store(array, value)``
    how one is written."""
    whole = lanes > 1
    v = "v" if whole else "x"  # a name has one type
    lines = []
    for i in loop.needed(whole):
        op, *operands = loop.code[i]
        if op == "load":
            value = load(operands[0], lanes)
        elif op == "number":
            value = f"n{operands[0]}"
        elif op == "constant":
            value = f"T({_text(operands[0])})"
        elif op == BY_PLACE:
            value = f"{v}{operands[0 if whole else 1]}"
        else:
            value = f"functions.{op}({', '.join(f'{v}{x}' for x in operands)})"
        lines.append(f"{v}{i} = {value}")
    for array, held in loop.stores.items():
        # A number that is stored as it is has to become a vector first.
        lines.append(store(array, f"{v}{held}") if store else f"a{array}[i] = splat({v}{held}, {lanes})")
    return [" " * indent + line for line in lines or ["pass"]]


def _text(number: float) -> str:
    """A number as source."""
    return repr(number) if math.isfinite(number) else f'float("{number}")'
