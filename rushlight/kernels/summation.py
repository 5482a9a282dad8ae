"""Sums in the accumulation order of PyTorch's CPU kernels, so that float digits agree to the last bit.

Floating-point addition is not associative: the order *is* the result. `sum_axes` follows the order of the AVX2 build:

1.  **Iteration.** Reduced dimensions come first, sorted by the input's strides (smallest innermost); kept dimensions
    follow in the order of the (contiguous) output. Neighbours that one stride can describe are merged. Call the first
    two merged dimensions `d0` and `d1`. `d0` is summed by one of the four forms below; if `d1` and further dimensions
    are reduced too, their partial sums are added one after another.
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
6.  **Threads.** From 32768 elements on and with more than one thread, a full reduction is cut into equal ranges
    whose sums are added in order; a partial reduction cuts its outermost long enough kept dimension. The digits of
    large sums therefore depend on the number of threads, here as in PyTorch: see `set_threads`.
7.  float16 and bfloat16 add in float32 (an *inner* vector is two float32 vectors added together) and round when a
    sum is stored; if `d1` is reduced too, the sum of a float32 copy is rounded instead.

Integers and bools wrap in the accumulator's type, where the order does not matter: NumPy's reduction serves.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.generic]
Axes = tuple[int, ...]

GRAIN = 32768  # elements below which PyTorch never splits a reduction among threads
VECTOR_BYTES = 32
COLUMN_BYTES = 128  # a thread's share of contiguous columns is rounded to whole groups of this many bytes
FANOUT = 4  # interleaved accumulators; also vectors per column group
LEVELS = 4

_HALF = {"e", "E"}  # float16 and ml_dtypes.bfloat16, by dtype.char
_threads = 1


def default_threads() -> int:
    """OMP_NUM_THREADS if it is a positive number, else the number of CPUs this process may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def set_threads(n: int) -> None:
    """Sum as `n` threads of PyTorch would. It changes digits of reductions of 32768 and more elements, not speed."""
    global _threads
    if n < 1:
        raise ValueError(f"set_threads: expected a positive number of threads, got {n}")
    _threads = n
    _plans.clear()


def get_threads() -> int:
    """The number of threads whose summation order is followed."""
    return _threads


def is_half(dtype: np.dtype) -> bool:
    """True for float16 and bfloat16, which accumulate in float32."""
    return dtype.itemsize == 2 and dtype.char in _HALF


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
        return np.add.accumulate(x[0])[-1:]
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

    def __init__(self, dtype: np.dtype) -> None:
        self.half = is_half(dtype)
        self.itemsize = dtype.itemsize
        self.minimum = VECTOR_BYTES // dtype.itemsize  # rows or columns shorter than this are summed as scalars
        self.lanes = self.minimum // 2 if self.half else self.minimum

    def __call__(self, x: Array, s0: int, s1: int) -> Array:
        """Sums [b, d1] of `x` [b, d1, d0], where d0 and d1 had strides s0 and s1 in PyTorch's iteration."""
        b, d1, d0 = x.shape
        if s0 == self.itemsize and d0 >= self.minimum:
            return inner_rows(x.reshape(b * d1, d0), self.lanes, self.half).reshape(b, d1)
        if s1 == self.itemsize and d1 >= self.minimum:
            return columns(x.transpose(0, 2, 1), FANOUT * self.lanes)
        if s0 < s1:
            by_item = x.reshape(1, b * d1, d0).transpose(0, 2, 1)
            return interleave(_lanes_last(by_item)).reshape(b, d1)
        return columns(x.transpose(0, 2, 1), FANOUT)


# --- PyTorch's iteration over the operands (rules 1 and 6) ------------------------------------------------------------


class Plan:
    """How one (shape, strides, axes, dtype) is walked. Sizes and strides list `d0` first, reduced dimensions first."""

    __slots__ = ("kernel", "order", "reduced", "sizes", "strides", "cuts", "two_pass")

    def __init__(self, shape: Axes, strides: Axes, axes: Axes, dtype: np.dtype, threads: int) -> None:
        self.kernel = Kernel(dtype)
        order = _iteration_order(shape, strides, axes)
        self.order = tuple(reversed(order)) + tuple(i for i, n in enumerate(shape) if n == 1)
        runs = _merge([(shape[i], strides[i], i in axes) for i in order])
        self.sizes = [size for size, _, _ in runs]
        self.strides = [stride for _, stride, _ in runs]
        self.reduced = sum(is_reduced for _, _, is_reduced in runs)
        numel = 1
        for size in self.sizes:
            numel *= size
        parallel = threads > 1 and numel >= GRAIN and self.reduced > 0
        self.two_pass = parallel and self.reduced == len(runs)
        self.cuts = _column_cuts(self, threads, dtype.itemsize) if parallel and not self.two_pass else ()


def _iteration_order(shape: Axes, strides: Axes, axes: Axes) -> list[int]:
    """Dimensions longer than 1, innermost first: reduced ones by input stride, then kept ones from last to first."""
    order = [i for i in reversed(axes) if shape[i] != 1]
    for i in range(1, len(order)):  # insertion sort, in which a stride of 0 compares as "cannot tell"
        at = i
        for j in range(i - 1, -1, -1):
            left, right = order[j], order[at]
            if strides[left] == 0 or strides[right] == 0:
                continue
            if strides[left] < strides[right]:
                break
            if strides[left] > strides[right] or shape[left] > shape[right]:
                order[j], order[at] = right, left
                at = j
    return order + [i for i in reversed(range(len(shape))) if shape[i] != 1 and i not in axes]


