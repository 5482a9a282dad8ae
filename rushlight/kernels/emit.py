"""LLVM IR as text: types, values, and a function being written.

The text is what llvmlite's builder would print, without the objects in between: writing a kernel takes a third of the time, and
nothing of llvmlite is imported before the text is compiled.
"""

from __future__ import annotations

import platform
import struct
from typing import Any, NamedTuple


class Type(NamedTuple):
    """A scalar, a vector of ``lanes`` of them, or a pointer ``to`` some.

    ``kind`` is ``int`` (signed), ``uint``, ``float``, ``bool`` or ``pointer``.
    """

    kind: str
    bits: int
    lanes: int = 1
    to: Any = None

    @property
    def name(self) -> str:
        element = {"float": "f", "int": "i", "uint": "u", "bool": "bool"}.get(self.kind, "pointer")
        if self.kind == "pointer":
            return f"[{self.to.name}]"
        return (element if self.kind == "bool" else f"{element}{self.bits}") + (f"x{self.lanes}" * (self.lanes > 1))

    @property
    def scalar(self) -> Type:
        return self._replace(lanes=1)

    def times(self, lanes: int) -> Type:
        return self._replace(lanes=lanes)

    @property
    def text(self) -> str:
        """As LLVM writes it."""
        if self.kind == "pointer":
            return "ptr"
        one = {32: "float", 64: "double", 16: "half"}[self.bits] if self.kind == "float" else f"i{self.bits}"
        return f"<{self.lanes} x {one}>" if self.lanes > 1 else one

    @property
    def suffix(self) -> str:
        """As the names of LLVM's intrinsics have it."""
        one = f"{'f' if self.kind == 'float' else 'i'}{self.bits}"
        return f"v{self.lanes}{one}" if self.lanes > 1 else one

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return max(self.bits // 8, 1)


BOOL = Type("bool", 1)
I8, I16, I32, I64 = (Type("int", n) for n in (8, 16, 32, 64))
U8, U32, U64 = (Type("uint", n) for n in (8, 32, 64))
F32, F64 = Type("float", 32), Type("float", 64)


def pointer_to(element: Type) -> Type:
    return Type("pointer", 64, 1, element)


class Value(NamedTuple):
    """Something computed: its type and how LLVM calls it."""

    type: Type
    text: str

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

    def __init__(self, module: Module, header: str):
        self.module, self.header = module, header
        self.places: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.at = "entry"  # the block being written

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def value(self, kind: Type, text: str) -> Value:
        """An instruction with a result."""
        name = self.name()
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
        self.at: str = label

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
        #: The processor's instruction for waiting loops, and the one that chooses among eight numbers for each of eight lanes.
        self.pause = "llvm.x86.sse2.pause" if x86 else ""
        self.choose = "llvm.x86.avx2.permps" if x86 else ""

    def declare(self, name: str, text: str) -> None:
        if self.declared.setdefault(name, text) != text:
            raise TypeError(f"'{name}' is declared as {self.declared[name]} and as {text}")

    def define(self, header: str) -> Code:
        code = Code(self, header)
        self.functions.append(code)
        return code

    @property
    def symbols(self) -> list[str]:
        """Functions that come from outside."""
        return [name for name in self.declared if not name.startswith("llvm.")]

    def __str__(self) -> str:
        return "\n".join([*self.globals, *self.declared.values(), *map(str, self.functions)]) + "\n"
