"""``watch``: follows a training from the hooks of its optimizer, and measures a step now and then.

A step goes from the end of one ``optimizer.step()`` to the end of the next. One that is not measured costs a hook and the
loss read as a number. Before one that is measured a hook for all modules is set (none on the model itself, which may be
copied and saved meanwhile); its backward is looked at before it frees the graph; its weights are copied before the update
and compared afterwards. Nothing that the training computes is written to, and no random number is drawn.
"""

from __future__ import annotations

import atexit
import math
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from .. import errors
from ..autograd import engine
from ..explain.statistics import array_of
from ..nn.module import Module, register_module_forward_hook
from ..optim.optimizer import Optimizer
from ..tensor import Tensor
from . import measure
from .activations import Activation, Modules, activations
from .findings import Finding, Judge, Parameter
from .history import Curve, History
from .schedule import Schedule
from .sinks import Sink, sinks_for


class Sample:
    """What is kept of a step while it is measured."""

    modules: Modules
    handles: list[Any]
    began: float
    backward_at: float
    update_at: float
    forward_seconds: float
    backward_seconds: float

    def __init__(self, modules: Modules, handles: list[Any]):
        self.modules, self.handles = modules, handles
        self.activations: list[Activation] = []
        self.before: list[tuple[str, Tensor, bool, np.ndarray[Any, Any]]] = []  # name, parameter, is it held, a copy
        self.cost: float = 0.0  # seconds of ours
        self.began = self.backward_at = self.update_at = math.nan  # when its parts began
        self.forward_seconds = self.backward_seconds = math.nan


