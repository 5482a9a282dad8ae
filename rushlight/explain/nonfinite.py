"""``with detect_nan():`` which operation first gave a NaN or an infinity, of what, in which module, on which line.

An operation *produces* a NaN if none came in: not in a tensor, not as a number. It produces an infinity if neither came in. What is
written on purpose (``masked_fill(mask, -inf)``, ``float("nan")``) came in, and passing it on is nobody's fault. Forward is heard
through ``listening``, backward through the engine's ``node_runner``, steps of optimizers through their hooks.

Example:
    >>> import rushlight as torch
    >>> try:
    ...     with torch.detect_nan():
    ...         torch.log(torch.zeros(3)) * 0
    ... except RuntimeError as error:
    ...     print(error.op, error.value, error.inputs[0])
    log inf input: float32 [3]  0
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from .. import types
from ..autograd import mode
from ..autograd.graph import RemovableHandle
from ..kernels.lazy import computed
from ..optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from ..tensor import Tensor
from . import places
from .listening import is_in_place, listening
from .statistics import array_of


class Values(NamedTuple):
    """What an array held: its shape, dtype and range, and how many of its elements were no finite numbers."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    nans: int
    infs: int

    def __str__(self) -> str:
        size = int(np.prod(self.shape))
        bad = [f"{n} {what}" for n, what in ((self.nans, "nan"), (self.infs, "inf")) if n]
        reach = (
            "empty"
            if not size
            else f"{self.low:.6g}"
            if self.low == self.high
            else f"{self.low:.6g} to {self.high:.6g}"
        )
        reach = reach if self.nans + self.infs < size else ""
        return f"{self.name}: {self.dtype} {list(self.shape)}  {', '.join(filter(None, [reach, *bad]))}"


class NonFinite(RuntimeError):
    """Raised by ``detect_nan``.

    Attributes: ``value`` ("nan" or "inf"), ``op`` (the operation, as PyTorch calls it), ``phase`` ("forward", "backward" or "step"),
    ``inputs`` and ``outputs`` (lists of ``Values``), ``module`` (its path, or empty), ``line`` (a ``places.Line`` or None).
    """

    value: str
    op: str
    phase: str
    inputs: list[Values]
    outputs: list[Values]
    module: str
    line: places.Line | None

    def __init__(
        self, value: str, op: str, phase: str, inputs: list[Values], outputs: list[Values], made: Made, text: str
    ):
        self.value, self.op, self.phase, self.inputs, self.outputs = value, op, phase, inputs, outputs
        self.module, self.line = made.module, made.line
        rows = [f"  line    {made.line}: {made.line.text}"] if made.line else []
        rows += [f"  module  {made.module}"] if made.module else []
        rows += [f"  in      {x}" for x in inputs] + [f"  out     {x}" for x in outputs]
        super().__init__("\n".join([text, "", *rows]))


class Made(NamedTuple):
    """Where an operation was called: the user's line, the path of the running module."""

    line: places.Line | None
    module: str


def here() -> Made:
    frame = sys._getframe(1)
    return Made(places.user_line(frame), places.module_path(frame))


#: What ``badness`` says, in words.
FINITE = ("finite", "infinite in part", "nan in part")


# --- what an array holds ------------------------------------------------------------------------------------------------
def floats(x: Any) -> np.ndarray[Any, Any] | None:
    """A value as an array of floating or complex numbers; None if it has none."""
    a = array_of(x) if isinstance(x, Tensor) else x
    if isinstance(a, (float, complex, np.generic)):  # ops on 0-d arrays give NumPy's scalars
        a = np.asarray(a)
    if not isinstance(a, np.ndarray) or a.dtype.kind not in "fcV":
        return None
    return a.astype(np.float32) if a.dtype.kind == "V" else a


def badness(values: Iterable[Any]) -> int:
    """0 if all numbers are finite, 1 if there is an infinity, 2 if there is a NaN. Lists are looked into."""
    worst = 0
    for x in values:
        if isinstance(x, (list, tuple)):
            worst = max(worst, badness(x))
            continue
        a = floats(x)
        if a is not None and not np.isfinite(a).all():
            worst = max(worst, 2 if np.isnan(a).any() else 1)
    return worst


