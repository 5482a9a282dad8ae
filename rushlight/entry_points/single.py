"""What follows a decision of ``plain.Plans`` as machine code: the call of an op of one tensor, its result, its node.

An op's Python function asks first for what was decided on arrays of this layout with these arguments. Where there is an answer the array
is computed by the function that the plan names; all around it is done here. Nothing is an error: what does not fit gives None, and
the Python path begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from ..kernels import cpython
from ..kernels.cpython import DATA, DESCR, DIMS, FLAGS, ND, STRIDES, TYPE, WRITABLE
from ..kernels.native import I8, I32, I64, NULL, P, Program, Writer, i32, i64
from ..node import FIRST, OUT
from ..plain import Short
from ..tensor import FROM_FUNCTION, NO_GRAD_VIEW, PART_OF_MANY, Tensor
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

#: What a function is made for: its plans, and the numbers as one text of 64-bit words.
PLANS, NUMBERS = 0, 1
VIEW, KEEP, SHAPE_SLOT, SIZE = range(4)


def maker(engine: Any) -> Callable[[Short], Callable[..., Any]]:
    """A function of an op's short path: ``f(args, kwargs)`` for it, a tensor or None."""

    def made(short: Short) -> Callable[..., Any]:
        numbers = np.array([short.view, short.keep, short.shape_slot, short.size], np.int64).tobytes()
        return cpython.function(engine, "single", (short.plans.by_layout, numbers))  # type: ignore[no-any-return]

    return made


