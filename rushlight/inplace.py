"""The in-place form of an op: compute, check, write, record. Derived from the op's record; nothing is declared for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .autograd.mode import recording
from .op import Op, cast_array, dispatch_override, evaluate, gather_edges, has_override, record
from .tensor import Parameter, Tensor, wrap
from .writing import bump, check_result, check_writable, rebase


def inplace(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """``op_(self, ...)``: the op's result written into its first input, which is returned."""
    x: Tensor = args[0]
    if x.__class__ is not Tensor and x.__class__ is not Parameter and has_override(x):
        return dispatch_override(getattr(type(x), op.name + "_"), x, args, kwargs)  # type: ignore[no-any-return]
    inputs, attrs = op.bind(args, kwargs)
    check_writable(x)
    result, saved_inputs = evaluate(op, inputs, attrs)
    r = np.asarray(result[0] if result.__class__ is tuple else result)
    check_result(x, r)
    edges = gather_edges(op, inputs) if recording() else None
    if edges is None:
        x._a[...] = r if r.dtype is x._a.dtype else cast_array(r, x._a.dtype)
        bump(x)
        return x
    # The inputs are saved with the versions they have now: if a rule needs the overwritten values, backward will refuse.
    # The output is saved with the version it is about to have.
    proxy = wrap(x._a)
    own = proxy._vc
    record(op, [proxy], (r, *result[1:]) if result.__class__ is tuple else (r,), inputs, saved_inputs, attrs, edges)
    x._a[...] = r if r.dtype is x._a.dtype else cast_array(r, x._a.dtype)
    bump(x)
    edge = proxy._edge
    assert edge is not None
    node: Any = edge[0]
    if any(cell is own for cell in node.versions[::2]):
        pairs: list[Any] = []
        for i in range(0, len(node.versions), 2):
            cell, version = node.versions[i : i + 2]
            pairs += (x._vc, x._vc[0]) if cell is own else (cell, version)
        node.versions = tuple(pairs)
    rebase(x, edge)
    return x


def method(op: Op, name: str) -> Callable[..., Tensor]:
    """The Tensor method ``name`` (``exp_``) made from an op."""

    def in_place(*args: Any, **kwargs: Any) -> Tensor:
        return inplace(op, args, kwargs)

    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = (
        f"In-place version of :func:`torch.{op.name}`: writes the result into this tensor and returns it."
    )
    in_place.__op__ = op  # type: ignore[attr-defined]
    return in_place


def operator(op: Op) -> Callable[..., Any]:
    """The augmented assignment (``+=``) made from an op."""

    def augmented(x: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, complex, np.number, np.bool_)):
            return NotImplemented
        return inplace(op, (x, other), {})

    return augmented
