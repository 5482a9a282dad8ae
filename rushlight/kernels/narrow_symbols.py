"""Formulas of 16-bit floats as loops: what NumPy would round to 16 bits is rounded, so that a loop gives the bits of NumPy's passes.

A value of such a loop is a float32 number that has only the digits of 16 bits, or, from ``astype(np.float32)`` on, a *wide* one with all
of its own. Functions of the former give the former, functions of the latter the latter, as NumPy's dtypes go.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .ir import Loop, instructions
from .iteration import is_half
from .symbols import Recording, Symbol, Unreadable

Array = np.ndarray[Any, Any]
_F32, _I16 = np.dtype(np.float32), np.dtype(np.int16)

#: Instructions that give one of their operands, a neighbour of it, or what is left of it: nothing is to be rounded.
_EXACT = frozenset("neg abs max min fmax fmin where copied_sign floor ceil trunc rint fmod".split())


def storage(dtype: Any) -> str:
    """What a loop calls a dtype of 16 bits; "" for every other."""
    return {"e": "f16", "E": "bf16"}[dtype.char] if is_half(dtype) else ""


@functools.cache
def _widens(dtype: Any, number: type) -> bool:
    """Whether NumPy makes a wider array of one of this dtype and a Python number: of bfloat16 and a float it does."""
    return np.multiply(np.ones(1, dtype), number(2)).dtype != dtype


class NarrowRecording(Recording):
    """A recording whose arrays hold 16-bit floats."""

    narrow: str

    def __init__(self, dtype: Any, arrays: tuple[str, ...]):
        self.dtype: Any = dtype
        self.narrow: str = storage(dtype)
        self.loop: Any = Loop("f32", arrays, self.narrow)
        self.values: Any = None
        self.round: str = f"as_{self.narrow}"
        self.wide: set[int] = set()

    def dtype_of(self, value: int) -> Any:
        return _F32 if value in self.wide else self.dtype

    def given(self, kind: str) -> Symbol:
        """The next of the numbers of a run: ``number`` has 16 bits, ``wide`` is float32, ``weak`` a Python number."""
        made = self.loop.number()
        if kind == "wide" or (kind.startswith("weak") and _widens(self.dtype, float if kind == "weak" else int)):
            self.wide.add(made)
        elif kind != "number":
            made = self.loop.emit(self.round, made)
        return Symbol(self, made)

    def value(self, x: Any) -> int:
        if x.__class__ is Symbol:
            return x.now  # type: ignore[no-any-return]
        own = getattr(x, "dtype", None)
        if own is not None and (own == self.dtype or own == _F32) and not getattr(x, "ndim", 0):
            made = self.loop.constant(float(x))
            if own == _F32:
                self.wide.add(made)
        elif own is None and isinstance(x, (int, float)):
            is_wide = _widens(self.dtype, int if isinstance(x, int) else float)
            with np.errstate(all="ignore"):
                made = self.loop.constant(float(x) if is_wide else float(np.asarray(x, self.dtype)))
            if is_wide:
                self.wide.add(made)
        else:
            raise Unreadable(str(own or type(x)))
        return made

    def computed(self, op: str, *operands: Any) -> Symbol:
        values = [self.value(x) for x in operands]
        if op not in instructions():
            raise Unreadable(op)
        numbers = [v for v in values if not self.loop.is_condition(v)]
        is_wide = any([v in self.wide for v in numbers])
        if is_wide:  # then a Python number is float32 too
            values = [v if x.__class__ is Symbol or v in self.wide else self._as_given(x, v)
                      for x, v in zip(operands, values, strict=True)]  # fmt: skip
        made = self.loop.emit("rounded_root" if op == "sqrt" and not is_wide else op, *values)
        if instructions()[op].gives == "n":
            if is_wide:
                self.wide.add(made)
            elif op not in _EXACT:
                made = self.loop.emit(self.round, made)
        return Symbol(self, made)

    def _as_given(self, x: Any, value: int) -> int:
        return self.loop.constant(float(x)) if isinstance(x, (int, float)) else value

    def by_place(self, vector: Any, single: Any) -> Symbol:
        made = self.loop.by_place(self.value(vector), self.value(single))
        if self.loop.code[made][1] in self.wide:
            self.wide.add(made)
        return Symbol(self, made)

    def converted(self, x: Symbol, dtype: Any) -> Symbol:
        """A symbol in another of the two dtypes."""
        if dtype == x.dtype:
            return x
        if dtype == _F32:
            made = self.loop.emit("widened", x.now)
            self.wide.add(made)
            return Symbol(self, made)
        if dtype == self.dtype:
            return Symbol(self, self.loop.emit(self.round, x.now))
        raise Unreadable(f"a cast to {dtype}")

    def result(self, x: Any) -> int:
        """What is stored of a result: it is rounded as it is stored."""
        value = self.value(x)
        return self.loop.code[value][1] if self.loop.code[value][0] == self.round else value


def of_words(loop: Any, dtype: Any) -> Any:
    """A loop of 16-bit words as a function of arrays of their dtype."""

    def run(*arguments: Any) -> Any:
        made = loop(*[x.view(_I16) if x.__class__ is np.ndarray and x.dtype is dtype else x for x in arguments])
        return made if made.__class__ is bool else made.view(dtype)

    return run
