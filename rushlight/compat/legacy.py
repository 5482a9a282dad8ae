"""Idioms of PyTorch 0.1 to 0.4 that today's PyTorch refuses, let through with one warning each.

What today's PyTorch still accepts with a warning of its own (``volatile=``, ``size_average=``, ``reduce=``,
``init.xavier_uniform``, ``clip_grad_norm``, softmax without ``dim``) needs nothing from here.
"""

from __future__ import annotations

import functools
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .tracebacks import PACKAGE

_told: set[str] = set()
_installed = False


def install_legacy() -> None:
    """Let the old idioms through in this process. There is no way back: it is for ``rushlight run --legacy``."""
    global _installed
    if _installed:
        return
    _installed = True
    from .. import serialization
    from ..data import DataLoader
    from ..nn import functional

    replace(Tensor, "__getitem__", _index_scalar)
    replace(Tensor, "backward", _retain_variables)
    replace(Tensor, "dot", _dot_of_any_shape)
    replace(serialization, "load", _load_whole)
    replace(DataLoader, "__iter__", _old_iterator)
    for name in ("cross_entropy", "nll_loss"):
        replace(functional, name, _class_target)
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
        replace(functional, name, _value_target)


def replace(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Put ``wrapper(original, *args, **kwargs)`` where ``owner.name`` was."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    setattr(owner, name, call)


def tell(old: str, today: str) -> None:
    """Warn, once a process for each idiom, at the program's own line."""
    if old in _told:
        return
    _told.add(old)
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{old} is from PyTorch 0.4 or earlier; today write {today}", UserWarning, stacklevel=level)


def _index_scalar(original: Callable[..., Any], tensor: Tensor, index: Any) -> Any:
    """``loss.data[0]``: a loss had one dimension then, and an element was a Python number."""
    if type(index) is int and index in (0, -1) and tensor.dim() == 0:
        tell("`loss.data[0]` on a 0-d tensor", "`loss.item()`")
        return tensor.item()
    return original(tensor, index)


def _retain_variables(original: Callable[..., Any], tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    if "retain_variables" in kwargs:
        tell("`backward(retain_variables=...)`", "`backward(retain_graph=...)`")
        kwargs["retain_graph"] = kwargs.pop("retain_variables")
    return original(tensor, *args, **kwargs)


def _dot_of_any_shape(original: Callable[..., Any], tensor: Tensor, other: Tensor) -> Any:
    """``dot`` took tensors of any shape and summed the products of all elements."""
    if tensor.dim() > 1 and tensor.shape == other.shape:
        tell("`dot` of matrices", "`(a * b).sum()`")
        return original(tensor.reshape(-1), other.reshape(-1))
    return original(tensor, other)


def _load_whole(original: Callable[..., Any], f: Any, *args: Any, **kwargs: Any) -> Any:
    """``torch.load`` of a whole module, as the programs of that time saved them; it can run code that the file names."""
    if kwargs.get("weights_only") is None:
        try:
            return original(f, *args, **kwargs)
        except pickle.UnpicklingError:
            tell("`torch.load` of more than tensors", "`torch.load(file, weights_only=False)` if you trust the file")
            if hasattr(f, "seek"):
                f.seek(0)
            kwargs["weights_only"] = False
    return original(f, *args, **kwargs)


def _class_target(original: Callable[..., Any], input: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> Any:
    """A class index taken out of a vector of them had one dimension then; today it has none."""
    if target.dim() == 0 and input.dim() == 2 and input.shape[0] == 1:
        tell("a 0-d target for a batch of one", "`target.view(1)`")
        target = target.view(1)
    return original(input, target, *args, **kwargs)


def _value_target(original: Callable[..., Any], input: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> Any:
    if target.dim() == 0 and input.dim() > 0 and input.numel() == 1:
        tell("a 0-d target for an input of one element", "`target.view_as(input)`")
        target = target.view(input.shape)
    return original(input, target, *args, **kwargs)


class _OldIterator:
    """A loader's iterator that also answers ``.next()``, as Python 2's did."""

    def __init__(self, iterator: Any):
        self._iterator = iterator

    def __iter__(self) -> _OldIterator:
        return self

    def __next__(self) -> Any:
        return next(self._iterator)

    def next(self) -> Any:
        tell("`iterator.next()`", "`next(iterator)`")
        return next(self._iterator)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iterator, name)


def _old_iterator(original: Callable[..., Any], loader: Any) -> _OldIterator:
    return _OldIterator(original(loader))
