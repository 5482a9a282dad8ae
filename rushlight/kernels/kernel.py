"""Kernels as functions that Python calls: ``compiled(python, T=f32)`` takes ndarrays and numbers and does the work on all threads.

A kernel's first two parameters are ``start`` and ``stop``: which part of the work it is to do. It is called as
``run(size, grain, *arguments)``, and done in chunks of ``grain`` of the ``size`` units of work, however many threads there are; the
interpreter's lock is released if there is more than one chunk. Arguments are checked by machine code: ``run`` returns False and has done
nothing if one is not what its parameter says (the exact type ndarray, the dtype, contiguous and aligned; int; float).
"""

from __future__ import annotations

import ast
import ctypes
import functools
from typing import Any

import numpy as np

from . import cpython, llvm, memory, threads
from .code import checks
from .emit import F32, F64, I32, I64, U8, Code, Module, Type, Value, pointer_to
from .language import UNHURRIED, Translator, annotation

#: What a kernel's code finds in its table, filled after loading.
_OBJECTS: tuple[Any, ...] = (
    np.ndarray, int, float, True, False, None,
    *[np.dtype(name) for name in ("f4", "f8", "i8", "i4", "i2", "i1", "u8", "u4", "u1", "?")],
)  # fmt: skip
_DTYPES = {
    "f32": "f4", "f64": "f8", "i64": "i8", "i32": "i4", "i16": "i2", "i8": "i1", "u64": "u8", "u32": "u4", "u8": "u1",
    "bool": "?",
}  # fmt: skip
_POOL = len(_OBJECTS)


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
    names = {**python.__globals__, **bindings}
    # Not by the tree of the source, which takes 5 ms to read: code that is kept on disk needs no more than this.
    given = python.__code__.co_varnames[: python.__code__.co_argcount]
    if given[:2] != ("start", "stop"):
        file = python.__code__.co_filename
        raise TypeError(f"{file}: the kernel '{python.__name__}' does not begin with start and stop")
    notes = {name: ast.Constant(text) for name, text in python.__annotations__.items()}
    parameters = [(name, *annotation(notes.get(name), names)) for name in given[2:] if name not in bindings]
    bound = tuple((name, _named(value)) for name, value in sorted(bindings.items()))
    parts = (python.__module__, python.__qualname__, *getattr(python, "parts", ()), bound, grain)
    symbols = {name: _address(name) for name in _CALLED}
    pool = threads.pool()
    symbols["dispatch"] = pool.dispatch
    if grain is not None:
        symbols["new_array"] = cpython.numpy_function(cpython.NEW_ARRAY)
    symbols.update(getattr(python, "symbols", {}))
    loaded = llvm.code(parts, lambda: _write(python, parameters, bindings, grain), symbols)
    table = loaded["table"]
    for i, thing in enumerate(_OBJECTS):
        ctypes.c_void_p.from_address(table + 8 * i).value = id(thing)
    ctypes.c_void_p.from_address(table + 8 * _POOL).value = pool.address
    return cpython.function(loaded, "entry")


def _named(value: Any) -> Any:
    """What stands for a bound value in the name of its code."""
    return f"{value.__module__}.{value.__qualname__}" if callable(value) and hasattr(value, "__qualname__") else value


_CALLED = (
    "PyLong_AsLongLongAndOverflow", "PyFloat_AsDouble", "PyEval_SaveThread", "PyEval_RestoreThread", "Py_IncRef", "Py_DecRef",
    "memcpy",
)  # fmt: skip


def _address(name: str) -> int:
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


def _write(
    python: Any, parameters: list[tuple[str, Type, str]], bindings: dict[str, Any], grain: tuple[int, int] | None
) -> str:
    module = Module()
    module.globals.append(f"@table = global [{_POOL + 1} x ptr] zeroinitializer")
    _write_body(module, python, parameters, bindings)
    _write_entry(module, parameters, grain)
    return str(module)


def _write_body(module: Module, python: Any, parameters: list[tuple[str, Type, str]], bindings: dict[str, Any]) -> None:
    """The kernel with start, stop and the rest of its arguments in 8-byte slots."""
    code = module.define("void @body(i64 %start, i64 %stop, ptr %slots) nounwind")
    to = Translator(code, python, dict(bindings))
    to.names["start"], to.names["stop"] = (to.into(None, Value(I64, f"%{x}")) for x in ("start", "stop"))
    for i, (name, kind, _) in enumerate(parameters):
        at = code.value(I64, f"getelementptr i64, ptr %slots, i64 {i}")
        value = code.value(kind, f"load {kind.text}, ptr {at.text}")
        to.names[name] = value if kind.kind == "pointer" else to.into(None, value)
    to.run()
    code.line("ret void")


