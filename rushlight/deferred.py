"""Elementwise operations on large arrays that wait until somebody asks for their elements: a chain of them is one loop.

``torch.exp(torch.tanh(x * 1.5 + 0.5) * x)`` reads ``x`` once, and writes what backward needs and the result. By themselves the operations
would write five arrays to memory and read them back, which takes longer than the arithmetic.

What is deferred is a tensor of the class ``Deferred``, whose array is made when it is first read, whoever reads it. Its operands must
not change until then: who writes to a tensor's memory calls ``kernels.lazy.settle`` before, and memory that NumPy shares (``expose``),
which anyone may write to, makes nothing wait.
"""

from __future__ import annotations

import functools
from functools import partial
from typing import TYPE_CHECKING, Any

from .autograd.mode import inference, recording
from .kernels.elementwise import length
from .kernels.lazy import LONGEST, MOST_CHAINS, Lazy, chains, is_private, looking
from .kernels.llvm import patience
from .node import DeferredNode, gather_edges, record, with_kind
from .readers import arrays, loops
from .tensor import Deferred, Tensor, wrap

if TYPE_CHECKING:
    from .op import Op


def deferred(op: Op, inputs: tuple[Any, ...], operands: tuple[Any, ...]) -> Tensor | None:
    """The result of an elementwise op on what its inputs hold, deferred; None where it has to be computed now."""
    if not patience.ready or looking or recording() > 1 or inference.get() or len(chains) > MOST_CHAINS:
        return None
    like = operands[0]
    if not like.shape:
        return None
    for x, a in zip(inputs, operands, strict=True):
        if a.__class__ is Lazy:
            if a.shape != like.shape or a.cost > LONGEST:
                return None
        elif isinstance(x, Tensor):
            if a.shape != like.shape or not a.flags.c_contiguous or x._extra is not None or not is_private(a):
                return None
    cost = _cost(op, like.dtype)
    if cost is None:
        return None
    key = (op.name, *op.defaults.items())
    r = Lazy(key, partial(op.forward, **op.defaults), operands, (arrays, loops), like, cost)
    r.wait()
    t = wrap(r)  # type: ignore[arg-type]
    edges = gather_edges(op, inputs) if recording() else None
    if edges is not None:
        record(op, (t,), (r,), inputs, operands, op.defaults, edges)
        node = t._edge[0]  # type: ignore[index]
        if any([x.__class__ is Lazy for x in node.saved]):
            node.__class__ = with_kind(DeferredNode, node.__class__)
    t.__class__ = Deferred
    return t


@functools.lru_cache(maxsize=1024)
def _cost(op: Op, dtype: Any) -> int | None:
    """How many instructions an op is; None if it is no loop."""
    if op.all_nondiff or op.extras or len(op.outputs) > 1:
        return None
    try:
        return length(partial(op.forward, loops, **op.defaults), dtype, len(op.inputs))
    except TypeError:
        return None
