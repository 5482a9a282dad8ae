"""Watch a training from inside its process: what goes backward, what changes, what the model is given.

Used in child processes only (``runs``), so that what is replaced here need not be put back. ``engine.backward`` is where
a training is met however it is written; a step is a change of parameters between two backwards, by an optimizer or by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import errors, plain
from ...autograd import engine, grad, mode
from ...nn import functional
from ...nn.layers.normalization import _BatchNorm
from ...nn.module import Module, register_module_forward_hook, register_module_forward_pre_hook
from ...optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from ...optim.scheduler import LRScheduler
from ...tensor import Tensor, wrap
from .. import places
from ..listening import is_in_place, listening
from ..nonfinite import detect_nan
from ..statistics import array_of, norm_of, rms
from . import changes, curvature
from .cuts import Cuts
from .draws import Draws
from .leaves import Leaves
from .moving import Moving
from .signals import Signals
from .trace import Loss, Trace

#: The part of a run's time that second derivatives may take, and the steps at which they are taken.
FOR_SHARPNESS = 0.2
AT_FIRST = 8
#: Seconds between two looks at the processor's clock.
ASKED_EVERY = 0.05
#: How often the sharpness is measured for optimizers whose step it does not bound.
WITHOUT_BOUND = 3
#: Gradients at the same parameters that are compared.
BATCHES_OF_NOISE = 32


class Enough(BaseException):
    """Ends a run in the middle of the program."""


class Observer:
    """``with Observer(...):`` what happens inside is written to ``trace``."""

    steps: int
    closely: bool
    seconds: float
    spent: float
    busy: bool
    late: bool

    def __init__(self, change: changes.Change | None, *, steps: int, seconds: float, closely: bool):
        self.change: changes.Change = change if change is not None else changes.Change()
        self.steps, self.seconds, self.closely = steps, seconds, closely
        self.started: float = time.process_time()
        self.deadline: float = self.started + seconds
        self.asked: float = time.perf_counter()
        self.trace: Trace = Trace()
        self.rng: np.random.Generator = np.random.default_rng(0)
        self.sharpness: curvature.Sharpness = curvature.Sharpness(np.random.default_rng(1))
        self.leaves: Leaves = Leaves(self.trace, closely)
        self.first: Module | None = None  # the first model that is trained
        self.signals: Signals = Signals(self.trace, self.leaves)
        self.cuts: Cuts = Cuts(self.trace)
        self.draws: Draws = Draws(self.trace)
        self.moving: Moving = Moving(self.trace)
        self.cuts.leaving = self.moving.left
        self.busy = False  # while backwards of our own run
        self.changed: set[str] = set()  # parameters that were given other numbers at the start
        self.late = False  # at the first backward of parameters that no module has
        self.spent = 0.0
        self.sum_of_gradients: Any = None
        self.squares: list[float] = []

    def __enter__(self) -> Observer:
        self.backward: Callable[..., Any] = engine.backward
        engine.backward = self.on_backward  # type: ignore[assignment]
        self.try_entries_unseen()
        register_optimizer_step_pre_hook(self.before_step)
        register_optimizer_step_post_hook(self.after_step)
        register_module_forward_pre_hook(self.on_call)
        if self.change.normalise:
            register_module_forward_hook(self.normalise)
        self.made: Callable[..., None] = Optimizer.__init__
        observer = self

        def init(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            observer.made(optimizer, *args, **kwargs)
            observer.trace.made_line = observer.trace.made_line or places.user_line()

        optimizers: Any = Optimizer
        optimizers.__init__ = init
        self.listeners: list[Any] = []
        if self.closely:
            self.cuts.install()
            self.hear_schedules()
            self.listen(True)
        if self.change.align:
            changes.align_targets()
        if self.change.inputs is not None:
            changes.normalise_raw(*self.change.inputs, lambda: not self.leaves.models)
        if any(bounded.by_hand for bounded in self.change.logits):
            changes.take_probabilities()
        for bounded in (b for b in self.change.logits if not b.by_hand):
            changes.instead(bounded.name, ((bounded.line, bounded.module),), lambda x: x)
        if self.change.log_softmax:
            changes.normalise_nll()
        for name in ("sigmoid", "tanh") if self.change.rectify else ():
            changes.instead(name, self.change.rectify, functional.relu)
        if self.change.connect:
            changes.connect()
        if self.change.only_nan:
            detect_nan().__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.busy = True

    def try_entries_unseen(self) -> None:
        """The library tries its machine code, with backwards of its own, when a program has made many nodes: they are not the program's."""
        install: Any = plain.entries.install

        def unseen() -> None:
            before, self.busy = self.busy, True
            try:
                install()
            finally:
                self.busy = before

        setattr(plain.entries, "install", unseen)  # noqa: B010
        if engine.Native.install is not None:
            engine.Native.install = unseen

    # --- what is heard and called ---------------------------------------------------------------------------------------
    def heard(self, op: Any, inputs: Any, attrs: Any, arrays: Any, result: Any) -> None:
        if self.busy:
            return
        self.cuts.heard(op, inputs, arrays, result)
        self.draws.heard(op, inputs)
        self.moving.heard(op, inputs, arrays, result)
        if self.trace.step_line is None and inputs and isinstance(inputs[0], Tensor):
            if is_in_place() and self.leaves.of_memory(inputs[0]):
                self.trace.step_line = places.user_line()

    def hear_schedules(self) -> None:
        """Note where schedules are stepped."""
        schedulers: Any = LRScheduler
        step, trace = schedulers.step, self.trace

        def noted(scheduler: Any, *args: Any, **kwargs: Any) -> Any:
            trace.schedule_line = places.user_line()
            return step(scheduler, *args, **kwargs)

        schedulers.step = noted

    def noticed(self, node: Any, outs: Any, results: Any, inputs: Any) -> None:
        """Of each new node that is the program's, not of those that second derivatives make."""
        if not self.busy:
            self.signals.noticed(node, outs, results, inputs)

    def on_call(self, module: Module, args: tuple[Any, ...]) -> Any:
        """Before the forward of each module: outermost ones with parameters are models."""
        if self.closely and not self.trace.backwards:
            self.signals.sequence(module, args)
        if isinstance(module, _BatchNorm):
            if self.change.train:
                module.training = True
            elif self.closely and not self.busy:
                self.signals.evaluated(module, args)
        if self.busy or next(module.parameters(), None) is None:
            return None
        if len(places.running_modules()) > 1:
            self.leaves.name_inner(module)
            return None
        if self.leaves.add_model(module, closely=self.closely):
            self.start()
        if mode.recording() == mode.OFF:
            self.trace.unrecorded.setdefault(self.leaves.root(module), places.user_line())
            return None
        self.trace.model_line = self.trace.model_line or places.user_line()
        self.first = self.first or module
        plain = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x._edge is None and x.is_floating_point()]
        if self.closely:
            self.signals.given(args, plain)
        if self.change.inputs is not None and plain and module is self.first:
            mean, std = self.change.inputs
            i = plain[0]
            x = args[i]
            if x._a.ndim and x._a.shape[changes.feature_dim(x._a.ndim)] == len(mean):
                return (*args[:i], changes.normalised(x, mean, std), *args[i + 1 :])
        return None

    def normalise(self, module: Module, args: Any, out: Any) -> Any:
        """After the forward of each module."""
        weight = module._parameters.get("weight")
        if weight is not None and self.leaves.names.get(id(weight)) in self.change.normalise:
            return changes.normalised_output(out)
        return None

    def start(self) -> None:
        """Changes of parameters at the start, of each as soon as it is known, and once: later models make new ones known."""
        for name, std in (self.change.weights or {}).items():
            for leaf in self.not_yet_changed(name):
                changes.redraw(leaf, std, self.rng)
        for name, part in self.change.orthogonal:
            for leaf in self.not_yet_changed(name):
                changes.make_orthogonal(leaf, part, self.rng)
        for name in self.change.fill:
            for leaf in self.not_yet_changed(name):
                changes.redraw(leaf, 10 * rms(leaf._a) + 1.0, self.rng)
        self.leaves.look_again()

    def not_yet_changed(self, name: str) -> list[Tensor]:
        """The parameter of this name, the first time that it is there."""
        leaf = self.leaves.take(name)
        if leaf is None or name in self.changed:
            return []
        self.changed.add(name)
        return [leaf]

    def start_late(self, found: Any) -> Any:
        """``start`` for parameters that are known only now, when a loss was made of them: its gradient, ``found``, is forgotten."""
        self.late = False
        if not (self.change.weights or self.change.orthogonal or self.change.fill):
            return found
        self.start()
        for leaf in self.leaves.all():
            if leaf._grad is not None:
                leaf._grad = wrap(np.zeros_like(leaf._a))
        return [None if g is None else wrap(np.zeros_like(array_of(g))) for g in found]

    # --- backward -------------------------------------------------------------------------------------------------------
    def on_backward(self, roots: Any, grads: Any, **options: Any) -> Any:
        into_leaves = options.get("accumulate", True)
        by_hand = not into_leaves and not options.get("create_graph") and _all_leaves(options.get("inputs"))
        if self.busy or not (into_leaves or by_hand):
            return self.backward(roots, grads, **options)
        trace = self.trace
        if not trace.optimizers:
            self.leaves.succeed(roots)
        self.settle()
        line = places.user_line()
        trace.losses.append(Loss(trace.steps, line, float(np.sum(roots[0]._a, dtype=np.float64))))
        look = self.closely and self.is_looked_at(trace.backwards)
        reached = self.reached(roots, look or trace.backwards < 3 or trace.backwards % 10 == 0)
        if look:
            self.look(roots, grads, reached)
        if self.frozen():
            trace.frozen.append(trace.losses[-1].value)
            if len(self.squares) < BATCHES_OF_NOISE:
                self.add_gradient(roots, grads, reached)
        if self.change.zero:
            self.leaves.forget_used()
        factor = self.change.root * (self.rate() if self.change.by_hand else 1.0)
        if factor != 1:
            grads = [wrap(np.asarray(g._a * factor, g._a.dtype)) for g in grads]
        found = self.backward(roots, grads, **options)
        if self.late:
            found = self.start_late(found)
        if self.change.clip:
            changes.clip_gradients(self.leaves.all(), self.change.clip)
        self.leaves.after_backward(dict(zip(map(id, options["inputs"]), found, strict=True)) if by_hand else None)
        trace.backwards += 1
        self.moving.forget()
        self.listen(trace.backwards < 3 or trace.backwards % 25 == 0)
        return found

    def frozen(self) -> bool:
        """Whether parameters stay at this backward: for ``batches`` ones, each time that a quarter of ``freeze`` others have gone."""
        change, kept = self.change, len(self.trace.frozen)
        if change.freeze < 0:
            return False
        windows = kept // change.batches
        return self.trace.backwards - kept >= change.freeze + windows * (change.freeze // 4)

    def rate(self) -> float:
        return 0.0 if self.frozen() else self.change.rate

    def settle(self) -> None:
        """Look at what has changed since the last backward, and whether it was enough."""
        self.trace.steps += self.leaves.settle()
        if (
            len(self.trace.frozen) >= self.change.windows * self.change.batches
            or self.trace.steps >= self.steps
            or self.trace.backwards >= 4 * self.steps
            or self.is_late()
        ):
            raise Enough

    def is_late(self) -> bool:
        """Whether the time is up: that of the processor, which is asked now and then, as asking takes a millisecond on some systems."""
        now = time.perf_counter()
        if now < self.asked + ASKED_EVERY:
            return False
        self.asked = now
        return time.process_time() > self.deadline

    def is_looked_at(self, n: int) -> bool:
        return n < AT_FIRST or n % 10 == 0

    def reached(self, roots: Any, look: bool) -> list[Tensor]:
        """The leaves in the graph of the roots."""
        if not look:
            return []
        self.trace.followed += 1
        none_known = not self.leaves.all()
        found = self.leaves.of_graph(roots)
        if none_known and self.leaves.all() and not self.leaves.models:
            self.late = True
        if not found:
            self.trace.unreached += 1
        return found

    def look(self, roots: Any, grads: Any, reached: list[Tensor]) -> None:
        """What only the graph can tell: the gradient of this loss alone, and its second derivative."""
        self.signals.of_loss(roots[0])
        if not reached or self.spent > FOR_SHARPNESS * self.seconds or not np.isfinite(roots[0]._a).all():
            return
        self.busy = True
        before = time.process_time()
        previous = mode.recording()
        mode.mode.set(mode.ON)
        trace = self.trace
        twice = not trace.no_sharpness and (trace.is_bounded or len(trace.sharpness) < WITHOUT_BOUND)
        try:
            found = curvature.gradients(roots, grads, reached, twice)
            norm = norm_of([array_of(g) for g in found if g is not None])
            trace.gradients.append(norm)
            if twice and np.isfinite(norm):
                trace.sharpness.append((trace.steps, self.sharpness(found, reached)))
        except (RuntimeError, NotImplementedError) as error:  # an operation without a second derivative
            self.trace.no_sharpness = str(error).partition("\n")[0]
        finally:
            mode.mode.set(previous)
            self.busy = False
            self.spent += time.process_time() - before

    def add_gradient(self, roots: Any, grads: Any, reached: list[Tensor]) -> None:
        """With the parameters kept where they are: the mean of the gradients, and of their squares."""
        leaves = reached or self.leaves.all()
        self.busy = True
        try:
            found = grad(roots, leaves, grads, retain_graph=True, allow_unused=True)
        finally:
            self.busy = False
        whole = np.concatenate([
            np.zeros(p._a.size) if g is None else array_of(g).reshape(-1).astype(np.float64) for g, p in zip(found, leaves, strict=True)
        ])  # fmt: skip
        if self.sum_of_gradients is None:
            self.sum_of_gradients = np.zeros_like(whole)
        if whole.shape == self.sum_of_gradients.shape:
            self.sum_of_gradients += whole
            self.squares.append(float(whole @ whole))

    def listen(self, on: bool) -> None:
        """Hear operations at some steps only: it slows them down."""
        if on == bool(self.listeners) or not self.closely:
            return
        if on:
            self.draws.install()
            self.listeners = [listening(self.heard), mode.watching(self.noticed)]
            for part in self.listeners:
                part.__enter__()
            return
        self.listeners[0].__exit__()
        mode.watchers.set(
            ()
        )  # the second's __exit__ would bring back the mode of where it began, which may be another by now
        mode.set_mode(mode.is_grad_enabled())
        self.listeners = []

    # --- steps ----------------------------------------------------------------------------------------------------------
    def before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        trace = self.trace
        if not hasattr(optimizer, "_diagnosed"):
            optimizer._diagnosed = True
            self.leaves.hold(optimizer)
            trace.optimizers.append({"class": type(optimizer).__name__, "id": id(optimizer), **settings(optimizer)})
            trace.step_line = trace.step_line or places.user_line()
            more = [leaf for leaf in map(self.leaves.take, self.change.hold) if leaf is not None]
            if more:
                optimizer.add_param_group({"params": more})
        self.leaves.handed_to(optimizer)
        if trace.optimizers[0]["id"] == id(optimizer):
            trace.scheduled.append(largest_rate(optimizer))
        kept = 0.0 if self.frozen() else self.change.keep_rate
        rate = 1.0 if self.change.by_hand else self.rate()
        self.before: list[tuple[Any, str, Any]] = changes.around_step(optimizer, rate, kept, self.change.no_decay)

    def after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        for group, name, value in self.before:
            group[name] = value

    # --- the end --------------------------------------------------------------------------------------------------------
    def failed(self, error: BaseException) -> None:
        self.trace.error = (type(error).__name__, errors.told(error), places.error_line(error))

    def close(self) -> None:
        """After the run."""
        self.busy = True
        self.trace.seconds = time.process_time() - self.started
        self.trace.steps += self.leaves.settle()
        if self.closely:
            self.leaves.hold_all()
            self.trace.unrecorded_at = self.leaves.by_names(self.cuts.unrecorded_at)
            for leaf in self.leaves.unmoved():
                leaf.moved = False
            for leaf in self.leaves.twins():
                leaf.twins = True
        if self.squares:
            n = len(self.squares)
            mean = self.sum_of_gradients / n
            self.trace.noise = (float(mean @ mean), float(np.mean(self.squares)), n)


def _all_leaves(inputs: Any) -> bool:
    return inputs is not None and all(isinstance(x, Tensor) and x.is_leaf for x in inputs)


def settings(optimizer: Any) -> dict[str, Any]:
    """The numbers of an optimizer's first group, and the largest step size of all."""
    group = optimizer.param_groups[0]
    found = {k: v for k, v in group.items() if isinstance(v, (int, float, tuple, bool)) and k != "params"}
    return {**found, "lr": largest_rate(optimizer), "groups": len(optimizer.param_groups)}


def largest_rate(optimizer: Any) -> float:
    """The largest step size of an optimizer's groups."""
    rates = [float(g["lr"]) for g in optimizer.param_groups if isinstance(g.get("lr"), (int, float, Tensor))]
    return max(rates) if rates else float("nan")
