"""Functions of float64 numbers or vectors, out of which the instructions of loops (``functions``) are made.

Each is a reduction to a short interval and a polynomial, the steps of the C libraries of old (W. J. Cody and W. Waite, "Software Manual for
the Elementary Functions", 1980). The polynomials are minimax ones (E. Remez 1934) and come from ``bench/minimax.py``, highest power
first, with the error that they leave relative to the function. Nothing here decides by a value: all lanes take the same steps, but for
sines of numbers above ``EXACT``.
"""

from __future__ import annotations

import math

from ..words import (
    absolute,
    any_lane,
    bitcast,
    copysign,
    f64,
    fma,
    gather,
    i64,
    rint,
    select,
    sqrt,
    table,
    u64,
    unroll,
)

INFINITY, NAN = math.inf, math.nan

MAGIC = 1.5 * 2.0**52  # added to a number below 2**51, it leaves the nearest integer in the lowest bits
MAGIC_BITS = 0x4338000000000000


def polynomial(x, coefficients):
    """By Horner's rule, the highest power first."""
    out = fma(x, coefficients[0], coefficients[1])
    for i in unroll(2, len(coefficients)):
        out = fma(out, x, coefficients[i])
    return out


def clamped(x, least, most):
    """``x`` between two numbers; NaN stays."""
    x = select(x < least, least, x)
    return select(x > most, most, x)


def power_of_two(k):
    """``2.0 ** k`` of whole float64 numbers from -1022 to 1023, by the bits of the result."""
    return bitcast(f64, (bitcast(i64, k + MAGIC) << 52) + (1023 << 52))


def whole_number(n):
    """A small i64 as f64: processors before AVX-512 have no instruction for it."""
    return bitcast(f64, n + MAGIC_BITS) - MAGIC


