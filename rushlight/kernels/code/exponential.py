"""``exp`` of float32 numbers in the steps of PyTorch's library: ``kernels.exponential``, which says more.

Its table has 128 numbers, for which vectors would have to ask memory lane by lane. Here each is the product of one of 8 and one of 16,
with what roundings left of both: the same float32 number, and the rest of it to 1 part in 10**6, which is 10**-14 of the number.
"""

from __future__ import annotations

from ..exponential import STEP, STEP_LEFT, STEPS
from ..words import bitcast, f32, fma, i32, one_of, select

MAGIC = 1.5 * 2.0**23  # added to a number below 2**21, it leaves the nearest integer in the lowest bits

EIGHTHS = (
    1.0, 1.0905077457427979, 1.1892070770263672, 1.2968395948410034,
    1.4142135381698608, 1.5422108173370361, 1.6817928552627563, 1.8340080976486206,
)  # fmt: skip
#: By how much of themselves the true numbers are larger.
EIGHTHS_LEFT = tuple(2 ** (i / 8) / part - 1 for i, part in enumerate(EIGHTHS))
#: Every 64th of an octave, and halfway between.
EVEN = (
    1.0, 1.0108892917633057, 1.0218971967697144, 1.0330249071121216,
    1.0442737340927124, 1.055645227432251, 1.0671404600143433, 1.0787607431411743,
)  # fmt: skip
EVEN_LEFT = tuple(2 ** (i / 64) / part - 1 for i, part in enumerate(EVEN))
ODD = (
    1.0054298639297485, 1.0163782835006714, 1.027445912361145, 1.0386340618133545,
    1.0499440431594849, 1.0613771677017212, 1.072934865951538, 1.084618330001831,
)  # fmt: skip
ODD_LEFT = tuple(2 ** ((i + 0.5) / 64) / part - 1 for i, part in enumerate(ODD))


def exp_near(x):
    """``exp(x)`` for |x| <= NEAR, where neither it nor what it is made of overflows or loses digits."""
    steps = x * STEPS + MAGIC
    bits = bitcast(i32, steps)
    k = steps - MAGIC
    r = (x - k * STEP) - k * STEP_LEFT
    p = r + r * r * 0.5
    even, eighth = (bits & 1) == 0, bits >> 4
    first, second = one_of(EIGHTHS, eighth), select(even, one_of(EVEN, bits >> 1), one_of(ODD, bits >> 1))
    left = one_of(EIGHTHS_LEFT, eighth) + select(even, one_of(EVEN_LEFT, bits >> 1), one_of(ODD_LEFT, bits >> 1))
    product = first * second
    left = fma(product, left, fma(first, second, -product))
    high = product + left
    low = left - (high - product)
    y = high + (low + high * p)
    return bitcast(f32, bitcast(i32, y) + (bits >> 7 << 23))
