"""The parameters of a training: their names, and what becomes of them from one backward to the next."""

from __future__ import annotations

import copy
import gc
import itertools
import sys
from collections.abc import Container, Iterable
from typing import Any

import numpy as np

from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ...random.generator import default_generator
from ...tensor import Parameter, Tensor, edge_of
from .. import places
from ..statistics import array_of, norm, rms
from .trace import Leaf, Trace


class _State:
    """A leaf at the last backward."""

    def __init__(self, leaf: Tensor, seen: Leaf):
        self.leaf, self.seen = leaf, seen
        self.data: Any = None  # a copy, where the change is measured
        self.sum = 0.0  # of the gradient's absolute values: how a gradient is recognised that nobody has touched
        self.gradient: Any = None
        self.was_used = False  # whether a step has used the gradient that is there
        self.mixed = False  # whether it holds one that was used before
        self.mark()

    def mark(self) -> None:
        self.at = (id(self.leaf._a), self.leaf._vc[0])

    def changed(self) -> bool:
        """By its content where a copy was kept: what is written through ``p.data`` counts no version."""
        if self.data is not None:
            return not np.array_equal(self.data, self.leaf._a, equal_nan=True)
        return (id(self.leaf._a), self.leaf._vc[0]) != self.at

    def used(self) -> bool:
        """Whether the gradient is the one that was there after the last backward."""
        g = self.leaf._grad
        if g is None or self.sum == 0:
            return False
        now = abs_sum(array_of(g))
        return now == self.sum or (now != now and self.sum != self.sum)  # also if it is no number by now


def abs_sum(a: np.ndarray[Any, Any]) -> float:
    return float(np.abs(a).sum(dtype=np.float64))


