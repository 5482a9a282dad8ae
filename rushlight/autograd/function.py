"""User-defined operations: subclass ``Function``, write ``forward`` and ``backward``, call ``apply``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, levels, types
from ..tensor import FROM_FUNCTION, Tensor, alias_of, edge_of, mark, view_of, wrap
from ..writing import bump, rebase
from . import mode
from .graph import FREED, Node, Packed, next_seq, notice, pack
from .mode import no_grad

NO_VERSION = [0]


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: attributes, saved tensors, marks."""

    needs_input_grad: tuple[bool, ...] = ()
    materialize_grads = True
    _saved: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _to_save: tuple[Any, ...] = ()
    _saved_for_forward: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for ``ctx.saved_tensors`` in backward; later writes to them are noticed."""
        for i, t in enumerate(tensors):
            if t is not None and not isinstance(t, Tensor):
                raise errors.type_(
                    f"save_for_backward can only save variables, but argument {i} is of type {type(t).__name__}",
                    "Keep anything else as an attribute: ctx.name = value.",
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for ``ctx.saved_tensors`` in ``jvp``."""
        self._saved_for_forward = tensors

    def mark_dirty(self, *args: Any) -> None:
        """Say that ``forward`` wrote to these inputs."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say that no gradient flows through these outputs."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing output gradients arrive in backward as zeros (default) or as None."""
        self.materialize_grads: bool = value


class FunctionNode(Node, FunctionCtx):
    """The node of a user-defined operation; it is the ``ctx`` that forward and backward see."""

    hooks: Any
    stack: Any

    is_users = True
    cls: type[Function]
    __repr__ = object.__repr__

    def __init__(self) -> None:
        self.n_outputs = 1  # type: ignore[misc]
        self.hooks = self.stack = None
        self.edges: tuple[Any, ...] = ()
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
                hooks = mode.saved_hooks.get()
                if hooks is not None:
                    kept.append((pack(t._a, *hooks), edge_of(t), NO_VERSION, 0))
                else:
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
            raise errors.runtime(FREED)
        if self._to_save:
            return self._to_save
        out = []
        for entry in self._saved:
            if entry is None:
                out.append(None)
                continue
            t, edge, cell, version = entry
            if cell[0] != version:
                raise self.modified(t, edge, cell[0], version)
            if not isinstance(t, Tensor):
                t = wrap(t.array() if t.__class__ is Packed else t)
                t._edge = edge
            out.append(t)
        return tuple(out)

    def modified(self, t: Any, edge: Any, version: int, expected: int) -> Exception:
        a = t._a if isinstance(t, Tensor) else t
        made = (
            ""
            if edge is None or edge[0].is_leaf
            else f", which is output {edge[1]} of {edge[0].name().removesuffix('Backward0')},"
        )
        return errors.runtime(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[torch.{types.scalar_name(types.of_array(a))}Tensor {list(a.shape)}]{made} is at version {version}; expected "
            f"version {expected} instead. Hint: enable anomaly detection to find the operation that failed to compute its "
            "gradient, with torch.autograd.set_detect_anomaly(True).",
            f"{self.name()} had kept it with save_for_backward. Write to a clone, or use an out-of-place operation.",
        )

    # --- backward -----------------------------------------------------------------------------------------------
    def apply(self, *args: Any) -> Any:
        """What the class's ``backward`` (or ``vjp``) makes of these gradients.

        Raises:
            RuntimeError: if the class has both.
        """
        backward, vjp = self.cls.backward, self.cls.vjp
        if vjp is Function.vjp:
            return backward(self, *args)
        if backward is not Function.backward:
            raise errors.runtime(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of them.",
                f"Take one of them out of {self.cls.__name__}.",
            )
        return vjp(self, *args)

    def apply_jvp(self, *args: Any) -> Any:
        """What the class's ``jvp`` makes of these tangents."""
        return self.cls.jvp(self, *args)

    def run(self, k: Any, g: Any, release: bool) -> Any:
        create_graph = mode.recording() != mode.OFF
        grads = [g] if self.n_outputs == 1 else list(g)
        tensors = []
        for nr, x in enumerate(grads):
            meta = self.shapes[nr]
            if x is None and self.materialize_grads and meta is not None:
                x = wrap(np.zeros(*meta))
            elif x is not None and not isinstance(x, Tensor):
                x = wrap(x)
            tensors.append(x)
        result = self.apply(*tensors)
        if release:
            self.freed: bool = bool(self._saved)
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
        shapes = iter(self.input_shapes)
        for i, (is_tensor, r) in enumerate(zip(self.tensor_inputs, results, strict=True)):
            if is_tensor:
                shape = next(shapes)
                if isinstance(r, Tensor) and r._a.shape != shape and not sums_to(r._a.shape, shape):
                    raise errors.runtime(
                        f"Function {self.name()} returned an invalid gradient at index {i} - got {list(r._a.shape)} but expected "
                        f"shape compatible with {list(shape)}"
                    )
                if r is not None and not isinstance(r, Tensor):
                    raise errors.type_(
                        f"expected Variable, but got {type(r).__name__} as a gradient from {self.name()}"
                    )
                out.append(r if r is None or create_graph else r._a)
        return out


