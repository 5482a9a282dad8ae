"""Threads: each has its own grad mode; models trained at the same time print what they print one after the other."""

from __future__ import annotations

import sys
import threading

import pytest

import rushlight as torch

MODES = [
    "plain",
    "no_grad first",
    "set_grad_enabled",
    "inference first",
    "plain",
    "create_graph",
    "enable inside",
    "hooks",
]


def train(number: int) -> list[str]:
    """Train a small model with its own generator and print as PyTorch programs do."""
    generator = torch.Generator().manual_seed(number)
    kind = MODES[number]
    lines = []
    w1 = torch.randn(4, 8, generator=generator).requires_grad_()
    w2 = torch.randn(8, 1, generator=generator).requires_grad_()
    x, y = torch.randn(16, 4, generator=generator), torch.randn(16, 1, generator=generator)
    optimizer = torch.optim.SGD([w1, w2], lr=0.05, momentum=0.9)
    if kind == "set_grad_enabled":
        torch.set_grad_enabled(False)
    for _ in range(30):
        if kind in ("no_grad first", "inference first"):
            with torch.no_grad() if kind == "no_grad first" else torch.inference_mode():
                lines.append(f"{(x @ w1).tanh().mean()} {torch.is_grad_enabled()} {torch.is_inference_mode_enabled()}")
        with torch.enable_grad():
            noise = torch.rand(16, 4, generator=generator)
            loss = ((torch.tanh((x + 0.01 * noise) @ w1) @ w2 - y) ** 2).mean()
            seen = []
            if kind == "hooks":
                loss.register_hook(lambda g, seen=seen: seen.append(g.item()))
            optimizer.zero_grad()
            if kind == "create_graph":
                (g,) = torch.autograd.grad(loss, w2, create_graph=True)
                loss = loss + 0.001 * (g**2).sum()
            loss.backward()
            optimizer.step()
        lines.append(f"{loss} {seen} {torch.is_grad_enabled()}")
    if kind == "set_grad_enabled":
        lines.append(str((w1 * 2).requires_grad))
        torch.set_grad_enabled(True)
    lines.append(str(w1.sum()) + str(w2.flatten()[:3]))
    return lines


def in_threads(work, n):
    """Run ``work(0) .. work(n - 1)`` at the same time; their results in order."""
    results, errors = [None] * n, []
    barrier = threading.Barrier(n)

    def run(i):
        try:
            barrier.wait()
            results[i] = work(i)
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # switch in the middle of everything
    try:
        threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]
    return results


def test_eight_threads_print_what_one_does():
    alone = [train(i) for i in range(8)]
    assert in_threads(train, 8) == alone
    assert all(len(set(lines)) > 5 for lines in alone)


def test_a_thread_starts_with_gradients_enabled():
    with torch.no_grad():
        assert in_threads(lambda i: torch.is_grad_enabled(), 2) == [True, True]
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize(
    "draw", ["rand(7)", "randn(33)", "randint(0, 9, (5,))", "randperm(9)", "bernoulli(torch.ones(3) / 2)"]
)
def test_the_default_generator_is_drawn_from_whole(draw):
    """Each draw takes its numbers in one piece: together the threads draw what one thread would have drawn."""
    n, rounds = 4, 25

    def work(i):
        return [str(eval(f"torch.{draw}").tolist()) for _ in range(rounds)]

    torch.manual_seed(5)
    alone = sorted(work(0) + work(1) + work(2) + work(3))
    torch.manual_seed(5)
    together = sorted(sum(in_threads(work, n), []))
    assert together == alone


def test_one_graph_is_run_by_many_threads():
    x = torch.ones(3, requires_grad=True)
    y = (x * 2).tanh().sum()

    def work(i):
        return [torch.autograd.grad(y, x, retain_graph=True)[0].tolist() for _ in range(50)]

    results = in_threads(work, 4)
    assert all(r == results[0][0] for rows in results for r in rows)
