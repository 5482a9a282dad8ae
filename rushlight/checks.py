"""``torch._check`` and its kin: conditions that a library states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .tensor import Tensor

Message = Callable[[], Any] | str | None


def _check_with(error_type: type[Exception], cond: Any, message: Message = None) -> None:
    """Raise ``error_type(message())`` unless ``cond`` is true.

    Raises:
        TypeError: if ``cond`` is no bool.
    """
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if not cond:
        if message is None:
            raise error_type(
                "Expected cond to be True, but got False. (Could this error message be improved? If so, please report an "
                "enhancement request to PyTorch.)"
            )
        raise error_type(str(message() if callable(message) else message))


def _check(cond: Any, message: Message = None) -> None:
    """Raise RuntimeError unless ``cond`` is true. ``message`` is a function that gives the text.

    >>> import rushlight as torch
    >>> torch._check(1 + 1 == 2, lambda: "arithmetic is broken")
    """
    _check_with(RuntimeError, cond, message)


def _check_value(cond: Any, message: Message = None) -> None:
    """Raise ValueError unless ``cond`` is true."""
    _check_with(ValueError, cond, message)


def _check_type(cond: Any, message: Message = None) -> None:
    """Raise TypeError unless ``cond`` is true."""
    _check_with(TypeError, cond, message)


def _check_index(cond: Any, message: Message = None) -> None:
    """Raise IndexError unless ``cond`` is true."""
    _check_with(IndexError, cond, message)


def _check_not_implemented(cond: Any, message: Message = None) -> None:
    """Raise NotImplementedError unless ``cond`` is true."""
    _check_with(NotImplementedError, cond, message)


def _check_tensor_all_with(error_type: type[Exception], cond: Any, message: Message = None) -> None:
    """Raise ``error_type`` unless all elements of a tensor of bools are true."""
    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond._a.dtype != np.bool_:
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(error_type, bool(cond._a.all()), message)


def _check_tensor_all(cond: Any, message: Message = None) -> None:
    """Raise RuntimeError unless all elements of a tensor of bools are true."""
    _check_tensor_all_with(RuntimeError, cond, message)


def _check_is_size(i: Any, message: Message = None, *, max: Any = None) -> None:
    """Raise RuntimeError unless ``i`` may be a size."""
    _check(i >= 0 and (max is None or i <= max), message)


def _assert_async(input: Tensor, assert_msg: str = "") -> None:
    """Raise RuntimeError unless the one element of a tensor is true."""
    if not bool(input._a.all()):
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")
