"""A program as a list of nodes, and the Python source that it stands for."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..library import OpOverload
from ..types import device as Device
from ..utils import _pytree as pytree
from . import _pytree
from .node import Node, Target, argument_text, map_arg, qualified_name, type_text

#: Operators by the name of their function in the module operator.
REFLECTABLE = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "floordiv": "{} // {}", "truediv": "{} / {}", "mod": "{} % {}",
    "pow": "{} ** {}", "lshift": "{} << {}", "rshift": "{} >> {}", "and_": "{} & {}", "or_": "{} | {}", "xor": "{} ^ {}",
    "getitem": "{}[{}]", "matmul": "{} @ {}",
}  # fmt: skip
MAGIC = {
    "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "gt": "{} > {}", "le": "{} <= {}", "ge": "{} >= {}", "pos": "+{}",
    "neg": "-{}", "invert": "~{}", **REFLECTABLE,
}  # fmt: skip
INPLACE = {
    "iadd": "{} += {}", "iand": "{} &= {}", "ifloordiv": "{} //= {}", "ilshift": "{} <<= {}", "imod": "{} %= {}",
    "imul": "{} *= {}", "imatmul": "{} @= {}", "ior": "{} |= {}", "ipow": "{} **= {}", "irshift": "{} >>= {}",
    "isub": "{} -= {}", "itruediv": "{} /= {}", "ixor": "{} ^= {}", "setitem": "{}[{}] = {}",
}  # fmt: skip

_BUILTINS = {
    "inf": math.inf, "nan": math.nan, "NoneType": type(None), "device": Device, "fx_pytree": _pytree, "pytree": pytree,
}  # fmt: skip
_TAKEN = frozenset([*keyword.kwlist, *dir(builtins), *_BUILTINS, "torch", "fx_pytree", "pytree"])


class PythonCode(NamedTuple):
    """Generated source, and the names that it needs."""

    src: str
    globals: dict[str, Any]


class Nested(NamedTuple):
    """That the arguments of a graph are leaves of others: their names, how they nest, and how the result does."""

    names: list[str]
    in_spec: Any
    out_spec: Any


class Namespace:
    """Names that are taken, and new ones beside them."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._of: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def create_name(self, candidate: str, obj: Any = None) -> str:
        """A name like ``candidate`` that is not taken; the same again for the same object."""
        if obj is not None and id(obj) in self._of:
            return self._of[id(obj)]
        candidate = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = "_" + candidate
        base, _, number = candidate.rpartition("_")
        if base and number.isdigit():
            count = int(number)
        else:
            base, count = candidate, self._counts.get(candidate, 0)
        while candidate in self._used or (candidate in _TAKEN and getattr(builtins, candidate, self) is not obj):
            count += 1
            candidate = f"{base}_{count}"
        self._used.add(candidate)
        self._counts[base] = count
        if obj is not None:
            self._of[id(obj)] = candidate
        return candidate


class Nodes:
    """The nodes of a graph in order."""

    def __init__(self, graph: Graph, backwards: bool = False):
        self._graph, self._backwards = graph, backwards

    def __iter__(self) -> Iterator[Node]:
        root = self._graph._root
        node = root._prev if self._backwards else root._next
        while node is not root:
            following = node._prev if self._backwards else node._next
            if not node._erased:
                yield node
                following = node._prev if self._backwards else node._next  # nodes may have been put in behind it
            node = following

    def __reversed__(self) -> Nodes:
        return Nodes(self._graph, not self._backwards)

    def __len__(self) -> int:
        return self._graph._length


