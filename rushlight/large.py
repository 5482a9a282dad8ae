"""Elementwise ops on large arrays: a body, or the rules of a node, as one loop on all threads.

The same body that NumPy reads in several passes is read with symbols (``readers.loops``) and compiled. What has no loop (other dtypes,
shapes that broadcast, a body that works on arrays directly) stays with NumPy.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .kernels.elementwise import LARGE, fused
from .kernels.llvm import patience
from .readers import loops

if TYPE_CHECKING:
    from .op import Op

ndarray = np.ndarray


def body(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], out: Any = None) -> Any:
    """The result of an elementwise body on arrays, in ``out`` if it is given; None if NumPy is to compute it."""
    if op.all_nondiff or op.extras or len(op.outputs) > 1 or not patience.over(LARGE, 1):
        return None
    try:
        return fused((op.name, *attrs.items()), partial(op.forward, loops, **attrs), operands, out)
    except TypeError:  # an attribute without a hash
        return None


def gradients(op: Op, edges: tuple[Any, ...], g: Any, saved: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """What the rules of an elementwise op give, in one loop; None if NumPy is to compute it."""
    if g.__class__ is not ndarray or not patience.over(LARGE, 1):
        return None
    needed = [i for i, (rule, edge) in enumerate(zip(op.rules, edges, strict=True)) if rule and edge is not None]
    rules = [op.rules[i] for i in needed]
    if not all([rule.slots for rule in rules]):  # an array passed on, or a single pass: the rules say it shorter
        return None
    slots = sorted({slot for rule in rules for slot in rule.slots})
    operands = [saved[slot] for slot in slots]
    if any([x.__class__ is tuple or x is None for x in operands]):
        return None

    def written(g: Any, *values: Any) -> tuple[Any, ...]:
        by_slot = dict(zip(slots, values, strict=True))
        return tuple([
            rule.fn(loops, g, *[by_slot[s] for s in rule.slots], **{n: attrs[n] for n in rule.attrs}) for rule in rules
        ])  # fmt: skip

    try:
        found = fused((op.name, "rules", *needed, *attrs.items()), written, (g, *operands))
    except (TypeError, KeyError):  # an attribute without a hash, or one that the engine fills in
        return None
    if found is None:
        return None
    results: list[Any] = [None] * len(edges)
    for i, r in zip(needed, found if len(needed) > 1 else (found,), strict=True):
        results[i] = r
    return tuple(results)
