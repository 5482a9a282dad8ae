"""Small eager work beside PyTorch: ``python bench/eager.py [--rounds 5]``.

Each program is written once against the torch API and runs on both, alternating in fresh processes; a time is the best of many
repeats, a row's figure the median over the rounds of the ratio torch / rushlight. Both sides must compute the same result.
Needs torch 2.13. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for the processes measured: they slow NumPy's BLAS.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any


def small_op(torch: Any) -> tuple[Callable[[], Any], int]:
    """One multiplication that records a node."""
    x, y = torch.ones(4, requires_grad=True), torch.ones(4)

    def run() -> Any:
        for _ in range(1000):
            z = x * y
        return z

    return run, 1000


def seed_loop(torch: Any) -> tuple[Callable[[], Any], int]:
    """The notebook's loop: a forward of five ops, backward, an update of the leaf by hand."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    w = torch.tensor([[0.1, 0.2], [0.3, 0.4]], requires_grad=True)

    def run() -> Any:
        for _ in range(100):
            loss = ((w * x + 2) ** 2 * 3).mean()
            loss.backward()
            w.data -= 1e-4 * w.grad.data
            w.grad.data.zero_()
        return loss

    return run, 100


def chain(torch: Any) -> tuple[Callable[[], Any], int]:
    """A chain of 1,000 ops forward and backward."""
    x = torch.ones(4, requires_grad=True)

    def run() -> Any:
        y = x
        for _ in range(500):
            y = y * 1.001
            y = y + 0.001
        y.sum().backward()
        x.grad = None
        return y

    return run, 1


ROWS = {"small_op": small_op, "seed_loop": seed_loop, "chain": chain}


def measure(side: str) -> None:
    """In a process of its own: print each row's best time and result."""
    if side == "torch":
        import torch
    else:
        import rushlight as torch
    for name, make in ROWS.items():
        run, count = make(torch)
        best, end = float("inf"), time.perf_counter() + 0.7
        while time.perf_counter() < end:
            start = time.perf_counter()
            run()
            best = min(best, time.perf_counter() - start)
        run, _ = make(torch)
        print(name, best / count, run().sum().item())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=("torch", "rushlight"), help="measure one side in this process")
    options = parser.parse_args()
    if options.side:
        return measure(options.side)
    env = {n: v for n, v in os.environ.items() if n not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    ratios: dict[str, list[float]] = {name: [] for name in ROWS}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ROWS}
    for _ in range(options.rounds):
        found = {}
        for side in ("torch", "rushlight"):
            text = subprocess.check_output([sys.executable, __file__, "--side", side], env=env, text=True)
            found[side] = {name: (float(t), float(r)) for name, t, r in map(str.split, text.splitlines())}
        for name in ROWS:
            (theirs, a), (ours, b) = found["torch"][name], found["rushlight"][name]
            if abs(a - b) > 1e-5 * abs(a):
                raise SystemExit(f"{name}: torch computed {a}, rushlight {b}")
            ratios[name].append(theirs / ours)
            times[name].append((theirs, ours))
    print(f"{'row':10} {'torch us':>9} {'ours us':>9} {'ratio':>6}   (medians of {options.rounds})")
    for name in ROWS:
        theirs, ours = (statistics.median(t[i] for t in times[name]) * 1e6 for i in (0, 1))
        print(f"{name:10} {theirs:9.2f} {ours:9.2f} {statistics.median(ratios[name]):6.2f}")


if __name__ == "__main__":
    main()
