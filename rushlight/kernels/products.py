"""Products of float32 matrices with few rows or columns in the order in which PyTorch adds.

PyTorch's BLAS (MKL) has kernels of their own for products with few columns or few rows. They round every product and every
sum, where the ordinary kernels, and NumPy's BLAS, fuse a product with the sum before it. In general they add one product after
another along the inner size, to the source if there is one (addmm). Where both factors lie along the inner size in memory, as in
``x @ weight.T``, they add in lanes, beginning at a multiple of 16 bytes (``_in_lanes``, and ``_by_vector`` for a vector), and the
source comes last. Half of the elements differ in their last bit
otherwise, which a few hundred training steps carry to the printed digits.

NumPy does each order in a few calls on arrays of all products; machine code (``code.products``, ``code.gemm``) does it in a tenth of the
time and for all sizes. Found by trying orders against PyTorch 2.13 until every bit agreed; no other source.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import llvm
from .blocks import F32, Layout, Step, done, kernel, tiles
from .cpython import address

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]

COLUMNS, ROWS = 12, 4  # with at least as many of both, the ordinary kernel takes over
_MOST = 1 << 17  # products beyond which an array of them all would cost NumPy more than it gives
_LANES = 4  # float32 numbers of a vector
_CHUNK = 1 << 17  # multiplications worth a chunk of their own: about 10 us
_CUT = 8192  # numbers of a vector from which on two threads have a half each of an inner product
_CALLS = 10  # of NumPy, for which one of a kernel stands


def small_product(
    a: Array, b: Array, source: Array | None = None, place: str = "alone", offset: int = 0
) -> Array | None:
    """``a @ b`` of float32 matrices, and a source, as PyTorch's small kernels add it; None where the ordinary BLAS is to be asked.

    The source is contiguous, a matrix or a row that is added to each. ``place`` is ``"rest"`` for the last rows of a larger product,
    ``"batch"`` for one of several. ``offset``: how many numbers beyond a multiple of 16 bytes the result of PyTorch's begins.
    """
    rows, inner = a.shape
    columns = b.shape[1]
    work = rows * inner * columns
    if not work or (columns >= COLUMNS and rows >= ROWS):
        return None
    if worth_machine_code(work):
        return _by_kernels(a, b, source, place, offset)
    if inner < 2 or work > _MOST:
        return None
    order = _order(a.shape, a.strides, b.shape, b.strides, place)
    if order == "left vectors":
        return _added(_by_vector(b[:, 0], a).reshape(rows, columns), source)
    if order == "right vectors":
        return _added(_by_vector(a[0], b.T).reshape(rows, columns), source)
    if order == "lanes":
        return _added(_in_lanes(a, b), source)
    if order == "plain, source last":
        return _added(_plain(a, b, None, offset), source)
    return _plain(a, b, source, offset)


def _order(a: Sizes, a_strides: Sizes, b: Sizes, b_strides: Sizes, place: str) -> str:
    """The order in which a small product is added, by the shapes and strides of its factors."""
    rows, columns = a[0], b[1]
    (ra, ka), (kb, jb) = a_strides, b_strides
    along = kb == 4 and jb != 4
    if place == "alone" and columns == 1:
        if rows > 1 or jb == 0:
            return "left vectors" if ka == 4 and ra != 4 else "plain"
        return "right vectors" if along else "plain"
    if rows == 1 and along and (place == "alone" or (place == "batch" and ra != 4)):
        return "right vectors"
    if not along:
        return "plain"
    return "lanes" if ka == 4 and (rows > 1 or place != "batch") else "plain, source last"


def worth_machine_code(work: int) -> bool:
    """Whether machine code is to do that many multiplications: if NumPy cannot, or has had enough to do."""
    if llvm.patience.ready:
        return True
    return llvm.available() if work > _MOST else llvm.patience.over(4 * work, _CALLS)


def _added(out: Array, source: Array | None) -> Array:
    if source is not None:
        out += source
    return out


def _plain(a: Array, b: Array, source: Array | None, offset: int) -> Array:
    products = np.multiply(a.T[:, :, None], b[:, None, :], order="C")
    if source is not None:  # which the chain of sums begins with
        products[0] += source
    if products[0].size == 1:
        return np.add.accumulate(products)[-1].copy()  # type: ignore[no-any-return]
    out: Array = np.add.reduce(products, axis=0)  # over a leading axis NumPy adds one layer after another
    if out.shape[1] % _LANES and len(products) >= 8 and b.strides[1] == 4:
        _before_vectors(out, products, offset)
    return out


def plain_batch(a: Array, b: Array) -> Array | None:
    """Products of two batches, added one after another; None if there are too many."""
    if a.size * b.shape[2] > _MOST:
        return None
    products = np.multiply(a.transpose(2, 0, 1)[..., None], b.transpose(1, 0, 2)[:, :, None], order="C")
    if products[0].size == 1:
        return np.add.accumulate(products)[-1].copy()  # type: ignore[no-any-return]
    return np.add.reduce(products, axis=0)  # type: ignore[no-any-return]


def _before_vectors(out: Array, products: Array, offset: int) -> None:
    """Columns before the first multiple of 16 bytes in a row of the result: four, and four that were added beforehand."""
    inner, rows, columns = products.shape
    for first in range(0 if offset else 1, min(2 if columns % 2 == 0 else _LANES, rows)):
        head = -(offset + first * columns) % _LANES
        if head and columns - head >= _LANES:
            period = 2 if columns % 2 == 0 else _LANES
            own = products[:, first::period, :head]
            blocks = own[: inner // 8 * 8].reshape(-1, 8, *own.shape[1:])
            ahead = np.add.accumulate(blocks[:, 4:], axis=1)[:, -1:]
            terms = np.concatenate((blocks[:, :4], ahead), axis=1).reshape(-1, *own.shape[1:])
            terms = np.concatenate((terms, own[inner // 8 * 8 :]))
            out[first::period, :head] = np.add.accumulate(terms, axis=0)[-1]


# Below the inner axis of the products comes first, so that adding goes over long rows of memory.
def _by_vector(x: Array, y: Array) -> Array:
    """A vector with others: four from a multiple of 16 bytes in the last of them on, then a pair, then a single one from one in x on."""
    if x.strides[0] != 4:
        x = x.copy()
    p = np.multiply(y.T, x[:, None], order="C")
    inner, count = p.shape
    whole = count // _LANES * _LANES
    out = np.empty(count, p.dtype)
    if whole:
        head = min(_LANES - _beyond(y[3]), inner)
        out[:whole] = _sum(p[:, :whole], head, _LANES)
    head = min(_LANES - _beyond(x), inner)
    for i in range(whole, count):
        out[i] = _sum(p[:, i], head, _LANES if i == whole + 1 else 2 * _LANES, 2 * _LANES)
    return out


def _beyond(x: Array) -> int:
    """How many numbers beyond a multiple of 16 bytes a vector begins."""
    return address(x) // x.itemsize % _LANES


def _in_lanes(a: Array, b: Array) -> Array:
    """``a @ b``: columns by fours in four lanes, those that are left in eight."""
    rows, inner = a.shape
    out = np.empty((rows, b.shape[1]), a.dtype)
    whole = b.shape[1] // _LANES * _LANES
    start, stride = address(a) // a.itemsize, a.strides[0] // a.itemsize
    period = 1 if stride % 4 == 0 else 2 if stride % 2 == 0 else 4  # rows that begin at the same place in a vector
    for first in range(min(period, rows)):
        head = min(-(start + first * stride) % _LANES, inner)
        products = np.multiply(a[first::period].T[:, :, None], b[:, None, :], order="C")
        if whole:
            out[first::period, :whole] = _sum(products[:, :, :whole], head, _LANES)
        if whole < b.shape[1]:
            out[first::period, whole:] = _sum(products[:, :, whole:], head, 2 * _LANES)
    return out


def _sum(p: Array, head: int, lanes: int, unit: int = 0) -> Array:
    """Sum along the first axis: the first ``head`` into lane 0, then whole units in lanes, folded in halves, then what is left.

    It may write to ``p``.
    """
    size = len(p)
    end = head + (size - head) // (unit or lanes) * (unit or lanes)
    if end == head:
        return _one_by_one(p, 0, size)
    parts = p[head:end].reshape(-1, lanes, *p.shape[1:])
    if head:
        parts[0, 0] += _one_by_one(p, 0, head)
    total = np.add.reduce(parts, axis=0)
    while len(total) > 1:
        half = len(total) // 2
        total = total[:half] + total[half:]
    return _one_by_one(p, end, size, total[0])


def _one_by_one(p: Array, start: int, stop: int, total: Array | None = None) -> Array:
    for i in range(start, stop):
        total = p[i] if total is None else total + p[i]
    assert total is not None
    return total


def inner_product(x: Array, y: Array) -> Array | None:
    """The inner product of two float32 vectors, as MKL's dot adds it with two threads; None where no compiled code can be had."""
    count = len(x)
    if not count or not llvm.available():
        return None
    if x.strides[0] != 4:
        x = x.copy()
    if y.strides[0] != 4:
        y = y.copy()
    cut = count if count < _CUT else (count + 1) // 2
    parts = np.empty(1 if cut == count else 2, F32)
    if not _kernel("inner_products")(len(parts), 1 if cut > _CHUNK else 2, parts, x, y, count, cut):
        return None
    return parts[0] if cut == count else parts[0] + parts[1]  # type: ignore[no-any-return]


