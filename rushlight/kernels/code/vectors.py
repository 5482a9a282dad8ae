"""The exponentials of ``kernels.vectors`` of float32 numbers or vectors, in the same steps."""

from __future__ import annotations

from .. import vectors
from ..words import bitcast, f32, f64, floor, fma, gather, i32, i64, rint, table, unroll
from .wide import MAGIC, clamped, power_of_two

PARTS_OF_TWO = tuple(vectors.parts_of_two().tolist())


def exp(x):
    x = clamped(x, vectors.LEAST, vectors.MOST)
    whole = rint(x * vectors.INVERSE_LN2)
    s = fma(whole, -vectors.LN2[1], fma(whole, -vectors.LN2[0], x))
    u = fma(vectors.EXP[0], s, vectors.EXP[1])
    for i in unroll(2, 6):
        u = fma(u, s, vectors.EXP[i])
    y = fma(u, s * s, s) + 1.0
    # 2**k in two factors: the first product is exact, so that even a denormal result is rounded once.
    k = i32(whole)
    half = k >> 1
    return y * single_power(half) * single_power(k - half)


def single_power(k):
    """``2.0 ** k`` of an exponent that float32 has."""
    return bitcast(f32, k + 127 << 23)


def single_exp(x):
    rest = f64(clamped(x, vectors.LEAST_SINGLE, vectors.MOST_SINGLE)) * vectors.PARTS
    k = rint(rest)
    rest = rest - k
    out = vectors.CUBIC[0] * rest + vectors.CUBIC[1]
    out = out * rest + vectors.CUBIC[2]
    out = out * rest + 1.0
    bits = bitcast(i64, k + MAGIC)
    part = gather(table(f64, PARTS_OF_TWO), bits & 31)
    whole = floor(k * (1 / 32))
    return f32(out * (part * power_of_two(whole)))
