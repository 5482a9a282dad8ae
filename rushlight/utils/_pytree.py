"""``torch.utils._pytree``: nested containers as a list of leaves and a description of the nest.

Lists, tuples, named tuples, dicts, ordered and default dicts and deques are nodes, and classes that a program registers;
everything else, None too, is a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..types import Size

PyTree = Any


@dataclass(frozen=True)
class SequenceKey:
    """A place in a sequence."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"


@dataclass(frozen=True)
class MappingKey:
    """A place in a dict."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"


@dataclass(frozen=True)
class GetAttrKey:
    """An attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"


class _Node(NamedTuple):
    flatten: Callable[[Any], tuple[list[Any], Any]]
    unflatten: Callable[[Iterable[Any], Any], Any]
    keys: Callable[[Any, Any], list[Any]] | None


SUPPORTED_NODES: dict[type, _Node] = {}


def register_pytree_node(
    cls: type, flatten_fn: Callable[[Any], tuple[Any, Any]], unflatten_fn: Callable[[Iterable[Any], Any], Any], *,
    serialized_type_name: Any = None, to_dumpable_context: Any = None, from_dumpable_context: Any = None,
    flatten_with_keys_fn: Any = None,
) -> None:  # fmt: skip
    """Let objects of a class be nodes: ``flatten_fn(x) -> (children, context)`` and back ``unflatten_fn(children, context)``.

    Raises:
        ValueError: if the class is registered already.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    keys = None
    if flatten_with_keys_fn is not None:

        def keys(x: Any, context: Any) -> list[Any]:
            return [key for key, _ in flatten_with_keys_fn(x)[0]]

    SUPPORTED_NODES[cls] = _Node(flatten_fn, unflatten_fn, keys)


_register_pytree_node = register_pytree_node


def _of_dict(kind: Callable[[Any, list[Any]], Any]) -> _Node:
    return _Node(
        lambda x: (list(x.values()), list(x)), lambda children, keys: kind(None, list(zip(keys, children, strict=True))),
        lambda x, keys: [MappingKey(key) for key in keys],
    )  # fmt: skip


SUPPORTED_NODES.update({
    list: _Node(lambda x: (x, None), lambda children, _: list(children), None),
    tuple: _Node(lambda x: (list(x), None), lambda children, _: tuple(children), None),
    Size: _Node(lambda x: (list(x), None), lambda children, _: tuple(children), None),
    deque: _Node(lambda x: (list(x), x.maxlen), lambda children, n: deque(children, n), None),
    dict: _of_dict(lambda _, items: dict(items)),
    OrderedDict: _of_dict(lambda _, items: OrderedDict(items)),
    defaultdict: _Node(
        lambda x: (list(x.values()), [x.default_factory, list(x)]),
        lambda children, context: defaultdict(context[0], zip(context[1], children, strict=True)),
        lambda x, context: [MappingKey(key) for key in context[1]],
    ),
})  # fmt: skip
_NAMED_TUPLE = _Node(
    lambda x: (list(x), type(x)), lambda children, cls: cls(*children),
    lambda x, cls: [GetAttrKey(name) for name in cls._fields],
)  # fmt: skip


class _NamedTupleKind:
    """Stands for all named tuples in a description."""


_NamedTupleKind.__name__ = "namedtuple"


def _kind_of(x: Any) -> Any:
    if isinstance(x, tuple) and hasattr(type(x), "_fields") and type(x) not in SUPPORTED_NODES:
        return _NamedTupleKind
    return type(x)


def _node_of(kind: Any) -> _Node | None:
    return _NAMED_TUPLE if kind is _NamedTupleKind else SUPPORTED_NODES.get(kind)


class TreeSpec:
    """How a nest looks without its leaves: the class of the node, its context, descriptions of the children."""

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]):
        self.type, self.context, self.children_specs = type, context, children_specs
        self.num_children = len(children_specs)
        self.num_leaves: int = 1 if self.is_leaf() else sum(spec.num_leaves for spec in children_specs)
        self.num_nodes: int = 1 + sum(spec.num_nodes for spec in children_specs)

    def is_leaf(self) -> bool:
        """Whether it describes a leaf."""
        return self.type is None

    def children(self) -> list[TreeSpec]:
        """The descriptions of the children."""
        return list(self.children_specs)

    def child(self, index: int) -> TreeSpec:
        """The description of one child."""
        return self.children_specs[index]

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The nest with these leaves."""
        return tree_unflatten(leaves, self)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """The parts of a nest where this description has leaves.

        Raises:
            ValueError: if the nest is another.
        """
        if self.is_leaf():
            return [tree]
        kind = _kind_of(tree)
        if kind is not self.type:
            raise ValueError(f"Type mismatch; expected {self.type!r}, but got {kind!r}.")
        children, context = _node_of(kind).flatten(tree)  # type: ignore[union-attr]
        children = list(children)
        if len(children) != self.num_children:
            raise ValueError(f"Node arity mismatch; expected {self.num_children}, but got {len(children)}.")
        if context != self.context:
            raise ValueError(f"Node context mismatch for custom node type {self.type!r}.")
        parts = [spec.flatten_up_to(child) for spec, child in zip(self.children_specs, children, strict=True)]
        return [leaf for part in parts for leaf in part]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TreeSpec) and (self.type, self.context, self.children_specs) == (
            other.type, other.context, other.children_specs,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.type, self.num_leaves, self.num_nodes))

    def __repr__(self, indent: int = 0) -> str:
        if self.is_leaf():
            return "*"
        between = ",\n" + " " * (indent + 2)
        inner = between.join(spec.__repr__(indent + 2) for spec in self.children_specs)
        return f"TreeSpec({self.type.__name__}, {self.context}, [{inner}])"


