"""The derivative of every edge beside PyTorch's: the same 200 random graphs, node by node."""

import sys
from pathlib import Path

import pytest
import torch

import rushlight

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import explain_cases  # noqa: E402

SEEDS = range(200)


def their_edges(root):
    """For each edge of PyTorch's graph, in the order of a walk: the names of its ends and its derivative."""
    found, seen, stack = [], set(), [root.grad_fn]
    while stack:
        node = stack.pop()
        if node in seen or node.name() == "torch::autograd::AccumulateGrad":
            continue
        seen.add(node)
        unit = torch.ones(node._input_metadata[0].shape, dtype=torch.float64)
        given = node(unit)
        given = given if isinstance(given, tuple) else (given,)
        for (target, _), g in zip(node.next_functions, given, strict=True):
            if target is not None:
                found.append((node.name(), target.name(), 0.0 if g is None else g.sum().item()))
                stack.append(target)
    return found


def our_edges(explanation):
    found, seen, stack = [], set(), [explanation.root]
    while stack:
        node = stack.pop()
        if node in seen or node.is_leaf:
            continue
        seen.add(node)
        for edge in node.inputs:
            found.append((node.grad_fn, edge.target.grad_fn, edge.derivative or 0.0))
            stack.append(edge.target)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_are_pytorchs(seed):
    leaves, ours = explain_cases.graph(rushlight, seed)
    their_leaves, theirs = explain_cases.graph(torch, seed)
    explanation = rushlight.explain(ours)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-13)
    for mine, its in zip(our_edges(explanation), their_edges(theirs), strict=True):
        assert mine[:2] == its[:2]
        assert mine[2] == pytest.approx(its[2], rel=1e-12, abs=1e-14), mine
    theirs.backward()
    for leaf, its in zip(leaves, their_leaves, strict=True):
        assert explanation.path_sum(leaf) == pytest.approx(its.grad.item(), rel=1e-12, abs=1e-14)
