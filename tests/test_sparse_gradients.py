"""Gradients of rows only: embeddings with ``sparse=True``, and the optimizers that take them. Numbers are torch 2.13's."""

from __future__ import annotations

import copy
import pickle

import pytest

import rushlight as torch
import rushlight.nn.functional as F


def layer(**options):
    torch.manual_seed(0)
    return torch.nn.Embedding(5, 2, sparse=True, **options)


INDEX = torch.tensor([1, 3, 1])


def rows(grad):
    assert grad.is_sparse and grad.layout is torch.sparse_coo and grad.shape == (5, 2)
    return grad._indices().tolist(), grad._values().tolist()


def test_rows_that_were_used():
    net = layer()
    net(INDEX).sum().backward()
    assert rows(net.weight.grad) == ([[1, 3, 1]], [[1, 1]] * 3) and not net.weight.grad.is_coalesced()
    net(torch.tensor([0])).sum().backward()
    assert rows(net.weight.grad)[0] == [[1, 3, 1, 0]]
    assert net.weight.grad.coalesce().values().tolist() == [[1, 1], [2, 2], [1, 1]]
    assert net.weight.grad.norm().item() == pytest.approx(12**0.5)
    net.zero_grad(set_to_none=False)
    assert rows(net.weight.grad) == ([[]], [])


def test_several_uses_in_one_backward():
    net = layer()
    (net(INDEX).sum() + net(torch.tensor([[4], [0]])).sum()).backward()
    assert rows(net.weight.grad)[0] == [[1, 3, 1, 4, 0]]


def test_beside_dense_gradients():
    whole = [[1, 1], [3, 3], [1, 1], [2, 2], [1, 1]]

    def dense(net):
        return F.linear(torch.ones(1, 2), net.weight).sum()

    first, second, both = layer(), layer(), layer()
    dense(first).backward()
    kept = first.weight.grad
    first(INDEX).sum().backward()
    second(INDEX).sum().backward()
    dense(second).backward()
    (dense(both) + both(INDEX).sum()).backward()
    assert first.weight.grad is kept
    for net in (first, second, both):
        assert not net.weight.grad.is_sparse and net.weight.grad.tolist() == whole


def test_the_padding_gets_none():
    net = layer(padding_idx=1)
    net(INDEX).sum().backward()
    assert rows(net.weight.grad) == ([[3]], [[1, 1]])


def test_grad_hooks_and_what_is_differentiated_again():
    net, seen = layer(), []
    (g,) = torch.autograd.grad(net(INDEX).sum(), net.weight)
    assert rows(g)[0] == [[1, 3, 1]]
    handle = net.weight.register_hook(lambda g: seen.append(g.is_sparse) or g * 2)
    net(INDEX).sum().backward()
    assert seen == [True] and rows(net.weight.grad)[1] == [[2, 2]] * 3
    handle.remove()
    (g,) = torch.autograd.grad((net(INDEX) ** 2).sum(), net.weight, create_graph=True)
    assert not g.is_sparse and g.requires_grad
    F.embedding(INDEX, net.weight * 2, sparse=True).sum().backward()  # what is no leaf reads the whole array


@pytest.mark.parametrize(
    ("mode", "index", "values"),
    [("sum", [[1, 3, 1, 0]], [[1, 1]] * 4), ("mean", [[1, 3, 1, 0]], [[0.5, 0.5]] * 4)],
)
def test_bags(mode, index, values):
    bag = torch.nn.EmbeddingBag(5, 2, mode=mode, sparse=True)
    bag(torch.tensor([1, 3, 1, 0]), torch.tensor([0, 2])).sum().backward()
    assert rows(bag.weight.grad) == (index, values)


def test_bags_with_weights():
    bag = torch.nn.EmbeddingBag(5, 2, mode="sum", sparse=True)
    scales = torch.tensor([1.0, 2, 3, 4])
    bag(torch.tensor([1, 3, 1, 0]), torch.tensor([0, 2]), per_sample_weights=scales).sum().backward()
    assert rows(bag.weight.grad) == ([[1, 3, 1, 0]], [[1, 1], [2, 2], [3, 3], [4, 4]])
    with pytest.raises(ValueError, match="max mode does not support sparse weights"):
        torch.nn.EmbeddingBag(5, 2, mode="max", sparse=True)(torch.tensor([[1]]))


def test_frequencies_are_refused():
    with pytest.raises(RuntimeError, match="scale_grad_by_freq not supported with sparse gradients"):
        layer(scale_grad_by_freq=True)(INDEX).sum().backward()


def trained(name, **options):
    net = layer()
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.1, **options)
    for step in range(3):
        optimizer.zero_grad()
        (net(torch.tensor([step, 3, step])) ** 2).sum().backward()
        optimizer.step()
    return net.weight.detach(), optimizer.state[net.weight]


