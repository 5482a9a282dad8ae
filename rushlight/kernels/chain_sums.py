"""Sums of what a chain of elementwise formulas gives, computed as they are added: nothing of it is written to memory.

A block of elements is computed into the first cache and added to the cascade of ``code.sums``, so that the digits are those of the sum
of the whole array.
"""

from __future__ import annotations

from typing import Any

from . import words
from .code import functions, sums
from .ir import Loop
from .kernel import compiled
from .loops import LANES, body, declared, stages
from .source import from_text
from .summation import VECTOR_BYTES

SPAN = 4096  # elements of the longest block: a turn of the cascade and what is left over at a row's end
LONGEST = 1 << 28  # elements of a row, for which that is enough
_compiled: dict[Any, Any] = {}


class Chain:
    """A chain in the place of the array that it would give: ``rows`` is ``code.sums.row_sums`` of it."""

    operands: tuple[Any, ...]
    run: Any

    def __init__(self, run: Any, operands: tuple[Any, ...]):
        self.run, self.operands = run, operands

    def rows(self, count: int, grain: int, out: Any, step: int, length: int, end: int, divisor: float) -> bool:
        """Write the sums; False, with nothing done, if that cannot be."""
        return length < LONGEST and self.run(count, grain, out, *self.operands, step, length, end, divisor)


def summed(loop: Loop) -> Any:
    """The kernel of a loop with one result; None where there is none."""
    if loop.key not in _compiled:
        parts = stages(loop)
        _compiled[loop.key] = _made(loop) if len(parts) == 1 and not loop.parted and not loop.narrow else None
    return _compiled[loop.key]


def _made(loop: Loop) -> Any:
    kind = getattr(words, loop.kind)
    names = {**vars(words), **vars(sums), "T": kind, "V": VECTOR_BYTES // kind.size, "functions": functions}
    return compiled(from_text(_written(loop), names))


def _written(loop: Loop) -> str:
    """The kernel as text. A row of fewer elements than a vector does not come here."""
    lanes = LANES[loop.kind]

    def load(array: int, lanes: int) -> str:
        return f"load(a{array}, at + i, {lanes})"

    def store(lanes: int) -> Any:
        return lambda array, value: f"block[i] = {value}"

    lines = [
        f"def chain_sums({', '.join(['start', 'stop', 'out: write[T]', *declared(loop)[1:], *NUMBERS])}):",
        f"    block = stack(T, {SPAN})",
        "    for row in range(start, stop):",
        "        n = minimum(length, end - row * step)",
        "        groups = n // (4 * V)",
        "        sums = [splat(T(0), V) for _ in range(LEVELS * 4)]",
        "        power = power_for(groups)",
        "        turn = i64(1) << power",
        "        done = i64(0)",
        "        left = n",
        "        while left > 0:",
        "            width = turn * (4 * V)",
        "            if done + turn > groups:",
        "                width = left + 0",
        "            at = row * step + done * (4 * V)",
        f"            whole = width // {lanes} * {lanes}",
        f"            for i in range(0, whole, {lanes}):",
        *body(loop, lanes, load, store(lanes), 16),
        "            for i in range(whole, width):",
        *body(loop, 1, load, store(1), 16),
        "            if done + turn <= groups:",
        "                add_items(sums, block, i64(4 * V), turn, V, 4)",
        "                done += turn",
        "                carry(sums, done, power, V, 4, T)",
        "            else:",
        "                add_items(sums, block, i64(4 * V), groups - done, V, 4)",
        "            left -= width",
        "        add_levels(sums, 4)",
        "        rest = i64(0)",
        "        if done < groups:",
        "            rest = (groups - done) * (4 * V)",
        "        out[row] = row_sum(sums, block + rest, n - groups * (4 * V), V, T) / divisor",
    ]
    return "\n".join(lines)


NUMBERS = ("step: i64", "length: i64", "end: i64", "divisor: T")