# The same as machine code -------------------------------------------------------------------------------------------------
@functools.cache
def _kernel(name: str, **bindings: Any) -> Any:
    from .code import products
    from .kernel import compiled

    return compiled(getattr(products, name), **bindings)


def _by_kernels(a: Array, b: Array, source: Array | None, place: str, offset: int) -> Array | None:
    order = _order(a.shape, a.strides, b.shape, b.strides, place)
    if order == "left vectors" and b.strides[0] != 4:
        b = b.copy()
    elif order == "right vectors" and a.strides[1] != 4:
        a = a.copy()
    last = source if order == "plain, source last" else None
    source = None if last is not None else source
    layout = Layout(a.shape, a.strides, b.shape, b.strides, 0 if source is None else source.ndim)
    out = np.empty((a.shape[0], b.shape[1]), F32)
    ready = done(_small_steps(layout, order, offset), out, a, b, source)
    return _added(out, last) if ready else None


@functools.lru_cache(1024)
def small_steps(x: Layout, place: str = "alone", offset: int = 0) -> tuple[Step, ...] | None:
    """The calls of kernels that make a small product; None if it takes more."""
    order = _order(*x[:4], place)
    if order == "left vectors" and x.b_strides[0] != 4:
        return None
    if order == "right vectors" and x.a_strides[1] != 4:
        return None
    return None if order == "plain, source last" and x.added else _small_steps(x, order, offset)


