"""The machine code of ``kernels.gemm``: tiles of the result in registers, one loop along the inner size for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from .cpython import DATA, DESCR, DIMS, FLAGS, ND, STRIDES, TYPE, function
from .native import FLOAT, I8, I32, I64, P, Program, Writer, i32, i64

LANES, VECTORS, ROWS = 8, 2, 4
CONTIGUOUS = 0x101


def splat(b: Any, value: Any, lanes: int) -> Any:
    """A vector of one number."""
    kind = ir.VectorType(value.type, lanes)
    one = b.insert_element(ir.Constant(kind, ir.Undefined), value, i32(0))
    return b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


def compiled() -> Any:
    """See ``gemm._kernel``."""
    program = Program()
    w = Writer(program, "tiles", ir.FunctionType(P, [P, P, I64]))
    b = w.at
    _, arguments, given = w.function.args
    w.require(w.same(given, i64(3)))
    out, left, right = (b.load(b.gep(arguments, [i64(i)], source_etype=P), typ=P) for i in range(3))
    for array in (out, left, right):
        w.require(w.same(w.field(array, TYPE), w.object(np.ndarray)))
        w.require(w.same(w.field(array, DESCR), w.object(np.dtype(np.float32))))
        w.require(w.same(w.field(array, ND, I32), i32(2)))
        flags = i32(0x100 if array is left else CONTIGUOUS)
        w.require(w.same(b.and_(w.field(array, FLAGS, I32), flags), flags))

    def entry(array: Any, field: int, i: int) -> Any:
        return b.load(b.gep(w.field(array, field), [i64(i)], source_etype=I64), typ=I64)

    rows, inner, columns = entry(left, DIMS, 0), entry(left, DIMS, 1), entry(right, DIMS, 1)
    w.require(w.same(entry(right, DIMS, 0), inner))
    w.require(w.same(entry(out, DIMS, 1), columns))
    w.require(b.icmp_signed(">=", entry(out, DIMS, 0), rows))
    w.require(w.same(b.and_(rows, i64(ROWS - 1)), i64(0)))
    row_step, step = entry(left, STRIDES, 0), entry(left, STRIDES, 1)
    data = {name: w.field(array, DATA) for name, array in (("out", out), ("left", left), ("right", right))}

    def tile(row: Any, column: Any, lanes: int, vectors: int) -> None:
        """``ROWS`` rows by ``lanes * vectors`` columns from (row, column) on."""
        kind = FLOAT if lanes == 1 else ir.VectorType(FLOAT, lanes)
        fma = program.intrinsic("llvm.fma.f32" if lanes == 1 else f"llvm.fma.v{lanes}f32", kind, 3)
        starts = [b.gep(data["left"], [b.mul(b.add(row, i64(r)), row_step)], source_etype=I8) for r in range(ROWS)]
        head, inside, after = w.block(), w.block(), w.block()
        before = b.block
        b.branch(head)
        b.position_at_end(head)
        k = b.phi(I64)
        sums = [[b.phi(kind) for _ in range(vectors)] for _ in range(ROWS)]
        k.add_incoming(i64(0), before)
        for phi in (phi for line in sums for phi in line):
            phi.add_incoming(ir.Constant(kind, 0.0 if lanes == 1 else [0.0] * lanes), before)
        b.cbranch(b.icmp_signed("<", k, inner), inside, after)
        b.position_at_end(inside)
        base = b.add(b.mul(k, columns), column)
        factors = [
            b.load(b.gep(data["right"], [b.add(base, i64(v * lanes))], source_etype=FLOAT), typ=kind, align=4)
            for v in range(vectors)
        ]
        for r in range(ROWS):
            x = b.load(b.gep(starts[r], [b.mul(k, step)], source_etype=I8), typ=FLOAT)
            x = x if lanes == 1 else splat(b, x, lanes)
            for v in range(vectors):
                sums[r][v].add_incoming(b.call(fma, [x, factors[v], sums[r][v]]), b.block)
        k.add_incoming(b.add(k, i64(1)), b.block)
        b.branch(head)
        b.position_at_end(after)
        for r in range(ROWS):
            for v in range(vectors):
                place = b.add(b.add(b.mul(b.add(row, i64(r)), columns), column), i64(v * lanes))
                b.store(sums[r][v], b.gep(data["out"], [place], source_etype=FLOAT), align=4)

    def rows_from(i: Any) -> None:
        row = b.mul(i, i64(ROWS))
        wide = b.sdiv(columns, i64(LANES * VECTORS))
        w.count(wide, lambda j: tile(row, b.mul(j, i64(LANES * VECTORS)), LANES, VECTORS))
        done = b.mul(wide, i64(LANES * VECTORS))
        single = b.sdiv(b.sub(columns, done), i64(LANES))
        w.count(single, lambda j: tile(row, done, LANES, 1))
        done_too = b.add(done, b.mul(single, i64(LANES)))
        w.count(b.sub(columns, done_too), lambda j: tile(row, b.add(done_too, j), 1, 1))

    w.count(b.sdiv(rows, i64(ROWS)), rows_from)
    b.ret(w.keep(w.object(True)))
    b.position_at_end(w.slow)
    b.ret(w.keep(w.object(False)))
    return function(program.load(), "tiles")
