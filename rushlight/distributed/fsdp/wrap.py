"""``torch.distributed.fsdp.wrap``: policies that say which modules are wrapped."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...nn import ModuleDict, ModuleList, MultiheadAttention


def always_wrap_policy(*args: Any, **kwargs: Any) -> bool:
    """True."""
    return True


def _module_wrap_policy(module: Any, recurse: bool, nonwrapped_numel: int, module_classes: set[type]) -> bool:
    return recurse or isinstance(module, tuple(module_classes))


def transformer_auto_wrap_policy(
    module: Any, recurse: bool, nonwrapped_numel: int, transformer_layer_cls: set[type]
) -> bool:
    """Whether to look below a module (``recurse``), or to wrap it, which those of the given classes are."""
    return _module_wrap_policy(module, recurse, nonwrapped_numel, transformer_layer_cls)


def size_based_auto_wrap_policy(
    module: Any, recurse: bool, nonwrapped_numel: int, min_num_params: int = int(1e8), force_leaf_modules: set[type] | None = None,
    exclude_wrap_modules: set[type] | None = None,
) -> bool:  # fmt: skip
    """Whether to look below a module (``recurse``), or to wrap it, which those with at least ``min_num_params`` are."""
    whole = {MultiheadAttention} if force_leaf_modules is None else force_leaf_modules
    never = {ModuleList, ModuleDict} if exclude_wrap_modules is None else exclude_wrap_modules
    large = nonwrapped_numel >= min_num_params
    if recurse:
        return large and not isinstance(module, tuple(whole))
    return large and not isinstance(module, tuple(never))


size_based_auto_wrap_policy.EXCLUDE_WRAP_MODULES = {ModuleList, ModuleDict}  # type: ignore[attr-defined]
size_based_auto_wrap_policy.FORCE_LEAF_MODULES = {MultiheadAttention}  # type: ignore[attr-defined]


class ModuleWrapPolicy:
    """The policy that wraps modules of given classes."""

    def __init__(self, module_classes: Any):
        self._module_classes = set(module_classes)

    def __call__(self, module: Any, recurse: bool, *args: Any, **kwargs: Any) -> bool:
        return _module_wrap_policy(module, recurse, -1, self._module_classes)


def lambda_auto_wrap_policy(
    module: Any, recurse: bool, nonwrapped_numel: int, lambda_fn: Callable[[Any], bool]
) -> bool:
    """The policy of a function that says whether to wrap a module."""
    return recurse or lambda_fn(module)


def _or_policy(module: Any, recurse: bool, nonwrapped_numel: int, policies: Any) -> bool:
    return any(policy(module=module, recurse=recurse, nonwrapped_numel=nonwrapped_numel) for policy in policies)


def or_policy(policies: Any) -> Callable[..., bool]:
    """The policy that wraps what one of several does."""
    return functools.partial(_or_policy, policies=policies)
