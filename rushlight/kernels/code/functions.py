"""What a loop can do with its elements: functions of numbers or vectors of float32 (or float64, where nothing is said).

Each takes the steps of the array function that its comment names, so that both give the same bits: those of PyTorch's kernels where
they are known, else the float64 value rounded once.
"""

from __future__ import annotations

import math

from .. import vectors
from ..square_root import reciprocal_roots
from ..words import (
    absolute,
    bitcast,
    copysign,
    f32,
    f64,
    floor,
    gather,
    i32,
    i64,
    maximum,
    minimum,
    rint,
    select,
    table,
    unroll,
)
from ..words import fma as fused
from ..words import sqrt as rounded_sqrt


# --- arithmetic -------------------------------------------------------------------------------------------------------
def add(x, y):
    return x + y


def sub(x, y):
    return x - y


def mul(x, y):
    return x * y


def div(x, y):
    return x / y


def neg(x):
    return -x


def abs(x):
    return absolute(x)


def max(x, y):
    """NaN if one of them is, as PyTorch's ``maximum``."""
    return maximum(x, y)


def min(x, y):
    return minimum(x, y)


def fma(x, y, z):
    """``fused.fma``: float64 is computed as written."""
    return fused(x, y, z) if x.type.bits == 32 else x * y + z


def lt(x, y):
    return x < y


def le(x, y):
    return x <= y


def gt(x, y):
    return x > y


def ge(x, y):
    return x >= y


def eq(x, y):
    return x == y


def ne(x, y):
    return x != y


def both(x, y):
    return x and y


def one(x, y):
    """Whether one of two conditions holds."""
    return x or y


def where(condition, x, y):
    return select(condition, x, y)


# --- roots ------------------------------------------------------------------------------------------------------------
ROOTS = tuple(reciprocal_roots().tolist())


def sqrt(x):
    """``square_root.sqrt``, whose comments say why."""
    return _sqrt(x) if x.type.bits == 32 else rounded_sqrt(x)


def _sqrt(x):
    bits = bitcast(i32, x)
    above = bits - 0x3F800000
    part = above & 0xFFFFFF
    r = gather(table(f32, ROOTS), part >> 11)
    a = bitcast(f32, part + 0x3F800000)
    root = a * r
    step = 0.5 - a * 0.5 * r * r
    root = root + root * step
    r = (r + step * r) * 0.5
    root = root + (a - root * root) * r
    out = bitcast(f32, (above >> 24 << 23) + bitcast(i32, root))
    usual = (bits >= 0x00800000) and (bits < 0x7F800000)
    return select(usual, out, rounded_sqrt(x))


# --- exponentials -----------------------------------------------------------------------------------------------------
MAGIC = 1.5 * 2.0**52  # added to a number below 2**51, it leaves the nearest integer in the lowest bits


def clamped(x, least, most):
    """``x`` between two numbers; NaN stays."""
    x = select(x < least, least, x)
    return select(x > most, most, x)


def power_of_two(k):
    """``2.0 ** k`` of whole float64 numbers, by the bits of the result."""
    return bitcast(f64, (bitcast(i64, k + MAGIC) << 52) + (1023 << 52))


def exp(x):
    """``vectors.exp``."""
    x = clamped(x, vectors.LEAST, vectors.MOST)
    whole = rint(x * vectors.INVERSE_LN2)
    s = fused(whole, -vectors.LN2[1], fused(whole, -vectors.LN2[0], x))
    u = fused(vectors.EXP[0], s, vectors.EXP[1])
    u = fused(u, s, vectors.EXP[2])
    u = fused(u, s, vectors.EXP[3])
    u = fused(u, s, vectors.EXP[4])
    u = fused(u, s, vectors.EXP[5])
    y = fused(u, s * s, s) + 1.0
    return f32(f64(y) * power_of_two(f64(whole)))


PARTS_OF_TWO = tuple(vectors.parts_of_two().tolist())


def single_exp(x):
    """``vectors.single_exp``."""
    rest = f64(clamped(x, vectors.LEAST_SINGLE, vectors.MOST_SINGLE)) * vectors.PARTS
    k = rint(rest)
    rest = rest - k
    out = vectors.CUBIC[0] * rest + vectors.CUBIC[1]
    out = out * rest + vectors.CUBIC[2]
    out = out * rest + 1.0
    bits = bitcast(i64, k + MAGIC)
    part = gather(table(f64, PARTS_OF_TWO), bits & 31)
    whole = floor(k * (1 / 32))
    return f32(out * (part * power_of_two(whole)))


