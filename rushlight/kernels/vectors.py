"""exp, log, log1p and erf as PyTorch's vectors of float32 numbers compute them, where that is not the rounded value.

Kernels that are vectorised around such a function (sigmoid, softmax, GELU, ...) take it from polynomials: ``exp`` and the
logarithms from the SLEEF library's, published with it, ``erf`` from formula 7.1.26 of Abramowitz & Stegun (1964) with a shorter
exponential. Both leave errors that show in the last bit of a number in twenty. The same steps are taken here, in float64, where
each is rounded to float32 as the processor rounds it: by a cast, or by adding and subtracting a number so large that the digits
beyond fall off, where it is known how large the result is.

What a loop leaves over beyond whole vectors it computes one by one with the C library, which rounds almost always correctly:
``by_vectors`` tells the two apart.

Found by trying steps against PyTorch 2.13 until every bit agreed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import doubles
from .elementwise import STEP, instruction, loop_for
from .iteration import GRAIN, get_threads
from .llvm import patience
from .symbols import Symbol

Array = np.ndarray[Any, Any]
_F, _D = np.float32, np.float64
_BLOCK = 4096  # float64 numbers of an array that stay in the first cache

# exp(x) = 2**q exp(s): q the whole part of x / ln 2, s = x - q ln 2 with ln 2 in two parts, exp(s) a polynomial.
INVERSE_LN2, LN2 = float(_F(1.4426950408889634)), (0.693145751953125, float(_F(1.428606765330187045e-06)))
EXP = tuple(
    float(_F(c))
    for c in (
        0.000198527617612853646278381, 0.00139304355252534151077271, 0.00833336077630519866943359, 0.0416664853692054748535156,
        0.166666671633720397949219, 0.5,
    )
)  # fmt: skip
LEAST, MOST = -104.0, 89.0

# The same as 0-d arrays: a Python number is twice as dear to a small array.
_INVERSE_LN2, _LN2_HIGH, _LN2_LOW = np.array(INVERSE_LN2, _F), np.array(-LN2[0]), np.array(LN2[1])
_WHOLE = np.array(1.5 * 2.0**52)  # added to a number, it leaves the nearest integer in the lowest bits
_EXPONENT_AT, _ONE = np.array(52), np.array(1023 << 52)
_LEAST, _MOST, _ONE_F, _HALF = np.array(LEAST, _F), np.array(MOST, _F), np.array(1, _F), np.array(0.5)
# Coefficients with what is added to round to float32's digits: the partial sums lie in [2**-10, 2**-9), [2**-7, 2**-6), ...
_EXP_FIRST = np.array(EXP[0])
_EXP = tuple(
    (np.array(c + 1.5 * 2.0 ** (52 - digits)), np.array(1.5 * 2.0 ** (52 - digits)))
    for c, digits in zip(EXP[1:-1], (33, 30, 28, 26), strict=True)
)


@instruction("exp")
def exp(x: Array) -> Array:
    """``exp(x)`` of a float32 or float64 array."""
    if x.dtype == _D:
        return doubles.exp(x)
    if x.size <= _BLOCK and x.ndim:
        return _exp(x)
    flat = np.ascontiguousarray(x).reshape(-1)
    out = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        out[start : start + _BLOCK] = _exp(flat[start : start + _BLOCK])
    return out.reshape(x.shape)


def _exp(x: Array) -> Array:
    """``2**q (1 + (s + s^2 u(s)))``, ``q`` the whole part of x / ln 2 and ``s`` what is left of x."""
    add, subtract, multiply = np.add, np.subtract, np.multiply
    x = np.minimum(np.maximum(x, _LEAST), _MOST)
    q = add(multiply(x, _INVERSE_LN2), _WHOLE)
    power = np.left_shift(q.view(np.int64), _EXPONENT_AT)
    add(power, _ONE, power)
    subtract(q, _WHOLE, q)
    s = multiply(q, _LN2_HIGH)
    add(s, x, s)  # exact
    multiply(q, _LN2_LOW, q)
    subtract(s, q, s)
    s32 = s.astype(_F)
    s = s32.astype(_D)
    u = multiply(s, _EXP_FIRST)
    for c, large in _EXP:
        add(u, c, u)
        subtract(u, large, u)
        multiply(u, s, u)
    add(u, _HALF, u)
    multiply(s32, s32, s32)
    u = multiply(u.astype(_F), s32, dtype=_D)
    add(u, s, u)
    s32 = u.astype(_F)
    add(s32, _ONE_F, s32)
    multiply(s32, power.view(_D), q)
    return q.astype(_F)


# Logarithms: e ln 2 + 2 artanh x with x = (m - 1) / (m + 1). SLEEF carries the first terms as a sum of two float32 numbers,
# whose digits float64 has too; the others are in float32.
_ARTANH = tuple(np.array(float(_F(c))) for c in (0.3027294874, 0.3996108174, 0.6666694880))
_LN2_LONG = np.array(0.69314718246459960938 - 1.904654323148236017e-09)


def _logarithm(above: Array, below: Array, e: Array) -> Array:
    """``e ln 2 + 2 artanh(above / below)`` of float64 arrays."""
    x = above.astype(_F) * (_ONE_F / below.astype(_F))
    x2 = x * x
    wide = x2.astype(_D)
    t = wide * _ARTANH[0]
    t += _ARTANH[1]
    t = t.astype(_F) * wide
    t += _ARTANH[2]
    x *= x2
    x *= t.astype(_F)
    total = e * _LN2_LONG
    above = above / below
    total += above
    total += above
    total += x
    return total.astype(_F)


def log_positive(x: Array) -> Array:
    """``log(x)`` of positive finite float32 numbers (and of nan)."""
    m, e = np.frexp(x)  # m in [0.5, 1); wanted is [0.75, 1.5)
    low = m < _F(0.75)
    m = m.astype(_D)
    m += m * low
    return _logarithm(m - 1.0, m + 1.0, e - low)


@instruction("log1p")
def log1p(x: Array) -> Array:
    """``log(1 + x)`` of a float32 or float64 array."""
    if x.dtype == _D:
        return doubles.log1p(x)
    e = np.frexp((x + _ONE_F) * _F(1 / 0.75))[1] - 1
    t = np.ldexp(_D(1), -e)
    m = (x * t + (t - 1.0).astype(_F)).astype(_F).astype(_D)
    out = _logarithm(m, m + 2.0, e)
    odd = ~np.isfinite(out) | (x == 0) | (x <= -1)
    return np.where(odd, np.log1p(x), out) if odd.any() else out


# The exponential inside erf: a floor, one ln 2, a polynomial of degree 5.
_SHORT = tuple(float(_F(c)) for c in (0.00828929059, 0.0418978221, 0.166676521, 0.499991506, 0.999999701, 1.0))
_LN2 = float(_F(math.log(2)))
_ERF = tuple(float(_F(c)) for c in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))
_ERF_SLOPE = float(_F(0.3275911))


def _horner(coefficients: tuple[float, ...], x: Array) -> Array:
    """A polynomial whose every step is rounded to float32; ``x`` float64 with float32's digits."""
    wide = x * coefficients[0]
    for c in coefficients[1:-1]:
        wide += c
        wide[...] = wide.astype(_F)
        wide *= x
    wide += coefficients[-1]
    return wide.astype(_F)


