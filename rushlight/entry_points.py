"""The operators of Tensor as functions of machine code that CPython calls directly.

What ``rushlight.fast`` does in two hundred steps of the interpreter for ``x * y`` is done here in one native function: the checks,
the arithmetic, the new Tensor, its node. It takes plain tensors of one floating dtype and one shape, or a tensor and a number,
with contiguous memory and few elements; everything else, every rare mode included, it hands to the Python path, which remains
the reference.

The functions are method descriptors made from LLVM IR. They read objects at fixed offsets: those of our slots are asked of CPython, those
of ndarray are NumPy's published struct. ``install`` first tries all of it: if an offset, a result, a node or a count of
references is not as the Python path has it, nothing is replaced. ``rushlight.fast`` calls it once a program has shown that it
does many small operations, as llvmlite and the compilation take about as long as 100,000 of them.
"""

from __future__ import annotations

import ctypes
import sys
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir

from . import fast
from .autograd.graph import Node, next_seq
from .autograd.mode import mode
from .kernels.cpython import DATA, DESCR, DIMS, FLAGS, ND, TYPE, method, slot_offset
from .kernels.native import DOUBLE, FLOAT, I32, I64, NULL, Bits, P, Program, Writer, i32, i64
from .node import FIRST, NUMBER_VERSION, OUT, SECOND, OpNode, kept
from .op import Op
from .readers import REGISTRY
from .tensor import Parameter, Tensor, TensorBase, wrap

C_CONTIGUOUS_AND_ALIGNED = 0x101

#: Elements beyond which NumPy's vectors win over the loop here, which takes them one by one.
LARGEST = 512


# --- a binary operator --------------------------------------------------------------------------------------------------
class Slots:
    """Where the slots of tensors and nodes lie."""

    a: int
    edge: int
    grad: int
    vc: int
    base: int
    extra: int
    seq: int
    edges: int
    meta: int
    hooks: int
    stack: int
    saved: int
    versions: int
    attrs: int

    def __init__(self) -> None:
        self.a, self.edge, self.grad, self.vc, self.base, self.extra = (
            slot_offset(TensorBase, n) for n in ("_a", "_edge", "_grad", "_vc", "_base", "_extra")
        )
        self.seq, self.edges, self.meta, self.hooks, self.stack = (
            slot_offset(Node, n) for n in ("seq", "edges", "meta", "hooks", "stack")
        )
        self.saved, self.versions, self.attrs = (slot_offset(OpNode, n) for n in ("saved", "versions", "attrs"))


#: What differs from op to op: a row of the table.
ROW = ("of_tensors", "with_number", "attrs", "nothing", "slow", "first", "second", "both")


def row_of(op: Op, slow: Any) -> list[Any]:
    """An op's row: its node classes, its attributes, what its nodes save (see ``node.kept``), and its Python path."""
    keeps = [kept(op, 0), kept(op, 1), kept(op, 0, 1)]
    return [*fast.node_classes(op), dict(op.defaults), (None,) * len(op.slot_of), slow, *map(Bits, keeps)]


