"""The TypeError for an argument of a wrong kind, found when a call has failed for another reason.

PyTorch looks at the kinds of all arguments before it computes anything; here nobody looks until something goes wrong. Then what a
function's annotations say is compared with what it was given, so that ``torch.eye(x)`` of a tensor is told about its argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import errors
from .synonyms import BUILT_IN
from .tensor import Tensor

#: What Python and NumPy say where a number was asked of something else.
_CONVERSION = re.compile(
    r"only one element tensors can be converted|Boolean value of Tensor with (more than one|no) value|cannot be converted to Scalar|"
    r"'\w+' object has no attribute '_a'|could not convert string to float|invalid literal for int\(\)"
)


def _is_int(x: Any) -> bool:
    if isinstance(x, Tensor):
        return bool(x._a.size == 1 and x._a.dtype.kind in "iub")
    return hasattr(x, "__index__") and not isinstance(x, (bool, np.bool_))


def _is_float(x: Any) -> bool:
    return bool(x._a.size == 1) if isinstance(x, Tensor) else hasattr(x, "__float__") or hasattr(x, "__index__")


_KINDS: dict[str, Callable[[Any], bool]] = {
    "int": _is_int,
    "float": _is_float,
    "bool": lambda x: isinstance(x, (bool, np.bool_)),
}


def _parameters(fn: Any) -> Iterator[tuple[str, str, bool]]:
    """Name and kind of each parameter of which one is known, and whether it may be None."""
    code = fn.__code__
    said = {name: str(kind).replace(" ", "").split("|") for name, kind in fn.__annotations__.items()}
    defaults = dict(fn.__kwdefaults__ or {})
    last = fn.__defaults__ or ()
    defaults.update(zip(code.co_varnames[code.co_argcount - len(last) : code.co_argcount], last, strict=True))
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        kinds = [kind for kind in said.get(name, ()) if kind != "None"]
        if len(kinds) == 1 and kinds[0] in _KINDS:
            yield name, kinds[0], "None" in said[name] or defaults.get(name, 0) is None
        elif isinstance(defaults.get(name), bool):
            yield name, "bool", False
        else:
            yield name, "", True


def is_in_python(public: Any) -> bool:
    """Whether PyTorch has written a function in Python, where nobody looks at kinds."""
    return str(public.__module__).endswith("nn.functional") and public.__name__ not in BUILT_IN


def unfit(
    name: str,
    fn: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    error: BaseException | None,
    in_python: bool = False,
) -> Exception | None:
    """The TypeError for the first argument of ``fn`` that is of a wrong kind; None if there is none, or ``error`` says as much.

    Of a function that is ``in_python`` only what was to be converted to a number is looked at.
    """
    ordinary = isinstance(error, errors.Deliberate) or type(error).__module__ == "builtins"
    if not ordinary or (isinstance(error, TypeError) and isinstance(error, errors.Deliberate)):
        return None
    if in_python and not isinstance(error, (ValueError, StopIteration)):
        return None
    parameters = list(_parameters(fn))
    given = dict(zip(fn.__code__.co_varnames[: fn.__code__.co_argcount], args, strict=False)) | kwargs
    if isinstance(error, AttributeError):
        for place, (parameter, x) in enumerate(given.items(), 1):
            if fn.__annotations__.get(parameter) == "Tensor" and not isinstance(x, Tensor):
                return errors.not_a_tensor(name, parameter, place, x)
    for place, (parameter, kind, optional) in enumerate(parameters, 1):
        if parameter in given and kind and not in_python:
            x = given[parameter]
            if not (x is None and optional) and not _KINDS[kind](x):
                return errors.unfit(
                    name, f"argument '{parameter}' (position {place}) must be {kind}, not {type(x).__name__}", given
                )
    known = len(given) == len(args) + len(kwargs)
    only_tensors = known and all([fn.__annotations__.get(parameter) == "Tensor" for parameter in given])
    if not only_tensors and (isinstance(error, StopIteration) or _CONVERSION.search(str(error))):
        for place, (parameter, x) in enumerate(given.items(), 1):
            if place > 1 or len(args) == 1:
                odd = isinstance(x, (Tensor, str)) or (
                    isinstance(x, (list, tuple)) and any(isinstance(y, Tensor) for y in x)
                )
                if odd or not hasattr(x, "__index__"):
                    return errors.unfit(
                        name, f"argument '{parameter}' (position {place}) must be Number, not {type(x).__name__}", given
                    )
        return errors.combination(name, [*args, *kwargs.values()], ["other arguments"])
    return None
