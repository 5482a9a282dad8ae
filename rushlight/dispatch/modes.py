"""Who is asked about every operation below autograd: ``TorchDispatchMode``.

Nothing asks for modes on the way to an operation. While one is entered the short paths are closed (``explain.listening``), so that each
operation comes to ``evaluate``, in whose place ``evaluated`` stands: it says the call as PyTorch's inside knows it (``forms``), asks the
innermost mode, and takes what that answers for the result. A mode that is asked is not there meanwhile, so that what it calls goes to the
mode around it, or is computed. Backward runs with tensors in the place of arrays, so that its operations come by here too.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from .. import levels
from ..autograd import mode as grad_mode
from ..doors import close_door, led, open_door, with_code
from ..inplace import check_target, inplace
from ..levels import innermost
from ..misuse import old_form
from ..node import gather_edges
from ..promotion import promote
from ..tensor import Tensor
from . import forms, gradients
from .calls import doors
from .stack import ask, stack

#: What records gave that ran inside a call that is being asked about, by record.
_ran: ContextVar[dict[str, Any] | None] = ContextVar("rushlight_dispatch_ran", default=None)
#: The record whose in-place form is to be asked about, where it is recorded.
_writing: ContextVar[Any] = ContextVar("rushlight_dispatch_writing", default=None)


#: Records whose operation in PyTorch returns what is saved beside the result, as here.
SHOWING = frozenset({"native_layer_norm"})


# --- records ------------------------------------------------------------------------------------------------------------
def evaluated(evaluate: Callable[..., Any], op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """``op.evaluate`` while modes are open."""
    if not stack.get():
        found = evaluate(op, inputs, attrs)
        ran = _ran.get()
        if ran is not None:
            ran[op.name] = found[0]
        return found
    promoted = promote(op, inputs)
    writing = _writing.get() is op
    if writing:
        _writing.set(None)
        if promoted[0] is inputs[0]._a:  # what is there now may be saved
            promoted = (promoted[0].copy(), *promoted[1:])
    token = _ran.set({})
    try:
        if op.name in forms.STEPS and not writing:
            answer = forms.STEPS[op.name](ask, inputs, attrs)
        else:
            name, overload, args, kwargs = forms.form_of(op, inputs, attrs)
            if op.extras and op.name not in SHOWING and grad_mode.recording() and gather_edges(op, inputs) is not None:
                name, overload, args, kwargs = op.name + forms.SAVING, "default", tuple(inputs), dict(attrs)
            answer = ask(name + "_" * writing, overload, args, kwargs)
        ran = _ran.get()
    finally:
        _ran.reset(token)
    if grad_mode.recording():
        for x, a in zip(inputs, promoted, strict=False):
            if not isinstance(x, Tensor) and isinstance(a, np.ndarray):
                gradients.numbers[id(a)] = x
                weakref.finalize(a, gradients.numbers.pop, id(a), None)
        gradients.keep(op, inputs, answer)
    return _results(evaluate, op, inputs, attrs, answer, (ran or {}).get(op.name)), promoted


def _results(evaluate: Callable[..., Any], op: Any, inputs: Any, attrs: Any, answer: Any, ran: Any) -> Any:
    """What a body would have given: arrays of the answer, with what is saved beside them as it was computed."""
    given = tuple(answer) if isinstance(answer, (tuple, list)) else (answer,)
    outs = given[: len(op.outputs)]
    for out in outs:
        if not isinstance(out, Tensor):
            raise TypeError(
                f"Unable to cast Python instance of type {type(out)} to C++ type 'Tensor': what a mode answers to {op.name} is the result"
            )
    arrays = tuple([out._a for out in outs])
    if not op.extras:
        return arrays if len(op.outputs) > 1 else arrays[0]
    if len(given) == len(op.outputs) + len(op.extras) and (op.name in SHOWING or ran is None):
        return tuple([t._a for t in given])
    if ran is None:  # the mode has answered without computing
        ran = evaluate(op, inputs, attrs)[0]
    return (*arrays, *ran[len(op.outputs) :])


# --- writes -------------------------------------------------------------------------------------------------------------
_written: Callable[..., Tensor] = with_code(inplace, inplace.__code__)  # type: ignore[arg-type]


def written(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """``inplace.inplace`` while modes are open: its code leads here, whoever calls it."""
    x = args[0]
    if not stack.get() or not isinstance(x, Tensor) or (levels.running and innermost((*args, *kwargs.values()))):
        return _written(op, args, kwargs)
    try:
        inputs, attrs = op.bind(args, kwargs)
    except TypeError:
        old = old_form(op.name, args, kwargs)
        if old is None:
            raise
        return written(op, *old)
    if grad_mode.recording() and gather_edges(op, inputs) is not None:
        token = _writing.set(op)
        try:
            return _written(op, args, kwargs)
        finally:
            _writing.reset(token)
    check_target(op, x, args, kwargs)
    name, overload, given, named = forms.form_of(op, inputs, attrs)
    ask(name + "_", overload, given, named)
    return x


_led = led(inplace, lambda args, kwargs: written(*args, **kwargs))  # type: ignore[arg-type]


# --- modes ----------------------------------------------------------------------------------------------------------------
class _Open:
    """One entry of a mode."""

    def __init__(self, mode: Any):
        self.mode = mode

    def __enter__(self) -> None:
        from ..explain.listening import replacing

        self.replacing = replacing(evaluated)
        self.replacing.__enter__()
        doors.enter()
        open_door(inplace, "dispatch", _led)  # type: ignore[arg-type]
        self.token = stack.set((*stack.get(), self.mode))
        grad_mode.unusual.append(self)
        self.tensors = grad_mode.through_tensors.set(True)
        self.runner = grad_mode.node_runner.set(gradients.run)

    def __exit__(self, *exc: object) -> None:
        grad_mode.node_runner.reset(self.runner)
        grad_mode.through_tensors.reset(self.tensors)
        grad_mode.unusual.remove(self)
        stack.reset(self.token)
        if doors.leave():
            close_door(inplace, "dispatch")  # type: ignore[arg-type]
        self.replacing.__exit__(*exc)


class TorchDispatchMode:
    """A block in which a program is asked about every operation below autograd.

    A subclass defines ``__torch_dispatch__(self, func, types, args=(), kwargs=None)``: ``func`` is ``torch.ops.aten.add.Tensor`` or its
    like, and what it returns is the result. While it is asked the mode is not there.

    >>> import rushlight as torch
    >>> from rushlight.utils._python_dispatch import TorchDispatchMode
    >>> class Names(TorchDispatchMode):
    ...     def __torch_dispatch__(self, func, types, args=(), kwargs=None):
    ...         print(func)
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     y = torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3), torch.zeros(4))
    aten.ones.default
    aten.ones.default
    aten.zeros.default
    aten.t.default
    aten.addmm.default
    """

    _entries: list[_Open]

    def __init__(self, _dispatch_key: Any = None):
        pass

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        if "_entries" not in vars(self):
            self._entries = []
        entry = _Open(self)
        entry.__enter__()
        self._entries.append(entry)
        return self

    def __exit__(self, *exc: object) -> None:
        self._entries.pop().__exit__(*exc)

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> Any:
        """An instance; kept by PyTorch for older programs."""
        return cls(*args, **kwargs)


class _Without:
    """``_pop_mode_temporarily``: the innermost mode is not there within the block, which is given it."""

    def __enter__(self) -> Any:
        modes = stack.get()
        if not modes:
            raise RuntimeError("no dispatch mode is entered")
        self.token = stack.set(modes[:-1])
        return modes[-1]

    def __exit__(self, *exc: object) -> None:
        stack.reset(self.token)


class _WithoutAll:
    """``_disable_current_modes``: no mode is there within the block, which is given them."""

    def __enter__(self) -> Any:
        modes = stack.get()
        self.token = stack.set(())
        return list(modes)

    def __exit__(self, *exc: object) -> None:
        stack.reset(self.token)
