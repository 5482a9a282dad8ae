"""``torch.fx._pytree``: what generated code takes its nested arguments apart with."""

from __future__ import annotations

from typing import Any

from ..transforms.trees import TreeSpec, flatten


def tree_flatten_spec(pytree: Any, spec: TreeSpec) -> list[Any]:
    """The leaves of what was traced with nested arguments of this form.

    Raises:
        ValueError: for one of another form.
    """
    leaves, found = flatten(tuple(pytree) if isinstance(pytree, list) else pytree)
    if found.num_leaves != spec.num_leaves:
        raise ValueError(f"the arguments have {found.num_leaves} leaves, those that were traced {spec.num_leaves}")
    return leaves
