"""Functions of one element: exponentials, roots, trigonometry, rounding, and the questions about special values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors
from ..functions import function
from ..kernels import activations, elementary, half, special
from ..kernels.iteration import is_half
from ..kernels.symbols import for_arrays
from ..known_writes import write
from ..op import elementwise
from ..readers import arrays
from ..tensor import Tensor


@elementwise(promote="float", methods="exp exp_", domain=(-3, 3))
def exp(k, input):
    """e to the power of ``input``."""
    return k.exp(input)


@exp.vjp("input")
def _(k, g, out):
    return g * k.conj(out)


@elementwise(promote="float", methods="expm1 expm1_", aliases="special.expm1", domain=(-3, 3))
def expm1(k, input):
    """``exp(input) - 1``, accurate near 0."""
    return k.expm1(input)


@expm1.vjp("input")
def _(k, g, out):
    return g * (k.conj(out) + 1)


@elementwise(promote="float", methods="exp2 exp2_", aliases="special.exp2", domain=(-3, 3))
def exp2(k, input):
    """2 to the power of ``input``."""
    return elementary.exp2(input)


@exp2.vjp("input")
def _(k, g, out):
    return k.times(g * k.conj(out), math.log(2))


@elementwise(promote="float", methods="log log_", domain=(0.1, 4))
def log(k, input):
    """The natural logarithm."""
    return k.log(input)


@log.vjp("input")
def _(k, g, input):
    return g / k.conj(input)


@elementwise(promote="float", methods="log2 log2_", domain=(0.1, 4))
def log2(k, input):
    """The logarithm to base 2."""
    return k.log2(input)


@log2.vjp("input")
def _(k, g, input):
    return g / k.times(k.conj(input), math.log(2))


@elementwise(promote="float", methods="log10 log10_", domain=(0.1, 4))
def log10(k, input):
    """The logarithm to base 10."""
    return k.log10(input)


@log10.vjp("input")
def _(k, g, input):
    return g / k.times(k.conj(input), 2.3025850929940456)  # PyTorch's: not the nearest number to log(10)


@elementwise(
    promote="float", methods="log1p log1p_", aliases="special.log1p", domain=(-0.5, 4), grad_name="Log1PBackward0"
)
def log1p(k, input):
    """``log(1 + input)``, accurate near 0."""
    return k.log1p(input)


@log1p.vjp("input")
def _(k, g, input):
    return g / (k.conj(input) + 1)


@elementwise(promote="float", methods="sqrt sqrt_", domain=(0.1, 4))
def sqrt(k, input):
    """The square root."""
    return k.sqrt(input)


@sqrt.vjp("input")
def _(k, g, out):
    return g / (2 * k.conj(out))


@elementwise(promote="float", methods="rsqrt rsqrt_", domain=(0.1, 4))
def rsqrt(k, input):
    """One over the square root."""
    if k is arrays and is_half(input.dtype):
        return half.rsqrt(input)
    for_arrays(input)
    return k.either(lambda x: 1 / np.sqrt(x), lambda x: k.div(1, k.sqrt(x)), input, long=True)


@rsqrt.vjp("input")
def _(k, g, out):
    if getattr(getattr(out, "dtype", None), "char", "") == "e":  # float16, but not bfloat16, is rounded once
        return -0.5 * g * k.either(_cube, _cube, out)
    return -0.5 * g * k.conj(_cube(out))


def _cube(x: Any) -> Any:
    return x * x * x


def _simple(name: str, domain, doc: str, derivative, aliases: str = "", divides: bool = False) -> None:
    """An op whose body is one NumPy function and whose derivative is a factor computed from the input, or one over it."""

    def forward(k, input):
        return getattr(k, name)(input)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(promote="float", methods=f"{name} {name}_", aliases=aliases, domain=domain)(forward)

    @op.vjp("input")
    def _(k, g, input):
        factor = k.conj(derivative(k, input))
        return g / factor if divides else g * factor


_simple("sin", (-3, 3), "The sine (radians).", lambda k, x: k.cos(x))
_simple("cos", (-3, 3), "The cosine (radians).", lambda k, x: -k.sin(x))
_simple("asin", (-0.9, 0.9), "The inverse sine.", lambda k, x: k.rsqrt(1 - x * x), "arcsin")
_simple("acos", (-0.9, 0.9), "The inverse cosine.", lambda k, x: -k.rsqrt(1 - x * x), "arccos")
_simple("atan", (-3, 3), "The inverse tangent.", lambda k, x: x * x + 1, "arctan", divides=True)
_simple("sinh", (-3, 3), "The hyperbolic sine.", lambda k, x: k.cosh(x))
_simple("cosh", (-3, 3), "The hyperbolic cosine.", lambda k, x: k.sinh(x))
_simple("asinh", (-3, 3), "The inverse hyperbolic sine.", lambda k, x: k.rsqrt(x * x + 1), "arcsinh")
_simple(
    "acosh", (1.2, 3), "The inverse hyperbolic cosine.",
    lambda k, x: k.rsqrt(x + 1) * k.rsqrt(x - 1) if k.is_complex(x) else k.rsqrt(x * x - 1), "arccosh",
)  # fmt: skip
_simple("atanh", (-0.9, 0.9), "The inverse hyperbolic tangent.", lambda k, x: 1 - x * x, "arctanh", divides=True)


@elementwise(promote="float", methods="tan tan_", domain=(-1, 1))
def tan(k, input):
    """The tangent (radians). Gradient: 1 + tan(x)^2, from the output."""
    return k.tan(input)


@tan.vjp("input")
def _(k, g, out):
    return g * k.conj(1 + out * out)


@elementwise(promote="float", methods="tanh tanh_", aliases="nn.functional.tanh", domain=(-3, 3))
def tanh(k, input):
    """The hyperbolic tangent. Gradient: 1 - tanh(x)^2, from the output."""
    return k.tanh(input)


@tanh.vjp("input")
def _(k, g, out):
    def formula(g, out):
        return g * k.conj(k.one_minus_square(out))

    return k.either(formula, formula, g, out)  # of 16-bit floats in float32, rounded once


@elementwise(public=False, promote="float")
def one_minus_square(k, input):
    """``1 - x * x``, rounded once: what the gradient of tanh is computed with, also when it is to be differentiated."""
    return k.one_minus_square(input)


@one_minus_square.vjp("input")
def _(k, g, input):
    return g * (-2 * k.conj(input))


@elementwise(promote="float", methods="sigmoid sigmoid_", aliases="special.expit nn.functional.sigmoid", domain=(-4, 4))
def sigmoid(k, input):
    """``1 / (1 + exp(-input))``."""
    return k.either(activations.sigmoid, lambda x: k.div(1, k.add(1, k.exp(k.neg(x)))), input, long=True)


@sigmoid.vjp("input")
def _(k, g, out):
    def formula(g, out):
        return g * k.conj(1 - out) * k.conj(out)

    if (
        getattr(getattr(out, "dtype", None), "char", "") == "E"
    ):  # bfloat16, but not float16, is computed in float32 and rounded once
        return k.either(formula, formula, g, out)
    return formula(g, out)


@elementwise(promote="float", methods="atan2 atan2_", aliases="arctan2", refuses="complex", domain=(0.5, 3))
def atan2(k, input, other):
    """The angle of the point (other, input).

    Gradient of ``input``: ``other / (input ** 2 + other ** 2)``; 0 at the origin.
    Gradient of ``other``: ``-input / (input ** 2 + other ** 2)``; 0 at the origin.
    """
    return k.atan2(input, other)


@atan2.vjp("input")
def _(k, g, input, other):
    return g * other * _inverse_square(k, input, other)


@atan2.vjp("other")
def _(k, g, input, other):
    return -g * input * _inverse_square(k, input, other)


def _inverse_square(k, x, y):
    """1 over the squared distance from the origin, 0 there."""
    square = x * x + y * y
    return k.where(square == 0, 0.0, k.reciprocal(square))


def _rounding(name: str, ufunc, doc: str, aliases: str = "") -> None:
    """Rounding: integers as they are, gradient zero."""

    def forward(k, input):
        return np.positive(input) if input.dtype.kind in "iu" else ufunc(input)

    forward.__name__, forward.__doc__ = name, doc
    refuses = {"bool": f"{name}_vml_cpu", "complex": f"{name} is not supported for complex inputs"}
    op = elementwise(methods=f"{name} {name}_", aliases=aliases, refuses=refuses, domain=(-3, 3), out="exact partial")(
        forward
    )

    @op.vjp("input")
    def _(k, g):
        return k.zeros_of(g)


_rounding("floor", np.floor, "The largest integer that is not larger.")
_rounding("ceil", np.ceil, "The smallest integer that is not smaller.")
_rounding("trunc", np.trunc, "The integer part.", "fix")


@elementwise(
    out="exact partial",
    methods="round round_",
    aliases="special.round",
    refuses={"bool": "round_vml_cpu", "complex": "round_vml_cpu"},
    domain=(-3, 3),
)
def round(k, input, *, decimals=0):  # noqa: A001
    """The nearest integer, halves to even; with ``decimals``, the nearest multiple of ``10 ** -decimals``."""
    if input.dtype.kind in "iub":
        return np.array(input)
    return np.round(input, decimals) if decimals else np.rint(input)


@round.vjp("input")
def _(k, g):
    return k.zeros_of(g)


@elementwise(out="exact partial", methods="frac frac_", refuses="bool int complex", domain=(-3, 3))
def frac(k, input):
    """The part after the point, with the sign."""
    return k.sub(input, k.trunc(input))


@frac.vjp("input")
def _(k, g):
    return g


def _question(name: str, ufunc, doc: str, refuses=None) -> None:
    """A bool for each element; no gradient."""

    def forward(k, input):
        return ufunc(input)

    forward.__name__, forward.__doc__ = name, doc
    elementwise(methods=name, domain=(-3, 3), nondiff=True, refuses=refuses, out="exact")(forward)


_question("isnan", np.isnan, "Whether an element is nan.")
_question("isinf", np.isinf, "Whether an element is infinite.")
_question("isfinite", np.isfinite, "Whether an element is neither infinite nor nan.")
_question(
    "signbit",
    np.signbit,
    "Whether the sign bit is set.",
    {"complex": "signbit is not implemented for complex tensors."},
)


def _conjugate(name: str, doc: str) -> Any:
    """A conjugate; a real tensor is returned as it is, so the op itself sees complex ones only (in place real ones too)."""

    def forward(k, input):
        return k.conj(input)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(domain=(-3, 3), public=False)(forward)

    @op.vjp("input")
    def _(k, g):
        return k.conj(g)

    def public(input: Tensor) -> Tensor:
        if not isinstance(input, Tensor):
            raise errors.not_a_tensor(name, "input", 1, input)
        return op.public(input) if input._a.dtype.kind == "c" else input  # type: ignore[no-any-return]

    public.__name__, public.__doc__ = name, doc
    function(
        name=name,
        methods=name,
        samples=lambda m: [m(m.c(2, 3)), m(m.a(1 + 2j)), m(m.c(0)), m(m.c(2, 3).t()), m(m.f(3)), m(m.i(3))],
        errors=lambda m: [m.error(TypeError, "must be Tensor, not str", "text")],
    )(public)
    return op


_conjugate("conj", "The complex conjugate; a real tensor itself.")
_conj_physical = _conjugate("conj_physical", "The complex conjugate in new memory; a real tensor itself.")


@function(methods="conj_physical_", samples=lambda m: [
    m(m.c(2, 3)), m(m.a(1 + 2j)), m(m.c(0)), m(m.c(2, 3).t()), m(m.f(3)), m(m.i(3)), m(m.b(3))],
    errors=lambda m: [m.error(TypeError, "must be Tensor, not str", "text")])  # fmt: skip
def conj_physical_(input: Tensor) -> Tensor:
    """Conjugate in place."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("conj_physical_", "input", 1, input)
    return write(_conj_physical, (input,), {})


@elementwise(
    promote="float", methods="erf erf_", aliases="special.erf", refuses={"complex": "erf_vml_cpu"}, domain=(-2, 2)
)
def erf(k, input):
    """The error function ``2 / sqrt(pi) * integral of exp(-t^2) from 0 to input``."""
    return erf_array(input)


def erf_array(x: Any) -> Any:
    """erf of every element, rounded to the array's dtype."""
    return special.erf(x)


@erf.vjp("input")
def _(k, g, input):
    return g * k.times(k.exp(-input * input), 2 / math.sqrt(math.pi))
