"""The error function's kin and the gamma function's, on the kernels of rushlight.kernels.special; hypot, sinc and others."""

from __future__ import annotations

import math

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels import c_library, special
from ..op import camel, elementwise
from ..return_types import named
from ..writing import write_out
from .unary import erf

_HALF_SQRT_PI = math.sqrt(math.pi) / 2


@elementwise(
    promote="float", methods="erfc erfc_", aliases="special.erfc", refuses={"complex": "erfc_vml_cpu"}, domain=(-2, 2)
)
def erfc(k, input):
    """``1 - erf(input)``, accurate where that is tiny."""
    return special.erfc(input)


@erfc.vjp("input")
def _(k, g, input):
    return k.times(k.exp(-(input * input)), -1 / _HALF_SQRT_PI) * g


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
    return g * k.times(k.exp(out * out), _HALF_SQRT_PI)


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


@elementwise(methods="hypot hypot_", refuses="bool int complex", domain=(0.5, 3))
def hypot(k, input, other):
    """``sqrt(input**2 + other**2)`` without overflow."""
    return k.hypot(input, other)


@hypot.vjp("input")
def _(k, g, input, out):
    return g * input / out


@hypot.vjp("other")
def _(k, g, other, out):
    return g * other / out


@elementwise(out="exact partial", methods="nan_to_num nan_to_num_", real_gradient=True, domain=(-3, 3))
def nan_to_num(k, input, *, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced: by 0 and the largest finite numbers unless given."""
    if input.dtype.kind in "iub":
        return np.array(input)
    if input.dtype.kind == "V":
        limits = types.finfo(types.bfloat16)
        ends = {"posinf": limits.max if posinf is None else posinf, "neginf": limits.min if neginf is None else neginf}
        return k.nan_to_num(input.astype(np.float32), nan=nan, **ends).astype(input.dtype)
    if input.dtype.kind != "f":
        return np.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)
    t, limits = input.dtype.type, np.finfo(input.dtype)
    out = np.where(np.isnan(input), t(0.0 if nan is None else nan), input)
    out = np.where(input == t(np.inf), limits.max if posinf is None else t(posinf), out)
    return np.where(input == t(-np.inf), limits.min if neginf is None else t(neginf), out)


@nan_to_num.vjp("input")
def _(k, g, input):
    return k.where(k.isfinite(input), g, g * 0.0)


# --- normal distribution ----------------------------------------------------------------------------------------------
def _special(name: str, kernel, domain, doc: str):
    """An op in ``torch.special`` whose body is one kernel of rushlight.kernels.special."""

    def forward(k, input):
        return kernel(input)

    forward.__name__, forward.__doc__ = name, doc
    return elementwise(
        promote="float",
        torch_name="special." + name,
        refuses="half complex",
        grad_name="Special" + camel(name) + "Backward0",
        domain=domain,
    )(forward)


def _derived(op, derivative) -> None:
    @op.vjp("input")
    def _(k, g, input):
        return g * derivative(k, input)


_derived(
    _special("erfcx", special.erfcx, (-2, 2), "``exp(input**2) * erfc(input)``."),
    lambda k, x: 2 * x * k.erfcx(x) - 2 / math.sqrt(math.pi),
)
_derived(
    _special("log_ndtr", special.log_ndtr, (-3, 3), "The logarithm of the normal distribution function."),
    lambda k, x: k.exp(-0.5 * x * x - k.log_ndtr(x)) / math.sqrt(2 * math.pi),
)
_derived(
    _special("ndtri", special.ndtri, (0.05, 0.95), "The inverse of the normal distribution function."),
    lambda k, x: math.sqrt(2 * math.pi) * k.exp(0.5 * k.ndtri(x) * k.ndtri(x)),
)


@function(
    name="special.ndtr",
    samples=lambda m: [
        *[m(x).other_nodes("composed in another order") for x in (m.f(2, 3), m.f(), m.f(0), m.nc(3, 2))],
        m(m.i(3)),
        m(m.b(2)),
    ],
    errors=lambda m: [m.error(NotImplementedError, "\"erf_vml_cpu\" not implemented for 'ComplexDouble'", m.c(2))],
)
def ndtr(input, *, out=None):
    """The normal distribution function."""
    x = input if input._a.dtype.kind in "fcV" else input.to(types.get_default_dtype())
    result = (erf.public(x * math.sqrt(0.5)) + 1) * 0.5
    return result if out is None else write_out("special_ndtr", out, result)


# --- kin of the gamma function --------------------------------------------------------------------------------------------
@elementwise(
    promote="float",
    methods="mvlgamma mvlgamma_",
    aliases="special.multigammaln",
    samples=lambda m: [
        m(m.f(2, 3, lo=2, hi=5), 2),
        m(m.f(lo=2, hi=4), 1),
        m(m.f(0), 2),
        m(m.nc(3, 2, lo=2, hi=5), 3),
        m(m.i(2, lo=3, hi=5), 2),
    ],
    errors=lambda m: [m.error(RuntimeError, "p has to be greater than or equal to 1", m.f(2), 0)],
)
def mvlgamma(k, input, *, p):
    """The logarithm of the multivariate gamma function of dimension ``p``."""
    steps = (np.arange(1 - p, 1) / 2).astype(input.dtype)
    total = k.sum(special.lgamma(input[..., None] + steps), dim=-1)
    return total + total.dtype.type(p * (p - 1) / 4 * math.log(math.pi))


@mvlgamma.prepare
def _(input, p):
    if getattr(input, "_a", input).dtype.kind == "b":
        raise errors.runtime("The input tensor may not be a boolean tensor.")
    if p < 1:
        raise errors.runtime("p has to be greater than or equal to 1")
    return (input,), {"p": int(p)}


@mvlgamma.vjp("input")
def _(k, g, input, p):
    total = k.digamma(input)
    for i in range(1, p):
        total = total + k.digamma(input - 0.5 * i)
    return g * total


# --- angles -----------------------------------------------------------------------------------------------------------
def _angle(name: str, factor: float, node: str, doc: str) -> None:
    def forward(k, input):
        return k.times(input, factor)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(
        promote="float",
        methods=f"{name} {name}_",
        refuses={"complex": (f"{name} is not supported for complex tensors.",)},
        grad_name=node,
        domain=(-3, 3),
    )(forward)

    @op.vjp("input")
    def _(k, g):
        return k.times(g, factor)


_angle("deg2rad", math.pi / 180, "Deg2RadBackward0", "Degrees in radians.")
_angle("rad2deg", 180 / math.pi, "Rad2DegBackward0", "Radians in degrees.")


@elementwise(promote="float", methods="sinc sinc_", aliases="special.sinc", domain=(0.2, 3))
def sinc(k, input):
    """``sin(pi x) / (pi x)``, 1 at 0.

    Gradient of ``input``: ``(cos(pi * input) - sinc(input)) / input``; 0 at 0.
    """
    if input.dtype.itemsize == 2:
        return k.sinc(input.astype(np.float32)).astype(input.dtype)
    x = input * input.dtype.type(math.pi)
    zero = x == 0
    return np.where(zero, x.dtype.type(1), c_library.sin(x) / np.where(zero, x.dtype.type(1), x))


@sinc.vjp("input")
def _(k, g, input):
    x, below = k.times(input, math.pi), k.times(input * input, math.pi)
    zero = k.eq(below, 0)  # also of numbers whose square is too small
    slope = (x * k.cos(x) - k.sin(x)) / k.where(zero, input + 1, below)
    return k.where(zero, 0.0, g * k.conj(slope))


@elementwise(methods="angle", promote="float", row_major="complex", domain=(0.3, 3))
def angle(k, input):
    """The argument of a complex number; of a real one 0 or pi."""
    if input.dtype.kind == "c":
        return np.angle(input).astype(input.real.dtype)
    return np.where(np.isnan(input), input, np.where(input < 0, input.dtype.type(math.pi), input.dtype.type(0)))


@angle.vjp("input")
def _(k, g, input):
    if not k.is_complex(input):
        return k.zeros_of(g)
    # the direction that turns: i x / |x|^2
    size = k.abs(input)
    return k.where(k.eq(size, 0), 0.0, g * (1j * input) / (size * size))


def _infinite(name: str, ufunc, doc: str) -> None:
    def forward(k, input):
        if input.dtype.kind == "V":
            input = input.astype(np.float32)
        return ufunc(input) if input.dtype.kind == "f" else np.zeros(input.shape, bool)

    forward.__name__, forward.__doc__ = name, doc
    elementwise(
        methods=name,
        nondiff=True,
        out="exact",
        refuses={"complex": (f"{name} does not support complex inputs.",)},
        domain=(-3, 3),
    )(forward)


_infinite("isposinf", np.isposinf, "Whether an element is plus infinity.")
_infinite("isneginf", np.isneginf, "Whether an element is minus infinity.")


@elementwise(methods="isreal", nondiff=True, domain=(-3, 3))
def isreal(k, input):
    """Whether an element has no imaginary part."""
    return np.asarray(np.isreal(input))


@elementwise(public=False, outputs=("mantissa", "exponent"), n_diff=1, grad_name="FrexpBackward0")
def frexp_pair(k, input):
    """Mantissa and exponent."""
    m, e = np.frexp(input)
    return m, e.astype(np.int32)


@frexp_pair.vjp("input")
def _(k, g, exponent):
    return g / k.exp2(exponent) if not isinstance(g, np.ndarray) else g / np.exp2(exponent).astype(g.dtype)


@function(
    methods="frexp",
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0)), m(m.nc(3, 2))],
    errors=lambda m: [m.error(RuntimeError, "torch.frexp() only supports floating-point dtypes", m.i(2))],
)
def frexp(input, *, out=None):
    """``input = mantissa * 2 ** exponent`` with a mantissa between 1/2 and 1."""
    if input._a.dtype.kind not in "fV":
        raise errors.runtime("torch.frexp() only supports floating-point dtypes")
    result = named("frexp", ("mantissa", "exponent"))(*frexp_pair.public(input))
    return result if out is None else write_out("frexp", out, result)
