"""Public functions that have no record, as PyTorch's inside knows them, while modes are open: new tensors, random numbers, ``detach``.

They are led through doors (``doors``). All other functions without a record go their own way, which a mode may look at when they have
returned (``left``): what they did that no operation has shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from .. import families
from ..autograd.mode import recording
from ..doors import beneath, close_door, led, open_door, with_code
from ..function_modes import public_functions
from ..functions import FUNCTIONS
from ..levels import innermost
from ..ops.index_parts import basic
from ..ops.index_short import guard
from ..ops.indexing import take_apart
from ..promotion import cast_array
from ..readers import REGISTRY
from ..tensor import Tensor, wrap
from ..types import CPU
from . import forms
from .stack import ask, current_mode


def _size_of(args: tuple[Any, ...]) -> list[int]:
    return list(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple)) else list(args)


def _options(kwargs: dict[str, Any], device: bool = True) -> dict[str, Any]:
    """The keywords of a factory as PyTorch hands them on."""
    given = {k: kwargs[k] for k in ("dtype", "layout") if kwargs.get(k) is not None}
    if device or kwargs.get("device") is not None:
        given["device"] = CPU
    more = {k: kwargs[k] for k in ("memory_format", "generator") if kwargs.get(k) is not None}
    return {**given, "pin_memory": False, **more}


def _wanting(made: Any, kwargs: dict[str, Any]) -> Any:
    return made.requires_grad_(True) if kwargs.get("requires_grad") else made


def _of_size(name: str, overload: str = "default") -> Callable[..., Any]:
    def called(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        size = [kwargs["size"]] if "size" in kwargs else args
        return _wanting(ask(name, overload, (_size_of(tuple(size)),), _options(kwargs)), kwargs)

    return called


def _full(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    size = args[0] if args else kwargs["size"]
    value = args[1] if len(args) > 1 else kwargs["fill_value"]
    return _wanting(ask("full", "default", (_size_of((size,)), value), _options(kwargs)), kwargs)


def _of_numbers(name: str, overloads: tuple[str, ...], names: str) -> Callable[..., Any]:
    """A factory of one to three numbers, each count a form of its own."""

    def called(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        numbers = [*args, *[kwargs[n] for n in names.split()[len(args) :] if n in kwargs]]
        return _wanting(ask(name, overloads[len(numbers) - 1], tuple(numbers), _options(kwargs)), kwargs)

    return called


def _like(name: str) -> Callable[..., Any]:
    def called(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [*args, *[kwargs[n] for n in ("input", "fill_value") if n in kwargs]]
        return _wanting(ask(name, "default", tuple(given), _options(kwargs, False)), kwargs)

    return called


def _as_given(name: str, overload: str = "default") -> Callable[..., Any]:
    return lambda args, kwargs: ask(name, overload, args, kwargs)


def _bernoulli(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    by_tensor = len(args) > 1 and isinstance(args[1], Tensor)
    return ask("bernoulli_", "Tensor" if by_tensor else "float", args, kwargs)


#: By PyTorch's name: ``call(args, kwargs)``. Of tensors that need a gradient nothing here records one.
CALLS: dict[str, Callable[..., Any]] = {
    **{name: _of_size(name) for name in ("zeros", "ones", "rand", "randn")}, "empty": _of_size("empty", "memory_format"), "full": _full,
    "arange": _of_numbers("arange", ("default", "start", "start_step"), "start end step"),
    "linspace": _of_numbers("linspace", ("default",) * 3, "start end steps"), "eye": _of_numbers("eye", ("default", "m"), "n m"),
    "randperm": _of_numbers("randperm", ("default",), "n"),
    **{name: _like(name) for name in "zeros_like ones_like full_like empty_like rand_like randn_like".split()},
    "multinomial": _as_given("multinomial"), "Tensor.detach": _as_given("detach"),
    **{f"Tensor.{name}": _as_given(name) for name in "normal_ uniform_ exponential_ random_".split()},
    "Tensor.item": _as_given("_local_scalar_dense"), "Tensor.bernoulli_": _bernoulli,
    "Tensor.__bool__": lambda args, kwargs: bool(ask("_local_scalar_dense", "default", args, kwargs)),
}  # fmt: skip


def tensor(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``torch.tensor``: the elements, and a call that hands them on."""
    made = behind(*args, **kwargs)
    if made.requires_grad:
        return ask("lift_fresh", "default", (made.detach(),), {}).requires_grad_(True)
    return ask("lift_fresh", "default", (made,), {})


