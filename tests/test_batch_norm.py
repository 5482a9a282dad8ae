"""Batch normalisation: the batch's statistics in training, the running ones after."""

import pytest

import rushlight as torch


def test_training_normalises_and_moves_the_running_statistics():
    norm = torch.nn.BatchNorm1d(2)
    x = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 8.0]])
    out = norm(x)
    assert out.mean(0).tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    assert out.var(0, unbiased=False).tolist() == pytest.approx([1.0, 1.0], abs=1e-4)
    assert norm.running_mean.tolist() == pytest.approx([0.2, 0.4])
    assert norm.running_var.tolist() == pytest.approx([0.9 + 0.1 * 4.0, 0.9 + 0.1 * 13.0])
    norm.eval()
    assert norm(x)[0, 0].item() == pytest.approx(-0.2 / 1.3**0.5, rel=1e-4)


def test_one_value_a_channel_is_refused():
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        torch.nn.BatchNorm1d(3)(torch.zeros(1, 3))
