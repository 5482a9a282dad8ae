"""Negative log likelihood and its gradient: native code against NumPy, bit for bit."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight.kernels import classes, llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

functional = torch.nn.functional


@contextlib.contextmanager
def kernels(ready):
    old = llvm.patience.ready
    llvm.patience.ready = ready
    try:
        yield
    finally:
        llvm.patience.ready = old


def both(f):
    found = []
    for ready in (True, False):
        with kernels(ready), np.errstate(all="ignore"):
            found.append(f())
    return found


@settings(deadline=None, max_examples=150)
@given(
    rows=st.one_of(st.integers(1, 40), st.sampled_from([255, 256, 257, 273, 4097])), count=st.integers(1, 40), seed=st.integers(0, 99),
    kind=st.sampled_from(["f4", "f8"]), reduction=st.sampled_from(["mean", "sum", "none"]), ignored=st.booleans(),
    special=st.sampled_from([None, np.nan, np.inf, -np.inf]), scale=st.floats(-3, 3),
)  # fmt: skip
def test_loss_and_gradient(rows, count, seed, kind, reduction, ignored, special, scale):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((rows, count)).astype(kind)
    if special is not None:
        a[rng.integers(rows), rng.integers(count)] = special
    target = torch.tensor(rng.integers(0, count, rows))

    def run():
        x = torch.tensor(a, requires_grad=True)
        loss = functional.nll_loss(x, target, reduction=reduction, ignore_index=0 if ignored else -100)
        (loss.sum() * scale).backward()
        return loss.detach().numpy(), x.grad.numpy()

    native, reference = both(run)
    for x, y in zip(native, reference, strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape
        np.testing.assert_array_equal(x, y)


def test_native_code_is_used():
    """The comparison above would also pass if nothing were native."""
    x, target = np.ones((3, 4), np.float32), np.array([0, 3, 1])
    with kernels(True):
        assert classes.nll(x, target, -100, True) == -1
        assert classes.nll_gradient(np.ones((), np.float32), target, (3, 4), -100, False).sum() == -3
        assert classes.nll(x, target, 3, True) is None  # one is to be ignored
        assert classes.nll(x, np.array([0, 4, 1]), -100, True) is None  # one is not there
        assert classes.nll_gradient(np.ones((), np.float32), np.array([0, -1, 1]), (3, 4), -100, False) is None
        assert classes.nll(x.T[:3], target, -100, True) is None
    with kernels(False):
        assert classes.nll(x, target, -100, True) is None


@pytest.mark.parametrize("ready", [True, False])
def test_a_class_that_is_not_there_is_refused(ready):
    with kernels(ready), pytest.raises(IndexError, match="Target 4 is out of bounds"):
        functional.cross_entropy(torch.zeros(2, 4), torch.tensor([0, 4]))
