"""Functions of pairs (``pairs``) as instructions of loops: PyTorch's vectors within and beside the C library's single numbers."""

from __future__ import annotations

from . import long_pairs, pairs
from .marks import instruction


@instruction("", ulp=(1.0, 1.0))
def vector_exp2(x):
    return pairs.exp2(x) if x.type.bits == 32 else long_pairs.exp2(x)


@instruction("", ulp=(1.0, 1.0))
def vector_sinh(x):
    return pairs.sinh(x) if x.type.bits == 32 else long_pairs.sinh(x)


@instruction("", ulp=(1.0, 1.0))
def vector_cosh(x):
    return pairs.cosh(x) if x.type.bits == 32 else long_pairs.cosh(x)


@instruction("", ulp=(1.0, 1.0))
def vector_tanh(x):
    """Within other functions; ``tanh`` itself is another library's."""
    return pairs.tanh(x) if x.type.bits == 32 else long_pairs.tanh(x)


@instruction("", ulp=(1.0, 1.0))
def vector_atanh(x):
    return pairs.atanh(x) if x.type.bits == 32 else long_pairs.atanh(x)


@instruction("", ulp=(1.0, 1.0))
def vector_atan2(y, x):
    return pairs.atan2(y, x) if x.type.bits == 32 else long_pairs.atan2(y, x)


@instruction("", kinds="f64", ulp=1.0)
def vector_hypot(x, y):
    return long_pairs.hypot(x, y)


@instruction("", kinds="f64", ulp=1.0)
def vector_power(x, exponent):
    return long_pairs.power(x, exponent)


@instruction("", kinds="f64", ulp=1.0)
def vector_erf(x):
    """Within other functions; ``erf`` itself is another library's."""
    return long_pairs.erf(x)
