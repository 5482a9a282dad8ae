"""Kernels as functions that Python calls: ``compiled(python, T=f32)`` takes ndarrays and numbers and does the work on all threads.

A kernel's first two parameters are ``start`` and ``stop``: which part of the work it is to do. It is called as
``run(size, grain, *arguments)``, and done in chunks of ``grain`` of the ``size`` units of work, however many threads there are; the
interpreter's lock is released if there is more than one chunk. Arguments are checked by machine code: ``run`` returns False and has done
nothing if one is not what its parameter says (the exact type ndarray, the dtype, contiguous and aligned; int; float).
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import struct
from typing import Any

import numpy as np

from . import c_library, cpython, llvm, memory, threads
from .code import entry
from .emit import I64, Module, Type, Value
from .following import following
from .language import Translator, annotation, function

_DTYPES = {
    "f32": "f4", "f64": "f8", "i64": "i8", "i32": "i4", "i16": "i2", "i8": "i1", "u64": "u8", "u32": "u4", "u8": "u1",
    "bool": "?",
}  # fmt: skip
_CODE = f"{__package__}.code."
_NUMBERS = {"i64": entry.A_WHOLE_NUMBER, "f64": entry.A_DOUBLE, "f32": entry.A_SINGLE}


@functools.cache
def compiled(python: Any, **bindings: Any) -> Any:
    """The kernel with some of its names bound; None where no compiled code can be had."""
    return _made(python, bindings, None)


def elementwise(python: Any, grain: int, alone: int) -> Any:
    """A kernel whose units of work are the elements of its arrays, called as ``run(*arguments)``; None without compiled code.

    Up to ``alone`` elements one thread does it all. ``grain`` are those of a chunk at the least: long arrays are cut into a few chunks
    for each thread, as memory is read and written faster in longer runs.

    It is refused unless all arrays have as many elements, and what is written overlaps nothing but itself. Called without its first
    array, which has to be the only one that is written, it makes one like the next and returns it; False, as always, if it is refused,
    or if the array would be so large (``memory.LARGE``) that its memory is not NumPy's to choose.
    """
    return _made(python, {}, (grain, alone))


def _made(python: Any, bindings: dict[str, Any], grain: tuple[int, int] | None) -> Any:
    if not llvm.available():
        return None
    parts, parameters = _told_apart(python, bindings)
    symbols = {"memcpy": _address("memcpy"), **c_library.addresses(), **getattr(python, "symbols", {})}
    text = functools.partial(_write, python, parameters, bindings)
    body = llvm.code(parts, text, symbols, lambda: _begin_following(python, bindings))["body"]
    made = _entries(), "run" if grain is None else "run_elementwise", _described(body, parameters, grain)
    return cpython.function(*made)


def _told_apart(python: Any, bindings: dict[str, Any]) -> tuple[tuple[object, ...], list[tuple[str, Type, str]]]:
    """What tells the code of a kernel from others', and its parameters."""
    names = {**python.__globals__, **bindings}
    # Not by the tree of the source, which takes 5 ms to read: code that is kept on disk needs no more than this.
    given = python.__code__.co_varnames[: python.__code__.co_argcount]
    if given[:2] != ("start", "stop"):
        file = python.__code__.co_filename
        raise TypeError(f"{file}: the kernel '{python.__name__}' does not begin with start and stop")
    notes = python.__annotations__
    parameters = [(name, *annotation(notes.get(name), names)) for name in given[2:] if name not in bindings]
    bound = tuple((name, _named(value)) for name, value in sorted(bindings.items()))
    return (python.__module__, python.__qualname__, *getattr(python, "parts", ()), bound), parameters


def _begin_following(python: Any, bindings: dict[str, Any]) -> None:
    """Have the code of what every kernel needs, and of what usually follows this one, made."""
    llvm.begin(("entries",), _write_entries)
    llvm.begin(("pool",), threads.written)
    llvm.begin(("allocator",), memory.written)
    for file, name, bound in following(python.__module__.removeprefix(_CODE), python.__name__, bindings):
        other = getattr(importlib.import_module(_CODE + file), name)
        parts, parameters = _told_apart(other, bound)
        llvm.begin(parts, functools.partial(_write, other, parameters, bound))


def _named(value: Any) -> Any:
    """What stands for a bound value in the name of its code."""
    return f"{value.__module__}.{value.__qualname__}" if callable(value) and hasattr(value, "__qualname__") else value


def _address(name: str) -> int:
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


def _write(python: Any, parameters: list[tuple[str, Type, str]], bindings: dict[str, Any]) -> str:
    module = Module()
    _write_body(module, python, parameters, bindings)
    return str(module)


def _write_body(module: Module, python: Any, parameters: list[tuple[str, Type, str]], bindings: dict[str, Any]) -> None:
    """The kernel with start, stop and the rest of its arguments in 8-byte slots."""
    code = module.define("void @body(i64 %start, i64 %stop, ptr %slots) nounwind")
    to = Translator(code, python, dict(bindings))
    for name in ("start", "stop"):
        to.names[name] = to.held(name, Value(I64, f"%{name}"))
    for i, (name, kind, _) in enumerate(parameters):
        at = code.value(I64, f"getelementptr i64, ptr %slots, i64 {i}")
        to.names[name] = to.held(name, code.value(kind, f"load {kind.text}, ptr {at.text}"))
    to.run()
    code.line("ret void")


@functools.cache
def _entries() -> dict[str, int]:
    """The functions that Python calls."""
    called = (
        x.symbol for x in (entry.to_long, entry.to_double, entry.let_others_run, entry.go_on, entry.keep, entry.release)
    )
    symbols = {name: _address(name) for name in (*called, "memcpy")}
    symbols[entry.new_array.symbol] = cpython.numpy_function(cpython.NEW_ARRAY)
    return llvm.code(("entries",), _write_entries, symbols)


def _write_entries() -> str:
    module = Module()
    for python in (entry.run, entry.run_elementwise):
        function(module, python.__name__, python)
    return str(module)


def _described(body: int, parameters: list[tuple[str, Type, str]], grain: tuple[int, int] | None) -> bytes:
    """What the functions that Python calls need to know of a kernel."""
    if len(parameters) > entry.MOST:
        raise TypeError(f"a kernel has at most {entry.MOST} parameters, not {len(parameters)}")
    pool = threads.pool()
    objects = np.ndarray, int, float, True, False, None
    words = [*map(id, objects), pool.address, pool.dispatch, body, len(parameters), *(grain or (0, 0))]
    uses = [how if kind.kind == "pointer" else "" for _, kind, how in parameters]
    arrays = [i for i, use in enumerate(uses) if use]
    if grain is not None and arrays[:1] == [0] and [uses[i] for i in arrays[:2]] == ["write", "read"]:
        dtype = np.dtype(_DTYPES[parameters[0][1].to.name])
        words += [arrays[1] - 1, dtype.num, memory.LARGE // dtype.itemsize]
    else:
        words += [-1, 0, 0]
    for _, kind, how in parameters:
        words += _parameter(kind, how)
    return struct.pack(f"{len(words)}q", *words)


def _parameter(kind: Type, how: str) -> tuple[int, int, int, int]:
    """What a parameter takes."""
    if kind.kind != "pointer":
        return _NUMBERS[kind.name], 0, 0, 0
    needed = cpython.ALIGNED | (0 if how == "strided" else cpython.CONTIGUOUS) | cpython.WRITABLE * (how == "write")
    what = entry.AN_ARRAY_OR_NONE if how == "maybe" else entry.AN_ARRAY
    return what, id(np.dtype(_DTYPES[kind.to.name])), needed, kind.to.size
