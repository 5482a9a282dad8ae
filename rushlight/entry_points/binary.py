"""The operators of two tensors, or a tensor and a number, as machine code; of powers the square."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir

from .. import bodies, fast
from ..kernels.cpython import DATA, DESCR, DIMS, FLAGS, ND, TYPE
from ..kernels.native import DOUBLE, FLOAT, I32, I64, NULL, Bits, P, Program, Writer, i32, i64
from ..node import FIRST, NUMBER_VERSION, OUT, SECOND, kept
from ..op import Op
from ..tensor import Tensor
from .parts import (
    Slots,
    give,
    grad_mode,
    hang,
    is_tensor,
    new_cell,
    new_node,
    require_no_inference,
    shape,
    size,
    versions,
)

C_CONTIGUOUS_AND_ALIGNED = 0x101

#: Elements beyond which NumPy's vectors win over the loop here, which takes them one by one.
LARGEST = 512


#: What differs from op to op: a row of the table.
ROW = ("of_tensors", "with_number", "attrs", "nothing", "slow", "first", "second", "both", "power")

#: The exponent of the one power that is taken here.
SQUARE = 2


def row_of(op: Op, slow: Any) -> list[Any]:
    """An op's row: its node classes, its attributes, what its nodes save (see ``node.kept``), and its Python path."""
    power = callable(op.promote)  # the node keeps the number itself, and its gradient has no need of the result
    keeps = [kept(op, 0, beside_number=power), kept(op, 1), kept(op, 0, 1)]
    return [*fast.node_classes(op), dict(op.defaults), (None,) * len(op.slot_of), slow, *map(Bits, (*keeps, power))]


