"""``torch.distributed.autograd``: gradients kept in a context instead of ``.grad``, as calls between workers need them."""

from __future__ import annotations

import itertools
from typing import Any

from .. import errors
from ..autograd import grad
from ..tensor import Tensor, edge_of

_contexts: dict[int, dict[Tensor, Tensor]] = {}
_numbers = itertools.count()


class context:
    """``with context() as number:`` the gradients of ``backward(number, roots)`` are kept until the end of the block."""

    def __enter__(self) -> int:
        self._number = next(_numbers)
        _contexts[self._number] = {}
        return self._number

    def __exit__(self, *exc: object) -> None:
        del _contexts[self._number]


def _found(context_id: int) -> dict[Tensor, Tensor]:
    if context_id not in _contexts:
        raise errors.runtime(f"Could not find autograd context with id: {context_id}")
    return _contexts[context_id]


def backward(context_id: int, roots: list[Tensor], retain_graph: bool = False) -> None:
    """Add the gradients of the sum of ``roots`` to the context; no ``.grad`` changes.

    Raises:
        RuntimeError: outside the context, or for a root that is no scalar or does not require grad.
    """
    kept = _found(context_id)
    if not roots:
        raise errors.runtime("No tensors provided for gradient computation.")
    for root in roots:
        if not root.requires_grad:
            raise errors.runtime("requires_grad not set on root")
        if root.numel() != 1:
            raise errors.runtime("root needs to be scalar", f"This one has shape {list(root.shape)}: sum it first.")
    leaves = _leaves_below(roots)
    for leaf, found in zip(leaves, grad(roots, leaves, retain_graph=retain_graph, allow_unused=True), strict=True):
        if found is not None:
            kept[leaf] = kept[leaf] + found if leaf in kept else found  # type: ignore[operator]


def _leaves_below(roots: list[Tensor]) -> list[Tensor]:
    """The leaves that gradients of ``roots`` reach."""
    edges: list[Any] = [edge_of(root) for root in roots]
    seen: set[Any] = set()
    leaves = []
    while edges:
        edge = edges.pop()
        if edge is None or edge[0] is None or edge[0] in seen:
            continue
        seen.add(edge[0])
        if edge[0].is_leaf:
            leaves.append(edge[0].variable)
        edges.extend(edge[0].next_functions)
    return [leaf for leaf in leaves if leaf is not None]


def get_gradients(context_id: int) -> dict[Tensor, Tensor]:
    """The gradients of a context by the leaf that they belong to."""
    return dict(_found(context_id))
