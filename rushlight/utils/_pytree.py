"""``torch.utils._pytree``: nested containers as a list of leaves and a description of the nest (``rushlight.transforms.trees``)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from ..transforms.trees import NODES, IsLeaf, Node, flatten, kind_of, node_of
from ..transforms.trees import GetAttrKey as GetAttrKey
from ..transforms.trees import LeafSpec as LeafSpec
from ..transforms.trees import MappingKey as MappingKey
from ..transforms.trees import SequenceKey as SequenceKey
from ..transforms.trees import TreeSpec as TreeSpec

PyTree = Any
Context = Any

#: What a container is a node of: its class, or ``namedtuple``.
_get_node_type = kind_of
SUPPORTED_NODES: dict[type, Node] = NODES


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

    SUPPORTED_NODES[cls] = Node(flatten_fn, unflatten_fn, keys)


def _parts_of(kind: type) -> tuple[Any, Any, Any]:
    """How nodes of a kind are taken apart, taken apart with their keys, and put together."""
    node = NODES[kind]

    def with_keys(x: Any) -> tuple[list[tuple[Any, Any]], Any]:
        children, context = node.flatten(x)
        keys = node.keys(x, context) if node.keys is not None else [SequenceKey(i) for i in range(len(children))]
        return list(zip(keys, children, strict=True)), context

    return node.flatten, with_keys, node.unflatten


_dict_flatten, _dict_flatten_with_keys, _dict_unflatten = _parts_of(dict)
_list_flatten, _list_flatten_with_keys, _list_unflatten = _parts_of(list)
_tuple_flatten, _tuple_flatten_with_keys, _tuple_unflatten = _parts_of(tuple)
_ordereddict_flatten, _ordereddict_flatten_with_keys, _ordereddict_unflatten = _parts_of(OrderedDict)


def is_namedtuple_instance(obj: object) -> bool:
    """Whether an object is a named tuple."""
    return isinstance(obj, tuple) and hasattr(type(obj), "_fields")


def is_structseq_instance(obj: object) -> bool:
    """Whether an object is a tuple with names that C made, as ``time.struct_time``."""
    return isinstance(obj, tuple) and hasattr(type(obj), "n_sequence_fields") and hasattr(type(obj), "n_unnamed_fields")


_is_namedtuple_instance = is_namedtuple_instance
_register_pytree_node = register_pytree_node


def tree_is_leaf(tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Whether something is no node."""
    return (is_leaf is not None and is_leaf(tree)) or node_of(kind_of(tree)) is None


def tree_flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and the description. ``is_leaf(x)`` may call more things leaves."""
    return flatten(tree, is_leaf)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The nest of a description with these leaves.

    Raises:
        ValueError: if they are too few or too many.
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"tree_unflatten(leaves, treespec): Expected `treespec` to be instance of PyTreeSpec but got item of type {type(treespec)}."
        )
    return treespec.unflatten(leaves)


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
    kind = kind_of(tree)
    node = node_of(kind)
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
