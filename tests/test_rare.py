"""Names that few programs use, as torch 2.13 answers."""

import pytest

import rushlight as torch


def test_removed_and_absent():
    with pytest.raises(RuntimeError, match="deprecated since version 1.9 and is now removed"):
        torch.symeig(torch.eye(2))
    with pytest.raises(NotImplementedError, match="torch.nested.nested_tensor is not implemented"):
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])


def test_scaled_mm():
    pytest.importorskip("ml_dtypes")
    x = torch.ones(16, 16).to(torch.float8_e4m3fn)
    two, one = torch.tensor(2.0), torch.tensor(1.0)
    assert torch._scaled_mm(x, x.t(), scale_a=two, scale_b=one, out_dtype=torch.float32).unique().tolist() == [32.0]
    assert torch._scaled_mm(x, x, scale_a=two, scale_b=one).dtype is torch.float8_e4m3fn
    with pytest.raises(RuntimeError, match="fp8 types"):
        torch._scaled_mm(torch.ones(2, 2), x, scale_a=one, scale_b=one)


def test_unscaling():
    g, found = torch.tensor([2.0, 4.0]), torch.zeros(1)
    torch._amp_foreach_non_finite_check_and_unscale_([g], found, torch.tensor(0.5))
    assert g.tolist() == [1.0, 2.0] and found.item() == 0
    torch._amp_foreach_non_finite_check_and_unscale_([torch.tensor([float("inf")])], found, torch.tensor(0.5))
    assert found.item() == 1
