"""An optimizer's formula as one loop over all its arrays: the fourth reader of what is written against ``k``.

``recorded`` runs ``change`` with symbols in the place of arrays and keeps what it does to them as loop IR. The Python numbers
that it meets on the way (rates, powers of the step) become the numbers of that run, so that one loop serves all steps. A
formula that does something else with its arrays is ``Unreadable``, and is carried out by NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.ir import Loop

_KINDS = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}


class Unreadable(AttributeError):
    """The formula does what a loop cannot, or asks for what it has not."""


class Recording:
    """A loop being recorded, and the numbers of this run."""

    def __init__(self, kind: str, arrays: tuple[str, ...]):
        self.loop = Loop(kind, arrays)
        self.values: list[float] = []

    def value(self, x: Any) -> int:
        """What a symbol or a number is in the loop."""
        if isinstance(x, Symbol):
            return x.now
        if not isinstance(x, (int, float, np.floating)):
            raise Unreadable(type(x).__name__)
        self.values.append(float(x))
        return self.loop.number()

    def computed(self, op: str, *operands: Any) -> Symbol:
        return Symbol(self, self.loop.emit(op, *[self.value(x) for x in operands]))


class Symbol:
    """A value of the loop, or one of its arrays, whose value changes with each write."""

    __slots__ = ("recording", "now", "array")

    def __init__(self, recording: Recording, now: int, array: int | None = None):
        self.recording, self.now, self.array = recording, now, array

    def __add__(self, other: Any) -> Symbol:
        return self.recording.computed("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self.recording.computed("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self.recording.computed("sub", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self.recording.computed("sub", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self.recording.computed("mul", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self.recording.computed("mul", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self.recording.computed("div", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self.recording.computed("div", other, self)

    def __neg__(self) -> Symbol:
        return self.recording.computed("neg", self)

    def __iadd__(self, other: Any) -> Symbol:
        return self.written(self + other)

    def __isub__(self, other: Any) -> Symbol:
        return self.written(self - other)

    def __imul__(self, other: Any) -> Symbol:
        return self.written(self * other)

    def __itruediv__(self, other: Any) -> Symbol:
        return self.written(self / other)

    def __setitem__(self, where: Any, value: Any) -> None:
        if where is not Ellipsis:
            raise Unreadable("a part of an array")
        self.written(value)

    def written(self, value: Any) -> Symbol:
        """This symbol after ``value`` was written to it; an array keeps it."""
        self.now = self.recording.value(value)
        if self.array is not None:
            self.recording.loop.store(self.array, self.now)
        return self

    def __bool__(self) -> bool:
        raise Unreadable("a decision about values")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise Unreadable("an array handed to NumPy")

    def __getattr__(self, name: str) -> Any:
        raise Unreadable(f"an array's {name}")


class LoopReader:
    """``k`` for symbols."""

    def sqrt(self, x: Symbol) -> Symbol:
        return x.recording.computed("sqrt", x)

    def abs(self, x: Symbol) -> Symbol:
        return x.recording.computed("abs", x)

    def maximum(self, x: Symbol, y: Any) -> Symbol:
        return x.recording.computed("max", x, y)

    def minimum(self, x: Symbol, y: Any) -> Symbol:
        return x.recording.computed("min", x, y)

    def fma(self, a: Symbol, b: Any, c: Any) -> Symbol:
        return a.recording.computed("fma", a, b, c)

    def accumulate(self, total: Symbol, a: Any, b: Any) -> None:
        total.written(total.recording.computed("fma", a, b, total))

    def __getattr__(self, name: str) -> Any:
        raise Unreadable(name)


reader: Any = LoopReader()


def recorded(change: Any, dtype: Any, n_state: int) -> tuple[Any, list[float]]:
    """The compiled loop of ``change(k, parameter, gradient, *state)`` and the numbers of this run.

    Raises:
        Unreadable: if there is no such loop.
    """
    kind = _KINDS.get(dtype)
    if kind is None:
        raise Unreadable(str(dtype))
    recording = Recording(kind, ("p", "g", *(f"s{i}" for i in range(n_state))))
    symbols = [Symbol(recording, recording.loop.load(i), i) for i in range(2 + n_state)]
    change(reader, *symbols)
    from ..kernels import loops

    return loops.compiled(recording.loop), recording.values
