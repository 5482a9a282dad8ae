"""The loop of ``autograd.engine`` over ordinary nodes as machine code: which node is next, its rules, where their gradients go.

The rules themselves stay Python. A node with hooks, a user's, one of several outputs, a gradient that is not computed yet: whatever is not
ordinary is handed back, and Python does this one node. So is a gradient that does not fit, or meets another: ``deliver`` and ``add`` of the
walk are called for it.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from llvmlite import ir

from ..autograd.engine import runs
from ..autograd.graph import AccumulateGrad
from ..kernels import cpython
from ..kernels.cpython import DESCR, DIMS, ND, TYPE
from ..kernels.native import I32, I64, NULL, P, Program, Writer, i64
from .parts import Slots, size

#: What it is called with, see ``engine._Walk.run``.
ARGUMENTS = ("heap", "pending", "leaves", "newest", "newest_g", "k", "release", "deliver", "add")


def walker(engine: Any) -> Any:
    """The function: ``walk(*ARGUMENTS)`` gives None at the end, or a node and its gradient that Python is to take."""
    return cpython.function(engine, "walk", runs)


def write_walk(program: Program, slots: Slots) -> None:
    """``walk(runs, arguments, 9)``: METH_FASTCALL."""
    w = Writer(program, "walk", ir.FunctionType(P, [P, P, I64]))
    b = w.at
    known, given, _ = w.function.args
    none = w.object(None)
    # What is held at the moment; ``fail`` lets go of it.
    newest, newest_g, node, gradient, found = held = [b.alloca(P) for _ in range(5)]
    call_with, alike_so_far = b.alloca(ir.ArrayType(P, 4)), b.alloca(I64)
    for place in held:
        b.store(NULL, place)
    heap, pending, leaves, first, first_g, k, release, deliver, add = (
        b.load(b.gep(given, [i64(i)], source_etype=P), typ=P) for i in range(len(ARGUMENTS))
    )
    loop, fail = w.block(), w.block()

    def hold(place: Any, thing: Any) -> None:
        b.store(w.keep(thing), place)

    def at(place: Any) -> Any:
        return b.load(place, typ=P)

    def let_go(*places: Any) -> None:
        for place in places:
            thing = at(place)
            b.store(NULL, place)
            w.drop(thing)

    def checked(failed: Any) -> None:
        go_on = w.block()
        b.cbranch(failed, fail, go_on)
        b.position_at_end(go_on)

    def called(function: Any, *arguments: Any) -> Any:
        """What a Python function gives, a new reference."""
        for i, argument in enumerate(arguments):
            b.store(argument, b.gep(call_with, [ir.Constant(I32, 0), ir.Constant(I32, i)]))
        answer = w.call("PyObject_Vectorcall", P, function, call_with, i64(len(arguments)), NULL)
        checked(w.same(answer, NULL))
        return answer

    def set_item(mapping: Any, key: Any, value: Any) -> None:
        checked(b.icmp_signed("<", w.call("PyDict_SetItem", I32, mapping, key, value), ir.Constant(I32, 0)))

    def sequence(thing: Any) -> Any:
        return w.call("PyLong_AsSsize_t", I64, w.field(thing, slots.seq))

    def place_in_line(thing: Any) -> Any:
        """``(-seq, node)``, a new reference."""
        number = w.call("PyLong_FromSsize_t", P, b.sub(i64(0), sequence(thing)))
        pair = w.tuple(number, thing)
        w.drop(number)
        return pair

    def push(thing: Any) -> None:
        pair = place_in_line(thing)
        w.drop(called(w.object(heapq.heappush), heap, pair))
        w.drop(pair)

    def when(condition: Any, then: Any) -> None:
        """``then()`` if it holds; it may end its block itself."""
        inside, after = w.block(), w.block()
        b.cbranch(condition, inside, after)
        b.position_at_end(inside)
        then()
        if not b.block.is_terminated:
            b.branch(after)
        b.position_at_end(after)

    def begin() -> None:
        hold(newest, first)
        hold(newest_g, first_g)

    when(b.not_(w.same(first, none)), begin)
    b.branch(loop)

    # --- the next node: the newest of those that wait, which is kept out of heap and dict
    b.position_at_end(loop)
    waiting = b.icmp_signed(">", w.call("PyList_Size", I64, heap), i64(0))
    chosen = w.block()

    def take_waiting(item: Any) -> None:
        """Make what is first in line the node. ``item`` is let go of."""
        hold(node, w.call("PyTuple_GetItem", P, item, i64(1)))
        w.drop(item)
        hold(gradient, w.call("PyDict_GetItemWithError", P, pending, at(node)))
        checked(b.icmp_signed("<", w.call("PyDict_DelItem", I32, pending, at(node)), ir.Constant(I32, 0)))
        b.branch(chosen)

    def nothing_newer() -> None:
        end, more = w.block(), w.block()
        b.cbranch(waiting, more, end)
        b.position_at_end(end)
        b.ret(w.keep(none))
        b.position_at_end(more)
        take_waiting(called(w.object(heapq.heappop), heap))

    when(w.same(at(newest), NULL), nothing_newer)

    def perhaps_another() -> None:
        front = w.call("PyTuple_GetItem", P, w.call("PyList_GetItem", P, heap, i64(0)), i64(0))
        newer = b.icmp_signed(">", b.sub(i64(0), w.call("PyLong_AsSsize_t", I64, front)), sequence(at(newest)))

        def another() -> None:
            set_item(pending, at(newest), at(newest_g))
            pair = place_in_line(at(newest))
            item = called(w.object(heapq.heapreplace), heap, pair)
            w.drop(pair)
            let_go(newest, newest_g)
            take_waiting(item)

        when(newer, another)

    when(waiting, perhaps_another)
    for source, target in ((newest, node), (newest_g, gradient)):
        b.store(at(source), target)
        b.store(NULL, source)
    b.branch(chosen)

    # --- its rules, if it is an ordinary one
    b.position_at_end(chosen)
    run = w.call("PyDict_GetItemWithError", P, known, w.field(at(node), TYPE))
    is_array = w.same(w.field(at(gradient), TYPE), w.object(np.ndarray))
    untouched = b.and_(w.same(w.field(at(node), slots.hooks), none), w.same(w.field(at(node), slots.stack), none))
    ordinary = b.and_(b.and_(b.not_(w.same(run, NULL)), is_array), untouched)

    def hand_back() -> None:
        pair = w.tuple(at(node), at(gradient))
        let_go(node, gradient)
        b.ret(pair)

    when(b.not_(ordinary), hand_back)
    b.store(called(run, at(node), k, at(gradient), release), found)
    let_go(gradient)

    # --- where its gradients go
    edges = w.field(at(node), slots.edges)
    is_tuple = w.same(w.field(at(found), TYPE), w.object(tuple))

    def as_tuple() -> None:
        answer = w.call("PySequence_Tuple", P, at(found))
        checked(w.same(answer, NULL))
        let_go(found)
        b.store(answer, found)

    when(b.not_(is_tuple), as_tuple)
    n_edges, n_found = (w.call("PyTuple_Size", I64, pair) for pair in (edges, at(found)))
    n = b.select(b.icmp_signed("<", n_edges, n_found), n_edges, n_found)

    def fits(g: Any, meta: Any) -> Any:
        """Whether an array has the dtype and shape that ``meta`` says."""
        shape, dtype = (w.call("PyTuple_GetItem", P, meta, i64(i)) for i in range(2))
        rank, dims = b.sext(w.field(g, ND, I32), I64), w.field(g, DIMS)
        alike = b.and_(w.same(w.field(g, DESCR), dtype), w.same(w.call("PyTuple_Size", I64, shape), rank))

        def sizes() -> list[Any]:
            b.store(i64(1), alike_so_far)

            def one(i: Any) -> None:
                wanted = w.call("PyLong_AsSsize_t", I64, w.call("PyTuple_GetItem", P, shape, i))
                so_far = b.load(alike_so_far, typ=I64)
                b.store(b.select(w.same(wanted, size(w, dims, i)), so_far, i64(0)), alike_so_far)

            w.count(rank, one)
            return [w.same(b.load(alike_so_far, typ=I64), i64(1))]

        return w.choose(alike, sizes, lambda: [ir.Constant(ir.IntType(1), 0)])[0]

    def send(i: Any) -> None:
        edge, g = w.call("PyTuple_GetItem", P, edges, i), w.call("PyTuple_GetItem", P, at(found), i)
        after = w.block()

        def done_if(condition: Any, then: Any = lambda: None) -> None:
            def body() -> None:
                then()
                b.branch(after)

            when(condition, body)

        done_if(w.either(none, edge, g))
        to = w.call("PyTuple_GetItem", P, edge, i64(0))
        kind = w.field(to, TYPE)
        is_leaf = w.same(kind, w.object(AccumulateGrad))
        plain = b.or_(is_leaf, b.not_(w.same(w.call("PyDict_GetItemWithError", P, known, kind), NULL)))
        array = b.and_(plain, w.same(w.field(g, TYPE), w.object(np.ndarray)))
        (good,) = w.choose(array, lambda: [fits(g, w.field(to, slots.meta))], lambda: [ir.Constant(ir.IntType(1), 0)])

        def to_leaf() -> list[Any]:
            met = w.call("PyDict_Contains", I32, leaves, to)
            done_if(b.icmp_signed("==", met, ir.Constant(I32, 0)), lambda: set_item(leaves, to, g))
            return []

        def to_node() -> list[Any]:
            def meets_newest() -> None:
                key = w.tuple(to, w.object(0))
                total = called(add, key, at(newest_g), g)
                w.drop(key)
                let_go(newest_g)
                b.store(total, newest_g)

            done_if(w.same(to, at(newest)), meets_newest)

            def first_here() -> None:
                def becomes_newest() -> None:
                    hold(newest, to)
                    hold(newest_g, g)

                done_if(w.same(at(newest), NULL), becomes_newest)
                set_item(pending, to, g)
                push(to)

            met = w.call("PyDict_Contains", I32, pending, to)
            done_if(b.icmp_signed("==", met, ir.Constant(I32, 0)), first_here)
            return []

        def usual() -> None:
            w.choose(is_leaf, to_leaf, to_node)

        when(good, usual)

        # What does not fit, or meets another: back to where ``deliver`` looks for it.
        def step_back() -> None:
            set_item(pending, at(newest), at(newest_g))
            push(at(newest))
            let_go(newest, newest_g)

        when(w.same(to, at(newest)), step_back)
        w.drop(called(deliver, edge, g))
        b.branch(after)
        b.position_at_end(after)

    w.count(n, send)
    let_go(node, found)
    b.branch(loop)

    b.position_at_end(fail)
    let_go(*held)
    b.ret(NULL)
