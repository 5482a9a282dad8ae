"""Arithmetic: sums, products, quotients, powers, signs. The ops every program uses, and the simplest records."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..fast import is_operand
from ..functions import function
from ..inplace import inplace
from ..op import check_operands, elementwise, result_type
from ..tensor import Tensor


@elementwise(methods="add add_", scalar_first=True)
def add(k, input, other):
    """``input + alpha * other``, elementwise with broadcasting.

    >>> import rushlight as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), 10)
    tensor([11., 12.])
    """
    return k.add(input, other)


@add.vjp("input", "other")
def _(k, g):
    return g


@add.prepare
def _(input, other, *, alpha=1):
    return (input, scaled(input, other, alpha)), {}


def scaled(input: Any, other: Any, alpha: Any) -> Any:
    """``alpha * other`` for add and sub, where alpha must fit the dtype of the result."""
    if alpha.__class__ is int and alpha == 1:
        return other
    if isinstance(input, Tensor) and isinstance(other, (Tensor, int)):
        common = result_type((input, other))
        if isinstance(alpha, float) and common.category < types.FLOATING:
            raise errors.runtime("For integral input tensors, argument alpha must not be a floating point number.")
        if common is types.bool_:
            alpha = bool(alpha)
    return other * alpha


def is_bool(x: Any) -> bool:
    return isinstance(x, bool) or (isinstance(x, Tensor) and x._a.dtype.kind == "b")


@elementwise(methods="sub sub_ subtract subtract_", scalar_first=True)
def sub(k, input, other):
    """``input - alpha * other``, elementwise with broadcasting.

    Raises:
        RuntimeError: for bool tensors.
    """
    return k.sub(input, other)


@sub.prepare
def _(input, other, *, alpha=1):
    if is_bool(input) or is_bool(other):
        if is_bool(input) and is_bool(other):
            raise errors.runtime(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
                "operator instead."
            )
        raise errors.runtime(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the "
            "`~` or `logical_not()` operator instead."
        )
    return (input, scaled(input, other, alpha)), {}


@sub.vjp("input")
def _(k, g):
    return g


@sub.vjp("other")
def _(k, g):
    return -g


@elementwise(methods="rsub", scalar_first=True, grad_name="RsubBackward1")
def rsub(k, input, other):
    """``other - alpha * input``."""
    return k.sub(other, input)


@rsub.prepare
def _(input, other, *, alpha=1):
    sub.bind((other, input), {})
    return (scaled(other, input, alpha), other), {}


@rsub.vjp("input")
def _(k, g):
    return -g


@rsub.vjp("other")
def _(k, g):
    return g


@function(name="Tensor.__rsub__", methods="__rsub__")
def reflected_sub(self: Tensor, other: Any) -> Any:
    """``other - self``: one node of its own, as in PyTorch."""
    return rsub.public(self, other) if is_operand(other) else NotImplemented


# --- multiplication and division ----------------------------------------------------------------------------------
@elementwise(methods="mul mul_ multiply multiply_", scalar_first=True)
def mul(k, input, other):
    """``input * other``, elementwise with broadcasting."""
    return k.mul(input, other)


@mul.vjp("input")
def _(k, g, other):
    return g * k.conj(other)


@mul.vjp("other")
def _(k, g, input):
    return g * k.conj(input)


@elementwise(promote="float", scalar_first=True, domain=(0.5, 3))
def div(k, input, other):
    """``input / other``, elementwise with broadcasting; integers give the default floating dtype."""
    return k.div(input, other)


@div.vjp("input")
def _(k, g, other):
    return g / k.conj(other)


@div.vjp("other")
def _(k, g, input, other):
    return -g * k.conj((input / other) / other)


def integers(*arrays: Any) -> bool:
    """True if all are of integer dtype."""
    return all(np.asarray(a).dtype.kind in "iu" for a in arrays)


def refuse_zero(divisor: Any) -> None:
    if (np.asarray(divisor) == 0).any():
        raise errors.runtime(
            "ZeroDivisionError", "An integer tensor was divided by zero; mask the zeros or use floats."
        )


def refuse_bool(name: str, *inputs: Any) -> None:
    """PyTorch's answer where an op has no kernel for bool."""
    if all(is_bool(x) for x in inputs):
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool'")