def _merge(dims: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    """Merge neighbouring (size, stride, reduced) dimensions that a single stride describes."""
    runs: list[tuple[int, int, bool]] = []
    for size, stride, reduced in dims:
        if runs and runs[-1][2] == reduced and runs[-1][0] * runs[-1][1] == stride:
            runs[-1] = (runs[-1][0] * size, runs[-1][1], reduced)
        else:
            runs.append((size, stride, reduced))
    return runs


def _column_cuts(plan: Plan, threads: int, itemsize: int) -> tuple[tuple[int, int], ...]:
    """Ranges of `d1` that different threads sum, or () where the split does not touch `d1`."""
    last = len(plan.sizes) - 1
    split = last
    for dim in range(last, plan.reduced - 1, -1):
        if plan.sizes[dim] >= threads:
            split = dim
            break
        if plan.sizes[dim] > plan.sizes[split]:
            split = dim
    if split != 1:
        return ()
    size = plan.sizes[1]
    chunk = -(-size // min(threads, size))
    cuts = []
    for begin in range(0, size, chunk):
        end = min(begin + chunk, size)
        if plan.strides[1] == itemsize:
            unit = COLUMN_BYTES // itemsize
            begin -= begin % unit
            end -= end % unit if end != size else 0
        if begin < end:
            cuts.append((begin, end))
    return tuple(cuts)


_plans: dict[tuple[object, ...], Plan] = {}


def _plan(a: Array, axes: Axes, dtype: np.dtype) -> Plan:
    key = (a.shape, a.strides, axes, dtype)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) > 4096:
            _plans.clear()
        plan = _plans[key] = Plan(a.shape, a.strides, axes, dtype, _threads)
    return plan


def _serial(x: Array, plan: Plan) -> Array:
    """Sum `x`, its dimensions merged and in reversed iteration order, on one thread. Result: [kept]."""
    kernel, sizes, strides = plan.kernel, plan.sizes, plan.strides
    d0, d1 = sizes[0], sizes[1] if len(sizes) > 1 else 1
    s0, s1 = strides[0], strides[1] if len(sizes) > 1 else 0
    x = x.reshape(-1, d1, d0)
    if len(plan.cuts) > 1:
        values = np.concatenate([kernel(x[:, b:e], s0, s1) for b, e in plan.cuts], axis=1)
    else:
        values = kernel(x, s0, s1)
    partials = 1
    for size in sizes[1 : plan.reduced]:
        partials *= size
    return in_order_last(values.reshape(-1, partials))


def _range(x: Array, plan: Plan, begin: int, end: int) -> Array:
    """Sum elements begin..end (in iteration order) of a fully reduced `x` [..., d1, d0]: one thread's share."""
    kernel, sizes, strides = plan.kernel, plan.sizes, plan.strides
    if len(sizes) == 1:
        return kernel(x[None, None, begin:end], strides[0], 0)[0]
    d0, d1 = sizes[0], sizes[1]
    slabs = x.reshape(-1, d1, d0)
    values = []
    while begin < end:
        slab, at = divmod(begin, d0 * d1)
        row, col = divmod(at, d0)
        n0 = min(d0 - col, end - begin)
        n1 = min(d1 - row, (end - begin) // d0) if n0 == d0 else 1
        values.append(kernel(slabs[slab : slab + 1, row : row + n1, col : col + n0], strides[0], strides[1]))
        begin += n0 * n1
    return in_order_last(np.concatenate(values, axis=1))


def _two_pass(x: Array, plan: Plan, dtype: np.dtype, threads: int) -> Array:
    """A full reduction by `threads` threads: equal ranges, then the ranges' sums in order."""
    numel = x.size
    share = -(-numel // min(threads, -(-numel // GRAIN)))
    parts = [_range(x, plan, at, min(at + share, numel)) for at in range(0, numel, share)]
    parts += [np.zeros(1, x.dtype)] * (threads - len(parts))  # threads without work leave their zero in the buffer
    buffer = np.concatenate(parts)
    if plan.kernel.half:  # each thread leaves a rounded sum
        buffer = buffer.astype(dtype).astype(np.float32)
    return plan.kernel(buffer[None, None], dtype.itemsize, 0)[0]


def float_sum(a: Array, axes: Axes) -> Array:
    """Sum a float or complex array over `axes` (ascending) without keeping them. Result: C-contiguous, of a's dtype."""
    dtype = a.dtype
    kept = tuple(n for i, n in enumerate(a.shape) if i not in axes)
    if a.size == 0:
        return np.zeros(kept, dtype)
    plan = _plan(a, axes, dtype)
    if not plan.reduced:
        return a.reshape(kept) + dtype.type(0)
    if plan.kernel.half:
        if plan.reduced > 1:  # partial sums must not be rounded: torch sums a float32 copy
            return float_sum(a.astype(np.float32), axes).astype(dtype)
        x = a.transpose(plan.order).astype(np.float32).reshape(plan.sizes[::-1])
    else:
        x = a.transpose(plan.order).reshape(plan.sizes[::-1])
    out = _two_pass(x, plan, dtype, _threads) if plan.two_pass else _serial(x, plan)
    return (out + 0.0).astype(dtype, copy=False).reshape(kept)  # torch adds into a zero, so no sum is -0.0


_threads = default_threads()
