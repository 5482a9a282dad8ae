"""The words of the kernel language (``language``), to be imported where kernels are written.

They only stand for what the translator does: a kernel is read, never run.
"""

from __future__ import annotations

from typing import Any

from .emit import BOOL, F32, F64, I8, I16, I32, I64, U8, U32, U64, Type


class Word(str):
    """A function or form of the language, by its name."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError(f"'{self}' is a word of the kernel language: the function around it is compiled, not called")

    def __getitem__(self, element: Any) -> Any:
        return self


i64: Type = I64
i32: Type = I32
i16: Type = I16
i8: Type = I8
u64: Type = U64
u32: Type = U32
u8: Type = U8
f64: Type = F64
f32: Type = F32
boolean: Type = BOOL

# parameters and loops
read: Word = Word("read")
write: Word = Word("write")
strided: Word = Word("strided")
maybe: Word = Word("maybe")
unroll: Word = Word("unroll")

# memory
load: Word = Word("load")
store: Word = Word("store")
gather: Word = Word("gather")
stack: Word = Word("stack")
pointer: Word = Word("pointer")
address: Word = Word("address")
copy: Word = Word("copy")
prefetch: Word = Word("prefetch")

# vectors
splat: Word = Word("splat")
iota: Word = Word("iota")
select: Word = Word("select")
bitcast: Word = Word("bitcast")
shuffle: Word = Word("shuffle")
extract: Word = Word("extract")
insert: Word = Word("insert")
halves: Word = Word("halves")
table: Word = Word("table")
one_of: Word = Word("one_of")
one_of_32: Word = Word("one_of_32")

# arithmetic
fma: Word = Word("fma")
absolute: Word = Word("abs")
maximum: Word = Word("maximum")
minimum: Word = Word("minimum")
sqrt: Word = Word("sqrt")
floor: Word = Word("floor")
ceil: Word = Word("ceil")
trunc: Word = Word("trunc")
rint: Word = Word("rint")
copysign: Word = Word("copysign")

# all lanes of a vector
sum_lanes: Word = Word("sum_lanes")
max_lanes: Word = Word("max_lanes")
min_lanes: Word = Word("min_lanes")
any_lane: Word = Word("any")
all_lanes: Word = Word("all")

# what threads share, and functions outside
atomic_load: Word = Word("atomic_load")
atomic_store: Word = Word("atomic_store")
atomic_add: Word = Word("atomic_add")
exchange_if: Word = Word("exchange_if")
pause: Word = Word("pause")
call: Word = Word("call")