class Graph:
    """A list of nodes: inputs first, the output last.

    Example:
        >>> import operator
        >>> graph = Graph()
        >>> x = graph.placeholder("x")
        >>> _ = graph.output(graph.call_function(operator.mul, (x, 2)))
        >>> print(graph)
        graph():
            %x : [num_users=1] = placeholder[target=x]
            %mul : [num_users=1] = call_function[target=operator.mul](args = (%x, 2), kwargs = {})
            return mul
    """

    def __init__(self, owning_module: Any = None, tracer_cls: Any = None, tracer_extras: Any = None):
        self._length = 0
        self.nested: Nested | None = None
        self.owning_module = owning_module
        self._tracer_cls = tracer_cls
        self._namespace = Namespace()
        self._root = Node(self, "", "get_attr", "", (), {})
        self._insert: Callable[[Node], None] = self._root.prepend

    @property
    def nodes(self) -> Nodes:
        """The nodes in order; ``reversed(graph.nodes)`` the other way."""
        return Nodes(self)

    def output_node(self) -> Node:
        """The output."""
        return next(node for node in reversed(self.nodes) if node.op == "output")

    def find_nodes(self, *, op: str, target: Any = None, sort: bool = True) -> list[Node]:
        """The nodes of a kind, and with a target if it is given."""
        return [node for node in self.nodes if node.op == op and (target is None or node.target == target)]

    # --- new nodes ------------------------------------------------------------------------------------------------
    def create_node(
        self, op: str, target: Target, args: tuple[Any, ...] | None = None, kwargs: dict[str, Any] | None = None,
        name: str | None = None, type_expr: Any = None,
    ) -> Node:  # fmt: skip
        """A node at the place where nodes go: the end, unless ``inserting_before`` or ``inserting_after`` say otherwise."""
        candidate = name if name is not None else _name_of(target)
        made = Node(
            self, self._namespace.create_name(candidate), op, target, () if args is None else args, {} if kwargs is None else kwargs,
            type_expr,
        )  # fmt: skip
        self._insert(made)
        self._length += 1
        return made

    def placeholder(self, name: str, type_expr: Any = None, default_value: Any = ...) -> Node:
        """An input."""
        args = () if default_value is ... or default_value is _EMPTY else (default_value,)
        return self.create_node("placeholder", name, args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Any = None) -> Node:
        """An attribute of the module, by a dotted name."""
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(self, module_name: str, args: Any = None, kwargs: Any = None, type_expr: Any = None) -> Node:
        """A call of a submodule, by a dotted name."""
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(self, method_name: str, args: Any = None, kwargs: Any = None, type_expr: Any = None) -> Node:
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(
        self, the_function: Callable[..., Any], args: Any = None, kwargs: Any = None, type_expr: Any = None
    ) -> Node:
        """A call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, type_expr=type_expr)

    def output(self, result: Any, type_expr: Any = None) -> Node:
        """The end: what is returned."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    @contextmanager
    def _inserting(self, where: Callable[[Node], None]) -> Iterator[None]:
        before, self._insert = self._insert, where
        try:
            yield
        finally:
            self._insert = before

    def inserting_before(self, n: Node | None = None) -> Any:
        """``with graph.inserting_before(node):`` new nodes go there; without a node, to the beginning."""
        return self._inserting(self._root.append if n is None else n.prepend)

    def inserting_after(self, n: Node | None = None) -> Any:
        """``with graph.inserting_after(node):`` new nodes go there; without a node, to the end."""
        return self._inserting(self._root.prepend if n is None else n.append)

    def node_copy(self, node: Node, arg_transform: Callable[[Node], Any] = lambda x: x) -> Node:
        """A node like one of another graph, whose arguments are translated."""
        args, kwargs = map_arg(node.args, arg_transform), map_arg(node.kwargs, arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = dict(node.meta)
        return made

    def graph_copy(self, g: Graph, val_map: dict[Node, Any], return_output_node: bool = False) -> Any:
        """Copy another graph's nodes to here; what it returns, translated. Nodes in ``val_map`` are not copied."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    # --- fewer nodes ----------------------------------------------------------------------------------------------
    def erase_node(self, to_erase: Node) -> None:
        """Take a node out.

        Raises:
            RuntimeError: if another uses it.
        """
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in the graph: {to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            return
        to_erase._unlink()
        to_erase._erased = True
        self._length -= 1
        to_erase._set((), {})

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Take out what nobody uses; whether there was anything."""
        impure = is_impure_node or Node.is_impure
        changed = False
        for node in reversed(self.nodes):
            if not impure(node) and not node.users:
                self.erase_node(node)
                changed = True
        return changed

    def lint(self) -> None:
        """Check that names are different, arguments come before their users, and targets exist in the owning module.

        Raises:
            RuntimeError: for what is wrong.
        """
        seen: dict[Node, None] = {}
        names: set[str] = set()
        for node in self.nodes:
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
            for argument in node.all_input_nodes:
                if argument.graph is not self:
                    raise RuntimeError(
                        f"Argument '{argument}' of Node '{node}' does not belong to this Graph, but was used as an argument!"
                    )
                if argument not in seen:
                    raise RuntimeError(
                        f"Argument '{argument}' of Node '{node}' was used before it has been defined! Please check that Nodes in the graph "
                        f"are topologically ordered\n{self}"
                    )
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            seen[node] = None
            names.add(node.name)
            if self.owning_module is not None and node.op in ("get_attr", "call_module"):
                _check_target(self.owning_module, node)

    # --- text -----------------------------------------------------------------------------------------------------
    def __str__(self) -> str:
        names: list[str] = []
        lines = [node.format_node(names) for node in self.nodes]
        return "graph():" + "".join(f"\n    {line}" for line in lines if line)

    def print_tabular(self) -> None:
        """Print the nodes as a table."""
        rows = [("opcode", "name", "target", "args", "kwargs")]
        rows += [(n.op, n.name, str(n.target), str(n.args), str(n.kwargs)) for n in self.nodes]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def python_code(self, root_module: str = "self", *, verbose: bool = False, **options: Any) -> PythonCode:
        """The source of a function ``forward`` that does what the graph says."""
        return _Writer(self, root_module).code()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Graph:
        made = Graph(tracer_cls=self._tracer_cls)
        made.nested = self.nested
        memo = {} if memo is None else memo
        memo[id(self)] = made
        values: dict[Node, Any] = {}
        for node in self.nodes:
            values[node] = made.node_copy(node, lambda n: values[n])
        return made


_EMPTY = __import__("inspect").Signature.empty


def _name_of(target: Target) -> str:
    """The name that a node gets from its target."""
    name = target if isinstance(target, str) else getattr(target, "__name__", type(target).__name__)
    if isinstance(target, OpOverload):
        return target.overloadpacket.__name__
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _check_target(module: Any, node: Node) -> None:
    at = module
    for part in str(node.target).split("."):
        if not hasattr(at, part):
            raise RuntimeError(
                f"Node {node} target {node.target} references nonexistent attribute {part} of {type(at).__name__}"
            )
        at = getattr(at, part)


class _Writer:
    """Writes a graph as source."""

    def __init__(self, graph: Graph, root: str):
        self.graph, self.root = graph, root
        self.globals: dict[str, Any] = {}
        self.names = Namespace()
        self.wrapped: dict[str, None] = {}
        self.parameters: list[str] = []
        self.returns = ""

    def code(self) -> PythonCode:
        last = self._last_uses()
        lines = []
        for node in self.graph.nodes:
            line = self._line(node)
            if node.op == "placeholder":
                lines += [line] if line else []
                continue
            dead = last.get(node, []) + ([node] if not node.users and node.op != "output" else [])
            if dead and node.op != "output":
                line += f";  {' = '.join([*(repr(n) for n in dead), 'None'])}"
            lines.append(line)
        body = "".join(f"    {line}\n" for line in lines or ["pass"]) + "    "
        wraps = "\n".join(f'torch.fx._symbolic_trace.wrap("{name}")' for name in self.wrapped)
        nested = self.graph.nested
        if nested is not None:
            taken = "".join(f"{name}, " for name in self.parameters)
            given = ", ".join(nested.names)
            body = f"    {taken}= fx_pytree.tree_flatten_spec([{given}], {self.root}._in_spec)\n{body}".replace(
                ", =", ",=", 0
            )
        parameters = self.parameters if nested is None else nested.names
        head = f"def forward({', '.join([self.root, *parameters])}){self.returns}:"
        import rushlight

        names = {"torch": rushlight, **_BUILTINS, **self.globals}
        return PythonCode(f"\n{wraps}\n\n{head}\n{body}", names)

    def _last_uses(self) -> dict[Node, list[Node]]:
        """By node, those that nobody needs after it."""
        last: dict[Node, list[Node]] = {}
        seen: set[Node] = set()
        for node in reversed(self.graph.nodes):
            for argument in node.all_input_nodes:
                if argument not in seen:
                    seen.add(argument)
                    last.setdefault(node, []).append(argument)
        return last

    def _global(self, hint: str, obj: Any) -> str:
        """The name under which the source finds an object."""
        module = str(getattr(obj, "__module__", ""))
        if module.split(".")[0] in ("torch", "rushlight") and obj is not Device:
            name = qualified_name(obj)
            if _reachable(name, obj):
                return name
        if obj in (float("inf"),):
            return "inf"
        name = self.names.create_name(hint.replace(".", "_"), obj)
        if getattr(builtins, name, None) is not obj:
            self.globals[name] = obj
        return name

    def _annotation(self, node: Node, between: str) -> str:
        return "" if node.type is None else between + type_text(node.type, self._global)

    def _arguments(self, args: Any, kwargs: Any) -> str:
        for a in (*args, *kwargs.values()):
            self._note(a)
        return ", ".join([*(self._text(a) for a in args), *(f"{k} = {self._text(v)}" for k, v in kwargs.items())])

    def _note(self, a: Any) -> None:
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            self.globals[qualified_name(type(a)).partition(".")[0]] = __import__(type(a).__module__.partition(".")[0])

    def _text(self, a: Any) -> str:
        if callable(a) and hasattr(a, "__module__") and hasattr(a, "__name__") and not isinstance(a, Node):
            return self._global(qualified_name(a), a)
        return argument_text(a)

    def _line(self, node: Node) -> str:
        args, name = node.args, repr(node)
        if node.op == "placeholder":
            raw = str(node.target).lstrip("*")
            default = f" = {argument_text(args[0])}" if args else ""
            self.parameters.append(f"{node.target}{self._annotation(node, ' : ')}{default}")
            return f"{name} = {raw}" if raw != name else ""
        if node.op == "output":
            self.returns = self._annotation(node, " -> ")
            if self.graph.nested is not None:
                return f"return pytree.tree_unflatten({argument_text(args[0])}, {self.root}._out_spec)"
            return f"return {argument_text(args[0])}"
        left = f"{name}{self._annotation(node, ' : ')}"
        if node.op == "get_attr":
            return f"{left} = {dotted(self.root, str(node.target))}"
        if node.op == "call_module":
            return f"{left} = {dotted(self.root, str(node.target))}({self._arguments(args, node.kwargs)})"
        if node.op == "call_method":
            return (
                f"{left} = {dotted(argument_text(args[0]), str(node.target))}({self._arguments(args[1:], node.kwargs)})"
            )
        return self._function(node, left)

    def _function(self, node: Node, left: str) -> str:
        target: Any = node.target
        args = node.args
        if getattr(target, "__module__", "") == "_operator":
            if target.__name__ in MAGIC and not node.kwargs:
                return f"{left} = {MAGIC[target.__name__].format(*map(argument_text, args))}"
            if target.__name__ in INPLACE and not node.kwargs:
                return (
                    f"{INPLACE[target.__name__].format(*map(argument_text, args))};  {left} = {argument_text(args[0])}"
                )
        if target is getattr and len(args) == 2 and isinstance(args[1], str) and args[1].isidentifier():
            return f"{left} = {dotted(argument_text(args[0]), args[1])}"
        name = (
            str(f"torch.ops.{target}")
            if isinstance(target, OpOverload)
            else self._global(qualified_name(target), target)
        )
        if node.meta.get("is_wrapped"):
            self.wrapped.setdefault(name)
        return f"{left} = {name}({self._arguments(args, node.kwargs)})"


def _reachable(name: str, obj: Any) -> bool:
    """Whether a dotted name below ``torch`` leads to an object of ours."""
    import rushlight

    found: Any = rushlight
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found is obj


def dotted(base: str, target: str) -> str:
    """``base.a.b`` with what is no identifier by ``getattr``."""
    for part in target.split("."):
        base = f"{base}.{part}" if part.isidentifier() else f'getattr({base}, "{part}")'
    return base
