"""``torch.func``: functions of functions. Derivatives, vectorisation, and modules called as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import errors
from .levels import Wrapped
from .nn.layers.normalization import _BatchNorm
from .nn.module import Module
from .nn.utils.stateless import call_with
from .readers import REGISTRY
from .tensor import Tensor
from .transforms.derivatives import functionalize, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from .transforms.mapping import vmap

__all__ = [
    "debug_unwrap", "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with other tensors in the place of its parameters and buffers.

    Args:
        parameter_and_buffer_dicts: tensors by name, in a dict or several. What is not named stays the module's.
        args: a tuple of arguments, or one that is no tuple.
        tie_weights: a tensor given for one name also stands in for others that share the module's own.
        strict: every parameter and buffer must be named, and nothing else.

    >>> import rushlight as torch
    >>> m = torch.nn.Linear(2, 1)
    >>> torch.func.functional_call(m, {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}, torch.ones(2))
    tensor([2.])
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        tensors = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        if not all(isinstance(d, dict) for d in parameter_and_buffer_dicts):
            raise errors.value("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        names = [name for d in parameter_and_buffer_dicts for name in d]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise errors.value(f"{twice} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        tensors = {name: t for d in parameter_and_buffer_dicts for name, t in d.items()}
    else:
        raise errors.value(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    return call_with(module, tensors, args, kwargs, tie_weights, strict)


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of models of one class, stacked along a first dimension, by name: for ``vmap`` over an ensemble.

    The parameters are leaves that require grad if those of the models do.

    Raises:
        RuntimeError: for no models, models of different classes, or some in training and some not.
    """
    if not models:
        raise errors.runtime("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise errors.runtime("stack_module_state: Expected all models to have the same training/eval mode.")
    if not all(type(m) is type(models[0]) for m in models):
        raise errors.runtime("stack_module_state: Expected all models to be of the same class.")
    parameters = {
        name: _stacked(name, [dict(m.named_parameters())[name] for m in models])
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: _stacked(name, [dict(m.named_buffers())[name] for m in models]) for name, _ in models[0].named_buffers()
    }
    return parameters, buffers


def _stacked(name: str, tensors: list[Tensor]) -> Any:
    wanting = [t.requires_grad for t in tensors]
    if any(wanting) and not all(wanting):
        raise errors.runtime(
            f"Expected {name} from each model to have the same .requires_grad", "Set it alike for all models."
        )
    stacked = REGISTRY["stack"].public([t.detach() for t in tensors])
    return stacked.requires_grad_(wanting[0])


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Let every batch norm of a module forget its running statistics, so that it works under ``vmap``; the module is returned."""
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """What a wrapped tensor holds, for a look at it: all examples of a batched one, the value of a dual one."""
    while isinstance(tensor, Wrapped):
        tensor = tensor.inside()[0]
        if not recurse:
            break
    return tensor
