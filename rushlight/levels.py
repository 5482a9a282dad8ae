"""Tensors seen through a transformation: one example of a batch (``vmap``), a value with its tangent (``jvp``).

Each running transformation is a ``Level``, the outermost first in ``running``. What passes through one is wrapped: a ``Batched`` or
a ``Dual``, a Tensor whose class is neither Tensor nor Parameter, so that no short path takes it and it arrives at ``op.apply``,
which hands the call to the innermost level among its inputs. How a level computes stands in ``rushlight.transforms``, far above.

Neither wrapper takes part in a graph. That is always the graph of the plain tensors inside, whose edge the wrapper shows to who asks
whether there is one; ``transforms.gradients`` says what the gradient of a wrapped tensor is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from threading import get_ident
from typing import Any, NoReturn

import numpy as np

from . import errors
from .autograd.mode import recording
from .tensor import Tensor, edge_of, wrap
from .writing import check_result

ndarray = np.ndarray
_new = object.__new__

#: Who is asked about subclasses that compute operations themselves, while there are any: ``asked(op, inputs, attrs)``.
below: list[Any] = []

#: The transformations that run now, in any thread. The general call path asks whether there are any.
running: list[Level] = []


def stack() -> list[Level]:
    """The transformations that run in this thread, the outermost first."""
    me = get_ident()
    return [level for level in running if level.thread == me]


class Level:
    """One running transformation, a context manager. ``number`` is its depth, from 1; ``alive`` until it has returned."""

    #: Whether programs see it as a ``torch.func`` transformation, inside which ``backward`` and ``requires_grad_`` are refused.
    is_func = True

    number: int
    alive: bool = False
    #: What random functions do inside a ``vmap``: "error", "same" or "different"; None for other levels.
    randomness: str | None = None
    size = 1
    passed = False  # while an op that this level has seen runs further out

    def __enter__(self) -> Any:
        outer = stack()
        self.thread: int = get_ident()
        self.number = outer[-1].number + 1 if outer else 1
        self.alive = True
        running.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        self.alive = False
        running.remove(self)

    def process(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Run an op of which at least one input is wrapped at this level, none at an inner one."""
        raise NotImplementedError(type(self).__name__)

    def custom(self, cls: Any, args: tuple[Any, ...]) -> Any:
        """Apply a user-defined operation (``autograd.Function``) of which an argument is wrapped at this level."""
        raise NotImplementedError(type(self).__name__)

    def write(self, x: Tensor, result: Tensor) -> None:
        """Write ``result`` into ``x``; one of them is wrapped at this level, none at an inner one."""
        raise NotImplementedError(type(self).__name__)

    def get(self, x: Tensor, index: Any) -> Tensor:
        """``x[index]``, where ``x`` or a tensor in the index is wrapped at this level."""
        raise NotImplementedError(type(self).__name__)

    def set(self, x: Tensor, index: Any, value: Any) -> None:
        """``x[index] = value``, where one of them is wrapped at this level."""
        raise NotImplementedError(type(self).__name__)


class Wrapped(Tensor):
    """A tensor seen through the level ``at``. Its ``_a`` has the shape and dtype that programs see."""

    __module__ = "torch"
    at: Level

    def inside(self) -> tuple[Tensor, ...]:
        """The tensors that it is made of."""
        raise NotImplementedError(type(self).__name__)

    def rewrapped(self, change: Callable[[Any], Any]) -> Wrapped:
        """The same around what ``change`` makes of the tensors inside."""
        raise NotImplementedError(type(self).__name__)


def fresh(cls: Any, array: ndarray[Any, Any], at: Level) -> Any:
    """A new tensor of a class of wrapped ones."""
    t = _new(cls)
    t._a = array
    t._edge = t._grad = t._base = t._extra = None
    t._vc = [0]
    t.at = at
    return t


