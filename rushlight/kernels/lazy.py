"""Arrays that are computed when they are needed: a chain of elementwise formulas becomes one loop.

Backward of ``exp(tanh(x * 1.5) * x)`` is five formulas on arrays of one shape. Each by itself reads its operands from memory and writes its
result there for the next to read; deferred, they are one pass. Values do not change by it: every step is rounded as before.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from functools import partial
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from ..fpstate import quiet
from .elementwise import fused, loop_of, recorded, sorted_operands
from .iteration import is_half
from .llvm import setting
from .memory import empty
from .strides import root_array

if TYPE_CHECKING:
    from .chain_sums import Chain

Array = np.ndarray[Any, Any]

#: Elements from which on deferring pays for its bookkeeping. RUSHLIGHT_KERNELS=now defers all.
DEFERRED = 1 if setting() == "now" else 1 << 18
#: Instructions that are rather computed once than again for each of several users.
DEAR = 6
#: Instructions of a chain that is long enough: a longer one gains nothing, and takes long to compile.
LONGEST = 60


#: Deferred values of the forward pass that nobody has asked for yet; gradients are not among them, which the engine settles itself.
#: Their operands must not be written before they are computed (``settle``).
pending: dict[int, weakref.ref[Lazy]] = {}
MOST_PENDING = 64
#: Who wants each operation to be computed when it is called: a profiler.
looking: list[object] = []
#: Chains that have been compiled. A program that makes ever new ones spends its time on compiling: at some point nothing waits any more.
chains: set[Any] = set()
MOST_CHAINS = 256


#: One thread at a time takes what waits apart.
_computing = threading.RLock()
os.register_at_fork(after_in_child=lambda: globals().update(_computing=threading.RLock()))


def _forget(place: int) -> None:
    pending.pop(place, None)
    if _copies is not None:
        _copies.pop(place, None)


#: For tests (RUSHLIGHT_CHECK_DEFERRED): the operands as they were, so that one that was written meanwhile is found.
_copies: dict[int, list[tuple[Array, Array]]] | None = {} if os.environ.get("RUSHLIGHT_CHECK_DEFERRED") else None
#: Elements from which on operations of the forward pass wait; the tests have all of them wait.
WAITING = 1 if _copies is not None else 1 << 18


class Habit:
    """What became of an operation's results that waited: what is read by itself each time gains nothing by waiting.

    Each result that is read alone costs ``ALONE``, and when nothing is left the operation is computed when it is called. Each such call
    earns one back, so that now and then a result waits again; one that became part of a chain settles all.
    """

    __slots__ = ("credit",)
    ALONE, FULL = 16, 128

    def __init__(self) -> None:
        self.credit: int = self.FULL

    def waits(self) -> bool:
        """Whether the next result is to wait."""
        if self.credit > 0:
            return True
        self.credit += 1
        return False


class Lazy:
    """``formula(reader, *operands)`` of contiguous arrays of one shape and dtype, of numbers, and of others like it.

    ``key`` says which formula it is, ``cost`` how many instructions, ``readers`` are those for NumPy and for loops. ``habit`` is that of
    the operation, if it is one of the forward pass.
    """

    key: Any
    formula: Callable[..., Any]
    readers: tuple[Any, Any]
    shape: Any
    dtype: Any
    size: Any
    ndim: Any
    operands: tuple[Any, ...]

    __slots__ = (
        "key",
        "formula",
        "operands",
        "readers",
        "shape",
        "dtype",
        "size",
        "ndim",
        "cost",
        "habit",
        "found",
        "__weakref__",
    )

    def __init__(
        self,
        key: Any,
        formula: Callable[..., Any],
        operands: tuple[Any, ...],
        readers: tuple[Any, Any],
        like: Any,
        cost: int,
        habit: Habit | None = None,
    ):
        self.habit = habit
        self.key, self.formula, self.operands, self.readers = key, formula, operands, readers
        self.shape, self.dtype, self.size, self.ndim = like.shape, like.dtype, like.size, len(like.shape)
        for x in operands:
            if x.__class__ is Lazy:
                cost += x.cost
        self.cost: int = cost
        self.found: Array | None = None

    def wait(self) -> None:
        """Count it among the pending."""
        if len(pending) >= MOST_PENDING:
            settle()
        place = id(self)
        pending[place] = weakref.ref(self, lambda _: _forget(place))
        if _copies is not None:
            _copies[place] = [(x, x.copy()) for x in self.operands if x.__class__ is np.ndarray]

    def compute(self) -> Array:
        """The array; computed once, and in the same pass what it is made of and others will ask for."""
        if self.found is None:
            with _computing:
                self._compute()
        return self.found  # type: ignore[return-value]

    def _compute(self) -> None:
        if self.found is None and not self._is_alone():  # still, as another thread may have been at it
            steps, operands = self._steps()
            if _copies is not None:
                for then, now in [pair for x in steps if id(x) in pending for pair in _copies[id(x)]]:
                    assert np.array_equal(then, now, equal_nan=True), "an operand was written before it was read"
            held = [x is self or (id(x) in pending and _is_held(x, steps)) for x in steps]
            wanted = [i for i, is_held in enumerate(held) if is_held]
            names = tuple([(x.key, *places) for x, places in steps.items()])
            formulas = [(x.formula, places) for x, places in steps.items()]

            if len(steps) > 1:
                chains.add((names, *wanted))

            def run(*values: Any) -> Any:
                results = _evaluated(formulas, self.readers[1], values)
                return tuple([results[i] for i in wanted])

            found = fused((names, *wanted), run, operands)
            if found is None:
                by_numpy = [(partial(_in_dtype, x), places) for x, places in steps.items()]
                results = _evaluated(by_numpy, self.readers[0], operands)
                found = [results[i] for i in wanted]
            elif len(wanted) == 1:
                found = (found,)
            arrays = iter(found)
            for x, is_held in zip(steps, held, strict=True):
                if is_held:
                    x.found = next(arrays)
                    x.operands = ()  # what was saved for it may go
                    _forget(id(x))

    def _is_alone(self) -> bool:
        """Whether this is one step on arrays and numbers, the commonest case, which is then computed with fewer questions."""
        operands = self.operands
        if _copies is not None:
            return False
        for x in operands:
            if x.__class__ is Lazy:
                return False
        if self.habit is not None:
            self.habit.credit -= Habit.ALONE
        key = self.key, self.dtype, len(operands)
        loop = _alone.get(key)
        found: Any = None
        if loop is not None:
            found = empty(self.shape, self.dtype)
            if not loop(found, *operands):
                found = None
        if found is None:
            function = partial(self.formula, self.readers[1])
            found = fused((self.key, "alone"), function, operands)
            if found is None:
                found = _in_dtype(self, self.readers[0], *operands)
            elif all([x.__class__ is np.ndarray and x.dtype is self.dtype and x.flags.c_contiguous for x in operands]):
                _alone[key] = loop_of((self.key, "alone"), function, self.dtype, len(operands))
        self.found = found
        self.operands = ()  # what was saved for it may go
        _forget(id(self))
        return True

    def chain(self) -> Chain | None:
        """What would be computed as the operand of a sum, which nobody else asks for; None where it has to be an array.

        A step that others ask for too is computed here and once more for them, if it is not dear.
        """
        from . import chain_sums

        steps, operands = self._steps()
        if any([x is not self and x.cost > DEAR and _is_held(x, steps) for x in steps]):
            return None
        kinds = sorted_operands(operands)
        if kinds is None:
            return None
        shape, dtype, arrays, numbers, pattern = kinds
        key = ("sum", dtype, *pattern, *[(x.key, *places) for x, places in steps.items()])
        if key not in _sums:
            formulas = [(x.formula, places) for x, places in steps.items()]
            chains.add(key)
            loop = recorded(lambda *values: _evaluated(formulas, self.readers[1], values)[-1], dtype, pattern)
            _sums[key] = None if loop is None else chain_sums.summed(loop)
        run = _sums[key]
        return None if run is None or shape != self.shape else chain_sums.Chain(run, (*arrays, *numbers))

    def array(self) -> Array:
        """The same for whoever asks from outside of operations: without NumPy's warnings."""
        if self.found is not None:
            return self.found
        with quiet():
            return self.compute()

    def _steps(self) -> tuple[dict[Lazy, Any], list[Any]]:
        """What is to be computed, in order and each once, with the places of its operands: (True, step) or (False, array or number).

        That they are computed together is what they have waited for.
        """
        steps: dict[Lazy, Any] = {}
        operands: list[Any] = []
        _place(self, {}, steps, operands)
        for x in steps:
            if x.habit is not None:
                x.habit.credit = Habit.FULL
        return steps, operands