def _small_steps(x: Layout, order: str, offset: int) -> tuple[Step, ...]:
    (rows, inner), columns = x.a, x.b[1]
    ra, ka, kb, jb = (n >> 2 for n in (*x.a_strides, *x.b_strides))
    ss = columns if x.added == 2 else 0
    if order in ("left vectors", "right vectors"):
        left = order == "left vectors"
        count, apart = (rows, ra) if left else (columns, jb)
        each = int(x.added == 2 or (x.added == 1 and not left))
        grain = max(_CHUNK // (4 * inner), 1)
        return (Step(_kernel("by_vector"), -(-count // 4), grain, left, (count, inner, apart, each)),)
    if order == "lanes":
        grain = max(_CHUNK // (inner * columns), 1)
        return (Step(_kernel("in_lanes"), rows, grain, False, (rows, columns, inner, ra, jb, ss)),)
    numbers = rows, columns, inner, ra, ka, kb, ss
    if rows < ROWS and columns >= 32 and jb == 1:
        grain = max(_CHUNK // (32 * rows * inner), 1)
        steps = [Step(_kernel("few_rows", R=rows), -(-columns // 32), grain, False, numbers[1:])]
    else:
        steps = [tiles(kernel(False), x)]
    if jb == 1 and columns > _LANES and columns % _LANES and inner >= 8 and (rows > 1 or offset):
        period = 2 if columns % 2 == 0 else _LANES
        units, grain = period * -(-rows // (4 * period)), max(_CHUNK // (32 * inner), 1)
        steps.append(Step(_kernel("heads"), units, grain, False, (*numbers, period, offset)))
    return tuple(steps)
