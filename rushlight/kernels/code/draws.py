"""What is made of the words of a random stream: one function for each sampler, bound to ``streams.fill`` as its ``transform``.

Each takes ``(out, other, words, at, count, tail, a, b, c, k, m)``: ``count`` numbers are made of the words at ``words`` (not yet tempered)
and stored from ``out[at]`` on; the rest are parameters of the sampler. Every step is that of the sampler in ``rushlight.random``.
"""

from __future__ import annotations

import math

from .. import cephes
from ..language import External
from ..words import (
    any_lane,
    bitcast,
    ceil,
    f32,
    f64,
    fma,
    halves,
    i32,
    i64,
    insert,
    load,
    minimum,
    select,
    shuffle,
    splat,
    sqrt,
    stack,
    store,
    trunc,
    u64,
    unroll,
)
from .streams import doubles, pairs, singles, temper, whole

#: Functions of the C library, and the only ones: their bits are the stream's.
LIBM = ("log", "log1p", "exp", "sin", "cos", "tan")
c_log, c_log1p, c_exp, c_sin, c_cos, c_tan = (External(name, f64, f64) for name in LIBM)


# --- uniforms -----------------------------------------------------------------------------------------------------------
def unit(out, other, words, at, count, tail, a, b, c, k, m):
    """float32 on [0, 1)."""
    for i in range(0, count, 16):
        put(out, at, i, count, singles(temper(load(words, i, 16))))


def uniform(out, other, words, at, count, tail, a, b, c, k, m):
    """float32 on [a, a + b); what rounds up to c becomes a."""
    low, width, high = f32(a), f32(b), f32(c)
    for i in range(0, count, 16):
        v = fma(singles(temper(load(words, i, 16))), width, low)
        put(out, at, i, count, select(v == high, low, v))


def unit_double(out, other, words, at, count, tail, a, b, c, k, m):
    for i in range(0, count, 8):
        put(out, at, i, count, doubles(words, i))


def uniform_double(out, other, words, at, count, tail, a, b, c, k, m):
    for i in range(0, count, 8):
        v = fma(doubles(words, i), b, a)
        put(out, at, i, count, select(v == c, a, v))


def put(out, at, i, count, v):
    """Store a vector of numbers, or those of it that are still wanted."""
    if count - i >= v.type.lanes:
        out[at + i] = v
    else:
        store(out, at + i, v, count - i)


# --- Bernoulli ------------------------------------------------------------------------------------------------------------
def coin(out, other, words, at, count, tail, a, b, c, k, m):
    """c where the 53 bits of a draw are below k, else 0."""
    one, none = out.type.to(c), out.type.to(0)
    for i in range(0, count, 8):
        below = i64(pairs(words, i) & ((1 << 53) - 1)) < k
        put(out, at, i, count, select(below, one, none))


def coins(out, other, words, at, count, tail, a, b, c, k, m):
    """1 where a float32 uniform is below the probability at its place."""
    for i in range(0, count, 16):
        below = singles(temper(load(words, i, 16))) < load(other, at + i, 16, minimum(count - i, 16))
        put(out, at, i, count, select(below, f32(1), f32(0)))


def coins_double(out, other, words, at, count, tail, a, b, c, k, m):
    for i in range(0, count, 8):
        below = doubles(words, i) < load(other, at + i, 8, minimum(count - i, 8))
        put(out, at, i, count, select(below, f32(1), f32(0)))


# --- integers -------------------------------------------------------------------------------------------------------------
def small_integers(out, other, words, at, count, tail, a, b, c, k, m):
    """One word each, modulo m, plus k; b is 1 / m."""
    span = f64(m)
    for i in range(0, count, 8):
        x = whole(u64(temper(load(words, i, 8))))
        rest = x - trunc(x * b) * span  # the quotient is right or, if the division has no rest, one too small
        rest = select(rest >= span, rest - span, rest)
        v = i64(bitcast(u64, rest + 2.0**52) & ((1 << 52) - 1)) + k
        put(out, at, i, count, v)


def large_integers(out, other, words, at, count, tail, a, b, c, k, m):
    """Two words each, modulo m if that is not 0, plus k; all as numbers of 64 bits."""
    buffer = stack(u64, 8)
    for i in range(0, count, 8):
        buffer[0] = pairs(words, i)
        for j in range(0, minimum(count - i, 8)):
            x = buffer[j]
            if m != 0:
                x = x % u64(m)
            out[at + i + j] = i64(x) + k


