"""Formulas as loops: a function of arrays is run with symbols in their place, and what it does to them is kept as loop IR.

A symbol answers to Python's operators and to NumPy's elementwise functions. A function that looks at values or shapes, or does
what no instruction does, is ``Unreadable``, and NumPy carries it out.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .ir import Loop, instructions
from .iteration import is_half

KINDS: dict[np.dtype[Any], str] = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}


@functools.cache
def _of_ufuncs() -> dict[str, str]:
    """The instructions that do what NumPy's functions do."""
    return {ufunc: op for op, known in instructions().items() for ufunc in known.ufuncs}


class Unreadable(AttributeError):
    """The function does what a loop cannot, or asks for what it has not."""


class Recording:
    """A loop being recorded. Numbers on the way become constants of the loop, or, if ``values`` is a list, numbers of its runs."""

    dtype: Any
    loop: Loop
    values: list[float] | None

    def __init__(self, dtype: Any, arrays: tuple[str, ...], values: list[float] | None = None):
        kind = KINDS.get(dtype)
        if kind is None:
            raise Unreadable(str(dtype))
        self.dtype, self.loop, self.values = dtype, Loop(kind, arrays), values

    def value(self, x: Any) -> int:
        """What a symbol or a number is in the loop."""
        if x.__class__ is Symbol:
            return x.now  # type: ignore[no-any-return]
        if x.__class__ is not float:
            if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype in (self.dtype, np.float32):
                x = float(x)
            if not isinstance(x, (int, float, np.floating)):
                raise Unreadable(type(x).__name__)
            x = float(x)
        if self.values is None:
            return self.loop.constant(x)
        self.values.append(x)
        return self.loop.number()

    def given(self, kind: str) -> Symbol:
        """The next of the numbers of a run."""
        return Symbol(self, self.loop.number())

    def computed(self, op: str, *operands: Any) -> Symbol:
        """What an instruction gives. Whether it fits is asked when the loop is compiled: an optimizer's formula is recorded at each step,
        and is most often one that is known."""
        return Symbol(self, self.loop.emit(op, *[x.now if x.__class__ is Symbol else self.value(x) for x in operands]))

    def by_place(self, vector: Any, single: Any) -> Symbol:
        """One value in whole vectors, another in what is left over beyond the last of them."""
        return Symbol(self, self.loop.by_place(self.value(vector), self.value(single)))

    def dtype_of(self, value: int) -> Any:
        """The dtype that NumPy's array would have."""
        return self.dtype

    def converted(self, x: Symbol, dtype: Any) -> Symbol:
        """A symbol in another dtype."""
        if dtype != self.dtype:
            raise Unreadable(f"a cast to {dtype}")
        return x

    def result(self, x: Any) -> int:
        """What is stored of a result."""
        return self.value(x)


class Symbol:
    """A value of the loop, or one of its arrays, whose value changes with each write."""

    recording: Recording
    array: int | None
    now: int

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

    def __lt__(self, other: Any) -> Symbol:
        return self.recording.computed("lt", self, other)

    def __le__(self, other: Any) -> Symbol:
        return self.recording.computed("le", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return self.recording.computed("gt", self, other)

    def __ge__(self, other: Any) -> Symbol:
        return self.recording.computed("ge", self, other)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]
        return self.recording.computed("eq", self, other)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]
        return self.recording.computed("ne", self, other)

    __hash__: Any = object.__hash__

    def __and__(self, other: Any) -> Symbol:
        return self.recording.computed("both", self, other)

    def __or__(self, other: Any) -> Symbol:
        return self.recording.computed("one", self, other)

    def __invert__(self) -> Symbol:
        return self.recording.computed("opposite", self)

    def __abs__(self) -> Symbol:
        return self.recording.computed("abs", self)

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

    @property
    def dtype(self) -> Any:
        return self.recording.dtype_of(self.now)

    def astype(self, dtype: Any, copy: bool = True) -> Symbol:
        return self.recording.converted(self, dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Symbol:
        op = _of_ufuncs().get(ufunc.__name__)
        if method != "__call__" or options or op is None:
            raise Unreadable(f"{ufunc.__name__}.{method}")
        return self.recording.computed(op, *inputs)

    def __array_function__(self, called: Any, types: Any, args: Any, kwargs: Any) -> Symbol:
        if called is not np.where or len(args) != 3 or kwargs:
            raise Unreadable(called.__name__)
        return self.recording.computed("where", *args)

    def __bool__(self) -> bool:
        raise Unreadable("a decision about values")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise Unreadable("an array handed to NumPy")

    def __getattr__(self, name: str) -> Any:
        raise Unreadable(f"an array's {name}")


def for_arrays(x: Any) -> None:
    """Refuse a symbol of 16-bit floats: the digits of these are those of a formula that is no loop.

    Raises:
        Unreadable: for one.
    """
    if x.__class__ is Symbol and is_half(x.dtype):
        raise Unreadable("16-bit floats, which go another way")