class _Entry:
    """The function that Python calls, being written."""

    def __init__(self, module: Module):
        self.code = module.define(f"ptr @entry(ptr %self, ptr %given, i64 %count) nounwind{UNHURRIED}")

    def object(self, thing: Any) -> str:
        place = next(i for i, x in enumerate(_OBJECTS) if x is thing)
        at = self.code.value(I64, f"getelementptr ptr, ptr @table, i64 {place}").text
        return self.code.value(I64, f"load ptr, ptr {at}").text

    def field(self, thing: str, offset: int, kind: str) -> str:
        at = self.code.value(I64, f"getelementptr i8, ptr {thing}, i64 {offset}").text
        return self.code.value(I64, f"load {kind}, ptr {at}").text

    def require(self, condition: str) -> None:
        go_on = self.code.label("ok")
        self.code.line(f"br i1 {condition}, label %{go_on}, label %refused")
        self.code.begin(go_on)

    def same(self, kind: str, a: str, b: str) -> str:
        return self.code.value(I64, f"icmp eq {kind} {a}, {b}").text

    def argument(self, i: int) -> str:
        at = self.code.value(I64, f"getelementptr ptr, ptr %given, i64 {i}").text
        return self.code.value(I64, f"load ptr, ptr {at}").text

    def contiguous(self, thing: str) -> None:
        """Go on only with an ndarray whose elements lie in order."""
        self.require(self.same("ptr", self.field(thing, cpython.TYPE, "ptr"), self.object(np.ndarray)))
        self.has_flags(thing, cpython.ALIGNED | cpython.CONTIGUOUS)

    def has_flags(self, thing: str, needed: int) -> None:
        flags = self.code.value(I32, f"and i32 {self.field(thing, cpython.FLAGS, 'i32')}, {needed}").text
        self.require(self.same("i32", flags, str(needed)))

    def number(self, thing: str, kind: Type) -> str:
        """A Python int or float as the type of a parameter."""
        code = self.code
        self.require(
            self.same("ptr", self.field(thing, cpython.TYPE, "ptr"), self.object(int if kind == I64 else float))
        )
        if kind == I64:
            over = code.place(I32)
            value = code.call(I64, "PyLong_AsLongLongAndOverflow", Value(_POINTER, thing), Value(_POINTER, over))
            assert value is not None
            self.require(self.same("i32", code.value(I32, f"load i32, ptr {over}").text, "0"))
            return value.text
        value = code.call(F64, "PyFloat_AsDouble", Value(_POINTER, thing))
        assert value is not None
        return value.text if kind == F64 else code.value(F32, f"fptrunc double {value.text} to float").text

    def array(self, thing: str, kind: Type, how: str) -> str:
        """The data of an ndarray that is what a parameter says."""
        self.require(self.same("ptr", self.field(thing, cpython.TYPE, "ptr"), self.object(np.ndarray)))
        dtype = np.dtype(_DTYPES[kind.to.name])
        self.require(self.same("ptr", self.field(thing, cpython.DESCR, "ptr"), self.object(dtype)))
        needed = (
            cpython.ALIGNED
            | (0 if how == "strided" else cpython.CONTIGUOUS)
            | (cpython.WRITABLE if how == "write" else 0)
        )
        self.has_flags(thing, needed)
        return self.field(thing, cpython.DATA, "ptr")

    def size_of(self, arrays: list[tuple[str, str, str, int]]) -> str:
        """How many elements all of the arrays have, none that is written overlapping another."""
        to = Translator(self.code, checks.elements, {})
        words = pointer_to(I64)
        sizes = [to.inline(checks.elements, [Value(words, thing)], {}) for thing, *_ in arrays]
        for other in sizes[1:]:
            self.require(self.same("i64", other.text, sizes[0].text))
        for i, (_, data, how, item) in enumerate(arrays):
            for j, (_, other, use, other_item) in enumerate(arrays):
                if how == "write" and i != j and not (use == "write" and j < i):
                    given = [Value(words, data), Value(words, other), sizes[0], item, other_item]
                    self.require(to.inline(checks.apart, given, {}).text)
        return str(sizes[0].text)

    def perhaps(self, thing: str, kind: Type) -> str:
        """The data of an array, or null for None."""
        code, place = self.code, self.code.place(_POINTER)
        code.line(f"store ptr null, ptr {place}")
        given, after = code.label("given"), code.label("after")
        code.line(f"br i1 {self.same('ptr', thing, self.object(None))}, label %{after}, label %{given}")
        code.begin(given)
        code.line(f"store ptr {self.array(thing, kind, 'read')}, ptr {place}")
        code.branch(after)
        code.begin(after)
        return code.value(_POINTER, f"load ptr, ptr {place}").text


_POINTER = Type("pointer", 64, 1, U8)


