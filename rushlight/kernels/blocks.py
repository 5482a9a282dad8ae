"""The blocks in which the kernels of ``code.gemm`` make a product of matrices, and how they are called."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from . import llvm
from .registers import lanes
from .words import f64

Array = np.ndarray[Any, Any]

F32 = np.dtype(np.float32)

#: Blocks of a float32 result: as large as the second cache allows; smaller ones so that there are some for every thread.
_MOST_ROWS, _MOST_COLUMNS = 192, 192
_CHUNK, _AT_EASE = 3 << 17, 1 << 21  # multiplications worth a chunk of their own: about 8 us; 40 if there are many
_UNPACKED = (
    160  # rows and columns up to which the right factor is read where it lies: it stays in the cache all the same
)


@functools.cache
def kernel(fused: bool, double: bool = False) -> Any:
    """``code.gemm.products``, in the order of ordinary products or of small ones; None where it cannot be had."""
    if not llvm.available() or (fused and not llvm.has("fma")):
        return None
    from .code import gemm
    from .kernel import compiled

    if not double:
        return compiled(gemm.products, FUSED=True) if fused else compiled(gemm.products, FUSED=False, CHAIN=True)
    return compiled(gemm.products, FUSED=fused, CHAIN=True, T=f64, W=lanes() // 2, COLUMNS=_MOST_COLUMNS // 2)


class Layout(NamedTuple):
    """What the steps of a product depend on: shapes and strides of the factors, dimensions of the source or 0."""

    a: tuple[int, ...]
    a_strides: tuple[int, ...]
    b: tuple[int, ...]
    b_strides: tuple[int, ...]
    added: int


class Step(NamedTuple):
    """A call of a kernel, but for the arrays."""

    kernel: Any
    units: int
    grain: int
    turned: bool  # whether the right factor is given first
    numbers: tuple[int, ...]


def done(steps: tuple[Step, ...], out: Array, a: Array, b: Array, source: Array | None) -> bool:
    """Take the steps; whether the arrays were such as kernels take (aligned)."""
    for run, units, grain, turned, numbers in steps:
        if not (
            run(units, grain, out, b, a, source, *numbers) if turned else run(units, grain, out, a, b, source, *numbers)
        ):
            return False
    return True


def tiles(run: Any, x: Layout, size: int = 4) -> Step:
    """The step in which ``code.gemm.products`` makes a product, or all of a batch, of numbers of ``size`` bytes."""
    *batch, rows, inner = x.a
    columns = x.b[-1]
    ra, ka, kb, jb = (n // size for n in (*x.a_strides[-2:], *x.b_strides[-2:]))
    sa, sb = (x.a_strides[0] // size, x.b_strides[0] // size) if batch else (0, 0)
    units, grain, mb, nb, pack_a, pack_b = plan(rows, columns, inner, ka == 1, jb == 1, size)
    units *= batch[0] if batch else 1
    ss = columns if x.added == 2 else 0
    return Step(
        run, units, grain, False,
        (rows, columns, inner, sa, ra, ka, sb, kb, jb, ss, mb, nb, pack_a, pack_b),
    )  # fmt: skip


def plan(
    rows: int, columns: int, inner: int, along: bool, beside: bool, size: int = 4
) -> tuple[int, int, int, int, int, int]:
    """How many blocks, how many of them in a chunk, of how many rows and columns, and which factors are packed.

    ``along``: rows of the left factor lie along the inner size; ``beside``: those of the right one along its columns.
    """
    work = rows * columns * inner
    pack_a = not along
    pack_b = not beside or (rows > 12 and max(rows, columns) > _UNPACKED)
    down, across = -(-rows // _MOST_ROWS), -(-columns // (_MOST_COLUMNS * 4 // size))
    # Every row of blocks packs the right factor again, every column the left one if that is packed.
    chunks = min(work // _AT_EASE, 24)
    if pack_a:
        down = max(down, min(chunks // across, rows // 64))
    else:
        across = max(across, min(chunks // down, columns // 64))
    chunks = min(work // _CHUNK, 6 if pack_a else 4)
    if down * across < chunks and pack_a:
        down = max(down, min(-(-chunks // across), rows // 24))
    if down * across < chunks:
        across = max(across, min(-(-chunks // down), columns // 48))
        down = max(down, min(-(-chunks // across), rows // 48))
    panel = 2 * lanes() * 4 // size
    mb, nb = -(-rows // (6 * down)) * 6, -(-columns // (panel * across)) * panel
    units = -(-rows // mb) * -(-columns // nb)
    return units, max(_CHUNK * units // max(work, 1), 1), mb, nb, int(pack_a), int(pack_b)


def addend(source: Array, a: Array, b: Array) -> Array:
    """What is added to ``a @ b``, as the kernels take it: a row, or a contiguous matrix of the result's shape."""
    wanted = b.shape[1:] if source.ndim < 2 else (a.shape[0], b.shape[1])
    if source.shape == wanted and source.flags.c_contiguous:
        return source
    return np.ascontiguousarray(np.broadcast_to(source, (a.shape[0], b.shape[1])))