class LeafSpec(TreeSpec):
    """The description of a leaf."""

    def __init__(self) -> None:
        super().__init__(None, None, [])

    def __repr__(self, indent: int = 0) -> str:
        return "*"


IsLeaf = Callable[[Any], bool]


def tree_is_leaf(tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether something is no node."""
    return (is_leaf is not None and is_leaf(tree)) or _node_of(_kind_of(tree)) is None


def tree_flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and the description. ``is_leaf(x)`` may call more things leaves."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def _flatten(tree: Any, leaves: list[Any], is_leaf: IsLeaf | None) -> TreeSpec:
    kind = _kind_of(tree)
    node = _node_of(kind)
    if node is None or (is_leaf is not None and is_leaf(tree)):
        leaves.append(tree)
        return LeafSpec()
    children, context = node.flatten(tree)
    return TreeSpec(kind, context, [_flatten(child, leaves, is_leaf) for child in children])


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The nest of a description with these leaves.

    Raises:
        ValueError: if they are too few or too many.
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"tree_unflatten(leaves, treespec): Expected `treespec` to be instance of PyTreeSpec but got item of type {type(treespec)}."
        )
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that holds "
            f"{treespec.num_leaves} items ({treespec})."
        )
    return _unflatten(iter(leaves), treespec)


def _unflatten(leaves: Any, spec: TreeSpec) -> Any:
    if spec.is_leaf():
        return next(leaves)
    children = [_unflatten(leaves, child) for child in spec.children_specs]
    return _node_of(spec.type).unflatten(children, spec.context)  # type: ignore[union-attr]


def tree_iter(tree: Any, is_leaf: IsLeaf | None = None) -> Iterable[Any]:
    """The leaves, one after another."""
    return iter(tree_flatten(tree, is_leaf)[0])


def tree_leaves(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """The leaves."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: IsLeaf | None = None) -> TreeSpec:
    """The description."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None) -> Any:
    """The nest of ``func(leaf, ...)``; further nests, which hold more at the same places, give further arguments."""
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves, *(spec.flatten_up_to(rest) for rest in rests)]
    return tree_unflatten([func(*row) for row in zip(*columns, strict=True)], spec)


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Call ``func`` on each leaf; the nest as it was."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def _meant(which: Any) -> Callable[[Any], bool]:
    if isinstance(which, (type, tuple)):
        return lambda x: isinstance(x, which)
    if callable(which):
        return which  # type: ignore[no-any-return]
    raise TypeError("Argument must be a type, a tuple of types, or a callable.")


def tree_map_only(which: Any, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf | None = None) -> Any:
    """The nest in which leaves of some types (or of which a function says so) are replaced."""
    meant = _meant(which)
    return tree_map(lambda x: func(x) if meant(x) else x, tree, is_leaf=is_leaf)


def tree_map_only_(which: Any, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Call ``func`` on leaves of some types; the nest as it was."""
    tree_map_only(which, func, tree, is_leaf)
    return tree


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether all leaves answer yes."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether one leaf answers yes."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(which: Any, pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether all leaves of some types answer yes."""
    meant = _meant(which)
    return all(pred(x) for x in tree_iter(tree, is_leaf) if meant(x))


def tree_any_only(which: Any, pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether one leaf of some types answers yes."""
    meant = _meant(which)
    return any(pred(x) for x in tree_iter(tree, is_leaf) if meant(x))


# --- places -------------------------------------------------------------------------------------------------------------
def _paths(tree: Any, path: tuple[Any, ...], is_leaf: IsLeaf | None) -> Iterable[tuple[tuple[Any, ...], Any]]:
    kind = _kind_of(tree)
    node = _node_of(kind)
    if node is None or (is_leaf is not None and is_leaf(tree)):
        yield path, tree
        return
    children, context = node.flatten(tree)
    children = list(children)
    keys = node.keys(tree, context) if node.keys is not None else [SequenceKey(i) for i in range(len(children))]
    for key, child in zip(keys, children, strict=True):
        yield from _paths(child, (*path, key), is_leaf)


def tree_flatten_with_path(
    tree: Any, is_leaf: IsLeaf | None = None
) -> tuple[list[tuple[tuple[Any, ...], Any]], TreeSpec]:
    """Each leaf with the keys that lead to it, and the description."""
    return list(_paths(tree, (), is_leaf)), tree_structure(tree, is_leaf)


def tree_leaves_with_path(tree: Any, is_leaf: IsLeaf | None = None) -> list[tuple[tuple[Any, ...], Any]]:
    """Each leaf with the keys that lead to it."""
    return list(_paths(tree, (), is_leaf))


def tree_map_with_path(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf | None = None) -> Any:
    """The nest of ``func(keys, leaf, ...)``."""
    found, spec = tree_flatten_with_path(tree, is_leaf)
    columns = [*zip(*found, strict=True), *(spec.flatten_up_to(rest) for rest in rests)]
    return tree_unflatten([func(*row) for row in zip(*columns, strict=True)], spec)


def keystr(kp: tuple[Any, ...]) -> str:
    """The keys as one writes them: ``['a'][0]``."""
    return "".join(map(str, kp))
