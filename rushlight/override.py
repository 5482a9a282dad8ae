"""Subclasses of Tensor and look-alikes that take calls over through ``__torch_function__``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from . import types
from .synonyms import running
from .tensor import Deferred, Parameter, Tensor

_overrides: ContextVar[bool] = ContextVar("rushlight_overrides", default=True)


class DisableTorchFunctionSubclass:
    """Inside, ``__torch_function__`` is not asked: how a subclass reaches the plain operation."""

    def __enter__(self) -> None:
        self.token: Any = _overrides.set(False)

    def __exit__(self, *exc: object) -> None:
        _overrides.reset(self.token)


#: The modes that are asked about every call, the innermost last.
modes: ContextVar[tuple[Any, ...]] = ContextVar("rushlight_modes", default=())


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Inside, neither modes nor subclasses are asked."""

    def __enter__(self) -> None:
        super().__enter__()
        self.hidden: Any = modes.set(())

    def __exit__(self, *exc: object) -> None:
        modes.reset(self.hidden)
        super().__exit__(*exc)


#: Classes that certainly have no ``__torch_function__`` of their own.
PLAIN = frozenset(
    {Tensor, Parameter, int, float, bool, str, tuple, list, types.Size, type(None), type(Ellipsis), slice, types.dtype}
)


def disabled(func: Any, types_: Any, args: Any = (), kwargs: Any = None) -> Any:
    """``torch._C._disabled_torch_function_impl``: a subclass whose ``__torch_function__`` it is takes nothing over."""
    return func(*args, **(kwargs or {}))


def has_override(x: Any) -> bool:
    """True if an argument's class takes calls over through ``__torch_function__``."""
    if x.__class__ is Deferred:
        x._a  # noqa: B018 - from here on it is a plain tensor
        return False
    method = getattr(type(x), "__torch_function__", None)
    return method is not None and method is not disabled and _overrides.get()


def takes_over(x: Any) -> bool:
    """``has_override`` of any object: plain tensors take nothing over."""
    return x.__class__ not in PLAIN and has_override(x)


def spread(public: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments as those who are asked see them: ``einsum`` hands the operands of a list on one by one."""
    if public.__name__ == "einsum" and len(args) == 2 and isinstance(args[1], (list, tuple)):
        return (args[0], *args[1])
    return args


def handle(public: Callable[..., Any], relevant: Iterable[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the first of the ``relevant`` arguments that takes calls over answers, subclasses before their bases.

    Raises:
        TypeError: if all answer NotImplemented.
    """
    args = spread(public, args)
    asked: list[Any] = []
    for arg in relevant:
        if takes_over(arg) and type(arg) not in map(type, asked):
            place = next((i for i, other in enumerate(asked) if issubclass(type(arg), type(other))), len(asked))
            asked.insert(place, arg)
    kinds = tuple(type(arg) for arg in asked)
    for arg in asked:
        try:
            result = _method_of(arg)(public, kinds, args, kwargs)
        except Exception as error:
            error._rushlight_handler = True  # type: ignore[attr-defined]
            raise
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"Multiple dispatch failed for 'torch.{public.__name__}'; all __torch_function__ handlers returned NotImplemented: "
        f"no implementation found on {list(kinds)}"
    )


def raised_by_handler(error: BaseException | None) -> bool:
    """Whether an error is what a ``__torch_function__`` has raised, which is not to be asked again."""
    return getattr(error, "_rushlight_handler", False)


def _method_of(arg: Any) -> Callable[..., Any]:
    """The ``__torch_function__`` of an argument: a classmethod, or a plain method, of which PyTorch warns once."""
    global _has_warned
    method: Callable[..., Any] = arg.__torch_function__
    if not _has_warned and getattr(method, "__self__", None) is arg:
        _has_warned = True
        text = "Defining your `__torch_function__` as a plain method is deprecated and will be an error in future, "
        warnings.warn(text + "please define it as a classmethod.", UserWarning, stacklevel=5)
    return method


_has_warned = False


def within(args: tuple[Any, ...]) -> Any:
    """The first in a list among the arguments that takes calls over, or None."""
    return next((x for a in args if isinstance(a, (list, tuple)) for x in a if takes_over(x)), None)


def dispatch_override(public: Callable[..., Any], x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``handle`` for a call of which ``x`` is known to take calls over; it may stand in a list among the arguments."""
    return handle(running(public), (*args, *kwargs.values(), x), args, kwargs)
