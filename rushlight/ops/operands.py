"""What arithmetic asks of its operands before it computes: bools, zeros, ``alpha``, and in which digits 16-bit floats meet numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors, types
from ..kernels.copies import cast
from ..kernels.iteration import is_half
from ..promotion import result_type
from ..readers import arrays, loops
from ..tensor import Tensor


def check_alpha(input: Any, other: Any, alpha: Any) -> None:
    """Refuse an alpha that does not fit the dtype of the result."""
    if not isinstance(input, Tensor) or not isinstance(other, (Tensor, int, float, complex)):
        return
    common = result_type((input, other))
    if isinstance(alpha, bool) and common is not types.bool_:
        raise errors.runtime("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, complex) and types.INTEGER < common.category < types.COMPLEX:
        raise errors.runtime("For non-complex input tensors, argument alpha must not be a complex number.")
    if isinstance(alpha, (float, complex)) and common.category < types.FLOATING:
        raise errors.runtime("For integral input tensors, argument alpha must not be a floating point number.")


def is_bool(x: Any) -> bool:
    return isinstance(x, bool) or (isinstance(x, Tensor) and x._a.dtype.kind == "b")


def refuse_bools(input: Any, other: Any) -> None:
    if is_bool(input) and is_bool(other):
        raise errors.runtime(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if is_bool(input) or is_bool(other):
        raise errors.runtime(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the "
            "`~` or `logical_not()` operator instead."
        )


def narrowed(result: Any, *operands: Any) -> Any:
    """What NumPy makes of 16-bit floats and a float32 number, rounded to 16 bits."""
    if result.dtype == np.float32:
        for x in operands:
            if is_half(x.dtype):
                return cast(np.asarray(result), x.dtype)
    return result


def rounded_first(k: Any, input: Any, other: Any) -> Any:
    """A number on the left is rounded to the 16 bits of what stands on the right; one on the right is read as it stands."""
    if (k is arrays or k is loops) and getattr(input, "dtype", None) == np.float32 and is_half(other.dtype):
        return cast(input, other.dtype) if k is arrays else input.astype(other.dtype)
    return input


def integers(*arrays: Any) -> bool:
    """True if all are of integer dtype."""
    return all([(a.dtype if hasattr(a, "dtype") else np.asarray(a).dtype).kind in "iu" for a in arrays])


def refuse_zero(input: Any, divisor: Any) -> None:
    """Refuse to divide integers by zero, if there is one to be divided."""
    if getattr(divisor, "ndim", 0) == 0 and divisor:  # one number, as mostly
        return
    if np.size(input) and (np.asarray(divisor) == 0).any():
        raise errors.runtime(
            "ZeroDivisionError", "An integer tensor was divided by zero; mask the zeros or use floats."
        )


def without_gradient(name: str) -> Any:
    def rule(k, g):
        raise errors.runtime(f"derivative for aten::{name} is not implemented", "Round a detached tensor.")

    return rule
