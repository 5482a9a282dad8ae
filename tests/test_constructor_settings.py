"""The arguments that every constructor takes: what is refused is refused before anything is drawn, and a number is no CPU."""

import numpy as np
import pytest

import rushlight as torch


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.randn(2, 3, names=("a", "b")),
        lambda: torch.rand(2, device="cuda"),
        lambda: torch.randint(0, 3, (2,), device=0),
        lambda: torch.randperm(5, foo=1),
        lambda: torch.rand_like(torch.ones(2), device="cuda"),
        lambda: torch.randn(2, layout=3),
    ],
)
def test_a_call_that_is_refused_draws_nothing(call):
    torch.manual_seed(0)
    with pytest.raises((TypeError, RuntimeError, AssertionError, NotImplementedError)):
        call()
    assert torch.equal(torch.rand(2), torch.tensor([0.4962566, 0.7682218]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.device(0),
        lambda: torch.ones(2).cuda(0),
        lambda: torch.nn.Linear(1, 1).to(0),
        lambda: torch.zeros(2, device=0),
        lambda: torch.ones(2).new_ones(2, device=1),
    ],
)
def test_a_number_names_a_device_that_is_not_there(call):
    with pytest.raises(RuntimeError, match="Cannot access accelerator device when none is available"):
        call()


def test_devices_that_are_none():
    with pytest.raises(RuntimeError, match="Device index must not be negative"):
        torch.device(-1)
    with pytest.raises(RuntimeError, match="Invalid device, must be cuda device"):
        torch.ones(2).cuda("cpu")
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.ones(2).cuda("cuda:0")


def test_copies_keep_the_order_of_memory():
    # and so the random numbers of `randn_like` fall where they fall in PyTorch
    a = np.arange(12.0).reshape(3, 4)
    for make in (
        torch.tensor,
        torch.Tensor,
        torch.FloatTensor,
        torch.zeros(1).new_tensor,
        lambda x: torch.tensor(x, dtype=torch.float32),
        lambda x: torch.as_tensor(x, dtype=torch.float32),
        lambda x: torch.asarray(x, copy=True),
        lambda x: torch.as_tensor(torch.from_numpy(x)).clone(),
    ):
        assert make(a[:, [0, 2]]).stride() == (1, 3) and make(np.asfortranarray(a)).stride() == (1, 3)
        assert make(a.T).stride() == (1, 4) and make(a[::2, ::2]).stride() == (2, 1)
        assert make(np.broadcast_to(a[0], (2, 4))).stride() == (4, 1)
        assert make(a.T).tolist() == a.T.tolist()
    torch.manual_seed(0)
    assert torch.randn_like(torch.tensor(a.T)).T.is_contiguous()
