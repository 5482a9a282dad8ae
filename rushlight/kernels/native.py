"""Functions for CPython written as LLVM IR: a writer with the verbs of C code on Python objects, and the module they go to.

What they call are functions of CPython's and NumPy's C API, by symbol; what they use are Python objects, by a place in a table that is
filled after loading. So the code itself holds no address.
"""

from __future__ import annotations

import ctypes
import itertools
from functools import cached_property
from typing import Any

from llvmlite import ir

from . import llvm
from .cpython import NEW_ARRAY, PY_TP_ITERNEXT, PY_TP_NEW, SET_BASE, numpy_function, type_slot

P, I8, I32, I64 = ir.PointerType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOAT, DOUBLE, VOID = ir.FloatType(), ir.DoubleType(), ir.VoidType()
NULL = ir.Constant(P, None)


def i32(n: int) -> Any:
    return ir.Constant(I32, n)


def i64(n: int) -> Any:
    return ir.Constant(I64, n)


class Bits(int):
    """A number that stands in the table itself, not as an object."""


class Writer:
    """A function of machine code being written: an IRBuilder with the few verbs that C code on Python objects consists of."""

    def __init__(self, program: Program, name: str, kind: ir.FunctionType):
        self.program = program
        self.function: Any = ir.Function(program.module, kind, name)
        self.at: Any = ir.IRBuilder(self.function.append_basic_block("entry"))

    @cached_property
    def slow(self) -> Any:
        """Where the Python path is called."""
        return self.function.append_basic_block("slow")

    def object(self, thing: Any) -> Any:
        """A Python object, by its place in the table."""
        return self.at.load(self.at.gep(self.program.table, [i32(0), i32(self.program.place(thing))]), typ=P)

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """A function by its symbol, of CPython's API if it is not one of ours."""
        kinds = [P if isinstance(a.type, ir.PointerType) else a.type for a in arguments]
        return self.at.call(self.program.declared(name, result, kinds), arguments)

    def field(self, thing: Any, offset: int, kind: Any = P) -> Any:
        return self.at.load(self.at.gep(thing, [i64(offset)], source_etype=I8), typ=kind)

    def put(self, thing: Any, offset: int, value: Any) -> None:
        """Store a reference; the caller's passes over."""
        self.at.store(value, self.at.gep(thing, [i64(offset)], source_etype=I8))

    def keep(self, thing: Any) -> Any:
        """One more reference."""
        self.call("Py_IncRef", VOID, thing)
        return thing

    def drop(self, thing: Any) -> None:
        self.call("Py_DecRef", VOID, thing)

    def same(self, a: Any, b: Any) -> Any:
        return self.at.icmp_unsigned("==", a, b)

    def either(self, thing: Any, *others: Any) -> Any:
        """Whether it is one of the others."""
        found = self.same(thing, others[0])
        for other in others[1:]:
            found = self.at.or_(found, self.same(thing, other))
        return found

    def block(self) -> Any:
        return self.function.append_basic_block()

    def require(self, condition: Any) -> None:
        """Go on only if it holds; else the Python path does the whole call."""
        go_on = self.block()
        self.at.cbranch(condition, go_on, self.slow)
        self.at.position_at_end(go_on)

    def tuple(self, *items: Any) -> Any:
        """A new tuple, which takes references of its own."""
        function = self.program.declared("PyTuple_Pack", P, [I64], variadic=True)
        return self.at.call(function, [i64(len(items)), *items])

    def choose(self, condition: Any, then: Any, otherwise: Any) -> list[Any]:
        """``then()`` or ``otherwise()``, which return lists of values: the values of the branch taken."""
        a, b, after = self.block(), self.block(), self.block()
        self.at.cbranch(condition, a, b)
        taken = []
        for block, body in ((a, then), (b, otherwise)):
            self.at.position_at_end(block)
            values = body()
            taken.append((values, self.at.block))
            self.at.branch(after)
        self.at.position_at_end(after)
        merged = []
        for pair in zip(*[values for values, _ in taken], strict=True):
            phi = self.at.phi(pair[0].type)
            for value, (_, block) in zip(pair, taken, strict=True):
                phi.add_incoming(value, block)
            merged.append(phi)
        return merged

    def count(self, n: Any, body: Any) -> None:
        """``for i in range(n): body(i)``"""
        head, inside, after = self.block(), self.block(), self.block()
        before = self.at.block
        self.at.branch(head)
        self.at.position_at_end(head)
        i = self.at.phi(I64)
        i.add_incoming(i64(0), before)
        self.at.cbranch(self.at.icmp_signed("<", i, n), inside, after)
        self.at.position_at_end(inside)
        body(i)
        i.add_incoming(self.at.add(i, i64(1)), self.at.block)
        self.at.branch(head)
        self.at.position_at_end(after)


_programs: list[Program] = []  # their objects live as long as the code that knows their addresses


class Program:
    """A module of entry points: the functions it calls, by symbol, and the objects it uses, in one table filled after loading."""

    def __init__(self) -> None:
        self.module: Any = ir.Module("entry_points")
        self.objects: list[Any] = []
        self.places: dict[int, int] = {}
        kind = ir.ArrayType(P, 256)
        self.table: Any = ir.GlobalVariable(self.module, kind, "table")
        self.table.initializer = ir.Constant(kind, None)
        self.symbols: dict[str, int] = {
            "object_new": type_slot(object, PY_TP_NEW),
            "count_next": type_slot(itertools.count, PY_TP_ITERNEXT),
            "new_array": numpy_function(NEW_ARRAY),
            "set_base": numpy_function(SET_BASE),
        }

    def place(self, thing: Any) -> int:
        if id(thing) not in self.places:
            self.places[id(thing)] = len(self.objects)
            self.objects.append(thing)
        return self.places[id(thing)]

    def place_all(self, things: list[Any]) -> int:
        """Put them in the table side by side, and say where the first is."""
        self.objects += things
        return len(self.objects) - len(things)

    def declared(self, name: str, result: Any, arguments: list[Any], *, variadic: bool = False) -> ir.Function:
        if name not in self.module.globals:
            ir.Function(self.module, ir.FunctionType(result, arguments, var_arg=variadic), name)
            if name not in self.symbols:
                self.symbols[name] = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0
        return self.module.globals[name]  # type: ignore[no-any-return]

    def intrinsic(self, name: str, kind: Any, operands: int) -> ir.Function:
        """An operation of LLVM's own: no symbol."""
        if name not in self.module.globals:
            ir.Function(self.module, ir.FunctionType(kind, [kind] * operands), name)
        return self.module.globals[name]  # type: ignore[no-any-return]

    def load(self) -> Any:
        _programs.append(self)
        engine = llvm.load(self.module, self.symbols)
        at = engine["table"]
        for i, thing in enumerate(self.objects):
            ctypes.c_void_p.from_address(at + 8 * i).value = int(thing) if isinstance(thing, Bits) else id(thing)
        return engine