def write_binary(program: Program, slots: Slots, instructions: list[str], rows: int) -> None:
    """``binary(x, y, which)``: x a tensor, y a tensor like it or a number; ``which`` is the instruction and the row of the table."""
    w = Writer(program, "binary", ir.FunctionType(P, [P, P, I64]))
    b = w.at
    x, y, which = w.function.args
    none = w.object(None)

    def of_op(name: str, kind: Any = P) -> Any:
        at = b.add(b.mul(which, i64(len(ROW))), i64(rows + ROW.index(name)))
        return b.load(b.gep(program.table, [i32(0), at]), typ=kind)

    def plain(t: Any) -> Any:
        """The array of a tensor that is no view and no inference tensor, and whose memory is in order."""
        w.require(w.same(w.field(t, slots.base), none))
        w.require(w.same(w.field(t, slots.extra), none))
        array = w.field(t, slots.a)
        w.require(w.same(w.field(array, TYPE), w.object(np.ndarray)))
        flags = b.and_(w.field(array, FLAGS, I32), i32(C_CONTIGUOUS_AND_ALIGNED))
        w.require(w.same(flags, i32(C_CONTIGUOUS_AND_ALIGNED)))
        return array

    # --- operands: what is not as expected goes the Python way
    require_no_inference(w)
    w.require(is_tensor(w, x))
    left = plain(x)
    dtype = w.field(left, DESCR)
    is_float = w.same(dtype, w.object(bodies.F32))
    w.require(b.or_(is_float, w.same(dtype, w.object(bodies.F64))))
    nd = w.field(left, ND, I32)
    rank = b.sext(nd, I64)
    dims = w.field(left, DIMS)

    def tensor_operand() -> list[Any]:
        right = plain(y)
        w.require(w.same(w.field(right, DESCR), dtype))
        w.require(w.same(w.field(right, ND, I32), nd))
        others = w.field(right, DIMS)
        w.count(rank, lambda i: w.require(w.same(size(w, dims, i), size(w, others, i))))
        return [right, w.field(y, slots.edge), i64(1)]

    def number_operand() -> list[Any]:
        w.require(w.either(w.field(y, TYPE), w.object(float), w.object(int)))
        known = b.select(is_float, w.object(bodies.numbers32), w.object(bodies.numbers64))
        right = w.call("PyDict_GetItem", P, known, y)  # what it has not seen the Python path puts there
        w.require(b.not_(w.same(right, NULL)))
        return [right, none, i64(0)]

    power = w.same(of_op("power", I64), i64(1))
    w.require(b.or_(b.not_(power), w.same(y, w.object(SQUARE))))
    right, e1, step = w.choose(is_tensor(w, y), tensor_operand, number_operand)
    number = w.same(step, i64(0))
    e0 = w.field(x, slots.edge)
    place = b.alloca(I64)
    b.store(i64(1), place)
    w.count(rank, lambda i: b.store(b.mul(b.load(place, typ=I64), size(w, dims, i)), place))
    n = b.load(place, typ=I64)
    w.require(b.icmp_signed("<=", n, i64(LARGEST)))

    # --- the grad mode: 0 records nothing, 1 records, others are rare
    grad = b.not_(b.and_(w.same(e0, none), w.same(e1, none)))
    now = grad_mode(w)
    recorded = b.and_(grad, w.same(now, w.object(1)))
    w.require(b.or_(b.or_(b.not_(grad), recorded), w.same(now, w.object(0))))

    # --- the result; what is in use stays, whatever a finalizer does to x and y while memory is asked for
    in_use = [left, right, e0, e1]
    for thing in in_use:
        w.keep(thing)
    type_number = b.select(is_float, i32(bodies.F32.num), i32(bodies.F64.num))
    made = w.call("new_array", P, w.object(np.ndarray), nd, dims, type_number, NULL, NULL, i32(0), i32(0), NULL)
    failed, go_on = w.block(), w.block()
    b.cbranch(w.same(made, NULL), failed, go_on)
    b.position_at_end(failed)
    b.ret(NULL)
    b.position_at_end(go_on)
    source, other, target = (w.field(array, DATA) for array in (left, right, made))

    def loop(instruction: str, kind: Any) -> list[Any]:
        def element(i: Any) -> None:
            u = b.load(b.gep(source, [i], source_etype=kind), typ=kind)
            v = b.load(b.gep(other, [b.mul(i, step)], source_etype=kind), typ=kind)
            b.store(
                b.fmul(u, u) if instruction == "square" else getattr(b, instruction)(u, v),
                b.gep(target, [i], source_etype=kind),
            )

        w.count(n, element)
        return []

    for i, instruction in enumerate(instructions):
        go_on = w.block()
        mine = w.block()
        b.cbranch(w.same(which, i64(i)), mine, go_on)
        b.position_at_end(mine)
        w.choose(is_float, partial(loop, instruction, FLOAT), partial(loop, instruction, DOUBLE))
        b.branch(go_on)
        b.position_at_end(go_on)
    t = w.call("object_new", P, w.object(Tensor), w.object(()), NULL)
    cell = new_cell(w)
    w.put(t, slots.a, made)
    w.put(t, slots.vc, cell)
    for slot in (slots.grad, slots.base, slots.extra):
        w.put(t, slot, w.keep(none))

    # --- its node
    def node() -> list[Any]:
        cls = b.select(number, of_op("with_number"), of_op("of_tensors"))
        made_node = new_node(w, slots, cls, w.tuple(e0, e1), shape(w, rank, dims), dtype, of_op("attrs"))
        both_or_first = b.select(w.same(e1, none), of_op("first", I64), of_op("both", I64))
        kept = b.select(w.same(e0, none), of_op("second", I64), both_or_first)
        saved, kept_versions = w.choose(w.same(kept, i64(0)), nothing, lambda: what_is_kept(kept))
        w.put(made_node, slots.saved, saved)
        w.put(made_node, slots.versions, kept_versions)
        hang(w, slots, t, made_node)
        return []

    def nothing() -> list[Any]:
        return [w.keep(of_op("nothing")), w.keep(w.object(()))]

    def what_is_kept(kept: Any) -> list[Any]:
        """The arrays that the rules read, and the versions of the tensors among them."""

        def has(bit: int) -> Any:
            return b.icmp_signed("!=", b.and_(kept, i64(bit)), i64(0))

        items = [(has(FIRST), left), (has(SECOND), b.select(power, y, right)), (has(OUT), made)]
        saved = w.tuple(*[b.select(wanted, value, none) for wanted, value in items])
        tensors = [
            (has(FIRST), w.field(x, slots.vc)),
            (b.and_(has(SECOND), b.not_(number)), b.select(number, cell, w.field(y, slots.vc))),
            (has(OUT), cell),
        ]
        return [saved, versions(w, tensors, lambda: w.keep(w.object(NUMBER_VERSION)))]

    give(w, slots, t, recorded, node, in_use)

    # --- the other way
    b.position_at_end(w.slow)
    pair = b.alloca(ir.ArrayType(P, 2))
    b.store(x, b.gep(pair, [i32(0), i32(0)]))
    b.store(y, b.gep(pair, [i32(0), i32(1)]))
    b.ret(w.call("PyObject_Vectorcall", P, of_op("slow"), pair, i64(2), NULL))
