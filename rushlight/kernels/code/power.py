"""``x ** exponent`` in the steps of PyTorch's vectors of float32: ``kernels.power`` and ``kernels.pairs``, which say more."""

from __future__ import annotations

from ..power import _EXP, _LN2, _LN2_HIGH, _LN2_LOW, _LOG, _THIRD
from ..words import bitcast, f32, f64, fma, i32, rint, select, unroll
from .pairs import add, div, mul, scale, square, two_sum
from .wide import clamped, power_of_two

LOG, THIRD, LN2, EXP = (tuple(map(float, x)) for x in (_LOG, _THIRD, _LN2, _EXP))
LN2_HIGH, LN2_LOW = float(_LN2_HIGH), float(_LN2_LOW)
INVERSE_LN2 = 1.4426950408889634


def log_pair(x):
    """The logarithm of positive numbers: ``x = m * 2**e`` with ``m`` in [0.75, 1.5)."""
    low = x < 2.0**-126
    bits = bitcast(i32, select(low, x * 2.0**24, x))
    e = (bits - 0x3F400000) >> 23
    m = bitcast(f32, bits - (e << 23))
    exponent = f32(select(low, e - 24, e))
    r = div(two_sum(m, -1.0), two_sum(m, 1.0))
    r2 = square(r)
    t = fma(fma(r2[0], LOG[0], LOG[1]), r2[0], LOG[2])
    first = exponent * LN2[0]
    s = add((first, fma(exponent, LN2[1], fma(exponent, LN2[0], -first))), (r[0] + r[0], r[1] + r[1]))
    more = scale(r2, t)
    series = THIRD[0] + more[0]
    rest = ((THIRD[0] - series) + more[0]) + THIRD[1] + more[1]
    return add(s, mul(mul(r2, r), (series, rest)))


def exp_pair(d):
    q = rint((d[0] + d[1]) * INVERSE_LN2)
    high, low = two_sum(d[0], q * -LN2_HIGH)
    s = high, low + d[1]
    high, low = two_sum(s[0], q * -LN2_LOW)
    s = high, low + s[1]
    total = s[0] + s[1]
    s = total, (s[0] - total) + s[1]
    u = fma(s[0], EXP[0], EXP[1])
    for i in unroll(2, 5):
        u = fma(u, s[0], EXP[i])
    t = add(s, scale(square(s), u))
    high = 1.0 + t[0]
    u = high + (((1.0 - high) + t[0]) + t[1])
    return f32(f64(u) * power_of_two(f64(clamped(q, -200.0, 200.0))))
