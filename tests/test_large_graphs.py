"""Graphs of any depth: backward and deallocation without recursion, without leaks."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
import weakref

import numpy as np
import pytest

import rushlight as torch
from rushlight.autograd.graph import Node


def nodes_alive():
    gc.collect()
    return sum(isinstance(o, Node) for o in gc.get_objects())


def chain(x, n, step):
    for _ in range(n):
        x = step(x)
    return x


def test_a_chain_of_a_million_nodes():
    x = torch.tensor([1.0], requires_grad=True)
    limit = sys.getrecursionlimit()
    y = chain(x, 1_000_000, lambda t: t + 1.0)
    y.backward()
    assert x.grad.tolist() == [1.0] and sys.getrecursionlimit() == limit
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_a_diamond_doubled_thirty_times():
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    start = time.perf_counter()
    chain(x, 30, lambda t: t + t).backward()
    assert x.grad.item() == 2.0**30
    assert time.perf_counter() - start < 1  # 31 nodes, not 2**30 paths


def test_a_long_chain_is_differentiated_twice():
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = chain(x, 20_000, lambda t: t * 1.0001)
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    assert g.item() == pytest.approx(1.0001**20_000)
    z = chain(x, 5_000, lambda t: t.sin())
    (g,) = torch.autograd.grad(z, x, create_graph=True)
    (h,) = torch.autograd.grad(g, x)
    assert np.isfinite(h.item())


STEPS = {
    "unary": lambda t: t.tanh(),
    "number": lambda t: t * 1.5,
    "binary": lambda t: t + t,
    "views": lambda t: t[None][0],
    "in place": lambda t: t.add_(1.0),
    "parts": lambda t: t.unbind()[0].reshape(1),
    "many inputs": lambda t: torch.cat([t, t])[:1],
    "function": lambda t: Double.apply(t),
}


class Double(torch.autograd.Function):
    """A user's operation."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


@pytest.mark.parametrize("name", STEPS)
def test_a_graph_that_is_never_run_is_freed_without_recursion(name):
    gc.collect()
    before = nodes_alive()
    x = torch.tensor([0.5], requires_grad=True)
    y = chain(x * 1.0, 100_000, STEPS[name])
    gc.disable()  # reference counts alone must do it: a graph has no cycles
    try:
        assert sum(isinstance(o, Node) for o in gc.get_objects()) > 100_000
        del y
        count = sum(isinstance(o, Node) for o in gc.get_objects())
    finally:
        gc.enable()
    assert count <= before + 1  # the leaf's own


@pytest.mark.parametrize("name", ["unary", "views", "function"])
def test_training_does_not_leak(name):
    x = torch.tensor([0.5], requires_grad=True)

    def steps(n):
        for _ in range(n):
            y = chain(x * 1.0, 20, STEPS[name])
            y.sum().backward()
            x.grad = None

    steps(50)
    gc.collect()
    objects, alive = len(gc.get_objects()), nodes_alive()
    tracemalloc.start()
    steps(20)
    gc.collect()
    first = tracemalloc.get_traced_memory()[0]
    steps(200)
    gc.collect()
    second = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert nodes_alive() <= alive
    assert len(gc.get_objects()) <= objects + 50
    assert second - first < 20_000  # bytes, over 200 steps of 20 nodes


def test_a_graph_with_hooks_and_views_has_no_cycles():
    gc.collect()
    gc.disable()
    try:
        x = torch.ones(3, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: g)
        y.retain_grad()
        v = y[1:]
        v.mul_(2)
        z = v.sum() + y.sum()
        z.backward()
        refs = [weakref.ref(t) for t in (x, y, v, z)] + [weakref.ref(y.grad_fn)]
        del x, y, v, z
        assert [r() is None for r in refs] == [True] * len(refs)
    finally:
        gc.enable()
