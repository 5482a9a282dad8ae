"""Entry points: what CPython calls directly, as functions of machine code.

What ``rushlight.fast`` does in two hundred steps of the interpreter for ``x * y`` is done in one native function (``binary``): the checks,
the arithmetic, the new Tensor, its node. It takes plain tensors of one floating dtype and one shape, or a tensor and a number,
with contiguous memory and few elements; everything else, every rare mode included, it hands to the Python path, which remains
the reference. Of reductions and views (``rushlight.plain``) all but the arithmetic is done in another (``single``), of backward
the way from node to node in a third (``walk``).

The functions are made from LLVM IR. They read objects at fixed offsets: those of our slots are asked of CPython, those
of ndarray are NumPy's published struct. ``install`` first tries all of it: if an offset, a result, a node or a count of
references is not as the Python path has it, nothing is replaced. ``rushlight.fast`` calls it once a program has shown that it
does many small operations, as llvmlite and the compilation take about as long as 100,000 of them.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from ..autograd import backward
from ..autograd.engine import Native, runs
from ..autograd.mode import OFF, ON, mode
from ..kernels.cpython import DATA, DESCR, DIMS, FLAGS, ND, TYPE, method
from ..kernels.native import P, Program, Writer, i64
from ..op import Op
from ..plain import Short, entries
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from .binary import C_CONTIGUOUS_AND_ALIGNED, row_of, write_binary
from .parts import Slots
from .single import maker, write_single
from .walk import walker, write_walk

#: The Python operators that native ones stand in for, by name.
replaced: dict[str, Any] = {}


# --- putting them in place ----------------------------------------------------------------------------------------------
INSTRUCTIONS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "pow": "square"}


#: The methods, each with its op. Reflected ones take their operands in either order.
METHODS = {
    "__add__": "add", "__radd__": "add", "__sub__": "sub", "__mul__": "mul", "__rmul__": "mul", "__truediv__": "div",
    "__pow__": "pow",
}  # fmt: skip


def compiled() -> tuple[dict[str, Any], Callable[[Short], Any], Any]:
    """Operators of Tensor as native methods, by name, what makes the functions of ops of one tensor, and backward's loop."""
    program, slots = Program(), Slots()
    rows = program.place_all([x for name, op in METHODS.items() for x in row_of(REGISTRY[op], vars(Tensor)[name])])
    write_binary(program, slots, [INSTRUCTIONS[op] for op in METHODS.values()], rows)
    for which, name in enumerate(METHODS):
        entry = Writer(program, name, ir.FunctionType(P, [P, P]))
        x, y = entry.function.args
        entry.at.ret(entry.call("binary", P, x, y, i64(which)))
    write_single(program, slots)
    write_walk(program, slots)
    engine = program.load()
    # Methods of object: of what is no tensor the Python path speaks, in PyTorch's words.
    return {name: method(object, engine, name) for name in METHODS}, maker(engine), walker(engine)


def install() -> bool:
    """Put the native functions in place, if they pass ``check``, ``check_single`` and ``check_walk``; whether they did."""
    if not fields_are_where_expected():
        return False
    operators, make, walk = compiled()
    before = mode.set(ON)  # nodes are compared
    try:
        agree = (
            all(check(name, function) for name, function in operators.items())
            and all(check_single(REGISTRY[name], make, *args) for name, args in TRIED)
            and check_walk(walk)
        )
    finally:
        mode.reset(before)
    if agree:
        for name, function in operators.items():
            replaced[name] = vars(Tensor)[name]
            setattr(Tensor, name, function)
        entries.begin(make)
        Native.walk = walk
    return agree


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
        for a, b in ((x, x), (x, y), (y, x), (y, z), (z, z), (x, 3), (y, 2.5), (x, 2), (y, 2)):
            expected = reference(a, b)
            if description(native(a, b)) != description(expected):
                return False
            values = [a, a._a, a._vc, b, b._a if isinstance(b, Tensor) else b]
            if not keeps_count(lambda a=a, b=b: native(a, b), [*values, type(expected), expected._a.dtype]):  # type: ignore[misc]
                return False
    return True


#: The method cache of types, which new types empty, lets go of thousands of None as it fills again.
ATTEMPTS = 100

#: Ops on which the path of one tensor is tried, with arguments: a view, and what keeps a shape, its output, both.
TRIED = ("transpose", (0, -1)), ("sum", (1,)), ("softmax", (1,)), ("std", (0,))


