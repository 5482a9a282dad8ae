"""The logarithm of float32 numbers in the steps of the library behind PyTorch's ``log`` (Intel's VML in its high-accuracy mode).

``x = 2**n (1 + r)`` with ``1 + r`` in [2/3, 4/3); the result is ``n ln 2``, as two numbers, plus a polynomial of the tenth degree. All is
float32, without fused operations, so that results miss the nearest number in 1 to 20 % of cases, most where ``n`` is small. The form of
the polynomial, its coefficients and the order of the sums were found by fitting them to results of PyTorch 2.13: with these every number
agrees. The logarithms of denormal numbers are the nearest numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_F = np.float32

#: Where the steps are taken: from this on, short of infinity.
LEAST = 2.0**-126
#: The bits of 2/3, where mantissas start, and those that lie below the exponent.
START, MANTISSA = 0x3F2AAAAB, (1 << 23) - 1
#: ``(log(1 + r) - r) / r**2`` in powers of ``r``, lowest first.
SERIES = (
    -0.5, 0.3333321511745453, -0.24999797344207764, 0.20010405778884888, -0.16680487990379333,
    0.140058696269989, -0.12184260785579681, 0.1398443728685379, -0.12891685962677002,
)  # fmt: skip
#: ``ln 2`` as a number of few digits, whose multiples are exact, and what is left of it.
LN2 = round(math.log(2) * 2.0**16) / 2.0**16
LN2_LEFT = float(_F(math.log(2) - LN2))


def log(x: Any) -> Any:
    """``log(x)`` of a float32 array."""
    near = (x >= _F(LEAST)) & (x < _F(np.inf))
    bits = np.where(near, x, _F(1)).view(np.int32) - np.int32(START)
    n = (bits >> 23).astype(_F)
    r = ((bits & np.int32(MANTISSA)) + np.int32(START)).view(_F) - _F(1)
    p = r * _F(SERIES[-1]) + _F(SERIES[-2])
    for coefficient in SERIES[-3::-1]:
        p = p * r + _F(coefficient)
    out = n * _F(LN2) + (n * _F(LN2_LEFT) + (p * r * r + r))
    return out if near.all() else np.where(near, out, np.log(x, dtype=np.float64).astype(_F))
