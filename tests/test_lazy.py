"""Deferred gradients: the same bits as one formula after another, whatever happens on the way."""

import gc
import weakref

import numpy as np
import pytest

import rushlight as torch
from rushlight import large
from rushlight.kernels import elementwise, lazy, llvm

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

SIZE = max(large.LARGE, 70_000)


@pytest.fixture
def deferring(monkeypatch):
    """Run a program with a loop for each formula, then with deferred gradients: the same answers; how many loops each was joined from."""
    joined = []
    steps = lazy.Lazy._steps

    def noted(self):
        found = steps(self)
        joined.append(len(found[0]))
        return found

    def both(program):
        answers = []
        monkeypatch.setattr(llvm.patience, "ready", True)
        for smallest in (1 << 60, 1):
            monkeypatch.setattr(large, "DEFERRED", smallest)
            monkeypatch.setattr(lazy.Lazy, "_steps", noted)
            torch.manual_seed(0)
            answers.append([np.array(x.detach()) for x in program()])
        for a, b in zip(*answers, strict=True):
            np.testing.assert_array_equal(a, b)
        return joined

    return both


def leaf():
    return torch.randn(SIZE, requires_grad=True)


def test_a_chain_is_one_loop(deferring):
    def program():
        x = leaf()
        torch.exp(torch.tanh(x * 1.5 + 0.5) * x).sum().backward()
        return [x.grad]

    assert deferring(program) == [7]  # exp, both sides of the product, tanh, + 0.5, * 1.5, and the sum of both ways


def test_branches_join(deferring):
    def program():
        x, y = leaf(), leaf()
        a = torch.exp(torch.tanh(x) * x)
        b = (a * y + a / (y * y + 1)).relu()
        c = torch.nn.functional.gelu(b) + torch.sigmoid(x) - torch.where(y > 0, a, y)
        (c * y.detach()).sum().backward()
        return [x.grad, y.grad]

    assert max(deferring(program)) > 3


def test_gradients_add_to_what_is_there(deferring):
    def program():
        x = leaf()
        for _ in range(3):
            (x * x).tanh().sum().backward()
        return [x.grad]

    deferring(program)


def test_hooks_see_numbers(deferring):
    def program():
        x = leaf()
        y = (x * 2).tanh()
        seen = []
        y.register_hook(lambda g: seen.append(g.clone()))
        z = y * y
        z.register_hook(lambda g: g * 3)
        x.register_hook(lambda g: g / 2)
        z.exp().sum().backward()
        return [x.grad, *seen]

    deferring(program)


def test_code_of_the_users_may_write_to_what_was_saved(deferring):
    class Spoil(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, other):
            ctx.other = other
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            ctx.other._a[...] = 0  # behind the back of everybody
            return g, None

    def program():
        x, y, z = leaf(), leaf(), leaf()
        a = z.detach() + 0
        spoilt = Spoil.apply(x, a) * 2
        (spoilt + (y * a) * 3).sum().backward()
        return [x.grad, y.grad]

    deferring(program)


def test_kept_graphs_and_chosen_inputs(deferring):
    def program():
        x, y = leaf(), leaf()
        z = (x * y).tanh().sum()
        first = torch.autograd.grad(z, [x], retain_graph=True)
        z.backward(retain_graph=True)
        z.backward()
        return [*first, x.grad, y.grad]

    deferring(program)


def test_double_backward(deferring):
    def program():
        x = leaf()
        (g,) = torch.autograd.grad((x * x).tanh().sum(), x, create_graph=True)
        (g * g).sum().backward()
        return [x.grad]

    deferring(program)


def test_broadcast_operands_stay_with_numpy(deferring):
    def program():
        x = torch.randn(300, 300, requires_grad=True)
        w = torch.randn(300, requires_grad=True)
        ((x * w).tanh() * x).sum().backward()
        return [x.grad, w.grad]

    deferring(program)


def test_a_gradient_handed_to_two_leaves_is_not_shared(deferring):
    def program():
        x, y = leaf(), leaf()
        (x + y).tanh().sum().backward()
        x.grad += 1
        return [x.grad, y.grad]

    deferring(program)


def test_operands_are_let_go_without_the_garbage_collector(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    x = torch.randn(max(SIZE, lazy.DEFERRED), requires_grad=True)
    gc.disable()
    try:
        y = torch.relu(x)
        gone = weakref.ref(y._a)
        y.backward(torch.ones_like(y))
        del y
        assert gone() is None and x.grad is not None
    finally:
        gc.enable()


def test_a_long_chain_is_several_loops(deferring):
    def program():
        x = leaf()
        y = x
        for _ in range(300):
            y = y * 1.001 + 0.001
        y.sum().backward()
        return [x.grad]

    assert 1 < len(deferring(program)) < 60


def test_a_rate_that_changes_at_each_step_is_not_compiled_at_each_step(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    monkeypatch.setattr(elementwise, "_variants", {})
    made = []
    read = elementwise._read
    monkeypatch.setattr(elementwise, "_read", lambda *given: made.append(1) or read(*given))
    x = torch.full((SIZE,), -1.0)
    for i in range(24):
        slope = 0.5 / (1 + i)
        assert torch.nn.functional.leaky_relu(x, slope)[0].item() == -np.float32(slope)
    assert 0 < len(made) <= elementwise.VARIANTS


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_a_step_that_numpy_takes_keeps_its_dtype(monkeypatch, dtype):
    """A condition that is one number has no loop, and NumPy takes a Python number beside 16-bit floats for a float64."""
    monkeypatch.setattr(llvm.patience, "ready", True)
    monkeypatch.setattr(large, "DEFERRED", 1)
    for condition, expected in ((True, 0.0), (False, 1.0)):
        x = torch.ones(SIZE, dtype=dtype, requires_grad=True)
        torch.where(torch.tensor(condition), 1.5, x * 1).sum().backward()
        assert x.grad._a.dtype == dtype.np and x.grad[0].item() == expected