def describe(name: str, x: Any) -> Values | None:
    """The ``Values`` of an array or a number; None for anything else."""
    a = array_of(x) if isinstance(x, Tensor) else x
    if isinstance(a, (bool, int)):
        return Values(name, (), "number", a, a, 0, 0)
    if isinstance(a, (float, complex, np.generic)):
        a = np.asarray(a)
    if not isinstance(a, np.ndarray):
        return None
    dtype = types.of_array(a)
    plain = a.astype(np.float32) if a.dtype.kind == "V" else np.abs(a) if a.dtype.kind == "c" else a
    finite = plain[np.isfinite(plain)] if plain.dtype.kind == "f" else plain
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    nans = int(np.isnan(plain).sum()) if plain.dtype.kind == "f" else 0
    return Values(name, a.shape, str(dtype).removeprefix("torch."), low, high, nans, plain.size - finite.size - nans)


def described(names: Iterable[str], values: Iterable[Any]) -> list[Values]:
    """``describe`` for all that have numbers, lists flattened."""
    found: list[Values] = []
    for name, x in zip(names, values, strict=False):
        if isinstance(x, (list, tuple)) and x and not isinstance(x[0], int):
            found += described([f"{name}[{i}]" for i in range(len(x))], x)
        else:
            found += filter(None, [describe(name, x)])
    return found


def first_place(a: np.ndarray[Any, Any], others: list[tuple[str, Any]]) -> str:
    """The first element that is not finite, and what stood there in the inputs of its shape (or in numbers)."""
    at = tuple(int(i) for i in np.unravel_index(int(np.argmin(np.isfinite(a))), a.shape))
    stood = []
    for name, x in others:
        b = floats(x) if not isinstance(x, int) else np.asarray(x)
        if b is not None and b.shape in (a.shape, ()):
            stood.append(f"{name} = {b[at] if b.ndim else b[()]:.6g}")
    where = f"at {list(at)}" if at else "there"
    return f"First {where}, of {', '.join(stood)}." if stood else ""


def public_name(op: Any, inputs: Any = None, attrs: Any = None) -> str:
    """What PyTorch calls an operation: the function's name or, where ours is internal, what the node's name is made of, which with some
    depends on what they are given."""
    name = op.grad_name
    if not op.public_name and callable(name) and inputs is not None:
        name = name(inputs, attrs)
    if op.public_name or not isinstance(name, str):
        return str(op.torch_name).rpartition(".")[2]
    name = re.sub(r"(?<=\d)[A-Z]", lambda m: m[0].lower(), re.sub(r"Backward\d*$", "", name))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().removeprefix("native_")


