"""What a diagnosis says: findings as data, and as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..places import Line
from .trace import Level, Trace

#: Steps after which a loss should have moved.
LONG = 20


@dataclass
class Check:
    """A change that was tried on a copy of the training's start, and the loss with and without it."""

    what: str
    before: tuple[Level, Level]
    after: tuple[Level, Level]
    steps: int
    losses: list[float] = field(default_factory=list)  # with the change: the means of a few stretches of equal length

    @property
    def helps(self) -> float:
        """By how much: the last loss without the change over the last with it."""
        return self.before[1].mean / self.after[1].mean if self.after[1].mean else float("inf")

    def __str__(self) -> str:
        way = " -> ".join(f"{x:.4g}" for x in self.losses)
        return f"tried on a copy, {self.steps} steps: {self.what}: loss {way} (as it is: {self.before[0]} -> {self.before[1]})"


@dataclass
class Finding:
    """One cause.

    Attributes: ``kind`` (a short name, ``"step size"``), ``title`` (one sentence), ``evidence`` (sentences with numbers), ``numbers`` (the
    same as data), ``line`` (a ``places.Line`` or None), ``change`` (what to write instead), ``check`` (what trying it gave; a ``Check``,
    or a sentence), ``write`` (the line as it would be, or one to add, where that is a line of code; else empty).
    """

    kind: str
    title: str
    evidence: list[str]
    change: str
    line: Line | None = None
    check: Check | str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    write: str = ""  # a line of code to write, where the change is one, with the program's own names
    tried: Any = field(default=None, repr=False)  # the ``Change`` without which nothing else can be judged

    def __str__(self) -> str:
        rows = [f"{self.kind}: {self.title}"]
        if self.line is not None:
            rows.append(f"    line    {self.line}: {self.line.text}")
        rows += [f"    {'found ' if not i else '      '}  {text}" for i, text in enumerate(self.evidence)]
        rows.append(f"    change  {self.change}")
        if self.write:
            rows.append(f"    write   {self.write}")
        if self.check is not None:
            rows.append(f"    check   {self.check}")
        return "\n".join(rows)


@dataclass
class Report:
    """What ``diagnose`` found, the cause first. ``findings`` is empty for a training in order; ``trace`` is all that was seen."""

    findings: list[Finding]
    trace: Trace

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def summary(self) -> str:
        """One line on what was watched."""
        curve = self.trace.curve()
        what = f"{self.trace.steps} steps, {self.trace.backwards} backwards"
        return what if not self.trace.losses else f"{what}: loss {curve[0]:.4g} -> {curve[-1]:.4g}"

    def __str__(self) -> str:
        head = f"Watched {self.summary()}."
        if self.healthy:
            return f"{head}\nNothing found: {'; '.join(self.in_order()) or 'the training is in order'}.{self.hint()}"
        return "\n\n".join([head, *[f"{i}. {finding}" for i, finding in enumerate(self.findings, 1)]])

    def hint(self) -> str:
        """What to look at where nothing is wrong and nothing gets better."""
        trace = self.trace
        if len(trace.curve()) < LONG or trace.says_nothing or not trace.stalled:
            return ""
        first, last = trace.ends()
        return (
            f"\nYet the loss has not come down ({first} -> {last}), and no change that was tried helps. Watch more steps; see whether the "
            "targets belong to the inputs and can be told from them; train on one batch alone, which a model should learn by heart."
        )

    def in_order(self) -> list[str]:
        """What was measured and is as it should be."""
        found = []
        if self.trace.sharpness:
            found.append(f"sharpness at most {max(value for _, value in self.trace.sharpness):.4g}")
        if self.trace.drawn_line is not None:
            found.append(
                f"actions are drawn at {self.trace.drawn_line} (the loss is made for its gradient: its height says nothing)"
            )
        if self.trace.moving is not None and self.trace.drawn_line is None:
            why, line = self.trace.moving
            found.append(f"{why} at {line} (the loss moves with them: its height says little)")
        if self.trace.gradients:
            found.append(f"gradient norm {self.trace.gradients[0]:.4g}")
        if self.trace.leaves:
            reached = sum(leaf.reached > 0 for leaf in self.trace.leaves.values())
            found.append(f"{reached} of {len(self.trace.leaves)} parameters reached by the loss")
        return found

    __repr__ = __str__

    def show(self) -> None:
        """Print the report, in colours where the output is a terminal."""
        from ...terminal import console

        out = console(highlight=False, soft_wrap=True)
        out.print(f"Watched {self.summary()}.", style="dim")
        if self.healthy:
            out.print(str(self).partition("\n")[2], style="green", markup=False)
        for i, finding in enumerate(self.findings, 1):
            title, _, rest = str(finding).partition("\n")
            out.print(f"\n{i}. {title}", style="bold red" if i == 1 else "bold", markup=False)
            out.print(rest, markup=False)
