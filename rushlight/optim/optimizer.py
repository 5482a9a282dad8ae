"""The base of all optimizers: groups of parameters with their settings, state per parameter, hooks."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from itertools import chain
from typing import Any

from .. import errors
from ..autograd.graph import RemovableHandle, add_hook
from ..autograd.mode import enable_grad, no_grad
from ..tensor import Tensor

required = object()


class _HookDict(OrderedDict):  # type: ignore[type-arg]
    """An ordered dict that a handle may refer to weakly."""


class Optimizer:
    """Holds parameters and how to change them.

    A subclass defines ``update(group, params)``, called once for each group with the parameters that have a gradient.

    Args:
        params: tensors, or dicts with ``params`` and settings of their own, or pairs of name and tensor.
        defaults: the settings of groups that do not give them.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]):
        if isinstance(params, Tensor):
            raise errors.type_(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"torch.{type(params).__name__}",
                "Write [tensor] or model.parameters().",
            )
        lr = defaults.get("lr")
        if isinstance(lr, Tensor) and lr._a.size != 1:
            raise errors.value("Tensor lr must be 1-element")
        self.defaults = defaults
        self._optimizer_step_pre_hooks: Any = _HookDict()
        self._optimizer_step_post_hooks: Any = _HookDict()
        self._optimizer_state_dict_pre_hooks: Any = _HookDict()
        self._optimizer_state_dict_post_hooks: Any = _HookDict()
        self._optimizer_load_state_dict_pre_hooks: Any = _HookDict()
        self._optimizer_load_state_dict_post_hooks: Any = _HookDict()
        self.state: dict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise errors.value("optimizer got an empty parameter list", "Does the model register its parameters?")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters; settings it does not give are the defaults.

        Raises:
            TypeError: for what is no tensor. ValueError: for a non-leaf, or a parameter that is in another group.
        """
        if not isinstance(param_group, dict):
            raise errors.type_(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise errors.type_(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
                "change between runs. Please use a list instead."
            )
        else:
            params = list(params)
        if params and isinstance(params[0], tuple):
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        param_group["params"] = params
        for p in params:
            if not isinstance(p, Tensor):
                raise errors.type_("optimizer can only optimize Tensors, but one of the params is " + type(p).__name__)
            if not self.defaults.get("differentiable", None) and not (p.is_leaf or p.retains_grad):
                raise errors.value("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise errors.value(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len(params) != len(set(params)):
            import warnings

            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see "
                "github.com/pytorch/pytorch/issues/40967 for more information",
                UserWarning,
                stacklevel=3,
            )
        held = set(chain.from_iterable(g["params"] for g in self.param_groups))
        if not held.isdisjoint(params):
            raise errors.value("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    if set_to_none:
                        p._grad = None
                    else:
                        p._grad = p._grad.detach()
                        p._grad.zero_()

    # --- stepping -----------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters once. ``closure`` recomputes the loss, which is returned."""
        for hook in self._optimizer_step_pre_hooks.values():
            hook(self, (), {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                params = [p for p in group["params"] if p._grad is not None]
                if params:
                    self.update(group, params)
        for hook in self._optimizer_step_post_hooks.values():
            hook(self, (), {})
        return loss

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Change the parameters of one group."""
        raise NotImplementedError

    # --- state --------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """The state by the parameters' numbers, and the groups with numbers in place of parameters."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {(numbers[id(k)] if isinstance(k, Tensor) else k): v for k, v in self.state.items()}
        result = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave.

        Raises:
            ValueError: if the groups differ in number or size.
        """
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(saved_groups) != len(self.param_groups):
            raise errors.value("loaded state dict has a different number of parameter groups")
        for old, new in zip(self.param_groups, saved_groups, strict=True):
            if len(old["params"]) != len(new["params"]):
                raise errors.value(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
                )
        params = chain.from_iterable(g["params"] for g in self.param_groups)
        by_number = dict(zip(chain.from_iterable(g["params"] for g in saved_groups), params, strict=True))
        state: dict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            p = by_number.get(key)
            state[key if p is None else p] = value if p is None else {n: _like(n, v, p) for n, v in value.items()}
        for old, new in zip(self.param_groups, saved_groups, strict=True):
            new["params"] = old["params"]
        self.state, self.param_groups = state, saved_groups
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in (
            "step_pre",
            "step_post",
            "state_dict_pre",
            "state_dict_post",
            "load_state_dict_pre",
            "load_state_dict_post",
        ):
            self.__dict__.setdefault(f"_optimizer_{name}_hooks", _HookDict())

    # --- hooks and text -------------------------------------------------------------------------------------------
    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step."""
        return add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return add_hook(self._optimizer_step_post_hooks, hook)

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def _like(name: str, value: Any, p: Tensor) -> Any:
    """Loaded state in the parameter's dtype; the step counter keeps its own."""
    if isinstance(value, Tensor) and name != "step":
        return value.to(p.dtype).clone() if p.is_floating_point() else value.clone()
    return value.clone() if isinstance(value, Tensor) else deepcopy(value)


def check_settings(**settings: tuple[Any, bool]) -> None:
    """Raise ValueError for a setting outside its range: ``check_settings(lr=(lr, lr >= 0))``."""
    names = {
        "lr": "learning rate",
        "eps": "epsilon value",
        "weight_decay": "weight_decay value",
        "momentum": "momentum value",
    }
    for name, (value, valid) in settings.items():
        if isinstance(value, Tensor) and value._a.size != 1:
            raise errors.value(f"Tensor {name} must be 1-element")
        if not valid:
            raise errors.value(f"Invalid {names.get(name, name + ' value')}: {value}")