def swaps(out, other, words, at, count, tail, a, b, c, k, m):
    """Steps of a shuffle of m elements: element i changes places with itself or a later one."""
    partners = stack(i64, 8)
    for i in range(0, count, 8):
        left = f64(m - at - i) - lane_numbers()
        x = whole(u64(temper(load(words, i, 8))))
        rest = x - trunc(x / left) * left
        partners[0] = i64(bitcast(u64, rest + 2.0**52) & ((1 << 52) - 1))
        for j in range(0, minimum(count - i, 8)):
            here = at + i + j
            there = here + partners[j]
            held = out[there]
            out[there] = out[here]
            out[here] = held


def lane_numbers():
    n = splat(f64(0), 8)
    for j in unroll(8):
        n = insert(n, f64(j), j)
    return n


# --- normal numbers -------------------------------------------------------------------------------------------------------
def normal(out, other, words, at, count, tail, a, b, c, k, m):
    """float32 blocks of 16: eight radii and eight angles become eight cosines and eight sines, times b plus a. The last 16 numbers
    are the elements that come last, if ``tail`` says that there are so many more than elements."""
    mean, deviation = f32(a), f32(b)
    count -= tail
    i = i64(0)
    while i + 32 <= count:
        x, y = box_muller(words, i, i + 16, mean, deviation)
        out[at + i], out[at + i + 16] = halves(x)
        out[at + i + 8], out[at + i + 24] = halves(y)
        i += 32
    if i + 16 <= count:
        x, y = box_muller(words, i, i, mean, deviation)
        out[at + i], _ = halves(x)
        out[at + i + 8], _ = halves(y)
    if tail != 0:
        x, y = box_muller(words, count, count, mean, deviation)
        out[at + count - 16], _ = halves(x)
        out[at + count - 8], _ = halves(y)


def box_muller(words, i, j, mean, deviation):
    """The cosines and the sines of two blocks."""
    both = tuple(range(16))
    u = singles(temper(shuffle(load(words, i, 8), load(words, j, 8), both)))
    v = singles(temper(shuffle(load(words, i + 8, 8), load(words, j + 8, 8), both)))
    radius = sqrt(logarithm(1 - u) * -2.0)
    cosine, sine = cosine_and_sine(v * cephes.TWO_PI)
    return fma(radius * cosine, deviation, mean), fma(radius * sine, deviation, mean)


def logarithm(w):
    """Of float32 numbers in (0, 1]."""
    bits = bitcast(i32, w)
    e = f32((bits >> 23) - 126)
    mantissa = bitcast(f32, (bits & 0x007FFFFF) | 0x3F000000)
    low = mantissa < cephes.SQRT_HALF
    x = (mantissa - 1) + select(low, mantissa, 0.0)
    e = e - select(low, splat(f32(1), 16), 0.0)
    z = x * x
    y = splat(f32(cephes.LOG[0]), 16)
    for n in unroll(1, 9):
        y = fma(y, x, cephes.LOG[n])
    y = fma(x * y, z, e * cephes.LN2_LOW)
    y = fma(z, -0.5, y)
    return fma(e, cephes.LN2_HIGH, x + y)


def cosine_and_sine(t):
    """Of float32 numbers in [0, 2 pi]."""
    octant = (i32(t * cephes.FOUR_OVER_PI) + 1) & -2
    f = f32(octant)
    for n in unroll(3):
        t = fma(f, cephes.QUARTER_PI[n], t)
    z = t * t
    cosine = fma(fma(z, cephes.COS[0], cephes.COS[1]), z, cephes.COS[2]) * z
    cosine = fma(cosine, z, z * -0.5) + 1
    sine = fma(fma(z, cephes.SIN[0], cephes.SIN[1]), z, cephes.SIN[2]) * z
    sine = fma(sine, t, t)
    change = (octant << 30) < 0  # in every other octant the two change places
    x, y = select(change, sine, cosine), select(change, cosine, sine)
    signs = (~(octant - 2) & 4) << 29, (octant & 4) << 29
    return bitcast(f32, bitcast(i32, x) ^ signs[0]), bitcast(f32, bitcast(i32, y) ^ signs[1])


def normal_double(out, other, words, at, count, tail, a, b, c, k, m):
    """float64 blocks of 16, by the C library's functions; ``tail`` as in ``normal``."""
    block = stack(f64, 16)
    count -= tail
    i = i64(0)
    while i + 16 <= count:
        block_double(out, at + i, block, words, i, a, b)
        i += 16
    if tail != 0:
        block_double(out, at + count - 16, block, words, count, a, b)


