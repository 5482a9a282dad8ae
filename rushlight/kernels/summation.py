"""Sums in the accumulation order of PyTorch's CPU kernels, so that float digits agree to the last bit.

Floating-point addition is not associative: the order *is* the result. `sum_axes` follows the order of the AVX2 build:

1.  **Iteration.** See `rushlight.kernels.iteration`. Call the two innermost merged dimensions `d0` and `d1`. `d0` is
    summed by one of the four forms below; if `d1` and further dimensions are reduced too, their partial sums are added
    one after another.
2.  **Form.** With V lanes in a 32-byte vector: *inner* if `d0` is contiguous and at least V long; *outer* if `d1` is
    contiguous and at least V long; otherwise *scalar rows* if `d0` has the smaller stride, else *scalar columns*.
3.  **Cascade.** n items are added in blocks of `step = 2**p`, `p = max(4, ceil(log2 n) // 4)`; `step` block sums make
    one sum of the next level, and so on through four levels, the last unbounded. Left-overs of the levels are added
    lowest level first.
4.  **Interleave.** A row is dealt to four accumulators (item i to i mod 4), each a cascade; the items beyond the last
    full group of four go to the first; then the four are added in order.
5.  *inner*: interleave over vectors, then the scalars beyond the last full vector one after another, then the lanes.
    *outer*: columns in groups of 4V by cascade, the rest by interleave. *scalar columns*: groups of 4 by cascade, the
    rest by interleave. *scalar rows*: interleave.
6.  **Threads.** The sums of a full reduction's ranges are added like a row. The digits of large sums therefore depend
    on the number of threads, here as in PyTorch.
7.  float16 and bfloat16 add in float32 (an *inner* vector is two float32 vectors added together) and round when a
    sum is stored; if `d1` is reduced too, the sum of a float32 copy is rounded instead.

Integers and bools wrap in the accumulator's type, where the order does not matter: NumPy's reduction serves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import memory
from .copies import cast
from .iteration import GRAIN, Array, Axes, Plan, forget_with_threads, get_threads, is_half, plan_for, reduced_shape
from .llvm import patience

VECTOR_BYTES = 32
FANOUT = 4  # interleaved accumulators; also vectors per column group
LEVELS = 4
BLOCK = 16  # a cascade of fewer items is a plain sum

# --- Sums along the middle axis of a [batch, items, lanes] array ------------------------------------------------------


def _lanes_last(x: Array) -> Array:
    """`x` with its last axis contiguous in memory and innermost: NumPy then adds items strictly one after another."""
    if x.strides[-1] == x.itemsize and x.strides[-2] >= x.itemsize * x.shape[-1]:
        return x
    return np.ascontiguousarray(x)


def in_order(x: Array) -> Array:
    """Sum [b, n, m] over n, one item after another. Needs m > 1 (NumPy sums a lone lane pairwise) or n < 8."""
    n = x.shape[1]
    if n == 1:
        return x[:, 0]
    if n <= 4:
        out = x[:, 0] + x[:, 1]
        for i in range(2, n):
            out += x[:, i]
        return out
    return np.einsum("bnm->bm", x)


def cascade(x: Array) -> Array:
    """Sum [b, n, m] over n by the four-level cascade (rule 3). Needs m > 1."""
    b, n, m = x.shape
    power = max(4, (n - 1).bit_length() // LEVELS)
    step = 1 << power
    if n < step:
        return in_order(x) if n else np.zeros((b, m), x.dtype)
    total = None
    for level in range(LEVELS):
        blocks = 0 if level == LEVELS - 1 else x.shape[1] // step
        rest = x[:, blocks * step :]
        if rest.shape[1]:
            part = in_order(rest)
            total = part if total is None else total + part
        if not blocks:
            break
        x = in_order(x[:, : blocks * step].reshape(b * blocks, step, m)).reshape(b, blocks, m)
    assert total is not None  # n > 0 leaves items on at least one level
    return total


def interleave(x: Array) -> Array:
    """Sum [b, n, m] over n with four interleaved cascades (rule 4)."""
    b, n, m = x.shape
    groups = n // FANOUT
    if not groups:
        return in_order(x) if n else np.zeros((b, m), x.dtype)
    if n == FANOUT:
        return in_order(x)
    parts = cascade(x[:, : groups * FANOUT].reshape(b, groups, FANOUT * m)).reshape(b, FANOUT, m)
    total = parts[:, 0]
    for i in range(groups * FANOUT, n):
        total = total + x[:, i]
    for i in range(1, FANOUT):
        total = total + parts[:, i]
    return total


def in_order_last(x: Array) -> Array:
    """Sum [b, n] over n, one item after another."""
    if x.shape[1] == 1:
        return x[:, 0]
    if x.shape[0] == 1:
        return np.add.accumulate(x[0])[-1:].copy()  # nothing of what was on the way
    return in_order(np.ascontiguousarray(x.T)[None])[0]


# --- The four forms of the two-dimensional kernel (rule 2) ------------------------------------------------------------


def inner_rows(rows: Array, lanes: int, paired: bool) -> Array:
    """Sum contiguous rows [b, n] over n with vectors of `lanes` numbers, two at a time if `paired` (rules 5 and 7)."""
    b, n = rows.shape
    width = 2 * lanes if paired else lanes
    full = n // width * width
    vectors = rows[:, :full].reshape(b, n // width, width)
    if paired:
        vectors = vectors[:, :, :lanes] + vectors[:, :, lanes:]
    total = interleave(vectors)
    if full < n:
        total = np.concatenate((rows[:, full:], total), axis=1)
    return in_order_last(total)


def columns(x: Array, group: int) -> Array:
    """Sum [b, n, m] over n: whole groups of columns by cascade, the others by interleave."""
    x = _lanes_last(x)
    m = x.shape[2]
    whole = m // group * group
    if whole == m:
        return cascade(x)
    if not whole:
        return interleave(x)
    return np.concatenate((cascade(x[:, :, :whole]), interleave(x[:, :, whole:])), axis=1)


class Kernel:
    """The two-dimensional kernel for one element type: it sums [b, d1, d0] over d0."""

    __slots__ = ("half", "itemsize", "lanes", "minimum")

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.half: bool = is_half(dtype)
        self.itemsize: int = dtype.itemsize
        self.minimum: int = VECTOR_BYTES // dtype.itemsize  # rows or columns shorter than this are summed as scalars
        self.lanes: int = self.minimum // 2 if self.half else self.minimum

    def __call__(self, x: Array, s0: int, s1: int) -> Array:
        """Sums [b, d1] of `x` [b, d1, d0], where d0 and d1 had strides s0 and s1 in PyTorch's iteration."""
        b, d1, d0 = x.shape
        if patience.ready and x.size >= NATIVE:
            found = self.native(x, s0, s1)
            if found is not None:
                return found
        if s0 == self.itemsize and d0 >= self.minimum:
            return inner_rows(x.reshape(b * d1, d0), self.lanes, self.half).reshape(b, d1)
        if s1 == self.itemsize and d1 >= self.minimum:
            return columns(x.transpose(0, 2, 1), FANOUT * self.lanes)
        if s0 < s1:
            by_item = x.reshape(1, b * d1, d0).transpose(0, 2, 1)
            return interleave(_lanes_last(by_item)).reshape(b, d1)
        return columns(x.transpose(0, 2, 1), FANOUT)

    def native(self, x: Array, s0: int, s1: int) -> Array | None:
        """The same by compiled code; None where there is none for this form."""
        b, d1, d0 = x.shape
        if s0 == self.itemsize and d0 >= self.minimum:
            rows = x.reshape(b * d1, d0)
            return native_rows(rows, d0, len(rows), (b, d1), self.half)
        if s1 == self.itemsize or s0 >= s1:
            group = FANOUT * self.lanes if s1 == self.itemsize and d1 >= self.minimum else FANOUT
            return native_columns(x.transpose(0, 2, 1), group, (b, d1))
        return None


