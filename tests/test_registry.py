"""Every op of the registry, by the properties that its record promises."""

import numpy as np
import pytest

import rushlight as torch
from rushlight import recorder
from rushlight.op import REGISTRY

OPS = sorted(REGISTRY)
UNARY = [
    n
    for n in OPS
    if REGISTRY[n].family == "elementwise"
    and len(REGISTRY[n].inputs) == 1
    and REGISTRY[n].answers.get("input") == "rule"
    and REGISTRY[n].domain is not None
    and REGISTRY[n].name not in ("convert",)
]


@pytest.mark.parametrize("name", OPS)
def test_the_record_is_complete(name):
    op = REGISTRY[name]
    assert op.doc, f"{name} has no documentation"
    silent = [n for n in op.inputs if n not in op.answers]
    assert not silent, f"{name} does not say whether a gradient flows to {silent}"


def numeric(f, x, h=1e-6):
    """Central differences of the sum of f."""
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        out[i] = (f(torch.tensor(up)).sum().item() - f(torch.tensor(down)).sum().item()) / (2 * h)
    return out


@pytest.mark.parametrize("name", UNARY)
def test_elementwise_gradients_agree_with_finite_differences(name):
    op = REGISTRY[name]
    low, high = op.domain
    values = np.linspace(low, high, 7)[1:-1] + 0.013
    x = torch.tensor(values, requires_grad=True)
    (first,) = torch.autograd.grad(op.public(x).sum(), x, create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), numeric(op.public, values), rtol=1e-5, atol=1e-6)
    if first.requires_grad:

        def gradient(t):
            t = t.requires_grad_()
            return torch.autograd.grad(op.public(t).sum(), t, create_graph=True)[0]

        (second,) = torch.autograd.grad(first.sum(), x)
        np.testing.assert_allclose(second.numpy(), numeric(gradient, values), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", UNARY)
def test_elementwise_ops_keep_shape_and_write_in_place(name):
    op = REGISTRY[name]
    low, high = op.domain
    base = torch.linspace(low + 0.05, high - 0.05, 12).view(3, 4)
    for x in (base, base.t(), base[:, ::2], base[0, 0], base[:0]):
        out = op.public(x)
        assert out.shape == x.shape and out.dtype is torch.float32
        if op.name + "_" in op.methods:
            y = x.clone()
            assert getattr(y, op.name + "_")() is y
            assert np.array_equal(y.numpy(), out.numpy(), equal_nan=True)
        into = torch.empty(x.shape)
        assert op.public(x, out=into) is into
        assert np.array_equal(into.numpy(), out.numpy(), equal_nan=True)


def test_the_properties_ran():
    assert len(UNARY) > 35 and len(OPS) > 150


def test_bodies_read_as_formulas():
    formulas = {}
    for name in OPS:
        try:
            formulas[name] = recorder.formula(REGISTRY[name])
        except recorder.Unreadable:
            continue
    assert len(formulas) >= 10
    assert formulas["sigmoid"] == "1 / (1 + exp(-input))"
    assert recorder.derivative(REGISTRY["tanh"], "input") == "g * (1 - (out * out))"
