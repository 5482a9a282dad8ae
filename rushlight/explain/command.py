"""``rushlight explain PROGRAM``: run a program, then show the graph of its last loss, or of the forward that failed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..autograd import engine
from .failure import Failure
from .graph import Explanation
from .names import add_all
from .recording import recording


def run(chosen: argparse.Namespace) -> int:
    """Run the program and explain; the exit status, 1 if there was nothing to explain."""
    from ..compat.run import run_file

    failures: list[Failure] = []
    with recording(), last_loss() as losses:
        status = run_file(
            chosen.program,
            chosen.arguments,
            chosen.legacy,
            failed=lambda error: failures.append(Failure(error)),
        )
    if failures:
        print(f"\n{failures[0]}")
        write(chosen, failures[0])
        return status
    if not losses:
        print("rushlight explain: the program called no backward(), so there is no loss to explain", file=sys.stderr)
        return status or 1
    labels: dict[Any, str] = {}
    add_all(labels, vars(sys.modules["__main__"]))
    explanation = Explanation(losses[0], labels)
    explanation.show()
    write(chosen, explanation)
    return status


def write(chosen: argparse.Namespace, what: Any) -> None:
    """Write the files that were asked for. A failure has a page alone."""
    for kind in ("html", "svg", "dot"):
        file = getattr(chosen, kind)
        if file is None:
            continue
        if not hasattr(what, kind):
            print(f"rushlight explain: a forward that failed has no {kind} picture; --html shows it", file=sys.stderr)
            continue
        getattr(what, kind)(file)
        print(f"{file} written")


@contextmanager
def last_loss() -> Iterator[list[Any]]:
    """Inside, the list holds the first root of the last backward that filled leaves."""
    found: list[Any] = []
    original = engine.backward

    def backward(roots: Any, grads: Any, **settings: Any) -> Any:
        result = original(roots, grads, **settings)
        if settings.get("accumulate", True):
            found[:] = roots[:1]
        return result

    engine.backward = backward  # type: ignore[assignment]
    try:
        yield found
    finally:
        engine.backward = original
