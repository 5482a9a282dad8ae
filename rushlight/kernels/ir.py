"""Loop IR: what is done with each element of some arrays of one shape, as a list of instructions.

A loop reads arrays and numbers, computes, and stores to arrays. Its instructions are in the order of evaluation, each refers to
earlier ones by number, and all have the loop's element type. Loops with the same ``key`` are the same code: the numbers are
not part of it, they are given at each run.

>>> loop = Loop("f32", ["p", "g"])
>>> loop.store(0, loop.emit("fma", loop.load(1), loop.number(), loop.load(0)))
>>> print(loop)
loop f32 (p, g; 1 number)
  %0 = load g
  %1 = number 0
  %2 = load p
  %3 = fma %0 %1 %2
  store p %3
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

TYPES = ("f32", "f64")
BY_PLACE = "by_place"


@functools.cache
def instructions() -> Any:
    """Every instruction by name, with its code and what else is known of it (``code.marks``); read when the first loop is made."""
    from .code.functions import INSTRUCTIONS

    return INSTRUCTIONS


def arity(op: str) -> int:
    """How many operands an instruction takes."""
    known = instructions().get(op)
    return len(known.takes) if known is not None else -1


def has_form(op: str, kind: str) -> bool:
    """Whether there is an instruction for elements of a type."""
    return op in instructions() and kind in instructions()[op].kinds


class Loop:
    """A loop over the elements of ``arrays``."""

    numbers: int
    parted: bool
    narrow: str

    __slots__ = ("kind", "arrays", "masks", "numbers", "code", "stores", "parted", "narrow", "_loaded")

    def __init__(self, kind: str, arrays: Sequence[str], narrow: str = ""):
        if kind not in TYPES:
            raise TypeError(f"loop: no element type '{kind}'; there are {', '.join(TYPES)}")
        self.kind = kind
        self.arrays: tuple[str, ...] = tuple(arrays)
        self.masks: tuple[int, ...] = ()  # arrays of bool, whose elements are conditions
        self.numbers = 0
        self.code: list[tuple[Any, ...]] = []
        self.stores: dict[int, int] = {}  # array -> what it holds at the end
        self.parted = False  # whether what is left over beyond whole vectors is computed otherwise
        self.narrow = narrow  # "f16" or "bf16" if the arrays have 16 bits, of which float32 is made when they are read
        self._loaded: dict[int, int] = {}

    def load(self, array: int) -> int:
        """The element of an array as it was before the loop; loaded once."""
        if array not in self._loaded:
            self._loaded[array] = self._append(("load", array))
        return self._loaded[array]

    def number(self) -> int:
        """The next of the numbers that a run is given."""
        self.numbers += 1
        return self._append(("number", self.numbers - 1))

    def is_condition(self, value: int) -> bool:
        """Whether a value is a truth, which only ``where``, ``both`` and their like take, not a number."""
        op, *operands = self.code[value]
        if op == "load":
            return operands[0] in self.masks
        known = instructions().get(op)
        return known is not None and known.gives == "c"

    def constant(self, value: float) -> int:
        """A number that is part of the loop."""
        return self._append(("constant", value))

    def emit(self, op: str, *operands: int) -> int:
        """Compute something; what it is called from here on."""
        return self._append((op, *operands))

    def by_place(self, vector: int, single: int) -> int:
        """One value in whole vectors, another in what is left over beyond the last of them."""
        self.parted = True
        return self._append((BY_PLACE, vector, single))

    def store(self, array: int, value: int) -> None:
        """What an array holds after the loop; a later store replaces an earlier one."""
        self.stores[array] = value

    def with_results(self, values: Sequence[int]) -> Loop:
        """The same loop with one array for each of several values in the place of the first, its only result."""
        shift = len(values) - 1
        loop = Loop(self.kind, [*(f"r{i}" for i in range(len(values))), *self.arrays[1:]], self.narrow)
        loop.numbers, loop.masks = self.numbers, tuple([i + shift for i in self.masks])
        loop.code = [("load", x[1] + shift) if x[0] == "load" else x for x in self.code]
        loop.stores, loop.parted = dict(enumerate(values)), self.parted
        return loop

    def needed(self, whole: bool) -> list[int]:
        """The instructions that the stores need, in order: those of whole vectors, or of what is left over."""
        found: set[int] = set()
        left = list(self.stores.values())
        while left:
            value = left.pop()
            if value not in found:
                found.add(value)
                op, *operands = self.code[value]
                if op == BY_PLACE:
                    left.append(operands[0 if whole else 1])
                elif op not in ("load", "number", "constant"):
                    left += operands
        return sorted(found)

    def _append(self, instruction: tuple[Any, ...]) -> int:
        self.code.append(instruction)
        return len(self.code) - 1

    @property
    def key(self) -> Any:
        """What makes it the code that it is."""
        return self.kind + self.narrow, len(self.arrays), self.masks, tuple(self.code), tuple(self.stores.items())

    def verify(self) -> None:
        """Refuse a loop that is not well formed.

        Raises:
            TypeError: naming the instruction.
        """
        for i, (op, *operands) in enumerate(self.code):
            if op == "constant":
                continue
            limit = {"load": len(self.arrays), "number": self.numbers}.get(op, i)
            if len(operands) != (1 if op in ("load", "number") else 2 if op == BY_PLACE else arity(op)):
                raise TypeError(f"loop: '{op}' does not take {len(operands)} operands (instruction {i})")
            if op not in ("load", "number", BY_PLACE) and not has_form(op, self.kind):
                raise TypeError(f"loop: there is no '{op}' for {self.kind} (instruction {i})")
            if not all(0 <= operand < limit for operand in operands):
                raise TypeError(f"loop: '{op}' refers to what is not there (instruction {i})")
            if op not in ("load", "number", BY_PLACE):
                # A condition is no number: NumPy would count a truth as 1, the loop has to know which operands are which.
                given = "".join(["c" if self.is_condition(operand) else "n" for operand in operands])
                if given != instructions()[op].takes:
                    raise TypeError(f"loop: '{op}' of conditions and numbers mixed (instruction {i})")
        for array, value in self.stores.items():
            if not (0 <= array < len(self.arrays) and 0 <= value < len(self.code)):
                raise TypeError(f"loop: a store of %{value} to array {array}, which is not there")
            if self.is_condition(value):
                raise TypeError(f"loop: a store of the condition %{value} to array {array}")

    def __str__(self) -> str:
        numbers = f"{self.numbers} number{'s' * (self.numbers != 1)}"
        lines = [f"loop {self.narrow or self.kind} ({', '.join(self.arrays)}; {numbers})"]
        for i, (op, *operands) in enumerate(self.code):
            shown = (
                [self.arrays[operands[0]]]
                if op == "load"
                else [f"{'' if op in ('number', 'constant') else '%'}{x}" for x in operands]
            )
            lines.append(f"  %{i} = {op} {' '.join(shown)}")
        lines += [f"  store {self.arrays[array]} %{value}" for array, value in self.stores.items()]
        return "\n".join(lines)
