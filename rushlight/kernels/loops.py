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
from .source import from_text

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
    parts = stages(loop)
    if len(parts) > 1:
        return written_in_stages(loop, parts)
    lines = [
        header(loop),
        f"    whole = start + (stop - start) // {lanes} * {lanes}",
        f"    for i in range(start, whole, {lanes}):",
        *body(loop, lanes),
        "    for i in range(whole, stop):",
        *body(loop, 1),
    ]
    return "\n".join(lines)


def header(loop: Loop) -> str:
    """The first line."""
    return f"def loop({', '.join(['start', 'stop', *declared(loop)])}):"


def declared(loop: Loop) -> list[str]:
    """The arrays and numbers of a loop as parameters."""
    uses = ["write" if i in loop.stores else "read" for i in range(len(loop.arrays))]
    arrays = [f"a{i}: {use}[{element(loop, i)}]" for i, use in enumerate(uses)]
    return arrays + [f"n{i}: T" for i in range(loop.numbers)]


def element(loop: Loop, array: int) -> str:
    """The element type of an array as a word."""
    return "boolean" if array in loop.masks else "i16" if loop.narrow else "T"


def as_number(loop: Loop, array: int, element: str) -> str:
    """An element as it is read from an array, as a number to compute with."""
    return f"functions.read_{loop.narrow}({element})" if loop.narrow and array not in loop.masks else element


def as_element(loop: Loop, value: str, lanes: int) -> str:
    """A number as it is written to an array."""
    if loop.narrow:
        value = f"functions.bits_of_{loop.narrow}({value})"
    return f"splat({value}, {lanes})"


# --- stages -----------------------------------------------------------------------------------------------------------
#: Elements that go through all stages together: what lies between the stages stays in the first cache.
BLOCK = {"f32": 512, "f64": 256}
MOST_BETWEEN = 8


def stages(loop: Loop) -> list[list[int]]:
    """The instructions of a loop, parted where one that computes much has another before it.

    An exponential is a chain of twenty steps, each of which waits for the one before. A processor looks some hundred instructions ahead and
    fills the waiting with the next elements; two such functions one after the other are longer than it sees, and take twice as long.
    """
    loop = of_vectors(loop)
    parts: list[list[int]] = [[]]
    heavy = False
    for i in loop.needed(True):
        if loop.code[i][0] in _GIVEN:
            continue  # read where it is used
        if not INSTRUCTIONS[loop.code[i][0]].light:
            if heavy:
                parts.append([])
            heavy = True
        parts[-1].append(i)
    between = _between(loop, parts)
    if len(between) > MOST_BETWEEN or any(loop.is_condition(value) for value in between):
        return [[]]
    return parts


def of_vectors(loop: Loop) -> Loop:
    """The loop of whole vectors, if what is left over is computed otherwise."""
    if not loop.parted:
        return loop
    whole = Loop(loop.kind, loop.arrays, loop.narrow)
    whole.masks, whole.numbers = loop.masks, loop.numbers

    def vector(x: int) -> int:
        while loop.code[x][0] == BY_PLACE:
            x = loop.code[x][1]
        return x

    whole.code = [x if x[0] in _GIVEN else (x[0], *map(vector, x[1:])) for x in loop.code]
    whole.stores = {array: vector(value) for array, value in loop.stores.items()}
    return whole


def _between(loop: Loop, parts: list[list[int]]) -> list[int]:
    """The values that one stage computes and a later one reads, or the last one stores."""
    stage_of = {i: n for n, part in enumerate(parts) for i in part}
    used = [(n, x) for n, part in enumerate(parts) for i in part for x in loop.code[i][1:]]
    used += [(len(parts) - 1, value) for value in loop.stores.values()]
    return sorted({x for n, x in used if x in stage_of and stage_of[x] < n})


