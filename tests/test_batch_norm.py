"""Batch normalisation: the batch's statistics in training, the running ones after."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import llvm


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


def step(seed, rows, channels, places, affine, training, turned):
    """Everything that a step of batch norm makes and moves, in bytes."""
    numbers = np.random.default_rng(seed).standard_normal
    shape = (channels, rows, *places) if turned else (rows, channels, *places)
    x = torch.tensor(3 * numbers(shape).astype(np.float32) + 1)
    x = (x.transpose(0, 1) if turned else x).detach().requires_grad_()
    own = [torch.tensor(numbers(channels).astype(np.float32), requires_grad=True) if affine else None for _ in range(2)]
    running = [torch.tensor(np.abs(numbers(channels)).astype(np.float32)) for _ in range(2)]
    out = torch.nn.functional.batch_norm(x, *running, *own, training, 0.1, 1e-5)
    out.backward(torch.tensor(numbers(out.shape).astype(np.float32)))
    made = [out.detach(), x.grad, *running, *(p.grad for p in own if p is not None)]
    return [t.numpy().tobytes() for t in made]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(2, 70), st.integers(1, 40), st.sampled_from([(), (1,), (1, 1), (5,), (3, 4)]),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_machine_code_and_numpy_agree_to_the_bit(seed, rows, channels, places, affine, training, turned):
    found = []
    for ready in (False, llvm.available()):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(llvm.patience, "ready", ready)
            found.append(step(seed, rows, channels, places, affine, training, turned))
    assert found[0] == found[1]
