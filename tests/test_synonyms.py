"""PyTorch's other names for a function are functions of their own, which say so to whoever asks."""

import pickle

import pytest

import rushlight
from rushlight import Tensor, fx


@pytest.mark.parametrize(
    "other, name",
    [
        ("absolute", "abs"),
        ("arctan", "atan"),
        ("multiply", "mul"),
        ("concatenate", "cat"),
        ("inverse", "linalg.inv"),
        ("ger", "outer"),
    ],
)
def test_another_name_is_a_function_of_its_own(other, name):
    function = getattr(rushlight, other)
    assert function.__name__ == function.__qualname__ == other and function.__module__ == "rushlight"
    assert function is getattr(rushlight, other) and pickle.loads(pickle.dumps(function)) is function
    same = getattr(rushlight.linalg, name[7:]) if name.startswith("linalg.") else getattr(rushlight, name)
    assert function is not same and function.__doc__ == same.__doc__


def test_methods_have_their_own_names():
    assert Tensor.absolute.__name__ == "absolute" and Tensor.abs.__name__ == "abs" and Tensor.clip.__name__ == "clip"


def test_a_traced_call_keeps_the_name_it_was_called_by():
    graph = fx.symbolic_trace(lambda x: rushlight.multiply(rushlight.arctan(x), rushlight.absolute(x)))
    assert "multiply = torch.multiply(arctan, absolute)" in graph.code
    x = rushlight.randn(3)
    assert rushlight.equal(graph(x), rushlight.atan(x) * x.abs())


def test_a_subclass_hears_the_name_that_was_called():
    heard = []

    class Heard(Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            heard.append(func)
            return super().__torch_function__(func, types, args, kwargs or {})

    x = rushlight.eye(2).as_subclass(Heard)
    rushlight.absolute(x), rushlight.abs(x), rushlight.multiply(2, x)
    joined = rushlight.concat([rushlight.eye(2), x])
    assert type(joined) is Heard
    assert heard[:4] == [rushlight.absolute, rushlight.abs, rushlight.multiply, rushlight.concat]


def test_a_subclass_within_a_list_takes_over():
    class Named(Tensor):
        pass

    x = rushlight.zeros(2).as_subclass(Named)
    assert type(rushlight.cat([rushlight.ones(2), x])) is Named and type(rushlight.stack((x, x), dim=1)) is Named
    assert type(rushlight.cat([x, x], out=rushlight.empty(4))) is Named


def test_autocast_leads_all_names():
    both = [rushlight.eye(2), rushlight.eye(2).bfloat16()]
    with rushlight.autocast("cpu"):
        assert rushlight.concat(both).dtype is rushlight.cat(both).dtype is rushlight.float32
        assert rushlight.inverse(both[1]).dtype is rushlight.float32


def test_a_plain_method_is_called_on_the_argument_itself(monkeypatch):
    from rushlight import override

    class LookAlike:
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return func.__name__, self

    monkeypatch.setattr(override, "_has_warned", False)
    x = LookAlike()
    with pytest.warns(UserWarning, match="as a plain method is deprecated"):
        assert rushlight.add(x, 1) == ("add", x)
    assert rushlight.cat([rushlight.ones(2), x]) == ("cat", x)
