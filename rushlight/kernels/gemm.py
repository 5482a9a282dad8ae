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

from typing import Any, NamedTuple

import numpy as np

from .blocks import F32, Layout, Step, addend, done, kernel, tiles
from .memory import LARGE, empty
from .products import COLUMNS, ROWS, plain_batch, small_product, small_steps, worth_machine_code

Array = np.ndarray[Any, Any]

_FEW = 12  # rows up to which those beyond the last four may be added otherwise
_ONE_SUM = 192  # terms up to which there is one accumulator
_MOST_KNOWN = 4096
_LARGE = LARGE // 4  # numbers from which on a result takes memory that is kept


class Parts(NamedTuple):
    """The steps of a product of which the last rows are a small product of their own."""

    whole: int
    first: tuple[Step, ...]
    last: tuple[Step, ...]

    def done(self, out: Array, a: Array, b: Array, source: Array | None) -> bool:
        """Take them; whether the arrays were such as kernels take."""
        n = self.whole
        above, below = (source, source) if source is None or source.ndim == 1 else (source[:n], source[n:])
        return done(self.first, out[:n], a[:n], b, above) and done(self.last, out[n:], a[n:], b, below)


_known: dict[Any, tuple[Step, ...] | Parts] = {}


def product(a: Array, b: Array, source: Array | None = None) -> Array | None:
    """``a @ b``, to which a contiguous matrix or row is added; None if it is empty or no compiled code can be had."""
    key = a.shape, a.strides, b.shape, b.strides, 0 if source is None else source.ndim
    steps = _known.get(key)
    if steps is None:
        steps = _steps(Layout(*key))
        if steps is None:
            return _otherwise(a, b, source)
        _remember(key, steps)
    shape = key[0][0], key[2][1]
    out = np.empty(shape, F32) if shape[0] * shape[1] < _LARGE else empty(shape, F32)
    if steps.__class__ is Parts:
        return out if steps.done(out, a, b, source) else None  # type: ignore[union-attr]
    return out if done(steps, out, a, b, source) else None  # type: ignore[arg-type]


def _remember(key: Any, steps: tuple[Step, ...] | Parts) -> None:
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[key] = steps


def _steps(x: Layout) -> tuple[Step, ...] | Parts | None:
    """The calls of kernels that make a product; None if there are none, or it is not made by kernels alone."""
    (rows, inner), columns = x.a, x.b[1]
    if not rows * columns * inner:
        return None
    if rows < ROWS or columns < COLUMNS:
        return small_steps(x) if worth_machine_code(rows * columns * inner) else None
    run, left = kernel(True), _left_over(rows, inner, columns)
    if run is None or not left:
        return None if run is None else (tiles(run, x),)
    last = small_steps(x._replace(a=(left, inner)), "rest") if worth_machine_code(left * columns * inner) else None
    return None if last is None else Parts(rows - left, (tiles(run, x._replace(a=(rows - left, inner))),), last)


def is_plain(rows: int, inner: int, columns: int) -> bool:
    """Whether each element of a product is one sum, term after term, to which a source is added last."""
    return inner <= _ONE_SUM and rows >= ROWS and columns >= COLUMNS and not _left_over(rows, inner, columns)


def _left_over(rows: int, inner: int, columns: int) -> int:
    """How many of the last rows are a small product of their own."""
    few = rows < _FEW and (columns > 100 or inner > 4) and (columns > 16 or inner > 16)
    return rows % 4 if few else 0


def _otherwise(a: Array, b: Array, source: Array | None) -> Array | None:
    """A small product by NumPy, or an ordinary one with rows left over."""
    rows, inner = a.shape
    columns = b.shape[1]
    if rows < ROWS or columns < COLUMNS:
        return small_product(a, b, source)
    if not inner or kernel(True) is None:
        return None
    whole = rows - _left_over(rows, inner, columns)
    first, last = (source, source) if source is None or source.ndim == 1 else (source[:whole], source[whole:])
    parts = product(a[:whole], b, first), small_product(a[whole:], b, last, "rest")
    return None if any(part is None for part in parts) else np.concatenate(parts)  # type: ignore[arg-type]


def added(source: Array, a: Array, b: Array) -> Array | None:
    """``source + a @ b`` as addmm adds it; None if the product is empty or no compiled code can be had."""
    return product(a, b, addend(source, a, b))


def products(a: Array, b: Array) -> Array | None:
    """The products of two batches of matrices; None if they are empty or no compiled code can be had.

    PyTorch adds one rounded product after another if there are fewer than 400 in a matrix; else MKL's orders hold, in which rows that are
    left over and vectors are nothing special in a batch.
    """
    key = a.shape, a.strides, b.shape, b.strides
    steps = _known.get(key)
    if steps is not None:
        out = empty((*key[0][:2], key[2][2]), F32)
        return out if done(steps, out, a, b, None) else None  # type: ignore[arg-type]
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
    run = kernel(fused) if fused or worth_machine_code(work * count) else None
    if run is None:
        return None if fused else plain_batch(a, b)
    _remember(key, (tiles(run, Layout(*key, 0)),))
    return products(a, b)


def _one_by_one(a: Array, b: Array) -> Array | None:
    """A batch of small products."""
    count, rows, inner = a.shape
    columns = b.shape[2]
    size = rows * columns
    if worth_machine_code(count * size * inner):
        layout = Layout(a.shape[1:], a.strides[1:], b.shape[1:], b.strides[1:], 0)
        steps = [small_steps(layout, "batch", i * size % 4) for i in range(min(count, 4))]
        if None not in steps:
            out = np.empty((count, rows, columns), F32)
            ready = all(done(steps[i % 4], out[i], a[i], b[i], None) for i in range(count))  # type: ignore[arg-type]
            return out if ready else None
    parts = [small_product(x, y, None, "batch", i * size % 4) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    return None if any(part is None for part in parts) else np.stack(parts)  # type: ignore[arg-type]
