"""Gradients that PyTorch's nodes compute from what they saved are functions of it, also where their value does not depend on it."""

import pytest

import rushlight as torch
import rushlight.nn.functional as F

MAPS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "hardtanh": F.hardtanh,
    "threshold": lambda x: F.threshold(x, 0.1, 2.0),
    "softshrink": F.softshrink,
    "max_pool1d": lambda x: F.max_pool1d(x, 2, 1),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_max_pool1d": lambda x: F.adaptive_max_pool1d(x, 2),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x, 2),
    "reflect": lambda x: F.pad(x, (1, 1), mode="reflect"),
    "nll_loss": lambda x: F.nll_loss(x, torch.tensor([[0, 1, 2], [1, 1, 1]])),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_penalty_on_the_gradient_is_a_loss(name):
    x = torch.linspace(-1, 1, 18, dtype=torch.float64).reshape(2, 3, 3).requires_grad_()
    (g,) = torch.autograd.grad(MAPS[name](x).sum(), x, create_graph=True)
    assert g.requires_grad
    (g * g).sum().backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


@pytest.mark.parametrize(
    "layer",
    [
        lambda x, w, b: F.conv1d(x, w.reshape(3, 1, 1).expand(3, 3, 1), b),
        lambda x, w, b: F.conv_transpose1d(x, w.reshape(3, 1, 1).expand(3, 3, 1), b),
        lambda x, w, b: F.layer_norm(x, (3,), w, b),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: F.group_norm(x, 3, w, b),
    ],
)
def test_the_gradient_of_a_bias_belongs_to_one_node_with_the_others(layer):
    x = torch.linspace(-1, 2, 18, dtype=torch.float64).reshape(2, 3, 3).pow(3).requires_grad_()
    w, b = (
        torch.ones(3, dtype=torch.float64, requires_grad=True),
        torch.zeros(3, dtype=torch.float64, requires_grad=True),
    )
    (g,) = torch.autograd.grad(layer(x, w, b).sum(), b, create_graph=True)
    assert g.requires_grad
    for seen in torch.autograd.grad(g.sum(), (x, w)):
        assert torch.equal(seen, torch.zeros_like(seen))


def test_first_gradients_are_as_they_were():
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    F.relu(x).sum().backward()
    assert x.grad.tolist() == [0.0, 1.0] and not x.grad.requires_grad
