"""Loops as machine code: ``compiled(loop)`` is a function of its arrays and numbers that Python calls directly.

The code is written with vectors of 32 bytes and a tail of single elements. It reads the arrays' fields itself and does nothing,
returning False, unless all are ndarrays of the loop's dtype, contiguous, of one size, and no two overlap but by being the same.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from llvmlite import ir

from . import llvm, vectors
from .ir import Loop
from .native import (
    DATA,
    DESCR,
    DIMS,
    FLAGS,
    I32,
    I64,
    ND,
    TYPE,
    P,
    Program,
    Writer,
    function,
    i32,
    i64,
)
from .square_root import reciprocal_roots

_KINDS: dict[str, tuple[Any, np.dtype[Any], int]] = {
    "f32": (ir.FloatType(), np.dtype(np.float32), 8),
    "f64": (ir.DoubleType(), np.dtype(np.float64), 4),
}
CONTIGUOUS, WRITABLE = 0x101, 0x400  # C_CONTIGUOUS and ALIGNED; WRITEABLE

_functions: dict[Any, Any] = {}

#: Instructions that take powers of two from a table of parts.
_BY_PARTS = {"single_exp", "rounded_exp", "rounded_tanh"}
#: ln 2 / 32 in two parts, the first so short that its product with a whole number of 13 bits is exact.
_LN2_PART = (float.fromhex("0x1.62e42fefa0000p-6"), float.fromhex("0x1.cf79abc9e3b3ap-45"))
#: exp(r) and tanh(x) near 0: Taylor's coefficients, the highest first.
_EXP_SERIES = tuple(1 / math.factorial(n) for n in range(6, -1, -1))
_TANH_SERIES = (62 / 2835, -17 / 315, 2 / 15, -1 / 3)
_TANH_BY_SERIES = 0.03  # up to here the series is the more exact way


def compiled(loop: Loop) -> Any:
    """``f(*arrays, *numbers) -> bool``: whether the loop ran. Made once for each ``loop.key``."""
    found = _functions.get(loop.key)
    if found is None:
        loop.verify()
        program = Program()
        write(program, loop)
        found = _functions[loop.key] = function(program.load(), "loop")
    return found


def write(program: Program, loop: Loop) -> None:
    """The function, as METH_FASTCALL: checks, numbers, vectors, tail."""
    element, dtype, lanes = _KINDS[loop.kind]
    w = Writer(program, "loop", ir.FunctionType(P, [P, P, I64]))
    b = w.at
    _, arguments, given = w.function.args
    w.require(w.same(given, i64(len(loop.arrays) + loop.numbers)))
    argument = [
        b.load(b.gep(arguments, [i64(i)], source_etype=P), typ=P) for i in range(len(loop.arrays) + loop.numbers)
    ]
    pointers, size = _arrays(w, loop, argument, dtype)
    numbers = []
    for x in argument[len(loop.arrays) :]:
        w.require(w.same(w.field(x, TYPE), w.object(float)))
        wide = w.call("PyFloat_AsDouble", ir.DoubleType(), x)
        numbers.append(wide if element == ir.DoubleType() else b.fptrunc(wide, element))
    body = _Body(w, loop, element, pointers, numbers)
    whole = b.sdiv(size, i64(lanes))
    wide_numbers = [splat(b, x, lanes) for x in numbers]
    w.count(whole, lambda i: body.at(b.mul(i, i64(lanes)), lanes, wide_numbers))
    done = b.mul(whole, i64(lanes))
    w.count(b.sub(size, done), lambda i: body.at(b.add(done, i), 1, numbers))
    b.ret(w.keep(w.object(True)))
    b.position_at_end(w.slow)
    b.ret(w.keep(w.object(False)))


def _arrays(w: Writer, loop: Loop, argument: list[Any], dtype: np.dtype[Any]) -> tuple[list[Any], Any]:
    """Pointers to the elements of all arrays, and how many there are; what does not fit goes the other way."""
    b = w.at
    pointers: list[Any] = []
    sizes: list[Any] = []
    for i, array in enumerate(argument[: len(loop.arrays)]):
        w.require(w.same(w.field(array, TYPE), w.object(np.ndarray)))
        w.require(w.same(w.field(array, DESCR), w.object(dtype)))
        needed = i32(CONTIGUOUS | (WRITABLE if i in loop.stores else 0))
        w.require(w.same(b.and_(w.field(array, FLAGS, I32), needed), needed))
        dims = w.field(array, DIMS)
        place = b.alloca(I64)
        b.store(i64(1), place)
        w.count(
            b.sext(w.field(array, ND, I32), I64),
            lambda i, place=place, dims=dims: b.store(
                b.mul(b.load(place, typ=I64), b.load(b.gep(dims, [i], source_etype=I64), typ=I64)), place
            ),
        )
        sizes.append(b.load(place, typ=I64))
        w.require(w.same(sizes[i], sizes[0]))
        pointers.append(w.field(array, DATA))
    extent = b.mul(sizes[0], i64(dtype.itemsize))
    starts = [b.ptrtoint(pointer, I64) for pointer in pointers]
    for i in loop.stores:
        for j in range(len(pointers)):
            if i == j or (j in loop.stores and j < i):
                continue
            away = b.sub(starts[i], starts[j])
            apart = b.or_(b.icmp_signed(">=", away, extent), b.icmp_signed("<=", away, b.neg(extent)))
            w.require(b.or_(w.same(away, i64(0)), apart))
    return pointers, sizes[0]


def splat(b: Any, value: Any, lanes: int) -> Any:
    """A vector of one number."""
    kind = ir.VectorType(value.type, lanes)
    one = b.insert_element(ir.Constant(kind, ir.Undefined), value, i32(0))
    return b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


class _Body:
    """The instructions of a loop for a vector of elements, or for one."""

    def __init__(self, w: Writer, loop: Loop, element: Any, pointers: list[Any], numbers: list[Any]):
        self.w, self.loop, self.element, self.pointers = w, loop, element, pointers
        used = {op for op, *_ in loop.code}
        self.estimates = w.field(w.object(reciprocal_roots()), DATA) if "sqrt" in used else None
        self.parts = w.field(w.object(vectors.parts_of_two()), DATA) if used & _BY_PARTS else None

    def at(self, place: Any, lanes: int, numbers: list[Any]) -> None:
        """Elements ``place`` to ``place + lanes``."""
        b, kind = self.w.at, self.element if lanes == 1 else ir.VectorType(self.element, lanes)
        addresses = [b.gep(pointer, [place], source_etype=self.element) for pointer in self.pointers]
        values: list[Any] = []
        for op, *operands in self.loop.code:
            if op == "load":
                value = b.load(addresses[operands[0]], typ=kind, align=self.element_size)
            elif op == "number":
                value = numbers[operands[0]]
            else:
                value = getattr(self, op)(kind, *[values[i] for i in operands])
            values.append(value)
        for array, value in self.loop.stores.items():
            b.store(values[value], addresses[array], align=self.element_size)

    @property
    def element_size(self) -> int:
        return 4 if self.loop.kind == "f32" else 8

    # --- instructions -------------------------------------------------------------------------------------------------
    def add(self, kind: Any, x: Any, y: Any) -> Any:
        return self.w.at.fadd(x, y)

    def sub(self, kind: Any, x: Any, y: Any) -> Any:
        return self.w.at.fsub(x, y)

    def mul(self, kind: Any, x: Any, y: Any) -> Any:
        return self.w.at.fmul(x, y)

    def div(self, kind: Any, x: Any, y: Any) -> Any:
        return self.w.at.fdiv(x, y)

    def neg(self, kind: Any, x: Any) -> Any:
        return self.w.at.fneg(x)

    def abs(self, kind: Any, x: Any) -> Any:
        return self.intrinsic("fabs", kind, x)

    def max(self, kind: Any, x: Any, y: Any) -> Any:
        """NaN if one of them is, as PyTorch's ``maximum``."""
        return self.intrinsic("maximum", kind, x, y)

    def min(self, kind: Any, x: Any, y: Any) -> Any:
        return self.intrinsic("minimum", kind, x, y)

    def fma(self, kind: Any, x: Any, y: Any, z: Any) -> Any:
        b = self.w.at
        if self.loop.kind == "f64":
            return b.fadd(b.fmul(x, y), z)
        if llvm.has("fma"):
            return self.intrinsic("fma", kind, x, y, z)
        double = self.like(kind, ir.DoubleType())
        u, v, s = (b.fpext(value, double) for value in (x, y, z))
        return b.fptrunc(b.fadd(b.fmul(u, v), s), kind)

    def sqrt(self, kind: Any, x: Any) -> Any:
        """``kernels.square_root.sqrt``, step by step; its comments say why."""
        exact = self.intrinsic("sqrt", kind, x)
        if self.loop.kind == "f64":
            return exact
        b = self.w.at
        whole = self.like(kind, I32)
        fixed = functools.partial(self.constant, whole)
        half = self.constant(kind, 0.5)
        bits = b.bitcast(x, whole)
        above = b.sub(bits, fixed(0x3F800000))
        part = b.and_(above, fixed(0xFFFFFF))
        r = self.looked_up(self.estimates, self.element, b.lshr(part, fixed(11)))
        a = b.bitcast(b.add(part, fixed(0x3F800000)), kind)
        root = b.fmul(a, r)
        step = b.fsub(half, b.fmul(b.fmul(b.fmul(a, half), r), r))
        root = b.fadd(root, b.fmul(root, step))
        r = b.fmul(b.fadd(r, b.fmul(step, r)), half)
        root = b.fadd(root, b.fmul(b.fsub(a, b.fmul(root, root)), r))
        shifted = b.shl(b.ashr(above, fixed(24)), fixed(23))
        out = b.bitcast(b.add(shifted, b.bitcast(root, whole)), kind)
        usual = b.icmp_unsigned("<", b.sub(bits, fixed(0x00800000)), fixed(0x7F800000 - 0x00800000))
        return b.select(usual, out, exact)

    def exp(self, kind: Any, x: Any) -> Any:
        """``kernels.vectors.exp``, step by step; a product and a sum are rounded once."""
        b = self.w.at
        one_of = functools.partial(self.constant, kind)
        fma = functools.partial(self.fma, kind)
        x = self.min(kind, self.max(kind, x, one_of(vectors.LEAST)), one_of(vectors.MOST))
        whole = self.intrinsic("rint", kind, b.fmul(x, one_of(vectors.INVERSE_LN2)))
        s = fma(whole, one_of(-vectors.LN2[1]), fma(whole, one_of(-vectors.LN2[0]), x))
        u = one_of(vectors.EXP[0])
        for c in vectors.EXP[1:]:
            u = fma(u, s, one_of(c))
        y = b.fadd(fma(u, b.fmul(s, s), s), one_of(1.0))
        double, long = self.like(kind, ir.DoubleType()), self.like(kind, I64)
        exponent = b.fptosi(b.select(b.fcmp_ordered("ord", x, x), whole, one_of(0.0)), long)  # nan has none
        return b.fptrunc(b.fmul(b.fpext(y, double), self.power_of_two(double, exponent)), kind)

    def single_exp(self, kind: Any, x: Any) -> Any:
        """``kernels.vectors.single_exp``, step by step, in float64."""
        b = self.w.at
        double, long = self.like(kind, ir.DoubleType()), self.like(kind, I64)
        one_of = functools.partial(self.constant, double)
        x = self.max(kind, x, self.constant(kind, vectors.LEAST_SINGLE))
        x = self.min(kind, x, self.constant(kind, vectors.MOST_SINGLE))
        rest = b.fmul(b.fpext(x, double), one_of(vectors.PARTS))
        k = self.intrinsic("rint", double, rest)
        rest = b.fsub(rest, k)
        out = one_of(vectors.CUBIC[0])
        for c in (*vectors.CUBIC[1:], 1.0):
            out = b.fadd(b.fmul(out, rest), one_of(c))
        whole = b.fptosi(b.select(b.fcmp_ordered("ord", x, x), k, one_of(0.0)), long)  # nan has none
        part = self.looked_up(self.parts, ir.DoubleType(), b.and_(whole, self.constant(long, 31)))
        power = self.power_of_two(double, b.ashr(whole, self.constant(long, 5)))
        return b.fptrunc(b.fmul(out, b.fmul(part, power)), kind)

    def rounded_exp(self, kind: Any, x: Any) -> Any:
        """``exp`` of float64, rounded once."""
        b = self.w.at
        x = self.max(kind, x, self.constant(kind, vectors.LEAST_SINGLE))
        x = self.min(kind, x, self.constant(kind, vectors.MOST_SINGLE))
        return b.fptrunc(self.wide_exp(b.fpext(x, self.like(kind, ir.DoubleType()))), kind)

    def rounded_tanh(self, kind: Any, x: Any) -> Any:
        """``1 - 2 / (exp(2 |x|) + 1)`` with the sign of x, near 0 Taylor's series, in float64, rounded once."""
        b = self.w.at
        double = self.like(kind, ir.DoubleType())
        one_of = functools.partial(self.constant, double)
        wide = b.fpext(x, double)
        size = self.intrinsic("fabs", double, wide)
        bounded = self.intrinsic("minimum", double, b.fadd(size, size), one_of(44.0))
        far = b.fsub(one_of(1.0), b.fdiv(one_of(2.0), b.fadd(self.wide_exp(bounded), one_of(1.0))))
        square = b.fmul(size, size)
        series = one_of(_TANH_SERIES[0])
        for c in _TANH_SERIES[1:]:
            series = b.fadd(b.fmul(series, square), one_of(c))
        near = b.fadd(size, b.fmul(b.fmul(size, square), series))
        out = b.select(b.fcmp_ordered("<", size, one_of(_TANH_BY_SERIES)), near, far)
        return b.fptrunc(self.intrinsic("copysign", double, out, wide), kind)

    def wide_exp(self, x: Any) -> Any:
        """``exp`` of float64 numbers between -745 and 709, to about one unit in the last place: 2**(k/32) and a polynomial."""
        b, double = self.w.at, x.type
        one_of, long = functools.partial(self.constant, double), self.like(double, I64)
        k = self.intrinsic("rint", double, b.fmul(x, one_of(vectors.PARTS)))
        r = b.fsub(b.fsub(x, b.fmul(k, one_of(_LN2_PART[0]))), b.fmul(k, one_of(_LN2_PART[1])))
        out = one_of(_EXP_SERIES[0])
        for c in _EXP_SERIES[1:]:
            out = b.fadd(b.fmul(out, r), one_of(c))
        whole = b.fptosi(b.select(b.fcmp_ordered("ord", x, x), k, one_of(0.0)), long)  # nan has none
        part = self.looked_up(self.parts, ir.DoubleType(), b.and_(whole, self.constant(long, 31)))
        power = self.power_of_two(double, b.ashr(whole, self.constant(long, 5)))
        return b.fmul(out, b.fmul(part, power))

    # --- their parts --------------------------------------------------------------------------------------------------
    def constant(self, kind: Any, value: Any) -> Any:
        return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)

    def like(self, kind: Any, element: Any) -> Any:
        """The type of as many other elements."""
        return ir.VectorType(element, kind.count) if isinstance(kind, ir.VectorType) else element

    def power_of_two(self, double: Any, exponent: Any) -> Any:
        """``2.0 ** exponent`` by the bits of a float64."""
        b, long = self.w.at, exponent.type
        bits = b.shl(b.add(exponent, self.constant(long, 1023)), self.constant(long, 52))
        return b.bitcast(bits, double)

    def looked_up(self, table: Any, element: Any, places: Any) -> Any:
        """Numbers of a table."""
        b = self.w.at

        def one(place: Any) -> Any:
            place = place if place.type == I64 else b.zext(place, I64)
            return b.load(b.gep(table, [place], source_etype=element), typ=element)

        if not isinstance(places.type, ir.VectorType):
            return one(places)
        out: Any = ir.Constant(self.like(places.type, element), ir.Undefined)
        for lane in range(places.type.count):
            out = b.insert_element(out, one(b.extract_element(places, i32(lane))), i32(lane))
        return out

    def intrinsic(self, name: str, kind: Any, *operands: Any) -> Any:
        element = kind.element if isinstance(kind, ir.VectorType) else kind
        suffix = "f64" if element == ir.DoubleType() else "f32"
        if isinstance(kind, ir.VectorType):
            suffix = f"v{kind.count}{suffix}"
        declared = self.w.program.intrinsic(f"llvm.{name}.{suffix}", kind, len(operands))
        return self.w.at.call(declared, operands)
