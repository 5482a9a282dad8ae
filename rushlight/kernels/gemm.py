"""Products of float32 matrices as PyTorch's BLAS adds them: one fused multiply-add after another along the inner size.

MKL keeps each element of the result in one accumulator for up to 192 terms; up to 384 it halves the terms, beyond it takes blocks
of 192, and adds the sums of the blocks, to the source first if there is one (addmm). It does so for all layouts of the factors and all
sizes but few rows or columns, which are small products (``products``): fewer than four rows or twelve columns, and of five to eleven
rows those beyond the last four, if there are many terms. That last rule, kept here for any number of threads, is MKL's for two; with one it
has none, with more it cuts small products into other parts. NumPy's BLAS deals the terms to several accumulators, so that most elements
differ in their last bit. Digits come first: what the kernel takes to compile is paid at the first product.

The kernel (``code.gemm``) reaches the speed of MKL and OpenBLAS, so that these serve other dtypes only, and processors
without fused multiply-adds. It cuts the result into blocks, which are packed and multiplied by one thread each.

Found by trying orders against PyTorch 2.13 until every bit agreed, for all layouts of the factors.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import llvm
from .products import COLUMNS, ROWS, plain_batch, plain_kernel, small_product

Array = np.ndarray[Any, Any]

_FEW = 12  # rows up to which those beyond the last four may be added otherwise
F32 = np.dtype(np.float32)

#: Blocks of the result: as large as the second cache allows; smaller ones so that there are some for every thread.
_MOST_ROWS, _MOST_COLUMNS, _LEAST = 192, 256, 48
_CHUNK = 1 << 19  # multiplications worth a chunk of their own: about 10 us
_PACKED = 1 << 22  # multiplications from which on rows that lie along the inner size are packed too


def product(a: Array, b: Array, source: Array | None = None) -> Array | None:
    """``a @ b``, to which a matrix or a row is added; None where no compiled code can be had, or the product is empty."""
    rows, inner = a.shape
    columns = b.shape[1]
    if rows < ROWS or columns < COLUMNS:
        return small_product(a, b, source)
    kernel = _kernel()
    if kernel is None or not inner:
        return None
    whole = rows
    if rows % 4 and rows < _FEW and (columns > 100 or inner > 4) and (columns > 16 or inner > 16):
        whole -= rows % 4
    out = np.empty((rows, columns), F32)
    if not _into(kernel, out, a, b, source, whole):
        return None
    if whole < rows:
        rest = small_product(a[whole:], b, source if source is None or source.ndim == 1 else source[whole:], "rest")
        if rest is None:
            return None
        out[whole:] = rest
    return out


def added(source: Array, a: Array, b: Array) -> Array | None:
    """``source + a @ b`` as addmm adds it; None where no compiled code can be had, or the product is empty."""
    wanted = b.shape[1:] if source.ndim < 2 else (a.shape[0], b.shape[1])
    if source.shape != wanted or not source.flags.c_contiguous:
        source = np.ascontiguousarray(np.broadcast_to(source, (a.shape[0], b.shape[1])))
    return product(a, b, source)


def products(a: Array, b: Array) -> Array | None:
    """The products of two batches of matrices; None where each has to be asked for alone, or no compiled code can be had.

    PyTorch adds one rounded product after another if there are fewer than 400 in a matrix; else MKL's orders hold, in which rows that are
    left over and vectors are nothing special in a batch.
    """
    count, rows, inner = a.shape
    columns = b.shape[2]
    work = rows * inner * columns
    if not work or not count:
        return None
    fused = work >= 400
    if fused and count == 1:
        exact = product(a[0], b[0])
        return exact if exact is None else exact[None]
    if fused and (rows < ROWS or columns < COLUMNS):
        return _one_by_one(a, b)
    kernel = _kernel() if fused else plain_kernel(work * count)
    if kernel is None:
        return None if fused else plain_batch(a, b)
    (sa, ra, ka), (sb, kb, jb) = a.strides, b.strides
    units, grain, mb, nb, pack_a, pack_b = plan(rows, columns, inner, ka == 4, jb == 4)
    out = np.empty((count, rows, columns), F32)
    done = kernel(
        count * units, grain, out, a, b, None,
        rows, columns, inner, sa >> 2, ra >> 2, ka >> 2, sb >> 2, kb >> 2, jb >> 2, 0, mb, nb, pack_a, pack_b,
    )  # fmt: skip
    return out if done else None


def _one_by_one(a: Array, b: Array) -> Array | None:
    """A batch of small products."""
    size = a.shape[1] * b.shape[2]
    parts = [small_product(x, y, None, "batch", i * size % 4) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    return None if any(part is None for part in parts) else np.stack(parts)  # type: ignore[arg-type]


def _into(kernel: Any, out: Array, a: Array, b: Array, source: Array | None, rows: int) -> bool:
    """The first rows of a product."""
    inner, columns = b.shape
    (ra, ka), (kb, jb) = a.strides, b.strides
    units, grain, mb, nb, pack_a, pack_b = plan(rows, columns, inner, ka == 4, jb == 4)
    ss = columns if source is not None and source.ndim == 2 else 0
    return kernel(  # type: ignore[no-any-return]
        units, grain, out, a, b, source,
        rows, columns, inner, 0, ra >> 2, ka >> 2, 0, kb >> 2, jb >> 2, ss, mb, nb, pack_a, pack_b,
    )  # fmt: skip


@functools.lru_cache(1024)
def plan(rows: int, columns: int, inner: int, along: bool, beside: bool) -> tuple[int, int, int, int, int, int]:
    """How many blocks, and in a chunk, of how many rows and columns, and which factors are packed.

    ``along``: rows of the left factor lie along the inner size; ``beside``: those of the right one along its columns.
    """
    work = rows * columns * inner
    pack_a = not along or (work >= _PACKED and columns >= 128)
    pack_b = not beside or rows > 12
    down, across = -(-rows // _MOST_ROWS), -(-columns // _MOST_COLUMNS)
    chunks = min(max(work // _CHUNK, 1), 4 if work < 1 << 25 else 8 if work < 1 << 28 else 16)
    while down * across < chunks:
        # Every row of blocks packs the right factor again, every column the left one.
        more_down = rows / down > columns / across if pack_a else columns / across < 2 * _LEAST
        if more_down and rows > _LEAST * down:
            down += 1
        elif columns > _LEAST * across:
            across += 1
        else:
            break
    mb, nb = -(-rows // (6 * down)) * 6, -(-columns // (16 * across)) * 16
    units = -(-rows // mb) * -(-columns // nb)
    return units, max(_CHUNK * units // max(work, 1), 1), mb, nb, int(pack_a), int(pack_b)


@functools.cache
def _kernel() -> Any:
    """``code.gemm.products``, ready to be called; None where it cannot be had."""
    if not llvm.available() or not llvm.has("fma"):
        return None
    from .code import gemm
    from .kernel import compiled

    return compiled(gemm.products, FUSED=True)
