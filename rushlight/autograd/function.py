"""User-defined operations: subclass ``Function``, write ``forward`` and ``backward``, call ``apply``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors
from ..tensor import Tensor, alias_of, edge_of, view_of, wrap
from ..writing import bump, rebase
from . import mode
from .graph import Node, next_seq
from .mode import no_grad


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: attributes, saved tensors, marks."""

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads = True
    _saved: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _to_save: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for ``ctx.saved_tensors`` in backward; later writes to them are noticed."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise errors.type_(
                    f"save_for_backward can only save variables, but argument 0 is of type {type(t).__name__}"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Accepted for forward-mode programs."""

    def mark_dirty(self, *args: Any) -> None:
        """Say that ``forward`` wrote to these inputs."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say that no gradient flows through these outputs."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing output gradients arrive in backward as zeros (default) or as None."""
        self.materialize_grads = value


class FunctionNode(Node, FunctionCtx):
    """The node of a user-defined operation; it is the ``ctx`` that forward and backward see."""

    cls: type[Function]

    def __init__(self) -> None:
        self.n_outputs = 1  # type: ignore[misc]
        self.hooks = self.stack = None
        self.edges = ()
        self.freed = False

    # --- saved tensors ------------------------------------------------------------------------------------------
    def keep(self, outputs: list[Tensor]) -> None:
        """Turn what was passed to save_for_backward into (array, edge, version): an output is never held itself."""
        kept = []
        for t in self._to_save:
            if t is None:
                kept.append(None)
            else:
                is_output = any(t is o for o in outputs)
                kept.append((t._a if is_output else t, edge_of(t), t._vc, t._vc[0]))
        self._saved = tuple(kept)
        self._to_save = ()

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that ``save_for_backward`` kept.

        Raises:
            RuntimeError: if the graph was freed, or one was written to since.
        """
        if self.freed:
            raise errors.runtime(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have "
                "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
                "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
                "you need to access saved tensors after calling backward."
            )
        if self._to_save:
            return self._to_save
        out = []
        for entry in self._saved:
            if entry is None:
                out.append(None)
                continue
            t, edge, cell, version = entry
            if cell[0] != version:
                raise errors.runtime(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: it is "
                    f"at version {cell[0]}; expected version {version} instead."
                )
            if not isinstance(t, Tensor):
                t = wrap(t)
                t._edge = edge
            out.append(t)
        return tuple(out)

    # --- backward -----------------------------------------------------------------------------------------------
    def run(self, k: Any, g: Any, release: bool) -> Any:
        create_graph = mode.recording() != mode.OFF
        grads = [g] if self.n_outputs == 1 else list(g)
        tensors = []
        for nr, x in enumerate(grads):
            meta = self.output_meta(nr)
            if x is None and self.materialize_grads and meta is not None:
                x = wrap(np.zeros(*meta))
            elif x is not None and not isinstance(x, Tensor):
                x = wrap(x)
            tensors.append(x)
        result = self.cls.backward(self, *tensors)
        if release:
            self.freed = bool(self._saved)
            self._saved = ()
        results = list(result) if isinstance(result, (tuple, list)) else [result]
        n = len(self.tensor_inputs)
        while len(results) > n and results[-1] is None:
            results.pop()
        if len(results) != n:
            raise errors.runtime(
                f"function {self.name()} returned an incorrect number of gradients (expected {n}, got {len(results)})",
                "backward returns one gradient for each argument of forward, None for those that are no tensors.",
            )
        out = []
        for is_tensor, r in zip(self.tensor_inputs, results, strict=True):
            if is_tensor:
                if r is not None and not isinstance(r, Tensor):
                    raise errors.type_(
                        f"expected Variable, but got {type(r).__name__} as a gradient from {self.name()}"
                    )
                out.append(r if r is None or create_graph else r._a)
        return out


class _FunctionMeta(type):
    def __init__(cls, name: str, bases: Any, namespace: Any) -> None:
        super().__init__(name, bases, namespace)
        cls._node_class = type(name + "Backward", (FunctionNode,), {"cls": cls})


