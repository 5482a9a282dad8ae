"""Large arrays copied on all threads, whatever their layouts: the Python side of ``code.copies``.

NumPy copies with one thread, and beyond a few megabytes past the cache, so that the next operation waits for memory.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from . import llvm, memory
from .iteration import is_half
from .strides import Shape, view_strides

Array = np.ndarray[Any, Any]

#: Elements from which on threads are worth waking. RUSHLIGHT_KERNELS=now copies all with them.
LARGE = 1 if llvm.setting() == "now" else memory.LARGE // 4
#: The same for conversions once code is at hand, and for those of 16-bit floats, which NumPy makes one by one.
CONVERSION, SLOW = 1 << 13, 1 << 10
SHORT = 16  # elements of a run that is worth the arithmetic of finding it
_CHUNK = 1 << 16  # elements of a chunk of large arrays; of others an eighth of all, so that each thread has some
_FEWEST = 1 << 13

#: Element types by the names the kernel language has for them, and which become which by one instruction, rounded as NumPy rounds.
DTYPES = dict(f32="f4", f64="f8", i64="i8", i32="i4", u8="u1", boolean="?", f16="f2")
NAMES = {np.dtype(x): name for name, x in DTYPES.items()}
CONVERTED = (
    "f32 f64",
    "f64 f32",
    "f64 i64",
    "f32 i64",
    "f32 i32",
    "f64 i32",
    "f32 u8",
    "f64 u8",
    "i64 i32",
    "i64 u8",
    "f32 boolean",
    "f64 boolean",
    "i64 boolean",
    "i64 f32",
    "i64 f64",
    "i32 f32",
    "i32 f64",
    "i32 i64",
    "boolean f32",
    "boolean f64",
    "boolean i64",
    "f16 f32",
    "f32 f16",
    "bf16 f32",
    "f32 bf16",
)
#: What makes the 16-bit floats, which are read and written as i16, and what is made of them.
_INTO = {"f16": "to_half", "bf16": "to_bfloat"}
_OUT_OF = {"f16": "from_half", "bf16": "from_bfloat"}
#: Those of one size are copied alike.
_OF_SIZE: dict[int, np.dtype[Any]] = {
    1: np.dtype(np.uint8),
    2: np.dtype(np.int16),
    4: np.dtype(np.int32),
    8: np.dtype(np.int64),
}
_BY_SIZE = {1: "u8", 2: "i16", 4: "i32", 8: "i64"}


def assign(to: Array, x: Any) -> None:
    """``to[...] = x`` for arrays, or an array and a number, that fit."""
    if to.size < LARGE or not with_threads(to, np.asarray(x, None if isinstance(x, np.ndarray) else to.dtype)):
        to[...] = x


def empty_like(x: Array) -> Array:
    """``np.empty_like``."""
    return memory.empty(x.shape, x.dtype) if x.flags.c_contiguous else np.empty_like(x)


def contiguous(x: Array) -> Array:
    """A copy in C order."""
    if x.size < LARGE:
        return np.array(x, order="C")
    out = memory.empty(x.shape, x.dtype)
    assign(out, x)
    return out


def reshaped(x: Array, size: Shape) -> Array:
    """An array under another shape, copied if need be."""
    if x.size < LARGE or x.flags.c_contiguous or view_strides(x.shape, x.strides, size) is not None:
        return x.reshape(size)
    return contiguous(x).reshape(size)


def like(x: Array) -> Array:
    """A copy whose dimensions have the order in memory that they have in ``x``."""
    if x.size < LARGE:
        return np.array(x, order="K")
    if x.flags.c_contiguous or _is_repeated(x):
        return contiguous(x)
    if not _is_permuted(x):
        return np.array(x, order="K")
    order = sorted(range(x.ndim), key=lambda d: -x.strides[d])
    out = memory.empty(tuple([x.shape[d] for d in order]), x.dtype).transpose(np.argsort(order))
    assign(out, x)
    return out


def filled(shape: Any, number: Any, dtype: np.dtype[Any]) -> Array:
    """An array of one number."""
    out = memory.empty(shape, dtype)
    assign(out, number)
    return out


def joined(parts: list[Array], dim: int) -> Array | None:
    """Arrays of one dtype one after another along a dimension, in C order; None if NumPy is to do it."""
    first = parts[0]
    shape = list(first.shape)
    shape[dim] = sum([x.shape[dim] for x in parts])
    if math.prod(shape) < LARGE:
        return None
    out, start = memory.empty(tuple(shape), first.dtype), 0
    before = (slice(None),) * dim
    for x in parts:
        assign(out[(*before, slice(start, start + x.shape[dim]))], x)
        start += x.shape[dim]
    return out


def repeated(x: Array, times: tuple[int, ...]) -> Array:
    """``np.tile`` for as many numbers as there are dimensions, or more."""
    x = x.reshape((1,) * (len(times) - x.ndim) + x.shape)
    shape = tuple([n * t for n, t in zip(x.shape, times, strict=True)])
    if math.prod(shape) < LARGE:
        return np.tile(x, times)
    out = memory.empty(shape, x.dtype)
    parted = [part for pair in zip(times, x.shape, strict=True) for part in pair]
    assign(out.reshape(parted), x.reshape([part for n in x.shape for part in (1, n)]))
    return out


def rolled(x: Array, shifts: Any, dims: Any) -> Array:
    """``np.roll`` along dimensions, in C order."""
    if x.size < LARGE:
        return np.ascontiguousarray(np.roll(x, shifts, dims)).reshape(x.shape)
    moved = [0] * x.ndim
    for shift, d in zip(shifts, dims, strict=True):
        moved[d] += shift
    pieces: list[Any] = []  # of each dimension: where a part of it comes from and goes to
    for n, shift in zip(x.shape, moved, strict=True):
        at = n - shift % n
        pieces.append([(slice(0, at), slice(n - at, n)), (slice(at, n), slice(0, n - at))][: 1 + (at < n)])
    out = memory.empty(x.shape, x.dtype)
    for parts in itertools.product(*pieces):
        assign(out[tuple([to for _, to in parts])], x[tuple([start for start, _ in parts])])
    return out


def converted(x: Array, dtype: np.dtype[Any]) -> Array | None:
    """``astype`` in C order; None if NumPy is to do it."""
    if x.size < LARGE:
        shortest = SLOW if is_half(dtype) or is_half(x.dtype) else CONVERSION
        if x.size < shortest or not llvm.patience.ready:
            return None
    if not x.flags.c_contiguous or not can_convert(dtype, x.dtype):
        return None
    out = memory.empty(x.shape, dtype)
    return out if with_threads(out, x) else None


def cast(x: Array, dtype: Any) -> Array:
    """``x.astype(dtype, copy=False)``, which NumPy does on one thread."""
    if x.dtype == dtype:
        return x
    if x.size < SLOW:
        return x.astype(dtype)
    if x.flags.c_contiguous:
        found = converted(x, np.dtype(dtype))
    elif x.ndim > 1 and _is_permuted(x):
        order = sorted(range(x.ndim), key=lambda d: -x.strides[d])
        found = converted(x.transpose(order), np.dtype(dtype))
        found = None if found is None else found.transpose(np.argsort(order))
    else:
        found = None
    return x.astype(dtype) if found is None else found


def can_convert(to: Any, x: Any) -> bool:
    """Whether one dtype becomes another by one instruction."""
    return f"{name_of(to)} {name_of(x)}" in CONVERTED


def name_of(dtype: np.dtype[Any]) -> str | None:
    """What the kernel language calls a dtype; bfloat16 is the one of ml_dtypes, which is not imported for it."""
    return NAMES.get(dtype) or ("bf16" if is_half(dtype) else None)


def _is_repeated(x: Array) -> bool:
    """Whether elements of ``x`` stand for several, the dimensions being in the order of C but for that."""
    steps = [s for s in x.strides if s]
    return len(steps) < x.ndim and steps == sorted(steps, reverse=True)


def _is_permuted(x: Array) -> bool:
    """Whether the elements lie side by side, and no dimension has one element, for which no order would be the order."""
    return (
        min(x.shape) > 1 and min(x.strides) > 0 and x.transpose(np.argsort([-s for s in x.strides])).flags.c_contiguous
    )


def with_threads(to: Array, x: Array) -> bool:
    """``assign`` by native code; False, with nothing done, where NumPy is to do it."""
    if not llvm.patience.over_or_large(to.size, 1, LARGE) or np.may_share_memory(to, x):
        return False
    key = to.shape, to.strides, to.dtype, x.shape, x.strides, x.dtype
    plan = _plans.get(key, False)
    if plan is False:
        if len(_plans) >= MOST_PLANS:
            _plans.clear()
        plan = _plans[key] = _planned(to, x)
    if plan is None:
        return False
    run, units, grain, table, to_type, x_type = plan
    return run(units, grain, to.view(to_type), x.view(x_type), table)  # type: ignore[no-any-return]


def _planned(to: Array, x: Array) -> Any:
    """What is called for arrays of such layouts: the kernel, its units of work and how many a thread takes, the places, and the element
    types the arrays are looked at with; None if NumPy is to do it."""
    from .code import copies as code

    if to.dtype == x.dtype:
        if to.itemsize not in _OF_SIZE or to.dtype.kind == "O":
            return None
        to_type = x_type = _OF_SIZE[to.itemsize]
        types = (_BY_SIZE[to.itemsize],) * 2
        cast = "plainly"
    elif can_convert(to.dtype, x.dtype):
        cast = _INTO.get(str(name_of(to.dtype))) or _OUT_OF.get(str(name_of(x.dtype)), "plainly")
        to_type, x_type = to.dtype if to.dtype.kind == "b" else _read_as(to.dtype), _read_as(x.dtype)
        types = NAMES.get(to_type, "i16"), NAMES.get(x_type, "i16")
    else:
        return None
    dims = _merged(to, np.broadcast_to(x, to.shape))
    if not dims or len(dims) > code.OUTER + 1:
        return None
    n, step_to, step_from = dims[0]
    other = [i for i, (size, _, step) in enumerate(dims) if step == 1 and size >= code.TILE]
    tiled = step_to == 1 and step_from != 1 and n >= code.TILE and other != []
    chunk = min(_CHUNK, max(_FEWEST, to.size // 8))
    block = min(n, chunk)
    if tiled:
        dims.insert(1, dims.pop(other[0]))
        units = -(-n // code.TILE) * (to.size // (n * dims[1][0]))
        grain = max(1, chunk // (code.TILE * dims[1][0]))
    elif n < SHORT and len(dims) > 1:
        return None
    else:
        units, grain = -(-n // block) * (to.size // n), max(1, chunk // block)
    run = _kernel(tiled, cast, *types)
    outer = dims[1:] + [(1, 0, 0)] * (code.OUTER + 1 - len(dims))
    table = [n, block, step_to, step_from, *[part for parts in zip(*outer, strict=True) for part in parts]]
    return None if run is None else (run, units, grain, np.array(table), to_type, x_type)


def _read_as(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype with which arrays of another are looked at by the code."""
    return _OF_SIZE[dtype.itemsize] if dtype.kind == "b" or dtype.itemsize == 2 else dtype


