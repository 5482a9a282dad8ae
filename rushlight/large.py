"""Elementwise ops on large arrays: a body, or the rules of a node, as one loop on all threads.

The same body that NumPy reads in several passes is read with symbols (``readers.loops``) and compiled. What has no loop (other dtypes,
shapes that broadcast, a body that works on arrays directly) stays with NumPy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .kernels.elementwise import LARGE, MEDIUM, fused, has_loops, length, loop_for, loop_of
from .kernels.iteration import forget_with_threads
from .kernels.lazy import DEAR, DEFERRED, LONGEST, MOST_CHAINS, Lazy, chains, computed
from .kernels.llvm import patience
from .kernels.summation import planned
from .readers import arrays, loops

if TYPE_CHECKING:
    from .op import Op

ndarray = np.ndarray

#: Calls after which an elementwise body, or rule, is asked for as a loop for small arrays as well: cheaper than NumPy's several passes.
OFTEN = 2000

#: Elements on which NumPy takes about as long as it takes to compile a loop.
AT_ONCE = 1 << 22


def body(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], out: Any = None) -> Any:
    """The result of an elementwise body on arrays, in ``out`` if it is given; None if NumPy is to compute it."""
    if op.all_nondiff or op.extras or len(op.outputs) > 1 or not _is_worth_it(operands):
        return None
    formula, given, number = formula_of(op, op.forward, operands, attrs)
    try:
        return _fused_or_masked((op.name, *number, *attrs.items()), partial(formula, loops), given, out)
    except TypeError:  # an attribute without a hash
        return None


def _fused_or_masked(key: Any, function: Callable[..., Any], operands: Any, out: Any = None) -> Any:
    """One loop, also where a mask is broadcast."""
    found = fused(key, function, operands, out)
    if found is not None or not any([x.__class__ is ndarray and x.dtype == bool for x in operands]):
        return found
    from .kernels import broadcast

    return broadcast.masked(key, function, operands, out)


def formula_of(
    op: Op, function: Any, operands: Sequence[Any], attrs: dict[str, Any]
) -> tuple[Any, Sequence[Any], tuple[Any, ...]]:
    """A body or a rule as ``formula(reader, *arrays)``, its arrays, and the number that is part of it."""
    number = number_within(op, operands)
    return formula_with(function, number, attrs), operands[:-1] if number else operands, number


def number_within(op: Op, operands: Sequence[Any]) -> tuple[Any, ...]:
    """The number that is part of a formula, where that asks which it is, as that of powers does for the exponent."""
    return (operands[-1],) if op.keeps_floats and operands and operands[-1].__class__ in (int, float) else ()


def formula_with(function: Any, number: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """A body or a rule with its number and settings as ``formula(reader, *arrays)``."""
    if number:
        return lambda reader, *arrays: function(reader, *arrays, *number, **attrs)
    return partial(function, **attrs) if attrs else function


def pointwise(k: Any, formula: Callable[..., Any], *operands: Any, **settings: Any) -> Any:
    """``formula(k, *operands, **settings)``, an elementwise part of a body or rule: of large arrays as one loop. The first operand has the
    shape of the result; others may be numbers, or None."""
    if k is arrays and is_long(operands):
        found = _fused_or_masked((formula, *settings.items()), partial(formula, loops, **settings), operands)
        if found is not None:
            return found
    return formula(k, *operands, **settings)


def reduced(formula: Callable[..., Any], operands: tuple[Any, ...], settings: dict[str, Any], mean: bool) -> Any:
    """The sum, or mean, of an elementwise formula of large arrays, added up while it is computed; None if that cannot be."""
    first = operands[0]
    if not is_long(operands) or not patience.ready or len(chains) > MOST_CHAINS:
        return None
    key = first.shape, first.dtype, mean
    if key not in _sums:
        run = planned(first, tuple(range(first.ndim)), False, float(first.size) if mean else 1.0)
        _sums[key] = run if getattr(run, "takes_chains", False) else None
    if _sums[key] is None or not first.flags.c_contiguous:
        return None
    chain = Lazy(
        (formula, *settings.items()), partial(formula, **settings), operands, (arrays, loops), first, 0
    ).chain()
    return None if chain is None else _sums[key](chain)


#: What sums arrays of a shape and dtype.
_sums: dict[Any, Any] = {}
forget_with_threads(_sums)


def is_long(operands: tuple[Any, ...]) -> bool:
    """Whether the first of the operands is an array of floats for which a loop is worth it."""
    first = operands[0]
    if first.__class__ is not ndarray or not has_loops(first.dtype):
        return False
    return first.ndim > 0 and first.size >= MEDIUM and _is_worth_it(operands)


def spread(op: Op, a: Any, b: Any, attrs: dict[str, Any], out: Any = None) -> Any:
    """The result of an elementwise body where one of two arrays is broadcast to the other's shape; None if NumPy is to compute it."""
    if not patience.ready or op.all_nondiff or op.extras or len(op.outputs) > 1:
        return None
    if a.__class__ is not ndarray or b.__class__ is not ndarray or a.shape == b.shape:
        return None
    from .kernels import broadcast

    try:
        return broadcast.spread((op.name, *attrs.items()), partial(op.forward, loops, **attrs), a, b, out)
    except TypeError:  # an attribute without a hash
        return None


