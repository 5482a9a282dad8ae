"""Sines of float32 numbers in the steps of PyTorch's library: ``kernels.sines``, which says more."""

from __future__ import annotations

from ..sines import HALF_TURN, HALF_TURN_LEFT, SINE
from ..words import bitcast, f32, f64, fma, i64
from .wide import MAGIC, negated

INVERSE_HALF_TURN = 0.3183098861837907


def sine_ahead(x, ahead):
    """The sine of ``x`` plus ``ahead`` half turns, |x| <= NEAR."""
    wide_x = f64(x)
    steps = fma(wide_x, INVERSE_HALF_TURN, ahead) + MAGIC
    half_turns = (steps - MAGIC) - ahead
    r = fma(half_turns, -HALF_TURN_LEFT, fma(half_turns, -HALF_TURN, wide_x))
    square = r * r
    series = fma(fma(fma(square, SINE[3], SINE[2]), square, SINE[1]), square, SINE[0])
    return f32(negated(fma(r * square, series, r), bitcast(i64, steps)))
