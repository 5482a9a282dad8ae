"""``torch.fx.experimental.proxy_tensor``: ``make_fx`` traces a function operation by operation, below autograd.

The function runs on its arguments while a mode (``dispatch``) notes every operation as a node. What a tensor is in the graph is found by
its array: ``detach()`` and a wrapper of ``torch.func`` show the same one. Public functions without a record that leave a tensor whose array
nobody has noted become nodes of their own (``left``), so that nothing of a traced input is taken for a constant.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import errors
from ...dispatch.forms import overload
from ...dispatch.gradients import backward_running
from ...dispatch.modes import TorchDispatchMode
from ...dispatch.stack import stack
from ...levels import Batched, Wrapped
from ...library import OpOverload
from ...nn import Module
from ...tensor import Parameter, Tensor, wrap
from ...transforms import trees
from ...transforms.derivatives import functional
from ...writing import has_overlap
from ..graph import Graph, Nested
from ..graph_module import GraphModule
from ..node import Node
from ..passes.shape_prop import metadata

#: Methods that write nothing that a graph would have to repeat.
_SILENT = frozenset("requires_grad_ detach_ retain_grad share_memory_".split())


def get_proxy_mode() -> Any:
    """The trace that is running, or None."""
    return next((mode for mode in reversed(stack.get()) if isinstance(mode, ProxyTorchDispatchMode)), None)


class ProxyTorchDispatchMode(TorchDispatchMode):
    """A running trace."""

    graph: Any
    root: Any
    tracing_mode: str

    def __init__(self, graph: Graph, root: Module, tracing_mode: str):
        super().__init__()
        self.graph, self.root, self.tracing_mode = graph, root, tracing_mode
        self.nodes: dict[int, Node] = {}
        self.constants: dict[int, Node] = {}
        self.held: list[Any] = []  # arrays by whose addresses nodes are found
        self.count: int = 0

    # --- tensors and their nodes ------------------------------------------------------------------------------------
    def track(self, x: Tensor, node: Node) -> None:
        """From now on a tensor is a node."""
        self.nodes[id(x._a)] = node
        self.held.append(x._a)

    def is_tracked(self, x: Any) -> bool:
        return isinstance(x, Tensor) and not isinstance(x, Wrapped) and id(x._a) in self.nodes

    def knows(self, x: Any) -> bool:
        """Whether a result of a rule is in the graph; no gradient, and one of wrapped tensors, are."""
        while isinstance(x, Batched):
            x = x.value
        return (
            not isinstance(x, Tensor) or isinstance(x, Wrapped) or id(x._a) in self.nodes or id(x._a) in self.constants
        )

    def argument(self, x: Any) -> Any:
        """A value as an argument of a node."""
        if isinstance(x, Tensor):
            return self.nodes.get(id(x._a)) or self.constant(x)
        if isinstance(x, np.ndarray):
            return self.nodes.get(id(x)) or self.constant(wrap(x))
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return type(x)(*[self.argument(y) for y in x])
        if isinstance(x, (list, tuple)):
            return type(x)([self.argument(y) for y in x])
        if isinstance(x, dict):
            return {k: self.argument(y) for k, y in x.items()}
        if isinstance(x, slice):
            return slice(*[self.argument(y) for y in (x.start, x.stop, x.step)])
        return x

    def constant(self, x: Tensor) -> Any:
        """A tensor that is none of the arguments, as the module will hold it; a number of a rule as the number."""
        known = self.constants.get(id(x._a))
        if known is not None:
            return known
        if not x._a.ndim and self.in_backward:
            return x._a.item()
        kind = "_param_constant" if isinstance(x, Parameter) else "_tensor_constant"
        n = 0
        while hasattr(self.root, f"{kind}{n}"):
            n += 1
        self.held.append(x._a)
        if isinstance(x, Parameter):
            setattr(self.root, f"{kind}{n}", x)
        else:
            object.__setattr__(self.root, f"{kind}{n}", x.detach())
        node = self.graph.get_attr(f"{kind}{n}")
        node.meta["val"] = x.detach()
        self.constants[id(x._a)] = node
        return node

    @property
    def in_backward(self) -> bool:
        return backward_running.get()

    # --- operations ---------------------------------------------------------------------------------------------------
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._packet.__name__ if isinstance(func, OpOverload) else func.__name__
        if name == "_local_scalar_dense":
            return self.read(func, args, kwargs)
        if name == "lift_fresh":
            func = overload("lift_fresh_copy", "default")
        given, named = self.argument(tuple(args)), self.argument(kwargs)
        writes = isinstance(func, OpOverload) and name.endswith("_") and not name.startswith("__")
        before = func
        if writes and functional.get() and self.is_alone(args[0]):
            func = overload(name[:-1], func._overload)
        node = self.note(func, given, named)
        result = before(*args, **kwargs)
        if name == "detach" and isinstance(result, Tensor) and result._a is args[0]._a:
            result._a = result._a.view()  # a tensor of its own
        return self.tracked(result, node)

    def note(self, func: Any, args: Any, kwargs: Any) -> Node:
        self.count += 1
        return self.graph.call_function(func, tuple(args), dict(kwargs))

    def read(self, func: Any, args: Any, kwargs: Any) -> Any:
        if not self.is_tracked(args[0]):
            return func(*args, **kwargs)
        raise errors.runtime(
            f"It appears that you're trying to get value out of a tracing tensor with {func} - erroring out! It's likely that this "
            "is caused by data-dependent control flow or similar.  It may be possible to trace this with dynamic shapes; try "
            "setting tracing_mode='symbolic' in your make_fx call."
        )

    def is_alone(self, x: Tensor) -> bool:
        """Whether nothing that was noted shows the memory of a tensor but itself."""
        return not has_overlap(x._a) and not any(
            a is not x._a and np.may_share_memory(a, x._a) for a in self.held if id(a) in self.nodes
        )

    def tracked(self, result: Any, node: Node) -> Any:
        """A result, whose tensors are from now on the node, or parts of it."""
        if isinstance(result, Tensor):
            node.meta["val"] = result.detach() if not isinstance(result, Wrapped) else result
            node.meta["tensor_meta"] = metadata(result)
            self.track(result, node)
        elif isinstance(result, (tuple, list)):
            for i, part in enumerate(result):
                if isinstance(part, Tensor):
                    self.tracked(part, self.graph.call_function(operator.getitem, (node, i)))
            node.meta["val"] = result
        return result

    # --- what no operation has shown ------------------------------------------------------------------------------------
    def mark(self) -> int:
        """How many operations were noted."""
        return self.count

    def left(self, public: Any, args: Any, kwargs: Any, result: Any, mark: int, drawn: bool) -> Any:
        """What a public function without a record has returned: noted as a call of it, if no operation has made it."""
        name = public.__name__
        writes = name in ("__setitem__", "write_index")
        given = [x for x in trees.flatten((args, kwargs))[0] if self.is_tracked(x)]
        if name in ("tolist", "numpy", "__array__") and given:
            raise errors.runtime(f"Tensor.{name}() of a tensor that is being traced: its elements may not be read.")
        outs = [x for x in trees.flatten(result)[0] if isinstance(x, Tensor) and not isinstance(x, Wrapped)]
        if result is not None and args and result is args[0] and name.endswith("_"):
            if name in _SILENT or self.count != mark or not isinstance(result, Tensor):
                return result
        elif not writes or not given:
            if not outs or all(map(self.is_tracked, outs)) or not (given or drawn):
                return result
        node = self.note(operator.setitem if writes else public, self.argument(args), self.argument(kwargs))
        if writes:
            return result
        return self.tracked(result, node)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's positional parameters; of one that takes any, or has no source, ``arg0``, ``arg1`` ..."""
    inner = inspect.unwrap(f)
    code = getattr(inner, "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARARGS:
        return [f"arg{i}" for i in range(count)]
    names = list(code.co_varnames[: code.co_argcount])
    return names[1:] if inspect.ismethod(inner) else names


class _Root(Module):
    """What holds the constants of a trace."""


def make_fx(
    f: Callable[..., Any], decomposition_table: Any = None, tracing_mode: str = "real", _allow_non_fake_inputs: bool = False, *,
    pre_dispatch: bool = False, record_module_stack: bool = False, _allow_fake_constant: bool = False,
    _error_on_data_dependent_ops: bool = True,
) -> Callable[..., GraphModule]:  # fmt: skip
    """A function that runs ``f`` on its arguments and returns what was computed as a graph of operations (``torch.ops.aten``).

    Derivatives and ``vmap`` within ``f`` are noted as the operations they consist of.

    Args:
        decomposition_table: functions by operation, which stand for it; they are traced themselves.
        tracing_mode: ``"real"``, ``"fake"`` or ``"symbolic"``. The function runs on real tensors in all of them, and sizes are those of the
            arguments: a graph of ``"symbolic"`` holds them as numbers.

    >>> import rushlight as torch
    >>> from rushlight.fx.experimental.proxy_tensor import make_fx
    >>> print(make_fx(lambda x: torch.sin(x) + 1)(torch.ones(2)).code.strip())
    def forward(self, x_1):
        sin = torch.ops.aten.sin.default(x_1);  x_1 = None
        add = torch.ops.aten.add.Tensor(sin, 1);  sin = None
        return add
    """
    if tracing_mode not in ("real", "fake", "symbolic"):
        raise AssertionError(f"tracing_mode must be one of real, fake, symbolic, got {tracing_mode}")
    if decomposition_table:
        raise NotImplementedError(
            "make_fx(decomposition_table=...) is not supported: write the function with other operations."
        )

    @functools.wraps(f)
    def wrapped(*args: Any) -> GraphModule:
        return _traced(f, args, tracing_mode)

    return wrapped


def _traced(f: Callable[..., Any], args: tuple[Any, ...], tracing_mode: str) -> GraphModule:
    graph, root = Graph(), _Root()
    mode = ProxyTorchDispatchMode(graph, root, tracing_mode)
    names = _names(f, len(args))
    leaves, spec = trees.flatten(args)
    inputs: list[Any] = []
    for name, arg in zip(names, args, strict=False):
        for i, leaf in enumerate(trees.flatten(arg)[0]):
            node = graph.placeholder(f"{name}_{i + 1}")
            inputs.append(_input(mode, leaf, node))
    nested = any(trees.flatten(arg)[0] != [arg] if not isinstance(arg, Tensor) else False for arg in args)
    with mode:
        out = f(*trees.unflatten(inputs, spec))
    outs, out_spec = trees.flatten(out)
    if nested:
        graph.nested = Nested(names[: len(args)], spec, out_spec)
        graph.output([mode.argument(x) for x in outs])
    else:
        graph.output(mode.argument(out))
    return GraphModule(root, graph, getattr(f, "__name__", type(f).__name__))


def _input(mode: ProxyTorchDispatchMode, x: Any, node: Node) -> Any:
    """An argument, as the function sees it: with an array of its own, by which it is known."""
    if not isinstance(x, Tensor) or isinstance(x, Wrapped):
        node.meta["val"] = x
        return x
    if id(x._a) in mode.nodes:
        x = x.view(x.shape)
    node.meta["val"], node.meta["tensor_meta"] = x.detach(), metadata(x)
    mode.track(x, node)
    return x
