"""Functions of pairs (``pairs``) as instructions of loops: PyTorch's vectors within and beside the C library's single numbers."""

from __future__ import annotations

from . import pairs
from .marks import instruction


@instruction("", kinds="f32", ulp=1.0)
def vector_exp2(x):
    return pairs.exp2(x)


@instruction("", kinds="f32", ulp=1.0)
def vector_sinh(x):
    return pairs.sinh(x)


@instruction("", kinds="f32", ulp=1.0)
def vector_cosh(x):
    return pairs.cosh(x)


@instruction("", kinds="f32", ulp=1.0)
def vector_tanh(x):
    """Within other functions; ``tanh`` itself is another library's."""
    return pairs.tanh(x)


@instruction("", kinds="f32", ulp=1.0)
def vector_atanh(x):
    return pairs.atanh(x)


@instruction("", kinds="f32", ulp=1.0)
def vector_atan2(y, x):
    return pairs.atan2(y, x)
