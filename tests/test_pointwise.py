"""Bodies and rules that are elementwise but for a sum or a mean, as one loop of large arrays: the same numbers as NumPy's passes."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rushlight as torch
from rushlight import large
from rushlight.kernels import llvm
from rushlight.readers import REGISTRY

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

F = torch.nn.functional
LOSSES = {
    "mse": lambda x, y, p, way: F.mse_loss(x, y, reduction=way),
    "smooth l1": lambda x, y, p, way: F.smooth_l1_loss(x, y, reduction=way, beta=0.7),
    "huber": lambda x, y, p, way: F.huber_loss(x, y, reduction=way, delta=0.7),
    "logits": lambda x, y, p, way: F.binary_cross_entropy_with_logits(x, p, reduction=way),
    "weighted logits": lambda x, y, p, way: F.binary_cross_entropy_with_logits(
        x, p, p.detach(), reduction=way, pos_weight=p.detach() + 1
    ),
    "bce": lambda x, y, p, way: F.binary_cross_entropy(torch.sigmoid(torch.nan_to_num(x)), p, reduction=way),
}
few = settings(deadline=None, max_examples=25)


@contextlib.contextmanager
def kernels(ready):
    old = llvm.patience.ready
    llvm.patience.ready = ready
    try:
        yield
    finally:
        llvm.patience.ready = old


def tensors(shape, kind, turned, odd, seed):
    rng = np.random.default_rng(seed)
    for draw, share in ((rng.standard_normal, False), (rng.standard_normal, False), (rng.random, True)):
        a = draw(shape).astype(kind)
        if odd and not share:
            a.reshape(-1)[:: a.size // 5] = rng.choice(
                [np.inf, -np.inf, np.nan, 0.0], len(a.reshape(-1)[:: a.size // 5])
            )
        yield torch.tensor(a.T if turned else a, requires_grad=True)


@pytest.mark.parametrize("name", LOSSES)
@few
@given(
    shape=st.tuples(st.integers(80, 300), st.integers(110, 300)), kind=st.sampled_from(["f4", "f8"]),
    way=st.sampled_from(["mean", "sum", "none"]), turned=st.booleans(), odd=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_losses(name, shape, kind, way, turned, odd, seed):
    assert shape[0] * shape[1] >= large.MEDIUM
    found = []
    for ready in (True, False):
        x, y, p = tensors(shape, kind, turned, odd, seed)
        with kernels(ready), np.errstate(all="ignore"):
            loss = LOSSES[name](x, y, p, way)
            ((loss * loss).sum() if way == "none" else loss).backward()
        found.append([loss.detach(), x.grad, y.grad, p.grad])
    #: What is no loop of its own in float64, exp and log, may differ by what the kernels' bounds allow.
    bound = 0 if kind == "f4" or name in ("mse", "smooth l1", "huber") else 1e-11
    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=bound, atol=bound)


@pytest.mark.parametrize("name", LOSSES)
@few
@given(
    shape=st.lists(st.integers(1, 12), max_size=3), kind=st.sampled_from(["f4", "f8"]), way=st.sampled_from(["mean", "sum", "none"]),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_small_losses_called_again(name, shape, kind, way, seed):
    """What is planned for small arrays has the digits of the body."""
    rng = np.random.default_rng(seed)
    x, y = (torch.tensor(rng.standard_normal(shape).astype(kind), requires_grad=True) for _ in range(2))
    p = torch.tensor(rng.random(shape).astype(kind))
    with kernels(True):
        losses = [LOSSES[name](x, y, p, way).detach().numpy() for _ in range(4)]  # met, watched, then known
    for loss in losses:
        assert loss.tobytes() == losses[0].tobytes()


def test_small_losses_are_planned(monkeypatch):
    monkeypatch.setattr(large, "MEDIUM", 8192)  # also where every array counts as large
    x, y = torch.rand(7, 3), torch.rand(7, 3)
    with kernels(True):
        for op in ("squared_error", "smoothed_error", "huber_error"):
            extra = {} if op == "squared_error" else {"beta" if op == "smoothed_error" else "delta": 1.0}
            assert REGISTRY[op].planner(x._a, y._a, reduction="mean", **extra) is not None, op
            assert REGISTRY[op].planner(x._a, y._a.T.copy().T, reduction="mean", **extra) is None, op
        assert REGISTRY["bce"].planner(x._a, y._a, None, reduction="sum") is not None
        assert REGISTRY["bce_logits"].planner(x._a, y._a, None, None, reduction="mean") is not None


def test_they_are_one_loop(monkeypatch):
    """The comparisons above would also pass if nothing were."""
    calls = []
    for name in ("fused", "reduced"):
        original = getattr(large, name)
        monkeypatch.setattr(large, name, lambda *a, f=original: calls.append(f(*a)) or calls[-1])
    x, y = torch.randn(100, 100, requires_grad=True), torch.randn(100, 100)
    with kernels(True):
        F.mse_loss(x, y).backward()
    assert len(calls) == 2 and all(found is not None for found in calls)


@pytest.mark.parametrize("n", [5, 19, 20_000])
def test_of_equal_zeros_a_bound_keeps_the_element(n):
    """relu(-0.0) is -0.0, as PyTorch's vectors have it, and prints so."""
    x = torch.full((n,), -0.0)
    for _ in range(3):  # the second call with a signature is watched, the third known
        for y in (
            torch.relu(x),
            x.clamp(0, 1),
            x.clamp(min=0),
            x.clamp_min(0),
            torch.nn.functional.hardtanh(x, 0, 1),
            x.clone().relu_(),
        ):
            assert torch.signbit(y).all()
        assert not torch.signbit((-x).clamp(max=-0.0)).any()


def test_calls_on_arrays_of_middle_size_are_known():
    """From some thousand elements on loops compute: a call with a known signature goes to them directly, whatever follows."""
    x, y = torch.linspace(-3, 3, 20_000), torch.linspace(3, -3, 20_000).requires_grad_()
    expected = np.clip(x.numpy(), -1, 2)
    for i in range(5):
        np.testing.assert_array_equal(x.clamp(-1, 2).numpy(), expected)
        z = torch.lerp(y, x, 0.25 + i)
        np.testing.assert_allclose(
            z.detach().numpy(), y.detach().numpy() * (0.75 - i) + x.numpy() * (0.25 + i), rtol=1e-5, atol=1e-6
        )
        bound = torch.tensor(0.5 * i)  # another number at each call, in one element or repeated
        positive = x.numpy() > 0
        for b in (bound, bound.expand(20_000)):
            np.testing.assert_array_equal(torch.maximum(x, b).numpy(), np.maximum(x.numpy(), 0.5 * i))
            np.testing.assert_array_equal(torch.where(x > 0, x, b).numpy(), np.where(positive, x.numpy(), 0.5 * i))
        (grad,) = torch.autograd.grad(z.sum(), y)
        np.testing.assert_allclose(grad.numpy(), 0.75 - i, rtol=1e-6)
