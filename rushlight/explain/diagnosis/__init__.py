"""Why does a training diverge or stall? ``diagnose(step)`` watches it, measures, tries changes on copies, and says what it is.

``runs`` forks copies of the process and lets the training go there, ``observe`` watches it from inside and fills a ``trace``,
``structure`` and ``training`` read that and try ``changes`` (``trials``), ``report`` says what came of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...tensor import Tensor
from . import structure, training
from .observe import Observer
from .report import Check, Finding, Report
from .runs import Program, Refused, observed
from .trials import Trials

__all__ = ["Check", "Finding", "Report", "diagnose", "diagnose_program"]


def diagnose(
    step: Callable[..., Any], optimizer: Any = None, *, lr: float | None = None, data: Iterable[Any] | None = None, steps: int = 100,
    seconds: float = 10.0,
) -> Report:  # fmt: skip
    """Watch a training and say why it diverges or stalls: each cause with numbers, the line, a change, and what the change gave.

    The training runs in copies of this process: parameters, optimizers, random streams and whatever else ``step`` changes are as before
    afterwards. A cause is reported if it is a fact (a parameter that no optimizer holds) or if a change of it was tried and clearly helps.

    Args:
        step: one step of the training, called again and again: forward, backward, update. Or a function that returns the
            loss, of which ``optimizer`` or ``lr`` says how it is made smaller.
        optimizer: with a function that returns the loss, the optimizer.
        lr: with a function that returns the loss, the step size of plain gradient descent.
        data: batches that ``step`` is called with, a tuple or list as its arguments; again from the start at their end.
        steps: how many steps are watched; fewer if they take more than ``seconds``.

    Returns:
        A ``Report``: print it, or read ``.findings``.

    Raises:
        ValueError: if ``step`` neither trains nor returns a loss with an ``optimizer`` or ``lr``.
        NotImplementedError: on systems without ``os.fork``.

    Example:
        >>> import rushlight as torch
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> report = torch.diagnose(lambda: ((33.0 * w - 64.0) ** 2).sum(), lr=0.01)
        >>> report.findings[0].kind, round(report.findings[0].numbers["limit"], 7)
        ('step size', 0.0009183)
    """
    return _diagnosed(_of_step(step, optimizer, lr, data, steps), steps, seconds)


def diagnose_program(run: Callable[[], Any], *, steps: int = 100, seconds: float = 20.0) -> Report:
    """The same for a whole program, which ``run`` runs: its training is watched as it stands there. What it prints is not shown."""
    return _diagnosed(lambda observer: run(), steps, seconds)


def _diagnosed(program: Program, steps: int, seconds: float) -> Report:
    trace = observed(program, steps=steps, seconds=seconds)
    trials = Trials(program, trace, steps, seconds)
    found = structure.all_of(trace, trials)
    if not any(finding.kind in ("detached loss", "no step") for finding in found):
        for finding in found:
            if finding.tried is not None:
                trials = trials.with_mended(finding.tried)
        found += training.all_of(trials.trace, trials)
        found += filter(None, [structure.unused(trials.trace, trials)])
    if not found and trace.error is not None:
        kind, text, line = trace.error
        found = [
            Finding("error", f"{kind}: {text.partition(chr(10))[0]}", text.splitlines()[1:], "see the error", line)
        ]
    return Report(found, trace)


def _of_step(step: Any, optimizer: Any, lr: float | None, data: Iterable[Any] | None, steps: int) -> Program:
    """A step or a loss function as a program."""

    def program(observer: Observer) -> None:
        batches = _batches(data)
        out = step(*next(batches))
        trace = observer.trace
        trains = bool(trace.backwards or trace.optimizers)
        if not trains and not isinstance(out, Tensor):
            raise Refused("step did not train (no backward, no optimizer's step) and returned no loss")
        if not trains and optimizer is None and lr is None:
            raise Refused("step returned a loss: say how it is made smaller, with optimizer= or lr=")
        for _ in range(3 * steps):
            if not trains:
                _train(out, optimizer, lr, observer)
            out = step(*next(batches))

    return program


def _train(loss: Any, optimizer: Any, lr: Any, observer: Observer) -> None:
    """One step for a function that only gives the loss."""
    if optimizer is not None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return
    loss.backward()
    leaf: Any
    for leaf in observer.leaves.all():
        if leaf._grad is not None:
            leaf.data = leaf.data - lr * leaf._grad
            leaf._grad = None


def _batches(data: Iterable[Any] | None) -> Iterator[tuple[Any, ...]]:
    """What each call is given."""
    if data is None:
        return itertools.repeat(())

    def again() -> Iterator[tuple[Any, ...]]:
        while True:
            for batch in data:
                yield tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)

    return again()
