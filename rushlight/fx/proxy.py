"""What runs through a program instead of a tensor, and notes what is done with it."""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..tensor import Tensor
from ..types import device, dtype, layout, memory_format
from .graph import MAGIC, REFLECTABLE, Graph
from .node import Node, Target, map_aggregate

BASE_TYPES = (str, int, float, bool, complex, dtype, Tensor, device, memory_format, layout, type(None), type(...))


class TraceError(ValueError):
    """A program does something that cannot be noted: it asks for a value."""


class TracerBase:
    """Makes nodes of calls."""

    graph: Graph
    record_stack_traces = False
    #: Whether ``assert`` may be noted; kept for programs that set it.
    trace_asserts = False

    def create_node(
        self,
        kind: str,
        target: Target,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None = None,
        type_expr: Any = None,
    ) -> Node:
        """A node of the graph; a tracer of one's own may change it."""
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> Proxy:
        """What runs through the program for a node."""
        return Proxy(node, self)

    def create_proxy(
        self, kind: str, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None = None, type_expr: Any = None,
        proxy_factory_fn: Callable[[Node], Proxy] | None = None,
    ) -> Proxy:  # fmt: skip
        """Note a call whose arguments may hold proxies; the proxy of its result."""
        node = self.create_node(kind, target, self.create_arg(args), self.create_arg(kwargs), name, type_expr)
        return self.proxy(node) if proxy_factory_fn is None else proxy_factory_fn(node)

    def create_arg(self, a: Any) -> Any:
        """A value as an argument of a node: proxies become their nodes.

        Raises:
            NotImplementedError: for what a graph cannot hold.
        """
        if isinstance(a, Proxy):
            return a.node
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            return type(a)(*(self.create_arg(x) for x in a))
        if isinstance(a, (tuple, list)):
            return type(a)([self.create_arg(x) for x in a])
        if isinstance(a, dict):
            for key in a:
                if isinstance(key, Proxy):
                    raise RuntimeError(
                        f"Keys for dictionaries used as an argument cannot contain a Node. Got key: {key}"
                    )
            return {key: self.create_arg(value) for key, value in a.items()}
        if isinstance(a, slice):
            return slice(*(self.create_arg(x) for x in (a.start, a.stop, a.step)))
        if isinstance(a, range):
            return range(*(self.create_arg(x) for x in (a.start, a.stop, a.step)))
        if isinstance(a, BASE_TYPES) or callable(a):
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    # --- what cannot be noted ---------------------------------------------------------------------------------------
    def to_bool(self, obj: Proxy) -> bool:
        """Asked by ``if proxy:``.

        Raises:
            TraceError: always; a tracer of one's own may answer.
        """
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator[Any]:
        """Asked by ``for x in proxy:``.

        Raises:
            TraceError: always; a tracer of one's own may answer.
        """
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or **kwargs "
            "function argument. See the torch.fx docs on pytorch.org for a more detailed explanation of what types of control flow "
            "can be traced, and check out the Proxy docstring for help troubleshooting Proxy iteration errors"
        )

    def keys(self, obj: Proxy) -> Any:
        """Asked by ``**proxy``: the proxy of ``obj.keys()``."""
        return Attribute(obj, "keys")()


#: Told of each proxy whose calls go to a graph that nobody traces; set by ``_symbolic_trace``, above this module.
meet_outside: Callable[[Proxy], None] | None = None


class GraphAppendingTracer(TracerBase):
    """Puts what is noted into a graph that exists."""

    def __init__(self, graph: Graph):
        self.graph = graph


class Proxy:
    """Stands for the value of a node; operators, methods and functions on it become nodes.

    Args:
        node: the node. tracer: who makes nodes; by default they go to the node's graph.
    """

    def __init__(self, node: Node, tracer: TracerBase | None = None):
        self.tracer: GraphAppendingTracer | TracerBase = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node
        if meet_outside is not None and isinstance(self.tracer, GraphAppendingTracer):
            meet_outside(self)

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, k: str) -> Attribute:
        if k in ("node", "tracer") or (k.startswith("__") and k.endswith("__")):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{k}'")
        return Attribute(self, k)

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        frame = sys._getframe(1)
        here = next((i for i in dis.get_instructions(frame.f_code) if i.offset == frame.f_lasti), None)
        if here is not None and here.opname == "UNPACK_SEQUENCE":
            return (self[i] for i in range(here.argval))  # type: ignore[index]
        return self.tracer.iter(self)

    def __bool__(self) -> bool:
        return self.tracer.to_bool(self)

    def keys(self) -> Any:
        """For ``**proxy``."""
        return self.tracer.keys(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call "
            "torch.fx.wrap('len') at module scope"
        )

    @classmethod
    def __torch_function__(cls, orig_method: Any, types: Any, args: Any = (), kwargs: Any = None) -> Proxy:
        found = find_proxy((args, kwargs or {}))
        assert found is not None
        return found.tracer.create_proxy("call_function", orig_method, args, kwargs or {})

    __hash__: Callable[..., Any] = object.__hash__


class Attribute(Proxy):
    """An attribute of a proxy: a method if it is called, else a node when it is used."""

    root: Proxy
    attr: str

    def __init__(self, root: Proxy, attr: str):
        self.root, self.attr = root, attr
        self.tracer: GraphAppendingTracer | TracerBase = root.tracer
        self._node: Node | None = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        """The node that reads it, made when it is asked for."""
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


def find_proxy(a: Any) -> Proxy | None:
    """The first proxy within a value."""
    found: list[Proxy] = []

    def look(x: Any) -> Any:
        if isinstance(x, Proxy):
            found.append(x)
        return x

    map_aggregate(a, look)
    return found[0] if found else None


def _operator(name: str) -> Callable[..., Proxy]:
    function = getattr(operator, name)

    def apply(self: Proxy, *args: Any) -> Proxy:
        return self.tracer.create_proxy("call_function", function, (self, *args), {})

    return apply


def _reflected(name: str) -> Callable[..., Proxy]:
    function = getattr(operator, name)

    def apply(self: Proxy, other: Any) -> Proxy:
        return self.tracer.create_proxy("call_function", function, (other, self), {})

    return apply


for _name in MAGIC:
    setattr(Proxy, f"__{_name.strip('_')}__", _operator(_name))
for _name in REFLECTABLE:
    if _name != "getitem":
        setattr(Proxy, f"__r{_name.strip('_')}__", _reflected(_name))
