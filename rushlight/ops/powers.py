"""Powers and reciprocals."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.elementary import sqrt
from ..kernels.iteration import is_half
from ..kernels.power import complex_powers, power, powers
from ..kernels.strides import broadcast_shapes
from ..kernels.symbols import Symbol
from ..known_writes import write
from ..op import elementwise
from ..promotion import check_operands, result_type
from ..tensor import Tensor
from .operands import is_bool


def _pow_types(inputs):
    if all(is_bool(x) for x in inputs) and isinstance(inputs[1], Tensor):
        broadcast_shapes(
            *[x._a.shape for x in inputs if isinstance(x, Tensor)]
        )  # which PyTorch asks before it looks for a kernel
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    common = result_type(inputs)
    exponent = inputs[1]
    if common is types.bool_:  # by a number
        return [common if isinstance(exponent, bool) else types.int64, None]
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


@elementwise(
    promote=_pow_types,
    keeps_floats=True,
    methods="pow pow_",
    numbers="either",
    row_major="number first",
    domain=(0.5, 3),
    grad_name=_pow_name,
    errors=lambda m: [
        m.error(TypeError, "pow() received an invalid combination of arguments", m.f(2), "text"),
        m.error(TypeError, "pow() received an invalid combination of arguments", 2, 3),
        m.error(RuntimeError, "Integers to negative integer powers are not allowed.", m.i(2, lo=1), -1),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
    ],
)
def pow(k, input, exponent):
    """``input ** exponent``, elementwise with broadcasting. The gradient of ``x ** 0`` is 0.

    Raises:
        RuntimeError: for integers to a negative number.
    """
    if input.__class__ is Symbol:
        return _loop_of(k, input, exponent)
    a = np.asarray(input)
    if a.dtype.kind == "b":  # by True or False
        return a | (not exponent)
    if isinstance(exponent, (bool, int, float, np.generic)):
        special = _POWERS.get(float(exponent)) if a.dtype.kind in "fcV" and a.dtype != np.float16 else None
        if special is not None:
            root = a.dtype.kind == "V" and abs(exponent) == 0.5  # of bfloat16: rounded once
            return special(a.astype(np.float32)).astype(a.dtype) if root else special(a)
        if a.dtype.kind == "c" and exponent:
            return complex_powers(a, a.dtype.type(exponent))
        if (a.dtype == np.float32 and abs(exponent) < 1e30) or a.dtype == np.float64:
            return power(a, exponent)
        if is_half(a.dtype):  # computed in float32, of an exponent that is one of these numbers as well
            rounded = np.full(a.shape, exponent, a.dtype).astype(np.float32)  # NumPy takes roots for one exponent
            return np.power(a.astype(np.float32), rounded).astype(a.dtype)
        return np.power(a, exponent if a.dtype.kind not in "iu" else np.asarray(int(exponent)).astype(a.dtype))
    if a.dtype.kind in "iu" and (np.asarray(exponent) < 0).any():
        # 1 and -1 have integer reciprocals; the others round to 0.
        sign = np.where(np.remainder(exponent, 2) == 0, a * a, a)
        small = np.where(np.abs(a) == 1, sign, 0).astype(a.dtype)
        return np.where(exponent < 0, small, np.power(a, np.maximum(exponent, 0)))
    if a.dtype in (np.float32, np.float64) and a.dtype == np.asarray(exponent).dtype:
        return powers(a, np.asarray(exponent))
    if a.dtype.kind == "c" and isinstance(exponent, np.ndarray):
        return complex_powers(a, exponent)
    return np.power(a, exponent)


#: Powers that are computed by multiplication and roots, which round as PyTorch's do.
_POWERS = {
    0.5: sqrt,
    1.0: np.positive,
    2.0: lambda a: a * a,
    3.0: lambda a: a * a * a,
    -1.0: lambda a: a.dtype.type(1) / a,  # a number of its own: NumPy 2.0 makes float32 of a Python one beside bfloat16
    -2.0: lambda a: a.dtype.type(1) / (a * a),
    -0.5: lambda a: a.dtype.type(1) / np.sqrt(a),
}


def _loop_of(k, x, exponent):
    """The same powers as part of a loop."""
    if exponent == 2.0:
        return x * x
    if x.dtype == np.float16:  # rounded once
        raise TypeError(f"there is no loop for powers of {exponent}")
    if exponent == 3.0:
        return x * x * x
    if exponent == -1.0:
        return 1.0 / x
    if exponent == 0.5:
        return k.sqrt(x)
    raise TypeError(f"there is no loop for powers of {exponent}")


@pow.vjp("input")
def _(k, g, input, exponent):
    if isinstance(exponent, (bool, int, float, complex, np.number)) and not isinstance(exponent, np.ndarray):
        if exponent == 2:  # what squares, losses above all, need not go through a power
            return g * k.conj(input * 2)
        return k.zeros_of(g) if exponent == 0 else g * k.conj(k.times(k.pow(input, exponent - 1), exponent))
    return k.where(k.eq(exponent, 0), 0.0, g * k.conj(exponent * k.pow(input, exponent - 1)))


@pow.vjp("exponent")
def _(k, g, input, exponent, out):
    if k.is_complex(exponent):
        up = k.logical_and(k.eq(k.real(exponent * -1j), 0), k.ge(k.real(exponent), 0))
    else:
        up = k.ge(exponent, 0)
    at_zero = k.logical_and(k.eq(input, 0), up)
    return g * k.where(at_zero, 0.0, k.conj(out * k.log(input)))


def _square_types(inputs):
    check_operands(square, inputs)
    return [result_type((*inputs, 2))]


@elementwise(
    promote=_square_types, keeps_floats=True, methods="square square_", domain=(-3, 3), grad_name="PowBackward0"
)
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


# --- in double precision --------------------------------------------------------------------------------------------
def _double(x: Any, want: types.dtype) -> Any:
    """An operand of float_power in this dtype."""
    if isinstance(x, Tensor):
        return x.to(want)
    if not isinstance(x, (bool, int, float, complex)):
        raise errors.type_(f"float_power() received an invalid combination of arguments - got {type(x).__name__}")
    return x if isinstance(x, complex) else float(x)


@function(
    methods="float_power",
    samples=lambda m: [
        m(m.f(2, 3, lo=0.5), 2),
        m(m.f(2, 1, lo=0.5), m.f(3)),
        m(m.f(lo=0.5), 1.5),
        m(m.f(0), 2),
        m(m.nc(3, 2, lo=0.5), 0.5),
        m(m.i(3, lo=1), 2),
        m(2, m.f(3)),
        m(m.b(3), m.i(3)),
        m(m.c(2), 2).value_only("complex"),
    ],
    errors=lambda m: [
        m.error(TypeError, "float_power()", m.f(2), "text"),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
    ],
)
def float_power(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """``input ** exponent`` computed in float64 (complex128 for complex operands)."""
    want = types.complex128 if is_complex_operand(input) or is_complex_operand(exponent) else types.float64
    return pow.public(_double(input, want), _double(exponent, want), **({} if out is None else {"out": out}))  # type: ignore[no-any-return]


@function(
    name="Tensor.float_power_",
    methods="float_power_",
    samples=lambda m: [
        m(m.a([2.0, 3.0], m.torch.float64), 2),
        m(m.a(2.0, m.torch.float64), m.a(1.5, m.torch.float64)),
        m(m.torch.zeros(0, dtype=m.torch.float64), 2),
        m(m.torch.ones(2, 3, dtype=m.torch.float64).t(), 3),
    ],
    errors=lambda m: [m.error(RuntimeError, "the base given to float_power_ has dtype Long but", m.i(2), 2)],
)
def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """In-place :func:`torch.float_power`, for tensors of double precision."""
    want = types.complex128 if is_complex_operand(self) or is_complex_operand(exponent) else types.float64
    if self.dtype is not want:
        raise errors.runtime(
            f"the base given to float_power_ has dtype {types.scalar_name(self.dtype)} but the operation's result requires "
            f"dtype {types.scalar_name(want)}"
        )
    return write(pow, (self, _double(exponent, want)), {})


def is_complex_operand(x: Any) -> bool:
    """Whether a tensor or number is complex."""
    return isinstance(x, complex) or (isinstance(x, Tensor) and x.dtype.category == types.COMPLEX)
