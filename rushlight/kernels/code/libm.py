"""asinh and acosh of float32 numbers as the C library (glibc up to 2.40) computes them, whom PyTorch and NumPy ask: in steps of float32, by
logarithms of its own (the methods are those of Sun's fdlibm, 1993)."""

from __future__ import annotations

import math

from ..words import absolute, bitcast, copysign, f32, f64, fma, gather, i32, select, sqrt, table
from .wide import INFINITY, NAN

LN2_HIGH, LN2_LOW = 6.9313812256e-01, 9.0580006145e-06
LOG1P = (
    1.4798198640e-01, 1.5313838422e-01, 1.8183572590e-01, 2.2222198546e-01, 2.8571429849e-01, 4.0000000596e-01, 6.6666668653e-01,
)  # fmt: skip


#: 1 / c for 16 numbers c, one for each 16th of an octave from 0.7 on; and log(1 + r) - r of small r, r**2 and up, highest power first.
INVERSES = tuple(
    float.fromhex(c)
    for c in (
        "0x1.661ec79f8f3bep+0", "0x1.571ed4aaf883dp+0", "0x1.49539f0f010bp+0", "0x1.3c995b0b80385p+0", "0x1.30d190c8864a5p+0",
        "0x1.25e227b0b8eap+0", "0x1.1bb4a4a1a343fp+0", "0x1.12358f08ae5bap+0", "0x1.0953f419900a7p+0", "0x1p+0",
        "0x1.e608cfd9a47acp-1", "0x1.ca4b31f026aap-1", "0x1.b2036576afce6p-1", "0x1.9c2d163a1aa2dp-1", "0x1.886e6037841edp-1",
        "0x1.767dcf5534862p-1",
    )
)  # fmt: skip
LOGARITHMS = tuple(-math.log(c) for c in INVERSES)
LOG = tuple(map(float.fromhex, ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")))


def log(x):
    """The logarithm of positive normal numbers, by a table (S. Nagy's, 2017), in float64: ``x = 2**k c (1 + r)``."""
    bits = bitcast(i32, x)
    above = bits - 0x3F330000
    part = (above >> 19) & 15
    k = above >> 23
    r = fma(f64(bitcast(f32, bits - (k << 23))), gather(table(f64, INVERSES), part), -1.0)
    first = gather(table(f64, LOGARITHMS), part) + f64(k) * math.log(2)
    square = r * r
    return f32((LOG[0] * square + (LOG[1] * r + LOG[2])) * square + (first + r))


def log1p(x):
    """``log(1 + x)`` of positive numbers: ``u = 1 + x`` as ``2**k (1 + f)`` and what was lost of it."""
    near = x < bitcast(f32, i32(0x3ED413D7))
    u = x + 1.0
    bits = bitcast(i32, u)
    k = (bits >> 23) - 127
    lost = select(k > 0, 1.0 - (u - x), x - (u - 1.0)) / u
    digits = bits & 0x7FFFFF
    low = digits < 0x3504F7
    u = bitcast(f32, digits | select(low, i32(0x3F800000), 0x3F000000))
    digits = select(low, digits, (0x800000 - digits) >> 2)
    k = select(low, k, k + 1)
    k = select(near, 0, k)
    f = select(near, x, u - 1.0)
    lost = select(near, 0.0, lost)
    e = f32(k)
    half = f * 0.5 * f
    tail = e * LN2_LOW + lost
    flat = half * (1.0 - 0.66666666666666666 * f)
    s = f / (f + 2.0)
    z = s * s
    series = z * LOG1P[0] + LOG1P[1]
    series = z * series + LOG1P[2]
    series = z * series + LOG1P[3]
    series = z * series + LOG1P[4]
    series = z * series + LOG1P[5]
    series = z * (z * series + LOG1P[6])
    usual = select(k == 0, f - (half - s * (half + series)), e * LN2_HIGH - ((half - (s * (half + series) + tail)) - f))
    small = select(k == 0, f - flat, e * LN2_HIGH - ((flat - tail) - f))
    small = select(f == 0.0, e * LN2_HIGH + tail, small)
    out = select((digits == 0) and not near, small, usual)
    out = select(x < 2.0**-29, x - x * x * 0.5, out)
    return select(x < 2.0**-54, x, out)


def asinh(x):
    size = absolute(x)
    square = size * size
    root = sqrt(square + 1.0)
    by_log = size > 2.0
    inside = select(size > 2.0**15, size, 2.0 * size + 1.0 / (root + size))
    far = log(inside)
    far = select(size > 2.0**15, far + LN2, far)
    near = log1p(select(by_log, 1.0, size + square / (root + 1.0)))
    out = copysign(select(by_log, far, near), x)
    out = select(size < 2.0**-15, x, out)
    return select(size < INFINITY, out, x)


LN2 = 6.9314718246e-01


def acosh(x):
    square = x * x
    inside = select(x >= 2.0**28, x, 2.0 * x - 1.0 / (x + sqrt(square - 1.0)))
    far = log(inside)
    far = select(x >= 2.0**28, far + LN2, far)
    t = x - 1.0
    near = log1p(select(x > 2.0, 1.0, t + sqrt(2.0 * t + t * t)))
    out = select(x > 2.0, far, near)
    out = select(x < INFINITY, out, x)
    return select(x < 1.0, NAN, out)
