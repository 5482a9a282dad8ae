"""Logarithms of sums and products: logaddexp, xlogy and their kin, logit, entropy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels import activations, c_library
from ..op import elementwise
from ..tensor import Tensor
from .combine import _two_of


def _both_sides(m: Any) -> list[Any]:
    return [m(m.a([-math.inf, math.inf, 1.0]), m.a([-math.inf, math.inf, math.inf])).value_only("infinities")]


_COMPLEX_ENDS = [complex(a, b) for a in (-math.inf, math.inf, 1.0, math.nan) for b in (1.0, math.inf)]


def _sum_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), m.f(3)),
        m(m.f(), m.f(2)),
        m(m.f(0), m.f(1)),
        m(m.nc(3, 2), m.f(3, 1)),
        m(m.i(2), m.i(2)),
        m(m.b(2), m.b(2)),
        m(m.a([400.0, -900.0]), m.a([1.0, -900.0])).value_only("float32"),
        *_both_sides(m),
    ]


@elementwise(
    methods="logaddexp",
    refuses="bool int",
    samples=lambda m: [
        *_sum_samples(m),
        m(m.c(3), m.c(3)).value_only("complex"),
        m(m.a(_COMPLEX_ENDS).reshape(8, 1), m.a(_COMPLEX_ENDS)).value_only("infinities, NaN"),
    ],
)
def logaddexp(k, input, other):
    """``log(exp(input) + exp(other))`` without overflow."""
    if input.dtype.kind == "c":
        return _complex_sum(input, other)
    if input.dtype == other.dtype and input.dtype in (np.float32, np.float64):
        return activations.logaddexp(input, other)
    return np.logaddexp(input, other)


def _complex_sum(x, y):
    """The larger and ``log1p(exp(smaller - larger))``, by their real parts; infinities of one sign have no difference."""
    first = x.real >= y.real
    larger, smaller = np.where(first, x, y), np.where(first, y, x)
    out = larger + np.log1p(np.exp(smaller - larger))
    alike = np.isinf(x.real) & (x.real == y.real)
    if alike.any():  # nothing tells the angle of the logarithm of 0: as in PyTorch it is the second one's
        out = np.where(alike, np.where(x.real < 0, y, np.log(np.exp(x) + np.exp(y))), out)
    return np.where(np.isnan(x) | np.isnan(y), out.dtype.type(complex(np.nan, np.nan)), out)


logaddexp.prepare(_two_of("logaddexp"))


@logaddexp.vjp("input")
def _(k, g, input, other):
    return g / k.conj(1 + k.exp(other - input))


@logaddexp.vjp("other")
def _(k, g, input, other):
    return g / k.conj(1 + k.exp(input - other))


@elementwise(methods="logaddexp2", refuses="bool int complex", samples=_sum_samples)
def logaddexp2(k, input, other):
    """``log2(2 ** input + 2 ** other)`` without overflow."""
    return np.logaddexp2(input, other)


logaddexp2.prepare(_two_of("logaddexp2"))


@logaddexp2.vjp("input")
def _(k, g, input, other):
    return g / (1 + k.exp2(other - input))


@logaddexp2.vjp("other")
def _(k, g, input, other):
    return g / (1 + k.exp2(input - other))


def _numbered(base: str) -> Any:
    """PyTorch numbers the nodes by which operand is a number."""

    def name(inputs, attrs):
        return f"{base}Backward{0 if all(isinstance(x, Tensor) for x in inputs) else 2 if isinstance(inputs[0], Tensor) else 1}"

    return name


def _product(
    name: str, log: Any, doc: str, base: str, methods: str, aliases: str, inside: Any, torch_name: str
) -> None:
    """``x * log(y)``, 0 where x is 0 (nan where y is)."""

    def forward(k, input, other):
        out = input * log(other)
        return np.where((input == 0) & ~np.isnan(other), out.dtype.type(0), out)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(
        promote="float",
        methods=methods,
        aliases=aliases,
        torch_name=torch_name,
        refuses="complex",
        numbers="either",
        domain=(0.5, 3),
        grad_name=_numbered(base),
    )(forward)

    @op.vjp("input")
    def _(k, g, input, other):
        nothing = k.logical_or(k.eq(g, 0), k.logical_and(k.eq(input, 0), k.le(inside(other), 0)))
        return k.where(nothing, 0.0, g * getattr(k, name)(1.0, other))

    @op.vjp("other")
    def _(k, g, input, other):
        return g * input / inside(other)


_product(
    "xlogy",
    c_library.log,
    "``input * log(other)``, 0 where ``input`` is 0.",
    "Xlogy",
    "xlogy xlogy_",
    "special.xlogy",
    lambda y: y,
    "xlogy",
)
_product(
    "xlog1py",
    c_library.log1p,
    "``input * log(1 + other)``, 0 where ``input`` is 0.",
    "SpecialXlog1Py",
    "",
    "",
    lambda y: y + 1,
    "special.xlog1py",
)


@elementwise(
    promote="float", torch_name="special.entr", refuses="complex", grad_name="SpecialEntrBackward0", domain=(0.1, 3)
)
def entr(k, input):
    """``-input * log(input)``; 0 at 0, minus infinity below."""
    out = -input * c_library.log(input)
    return np.where(input == 0, out.dtype.type(0), np.where(input < 0, out.dtype.type(-np.inf), out))


@entr.vjp("input")
def _(k, g, input):
    return g * -(k.log(input) + 1)


@elementwise(
    promote="float",
    methods="logit logit_",
    aliases="special.logit",
    refuses="complex",
    domain=(0.1, 0.9),
    samples=lambda m: [
        *[
            m(x)
            for x in (
                m.f(2, 3, lo=0.1, hi=0.9),
                m.f(lo=0.2, hi=0.7),
                m.f(0),
                m.nc(3, 2, lo=0.1, hi=0.9),
                m.i(2, hi=2),
                m.b(2),
                m.c(2),
            )
        ],
        m(m.f(5, lo=0.01, hi=0.99), eps=0.2),
        m(m.f(4, lo=0.1, hi=0.9), 1e-6),
        m(m.a([2.0, -1.0])).value_only("nan"),
    ],
)
def logit(k, input, *, eps=None):
    """``log(input / (1 - input))``; with ``eps`` the input is first clamped to ``[eps, 1 - eps]``."""
    one = input.dtype.type(1)
    x = (
        input
        if eps is None
        else np.clip(input, input.dtype.type(eps), one - input.dtype.type(eps)).astype(input.dtype, copy=False)
    )
    return k.log(x / (one - x))


@logit.vjp("input")
def _(k, g, input, eps):
    slope = g / (input * (1.0 - input))
    if eps is None:
        inside = k.logical_and(k.ge(input, 0.0), k.le(input, 1.0))
        return k.where(inside, slope, float("nan"))
    return k.where(k.logical_and(k.ge(input, eps), k.le(input, 1.0 - eps)), slope, 0.0)
