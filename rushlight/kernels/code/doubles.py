"""Exponential and logarithm of float64 numbers in the steps of the SLEEF library (N. Shibata, F. Petrogalli 2020), which PyTorch's
kernels that are vectorised around one (sigmoid, softmax, ...) take: its variants of at most 1.0 units in the last place, for processors
with fused multiply-adds. What carries pairs of numbers is in ``long_pairs``; the exponential and the logarithm that a program names
itself are others (``library``).

What is written here runs in NumPy too (``by_numpy``, ``kernels.doubles``).
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

from ..words import bitcast, f64, floor, fma, gather, i64, rint, select, table
from .wide import MAGIC, clamped, log_edges, power_of_two, whole_number
from .wide import log1p as wide_log1p

#: exp: what numbers are left of x without multiples of ln 2 (in two parts), and the polynomial of what is left, highest power first.
INVERSE_LN2 = 1.442695040888963407359924681001892137426645954152985934135449406931
LN2 = (0.69314718055966295651160180568695068359375, 0.28235290563031577122588448175013436025525412068e-12)
EXP = (
    0.2081276378237164457e-8, 0.2511210703042288022e-7, 0.2755762628169491192e-6, 0.2755723402025388239e-5,
    0.2480158687479686264e-4, 0.1984126989855865850e-3, 0.1388888888914497797e-2, 0.8333333333314938210e-2,
    0.4166666666666602598e-1, 0.1666666666666669072,
)  # fmt: skip
FAR = 1000.0  # beyond, exp is zero or infinite

#: log: ln 2 in two parts, and the series of the inverse hyperbolic tangent, highest power first.
LN2_LONG = (0.693147180559945286226764, 2.319046813846299558417771e-17)
ARTANH = (
    0.1532076988502701353, 0.1525629051003428716, 0.1818605932937785996, 0.2222214519839380009, 0.2857142932794299317,
    0.3999999999635251990, 0.6666666666667333541,
)  # fmt: skip

#: The C library's exp (S. Nagy, 2018): 128 parts of 2, what they leave of the true powers, ln 2 / 128 in two parts, the polynomial.
PARTS = 128 / math.log(2)
PART = (float.fromhex("-0x1.62e42fefa0000p-8"), float.fromhex("-0x1.cf79abc9e3b39p-47"))
QUINTIC = tuple(
    map(float.fromhex, ("0x1.ffffffffffdbdp-2", "0x1.555555555543cp-3", "0x1.55555cf172b91p-5", "0x1.1111167a4d017p-7"))
)


def _powers() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """``2**(k/128)`` for k from 0 to 127, and what its rounding loses, relative to it."""
    with localcontext() as context:
        context.prec = 50
        true = [Decimal(2) ** (Decimal(k) / 128) for k in range(128)]
        rounded = [float(power) for power in true]
        return tuple(rounded), tuple(float(t / Decimal(r) - 1) for t, r in zip(true, rounded, strict=True))


POWERS, POWERS_REST = _powers()


def exp(x):
    x = clamped(x, -FAR, FAR)
    whole = rint(x * INVERSE_LN2)
    s = fma(whole, -LN2[1], fma(whole, -LN2[0], x))
    s2 = s * s
    s4 = s2 * s2
    high = fma(s2, fma(s, EXP[2], EXP[3]), fma(s, EXP[4], EXP[5]))
    low = fma(s2, fma(s, EXP[6], EXP[7]), fma(s, EXP[8], EXP[9]))
    u = fma(s4 * s4, fma(s, EXP[0], EXP[1]), fma(s4, high, low))
    u = fma(fma(fma(u, s, 0.5), s, 1.0), s, 1.0)
    half = floor(
        whole * 0.5
    )  # 2**k in two factors: the first product is exact, so that even a denormal result is rounded once
    return u * power_of_two(half) * power_of_two(whole - half)


def library_exp(x):
    """``doubles.library_exp``: the table and the polynomial of glibc."""
    x = clamped(x, -FAR, FAR)
    k = rint(x * PARTS)
    r = fma(k, PART[1], fma(k, PART[0], x))
    bits = bitcast(i64, k + MAGIC)
    at = bits & 127
    scale = gather(table(f64, POWERS), at)
    square = r * r
    rest = fma(square, fma(r, QUINTIC[1], QUINTIC[0]), gather(table(f64, POWERS_REST), at) + r)
    rest = fma(square * square, fma(r, QUINTIC[3], QUINTIC[2]), rest)
    whole = floor(k * (1 / 128))
    half = floor(whole * 0.5)
    return fma(scale, rest, scale) * power_of_two(half) * power_of_two(whole - half)


def log(x):
    low = x < 2.0**-1022
    size = select(low, x * 2.0**64, x)
    above = (bitcast(i64, size * (1 / 0.75)) >> 52) - 1023
    m = bitcast(f64, bitcast(i64, size) - (above << 52))
    e = whole_number(above)
    e = select(low, e - 64.0, e)
    top, top_low = added(-1.0, m)
    below, below_low = added(1.0, m)
    inverse = 1.0 / below
    q = top * inverse
    error = fma(-below_low, inverse, fma(-below, inverse, 1.0))
    out = of_quotient(e, q, fma(q, error, fma(top_low, inverse, fma(inverse, top, -q))))
    return log_edges(x, out)


def log1p(x):
    above = (bitcast(i64, (x + 1.0) * (1 / 0.75)) >> 52) - 1023
    power = bitcast(f64, 1023 - above << 52)
    m = fma(x, power, power - 1.0)
    below, below_low = added(2.0, m)
    inverse = 1.0 / below
    q = m * inverse
    error = fma(-below_low, inverse, fma(-below, inverse, 1.0))
    out = of_quotient(whole_number(above), q, fma(q, error, fma(inverse, m, -q)))
    usual = (x > -1.0) & (x < 2.0**1000) & (x != 0.0)
    return select(usual, out, wide_log1p(x))


def of_quotient(e, q, q_low):
    q2 = q * q
    q4 = q2 * q2
    rest = fma(q4, fma(q2, ARTANH[3], ARTANH[4]), fma(q2, ARTANH[5], ARTANH[6]))
    series = fma(q4 * q4, fma(q4, ARTANH[0], fma(q2, ARTANH[1], ARTANH[2])), rest)
    first = e * LN2_LONG[0]
    first_low = fma(e, LN2_LONG[1], fma(e, LN2_LONG[0], -first))
    total = first + 2.0 * q
    total_low = ((first - total) + 2.0 * q) + first_low + 2.0 * q_low
    rest = q2 * q * series
    out = total + rest
    return out + (((total - out) + rest) + total_low)


def added(a, b):
    """The sum of a number and a vector, and what its rounding loses."""
    total = b + a
    part = total - a
    return total, (a - (total - part)) + (b - part)