def _short_exp(x: Array) -> Array:
    """``exp(x)`` of numbers that are not positive, to seven digits; 0 where that has no normal float32."""
    least = _F(-87.33654)
    vanished = x < least
    x = np.maximum(x, least)
    n = np.multiply(x, INVERSE_LN2, dtype=_D)
    n += 0.5
    n = np.floor(n.astype(_F)).astype(_D)
    power = (((n + _WHOLE).view(np.int64) << 52) + _ONE).view(_D)
    n *= -_LN2
    n += x
    out = (_horner(_SHORT, n.astype(_F).astype(_D)) * power).astype(_F)
    out[vanished] = 0
    return out


def erf_and_exp(x: Any) -> tuple[Any, Any]:
    """``erf(x)`` and the ``exp(-x**2)`` that it is made of, of a float32 array."""
    if x.__class__ is Symbol:
        falling = x.recording.computed("falling_square", x)
        return x.recording.computed("erf_of", x, falling), falling
    flat = np.ascontiguousarray(x).reshape(-1)
    y, e = np.empty_like(flat), np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        e32 = _short_exp(-(part * part))
        y[start : start + _BLOCK] = erf_by(part, e32)
        e[start : start + _BLOCK] = e32
    return y.reshape(x.shape), e.reshape(x.shape)