def written_in_stages(loop: Loop, parts: list[list[int]]) -> str:
    """The loop as a kernel that takes a block of elements through one stage after another; what is left over beyond whole vectors, where
    that is computed otherwise, comes last and in one."""
    lanes, block = LANES[loop.kind], BLOCK[loop.kind]
    given, loop = loop, of_vectors(loop)
    between = _between(loop, parts)
    # The processor stops looking ahead while it works on a block: the next one is asked for meanwhile.
    loaded = sorted({operands[0] for op, *operands in loop.code if op == "load"})
    ahead = [f"            prefetch(a{array}, i + {block})" for array in loaded]
    end = "end" if given.parted else "stop"
    lines = [
        header(loop),
        *[f"    b{i} = stack(T, {block})" for i in between],
        *([f"    end = start + (stop - start) // {lanes} * {lanes}"] if given.parted else ()),
        f"    for first in range(start, {end}, {block}):",
        f"        last = minimum(first + {block}, {end})",
        f"        whole = first + (last - first) // {lanes} * {lanes}",
    ]
    spans = ((lanes, f"first, whole, {lanes}"), (1, "whole, last"))
    for n, part in enumerate(parts):
        for count, span in spans[:1] if given.parted else spans:
            v = f"{'v' if count > 1 else 'x'}{n}_"  # a name has one type
            lines += [
                f"        for i in range({span}):",
                *(ahead if n == 0 and count > 1 else ()),
                *_stage(loop, part, between, n == len(parts) - 1, count, v),
            ]
    if given.parted:
        lines += ["    for i in range(end, stop):", *body(given, 1)]
    return "\n".join(lines)


def _stage(loop: Loop, part: list[int], between: list[int], is_last: bool, lanes: int, v: str) -> list[str]:
    """The lines of a stage's turn: values that were computed before are read from their blocks, those that are read later go to one."""
    lines: list[str] = []
    known: set[int] = set()

    def need(x: int) -> None:
        if x in known or x in part:
            return
        known.add(x)
        if x in between:
            lines.append(f"{v}{x} = load(b{x}, i - first, {lanes})")
        else:
            lines.append(f"{v}{x} = {_given(loop, x, _load, lanes)}")

    for i in part:
        op, *operands = loop.code[i]
        for x in operands:
            need(x)
        lines.append(f"{v}{i} = functions.{op}({', '.join(f'{v}{x}' for x in operands)})")
    lines += [f"b{i}[i - first] = splat({v}{i}, {lanes})" for i in part if i in between]
    if is_last:
        for value in loop.stores.values():
            need(value)
        lines += [f"a{array}[i] = {as_element(loop, f'{v}{value}', lanes)}" for array, value in loop.stores.items()]
    return [" " * 12 + line for line in lines]


# --- a turn -----------------------------------------------------------------------------------------------------------
_load = "load(a{}, i, {})".format


def _given(loop: Loop, i: int, load: Callable[[int, int], str], lanes: int) -> str:
    """What is read, not computed: an element, a number, a constant."""
    op, *operands = loop.code[i]
    if op == "load":
        return as_number(loop, operands[0], load(operands[0], lanes))
    return f"n{operands[0]}" if op == "number" else f"T({_text(operands[0])})"


def body(
    loop: Loop,
    lanes: int,
    load: Callable[[int, int], str] = _load,
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
        if op == BY_PLACE:
            value = f"{v}{operands[0 if whole else 1]}"
        elif op in _GIVEN:
            value = _given(loop, i, load, lanes)
        else:
            value = f"functions.{op}({', '.join(f'{v}{x}' for x in operands)})"
        lines.append(f"{v}{i} = {value}")
    for array, held in loop.stores.items():
        # A number that is stored as it is has to become a vector first.
        value = as_element(loop, f"{v}{held}", lanes)
        lines.append(store(array, value) if store else f"a{array}[i] = {value}")
    return [" " * indent + line for line in lines or ["pass"]]


def _text(number: float) -> str:
    """A number as source."""
    return repr(number) if math.isfinite(number) else f'float("{number}")'