def write_binary(program: Program, slots: Slots, instructions: list[str], rows: int) -> None:
    """``binary(x, y, which)``: x a tensor, y a tensor like it or a number; ``which`` is the instruction and the row of the table."""
    w = Writer(program, "binary", ir.FunctionType(P, [P, P, I64]))
    b = w.at
    x, y, which = w.function.args
    none, zero = w.object(None), w.object(0)

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

    def is_tensor(t: Any) -> Any:
        return w.either(w.field(t, TYPE), w.object(Tensor), w.object(Parameter))

    def size(dims: Any, i: Any) -> Any:
        return b.load(b.gep(dims, [i], source_etype=I64), typ=I64)

    # --- operands: what is not as expected goes the Python way
    w.require(is_tensor(x))
    left = plain(x)
    dtype = w.field(left, DESCR)
    is_float = w.same(dtype, w.object(fast.F32))
    w.require(b.or_(is_float, w.same(dtype, w.object(fast.F64))))
    nd = w.field(left, ND, I32)
    rank = b.sext(nd, I64)
    dims = w.field(left, DIMS)

    def tensor_operand() -> list[Any]:
        right = plain(y)
        w.require(w.same(w.field(right, DESCR), dtype))
        w.require(w.same(w.field(right, ND, I32), nd))
        others = w.field(right, DIMS)
        w.count(rank, lambda i: w.require(w.same(size(dims, i), size(others, i))))
        return [right, w.field(y, slots.edge), i64(1)]

    def number_operand() -> list[Any]:
        w.require(w.either(w.field(y, TYPE), w.object(float), w.object(int)))
        known = b.select(is_float, w.object(fast._numbers32), w.object(fast._numbers64))
        right = w.call("PyDict_GetItem", P, known, y)  # what it has not seen the Python path puts there
        w.require(b.not_(w.same(right, NULL)))
        return [right, none, i64(0)]

    right, e1, step = w.choose(is_tensor(y), tensor_operand, number_operand)
    number = w.same(step, i64(0))
    e0 = w.field(x, slots.edge)
    place = b.alloca(I64)
    b.store(i64(1), place)
    w.count(rank, lambda i: b.store(b.mul(b.load(place, typ=I64), size(dims, i)), place))
    n = b.load(place, typ=I64)
    w.require(b.icmp_signed("<=", n, i64(LARGEST)))

    # --- the grad mode: 0 records nothing, 1 records, others are rare
    grad = b.not_(b.and_(w.same(e0, none), w.same(e1, none)))
    w.call("PyContextVar_Get", I32, w.object(mode), NULL, place)
    now = b.load(place, typ=P)
    w.drop(now)  # small integers stay
    recorded = b.and_(grad, w.same(now, w.object(1)))
    w.require(b.or_(b.or_(b.not_(grad), recorded), w.same(now, zero)))

    # --- the result; what is in use stays, whatever a finalizer does to x and y while memory is asked for
    in_use = [left, right, e0, e1]
    for thing in in_use:
        w.keep(thing)
    type_number = b.select(is_float, i32(fast.F32.num), i32(fast.F64.num))
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
            b.store(getattr(b, instruction)(u, v), b.gep(target, [i], source_etype=kind))

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
    cell = w.call("PyList_New", P, i64(1))
    w.call("PyList_SetItem", I32, cell, i64(0), w.keep(zero))
    w.put(t, slots.a, made)
    w.put(t, slots.vc, cell)
    for slot in (slots.grad, slots.base, slots.extra):
        w.put(t, slot, w.keep(none))

    # --- its node
    def node() -> list[Any]:
        cls = b.select(number, of_op("with_number"), of_op("of_tensors"))
        made_node = w.call("object_new", P, cls, w.object(()), NULL)
        w.put(made_node, slots.seq, w.call("count_next", P, w.object(next_seq.__self__)))  # type: ignore[attr-defined]
        w.put(made_node, slots.edges, w.tuple(e0, e1))
        shape = w.call("PyTuple_New", P, rank)
        w.count(
            rank,
            lambda i: w.call("PyTuple_SetItem", I32, shape, i, w.call("PyLong_FromSsize_t", P, size(dims, i))),
        )
        w.put(made_node, slots.meta, w.tuple(shape, dtype))
        w.drop(shape)
        w.put(made_node, slots.hooks, w.keep(none))
        w.put(made_node, slots.stack, w.keep(none))
        w.put(made_node, slots.attrs, w.keep(of_op("attrs")))
        both_or_first = b.select(w.same(e1, none), of_op("first", I64), of_op("both", I64))
        kept = b.select(w.same(e0, none), of_op("second", I64), both_or_first)
        saved, versions = w.choose(w.same(kept, i64(0)), nothing, lambda: what_is_kept(kept))
        w.put(made_node, slots.saved, saved)
        w.put(made_node, slots.versions, versions)
        w.put(t, slots.edge, w.tuple(made_node, zero))
        w.drop(made_node)
        return []

    def nothing() -> list[Any]:
        return [w.keep(of_op("nothing")), w.keep(w.object(()))]

    def what_is_kept(kept: Any) -> list[Any]:
        """The arrays that the rules read, and the versions of the tensors among them."""

        def has(bit: int) -> Any:
            return b.icmp_signed("!=", b.and_(kept, i64(bit)), i64(0))

        items = [(has(FIRST), left), (has(SECOND), right), (has(OUT), made)]
        saved = w.tuple(*[b.select(wanted, value, none) for wanted, value in items])
        tensors = [
            (has(FIRST), w.field(x, slots.vc)),
            (b.and_(has(SECOND), b.not_(number)), b.select(number, cell, w.field(y, slots.vc))),
            (has(OUT), cell),
        ]
        count: Any = i64(0)
        for wanted, _ in tensors:
            count = b.add(count, b.select(wanted, i64(2), i64(0)))

        def pairs() -> list[Any]:
            versions = w.call("PyTuple_New", P, count)
            at: Any = i64(0)
            for wanted, own in tensors:

                def pair(own: Any = own, at: Any = at) -> list[Any]:
                    w.call("PyTuple_SetItem", I32, versions, at, w.keep(own))
                    version = w.keep(w.call("PyList_GetItem", P, own, i64(0)))
                    w.call("PyTuple_SetItem", I32, versions, b.add(at, i64(1)), version)
                    return []

                w.choose(wanted, pair, lambda: [])
                at = b.add(at, b.select(wanted, i64(2), i64(0)))
            return [versions]

        numbers_only = w.same(count, i64(0))
        return [saved, *w.choose(numbers_only, lambda: [w.keep(w.object(NUMBER_VERSION))], pairs)]

    def leaf() -> list[Any]:
        w.put(t, slots.edge, w.keep(none))
        return []

    w.choose(recorded, node, leaf)
    for thing in in_use:
        w.drop(thing)
    b.ret(t)

    # --- the other way
    b.position_at_end(w.slow)
    pair = b.alloca(ir.ArrayType(P, 2))
    b.store(x, b.gep(pair, [i32(0), i32(0)]))
    b.store(y, b.gep(pair, [i32(0), i32(1)]))
    b.ret(w.call("PyObject_Vectorcall", P, of_op("slow"), pair, i64(2), NULL))


