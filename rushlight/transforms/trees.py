"""Nested containers as a list of leaves and a description of the nest, and put together again.

Lists, tuples, named tuples, dicts, ordered and default dicts and deques are nodes, and classes that a program registers
(``torch.utils._pytree``, which gives what stands here PyTorch's names); everything else, None too, is a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..types import Size

IsLeaf = Callable[[Any], bool]


# --- keys ---------------------------------------------------------------------------------------------------------------
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


# --- nodes --------------------------------------------------------------------------------------------------------------
class Node(NamedTuple):
    flatten: Callable[[Any], tuple[list[Any], Any]]
    unflatten: Callable[[Iterable[Any], Any], Any]
    keys: Callable[[Any, Any], list[Any]] | None

    @property
    def flatten_fn(self) -> Callable[[Any], tuple[list[Any], Any]]:
        """``flatten``, by PyTorch's name."""
        return self.flatten

    @property
    def unflatten_fn(self) -> Callable[[Iterable[Any], Any], Any]:
        """``unflatten``, by PyTorch's name."""
        return self.unflatten


NODES: dict[type, Node] = {}


def _of_dict(kind: Callable[[Any, list[Any]], Any]) -> Node:
    return Node(
        lambda x: (list(x.values()), list(x)), lambda children, keys: kind(None, list(zip(keys, children, strict=True))),
        lambda x, keys: [MappingKey(key) for key in keys],
    )  # fmt: skip


NODES.update({
    list: Node(lambda x: (x, None), lambda children, _: list(children), None),
    tuple: Node(lambda x: (list(x), None), lambda children, _: tuple(children), None),
    Size: Node(lambda x: (list(x), None), lambda children, _: tuple(children), None),
    deque: Node(lambda x: (list(x), x.maxlen), lambda children, n: deque(children, n), None),
    dict: _of_dict(lambda _, items: dict(items)),
    OrderedDict: _of_dict(lambda _, items: OrderedDict(items)),
    defaultdict: Node(
        lambda x: (list(x.values()), [x.default_factory, list(x)]),
        lambda children, context: defaultdict(context[0], zip(context[1], children, strict=True)),
        lambda x, context: [MappingKey(key) for key in context[1]],
    ),
})  # fmt: skip
_NAMED_TUPLE = Node(
    lambda x: (list(x), type(x)), lambda children, cls: cls(*children),
    lambda x, cls: [GetAttrKey(name) for name in cls._fields],
)  # fmt: skip


class _NamedTupleKind:
    """Stands for all named tuples in a description."""


_NamedTupleKind.__name__ = "namedtuple"


def kind_of(x: Any) -> Any:
    if isinstance(x, tuple) and hasattr(type(x), "_fields") and type(x) not in NODES:
        return _NamedTupleKind
    return type(x)


def node_of(kind: Any) -> Node | None:
    return _NAMED_TUPLE if kind is _NamedTupleKind else NODES.get(kind)


# --- descriptions -------------------------------------------------------------------------------------------------------
class TreeSpec:
    """How a nest looks without its leaves: the class of the node, its context, descriptions of the children."""

    type: Any
    context: Any
    children_specs: list[TreeSpec]
    num_children: int

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
        """The nest with these leaves.

        Raises:
            ValueError: if they are too few or too many.
        """
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that holds "
                f"{self.num_leaves} items ({self})."
            )
        return unflatten(leaves, self)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """The parts of a nest where this description has leaves.

        Raises:
            ValueError: if the nest is another.
        """
        if self.is_leaf():
            return [tree]
        kind = kind_of(tree)
        if kind is not self.type:
            raise ValueError(f"Type mismatch; expected {self.type!r}, but got {kind!r}.")
        children, context = node_of(kind).flatten(tree)  # type: ignore[union-attr]
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


LEAF: TreeSpec = LeafSpec()
for _class in (SequenceKey, MappingKey, GetAttrKey, TreeSpec, LeafSpec):
    _class.__module__ = "rushlight.utils._pytree"  # where programs and pickle find them


# --- apart and together -------------------------------------------------------------------------------------------------
def is_leaf(tree: Any) -> bool:
    """Whether something is no node."""
    return node_of(kind_of(tree)) is None


def flatten(tree: Any, stops: IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and the description. ``stops(x)`` may call more things leaves."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, stops)


def _flatten(tree: Any, leaves: list[Any], stops: IsLeaf | None) -> TreeSpec:
    kind = kind_of(tree)
    node = node_of(kind)
    if node is None or (stops is not None and stops(tree)):
        leaves.append(tree)
        return LEAF
    children, context = node.flatten(tree)
    return TreeSpec(kind, context, [_flatten(child, leaves, stops) for child in children])


def unflatten(leaves: Iterable[Any], spec: TreeSpec) -> Any:
    """The nest of a description with as many leaves as it has."""
    return _unflatten(iter(leaves), spec)


def _unflatten(leaves: Iterator[Any], spec: TreeSpec) -> Any:
    if spec.type is None:
        return next(leaves)
    children = [_unflatten(leaves, child) for child in spec.children_specs]
    return node_of(spec.type).unflatten(children, spec.context)  # type: ignore[union-attr]


def mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with ``change`` made to every leaf."""
    leaves, spec = flatten(tree)
    return unflatten([change(x) for x in leaves], spec)


def spread(prefix: Any, spec: TreeSpec) -> list[Any] | None:
    """A value for each leaf of a tree from a tree that may stop earlier: ``0`` stands for all leaves below. None if they do not fit."""
    kind = kind_of(prefix)
    node = node_of(kind)
    if node is None:
        return [prefix] * spec.num_leaves
    children, context = node.flatten(prefix)
    if spec.type is not kind or spec.context != context or len(children) != spec.num_children:
        return None
    out: list[Any] = []
    for child, part in zip(children, spec.children_specs, strict=True):
        found = spread(child, part)
        if found is None:
            return None
        out += found
    return out


class _Star:
    def __repr__(self) -> str:
        return "*"


def drawn(spec: TreeSpec) -> str:
    """A description as its containers are written, with stars for leaves: ``{'a': *, 'b': [*]}``."""
    return repr(unflatten([_Star()] * spec.num_leaves, spec))
