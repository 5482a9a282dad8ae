"""A gradient as a graph, for operations of many steps: the forward is run once more with tensors, and back through that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd import engine
from ..autograd.mode import enable_grad
from ..tensor import Tensor


def through(
    forward: Callable[..., Sequence[Tensor]], saved: Sequence[Any], grads: Sequence[Any], needs: Sequence[bool]
) -> Any:
    """The gradients of ``forward(*saved)`` for what ``needs`` them, with graphs; ``grads`` are those of its results, or None."""
    with enable_grad():
        copies = [x.view_as(x) if isinstance(x, Tensor) and need else x for x, need in zip(saved, needs, strict=True)]
        outs = forward(*copies)
        roots = [(out, g) for out, g in zip(outs, grads, strict=True) if g is not None]
        found = iter(
            engine.backward(
                [out for out, _ in roots],
                [g for _, g in roots],
                keep_graph=True,
                create_graph=True,
                inputs=[x for x, need in zip(copies, needs, strict=True) if need],
                accumulate=False,
            )
        )
        return tuple(next(found) if need else None for need in needs)
