"""LLVM IR as text: types, values, and a function being written.

The text is what llvmlite's builder would print, without the objects in between: writing a kernel takes a third of the time, and
nothing of llvmlite is imported before the text is compiled.
"""

from __future__ import annotations

import platform
import struct
from typing import Any


class Type:
    """A scalar, a vector of ``lanes`` of them, or a pointer ``to`` some; there is one object of each.

    ``kind`` is ``int`` (signed), ``uint``, ``float``, ``bool`` or ``pointer``; ``text`` is how LLVM writes it, ``suffix`` how the names
    of its intrinsics have it, ``size`` the bytes of an element.
    """

    kind: str
    bits: int
    lanes: int
    to: Any

    __slots__ = ("kind", "bits", "lanes", "to", "text", "suffix", "size", "name", "scalar", "_of_lanes")

    def __init__(self, kind: str, bits: int, lanes: int = 1, to: Any = None):
        self.kind, self.bits, self.lanes, self.to = kind, bits, lanes, to
        self.size: int = max(bits // 8, 1)
        one = {32: "float", 64: "double", 16: "half"}[bits] if kind == "float" else f"i{bits}"
        of_all = f"{'f' if kind == 'float' else 'i'}{bits}"
        self.text: str = "ptr" if to else f"<{lanes} x {one}>" if lanes > 1 else one
        self.suffix: str = f"v{lanes}{of_all}" if lanes > 1 else of_all
        element = {"float": f"f{bits}", "int": f"i{bits}", "uint": f"u{bits}", "bool": "bool"}.get(kind, "")
        self.name: str = f"[{to.name}]" if to else f"{element}x{lanes}" if lanes > 1 else element
        self.scalar: Type = self
        self._of_lanes = {lanes: self}

    def times(self, lanes: int) -> Type:
        """A vector of so many."""
        if self.scalar is not self:
            return self.scalar.times(lanes)
        found = self._of_lanes.get(lanes)
        if found is None:
            found = Type(self.kind, self.bits, lanes)
            found.scalar = self
            found = self._of_lanes.setdefault(lanes, found)  # another thread may have been faster
        return found

    def __repr__(self) -> str:
        return self.name


BOOL = Type("bool", 1)
I8, I16, I32, I64 = (Type("int", n) for n in (8, 16, 32, 64))
U8, U32, U64 = (Type("uint", n) for n in (8, 32, 64))
F16, F32, F64 = (Type("float", n) for n in (16, 32, 64))


_pointers: dict[Type, Type] = {}


def pointer_to(element: Type) -> Type:
    return _pointers.get(element) or _pointers.setdefault(element, Type("pointer", 64, 1, element))


class Value:
    """Something computed: its type and how LLVM calls it."""

    type: Type
    text: str

    __slots__ = ("type", "text")

    def __init__(self, kind: Type, text: str):
        self.type, self.text = kind, text

    @property
    def typed(self) -> str:
        return f"{self.type.text} {self.text}"


def constant(kind: Type, value: Any) -> Value:
    """A number known beforehand, in every lane."""
    if kind.kind == "float":
        if kind.bits == 32:
            value = struct.unpack("<f", struct.pack("<f", value))[0]
        one = f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    elif kind.kind == "bool":
        one = "true" if value else "false"
    elif isinstance(value, float) and not value.is_integer():
        raise TypeError(f"{value} is not a whole number")
    else:
        one = str(int(value))
    if kind.lanes == 1:
        return Value(kind, one)
    item = f"{kind.scalar.text} {one}"
    return Value(kind, "<" + ", ".join([item] * kind.lanes) + ">")


class Code:
    """A function being written: places on its stack, then lines."""

    module: Module
    header: str
    count: int
    at: str

    def __init__(self, module: Module, header: str):
        self.module, self.header = module, header
        self.places: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.changed: list[dict[Any, None]] = []  # variables that are given values in each loop that is being written
        self.at = "entry"  # the block being written

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def value(self, kind: Type, text: str) -> Value:
        """An instruction with a result."""
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return Value(kind, name)

    def place(self, kind: Type, count: int = 1) -> str:
        """Room on the stack, for the whole call."""
        name = self.name()
        self.places.append(f"  {name} = alloca {kind.text}, i64 {count}, align {64 if count > 1 else kind.size}")
        return name

    def label(self, hint: str) -> str:
        self.count += 1
        return f"{hint}{self.count}"

    def begin(self, label: str) -> None:
        """Go on in another block."""
        self.lines.append(f"{label}:")
        self.at = label

    def branch(self, label: str) -> None:
        self.line(f"br label %{label}")

    def branch_if(self, condition: Value, then: str, otherwise: str) -> None:
        self.line(f"br i1 {condition.text}, label %{then}, label %{otherwise}")

    def call(self, result: Type | None, name: str, *arguments: Value) -> Value | None:
        """A function by its symbol: LLVM's own, or one whose address is given when the code is loaded."""
        kind = result.text if result else "void"
        self.module.declare(name, f"declare {kind} @{name}({', '.join(a.type.text for a in arguments)})")
        text = f"call {kind} @{name}({', '.join(a.typed for a in arguments)})"
        if result is None:
            self.line(text)
            return None
        return self.value(result, text)

    def __str__(self) -> str:
        return "\n".join([f"define {self.header} {{", "entry:", *self.places, *self.lines, "}"])


class Module:
    """Functions, declarations and data that become one object file."""

    def __init__(self) -> None:
        self.declared: dict[str, str] = {}
        self.functions: list[Code] = []
        self.globals: list[str] = []
        self.parts: dict[Any, str] = {}  # functions that kernels call
        x86 = platform.machine() in ("x86_64", "AMD64")
        #: The processor's instruction for waiting loops, the one that chooses among eight numbers for each of eight lanes, and the one
        #: that chooses among 32 for each of 16, which only processors with AVX-512 have.
        self.pause = "llvm.x86.sse2.pause" if x86 else ""
        self.choose = "llvm.x86.avx2.permps" if x86 else ""
        self.choose_wide = "llvm.x86.avx512.vpermi2var.ps.512" if x86 else ""

    def declare(self, name: str, text: str) -> None:
        if self.declared.setdefault(name, text) != text:
            raise TypeError(f"'{name}' is declared as {self.declared[name]} and as {text}")

    def define(self, header: str) -> Code:
        code = Code(self, header)
        self.functions.append(code)
        return code

    def __str__(self) -> str:
        own = {function.header.partition("@")[2].partition("(")[0] for function in self.functions}
        declared = [text for name, text in self.declared.items() if name not in own]
        return "\n".join([*self.globals, *declared, *map(str, self.functions)]) + "\n"
