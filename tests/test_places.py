"""Which line of the user's program runs, and in which module: from the stack, and from an error's traceback."""

import functools

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.autograd import mode
from rushlight.explain import places

seen = []


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x):
        seen.append((places.module_path(), [type(m).__name__ for m in places.running_modules()]))
        return self.linear(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Inner(), Inner()])
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(4, 2))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


@pytest.fixture
def failed():
    seen.clear()
    net = Net()
    with pytest.raises(RuntimeError) as caught:
        net(torch.ones(2, 3))
    return caught.value


def test_modules_by_their_path_from_the_users_variable(failed):
    assert seen == [("net.layers.0", ["Net", "Inner"]), ("net.layers.1", ["Net", "Inner"])]


def test_an_error_knows_its_module_and_line(failed):
    assert places.module_path(places.innermost(failed)) == "net.head.1"
    line = places.error_line(failed)
    assert (line.file, line.text) == (__file__, "return self.head(x)")


def test_an_error_leaves_nothing_behind(failed):
    assert places.module_path() == "" and places.running_modules() == []


def test_the_line_is_the_users_not_a_librarys():
    here = functools.reduce(lambda _, __: places.user_line(), [1, 2])
    assert here.file == __file__ and here.text.startswith("here = ")


def test_a_module_without_a_variable_goes_by_its_class():
    seen.clear()
    nn.Sequential(Inner())(torch.ones(1, 3))
    assert seen[0][0] == "Sequential.0"


def test_a_renamed_child_is_looked_up_again():
    net = nn.Sequential(Inner())
    net(torch.ones(1, 3))
    net.add_module("other", net[0])
    del net._modules["0"]
    net(torch.ones(1, 3))
    assert seen[-1][0] == "net.other"


def test_watchers_are_told_of_every_node_and_only_inside():
    told = []
    x = torch.ones(4, requires_grad=True)
    with mode.watching(lambda node, _, results, inputs: told.append((node.name(), [r.shape for r in results], inputs))):
        y = x * 2
        y[:2].mul_(3)
        a, _ = y.chunk(2)
        with torch.no_grad():
            x * 5
        z = a.exp()
    z.sum()
    names = [name for name, _, _ in told]
    assert names == ["MulBackward0", "SliceBackward0", "MulBackward0", "torch::autograd::CopySlices", "SplitBackward0",
                     "ExpBackward0"]  # fmt: skip
    assert told[0][2][0] is x and told[4][1] == [(2,), (2,)]
    assert mode.recording() == mode.ON and mode.watchers.get() == ()


def test_watchers_are_told_of_functions_of_the_users():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    told = []
    x = torch.ones(2, requires_grad=True)
    with mode.watching(lambda node, _, results, inputs: told.append((node.name(), results[0].tolist(), inputs))):
        Twice.apply(x)
    assert told == [("TwiceBackward", [2.0, 2.0], (x,))]
