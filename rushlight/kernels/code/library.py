"""Functions of float64 numbers that PyTorch asks of Intel's VML in its high-accuracy mode, to the bit or nearly so.

Its results miss the nearest number in one case of 20 to one of 10,000. Where it does so was asked of PyTorch 2.13, and the methods,
the polynomials and the order of the steps tried until few or none differed:

- ``exp``: 64 parts of 2 as two numbers times a polynomial of the fifth degree, none of it fused (P. T. P. Tang, "Table-driven
  implementation of the exponential function", 1989): all of 6 million results agree, but for those beyond 1e307 and below 1e-306.
- ``sqrt``: the estimate of ``1 / sqrt(x)`` that a processor has (``square_root``) and a polynomial of the fourth degree: 1 of
  40,000 differs.
- ``tanh``: eight polynomials of the tenth degree for each octave, and one for what is below 1/8, of which 1 in 7,000 differs, of the
  others 1 in 200,000.

The others are the nearest numbers, but for one in some thousands, and so are Intel's: ``log10`` and ``log2`` differ in 1 of 50,000, ``log``
in 1 of 2,000 to 10,000, ``sin`` and ``cos`` in 1 of 4,000, ``tan`` in 1 of 1,500, ``erf`` in 1 of 200. What is written here runs in
NumPy too (``by_numpy``).
"""

from __future__ import annotations

from ..square_root import reciprocal_roots
from ..words import absolute, bitcast, copysign, f32, f64, floor, fma, gather, i64, rint, select, table, unroll
from ..words import sqrt as root
from .library_tables import (
    COSINES,
    COSINES_LEFT,
    ERF,
    INVERSES,
    LOGARITHMS,
    LOGARITHMS_LEFT,
    PARTS,
    PARTS_LEFT,
    SINES,
    SINES_LEFT,
    TANH,
)
from .pairs import two_ordered, two_sum
from .wide import MAGIC, clamped, log_edges, negated, polynomial, power_of_two, quarters, whole_number

# --- the exponential --------------------------------------------------------------------------------------------------
#: ``64 / ln 2``, and ``ln(2) / 64`` as a number of few digits and what is left of it.
STEPS = 92.33248261893094
STEP = (float.fromhex("0x1.62e42fe800000p-7"), float.fromhex("0x1.e8e7bcd5e4f1ep-37"))
EXP = (0.008333334095296812, 0.041666723686793236, 0.16666666666678093, 0.4999999999994775)
FAR = 1000.0  # beyond, exp is zero or infinite


def exp(x):
    x = clamped(x, -FAR, FAR)
    k = rint(x * STEPS)
    r = (x - k * STEP[0]) - k * STEP[1]
    p = r + r * r * (EXP[3] + r * (EXP[2] + r * (EXP[1] + r * EXP[0])))
    at = bitcast(i64, k + MAGIC) & 63
    part = gather(table(f64, PARTS), at)
    y = part + (gather(table(f64, PARTS_LEFT), at) + part * p)
    whole = floor(k * (1 / 64))
    half = floor(whole * 0.5)
    return y * power_of_two(half) * power_of_two(whole - half)


# --- the square root --------------------------------------------------------------------------------------------------
ROOTS = tuple(reciprocal_roots().tolist())
#: ``(1 / sqrt(1 - e) - 1) / e``, of which Chebyshev's polynomial of the fifth degree has been taken away up to 1.5 / 2048.
ROOT = (0.2734375, 0.3125001650187187, 0.375, 0.49999999999997785)
ONE_BITS = 0x3FF0000000000000
HIGH_HALF = -0x100000000


def sqrt(x):
    bits = bitcast(i64, x)
    above = bits - ONE_BITS
    part = above & 0x1FFFFFFFFFFFFF  # of x divided by a power of 4, in [1, 4)
    y = f64(gather(table(f32, ROOTS), part >> 40))
    part = part + ONE_BITS
    a = bitcast(f64, part)
    high = bitcast(f64, part & HIGH_HALF)
    low = a - high
    square = y * y
    e = (1.0 - high * square) - low * square
    p = e * (ROOT[3] + e * (ROOT[2] + e * (ROOT[1] + e * ROOT[0])))
    out = high * y + (low * y + (a * y) * p)
    out = bitcast(f64, bitcast(i64, out) + (above >> 53 << 52))
    return select((x >= 2.0**-1022) & (x < float("inf")), out, root(x))


# --- pieces -----------------------------------------------------------------------------------------------------------
def places(size, first, last):
    """Which eighth of an octave positive numbers lie in, the first from ``2**first`` on being the first (0: below), and how far from its
    middle; the middle of what is below is 0."""
    bits = bitcast(i64, size)
    at = (bits >> 49) - ((1023 + first) * 8 - 1)
    at = select(at < 0, 0, select(at > last, last, at))
    middle = bitcast(f64, (bits & -0x2000000000000) + 0x1000000000000)
    return at, size - select(at > 0, middle, 0.0)


TANH_LAST = len(TANH) // 12 - 1


def tanh(x):
    size = select(absolute(x) > 20.0, 20.0, absolute(x))
    at, d = places(size, -3, TANH_LAST)
    at = at * 12
    c = [gather(table(f64, TANH), at + i) for i in range(12)]
    first = c[2] * d
    lost = fma(c[2], d, -first)
    q = c[11]
    for i in unroll(10, 2, -1):
        q = q * d + c[i]
    total, rest = two_ordered(c[0], first)
    return copysign(total + ((rest + c[1]) + (lost + d * (d * q))), x)


ERF_LAST = len(ERF) // 14 - 1


