"""The words of the kernel language (``language``), to be imported where kernels are written.

They only stand for what the translator does: a kernel is read, never run.
"""

from __future__ import annotations

from typing import Any

from .emit import BOOL, F32, F64, I8, I16, I32, I64, U8, U32, U64


class Word(str):
    """A function or form of the language, by its name."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError(f"'{self}' is a word of the kernel language: the function around it is compiled, not called")

    def __getitem__(self, element: Any) -> Any:
        return self


i64, i32, i16, i8, u64, u32, u8, f64, f32, boolean = I64, I32, I16, I8, U64, U32, U8, F64, F32, BOOL
read, write, strided, maybe, unroll = (Word(x) for x in ("read", "write", "strided", "maybe", "unroll"))
load, store, gather, stack, pointer, address, copy, prefetch = (
    Word(x) for x in ("load", "store", "gather", "stack", "pointer", "address", "copy", "prefetch")
)
splat, iota, select, bitcast, shuffle, extract, insert, halves, table, one_of = (
    Word(x) for x in ("splat", "iota", "select", "bitcast", "shuffle", "extract", "insert", "halves", "table", "one_of")
)
fma, absolute, maximum, minimum, sqrt, floor, ceil, trunc, rint, copysign = (
    Word(x) for x in ("fma", "abs", "maximum", "minimum", "sqrt", "floor", "ceil", "trunc", "rint", "copysign")
)
sum_lanes, max_lanes, min_lanes, any_lane, all_lanes = (
    Word(x) for x in ("sum_lanes", "max_lanes", "min_lanes", "any", "all")
)
atomic_load, atomic_store, atomic_add, exchange_if, pause, call = (
    Word(x) for x in ("atomic_load", "atomic_store", "atomic_add", "exchange_if", "pause", "call")
)
