"""``TorchDispatchMode`` and ``make_fx``: the texts that PyTorch gives (``parity/record_dispatch.py``), and what traces compute."""

import json
from pathlib import Path

import pytest
from dispatch_cases import CASES, numbers, world

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import levels, readers
from rushlight.fx.experimental.proxy_tensor import get_proxy_mode, make_fx
from rushlight.utils._python_dispatch import TorchDispatchMode

GOLDEN = json.loads((Path(__file__).parent / "golden" / "dispatch.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_as_torch(name):
    assert CASES[name](world(torch)) == GOLDEN[name]


class Quiet(TorchDispatchMode):
    """Looks on."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def layers(x):
    torch.manual_seed(3)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(12, 8), torch.nn.LayerNorm(8), torch.nn.GELU(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 3),
    )  # fmt: skip
    loss = F.cross_entropy(model(x), torch.tensor([0, 2]))
    return (loss, *torch.autograd.grad(loss, list(model.parameters())))


def test_digits_are_the_same_in_a_mode():
    x = numbers(torch, 2, 1, 4, 4)
    expected = layers(x)
    with Quiet():
        found = layers(x)
    for a, b in zip(expected, found, strict=True):
        assert a.shape == b.shape and torch.allclose(a, b, rtol=1e-5, atol=1e-6)
    assert torch.equal(expected[0], found[0])


FUNCTIONS = {
    "chunks": lambda x: sum(c.sum() * i for i, c in enumerate(x.chunk(2, 1))),
    "rows": lambda x: torch.stack([r * 2 for r in x.unbind()]),
    "index": lambda x: x[torch.tensor([1, 0, 1])] + x[:2, None].mean(),
    "mask": lambda x: torch.where(x > 0, x, 0.1 * x)[:, ::2],
    "one_hot": lambda x: F.one_hot((x > 0).long(), 2) * x[..., None],
    "sorts": lambda x: x.sort(1).values + x.topk(1).values + x.cumsum(0),
    "split": lambda x: torch.cat(x.split([1, 2], 1)[::-1], 1),
    "einsum": lambda x: torch.einsum("ij,kj->ik", x, x),
    "setitem": lambda x: _set(x.clone()),
    "linalg": lambda x: torch.linalg.inv(x.t() @ x + torch.eye(3)) + torch.linalg.vector_norm(x),
    "interpolate": lambda x: F.interpolate(x[None, None], scale_factor=2, mode="bilinear"),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None]),
    "vmapped gradients": lambda x: torch.func.vmap(torch.func.grad(lambda r: (r**2).sin().sum()))(x),
    "jacobian": lambda x: torch.func.jacrev(lambda r: r.softmax(0))(x[0]),
    "jvp": lambda x: torch.func.jvp(torch.sin, (x,), (x,))[1],
    "hessian": lambda x: torch.func.hessian(lambda r: (r**3).sum())(x[0]),
}


def _set(z):
    z[1:3, 0] = 5.0
    z[z > 0.4] = -1.0
    return z


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_trace_computes_what_the_function_does(name):
    f = FUNCTIONS[name]
    graph = make_fx(f)(numbers(torch, 4, 3))
    other = numbers(torch, 4, 3).roll(1, 0).mul(1.3)
    assert torch.equal(graph(other), f(other))


GRADIENTS = {
    "conv": lambda x: F.conv2d(x.view(1, 1, 4, 3), x[:2, :2].view(1, 1, 2, 2), padding=1),
    "norms": lambda x: F.layer_norm(x, (3,)) + F.batch_norm(x, None, None, training=True),
    "losses": lambda x: (
        F.cross_entropy(x, torch.tensor([0, 1, 2, 1])) + F.mse_loss(x, x.flip(0).detach()) + F.l1_loss(x, x * 2)
    ),
    "pool": lambda x: F.max_pool1d(x[None], 2) + F.avg_pool1d(x[None], 2),
    "join": lambda x: torch.cat([x, x * 2]) @ torch.stack([x[0], x[1]]).t(),
    "parts": lambda x: sum(p.prod() for p in x.chunk(2)) + x.unbind(1)[0].norm() + x.max(1).values.sum(),
    "table": lambda x: F.embedding(torch.tensor([1, 1, 3]), x).pow(3),
    "choice": lambda x: x.gather(1, torch.tensor([[0], [2], [1], [1]])).clamp(-0.5, 0.5).logsumexp(0),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_traced_gradients(name):
    def f(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(GRADIENTS[name](x).sum(), x)[0]

    graph = make_fx(f)(numbers(torch, 4, 3))
    other = numbers(torch, 4, 3).roll(1, 0).mul(1.3)
    assert torch.allclose(graph(other), f(other), rtol=1e-5, atol=1e-6)


def test_random_numbers_are_drawn_anew():
    graph = make_fx(lambda x: x + torch.randint(0, 100, (3,)) + torch.normal(0.0, 1.0, (3,)) + F.dropout(x))(
        torch.ones(3)
    )
    torch.manual_seed(5)
    first = graph(torch.ones(3))
    expected = torch.ones(3)
    torch.manual_seed(5)
    expected = expected + torch.randint(0, 100, (3,)) + torch.normal(0.0, 1.0, (3,)) + F.dropout(torch.ones(3))
    assert torch.equal(first, expected)


def test_functionalized_traces_write_nothing():
    def f(x):
        y = x * 2
        y.add_(1).relu_()
        return y

    graph = make_fx(torch.func.functionalize(f))(torch.ones(2))
    assert "add_" not in graph.code and "relu_" not in graph.code
    assert graph(torch.full((2,), 3.0)).tolist() == [7, 7]


def test_elements_of_a_traced_tensor_may_not_be_read():
    with pytest.raises(RuntimeError, match="trying to get value out of a tracing tensor"):
        make_fx(lambda x: x if x.sum() > 0 else -x)(torch.ones(2))
    with pytest.raises(RuntimeError, match="traced"):
        make_fx(lambda x: torch.tensor(x.tolist()))(torch.ones(2))
    assert get_proxy_mode() is None


def test_nothing_stays_behind():
    before = torch.add.__code__, torch.zeros.__code__, torch.Tensor.detach.__code__
    with pytest.raises(ZeroDivisionError), Quiet():
        raise ZeroDivisionError
    assert (torch.add.__code__, torch.zeros.__code__, torch.Tensor.detach.__code__) == before


def test_every_record_has_a_form_that_can_be_called():
    """What a mode is asked about it can compute: samples of all elementwise records with one input."""
    seen = []

    class Look(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    x = numbers(torch, 2, 3).abs() * 0.5 + 0.1
    for op in list(readers.REGISTRY.values()):
        if op.family == "elementwise" and len(op.inputs) == 1 and op.public_name and len(op.defaults) == len(op.attrs):
            try:
                expected = op.public(x)
            except (RuntimeError, NotImplementedError, TypeError):
                continue
            with Look():
                found = op.public(x)
            assert torch.equal(torch.nan_to_num(found), torch.nan_to_num(expected)), op.name
    assert len(set(seen)) >= 40


class Refuses(torch.Tensor):
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return NotImplemented

    def __repr__(self):
        return "something else"


def test_subclasses_below_autograd():
    x = torch.Tensor._make_subclass(Refuses, torch.ones(2))
    assert str(x) == repr(x) == "something else"
    with pytest.raises(TypeError, match="__torch_dispatch__ handlers returned NotImplemented"):
        x + 1
    with pytest.raises(RuntimeError, match="a class with a __torch_dispatch__"):
        torch.Tensor._make_wrapper_subclass(torch.Tensor, (2,))
    leaf = torch.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match="__torch_dispatch__"):
        leaf * x
    del x
    assert not levels.below and not levels.running