def erf(x):
    size = select(absolute(x) > 5.99, 5.99, absolute(x))
    at, d = places(size, -4, ERF_LAST)
    at = at * 14
    c = [gather(table(f64, ERF), at + i) for i in range(14)]
    first = c[2] * d
    lost = fma(c[3], d, fma(c[2], d, -first))
    q = c[13]
    for i in unroll(12, 3, -1):
        q = fma(q, d, c[i])
    total, rest = two_ordered(c[0], first)
    return copysign(total + (rest + ((lost + c[1]) + d * d * q)), x)


# --- logarithms -------------------------------------------------------------------------------------------------------
LN2 = (float.fromhex("0x1.62e42fefa2000p-1"), float.fromhex("0x1.9ef35793c7673p-41"))
START = 0x3FE6000000000000  # where mantissas start: 0.6875
SERIES = (-1 / 10, 1 / 9, -1 / 8, 1 / 7, -1 / 6, 1 / 5, -1 / 4, 1 / 3)
INVERSE_LN10 = (float.fromhex("0x1.bcb7b1526e50ep-2"), float.fromhex("0x1.95355baaafad3p-57"))
INVERSE_LN2 = (float.fromhex("0x1.71547652b82fep+0"), float.fromhex("0x1.777d0ffda0d24p-56"))


def log_pair(x):
    """The logarithm of a positive number as a pair."""
    low = x < 2.0**-1022
    bits = bitcast(i64, select(low, x * 2.0**64, x)) - START
    e = whole_number(bits >> 52)
    e = select(low, e - 64.0, e)
    m = bitcast(f64, (bits & 0xFFFFFFFFFFFFF) + START)
    at = (bits >> 45) & 127
    inverse = gather(table(f64, INVERSES), at)
    product = m * inverse
    r = product - 1.0
    r_left = fma(m, inverse, -product)
    square = r * r
    half = square * 0.5
    half_left = fma(fma(r, r, -square), 0.5, r * r_left)
    s, s_left = two_sum(e * LN2[0], gather(table(f64, LOGARITHMS), at))
    t, t_left = two_sum(s, r)
    u, u_left = two_sum(t, -half)
    left = fma(e, LN2[1], gather(table(f64, LOGARITHMS_LEFT), at)) + (s_left + (r_left - half_left))
    left = fma(r * square, polynomial(r, SERIES), left)
    return two_ordered(u, (t_left + u_left) + left)


def log(x):
    d = log_pair(select((x > 0.0) & (x < float("inf")), x, 1.0))
    return log_edges(x, d[0])


def log_by(x, scale):
    d = log_pair(select((x > 0.0) & (x < float("inf")), x, 1.0))
    first = d[0] * scale[0]
    return log_edges(x, first + fma(d[0], scale[1], fma(d[1], scale[0], fma(d[0], scale[0], -first))))


def log2(x):
    return log_by(x, INVERSE_LN2)


def log10(x):
    return log_by(x, INVERSE_LN10)


# --- sines ------------------------------------------------------------------------------------------------------------
#: ``64 / pi``, ``pi / 64`` in two parts, the first with few digits.
PARTS_OF_TURN = 20.371832715762604
PART = (float.fromhex("0x1.921fb54440000p-5"), float.fromhex("0x1.68c234c4c6629p-44"))
SINE = (-1 / 5040, 1 / 120, -1 / 6)
COSINE = (1 / 40320, -1 / 720, 1 / 24, -1 / 2)


def turned(x):
    """``n``, and the sine and the cosine, as two numbers each, of what is left of x without n quarter turns."""
    n, r, low = quarters(x)
    j = rint(r * PARTS_OF_TURN)
    r = r - j * PART[0]
    low = low - j * PART[1]
    r, low = two_ordered(r, low)
    at = bitcast(i64, j + MAGIC) - bitcast(i64, j * 0.0 + (MAGIC - 16.0))
    at = select(at < 0, 0, select(at > 32, 32, at))
    s, s_left = gather(table(f64, SINES), at), gather(table(f64, SINES_LEFT), at)
    c, c_left = gather(table(f64, COSINES), at), gather(table(f64, COSINES_LEFT), at)
    square = r * r
    bend = square * r * polynomial(square, SINE)
    fall = square * polynomial(square, COSINE)
    return n, of_angles(s, s_left, c, c_left, r, low, bend, fall), of_angles(c, c_left, -s, -s_left, r, low, bend, fall)


def of_angles(a, a_left, b, b_left, r, low, bend, fall):
    """``a cos(r + low) + b sin(r + low)``, where ``cos r = 1 + fall`` and ``sin r = r + bend``."""
    first = b * r
    lost = fma(b, r, -first)
    total, rest = two_sum(a, first)
    more = fma(a, fall, fma(b, bend, fma(b, low, fma(b_left, r, a_left))))
    return two_ordered(total, rest + (lost + more))


def sin(x):
    n, s, c = turned(x)
    return select(absolute(x) < 2.0**-27, x, negated(select((n & 1) == 0, s[0], c[0]), n >> 1))


def cos(x):
    n, s, c = turned(x)
    return negated(select((n & 1) == 0, c[0], s[0]), (n + 1) >> 1)


def tan(x):
    n, s, c = turned(x)
    even = (n & 1) == 0
    above, above_left = select(even, s[0], c[0]), select(even, s[1], c[1])
    below, below_left = select(even, c[0], s[0]), select(even, c[1], s[1])
    q = above / below
    rest = fma(-q, below, above)
    out = q + (rest + fma(-q, below_left, above_left)) / below
    return select(absolute(x) < 2.0**-27, x, negated(out, n))