def _no_gradient(name: str) -> Any:
    def rule(k, g):
        raise errors.runtime(f"derivative for aten::{name} is not implemented", "Round a detached tensor.")

    return rule


@elementwise(methods="floor_divide floor_divide_", scalar_first=True, grad_name="NotImplemented", domain=(0.5, 3))
def floor_divide(k, input, other):
    """``floor(input / other)`` in the common dtype.

    Raises:
        RuntimeError: "ZeroDivisionError" for integers divided by zero.
    """
    if integers(input, other):
        refuse_zero(other)
    return np.floor_divide(input, other)


@floor_divide.prepare
def _(input, other):
    refuse_bool("div_floor_cpu", input, other)
    return (input, other), {}


floor_divide.vjp("input", "other")(_no_gradient("floor_divide"))


@elementwise(scalar_first=True, public=False, grad_name="DivBackward2", domain=(0.5, 3))
def div_rounded(k, input, other, *, rounding_mode):
    """Division rounded down (``floor``) or towards zero (``trunc``)."""
    whole = integers(input, other)
    if whole:
        refuse_zero(other)
    if rounding_mode == "floor":
        return np.floor_divide(input, other)
    if not whole:
        return np.trunc(np.divide(input, other))
    quotient = np.floor_divide(input, other)
    # rounded down where it should have been rounded up: a negative quotient with a remainder
    return quotient + ((quotient < 0) & (quotient * other != input)).astype(quotient.dtype)


@div_rounded.vjp("input", "other")
def _(k, g):
    return g * 0.0


