"""The logarithm of the gamma function, of float32 numbers in float64, and its derivative: the methods of ``special``, without its loops."""

from __future__ import annotations

import math

from .. import special
from ..special import _BERNOULLI
from ..words import absolute, copysign, f32, f64, fma, rint, select, unroll
from .single import COS, SIN
from .wide import INFINITY, NAN, log_normal, polynomial

LARGE = 10.0
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
#: Stirling's series (DLMF 5.11.1 and 5.11.2) in 1 / z**2, highest power first.
STIRLING = tuple(b / (2 * i * (2 * i - 1)) for i, b in reversed([*enumerate(_BERNOULLI, 1)]))
DIGAMMA = special.DIGAMMA_SERIES
DIGAMMA_10 = special.DIGAMMA_10
#: lgamma(2 + z) / z for |z| <= 1/2; 2**-50.7.
NEAR_2 = (
    1.2339094212641133e-06, -2.5554691191715333e-06, 4.2385467301494505e-06, -9.220176549986265e-06,
    2.054188878960976e-05, -4.497367900978975e-05, 9.945250934832138e-05, -0.0002231491230138595,
    0.0005096699350790703, -0.0011927542736234961, 0.0028905103127998236, -0.007385551017287846, 0.02058080842813966,
    -0.06735230105333435, 0.32246703342411115, 0.4227843350984674,
)  # fmt: skip


def sin_pi(fraction):
    """``|sin(pi x)|`` for |x| <= 1/2, and ``|cos(pi x)|``."""
    size = absolute(fraction)
    steep = size > 0.25
    r = select(steep, 0.5 - size, size) * math.pi
    square = r * r
    s = r * fma(square, polynomial(square, SIN), 1.0)
    c = fma(square, fma(square, polynomial(square, COS), -0.5), 1.0)
    return select(steep, c, s), select(steep, s, c)


def lgamma(x):
    """``log |gamma(x)|``: the polynomial around 2 for 0.5 to 2.5; beyond, Stirling's series of an argument that is moved above 10; of
    numbers below 0.5 by reflection. What would be logarithms of their own is multiplied first."""
    wide = f64(x)
    reflected = wide < 0.5
    v = select(reflected, 1.0 - wide, wide)
    near = v <= 2.5
    low = v < 1.5
    z = v
    shifts = f64(1.0) + v * 0.0
    for _ in unroll(10):
        move = z < LARGE
        shifts = select(move, shifts * z, shifts)
        z = select(move, z + 1.0, z)
    inverse = 1.0 / z
    series = polynomial(inverse * inverse, STIRLING) * inverse
    far = (z - 0.5) * log_normal(z) - z + HALF_LOG_2PI + series
    from_2 = v - select(low, f64(1.0), 2.0)
    value = select(near, from_2 * polynomial(from_2, NEAR_2), far)
    factor = select(near, select(low, v, 1.0), shifts)
    sine, _ = sin_pi(wide - rint(wide))
    logarithm = log_normal(select(reflected, math.pi / sine * factor, factor))
    out = f32(select(reflected, logarithm - value, value - logarithm))
    return select(absolute(x) == INFINITY, INFINITY, out)


def digamma(x):
    """The derivative of lgamma in PyTorch's float32 steps, ``special.digamma``: the recurrence to 10, there Stirling's series; of negative
    numbers by reflection, which is rounded from float64."""
    negative = x < 0.0
    z = select(negative, 1.0 - x, x)
    out = select(negative, f32(0.0), 0.0)
    for _ in unroll(10):
        move = z < LARGE
        out = select(move, out - 1.0 / z, out)
        z = select(move, z + 1.0, z)
    square = 1.0 / (z * z)
    series = square * DIGAMMA[0] + DIGAMMA[1]
    for i in unroll(2, len(DIGAMMA)):
        series = series * square + DIGAMMA[i]
    value = out + f32(log_normal(f64(z))) - 0.5 / z - square * series
    value = select(z == LARGE, out + DIGAMMA_10, value)
    wide = f64(x)
    fraction = wide - rint(wide)
    sine, cosine = sin_pi(fraction)
    value = select(negative, value - f32(copysign(math.pi * cosine / sine, fraction)), value)
    value = select(negative and (fraction == 0.0), NAN, value)
    return select(x == 0.0, copysign(f32(INFINITY), -x), value)
