"""torch.utils.checkpoint: the gradients of the plain call, computed from a second run with the same random numbers."""

from __future__ import annotations

import contextlib
import gc

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def body(x, w):
    return (nn.functional.dropout(x, 0.5) * x).sin() @ w


def gradients(run):
    torch.manual_seed(0)
    x, w = torch.ones(2, 6, requires_grad=True), torch.full((6, 3), 0.5, requires_grad=True)
    y = run(x, w)
    y.square().sum().backward()
    return y.tolist(), x.grad.tolist(), w.grad.tolist(), torch.rand(1).tolist()


@pytest.mark.parametrize("reentrant", [True, False])
def test_as_without(reentrant):
    assert gradients(lambda x, w: checkpoint(body, x, w, use_reentrant=reentrant)) == gradients(body)


def test_what_the_graph_says():
    x, w = torch.ones(2, 6, requires_grad=True), torch.ones(6, 3, requires_grad=True)
    assert checkpoint(body, x, w, use_reentrant=False).grad_fn.name() == "MmBackward0"
    assert checkpoint(body, x, w, use_reentrant=True).grad_fn.name() == "CheckpointFunctionBackward"


def test_nothing_is_kept_and_it_is_run_again():
    runs = []

    def f(x):
        runs.append(1)
        return x.exp().sin().exp()

    x = torch.ones(1000, requires_grad=True)
    y = checkpoint(f, x, use_reentrant=False)
    gc.collect()
    node, kept = y.grad_fn, 0
    while not node.is_leaf:
        kept += isinstance(node.saved, tuple)
        node = node.next_functions[0][0]
    assert kept == 0 and len(runs) == 1
    (g,) = torch.autograd.grad(y.sum(), x)
    assert len(runs) == 2
    (wanted,) = torch.autograd.grad(f(x).sum(), x)
    assert torch.equal(g, wanted)


def test_second_derivatives_and_keywords():
    x = torch.tensor([0.5, 1.0], requires_grad=True, dtype=torch.float64)

    def f(x, *, power):
        return (x.sin() ** power).sum()

    seconds = []
    for run in (lambda: f(x, power=3), lambda: checkpoint(f, x, power=3, use_reentrant=False)):
        (g,) = torch.autograd.grad(run(), x, create_graph=True)
        seconds.append(torch.autograd.grad(g.sum(), x)[0].numpy())
    np.testing.assert_allclose(seconds[1], seconds[0])


def test_parameters_of_a_closure():
    layer = nn.Linear(3, 2)
    checkpoint(lambda x: layer(x).relu(), torch.ones(1, 3), use_reentrant=False).sum().backward()
    assert layer.weight.grad is not None


def test_sequential():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    answers = []
    for run in (model, lambda x: checkpoint_sequential(model, 2, x, use_reentrant=False)):
        model.zero_grad()
        torch.manual_seed(1)
        run(torch.ones(2, 3)).sum().backward()
        answers.append([p.grad.tolist() for p in model.parameters()])
    assert answers[0] == answers[1]


def test_refusals():
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(torch.sin, x)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: foo"):
        checkpoint(torch.sin, x, use_reentrant=True, foo=3)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(torch.sin, torch.ones(2), use_reentrant=True)
    state = []

    def fickle(x):
        state.append(1)
        return x.sin() if len(state) == 1 else x.sin().exp()

    y = checkpoint(fickle, x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="A different number of tensors was saved"):
        y.sum().backward()


def test_contexts_of_the_two_runs():
    seen = []

    @contextlib.contextmanager
    def context(name):
        seen.append(name)
        yield
        seen.append(f"end of {name}")

    def both():
        return context("first"), context("again")

    def run(x):
        seen.append("run")
        return (x * x).sin()

    x = torch.ones(3, requires_grad=True)
    y = checkpoint(run, x, use_reentrant=False, context_fn=both)
    y.sum().backward()
    assert seen == ["first", "run", "end of first", "again", "run", "end of again"]
    seen.clear()
    with torch.no_grad():
        checkpoint(run, x, use_reentrant=False, context_fn=both)
    assert seen == ["run"]
    checkpoint(run, x, use_reentrant=True, context_fn=torch.utils.checkpoint.noop_context_fn)
    for options in ({"context_fn": both}, {"debug": True}):
        with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
            checkpoint(run, x, use_reentrant=True, **options)
