"""``torch._jit_internal``: what TorchScript's annotations are made of, for modules that import it; everything runs eagerly."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, Dict, Final, List, Optional, Tuple, TypeVar, Union  # noqa: UP035

from .futures import Future
from .jit import _overload, _overload_method, export, ignore, is_scripting, unused
from .jit import isinstance as _isinstance

__all__ = [
    "Any", "BroadcastingList1", "BroadcastingList2", "BroadcastingList3", "BroadcastingListCls", "Dict", "Final", "Future", "List",
    "Optional", "Tuple", "Union", "_copy_to_script_wrapper", "_isinstance", "_overload", "_overload_method", "boolean_dispatch",
    "export", "ignore", "is_dict", "is_final", "is_list", "is_optional", "is_scripting", "is_tuple", "unused",
]  # fmt: skip

T = TypeVar("T")


class BroadcastingListCls:
    """An annotation: a list that may be given as one number."""

    def __getitem__(self, types: Any) -> None:
        return None


BroadcastingList1, BroadcastingList2, BroadcastingList3 = (BroadcastingListCls() for _ in range(3))


def _copy_to_script_wrapper(fn: T) -> T:
    """Decorator: the method as it is."""
    return fn


def boolean_dispatch(
    arg_name: str, arg_index: int, default: bool, if_true: Callable[..., Any], if_false: Callable[..., Any],
    module_name: str | None, func_name: str | None,
) -> Callable[..., Any]:  # fmt: skip
    """One function that calls one of two, as one of its arguments is true or false."""

    def fn(*args: Any, **kwargs: Any) -> Any:
        chosen = kwargs.get(arg_name, args[arg_index] if arg_index < len(args) else default)
        return (if_true if chosen else if_false)(*args, **kwargs)

    fn.__doc__ = inspect.getdoc(if_true) or inspect.getdoc(if_false)
    if module_name is not None:
        fn.__module__ = module_name
    if func_name is not None:
        fn.__name__ = func_name
    return fn


def _origin(annotation: Any) -> Any:
    return typing.get_origin(annotation) or annotation


def is_list(ann: Any) -> bool:
    """Whether an annotation is a list's."""
    return _origin(ann) is list


def is_tuple(ann: Any) -> bool:
    """Whether an annotation is a tuple's."""
    return _origin(ann) is tuple


def is_dict(ann: Any) -> bool:
    """Whether an annotation is a dict's."""
    return _origin(ann) is dict


def is_final(ann: Any) -> bool:
    """Whether an annotation is ``Final``."""
    return _origin(ann) is Final


def is_optional(ann: Any) -> bool:
    """Whether an annotation allows None beside one other type."""
    return (
        _origin(ann) in (Union, types.UnionType)
        and len(typing.get_args(ann)) == 2
        and type(None) in typing.get_args(ann)
    )
