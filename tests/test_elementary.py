"""float32 functions are rounded once, as PyTorch's are to within 1 % of numbers, whatever NumPy's loops on this processor give; exp, log,
sin and cos have PyTorch's digits (``digit_cases``)."""

import numpy as np
import pytest

import rushlight as torch

# Recorded from torch 2.13, as the bits of the numbers.
TANH = [-1082733949, -1083721780, -1086130218, -1091790177, 0, 1055693471, 1061353430, 1063761868, 1064749699]
EXP = [1040880981, 1046772796, 1052531378, 1058751896, 1065353216, 1070795084, 1076754516, 1083140607, 1089237798]


@pytest.mark.parametrize("name", "log2 log10 tan atan".split())
def test_float32_functions_are_correctly_rounded(name):
    x = torch.rand(4001, generator=torch.Generator().manual_seed(3)) * 3 + 0.01
    function = getattr(torch, name)
    assert torch.equal(function(x), function(x.double()).float())
    assert function(x).dtype is torch.float32


@pytest.mark.parametrize(("name", "share"), [("exp", 12e-3), ("tanh", 3e-3)])
def test_float32_exponentials_are_the_nearest_number_nearly_always(name, share):
    """Else the second nearest; PyTorch's exp is that in ten of a thousand numbers."""
    x = torch.rand(100_003, generator=torch.Generator().manual_seed(3)) * 3 + 0.01
    function = getattr(torch, name)
    found, nearest = function(x), function(x.double()).float()
    assert (found != nearest).float().mean().item() <= share
    assert (found.view(torch.int32) - nearest.view(torch.int32)).abs().max().item() <= 1


def test_tanh_digits_recorded_from_torch():
    # torch 2.13: torch.tanh(torch.linspace(-2, 2, 9)).view(torch.int32)
    x = torch.linspace(-2, 2, 9)
    assert torch.tanh(x).view(torch.int32).tolist() == TANH
    assert torch.exp(x).view(torch.int32).tolist() == EXP


def test_overflow_and_edges_stay_quiet():
    x = torch.tensor([float("inf"), float("-inf"), 100.0, -200.0, 0.0])
    assert torch.exp(x).tolist() == [float("inf"), 0.0, float("inf"), 0.0, 1.0]
    assert np.isnan(torch.log(torch.tensor(-1.0)).item())


def test_gradients_of_tanh_and_sigmoid_round_as_torch_does():
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(3000, generator=generator).requires_grad_()
    g = torch.randn(3000, generator=generator)
    t, s = torch.tanh(x), torch.sigmoid(x)
    (grad_t,) = torch.autograd.grad(t, x, g)
    (grad_s,) = torch.autograd.grad(s, x, g)
    assert torch.equal(grad_t, g * (1 - t.double() * t.double()).float().detach())
    assert torch.equal(grad_s, (g * (1 - s) * s).detach())


def test_fourth_power_recorded_from_torch():
    # torch 2.13: (torch.linspace(-3, 3, 32) ** 4).view(torch.int32)[:16]; symmetric
    first = [
        1117913088, 1115169504, 1111126577, 1107888928, 1103387291, 1099462083, 1094115834, 1089104396,
        1083053616, 1075860042, 1067736673, 1058230467, 1045931007, 1029736505, 1005112198, 951578608,
    ]  # fmt: skip
    assert (torch.linspace(-3, 3, 32) ** 4).view(torch.int32).tolist() == first + first[::-1]


def test_sigmoid_and_its_kin_at_infinity():
    x = torch.tensor([float("inf"), float("-inf"), float("nan")])
    assert str(torch.sigmoid(x)) == "tensor([1., 0., nan])"
    assert str(torch.nn.functional.silu(x)[:2]) == "tensor([inf, nan])"
    assert str(torch.nn.functional.softplus(x)) == "tensor([inf, 0., nan])"
