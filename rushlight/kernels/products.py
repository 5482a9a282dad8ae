"""Products of small float32 matrices in the order in which PyTorch adds.

PyTorch's BLAS (MKL) has kernels of their own for products with few columns or few rows. They round every product and every
sum, where the ordinary kernels, and NumPy's BLAS, fuse a product with the sum before it. In general they add one product after
another along the inner size. Where both factors lie along the inner size in memory, as in ``x @ weight.T``, they add in lanes,
beginning at the first multiple of 16 bytes in the row of the left factor (``_in_lanes``), or for a vector where a multiple of
four numbers is left. Half of the elements differ in
their last bit otherwise, which a few hundred training steps carry to the printed digits.

Found by trying orders against PyTorch 2.13 until every bit agreed; no other source.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

COLUMNS, ROWS = 12, 4  # with at least as many of both, the ordinary kernel takes over
_MOST = 1 << 17  # products beyond which an array of them all would cost more than it gives
_LANES = 4  # float32 numbers of a vector
_SINGLE = 12  # inner size from which on single rows are added in lanes too


def small_product(a: Array, b: Array) -> Array | None:
    """``a @ b`` of float32 matrices as PyTorch's small kernels add it; None where the ordinary BLAS is to be asked."""
    rows, inner = a.shape
    columns = b.shape[1]
    if (columns >= COLUMNS and rows >= ROWS) or inner < 2 or not 0 < rows * inner * columns <= _MOST:
        return None
    step = a.itemsize
    if rows == 1 or columns == 1:
        if columns == 1 and (rows > 1 or b.strides[1] == 0):
            along = a.strides[1] == step and a.strides[0] != step
        else:
            along = b.strides[0] == step and b.strides[1] != step
        if rows == columns and not along:
            return np.add.accumulate(a[0] * b[:, 0])[-1:].reshape(1, 1)
        if along:
            return _by_vector(np.multiply(a.T, b, order="C")).reshape(rows, columns)
    if a.strides[1] == step and b.strides[0] == step and b.strides[1] != step:
        return _in_lanes(a, b)
    products = a.T[:, :, None] * b[:, None, :]
    out: Array = np.add.reduce(products, axis=0)  # over a leading axis NumPy adds one layer after another
    if columns % _LANES and inner >= 8 and b.strides[1] == step:
        _before_vectors(out, products)
    return out


def _before_vectors(out: Array, products: Array) -> None:
    """Columns before the first multiple of 16 bytes in a row of the result: four, and four that were added beforehand."""
    inner, rows, columns = products.shape
    for first in range(1, min(2 if columns % 2 == 0 else _LANES, rows)):
        head = -(first * columns) % _LANES
        if head and columns - head >= _LANES:
            period = 2 if columns % 2 == 0 else _LANES
            own = products[:, first::period, :head]
            blocks = own[: inner // 8 * 8].reshape(-1, 8, *own.shape[1:])
            ahead = np.add.accumulate(blocks[:, 4:], axis=1)[:, -1:]
            terms = np.concatenate((blocks[:, :4], ahead), axis=1).reshape(-1, *own.shape[1:])
            terms = np.concatenate((terms, own[inner // 8 * 8 :]))
            out[first::period, :head] = np.add.accumulate(terms, axis=0)[-1]


# Below the inner axis of the products comes first, so that adding goes over long rows of memory.
def _by_vector(p: Array) -> Array:
    """Sums of the columns of ``p``, the products of a matrix and a vector: by fours, then a pair, then a single one."""
    inner, count = p.shape
    whole = count // _LANES * _LANES
    head = (inner - 1) % _LANES + 1
    out = np.empty(count, p.dtype)
    if whole:
        out[:whole] = _sum(p[:, :whole], head, _LANES)
    if inner < _SINGLE and whole < count:
        out[whole:] = _one_by_one(p[:, whole:], 0, inner)
        return out
    for i in range(whole, count):
        out[i] = _sum(p[:, i], _LANES, _LANES if i == whole + 1 else 2 * _LANES, 2 * _LANES)
    return out


def _in_lanes(a: Array, b: Array) -> Array:
    """``a @ b``: columns by fours in four lanes, those that are left in eight."""
    rows, inner = a.shape
    out = np.empty((rows, b.shape[1]), a.dtype)
    whole = b.shape[1] // _LANES * _LANES
    start, stride = a.__array_interface__["data"][0] // a.itemsize, a.strides[0] // a.itemsize
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
