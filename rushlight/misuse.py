"""What is said of a call of an op that has failed: the argument of a wrong kind, or NumPy's complaint in PyTorch's manner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors, types
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op

ndarray = np.ndarray


def no_deeper(error: Exception) -> bool:
    """Whether Python raised it at the call itself: the arguments do not fit the signature."""
    back = error.__traceback__
    return back is not None and back.tb_next is None


def misuse(op: Op, given: dict[str, Any], error: Exception) -> Exception | None:
    """The TypeError for an argument of a wrong kind, which is what has led to ``error``; None if they are what they should be."""
    name = op.torch_name.replace(".", "_")
    if isinstance(error, errors.Deliberate) and isinstance(error, TypeError):
        return errors.placed(name, error, given)
    for i, (n, x) in enumerate(given.items()):
        if n == "dtype":
            if x is not None and not isinstance(x, types.dtype):
                return errors.unfit(name, f"argument 'dtype' must be torch.dtype, not {type(x).__name__}", given)
        elif isinstance(x, str) and isinstance(op.defaults.get(n), (int, float)):
            return errors.unfit(name, f"argument '{n}' must be Number, not str", given)
        elif i < len(op.inputs) and not op.variadic and not isinstance(x, (Tensor, ndarray)):
            first = not i and op.numbers not in ("either", "both")
            if first or (isinstance(error, AttributeError) and (x is not None or n not in op.input_defaults)):
                return errors.not_a_tensor(name, n, i + 1, x)
    return None


def rewrite(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any], error: Exception) -> Exception:
    """A NumPy error in PyTorch's manner: the op, its arguments, their shapes."""
    settings = "".join(f", {n}={v!r}" for n, v in attrs.items() if v.__class__ in (int, float, bool, tuple, str))
    return errors.runtime(
        f"{op.name}: {error}", f"The call was {errors.call(op.name, op.inputs, inputs)[:-1]}{settings})."
    )
