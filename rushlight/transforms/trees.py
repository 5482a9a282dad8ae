"""Nested tuples, lists and dicts of tensors: taken apart into leaves, and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any


class Spec:
    """The shape of a tree: the kind of its root, what the kind has to remember (keys), the shapes of its parts. None for a leaf."""

    kind: Any
    context: Any
    parts: tuple[Spec, ...]

    __slots__ = ("kind", "context", "parts", "leaves")

    def __init__(self, kind: Any, context: Any, parts: Sequence[Spec]):
        self.kind, self.context, self.parts = kind, context, tuple(parts)
        self.leaves: int = 1 if kind is None else sum(p.leaves for p in parts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Spec)
            and self.kind is other.kind
            and self.context == other.context
            and self.parts == other.parts
        )

    __hash__: Callable[..., Any] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        parts = ",\n  ".join(repr(p).replace("\n", "\n  ") for p in self.parts)
        return f"TreeSpec({self.kind.__name__}, {self.context}, [{parts}])"

    def __str__(self) -> str:
        """As PyTorch's messages show a tree whose kinds are the plain ones."""
        if self.kind is None:
            return "*"
        if self.kind is dict:
            return "{" + ", ".join(f"{k!r}: {p}" for k, p in zip(self.context, self.parts, strict=True)) + "}"
        if self.kind is list:
            return "[" + ", ".join(map(str, self.parts)) + "]"
        if self.kind is tuple:
            return "(" + ", ".join(map(str, self.parts)) + ("," if len(self.parts) == 1 else "") + ")"
        return repr(self)


LEAF = Spec(None, None, ())


def open_node(tree: Any) -> tuple[Any, Any, list[Any]] | None:
    """``(kind, context, children)`` of a container; None for a leaf."""
    kind = type(tree)
    if kind in (tuple, list):
        return kind, None, list(tree)
    if kind in (dict, OrderedDict):
        return kind, list(tree), list(tree.values())
    if kind is defaultdict:
        return kind, [tree.default_factory, list(tree)], list(tree.values())
    if kind is deque:
        return kind, tree.maxlen, list(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind, kind, list(tree)
    return None


def close_node(kind: Any, context: Any, children: list[Any]) -> Any:
    """The container that ``open_node`` took apart, with these children."""
    if kind is dict or kind is OrderedDict:
        return kind(zip(context, children, strict=True))
    if kind is defaultdict:
        return defaultdict(context[0], zip(context[1], children, strict=True))
    if kind is deque:
        return deque(children, maxlen=context)
    if isinstance(kind, type) and issubclass(kind, tuple) and kind is not tuple:
        return kind(*children)
    return kind(children)


def flatten(tree: Any) -> tuple[list[Any], Spec]:
    """The leaves in order, and the shape of the tree."""
    node = open_node(tree)
    if node is None:
        return [tree], LEAF
    kind, context, children = node
    leaves: list[Any] = []
    specs = []
    for child in children:
        found, spec = flatten(child)
        leaves += found
        specs.append(spec)
    return leaves, Spec(kind, context, specs)


def unflatten(leaves: Sequence[Any], spec: Spec) -> Any:
    """The tree of this shape with these leaves."""
    if spec.kind is None:
        return leaves[0]
    children, start = [], 0
    for part in spec.parts:
        children.append(unflatten(leaves[start : start + part.leaves], part))
        start += part.leaves
    return close_node(spec.kind, spec.context, children)


def mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with ``change`` made to every leaf."""
    leaves, spec = flatten(tree)
    return unflatten([change(x) for x in leaves], spec)


def spread(prefix: Any, spec: Spec) -> list[Any] | None:
    """A value for each leaf of a tree from a tree that may stop earlier: ``0`` stands for all leaves below. None if they do not fit."""
    node = open_node(prefix)
    if node is None:
        return [prefix] * spec.leaves
    kind, context, children = node
    if spec.kind is not kind or spec.context != context or len(children) != len(spec.parts):
        return None
    out: list[Any] = []
    for child, part in zip(children, spec.parts, strict=True):
        found = spread(child, part)
        if found is None:
            return None
        out += found
    return out
