"""Modules called as functions of their parameters: other tensors stand in for those of the module during one call."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from ... import errors
from ...tensor import Tensor
from ..module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """PyTorch's older name of ``torch.func.functional_call``, with its warning."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future version of "
        "PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return call_with(module, parameters_and_buffers, args, kwargs, tie_weights, strict)


def call_with(
    module: Module, tensors: dict[str, Any], args: Any, kwargs: dict[str, Any] | None, tie_weights: bool, strict: bool
) -> Any:
    """``module(*args, **kwargs)`` with these tensors in the place of its own, by name."""
    if kwargs is None:
        kwargs = {}
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with reparametrized(module, tensors, tie_weights, strict):
        return module(*args, **kwargs)


@contextlib.contextmanager
def reparametrized(module: Module, tensors: dict[str, Any], tie_weights: bool, strict: bool) -> Iterator[None]:
    """Inside, the module has these tensors. What it assigns to them meanwhile is found in ``tensors`` afterwards.

    Raises:
        RuntimeError: with ``strict``, for names that are missing or unknown.
    """
    given = with_ties(module, tensors) if tie_weights else dict(tensors)
    own = names_of(module)
    if strict:
        _check_names(module, given, own)
    stores = {}
    for name, value in given.items():
        stores[name] = _store(module, name)
        if value is not None and not isinstance(value, Tensor):
            raise errors.type_(f"{value} is not an instance of torch.Tensor")
    before: list[tuple[dict[str, Any], str, bool, Any]] = []
    try:
        for name, value in given.items():
            store, key = stores[name]
            before.append((store, key, key in store, store.get(key)))
            store[key] = value
        yield
    finally:
        for name in tensors:
            store, key = stores[name]
            if key in store:
                tensors[name] = store[key]
        for store, key, was_there, value in reversed(before):
            if was_there:
                store[key] = value
            else:
                store.pop(key, None)


def names_of(module: Module) -> dict[str, Any]:
    """All parameters and buffers of a module by name, one that has two names under both."""
    found = dict(module.named_parameters(remove_duplicate=False))
    found.update(module.named_buffers(remove_duplicate=False))
    return found


def _store(module: Any, name: str) -> tuple[dict[str, Any], str]:
    """The dict in which a tensor of a module stands, and its key there."""
    *path, key = name.split(".")
    for part in path:
        inner = module._modules.get(part)
        if inner is None:
            raise AttributeError(f"{type(module).__name__} has no attribute `{part}`")
        module = inner
    for store in (module._parameters, module._buffers):
        if key in store:
            return store, key
    return module.__dict__, key


def with_ties(module: Module, tensors: dict[str, Any]) -> dict[str, Any]:
    """A tensor that was given under one name stands in for all names that share the module's own.

    Raises:
        ValueError: for two different tensors under two such names.
    """
    groups: dict[int, list[str]] = {}
    for name, t in names_of(module).items():
        groups.setdefault(id(t), []).append(name)
    out = dict(tensors)
    for names in groups.values():
        named = [n for n in names if n in tensors]
        if len(names) < 2 or not named:
            continue
        if any(tensors[n] is not tensors[named[0]] for n in named):
            raise errors.value(
                f"functional_call got multiple values for keys {sorted(named)}, which are tied. Consider using tie_weights=False"
            )
        out.update(dict.fromkeys(names, tensors[named[0]]))
    return out


def _check_names(module: Module, given: dict[str, Any], own: dict[str, Any]) -> None:
    parts = []
    unexpected = [n for n in given if n not in own]
    missing = [n for n in own if n not in given]
    if unexpected:
        parts.append("Unexpected key(s): " + ", ".join(map(repr, unexpected)) + ".")
    if missing:
        parts.append("Missing key(s): " + ", ".join(map(repr, missing)) + ".")
    if parts:
        text = "\n\t".join([f"Error(s) in reparametrizing for {type(module).__name__}:", *parts])
        raise errors.runtime(text)


def _reparametrize_module(
    module: Module, parameters_and_buffers: dict[str, Any], tie_weights: bool = False, strict: bool = False,
    stack_weights: bool = False,
) -> Any:  # fmt: skip
    """PyTorch's name of ``reparametrized``, by which libraries call it."""
    return reparametrized(module, parameters_and_buffers, tie_weights, strict)
