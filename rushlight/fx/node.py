"""A node of a graph: what is called, with which arguments, which may be other nodes."""

from __future__ import annotations

import builtins
import enum
import sys
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..compat.paths import torch_path
from ..library import OpOverload

if TYPE_CHECKING:
    from .graph import Graph

Target = Callable[..., Any] | str
Argument = Any
OPS = ("placeholder", "call_method", "call_module", "call_function", "get_attr", "output")


def map_aggregate(a: Any, fn: Callable[[Any], Any]) -> Any:
    """``fn`` of everything within lists, tuples, dicts and slices."""
    if isinstance(a, tuple):
        parts = [map_aggregate(x, fn) for x in a]
        return type(a)(*parts) if hasattr(a, "_fields") else tuple(parts)
    if isinstance(a, list):
        return [map_aggregate(x, fn) for x in a]
    if isinstance(a, dict):
        return {key: map_aggregate(x, fn) for key, x in a.items()}
    if isinstance(a, slice):
        return slice(*(map_aggregate(x, fn) for x in (a.start, a.stop, a.step)))
    return fn(a)


def map_arg(a: Any, fn: Callable[[Node], Any]) -> Any:
    """``fn`` of every node within an argument; the rest as it is."""
    if not callable(fn):
        raise AssertionError("torch.fx.map_arg(a, fn): fn must be a callable")
    return map_aggregate(a, lambda x: fn(x) if isinstance(x, Node) else x)


def qualified_name(func: Callable[..., Any]) -> str:
    """The dotted name under which a program finds a function: ``torch.nn.functional.relu``."""
    name = func.__name__
    if getattr(builtins, name, None) is func:
        return name
    module = str(func.__module__)
    if module == "_operator":
        module = "operator"
    elif module == "rushlight" or module.startswith("rushlight."):
        top = sys.modules["rushlight"]
        module = "torch" if vars(top).get(name) is func else torch_path(module)
    if name == "<lambda>":
        raise RuntimeError("a lambda has no name by which generated code could find it: define a function.")
    return f"{module}.{name}"


def _nested(arg: Any, text: Callable[[Any], str], key: Callable[[Any], str]) -> str | None:
    """A tuple, list, dict or slice, with the texts of what it holds; None for anything else."""
    if isinstance(arg, tuple):
        return f"({', '.join(map(text, arg))}{',' if len(arg) == 1 else ''})"
    if isinstance(arg, list):
        return f"[{', '.join(map(text, arg))}]"
    if isinstance(arg, dict):
        return "{" + ", ".join(f"{key(k)}: {text(value)}" for k, value in arg.items()) + "}"
    if isinstance(arg, slice):
        return f"slice({', '.join(map(text, (arg.start, arg.stop, arg.step)))})"
    return None


def argument_text(arg: Any) -> str:
    """An argument in generated code and in a printed graph's code."""
    if isinstance(arg, Node):
        return repr(arg)
    if isinstance(arg, tuple) and hasattr(arg, "_fields"):
        return f"{qualified_name(type(arg))}({', '.join(map(argument_text, arg))})"
    nested = _nested(arg, argument_text, repr)
    if nested is not None:
        return nested
    if isinstance(arg, enum.Enum):
        return f"{qualified_name(type(arg))}.{arg.name}"
    if callable(arg) and hasattr(arg, "__module__") and hasattr(arg, "__name__"):
        return qualified_name(arg)
    return repr(arg)


def _shown(arg: Any) -> str:
    """An argument in a printed node: other nodes have a per cent sign."""
    if isinstance(arg, Node):
        return "%" + arg.name
    nested = _nested(arg, _shown, str)
    return str(arg) if nested is None else nested


def target_text(target: Target) -> str:
    """The target of a printed node."""
    if isinstance(target, str):
        return target
    if getattr(target, "__module__", "") == "builtins":
        return f"builtins.{target.__name__}"
    if isinstance(target, OpOverload):
        return f"torch.ops.{target}"
    return qualified_name(target) if hasattr(target, "__name__") else str(target)


