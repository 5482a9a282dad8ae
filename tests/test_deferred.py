"""Operations that wait: whoever looks sees what would have been computed at once, whatever was written meanwhile."""

import copy
import pickle
import threading

import numpy as np
import pytest

import rushlight as torch
from rushlight import deferred
from rushlight.kernels import lazy, llvm
from rushlight.tensor import Deferred

if not llvm.available():
    pytest.skip("compiled code is not available here", allow_module_level=True)

SIZE = max(lazy.WAITING, 1000)


@pytest.fixture(autouse=True)
def compiled_at_once(monkeypatch):
    monkeypatch.setattr(llvm.patience, "ready", True)
    deferred._formula.cache_clear()  # what other tests made of its results is no habit


def numbers(seed=0, **settings):
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(seed), **settings)


def waits(x):
    """Whether a tensor has not been computed yet."""
    return x.__class__ is Deferred


def test_a_chain_waits_until_it_is_read():
    x = numbers()
    y = torch.tanh(x * 1.5 + 0.5) * x
    assert waits(y) and lazy.pending
    steps = x * 1.5
    steps.sum()  # reads it
    assert not waits(steps)
    expected = torch.tanh(steps + 0.5)
    expected.sum()
    assert torch.equal(y, expected * x) and not waits(y)


@pytest.mark.skipif(lazy._copies is not None, reason="where operands are checked everything waits")
def test_what_is_always_read_alone_does_not_wait_until_it_becomes_part_of_a_chain_again():
    x = numbers()
    expected = x + x
    waited = []
    for _ in range(100):
        y = x * 2
        waited.append(waits(y))
        assert torch.equal(y, expected)
    assert all(waited[:8]) and 1 <= sum(waited[8:]) <= 7
    for _ in range(20):  # by then it has waited again, and what follows with it
        y = torch.exp(x * 2)
        assert torch.equal(y, torch.exp(expected))
    assert waits(x * 2)


def test_what_was_computed_on_the_way_waits_no_more():
    y = numbers() * 2
    z = torch.exp(y)
    z.sum()  # reads it, and what it is made of and the variable holds
    assert waits(y) and y.neg() is not None
    assert not waits(y)


def test_who_asks_for_the_type_sees_a_tensor():
    y = numbers() * 2
    assert waits(y)
    assert isinstance(y, torch.Tensor) and type(y) == torch.Tensor and torch.is_tensor(y)  # noqa: E721
    assert {torch.Tensor: "found"}[type(y)] == "found"
    assert repr(type(y)) == repr(torch.Tensor) and waits(y)
    assert y.shape == (SIZE,) and not waits(y) and type(y) is torch.Tensor


WRITERS = {
    "in place": lambda x: x.add_(1),
    "augmented": lambda x: x.__imul__(3),
    "an item": lambda x: x.__setitem__(0, 5.0),
    "a view": lambda x: x[10:20].zero_(),
    "detached": lambda x: x.detach().fill_(2),
    "data": lambda x: x.data.mul_(2),
    "out=": lambda x: torch.add(x, 1, out=x),
    "copy_": lambda x: x.copy_(torch.zeros(SIZE)),
    "random numbers": lambda x: x.normal_(3.0),
    "numpy": lambda x: x.numpy().__setitem__(slice(None), 7),
    "a storage": lambda x: x.untyped_storage().fill_(0),
    "initialisation": lambda x: torch.nn.init.constant_(x, 3.0),
    "foreach": lambda x: torch._foreach_mul_([x], 2.0),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_write_to_an_operand_comes_after(writer):
    x = numbers()
    expected = np.array(x) * np.float32(2)
    x = numbers()  # one that NumPy has not seen
    y = x * 2
    assert waits(y)
    WRITERS[writer](x)
    np.testing.assert_array_equal(np.array(y), expected)
    assert not np.array_equal(np.array(x * 2), expected)


def test_optimizers_and_clipping_write_after():
    p = torch.nn.Parameter(numbers())
    p.grad = numbers(1)
    before, gradient = p.detach().clone(), p.grad.clone()
    with torch.no_grad():
        decayed, doubled = p * 0.5, p.grad * 2
    torch.nn.utils.clip_grad_value_([p], 0.1)
    torch.optim.SGD([p], lr=0.1).step()
    assert torch.equal(decayed, before * 0.5) and torch.equal(doubled, gradient * 2)


def test_memory_that_numpy_shares_makes_nothing_wait():
    a = np.ones(SIZE, np.float32)
    x = torch.from_numpy(a)
    y = x * 2
    assert not waits(y)
    a[:] = 5
    assert y[0].item() == 2
    z = numbers()
    shown = z.numpy()
    doubled = z[:] * 2
    assert not waits(doubled)
    shown[:] = 0
    assert doubled.abs().sum().item() > 0


def test_gradients_are_those_of_operations_one_by_one():
    def run(look):
        x, y = numbers(requires_grad=True), numbers(1, requires_grad=True)
        parts = [x * 1.5, y + 2.0]
        if look:
            [part.sum() for part in parts]
        parts.append(torch.tanh(parts[0]) * parts[1])
        if look:
            parts[-1].sum()
        loss = (torch.exp(parts[-1] * 0.1) / (1.0 + parts[0] * parts[0])).sum()
        loss.backward()
        return loss, x.grad, y.grad

    for waiting, at_once in zip(run(False), run(True), strict=True):
        assert torch.equal(waiting, at_once)


def test_a_hook_may_defer_what_is_added_to():
    x = numbers(requires_grad=True)
    x.grad = numbers(1)
    before, seen = x.grad.clone(), []
    x.register_hook(lambda g: seen.append(x.grad * 2))
    (x * 3.0).sum().backward()
    assert torch.equal(seen[0], before * 2) and torch.equal(x.grad, before + 3)


def test_what_a_node_saves_is_shown_and_guarded():
    x = numbers(requires_grad=True)
    y = torch.exp(x * 0.5)
    assert torch.equal(y.grad_fn._saved_result, torch.exp((x * 0.5).detach()))
    z = torch.exp(x * 0.5)
    w = z * 2.0
    z.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        w.sum().backward()


def test_hooks_and_second_derivatives():
    x = numbers(requires_grad=True)
    seen = []
    y = x * 2.0
    y.register_hook(lambda g: seen.append(g * 3))
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    (gg,) = torch.autograd.grad(g.sum(), x)
    assert torch.equal(gg, torch.full((SIZE,), 8.0)) and torch.equal(seen[0], (x * 12.0).detach())


def test_copies():
    x = numbers()
    for make in (copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t)), torch.clone, copy.copy):
        y = x * 2
        z = make(y)
        assert type(z) is torch.Tensor and torch.equal(z, x + x)