# --- exponentials -----------------------------------------------------------------------------------------------------
#: ln 2 in two parts, the first so short that its product with an exponent is exact.
LN2 = (float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45"))
INVERSE_LN2, INVERSE_LN10 = 1 / math.log(2), 1 / math.log(10)

#: (exp(r) - 1 - r) / r**2 for |r| <= ln 2 / 2; 2**-61.7 of exp(r) - 1.
EXP = (
    2.092445646071897e-09, 2.51090734697043e-08, 2.755724270571923e-07, 2.7557244107779557e-06, 2.4801587360650682e-05,
    0.00019841269886223235, 0.0013888888888866754, 0.008333333333321594, 0.0416666666666667, 0.16666666666666677,
    0.5,
)  # fmt: skip


def exp_parts(x):
    """``k`` and ``exp(r) - 1`` with ``x = k ln 2 + r``."""
    k = rint(x * INVERSE_LN2)
    r = fma(k, -LN2[1], fma(k, -LN2[0], x))
    return k, fma(r * r, polynomial(r, EXP), r)


def exp_normal(x):
    """``exp(x)`` for x between -708 and 709."""
    k, rest = exp_parts(x)
    return (rest + 1.0) * power_of_two(k)


# --- logarithms -------------------------------------------------------------------------------------------------------
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD

#: (log((1 + s) / (1 - s)) / s - 2) / s**2 of s**2, for |s| up to (sqrt 2 - 1) / (sqrt 2 + 1); 2**-59.5.
LOG = (
    0.1479655591276046, 0.15313993810398108, 0.18183566387007324, 0.2222219853667504, 0.2857142874271193, 0.3999999999941336,
    0.6666666666666735,
)  # fmt: skip


def log_parts(x):
    """``k`` and ``m - 1`` with ``x = m 2**k``, m in [sqrt 1/2, sqrt 2), for positive numbers that are not denormal."""
    bits = bitcast(i64, x) - SQRT_HALF_BITS
    return whole_number(bits >> 52), bitcast(f64, (bits & 0xFFFFFFFFFFFFF) + SQRT_HALF_BITS) - 1.0


def log_of_parts(k, f, rest):
    """``k ln 2 + log(1 + f) + rest``, the greatest added last: ``log(1 + f) = f - (f**2 / 2 - s (f**2 / 2 + R))``."""
    s = f / (f + 2.0)
    square = s * s
    half = f * f * 0.5
    tail = fma(s, fma(square, polynomial(square, LOG), half), fma(k, LN2[1], rest))
    return fma(k, LN2[0], f - (half - tail))


def log_edges(x, out):
    """``out`` with the logarithms of zero, infinity, NaN and negative numbers."""
    out = select(x < INFINITY, out, x)
    out = select(x == 0.0, -INFINITY, out)
    return select(x < 0.0, NAN, out)


def log_normal(x):
    """``log(x)`` of numbers that are not denormal."""
    k, f = log_parts(x)
    return log_edges(x, log_of_parts(k, f, 0.0))


def log(x):
    """``log(x)``: denormal numbers are multiplied first."""
    low = x < 2.0**-1022
    k, f = log_parts(select(low, x * 2.0**54, x))
    return log_edges(x, log_of_parts(select(low, k - 54.0, k), f, 0.0))


def log1p(x):
    """``log(u) + c / u`` with ``u = 1 + x`` rounded and ``c`` what was lost; near 0 ``log(1 + f)`` of ``f = x`` itself."""
    u = x + 1.0
    lost = select(x < 1.0, x - (u - 1.0), 1.0 - (u - x))
    k, f = log_parts(u)
    near = k == 0.0
    out = log_of_parts(k, select(near, x, f), select(near, 0.0, lost / u))
    out = select(x < INFINITY, out, x)
    out = select(x == -1.0, -INFINITY, out)
    out = select(x < -1.0, NAN, out)
    return select(absolute(x) < 2.0**-54, x, out)


# --- sines ------------------------------------------------------------------------------------------------------------
#: pi / 2 in three parts. Products with whole numbers up to ``EXACT`` and a fused subtraction leave the rest exactly.
HALF_PI = (math.pi / 2, float.fromhex("0x1.1a62633145c07p-54"), float.fromhex("-0x1.f1976b7ed8fbcp-110"))
TWO_OVER_PI = 2 / math.pi
EXACT = 2.0**30


def quarters(x):
    """``n`` and ``r + low`` with ``x = n pi / 2 + r + low``, |r| little above pi / 4; only the last bits of ``n`` are right."""
    k = rint(x * TWO_OVER_PI)
    n = bitcast(i64, k + MAGIC)
    first = fma(k, -HALF_PI[0], x)  # exact
    product = k * HALF_PI[1]
    r = first - product
    taken = r - first
    low = (first - (r - taken)) - (product + taken)
    low = low - fma(k, HALF_PI[1], -product) - k * HALF_PI[2]
    far = absolute(x) > EXACT
    if any_lane(far):
        more, far_r, far_low = far_quarters(x)
        n = select(far, more, n)
        r = select(far, far_r, r)
        low = select(far, far_low, low)
    return n, r, low


def _digits():
    """2 / pi as whole numbers of 32 bits, one of zeros before them."""
    # pi by Machin's formula in whole numbers, 1300 binary digits
    one = 1 << 1300

    def arctan_of_one_over(n):
        total = term = one // n
        sign, k = -1, 3
        while term:
            term //= n * n
            total += sign * (term // k)
            sign, k = -sign, k + 2
        return total

    pi = 4 * (4 * arctan_of_one_over(5) - arctan_of_one_over(239))
    digits = (2 << 1300 + 32 * 40) // pi  # 2 / pi, 32 * 40 digits after the point
    return (0, *((digits >> 32 * (39 - i)) & 0xFFFFFFFF for i in range(40)))


DIGITS = _digits()
LOW = 0xFFFFFFFF


def far_quarters(x):
    """The same for large numbers, by M. Payne and R. Hanek's method ("Radian reduction for trigonometric functions", 1983).

    ``x = m 2**q`` with whole m; of ``x 2 / pi`` only those digits are computed that are neither multiples of 4 nor below 2**-126.
    """
    bits = bitcast(u64, x)
    q = i64((bits >> 52) & 2047) - 1075
    m = (bits & 0xFFFFFFFFFFFFF) + (1 << 52)
    m0, m1 = m & LOW, m >> 32
    at = q + 30  # how many of the digits of 0 and 2 / pi come before those of the weight 2
    at = select(at < 0, 0, at)
    word, shift = at >> 5, u64(at & 31)
    words = [gather(table(u64, DIGITS), word + i) for i in range(7)]
    v = [((words[i] << shift) & LOW) | (words[i + 1] >> (32 - shift)) for i in range(6)]
    # v, in units of 2**-190, times m: schoolbook multiplication, the lowest digits first
    carry = v[0] * 0
    above = v[0] * 0
    d = [v[0], v[0], v[0], v[0], v[0], v[0]]
    for i in unroll(5, -1, -1):
        product = v[i] * m0 + (above & LOW)
        d[i] = (product & LOW) + carry
        carry = (product >> 32) + (above >> 32) + (d[i] >> 32)
        d[i] = d[i] & LOW
        above = v[i] * m1
    nearest = ((d[0] + (1 << 29)) >> 30) & 3
    high = i64((d[0] << 32) + d[1] - (nearest << 62))  # from -1/2 to 1/2, in units of 2**-62
    wide = f64(high)
    rest = fma(f64(high - i64(wide)), 2.0**-62, f64(i64(((d[2] << 32) + d[3]) >> 1)) * 2.0**-125)
    wide = wide * 2.0**-62
    r = wide * HALF_PI[0]
    low = fma(wide, HALF_PI[0], -r) + fma(wide, HALF_PI[1], rest * HALF_PI[0])
    negative = x < 0.0
    n = select(negative, 0 - i64(nearest), i64(nearest))
    total = r + low  # as r may be 0 where low is not
    low = low - (total - r)
    total = select(negative, -total, total) + (x - x)  # NaN of infinity
    return n, total, select(negative, -low, low)


def negated(x, bit):
    """``x`` with its sign changed where the lowest bit of an i64 is set."""
    return bitcast(f64, bitcast(i64, x) ^ (bit << 63))


#: (atan(t) / t - 1) / t**2 of t**2, for |t| <= sqrt 2 - 1; 2**-59.5.
ATAN = (
    -0.017921013571374236, 0.03807719694645566, -0.05039802624739084, 0.05847999727333613, -0.0666311917133163,
    0.07692061535452312, -0.09090897831059012, 0.1111111078596374, -0.14285714280245349, 0.19999999999954055,
    -0.333333333333332,
)  # fmt: skip
TAN_EIGHTH = math.sqrt(2) - 1


def atan_quotient(n, d):
    """The angle between 0 and pi / 2 whose tangent is ``n / d``, neither negative; by which eighth of a turn it lies in."""
    steep = d < n * TAN_EIGHTH
    middle = n > d * TAN_EIGHTH
    above = select(steep, -d, select(middle, n - d, n))
    below = select(steep, n, select(middle, n + d, d))
    t = above / below
    square = t * t
    out = fma(t * square, polynomial(square, ATAN), t)
    base = select(steep, f64(math.pi / 2), select(middle, f64(math.pi / 4), 0.0))
    return out + base


def asin(x):
    """As an angle of a right triangle with the sides x and ``sqrt((1 - x) (1 + x))``."""
    size = absolute(x)
    return copysign(atan_quotient(size, sqrt((1.0 - size) * (1.0 + size))), x)


def acos(x):
    size = absolute(x)
    out = atan_quotient(sqrt((1.0 - size) * (1.0 + size)), size)
    return select(x < 0.0, math.pi - out, out)


# --- the error function -----------------------------------------------------------------------------------------------
#: erf(x) / x - 1 of x**2, for |x| <= 1; 2**-62.8.
ERF = (
    5.960685338520971e-11, -1.137495573607015e-09, 1.466032872274226e-08, -1.6350396222864617e-07, 1.64610084778027e-06,
    -1.4925595772180906e-05, 0.0001205533113295582, -0.0008548326981425542, 0.005223977624828431, -0.026866170645077875,
    0.11283791670954885, -0.3761263890318375, 0.1283791670955126,
)  # fmt: skip
#: (1 + 2 x) exp(x**2) erfc(x) of (x - 3) / (x + 3), for x from 1 to 10.2, where float32's erfc is 0 (M. Shepherd and J. Laframboise,
#: Math. Comp. 36, 1981); 2**-53.1.
ERFC = (
    1.0397177524368328e-08, 2.8698938487337994e-06, -4.5791848721239857e-07, -1.9839691968539733e-05, 4.847378555001066e-06,
    0.00012503796846361395, -0.00010513912710000176, -0.0007798239305423787, 0.0018886880053250188, 0.0025293911659622446,
    -0.02377051477229609, 0.06830802737111139, -0.11927366341978063, 0.12964515870224752, -0.047562294353398815,
    -0.1356211061245783, 1.2530080582697296,
)  # fmt: skip
FARTHEST = 10.2


def erf_near(x):
    """erf(x) for |x| <= 1."""
    return fma(x, polynomial(x * x, ERF), x)


def erfc_far(x, falling):
    """erfc(x) for x from 1 to ``FARTHEST``, given ``exp(-x * x)``; both quotients by one division."""
    a, b = x + 3.0, fma(2.0, x, 1.0)
    inverse = 1.0 / (a * b)
    return falling * polynomial((x - 3.0) * b * inverse, ERFC) * (a * inverse)


def erfc(x):
    """``1 - erf(x)``, accurate where that is tiny, for numbers that float32 has."""
    size = clamped(absolute(x), 0.0, FARTHEST)
    far = erfc_far(size, exp_normal(-(size * size)))
    near = erf_near(size)
    positive = select(size < 1.0, 1.0 - near, far)
    negative = select(size < 1.0, 1.0 + near, 2.0 - far)
    return select(x < 0.0, negative, positive)


def erfinv(y, centre, tail):
    """The x with ``erf(x) = y`` for numbers that float32 has: a start by M. Giles' polynomials ("Approximating the erfinv function",
    2010), then E. Halley's step, which leaves a third power of its error."""
    size = absolute(y)
    v = select(size < 1.0, size, 0.0)
    w = -log_normal((1.0 - v) * (1.0 + v))
    x = v * select(w < 5.0, polynomial(w - 2.5, centre), polynomial(sqrt(w) - 3.0, tail))
    falling = exp_normal(-(x * x))
    # Near 1 the difference is taken between the complements, which have not lost their digits.
    difference = select(x < 1.0, erf_near(x) - v, (1.0 - v) - erfc_far(x, falling))
    step = difference / (falling * (2.0 / math.sqrt(math.pi)))
    x = x - step / (1.0 + x * step)
    out = select(size == 1.0, INFINITY, x)
    return copysign(select(size <= 1.0, out, NAN), y)
