"""Two or three operands into one: the larger and the smaller, ``addcmul`` and its kin, interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..kernels.strides import broadcast_shapes
from ..op import elementwise
from ..promotion import element, result_type
from ..tensor import Tensor


# --- the larger and the smaller ---------------------------------------------------------------------------------
def _two_tensors(op: Any) -> None:
    def prepare(input, other):
        for position, (name, x) in enumerate((("input", input), ("other", other)), 1):
            if not isinstance(x, (Tensor, np.ndarray, np.generic)):
                raise errors.not_a_tensor(op.name, name, position, x)
            if isinstance(x, Tensor) and x._a.dtype.kind == "c":
                raise errors.runtime(
                    f"{op.name} not implemented for complex tensors.", "Complex numbers have no order."
                )
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
def _three(m: Any, last: Any = None) -> list[Any]:
    """Samples of three operands."""
    d = {"lo": 0.5, "hi": 3}
    return [
        m(m.f(2, 3), m.f(2, 3), m.f(2, 3, **d)),
        m(m.f(2, 3), m.f(2, 1), m.f(3, **d)),
        m(m.f(), m.f(), m.f(**d)),
        m(m.f(0, 2), m.f(2), m.f(1, **d)),
        m(m.nc(3, 2), m.f(3, 2), m.nc(3, 2, **d)),
        m(m.c(3), m.c(3), m.c(3)).value_only("complex"),
    ]


def _three_errors(name: str) -> Any:
    return lambda m: [
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3), m.f(2)),
        m.error(TypeError, f"{name}(): argument 'tensor1' (position 2) must be Tensor, not float", m.f(2), 1.0, m.f(2)),
    ]


def _tensors_only(name: str) -> Any:
    def prepare(input, tensor1, tensor2, *, value=1):
        for position, (which, x) in enumerate((("input", input), ("tensor1", tensor1), ("tensor2", tensor2)), 1):
            if not isinstance(x, (Tensor, np.ndarray, np.generic)):
                raise errors.not_a_tensor(name, which, position, x)
        common = result_type((input, tensor1, tensor2)) if isinstance(input, Tensor) else None
        if common is not None and common is not types.bool_:
            value = element(value, types.float32 if _is_narrow(common) else common).item()
        return (input, tensor1, tensor2), {"value": value}

    return prepare


@elementwise(
    methods="addcmul addcmul_",
    refuses={"bool": "addcmul_cpu_out"},
    samples=lambda m: [
        *_three(m),
        m(m.f(3), m.f(3), m.f(3), value=0.5),
        m(m.i(3), m.i(3), m.i(3), value=2),
        m(m.i(3), m.i(3), m.f(3)),
        m(m.b(3), m.b(3), m.b(3)),
        m(m.a([1, 2, 250], m.torch.uint8), m.a([1, 2, 3], m.torch.uint8), m.i(3)),
    ],
    errors=_three_errors("addcmul"),
)
def addcmul(k, input, tensor1, tensor2, *, value=1):
    """``input + value * tensor1 * tensor2``."""
    if is_half(input.dtype):
        wide = [x.astype(np.float32) for x in (input, tensor1, tensor2)]
        return cast(k.fma(np.float32(value) * wide[1], wide[2], wide[0]), input.dtype)
    return k.fma(tensor1 if value == 1 else value * tensor1, tensor2, input)


addcmul.prepare(_tensors_only("addcmul"))


@addcmul.vjp("input")
def _(k, g):
    return g


@addcmul.vjp("tensor1")
def _(k, g, tensor2, value):
    return g * k.conj(k.times(tensor2, value))


@addcmul.vjp("tensor2")
def _(k, g, tensor1, value):
    return g * k.conj(k.times(tensor1, value))


@elementwise(
    methods="addcdiv addcdiv_",
    domain=(0.5, 3),
    samples=lambda m: [*_three(m), m(m.f(3), m.f(3), m.f(3, lo=1), value=0.5), m(m.f(3), m.i(3), m.f(3, lo=1))],
    errors=lambda m: [
        *_three_errors("addcdiv")(m),
        m.error(RuntimeError, "Integer division with addcdiv is no longer supported", m.f(2), m.i(2), m.i(2, lo=1)),
    ],
)
def addcdiv(k, input, tensor1, tensor2, *, value=1, given=(types.float32, types.float32)):
    """``input + value * tensor1 / tensor2``.

    Gradient of ``tensor1``: ``g * value / tensor2``.
    Gradient of ``tensor2``: ``-g * value * tensor1 / (tensor2 * tensor2)``.

    Raises:
        RuntimeError: if both tensors are of integers.
    """
    if is_half(input.dtype):
        wide = [x.astype(np.float32) for x in (input, tensor1, tensor2)]
        return (wide[0] + np.float32(value) * wide[1] / wide[2]).astype(input.dtype)
    return input + value * tensor1 / tensor2


@addcdiv.prepare
def _(input, tensor1, tensor2, *, value=1):
    if all(isinstance(x, Tensor) and x.dtype.category < types.FLOATING for x in (tensor1, tensor2)):
        raise errors.runtime(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division "
            "of tensor1 and tensor2.",
            "Write input + value * torch.div(tensor1, tensor2, rounding_mode='trunc'), or convert to float.",
        )
    inputs, attrs = _tensors_only("addcdiv")(input, tensor1, tensor2, value=value)
    given = tuple([x.dtype for x in (tensor1, tensor2) if isinstance(x, Tensor)])
    return inputs, attrs | ({"given": given} if len(given) == 2 else {})


@addcdiv.vjp("input")
def _(k, g):
    return g


def _rounded(k: Any, x: Any, dtype: Any) -> Any:
    """Rounded to the dtype of an operand if that has 16 bits, whatever the result's is: PyTorch's quotients are made before that."""
    return k.convert(k.convert(x, dtype=dtype), dtype=types.float32) if _is_narrow(dtype) else x


def _times(k: Any, g: Any, x: Any, ndim: int, dtype: types.dtype) -> Any:
    """``g * x`` rounded as if ``x`` were of this dtype and this many dimensions, of which a number does not decide."""
    own = g.dtype if isinstance(g.dtype, types.dtype) else types.of_array(g)
    common = own if ndim == 0 < g.ndim else types.promote_types(own, dtype)
    return k.convert(g * x, dtype=common) if _is_narrow(common) else g * x


def _is_narrow(dtype: types.dtype) -> bool:
    return dtype.itemsize == 2 and dtype.category == types.FLOATING


@addcdiv.vjp("tensor1")
def _(k, g, tensor2, value, given):
    if not _is_narrow(given[1]):
        return g * k.conj(value / tensor2)
    number = element(value, given[1]).item()  # a number that is divided is rounded before
    quotient = _rounded(k, number / k.convert(tensor2, dtype=types.float32), given[1])
    return _times(k, g, quotient, tensor2.ndim, given[1])


@addcdiv.vjp("tensor2")
def _(k, g, tensor1, tensor2, value, given):
    a, b = (
        k.convert(x, dtype=types.float32) if _is_narrow(t) else x
        for x, t in zip((tensor1, tensor2), given, strict=True)
    )
    quotient = _rounded(k, value * a, given[0]) / _rounded(k, b * b, given[1])
    common = types.promote_types(*given)
    return _times(k, -g, k.conj(_rounded(k, quotient, common)), max(tensor1.ndim, tensor2.ndim), common)


def _lerp_name(inputs, attrs):
    return "LerpBackward1" if isinstance(inputs[2], Tensor) else "LerpBackward0"


def _lerp_types(inputs):
    """Of one dtype all, but a Python number as a weight: it is not rounded to 16 bits, as PyTorch computes with wider ones."""
    common = result_type(inputs)
    narrow = common.itemsize == 2 and common.category == types.FLOATING and not isinstance(inputs[2], Tensor)
    return [common, common, types.float32 if narrow else common]


def _lerp_refuses(kernel: str) -> dict[str, str]:
    return dict.fromkeys(("bool", "int"), kernel)


@elementwise(
    promote=_lerp_types,
    common_floats=True,
    methods="lerp lerp_",
    refuses=_lerp_refuses("lerp_kernel_tensor"),
    grad_name=_lerp_name,
    scalars="weight",
    samples=lambda m: [
        *_three(m),
        m(m.f(2, 3), m.f(3), 0.3),
        m(m.f(3), m.f(3), 0.7),
        m(m.i(3), m.i(3), m.i(3)),
        m(m.b(2), m.b(2), m.b(2)),
    ],
    errors=lambda m: [
        m.error(RuntimeError, "expected dtype double for `end` but got dtype long int", m.f(2), m.i(2), 0.5),
        m.error(RuntimeError, "expected dtype double for `weight` but got dtype long int", m.f(2), m.f(2), m.i(2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3), 0.5),
        m.error(TypeError, "lerp() received an invalid combination of arguments", m.f(2), 1.0, 0.5),
    ],
)
def lerp(k, input, end, weight):
    """``input + weight * (end - input)``, measured from the nearer end.

    The weight is a number, a tensor of the dtype of ``input``, or a tensor of one element without dimensions, of any dtype.
    """
    if is_half(input.dtype):
        wide = [np.asarray(x, np.float32) for x in (input, end, weight)]
        return lerp.forward(k, *wide).astype(input.dtype)
    far = np.abs(weight) >= 0.5
    step = end - input
    return np.where(far, k.fma(-step, 1 - weight, end), k.fma(step, weight, input))


@lerp.prepare
def _(input, end, weight):
    if not isinstance(end, (Tensor, np.ndarray, np.generic)):
        raise errors.type_(
            "lerp() received an invalid combination of arguments - got "
            f"({', '.join(type(x).__name__ for x in (input, end, weight))}), but expected two tensors and a weight"
        )
    for name, x in (("end", end), ("weight", weight)):
        lone = name == "weight" and isinstance(x, Tensor) and not x._a.ndim
        if isinstance(x, Tensor) and isinstance(input, Tensor) and x.dtype is not input.dtype and not lone:
            names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
            have, want = (names.get(t.dtype.name, t.dtype.name) for t in (x, input))
            raise errors.runtime(f"expected dtype {want} for `{name}` but got dtype {have}")
    if isinstance(input, Tensor) and not isinstance(weight, Tensor) and input.dtype.category < types.FLOATING:
        broadcast_shapes(input._a.shape, end._a.shape)  # which PyTorch asks before it looks for a kernel
        raise NotImplementedError(f"\"lerp_kernel_scalar\" not implemented for '{types.scalar_name(input.dtype)}'")
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


# --- signs, steps, integers -------------------------------------------------------------------------------------------
def _copysign_name(inputs, attrs):
    return f"CopysignBackward{int(not isinstance(inputs[1], Tensor))}"


@elementwise(
    promote="float",
    methods="copysign copysign_",
    numbers="second",
    refuses="complex",
    grad_name=_copysign_name,
    domain=(0.5, 3),
)
def copysign(k, input, other):
    """The size of ``input`` with the sign of ``other``. The gradient is 0 where ``input`` is 0."""
    return k.copysign(input, other)


@copysign.vjp("input")
def _(k, g, input, out):
    return g * k.where(k.eq(input, 0), 0.0, out / input)


@copysign.vjp("other")
def _(k, g, out):  # which PyTorch keeps for both
    return k.zeros_of(g)


def _no_gradient(k, g):
    raise errors.runtime("derivative for aten::heaviside is not implemented", "It is 0 but at the step; detach.")


@elementwise(
    out="exact partial",
    methods="heaviside heaviside_",
    refuses={"complex": ("heaviside is not yet implemented for complex tensors.",)},
    grad_name="NotImplemented",
    samples=lambda m: [
        s.value_only("torch has no derivative")
        for s in (
            m(m.a([-1.0, 0.0, 2.0]), m.a([0.5])),
            m(m.f(), m.f(2)),
            m(m.f(0), m.f(1)),
            m(m.nc(3, 2), m.f(2)),
            m(m.i(3), m.i(3)),
            m(m.b(3), m.b(3)),
            m(m.c(2), m.c(2)),
        )
    ],
    errors=lambda m: [
        m.error(RuntimeError, "heaviside is not yet implemented for tensors with different dtypes.", m.f(2), m.i(2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
    ],
)
def heaviside(k, input, values):
    """0 for negative elements, 1 for positive ones, ``values`` at 0."""
    return np.where(input == 0, values, (input > 0).astype(input.dtype))


@heaviside.prepare
def _(input, values):
    for position, (which, x) in enumerate((("input", input), ("values", values)), 1):
        if not isinstance(x, (Tensor, np.ndarray, np.generic)):
            raise errors.not_a_tensor("heaviside", which, position, x)
    if input.dtype is not values.dtype:
        raise errors.runtime("heaviside is not yet implemented for tensors with different dtypes.")
    return (input, values), {}


heaviside.vjp("input", "values")(_no_gradient)


def _two_of(name: str) -> Any:
    """A signature of two tensors, no numbers."""

    def prepare(input, other):
        for position, (which, x) in enumerate((("input", input), ("other", other)), 1):
            if not isinstance(x, (Tensor, np.ndarray, np.generic)):
                raise errors.not_a_tensor(name, which, position, x)
        return (input, other), {}

    return prepare


@elementwise(promote="float", methods="ldexp ldexp_", domain=(0.5, 3))
def ldexp(k, input, other):
    """``input * 2 ** other``."""
    return input * np.power(np.asarray(2, other.dtype), other)


ldexp.prepare(_two_of("ldexp"))


@ldexp.vjp("input")
def _(k, g, other):
    return g * k.conj(k.pow(2.0, other))


@ldexp.vjp("other")
def _(k, g, input, other):  # as of the product that PyTorch makes of it, which keeps its factors
    return g * k.conj(input) * k.conj(k.pow(2.0, other) * 0.6931471805599453)


def _of_integers(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, other):
        return ufunc(input, other)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(
        methods=f"{name} {name}_",
        nondiff=True,
        refuses="bool float complex",
        samples=lambda m: [
            m(m.i(2, 3, hi=30), m.i(3, lo=1, hi=30)),
            m(m.i(hi=9), m.i(2, hi=9)),
            m(m.i(0), m.i(1)),
            m(m.i(3, 2).t(), m.a([-4, 6, 8])),
            m(m.a([12, 200], m.torch.uint8), m.a([18, 100], m.torch.uint8)),
            m(m.b(2), m.b(2)),
            m(m.f(2), m.f(2)),
            m(m.i(2), m.a([3, 4], m.torch.int32)),
        ],
        errors=lambda m: [
            m.error(RuntimeError, "at non-singleton dimension 0", m.i(2), m.i(3)),
            m.error(TypeError, "argument 'other' (position 2) must be Tensor, not int", m.i(2), 4),
            m.error(NotImplementedError, f"\"{name}_cpu\" not implemented for 'Double'", m.f(2), m.f(2)),
        ],
    )(forward)
    op.prepare(_two_of(name))


_of_integers("gcd", np.gcd, "The greatest common divisor.")
_of_integers("lcm", np.lcm, "The least common multiple.")


@elementwise(methods="nextafter nextafter_", refuses="bool int complex")
def nextafter(k, input, other):
    """The next representable number after ``input`` in the direction of ``other``."""
    return np.nextafter(input, other)


nextafter.prepare(_two_of("nextafter"))


@nextafter.vjp("input")
def _(k, g, input, other):
    return k.where(k.eq(input, other), 0.0, g)


@nextafter.vjp("other")
def _(k, g):
    return k.zeros_of(g)