def write_single(program: Program, slots: Slots) -> None:
    """``single(this, [args, kwargs], 2)``: METH_FASTCALL."""
    w = Writer(program, "single", ir.FunctionType(P, [P, P, I64]))
    b = w.at
    this, given, _ = w.function.args
    none = w.object(None)
    args = b.load(given, typ=P)
    kwargs = b.load(b.gep(given, [i64(1)], source_etype=P), typ=P)
    text = w.call("PyBytes_AsString", P, w.call("PyTuple_GetItem", P, this, i64(NUMBERS)))

    def known(which: int) -> Any:
        return b.load(b.gep(text, [i64(which)], source_etype=I64), typ=I64)

    view = b.icmp_signed("!=", known(VIEW), i64(0))

    # --- the tensor: what is not as expected goes the Python way
    count = w.call("PyTuple_Size", I64, args)
    w.require(b.icmp_signed(">=", count, i64(1)))
    x = w.call("PyTuple_GetItem", P, args, i64(0))
    w.require(is_tensor(w, x))
    rare = w.field(x, slots.extra)
    w.require(w.either(rare, none, *[w.object(kind.alone) for kind in (NO_GRAD_VIEW, PART_OF_MANY, FROM_FUNCTION)]))
    array = w.field(x, slots.a)
    w.require(w.same(w.field(array, TYPE), w.object(np.ndarray)))
    rank = b.sext(w.field(array, ND, I32), I64)
    dims, descr = w.field(array, DIMS), w.field(array, DESCR)
    layout = b.mul(rank, i64(16))  # bytes: NumPy keeps the strides behind the sizes
    strides = b.gep(dims, [b.mul(rank, i64(8))], source_etype=I8)
    w.require(w.same(w.field(array, STRIDES), strides))

    # --- the grad mode: 0 records nothing, 1 records, others are rare
    now = grad_mode(w)
    recorded = w.same(now, w.object(1))
    require_no_inference(w)
    w.require(b.or_(recorded, w.same(now, w.object(0))))

    # --- its edge: that of a view is another one once its memory was written
    base, edge = w.field(x, slots.base), w.field(x, slots.edge)

    def of_view() -> list[Any]:
        written = w.call("PyList_GetItem", P, w.field(x, slots.vc), i64(0))
        current = b.and_(b.not_(w.same(edge, none)), w.same(w.field(x, slots.gen), written))
        nowhere = b.and_(w.same(edge, none), w.same(w.field(base, slots.edge), none))
        w.require(b.or_(b.not_(recorded), b.or_(current, nowhere)))  # nobody asks where nothing is recorded
        return []

    w.choose(w.same(base, none), lambda: [], of_view)
    grad = b.and_(recorded, b.not_(w.same(edge, none)))

    # --- what was decided: the layout, the dtype, then each argument with its type, those with a name followed by it
    named = w.call("PyDict_Size", I64, kwargs)
    length = b.add(b.mul(count, i64(2)), b.mul(named, i64(3)))
    key = w.call("PyTuple_New", P, length)

    def item(at: Any, thing: Any) -> None:
        w.call("PyTuple_SetItem", I32, key, at, thing)

    item(i64(0), w.call("PyBytes_FromStringAndSize", P, dims, layout))
    item(i64(1), w.keep(descr))

    def argument(i: Any) -> None:
        value = w.call("PyTuple_GetItem", P, args, b.add(i, i64(1)))
        at = b.add(b.mul(i, i64(2)), i64(2))
        item(at, w.keep(value))
        item(b.add(at, i64(1)), w.keep(w.field(value, TYPE)))

    w.count(b.sub(count, i64(1)), argument)
    position, name, value = b.alloca(I64), b.alloca(P), b.alloca(P)
    b.store(i64(0), position)

    def named_argument(i: Any) -> None:
        w.call("PyDict_Next", I32, kwargs, position, name, value)
        at = b.add(b.mul(count, i64(2)), b.mul(i, i64(3)))
        found = b.load(value, typ=P)
        item(at, w.keep(found))
        item(b.add(at, i64(1)), w.keep(w.field(found, TYPE)))
        item(b.add(at, i64(2)), w.keep(b.load(name, typ=P)))

    w.count(named, named_argument)
    plans = w.call("PyTuple_GetItem", P, this, i64(PLANS))
    plan = w.call("PyDict_GetItemWithError", P, plans, key)
    w.drop(key)
    w.require(b.not_(w.same(plan, NULL)))

    # --- the result; what is in use stays, whatever the plan's function does
    in_use = [plan, array, edge]
    for thing in in_use:
        w.keep(thing)
    failed = w.block()

    def require(condition: Any, *others: Any) -> None:
        """Go on only if it holds; else let go of what is in use, and of the others."""
        no, go_on = w.block(), w.block()
        b.cbranch(condition, go_on, no)
        b.position_at_end(no)
        for thing in others:
            w.drop(thing)
        b.branch(failed)
        b.position_at_end(go_on)

    how, attrs, node_class = (w.call("PyTuple_GetItem", P, plan, i64(i)) for i in range(3))

    def shown() -> list[Any]:
        """The same memory, as the plan says."""
        words = w.call("PyBytes_AsString", P, how)
        number, rank, offset = (size(w, words, i64(i)) for i in range(3))
        sizes = b.gep(words, [i64(3)], source_etype=I64)
        strides = b.gep(sizes, [rank], source_etype=I64)
        data = b.gep(w.field(array, DATA), [offset], source_etype=I8)
        writable = b.and_(w.field(array, FLAGS, I32), i32(WRITABLE))
        nd, kind = b.trunc(rank, I32), b.trunc(number, I32)
        made = w.call("new_array", P, w.object(np.ndarray), nd, sizes, kind, strides, data, i32(0), writable, NULL)
        require(b.not_(w.same(made, NULL)))
        w.call("set_base", I32, made, w.keep(array))
        return [made]

    def computed() -> list[Any]:
        answer = w.call("PyObject_CallOneArg", P, how, array)
        require(b.not_(w.same(answer, NULL)))
        require(b.not_(w.same(answer, none)), answer)

        def as_array() -> list[Any]:
            made = w.call("PyObject_CallOneArg", P, w.object(np.asarray), answer)
            w.drop(answer)
            return [made]

        (found,) = w.choose(w.same(w.field(answer, TYPE), w.object(np.ndarray)), lambda: [answer], as_array)
        require(b.not_(w.same(found, NULL)))
        return [found]

    (result,) = w.choose(view, shown, computed)
    result_descr = w.field(result, DESCR)
    require(b.or_(b.not_(grad), w.same(result_descr, descr)), result)

    # --- the tensor around it
    t = w.call("object_new", P, w.object(Tensor), w.object(()), NULL)
    w.put(t, slots.a, result)
    w.put(t, slots.grad, w.keep(none))
    own = w.field(x, slots.vc)

    def shares() -> list[Any]:
        w.put(t, slots.base, w.keep(b.select(w.same(base, none), x, base)))
        w.put(t, slots.gen, w.keep(w.call("PyList_GetItem", P, own, i64(0))))
        # Views that are made while nothing is recorded are marked, and so are theirs.
        unmarked = b.select(recorded, none, w.object(NO_GRAD_VIEW.alone))
        w.put(t, slots.extra, w.keep(b.select(w.same(rare, none), unmarked, rare)))
        return [w.keep(own)]

    def has_its_own() -> list[Any]:
        w.put(t, slots.base, w.keep(none))
        w.put(t, slots.extra, w.keep(none))
        return [new_cell(w)]

    (cell,) = w.choose(view, shares, has_its_own)
    w.put(t, slots.vc, cell)

    # --- its node
    def node() -> list[Any]:
        result_rank, result_dims = b.sext(w.field(result, ND, I32), I64), w.field(result, DIMS)
        made = new_node(w, slots, node_class, w.tuple(edge), shape(w, result_rank, result_dims), result_descr, attrs)
        saved = w.call("PyTuple_New", P, known(SIZE))
        w.count(known(SIZE), lambda i: w.call("PyTuple_SetItem", I32, saved, i, w.keep(none)))
        first, out = (b.icmp_signed("!=", b.and_(known(KEEP), i64(bit)), i64(0)) for bit in (FIRST, OUT))
        shaped = b.icmp_signed(">", known(SHAPE_SLOT), i64(0))

        def save(at: Any, thing: Callable[[], Any]) -> Callable[[], list[Any]]:
            def saving() -> list[Any]:
                w.call("PyTuple_SetItem", I32, saved, at, thing())
                return []

            return saving

        w.choose(first, save(i64(0), lambda: w.keep(array)), lambda: [])
        w.choose(out, save(i64(1), lambda: w.keep(result)), lambda: [])
        w.choose(shaped, save(known(SHAPE_SLOT), lambda: shape(w, rank, dims)), lambda: [])
        w.put(made, slots.saved, saved)
        w.put(made, slots.versions, versions(w, [(first, own), (out, cell)], lambda: w.keep(w.object(()))))
        hang(w, slots, t, made)
        return []

    give(w, slots, t, grad, node, in_use)

    # --- the other way: None, and no error
    b.position_at_end(failed)
    for thing in in_use:
        w.drop(thing)
    b.branch(w.slow)
    b.position_at_end(w.slow)
    w.call("PyErr_Clear", ir.VoidType(), *[])
    b.ret(w.keep(none))