# --- Compiled code ----------------------------------------------------------------------------------------------------
NATIVE = 4096  # elements from which on a general walk asks for compiled code
WORK = 32768  # elements that a thread takes at a time


@functools.cache
def native_code(name: str, dtype: np.dtype[Any]) -> Any:
    """A kernel of ``code.sums`` for a dtype; None where there is none."""
    if dtype.char not in "fd":
        return None
    from . import words
    from .code import sums
    from .kernel import compiled

    element = words.f32 if dtype.char == "f" else words.f64
    return compiled(getattr(sums, name), T=element, V=VECTOR_BYTES // dtype.itemsize)


def _row_summer(
    dtype: np.dtype[Any],
    shape: Axes,
    count: int,
    step: int,
    length: int,
    end: int,
    divisor: float = 1.0,
    paired: bool = False,
) -> Callable[[Array], Array | None] | None:
    """A function that sums `count` rows of `length` numbers, `step` apart, of an array that ends after `end` numbers."""
    run, make = native_code("paired_row_sums" if paired else "row_sums", dtype), memory.maker(shape, dtype)
    if run is None:
        return None
    grain = max(1, WORK // length)

    def summed(a: Array) -> Array | None:
        out = make()
        if a.__class__ is not np.ndarray:  # a chain that is not computed yet
            return out if a.rows(count, grain, out, step, length, end, divisor) else None  # type: ignore[attr-defined]
        return out if run(count, grain, out, a, step, length, end, divisor) else None

    summed.takes_chains = length >= FANOUT * VECTOR_BYTES  # type: ignore[attr-defined]
    return summed


def native_rows(rows: Array, length: int, count: int, shape: Axes, paired: bool = False) -> Array | None:
    """`inner_rows` of real numbers by compiled code, which the last of the `count` rows may fall short of."""
    if rows.strides[-1] != rows.itemsize and length > 1:
        return None
    step = rows.strides[0] // rows.itemsize if len(rows) > 1 else length
    end = rows.size if count != len(rows) else step * count + length
    summed = _row_summer(rows.dtype, shape, count, step, length, end, paired=paired)
    return None if summed is None else summed(rows)


def _column_summer(dtype: np.dtype[Any], sizes: Axes, steps: Axes, group: int) -> Callable[[Array, Array], bool] | None:
    """A function that sums [b, n, m] over n into a contiguous array: ``write(out, a)``.

    The columns of ``a`` are contiguous, its outer dimensions `steps` numbers apart.
    """
    run = native_code("column_sums", dtype)
    if run is None:
        return None
    b, n, m = sizes
    units = b * -(-m // (FANOUT * VECTOR_BYTES // dtype.itemsize * 8))
    grain = max(1, WORK // (n * min(m, 256)))
    return lambda out, a: run(units, grain, out, a, *steps, n, m, group)  # type: ignore[no-any-return]


def native_columns(x: Array, group: int, shape: Axes) -> Array | None:
    """`columns` of real numbers by compiled code."""
    if x.strides[2] != x.itemsize:
        return None
    steps = tuple([stride // x.itemsize for stride in x.strides[:2]])
    write = _column_summer(x.dtype, x.shape, steps, group)
    out = np.empty(shape, x.dtype)
    return out if write is not None and write(out, x) else None


def _columns(
    dtype: np.dtype[Any], shape: Axes, sizes: Axes, cuts: Any, group: int, divisor: float
) -> Callable[[Array], Array | None] | None:
    """A function that sums a contiguous [n, m] over n, each of the ranges of columns by itself, and divides."""
    n, m = sizes
    ranges = cuts if len(cuts) > 1 else [(0, m)]
    writes = [_column_summer(dtype, (1, n, end - begin), (n * m, m), group) for begin, end in ranges]
    if None in writes:
        return None
    make, number = memory.maker(shape, dtype), np.array(divisor, dtype)

    def summed(a: Array) -> Array | None:
        out = make()
        if len(ranges) == 1:
            done = writes[0](out, a)  # type: ignore[misc]
        else:
            row, a = out.reshape(m), a.reshape(n, m)
            parts = zip(writes, ranges, strict=True)
            done = all([write(row[begin:end], a[:, begin:end]) for write, (begin, end) in parts])  # type: ignore[misc]
        if not done:
            return None
        if divisor != 1.0:
            out /= number
        return out

    return summed


def _native_sum(plan: Plan, kernel: Kernel, dtype: np.dtype[Any], shape: Axes, divisor: float = 1.0) -> Any:
    """A function that sums a contiguous array of real numbers that is a lone row, a set of rows or a set of columns, and divides.

    None if it is none of these.
    """
    n, size = plan.sizes[0], kernel.itemsize
    if len(plan.sizes) == 1:
        share = -(-n // max(1, plan.shares))
        count = -(-n // share)
        if count == 1:
            return _row_summer(dtype, shape, 1, n, n, n, divisor)
        shares, number = _row_summer(dtype, (count,), count, share, share, n), np.array(divisor, dtype)
        if shares is None:
            return None

        def shared(a: Array) -> Array | None:
            buffer = np.zeros(get_threads(), dtype)  # a thread without work leaves its zero
            parts = shares(a)
            if parts is None:
                return None
            buffer[:count] = parts
            total = kernel(buffer[None, None], size, 0)[0]
            return (total if divisor == 1.0 else total / number).reshape(shape)

        shared.takes_chains = n - (count - 1) * share >= FANOUT * VECTOR_BYTES  # type: ignore[attr-defined]
        return shared
    if len(plan.sizes) != 2 or plan.reduced != 1:
        return None
    m = plan.sizes[1]
    if plan.strides[1] == size:
        group = FANOUT * kernel.lanes if m >= kernel.minimum else FANOUT
        return _columns(dtype, shape, (n, m), plan.cuts, group, divisor)
    if plan.strides == [size, n * size]:
        return _row_summer(dtype, shape, m, n, n, m * n, divisor)
    return None


def planned(a: Array, axes: Axes, keepdims: bool, divisor: float = 1.0) -> Callable[[Array], Array | None] | None:
    """A function that sums arrays of real numbers with the shape and dtype of `a`, which is contiguous, by compiled code, and divides
    by a number; None where there is none."""
    if not patience.ready or not a.size or a.dtype.char not in "fd" or not a.flags.c_contiguous:
        return None
    plan, shape, zero = plan_for(a, axes), reduced_shape(a, axes, keepdims), np.zeros((), a.dtype)
    if not plan.reduced:  # one number each
        return lambda a: (a + zero).reshape(shape)
    return _native_sum(plan, Kernel(a.dtype), a.dtype, shape, divisor)  # type: ignore[no-any-return]


# --- Whole sums -------------------------------------------------------------------------------------------------------


def _add_up(values: Array, dtype: np.dtype[Any]) -> Array:
    """Sum [b, n] over n into an output of type `dtype`, which rounds numbers and sums as they arrive if it is half."""
    if not is_half(dtype):
        return in_order_last(values)
    values = values.astype(dtype)
    total = values[:, 0]
    for i in range(1, values.shape[1]):
        total = (total.astype(np.float32) + values[:, i].astype(np.float32)).astype(dtype)
    return total


def _whole(x: Array, plan: Plan, kernel: Kernel, dtype: np.dtype[Any]) -> Array:
    """Sum an arranged `x` on one thread, or by threads that share out kept dimensions. Result: [kept]."""
    _, s0, _, s1 = plan.two_dims()
    if len(plan.cuts) > 1:
        values = np.concatenate([kernel(x[:, b:e], s0, s1) for b, e in plan.cuts], axis=1)
    else:
        values = kernel(x, s0, s1)
    return _add_up(values.reshape(-1, plan.rows), dtype)


def _shared(x: Array, plan: Plan, kernel: Kernel, dtype: np.dtype[Any]) -> Array:
    """Sum all of an arranged `x` by threads: each sums its range into a buffer, then the buffer is summed."""
    _, s0, _, s1 = plan.two_dims()
    buffer = np.zeros(get_threads(), dtype)  # a thread without work leaves its zero
    for i, (begin, end) in enumerate(plan.ranges()):
        sums = [kernel(x[piece], s0, s1) for piece in plan.pieces(begin, end)]
        buffer[i] = _add_up(np.concatenate(sums, axis=1), dtype)[0]
    return kernel(buffer.astype(x.dtype)[None, None], dtype.itemsize, 0)[0]


# --- Small arrays in as few NumPy calls as possible -------------------------------------------------------------------


def _short_cascade(x: Array) -> Array:
    """`cascade` of [n, m] over n < BLOCK**2. Needs m > 1 or n < 8."""
    blocks = len(x) // BLOCK
    if not blocks:
        return np.add.reduce(x, 0)
    total = np.add.reduce(x[: blocks * BLOCK].reshape(blocks, BLOCK, -1), 1)
    total = np.add.reduce(total, 0) if blocks > 1 else total[0]
    return np.add.reduce(x[blocks * BLOCK :], 0) + total if len(x) % BLOCK else total


def _short_interleave(x: Array) -> Array:
    """`interleave` of [n, m] over n < FANOUT * BLOCK**2."""
    n, m = x.shape
    dealt = n // FANOUT * FANOUT
    if dealt <= FANOUT:
        if not n % FANOUT or not dealt:
            return np.add.reduce(x, 0)  # at most four numbers: in order
        parts = x[:dealt]
    else:
        parts = _short_cascade(x[:dealt].reshape(n // FANOUT, FANOUT * m)).reshape(FANOUT, m)
    if dealt < n:
        parts = np.concatenate((parts[:1], x[dealt:], parts[1:]))
    return np.add.reduce(parts, 0)


def _short_row(n: int, lanes: int, shape: Axes) -> Callable[[Array], Array]:
    """The sum of a lone contiguous row of n < BLOCK**2 * FANOUT * lanes numbers."""
    if n <= FANOUT:
        add, as_array = np.add.reduce, np.asarray
        if not shape:
            return lambda a: as_array(add(a.reshape(n)) + 0.0)  # no sum is -0.0
        return lambda a: as_array(add(a.reshape(n)) + 0.0).reshape(shape)
    if n < lanes:  # (x0 + x4 + x5 + ...) + x1 + x2 + x3; NumPy adds fewer than 8 numbers in order
        dealt = np.array([0, *range(FANOUT, n), *range(1, FANOUT)])
        return lambda a: np.add.reduce(a.reshape(n).take(dealt), keepdims=True, initial=0.0).reshape(shape)
    full = n // lanes * lanes
    dealt = np.array([*range(full, n), *range(lanes)])  # the order once one vector is left

    def one_vector(a: Array) -> Array:
        return (np.add.accumulate(a.reshape(n).take(dealt))[-1:] + 0.0).reshape(shape)

    def several(a: Array) -> Array:
        a = a.reshape(n)
        total = _short_interleave(a[:full].reshape(-1, lanes))
        if full < n:
            total = np.concatenate((a[full:], total))
        return (np.add.accumulate(total)[-1:] + 0.0).reshape(shape)

    return one_vector if full == lanes else several


def _short_columns(n: int, m: int, group: int, shape: Axes) -> Callable[[Array], Array]:
    """The sum over n < BLOCK**2 of a contiguous [n, m]."""
    whole = m // group * group

    def run(a: Array) -> Array:
        a = a.reshape(n, m)
        if not whole:
            total = _short_interleave(a)
        elif whole == m:
            total = _short_cascade(a)
        else:
            total = np.concatenate((_short_cascade(a[:, :whole]), _short_interleave(a[:, whole:])))
        return (total + 0.0).reshape(shape)

    return run


def _short_rows(rows: int, n: int, kernel: Kernel, shape: Axes) -> Callable[[Array], Array]:
    """The sums of the rows of a contiguous [rows, n]."""
    if n >= kernel.minimum:
        return lambda a: (inner_rows(a.reshape(rows, n), kernel.lanes, False) + 0.0).reshape(shape)
    dealt = [*range(FANOUT, n), *range(1, FANOUT)] if n > FANOUT else range(1, n)

    def one_by_one(a: Array) -> Array:
        columns = a.reshape(rows, n).T
        total = columns[0] + 0.0
        for i in dealt:
            total += columns[i]
        return total.reshape(shape)

    return one_by_one


def _short(plan: Plan, kernel: Kernel, shape: Axes) -> Callable[[Array], Array] | None:
    """A way to sum a small contiguous array of real numbers that is a lone row, a set of rows or a set of columns."""
    n = plan.sizes[0]
    if len(plan.sizes) == 1:
        return _short_row(n, kernel.lanes, shape) if n < BLOCK**2 * FANOUT * kernel.lanes else None
    if len(plan.sizes) == 2 and plan.reduced == 1 and plan.strides[1] == kernel.itemsize and not plan.cuts:
        m = plan.sizes[1]
        group = FANOUT * kernel.lanes if m >= kernel.minimum else FANOUT
        return _short_columns(n, m, group, shape) if n < BLOCK**2 and m * n < GRAIN else None
    if len(plan.sizes) == 2 and plan.reduced == 1 and plan.strides == [kernel.itemsize, n * kernel.itemsize]:
        return _short_rows(plan.sizes[1], n, kernel, shape) if not plan.cuts else None
    return None


_sums: dict[tuple[object, ...], Callable[[Array], Array]] = {}
forget_with_threads(_sums)
patience.dependents.append(_sums)


def _summer(a: Array, axes: Axes, keepdims: bool, widen: bool) -> Callable[[Array], Array]:
    """A function that sums arrays with the shape, strides and dtype of `a` over `axes`."""
    dtype = a.dtype
    zero = np.zeros((), dtype)
    shape = reduced_shape(a, axes, keepdims)
    if a.size == 0:
        return lambda a: np.zeros(shape, dtype)
    plan, kernel = plan_for(a, axes), Kernel(dtype)
    if not plan.reduced:
        return lambda a: np.asarray(a + zero).reshape(shape)
    if kernel.half:
        if plan.reduced > 1 and widen:  # partial sums must not be rounded: torch sums a float32 copy
            return lambda a: float_sum(cast(a, np.float32), axes, keepdims).astype(dtype)
    elif dtype.kind == "f" and a.flags.c_contiguous:
        if patience.ready and native_code("row_sums", dtype) is not None:
            native = _native_sum(plan, kernel, dtype, shape)
            if native is not None:
                return native
        short = _short(plan, kernel, shape) if not plan.shares else None
        if short is not None:
            return short

    def run(a: Array) -> Array:
        x = plan.arrange(a)
        if kernel.half:
            x = cast(x, np.float32)
        total = _shared(x, plan, kernel, dtype) if plan.shares else _whole(x, plan, kernel, dtype)
        return cast(total + 0.0, dtype).reshape(shape)  # torch adds into a zero: no sum is -0.0

    return run


def float_sum(a: Array, axes: Axes, keepdims: bool = False, widen: bool = True) -> Array:
    """Sum a float or complex array over `axes` (ascending). Result: C-contiguous, a new array of a's dtype.

    `widen=False` lets 16-bit outputs round every partial sum, as PyTorch's nansum does.
    """
    key = (a.shape, a.strides, axes, keepdims, widen, a.dtype.num)
    if patience.ready is None:  # many small sums are worth compiled code as well
        patience.over(a.size, 1)
    summer = _sums.get(key)
    if summer is None:
        if len(_sums) > 4096:
            _sums.clear()
        summer = _sums[key] = _summer(a, axes, keepdims, widen)
    return summer(a)