class Batched(Wrapped):
    """Every example of ``value``, whose first dimension is the batch, seen as one: without that dimension."""

    value: Tensor

    def inside(self) -> tuple[Tensor, ...]:
        return (self.value,)

    def rewrapped(self, change: Callable[[Any], Any]) -> Batched:
        return batched(change(self.value), self.at)


class Dual(Wrapped):
    """A tensor and its tangent, the derivative along the direction that the level asks for."""

    primal: Tensor
    tangent: Tensor

    def inside(self) -> tuple[Tensor, ...]:
        return self.primal, self.tangent

    def rewrapped(self, change: Callable[[Any], Any]) -> Dual:
        return dual(change(self.primal), change(self.tangent), self.at)


for _cls in (Batched, Dual):
    _cls.__name__ = _cls.__qualname__ = "Tensor"  # what programs see


class Blind(ndarray):  # type: ignore[type-arg]
    """The array of a batched tensor: shape, strides and dtype of one example. Reading it as one would be wrong for the others.

    Only what checks of arguments ask (the smallest element, whether any is true) has an answer: that of all examples together.
    """

    whole: ndarray[Any, Any] | None = None

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise data_dependent()

    def __array_function__(self, func: Any, kinds: Any, args: Any, kwargs: Any) -> NoReturn:
        raise data_dependent()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise data_dependent()


def _of_all(name: str) -> Any:
    def method(self: Blind, *args: Any, **kwargs: Any) -> Any:
        if self.whole is None or args or kwargs:
            raise data_dependent()
        return getattr(self.whole, name)()

    return method


for _name in ("min", "max", "any", "all"):
    setattr(Blind, _name, _of_all(_name))
for _name in (
    "__bool__ __int__ __float__ __complex__ __index__ __contains__ __iter__ "
    "item tolist tobytes sort argsort nonzero searchsorted dump dumps"
).split():
    setattr(Blind, _name, Blind._refuse)


class DataDependent(RuntimeError, errors.Deliberate):
    """Raised where the elements of a batched tensor were to be read as those of one tensor."""


DataDependent.__module__, DataDependent.__name__, DataDependent.__qualname__ = (
    "builtins",
    "RuntimeError",
    "RuntimeError",
)


def data_dependent() -> DataDependent:
    """The error of a function that reads the elements of a batched tensor."""
    return errors.advised(
        DataDependent(
            "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that "
            "yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
        ),
        "A function under vmap runs once for all examples, so that nothing may depend on the elements of one. Use "
        "torch.where instead of `if`, or call the function for each example.",
    )


_poison: dict[Any, ndarray[Any, Any]] = {}


def _poisoned(one: ndarray[Any, Any]) -> ndarray[Any, Any]:
    """An array of NaN (or the smallest number) with the strides of ``one``, so that elements read unlawfully are seen at once."""
    span = 1 + sum([(n - 1) * abs(s) for n, s in zip(one.shape, one.strides, strict=True) if n > 1]) // (
        one.itemsize or 1
    )
    memory = _poison.get(one.dtype)
    if memory is None or len(memory) < span:
        kind = one.dtype.kind
        bad: Any = True if kind == "b" else np.iinfo(one.dtype).min if kind in "iu" else np.nan
        memory = _poison[one.dtype] = np.full(2 * span, bad, one.dtype)
        memory.flags.writeable = False
    return np.lib.stride_tricks.as_strided(memory, one.shape, one.strides, writeable=False)


def outline(one: ndarray[Any, Any]) -> Blind:
    """What can be known of an array without its elements."""
    return _poisoned(one).view(Blind)


def batched(value: Tensor, at: Level) -> Batched:
    """One example of ``value``, batched along its first dimension."""
    a = value._a
    if a.__class__ is not ndarray:
        a = a.view(ndarray)
    blind = outline(a[0] if len(a) else np.lib.stride_tricks.as_strided(a, a.shape[1:], a.strides[1:]))
    blind.whole = value._a
    t: Batched = fresh(Batched, blind, at)
    t.value = value
    t._edge = value._edge if value._base is None else edge_of(value)  # for who asks whether a gradient is computed
    return t


