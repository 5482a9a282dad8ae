"""Products of float64 matrices in the order in which PyTorch's BLAS (MKL) adds, every bit of it.

The result of ordinary size is made in tiles of four rows by twelve columns, each number one chain of fused multiply-adds along all of
the inner size, beginning with the source if there is one (addmm). What is left over is added by kernels of few columns or rows,
which round every product and every sum:

- columns beyond the last twelve, and all of a product of fewer than four rows or twelve columns. One term is added after another if
  the right factor's rows lie in memory (``plain``). Else, as in ``x @ weight.T``, terms are dealt to lanes (``in_lanes``). Beside a
  tile they do so for 256 terms at a time, or for half of up to 512;
- rows beyond the last four, a vector with each of the right factor's columns (``by_vector``), as in a product with a vector.

Larger products are shared out between two threads, the columns by halves of whole tiles, and what is left over is left over of
each. That rule of MKL's for two threads is kept here for any number. Batches are made product by product in the same orders; PyTorch itself
adds products of fewer than 400 terms, one after another.

Found by asking PyTorch 2.13 with terms that absorb others which of them it adds first; no other source.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from . import llvm
from .blocks import Layout, addend, kernel, tiles

Array = np.ndarray[Any, Any]

F64 = np.dtype(np.float64)
ROWS, COLUMNS = 4, 12  # of a tile
_TERMS = 256  # of columns beside a tile that are added at a time
_BATCHED = 400  # multiplications from which on a product of a batch is MKL's
_CHUNK = 1 << 16  # multiplications worth a chunk of their own
_CUT = 4096  # numbers of a vector from which on two threads have a half each of an inner product
_SIZE = 8
_OF_VECTOR = -1  # in a layout: a matrix of one row times a vector is no product of matrices


class Call(NamedTuple):
    """A call of a kernel, but for the arrays."""

    kernel: Any
    units: int
    grain: int
    turned: bool  # whether the factors change places
    onto: bool  # whether the result so far is the source
    numbers: tuple[int, ...]


class Calls(NamedTuple):
    """All that a product takes."""

    copy_a: bool
    copy_b: bool
    calls: tuple[Call, ...]


class Where(NamedTuple):
    """A part of the result and of the factors: the numbers that the kernels of ``code.double_products`` take."""

    m: int
    n: int
    k: int
    ra: int
    ka: int
    kb: int
    jb: int
    ss: int
    on: int
    oo: int = 0
    ao: int = 0
    bo: int = 0
    so: int = 0
    do: int = 0
    da: int = 0
    db: int = 0
    kind: int = 0

    def part(self, row: int, rows: int, column: int, columns: int, term: int = 0, terms: int | None = None) -> Where:
        """Rows, columns and terms of it."""
        return self._replace(
            m=rows, n=columns, k=self.k if terms is None else terms,
            oo=self.oo + row * self.on + column, so=self.so + row * self.ss + column,
            ao=self.ao + row * self.ra + term * self.ka, bo=self.bo + term * self.kb + column * self.jb,
        )  # fmt: skip

    def turned(self) -> Where:
        """The product of the transposed factors, in the other order, where the result is a row or a column."""
        return self._replace(m=self.n, n=self.m, ra=self.jb, ka=self.kb, kb=self.ka, jb=self.ra, ao=self.bo, bo=self.ao)


@functools.cache
def _kernel(name: str) -> Any:
    from .code import double_products
    from .kernel import compiled

    return compiled(getattr(double_products, name))


def product(a: Array, b: Array, source: Array | None = None) -> Array | None:
    """``a @ b``, to which a contiguous matrix or row is added; None if it is empty or no compiled code can be had."""
    columns = b.shape[1]
    if columns == 1 and source is not None and source.ndim == 1:
        source = np.full((a.shape[0], 1), source[0])
    calls = _calls(Layout(a.shape, a.strides, b.shape, b.strides, 0 if source is None else source.ndim))
    if calls is None:
        return None
    out = np.empty((a.shape[0], columns), F64)
    return out if _done(calls, out, a, b, source) else None


def vector_product(a: Array, x: Array) -> Array | None:
    """A matrix times a vector; None if it is empty or no compiled code can be had."""
    b = x[:, None]
    calls = _calls(Layout(a.shape, a.strides, b.shape, b.strides, _OF_VECTOR))
    if calls is None:
        return None
    out = np.empty(len(a), F64)
    return out if _done(calls, out, a, b, None) else None


def added(source: Array, a: Array, b: Array) -> Array | None:
    """``source + a @ b`` as addmm adds it; None if the product is empty or no compiled code can be had."""
    return product(a, b, addend(source, a, b))


def products(a: Array, b: Array) -> Array | None:
    """The products of two batches of matrices; None if they are empty or no compiled code can be had."""
    calls = _calls(Layout(a.shape, a.strides, b.shape, b.strides, 0))
    if calls is None:
        return None
    if calls.copy_a or calls.copy_b:
        strange = b.shape[2] == 1 and (_strange(a.shape, a.strides) or _strange(b.shape, b.strides))
        if strange and a[0].size * b.shape[2] >= _BATCHED:  # then PyTorch multiplies one after another
            parts = [product(x, y) for x, y in zip(a, b, strict=True)]
            return None if any(part is None for part in parts) else np.stack(parts)  # type: ignore[arg-type]
    out = np.empty((*a.shape[:2], b.shape[2]), F64)
    return out if _done(calls, out, a, b, None) else None


def inner_product(x: Array, y: Array) -> Array | None:
    """The inner product of two vectors; None if they are empty or no compiled code can be had."""
    count = len(x)
    if not count or not llvm.available():
        return None
    cut = count if count < _CUT else (count + 1) // 2
    parts = np.empty(1 if cut == count else 2, F64)
    sx, sy = x.strides[0] // _SIZE, y.strides[0] // _SIZE
    if not _kernel("inner_products")(len(parts), 1 if cut > _CHUNK else 2, parts, x, y, count, cut, sx, sy):
        return None
    return parts[0] if cut == count else parts[0] + parts[1]  # type: ignore[no-any-return]


def _done(calls: Calls, out: Array, a: Array, b: Array, source: Array | None) -> bool:
    """Make the calls; whether the arrays were such as kernels take (aligned)."""
    if calls.copy_a:
        a = np.ascontiguousarray(a)
    if calls.copy_b:
        b = np.ascontiguousarray(b)
    for run, units, grain, turned, onto, numbers in calls.calls:
        left, right = (b, a) if turned else (a, b)
        if not run(units, grain, out, left, right, out if onto else source, *numbers):
            return False
    return True


@functools.lru_cache(4096)
def _calls(x: Layout) -> Calls | None:
    """What makes a product, or all of a batch; None if it is empty or no compiled code can be had."""
    *batch, rows, inner = x.a
    columns = x.b[-1]
    if 0 in x.a or 0 in x.b or kernel(True) is None:
        return None
    small = bool(batch) and rows * inner * columns < _BATCHED
    if small:
        return Calls(False, False, (_tiled(False, x),))
    of_vector = x.added == _OF_VECTOR
    copy_a, copy_b = _strange(x.a, x.a_strides), not of_vector and _strange(x.b, x.b_strides)
    strides = [tuple(n // _SIZE for n in y) for y in (x.a_strides, x.b_strides)]
    one_column = bool(batch) and batch[0] == 1 and columns == 1
    column_by_column = not copy_a and (strides[0][-1] != 1 or ((of_vector or one_column) and strides[0][-2] == 1))
    along = not copy_b and strides[1][-2] == 1 and strides[1][-1] != 1
    of_column = of_vector or one_column or (columns == 1 and rows > 1 and not batch)
    vectors = rows == 1 or of_column
    strided = (of_column and not copy_b and strides[1][-2] != 1) or (rows == 1 and not copy_a and strides[0][-1] != 1)
    by_itself = bool(batch) and batch[0] > 1 and not copy_a and strides[0][-2] == 1
    if column_by_column and along and not vectors:  # kernels read rows of the left factor
        copy_a = True
    if strided and along and not of_column:
        copy_a = True
    if strided and of_column and not column_by_column:
        copy_b = True
    for i, copied, shape in ((0, copy_a, x.a), (1, copy_b, x.b)):
        if copied:
            strides[i] = (*([shape[-2] * shape[-1]] if batch else []), shape[-1], 1)
    (ra, ka), (kb, jb) = strides[0][-2:], strides[1][-2:]
    where = Where(rows, columns, inner, ra, ka, kb, jb, columns if x.added == 2 else 0, columns)
    if batch:
        where = where._replace(do=rows * columns, da=strides[0][0], db=strides[1][0])
    count = batch[0] if batch else 1
    if inner == 1 and not vectors:
        calls = [_tiled(False, x)]
    elif vectors:
        calls = [_vector(where, count, column_by_column, along, of_column, strided, by_itself)]
    else:
        calls = list(_matrix(where, count, column_by_column, along, not batch or count == 1))
        if rows >= ROWS and columns >= COLUMNS:
            a, b = (tuple(n * _SIZE for n in y) for y in strides)
            calls.insert(0, _tiled(True, x._replace(a_strides=a, b_strides=b)))
    return Calls(copy_a, copy_b, tuple(calls))


def _strange(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether PyTorch copies a matrix before it multiplies: neither its rows nor its columns lie in memory, or they overlap."""
    (rows, columns), (down, across) = shape[-2:], (n // _SIZE for n in strides[-2:])
    return not ((across == 1 and down >= max(columns, 1)) or (down == 1 and across >= max(rows, 1)))


def _tiled(fused: bool, x: Layout) -> Call:
    step = tiles(kernel(fused, True), x, _SIZE)
    return Call(step.kernel, step.units, step.grain, False, False, step.numbers)


def _call(name: str, x: Where, count: int, turned: bool = False, onto: bool = False) -> Call:
    """A call for a part, in each of ``count`` products."""
    if name == "plain":
        units = -(-x.m // 4)
    else:
        units = x.m if name == "in_lanes" else x.m * -(-x.n // 4)
    grain = max(_CHUNK * units // (x.m * x.n * x.k), 1)
    return Call(_kernel(name), units * count, grain, turned, onto, x)


def _vector(
    x: Where, count: int, column_by_column: bool, along: bool, of_column: bool, strided: bool, by_itself: bool
) -> Call:
    """A product of which the result is a row or a column."""
    if of_column:  # a matrix and a vector
        turned = x.turned()._replace(ss=0, kind=0 if column_by_column else int(strided))
        return _call("plain" if column_by_column else "by_vector", turned, count, True)
    if along:
        return _call("in_lanes" if by_itself else "by_vector", x._replace(kind=int(strided or by_itself)), count)
    return _call("plain", x._replace(kind=int(count > 1)), count)


def _matrix(x: Where, count: int, column_by_column: bool, along: bool, alone: bool) -> Any:
    """What is beside the tiles, or all of a small product."""
    m, n, k = x.m, x.n, x.k
    shared = alone and max(m, n, k) > 16 and (n > 100 or k > 4) and n > COLUMNS and m <= 2 * n
    cut = -(-n // (2 * COLUMNS)) * COLUMNS if shared else n
    for first, columns in ((0, cut), (cut, n - cut)):
        if columns:
            yield from _beside_tiles(x.part(0, m, first, columns), count, column_by_column, along)


def _beside_tiles(x: Where, count: int, column_by_column: bool, along: bool) -> Any:
    m, n, k = x.m, x.n, x.k
    if m < ROWS or n < COLUMNS:
        yield _small(x, count, column_by_column, along, False)
        return
    rows, columns = m // ROWS * ROWS, n // COLUMNS * COLUMNS
    if columns < n:
        size = _TERMS if k <= _TERMS or k >= 2 * _TERMS else (k // 2 + 1) // 2 * 2
        for term in range(0, k, size):
            part = x.part(0, rows, columns, n - columns, term, min(size, k - term))
            if term:
                part = part._replace(so=part.oo, ss=part.on)
            yield _small(part, count, column_by_column, along, term > 0)
    if rows < m:
        last = x.part(rows, m - rows, 0, n)
        if along:
            yield _call("by_vector", last._replace(kind=int(column_by_column)), count)
        else:
            yield _call("plain", last._replace(kind=int(not column_by_column)), count)


def _small(x: Where, count: int, column_by_column: bool, along: bool, onto: bool) -> Call:
    if along:
        return _call("in_lanes", x._replace(kind=int(column_by_column)), count, onto=onto)
    return _call("plain", x._replace(kind=1), count, onto=onto)