def _write_entry(module: Module, parameters: list[tuple[str, Type, str]], grain: tuple[int, int] | None) -> None:
    """Check and convert the arguments, then do the work: at once if it is one chunk, else by the pool."""
    entry = _Entry(module)
    code = entry.code
    first = 2 if grain is None else 0
    if grain is not None and [how for _, kind, how in parameters if kind.kind == "pointer"][:2] == ["write", "read"]:
        _write_result(entry, parameters)
    entry.require(entry.same("i64", "%count", str(len(parameters) + first)))
    slots = code.place(I64, max(len(parameters), 1))
    arrays: list[tuple[str, str, str, int]] = []
    for i, (_, kind, how) in enumerate(parameters):
        thing = entry.argument(i + first)
        if kind.kind != "pointer":
            value = entry.number(thing, kind)
        else:
            value = entry.perhaps(thing, kind) if how == "maybe" else entry.array(thing, kind, how)
            arrays.append((thing, value, how, kind.to.size))
        at = code.value(I64, f"getelementptr i64, ptr {slots}, i64 {i}").text
        code.line(f"store {kind.text} {value}, ptr {at}")
    if grain is None:
        size, cut = (entry.number(entry.argument(i), I64) for i in range(2))
        alone = cut
    else:
        size, cut, alone = entry.size_of(arrays), *map(str, grain)
    _write_work(code, slots, size, cut, alone, grain is not None)
    _answer(code, "done", entry, True)
    _answer(code, "refused", entry, False)


def _write_result(entry: _Entry, parameters: list[tuple[str, Type, str]]) -> None:
    """If all arguments are given but the first, which is the array that is written: make it, and call the same function with it."""
    code, count = entry.code, len(parameters)
    short, whole = code.label("short"), code.label("whole")
    code.line(f"br i1 {entry.same('i64', '%count', str(count - 1))}, label %{short}, label %{whole}")
    code.begin(short)
    like = entry.argument(next(i for i, (_, kind, _) in enumerate(parameters[1:]) if kind.kind == "pointer"))
    entry.contiguous(like)
    dtype = np.dtype(_DTYPES[parameters[0][1].to.name])
    size = Translator(code, checks.elements, {}).inline(checks.elements, [Value(pointer_to(I64), like)], {})
    entry.require(code.value(I64, f"icmp slt i64 {size.text}, {memory.LARGE // dtype.itemsize}").text)
    null = Value(_POINTER, "null")
    made = code.call(
        _POINTER, "new_array", Value(_POINTER, entry.object(np.ndarray)), Value(I32, entry.field(like, cpython.ND, "i32")),
        Value(_POINTER, entry.field(like, cpython.DIMS, "ptr")), Value(I32, str(dtype.num)), null, null, Value(I32, "0"),
        Value(I32, "0"), null,
    )  # fmt: skip
    assert made is not None
    all_given, failed, made_it = code.place(I64, count), code.label("failed"), code.label("made")
    code.line(f"br i1 {entry.same('ptr', made.text, 'null')}, label %{failed}, label %{made_it}")
    code.begin(failed)  # for want of memory, which NumPy has said
    code.line("ret ptr null")
    code.begin(made_it)
    code.line(f"store {made.typed}, ptr {all_given}")
    rest = code.value(I64, f"getelementptr i64, ptr {all_given}, i64 1")
    code.call(None, "memcpy", Value(_POINTER, rest.text), Value(_POINTER, "%given"), Value(I64, str(8 * (count - 1))))
    answer = code.value(_POINTER, f"call ptr @entry(ptr %self, ptr {all_given}, i64 {count})")
    code.call(None, "Py_DecRef", answer)
    done, refused = code.label("result"), code.label("no_result")
    code.line(f"br i1 {entry.same('ptr', answer.text, entry.object(True))}, label %{done}, label %{refused}")
    code.begin(done)
    code.line(f"ret {made.typed}")
    code.begin(refused)
    code.call(None, "Py_DecRef", made)
    code.branch("refused")
    code.begin(whole)


def _write_work(code: Code, slots: str, size: str, grain: str, alone: str, least: bool) -> None:
    """One chunk at once, more by the pool, without the interpreter's lock. ``least`` tells a grain that longer work exceeds."""
    one, many, done = "one", "many", "done"
    code.line(f"br i1 {code.value(I64, f'icmp sle i64 {size}, {alone}').text}, label %{one}, label %{many}")
    code.begin(one)
    code.line(f"call void @body(i64 0, i64 {size}, ptr {slots})")
    code.branch(done)
    code.begin(many)
    at = code.value(I64, f"getelementptr ptr, ptr @table, i64 {_POOL}").text
    pool = code.value(_POINTER, f"load ptr, ptr {at}")
    if least:
        names = {"pool": Value(pointer_to(I64), pool.text), "size": Value(I64, size), "least": int(grain)}
        grain = Translator(code, checks.chunk, {}).inline(checks.chunk, list(names.values()), {}).text
    state = code.call(_POINTER, "PyEval_SaveThread")
    assert state is not None
    body = code.value(I64, "ptrtoint ptr @body to i64")
    code.call(None, "dispatch", pool, body, Value(_POINTER, slots), Value(I64, size), Value(I64, grain))
    code.call(None, "PyEval_RestoreThread", state)
    code.branch(done)


def _answer(code: Code, label: str, entry: _Entry, answer: bool) -> None:
    code.begin(label)
    thing = entry.object(answer)
    code.call(None, "Py_IncRef", Value(_POINTER, thing))
    code.line(f"ret ptr {thing}")
