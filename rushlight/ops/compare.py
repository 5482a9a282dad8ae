"""Comparison, logic, choice: results are bools, or one of two operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..kernels.memory import empty
from ..kernels.strides import broadcast_shapes
from ..op import elementwise
from ..promotion import by_kind, element, result_type
from ..routes import routed
from ..tensor import Tensor
from ..writing import write_out


def _comparison(name: str, doc: str, aliases: str = "", refuses: Any = None) -> None:
    def forward(k, input, other):
        return getattr(k, name)(input, other)

    forward.__name__, forward.__doc__ = name, doc
    elementwise(methods=f"{name} {name}_", aliases=aliases, refuses=refuses, nondiff=True, numbers="second")(forward)


_comparison("eq", "``input == other``, elementwise.")
_comparison("ne", "``input != other``, elementwise.", "not_equal")
_comparison("lt", "``input < other``, elementwise.", "less", "complex")
_comparison("le", "``input <= other``, elementwise.", "less_equal", "complex")
_comparison("gt", "``input > other``, elementwise.", "greater", "complex")
_comparison("ge", "``input >= other``, elementwise.", "greater_equal", "complex")


def _logical(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, other):
        return ufunc(input, other)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(methods=f"{name} {name}_", nondiff=True)(forward)

    @op.prepare
    def _(input, other):
        for position, (which, x) in enumerate((("input", input), ("other", other)), 1):
            if not isinstance(x, (Tensor, np.ndarray, np.generic)):
                raise errors.not_a_tensor(name, which, position, x)
        return (input, other), {}


_logical("logical_and", np.logical_and, "Both are nonzero.")
_logical("logical_or", np.logical_or, "One is nonzero.")
_logical("logical_xor", np.logical_xor, "Exactly one is nonzero.")


@elementwise(methods="logical_not logical_not_", nondiff=True)
def logical_not(k, input):
    """Whether an element is zero."""
    return np.logical_not(input)


def _bitwise_errors(op_name: str) -> Any:
    return lambda m: [
        m.error(NotImplementedError, "not implemented for 'Double'", m.f(2), m.f(2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.i(2), m.i(3)),
        m.error(TypeError, op_name + "()", "text", m.i(2)),
    ]


def _bitwise(name: str, ufunc: Any, doc: str, refuses: Any = "float complex") -> None:
    def forward(k, input, other):
        return ufunc(input, other)

    forward.__name__, forward.__doc__ = name, doc
    elementwise(
        methods=f"{name} {name}_", nondiff=True, numbers="either", refuses=refuses, errors=_bitwise_errors(name)
    )(forward)


_bitwise("bitwise_and", np.bitwise_and, "Bitwise and; for bools the logical one.")
_bitwise("bitwise_or", np.bitwise_or, "Bitwise or; for bools the logical one.")
_bitwise("bitwise_xor", np.bitwise_xor, "Bitwise exclusive or; for bools the logical one.")
_bitwise(
    "bitwise_left_shift",
    np.left_shift,
    "``input << other``; 0 where all bits leave.",
    dict.fromkeys(("bool", "float", "complex"), "lshift_cpu"),
)
_bitwise(
    "bitwise_right_shift",
    np.right_shift,
    "``input >> other``, keeping the sign.",
    dict.fromkeys(("bool", "float", "complex"), "rshift_cpu"),
)


@elementwise(
    out="exact partial",
    methods="bitwise_not bitwise_not_",
    nondiff=True,
    refuses="float complex",
    errors=lambda m: [
        m.error(NotImplementedError, "\"bitwise_not_cpu\" not implemented for 'Double'", m.f(2)),
        m.error(TypeError, "must be Tensor, not str", "text"),
    ],
)
def bitwise_not(k, input):
    """All bits flipped; for bools the logical not."""
    return np.invert(input)


@function(
    name="Tensor.__invert__",
    methods="__invert__",
    samples=lambda m: [m(m.i(2, 3)), m(m.b(3)), m(m.i(0)), m(m.a(True)), m(m.i(3, 2).t())],
    errors=lambda m: [m.error(TypeError, "only implemented on integer and Boolean-type tensors", m.f(2))],
)
def invert(self: Tensor) -> Tensor:
    """``~self``.

    Raises:
        TypeError: for floats.
    """
    if self._a.dtype.kind not in "biu":
        raise errors.type_("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not.public(self)  # type: ignore[no-any-return]


@by_kind
def _where_dtypes(inputs: tuple[Any, ...]) -> list[Any]:
    condition = inputs[0]
    if not isinstance(condition, Tensor):
        raise errors.not_a_tensor("where", "condition", 1, condition)
    if condition.dtype not in (types.bool_, types.uint8):
        raise errors.runtime(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            + types.scalar_name(condition.dtype),
            "Compare first: torch.where(x > 0, x, y).",
        )
    for x in inputs[1:]:
        if not isinstance(x, (Tensor, bool, int, float, complex, np.number, np.bool_)):
            raise errors.type_(
                "where() received an invalid combination of arguments - got "
                f"({', '.join(type(v).__name__ for v in inputs)}), but expected a condition and two tensors or numbers"
            )
    common = result_type(inputs[1:])
    return [types.bool_, common, common]


@elementwise(promote=_where_dtypes, public=False, grad_name="WhereBackward0", numbers="both")
def where(k, condition, input, other):
    """``input`` where the condition holds, else ``other``."""
    return k.where(condition, input, other)


where.nondiff("condition")


@where.vjp("input")
def _(k, g, condition):
    return k.where(condition, g, 0.0)


@where.vjp("other")
def _(k, g, condition):
    return k.where(condition, 0.0, g)


def _where_samples(m: Any) -> list[Any]:
    return [
        m(m.b(2, 3), m.f(2, 3), m.f(2, 3)),
        m(m.b(3), m.f(2, 1), m.f()),
        m(m.b(0, 2), m.f(2), m.f(2)),
        m(m.b(3, 2), m.nc(3, 2), 1.5),
        m(m.b(3), 2, m.f(3)),
        m(m.b(3), m.i(3), m.f(3)),
        m(m.b(3), m.i(3), m.f()),
        m(m.b(3), m.i(3), 2.5),
        m(m.b(3), 1, 2),
        m(m.b(3), 1.5, 2),
        m(m.a([1, 0], m.torch.uint8), m.f(2), 0),
        m(m.b(3), m.c(3), m.f(3)).value_only("real"),
        m(m.a([[True, False], [True, True]])),
    ]


@function(
    name="where",
    samples=_where_samples,
    errors=lambda m: [
        m.error(RuntimeError, "where expected condition to be a boolean tensor", m.f(2), m.f(2), m.f(2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.b(2), m.f(3), m.f(2)),
        m.error(TypeError, "where()", m.b(2), "text", m.f(2)),
        m.error(TypeError, "where()", 1, m.f(2), m.f(2)),
        m.error(TypeError, "where()", m.b(2), m.f(2)),
    ],
)
@routed
def choose(condition: Tensor, input: Any = None, other: Any = None, *, self: Any = None, out: Any = None) -> Any:
    """``input`` where the condition holds, else ``other``; with the condition alone, the indices where it holds."""
    if input is None and other is None and self is None:
        return condition.nonzero(as_tuple=True)
    if other is None or (input is None and self is None) or not isinstance(condition, Tensor):
        given = ", ".join(type(x).__name__ for x in (condition, input, other) if x is not None)
        raise errors.type_(
            f"where() received an invalid combination of arguments - got ({given}), but expected a condition "
            "and two tensors or numbers, or the condition alone"
        )
    result = where.public(condition, self if input is None else input, other)
    return result if out is None else write_out("where", out, result, (condition, input, other), "exact partial")


@function(
    name="Tensor.where",
    methods="where",
    samples=lambda m: [m(m.f(2, 3), m.b(3), m.nc(2, 3)), m(m.f(), m.b(2), 1.5), m(m.f(0), m.b(1), m.f(0))],
    errors=lambda m: [m.error(RuntimeError, "where expected condition to be a boolean tensor", m.f(2), m.f(2), 1.0)],
)
def _tensor_where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """This tensor where the condition holds, else ``other``."""
    return where.public(condition, self, other)  # type: ignore[no-any-return]


def _fill_dtypes(inputs: tuple[Any, ...]) -> list[Any]:
    input, mask, value = inputs
    if not isinstance(mask, Tensor):
        raise errors.not_a_tensor("masked_fill", "mask", 2, mask)
    if mask.dtype is not types.bool_:
        raise errors.runtime(
            "masked_fill_ only supports boolean masks, but got mask with dtype " + types.c_name(mask.dtype)
        )
    if isinstance(value, Tensor) and value._a.ndim:
        raise errors.runtime(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._a.ndim} dimension(s)."
        )
    if not isinstance(value, Tensor) or value.is_complex():
        element(value.item() if isinstance(value, Tensor) else value, input.dtype)  # refuses what does not fit
    return [input.dtype, types.bool_, input.dtype]


def _fill_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), m.b(2, 3), 2.5),
        m(m.f(2, 3), m.b(3), m.f()),
        m(m.f(2), m.b(2, 1), 1),
        m(m.f(), m.b(), 0.5),
        m(m.f(0, 2), m.b(2), 1.5),
        m(m.nc(3, 2), m.b(3, 2), -1.0),
        m(m.i(3), m.b(3), 2.7),
        m(m.i(3), m.b(3), m.a(2.7)).value_only("torch refuses a value that requires grad"),
        m(m.b(3), m.b(3), True),
        m(m.a([1, 2], m.torch.uint8), m.b(2), 7),
        m(m.c(3), m.b(3), 1.5).value_only("real"),
    ]


@elementwise(
    promote=_fill_dtypes,
    methods="masked_fill masked_fill_",
    row_major=True,
    grad_name=lambda inputs, attrs: f"MaskedFillBackward{int(isinstance(inputs[2], Tensor))}",
    samples=_fill_samples,
    errors=lambda m: [
        m.error(
            RuntimeError,
            "masked_fill_ only supports boolean masks, but got mask with dtype long int",
            m.f(2),
            m.i(2),
            1,
        ),
        m.error(RuntimeError, "only supports a 0-dimensional value tensor", m.f(2), m.b(2), m.f(2)),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.b(3), 1.0),
        m.error(TypeError, "masked_fill()", m.f(2), "text", 1.0),
    ],
)
def masked_fill(k, input, mask, value):
    """``value`` where the mask holds, else ``input``."""
    return k.where(mask, value, input)


@masked_fill.vjp("input")
def _(k, g, mask):
    return k.where(mask, 0.0, g)


@masked_fill.vjp("value")
def _(k, g, mask):
    return k.where(mask, g, 0.0)


masked_fill.nondiff("mask")


@by_kind
def _bound_dtypes(inputs: tuple[Any, ...]) -> list[Any]:
    for i, x in enumerate(inputs):
        number = isinstance(x, (bool, int, float, complex, np.number, np.bool_))
        if not isinstance(x, Tensor) and (i == 0 or not (x is None or number)):
            raise errors.type_(
                "clamp() received an invalid combination of arguments - got "
                f"({', '.join(type(v).__name__ for v in inputs if v is not None)}), but expected numbers or tensors"
            )
    common = result_type([x for x in inputs if x is not None])
    bounds = [x for x in inputs[1:] if x is not None]
    if (
        common is types.bool_ and bounds and not (len(bounds) == 1 and isinstance(bounds[0], Tensor))
    ):  # that is a maximum
        raise NotImplementedError("\"clamp_cpu\" not implemented for 'Bool'")
    return [common] * len(inputs)


def _clamp_samples(m: Any) -> list[Any]:
    return [
        m(m.f(2, 3), -1.0, 1.0),
        m(m.f(2, 3), 0),
        m(m.f(4), max=0.45),
        m(m.f(2, 1), m.f(3), m.f(3, lo=1, hi=3)),
        m(m.f(3), max=m.f(3)),
        m(m.f(3), 2.0, 1.0),
        m(m.f(), 0.0, 1.0),
        m(m.f(0, 2), 0.0),
        m(m.nc(3, 2), -0.5, 0.5),
        m(m.i(4), 1, 3),
        m(m.i(4), 1.5),
        m(m.i(4), max=m.a(2.5)).value_only("float32"),
        m(m.a([1, 20, 250], m.torch.uint8), 5, 100),
        m(m.b(3), 0),
        m(m.c(3), 0.0),
    ]


@elementwise(
    promote=_bound_dtypes,
    common_floats=True,
    methods="clamp clamp_",
    aliases="clip",
    refuses={"complex": "clamp is not supported for complex types"},
    grad_name=lambda inputs, attrs: (
        f"ClampBackward{int(not isinstance(inputs[1], Tensor) and not isinstance(inputs[2], Tensor))}"
    ),
    samples=_clamp_samples,
    errors=lambda m: [
        m.error(RuntimeError, "At least one of 'min' or 'max' must not be None", m.f(2)),
        m.error(TypeError, "clamp()", m.f(2), "text"),
        m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
    ],
)
def clamp(k, input, min=None, max=None):  # noqa: A002
    """Elements below ``min`` become ``min``, above ``max`` become ``max``; nan stays. Gradient 1 inside and at the edges."""
    if min is None and max is None:
        raise errors.runtime("torch.clamp: At least one of 'min' or 'max' must not be None")
    whole = input.__class__ is np.ndarray and input.dtype.kind in "iu" and input.flags.c_contiguous
    if whole and not np.ndim(min) and not np.ndim(max):  # in memory that is kept: fresh pages take as long as the work
        out = empty(input.shape, input.dtype)
        lower = input if min is None else np.maximum(min, input, out=out)
        return lower if max is None else np.minimum(max, lower, out=out)
    out = input if min is None else np.maximum(min, input)  # of -0.0 and 0.0 the second stays
    return out if max is None else np.minimum(max, out)


@clamp.vjp("input")
def _(k, g, input, min, max):
    if min is not None:
        g = k.where(input >= min, g, 0.0)
    return g if max is None else k.where(input <= max, g, 0.0)


@clamp.vjp("min")
def _(k, g, input, min, max):
    g = k.where(input < min, g, 0.0)
    return g if max is None else k.where(min < max, g, 0.0)


@clamp.vjp("max")
def _(k, g, input, min, max):
    if min is not None:
        return k.where((input > max) | (max < min), g, 0.0)
    return k.where(input > max, g, 0.0)


def _one_bound(name: str, base: str, ufunc: Any, prepare: Any, doc: str) -> None:
    """clamp_min or clamp_max: nodes of their own in PyTorch."""

    def forward(k, input, bound):
        return ufunc(bound, input)

    forward.__name__, forward.__doc__ = name, doc
    op = elementwise(
        promote=_bound_dtypes,
        numbers="second",
        methods=f"{name} {name}_",
        refuses={"complex": f"{name} is not supported for complex types"},
        grad_name=lambda inputs, attrs: f"{base}Backward{int(isinstance(inputs[1], Tensor))}",
        samples=lambda m: [
            m(m.f(2, 3), 0.3),
            m(m.f(2, 1), m.f(3)),
            m(m.f(), m.f()),
            m(m.f(0, 2), 0),
            m(m.nc(3, 2), 0.5),
            m(m.i(4), 2),
            m(m.i(4), 1.5),
            m(m.b(3), 0),
            m(m.a([1.0, 2.0, 3.0]), 2.0).value_only("ties"),
        ],
        errors=lambda m: [
            m.error(TypeError, name + "()", m.f(2), "text"),
            m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
        ],
    )(forward)
    op.prepare(prepare)
    inside = "ge" if name == "clamp_min" else "le"

    @op.vjp("input")
    def _(k, g, input, bound):
        return k.where(getattr(k, inside)(input, bound), g, 0.0)

    @op.vjp("bound")
    def _(k, g, input, bound):
        return k.where(getattr(k, inside)(input, bound), 0.0, g)


def _below(input, min):
    return (input, min), {}


def _above(input, max):
    return (input, max), {}


_one_bound(
    "clamp_min",
    "ClampMin",
    np.maximum,
    _below,
    "Elements below ``min`` become ``min``. Gradient 1 where the input is kept.",
)
_one_bound(
    "clamp_max",
    "ClampMax",
    np.minimum,
    _above,
    "Elements above ``max`` become ``max``. Gradient 1 where the input is kept.",
)


# --- questions about two tensors --------------------------------------------------------------------------------------
def _pairs(m: Any) -> list[Any]:
    x = m.f(2, 3)
    return [
        m(x, x),
        m(m.f(3), m.f(3)),
        m(m.f(), m.f()),
        m(m.f(0, 2), m.f(0, 2)),
        m(m.nc(3, 2), m.f(3, 2)),
        m(m.i(3), m.i(3)),
        m(m.b(3), m.b(3)),
        m(m.a([1.0, float("nan"), float("inf")]), m.a([1.0, float("nan"), float("inf")])),
    ]


@function(
    methods="equal",
    samples=lambda m: [*_pairs(m), m(m.i(3), m.f(3)), m(m.f(2), m.f(3))],
    errors=lambda m: [m.error(TypeError, "argument 'other' (position 2) must be Tensor, not int", m.f(2), 1)],
)
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all elements are equal."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("equal", "input", 1, input)
    if not isinstance(other, Tensor):
        raise errors.not_a_tensor("equal", "other", 2, other)
    return bool(input._a.shape == other._a.shape and np.array_equal(input._a, other._a))


_CLOSE_ERRORS = lambda m: [  # noqa: E731
    m.error(RuntimeError, "Long did not match Double", m.i(2), m.f(2)),
    m.error(RuntimeError, "rtol must be greater than or equal to zero", m.f(2), m.f(2), rtol=-1.0),
    m.error(RuntimeError, "at non-singleton dimension 0", m.f(2), m.f(3)),
]


@elementwise(
    promote="none",
    nondiff=True,
    methods="isclose",
    samples=lambda m: [
        *_pairs(m),
        m(m.f(2, 1), m.f(3), rtol=0.5),
        m(m.a([1.0]), m.a([1.1]), atol=0.2),
        m(m.c(2), m.c(2)),
    ],
    errors=_CLOSE_ERRORS,
)
def isclose(k, input, other, *, rtol=1e-5, atol=1e-8, equal_nan=False):
    """``|input - other| <= atol + rtol |other|``, elementwise.

    Raises:
        RuntimeError: for two dtypes, or a negative tolerance.
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise errors.runtime(f"{name} must be greater than or equal to zero, but got {value}")
    if input.dtype is not other.dtype:
        names = (types.scalar_name(types.of_array(a)) for a in (input, other))
        raise errors.runtime(" did not match ".join(names), "Convert one of them with .to(dtype).")
    broadcast_shapes(input.shape, other.shape)
    return np.isclose(input, other, rtol, atol, equal_nan)


@function(methods="allclose", samples=lambda m: [*_pairs(m), m(m.f(2, 1), m.f(3), rtol=0.5)], errors=_CLOSE_ERRORS)
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close."""
    if not isinstance(input, Tensor):
        raise errors.not_a_tensor("allclose", "input", 1, input)
    if not isinstance(other, Tensor):
        raise errors.not_a_tensor("allclose", "other", 2, other)
    return bool(isclose.public(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)._a.all())