class Node:
    """One step of a graph.

    ``op`` is one of ``placeholder`` (an input), ``get_attr``, ``call_function``, ``call_module``, ``call_method``, ``output``;
    ``target`` the function, or the name of the method, module or attribute.
    """

    graph: Graph
    name: str
    target: Any
    type: Any

    def __init__(
        self, graph: Graph, name: str, op: str, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any],
        return_type: Any = None,
    ):  # fmt: skip
        if op not in OPS:
            raise AssertionError(f"op '{op}' is none of {', '.join(OPS)}")
        if op == "call_function" and not callable(target):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a Callable is expected"
            )
        if op != "call_function" and not isinstance(target, str):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a str is expected"
            )
        self.graph, self.name, self.op, self.target, self.type = graph, name, op, target, return_type
        self.users: dict[Node, None] = {}
        self._args: tuple[Any, ...] = ()
        self._kwargs: dict[str, Any] = {}
        self._inputs: dict[Node, None] = {}
        self._prev = self._next = self
        self._erased = False
        self.meta: dict[str, Any] = {}
        self._set(tuple(args), dict(kwargs))

    # --- its place in the list --------------------------------------------------------------------------------------
    @property
    def next(self) -> Node:
        """The node after it."""
        return self._next

    @property
    def prev(self) -> Node:
        """The node before it."""
        return self._prev

    def prepend(self, x: Node) -> None:
        """Move a node to the place before this one."""
        if self.graph is not x.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if x is self:
            return
        x._unlink()
        before = self._prev
        before._next, x._prev = x, before
        x._next, self._prev = self, x

    def append(self, x: Node) -> None:
        """Move a node to the place after this one."""
        self._next.prepend(x)

    def _unlink(self) -> None:
        self._prev._next, self._next._prev = self._next, self._prev

    # --- arguments ----------------------------------------------------------------------------------------------------
    @property
    def args(self) -> tuple[Any, ...]:
        """Positional arguments."""
        return self._args

    @args.setter
    def args(self, args: tuple[Any, ...]) -> None:
        self._set(tuple(args), self._kwargs)

    @property
    def kwargs(self) -> dict[str, Any]:
        """Keyword arguments."""
        return self._kwargs

    @kwargs.setter
    def kwargs(self, kwargs: dict[str, Any]) -> None:
        self._set(self._args, dict(kwargs))

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes among its arguments, each once."""
        return list(self._inputs)

    def _set(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for old in self._inputs:
            old.users.pop(self, None)
        self._args, self._kwargs, self._inputs = args, kwargs, {}

        def note(node: Node) -> Node:
            self._inputs.setdefault(node)
            node.users.setdefault(self)
            return node

        self._args, self._kwargs = map_arg(args, note), map_arg(kwargs, note)

    def update_arg(self, idx: int, arg: Any) -> None:
        """Replace one positional argument."""
        args = list(self._args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Any) -> None:
        """Put a positional argument before number ``idx``."""
        if not 0 <= idx <= len(self._args):
            raise AssertionError("insert_args index must be between 0 and len(self.args)")
        self.args = (*self._args[:idx], arg, *self._args[idx:])

    def update_kwarg(self, key: str, arg: Any) -> None:
        """Set one keyword argument."""
        self.kwargs = {**self._kwargs, key: arg}

    def replace_input_with(self, old_input: Node, new_input: Any) -> None:
        """Take another node wherever ``old_input`` is an argument."""

        def other(node: Node) -> Any:
            return new_input if node is old_input else node

        self._set(map_arg(self._args, other), map_arg(self._kwargs, other))

    def replace_all_uses_with(
        self,
        replace_with: Node,
        delete_user_cb: Callable[[Node], bool] = lambda user: True,
        *,
        propagate_meta: bool = False,
    ) -> list[Node]:
        """Let those who use this node use another; the list of them."""
        changed = [user for user in list(self.users) if delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        if propagate_meta:
            replace_with.meta.update({k: v for k, v in self.meta.items() if k not in replace_with.meta})
        return changed

    # --- questions ----------------------------------------------------------------------------------------------------
    @property
    def stack_trace(self) -> str | None:
        """The lines of the program that made it, if the tracer noted them."""
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace: str | None) -> None:
        self.meta["stack_trace"] = trace

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether it must stay even if nobody uses it: inputs, the output, assertions and calls that write in place."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            return getattr(self.target, "__name__", "") in ("_assert", "setitem")
        if self.op == "call_module" and self.graph.owning_module is not None:
            return bool(getattr(self.graph.owning_module.get_submodule(str(self.target)), "_is_impure", False))
        return False

    def format_node(
        self, placeholder_names: list[str] | None = None, maybe_return_typename: list[str] | None = None
    ) -> str | None:
        """The node as a line of a printed graph."""
        kind = f"%{self.name} : "
        if self.op == "placeholder":
            if placeholder_names is not None:
                placeholder_names.append(str(self.target))
            default = f"(default={self._args[0]})" if self._args else ""
            return f"{kind}{self._type()}[num_users={len(self.users)}] = placeholder[target={self.target}]{default}"
        if self.op == "get_attr":
            return f"{kind}{self._type()}[num_users={len(self.users)}] = get_attr[target={target_text(self.target)}]"
        if self.op == "output":
            return f"return {self._args[0]}"
        return (
            f"{kind}{self._type()}[num_users={len(self.users)}] = {self.op}[target={target_text(self.target)}]"
            f"(args = {_shown(self._args)}, kwargs = {_shown(self._kwargs)})"
        )

    def _type(self) -> str:
        return "" if self.type is None else f"{getattr(self.type, '__name__', self.type)} "

    def __repr__(self) -> str:
        return self.name

    __hash__: Callable[..., Any] = object.__hash__


def type_text(hint: Any, name_of: Callable[[str, Any], str]) -> str:
    """An annotation in generated code; ``name_of`` makes a class known to it."""
    if hint is None or hint is type(None):
        return "None"
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None and inner:
        outer = getattr(hint, "__name__", None) or getattr(origin, "__name__", str(origin))
        known = getattr(typing, str(outer), origin)
        return f"{name_of(f'typing_{outer}', known)}[{', '.join(type_text(part, name_of) for part in inner)}]"
    return name_of(getattr(hint, "__qualname__", str(hint)), hint)


__all__ = ["Argument", "Node", "Target", "map_aggregate", "map_arg"]