def dual(primal: Tensor, tangent: Tensor, at: Level) -> Dual:
    """``primal`` with its tangent."""
    t: Dual = fresh(Dual, primal._a, at)
    t.primal, t.tangent = primal, tangent
    shown_as(t, primal)
    return t


def shown_as(t: Dual, primal: Tensor) -> None:
    """Give a dual tensor the history of its value: after its level it is that and nothing more."""
    if not isinstance(primal, Batched):
        t._edge, t._base, t._vc, t._extra = primal._edge, primal._base, primal._vc, primal._extra
        if t._base is not None:
            t._gen = primal._gen


def innermost(inputs: Iterable[Any]) -> Level | None:
    """The innermost level that wraps an input; None if none is wrapped. A dual tensor whose level has ended is a plain one."""
    found: Level | None = None
    for x in inputs:
        if isinstance(x, Wrapped) and (found is None or x.at.number > found.number) and (x.at.alive or x.at.randomness):
            found = x.at
    return found


# --- where calls are handed over --------------------------------------------------------------------------------------------
def apply(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """The results of an op whose inputs are wrapped, or that draws random numbers under ``vmap``; None if it is an ordinary call."""
    level = innermost(inputs)
    if level is None and "generator" in attrs:
        level = next((level for level in reversed(stack()) if level.randomness and not level.passed), None)
    if level is None:
        return below[0].asked(op, inputs, attrs) if below else None
    return check_alive(level, op.name).process(op, inputs, attrs)


def check_alive(level: Level, name: str) -> Level:
    """Refuse a tensor that was kept from a transformation that has returned.

    Raises:
        RuntimeError: naming the operation.
    """
    if not level.alive:
        raise errors.runtime(
            f"{name}: a tensor was used after the torch.func transformation that made it had returned",
            "Return what you need from the function that is transformed, instead of keeping it in a variable outside.",
        )
    return level


def inplace(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Do an in-place op if an argument is wrapped: compute the result, write it. False if it is an ordinary call."""
    if innermost((*args, *kwargs.values())) is None:
        return bool(below) and below[0].asked(op, *op.bind(args, kwargs), writes=True) is not None
    x = args[0]
    if recording():  # what the op saves of ``x`` outlives the write
        args = (x.clone(), *args[1:])
    result = op.public(*args, **kwargs)
    result = result[0] if isinstance(result, tuple) else result
    check_result(x, result._a)
    write(x, result)
    return True


def write(x: Tensor, result: Tensor) -> None:
    """Write a result of the right shape into a tensor; either may be wrapped."""
    level = innermost((x, result))
    if level is None:
        x.copy_(result)
    else:
        check_alive(level, "copy_").write(x, result)


def of_index(x: Tensor, index: Any, value: Any = None) -> Level | None:
    """The innermost level that wraps a tensor, a part of an index of it, or what is written there."""
    parts = index if index.__class__ is tuple else index if index.__class__ is list and len(index) < 32 else (index,)
    level = innermost((x, value, *parts))
    return None if level is None else check_alive(level, "indexing")


def each_example(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``fn`` for one example after another, the results stacked: for what reads the elements of its arguments."""
    level: Any = innermost(_tensors((args, kwargs)))
    if level is None or not level.randomness:
        raise data_dependent()
    rows = [fn(*_example(args, level, b), **_example(kwargs, level, b)) for b in range(level.size)]
    return _stacked(rows, level)


def _tensors(x: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, (tuple, list)):
        for item in x:
            yield from _tensors(item)
    elif isinstance(x, dict):
        yield from _tensors(list(x.values()))


def _example(x: Any, level: Level, b: int) -> Any:
    """Arguments as example ``b`` has them."""
    if isinstance(x, Batched) and x.at is level:
        return x.value.select(0, b)
    if x.__class__ is tuple or x.__class__ is list:
        return x.__class__([_example(item, level, b) for item in x])
    return {name: _example(item, level, b) for name, item in x.items()} if x.__class__ is dict else x


def _stacked(rows: list[Any], level: Level) -> Any:
    first = rows[0]
    if isinstance(first, Tensor):
        if len({row._a.shape for row in rows}) > 1:
            raise data_dependent()
        joined = rows[0].unsqueeze(0) if len(rows) == 1 else type(level).stack(rows)  # type: ignore[attr-defined]
        return batched(joined, level)
    if isinstance(first, (tuple, list)):
        items = [_stacked(list(column), level) for column in zip(*rows, strict=True)]
        return type(first)(*items) if hasattr(first, "_fields") else type(first)(items)
    return first


def by_example(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that reads the elements of its tensors run once for each example under ``vmap``."""

    @functools.wraps(fn)
    def public(*args: Any, **kwargs: Any) -> Any:
        if running:
            level = innermost(_tensors((args, kwargs)))
            if level is not None and level.randomness:
                return each_example(public, args, kwargs)
        return fn(*args, **kwargs)

    return public


# --- random numbers ------------------------------------------------------------------------------------------------------------
def drawing() -> list[Level]:
    """The running ``vmap`` levels for each of whose examples numbers are to be drawn, the outermost first.

    Raises:
        RuntimeError: under ``vmap(..., randomness="error")``.
    """
    found = []
    for level in stack():
        if level.randomness == "error" and not level.passed:
            raise errors.runtime(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
                "randomness flags on vmap or perform the randomness operation out of vmap"
            )
        if level.randomness == "different" and not level.passed:
            found.append(level)
    return found


def drawn(shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Tensor]) -> Tensor:
    """``draw(shape)``, or under ``vmap`` one draw of that shape for each example, in their order."""
    levels = drawing()
    t = draw((*[level.size for level in levels], *shape))
    for level in levels:
        t = batched(t, level)
    return t


def refill(x: Tensor, fill: Callable[[Tensor], Any]) -> None:
    """``fill(x)``, which draws numbers in place, for each example.

    Raises:
        RuntimeError: where each example is to get its own numbers in a tensor that all share.
    """
    if isinstance(x, Dual):
        refill(x.primal, fill)
        x.tangent.zero_()
        return
    if isinstance(x, Wrapped) and not x.inside():  # without elements
        return
    waiting = [level for level in stack() if level.randomness and not level.passed]
    if not waiting:
        fill(x)
        return
    drawing()
    level = waiting[-1]
    mine = isinstance(x, Batched) and x.at is level
    if not mine and level.randomness == "different":
        raise errors.runtime(
            "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. If this "
            "is necessary for your usage, please file an issue with functorch."
        )
    level.passed = True
    try:
        if not mine:
            refill(x, fill)
        elif level.randomness == "different":
            refill(x.value, fill)  # type: ignore[attr-defined]
        else:
            one = wrap(np.empty(x._a.shape, x._a.dtype))
            refill(one, fill)
            write(x, one)
    finally:
        level.passed = False


# --- what programs may not do inside -----------------------------------------------------------------------------------------
def is_func() -> bool:
    """Whether a ``torch.func`` transformation is running, which ``forward_ad.dual_level`` is not."""
    return any(level.is_func for level in stack())


def check_requires_grad() -> None:
    """Refuse ``requires_grad_`` inside a ``torch.func`` transformation.

    Raises:
        RuntimeError: naming the transformations to use.
    """
    if is_func():
        raise errors.runtime(
            "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) inside of a "
            "function being transformed by a functorch transform. This is unsupported, please attempt to use the functorch "
            "transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside of a function being transformed "
            "instead."
        )


def check_backward() -> None:
    """Refuse ``backward`` inside a ``torch.func`` transformation.

    Raises:
        RuntimeError: naming the transformations to use.
    """
    if is_func():
        raise errors.runtime(
            "backward() called inside a functorch transform. This is not supported, please use functorch.grad or functorch.vjp "
            "instead or call backward() outside of functorch transforms."
        )
