"""Bad input: torch's exception type, its key phrase, a text that is ours, and nothing changed."""

import warnings

import pytest
from wrong_calls import CALLS, Namespace

import rushlight as torch
from rushlight import samples
from rushlight.tensor import Tensor

# What NumPy and Python say when nobody has caught it.
BARE = ("could not be broadcast together", "operands could not", "ufunc '", "finish()", "attribute '_a'")


# The type is torch's; the words are Python's own for a signature that does not fit, which name the same argument.
OTHER_WORDS = {
    "torch.full((2,))": "full() missing 1 required positional argument: 'fill_value'",
    "torch.ones(2).new_tensor()": "new_tensor() missing 1 required positional argument: 'data'",
    "torch.where(torch.ones(2), 1.0, 2.0, 3.0)": "positional arguments but 4 were given",
    "torch.result_type(1)": "result_type() missing 1 required positional argument: 'tensor2'",
    "torch.rand(2, requires_grad=1, bogus=2)": "received an invalid combination of arguments",
}


@pytest.mark.parametrize("code", [c for c, _, _ in CALLS])
def test_a_wrong_call(code):
    kind, phrase = next((k, p) for c, k, p in CALLS if c == code)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some calls warn, as in torch, before they fail
        with pytest.raises(Exception) as caught:  # noqa: B017  (the type is compared below)
            Namespace(torch).run(code)
    names = [c.__name__ for c in type(caught.value).__mro__]
    assert kind in names[:2], f"{names[0]}: {caught.value}"
    assert OTHER_WORDS.get(code, phrase) in str(caught.value)
    assert not any(bare in str(caught.value) for bare in BARE)


def test_how_many():
    """Together with the error samples of the ops, which tests/test_registry.py runs."""
    of_ops = sum(len(t.wrong(torch)) for t in samples.targets().values())
    assert len(CALLS) + of_ops >= 500
    assert len(CALLS) >= 290


UNCHANGED = [
    "x.add_(torch.ones(5))", "x.view(7)", "x[9]", "x.__setitem__(9, 1.0)", "x.copy_(torch.ones(7))", "x.mul_('a')",
    "x.index_add_(0, torch.tensor([7]), torch.ones(1, 3))", "x.div_(torch.ones(4))", "x.scatter_(0, torch.tensor([[9]]), 1.0)",
    "x.clamp_('a')", "x.masked_fill_(torch.ones(9).bool(), 1.0)", "x.fill_(torch.ones(2))", "torch.add(x, torch.ones(5), out=x)",
    "x.unsqueeze_(7)", "x.transpose_(0, 5)", "x.backward(torch.ones(9))", "x.resize_(-1)", "x.exponential_(-1)", "x.normal_(0, -1)",
]  # fmt: skip


@pytest.mark.parametrize("code", UNCHANGED)
def test_a_failed_call_leaves_the_tensor_as_it_was(code):
    x = torch.arange(6.0).view(2, 3)
    state = torch.get_rng_state()
    with pytest.raises((RuntimeError, IndexError, TypeError, ValueError)):
        eval(code, {"torch": torch, "x": x})
    assert isinstance(x, Tensor) and x.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert x.shape == (2, 3) and x.stride() == (3, 1) and x._version == 0 and x.grad is None
    assert torch.equal(torch.get_rng_state(), state)
