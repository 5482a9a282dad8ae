"""Functions of float32 numbers in float64, with as many digits as their rounding to float32 needs: to 2**-47, so that one result in
some millions falls to the other side of the middle between two numbers.

The same steps as in ``wide``, with shorter polynomials (``bench/minimax.py``). A division costs less than an estimate and a step of
Newton's: it goes on beside the multiplications.
"""

from __future__ import annotations

import math

from .. import vectors
from ..words import absolute, any_lane, bitcast, copysign, f32, f64, fma, i32, i64, select
from .wide import (
    EXACT,
    HALF_PI,
    INVERSE_LN2,
    MAGIC,
    TWO_OVER_PI,
    clamped,
    far_quarters,
    log_edges,
    negated,
    polynomial,
)

LN2 = math.log(2)


# --- exponentials -----------------------------------------------------------------------------------------------------
#: (exp(r) - 1 - r) / r**2 for |r| <= ln 2 / 2; 2**-49.4 of exp(r) - 1.
EXP = (
    2.763153820244251e-07, 2.763080709742498e-06, 2.4801490946605047e-05, 0.00019841195591592886,
    0.0013888888943737652, 0.008333333362893413, 0.041666666666540314, 0.16666666666630084, 0.5000000000000008,
)  # fmt: skip


def exp_parts(x):
    """``2**k`` and ``exp(r) - 1`` with ``x = k ln 2 + r``, of float64 numbers that float32 numbers were."""
    whole = fma(x, INVERSE_LN2, MAGIC)  # the nearest integer, in its lowest bits
    r = fma(whole - MAGIC, -LN2, x)
    power = bitcast(f64, (bitcast(i64, whole) << 52) + (1023 << 52))
    return power, fma(r * r, polynomial(r, EXP), r)


def exp(x):
    power, rest = exp_parts(f64(clamped(x, vectors.LEAST_SINGLE, vectors.MOST_SINGLE)))
    return f32((rest + 1.0) * power)


def tanh(x):
    """``t / (t + 2)``, ``t = exp(2 |x|) - 1``, with the sign of x."""
    size = absolute(f64(x))
    size = select(size > 22.0, 22.0, size)
    power, rest = exp_parts(size + size)
    return copysign(f32(fma(power, rest, power - 1.0) / fma(power, rest, power + 1.0)), x)


# --- logarithms -------------------------------------------------------------------------------------------------------
SQRT_HALF_BITS = 0x3F3504F3

#: (log((1 + s) / (1 - s)) / s - 2) / s**2 of s**2, for |s| up to (sqrt 2 - 1) / (sqrt 2 + 1); 2**-52.2.
LOG = (
    0.16820430530413755, 0.18123594849406302, 0.22223373060024454, 0.2857141711201923, 0.4000000005237128,
    0.6666666666658705,
)  # fmt: skip


def log(x, scale):
    """``log(x) * scale``: ``x = m 2**e``, m in [sqrt 1/2, sqrt 2), parted before it is made wide."""
    low = x < 2.0**-126
    bits = bitcast(i32, select(low, x * 2.0**24, x)) - SQRT_HALF_BITS
    e = bits >> 23
    f = f64(bitcast(f32, (bits & 0x7FFFFF) + SQRT_HALF_BITS)) - 1.0
    s = f / (f + 2.0)
    square = s * s
    series = fma(square, polynomial(square, LOG), 2.0)
    return log_edges(x, f32(fma(f64(select(low, e - 24, e)), LN2 * scale, s * scale * series)))


# --- sines ------------------------------------------------------------------------------------------------------------
#: (sin(r) / r - 1) / r**2 and (cos(r) - 1 + r**2 / 2) / r**4 of r**2, for |r| <= pi / 4; 2**-47.6 and 2**-53.5.
SIN = (
    -2.476166692392976e-08, 2.7555357955335194e-06, -0.00019841263823930827, 0.00833333332527357,
    -0.16666666666631602,
)  # fmt: skip
COS = (
    2.0647726465721525e-09, -2.7555566941295135e-07, 2.4801580970527683e-05, -0.0013888888878271382,
    0.04166666666660223,
)  # fmt: skip


def quarters(x):
    """``n`` and ``r`` with ``x = n pi / 2 + r``, |r| little above pi / 4; only the last bits of ``n`` are right."""
    wide = f64(x)
    whole = fma(wide, TWO_OVER_PI, MAGIC)
    n = bitcast(i64, whole)
    k = whole - MAGIC
    r = fma(k, -HALF_PI[1], fma(k, -HALF_PI[0], wide))
    far = absolute(x) > EXACT
    if any_lane(far):
        more, far_r, _ = far_quarters(wide)
        n = select(far, more, n)
        r = select(far, far_r, r)
    return n, r


def sin_near(r, square):
    return r * fma(square, polynomial(square, SIN), 1.0)


def cos_near(square):
    return fma(square, fma(square, polynomial(square, COS), -0.5), 1.0)


def sin(x):
    n, r = quarters(x)
    square = r * r
    return f32(negated(select((n & 1) == 0, sin_near(r, square), cos_near(square)), n >> 1))


def cos(x):
    n, r = quarters(x)
    square = r * r
    return f32(negated(select((n & 1) == 0, cos_near(square), sin_near(r, square)), (n + 1) >> 1))


def tan(x):
    n, r = quarters(x)
    square = r * r
    s, c = sin_near(r, square), cos_near(square)
    even = (n & 1) == 0
    return f32(negated(select(even, s, c) / select(even, c, s), n))


# --- the error function -----------------------------------------------------------------------------------------------
#: erf(x) / x - 1 of x**2 for |x| <= 1, 2**-51.3; erfc(x) of x - 2.5 for x from 1 to 4, beyond which float32's erf is 1, to 2**-48.6 of 1.
ERF = (
    9.436045620263083e-09, -1.5192008885329062e-07, 1.6311149423557586e-06, -1.4913394294125429e-05,
    0.00012054688566024278, -0.0008548305164706864, 0.005223977161964654, -0.026866170587708373, 0.1128379167058991,
    -0.3761263890317469, 0.1283791670955122,
)  # fmt: skip
ERFC_TO_4 = (
    2.2072942811830984e-12, -2.600520386562806e-11, 9.172784297210248e-12, 5.525179961243897e-10,
    -1.363208169504502e-09, -4.015230560378172e-09, 2.4290559205289946e-08, -1.903159708077683e-08,
    -1.801239451525976e-07, 6.428010092629439e-07, -1.803433295063671e-07, -4.692554208592172e-06,
    1.407920269992435e-05, -5.135885521008277e-06, -7.880089594180804e-05, 0.00025028487980368984,
    -0.00026067032316328477, -0.0005424099197413256, 0.0027984901878535186, -0.006117348235716356,
    0.008622375075158107, -0.008350089548081087, 0.00544571057602331, -0.0021782842303870844, 0.00040695201744395316,
)  # fmt: skip


def erf(x):
    size = clamped(absolute(f64(x)), 0.0, 4.0)
    far = 1.0 - polynomial(size - 2.5, ERFC_TO_4)
    near = fma(size, polynomial(size * size, ERF), size)
    return copysign(f32(select(size < 1.0, near, far)), x)
