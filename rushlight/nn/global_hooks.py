"""Hooks of all modules at once, kept under the names that PyTorch's module has for them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ..autograd.graph import RemovableHandle, add_hook

_global_forward_hooks: Any = OrderedDict()
_global_forward_pre_hooks: Any = OrderedDict()
_global_backward_hooks: Any = OrderedDict()
_global_backward_pre_hooks: Any = OrderedDict()
_global_parameter_registration_hooks: Any = OrderedDict()
_global_buffer_registration_hooks: Any = OrderedDict()
_global_module_registration_hooks: Any = OrderedDict()


def registered(hooks: Any, module: Any, name: str, value: Any) -> Any:
    """What is to be registered: ``value``, or what a hook gives in its place."""
    for hook in list(hooks.values()):
        other = hook(module, name, value)
        value = value if other is None else other
    return value


def register_module_parameter_registration_hook(hook: Any) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` whenever a module registers one; what it returns is registered instead."""
    return add_hook(_global_parameter_registration_hooks, hook)


def register_module_buffer_registration_hook(hook: Any) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` whenever a module registers one; what it returns is registered instead."""
    return add_hook(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Any) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` whenever a module registers one; what it returns is registered instead."""
    return add_hook(_global_module_registration_hooks, hook)


def register_module_forward_hook(hook: Any, **kwargs: Any) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every module's forward."""
    return add_hook(_global_forward_hooks, hook)


def register_module_forward_pre_hook(hook: Any) -> RemovableHandle:
    """Call ``hook(module, args)`` before every module's forward."""
    return add_hook(_global_forward_pre_hooks, hook)


def register_module_full_backward_hook(hook: Any) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` in every module's backward; what it returns replaces ``grad_input``."""
    return add_hook(_global_backward_hooks, hook)


def register_module_full_backward_pre_hook(hook: Any) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before every module's backward; what it returns replaces ``grad_output``."""
    return add_hook(_global_backward_pre_hooks, hook)