class _FunctionMeta(type):
    def __init__(cls, name: str, bases: Any, namespace: Any) -> None:
        super().__init__(name, bases, namespace)
        # the module is FunctionCtx's, which is torch's while programs `import torch`
        cls._node_class = type(name + "Backward", (FunctionNode,), {"cls": cls, "__module__": FunctionCtx.__module__})


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

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Tangents of the outputs from those of the arguments of forward (None for what is no tensor), for forward mode."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
        """For ``torch.vmap``: ``(output, out_dims)`` for arguments whose dimensions ``in_dims`` are mapped over."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set generate_vmap_rule=True."
        )

    vjp = backward
    #: Whether ``torch.vmap`` maps ``forward`` and ``backward`` themselves, which then consist of operations that it knows.
    generate_vmap_rule = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Absent: PyTorch dropped functions that are instances.

        Raises:
            RuntimeError: always.
        """
        raise errors.runtime(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function "
            "with static forward method.",
            f"Write {type(self).__name__}.apply(...), and forward and backward as static methods.",
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and, if gradients are recorded, hang a node on its outputs."""
        if levels.running:
            level = levels.innermost(args)
            if (
                levels.is_func()
                and cls.setup_context is Function.setup_context
                and not cls.__module__.startswith("rushlight.")
            ):
                raise errors.runtime(
                    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override "
                    "the setup_context staticmethod. For more details, please see "
                    "https://pytorch.org/docs/main/notes/extending.func.html",
                    "Write forward without ctx, and setup_context(ctx, inputs, output) beside it.",
                )
            if level is not None:
                return level.custom(cls, args)
        return cls._applied(args, kwargs)[0]

    @classmethod
    def _applied(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, FunctionNode]:
        """What ``apply`` returns for plain tensors, and the ``ctx``."""
        node = cls._node_class()
        edges = [edge_of(a) if isinstance(a, Tensor) else None for a in args]
        node.needs_input_grad = tuple(e is not None for e in edges)
        node.tensor_inputs = [isinstance(a, Tensor) for a in args]
        node.input_shapes = [a._a.shape for a in args if isinstance(a, Tensor)]
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
        recording = recording or bool(mode.recording() and any(edge_of(d) is not None for d in node._dirty))
        check_dirty(node._dirty, outs, recording)
        for t in node._dirty:
            bump(t)
        if recording:
            _attach(node, tensors, edges, [replaced.get(id(t), t) for t in node._non_differentiable])
        node.keep([t for t in tensors if isinstance(t, Tensor)] if recording else [])
        if recording and mode.recording() >= 2:
            notice(node, tensors, [t._a if isinstance(t, Tensor) else t for t in tensors], args)
        if not many:
            return tensors[0], node
        return tensors if isinstance(result, list) else tuple(tensors), node


def check_dirty(dirty: tuple[Any, ...], outs: list[Any], recording: bool) -> None:
    """Refuse marks that cannot hold: a leaf was written, or what was written is not returned."""
    for t in dirty:
        if not any(t is o for o in outs):
            raise errors.runtime(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
                "modified inplace must all be outputs of the Function.",
                "Return the tensor itself from forward.",
            )
        if recording and t._base is None and t._edge is not None and t._edge[0].is_leaf:
            raise errors.runtime(
                "a leaf Variable that requires grad has been used in an in-place operation.",
                "Its old value would be lost to backward(): pass a clone of it.",
            )


def sums_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether a gradient of ``shape`` can be summed to ``target``: whether ``target`` broadcasts to it."""
    lead = len(shape) - len(target)
    return lead >= 0 and all(m in (1, n) for m, n in zip(target, shape[lead:], strict=True))


def _own(out: Tensor, args: tuple[Any, ...], dirty: tuple[Any, ...]) -> Tensor:
    """An output that is an input unchanged becomes a view of it, so that each has an edge of its own."""
    if any(out is d for d in dirty):
        return out
    if any(out is a for a in args):
        out = view_of(out, out._a)
    if out._base is not None:
        mark(out, FROM_FUNCTION)
        return out
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
    node.shapes = [(o._a.shape, o._a.dtype) if isinstance(o, Tensor) else None for o in outs]
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
        guarded = tuple(_refuse(o) if isinstance(o, Tensor) else o for o in (outputs if many else (outputs,)))
        return guarded if many else guarded[0]

    return wrapper


def _refuse(out: Tensor) -> Tensor:
    """The same values as the output of a node that leads nowhere and cannot run."""
    node = Error()
    node.seq, node.edges, node.hooks, node.stack = next_seq(), (), None, None
    node.meta = (out._a.shape, out._a.dtype)
    t = alias_of(out, out._a, True)
    t._edge = (node, 0)
    return t


class Error(Node):
    """The node of a gradient that may not be differentiated."""

    __slots__ = ()

    def run(self, k: Any, g: Any, release: bool) -> Any:
        raise errors.runtime("trying to differentiate twice a function that was marked with @once_differentiable")
