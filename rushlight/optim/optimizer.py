"""The base of all optimizers: groups of parameters with their settings, state per parameter, hooks."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from itertools import chain
from typing import Any

from .. import errors
from ..autograd.graph import RemovableHandle, add_hook
from ..autograd.mode import enable_grad
from ..kernels.lazy import settle
from ..tensor import Tensor
from ..writing import check_inference

required: object = object()


class _HookDict(OrderedDict):  # type: ignore[type-arg]
    """An ordered dict that a handle may refer to weakly."""


#: Hooks of every optimizer, see ``register_optimizer_step_pre_hook``.
_global_pre_hooks = _HookDict()
_global_post_hooks = _HookDict()

#: Which optimizers make a step with hooks now, by id: an attribute that comes and goes would make all others slower to find.
_stepping: set[int] = set()

_HOOKS = ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre", "load_state_dict_post")


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of any optimizer."""
    return add_hook(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of any optimizer."""
    return add_hook(_global_post_hooks, hook)


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """A class's ``step`` with the hooks around it, once even if it calls the ``step`` of its parent."""

    @functools.wraps(step)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        settle()
        try:
            pre, post, key = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks, id(self)
        except AttributeError:  # a wrapper of another optimizer, which has never called our __init__
            return step(self, *args, **kwargs)
        if not (pre or post or _global_pre_hooks or _global_post_hooks) or key in _stepping:
            return step(self, *args, **kwargs)
        _stepping.add(key)
        try:
            given: tuple[Any, ...] = (self, *args)
            if pre or _global_pre_hooks:
                given, kwargs = _changed([*_global_pre_hooks.values(), *pre.values()], self, given, kwargs, step)
            out = step(*given, **kwargs)
            for hook in [*post.values(), *_global_post_hooks.values()] if _global_post_hooks else tuple(post.values()):
                hook(self, given, kwargs)
            return out
        finally:
            _stepping.discard(key)

    return run


def _changed(hooks: list[Any], optimizer: Any, given: tuple[Any, ...], kwargs: dict[str, Any], step: Any) -> Any:
    """The arguments of a step after the hooks before it."""
    for hook in hooks:
        changed = hook(optimizer, given, kwargs)
        if changed is not None:
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise errors.runtime(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}.",
                    "This is what a hook registered with register_step_pre_hook returned.",
                )
            given, kwargs = changed
    return given, kwargs


