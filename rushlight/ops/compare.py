"""Comparison, logic, choice: results are bools, or one of two operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..functions import function
from ..op import elementwise, opaque, result_type
from ..tensor import Tensor


def _comparison(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, other):
        return ufunc(input, other)

    forward.__name__, forward.__doc__ = name, doc
    elementwise(promote="common", methods=name, nondiff=True, scalar_first=True)(forward)


_comparison("eq", np.equal, "``input == other``, elementwise.")
_comparison("ne", np.not_equal, "``input != other``, elementwise.")
_comparison("lt", np.less, "``input < other``, elementwise.")
_comparison("le", np.less_equal, "``input <= other``, elementwise.")
_comparison("gt", np.greater, "``input > other``, elementwise.")
_comparison("ge", np.greater_equal, "``input >= other``, elementwise.")
_comparison("logical_and", np.logical_and, "Both are nonzero.")
_comparison("logical_or", np.logical_or, "One is nonzero.")
_comparison("logical_xor", np.logical_xor, "Exactly one is nonzero.")


@elementwise(methods="logical_not", nondiff=True)
def logical_not(k, input):
    """Whether an element is zero."""
    return np.logical_not(input)


def _bitwise(name: str, ufunc: Any, doc: str) -> None:
    def forward(k, input, other):
        if input.dtype.kind not in "biu":
            raise NotImplementedError(
                f"\"{name}_cpu\" not implemented for '{types.scalar_name(types.of_array(input))}'"
            )
        return ufunc(input, other)

    forward.__name__, forward.__doc__ = name, doc
    elementwise(methods=f"{name} {name}_", nondiff=True, scalar_first=True)(forward)


_bitwise("bitwise_and", np.bitwise_and, "Bitwise and; for bools the logical one.")
_bitwise("bitwise_or", np.bitwise_or, "Bitwise or; for bools the logical one.")
_bitwise("bitwise_xor", np.bitwise_xor, "Bitwise exclusive or; for bools the logical one.")
_bitwise("bitwise_left_shift", np.left_shift, "``input << other``; 0 where all bits leave.")
_bitwise("bitwise_right_shift", np.right_shift, "``input >> other``, keeping the sign.")


@elementwise(methods="bitwise_not bitwise_not_", nondiff=True)
def bitwise_not(k, input):
    """All bits flipped; for bools the logical not."""
    if input.dtype.kind not in "biu":
        raise errors.type_("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return np.invert(input)


def _where_dtypes(inputs: tuple[Any, ...]) -> list[Any]:
    condition = inputs[0]
    if not isinstance(condition, Tensor):
        raise errors.not_a_tensor("where", "condition", 1, condition)
    if condition.dtype not in (types.bool_, types.uint8):
        raise errors.runtime(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    common = result_type(inputs[1:])
    return [types.bool_, common, common]


@elementwise(promote=_where_dtypes, public=False, grad_name="WhereBackward0", scalar_first=True)
def where(k, condition, input, other):
    """``input`` where the condition holds, else ``other``."""
    return k.where(condition, input, other)


where.nondiff("condition")


@where.vjp("input")
def _(k, g, condition):
    return k.where(condition, g, g * 0.0)


@where.vjp("other")
def _(k, g, condition):
    return k.where(condition, g * 0.0, g)


@function(name="where", methods="")
def choose(condition: Tensor, input: Any = None, other: Any = None, *, self: Any = None, out: Any = None) -> Any:
    """``input`` where the condition holds, else ``other``; with the condition alone, the indices where it holds."""
    if input is None and other is None and self is None:
        return condition.nonzero(as_tuple=True)
    from ..writing import write_out

    result = where.public(condition, self if input is None else input, other)
    return result if out is None else write_out("where", out, result)


def _tensor_where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """This tensor where the condition holds, else ``other``."""
    return where.public(condition, self, other)  # type: ignore[no-any-return]


Tensor.where = _tensor_where  # type: ignore[attr-defined]


def _fill_dtypes(inputs: tuple[Any, ...]) -> list[Any]:
    input, mask, value = inputs
    if not isinstance(mask, Tensor):
        raise errors.not_a_tensor("masked_fill", "mask", 2, mask)
    if mask.dtype is not types.bool_:
        raise errors.runtime("masked_fill_ only supports boolean masks, but got mask with dtype " + str(mask.dtype))
    if isinstance(value, Tensor) and value._a.ndim:
        raise errors.runtime(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._a.ndim} dimension(s)."
        )
    return [input.dtype, types.bool_, input.dtype]


@elementwise(promote=_fill_dtypes, methods="masked_fill masked_fill_")
def masked_fill(k, input, mask, value):
    """``value`` where the mask holds, else ``input``."""
    return k.where(mask, value, input)


@masked_fill.vjp("input")
def _(k, g, mask):
    return k.where(mask, g * 0.0, g)


@masked_fill.vjp("value")
def _(k, g, mask):
    return k.where(mask, g, g * 0.0)


masked_fill.nondiff("mask")


def _bound_dtypes(inputs: tuple[Any, ...]) -> list[Any]:
    common = result_type([x for x in inputs if x is not None])
    return [common] * 3


@elementwise(promote=_bound_dtypes, methods="clamp clamp_ clip clip_", grad_name="ClampBackward1")
def clamp(k, input, min=None, max=None):  # noqa: A002
    """Elements below ``min`` become ``min``, above ``max`` become ``max``; nan stays. Gradient 1 inside and at the edges."""
    if min is None and max is None:
        raise errors.runtime("torch.clamp: At least one of 'min' or 'max' must not be None")
    out = input if min is None else np.maximum(input, min)
    return out if max is None else np.minimum(out, max)


clamp.grad_name = lambda inputs, attrs: (
    "ClampBackward0" if isinstance(inputs[1], Tensor) or isinstance(inputs[2], Tensor) else ("ClampBackward1")
)


@clamp.vjp("input")
def _(k, g, input, min, max):
    if min is not None:
        g = k.where(input >= min, g, g * 0.0)
    return g if max is None else k.where(input <= max, g, g * 0.0)


@clamp.vjp("min")
def _(k, g, input, min, max):
    g = k.where(input < min, g, g * 0.0)
    return g if max is None else k.where(min < max, g, g * 0.0)


@clamp.vjp("max")
def _(k, g, input, min, max):
    if min is not None:
        return k.where((input > max) | (max < min), g, g * 0.0)
    return k.where(input > max, g, g * 0.0)


@function(methods="clamp_min")
def clamp_min(input: Tensor, min: Any) -> Tensor:  # noqa: A002
    """Elements below ``min`` become ``min``."""
    return clamp.public(input, min)  # type: ignore[no-any-return]


@function(methods="clamp_max")
def clamp_max(input: Tensor, max: Any) -> Tensor:  # noqa: A002
    """Elements above ``max`` become ``max``."""
    return clamp.public(input, None, max)  # type: ignore[no-any-return]


@function(methods="equal")
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all elements are equal."""
    return bool(input._a.shape == other._a.shape and np.array_equal(input._a, other._a))


@opaque(nondiff=True, methods="isclose", samples=lambda m: [m(m.f(3), m.f(3)), m(m.f(), m.f())])
def isclose(k, input, other, *, rtol=1e-5, atol=1e-8, equal_nan=False):
    """``|input - other| <= atol + rtol |other|``, elementwise."""
    return np.isclose(input, other, rtol, atol, equal_nan)


@function(methods="allclose")
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close."""
    if input._a.dtype is not other._a.dtype:
        raise errors.runtime(f"{types.scalar_name(input.dtype)} did not match {types.scalar_name(other.dtype)}")
    return bool(np.isclose(input._a, other._a, rtol, atol, equal_nan).all())