#: exp(r) for |r| <= ln 2 / 2: Taylor's coefficients, the highest first; ln 2 in two parts.
EXP_SERIES = tuple(1 / math.factorial(n) for n in range(11, -1, -1))
LN2 = (float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45"))


def wide_exp(x):
    """``exp`` of float64 numbers between -745 and 709, to about one unit in the last place."""
    k = rint(x * (1 / math.log(2)))
    r = fused(k, -LN2[1], fused(k, -LN2[0], x))
    out = fused(r, EXP_SERIES[0], EXP_SERIES[1])
    for i in unroll(2, 12):
        out = fused(out, r, EXP_SERIES[i])
    return out * power_of_two(k)


def rounded_exp(x):
    """``elementary.exp``: of float64, rounded once."""
    return f32(wide_exp(f64(clamped(x, vectors.LEAST_SINGLE, vectors.MOST_SINGLE))))


#: tanh(x) near 0 by Taylor's coefficients; up to ``_BY_SERIES`` the series is the more exact way.
TANH_SERIES = (62 / 2835, -17 / 315, 2 / 15, -1 / 3)
BY_SERIES = 0.03


def rounded_tanh(x):
    """``elementary.tanh``: ``1 - 2 / (exp(2 |x|) + 1)`` with the sign of x, in float64, rounded once."""
    wide = f64(x)
    size = absolute(wide)
    far = 1.0 - 2.0 / (wide_exp(clamped(size + size, 0.0, 44.0)) + 1.0)
    square = size * size
    series = TANH_SERIES[0] * square + TANH_SERIES[1]
    series = series * square + TANH_SERIES[2]
    series = series * square + TANH_SERIES[3]
    near = size + size * square * series
    return f32(copysign(select(size < BY_SERIES, near, far), wide))


# --- logarithms -------------------------------------------------------------------------------------------------------
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
ARTANH_SERIES = tuple(2 / n for n in range(19, 0, -2))


def rounded_log(x):
    """``elementary.log``: of float64, rounded once."""
    return f32(wide_log(f64(x)))


def wide_log(x):
    """``log`` of float64 numbers whose exponent float32 has: ``e ln 2 + 2 artanh((m - 1) / (m + 1))``, m in [sqrt 1/2, sqrt 2)."""
    bits = bitcast(i64, x) - SQRT_HALF_BITS
    e = whole_number(bits >> 52)
    m = bitcast(f64, (bits & 0xFFFFFFFFFFFFF) + SQRT_HALF_BITS)
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    out = fused(square, ARTANH_SERIES[0], ARTANH_SERIES[1])
    for i in unroll(2, 10):
        out = fused(out, square, ARTANH_SERIES[i])
    out = fused(e, LN2[0], fused(e, LN2[1], out * s))
    out = select(x < INFINITY, out, x)  # infinity and NaN are their own logarithms
    out = select(x == 0.0, -INFINITY, out)
    return select(x < 0.0, NAN, out)


INFINITY, NAN = math.inf, math.nan


def whole_number(n):
    """A small i64 as f64: processors before AVX-512 have no instruction for it."""
    return bitcast(f64, n + bitcast_magic) - MAGIC


bitcast_magic = 0x4338000000000000  # the bits of MAGIC


# --- the error function -----------------------------------------------------------------------------------------------
def short_exp(x):
    """``vectors._short_exp``: of numbers that are not positive, to seven digits."""
    x = select(x < -87.33654, -87.33654, x)
    n = floor(fused(x, vectors.INVERSE_LN2, 0.5))
    r = fused(n, -vectors._LN2, x)
    out = fused(vectors._SHORT[0], r, vectors._SHORT[1])
    for i in unroll(2, 6):
        out = fused(out, r, vectors._SHORT[i])
    return f32(f64(out) * power_of_two(f64(n)))


def erf_of(x, e):
    """``erf(x)`` given ``e = exp(-x * x)``: see ``vectors.erf_and_exp``."""
    t = 1.0 / fused(absolute(x), vectors._ERF_SLOPE, 1.0)
    series = fused(vectors._ERF[0], t, vectors._ERF[1])
    for i in unroll(2, 5):
        series = fused(series, t, vectors._ERF[i])
    return copysign(fused(-(e * t), series, 1.0), x)


def falling_square(x):
    """``exp(-x * x)`` as ``erf_of`` wants it."""
    return short_exp(-(x * x))