def erf_by(x: Any, e: Any) -> Any:
    """``erf(x)`` given ``e = exp(-x**2)``, of a float32 array."""
    if x.__class__ is Symbol:
        return x.recording.computed("erf_of", x, e)
    t = np.multiply(np.abs(x), _ERF_SLOPE, dtype=_D)
    t += 1.0
    t32 = _F(1) / t.astype(_F)
    wide = np.multiply(e * t32, _horner(_ERF, t32.astype(_D)), dtype=_D)
    np.subtract(1.0, wide, out=wide)
    return np.copysign(wide.astype(_F), x)


# The C library's exp: 2**(k/32) from a table, the rest a cubic, all in float64.
PARTS = 32 / math.log(2)
CUBIC = tuple(
    float.fromhex(c) / 32**power
    for c, power in (("0x1.c6af84b912394p-5", 3), ("0x1.ebfce50fac4f3p-3", 2), ("0x1.62e42ff0c52d6p-1", 1))
)
LEAST_SINGLE, MOST_SINGLE = -110.0, 90.0  # beyond, float32 has nothing but 0 and infinity
_PARTS, _PART = np.array(PARTS), np.array(1 / 32)
_CUBIC = tuple(map(np.array, CUBIC))
_ONE_D = np.array(1.0)


@functools.cache
def parts_of_two() -> Array:
    """``2**(k/32)`` for k from 0 to 31, in float64."""
    return np.exp2(np.arange(32) / 32)


@instruction("single_exp")
def single_exp(x: Array) -> Array:
    """``exp(x)`` of float32 or float64 numbers as the C library (glibc) computes one."""
    if x.dtype == _D:
        return doubles.library_exp(x)
    rest = np.multiply(np.minimum(np.maximum(x, LEAST_SINGLE), MOST_SINGLE), _PARTS)
    k = np.rint(rest)
    rest = rest - k
    out = _CUBIC[0] * rest
    out += _CUBIC[1]
    out *= rest
    out += _CUBIC[2]
    out *= rest
    out += _ONE_D
    out *= np.exp2(k * _PART)
    return np.asarray(out.astype(_F))


# --- what is left over beyond whole vectors -------------------------------------------------------------------------------
def by_vectors(x: Any, vector: Callable[[Any], Any], single: Callable[[Any], Any]) -> Any:
    """``vector(x)`` with what lies beyond the last whole vector of a loop replaced by ``single`` of it.

    PyTorch's loop goes along ``x`` as it lies in memory if that is one piece, else along its rows; where the elements of a
    row are not neighbours it takes all one by one.
    """
    if x.__class__ is Symbol:
        return x.recording.by_place(vector(x), single(x))
    size, step = x.size, STEP if x.itemsize == 4 else STEP // 2
    if size < step:
        return single(x)
    if x.flags.c_contiguous and size < GRAIN:  # the commonest case, shortly
        rest = size % step
        if not rest:
            return vector(x)
        flat = x.reshape(-1)
        out = vector(flat)
        out[-rest:] = single(flat[-rest:])
        return out.reshape(x.shape)
    steps = x.strides
    if all([a >= b for a, b in zip(steps, steps[1:], strict=False)]):  # the order of memory
        return _along_rows(x, vector, single)
    order = sorted(range(x.ndim), key=lambda i: -steps[i])
    return _along_rows(x.transpose(order), vector, single).transpose(np.argsort(order))


def _along_rows(x: Array, vector: Callable[[Any], Any], single: Callable[[Any], Any]) -> Array:
    """``by_vectors`` of an array whose dimensions are in the order of memory."""
    key = (vector, x.shape, x.strides, x.dtype)
    known = _known_rows.get(key)
    if known is not None:
        return known(x)  # type: ignore[no-any-return]
    given = x
    rows = x.reshape(1, -1) if x.flags.c_contiguous else _rows(x)
    x = np.ascontiguousarray(x)  # which a loop takes
    step = STEP if x.itemsize == 4 else STEP // 2
    ends: list[slice] = []
    if rows is None or rows.shape[1] < step:
        vector = single
        rows = x
    else:
        ends = list(tails(rows.shape[1], rows.shape[0], step))
    out = vector(x)
    flat = out.reshape(rows.shape)
    for tail in ends:
        flat[:, tail] = single(np.ascontiguousarray(rows[:, tail]))
    marked = hasattr(vector, "__wrapped__") and hasattr(single, "__wrapped__")  # as loops
    if marked and patience.ready and x.size < GRAIN and given.ndim == 2 and rows.shape == given.shape:
        if len(_known_rows) > 1000:
            _known_rows.clear()
        _known_rows[key] = _by_loops(given, ends, vector, single)
    return out  # type: ignore[no-any-return]


