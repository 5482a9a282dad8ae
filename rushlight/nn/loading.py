"""``load_state_dict``: values by name into the parameters and buffers of a tree of modules, all of them or none."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

from .. import errors
from ..autograd.mode import no_grad
from ..meta import is_meta
from ..tensor import Parameter, Tensor, wrap
from .module import Module


class IncompatibleKeys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class _IncompatibleKeys(IncompatibleKeys):
    """What ``load_state_dict`` found: keys that were missing, keys that were not expected."""

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


def load(module: Module, state_dict: Any, strict: bool, assign: bool) -> _IncompatibleKeys:
    """``module.load_state_dict``: a walk that only looks, then one that writes; a failed call leaves the module as it was."""
    if not hasattr(state_dict, "items"):
        raise errors.type_(f"Expected state_dict to be dict-like, got {state_dict.__class__}.")
    state: Any = OrderedDict(state_dict)
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is not None:
        state._metadata = metadata
    found = _IncompatibleKeys([], [])
    if any(_reads_itself(inner) for inner in module.modules()):
        found = _load_in_one(Walk(state, metadata, strict, assign, True, True), module)
    else:
        for looks in (True, False):
            walk = Walk(state, metadata, strict, assign, looks, not looks)
            walk.tree(module, "")
            walk.refuse(module)
            found = _IncompatibleKeys(walk.missing, walk.unexpected)
    for inner in module.modules():
        for hook in inner._load_state_dict_post_hooks.values():
            hook(inner, found)
    return found


def _reads_itself(module: Module) -> bool:
    """Whether a module's class says for itself how it reads its part of a state."""
    return type(module)._load_from_state_dict is not Module._load_from_state_dict


def _load_in_one(walk: Walk, module: Module) -> _IncompatibleKeys:
    """Look and write in one walk, as what a class does with the state changes what is left of it. What fails is undone."""
    before = [(inner, inner._parameters.copy(), inner._buffers.copy()) for inner in module.modules()]
    values = [
        (t, t._a.copy()) for _, *kinds in before for kind in kinds for t in kind.values() if isinstance(t, Tensor)
    ]
    try:
        walk.tree(module, "")
        walk.refuse(module)
    except BaseException:
        for inner, parameters, buffers in before:
            inner._parameters, inner._buffers = parameters, buffers
        with no_grad():
            for t, value in values:
                t.copy_(wrap(value))  # type: ignore[attr-defined]
        raise
    return _IncompatibleKeys(walk.missing, walk.unexpected)


def read(
    module: Module, state: Any, prefix: str, local: Any, strict: bool, missing: Any, unexpected: Any, problems: Any
) -> None:
    """``Module._load_from_state_dict``: what belongs to a module itself, hooks before it."""
    for hook in module._load_state_dict_pre_hooks.values():
        hook(state, prefix, local, strict, missing, unexpected, problems)
    walk = Walk(state, None, strict, local.get("assign_to_params_buffers", False), True, True)
    walk.missing, walk.unexpected = (missing, unexpected) if strict else ([], [])
    walk.problems = problems
    walk.own(module, prefix)


class Walk:
    """One way through a tree of modules: keys that are missing, keys that nothing has asked for, and what else is wrong."""

    def __init__(self, state: Any, metadata: Any, strict: bool, assign: bool, looks: bool, writes: bool):
        self.state = state
        self.metadata = metadata
        self.strict = strict
        self.assign = assign
        self.looks = looks
        self.writes = writes
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.problems: list[str] = []

    def tree(self, module: Module, prefix: str) -> None:
        """A module and those below it."""
        if self.looks:
            local = {} if self.metadata is None else dict(self.metadata.get(prefix[:-1], {}))
            if self.assign:
                local["assign_to_params_buffers"] = True
            # All that is missing or unexpected is told; whether that is an error is decided at the end.
            told = (self.state, prefix, local, True, self.missing, self.unexpected, self.problems)
            if self.writes:
                module._load_from_state_dict(*told)
                return self.below(module, prefix)
            for hook in module._load_state_dict_pre_hooks.values():
                hook(*told)
        self.own(module, prefix)
        self.below(module, prefix)

    def below(self, module: Module, prefix: str) -> None:
        """The modules that a module has."""
        state = self.state
        for name, inner in module._modules.items():
            if inner is not None:
                if self.looks and self.writes:  # what a class does with its part of the state, others do not see
                    self.state = {key: value for key, value in state.items() if key.startswith(prefix + name + ".")}
                self.tree(inner, prefix + name + ".")
        self.state: Any = state

    def own(self, module: Module, prefix: str) -> None:
        """What belongs to a module itself."""
        own = {n: p for n, p in module._parameters.items() if p is not None}
        own |= {
            n: b for n, b in module._buffers.items() if b is not None and n not in module._non_persistent_buffers_set
        }
        for name, target in own.items():
            key = prefix + name
            if key not in self.state:
                self.missing.append(key)
                continue
            value = self.fitting(key, target)
            if value is not None and self.writes:
                self.write(module, name, target, value)
        extra = prefix + "_extra_state"
        if type(module).set_extra_state is not Module.set_extra_state:
            if extra in self.state:
                if self.writes:
                    module.set_extra_state(self.state[extra])
            else:
                self.missing.append(extra)
        for key in self.state:
            if key.startswith(prefix) and key != extra:
                name, *rest = key[len(prefix) :].split(".", 1)
                if (rest and name not in module._modules) or (not rest and name not in own):
                    self.unexpected.append(key)

    def fitting(self, key: str, target: Tensor) -> Tensor | None:
        """The value for a parameter or buffer; None if it is none, which becomes a problem."""
        value = self.state[key]
        if not isinstance(value, Tensor):
            self.problems.append(f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                                 f"checkpoint but received {value.__class__}")  # fmt: skip
            return None
        if target.ndim == 0 and tuple(value.shape) == (1,):
            value = value[0]
        if value.shape != target.shape:
            self.problems.append(
                f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, the shape in current "
                f"model is {target.shape}."
            )
            return None
        return value

    def write(self, module: Module, name: str, target: Tensor, value: Tensor) -> None:
        """Copy a value, or with ``assign`` put it in the target's place."""
        if not self.assign:
            if is_meta(target) and not is_meta(value):
                warnings.warn(
                    f"for {name}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current model, which is a "
                    "no-op. (Did you mean to pass `assign=True` to assign items in the state dictionary to their corresponding key in "
                    "the module instead of copying them in place?)",
                    UserWarning,
                    stacklevel=2,
                )
            with no_grad():
                target.copy_(value)
        elif isinstance(target, Parameter):
            module._parameters[name] = value if isinstance(value, Parameter) else Parameter(value, target.requires_grad)
        else:
            module._buffers[name] = value

    def refuse(self, module: Module) -> None:
        """Raise if something is wrong."""
        problems = [
            f"{what} key(s) in state_dict: " + ", ".join(f'"{k}"' for k in keys) + ". "
            for what, keys in (("Missing", self.missing), ("Unexpected", self.unexpected))
            if self.strict and keys
        ]
        if problems or self.problems:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(module).__name__}:\n\t"
                + "\n\t".join([*problems, *self.problems])
            )
