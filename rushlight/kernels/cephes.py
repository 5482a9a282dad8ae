"""Coefficients of Cephes' single-precision logarithm, sine and cosine, as PyTorch's normal numbers take them.

As published by S. L. Moshier, highest power first, each a Python float that equals the float32.
"""

from __future__ import annotations

import math

import numpy as np


def _single(*values: float) -> list[float]:
    return [float(np.float32(value)) for value in values]


LOG = _single(
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
LN2_LOW, LN2_HIGH = _single(-2.12194440e-4, 0.693359375)
COS = _single(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
SIN = _single(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
TWO_PI, FOUR_OVER_PI, SQRT_HALF = _single(2 * math.pi, 4 / math.pi, math.sqrt(0.5))
#: pi/4 in three parts, negative.
QUARTER_PI = _single(-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