#: What ``_along_rows`` comes to for small matrices of one kind: the parts of LSTM's gates, for one.
_known_rows: dict[Any, Any] = {}
patience.dependents.append(_known_rows)


def _by_loops(x: Array, ends: list[slice], vector: Any, single: Any) -> Callable[[Array], Array] | None:
    """``_along_rows`` of matrices like ``x``, whose rows are apart, by the loops themselves; None if there are none."""
    contiguous = np.ascontiguousarray
    if x.strides[0] < x.shape[1] * x.itemsize:
        return None
    work = [(vector, x), *((single, x[:, tail]) for tail in ends)]
    loops = [loop_for(f.__wrapped__, f.__wrapped__, (contiguous(a),)) for f, a in work]
    if None in loops:
        return None

    def known(x: Array) -> Array:
        out: Array = loops[0](contiguous(x))
        for tail, loop in zip(ends, loops[1:], strict=True):
            out[:, tail] = loop(contiguous(x[:, tail]))
        return out

    return known


def all_by_vectors(vector: Callable[..., Any], single: Callable[..., Any], *arrays: Any) -> Any:
    """The same of several arrays."""
    for x in arrays:
        if x.__class__ is Symbol:
            return x.recording.by_place(vector(*arrays), single(*arrays))
    first = arrays[0]
    step = STEP if first.itemsize == 4 else STEP // 2
    if not all([x.shape == first.shape and x.flags.c_contiguous for x in arrays]):
        return _rows_by_vectors(vector, single, np.broadcast_arrays(*arrays))
    if first.size < step:
        return single(*arrays)
    out = vector(*arrays)
    flat, given = out.reshape(-1), [x.reshape(-1) for x in arrays]
    for tail in tails(first.size, 1, step):
        flat[tail] = single(*[x[tail] for x in given])
    return out


def _rows_by_vectors(vector: Callable[..., Any], single: Callable[..., Any], arrays: Any) -> Any:
    """The same of arrays that lie otherwise: by vectors go rows whose elements are neighbours, or in some arrays one number."""
    dtype = arrays[0].dtype
    if not arrays[0].size:
        return np.empty(arrays[0].shape, dtype)
    step = STEP if dtype.itemsize == 4 else STEP // 2
    order = sorted(range(arrays[0].ndim), key=lambda i: -max([x.strides[i] for x in arrays]))
    arrays = [x.transpose(order) for x in arrays]
    shape, steps = arrays[0].shape, [x.strides for x in arrays]
    length, i = 1, len(shape)
    if shape and all([s[-1] == x.itemsize or not s[-1] for s, x in zip(steps, arrays, strict=True)]):
        length, i = shape[-1], i - 1
        while i and all([s[i - 1] == shape[i] * s[i] for s in steps]):
            length, i = length * shape[i - 1], i - 1
    out = np.empty(shape, dtype)
    rows = [out.reshape(-1, length), *(x.reshape(-1, length) for x in arrays)]
    if length < step:
        rows[0][...] = single(*rows[1:])
    else:
        rows[0][...] = vector(*rows[1:])
        for tail in tails(length, len(rows[0]), step):
            rows[0][:, tail] = single(*[x[:, tail] for x in rows[1:]])
    return out.transpose(np.argsort(order))


def _rows(x: Array) -> Array | None:
    """``x`` as a matrix whose rows are contiguous and as long as can be; None if neighbours are apart."""
    if x.ndim == 0 or x.strides[-1] != x.itemsize:
        return None
    length, i = x.shape[-1], x.ndim - 2
    while i >= 0 and x.strides[i] == length * x.itemsize:
        length *= x.shape[i]
        i -= 1
    return x.reshape(-1, length)


def tails(length: int, rows: int, step: int = STEP) -> Iterator[slice]:
    """Where the loops of PyTorch's threads, ``step`` numbers a turn, leave numbers over in a row."""
    threads = min(get_threads(), -(-length // GRAIN)) if rows == 1 and length >= GRAIN else 1
    share = -(-length // threads)
    for start in range(0, length, share):
        end = min(start + share, length)
        if (end - start) % step:
            yield slice(end - (end - start) % step, end)
