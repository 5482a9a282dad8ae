"""Elementwise functions of arrays as native loops, once they are worth compiling.

The functions in NumPy (``vectors``, ``square_root``, ``activations``) take PyTorch's digits step by step, ten to thirty passes over
the array; a loop takes the same steps in one, on all threads. ``instruction`` and ``as_loop`` mark functions that ask here first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .ir import Loop, arity
from .iteration import GRAIN, get_threads, is_half
from .llvm import patience, setting
from .memory import empty
from .narrow_symbols import NarrowRecording, of_words
from .symbols import KINDS, Recording, Symbol, Unreadable

Array = np.ndarray[Any, Any]

_F32, _BOOL = np.dtype(np.float32), np.dtype(np.bool_)
_loops: dict[Any, Any] = {}
_formulas: dict[Any, Any] = {}
_variants: dict[Any, int] = {}
STEP = 16  # numbers of a turn of PyTorch's vectorised loops: two AVX2 registers
VARIANTS = 16  # formulas that differ by their numbers alone

#: Elements from which on a loop with threads beats NumPy's own for what NumPy does in one pass. RUSHLIGHT_KERNELS=now tries all.
LARGE = 1 if setting() == "now" else 32768
#: The same for what NumPy does in several passes.
MEDIUM = 1 if setting() == "now" else 8192


def run(op: str, *operands: Any, out: Array | None = None, dtype: Any = _F32, worth: bool = False) -> Array | None:
    """An instruction of the loop IR for contiguous arrays of one shape and of ``dtype``, and Python numbers; None if NumPy is to do it.

    ``out`` may be one of the operands. ``worth``: whoever asks knows that compiling is worth it.
    """
    if patience.ready is False:
        return None
    shape = None
    for x in operands:
        if x.__class__ is np.ndarray:
            if x.dtype is not dtype or not x.flags.c_contiguous or (shape is not None and x.shape != shape):
                return None
            shape = x.shape
        elif x.__class__ is not float:
            return None
    if shape is None or not (worth or patience.over(operands[0].size if operands[0].__class__ is np.ndarray else 0, 1)):
        return None
    numbers = tuple([x.__class__ is float for x in operands])
    key = (op, numbers) if dtype is _F32 else (op, numbers, dtype)
    loop = _loops.get(key)
    if loop is None:
        loop = _loops[key] = _compiled(op, numbers, KINDS[dtype])
    if loop is None:
        return None
    given = [x for x in operands if x.__class__ is np.ndarray] + [x for x in operands if x.__class__ is float]
    return _result(loop, given, shape, dtype, out)


def _result(loop: Any, given: Any, shape: Any, dtype: Any, out: Array | None = None) -> Array | None:
    """What a loop with one result gives, in ``out`` or in a new array; None if it is refused."""
    if out is None:
        made: Array | bool = loop(*given)  # a small one is made by the loop itself
        if made is not False:
            return made  # type: ignore[return-value]
        out = empty(shape, dtype)
    return out if loop(out, *given) else None


def run_anyhow(op: str, *operands: Array, dtype: Any = _F32) -> Array | None:
    """``run`` of arrays that may lie in any order, for who knows that compiling is worth it; the result lies as NumPy's would."""
    found = run(op, *[np.ascontiguousarray(x) for x in operands], dtype=dtype, worth=True)
    first = operands[0]
    if found is None or first.flags.c_contiguous:
        return found if found is None or found.ndim == first.ndim else found.reshape(first.shape)
    out = np.empty_like(first)
    out[...] = found
    return out


def _compiled(op: str, numbers: tuple[bool, ...], kind: str) -> Any:
    from . import loops

    assert arity(op) == len(numbers)
    loop = Loop(kind, ["out", *[f"x{i}" for i, number in enumerate(numbers) if not number]])
    arrays = iter(range(1, len(loop.arrays)))
    loop.store(0, loop.emit(op, *[loop.number() if number else loop.load(next(arrays)) for number in numbers]))
    return loops.compiled(loop)


