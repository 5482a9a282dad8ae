"""``torch.overrides``: calls that other classes take over by a method ``__torch_function__``.

A library asks ``has_torch_function`` at the head of a function of its own, and lets ``handle_torch_function`` answer if it is true;
``wrap_torch_function`` does both.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from . import families
from .functions import FUNCTIONS
from .names import FAMILIES
from .op import REGISTRY
from .override import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass  # noqa: F401
from .override import handle, modes, takes_over
from .tensor import Tensor

__all__ = [
    "get_overridable_functions", "handle_torch_function", "has_torch_function", "is_tensor_like", "is_tensor_method_or_property",
    "resolve_name", "TorchFunctionMode", "wrap_torch_function",
]  # fmt: skip


def is_tensor_like(inp: Any) -> bool:
    """True for a tensor, and for what has a ``__torch_function__``.

    >>> import rushlight as torch
    >>> torch.overrides.is_tensor_like(torch.ones(2)), torch.overrides.is_tensor_like([1.0])
    (True, False)
    """
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """True if one of the arguments, of another class than Tensor and Parameter, has a ``__torch_function__``."""
    return any(takes_over(a) for a in relevant_args)


def has_torch_function_unary(arg: Any) -> bool:
    """``has_torch_function`` of one argument."""
    return takes_over(arg)


def has_torch_function_variadic(*args: Any) -> bool:
    """``has_torch_function`` of the arguments."""
    return has_torch_function(args)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """What the first argument with a ``__torch_function__`` answers to ``public_api(*args, **kwargs)``, subclasses before their bases.

    Raises:
        TypeError: if all answer NotImplemented.
    """
    return handle(public_api, relevant_args, args, kwargs)


def wrap_torch_function(dispatcher: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
    """Decorator: the function, which others may take over. ``dispatcher``, of its arguments, says which of them are asked."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def asking(*args: Any, **kwargs: Any) -> Any:
            relevant = tuple(dispatcher(*args, **kwargs))
            if has_torch_function(relevant):
                return handle_torch_function(asking, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return asking

    return decorate


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """True for a method of Tensor, and for the ``__get__`` of one of its properties."""
    if getattr(func, "__name__", "") == "__get__":
        return True
    return any(value is func for cls in Tensor.__mro__ for value in vars(cls).values())


class TorchFunctionMode:
    """A block in which ``__torch_function__`` is asked about every call of a function or method of torch, of plain tensors too.

    While it is asked the mode is not there: what it calls goes to the mode around it, or is done.

    >>> import rushlight as torch
    >>> class Named(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Named():
    ...     y = torch.zeros(2) + 1
    zeros
    add
    """

    def __init__(self) -> None:
        pass

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What a subclass says is done in place of ``func(*args, **kwargs)``; NotImplemented passes the question on.

        Raises:
            NotImplementedError: in this class.
        """
        raise NotImplementedError

    def __enter__(self) -> Any:
        from . import function_modes

        function_modes.doors.enter()
        modes.set((*modes.get(), self))
        return self

    def __exit__(self, *exc: object) -> None:
        from . import function_modes

        modes.set(modes.get()[:-1])
        function_modes.doors.leave()

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> Any:
        """``cls(*args, **kwargs)``: what was written before a mode could be entered itself."""
        warnings.warn(
            "`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`",
            UserWarning,
            stacklevel=2,
        )
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that does what was called."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """``func(*args, **kwargs)``."""
        return func(*args, **(kwargs or {}))


def _get_current_function_mode() -> Any:
    """The innermost mode that is entered, or None."""
    stack = modes.get()
    return stack[-1] if stack else None


def _get_current_function_mode_stack() -> list[Any]:
    """The modes that are entered, the innermost last."""
    return list(modes.get())


@contextmanager
def _pop_mode_temporarily() -> Iterator[Any]:
    """A block in which the innermost mode is not there."""
    stack = modes.get()
    token = modes.set(stack[:-1])
    try:
        yield stack[-1]
    finally:
        modes.reset(token)


@functools.cache
def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """All public functions and methods that ``__torch_function__`` is asked about, by the module or class that holds them."""
    from importlib import import_module

    for family in FAMILIES:
        families.load(family)
    found: dict[Any, list[Callable[..., Any]]] = {}
    names = [op.torch_name for op in REGISTRY.values() if op.public_name] + list(FUNCTIONS)
    for name in names:
        prefix, _, leaf = name.rpartition(".")
        if prefix != "Tensor":
            module: ModuleType = import_module(f"{__package__}.{prefix}".rstrip("."))
            alias = sys.modules.get("torch")
            module = alias if not prefix and alias is not None and alias.__file__ == module.__file__ else module
            found.setdefault(module, []).append(getattr(module, leaf))
    methods = {m for op in REGISTRY.values() for m in op.methods} | {m for f in FUNCTIONS.values() for m in f.methods}
    found[Tensor] = [getattr(Tensor, m) for m in sorted(methods)]
    return found


@functools.cache
def get_ignored_functions() -> set[Any]:
    """Public functions that nobody is asked about: those that take no tensor."""
    torch: Any = sys.modules[str(__package__)]
    names = (
        "is_tensor is_storage set_default_tensor_type set_default_dtype get_default_dtype set_printoptions save load manual_seed "
        "initial_seed seed get_rng_state set_rng_state is_grad_enabled set_grad_enabled no_grad enable_grad tensor as_tensor from_numpy "
        "zeros ones empty full eye arange linspace logspace rand randn randint randperm set_num_threads get_num_threads compile vmap "
        "broadcast_shapes can_cast promote_types result_type"
    )
    return {getattr(torch, name) for name in names.split()}


@functools.cache
def get_testing_overrides() -> dict[Any, Callable[..., Any]]:
    """For every function of ``get_overridable_functions`` one with its parameters that returns -1."""

    def stand_in(function: Callable[..., Any]) -> Callable[..., Any]:
        def minus_one(*args: Any, **kwargs: Any) -> int:
            return -1

        minus_one.__wrapped__ = function  # type: ignore[attr-defined]  # whose parameters ``inspect.signature`` finds
        return minus_one

    return {f: stand_in(f) for functions in get_overridable_functions().values() for f in functions}


def resolve_name(f: Callable[..., Any]) -> str | None:
    """``"torch.add"``: the name by which programs know a function or method of PyTorch's; None for others."""
    for holder, functions in get_overridable_functions().items():
        if any(function is f for function in functions):
            where = "torch.Tensor" if holder is Tensor else holder.__name__.replace(__package__ or "", "torch")
            return f"{where}.{f.__name__}"
    return None
