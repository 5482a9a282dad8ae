"""``log`` of float32 numbers in the steps of PyTorch's library: ``kernels.logarithm``, which says more."""

from __future__ import annotations

from ..logarithm import LN2, LN2_LEFT, MANTISSA, SERIES, START
from ..words import bitcast, f32, i32, unroll


def log_normal(x):
    """``log(x)`` of positive normal numbers."""
    bits = bitcast(i32, x) - START
    n = f32(bits >> 23)
    r = bitcast(f32, (bits & MANTISSA) + START) - 1.0
    p = r * SERIES[8] + SERIES[7]
    for i in unroll(2, 9):
        p = p * r + SERIES[8 - i]
    return n * LN2 + (n * LN2_LEFT + (p * r * r + r))