#: The Python operators that native ones stand in for, by name.
replaced: dict[str, Any] = {}


# --- putting them in place ----------------------------------------------------------------------------------------------
INSTRUCTIONS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}


#: The methods, each with its op. Reflected ones take their operands in either order.
METHODS = {
    "__add__": "add", "__radd__": "add", "__sub__": "sub", "__mul__": "mul", "__rmul__": "mul", "__truediv__": "div",
}  # fmt: skip


def compiled() -> dict[str, Any]:
    """Operators of Tensor as native methods, by name."""
    program = Program()
    rows = program.place_all([x for name, op in METHODS.items() for x in row_of(REGISTRY[op], vars(Tensor)[name])])
    write_binary(program, Slots(), [INSTRUCTIONS[op] for op in METHODS.values()], rows)
    for which, name in enumerate(METHODS):
        entry = Writer(program, name, ir.FunctionType(P, [P, P]))
        x, y = entry.function.args
        entry.at.ret(entry.call("binary", P, x, y, i64(which)))
    engine = program.load()
    # Methods of object: of what is no tensor the Python path speaks, in PyTorch's words.
    return {name: method(object, engine, name) for name in METHODS}


def install() -> bool:
    """Replace Tensor's operators by the native ones, if they pass ``check``; whether they did."""
    if not fields_are_where_expected():
        return False
    native = compiled()
    if not all(check(name, function) for name, function in native.items()):
        return False
    for name, function in native.items():
        replaced[name] = vars(Tensor)[name]
        setattr(Tensor, name, function)
    return True


def fields_are_where_expected() -> bool:
    """Compare the fields of an array and of a tensor, read at their offsets, with what Python says they are."""
    array = np.zeros((3, 5), np.float32)
    t, slots = wrap(array), Slots()
    extra = t._extra = {}

    def word(thing: Any, offset: int, kind: Any = ctypes.c_size_t) -> int:
        return int(kind.from_address(id(thing) + offset).value)

    sizes = word(array, DIMS)
    return (
        word(array, TYPE) == id(np.ndarray)
        and word(array, DATA) == array.__array_interface__["data"][0]
        and word(array, ND, ctypes.c_int) == 2
        and [ctypes.c_ssize_t.from_address(sizes + 8 * i).value for i in range(2)] == [3, 5]
        and word(array, DESCR) == id(array.dtype)
        and word(array, FLAGS, ctypes.c_int) & C_CONTIGUOUS_AND_ALIGNED == C_CONTIGUOUS_AND_ALIGNED
        and word(array.T, FLAGS, ctypes.c_int) & 1 == 0
        and word(t, slots.a) == id(t._a)
        and word(t, slots.vc) == id(t._vc)
        and word(t, slots.base) == id(None)
        and word(t, slots.extra) == id(extra)
    )


def check(name: str, native: Any) -> bool:
    """Whether a native operator does what the Python one does: value, node, and not a reference more or less."""
    reference = vars(Tensor)[name]
    for dtype in (np.float32, np.float64):
        x, y, z = (wrap(np.array([[1.5, -2.0, 3.0]], dtype)) for _ in range(3))
        y.requires_grad_()
        z.requires_grad_()
        for a, b in ((x, x), (x, y), (y, x), (y, z), (z, z), (x, 3), (y, 2.5)):
            expected = reference(a, b)
            if description(native(a, b)) != description(expected):
                return False
            held = [
                a,
                a._a,
                a._vc,
                b,
                b._a if isinstance(b, Tensor) else b,
                type(expected),
                expected._a.dtype,
                None,
                (),
            ]
            before = [sys.getrefcount(thing) for thing in held]
            for _ in range(20):
                native(a, b)
            if any(abs(sys.getrefcount(thing) - n) > 10 for thing, n in zip(held, before, strict=True)):
                return False
    return True


def description(t: Tensor) -> Any:
    """Everything about a result that the two paths must agree on."""
    edge: Any = t._edge
    node = edge and [type(edge[0]), edge[1], edge[0].edges, edge[0].meta, edge[0].hooks, edge[0].stack, edge[0].attrs]
    saved = edge and [(a.dtype, a.shape, a.tobytes()) if isinstance(a, np.ndarray) else repr(a) for a in edge[0].saved]
    versions = edge and [(id(cell), n) for cell, n in zip(*[iter(edge[0].versions)] * 2, strict=True)]
    return type(t), t._a.dtype, t._a.shape, t._a.tobytes(), t._vc, t._grad, t._base, t._extra, node, saved, versions