def instruction(op: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Mark a function of one float32 array that an instruction computes."""

    key = op, (False,)

    def marked(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(function)
        def asking(x: Any) -> Any:
            loop = _loops.get(key)
            if loop is not None:
                made = loop(x)  # for a small array nothing else needs to be asked
                if made is not False:
                    return made
            if x.__class__ is Symbol:
                return x.recording.computed(op, x)
            native = run(op, x) if x.__class__ is np.ndarray else None
            return function(x) if native is None else native

        return asking

    return marked


def as_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a formula of float32 arrays that is one loop; within a larger formula it becomes part of that one's."""

    @functools.wraps(function)
    def asking(*operands: Any) -> Any:
        first = operands[0]
        if first.__class__ is np.ndarray and patience.over(first.size, 4):
            found = fused(function, function, operands)
            if found is not None:
                return found
        return function(*operands)

    return asking


def fused(key: Any, function: Callable[..., Any], operands: Any, out: Array | None = None) -> Any:
    """``function(*operands)`` as one loop, for contiguous arrays of one shape and dtype, numbers and None; None if NumPy is to do it.

    ``key`` says which function it is. It is read once for each dtype; numbers are given to the loop at each run. ``out``, which may be
    one of the operands, takes the only result.
    """
    kinds = sorted_operands(operands)
    if kinds is None:
        return None
    shape, dtype, arrays, numbers, pattern = kinds
    found = _known(key, function, dtype, pattern)
    if found is None or not arrays:
        return None
    loop, count = found
    if count == 1:
        if out is not None and (out.shape != shape or out.dtype is not dtype):
            return None
        return _result(loop, (*arrays, *numbers), shape, dtype, out)
    outs = tuple([empty(shape, dtype) for _ in range(count)])  # type: ignore[arg-type]
    return outs if loop(*outs, *arrays, *numbers) else None


def loop_for(key: Any, function: Callable[..., Any], operands: Any) -> Any:
    """``fused`` for operands like these, as a function of the arrays among them that makes its only result and refuses (False) what does
    not fit; None if there is none."""
    kinds = sorted_operands(operands)
    if kinds is None:
        return None
    _, dtype, arrays, numbers, pattern = kinds
    found = _known(key, function, dtype, pattern)
    if found is None or not arrays or found[1] != 1:
        return None
    loop = found[0]
    return (lambda *arrays: loop(*arrays, *numbers)) if numbers else loop


def sorted_operands(operands: Any) -> Any:
    """Shape and dtype, the arrays, the numbers, and which each operand is; None if they are not what one loop takes."""
    shape = dtype = None
    arrays: list[Array] = []
    numbers: list[float] = []
    pattern: list[str] = []
    for x in operands:
        if x.__class__ is np.ndarray and x.ndim:
            if shape is None:
                shape = x.shape
            elif x.shape != shape:
                return None
            if x.dtype is _BOOL:
                arrays.append(x)
                pattern.append("mask")
                continue
            if dtype is None:
                dtype = x.dtype
            elif x.dtype is not dtype:
                return None
            if x.size and not any(x.strides):  # one number everywhere, as the gradient of a sum
                numbers.append(float(x[(0,) * x.ndim]))
                pattern.append("number")
            else:
                arrays.append(x)
                pattern.append("array")
        elif x is None:
            pattern.append("none")
        else:
            if x.__class__ is not float:
                if isinstance(x, np.ndarray | np.generic) and x.dtype is not dtype and x.dtype.kind == "f":
                    if x.dtype is not _F32 or dtype is None or dtype.itemsize != 2:
                        return None
                x = float(x)
            numbers.append(x)
            pattern.append("number")
    if dtype is not None and dtype.itemsize == 2:
        pattern = [_width(x, dtype) if kind == "number" else kind for x, kind in zip(operands, pattern, strict=True)]
    return shape, dtype, arrays, numbers, pattern


def _width(x: Any, dtype: Any) -> str:
    """What a number is beside arrays of 16 bits (``NarrowRecording.given``)."""
    if x.__class__ is float:
        return "weak"
    if x.__class__ is int:
        return "weak int"
    return "number" if x.dtype == dtype else "wide"


def loop_of(key: Any, function: Callable[..., Any], dtype: Any, count: int) -> Any:
    """The loop of ``fused`` for so many arrays; None if there is none, or if it has several results."""
    found = _known(key, function, dtype, ["array"] * count)
    return found[0] if found is not None and found[1] == 1 else None


def _known(key: Any, function: Callable[..., Any], dtype: Any, pattern: list[str]) -> Any:
    """What was read for a key and such operands: a loop and how many results it has; None if there is none."""
    known = (key, dtype, *pattern)
    found = _formulas.get(known, False)
    if found is False:
        if not _is_worth_it(known):
            return None
        found = _formulas[known] = _read(function, dtype, pattern)
    return found


def _is_worth_it(known: Any) -> bool:
    """Whether one more formula of a kind is compiled. A setting that is part of the formula may be another number at each step, as a
    rate that decays, and compiling takes as long as a thousand steps."""
    kind = _without_numbers(known)
    count = _variants.get(kind, 0)
    _variants[kind] = count + 1
    return count < VARIANTS


def _without_numbers(key: Any) -> Any:
    if key.__class__ is tuple:
        return tuple([_without_numbers(part) for part in key])
    return key.__class__ if isinstance(key, int | float) else key


def _read(function: Callable[..., Any], dtype: Any, pattern: list[str]) -> Any:
    """The compiled loop of a function, and how many results it has; None if it has none."""
    loop = recorded(function, dtype, pattern)
    if loop is None:
        return None
    from . import loops

    compiled = loops.compiled(loop)
    if compiled is None:
        return None
    if loop.narrow:
        compiled = of_words(compiled, dtype)
    return within_threads(compiled) if loop.parted else compiled, len(loop.stores)


def recorded(function: Callable[..., Any], dtype: Any, pattern: list[str]) -> Loop | None:
    """The loop of a function of operands of such kinds, its results before its arrays; None if it has none."""
    if not has_loops(dtype):
        return None
    kinds = [kind for kind in pattern if kind in ("array", "mask")]
    recording = _recording(dtype, ("r", *(f"{kind}{i}" for i, kind in enumerate(kinds))))
    loop = recording.loop
    loop.masks = tuple([i + 1 for i, kind in enumerate(kinds) if kind == "mask"])
    arrays = iter(range(1, len(loop.arrays)))
    symbols: list[Any] = []
    for kind in pattern:
        if kind in ("array", "mask"):
            symbols.append(Symbol(recording, loop.load(next(arrays))))
        else:
            symbols.append(None if kind == "none" else recording.given(kind))
    try:
        results = function(*symbols)
        values = [recording.result(r) for r in (results if results.__class__ is tuple else (results,))]
        loop.verify()
    except (Unreadable, TypeError, ValueError):
        return None
    return None if any(loop.is_condition(value) for value in values) else loop.with_results(values)


def has_loops(dtype: Any) -> bool:
    """Whether there are loops for arrays of a dtype."""
    return dtype in KINDS or (dtype is not None and is_half(dtype))


def _recording(dtype: Any, arrays: tuple[str, ...]) -> Recording:
    return NarrowRecording(dtype, arrays) if is_half(dtype) else Recording(dtype, arrays)


def within_threads(loop: Any) -> Any:
    """A loop that computes what is left over beyond whole vectors otherwise, refused where PyTorch's threads would leave some over
    in the middle."""

    def run(*arguments: Any) -> Any:
        size = arguments[0].size
        if size >= GRAIN:
            threads = min(get_threads(), -(-size // GRAIN))
            if -(-size // threads) % STEP:
                return False
        return loop(*arguments)

    return run


def length(function: Callable[..., Any], dtype: Any, count: int, masks: tuple[int, ...] = ()) -> int | None:
    """How many instructions a function of so many arrays is, some of which are masks; None if it has no loop, or none for all sizes."""
    if not has_loops(dtype):
        return None
    recording = _recording(dtype, ("r", *(f"array{i}" for i in range(count))))
    recording.loop.masks = tuple([i + 1 for i in masks])
    symbols = [Symbol(recording, recording.loop.load(i + 1)) for i in range(count)]
    try:
        recording.value(function(*symbols))
        recording.loop.verify()
    except (Unreadable, TypeError, ValueError):
        return None
    return None if recording.loop.parted else len(recording.loop.code) - count
