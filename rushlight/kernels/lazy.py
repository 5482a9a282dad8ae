"""Arrays that are computed when they are needed: a chain of elementwise formulas becomes one loop.

Backward of ``exp(tanh(x * 1.5) * x)`` is five formulas on arrays of one shape. Each by itself reads its operands from memory and writes its
result there for the next to read; deferred, they are one pass. Values do not change by it: every step is rounded as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .elementwise import fused
from .llvm import setting

Array = np.ndarray[Any, Any]
Step = tuple[Callable[..., Any], list[tuple[bool, int]]]

#: Elements from which on deferring pays for its bookkeeping. RUSHLIGHT_KERNELS=now defers all.
DEFERRED = 1 if setting() == "now" else 1 << 18
#: Instructions that are rather computed once than again for each of several users.
DEAR = 6
#: Instructions of a chain that is long enough: a longer one gains nothing, and takes long to compile.
LONGEST = 60


class Lazy:
    """``formula(reader, *operands)`` of contiguous arrays of one shape and dtype, of numbers, and of others like it.

    ``key`` says which formula it is, ``cost`` how many instructions, ``by_numpy`` and ``by_loop`` are the readers for either way.
    """

    key: Any
    formula: Callable[..., Any]
    readers: tuple[Any, Any]
    shape: Any
    dtype: Any
    size: Any

    __slots__ = ("key", "formula", "operands", "readers", "shape", "dtype", "size", "cost", "found")

    def __init__(
        self,
        key: Any,
        formula: Callable[..., Any],
        operands: tuple[Any, ...],
        readers: tuple[Any, Any],
        like: Any,
        cost: int,
    ):
        self.key, self.formula, self.operands, self.readers = key, formula, operands, readers
        self.shape, self.dtype, self.size = like.shape, like.dtype, like.size
        self.cost: int = cost + sum([x.cost for x in operands if x.__class__ is Lazy])
        self.found: Array | None = None

    def compute(self) -> Array:
        """The array; computed once."""
        if self.found is None:
            key, run, operands = self._plan()
            found = fused(key, lambda *values: run(self.readers[1], values), operands)
            self.found = run(self.readers[0], operands) if found is None else found
            self.operands = ()  # what was saved for it may go
        return self.found

    def _plan(self) -> tuple[Any, Callable[[Any, Any], Any], list[Any]]:
        """What the loop is called, how it is run by a reader with given operands, and the operands: each array once."""
        operands: list[Any] = []
        steps: list[Step] = []
        names: list[Any] = []
        _place(self, {}, operands, steps, names)

        def run(reader: Any, values: Any) -> Any:
            results: list[Any] = []
            for formula, inputs in steps:
                results.append(formula(reader, *[(results if deferred else values)[i] for deferred, i in inputs]))
            return results[-1]

        return tuple(names), run, operands


def _place(
    x: Any, places: dict[int, int], operands: list[Any], steps: list[Step], names: list[Any]
) -> tuple[bool, int]:
    """Where a value is: among the steps, or among the operands.

    (A function within the method would refer to itself, and keep the operands until the garbage collector comes.)
    """
    if x.__class__ is Lazy and x.found is not None:
        x = x.found
    known = places.get(id(x))
    deferred = x.__class__ is Lazy
    if known is None:
        if deferred:
            inputs = [_place(y, places, operands, steps, names) for y in x.operands]
            known = len(steps)
            steps.append((x.formula, inputs))
            names.append((x.key, *inputs))
        else:
            known = len(operands)
            operands.append(x)
        places[id(x)] = known
    return deferred, known


def computed(x: Any) -> Any:
    """A value as it is, or computed now if it was deferred."""
    return x.compute() if x.__class__ is Lazy else x


def sum_of(a: Any, b: Any) -> Lazy:
    """``a + b``, one of which is deferred."""
    like = a if a.__class__ is Lazy else b
    a, b = [x.compute() if x.__class__ is Lazy and x.cost > LONGEST else x for x in (a, b)]
    return Lazy("sum", _add, (a, b), like.readers, like, 1)


def _add(reader: Any, a: Any, b: Any) -> Any:
    return a + b
