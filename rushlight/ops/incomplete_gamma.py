"""The regularised incomplete gamma functions."""

from __future__ import annotations

import numpy as np

from ..kernels import incomplete_gamma
from ..op import elementwise

_SAMPLES = {
    "samples": lambda m: [
        m(m.f(3, 4, lo=0.3, hi=9).detach(), m.f(3, 4, lo=0.1, hi=12)).value_only(
            "PyTorch has no gradient by the first"
        ),
        m(m.f(2, 1, lo=1, hi=2), m.f(3, lo=0.1, hi=3)).value_only("the same"),
        m(m.f(lo=1, hi=2), m.f(2, lo=1, hi=2)).value_only("the same"),
        m(m.f(0, 2), m.f(2, lo=0.5, hi=1)).value_only("the same"),
        m(m.nc(3, 2, lo=0.5, hi=2), m.f(3, 2, lo=0.5, hi=2)).value_only("the same"),
        m(m.a([0.0, 1.0, -1.0, 2.0]), m.a([1.0, 0.0, 1.0, -1.0])).value_only("the same"),
    ],
}


@elementwise(
    promote="common", torch_name="special.gammainc", methods="igamma igamma_", grad_name="IgammaBackward0", **_SAMPLES
)
def gammainc(k, input, other):
    """P(a, x), the share of the gamma integral below x; the derivative by x is the gamma density."""
    return np.asarray(incomplete_gamma.lower(input, other)).astype(np.result_type(input, other))


@elementwise(
    promote="common",
    torch_name="special.gammaincc",
    methods="igammac igammac_",
    grad_name="IgammacBackward0",
    **_SAMPLES,
)
def gammaincc(k, input, other):
    """Q(a, x) = 1 - P(a, x)."""
    return np.asarray(incomplete_gamma.upper(input, other)).astype(np.result_type(input, other))


@gammainc.vjp("other")
def _(k, g, input, other):
    return g * k.exp((input - 1) * k.log(other) - other - k.lgamma(input))


@gammaincc.vjp("other")
def _(k, g, input, other):
    return -g * k.exp((input - 1) * k.log(other) - other - k.lgamma(input))


for _op in (gammainc, gammaincc):
    _op.unsupported("input", "PyTorch has no derivative by the shape parameter either.")