class Function(metaclass=_FunctionMeta):
    """A differentiable operation of your own.

    Define static ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)``; or ``forward(*args)`` with
    ``setup_context(ctx, inputs, output)``. Call it as ``MyFunction.apply(*args)``.
    """

    _node_class: type[FunctionNode]

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The operation."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Gradients of the arguments of forward from those of its outputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
            "mode AD."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """With a ``forward`` that takes no ctx: store here what backward needs."""
        raise NotImplementedError("setup_context is not implemented.")

    vjp = backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and, if gradients are recorded, hang a node on its outputs."""
        node = cls._node_class()
        edges = [edge_of(a) if isinstance(a, Tensor) else None for a in args]
        node.needs_input_grad = tuple(e is not None for e in edges)
        node.tensor_inputs = [isinstance(a, Tensor) for a in args]
        two_step = cls.setup_context is not Function.setup_context
        with no_grad():
            if two_step:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(node, args, result)
            else:
                result = cls.forward(node, *args, **kwargs)
        many = isinstance(result, (tuple, list))
        outs = list(result) if many else [result]
        recording = mode.recording() and any(e is not None for e in edges)
        tensors = [_own(o, args, node._dirty) if isinstance(o, Tensor) else o for o in outs]
        replaced = {id(o): t for o, t in zip(outs, tensors, strict=True)}
        node._to_save = tuple(replaced.get(id(t), t) for t in node._to_save)
        for t in node._dirty:
            bump(t)
        if recording:
            _attach(node, tensors, edges, [replaced.get(id(t), t) for t in node._non_differentiable])
        node.keep([t for t in tensors if isinstance(t, Tensor)] if recording else [])
        return tuple(tensors) if many else tensors[0]


def _own(out: Tensor, args: tuple[Any, ...], dirty: tuple[Any, ...]) -> Tensor:
    """An output that is an input unchanged becomes a view of it, so that each has an edge of its own."""
    if any(out is a for a in args) and not any(out is d for d in dirty):
        return view_of(out, out._a)
    if out._edge is not None and out._edge[0].is_leaf:
        return alias_of(out, out._a, True)
    return out


def _attach(node: FunctionNode, outs: list[Any], edges: list[Any], non_differentiable: list[Any]) -> None:
    node.seq = next_seq()
    node.edges = tuple(e for e, is_tensor in zip(edges, node.tensor_inputs, strict=True) if is_tensor)
    node.n_outputs = len(outs)  # type: ignore[misc]
    meta: list[Any] = []
    for o in outs:
        flows = isinstance(o, Tensor) and o._a.dtype.kind in "fcV" and not any(o is n for n in non_differentiable)
        meta.append((o._a.shape, o._a.dtype) if flows else None)
    node.meta = meta[0] if len(outs) == 1 else meta
    for nr, o in enumerate(outs):
        if meta[nr] is None:
            continue
        if any(o is d for d in node._dirty):
            rebase(o, (node, nr))
        else:
            o._edge = (node, nr)
            if o._base is not None:
                o._gen = o._vc[0]


class NestedIOFunction(Function):
    """Absent: PyTorch's nested-structure Function."""

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("torch.autograd.function.NestedIOFunction is not supported; use Function.")


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` that is not itself differentiable: differentiating its result raises."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with no_grad():
            outputs = fn(ctx, *args)
        if mode.recording() == mode.OFF or not any(isinstance(a, Tensor) and edge_of(a) is not None for a in args):
            return outputs
        many = isinstance(outputs, tuple)
        guarded = tuple(
            _Refuse.apply(o, *args) if isinstance(o, Tensor) else o for o in (outputs if many else (outputs,))
        )
        return guarded if many else guarded[0]

    return wrapper


class _Refuse(Function):
    """Hands a result on and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, out: Tensor, *sources: Any) -> Tensor:
        return out.view_as(out)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise errors.runtime("trying to differentiate twice a function that was marked with @once_differentiable")
