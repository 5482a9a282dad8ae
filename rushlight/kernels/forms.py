"""The functions of the kernel language: what ``load``, ``fma``, ``select`` and the others become.

``language.Translator`` hands them the operands; ``kernels.words`` are their names to be imported.
"""

from __future__ import annotations

import ast
import struct
from collections.abc import Callable
from typing import Any

from .emit import BOOL, F32, I8, I32, I64, U8, Type, Value, constant, pointer_to

#: How ``struct`` calls the types of tables.
_PACKED = {"f32": "f", "f64": "d", "i64": "q", "i32": "i", "u64": "Q", "u32": "I"}


class Built:
    """The functions of the language, ``at_name`` being called ``name``."""

    to: Any
    code: Any

    def __init__(self, to: Any):
        self.to, self.code = to, to.code

    def at_load(self, pointer: Value, place: Any, lanes: int, count: Any = None, otherwise: Any = 0) -> Value:
        """Elements from a place on; of the lanes from ``count`` on ``otherwise``, and their memory is not touched."""
        element = pointer.type.to
        stored = (U8 if element == BOOL else element).times(lanes)
        at = self.to.binary(ast.Add(), pointer, place)
        if count is None:
            value = self.code.value(stored, f"load {stored.text}, ptr {at.text}, align {element.size}")
        else:
            mask, fill = self.first(count, lanes), constant(stored, otherwise)
            name = f"llvm.masked.load.{stored.suffix}.p0"
            self.code.module.declare(name, f"declare {stored.text} @{name}(ptr, <{lanes} x i1>, {stored.text})")
            text = f"call {stored.text} @{name}(ptr align {element.size} {at.text}, {mask.typed}, {fill.typed})"
            value = self.code.value(stored, text)
        return self.to.convert(BOOL, value) if element == BOOL else value

    def at_store(self, pointer: Value, place: Any, value: Value, count: Any = None) -> None:
        if count is None:
            return self.to.store(pointer, place, value)
        mask, at = self.first(count, value.type.lanes), self.to.binary(ast.Add(), pointer, place)
        name = f"llvm.masked.store.{value.type.suffix}.p0"
        self.code.module.declare(name, f"declare void @{name}({value.type.text}, ptr, <{value.type.lanes} x i1>)")
        self.code.line(f"call void @{name}({value.typed}, ptr align {value.type.size} {at.text}, {mask.typed})")

    def first(self, count: Any, lanes: int) -> Value:
        """Which lanes come before a number."""
        count = self.to.convert(I32, self.to.convert_static(I64, count))
        return self.to.compare(ast.Lt(), self.at_iota(lanes), self.to.splat(count, lanes))  # type: ignore[no-any-return]

    def at_iota(self, lanes: int) -> Value:
        """0, 1, 2, ... as i32."""
        return Value(I32.times(lanes), "<" + ", ".join(f"i32 {i}" for i in range(lanes)) + ">")

    def at_splat(self, value: Any, lanes: int) -> Value:
        """A value in every lane."""
        return value if value.type.lanes == lanes else self.to.splat(value, lanes)

    def at_select(self, condition: Value, a: Any, b: Any) -> Value:
        if not isinstance(a, Value) and not isinstance(b, Value):
            a = constant(I64, a)
        a, b = self.to.together(a, b)
        if condition.type.lanes > a.type.lanes:
            a, b = (self.to.splat(x, condition.type.lanes) for x in (a, b))
        elif condition.type.lanes < a.type.lanes:
            condition = self.to.splat(condition, a.type.lanes)
        return self.code.value(a.type, f"select {condition.typed}, {a.typed}, {b.typed}")

    def intrinsic(self, name: str, *operands: Any) -> Value:
        known = next(x.type for x in sorted((x for x in operands if isinstance(x, Value)), key=lambda x: -x.type.lanes))
        model = Value(known, "")
        given = [self.to.together(x, model)[0] for x in operands]
        return self.code.call(known, f"llvm.{name}.{known.suffix}", *given)  # type: ignore[return-value]

    def at_fma(self, a: Any, b: Any, c: Any) -> Value:
        """a * b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def at_abs(self, x: Value) -> Value:
        if x.type.kind == "float":
            return self.intrinsic("fabs", x)
        return self.at_select(self.to.compare(ast.Lt(), x, 0), self.to.binary(ast.Sub(), 0, x), x)

    def at_maximum(self, a: Any, b: Any) -> Value:
        """The larger; NaN if one is; of zeros, which are equal, the second, as processors and so NumPy and PyTorch have it."""
        return self.extreme(a, b, ast.Gt(), {"int": "smax", "uint": "umax"})

    def at_minimum(self, a: Any, b: Any) -> Value:
        return self.extreme(a, b, ast.Lt(), {"int": "smin", "uint": "umin"})

    def extreme(self, a: Any, b: Any, better: ast.cmpop, of_integers: dict[str, str]) -> Value:
        """Of floats one instruction, and two that see to a NaN on the left: LLVM's own takes twice as many to order the zeros."""
        known = a if isinstance(a, Value) else b
        if known.type.kind != "float":
            return self.intrinsic(of_integers[known.type.kind], a, b)
        a, b = self.to.together(a, b)
        return self.at_select(
            self.to.compare(ast.NotEq(), a, a), a, self.at_select(self.to.compare(better, a, b), a, b)
        )

    def at_sqrt(self, x: Value) -> Value:
        return self.intrinsic("sqrt", x)

    def at_floor(self, x: Value) -> Value:
        return self.intrinsic("floor", x)

    def at_ceil(self, x: Value) -> Value:
        return self.intrinsic("ceil", x)

    def at_trunc(self, x: Value) -> Value:
        return self.intrinsic("trunc", x)

    def at_rint(self, x: Value) -> Value:
        """To the nearest whole number, halves to the even one."""
        return self.intrinsic("rint", x)

    def at_copysign(self, x: Value, y: Value) -> Value:
        return self.intrinsic("copysign", x, y)

    def at_bitcast(self, kind: Type, x: Value) -> Value:
        """The same bits as another type of the same size."""
        kind = kind.times(x.type.lanes * x.type.bits // kind.bits)
        return self.code.value(kind, f"bitcast {x.typed} to {kind.text}")

    def at_shuffle(self, a: Value, b: Value, places: Any) -> Value:
        """Lanes of two vectors, by number."""
        kind = a.type.times(len(places))
        mask = ", ".join(f"i32 {self.known(p)}" for p in places)
        return self.code.value(kind, f"shufflevector {a.typed}, {b.typed}, <{len(places)} x i32> <{mask}>")

    @staticmethod
    def known(place: Any) -> int:
        if not isinstance(place, int):
            raise TypeError("lanes are chosen by known numbers, as a tuple")
        return place

    def at_extract(self, x: Value, lane: Any) -> Value:
        lane = self.to.convert_static(I32, lane)
        return self.code.value(x.type.scalar, f"extractelement {x.typed}, {lane.typed}")

    def at_insert(self, x: Value, value: Any, lane: Any) -> Value:
        value, lane = self.to.convert_static(x.type.scalar, value), self.to.convert_static(I32, lane)
        return self.code.value(x.type, f"insertelement {x.typed}, {value.typed}, {lane.typed}")

    def at_halves(self, x: Value) -> tuple[Value, Value]:
        """The lower and the upper lanes."""
        n = x.type.lanes // 2
        return self.at_shuffle(x, x, tuple(range(n))), self.at_shuffle(x, x, tuple(range(n, 2 * n)))

    def folded(self, x: Value, join: Callable[[Value, Value], Value]) -> Value:
        """All lanes joined, halves with halves, to one number."""
        while x.type.lanes > 2:
            x = join(*self.at_halves(x))
        return join(self.at_extract(x, 0), self.at_extract(x, 1)) if x.type.lanes == 2 else x

    def at_sum_lanes(self, x: Value) -> Value:
        return self.folded(x, lambda a, b: self.to.binary(ast.Add(), a, b))

    def at_max_lanes(self, x: Value) -> Value:
        return self.folded(x, self.at_maximum)

    def at_min_lanes(self, x: Value) -> Value:
        return self.folded(x, self.at_minimum)

    def at_any(self, x: Value) -> Value:
        """Whether a condition holds in some lane."""
        if x.type.lanes == 1:
            return x
        return self.code.call(BOOL, f"llvm.vector.reduce.or.v{x.type.lanes}i1", x)  # type: ignore[return-value]

    def at_all(self, x: Value) -> Value:
        if x.type.lanes == 1:
            return x
        return self.code.call(BOOL, f"llvm.vector.reduce.and.v{x.type.lanes}i1", x)  # type: ignore[return-value]

    def at_gather(self, pointer: Value, places: Value) -> Value:
        """Elements at the places in each lane."""
        out = Value(pointer.type.to.times(places.type.lanes), "poison")
        if places.type.lanes == 1:
            return self.at_load(pointer, self.to.convert(I64, places), 1)
        for lane in range(places.type.lanes):
            place = self.to.convert(I64, self.at_extract(places, lane))
            out = self.at_insert(out, self.at_load(pointer, place, 1), lane)
        return out

    def at_table(self, kind: Type, values: Any) -> Value:
        """Numbers known beforehand, in memory."""
        # As bytes: LLVM reads them in a tenth of the time that numbers take.
        module, data = self.code.module, struct.pack(f"<{len(values)}{_PACKED[kind.name]}", *values)
        text = "\\" + data.hex("\\").upper()
        line = f'constant [{len(data)} x i8] c"{text}", align 64'
        known = next((g for g in module.globals if g.endswith(line)), None)
        if known is None:
            known = f"@table{len(module.globals)} = private unnamed_addr {line}"
            module.globals.append(known)
        return Value(pointer_to(kind), known.partition(" ")[0])

    def at_one_of(self, values: Any, bits: Value) -> Value:
        """In each lane one of eight float32 numbers, by the three lowest bits of an i32."""
        if self.code.module.choose and bits.type.lanes == 8:
            numbers = "<" + ", ".join(constant(F32, v).typed for v in values) + ">"
            return self.code.call(F32.times(8), self.code.module.choose, Value(F32.times(8), numbers), bits)  # type: ignore[return-value]
        if bits.type.lanes > 8:
            low, high = (self.at_one_of(values, half) for half in self.at_halves(bits))
            return self.at_shuffle(low, high, tuple(range(bits.type.lanes)))
        return self.at_gather(self.at_table(F32, values), self.to.binary(ast.BitAnd(), bits, 7))

    def at_one_of_32(self, values: Any, bits: Value, wide: bool) -> Value:
        """In each lane one of 32 float32 numbers, by the five lowest bits of an i32. ``wide``: the processor has AVX-512."""
        quarters = [values[i : i + 8] for i in range(0, 32, 8)]
        if wide and self.code.module.choose_wide and bits.type.lanes == 16:
            kind = F32.times(16)
            low, high = (
                "<" + ", ".join(constant(F32, v).typed for v in half) + ">" for half in (values[:16], values[16:])
            )
            return self.code.call(kind, self.code.module.choose_wide, Value(kind, low), bits, Value(kind, high))  # type: ignore[return-value]
        if not self.code.module.choose or bits.type.lanes % 8:
            return self.at_gather(self.at_table(F32, values), self.to.binary(ast.BitAnd(), bits, 31))
        higher, highest = (self.to.compare(ast.NotEq(), self.to.binary(ast.BitAnd(), bits, bit), 0) for bit in (8, 16))
        found = [self.at_one_of(quarter, bits) for quarter in quarters]
        half = [self.at_select(higher, found[i + 1], found[i]) for i in (0, 2)]
        return self.at_select(highest, half[1], half[0])

    def at_stack(self, kind: Type, count: int) -> Value:
        """Room for some elements, 64-byte aligned, for the whole call; not initialised."""
        return Value(pointer_to(kind), self.code.place(kind, count))

    def at_pointer(self, kind: Type, x: Value) -> Value:
        """An address, or another pointer, as a pointer to elements of a type."""
        if x.type.kind == "pointer":
            return Value(pointer_to(kind), x.text)
        return self.code.value(pointer_to(kind), f"inttoptr {x.typed} to ptr")

    def at_address(self, x: Value) -> Value:
        return self.code.value(I64, f"ptrtoint {x.typed} to i64")

    def at_copy(self, to: Value, source: Value, count: Any) -> None:
        """Copy elements; the two do not overlap."""
        size = self.to.binary(ast.Mult(), self.to.convert_static(I64, count), to.type.to.size)
        name = "llvm.memcpy.p0.p0.i64"
        self.code.module.declare(name, f"declare void @{name}(ptr, ptr, i64, i1)")
        self.code.line(f"call void @{name}(ptr {to.text}, ptr {source.text}, {size.typed}, i1 false)")

    def at_prefetch(self, pointer: Value, place: Any) -> None:
        """Ask for an element that is needed soon."""
        at, name = self.to.binary(ast.Add(), pointer, place), "llvm.prefetch.p0"
        self.code.module.declare(name, f"declare void @{name}(ptr, i32, i32, i32)")
        self.code.line(f"call void @{name}(ptr {at.text}, i32 0, i32 3, i32 1)")

    # --- between threads ----------------------------------------------------------------------------------------------
    def at_atomic_load(self, pointer: Value, place: Any) -> Value:
        at, kind = self.to.binary(ast.Add(), pointer, place), pointer.type.to
        return self.code.value(kind, f"load atomic {kind.text}, ptr {at.text} seq_cst, align {kind.size}")

    def at_atomic_store(self, pointer: Value, place: Any, value: Any) -> None:
        at, value = self.to.binary(ast.Add(), pointer, place), self.to.convert_static(pointer.type.to, value)
        self.code.line(f"store atomic {value.typed}, ptr {at.text} seq_cst, align {value.type.size}")

    def at_atomic_add(self, pointer: Value, place: Any, value: Any) -> Value:
        """Add to an element; what it was before."""
        at, value = self.to.binary(ast.Add(), pointer, place), self.to.convert_static(pointer.type.to, value)
        return self.code.value(value.type, f"atomicrmw add ptr {at.text}, {value.typed} seq_cst")

    def at_exchange_if(self, pointer: Value, place: Any, old: Any, new: Any) -> Value:
        """Replace an element if it is ``old``; whether it was."""
        at = self.to.binary(ast.Add(), pointer, place)
        old, new = (self.to.convert_static(pointer.type.to, x) for x in (old, new))
        pair = self.code.name()
        self.code.line(f"{pair} = cmpxchg ptr {at.text}, {old.typed}, {new.typed} seq_cst seq_cst")
        return self.code.value(BOOL, f"extractvalue {{ {old.type.text}, i1 }} {pair}, 1")

    def at_pause(self) -> None:
        """Tell the processor that this is a waiting loop."""
        if self.code.module.pause:
            self.code.call(None, self.code.module.pause)

    def at_call(self, function: Value, *arguments: Value) -> None:
        """Call a function without result by its address."""
        given = ", ".join(a.typed for a in arguments)
        self.code.line(f"call void {self.at_pointer(I8, function).text}({given})")
