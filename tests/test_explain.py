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


# --- what is kept, and what is said to be gone ------------------------------------------------------------------------
def test_a_freed_graph_says_so():
    w = torch.tensor(2.0, requires_grad=True)
    loss = (w * w).exp()
    loss.backward()
    e = torch.explain(loss)
    assert e.freed and not e.recorded
    assert e.edges[-1].derivative is None and "freed by backward" in e.edges[-1].problem
    assert e.edges[-1].formula == "out"  # known without values
    assert e.gradient(w) is None
    with pytest.raises(ValueError, match="freed by backward"):
        e.path_sum(w)


def test_an_explanation_leaves_the_graph_as_it_was():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (w.exp() * w).sum()
    e = torch.explain(loss)
    before = e.gradient(w)
    str(e), e.html(), e.svg(), e.dot()
    assert w.grad is None
    loss.backward()
    assert torch.equal(w.grad, before)


def test_values_are_those_of_the_forward_after_the_step():
    w = torch.tensor([1.0], requires_grad=True)
    with torch.explain.recording():
        loss = (11.0 * w - 21.0) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
    e = torch.explain(loss)
    assert e.node("w").number == 1.0 and e.path_sum("w") == -220.0


def test_arrays_have_norms_and_products():
    torch.manual_seed(0)
    x = torch.randn(3, 4, requires_grad=True)
    y = torch.relu(x)
    edge = torch.explain(y).edges[0]
    on = (x > 0).float()
    assert edge.exact and edge.norm == pytest.approx(on.sum().sqrt().item())
    assert edge.sparsity == pytest.approx(1 - on.mean().item())
    v = torch.randn(3, 4)
    assert torch.equal(edge.jvp(v), on * v) and torch.equal(edge.vjp(v), on * v)
    w = torch.randn(4, 2)
    edge = torch.explain(x @ w).edges[0]
    assert torch.allclose(edge.jvp(v), v @ w)
    assert edge.norm == pytest.approx((3**0.5 * w.norm()).item(), rel=0.5) and not edge.exact


def test_more_paths_than_can_be_listed():
    w = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = w
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    e = torch.explain(y)
    assert e.path_count(w) == 2**60 and e.path_sum(w) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="more than limit=1000"):
        e.paths(w)


def test_what_has_no_graph_is_refused():
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.explain(torch.ones(2))
    with pytest.raises(TypeError, match="expected a Tensor"):
        torch.explain(1.0)


# --- large graphs -----------------------------------------------------------------------------------------------------
def test_a_long_loop_is_folded():
    x = torch.ones(3, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y * 1.0001 + 0.0001
    e = torch.explain(y.sum())
    assert len(e.nodes) == 10_002
    text = e.text()
    assert "mul → add  × 5000" in text and text.count("\n") < 100
    assert e.svg().count("<rect") < 400
    assert len(e.html()) < 8_000_000


def test_layers_of_a_gpt_are_one_repetition():
    import explain_graphs

    e = explain_graphs.gpt()
    assert "h.0 … h.11  × 12" in e.text()
    names = {node.name for node in e.leaves}
    assert "gpt.h.3.attn.qkv.weight" in names
    modules = {node.module for node in e.nodes}
    assert {"gpt.h.11.mlp.2", "gpt.wte", "gpt.ln_f"} <= modules


# --- a forward that failed --------------------------------------------------------------------------------------------
def test_failure_names_what_worked():
    nn = torch.nn
    net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(RuntimeError) as caught:
        net(torch.ones(1, 3))
    found = torch.explain.failure(caught.value)
    assert [layer.path for layer in found.worked] == ["net.0"] and found.worked[0].shape == (1, 5)
    assert found.path == "net.2" and found.inputs == ["float32 [1, 5]"] and found.takes == "float32 [*, 4]"
    assert "net(torch.ones(1, 3))" in str(found)
    assert "net.2" in found.html()