def size_and_place(a: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    """Standard deviation, mean and rms of an array's elements."""
    return float(a.std()), float(a.mean()), rms(a)


class Leaves:
    """All leaves met, by name and by identity."""

    backwards: int

    MEASURED = 20  # backwards at whose steps changes are measured

    def __init__(self, trace: Trace, closely: bool):
        self.trace = trace
        self.measured: int = self.MEASURED if closely else 0
        self.states: dict[int, _State] = {}
        self.names: dict[int, str] = {}
        self.by_name: dict[str, Tensor] = {}
        self.models: dict[str, Module] = {}
        self.backwards = 0

    # --- who they are ---------------------------------------------------------------------------------------------------
    def add_model(self, model: Module, closely: bool) -> bool:
        """Learn the names of a model's parameters; whether it is a new one."""
        if any(model is m for m in self.models.values()):
            return False
        root = variable = places.root_name(model, sys._getframe(1))
        for n in itertools.count(2):
            if root not in self.models:
                break
            root = f"{variable} ({n})"
        self.models[root] = model
        kinds = {
            id(p): (path, type(m).__name__)
            for path, m in model.named_modules()
            for p in m._parameters.values()
            if p is not None
        }
        for name, p in model.named_parameters():
            self.names.setdefault(id(p), f"{root}.{name}")
            if p.requires_grad:
                path, kind = kinds[id(p)]
                self.add(p, root, ".".join(filter(None, [root, path])), kind)
        if closely:
            self.compare_with_defaults(model)
        return True

    def name_inner(self, module: Module) -> None:
        """Name what a module holds that runs inside a model and is none of its own, as those of a plain list are."""
        if any(id(p) not in self.names for p in module._parameters.values() if p is not None):
            path = places.module_path()
            for name, p in module._parameters.items():
                if p is not None:
                    self.names.setdefault(id(p), f"{path}.{name}")

    def root(self, model: Module) -> str:
        """What a model is called in the names of its parameters."""
        return next(root for root, other in self.models.items() if other is model)

    def add(self, leaf: Tensor, model: str = "", module: str = "", kind: str = "") -> _State:
        found = self.states.get(id(leaf))
        if found is None:
            name = self.names.get(id(leaf)) or self.new_name(leaf)
            seen = self.trace.leaves[name] = Leaf(name, leaf._a.shape, model, module, kind)
            seen.std, seen.mean, seen.rms = seen.start = size_and_place(leaf._a) if leaf._a.size else (0.0, 0.0, 0.0)
            found = self.states[id(leaf)] = _State(leaf, seen)
            self.by_name[name] = leaf
        return found

    def new_name(self, leaf: Tensor) -> str:
        """The variable that holds a leaf outside of models."""
        return self.variable(leaf, self.by_name) or f"leaf {len(self.by_name)}"

    @staticmethod
    def variable(thing: Any, taken: Container[str] = ()) -> str:
        """What the program calls an object, in the frame that runs or those that called it."""
        frame = places.user_frame()
        while frame is not None:
            name = places.variable_name(thing, frame)
            if name is not None and name not in taken:
                return name
            frame = places.user_frame(frame.f_back) if frame.f_back else None
        return ""

    def compare_with_defaults(self, model: Module) -> None:
        """What each module's own initialisation would give, drawn on a copy; the random stream is put back."""
        state = default_generator.get_state_array()
        for module in model.modules():
            reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
            own = {n: p for n, p in module._parameters.items() if p is not None and p.requires_grad}
            if reset is None or not own or not all(p.is_leaf for p in own.values()):
                continue
            other = copy.deepcopy(module)
            getattr(other, reset.__name__)()
            for name, p in own.items():
                if id(p) in self.states and name in other._parameters:
                    self.states[id(p)].seen.usual = rms(other._parameters[name]._a)
        default_generator.set_state_array(state)

    def take(self, name: str) -> Tensor | None:
        return self.by_name.get(name)

    def all(self) -> list[Tensor]:
        return [state.leaf for state in self.states.values()]

    def of_memory(self, x: Tensor) -> bool:
        """Whether a tensor shows a leaf's memory."""
        return any(x is s.leaf or (x._a is s.leaf._a) or x._a.base is s.leaf._a for s in self.states.values())

    def hold(self, optimizer: Any) -> None:
        """Note what an optimizer holds, and its name."""
        name = self.variable(optimizer)
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.requires_grad:
                    seen = self.add(p).seen
                    seen.held = seen.handed = True
                    seen.holder = name

    def handed_to(self, optimizer: Any) -> None:
        """Before a step: the gradient that it uses is the one that is there now, clipped or scaled."""
        for group in optimizer.param_groups:
            for p in group["params"]:
                state = self.states.get(id(p))
                if state is not None and p._grad is not None:
                    state.sum = abs_sum(array_of(p._grad))

    def hold_all(self) -> None:
        """The same for every optimizer that there is: one may make its first step later."""
        gc.unfreeze()
        for thing in gc.get_objects():
            if issubclass(type(thing), Optimizer):
                for group in vars(thing).get("param_groups", ()):
                    for p in group["params"]:
                        if id(p) in self.states:
                            self.states[id(p)].seen.held = True

    def of_graph(self, roots: Iterable[Tensor], count: bool = True) -> list[Tensor]:
        """The leaves that the graph of these tensors ends in: parameters, and other tensors that stay from step to step."""
        stack = [edge[0] for edge in map(edge_of, roots) if edge is not None and not edge[0].is_leaf]
        seen = set(stack)
        found = []
        while stack:
            node = stack.pop()
            if node.is_leaf:
                leaf = node.variable
                if leaf is not None and self.is_parameter(leaf):
                    found.append(leaf)
                    if count:
                        self.add(leaf).seen.reached += 1
                continue
            for edge in node.edges:
                if edge is not None and edge[0] not in seen:
                    seen.add(edge[0])
                    stack.append(edge[0])
        return found

    def succeed(self, roots: Iterable[Tensor]) -> None:
        """In programs that make new parameters at each step, ``w = w - lr * g``: those of this graph are the ones known before."""
        if self.models or not self.states:
            return
        found = self.of_graph(roots, count=False)
        if any(id(leaf) in self.states for leaf in found) or len(found) != len(self.states):
            return
        named = {self.variable(leaf): leaf for leaf in found}
        if named.keys() == self.by_name.keys():
            pairs = [(state, named[state.seen.name]) for state in self.states.values()]
        else:  # each beside one of its shape
            pairs = list(
                zip(
                    sorted(self.states.values(), key=lambda s: s.leaf._a.shape),
                    sorted(found, key=lambda x: x._a.shape),
                    strict=True,
                )
            )
        if any(state.leaf._a.shape != leaf._a.shape for state, leaf in pairs):
            return
        for state, leaf in pairs:
            del self.states[id(state.leaf)]
            state.leaf = self.by_name[state.seen.name] = leaf
            self.states[id(leaf)] = state

    def is_parameter(self, leaf: Tensor) -> bool:
        """Inputs may require a gradient too; with models or optimizers about, a parameter is what one of them has."""
        return isinstance(leaf, Parameter) or id(leaf) in self.states or not self.models

    # --- from one backward to the next ------------------------------------------------------------------------------------
    def settle(self) -> int:
        """Before a backward: what has changed since the last. 1 if anything has."""
        any_changed = 0
        for state in self.states.values():
            changed = state.changed()
            seen = state.seen
            if changed:
                any_changed = 1
                seen.changes += 1
                if state.mixed and state.used():
                    seen.stale += 1
                if state.data is not None and len(seen.updates) < self.measured:
                    self.measure(state)
                state.mark()
            used = state.used()
            state.was_used = used and (changed or state.was_used)
            state.mixed = used and (state.was_used or state.mixed)
        return any_changed

    def measure(self, state: _State) -> None:
        """How large a change was, and whether it was a multiple of the gradient."""
        old, new, g = state.data, state.leaf._a, state.gradient
        if old.shape != new.shape or new.dtype.kind != "f":
            return
        with np.errstate(all="ignore"):
            step = new.astype(np.float64) - old
            before, moved = rms(old), rms(step)
            if before > 0:
                state.seen.updates.append(moved / before)
            if g is not None and g.shape == step.shape:
                square = float(np.vdot(g, g))
                rate = -float(np.vdot(step, g)) / square if square > 0 else float("nan")
                rounding = 1e-3 * moved + 1e-7 * before
                if np.isfinite(rate) and rate > 0 and rms(step + rate * g.astype(np.float64)) <= rounding:
                    state.seen.rates.append(rate)

    def forget_used(self) -> None:
        """Set gradients to nothing that a step has used."""
        for state in self.states.values():
            if state.mixed:
                state.leaf._grad = None
                state.mixed = False

    def by_names(self, by_identity: dict[int, Any]) -> dict[str, Any]:
        """What is known of leaves, by their names."""
        return {state.seen.name: by_identity[i] for i, state in self.states.items() if i in by_identity}

    def unmoved(self) -> list[Leaf]:
        """The leaves that hold what they held at the start, however often they were written to."""
        return [s.seen for s in self.states.values() if s.leaf._a.size and size_and_place(s.leaf._a) == s.seen.start]

    def twins(self) -> list[Leaf]:
        """The weights that began with one number in all places and whose units are still the same in the end."""
        found = []
        for state in self.states.values():
            a, seen = state.leaf._a, state.seen
            if seen.all_equal and seen.changes > 2 and seen.reached and a.ndim > 1 and len(a) > 1:
                apart = float(np.abs(a - a[:1]).max())
                if apart <= 1e-5 * rms(a):
                    found.append(seen)
        return found

    def look_again(self) -> None:
        for state in self.states.values():
            state.mark()

    def after_backward(self, given: dict[int, Any] | None) -> None:
        """After a backward: keep what the next ``settle`` compares with. ``given`` are gradients that were returned."""
        measured = self.backwards < self.measured
        by_hand = not self.trace.optimizers
        self.backwards += 1
        for state in self.states.values():
            g = state.leaf._grad if given is None else given.get(id(state.leaf))
            a = None if g is None else array_of(g)
            state.sum = 0.0 if a is None else abs_sum(a)
            state.mark()
            state.data = state.leaf._a.copy() if measured or by_hand else None
            state.gradient = a.copy() if measured and a is not None else None
            if a is not None and measured:
                state.seen.grads.append(norm(a))