@function(name="div", methods="div divide")
def divide(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """``input / other``; with ``rounding_mode`` ``"floor"`` or ``"trunc"`` rounded, in the common dtype.

    Raises:
        RuntimeError: "ZeroDivisionError" for integers rounded; for another rounding mode.
    """
    kwargs = {} if out is None else {"out": out}
    if rounding_mode is None:
        return div.public(input, other, **kwargs)  # type: ignore[no-any-return]
    _check_mode(rounding_mode)
    return div_rounded.public(input, other, rounding_mode=rounding_mode, **kwargs)  # type: ignore[no-any-return]


def _check_mode(mode: Any) -> None:
    if mode not in ("floor", "trunc"):
        raise errors.runtime(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'")


@function(name="Tensor.div_", methods="div_ divide_ true_divide_")
def divide_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """In-place :func:`divide`."""
    if rounding_mode is None:
        return inplace(div, (self, other), {})
    _check_mode(rounding_mode)
    return inplace(div_rounded, (self, other), {"rounding_mode": rounding_mode})


function(name="divide")(divide)


@function(methods="true_divide")
def true_divide(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """``input / other``."""
    return divide(input, other, out=out)


@function(name="Tensor.__rtruediv__", methods="__rtruediv__")
def reflected_div(self: Tensor, other: Any) -> Any:
    """``other / self``, computed as PyTorch does: the reciprocal, times ``other``."""
    return reciprocal.public(self) * other if is_operand(other) else NotImplemented


def _remainder_name(inputs, attrs):
    return "RemainderBackward1" if isinstance(inputs[1], Tensor) else "RemainderBackward0"


@elementwise(methods="remainder remainder_", scalar_first=True, domain=(0.5, 3), grad_name=_remainder_name)
def remainder(k, input, other):
    """``input - other * floor(input / other)``: the sign is that of ``other``."""
    if integers(input, other):
        refuse_zero(other)
    return np.remainder(input, other)


@remainder.prepare
def _(input, other):
    refuse_bool("remainder_cpu", input, other)
    return (input, other), {}


@remainder.vjp("input")
def _(k, g):
    return g


@remainder.vjp("other")
def _(k, g, input, other):
    return -g * k.floor(input / other)


def _fmod_name(inputs, attrs):
    return "FmodBackward1" if isinstance(inputs[1], Tensor) else "FmodBackward0"


@elementwise(methods="fmod fmod_", domain=(0.5, 3), grad_name=_fmod_name)
def fmod(k, input, other):
    """``input - other * trunc(input / other)``: the sign is that of ``input``."""
    if integers(input, other):
        refuse_zero(other)
    return np.fmod(input, other)


@fmod.vjp("input")
def _(k, g):
    return g


@fmod.vjp("other")
def _(k, g, input, other):
    return -g * k.trunc(input / other)


# --- powers -------------------------------------------------------------------------------------------------------
def _pow_types(inputs):
    check_operands(pow, inputs)
    if all(is_bool(x) for x in inputs):
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    common = result_type(inputs)
    exponent = inputs[1]
    if isinstance(exponent, Tensor):
        return [common, common]
    if common.category == types.INTEGER and exponent < 0:
        raise errors.runtime(
            "Integers to negative integer powers are not allowed.",
            "Convert first: x.float() ** -1, or torch.reciprocal(x).",
        )
    return [common, None]  # a number stays a number: the common powers have kernels of their own


def _pow_name(inputs, attrs):
    if not isinstance(inputs[1], Tensor):
        return "PowBackward0"
    return "PowBackward1" if isinstance(inputs[0], Tensor) else "PowBackward2"


@elementwise(promote=_pow_types, methods="pow pow_", scalar_first=True, domain=(0.5, 3), grad_name=_pow_name)
def pow(k, input, exponent):
    """``input ** exponent``, elementwise with broadcasting. The gradient of ``x ** 0`` is 0.

    Raises:
        RuntimeError: for integers to a negative number.
    """
    a = np.asarray(input)
    if isinstance(exponent, (bool, int, float, np.generic)):
        special = _POWERS.get(float(exponent)) if a.dtype.kind in "fc" else None
        if special is not None:
            return special(a)
        return np.power(a, exponent if a.dtype.kind not in "iu" else np.asarray(int(exponent)).astype(a.dtype))
    if a.dtype.kind in "iu" and (np.asarray(exponent) < 0).any():
        # 1 and -1 have integer reciprocals; the others round to 0.
        sign = np.where(np.remainder(exponent, 2) == 0, a * a, a)
        small = np.where(np.abs(a) == 1, sign, 0).astype(a.dtype)
        return np.where(exponent < 0, small, np.power(a, np.maximum(exponent, 0)))
    return np.power(a, exponent)


#: Powers that are computed by multiplication and roots, which round as PyTorch's do.
_POWERS = {
    0.5: np.sqrt,
    1.0: np.positive,
    2.0: lambda a: a * a,
    3.0: lambda a: a * a * a,
    -1.0: lambda a: 1 / a,
    -2.0: lambda a: 1 / (a * a),
    -0.5: lambda a: 1 / np.sqrt(a),
}


@pow.vjp("input")
def _(k, g, input, exponent):
    if isinstance(exponent, (bool, int, float, complex, np.number)) and not isinstance(exponent, np.ndarray):
        return g * 0.0 if exponent == 0 else g * k.conj(exponent * k.pow(input, exponent - 1))
    return k.where(k.eq(exponent, 0), 0.0, g * k.conj(exponent * k.pow(input, exponent - 1)))


@pow.vjp("exponent")
def _(k, g, input, exponent, out):
    if k.is_complex(out):
        return g * k.conj(out * k.log(input))
    at_zero = k.logical_and(k.eq(input, 0), k.ge(exponent, 0))
    return k.where(at_zero, 0.0, g * k.conj(out * k.log(input)))


@elementwise(methods="square square_", domain=(-3, 3), grad_name="PowBackward0")
def square(k, input):
    """``input * input``."""
    return k.mul(input, input)


@square.vjp("input")
def _(k, g, input):
    return g * k.conj(input * 2)


@elementwise(promote="float", methods="reciprocal reciprocal_", domain=(0.5, 3))
def reciprocal(k, input):
    """``1 / input``."""
    return k.div(1, input)


@reciprocal.vjp("input")
def _(k, g, out):
    return -g * k.conj(out * out)


# --- signs --------------------------------------------------------------------------------------------------------
@elementwise(methods="neg neg_ negative negative_", domain=(-3, 3))
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


@function(methods="positive __pos__")
def positive(input: Tensor) -> Tensor:
    """``input`` itself.

    Raises:
        RuntimeError: for bool tensors.
    """
    if is_bool(input):
        raise errors.runtime("The `+` operator, on a bool tensor is not supported.")
    return input


@elementwise(methods="abs abs_ absolute absolute_", domain=(-3, 3))
def abs(k, input):
    """The absolute value; of a complex number its length. Gradient ``sgn(input)``, 0 at 0."""
    return k.abs(input)


@abs.prepare
def _(input):
    refuse_bool("abs_cpu", input)
    return (input,), {}


@abs.vjp("input")
def _(k, g, input):
    return g * k.sgn(input)


@elementwise(methods="sgn sgn_", domain=(-3, 3))
def sgn(k, input):
    """The sign; for complex numbers ``input / |input|``, 0 at 0."""
    a = np.asarray(input)
    if a.dtype.kind == "c":
        size = np.abs(a)
        return np.where(size == 0, 0, a / np.where(size == 0, 1, size)).astype(a.dtype)
    return a if a.dtype.kind == "b" else np.nan_to_num(np.sign(a), nan=0.0)


@sgn.vjp("input")
def _(k, g, input, out):
    if not k.is_complex(input):
        return g * 0.0
    size = k.abs(input)
    inner = k.real(g * k.conj(out))
    return k.where(k.eq(size, 0), 0.0, (g - out * inner) / size)


@elementwise(methods="sign sign_", domain=(-3, 3))
def sign(k, input):
    """-1, 0 or 1; 0 for NaN. Its gradient is 0."""
    return k.sgn(input)


@sign.prepare
def _(input):
    if isinstance(input, Tensor) and input._a.dtype.kind == "c":
        raise errors.runtime("Unlike NumPy, torch.sign doesn't support complex numbers. Please use torch.sgn instead.")
    return (input,), {}


@sign.vjp("input")
def _(k, g):
    return g * 0.0


# --- the larger and the smaller ---------------------------------------------------------------------------------
def _two_tensors(op: Any) -> None:
    def prepare(input, other):
        for position, (name, x) in enumerate((("input", input), ("other", other)), 1):
            if not isinstance(x, (Tensor, np.ndarray, np.generic)):
                raise errors.not_a_tensor(op.name, name, position, x)
        return (input, other), {}

    op.prepare(prepare)


@elementwise(methods="maximum")
def maximum(k, input, other):
    """The larger of two; NaN if either is. At a tie each gets half the gradient."""
    return k.maximum(input, other)


@maximum.vjp("input")
def _(k, g, input, other):
    return k.where(k.eq(input, other), g / 2, k.where(k.lt(input, other), 0.0, g))


@maximum.vjp("other")
def _(k, g, input, other):
    return k.where(k.eq(input, other), g / 2, k.where(k.gt(input, other), 0.0, g))


@elementwise(methods="minimum")
def minimum(k, input, other):
    """The smaller of two; NaN if either is. At a tie each gets half the gradient."""
    return k.minimum(input, other)


@minimum.vjp("input")
def _(k, g, input, other):
    return k.where(k.eq(input, other), g / 2, k.where(k.gt(input, other), 0.0, g))


@minimum.vjp("other")
def _(k, g, input, other):
    return k.where(k.eq(input, other), g / 2, k.where(k.lt(input, other), 0.0, g))


@elementwise(methods="fmax")
def fmax(k, input, other):
    """The larger of two, ignoring NaN. At a tie the first gets the gradient."""
    return k.fmax(input, other)


@fmax.vjp("input")
def _(k, g, input, other):
    return k.where(k.logical_or(k.ge(input, other), k.isnan(other)), g, 0.0)


@fmax.vjp("other")
def _(k, g, input, other):
    return k.where(k.logical_or(k.ge(input, other), k.isnan(other)), 0.0, g)


@elementwise(methods="fmin")
def fmin(k, input, other):
    """The smaller of two, ignoring NaN. At a tie the first gets the gradient."""
    return k.fmin(input, other)


@fmin.vjp("input")
def _(k, g, input, other):
    return k.where(k.logical_or(k.le(input, other), k.isnan(other)), g, 0.0)


@fmin.vjp("other")
def _(k, g, input, other):
    return k.where(k.logical_or(k.le(input, other), k.isnan(other)), 0.0, g)


for _op in (maximum, minimum, fmax, fmin):
    _two_tensors(_op)


# --- three operands -----------------------------------------------------------------------------------------------
@elementwise(methods="addcmul addcmul_")
def addcmul(k, input, tensor1, tensor2, *, value=1):
    """``input + value * tensor1 * tensor2``."""
    return input + (tensor1 * tensor2 if value == 1 else value * tensor1 * tensor2)


@addcmul.vjp("input")
def _(k, g):
    return g


@addcmul.vjp("tensor1")
def _(k, g, tensor2, value):
    return g * k.conj(tensor2 * value)


@addcmul.vjp("tensor2")
def _(k, g, tensor1, value):
    return g * k.conj(tensor1 * value)


@elementwise(methods="addcdiv addcdiv_", domain=(0.5, 3))
def addcdiv(k, input, tensor1, tensor2, *, value=1):
    """``input + value * tensor1 / tensor2``.

    Raises:
        RuntimeError: if both tensors are of integers.
    """
    if integers(tensor1, tensor2):
        raise errors.runtime(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division "
            "of tensor1 and tensor2.",
            "Write input + value * torch.div(tensor1, tensor2, rounding_mode='trunc'), or convert to float.",
        )
    return input + value * tensor1 / tensor2


@addcdiv.vjp("input")
def _(k, g):
    return g


@addcdiv.vjp("tensor1")
def _(k, g, tensor2, value):
    return g * k.conj(value / tensor2)


@addcdiv.vjp("tensor2")
def _(k, g, tensor1, tensor2, value):
    return -g * k.conj(value * tensor1 / (tensor2 * tensor2))


def _lerp_name(inputs, attrs):
    return "LerpBackward1" if isinstance(inputs[2], Tensor) else "LerpBackward0"


@elementwise(methods="lerp lerp_", grad_name=_lerp_name)
def lerp(k, input, end, weight):
    """``input + weight * (end - input)``, measured from the nearer end."""
    far = np.abs(weight) >= 0.5
    step = end - input
    return np.where(far, end - step * (1 - weight), input + weight * step)


@lerp.prepare
def _(input, end, weight):
    for name, x in (("end", end), ("weight", weight)):
        if isinstance(x, Tensor) and isinstance(input, Tensor) and x.dtype is not input.dtype:
            names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
            have, want = (names.get(t.dtype.name, t.dtype.name) for t in (x, input))
            raise errors.runtime(f"expected dtype {want} for `{name}` but got dtype {have}")
    return (input, end, weight), {}


@lerp.vjp("input")
def _(k, g, weight):
    return g * k.conj(1 - weight)


@lerp.vjp("end")
def _(k, g, weight):
    return g * k.conj(weight)


@lerp.vjp("weight")
def _(k, g, input, end):
    return g * k.conj(end - input)
