"""Modules as functions of their parameters, as programs before ``torch.func.functional_call`` have them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from .. import errors
from ..func import functional_call
from ..nn import Module
from ..readers import REGISTRY
from ..tensor import Tensor


def _names(named: Any) -> tuple[list[Any], dict[str, list[str]]]:
    """Tensors without those met before, and all names of each by the first."""
    tensors: list[Any] = []
    names: dict[str, list[str]] = {}
    first: dict[int, str] = {}
    for name, t in named(remove_duplicate=False):
        if id(t) in first:
            names[first[id(t)]].append(name)
        else:
            first[id(t)] = name
            names[name] = [name]
            tensors.append(t)
    return tensors, names


class FunctionalModuleWithBuffers(Module):
    """A module as a function ``(parameters, buffers, *args, **kwargs)``."""

    def __init__(
        self, stateless_model: Module, param_names: Sequence[str], buffer_names: Sequence[str],
        param_names_map: dict[str, list[str]], buffer_names_map: dict[str, list[str]],
    ):  # fmt: skip
        super().__init__()
        self.stateless_model = stateless_model
        self.param_names, self.buffer_names = tuple(param_names), tuple(buffer_names)
        self.all_names_map: dict[str, list[str]] = {**param_names_map, **buffer_names_map}

    @staticmethod
    def _create_from(model: Module, disable_autograd_tracking: bool = False) -> Any:
        """The module as a function, its parameters and its buffers."""
        own = copy.deepcopy(model)
        parameters, names = _names(own.named_parameters)
        buffers, more = _names(own.named_buffers)
        made = FunctionalModuleWithBuffers(own, tuple(names), tuple(more), names, more)
        return made, _state(parameters, disable_autograd_tracking), tuple(buffers)

    def forward(self, params: Any, buffers: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        given = dict(zip((*self.param_names, *self.buffer_names), (*params, *buffers), strict=True))
        return functional_call(self.stateless_model, given, args, kwargs)


class FunctionalModule(Module):
    """A module without buffers as a function ``(parameters, *args, **kwargs)``."""

    def __init__(self, stateless_model: Module, param_names: Sequence[str], names_map: dict[str, list[str]]):
        super().__init__()
        self.stateless_model = stateless_model
        self.param_names = tuple(param_names)
        self.names_map = names_map

    @staticmethod
    def _create_from(model: Module, disable_autograd_tracking: bool = False) -> Any:
        """The module as a function, and its parameters."""
        own = copy.deepcopy(model)
        parameters, names = _names(own.named_parameters)
        return FunctionalModule(own, tuple(names), names), _state(parameters, disable_autograd_tracking)

    def forward(self, params: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        given = dict(zip(self.param_names, params, strict=True))
        return functional_call(self.stateless_model, given, args, kwargs)


def _state(parameters: list[Any], constant: bool) -> tuple[Any, ...]:
    """Parameters of a function's own, which share nothing with those of its module."""
    return tuple([copy.deepcopy(p).requires_grad_(p.requires_grad and not constant) for p in parameters])


def make_functional(model: Module, disable_autograd_tracking: bool = False) -> tuple[FunctionalModule, tuple[Any, ...]]:
    """``(function, parameters)``: ``function(parameters, x)`` is ``model(x)``.

    Raises:
        RuntimeError: for a module with buffers.
    """
    if any(True for _ in model.buffers()):
        raise errors.runtime(
            "make_functional(model): `model` has buffers. Please use make_functional_with_buffers(model) instead."
        )
    return FunctionalModule._create_from(model, disable_autograd_tracking)  # type: ignore[no-any-return]


def make_functional_with_buffers(model: Module, disable_autograd_tracking: bool = False) -> Any:
    """``(function, parameters, buffers)``: ``function(parameters, buffers, x)`` is ``model(x)``."""
    return FunctionalModuleWithBuffers._create_from(model, disable_autograd_tracking)


def combine_state_for_ensemble(models: Sequence[Module]) -> Any:
    """``(function, parameters, buffers)`` of models of one class, each stacked along a first dimension, for ``vmap``.

    Raises:
        RuntimeError: for no models, models of different classes, or some in training and some not.
    """
    what = "combine_state_for_ensemble"
    if not models:
        raise errors.runtime(f"{what}: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise errors.runtime(f"{what}: Expected all models to have the same training/eval mode.")
    if not all(type(m) is type(models[0]) for m in models):
        raise errors.runtime(f"{what}: Expected all models to be of the same class.")
    functions, parameters, buffers = zip(*[make_functional_with_buffers(m) for m in models], strict=True)
    return functions[0], _stacked(parameters), _stacked(buffers)


def _stacked(states: Sequence[Sequence[Tensor]]) -> tuple[Any, ...]:
    return tuple([REGISTRY["stack"].public([t.detach() for t in each]) for each in zip(*states, strict=True)])
