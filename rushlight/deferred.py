"""Elementwise operations on large arrays that wait until somebody asks for their elements: a chain of them is one loop.

``torch.exp(torch.tanh(x * 1.5 + 0.5) * x)`` reads ``x`` once, and writes what backward needs and the result. By themselves the operations
would write five arrays to memory and read them back, which takes longer than the arithmetic.

What is deferred is a tensor of the class ``Deferred``, whose array is made when it is first read, whoever reads it. Its operands must
not change until then: who writes to a tensor's memory calls ``kernels.lazy.settle`` before, and memory that NumPy shares (``expose``),
which anyone may write to, makes nothing wait.
"""

from __future__ import annotations

import functools
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from .autograd.mode import inference, recording
from .fpstate import quietly
from .kernels.elementwise import length
from .kernels.iteration import forget_with_threads
from .kernels.lazy import LONGEST, MOST_CHAINS, Habit, Lazy, chains, is_private, looking
from .kernels.llvm import patience
from .large import formula_with, number_within
from .node import DeferredNode, gather_edges, record, with_kind
from .readers import arrays, loops
from .tensor import Deferred, Tensor, held_by, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from .op import Op

#: Who reads a formula: with arrays, and to make a loop.
_READERS = arrays, loops


def deferred(op: Op, inputs: tuple[Any, ...], operands: tuple[Any, ...]) -> Tensor | None:
    """The result of an elementwise op on what its inputs hold, deferred; None where it has to be computed now."""
    if not patience.ready or looking or recording() > 1 or inference.get() or len(chains) > MOST_CHAINS:
        return None
    like = operands[0]
    shape = like.shape
    if not shape:
        return None
    follows = False  # something that waits already
    for i, a in enumerate(operands):
        if a.__class__ is Lazy:
            follows = True
            if a.cost > LONGEST or a.shape != shape:
                return None
        elif isinstance(inputs[i], Tensor):
            if a.shape != shape or not a.flags.c_contiguous or inputs[i]._extra is not None or not is_private(a):
                return None
    number = number_within(op, operands)
    known = _formula(op, like.dtype, number)
    if known is None:
        return None
    key, formula, cost, habit = known
    if not follows and not habit.waits():
        return None
    r = Lazy(key, formula, operands[:-1] if number else operands, _READERS, like, cost, habit)
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


def reduced(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """A sum or mean of a chain that nobody else will ask for, computed while it is added; None where it is to be an array first."""
    x = args[0]
    a = held_by(x)
    # Beside who else may hold the tensor: the caller's arguments and variable, the variable here, the argument of getrefcount.
    if a.__class__ is not Lazy or op.planner is None or looking or getrefcount(x) > 4:
        return None
    if (
        recording() > 1 or inference.get() or getrefcount(a) > 3 or len(chains) > MOST_CHAINS
    ):  # the tensor's, and two here
        return None
    run, attrs = _planned(op, a, args[1:], kwargs)
    chain = None if run is None else a.chain()
    r = None if chain is None else quietly(run, chain)
    if r is None:
        return None
    t = wrap(r)
    edges = gather_edges(op, (x,)) if recording() else None
    if edges is not None:
        record(op, (t,), (r,), (x,), (a,), attrs, edges)
    return t


_plans: dict[Any, Any] = {}
forget_with_threads(_plans)


def _planned(op: Op, a: Lazy, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The op's plan for arrays like what is deferred and its attributes; the plan is None if it takes no chains, or there is none."""
    key = (op.name, a.shape, a.dtype, *args, *kwargs.items(), *map(type, args))
    try:
        if key not in _plans:
            like = np.empty(a.shape, a.dtype)
            attrs = op.bind((wrap(like), *args), kwargs)[1]
            run = op.planner(like, **attrs)  # type: ignore[misc]
            _plans[key] = run if getattr(run, "takes_chains", False) else None, attrs
        return _plans[key]
    except (
        TypeError,
        ValueError,
        RuntimeError,
        IndexError,
    ):  # an argument without a hash, or one that the general path refuses
        return None, None


@functools.lru_cache(maxsize=1024)
def _formula(op: Op, dtype: Any, number: tuple[Any, ...]) -> tuple[Any, Callable[..., Any], int, Habit] | None:
    """The key and the formula of an op's body, how many instructions it is, and its habit; None if it is no loop."""
    if op.all_nondiff or op.extras or len(op.outputs) > 1:
        return None
    formula = formula_with(op.forward, number, op.defaults)
    try:
        cost = length(lambda *arrays: formula(loops, *arrays), dtype, len(op.inputs) - len(number))
    except TypeError:
        return None
    return None if cost is None else ((op.name, *number, *op.defaults.items()), formula, cost, Habit())