def test_two_threads_read_one():
    x = numbers()
    for _ in range(20):
        y = torch.exp(x * 0.5) + 1
        found = [None, None]

        def read(i, y=y, found=found):
            found[i] = y.sum().item()

        threads = [threading.Thread(target=read, args=(i,)) for i in range(2)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert found[0] == found[1] is not None


def test_nothing_is_kept():
    lazy.settle()  # what other tests have left
    x = numbers()
    y = x * 2
    del y
    assert not lazy.pending
    y = x * 2 + 1
    y.sum()
    assert not lazy.pending


def test_modes_that_look_at_operations_make_nothing_wait():
    x = numbers(requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        assert not waits(x * 2)
    with torch.inference_mode():
        assert not waits(x * 2)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        assert not waits(x * 2)
    with torch.detect_nan():
        assert not waits(x * 2)
    with torch.no_grad():
        assert waits(x * 2)


@pytest.mark.parametrize("shape", [(SIZE,), (SIZE + 4097,), (512, 1000), (3, SIZE // 2)])
@pytest.mark.parametrize(
    ("formula", "total"),
    [
        (lambda x, y: (x - y) ** 2, lambda z: z.mean()),
        (lambda x, y: x.abs(), lambda z: z.sum()),
        (lambda x, y: torch.exp(x * 0.5) + y, lambda z: z.sum(-1, keepdim=True)),
        (lambda x, y: (x - 1) ** 3 / 7, lambda z: torch.mean(z, dim=-1)),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_of_what_waits_have_the_digits_of_sums(shape, formula, total, dtype):
    x, y = [torch.randn(shape, generator=torch.Generator().manual_seed(i), dtype=dtype) for i in (0, 1)]
    z = formula(x, y)
    assert waits(z)
    of_chain = total(formula(x, y))
    array = np.array(z)
    assert torch.equal(of_chain, total(torch.from_numpy(array)))


def test_a_sum_of_what_waits_leaves_it_uncomputed_only_if_nobody_holds_it(monkeypatch):
    chains = []
    original = lazy.Lazy.chain
    monkeypatch.setattr(lazy.Lazy, "chain", lambda self: chains.append(original(self)) or chains[-1])
    x = numbers()
    y = x * 2
    assert y.sum() == torch.from_numpy(np.array(y)).sum() and not chains  # y is a variable: it is computed once
    (x * 2).sum()
    assert len(chains) == 1 and chains[0] is not None


def test_the_gradient_of_a_sum_of_what_waits():
    x = numbers().requires_grad_()
    t = numbers(1)
    loss = ((x - t) ** 2).mean()
    assert loss.grad_fn.name() == "MeanBackward0" and loss.grad_fn.next_functions[0][0].name() == "PowBackward0"
    loss.backward()
    assert torch.allclose(x.grad, 2 * (x.detach() - t) / SIZE)
