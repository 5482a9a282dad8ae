"""``torch.exp_(x)`` and its like: the in-place methods as functions."""

import pytest

import rushlight as torch
from rushlight.inplace import inplace
from rushlight.inplace_functions import NAMES
from rushlight.readers import REGISTRY

OTHERS = {
    "acosh_": lambda: (torch.tensor([1.5, 2.0]),),
    "arccosh_": lambda: (torch.tensor([1.5, 2.0]),),
    "addmv_": lambda: (torch.ones(2), torch.ones(2, 2), torch.ones(2)),
    "clamp_": lambda: (torch.tensor([0.2, 0.8]), 0.5),
    "clip_": lambda: (torch.tensor([0.2, 0.8]), 0.5),
    "clamp_max_": lambda: (torch.tensor([0.2, 0.8]), 0.5),
    "clamp_min_": lambda: (torch.tensor([0.2, 0.8]), 0.5),
    "fill_": lambda: (torch.ones(2), 3.0),
    "gcd_": lambda: (torch.tensor([4]), torch.tensor([6])),
    "lcm_": lambda: (torch.tensor([4]), torch.tensor([6])),
    "index_put_": lambda: (torch.ones(2), (torch.tensor([1]),), torch.tensor([5.0])),
    "ldexp_": lambda: (torch.ones(2), torch.tensor([1, 2])),
    "xlogy_": lambda: (torch.ones(2), torch.tensor([2.0, 3.0])),
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_function_is_the_method(name):
    args = OTHERS.get(name, lambda: (torch.tensor([0.25, 1.0]),))
    x, *rest = args()
    wanted = getattr(args()[0], name)(*rest)
    before = x._version
    assert getattr(torch, name)(x, *rest) is x
    assert torch.equal(x, wanted) and x.dtype is wanted.dtype
    assert x._version > before or name == "detach_"
    assert name in dir(torch)


def test_a_gradient_flows():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    x = a * 1
    assert torch.exp_(x).grad_fn.name() == "ExpBackward0"
    x.sum().backward()
    assert torch.equal(a.grad, torch.exp(a.detach()))


def test_wrong_calls():
    with pytest.raises(TypeError, match=r"exp_\(\): argument 'input' \(position 1\) must be Tensor, not int"):
        torch.exp_(2)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        torch.exp_()
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        torch.exp_(torch.ones(2, dtype=torch.int64))
    with pytest.raises(AttributeError, match="has no attribute 'digamma_'"):
        torch.digamma_  # noqa: B018  (PyTorch has no such function)


@pytest.mark.parametrize("value", [2, -0.0, float("nan"), float("inf"), 1e39, -(2**70), True, 2 + 0j])
@pytest.mark.parametrize("make", [
    lambda: torch.ones(3), lambda: torch.ones(3, dtype=torch.float64), lambda: torch.ones(3, dtype=torch.int64),
    lambda: torch.ones(4, 3)[1], lambda: torch.ones(3, 2).t(), lambda: torch.ones(3, requires_grad=True),
    lambda: torch.ones(3, requires_grad=True) * 1])  # fmt: skip
def test_fill_the_short_way(make, value):
    """It answers as the general way, or leaves the call to it."""

    def outcome(run):
        x = make()
        try:
            run(x)
        except Exception as error:
            return type(error), str(error), x._version
        return x.detach().numpy().tobytes(), x._version, x.grad_fn and x.grad_fn.name()

    assert outcome(lambda x: x.fill_(value)) == outcome(lambda x: inplace(REGISTRY["fill"], (x, value), {}))