class Optimizer:
    """Holds parameters and how to change them. A subclass defines ``step``.

    Args:
        params: tensors, or dicts with ``params`` and settings of their own, or pairs of name and tensor.
        defaults: the settings of groups that do not give them.
    """

    OptimizerPreHook = OptimizerPostHook = Callable[..., Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _hooked(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Any, defaults: dict[str, Any]):
        if isinstance(params, Tensor):
            raise errors.type_(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{params.type()}",
                "Write [tensor] or model.parameters().",
            )
        self.defaults = defaults
        for name in _HOOKS:
            setattr(self, f"_optimizer_{name}_hooks", _HookDict())
        self.state: dict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise errors.value("optimizer got an empty parameter list", "Does the model register its parameters?")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    # --- parameters -------------------------------------------------------------------------------------------------
    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters; settings it does not give are the defaults. On an error nothing is added.

        Raises:
            TypeError: for what is no tensor.
            ValueError: for a non-leaf, a parameter that is in another group, or names on some of the parameters only.
        """
        if not isinstance(param_group, dict):
            raise errors.type_(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _named(param_group["params"])
        for p in params:
            if not isinstance(p, Tensor):
                raise errors.type_("optimizer can only optimize Tensors, but one of the params is " + type(p).__name__)
            if not self.defaults.get("differentiable", None) and not (p.is_leaf or p.retains_grad):
                raise errors.value(
                    "can't optimize a non-leaf Tensor",
                    "This one was computed from others: optimize those, or write x = x.detach().requires_grad_() first.",
                )
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see "
                "github.com/pytorch/pytorch/issues/40967 for more information",
                UserWarning,
                stacklevel=4,
            )
        held = set(chain.from_iterable(g["params"] for g in self.param_groups))
        if not held.isdisjoint(params):
            raise errors.value("some parameters appear in more than one parameter group")
        if self.param_groups and ("param_names" in self.param_groups[0]) != (names is not None):
            raise errors.value(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'without' if names is None else 'with'} names to the optimizer"
            )
        filled: dict[str, Any] = {"params": params}
        if names is not None:
            filled["param_names"] = names
        for name, default in self.defaults.items():
            if name not in param_group:
                if default is required:
                    raise errors.value(
                        f"parameter group didn't specify a value of required optimization parameter {name}"
                    )
                filled[name] = default
        param_group.update(filled)
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                grad = p._grad
                if grad is not None:
                    if set_to_none:
                        p._grad = None
                    else:
                        if grad.grad_fn is not None:
                            grad.detach_()
                        else:
                            grad.requires_grad_(False)
                        grad.zero_()

    def _patch_step_function(self) -> None:
        """Hooks are put around the ``step`` of a class when it is made; an optimizer has nothing to add."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters once. ``closure`` recomputes the loss, which is returned."""
        raise NotImplementedError(f"{type(self).__name__}.step")

    # --- state --------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """The state by the parameters' numbers, and the groups with numbers in place of parameters."""
        for hook in self._optimizer_state_dict_pre_hooks.values():  # type: ignore[attr-defined]
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
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():  # type: ignore[attr-defined]
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` gave. On an error nothing is changed.

        Raises:
            ValueError: if the groups differ in number or size.
        """
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():  # type: ignore[attr-defined]
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
            state[key if p is None else p] = value if p is None else _adopted(None, value, p)
        for old, new in zip(self.param_groups, saved_groups, strict=True):
            new["params"] = old["params"]
            if "param_names" in old:
                new.setdefault("param_names", old["param_names"])
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():  # type: ignore[attr-defined]
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over attributes; settings that an older file lacks get their defaults."""
        self.__dict__.update(state)
        for name in _HOOKS:
            self.__dict__.setdefault(f"_optimizer_{name}_hooks", _HookDict())
        for group in self.param_groups:
            for name, default in self.defaults.items():
                if default is not required:
                    group.setdefault(name, default)

    # --- hooks and text -------------------------------------------------------------------------------------------
    def _register(self, name: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        hooks = getattr(self, f"_optimizer_{name}_hooks")
        handle = add_hook(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``."""
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before ``state_dict``."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after ``state_dict``; what it returns replaces the result."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before ``load_state_dict``; what it returns is loaded instead."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` after ``load_state_dict``."""
        return self._register("load_state_dict_post", hook, prepend)

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def _named(params: Any) -> tuple[list[Any], list[str] | None]:
    """Parameters and, if they came as pairs, their names."""
    if isinstance(params, Tensor):
        return [params], None
    if isinstance(params, set):
        raise errors.type_(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
            "change between runs. Please use a list instead."
        )
    params = list(params)
    pairs = [isinstance(p, tuple) for p in params]
    if not any(pairs):
        return params, None
    if not all(pairs):
        raise errors.value("all optimizer params should be with/without names. Some param names are missing")
    return [p for _, p in params], [name for name, _ in params]


def _adopted(name: str | None, value: Any, p: Tensor) -> Any:
    """Loaded state in the parameter's dtype; the step counter keeps its own. Containers are rebuilt."""
    if isinstance(value, Tensor):
        if name != "step" and p.is_floating_point():
            return value.detach().clone().to(p.dtype)
        return value.detach().clone()
    if isinstance(value, dict):
        return {k: _adopted(k, v, p) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_adopted(name, v, p) for v in value)
    return deepcopy(value)


def evaluate(closure: Callable[[], Any] | None) -> Any:
    """The loss of a closure, with gradients recorded; None without one."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def check_parameters(params: list[Tensor]) -> None:
    """Refuse to change what was made in inference mode, outside of it."""
    for p in params:
        if p._extra is not None:
            check_inference(p)


def check_settings(**settings: tuple[Any, bool]) -> None:
    """Raise ValueError for a setting outside its range: ``check_settings(lr=(lr, lr >= 0))``."""
    names = {
        "lr": "learning rate",
        "eps": "epsilon value",
        "weight_decay": "weight_decay value",
        "momentum": "momentum value",
    }
    for name, (value, valid) in settings.items():
        if not valid:
            raise errors.value(f"Invalid {names.get(name, name + ' value')}: {value}")


def check_lr(lr: Any) -> None:
    """A learning rate: a number or a tensor of one element, not negative."""
    if isinstance(lr, Tensor) and lr._a.size != 1:
        raise errors.value("Tensor lr must be 1-element")
    check_settings(lr=(lr, bool(lr >= 0)))
