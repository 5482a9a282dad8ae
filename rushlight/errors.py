"""Errors. Each has PyTorch's exception type and text; a note under it (PEP 678) says what to write instead.

A note is a part of every traceback, but not of ``str(error)``: a program that prints what it caught prints what PyTorch says.
"""

from __future__ import annotations

import operator
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar


class Deliberate:
    """Mark of exceptions raised on purpose, so that the call path passes them on and rewrites only NumPy's own."""


def _deliberate(kind: type[Exception]) -> type[Exception]:
    made = type(kind.__name__, (kind, Deliberate), {"__module__": "builtins", "__qualname__": kind.__name__})
    return made


_IndexError = _deliberate(IndexError)
_ValueError = _deliberate(ValueError)
_TypeError = _deliberate(TypeError)


#: The name of the file that functions made by ``asking`` stand in, as a traceback shows it.
ASKING = "<asking>"


def warn(message: str, category: type[Warning] = UserWarning, stacklevel: int = 1) -> None:
    """``warnings.warn`` that counts the frames of functions as they are written: those that ``asking`` puts before them do not count."""
    frame, levels = sys._getframe(1), stacklevel
    while levels > 1 and frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename == ASKING:
            stacklevel += 1
        else:
            levels -= 1
    warnings.warn(message, category, stacklevel + 1)


class LinAlgError(RuntimeError):
    """``torch.linalg.LinAlgError``: a matrix for which the computation does not exist."""


LinAlgError.__module__, LinAlgError.__name__, LinAlgError.__qualname__ = "torch._C", "_LinAlgError", "_LinAlgError"


class NoArray(NotImplementedError):
    """A tensor without an array of its own, a sparse one, came to what needs one."""


class AcceleratorError(RuntimeError):
    """Something went wrong on a device other than the CPU: nothing ever does here."""


class OutOfMemoryError(RuntimeError):
    """``torch.OutOfMemoryError``: what a GPU raises; here for programs that catch it."""

    __module__ = "torch"


E = TypeVar("E", bound=BaseException)


def advised(error: E, advice: str = "") -> E:
    """The error with a note that says what to write instead."""
    if advice:
        error.add_note("\n" + advice)
    return error


def told(error: BaseException) -> str:
    """All that an error says: its text and the notes under it."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def runtime(what: str, advice: str = "") -> RuntimeError:
    return advised(RuntimeError(what), advice)


def index(what: str, advice: str = "") -> Exception:
    return advised(_IndexError(what), advice)


def value(what: str, advice: str = "") -> Exception:
    return advised(_ValueError(what), advice)


def type_(what: str, advice: str = "") -> Exception:
    return advised(_TypeError(what), advice)


class MissingName(NotImplementedError, AttributeError):
    """A name that is not there: for ``from module import name`` an ImportError, which packages expect of what they can do without."""


def absent(module: str, names: str, advice: str) -> dict[str, Callable[..., Any]]:
    """Functions by name that can be imported and, when called, raise NotImplementedError with their name."""

    def one(name: str) -> Callable[..., Any]:
        def missing(*args: Any, **kwargs: Any) -> Any:
            raise advised(NotImplementedError(f"{module}.{name} is not implemented."), advice)

        missing.__name__ = missing.__qualname__ = name
        missing.__doc__ = f"Not implemented. {advice}"
        return missing

    return {name: one(name) for name in names.split()}


def dim_range(dim: Any, ndim: int) -> Exception:
    """A dimension number outside ``[-ndim, ndim - 1]``."""
    n = max(ndim, 1)
    return index(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")


def check_dim(dim: Any, ndim: int, name: str = "dim") -> int:
    """A dimension number made non-negative; a 0-d tensor counts as having one dimension, as in PyTorch.

    Raises:
        IndexError: if out of range.
        TypeError: if not an int.
    """
    if dim.__class__ is not int:
        try:
            dim = dim.__index__()
        except AttributeError:
            raise type_(f"argument '{name}' must be int, not {type(dim).__name__}") from None
    n = ndim or 1
    if not -n <= dim < n:
        raise dim_range(dim, ndim)
    return dim + n if dim < 0 else dim


def check_dims(dims: Any, ndim: int) -> tuple[int, ...]:
    """Dimension numbers made non-negative, each once; None means all of them."""
    if dims is None:
        return tuple(range(ndim))
    if isinstance(dims, (tuple, list)):
        if len(dims) == 0:
            return tuple(range(ndim))
        out = tuple([check_dim(d, ndim) for d in dims])
        if len(set(out)) != len(out):
            seen = next(d for i, d in enumerate(out) if d in out[:i])
            raise runtime(f"dim {seen} appears multiple times in the list of dims")
        return out if ndim else ()
    d = check_dim(dims, ndim)
    return (d,) if ndim else ()


def need_int(name: str, argument: str, position: int, value: Any) -> int:
    """An int: Python's, NumPy's, or the one element of a tensor of integers.

    Raises:
        TypeError: for anything else, a bool too.
    """
    if value.__class__ is int:
        return value  # type: ignore[no-any-return]
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise type_(f"{name}(): argument '{argument}' (position {position}) must be int, not {type(value).__name__}")


def need_ints(name: str, argument: str, position: int, value: Any) -> list[int]:
    """A list of ints from a tuple or list.

    Raises:
        TypeError: for anything else.
    """
    where = f"{name}(): argument '{argument}' (position {position}) must be tuple of ints"
    if not isinstance(value, (tuple, list)):
        raise type_(f"{where}, not {type(value).__name__}")
    for i, x in enumerate(value):
        if isinstance(x, bool) or not hasattr(x, "__index__"):
            raise type_(f"{where}, but found element of type {type(x).__name__} at pos {i}")
    return [operator.index(x) for x in value]


def signature(
    name: str, fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], error: TypeError
) -> Exception:
    """PyTorch's TypeError for arguments that do not fit the signature ``fn``, from Python's own (``error``).

    PyTorch words it in one of two ways, as its function has one overload or several; the text holds both.
    """
    said = str(error).partition("() ")[2]
    if "missing" in said:
        missing = re.findall(r"'(\w+)'", said)
        said = f"missing {len(missing)} required positional arguments: " + ", ".join(f'"{m}"' for m in missing)
    said = re.sub(r"from \d+ to ", "", said)
    code = fn.__code__
    takes = [*code.co_varnames[: code.co_argcount]]
    if code.co_kwonlyargcount:
        takes += ["*", *code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]]
    got = [type(a).__name__ for a in args] + [f"{n}={type(a).__name__}" for n, a in kwargs.items()]
    return type_(
        f"{name}() {said}\n\n"
        f"{name}() received an invalid combination of arguments - got ({', '.join(got)}), but expected ({', '.join(takes)})."
    )


def combination(name: str, given: Sequence[Any], signatures: Sequence[str]) -> Exception:
    """PyTorch's TypeError for arguments that fit none of the signatures of a function that has several."""
    lines = "".join(f"\n * ({s})" for s in signatures)
    got = ", ".join(type(a).__name__ for a in given)
    return type_(f"{name}() received an invalid combination of arguments - got ({got}), but expected one of:{lines}")


