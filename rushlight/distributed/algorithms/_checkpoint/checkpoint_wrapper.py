"""Modules whose activations are computed again in backward."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Any

from ....nn import Module
from ....utils.checkpoint import checkpoint

_PREFIX = "_checkpoint_wrapped_module"


class CheckpointImpl(enum.Enum):
    """How: by a function of ours (``REENTRANT``), or by hooks on what is saved."""

    REENTRANT = 1
    NO_REENTRANT = 2


class CheckpointWrapper(Module):
    """Runs a module and forgets what it saved; its parameters keep their names."""

    def __init__(self, mod: Module, checkpoint_impl: CheckpointImpl = CheckpointImpl.NO_REENTRANT, checkpoint_fn: Any = None,
                 **checkpoint_fn_kwargs: Any):  # fmt: skip
        super().__init__()
        self._checkpoint_wrapped_module = mod
        self.checkpoint_impl = checkpoint_impl
        self._checkpoint = checkpoint_fn or checkpoint
        if checkpoint_fn is None:
            checkpoint_fn_kwargs.setdefault("use_reentrant", checkpoint_impl is CheckpointImpl.REENTRANT)
        self._options = checkpoint_fn_kwargs
        self._register_state_dict_hook(_shorten)
        self._register_load_state_dict_pre_hook(_lengthen)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs and self.checkpoint_impl is CheckpointImpl.REENTRANT:
            module = self._checkpoint_wrapped_module
            return self._checkpoint(lambda *xs: module(*xs, **kwargs), *args, **self._options)
        return self._checkpoint(self._checkpoint_wrapped_module, *args, **kwargs, **self._options)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._checkpoint_wrapped_module, name)

    def __getitem__(self, key: Any) -> Any:
        return self._checkpoint_wrapped_module[key]  # type: ignore[index]

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, Any]]:
        """The parameters, named as without the wrapper."""
        for name, parameter in super().named_parameters(*args, **kwargs):
            yield name.replace(_PREFIX + ".", ""), parameter


def _shorten(module: Any, state_dict: dict[str, Any], prefix: str, metadata: Any) -> None:
    long = f"{prefix}{_PREFIX}."
    for key in [key for key in state_dict if key.startswith(long)]:
        state_dict[prefix + key[len(long) :]] = state_dict.pop(key)


def _lengthen(state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[f"{prefix}{_PREFIX}.{key[len(prefix) :]}"] = state_dict.pop(key)


def checkpoint_wrapper(
    module: Module,
    checkpoint_impl: CheckpointImpl = CheckpointImpl.NO_REENTRANT,
    checkpoint_fn: Any = None,
    **kwargs: Any,
) -> Module:
    """The module in a ``CheckpointWrapper``."""
    return CheckpointWrapper(module, checkpoint_impl, checkpoint_fn, **kwargs)


def apply_activation_checkpointing(
    model: Module, checkpoint_wrapper_fn: Callable[[Module], Module] = checkpoint_wrapper,
    check_fn: Callable[[Module], bool] = lambda _: True, auto_wrap_policy: Any = None,
) -> None:  # fmt: skip
    """Wrap, in place, each module below ``model`` that ``check_fn`` names, inner ones first."""
    for name, child in list(model.named_children()):
        apply_activation_checkpointing(child, checkpoint_wrapper_fn, check_fn)
        if check_fn(child):
            setattr(model, name, checkpoint_wrapper_fn(child))