def _place(x: Any, places: dict[int, Any], steps: dict[Lazy, Any], operands: list[Any]) -> tuple[bool, int]:
    """Where a value is: among the steps, or among the operands.

    (A function within the method would refer to itself, and keep the operands until the garbage collector comes.)
    """
    if x.__class__ is Lazy and x.found is not None:
        x = x.found
    known = places.get(id(x))
    if known is None:
        if x.__class__ is Lazy:
            inputs = [_place(y, places, steps, operands) for y in x.operands]
            known = True, len(steps)
            steps[x] = inputs
        else:
            known = False, len(operands)
            operands.append(x)
        places[id(x)] = known
    return known  # type: ignore[no-any-return]


def _in_dtype(x: Lazy, reader: Any, *operands: Any) -> Array:
    """A step by NumPy, which takes a Python number beside 16-bit floats for a float64."""
    r = x.formula(reader, *operands)
    return r if r.dtype is x.dtype or not is_half(x.dtype) else r.astype(x.dtype)  # type: ignore[no-any-return]


def _evaluated(formulas: Any, reader: Any, values: Any) -> list[Any]:
    """The results of all steps."""
    results: list[Any] = []
    for formula, places in formulas:
        results.append(formula(reader, *[(results if deferred else values)[i] for deferred, i in places]))
    return results


