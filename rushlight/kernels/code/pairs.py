"""Functions of float32 numbers in which two numbers carry what one cannot, as PyTorch's vectors compute them.

The methods and coefficients are the SLEEF library's (N. Shibata and F. Petrogalli, "SLEEF: A portable vectorized library of C standard
mathematical functions", 2020). A pair is a tuple of two numbers whose sum it stands for, the greater first (Dekker 1971, with fused
multiply-adds). What is written here runs in NumPy too (``by_numpy``): it decides by ``select`` alone.
"""

from __future__ import annotations

import math

from ..words import absolute, bitcast, copysign, f32, fma, i32, rint, select, unroll

INFINITY, NAN = math.inf, math.nan


# --- arithmetic -------------------------------------------------------------------------------------------------------
def two_sum(a, b):
    """The sum of two numbers and its rounding error, exactly."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def add(a, b):
    """The sum of two pairs, ``a`` the greater."""
    s = a[0] + b[0]
    return s, (((a[0] - s) + b[0]) + a[1]) + b[1]


def add_any(a, b):
    """The sum of two pairs."""
    s, rest = two_sum(a[0], b[0])
    return s, rest + (a[1] + b[1])


def add_number(a, b):
    """The sum of a pair and a number."""
    s, rest = two_sum(a[0], b)
    return s, rest + a[1]


def one_plus(b):
    """1 and a smaller pair."""
    s = 1.0 + b[0]
    return s, ((1.0 - s) + b[0]) + b[1]


def subtract(a, b):
    """The difference of two pairs, ``a`` the greater."""
    s = a[0] - b[0]
    return s, (((a[0] - s) - b[0]) + a[1]) - b[1]


def mul(a, b):
    s = a[0] * b[0]
    return s, fma(a[0], b[1], fma(a[1], b[0], fma(a[0], b[0], -s)))


def scale(a, b):
    """The product of a pair and a number."""
    s = a[0] * b
    return s, fma(a[1], b, fma(a[0], b, -s))


def square(a):
    s = a[0] * a[0]
    return s, fma(a[0] + a[0], a[1], fma(a[0], a[0], -s))


def div(n, d):
    t = 1.0 / d[0]
    s = n[0] * t
    v = fma(-d[1], t, fma(-d[0], t, 1.0))
    return s, fma(s, v, fma(n[1], t, fma(t, n[0], -s)))


def reciprocal(d):
    s = 1.0 / d[0]
    return s, s * fma(-d[1], s, fma(-d[0], s, 1.0))


def horner(x, coefficients):
    """A polynomial, the highest power first."""
    out = fma(x, coefficients[0], coefficients[1])
    for i in unroll(2, len(coefficients)):
        out = fma(out, x, coefficients[i])
    return out


def doubled(x, k):
    """``x * 2**k`` for a small whole number of type i32, in two factors."""
    half = k >> 1
    return x * bitcast(f32, half + 127 << 23) * bitcast(f32, (k - half) + 127 << 23)


def within(x, most):
    """``x``, or what is most of its size."""
    return select(absolute(x) > most, copysign(most, x), x)


# --- exponentials -----------------------------------------------------------------------------------------------------
INVERSE_LN2, LN2_HIGH, LN2_LOW = 1.4426950408889634, 0.693145751953125, 1.428606765330187045e-06
EXP = (0.1980960224e-3, 0.1394256484e-2, 0.8333456703e-2, 0.4166637361e-1)
EXP_THIRD = 0.166666659414234244790680580464


def exp_pair(x):
    """``exp(x)`` of numbers up to 104 in size as a pair."""
    q = rint(x * INVERSE_LN2)
    s = two_sum(x, q * -LN2_HIGH)
    s = add_number(s, q * -LN2_LOW)
    u = horner(s[0], EXP)
    t = add_number(scale(s, u), EXP_THIRD)
    t = add_number(mul(s, t), 0.5)
    t = one_plus(add_any(s, mul(square(s), t)))
    k = i32(q)
    return doubled(t[0], k), doubled(t[1], k)


def expm1(x):
    d = add_number(exp_pair(within(x, 100.0)), -1.0)
    out = d[0] + d[1]
    out = select(x > 88.72283172607421875, INFINITY, out)
    out = select(x < -16.635532333438687426013570, -1.0, out)
    return select(x == 0.0, x, out)


def sinh(x):
    d = exp_pair(within(absolute(x), 89.0))
    d = subtract(d, reciprocal(d))
    out = (d[0] + d[1]) * 0.5
    return copysign(select(out == out, select(absolute(x) > 89.0, INFINITY, out), absolute(x) + INFINITY), x)


def cosh(x):
    d = exp_pair(within(absolute(x), 89.0))
    d = add(d, reciprocal(d))
    out = (d[0] + d[1]) * 0.5
    return select(out == out, select(absolute(x) > 89.0, INFINITY, out), absolute(x) + INFINITY)


TANH_ONE = 8.664339742


def tanh(x):
    d = exp_pair(within(absolute(x), 9.0))
    e = reciprocal(d)
    d = div(add(d, (-e[0], -e[1])), add(d, e))
    out = select(absolute(x) > TANH_ONE, 1.0, d[0] + d[1])
    return copysign(out, x)


EXP2 = (0.1535920892e-3, 0.1339262701e-2, 0.9618384764e-2, 0.5550347269e-1, 0.2402264476, 0.6931471825, 1.0)


def exp2(x):
    near = select(x < -151.0, -151.0, select(x > 129.0, 129.0, x))
    q = rint(near)
    out = doubled(horner(near - q, EXP2), i32(q))
    return select(x >= 128.0, INFINITY, select(x < -150.0, 0.0, out))


# --- logarithms -------------------------------------------------------------------------------------------------------
LOG = (0.2392828464508056640625, 0.28518211841583251953125, 0.400005877017974853515625, 0.666666686534881591796875)
LN2 = (0.69314718246459960938, -1.904654323148236017e-09)


def log_pair(d):
    """The logarithm of a pair that is positive, normal and finite."""
    e = (bitcast(i32, d[0] * (1.0 / 0.75)) >> 23) - 127
    power = bitcast(f32, 127 - e << 23)
    m = d[0] * power, d[1] * power
    x = div(add_number(m, -1.0), add_number(m, 1.0))
    x2 = square(x)
    t = horner(x2[0], LOG)
    exponent = f32(e)
    first = exponent * LN2[0]
    s = first, fma(exponent, LN2[1], fma(exponent, LN2[0], -first))
    s = add(s, (x[0] * 2.0, x[1] * 2.0))
    return add(s, scale(mul(x2, x), t))


def atanh(x):
    size = absolute(x)
    inside = select(size < 1.0, size, 0.0)
    d = log_pair(div(two_sum(inside, 1.0), two_sum(-inside, 1.0)))
    out = select(size == 1.0, INFINITY, select(size < 1.0, (d[0] + d[1]) * 0.5, NAN))
    return copysign(out, x)


# --- angles -----------------------------------------------------------------------------------------------------------
ATAN = (
    -0.00176397908944636583328247, 0.0107900900766253471374512, -0.0309564601629972457885742, 0.0577365085482597351074219,
    -0.0838950723409652709960938, 0.109463557600975036621094, -0.142626821994781494140625, 0.199983194470405578613281,
)  # fmt: skip
ATAN_THIRD = -0.333332866430282592773438
HALF_PI = (1.5707963705062866211, -4.3711388286737928865e-08)


def atan2(y, x):
    small = absolute(x) < 2.9387373e-39
    x = select(small, x * 16777216.0, x)
    y = select(small, y * 16777216.0, y)
    height, length = absolute(y), absolute(x)
    steep = length < height
    quarters = select(x < 0.0, f32(-2.0), 0.0) + select(steep, f32(1.0), 0.0)
    above = select(steep, -length, height)
    below = select(steep, height, length)
    usual = select(below > 0.0, below, 1.0)
    s = div((select(usual < INFINITY, above, 0.0), 0.0), (select(usual < INFINITY, usual, 1.0), 0.0))
    t = square(s)
    total = t[0] + t[1]
    t = total, (t[0] - total) + t[1]
    u = horner(t[0], ATAN)
    third = two_ordered(ATAN_THIRD, u * t[0])
    t = mul(s, one_plus(mul(t, third)))
    first = quarters * HALF_PI[0]
    turned = first, fma(quarters, HALF_PI[1], fma(quarters, HALF_PI[0], -first))
    t = add(turned, t)
    out = copysign_times(t[0] + t[1], x)
    endless = select(length == INFINITY, copysign(math.pi / 2, x), 0.0)
    out = select(length == INFINITY, math.pi / 2 - endless, select(x == 0.0, math.pi / 2, out))
    endless = select(length == INFINITY, copysign(math.pi / 4, x), 0.0)
    out = select(height == INFINITY, math.pi / 2 - endless, out)
    out = select(y == 0.0, select(bitcast(i32, x) < 0, f32(math.pi), 0.0), out)
    out = copysign(out, y)
    return select(x == x, select(y == y, out, y), x)


def two_ordered(a, b):
    """The sum of two numbers and what it has lost, ``a`` the greater."""
    s = a + b
    return s, (a - s) + b


def copysign_times(x, sign):
    """``x`` with the sign of both."""
    return select(bitcast(i32, sign) < 0, -x, x)
