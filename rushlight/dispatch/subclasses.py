"""Subclasses that compute operations themselves: ``Tensor._make_wrapper_subclass`` and ``__torch_dispatch__``.

A wrapper has a shape and no elements of its own (``meta``). Its operations arrive at ``levels.apply`` as those of any tensor that no short
path takes, and are handed to its class as PyTorch's inside knows them (``forms``). While no wrapper is alive nothing of this is asked.
"""

from __future__ import annotations

import weakref
from typing import Any

from .. import errors, levels, meta, types
from ..autograd import mode as grad_mode
from ..node import gather_edges
from ..tensor import Tensor
from . import forms

_new = object.__new__


class _Below(levels.Level):
    """Stands among the running transformations while a wrapper is alive, so that calls are looked at."""

    is_func = False
    number = 0
    alive = True
    thread = -1
    count = 0

    def remember(self, wrapper: Tensor) -> None:
        self.count += 1
        if self.count == 1:
            levels.running.append(self)
            levels.below.append(self)
        weakref.finalize(wrapper, self.forget).atexit = False

    def forget(self) -> None:
        self.count -= 1
        if self.count == 0:
            levels.running.remove(self)
            levels.below.remove(self)

    def asked(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], writes: bool = False) -> Any:
        """What the classes of wrappers among the inputs answer; None if there are none."""
        kinds = kinds_of(inputs)
        if not kinds:
            return None
        if grad_mode.recording() and gather_edges(op, inputs) is not None:
            raise NotImplementedError(
                f"{op.name}: gradients of {kinds[0].__name__}, a subclass with __torch_dispatch__, are not recorded: call it under "
                "torch.no_grad(), or give the tensor inside a gradient."
            )
        token = grad_mode.mode.set(grad_mode.OFF)

        def ask(name: str, overload: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            func = forms.overload(name, overload)
            for kind in kinds:
                answer = kind.__torch_dispatch__(func, kinds, args, kwargs)
                if answer is not NotImplemented:
                    return answer
            raise errors.type_(
                f"Multiple dispatch failed for '{func}'; all __torch_dispatch__ handlers returned NotImplemented: {list(kinds)}"
            )

        try:
            if op.name in forms.STEPS and not writes:
                return forms.STEPS[op.name](ask, inputs, attrs)
            name, overload, args, kwargs = forms.form_of(op, inputs, attrs)
            return ask(name + "_" * writes, overload, args, kwargs)
        finally:
            grad_mode.mode.reset(token)


BELOW = _Below()


def kinds_of(inputs: Any) -> tuple[Any, ...]:
    """The classes with a ``__torch_dispatch__`` of their own among inputs, subclasses before their bases."""
    found: list[Any] = []
    for x in inputs:
        for y in x if isinstance(x, (list, tuple)) else (x,):
            kind = type(y)
            if isinstance(y, Tensor) and hasattr(kind, "__torch_dispatch__") and kind not in found:
                place = next((i for i, other in enumerate(found) if issubclass(kind, other)), len(found))
                found.insert(place, kind)
    return tuple(found)


def make_wrapper_subclass(
    cls: Any, size: Any, strides: Any = None, storage_offset: Any = None, memory_format: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
    dispatch_sizes_strides_policy: Any = None,
    dispatch_device: bool = False, dispatch_layout: bool = False, **options: Any,
) -> Any:  # fmt: skip
    """An instance of a subclass with a shape and a dtype, and no elements: what its ``__torch_dispatch__`` makes of operations is up to it.

    Raises:
        RuntimeError: for a class without ``__torch_dispatch__``.
    """
    if not hasattr(cls, "__torch_dispatch__"):
        raise errors.runtime("Expected _make_wrapper_subclass to be called on a class with a __torch_dispatch__")
    kind = dtype or types.get_default_dtype()
    steps = None if strides is None else tuple([int(s) * kind.itemsize for s in strides])
    t = _new(cls)
    t._a = meta.ghost(tuple([int(n) for n in size]), kind.np, steps).view(meta.Ghost)
    t._edge = t._grad = t._base = t._extra = None
    t._vc = [0]
    BELOW.remember(t)
    if requires_grad:
        t.requires_grad_(True)
    return t