#: The loops of single steps on arrays, by key, dtype and number of arrays.
_alone: dict[Any, Any] = {}
#: The kernels that sum chains.
_sums: dict[Any, Any] = {}


def _is_held(x: Lazy, steps: dict[Lazy, Any]) -> bool:
    """Whether somebody outside of the steps refers to one of them: a tensor, a node that has saved it, another that is made of it."""
    inside = sum([y is x for step in steps for y in step.operands])
    # Beside them: the dict, the variable here and the caller's, the argument of getrefcount.
    return getrefcount(x) - inside > 4


def settle() -> None:
    """Compute what is pending, as its operands are about to be written, or seen by somebody who may write to them."""
    if pending:
        with quiet():
            for waiting in list(pending.values()):
                x = waiting()
                if x is not None:
                    x.compute()


#: The owners of large memory that NumPy shares, by their ids.
_exposed: dict[int, weakref.ref[Array]] = {}


def expose(a: Array) -> None:
    """Note that somebody outside may write to the memory of an array from now on."""
    settle()
    root = a if a.base is None else root_array(a)
    place = id(root)
    if root.size >= WAITING and place not in _exposed:
        _exposed[place] = weakref.ref(root, lambda _: _exposed.pop(place))


def is_private(a: Array) -> bool:
    """Whether only we can write to the memory of an array."""
    root = a if a.base is None else root_array(a)
    return root.base is None and id(root) not in _exposed


def computed(x: Any) -> Any:
    """A value as it is, or computed now if it was deferred."""
    return x.compute() if x.__class__ is Lazy else x


def sum_of(a: Any, b: Any) -> Lazy:
    """``a + b``, one of which is deferred."""
    like = a if a.__class__ is Lazy else b
    a, b = [x.compute() if x.__class__ is Lazy and x.cost > LONGEST else x for x in (a, b)]
    return Lazy("sum", _add, (a, b), like.readers, like, 1)


def _add(reader: Any, a: Any, b: Any) -> Any:
    return a + b
