"""A write that is known does what the general way does: each sample of each op that has an in-place form."""

import pytest
from test_routes import copied, described, general, outcome

import rushlight as torch
from rushlight import known_writes, samples
from rushlight.tensor import Tensor

TARGETS = samples.targets()
METHODS = {
    name: method.__op__
    for name, method in vars(Tensor).items()
    if name.endswith("_") and hasattr(method, "__op__") and method.__op__.torch_name in TARGETS
}


@pytest.fixture
def counted(monkeypatch):
    """How often a write was known."""
    written, count = known_writes.written, []

    def counting(*arguments):
        done = written(*arguments)
        count.extend([done] if done else [])
        return done

    monkeypatch.setattr(known_writes, "written", counting)
    return count


def writing(name):
    """A call of a method that shows all that it did to the tensor."""

    def call(x, *args, **kwargs):
        result = getattr(x, name)(*args, **kwargs)
        return result is x, described(x)

    return call


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_known_write_is_the_write(name):
    call = writing(name)
    for sample in TARGETS[METHODS[name].torch_name].made(torch, "float32"):
        if not sample.args or not isinstance(sample.args[0], Tensor):
            continue
        for other in (False, True):
            args, kwargs = copied((sample.args, sample.kwargs), False, other)
            expected = general(call, args, kwargs)
            for _ in range(3):
                args, kwargs = copied((sample.args, sample.kwargs), False, other)
                assert outcome(call, args, kwargs) == expected, (name, other)


@pytest.mark.skipif(known_writes.MEDIUM == 1, reason="loops are asked at any size")
def test_what_is_known(counted):
    x, y, mask = torch.rand(3, 4), torch.rand(3, 4), torch.tensor([[True, False, True, False]])
    for write in (
        lambda: x.clamp_(0.1, 0.9),
        lambda: x.addcdiv_(y, y, value=0.5),
        lambda: x.masked_fill_(mask, 0.0),
        lambda: torch.nn.functional.relu(x, inplace=True),
        lambda: x.scatter_(1, torch.tensor([[0], [1], [2]]), 1.0),
    ):
        for _ in range(3):
            write()
        assert len(counted) == 1
        counted.clear()


def test_what_is_not(counted):
    x = torch.rand(3, 4)
    w = torch.rand(3, 4, requires_grad=True) * 1
    for _ in range(3):
        with pytest.raises(RuntimeError, match="single memory location"):
            x[0].expand(3, 4).clamp_(0, 1)
        with pytest.raises(RuntimeError, match="refer to a single memory location"):
            x.view(-1)[:9].view(3, 3).lerp_(x.view(-1)[3:12].view(3, 3), 0.5)
        with pytest.raises(RuntimeError, match="can't be cast"):
            torch.tensor([1, 2]).clamp_(0.5)
        with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
            torch.rand(3).clamp_(torch.rand(2, 3))
        with pytest.raises(RuntimeError, match="out of bounds"):
            torch.rand(3).scatter_(0, torch.tensor([3]), 1.0)
        w.clamp_(0, 0.5)
    assert not counted
    assert type(w.grad_fn).__name__ == "ClampBackward1"


def test_other_views_of_the_memory_are_seen():
    x = torch.rand(4, 4)
    d = x.detach()
    for _ in range(4):
        before = x.clone()
        with pytest.raises(RuntimeError, match="single memory location"):
            x.addcmul_(d.t(), torch.ones(4, 4))
        assert torch.equal(x, before)
    version = x._version
    x.clamp_(0, 1)
    assert d._version == version + 1