class Watch:
    """What ``rushlight.watch`` returns; a context manager that closes itself.

    Attributes:
        history: columns by name, a row for each measured step: a dict of lists, with ``to_csv``.
        findings: what was off, each with ``step``, ``kind``, ``name``, ``text``.
        step: how many steps have ended.
    """

    model: Module | None
    optimizer: Optimizer
    history: History
    step: int
    closed: bool
    ended: str

    def __init__(
        self,
        model: Module | None,
        optimizer: Optimizer,
        *,
        every: int | None,
        sinks: list[Sink],
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.model, self.optimizer = model, optimizer
        self.history, self._curve = History(), Curve()
        self.step = 0
        self.ended = ""  # how the training ended, if an error ended it
        self._clock, self._schedule, self._judge, self._sinks = clock, Schedule(every), Judge(), sinks
        self.findings: list[Finding] = self._judge.findings
        self._losses: list[float] = []  # of the last steps, on their way to ``loss``
        self._root: np.ndarray[Any, Any] | None = None  # the loss of the step that runs
        self._sample: Sample | None = None  # of the step that runs, if it is measured
        self._start = self._row_start = clock()
        self._row_step = 0
        self._handle = optimizer.register_step_post_hook(self._stepped)
        self.closed = False
        engine.observers.append(self._backward)
        atexit.register(self.close)
        self._arm()

    # --- every step -------------------------------------------------------------------------------------------------
    def _backward(self, roots: Sequence[Tensor]) -> None:
        """A backward is about to run; the last one before the optimizer's step is that of the loss."""
        self._root = roots[0]._a
        sample = self._sample
        if sample is not None:
            now = self._clock()
            sample.forward_seconds = now - sample.began
            with np.errstate(all="ignore"):
                sample.activations = activations(roots, sample.modules)
            sample.backward_at = self._clock()
            sample.cost += sample.backward_at - now

    def join(self, roots: Sequence[Tensor]) -> None:
        """Begin within a step: the backward of ``roots`` has run, the optimizer is about to make its step."""
        self._root = roots[0]._a if roots else None
        self._updates()

    def _stepped(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """The optimizer has made its step. Nearly every step ends here: each line is time of the training's."""
        root, self._root = self._root, None
        loss = root.item() if root is not None and root.size == 1 else math.nan
        self._losses.append(loss)
        if self._sample is not None or loss - loss != 0 or len(self._losses) == 256:
            self._noticed(float(loss), root is not None)
        self.step = step = self.step + 1
        if step >= self._schedule.next:
            self._arm()

    def _noticed(self, loss: float, ran: bool) -> None:
        """The end of a step that was measured, or whose loss is not finite (if a backward ran); or losses have gathered."""
        self._gather()
        if ran and not math.isfinite(loss):
            self._say(self._judge.loss(self.step, loss))
        if self._sample is not None:
            self._measured(self._sample, loss)

    def _gather(self) -> None:
        self._curve.extend(map(float, self._losses))
        self._losses.clear()

    # --- a step that is measured ------------------------------------------------------------------------------------
    def _arm(self) -> None:
        """Measure the step that begins now."""
        now = self._clock()
        modules = Modules({} if self.model is None else {m: name for name, m in self.model.named_modules()})
        update = self.optimizer.register_step_pre_hook(self._updates)
        self._sample = sample = Sample(modules, [register_module_forward_hook(modules.called), update])
        sample.began = self._clock()
        sample.cost = sample.began - now

    def _disarm(self) -> None:
        if self._sample is not None:
            for handle in self._sample.handles:
                handle.remove()
            self._sample = None

    def _updates(self, *_: Any) -> None:
        """The optimizer is about to change the weights: keep them as they are."""
        sample = self._sample
        if sample is None:
            return
        now = self._clock()
        sample.backward_seconds = now - sample.backward_at
        held = list(chain.from_iterable(group["params"] for group in self.optimizer.param_groups))
        named = [] if self.model is None else [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        known, own = {id(p) for _, p in named}, {id(p) for p in held}
        named += [(f"parameter {i}", p) for i, p in enumerate(held) if id(p) not in known]
        sample.before = [(name, p, id(p) in own, p._a.copy()) for name, p in named]
        sample.update_at = self._clock()
        sample.cost += sample.update_at - now

    def _measured(self, sample: Sample, loss: float) -> None:
        """The measured step has ended: its row, what it shows, where it goes, and when the next one is due."""
        began = self._clock()
        with np.errstate(all="ignore"):
            parameters = [_measured(*kept) for kept in sample.before]
        row = self._row(sample, loss, began, parameters)
        self.history.add(row)
        self._say(self._judge.step(self.step, parameters, sample.activations))
        self._disarm()
        for sink in self._sinks:
            sink.row(self, row)
        now = self._clock()
        cost = sample.cost + now - began
        self._schedule.spent += cost
        for sink in self._sinks:
            if self._schedule.affords(sink.cost, now - self._start):
                sink.refresh(self)
                after = self._clock()
                sink.cost, now = after - now, after
                self._schedule.spent += sink.cost
        self._schedule.after(self.step, cost, now - self._start)
        self._row_step, self._row_start = self.step + 1, now

    def _row(self, sample: Sample, loss: float, now: float, parameters: list[Parameter]) -> dict[str, float]:
        weight = measure.total([p.weight for p in parameters])
        update = measure.total([p.update for p in parameters])
        row = {
            "step": float(self.step),
            "loss": loss,
            "lr": float(self.optimizer.param_groups[0].get("lr", math.nan)),
            "gradient": measure.total([p.gradient for p in parameters if p.gradient is not None]),
            "weight": weight,
            "update": update,
            "ratio": measure.ratio(update, weight),
            "seconds": (now - self._row_start - sample.cost) / (self.step + 1 - self._row_step),
            "forward_seconds": sample.forward_seconds,
            "backward_seconds": sample.backward_seconds,
            "update_seconds": now - sample.update_at,
            "memory": measure.memory(),
        }
        for p in parameters:
            row[f"gradient/{p.name}"] = math.nan if p.gradient is None else p.gradient
            row |= {f"weight/{p.name}": p.weight, f"update/{p.name}": p.update, f"ratio/{p.name}": p.ratio}
        for a in sample.activations:
            row |= {f"saturated/{a.name}": a.saturated, f"dead/{a.name}": a.dead}
        return row

    def _say(self, findings: list[Finding]) -> None:
        for sink in self._sinks:
            for finding in findings:
                sink.finding(self, finding)

    # --- the end ----------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Remove all hooks; finish files and displays. Closing again does nothing."""
        if self.closed:
            return
        self.closed = True
        self._handle.remove()
        engine.observers.remove(self._backward)
        self._disarm()
        atexit.unregister(self.close)
        for sink in self._sinks:
            sink.close(self)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if error is not None:
            self.ended = f"{kind.__name__}: {error}".strip().splitlines()[0]
        self.close()

    # --- to look at -------------------------------------------------------------------------------------------------
    @property
    def loss(self) -> Curve:
        """The loss of every step, in ``values``; of every ``stride``-th in a long training."""
        self._gather()
        return self._curve

    @property
    def spent(self) -> float:
        """Seconds that measuring and showing have taken."""
        return self._schedule.spent

    def report(self, path: str | Path) -> None:
        """Write one HTML file with plots: losses, norms, ratios, activations, time and memory (needs matplotlib)."""
        from .report import write

        write(self, Path(path))

    def __repr__(self) -> str:
        return f"<Watch: {self.step} steps, {len(self.history.get('step', []))} of them measured, {len(self.findings)} findings>"

    def _repr_html_(self) -> str:
        from .display import html

        return html(self)


def _measured(name: str, p: Tensor, held: bool, before: np.ndarray[Any, Any]) -> Parameter:
    """The norms of a parameter after the update; ``before`` is written over."""
    weight, update, gradient = measure.norm(before), math.nan, None
    if before.shape == p._a.shape and before.dtype == p._a.dtype:
        update = measure.norm(np.subtract(p._a, before, out=before))
    if p._grad is not None:
        gradient = measure.norm(array_of(p._grad))
    return Parameter(name, before.ndim, held, gradient, weight, update, measure.ratio(update, weight))


def watch(
    model: Module | None = None,
    optimizer: Optimizer | None = None,
    *,
    every: int | None = None,
    live: bool | None = None,
    report: str | Path | None = None,
    tensorboard: str | Path | None = None,
) -> Watch:
    """Follow a training: loss, norms of gradients, weights and updates, dead units, time and memory.

    Use it as ``with rushlight.watch(model, optimizer) as w:`` around the training loop, or call ``w.close()`` at its end. What
    the training computes is the same with it and without it.

    Args:
        model: whose parameters and layers are named; None watches what the optimizer holds.
        optimizer: a step ends when its ``step()`` does.
        every: measure each ``every``-th step. By default as often as 1 % of the training's time pays for, the first steps
            more often than later ones.
        live: a display that refreshes itself, in the terminal or under the notebook's cell. By default where there is one.
        report: write an HTML report with plots to this file in the end, also if the training fails (needs matplotlib).
        tensorboard: write TensorBoard files to this folder (needs tensorboardX).

    Raises:
        TypeError: for a model that is no Module, an optimizer that is none. ValueError: for ``every`` below 1.
        ImportError: if what ``report`` or ``tensorboard`` needs is not installed; says what to install.

    >>> import rushlight, rushlight.nn as nn
    >>> model = nn.Linear(2, 1)
    >>> optimizer = rushlight.optim.SGD(model.parameters(), lr=0.1)
    >>> with rushlight.watch(model, optimizer, every=1) as w:
    ...     for step in range(3):
    ...         optimizer.zero_grad()
    ...         model(rushlight.ones(4, 2)).square().mean().backward()
    ...         optimizer.step()
    >>> w.history["step"], len(w.history["ratio/weight"])
    ([0.0, 1.0, 2.0], 3)
    """
    if isinstance(model, Optimizer) and optimizer is None:
        model, optimizer = None, model
    if model is not None and not isinstance(model, Module):
        raise errors.type_(f"watch: model must be a torch.nn.Module, but got {type(model).__name__}")
    if not isinstance(optimizer, Optimizer):
        raise errors.type_(
            f"watch: optimizer must be a torch.optim.Optimizer, but got {type(optimizer).__name__}",
            "Write rushlight.watch(model, optimizer).",
        )
    if every is not None and every < 1:
        raise errors.value(f"watch: every must be at least 1, but got {every}")
    return Watch(model, optimizer, every=every, sinks=sinks_for(live, report, tensorboard))
