"""What is made of the words of a random stream: one function for each sampler, bound to ``streams.fill`` as its ``transform``.

Each takes ``(out, other, words, at, count, tail, a, b, c, k, m)``: ``count`` numbers are made of the words at ``words`` (not yet tempered)
and stored from ``out[at]`` on; the rest are parameters of the sampler. Every step is that of the sampler in ``rushlight.random``.
"""

from __future__ import annotations

import math

from .. import cephes
from ..emit import F64, pointer_to
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
    splat,
    sqrt,
    stack,
    store,
    trunc,
    u64,
    unroll,
)
from .streams import doubles, pairs, singles, temper, whole

# Of the C library: their bits are the stream's.
c_log, c_log1p, c_exp, c_tan = (External(x, f64, f64) for x in ("log", "log1p", "exp", "tan"))
c_sine_and_cosine = External("sincos", None, f64, pointer_to(F64), pointer_to(F64))


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
    radii, angles = stack(f32, STRETCH // 2 + 32), stack(f32, STRETCH // 2 + 32)
    octants = stack(i32, STRETCH // 2 + 32)
    count -= tail
    whole = count // 16 * 16
    stretches = (whole + STRETCH - 1) // STRETCH
    for i in range(stretches + tail // 16):  # the tail is one stretch more, so that the code is there once
        last = i == stretches
        to, size = select(last, count - 16, i * STRETCH), select(last, 16, minimum(whole - i * STRETCH, STRETCH))
        given = words + select(last, count, i * STRETCH)
        box_muller(out + (at + to), given, size, radii, angles, octants, mean, deviation)


STRETCH = 1024  # numbers, so that what is between the loops stays in the nearest cache


def box_muller(out, words, count, radii, angles, octants, mean, deviation):
    """Blocks of 16, in four short loops: the steps wait for one another, and of a short loop the processor does several turns at
    a time. What a loop does beyond the last block is not used."""
    half = count // 2
    for i in range(0, half, 8):
        u, v = halves(temper(load(words, 2 * i, 16)) & 0xFFFFFF)
        radii[i] = f32(i32((1 << 24) - u))
        angles[i] = f32(i32(v)) * (cephes.TWO_PI * 2.0**-24)
    for i in range(0, half, 32):
        radii[i] = sqrt(twice_minus_logarithm(load(radii, i, 32)))
    for i in range(0, half, 16):
        angles[i], octants[i] = reduced(load(angles, i, 16))
    for i in range(0, half, 16):
        cosine, sine = cosine_and_sine(load(angles, i, 16), load(octants, i, 16))
        radius = load(radii, i, 16)
        x, x_next = halves(fma(radius * cosine, deviation, mean))
        y, y_next = halves(fma(radius * sine, deviation, mean))
        after = minimum(2 * i + 16, count - 16)  # the same block if it is the last one: then it is overwritten
        out[after] = x_next
        out[after + 8] = y_next
        out[2 * i] = x
        out[2 * i + 8] = y


#: As bits, which order float32 numbers as integers: where the mantissas of a logarithm's argument begin, of one that is 2^24 as large.
ROOT_OF_HALF = 0x3F3504F3
SCALED_ROOT_OF_HALF = ROOT_OF_HALF + (24 << 23)
#: The polynomial of -2 log, which has the same digits.
LOG = [-2 * coefficient for coefficient in cephes.LOG]


def twice_minus_logarithm(n):
    """-2 log(n / 2^24) for float32 numbers from 1 to 2^24. Factors that are powers of 2 are where they cost nothing."""
    bits = bitcast(i32, n) - SCALED_ROOT_OF_HALF
    e = f32(bits >> 23)
    x = bitcast(f32, (bits & 0x007FFFFF) + ROOT_OF_HALF) - 1
    z = x * x
    y = splat(f32(LOG[0]), x.type.lanes)
    for n in unroll(1, 9):
        y = fma(y, x, LOG[n])
    y = fma(x * y, z, e * (-2 * cephes.LN2_LOW)) + z
    return fma(e, -2 * cephes.LN2_HIGH, fma(x, -2.0, y))


def reduced(t):
    """A number in [0, 2 pi] less a multiple of pi / 4, and which."""
    octant = (i32(t * cephes.FOUR_OVER_PI) + 1) & -2
    f = f32(octant)
    for n in unroll(3):
        t = fma(f, cephes.QUARTER_PI[n], t)
    return t, octant


def cosine_and_sine(t, octant):
    """Of float32 numbers in [0, 2 pi]."""
    z = t * t
    cosine = fma(fma(z, cephes.COS[0], cephes.COS[1]), z, cephes.COS[2]) * z
    cosine = fma(cosine, z, z * -0.5) + 1
    sine = fma(fma(z, cephes.SIN[0], cephes.SIN[1]), z, cephes.SIN[2]) * z
    sine = fma(sine, t, t)
    change = (octant << 30) < 0  # in every other octant the two change places
    x, y = select(change, sine, cosine), select(change, cosine, sine)
    signs = ((octant + 2) << 29) & -0x80000000, (octant << 29) & -0x80000000
    return bitcast(f32, bitcast(i32, x) ^ signs[0]), bitcast(f32, bitcast(i32, y) ^ signs[1])


def normal_double(out, other, words, at, count, tail, a, b, c, k, m):
    """float64 blocks of 16, by the C library's functions; ``tail`` as in ``normal``."""
    block = stack(f64, 18)  # 16 uniforms, a sine and a cosine
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
        c_sine_and_cosine(block[j + 8] * (2 * math.pi), block + 16, block + 17)
        out[at + j] = fma(radius * block[17], deviation, mean)
        out[at + j + 8] = fma(radius * block[16], deviation, mean)


def serial(out, other, words, at, count, tail, a, b, c, k, m):
    """Standard normal numbers in pairs, cosine and sine of an angle: the serial kind."""
    u = stack(f64, 10)
    for i in range(0, count, 8):
        u[0] = doubles(words, i)
        for j in range(0, minimum(count - i, 8), 2):
            radius = sqrt(c_log1p(-u[j + 1]) * -2.0)
            c_sine_and_cosine(u[j] * (2 * math.pi), u + 8, u + 9)
            out[at + i + j] = radius * u[9]
            out[at + i + j + 1] = radius * u[8]


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
DOUBLE_ROOT_OF_HALF, ONE, MANTISSA = 0x3FE6A09E667F3BCD, 0x3FF0000000000000, (1 << 52) - 1


def logarithm_double(w):
    """Of eight float64 in (0, 1], none of them subnormal, to within an ulp."""
    bits = bitcast(u64, w) + (ONE - DOUBLE_ROOT_OF_HALF)
    e = whole(bits >> 52) - 1023
    f = bitcast(f64, (bits & MANTISSA) + DOUBLE_ROOT_OF_HALF) - 1  # from sqrt(1/2) - 1 to sqrt(2) - 1
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