def block_double(out, at, block, words, i, mean, deviation):
    block[0] = doubles(words, i)
    block[8] = doubles(words, i + 8)
    for j in range(8):
        radius = sqrt(c_log(1 - block[j]) * -2.0)
        angle = block[j + 8] * (2 * math.pi)
        out[at + j] = fma(radius * c_cos(angle), deviation, mean)
        out[at + j + 8] = fma(radius * c_sin(angle), deviation, mean)


def serial(out, other, words, at, count, tail, a, b, c, k, m):
    """Standard normal numbers in pairs, cosine and sine of an angle: the serial kind."""
    u = stack(f64, 8)
    for i in range(0, count, 8):
        u[0] = doubles(words, i)
        for j in range(0, minimum(count - i, 8), 2):
            radius = sqrt(c_log1p(-u[j + 1]) * -2.0)
            angle = u[j] * (2 * math.pi)
            out[at + i + j] = radius * c_cos(angle)
            out[at + i + j + 1] = radius * c_sin(angle)


def scaled(start, stop, x: write[f64], mean: f64, deviation: f64, raised: i64):
    """x times deviation plus mean, rounded once; if ``raised``, e to that power."""
    for i in range(start, stop):
        y = fma(x[i], deviation, mean)
        if raised != 0:
            y = c_exp(y)
        x[i] = y


# --- one uniform, one number ----------------------------------------------------------------------------------------------
def exponential(out, other, words, at, count, tail, a, b, c, k, m):
    """float32 a * log1p(-u), computed in float64. Where an error of c of it could change the rounding, the C library decides."""
    u = stack(f64, 8)
    y = stack(f64, 8)
    for i in range(0, count, 8):
        u[0] = doubles(words, i)
        y[0] = (0 - logarithm_double(1 - load(u, 0, 8))) * -a
        v = load(y, 0, 8)
        rounded = f32(v - v * c)
        if any_lane(rounded != f32(v + v * c)):
            for j in range(8):
                y[j] = c_log1p(-u[j]) * a
            rounded = f32(load(y, 0, 8))
        put(out, at, i, count, rounded)


LN2_HIGH_DOUBLE, LN2_LOW_DOUBLE = 6.93147180369123816490e-01, 1.90821492927058770002e-10
#: fdlibm's logarithm (Sun Microsystems, 1993), highest power first.
LOG_DOUBLE = [
    1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01,
    2.857142874366239149e-01, 3.999999999940941908e-01, 6.666666666666735130e-01,
]  # fmt: skip
ROOT_OF_HALF, ONE, MANTISSA = 0x3FE6A09E667F3BCD, 0x3FF0000000000000, (1 << 52) - 1


def logarithm_double(w):
    """Of eight float64 in (0, 1], none of them subnormal, to within an ulp."""
    bits = bitcast(u64, w) + (ONE - ROOT_OF_HALF)
    e = whole(bits >> 52) - 1023
    f = bitcast(f64, (bits & MANTISSA) + ROOT_OF_HALF) - 1  # from sqrt(1/2) - 1 to sqrt(2) - 1
    s = f / (f + 2)
    z = s * s
    y = splat(f64(LOG_DOUBLE[0]), 8)
    for n in unroll(1, 7):
        y = fma(y, z, LOG_DOUBLE[n])
    half = f * f * 0.5
    return e * LN2_HIGH_DOUBLE - ((half - (s * (half + y * z) + e * LN2_LOW_DOUBLE)) - f)


def exponential_double(out, other, words, at, count, tail, a, b, c, k, m):
    each(out, words, at, count, a, b, times_log1p)


def geometric(out, other, words, at, count, tail, a, b, c, k, m):
    each(out, words, at, count, a, b, trials)


def cauchy(out, other, words, at, count, tail, a, b, c, k, m):
    each(out, words, at, count, a, b, times_tangent)


def each(out, words, at, count, a, b, of):
    """Numbers of one float64 uniform each, by a function that calls the C library."""
    u = stack(f64, 8)
    for i in range(0, count, 8):
        u[0] = doubles(words, i)
        for j in range(0, minimum(count - i, 8)):
            out[at + i + j] = out.type.to(of(u[j], a, b))


def times_log1p(u, a, b):
    return c_log1p(-u) * a


def trials(u, a, b):
    return ceil(c_log(u) / b)


def times_tangent(u, a, b):
    return fma(c_tan((u - 0.5) * math.pi), b, a)
