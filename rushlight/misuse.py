"""What is said of a call of an op that has failed: the argument of a wrong kind, or NumPy's complaint in PyTorch's manner."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors, kinds, types
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


#: Forms of calls that PyTorch has long advised against and takes still, by what it writes in their place.
_OLD_FORMS = {
    **dict.fromkeys(("add", "sub"), ("Number alpha, Tensor other", "Tensor other, *, Number alpha = 1")),
    **dict.fromkeys(
        ("addcmul", "addcdiv"),
        ("Number value, Tensor tensor1, Tensor tensor2", "Tensor tensor1, Tensor tensor2, *, Number value = 1"),
    ),
    **dict.fromkeys(
        ("addmm", "addmv", "addr", "addbmm", "baddbmm"),
        ("Number beta, Number alpha, Tensor, Tensor", "Tensor, Tensor, *, Number beta = 1, Number alpha = 1"),
    ),
}
_warned: list[bool] = []


def old_form(name: str, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """``x.add(alpha, other)`` and its like as ``(args, kwargs)`` of today, with a warning, once; None for other calls."""
    if name not in _OLD_FORMS:
        return None
    if kwargs:  # the tensors by their names: x.addcmul_(value=0.5, ...) is today's form, x.add(0.5, other=y) is not
        if name not in ("add", "sub") or set(kwargs) != {"other"}:
            return None
        args = (*args, kwargs["other"])
    numbers = [i for i, a in enumerate(args) if isinstance(a, (int, float, complex))]
    tensors = tuple(a for a in args if isinstance(a, (Tensor, ndarray)))
    if not numbers or len(numbers) + len(tensors) != len(args):
        return None
    if name in ("add", "sub", "addcmul", "addcdiv"):
        if numbers != [1] or len(tensors) != (2 if name in ("add", "sub") else 3):
            return None
        settings = {"alpha" if name in ("add", "sub") else "value": args[1]}
    else:  # as a method, or as a function, where beta comes first
        if len(tensors) != 3 or numbers not in ([0], [1], [0, 2], [1, 2]):
            return None
        settings = dict(zip(("beta", "alpha"), (args[i] for i in numbers), strict=False))
    if not _warned:
        _warned.append(True)
        old, today = _OLD_FORMS[name]
        warnings.warn(
            f"This overload of {name} is deprecated:\n\t{name}({old})\nConsider using one of the following signatures instead:\n\t"
            f"{name}({today})",
            UserWarning,
            stacklevel=5,
        )
    return tensors, settings


def refuse_kinds(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> None:
    """Raise the TypeError for an argument of a wrong kind, if there is one: PyTorch speaks of it before anything else."""
    wrong = kinds.unfit(op.name, op.preparer or op.forward, args, kwargs, error)
    if wrong is not None:
        raise wrong from None


def rewrite(op: Op, inputs: tuple[Any, ...], attrs: dict[str, Any], error: Exception) -> Exception:
    """A NumPy error in PyTorch's manner: the op, its arguments, their shapes."""
    settings = "".join(f", {n}={v!r}" for n, v in attrs.items() if v.__class__ in (int, float, bool, tuple, str))
    return errors.runtime(
        f"{op.name}: {error}", f"The call was {errors.call(op.name, op.inputs, inputs)[:-1]}{settings})."
    )
