"""``torch._functorch.vmap``."""

from __future__ import annotations

from typing import Any

from ..levels import Batched
from ..tensor import Tensor
from ..transforms.mapping import name_of
from ..transforms.trees import TreeSpec, kind_of, node_of
from ..transforms.trees import flatten as tree_flatten
from .inner import _add_batch_dim as _add_batch_dim
from .inner import _remove_batch_dim as _remove_batch_dim


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """The nest of a description with these leaves."""
    return treespec.unflatten(leaves)


def tree_is_leaf(tree: Any) -> bool:
    """Whether something is no container."""
    return node_of(kind_of(tree)) is None


in_dims_t = int | tuple[Any, ...]
out_dims_t = int | tuple[int, ...]


def is_batchedtensor(tensor: Any) -> bool:
    """Whether a tensor is one example of a batch."""
    return isinstance(tensor, Batched)


def _maybe_remove_batch_dim(name: str, batched_output: Any, vmap_level: int, batch_size: int, out_dim: Any) -> Any:
    """All examples of a result of a function that is mapped; None passes where ``out_dim`` is None.

    Raises:
        ValueError: for what is no tensor, and for an ``out_dim`` that fits no tensor.
    """
    if out_dim is None:
        if is_batchedtensor(batched_output):
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return batched_output
    if not isinstance(batched_output, Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(batched_output)}. Did you mean to set out_dims= to "
            "None for output?"
        )
    return _remove_batch_dim(batched_output, vmap_level, batch_size, out_dim)


_get_name = name_of


def _broadcast_to_and_flatten(tree: Any, treespec: TreeSpec, is_leaf: Any = None) -> list[Any] | None:
    """The leaves of a nest, each repeated for those that stand in its place in another; None if it does not fit."""
    try:
        return [x for x, part in _beside(tree, treespec) for _ in range(part.num_leaves)]
    except ValueError:
        return None


def _beside(tree: Any, spec: TreeSpec) -> list[tuple[Any, TreeSpec]]:
    if spec.is_leaf() or tree_is_leaf(tree):
        return [(tree, spec)]
    leaves, own = tree_flatten(tree)
    if own.type is not spec.type or own.context != spec.context or own.num_children != spec.num_children:
        raise ValueError("another nest")
    children = own.children_specs
    at, found = 0, []
    for child, part in zip(children, spec.children_specs, strict=True):
        found += _beside(tree_unflatten(leaves[at : at + child.num_leaves], child), part)
        at += child.num_leaves
    return found