# --- forward ------------------------------------------------------------------------------------------------------------
class _Watch:
    """What one ``with`` block knows: where nodes were made, and what came in from outside before the first op that gave it on."""

    def __init__(self, infinities: bool):
        self.least = 1 if infinities else 2
        self.made: WeakKeyDictionary[Any, Made] = WeakKeyDictionary()
        self.passed: NonFinite | None = None
        self.running: Any = None  # the node whose backward runs

    def heard(
        self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], arrays: tuple[Any, ...], result: Any
    ) -> None:
        """After each operation."""
        if op.view:
            return
        results = result[: len(op.outputs)] if isinstance(result, tuple) else (result,)
        bad = badness(results)
        if bad < self.least:
            return
        given = badness((*arrays, *inputs, *attrs.values()))
        produced = bad > given
        if not produced and (self.passed is not None or bad > badness(arrays)):
            return
        name = public_name(op, inputs, attrs)
        if is_in_place():
            name += "_"
        value = "nan" if bad == 2 else "inf"
        names = op.inputs if not op.variadic else [f"{op.inputs[0]}[{i}]" for i in range(len(inputs))]
        outputs = described(op.outputs, results)
        worst: Values = max(outputs, key=lambda v: v.nans if bad == 2 else v.infs)
        count = f"{worst.nans if bad == 2 else worst.infs} of {int(np.prod(worst.shape))} element{'s' * (worst.shape != ())}"
        if produced:
            first = first_place(
                np.asarray(floats(results[op.outputs.index(worst.name)])), list(zip(names, arrays, strict=False))
            )
            of = "finite inputs" if not given else "inputs with infinities"
            text = f"{name} gave {value}: {count}, of {of}.{' ' + first if first else ''}"
            if self.running is not None:
                text += f" It ran in '{self.running.name()}'."
        else:
            text = f"{name} was given {value}, which no operation in this block has produced: it came with the data or from outside."
        given_arrays = [*described(names, arrays), *(x for x in described(attrs, attrs.values()) if x.shape)]
        phase = "forward" if self.running is None else "backward"
        error = NonFinite(value, name, phase, given_arrays, outputs, here(), text)
        if produced:
            raise error
        self.passed = error

    def noticed(self, node: Any, outs: Any, results: Any, inputs: Any) -> None:
        """Of each new node: where it was made."""
        self.made[node] = here()

    # --- backward -------------------------------------------------------------------------------------------------------
    def run_node(self, node: Any, k: Any, g: Any, release: bool) -> Any:
        """In the engine's place: run a node, look at its gradients."""
        incoming = list(g) if isinstance(g, list) else [computed(g)]
        saved = getattr(node, "saved", None) or ()
        given = badness(incoming)
        if given >= self.least:
            self.refuse_given(node, incoming, given)
        before, self.running = self.running, node
        try:
            grads = tuple([computed(x) for x in node.run(k, g, release)])
        finally:
            self.running = before
        bad = badness(grads)
        if bad < self.least or bad <= given:
            return grads
        value = "nan" if bad == 2 else "inf"
        which = next(i for i, x in enumerate(grads) if badness([x]) == bad)
        slots = op_slots(node)
        inputs = described([f"gradient{f' {i}' * (len(incoming) > 1)}" for i in range(len(incoming))], incoming)
        inputs += described([f"saved {slots[i]}" if i < len(slots) else "saved" for i in range(len(saved))], saved)
        outputs = described([f"gradient of {slots[i] if i < len(slots) else i}" for i in range(len(grads))], grads)
        if bad <= badness(saved):  # forward has passed it on
            if self.passed is not None:
                raise self.passed
            why = f"What its operation had been given in forward, before this block, held {value} already."
        else:
            why = f"It is the first in this backward that was not given any: the gradient that came in was {FINITE[given]}."
        text = f"Function '{node.name()}' returned {value} values in its {which}th output.\n\n{why}"
        raise NonFinite(value, node.name(), "backward", inputs, outputs, self.made.get(node, Made(None, "")), text)

    def refuse_given(self, node: Any, incoming: list[Any], given: int) -> None:
        """A gradient that no node gave came to one: the loss was not finite, or sums or casts of gradients went too far."""
        if self.passed is not None:
            raise self.passed
        value = "nan" if given == 2 else "inf"
        text = (
            f"The gradient that arrives at '{node.name()}' holds {value}, and each part of it was finite: it was given to backward, or "
            "its parts overflow when they are added or cast to this dtype."
        )
        inputs = described(["gradient"] * len(incoming), incoming)
        raise NonFinite(value, node.name(), "backward", inputs, [], self.made.get(node, Made(None, "")), text)

    # --- steps of optimizers --------------------------------------------------------------------------------------------
    def before_step(self, optimizer: Any) -> None:
        for i, p in enumerate(of_optimizer(optimizer)):
            bad = badness([p._grad])
            if bad >= self.least and badness([p]) < self.least:
                self.refuse_at_step(i, p, bad)
        self.at_step = [
            (describe("gradient", p._grad), describe("parameter", p), badness([p, p._grad]) < self.least)
            for p in of_optimizer(optimizer)
        ]

    def refuse_at_step(self, i: int, p: Any, bad: int) -> None:
        """A step is given a gradient that no backward in this block has made: it was written to, or came from outside."""
        if self.passed is not None:
            raise self.passed
        value = "nan" if bad == 2 else "inf"
        text = (
            f"The gradient of parameter {i} holds {value} at the step, and no operation in this block gave it: it was there before, or was "
            "changed in place (an infinite gradient times 0, as clipping its norm does, is nan)."
        )
        found = [x for x in (describe("gradient", p._grad), describe("parameter", p)) if x is not None]
        raise NonFinite(value, "gradient", "step", found, [], here(), text)

    def after_step(self, optimizer: Any) -> None:
        for i, (p, (g, before, was_finite)) in enumerate(zip(of_optimizer(optimizer), self.at_step, strict=False)):
            state = optimizer.state.get(p, {})
            bad = badness([p, *state.values()])
            if bad < self.least or not was_finite:
                continue
            value, name = ("nan" if bad == 2 else "inf"), f"{type(optimizer).__name__}.step"
            settings = optimizer_settings(optimizer, p)
            text = (
                f"{name} gave {value} in parameter {i} or its state, of finite ones and a finite gradient ({settings})."
            )
            outputs = described(["parameter", *[f"state {n}" for n in state]], [p, *state.values()])
            raise NonFinite(value, name, "step", [x for x in (before, g) if x is not None], outputs, here(), text)


