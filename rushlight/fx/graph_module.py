"""A module whose ``forward`` is generated from a graph."""

from __future__ import annotations

import copy
import itertools
import linecache
from typing import Any

from ..nn import Module
from ..tensor import Parameter, Tensor
from .graph import Graph, PythonCode

_numbers = itertools.count()
_REMINDER = "# To see more debug info, please use `graph_module.print_readable()`"


class _Signature:
    """Of the class that of its ``__init__``, which ``__new__`` hides from ``inspect``; of an object that of its call."""

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is not None:
            raise AttributeError("__signature__")
        from inspect import signature

        own = signature(owner.__init__)  # type: ignore[misc]
        return own.replace(parameters=list(own.parameters.values())[1:])


class GraphModule(Module):
    """A graph with the modules and tensors that it names.

    Args:
        root: a module, or a dict by dotted name, that they are taken from. graph: the graph. class_name: what it prints as.
    """

    __signature__: Any = _Signature()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        base = next(c for c in cls.__mro__ if "_generated" not in vars(c))
        return object.__new__(type(base.__name__, (base,), {"_generated": True, "__module__": base.__module__}))

    def __init__(self, root: Module | dict[str, Any], graph: Graph, class_name: str = "GraphModule"):
        super().__init__()
        type(self).__name__ = type(self).__qualname__ = class_name
        if isinstance(root, Module):
            self.training: bool = root.training
        targets = [str(node.target) for node in graph.nodes if node.op in ("get_attr", "call_module")]
        for target in dict.fromkeys(targets):
            _place(self, target, _find(root, target))
        self.graph = graph

    # --- the graph and its code -------------------------------------------------------------------------------------
    @property
    def graph(self) -> Graph:
        """The graph; setting it generates the code anew."""
        return self._graph

    @graph.setter
    def graph(self, g: Graph) -> None:
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        object.__setattr__(self, "_graph", g)
        g.owning_module = self
        if g.nested is not None:
            object.__setattr__(self, "_in_spec", g.nested.in_spec)
            object.__setattr__(self, "_out_spec", g.nested.out_spec)
        self.recompile()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "graph":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def code(self) -> str:
        """The generated source."""
        return self._code  # type: ignore[no-any-return]

    def recompile(self) -> PythonCode:
        """Generate ``forward`` from the graph as it is now."""
        made = self._graph.python_code("self")
        object.__setattr__(self, "_code", made.src)
        file = f"<eval_with_key>.{next(_numbers)}"
        linecache.cache[file] = (len(made.src), None, made.src.splitlines(True), file)
        names = dict(made.globals)
        exec(compile(made.src, file, "exec"), names)
        type(self).forward = names["forward"]  # type: ignore[method-assign]
        return made

    def print_readable(self, print_output: bool = True, **options: Any) -> str:
        """The generated source as that of a class."""
        lines = [f"class {type(self).__name__}(torch.nn.Module):"]
        for line in self._code.strip().split("\n"):
            lines.append(f"    {line}" if line.strip() else "")
            if line.startswith("def forward"):
                lines.append("        # No stacktrace found for following nodes")
        text = "\n".join([*lines, ""])
        if print_output:
            print(text)
        return text

    def __str__(self) -> str:
        return "\n".join([super().__repr__(), self._code, _REMINDER])

    __repr__ = __str__

    # --- submodules -------------------------------------------------------------------------------------------------
    def add_submodule(self, target: str, m: Module) -> bool:
        """Put a module under a dotted name, making what lies between; False if something else is in the way."""
        *prefix, last = target.split(".")
        at: Module = self
        for part in prefix:
            found = getattr(at, part, None)
            if found is None:
                found = Module()
                setattr(at, part, found)
            if not isinstance(found, Module):
                return False
            at = found
        at.add_module(last, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Take a module out; whether there was one."""
        path, _, last = target.rpartition(".")
        try:
            parent = self.get_submodule(path)
        except AttributeError:
            return False
        if not isinstance(getattr(parent, last, None), Module):
            return False
        delattr(parent, last)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Take out the modules that the graph does not name, nor anything of theirs."""
        used: set[str] = set()
        for node in self._graph.nodes:
            if node.op in ("call_module", "get_attr"):
                parts = str(node.target).split(".")
                used.update(".".join(parts[: i + 1]) for i in range(len(parts)))
                if node.op == "call_module":
                    inner = self.get_submodule(str(node.target))
                    used.update(f"{node.target}.{name}" for name, _ in inner.named_modules() if name)
        for name in [name for name, _ in self.named_modules() if name and name not in used]:
            self.delete_submodule(name)

    # --- copies -----------------------------------------------------------------------------------------------------
    def _copied(self, state: dict[str, Any]) -> GraphModule:
        graph = state.pop("_graph")
        made = GraphModule(Module(), Graph(), type(self).__name__)
        code = state.pop("_code", None)
        assert code is not None
        made.__dict__.update(state)
        made.graph = graph
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModule:
        state = {key: value for key, value in self.__dict__.items() if key != "_graph"}
        made = self._copied({**copy.deepcopy(state, memo), "_graph": copy.deepcopy(self._graph)})
        memo[id(self)] = made
        return made

    def __copy__(self) -> GraphModule:
        return self._copied(dict(self.__dict__))

    def __reduce__(self) -> Any:
        state = {key: value for key, value in self.__dict__.items() if key != "_graph"}
        steps = []
        for node in self._graph.nodes:
            steps.append((node.name, node.op, node.target, _frozen(node.args), _frozen(node.kwargs), node.type))
        return _thawed, (type(self).__name__, state, steps)


class _Ref:
    """A node within pickled arguments, by its name."""

    def __init__(self, name: str):
        self.name = name


def _frozen(arguments: Any) -> Any:
    from .node import map_arg

    return map_arg(arguments, lambda node: _Ref(node.name))


def _thawed(name: str, state: dict[str, Any], steps: list[Any]) -> GraphModule:
    from .node import map_aggregate

    graph = Graph()
    nodes: dict[str, Any] = {}

    def real(x: Any) -> Any:
        return nodes[x.name] if isinstance(x, _Ref) else x

    for step_name, op, target, args, kwargs, hint in steps:
        nodes[step_name] = graph.create_node(
            op, target, map_aggregate(args, real), map_aggregate(kwargs, real), step_name, hint
        )
    made = GraphModule(Module(), Graph(), name)
    made.__dict__.update({key: value for key, value in state.items() if key != "_code"})
    made.graph = graph
    return made


def _find(root: Any, target: str) -> Any:
    """What a dotted name means below a module, or in a dict."""
    if isinstance(root, dict):
        if target not in root:
            raise RuntimeError(f"Node in the graph references target {target} but it is not in root: {list(root)}")
        return root[target]
    found = root
    for part in target.split("."):
        if not hasattr(found, part):
            return None
        found = getattr(found, part)
    return found


def _place(module: Module, target: str, value: Any) -> None:
    """Put a value under a dotted name, with plain modules between."""
    if value is None:
        return
    *prefix, last = target.split(".")
    for part in prefix:
        inner = getattr(module, part, None)
        if inner is None:
            inner = Module()
            setattr(module, part, inner)
        module = inner
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        module.register_buffer(last, value)
    else:
        setattr(module, last, value)
