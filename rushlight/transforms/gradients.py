"""The gradient of a wrapped tensor, from the graph of the plain tensors inside.

*Batched.* No operation under ``vmap`` mixes examples, so the gradient of all examples at once, asked for on the larger tensor inside, is
the gradient of each. What it is taken by must have the batch inside, too: ``Variables`` repeats what has not, so that each example has a
gradient of its own.

*Dual.* A number a + b e with e * e = 0 is differentiated like any other: for ``out = p + q e`` and a gradient ``g + h e`` the gradient by
x is ``dp/dx^T g + e (dp/dx^T h + dq/dx^T g)``, three products with the graphs of the two tensors inside.

Levels that were entered after the variables were made are not looked into: their tensors flow backward as they are, since the rules of the
engine are written against Tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import errors, types
from ..autograd import engine, ones_for, unused
from ..autograd.graph import AccumulateGrad
from ..autograd.mode import enable_grad, is_grad_enabled
from ..levels import Batched, Dual, Level, Wrapped, batched, dual, innermost, stack
from ..readers import REGISTRY
from ..tensor import Tensor, alias_of, edge_of, wrap
from .batching import MapLevel
from .tangents import DualLevel


class Variable(AccumulateGrad):
    """The leaf of a fresh variable. Once its derivative is computed, ``alive`` no more, it is a constant to everybody else."""

    __slots__ = ("alive",)


Variable.__name__ = "AccumulateGrad"  # as which programs may meet it


class Variables:
    """Fresh variables in place of tensors: what a derivative is taken by.

    One that has a history is a view of its tensor, so that what is computed can be differentiated by that, too. One that has none is a
    leaf of its own, and nothing outside ever sees it.
    """

    def __init__(self, given: Sequence[Tensor], below: Level | None = None):
        levels = stack()
        self.levels: list[Level] = (
            levels if below is None else [level for level in levels if level.number < below.number]
        )
        self.recorded: bool = is_grad_enabled()
        self.own: set[Any] = set()  # the leaves
        with enable_grad():
            self.tensors: list[Tensor] = [self._variable(x) for x in given]

    def _variable(self, x: Tensor) -> Tensor:
        for level in self.levels:
            if isinstance(level, MapLevel):
                x = repeated(x, level)
        return self._alias(x)

    def _alias(self, x: Tensor) -> Tensor:
        if isinstance(x, Batched):
            return batched(self._alias(x.value), x.at)
        if isinstance(x, Dual):
            return dual(self._alias(x.primal), x.tangent, x.at)
        if types.of_array(x._a).category < types.FLOATING:
            raise errors.runtime("only Tensors of floating point dtype can require gradients")
        if self.recorded and edge_of(x) is not None:
            return REGISTRY["view"].public(x, x._a.shape)  # type: ignore[no-any-return]
        leaf = alias_of(x, x._a, True)
        node: Any = Variable(leaf)
        node.alive = True
        leaf._edge = node, 0
        self.own.add(node)
        return leaf

    def gradients(
        self, outputs: Sequence[Tensor], vectors: Sequence[Any], also_own: Variables | None = None
    ) -> list[Any]:
        """The gradient of each variable from those of the outputs (None: none flows); None where there is none."""
        own = self.own if also_own is None else self.own | also_own.own
        return gradients(outputs, self.tensors, vectors, self.levels, lambda t: self.settled(t, own))

    def close(self) -> None:
        """Say that nothing more is differentiated by these variables but through ``gradients``."""
        for node in self.own:
            node.alive = False

    def settled(self, t: Any, own: set[Any] | None = None) -> Any:
        """A result for the outside: without a history, unless it leads further than to the variables."""
        own = self.own if own is None else own
        return map_plain(lambda x: x if self.recorded and leads_out(x, own) else detached(x), t)


def detached(x: Tensor) -> Tensor:
    """A plain tensor without its history."""
    return x if edge_of(x) is None else alias_of(x, x._a, True)


def leads_out(x: Tensor, own: set[Any]) -> bool:
    """Whether the history of a plain tensor leads to a leaf that is not among ``own``, and that somebody differentiates by."""
    edge = edge_of(x)
    if edge is None:
        return False
    todo: list[Any] = [edge[0]]
    seen = {edge[0]}
    while todo:
        node = todo.pop()
        if node.is_leaf and node not in own and getattr(node, "alive", True):
            return True
        for to in node.edges:
            if to is not None and to[0] not in seen:
                seen.add(to[0])
                todo.append(to[0])
    return False


def map_plain(change: Callable[[Tensor], Any], t: Any) -> Any:
    """``change`` made to the plain tensors inside."""
    if isinstance(t, Wrapped):
        return t.rewrapped(lambda x: map_plain(change, x))
    return change(t) if isinstance(t, Tensor) else t


# --- looking inside -----------------------------------------------------------------------------------------------------
def has(t: Any, level: Level) -> bool:
    """Whether a tensor is wrapped at a level."""
    return isinstance(t, Wrapped) and (t.at is level or any(has(x, level) for x in t.inside()))


def repeated(x: Tensor, level: MapLevel) -> Tensor:
    """A tensor as a batched one, the same for each example; one that is batched already as it is."""
    if isinstance(x, Wrapped) and x.at.number > level.number:
        return x.rewrapped(lambda inner: repeated(inner, level))
    return x if isinstance(x, Batched) and x.at is level else batched(level.whole(x), level)


def opened(x: Tensor, level: MapLevel) -> Tensor:
    """A tensor batched at ``level`` with that batch as its first dimension; levels further in stay."""
    if isinstance(x, Batched):
        if x.at is level:
            return x.value
        inner = opened(x.value, level)  # (batch of level, batch of x, ...)
        return batched(REGISTRY["transpose"].public(inner, 0, 1), x.at)
    assert isinstance(x, Dual)
    return dual(opened(repeated(x.primal, level), level), opened(repeated(x.tangent, level), level), x.at)


def closed(x: Tensor, level: MapLevel) -> Tensor:
    """The opposite of ``opened``."""
    if isinstance(x, Wrapped) and x.at.number > level.number:
        if isinstance(x, Batched):
            return batched(closed(REGISTRY["transpose"].public(x.value, 0, 1), level), x.at)
        return x.rewrapped(lambda inner: closed(inner, level))
    return batched(x, level)


def primal(x: Any, level: Level) -> Any:
    """A tensor without its tangent at ``level``."""
    if not has(x, level):
        return x
    return x.primal if x.at is level else x.rewrapped(lambda inner: primal(inner, level))


def tangent(x: Any, level: Level) -> Any:
    """The tangent of a tensor at ``level``; None if it has none."""
    if not has(x, level):
        return None
    if x.at is level:
        return x.tangent
    if isinstance(x, Batched):
        return batched(tangent(x.value, level), x.at)
    parts = [tangent(part, level) for part in x.inside()]
    like = x.inside()
    parts = [
        REGISTRY["zeros_of"].public(primal(y, level)) if p is None else p for p, y in zip(parts, like, strict=True)
    ]
    return dual(parts[0], parts[1], x.at)


# --- backward -------------------------------------------------------------------------------------------------------------
def gradients(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    vectors: Sequence[Any],
    levels: Sequence[Level],
    settled: Callable[[Any], Any],
) -> list[Any]:
    """Gradients of ``inputs`` from the gradients ``vectors`` of ``outputs``, through the levels ``levels``."""
    pairs = [(o, v) for o, v in zip(outputs, vectors, strict=True) if o is not None and v is not None]
    levels = [level for level in levels if isinstance(level, (MapLevel, DualLevel))]
    if not pairs:
        return [None] * len(inputs)
    if not levels:
        return backward(pairs, inputs, settled)
    level, outer = levels[-1], levels[:-1]
    if isinstance(level, MapLevel):
        # what is the same for all examples does not depend on a variable, which differs
        inner = [(opened(o, level), opened(repeated(v, level), level)) for o, v in pairs if has(o, level)]
        xs = [opened(repeated(x, level), level) for x in inputs]
        found = gradients([o for o, _ in inner], xs, [v for _, v in inner], outer, settled)
        return [None if g is None else closed(g, level) for g in found]
    return _of_duals(pairs, inputs, level, outer, settled)


def _of_duals(pairs: Any, inputs: Any, level: Level, outer: Sequence[Level], settled: Any) -> list[Any]:
    xs = [primal(x, level) for x in inputs]
    values = [(primal(o, level), primal(v, level)) for o, v in pairs]
    slopes = [(tangent(o, level), primal(v, level)) for o, v in pairs]
    slopes += [(primal(o, level), tangent(v, level)) for o, v in pairs]
    first = gradients([o for o, _ in values], xs, [v for _, v in values], outer, settled)
    second = gradients([o for o, _ in slopes], xs, [v for _, v in slopes], outer, settled)
    out = []
    for p, t in zip(first, second, strict=True):
        if t is None:
            out.append(p)
        elif p is None:
            out.append(_dual_at(REGISTRY["zeros_of"].public(t), t, level))
        else:
            out.append(_dual_at(p, t, level))
    return out


def _dual_at(p: Tensor, t: Tensor, level: Level) -> Any:
    """``p`` with its tangent at ``level``, below what either is wrapped in further out."""
    outermost = max(
        [x.at for x in (p, t) if isinstance(x, Wrapped) and x.at.number > level.number],
        key=lambda at: at.number,
        default=None,
    )
    if outermost is None:
        return dual(p, t, level)
    if isinstance(outermost, MapLevel):
        inner = [x.value if isinstance(x, Batched) and x.at is outermost else outermost.whole(x) for x in (p, t)]
        return batched(_dual_at(inner[0], inner[1], level), outermost)
    zero = REGISTRY["zeros_of"].public
    parts = [(x.primal, x.tangent) if isinstance(x, Dual) and x.at is outermost else (x, zero(x)) for x in (p, t)]
    return dual(_dual_at(parts[0][0], parts[1][0], level), _dual_at(parts[0][1], parts[1][1], level), outermost)


def backward(pairs: Sequence[tuple[Any, Any]], inputs: Sequence[Any], settled: Callable[[Any], Any]) -> list[Any]:
    """One backward pass over plain outputs. Rules run on arrays unless the result has to be a Tensor with a history or a wrapper."""
    flowing = [(o, v) for o, v in pairs if edge_of(o) is not None]
    if not flowing:
        return [None] * len(inputs)
    roots = [o for o, _ in flowing]
    create_graph = any(isinstance(v, Wrapped) or edge_of(v) is not None or settled(o) is o for o, v in flowing)
    found = engine.backward(
        roots,
        [fitting(o, v) for o, v in flowing],
        keep_graph=True,
        create_graph=create_graph,
        inputs=inputs,
        accumulate=False,
    )
    return [None if g is None else settled(g) for g in found]


def fitting(output: Tensor, vector: Tensor) -> Tensor:
    """A vector of the output's dtype."""
    return vector if vector._a.dtype is output._a.dtype else vector.to(output.dtype)


def of_wrapped(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    vectors: list[Any],
    create_graph: bool,
    allow_unused: bool,
    materialize: bool,
) -> tuple[Any, ...]:
    """``torch.autograd.grad`` where tensors are wrapped.

    Raises:
        RuntimeError: no vector for an output of more than one element, an input that was not used.
    """
    for i, (o, v) in enumerate(zip(outputs, vectors, strict=True)):
        if v is None:
            if o._a.size != 1:
                raise errors.runtime("grad can be implicitly created only for scalar outputs")
            vectors[i] = ones_for(o)
    innermost_level = innermost((*outputs, *inputs))
    levels = [level for level in stack() if innermost_level is not None and level.number <= innermost_level.number]
    settled = (lambda t: t) if create_graph else (lambda t: map_plain(detached, t))
    found = gradients(outputs, inputs, vectors, levels, settled)
    for i, (x, g) in enumerate(zip(inputs, found, strict=True)):
        if g is None and not allow_unused:
            raise unused(i, x)
        if g is None and materialize:
            found[i] = wrap(np.zeros(x._a.shape, x._a.dtype))
    return tuple(found)