def dropout(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``F.dropout``: a mask, drawn and divided, and a product."""
    given = dict(zip(("input", "p", "training", "inplace"), args, strict=False)) | kwargs
    x, p = given["input"], given.get("p", 0.5)
    if (
        not given.get("training", True)
        or not 0 < p < 1
        or given.get("inplace")
        or not isinstance(x, Tensor)
        or not x.numel()
    ):
        return NotImplemented
    mask = ask("empty_like", "default", (x,), {})
    mask = ask("bernoulli_", "float", (mask, 1 - p), {})
    return x * ask("div_", "Scalar", (mask, 1 - p), {})


def set_item(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``x[index] = value``: the part, and a write to it."""
    x, index, value = args
    if (
        recording()
        and (x.requires_grad or getattr(value, "requires_grad", False))
        or basic(index if isinstance(index, tuple) else (index,)) is None
    ):
        return NotImplemented
    if not isinstance(value, Tensor):
        value = ask("lift_fresh", "default", (wrap(cast_array(np.asarray(value), x._a.dtype)),), {})
    part = x[index]
    if value.ndim:
        return ask("copy_", "default", (part, value), {})
    return ask("fill_", "Tensor", (part, value), {})


def get_item(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``x[index]``: a view for each part, what tensors pick last."""
    x, index = args
    token = forms.index_tensors.set(
        [i for i in (index if isinstance(index, tuple) else (index,)) if isinstance(i, Tensor)]
    )
    try:
        view, gather, sources = take_apart(x, index, by_nodes=True)
        if gather is None:
            return REGISTRY["alias"].public(view) if view is x else view
        out = REGISTRY["index_get"].public(view, where=gather)
        if out._edge is not None:
            guard(out._edge[0], sources)
        return out
    finally:
        forms.index_tensors.reset(token)


def _split(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``split``; with a gradient it has a node of its own, which no operation shows."""
    x = args[0] if args else None
    if not isinstance(x, Tensor) or (recording() and x.requires_grad) or kwargs:
        return NotImplemented
    whole = isinstance(args[1], int)
    return tuple(ask("split" if whole else "split_with_sizes", "Tensor" if whole else "default", args, {}))


def _unbind(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x = args[0] if args else None
    if not isinstance(x, Tensor) or (recording() and x.requires_grad) or kwargs:
        return NotImplemented
    return tuple(ask("unbind", "int", args, {}))


def zero(behind: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``zero_``, which is recorded as an operation of its own."""
    if recording() and args[0].requires_grad:
        return NotImplemented
    return ask("zero_", "default", args, kwargs)


#: In the same way, of the function itself too; NotImplemented where the call is to go its own way.
AROUND: dict[str, Callable[..., Any]] = {
    "split": _split, "Tensor.split": _split, "unbind": _unbind, "Tensor.__getitem__": get_item, "Tensor.__setitem__": set_item,
    "Tensor.zero_": zero,
    "tensor": tensor, "nn.functional.dropout": dropout,
}  # fmt: skip


# --- doors ----------------------------------------------------------------------------------------------------------------
class Door:
    """A public function while modes are open."""

    def __init__(self, public: FunctionType, name: str):
        self.public: FunctionType = public
        self.drawn: bool = name in FUNCTIONS and FUNCTIONS[name].module.endswith("sampling")
        self.call: Callable[..., Any] | None = CALLS.get(name)
        self.around: Callable[..., Any] | None = AROUND.get(name)
        self.led: CodeType = led(public, self)
        self.behind: Callable[..., Any] = with_code(public, beneath(public, "dispatch"))

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        top = current_mode()
        if top is None or innermost((*args, *kwargs.values())) is not None:
            return self.behind(*args, **kwargs)
        if kwargs.get("out") is None:
            if self.call is not None:
                return self.call(args, kwargs)
            if self.around is not None:
                result = self.around(self.behind, args, kwargs)
                if result is not NotImplemented:
                    return result
        left = getattr(top, "left", None)
        if left is None:
            return self.behind(*args, **kwargs)
        mark = top.mark()
        result = self.behind(*args, **kwargs)
        return left(self.public, args, kwargs, result, mark, self.drawn)


class _Doors:
    """The doors of all public functions without a record, which stand open while a mode is entered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.doors: dict[int, Door] = {}

    def lead(self) -> None:
        for public, name in _without_record():
            door = self.doors.get(id(public))
            if door is None:
                door = self.doors[id(public)] = Door(public, name)
            open_door(public, "dispatch", door.led)

    def enter(self) -> None:
        with self.lock:
            self.count += 1
            if self.count == 1:
                self.lead()

    def leave(self) -> bool:
        """Whether these were the last."""
        with self.lock:
            self.count -= 1
            if self.count == 0:
                for door in self.doors.values():
                    close_door(door.public, "dispatch")
            return self.count == 0

    def after_load(self) -> None:
        with self.lock:
            if self.count:
                self.lead()


def _without_record() -> list[tuple[FunctionType, str]]:
    names = {id(f.fn): name for name, f in FUNCTIONS.items()}
    known = {*CALLS, *AROUND}
    names.update({id(value): f"Tensor.{name}" for name, value in vars(Tensor).items() if f"Tensor.{name}" in known})
    found = {id(f): f for f, _ in public_functions() if isinstance(f, FunctionType) and not hasattr(f, "__op__")}
    return [(f, names.get(key, f.__name__)) for key, f in found.items()]


doors: _Doors = _Doors()
families.after_load.append(doors.after_load)
