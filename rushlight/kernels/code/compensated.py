"""Functions of float32 numbers in float32, whose intermediate results are sums of two numbers: a rounded one and what its rounding left.

Twice as many lanes as in float64 (``single``), and about as many digits: the result differs from the true one rounded in less than one
of a thousand numbers. What is left of a sum or a product is found as T. J. Dekker found it ("A floating-point technique for extending the
available precision", 1971), of a product by one fused instruction. The exponential is a number of a table times one near 1, as in
P. T. P. Tang's "Table-driven implementation of the exponential function" (1989).
"""

from __future__ import annotations

import math

from ..words import absolute, bitcast, copysign, f32, fma, i32, one_of, select

#: ``2**(i/8)``, rounded, and by how much of themselves the true numbers are larger; ``ln 2 / 8`` in two parts.
EIGHTHS = (
    1.0, 1.0905077457427979, 1.1892070770263672, 1.2968395948410034,
    1.4142135381698608, 1.5422108173370361, 1.6817928552627563, 1.8340080976486206,
)  # fmt: skip
LARGER = (
    0.0, -1.199215748926008e-08, 3.1934181521364735e-08, -3.0990719324108795e-08,
    1.7114270889351246e-08, 5.233334210430485e-09, -1.4719605090363075e-08, -6.128259677495862e-09,
)  # fmt: skip
STEP, STEP_LEFT = 0.08664339780807495, -2.380817765157417e-10
STEPS = 8 / math.log(2)

MAGIC = 1.5 * 2.0**23  # added to a number below 2**21, it leaves the nearest integer in the lowest bits

#: (exp(r) - 1 - r) / r**2 for |r| <= ln 2 / 16, to 2**-36 of exp(r) - 1 (``bench/minimax.py``).
EXP = (0.008333950256301296, 0.04166992730562678, 0.16666666620803935, 0.4999999984703714)


def parts(x, steps):
    """``bits, part, r, t``: ``exp(x) = 2**(bits >> 3) part (1 + r + t)``, t far below r; ``steps`` is ``x STEPS + MAGIC``."""
    bits = bitcast(i32, steps)
    k = steps - MAGIC
    r = fma(k, -STEP, x)  # exact
    left = fma(k, -STEP_LEFT, one_of(LARGER, bits))  # of the argument and of the part
    square = r * r
    series = fma(square, fma(r, EXP[0], EXP[1]), fma(r, EXP[2], EXP[3]))
    return bits, one_of(EIGHTHS, bits), r, fma(square, series, fma(left, r, left))


def times_power(x, bits):
    """``x 2**(bits >> 3)`` of a normal number whose product is one."""
    return bitcast(f32, bitcast(i32, x) + (bits >> 3 << 23))


#: Where tanh is the number below 1, and until where that is the nearest; beyond, ``e + 2`` has no place for what it left.
LAST_BUT_ONE, LAST = 8.66, 9.010913


def tanh(x):
    """``e / (e + 2)``, ``e = exp(2 |x|) - 1``, with the sign of x: the quotient of the rounded parts, then what they and it left."""
    far = absolute(x)
    size = select(far > LAST_BUT_ONE, LAST_BUT_ONE, far)
    bits, part, r, t = parts(size + size, fma(size, 2 * STEPS, MAGIC))
    power = times_power(part, bits)
    less = power - 1.0
    first = fma(power, r, less)
    more = fma(power, t, fma(power, r, less - first))
    e = first + more
    e_left = more - (e - first)
    below = e + 2.0
    below_left = (e - (below - 2.0)) + e_left
    inverse = 1.0 / below
    y = e * inverse
    rest = fma(-y, below, e) + fma(-y, below_left, e_left)
    return copysign(select(far > LAST, 1.0, fma(rest, inverse, y)), x)
