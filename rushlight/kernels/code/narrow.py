"""16-bit floats in loops: they are read as their bits, computed with in float32, and rounded where NumPy's or PyTorch's functions round."""

from __future__ import annotations

from ..words import f32
from .copies import from_bfloat, from_half, to_bfloat, to_half
from .marks import instruction


@instruction("", kinds="f32", light=True)
def as_f16(x):
    """The nearest float16 number."""
    return from_half(f32, to_half(f32, x))


@instruction("", kinds="f32", light=True)
def as_bf16(x):
    """The nearest bfloat16 number."""
    return from_bfloat(f32, to_bfloat(f32, x))


@instruction("", kinds="f32", light=True)
def widened(x):
    """A 16-bit float from here on taken for a float32 number: what is computed of it is not rounded to 16 bits."""
    return x


def not_at_all(x):
    """What stands for rounding in float32."""
    return x


def read_f16(bits):
    return from_half(f32, bits)


def read_bf16(bits):
    return from_bfloat(f32, bits)


def bits_of_f16(x):
    return to_half(f32, x)


def bits_of_bf16(x):
    return to_bfloat(f32, x)