#: By shapes, strides and dtypes.
_plans: dict[Any, Any] = {}
MOST_PLANS = 4096


def _merged(to: Array, x: Array) -> list[tuple[int, int, int]] | None:
    """Size and steps of each dimension in elements, as few as describe both arrays, in the order of what is written; None if an element
    of that stands for several, or lies askew."""
    size = to.itemsize, x.itemsize
    dims = [(n, a, b) for n, a, b in zip(to.shape, to.strides, x.strides, strict=True) if n > 1]
    if any([a == 0 or a % size[0] or b % size[1] for _, a, b in dims]):
        return None
    merged: list[tuple[int, int, int]] = []
    for n, a, b in sorted(dims, key=lambda dim: abs(dim[1])):
        a, b = a // size[0], b // size[1]
        if merged and (a, b) == (merged[-1][0] * merged[-1][1], merged[-1][0] * merged[-1][2]):
            merged[-1] = merged[-1][0] * n, *merged[-1][1:]
        else:
            merged.append((n, a, b))
    return merged


_kernels: dict[Any, Any] = {}


def _kernel(tiled: bool, cast: str, to: str, x: str) -> Any:
    key = tiled, cast, to, x
    if key not in _kernels:
        from . import words
        from .code import copies as code
        from .kernel import compiled

        bound = dict(T=getattr(words, to), S=getattr(words, x), CAST=getattr(code, cast))
        _kernels[key] = compiled(code.copy_tiles if tiled else code.copy_runs, **bound)
    return _kernels[key]