def op_slots(node: Any) -> tuple[str, ...]:
    """The names of what a node has saved, in order."""
    op = getattr(node, "op", None)
    return () if op is None or op.variadic else (*op.inputs, *op.outputs, *op.extras)


def of_optimizer(optimizer: Any) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def optimizer_settings(optimizer: Any, p: Tensor) -> str:
    """The numbers that a parameter's group was given."""
    group = next(g for g in optimizer.param_groups if any(q is p for q in g["params"]))
    return ", ".join(
        f"{k}={v}" for k, v in group.items() if isinstance(v, (int, float, tuple)) and not isinstance(v, bool)
    )


_watch: ContextVar[_Watch | None] = ContextVar("rushlight_nonfinite_watch", default=None)


def _before_step(optimizer: Any, args: Any, kwargs: Any) -> None:
    watch = _watch.get()
    if watch is not None:
        watch.before_step(optimizer)


def _after_step(optimizer: Any, args: Any, kwargs: Any) -> None:
    watch = _watch.get()
    if watch is not None:
        watch.after_step(optimizer)


class detect_nan(mode._Context):
    """``with detect_nan():`` stop at the operation that first gives a NaN or an infinity, and say what it was given.

    Forward, backward and the steps of optimizers are looked at; also a decorator. Inside, each operation costs tens of microseconds
    and a look at its results; outside, nothing.

    Args:
        inf: whether an infinity stops too. With ``inf=False`` only a NaN does, for programs in which infinities come and go
            on purpose (scaled gradients in half precision).

    Raises:
        rushlight.explain.nonfinite.NonFinite: a RuntimeError, with the operation, its inputs' shapes and ranges, the module's path and the
            user's line. An operation in place that raises has written nothing; an optimizer has already made its step.
    """

    def __init__(self, inf: bool = True):
        self.inf = inf

    def clone(self) -> detect_nan:
        return detect_nan(self.inf)

    def __enter__(self) -> None:
        watch = _Watch(self.inf)
        self.hooks: list[RemovableHandle] = [
            register_optimizer_step_pre_hook(_before_step),
            register_optimizer_step_post_hook(_after_step),
        ]
        self.watch: Token[_Watch | None] = _watch.set(watch)
        self.runner: Token[Callable[..., Any] | None] = mode.node_runner.set(watch.run_node)
        self.parts: tuple[Any, ...] = (listening(watch.heard), mode.watching(watch.noticed))
        for part in self.parts:
            part.__enter__()

    def __exit__(self, *exc: object) -> None:
        for part in reversed(self.parts):
            part.__exit__(*exc)
        mode.node_runner.reset(self.runner)
        _watch.reset(self.watch)
        for hook in self.hooks:
            hook.remove()