def _is_worth_it(operands: tuple[Any, ...]) -> bool:
    """Whether loops are worth compiling, after the work on these arrays or for it alone."""
    if patience.ready is not None:
        return patience.ready
    size = max([x.size for x in operands if x.__class__ is ndarray], default=LARGE)
    return patience.over_or_large(size, 1, AT_ONCE)


def native(op: Op, dtype: Any, attrs: dict[str, Any]) -> Any:
    """The loop of an elementwise body of arrays, which makes its result; None if there is none."""
    if op.all_nondiff or op.extras or len(op.outputs) > 1:
        return None
    try:
        return loop_of((op.name, *attrs.items()), partial(op.forward, loops, **attrs), dtype, len(op.inputs))
    except TypeError:  # an attribute without a hash
        return None


def small(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """The loop of an elementwise body for arrays like these, which makes its result and refuses (False) what does not fit; None if there
    is none."""
    if op.all_nondiff or op.extras or len(op.outputs) > 1:
        return None
    try:
        return loop_for((op.name, *attrs.items()), partial(op.forward, loops, **attrs), operands)
    except TypeError:  # an attribute without a hash
        return None


def small_gradient(op: Op) -> Callable[[Any, Any], Any] | None:
    """The rule of an op of one tensor as ``f(g, saved)``, which answers once it has been asked often and there is a loop for arrays of any
    size; None where it has no answer. There is no such function for a rule that is one step of NumPy's, or that asks for more."""
    (rule,) = op.rules if len(op.rules) == 1 else (None,)
    if rule is None or rule.attrs or len(rule.slots) != 1 or threshold(op) != MEDIUM:
        return None
    left, by_dtype = OFTEN, dict[Any, Any]()

    def found(g: Any, saved: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            if not left and not patience.over(0, OFTEN):
                left = 0 if patience.ready is False else OFTEN
            return None
        dtype = g.dtype
        loop = by_dtype.get(dtype, False)
        if loop is False:
            ready = patience.ready and has_loops(dtype)
            loop = by_dtype[dtype] = loop_of((op.name, "rule"), partial(rule.fn, loops), dtype, 2) if ready else None
        if loop is None or saved.__class__ is not ndarray or saved.shape != g.shape:
            return None
        r = loop(g, saved)
        return r if r.__class__ is ndarray else None

    return found


def gradients(op: Op, edges: tuple[Any, ...], g: Any, saved: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """What the rules of an elementwise op give, each a loop that waits until it is needed or, for smaller arrays, one loop for all;
    None if NumPy is to compute it."""
    if not _is_worth_it((g, *saved)):
        return None
    needed = [i for i, (rule, edge) in enumerate(zip(op.rules, edges, strict=True)) if rule and edge is not None]
    rules = [op.rules[i] for i in needed]
    if not all([rule.slots for rule in rules]) and g.__class__ is not Lazy:
        return None  # an array passed on, or a single pass: the rules say it shorter
    try:
        if (
            g.size >= DEFERRED
            and g.shape
            and all([_same_shape(saved[s], g.shape) for rule in rules for s in rule.slots])
        ):
            found = _deferred(op, needed, g, saved, attrs)
        else:
            found = _at_once(op, needed, rules, computed(g), saved, attrs)
    except (TypeError, KeyError):  # an attribute without a hash, or one that the engine fills in
        return None
    if found is None:
        return None
    results: list[Any] = [None] * len(edges)
    for i, r in zip(needed, found, strict=True):
        results[i] = r
    return tuple(results)


def threshold(op: Op) -> int:
    """Elements from which on the rules of an op are asked for as loops."""
    lengths = []
    for rule in op.rules:
        if rule is not None and rule.slots:
            try:
                attrs = tuple([(n, op.defaults[n]) for n in rule.attrs])
                lengths.append(_cost(op, rule, np.dtype(np.float32), attrs))
            except (KeyError, TypeError):  # an attribute that each call gives, or one without a hash
                lengths.append(None)
    return MEDIUM if any([n is not None and n > 1 for n in lengths]) else LARGE


def _same_shape(x: Any, shape: tuple[int, ...]) -> bool:
    """Whether a saved value is a number or an array of this shape."""
    return x.__class__ is float or (x.__class__ is ndarray and (not x.ndim or x.shape == shape))


def _at_once(op: Op, needed: Any, rules: Any, g: Any, saved: Any, attrs: Any) -> Any:
    """All rules in one loop."""
    slots = sorted({slot for rule in rules for slot in rule.slots})
    formula, operands, number = formula_of(
        op, _all_rules(rules, slots, attrs), [g, *[saved[slot] for slot in slots]], {}
    )
    if any([x.__class__ is tuple or x is None for x in operands]):
        return None
    found = _fused_or_masked((op.name, "rules", *needed, *number, *attrs.items()), partial(formula, loops), operands)
    return found if found is None or len(needed) > 1 else (found,)


def _all_rules(rules: Any, slots: list[int], attrs: dict[str, Any]) -> Any:
    def written(reader: Any, g: Any, *values: Any) -> tuple[Any, ...]:
        by_slot = dict(zip(slots, values, strict=True))
        return tuple([
            rule.fn(reader, g, *[by_slot[s] for s in rule.slots], **{n: attrs[n] for n in rule.attrs}) for rule in rules
        ])  # fmt: skip

    return written


def _deferred(op: Op, needed: Any, g: Any, saved: Any, attrs: Any) -> Any:
    """Each rule as a formula that waits."""
    rules = [op.rules[i] for i in needed]
    formulas, costs = [], []
    for rule in rules:
        own = {n: attrs[n] for n in rule.attrs}
        formula, given, number = formula_of(op, rule.fn, [saved[s] for s in rule.slots], own)
        masks = tuple([i for i, x in enumerate((g, *given)) if x.__class__ is ndarray and x.dtype == bool])
        cost = _cost(op, rule, g.dtype, tuple(own.items()), number, masks)
        if cost is None:
            return None
        formulas.append((formula, given, (*number, *own.items())))
        costs.append(cost)
    if g.__class__ is Lazy and g.cost > (DEAR if len(rules) > 1 else LONGEST):
        g = g.compute()
    return [
        Lazy((op.name, i, *key), formula, (g, *given), (arrays, loops), g, cost)
        for i, (formula, given, key), cost in zip(needed, formulas, costs, strict=True)
    ]


@functools.lru_cache(maxsize=4096)
def _cost(
    op: Op,
    rule: Any,
    dtype: Any,
    attrs: tuple[tuple[str, Any], ...],
    number: tuple[Any, ...] = (),
    masks: tuple[int, ...] = (),
) -> int | None:
    """How many instructions a rule is; None if it is no loop."""
    function = partial(rule.fn, **dict(attrs))
    return length(lambda *arrays: function(loops, *arrays, *number), dtype, 1 + len(rule.slots) - len(number), masks)
