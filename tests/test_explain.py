"""The graph as data: edges against finite differences, paths against ``.grad``, what is kept and what is said to be gone."""

import math

import explain_cases
import numpy as np
import pytest

import rushlight as torch
from rushlight.explain import derivatives
from rushlight.explain.paths import factor
from rushlight.explain.recording import Kept, keepsake
from rushlight.writing import CopySlices

SEEDS = range(200)


def inputs_of(node, fn):
    """What an operation was given, as arrays and numbers."""
    inner = keepsake(fn).saved if isinstance(fn, CopySlices) else fn
    found = [x.array if isinstance(x, Kept) else x for x in keepsake(inner).inputs]
    if isinstance(fn, CopySlices):  # the first input is the whole of which a part is written
        found[0] = None if fn.edges[0] is not None else fn.region.write(np.zeros(fn.meta[0]), found[0])
    for edge in node.inputs:
        if found[edge.position] is None:
            found[edge.position] = edge.target.array(edge.target_output)
    return found


def forward(node, inputs):
    """The result of an operation of one number for other inputs: its forward, run again."""
    fn = node.fn
    if not isinstance(fn, CopySlices):
        return fn.op.forward(derivatives.arrays, *inputs, **fn.attrs)
    inner = keepsake(fn).saved
    part = inner.op.forward(derivatives.arrays, fn.region.read(inputs[0]), *inputs[1:], **inner.attrs)
    return fn.region.write(inputs[0], part)


def difference(edge):
    """The derivative of an edge by a central difference of fourth order."""
    node = edge.source
    inputs = inputs_of(node, node.fn)
    x = float(np.reshape(inputs[edge.position], ()))

    def f(x):
        changed = [np.full(edge.target.shape, x) if i == edge.position else a for i, a in enumerate(inputs)]
        return float(np.reshape(forward(node, changed), ()))

    h = 1e-3
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_and_paths(seed):
    with torch.explain.recording():
        leaves, result = explain_cases.graph(torch, seed)
    e = torch.explain(result)
    for edge in e.edges:
        assert factor(edge) == pytest.approx(difference(edge), rel=1e-6, abs=1e-6), edge
    result.backward()
    for leaf in leaves:
        assert e.path_sum(leaf) == pytest.approx(leaf.grad.item(), rel=1e-12, abs=1e-14)
        ways = e.paths(leaf, limit=10**6)
        assert len(ways) == e.path_count(leaf)
        assert math.fsum(way.product for way in ways) == pytest.approx(leaf.grad.item(), rel=1e-10, abs=1e-12)
        assert e.gradient(leaf).item() == pytest.approx(leaf.grad.item(), rel=1e-12, abs=1e-14)
    after = torch.explain(result)  # what was kept answers after backward too
    assert [edge.derivative for edge in after.edges] == [edge.derivative for edge in e.edges]
