"""The error function's kin and the gamma function's, on the kernels of rushlight.kernels.special; hypot, sinc and others."""

from __future__ import annotations

import math

import numpy as np

from ..kernels import special
from ..op import elementwise

_HALF_SQRT_PI = math.sqrt(math.pi) / 2


@elementwise(
    promote="float", methods="erfc erfc_", aliases="special.erfc", refuses={"complex": "erfc_vml_cpu"}, domain=(-2, 2)
)
def erfc(k, input):
    """``1 - erf(input)``, accurate where that is tiny."""
    return special.erfc(input)


@erfc.vjp("input")
def _(k, g, input):
    return g * (k.exp(-input * input) / -_HALF_SQRT_PI)


@elementwise(
    promote="float",
    methods="erfinv erfinv_",
    aliases="special.erfinv",
    refuses={"complex": "erfinv_vml_cpu"},
    domain=(-0.9, 0.9),
)
def erfinv(k, input):
    """The inverse of erf; infinite at 1 and -1, NaN outside."""
    return special.erfinv(input)


@erfinv.vjp("input")
def _(k, g, out):
    return g * (k.exp(out * out) * _HALF_SQRT_PI)


@elementwise(
    promote="float",
    methods="lgamma lgamma_",
    aliases="special.gammaln",
    refuses={"complex": "lgamma_vml_cpu"},
    domain=(0.5, 4),
)
def lgamma(k, input):
    """``log |gamma(input)|``. Gradient: digamma."""
    return special.lgamma(input)


@lgamma.vjp("input")
def _(k, g, input):
    return g * k.digamma(input)


@elementwise(
    promote="float",
    methods="digamma digamma_",
    aliases="special.digamma special.psi",
    refuses={"complex": "digamma"},
    domain=(0.5, 4),
)
def digamma(k, input):
    """The derivative of lgamma. Gradient: the polygamma of order 1."""
    return special.digamma(input)


@digamma.vjp("input")
def _(k, g, input):
    return g * k.polygamma_of(input, n=1)


@elementwise(promote="float", public=False, grad_name="PolygammaBackward0", domain=(0.5, 4))
def polygamma_of(k, input, *, n=1):
    """The n-th derivative of digamma."""
    return special.polygamma(input, n) if n else special.digamma(input)


@polygamma_of.vjp("input")
def _(k, g, input, n):
    return g * k.polygamma_of(input, n=n + 1)


@elementwise(methods="hypot hypot_", refuses="bool int complex", domain=(0.5, 3))
def hypot(k, input, other):
    """``sqrt(input**2 + other**2)`` without overflow."""
    return k.hypot(input, other)


@hypot.vjp("input")
def _(k, g, input, out):
    return g * (input / out)


@hypot.vjp("other")
def _(k, g, other, out):
    return g * (other / out)


@elementwise(methods="nan_to_num nan_to_num_", domain=(-3, 3))
def nan_to_num(k, input, *, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced: by 0 and the largest finite numbers unless given."""
    if input.dtype.kind in "iub":
        return np.array(input)
    return np.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@nan_to_num.vjp("input")
def _(k, g, input):
    return k.where(k.isfinite(input), g, g * 0.0)