def not_of_class(method: str, argument: Any) -> Exception:
    """The TypeError for a method of Tensor, called through the class, whose first argument is no tensor."""
    return type_(
        f"descriptor '{method}' for 'torch._C.TensorBase' objects doesn't apply to a '{type(argument).__name__}' object",
        f"Tensor.{method}(x, y) takes a tensor as x.",
    )


def not_tensors(op: str, **given: Any) -> Exception:
    """PyTorch's TypeError for the first of these arguments that is no tensor."""
    found = [(i, n, x) for i, (n, x) in enumerate(given.items(), 1) if not hasattr(x, "_a")]
    position, name, argument = found[0]
    return not_a_tensor(op, name, position, argument)


def placed(name: str, error: Exception, given: dict[str, Any]) -> Exception | None:
    """The TypeError of a helper that did not know for which function it checked an argument, with the function's name.

    PyTorch words it in one of two ways, as its function has one overload or several; the text holds both.
    """
    return unfit(name, str(error), given) if str(error).startswith("argument '") else None


def unfit(name: str, what: str, given: dict[str, Any]) -> Exception:
    """The TypeError for an argument of a function that may have several signatures."""
    got = ", ".join(f"{n}={type(x).__name__}" for n, x in given.items())
    return type_(f"{name}(): {what}\n\n{name}() received an invalid combination of arguments - got ({got}).")


def describe(argument: Any) -> str:
    """An argument for an error text: a tensor by dtype and shape, a number by value, the rest by type."""
    array = getattr(argument, "_a", None)
    if array is not None:
        return f"{type(argument).__name__}(shape={list(array.shape)}, dtype={array.dtype})"
    if isinstance(argument, (bool, int, float, complex, str)) or argument is None:
        return repr(argument)
    if isinstance(argument, (tuple, list)):
        return f"{type(argument).__name__} of {len(argument)}"
    return type(argument).__name__


def call(op: str, names: Sequence[str], arguments: Sequence[Any]) -> str:
    """``add(input=Tensor(shape=[2], dtype=float32), other=3)``, for the second paragraph of an error."""
    return f"{op}({', '.join(f'{n}={describe(a)}' for n, a in zip(names, arguments, strict=False))})"


def not_a_tensor(op: str, name: str, position: int, argument: Any) -> Exception:
    """PyTorch's TypeError for an argument that should be a tensor."""
    kind = type(argument).__name__
    kind = "numpy.ndarray" if kind == "ndarray" else kind
    return type_(
        f"{op}(): argument '{name}' (position {position}) must be Tensor, not {kind}",
        f"Wrap it first: torch.as_tensor({name}).",
    )