@pytest.mark.parametrize(
    ("name", "options", "first", "fourth"),
    [
        ("SGD", {}, (0.9245976805686951, -0.1760573387145996), (0.20651356875896454, 0.429069459438324)),
        ("SGD", {"maximize": True}, (2.1573944091796875, -0.4108004570007324), (0.6969833374023438, 1.44810950756073)),
        ("Adagrad", {}, (1.4409960508346558, -0.1934289038181305), (0.19982390105724335, 0.6203768253326416)),
        ("Adagrad", {"lr_decay": 0.1}, (1.4409960508346558, -0.1934289038181305), (0.21186886727809906, 0.6346970796585083)),
        ("SparseAdam", {}, (1.4409960508346558, -0.19342893362045288), (0.11062334477901459, 0.5400928258895874)),
        ("SparseAdam", {"maximize": True}, (1.6409960985183716, -0.39342886209487915), (0.7033874988555908, 1.1385221481323242)),
        ("SparseAdam", {"betas": (0.5, 0.6)}, (1.4409960508346558, -0.1934289038181305), (0.11278069019317627, 0.5407674908638)),
    ],
)  # fmt: skip
def test_optimizers(name, options, first, fourth):
    weight, state = trained(name, **options)
    assert weight[0].tolist() == pytest.approx(first, rel=3e-7) and weight[3].tolist() == pytest.approx(
        fourth, rel=3e-7
    )
    assert weight[4].tolist() == pytest.approx((-0.7192575931549072, -0.40334352850914), rel=1e-7)
    if name == "SparseAdam":
        assert state["step"] == 3 and state["exp_avg"].shape == (5, 2) and not state["exp_avg_sq"][4].any()


@pytest.mark.parametrize(
    "name", ["Adam", "AdamW", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop", "Adafactor"]
)
def test_optimizers_that_refuse(name):
    net, other = layer(), torch.nn.Parameter(torch.ones(2))
    optimizer = getattr(torch.optim, name)([other, *net.parameters()])
    (net(INDEX).sum() + other.sum()).backward()
    with pytest.raises(RuntimeError, match="does not support sparse gradients"):
        optimizer.step()
    assert other.tolist() == [1, 1]  # nothing was changed


def test_settings_that_need_dense_gradients():
    for name, options, phrase in (
        ("SGD", {"momentum": 0.9}, "doesn't have storage"),
        ("SGD", {"weight_decay": 0.1}, r"add\(sparse, dense\) is not supported"),
        ("Adagrad", {"weight_decay": 0.1}, "weight_decay option is not compatible with sparse gradients"),
    ):
        with pytest.raises(RuntimeError, match=phrase):
            trained(name, **options)
    net = layer()
    net.weight.grad = torch.ones(5, 2)
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients"):
        torch.optim.SparseAdam(net.parameters()).step()
    for options, phrase in (
        ({"lr": -1}, "learning rate"),
        ({"eps": 0.0}, "epsilon"),
        ({"betas": (1.0, 0.9)}, "beta parameter at index 0"),
    ):
        with pytest.raises(ValueError, match=f"Invalid {phrase}"):
            torch.optim.SparseAdam(net.parameters(), **options)
    with pytest.raises(ValueError, match=r"Sparse params at indices \[\[0, 0\]\]"):
        torch.optim.SparseAdam([torch.sparse_coo_tensor([[0]], [1.0], (2,)).requires_grad_()])


def test_scaled_and_by_lbfgs():
    net = layer()
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    before = net.weight.detach().clone()
    scaler.scale(net(INDEX).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert (before - net.weight.detach())[:, 0].tolist() == pytest.approx([0, 2, 0, 1, 0])
    lbfgs = torch.optim.LBFGS(net.parameters(), max_iter=3)

    def closure():
        lbfgs.zero_grad()
        loss = (net(INDEX) ** 2).sum()
        loss.backward()
        return loss

    first = lbfgs.step(closure)
    assert closure() < first


def test_added_to_a_dense_tensor():
    net = layer()
    net(INDEX).sum().backward()
    assert (torch.zeros(5, 2) + net.weight.grad)[:, 0].tolist() == [0, 2, 0, 1, 0]


def test_matrices_in_compressed_rows():
    s = torch.sparse_csr_tensor([0, 2, 3], [0, 2, 1], [1.0, 2.0, 3.0], (2, 3), requires_grad=True)
    (s @ torch.tensor([[1.0], [10.0], [100.0]])).sum().backward()
    assert s.grad.layout is torch.sparse_csr and s.grad.values().tolist() == [1.0, 100.0, 10.0]
    again = copy.deepcopy(s)
    assert again.requires_grad and torch.equal(again.to_dense(), s.to_dense())
    assert torch.equal(pickle.loads(pickle.dumps(s.detach())).to_dense(), s.to_dense().detach())
    for call in (s.t, s.to_sparse_csc, lambda: s.T, lambda: s.transpose(0, 1)):
        with pytest.raises(NotImplementedError, match="sparse_csc"):
            call()
    with pytest.raises(NotImplementedError, match="in batches"):
        torch.sparse_csr_tensor([[0, 1], [0, 1]], [[0], [0]], [[1.0], [1.0]])
    with pytest.raises(NotImplementedError, match="3 dimensions"):
        torch.ones(2, 2, 2).to_sparse_csr()
    with pytest.raises(NotImplementedError, match="aten::exp"):
        torch.exp(s)
    with pytest.raises(RuntimeError, match="keepdim=False is unsupported"):
        s.sum(1)
    with pytest.raises(RuntimeError, match="0 <= col_indices < ncols"):
        torch.sparse_csr_tensor([0, 1], [7], [1.0], (1, 3))
    with pytest.raises(NotImplementedError, match="sparse_csc_tensor"):
        torch.sparse_csc_tensor([0, 1], [0], [1.0])
