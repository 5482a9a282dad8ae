"""Arithmetic: sums, products, quotients, powers, signs. The ops every program uses, and the simplest records."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..bodies import is_operand
from ..functions import function
from ..kernels import half as kernels
from ..kernels.iteration import is_half
from ..kernels.layouts import as_operands_lie
from ..known_writes import write
from ..op import Op, elementwise
from ..promotion import element, result_type
from ..readers import REGISTRY, arrays
from ..tensor import Tensor
from .operands import (
    check_alpha,
    integers,
    is_bool,
    narrowed,
    refuse_bools,
    refuse_zero,
    rounded_first,
    without_gradient,
)


def _sum_samples(op: Any) -> Any:
    def samples(m: Any) -> list[Any]:
        from ..samples import elementwise_samples

        out = [m(m.f(2, 3), m.f(3), alpha=0.3), m(m.nc(3, 2), 2, alpha=-1.5), m(m.i(3), m.i(3), alpha=3)]
        out += [
            m(m.f(3), m.a([1, 2, 250], m.torch.uint8), alpha=-2),
            m(m.c(2), m.c(2), alpha=0.3).value_only("complex"),
        ]
        return [*elementwise_samples(op())(m), *out]

    return samples


@elementwise(methods="add add_", numbers="both", samples=_sum_samples(lambda: add))
def add(k, input, other):
    """``input + alpha * other``, elementwise with broadcasting.

    >>> import rushlight as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), 10)
    tensor([11., 12.])
    """
    # PyTorch multiplies complex numbers by ``alpha`` even where it is 1, which makes nan of what is beside an infinity
    return k.add(input, other * 1 if k.is_complex(other) else other)


@add.vjp("input", "other")
def _(k, g):
    return g


@add.prepare
def _(input, other, *, alpha=1):
    if alpha.__class__ is not int:
        check_alpha(input, other, alpha)
    return (input, other), {}


@elementwise(public=False, numbers="both", grad_name=lambda inputs, attrs: attrs["node"])
def sum_scaled(k, input, other, *, alpha, slope, node):
    """``input + alpha * other``, the product and the sum rounded once: what add and sub with an ``alpha`` are."""
    if input.dtype.kind == "b":
        return input | (other & bool(alpha))
    if is_half(input.dtype):
        return kernels.sum_scaled(input, other, alpha)
    return k.fma(other, input.dtype.type(alpha), input)


@sum_scaled.prepare
def _(input, other, *, alpha, node="AddBackward0"):
    if isinstance(alpha, Tensor):
        alpha = alpha.item()
    if not isinstance(alpha, (bool, int, float, complex, np.generic)):
        raise errors.type_(f"{node[:3].lower()}(): argument 'alpha' must be Number, not {type(alpha).__name__}")
    if node == "SubBackward0":
        refuse_bools(input, other)
    if alpha.__class__ is not int:
        check_alpha(input, other, alpha)
    common, slope = result_type((input, other)), alpha
    if common is not types.bool_:
        fitting = element(alpha, common)
        alpha = (-fitting if node == "SubBackward0" else fitting).item()
    if common not in (types.float16, types.bfloat16):  # of which the sum alone rounds the number
        slope = alpha
    elif node == "SubBackward0":
        slope = -slope
    return (input, other), {"alpha": alpha, "slope": slope, "node": node}


@sum_scaled.vjp("input")
def _(k, g):
    return g


@sum_scaled.vjp("other")
def _(k, g, slope):
    return k.times(g, slope.conjugate() if isinstance(slope, complex) else slope)


def with_alpha(op: Op, node: str) -> None:
    """Let add or sub with an ``alpha`` other than 1 be ``sum_scaled``."""

    def variant(kwargs):
        alpha = kwargs.get("alpha", 1)
        if alpha is True or (alpha.__class__ is int and alpha == 1):
            return op
        kwargs["node"] = node
        return sum_scaled

    op.variant = variant


with_alpha(add, "AddBackward0")


@elementwise(methods="sub sub_", aliases="subtract", numbers="both", samples=_sum_samples(lambda: sub))
def sub(k, input, other):
    """``input - alpha * other``, elementwise with broadcasting.

    Raises:
        RuntimeError: for bool tensors.
    """
    return k.sub(input, other) if not k.is_complex(other) else k.add(input, other * -1)


@sub.prepare
def _(input, other, *, alpha=1):
    refuse_bools(input, other)
    if alpha.__class__ is not int:
        check_alpha(input, other, alpha)
    return (input, other), {}


@sub.vjp("input")
def _(k, g):
    return g


@sub.vjp("other")
def _(k, g):
    return -g


with_alpha(sub, "SubBackward0")


def _reversed_name(inputs: Any, attrs: Any) -> str:
    return f"RsubBackward{int(not isinstance(inputs[1], Tensor))}"


def _rsub_samples(m: Any) -> list[Any]:
    from ..samples import elementwise_samples

    scaled = [m(m.f(2, 3), m.f(3), alpha=0.3), m(m.nc(3, 2), 2, alpha=-1.5), m(m.i(3), m.i(3), alpha=3)]
    return [*elementwise_samples(rsub)(m), *scaled]


@elementwise(methods="rsub", numbers="second", row_major="turned", grad_name=_reversed_name, samples=_rsub_samples)
def rsub(k, input, other):
    """``other - alpha * input``."""
    result = k.sub(other, input) if not k.is_complex(input) else k.add(other, input * -1)
    if k is arrays and result.ndim > 1 and isinstance(other, np.ndarray) and isinstance(input, np.ndarray):
        result = as_operands_lie(result, (other, input))
    return result


@rsub.prepare
def _(input, other, *, alpha=1):
    sub.bind((other, input), {"alpha": alpha})
    return (input, other), {}


@rsub.vjp("input")
def _(k, g):
    return -g


@rsub.vjp("other")
def _(k, g):
    return g


@elementwise(public=False, numbers="second", row_major="turned", grad_name=_reversed_name)
def rsub_scaled(k, input, other, *, alpha):
    """``other - alpha * input``, rounded as ``sub`` with an ``alpha`` is."""
    return sum_scaled.forward(k, other, input, alpha=-element(alpha, types.of_array(input)).item(), slope=0, node="")


@rsub_scaled.prepare
def _(input, other, *, alpha):
    sub.bind((other, input), {"alpha": alpha})
    return (input, other), {"alpha": alpha}


@rsub_scaled.vjp("input")
def _(k, g, alpha):
    return k.times(-g, alpha)


@rsub_scaled.vjp("other")
def _(k, g):
    return g


def _rsub_variant(kwargs: dict[str, Any]) -> Op:
    return rsub if kwargs.get("alpha", 1).__class__ is int and kwargs.get("alpha", 1) == 1 else rsub_scaled


rsub.variant = _rsub_variant


@function(
    name="Tensor.__rsub__",
    methods="__rsub__",
    samples=lambda m: [m(m.f(2, 3), 3), m(m.f(), 2.5), m(m.f(0), 2), m(m.nc(3, 2), 1.5), m(m.i(3), 2)],
    errors=lambda m: [m.error(RuntimeError, "with a bool tensor is not supported", m.b(2), 1)],
)
def reflected_sub(self: Tensor, other: Any) -> Any:
    """``other - self``: one node of its own, as in PyTorch."""
    return rsub.public(self, other) if is_operand(other) else NotImplemented


# --- multiplication and division ----------------------------------------------------------------------------------


@elementwise(methods="mul mul_", aliases="multiply", numbers="both", wide_numbers=True)
def mul(k, input, other):
    """``input * other``, elementwise with broadcasting."""
    input = rounded_first(k, input, other)
    return k.mul(input, other) if k is not arrays else narrowed(k.mul(input, other), input, other)


@mul.vjp("input")
def _(k, g, other):
    return _gradient(k, g, g * k.conj(other))


@mul.vjp("other")
def _(k, g, input):
    return _gradient(k, g, g * k.conj(input))


def _gradient(k: Any, g: Any, slope: Any) -> Any:
    """A gradient of 16-bit floats beside a number in float32, in 16 bits: what does not fit is infinite where it is computed."""
    return slope if k is not arrays or slope.dtype is g.dtype else narrowed(slope, g)


@elementwise(promote="float", numbers="both", domain=(0.5, 3), wide_numbers=True)
def div(k, input, other):
    """``input / other``, elementwise with broadcasting; integers give the default floating dtype."""
    input = rounded_first(k, input, other)
    return k.div(input, other) if k is not arrays else narrowed(k.div(input, other), input, other)


@div.vjp("input")
def _(k, g, other):
    return _gradient(k, g, g / k.conj(other))


@div.vjp("other")
def _(k, g, input, other):
    return -g * k.conj(div.forward(k, div.forward(k, input, other), other))


_NO_FLOOR = {"bool": "div_floor_cpu", "complex": "div_floor_cpu"}


@elementwise(
    methods="floor_divide floor_divide_",
    numbers="both",
    refuses=_NO_FLOOR,
    grad_name="NotImplemented",
    domain=(0.5, 3),
    wide_numbers=True,
)
def floor_divide(k, input, other):
    """``floor(input / other)`` in the common dtype.

    Raises:
        RuntimeError: "ZeroDivisionError" for integers divided by zero.
    """
    if integers(input, other):
        refuse_zero(input, other)
    input = rounded_first(k, input, other)
    return narrowed(np.floor_divide(input, other), input, other)


floor_divide.vjp("input", "other")(without_gradient("floor_divide"))


def _rounded(mode: str, body: Any, doc: str) -> Any:
    """Division rounded in one of two ways; its gradient is 0."""

    def forward(k, input, other):
        if integers(input, other):
            refuse_zero(input, other)
        input = rounded_first(k, input, other)
        return narrowed(body(input, other), input, other)

    forward.__name__, forward.__doc__ = f"div_{mode}", doc
    op = elementwise(
        numbers="both",
        public=False,
        refuses="bool complex",
        grad_name="DivBackward2",
        domain=(0.5, 3),
        wide_numbers=True,
    )(forward)

    @op.vjp("input")
    def _(k, g, other):  # PyTorch's node keeps the operands, and notices when they are written to
        return k.zeros_of(g)

    @op.vjp("other")
    def _(k, g, input, other):
        return k.zeros_of(g)

    return op


def _towards_zero(input: Any, other: Any) -> Any:
    if not integers(input, other):
        return np.trunc(np.divide(input, other))
    quotient = np.floor_divide(input, other)
    # rounded down where it should have been rounded up: a negative quotient with a remainder
    return quotient + ((quotient < 0) & (quotient * other != input)).astype(quotient.dtype)


_ROUNDED = {
    "floor": _rounded("floor", np.floor_divide, "Division rounded down."),
    "trunc": _rounded("trunc", _towards_zero, "Division rounded towards zero."),
}


def _div_samples(m: Any) -> list[Any]:
    d = {"lo": 0.5, "hi": 3}
    return [
        m(m.f(2, 3), m.f(2, 3, **d)),
        m(m.f(2, 1), m.f(3, **d)),
        m(m.f(), m.f(2, **d)),
        m(m.f(0, 2), m.f(2)),
        m(m.nc(3, 2), 1.7),
        m(m.i(3), m.i(3, lo=1)),
        m(m.i(3), 2),
        m(m.b(3), m.a([True, True, True])),
        m(m.f(3), m.i(3, lo=1)),
        m(m.c(3), m.f(3, **d)).value_only("real"),
        *[
            s
            for mode in ("floor", "trunc")
            for s in (
                m(m.f(2, 3), m.f(3, **d), rounding_mode=mode),
                m(m.f(3), 0.7, rounding_mode=mode),
                m(m.a([-7, 7, -6, 5]), m.a([2, 2, 3, -3]), rounding_mode=mode),
                m(m.b(2), m.b(2), rounding_mode=mode),
                m(m.c(2), m.f(2, **d), rounding_mode=mode),
                m(m.a([7, 200], m.torch.uint8), 3, rounding_mode=mode),
            )
        ],
    ]


def _div_errors(m: Any) -> list[Any]:
    return [
        m.error(RuntimeError, "ZeroDivisionError", m.i(2), 0, rounding_mode="floor"),
        m.error(RuntimeError, "div expected rounding_mode to be one of None, 'trunc', or 'floor'", m.f(2), 2.0, rounding_mode="up"),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
        m.error(TypeError, "argument 'other' (position 2) must be Tensor, not str", m.f(2), "text"),
    ]  # fmt: skip


@function(name="div", methods="div", aliases="divide", samples=_div_samples, errors=_div_errors)
def divide(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """``input / other``; with ``rounding_mode`` ``"floor"`` or ``"trunc"`` rounded, in the common dtype.

    Raises:
        RuntimeError: "ZeroDivisionError" for integers rounded; for another rounding mode.
    """
    kwargs = {} if out is None else {"out": out}
    if rounding_mode is None:
        return div.public(input, other, **kwargs)  # type: ignore[no-any-return]
    _check_mode(rounding_mode)
    return _ROUNDED[rounding_mode].public(input, other, **kwargs)  # type: ignore[no-any-return]


def _check_mode(mode: Any) -> None:
    if mode not in ("floor", "trunc"):
        raise errors.runtime(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'")


@function(
    name="Tensor.div_",
    methods="div_ divide_ true_divide_",
    samples=lambda m: [
        m(m.f(2, 3), m.f(3, lo=1)), m(m.f(), 2.0), m(m.f(0), 2.0), m(m.nc(3, 2), 1.5, rounding_mode="floor"),
        m(m.i(3), 2, rounding_mode="trunc"), m(m.i(3), 2)],
    errors=lambda m: [
        m.error(RuntimeError, "result type Float can't be cast to the desired output type Long", m.i(2), 2),
        m.error(RuntimeError, "doesn't match the broadcast shape", m.f(2), m.f(2, 2)),
        m.error(RuntimeError, "ZeroDivisionError", m.i(2), 0, rounding_mode="trunc"),
    ],
)  # fmt: skip
def divide_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """In-place :func:`torch.divide`."""
    if rounding_mode is None:
        return write(div, (self, other), {})
    _check_mode(rounding_mode)
    return write(_ROUNDED[rounding_mode], (self, other), {})


@function(
    methods="true_divide",
    samples=lambda m: [m(m.f(2, 3), m.f(3, lo=1)), m(m.f(), 2), m(m.f(0), 2), m(m.nc(3, 2), 3.0), m(m.i(3), 2)],
    errors=lambda m: [m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3))],
)
def true_divide(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """``input / other``."""
    return divide(input, other, out=out)


@function(
    name="Tensor.__rtruediv__",
    methods="__rtruediv__ __rdiv__",
    samples=lambda m: [
        m(m.f(2, 3, lo=0.5), 3),
        m(m.f(lo=1), 2.5),
        m(m.f(0), 2),
        m(m.nc(3, 2, lo=0.5), 1.5),
        m(m.i(3, lo=1), 2),
    ],
    errors=lambda m: [m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3))],
)
def reflected_div(self: Tensor, other: Any) -> Any:
    """``other / self``, computed as PyTorch does: the reciprocal, times ``other``."""
    return REGISTRY["reciprocal"].public(self) * other if is_operand(other) else NotImplemented


def _remainder_name(inputs, attrs):
    return "RemainderBackward1" if isinstance(inputs[1], Tensor) else "RemainderBackward0"


@elementwise(
    methods="remainder remainder_",
    refuses="bool complex",
    numbers="either",
    domain=(0.5, 3),
    grad_name=_remainder_name,
)
def remainder(k, input, other):
    """``input - other * floor(input / other)``: the sign is that of ``other``."""
    if integers(input, other):
        refuse_zero(input, other)
    out = np.remainder(input, other)
    # NumPy's zeros have the sign of the divisor
    return out if integers(input, other) else np.where(out == 0, np.copysign(out, input), out)


@remainder.vjp("input")
def _(k, g):
    return g


@remainder.vjp("other")
def _(k, g, input, other):
    return -g * k.div_floor(input, other)


def _fmod_name(inputs, attrs):
    return "FmodBackward1" if isinstance(inputs[1], Tensor) else "FmodBackward0"


@elementwise(methods="fmod fmod_", numbers="second", refuses="bool complex", domain=(0.5, 3), grad_name=_fmod_name)
def fmod(k, input, other):
    """``input - other * trunc(input / other)``: the sign is that of ``input``."""
    if integers(input, other):
        refuse_zero(input, other)
    return np.fmod(input, other)


@fmod.vjp("input")
def _(k, g):
    return g


@fmod.vjp("other")
def _(k, g, input, other):
    return -g * k.trunc(input / other)


# --- signs --------------------------------------------------------------------------------------------------------
@elementwise(out="exact partial", methods="neg neg_", aliases="negative", domain=(-3, 3))
def neg(k, input):
    """``-input``, elementwise.

    Raises:
        RuntimeError: for bool tensors.
    """
    return k.neg(input)


@neg.prepare
def _(input):
    if is_bool(input):
        raise errors.runtime(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
            "`logical_not()` operator instead."
        )
    return (input,), {}


@neg.vjp("input")
def _(k, g):
    return -g


@function(
    methods="positive __pos__",
    samples=lambda m: [m(m.f(2, 3)), m(m.f()), m(m.f(0)), m(m.nc(3, 2)), m(m.i(3))],
    errors=lambda m: [m.error(RuntimeError, "The `+` operator, on a bool tensor is not supported.", m.b(2))],
)
def positive(input: Tensor) -> Tensor:
    """``input`` itself.

    Raises:
        RuntimeError: for bool tensors.
    """
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("positive", "input", 1, input)
    if is_bool(input):
        raise errors.runtime("The `+` operator, on a bool tensor is not supported.")
    return input


@elementwise(out="exact partial", methods="abs abs_", aliases="absolute", refuses="bool", domain=(-3, 3))
def abs(k, input):
    """The absolute value; of a complex number its length. Gradient ``sgn(input)``, 0 at 0."""
    return k.length(input) if k.is_complex(input) else k.abs(input)


@abs.vjp("input")
def _(k, g, input):
    return g * k.sgn(input)


@elementwise(out="exact partial", methods="sgn sgn_", domain=(-3, 3))
def sgn(k, input):
    """The sign; for complex numbers ``input / |input|``, 0 at 0."""
    kind, t = input.dtype.kind, input.dtype.type
    if kind == "c":
        size = k.length(input)
        return np.where(size == 0, 0, input / np.where(size == 0, 1, size)).astype(input.dtype)
    if kind in "biu":
        return np.array(input) if kind == "b" else np.sign(input)
    return np.where(input > 0, t(1), np.where(input < 0, t(-1), t(0)))


@sgn.vjp("input")
def _(k, g, input, out):
    if not k.is_complex(input):
        return k.zeros_of(g)
    size = k.length(input)
    inner = k.real(g * k.conj(out))
    return k.where(k.eq(size, 0), 0.0, (g - out * inner) / size)


@elementwise(
    out="exact partial",
    methods="sign sign_",
    refuses={
        "complex": "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
    },
    domain=(-3, 3),
)
def sign(k, input):
    """-1, 0 or 1; 0 for NaN. Its gradient is 0."""
    return k.sgn(input)


@sign.vjp("input")
def _(k, g):
    return k.zeros_of(g)