def check_single(op: Op, make: Callable[[Short], Any], *others: Any) -> bool:
    """The same for the path of one tensor, on a leaf, a result and views of both, while nodes are recorded and while they are not."""
    x, y = (wrap(np.array([[1.5, -2.0, 3.0], [0.0, 1.0, 2.5]], np.float32)) for _ in range(2))
    y.requires_grad_()
    given = [x, y, x[:1], y[:, 1:], y * 2]
    recording = check_one(op, make, others, given)
    before = mode.set(OFF)
    try:
        given += [x[:1], y[:, 1:]]
        return recording and check_one(op, make, others, given)
    finally:
        mode.reset(before)


def check_one(op: Op, make: Callable[[Short], Any], others: tuple[Any, ...], given: list[Any]) -> bool:
    """``check_single`` on these tensors, as nodes are recorded or not."""
    for a in given:
        args, short = (a, *others), Short(op)
        native = make(short)
        attrs = op.preparer(*args)[1]  # type: ignore[misc]
        short.plans.add_layout(a._a, args, {}, attrs, None)
        (plan,) = short.plans.by_layout.values()
        expected = op.public(*args)
        found = native(args, {})
        if found is None or description(found) != description(expected):
            return False
        held = [*args, a._a, a._vc, a._base, a._edge, a._extra, plan, attrs, type(expected), expected._a.dtype]
        if not keeps_count(lambda native=native, args=args: native(args, {}), held):  # type: ignore[misc]
            return False
    return True


def check_walk(walk: Any) -> bool:
    """The same for backward's loop: gradients that meet, of leaves and on the way, and numbers that must not be mixed up."""
    x, y = (wrap(np.array([[1.5, -2.0, 3.0]], np.float32)) for _ in range(2))
    x.requires_grad_()
    y.requires_grad_()

    def root() -> Tensor:
        z = x * y
        return ((z + x * 2) * z + y + y.t().t() + (x - y[:, :1])).sum()

    def gradients(own: Any) -> Any:
        before, Native.walk = Native.walk, own
        try:
            backward(root())
            return [None if t._grad is None else t._grad._a.tobytes() for t in (x, y)]
        finally:
            Native.walk, x._grad, y._grad = before, None, None

    expected = gradients(None)
    kept: Any = root()
    held = [x, y, x._a, y._a, x._edge, y._edge, np.dtype(np.float32), *runs, *runs.values()]
    node: Any = kept._edge[0]
    while not node.is_leaf:
        held += [node, node.edges, node.meta, node.saved, node.attrs]
        node = node.edges[0][0]
    own = np.ones((), np.float32)

    def again() -> None:
        before, Native.walk = Native.walk, walk
        try:
            backward(kept, wrap(own), retain_graph=True)
        finally:
            Native.walk, x._grad, y._grad = before, None, None

    return gradients(walk) == gradients(walk) == expected and keeps_count(again, [*held, own])


def keeps_count(call: Callable[[], Any], held: list[Any]) -> bool:
    """Whether a call keeps no reference to these and lets go of none that is not its own. What it does wrong it does at each attempt;
    what differs for a while, as when a kernel is compiled on the way, does not count."""
    held = [*held, None, ()]

    def stays() -> bool:
        before = [sys.getrefcount(thing) for thing in held]
        for _ in range(20):
            call()
        return all(abs(sys.getrefcount(thing) - n) <= 10 for thing, n in zip(held, before, strict=True))

    return any(stays() for _ in range(ATTEMPTS))


def description(t: Tensor) -> Any:
    """Everything about a result that the two paths must agree on."""
    edge: Any = t._edge
    node = edge and [type(edge[0]), edge[1], edge[0].edges, edge[0].meta, edge[0].hooks, edge[0].stack, edge[0].attrs]
    saved = edge and [(a.dtype, a.shape, a.tobytes()) if isinstance(a, np.ndarray) else repr(a) for a in edge[0].saved]
    pairs = edge and zip(*[iter(edge[0].versions)] * 2, strict=True)
    versions = edge and [("its own" if cell is t._vc else id(cell), n) for cell, n in pairs]
    gen = None if t._base is None else t._gen
    return (
        type(t),
        t._a.dtype,
        t._a.shape,
        t._a.strides,
        t._a.tobytes(),
        t._vc,
        t._grad,
        t._base,
        gen,
        t._extra,
        node,
        saved,
        versions,
    )
